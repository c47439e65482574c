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
"""DICOM stacks: pixels have the positions and values that DICOM defines, or the stack is refused with the reason."""

import latent_sr
import numpy as np
import pytest
from conftest import Outcome
from dicom_files import (
    AXIAL,
    CT,
    DISTANCE,
    SAGITTAL,
    acquired_pixels_lie_right,
    by_dcm2niix,
    by_simpleitk,
    classic,
    directions,
    name_of,
    pixels,
    places,
    save,
    stack,
)
from latent_sr.errors import LatentSRError
from latent_sr.volumes import open_volume, read_header

pydicom = pytest.importorskip("pydicom")


def size_of(image) -> tuple[int, ...]:
    """Return the number of pixels along each axis."""
    size = image.GetLargestPossibleRegion().GetSize()
    return tuple(int(size[axis]) for axis in range(image.GetImageDimension()))


# Place ----------------------------------------------------------------------------------------------------------------


def test_an_oblique_stack_with_non_square_pixels_has_the_position_that_dicom_defines(tmp_path):
    slices = stack()
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert size_of(volume.image) == (16, 12, 5)
    assert list(volume.image.GetSpacing()) == pytest.approx([1.25, 1.5, DISTANCE], abs=1e-5)
    assert volume.slice_thickness == 5
    assert volume.slice_axis == 2
    assert volume.warnings == ()
    header = read_header(tmp_path / "stack")
    assert header.size == (16, 12, 5)
    assert header.spacing == pytest.approx((1.25, 1.5, DISTANCE), abs=1e-5)
    assert (header.slice_axis, header.slice_thickness, header.component) == (2, 5, "short")


def test_simpleitk_and_dcm2niix_give_pixels_the_same_positions(tmp_path):
    """The expected positions of pixels in these tests are those of other programs, too."""
    slices = stack(pixels(low=-500), RescaleSlope="2", RescaleIntercept="-3")
    folder = save(tmp_path / "stack", slices)
    for image in (by_simpleitk(folder), by_dcm2niix(folder, tmp_path / "nifti"), open_volume(folder).image):
        acquired_pixels_lie_right(image, slices)


def test_instance_numbers_do_not_order_slices(tmp_path):
    slices = stack(InstanceNumber=(3, 1, 5, 2, 4))
    acquired_pixels_lie_right(open_volume(save(tmp_path / "stack", slices)).image, slices)


def test_a_stack_in_reverse_order_of_its_normal_has_the_position_that_dicom_defines(tmp_path):
    slices = stack(distance=-DISTANCE)
    acquired_pixels_lie_right(open_volume(save(tmp_path / "stack", slices)).image, slices)


def test_positions_rounded_to_a_hundredth_of_a_millimeter_are_evenly_spaced(tmp_path):
    slices = stack(pixels(9, 8, 8), distance=10 / 3)
    for dataset in slices:
        dataset.ImagePositionPatient = [f"{value:.2f}" for value in dataset.ImagePositionPatient]
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.image.GetSpacing()[2] == pytest.approx(10 / 3, abs=1e-3)


def test_orientations_rounded_differently_in_each_file_are_the_same(tmp_path):
    slices = stack()
    for dataset, digits in zip(slices, (9, 6, 8, 5, 7), strict=True):
        dataset.ImageOrientationPatient = [f"{value:.{digits}f}" for value in dataset.ImageOrientationPatient]
    acquired_pixels_lie_right(open_volume(save(tmp_path / "stack", slices)).image, slices)


def test_the_slice_axis_of_a_stack_is_known_even_if_the_pixel_spacing_exceeds_the_slice_distance(
    latent_sr_run, tiny_model, tmp_path
):
    for number, spacing in enumerate(([3.4, 3.4], [2.0, 3.5], [2.4, 2.4])):
        slices = stack(distance=2.4, PixelSpacing=spacing)
        folder, output = save(tmp_path / f"stack{number}", slices), tmp_path / f"thin{number}.nrrd"
        result = latent_sr_run("upsample", folder, output, "--model", tiny_model, "--mode", "preserve-acquired")
        assert result.returncode == 0, result.stderr
        assert size_of(latent_sr.read_volume(output)) == (16, 12, 9)
        acquired_pixels_lie_right(output, slices)


