# ==========================================================================
#
#   Copyright NumFOCUS
#
#   Licensed under the Apache License, Version 2.0 (the "License");
#   you may not use this file except in compliance with the License.
#   You may obtain a copy of the License at
#
#          https://www.apache.org/licenses/LICENSE-2.0.txt
#
#   Unless required by applicable law or agreed to in writing, software
#   distributed under the License is distributed on an "AS IS" BASIS,
#   WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
#   See the License for the specific language governing permissions and
#   limitations under the License.
#
# ==========================================================================
"""Values of DICOM stacks: slopes and intercepts are applied, and the pixel type holds all values."""

import numpy as np
import pytest
from dicom_files import acquired_pixels_lie_right, classic, enhanced, name_of, pixels, places, save, stack
from latent_sr.volumes import open_volume, pixel_type, read_header
from test_dicom import refusal

pydicom = pytest.importorskip("pydicom")


def test_monochrome1_affects_display_and_not_values(tmp_path):
    slices = stack(PhotometricInterpretation="MONOCHROME1", RescaleSlope="1", RescaleIntercept="-1024")
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert pixel_type(volume.image) == "SS"


def test_windows_do_not_change_values(tmp_path):
    slices = stack(WindowCenter="100", WindowWidth="50", PixelPaddingValue=0, SmallestImagePixelValue=3)
    acquired_pixels_lie_right(open_volume(save(tmp_path / "stack", slices)).image, slices)


def test_slopes_that_differ_by_slice_give_floating_point(tmp_path):
    slices = stack(RescaleSlope=("1", "0.5", "2.25", "0.013671875", "3"), RescaleIntercept=("0", "-3", "0", "1.5", "2"))
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices, difference=1e-3)
    assert (volume.component, pixel_type(volume.image)) == ("float", "F")
    assert read_header(tmp_path / "stack").component == "float"


@pytest.mark.parametrize(
    ("stored", "bits", "slope", "intercept", "component"),
    [
        (np.int16, 16, "1", "0", "short"),
        (np.uint16, 16, "1", "0", "unsigned_short"),
        (np.uint16, 12, "1", "0", "unsigned_short"),
        (np.uint16, 12, "1", "-1024", "short"),
        (np.uint16, 16, "1", "-1024", "short"),
        (np.uint16, 12, "2", "-4000", "short"),
        (np.uint16, 12, "100", "0", "int"),
        (np.int16, 16, "1", "1000", "short"),
        (np.int16, 16, "0.5", "0", "float"),
        (np.int16, 16, "1", "0.25", "float"),
        (np.uint8, 8, "1", "0", "unsigned_char"),
        (np.uint8, 8, "2", "0", "unsigned_short"),
        (np.uint8, 8, "1", "-7", "short"),
    ],
)
def test_uniform_integer_slopes_keep_integers(tmp_path, stored, bits, slope, intercept, component):
    values = pixels(5, 12, 16, high=250 if stored == np.uint8 else 4000, dtype=stored)
    slices = stack(values, BitsStored=bits, RescaleSlope=slope, RescaleIntercept=intercept)
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.component == component


def test_slices_may_be_stored_in_different_types(tmp_path):
    for number, other in enumerate(
        (pixels(12, 16, high=60000, dtype=np.uint16), pixels(12, 16, high=200, dtype=np.uint8))
    ):
        slices = stack(pixels(5, 12, 16, low=-3000))
        slices[2] = classic(other, places(5)[2])
        volume = open_volume(save(tmp_path / str(number), slices))
        acquired_pixels_lie_right(volume.image, slices)


def test_a_negative_slope_inverts_values(tmp_path):
    slices = stack(RescaleSlope="-1", RescaleIntercept="4000")
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.component == "short"


def test_a_large_value_in_16_bits_with_an_intercept_takes_a_wider_type(tmp_path):
    values = pixels(5, 12, 16, dtype=np.uint16)
    values[3, 2, 1] = 65535
    slices = stack(values, RescaleSlope="1", RescaleIntercept="-1024")
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.component == "int"