@pytest.mark.parametrize("extension", [".nrrd", ".nii.gz", ".mha"])
def test_acquired_slices_have_their_dicom_positions_in_every_output_format(
    latent_sr_run, tiny_model, tmp_path, extension
):
    slices, output = stack(), tmp_path / f"thin{extension}"
    words = ["upsample", save(tmp_path / "stack", slices), output, "--model", tiny_model, "--factor", 3]
    result = latent_sr_run(*words, "--mode", "preserve-acquired")
    assert result.returncode == 0, result.stderr
    acquired_pixels_lie_right(output, slices)
    assert size_of(latent_sr.read_volume(output)) == (16, 12, 13)


def refusal(folder) -> str:
    """Return why a folder is refused. Reading only the header gives the same reason."""
    with pytest.raises(LatentSRError) as refused:
        open_volume(folder)
    with pytest.raises(LatentSRError) as refused_early:
        read_header(folder)
    assert str(refused.value) == str(refused_early.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def tilted(angle: float, count: int = 5, **attributes):
    """Return slices of a CT with gantry tilt: the table moves along z, and planes are tilted about x."""
    tilt = np.deg2rad(angle)
    orientation = (1, 0, 0, 0, np.cos(tilt), -np.sin(tilt))
    values = pixels(count, 12, 16)
    return [
        classic(values[number], (-8, -8, 7.4 * number), orientation, SOPClassUID=CT, Modality="CT", **attributes)
        for number in range(count)
    ]


def test_a_gantry_tilt_is_refused_with_its_angle(tmp_path):
    text = refusal(save(tmp_path / "told", tilted(18.5, GantryDetectorTilt="18.5")))
    assert "'" + str(tmp_path / "told") + "'" in text
    assert "sheared" in text
    assert "18.5 degrees" in text
    assert "whole" in text
    text = refusal(save(tmp_path / "untold", tilted(-12)))
    assert "12.0 degrees" in text
    assert "gantry tilt" in text


def test_a_small_gantry_tilt_is_refused_too(tmp_path):
    assert "sheared" in refusal(save(tmp_path / "stack", tilted(0.5)))


def shifted(columns: list[float], rows: list[float]):
    """Return slices that begin at different columns and rows of one grid."""
    values = pixels(len(columns), 12, 16, low=5)
    row, column, _ = directions(stack()[0].ImageOrientationPatient)
    return [
        classic(values[number], place + 1.25 * columns[number] * row + 1.5 * rows[number] * column)
        for number, place in enumerate(places(len(columns)))
    ]


def test_slices_that_are_shifted_by_whole_pixels_are_aligned(latent_sr_run, tiny_model, tmp_path):
    import itk

    slices = shifted([0, 1, 3, -1, 0], [0, 0, -2, 1, 1])
    volume = open_volume(save(tmp_path / "stack", slices))
    assert size_of(volume.image) == (20, 15, 5)
    acquired_pixels_lie_right(volume.image, slices)
    (warning,) = volume.warnings
    assert "shifted" in warning
    assert "4 columns and 3 rows" in warning
    assert "smallest value" in warning
    middle = itk.array_from_image(volume.image)[2]
    outside = np.ones(middle.shape, bool)
    outside[0:12, 4:20] = False
    assert (middle[outside] == slices[2].pixel_array.min()).all()

    output = tmp_path / "thin.nrrd"
    words = ["upsample", tmp_path / "stack", output, "--model", tiny_model, "--mode", "preserve-acquired"]
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    assert f"latent-sr: warning: {warning}" in result.stderr
    acquired_pixels_lie_right(output, slices)


def test_slices_that_are_shifted_by_parts_of_pixels_are_refused(tmp_path):
    text = refusal(save(tmp_path / "stack", shifted([0, 0.5, 1, 1.5, 2], [0, 0, 0, 0, 0])))
    assert "sheared" in text
    assert "0.5 x " in text
    assert "gantry tilt, or a field of view that was moved" in text


def test_slices_that_do_not_overlap_are_refused(tmp_path):
    text = refusal(save(tmp_path / "stack", shifted([0, 4, 8, 12, 16], [0, 0, 0, 0, 0])))
    assert "16 columns and 0 rows" in text
    assert "do not overlap" in text


@pytest.mark.parametrize("odd", [0, 2, 4])
def test_one_slice_that_differs_is_refused_with_its_file_name(tmp_path, odd):
    values = pixels(5, 12, 16)
    where = places(5)
    for number, (word, shown, other) in enumerate(
        [
            ("orientation", "0, 1, 0; 0, 0, -1", classic(values[odd], where[odd], SAGITTAL)),
            ("pixel spacing", "1.5 x 1.5 mm", classic(values[odd], where[odd], PixelSpacing=[1.5, 1.5])),
            ("size", "15 x 12 pixels", classic(values[odd][:, 1:], where[odd])),
            ("photometric", "MONOCHROME1", classic(values[odd], where[odd], PhotometricInterpretation="MONOCHROME1")),
        ]
    ):
        slices = stack(values)
        slices[odd] = other
        text = refusal(save(tmp_path / str(number), slices))
        assert "no stack" in text
        assert word in text
        assert f"{name_of(tmp_path / str(number), other)}' has the" in text
        assert shown in text


def test_the_planes_of_a_localizer_are_not_a_stack(tmp_path):
    values = pixels(2, 12, 16)
    slices = [classic(values[0], (0, 0, 10), AXIAL), classic(values[1], (8, -8, 20), SAGITTAL)]
    assert "orientation" in refusal(save(tmp_path / "localizer", slices))


def test_a_mosaic_of_slices_in_one_image_is_refused(tmp_path):
    kind = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    mosaics = [classic(pixels(24, 32, seed=n), places(1)[0], ImageType=kind, InstanceNumber=n) for n in range(3)]
    for count in (1, 3):
        assert "MOSAIC" in refusal(save(tmp_path / str(count), mosaics[:count]))


def test_a_slice_that_is_rotated_in_plane_has_another_orientation(tmp_path):
    slices = stack(orientation=AXIAL)
    slices[1].ImageOrientationPatient = [0, 1, 0, -1, 0, 0]
    assert "orientation" in refusal(save(tmp_path / "stack", slices))


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_missing_slice_is_refused_with_the_names_of_its_neighbours(tmp_path, gone):
    slices = stack(pixels(6, 12, 16))
    del slices[gone]
    folder = save(tmp_path / "stack", slices)
    text = refusal(folder)
    assert "6 to 12 mm apart" in text
    assert f"{name_of(folder, slices[gone - 1])}' and" in text
    assert f"{name_of(folder, slices[gone])}'?" in text


def test_many_missing_slices_are_refused(tmp_path):
    slices = stack(pixels(8, 12, 16))
    assert "mm apart" in refusal(save(tmp_path / "stack", [slices[number] for number in (0, 1, 4, 5, 7)]))


def test_a_repeated_position_is_refused_with_both_names(tmp_path):
    slices = stack()
    again = classic(pixels(12, 16, seed=5), places(5)[2], InstanceNumber=9)
    folder = save(tmp_path / "stack", [*slices, again])
    text = refusal(folder)
    assert "2 images at the position" in text
    assert name_of(folder, slices[2]) in text
    assert name_of(folder, again) in text


def test_a_duplicate_image_is_refused_with_both_names(tmp_path):
    slices = stack()
    folder = save(tmp_path / "stack", slices)
    slices[2].save_as(folder / "copy.dcm")
    text = refusal(folder)
    assert "are the same image" in text
    assert "copy.dcm" in text


def test_slices_that_are_not_evenly_spaced_are_refused(tmp_path):
    for number, distances in enumerate(([0, 6, 12, 18.2, 24], [0, 6, 12, 12.5, 18], [0, 5, 11, 18, 26])):
        normal = directions(stack()[0].ImageOrientationPatient)[2]
        slices = [classic(pixels(12, 16), distance * normal) for distance in distances]
        text = refusal(save(tmp_path / str(number), slices))
        assert "evenly spaced" in text
        assert "0.05 mm" in text


def test_positions_that_drift_are_not_evenly_spaced(tmp_path):
    # Each step differs little from the next, but slices in the middle are a millimeter away from an even grid.
    distances = np.cumsum([0, *(5 + 0.04 * number for number in range(20))])
    normal = directions(stack()[0].ImageOrientationPatient)[2]
    slices = [classic(pixels(6, 6), distance * normal) for distance in distances]
    assert "evenly spaced" in refusal(save(tmp_path / "stack", slices))


def test_a_missing_slice_is_refused_even_if_slices_are_very_thin(tmp_path):
    for distance in (0.2, 0.05, 0.02):
        slices = stack(pixels(10, 6, 6), distance=distance, PixelSpacing=[0.05, 0.05])
        del slices[5]
        assert "evenly spaced" in refusal(save(tmp_path / str(distance), slices))


def test_a_shift_by_a_pixel_counts_even_if_pixels_are_very_small(tmp_path):
    row, _, normal = directions(stack()[0].ImageOrientationPatient)
    slices = [
        classic(pixels(6, 6, seed=number), number * (0.5 * normal + 0.04 * row), PixelSpacing=[0.04, 0.04])
        for number in range(2)
    ]
    volume = open_volume(save(tmp_path / "stack", slices))
    assert size_of(volume.image) == (7, 6, 2)
    assert "shifted" in volume.warnings[0]


def test_slices_without_a_position_are_refused(tmp_path):
    text = refusal(save(tmp_path / "old", stack(ImagePositionPatient=None, SliceLocation=("0", "6", "12", "18", "24"))))
    assert "has no ImagePositionPatient" in text
    assert "position of its slices is not known" in text
    slices = stack()
    del slices[3].ImagePositionPatient
    folder = save(tmp_path / "one", slices)
    assert name_of(folder, slices[3]) in refusal(folder)


def test_invalid_attributes_of_position_are_refused_with_their_value(tmp_path):
    for name, value, shown in (
        ("ImageOrientationPatient", [1, 0, 0, 0.5, 1, 0], "1, 0, 0, 0.5, 1, 0"),
        ("ImageOrientationPatient", [1, 0, 0, 0, 1], "ImageOrientationPatient"),
        ("ImagePositionPatient", [1, 0], "ImagePositionPatient"),
        ("PixelSpacing", None, "no PixelSpacing"),
        ("PixelSpacing", [0, 1], "[0, 1]"),
        ("PixelSpacing", [1], "PixelSpacing"),
        ("Rows", 0, "Rows 0"),
    ):
        slices = stack()
        setattr(slices[2], name, value)
        if value is None:
            delattr(slices[2], name)
        folder = save(tmp_path / f"{name}{value}", slices)
        text = refusal(folder)
        assert name_of(folder, slices[2]) in text
        assert shown in text


def test_spellings_of_the_same_thickness_are_equal(tmp_path):
    for number, thickness in enumerate((("5", "5.0", "5.000", "5", "5.0"), ("4.99998", "5.00001", "5", "5", "5"))):
        slices = stack(SliceThickness=thickness)
        volume = open_volume(save(tmp_path / str(number), slices))
        acquired_pixels_lie_right(volume.image, slices)
        assert volume.slice_thickness == pytest.approx(5, abs=1e-4)
    slices = stack(SliceThickness=("5", "", "5", "7", "5"))
    volume = open_volume(save(tmp_path / "unknown", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.slice_thickness == 0


def test_the_thickness_is_not_used_as_the_distance_of_slices(tmp_path):
    slices = stack(SliceThickness="3", SpacingBetweenSlices="9")
    volume = open_volume(save(tmp_path / "stack", slices))
    acquired_pixels_lie_right(volume.image, slices)
    assert volume.image.GetSpacing()[2] == pytest.approx(DISTANCE, abs=1e-5)


def test_the_command_reports_a_refusal_in_one_line_and_writes_nothing(latent_sr_run, tiny_model, tmp_path):
    folder = save(tmp_path / "stack", tilted(18.5))
    result: Outcome = latent_sr_run("upsample", folder, tmp_path / "thin.nrrd", "--model", tiny_model)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("latent-sr: error: ")
    assert result.stderr.count("\n") == 1
    assert "18.5 degrees" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["stack"]