def test_32_bits_keep_their_values(tmp_path):
    for dtype in (np.int32, np.uint32):
        slices = stack(pixels(3, 6, 6, low=2**24, high=2**31 - 1, dtype=dtype))
        volume = open_volume(save(tmp_path / np.dtype(dtype).name, slices))
        acquired_pixels_lie_right(volume.image, slices)
        assert pixel_type(volume.image) == "D"


def test_negative_values_of_few_bits_keep_their_sign(tmp_path):
    values = pixels(5, 12, 16, low=-2048, high=2048)
    slices = stack(values, BitsStored=12)
    for dataset, array in zip(slices, values, strict=True):
        dataset.PixelData = (array.view(np.uint16) & 0x0FFF).tobytes()  # without the sign in the unused bits
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, stack(values))


def test_bits_that_are_not_stored_are_ignored(tmp_path):
    values = pixels(5, 12, 16, high=4096, dtype=np.uint16)
    slices = stack(values, BitsStored=12)
    for dataset, array in zip(slices, values, strict=True):
        dataset.PixelData = (array | 0x8000).tobytes()  # an overlay, as old scanners put it there
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, stack(values))


@pytest.mark.parametrize("sign", [0, 1])
def test_bits_that_are_not_stored_are_ignored_in_an_enhanced_file(tmp_path, sign):
    values = pixels(5, 12, 16, low=-2048 * sign, high=4096 - 2048 * sign)
    source = enhanced(values, places(5), BitsStored=12, PixelRepresentation=sign)
    bits = values.view(np.uint16)
    source.PixelData = (bits & 0x0FFF if sign else bits | 0x8000).tobytes()
    volume = open_volume(save(tmp_path / "enhanced", [source]))
    acquired_pixels_lie_right(volume.image, [enhanced(values, places(5))])


def test_values_that_are_not_intensities_are_refused(tmp_path):
    slices = stack(RescaleSlope=("1", "1", "0", "1", "1"), RescaleIntercept="0")
    folder = save(tmp_path / "slope", slices)
    text = refusal(folder)
    assert name_of(folder, slices[2]) in text
    assert "RescaleSlope 0" in text
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [4, 0, 16], "US", bytes(8)
    assert "ModalityLUTSequence" in refusal(save(tmp_path / "table", stack(ModalityLUTSequence=[table])))
    color = pixels(5, 12, 16, 3, high=255, dtype=np.uint8)
    slices = [
        classic(color[number], place, Rows=12, Columns=16, SamplesPerPixel=3, PhotometricInterpretation="RGB")
        for number, place in enumerate(places(5))
    ]
    for dataset in slices:
        dataset.PlanarConfiguration = 0
    text = refusal(save(tmp_path / "color", slices))
    assert "'RGB' and 3 samples per pixel" in text
    assert "MONOCHROME2" in text
    slices = stack(PixelData=None, FloatPixelData=bytes(4 * 12 * 16), BitsAllocated=32, BitsStored=None)
    assert "PixelData (7FE0,0010)" in refusal(save(tmp_path / "float", slices))


# Kinds ----------------------------------------------------------------------------------------------------------------


def test_slices_of_two_echoes_are_refused_with_their_echo_times(tmp_path):
    values = pixels(5, 12, 16)
    both = [*stack(values, EchoTime="20"), *stack(values // 2, EchoTime="80")]
    text = refusal(save(tmp_path / "both", both))
    assert "2 kinds" in text
    assert "echo time is 20 (5 images), 80 (5 images)" in text
    text = refusal(save(tmp_path / "mixed", stack(EchoTime=("20", "20", "80", "20", "20"))))
    assert "echo time" in text


def test_magnitude_and_phase_images_are_refused(tmp_path):
    values = pixels(5, 12, 16)
    both = [dataset for part in "MP" for dataset in stack(values, ImageType=["ORIGINAL", "PRIMARY", part, "ND"])]
    assert "part of the complex image is M (5 images), P (5 images)" in refusal(save(tmp_path / "both", both))


def test_spellings_of_one_echo_time_are_one_kind(tmp_path):
    slices = stack(EchoTime=("20", "20.0", "2E+1", "20.00", "20"))
    acquired_pixels_lie_right(open_volume(save(tmp_path / "stack", slices)).image, slices)
