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
"""Enhanced DICOM: many frames in a file. Functional groups define their positions, values and times."""

import numpy as np
import pytest
from dicom_files import (
    DISTANCE,
    ENHANCED_MR,
    SPACING,
    acquired_pixels_lie_right,
    enhanced,
    pixels,
    places,
    save,
)
from latent_sr.volumes import ReadOptions, open_volume, read_header
from test_dicom import refusal, size_of

pydicom = pytest.importorskip("pydicom")


def read(folder, *sources):
    """Read the volume of the sources, and check the positions of its pixels."""
    volume = open_volume(save(folder, sources))
    acquired_pixels_lie_right(volume.image, sources, difference=1e-3)
    assert read_header(folder).size == size_of(volume.image)
    return volume


@pytest.mark.parametrize("order", [[0, 2, 4, 1, 3], [4, 3, 2, 1, 0], [0, 2, 1, 3, 4], [3, 0, 4, 1, 2]])
def test_frames_may_be_stored_in_any_order(tmp_path, order):
    where = places(5)
    volume = read(tmp_path / "file", enhanced(pixels(), [where[number] for number in order]))
    assert size_of(volume.image) == (16, 12, 5)
    assert list(volume.image.GetSpacing()) == pytest.approx([SPACING[1], SPACING[0], DISTANCE], abs=1e-5)
    assert (volume.slice_thickness, volume.component, volume.warnings) == (5, "short", ())


@pytest.mark.parametrize("distance", [DISTANCE, -DISTANCE, 9.0])
@pytest.mark.parametrize("between", [None, DISTANCE])
def test_the_distance_of_slices_is_that_of_their_positions(tmp_path, distance, between):
    volume = read(tmp_path / "file", enhanced(pixels(), places(5, distance), between=between))
    assert volume.image.GetSpacing()[2] == pytest.approx(abs(distance), abs=1e-5)


def test_the_command_puts_new_slices_between_frames(latent_sr_run, tiny_model, tmp_path):
    where = places(5)
    source = enhanced(pixels(), [where[number] for number in (0, 2, 4, 1, 3)], between=None)
    words = ["upsample", save(tmp_path / "file", [source]), tmp_path / "thin.nrrd", "--model", tiny_model]
    result = latent_sr_run(*words, "--mode", "preserve-acquired")
    assert result.returncode == 0, result.stderr
    acquired_pixels_lie_right(tmp_path / "thin.nrrd", [source])


def test_functional_groups_may_be_shared_or_per_frame(tmp_path):
    source = enhanced(pixels(), places(5))
    (shared,) = source.SharedFunctionalGroupsSequence
    for group in source.PerFrameFunctionalGroupsSequence:
        group.PlaneOrientationSequence = shared.PlaneOrientationSequence
        group.PixelMeasuresSequence = shared.PixelMeasuresSequence
    del source.SharedFunctionalGroupsSequence
    volume = open_volume(save(tmp_path / "file", [source]))
    acquired_pixels_lie_right(volume.image, [enhanced(pixels(), places(5))])


def test_a_volume_may_be_split_into_several_enhanced_files(tmp_path):
    values, where = pixels(), places(5)
    volume = read(tmp_path / "files", enhanced(values[3:], where[3:]), enhanced(values[:3], where[:3]))
    assert size_of(volume.image) == (16, 12, 5)


def test_one_frame_is_one_slice(tmp_path):
    assert size_of(read(tmp_path / "file", enhanced(pixels(1, 12, 16), places(1))).image) == (16, 12, 1)


def test_many_frames_are_read(tmp_path):
    read(tmp_path / "file", enhanced(pixels(120, 4, 6), places(120)))


def test_a_missing_frame_is_refused_with_the_numbers_of_its_neighbours(tmp_path):
    where = places(6)
    text = refusal(save(tmp_path / "file", [enhanced(pixels(), [*where[:2], *where[3:]])]))
    assert "6 to 12 mm apart" in text
    assert "between frame 2 of" in text
    assert "and frame 3 of" in text


def test_one_frame_of_another_orientation_is_refused_with_its_number(tmp_path):
    source = enhanced(pixels(), places(5))
    plane = pydicom.Dataset()
    plane.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    source.PerFrameFunctionalGroupsSequence[3].PlaneOrientationSequence = [plane]
    text = refusal(save(tmp_path / "file", [source]))
    assert "frame 4 of" in text
    assert "orientation" in text


def test_frames_without_a_position_are_refused(tmp_path):
    source = enhanced(pixels(), places(5))
    for group in source.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence
    assert "has no ImagePositionPatient" in refusal(save(tmp_path / "file", [source]))


# Values ---------------------------------------------------------------------------------------------------------------


def rescale(slope: float, intercept: float = 0) -> dict:
    """A functional group."""
    return {
        "PixelValueTransformationSequence": {
            "RescaleSlope": str(slope),
            "RescaleIntercept": str(intercept),
            "RescaleType": "US",
        }
    }


def test_slopes_that_differ_by_frame_give_floating_point(tmp_path):
    frames = [rescale(slope, number - 2) for number, slope in enumerate((1, 0.5, 2, 0.25, 3.5))]
    volume = read(tmp_path / "file", enhanced(pixels(), places(5), frames=frames))
    assert volume.component == "float"


def test_a_shared_integer_slope_keeps_integers(tmp_path):
    values = pixels(dtype=np.uint16)
    source = enhanced(values, places(5), shared=rescale(1, -1024), BitsStored=12)
    assert read(tmp_path / "file", source).component == "short"
    assert read(tmp_path / "other", enhanced(pixels(), places(5), shared=rescale(0.1, 7))).component == "float"


def test_equal_integer_slopes_of_frames_keep_integers(tmp_path):
    source = enhanced(pixels(), places(5), frames=[rescale(2, 3)] * 5)
    assert read(tmp_path / "file", source).component in ("short", "int")


def test_a_real_world_value_mapping_is_not_applied(tmp_path):
    mapping = pydicom.Dataset()
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 4.0, 1.0
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, 4000
    mapping.LUTLabel, mapping.LUTExplanation = "x", "x"
    source = enhanced(pixels(), places(5))
    source.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence = [mapping]
    assert read(tmp_path / "file", source).component == "short"


def test_monochrome1_does_not_invert_values(tmp_path):
    source = enhanced(pixels(), places(5), PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    read(tmp_path / "file", source)


# Time and kinds -------------------------------------------------------------------------------------------------------

CLOCKS = {
    "temporal position": ("FrameContentSequence", "TemporalPositionIndex", lambda phase: phase + 1),
    "time offset": ("TemporalPositionSequence", "TemporalPositionTimeOffset", lambda phase: 0.5 * phase),
    "trigger delay": ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", lambda phase: 500.0 * phase),
}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("order", ["phase by phase", "slice by slice", "none"])
def test_two_times_in_a_file_are_two_phases(tmp_path, clock, order):
    sequence, attribute, time = CLOCKS[clock]
    numbers = [(phase, place) for phase in range(2) for place in range(5)]
    if order == "slice by slice":
        numbers.sort(key=lambda number: number[1])
    elif order == "none":
        numbers = numbers[::3] + numbers[1::3] + numbers[2::3]
    values, where = pixels(2, 5, 12, 16), places(5)
    source = enhanced(
        np.stack([values[number] for number in numbers]),
        [where[place] for _, place in numbers],
        frames=[{sequence: {attribute: time(phase)}} for phase, _ in numbers],
    )
    volume = open_volume(save(tmp_path / "file", [source]))
    assert size_of(volume.image) == (16, 12, 5, 2)
    for phase in range(2):
        acquired_pixels_lie_right(volume.image, [enhanced(values[phase], where)], phase)
    assert volume.image.GetSpacing()[3] == (1 if clock == "temporal position" else pytest.approx(0.5))
    assert volume.warnings == ()
    one = open_volume(tmp_path / "file", options=ReadOptions(phase=1))
    acquired_pixels_lie_right(one.image, [enhanced(values[1], where)])


def test_two_echoes_in_a_file_are_refused_with_their_times(tmp_path):
    frames = [{"MREchoSequence": {"EffectiveEchoTime": time}} for time in (20.0, 80.0) for _ in range(5)]
    text = refusal(save(tmp_path / "file", [enhanced(pixels(10, 12, 16), places(5) * 2, frames=frames)]))
    assert "echo time is 20 (5 images), 80 (5 images)" in text


def test_magnitude_and_phase_in_a_file_are_refused(tmp_path):
    frames = [
        {"MRImageFrameTypeSequence": {"ComplexImageComponent": part}}
        for part in ("MAGNITUDE", "PHASE")
        for _ in range(5)
    ]
    text = refusal(save(tmp_path / "file", [enhanced(pixels(10, 12, 16), places(5) * 2, frames=frames)]))
    assert "part of the complex image is MAGNITUDE (5 images), PHASE (5 images)" in text


def test_two_b_values_in_a_file_are_refused(tmp_path):
    frames = [{"MRDiffusionSequence": {"DiffusionBValue": value}} for value in (0.0, 1000.0) for _ in range(5)]
    text = refusal(save(tmp_path / "file", [enhanced(pixels(10, 12, 16), places(5) * 2, frames=frames)]))
    assert "b value is 0 (5 images), 1000 (5 images)" in text


def test_frames_at_one_position_without_a_time_are_not_one_long_stack(tmp_path):
    values, where = pixels(2, 5, 12, 16), places(5)
    volume = open_volume(save(tmp_path / "file", [enhanced(values.reshape(10, 12, 16), where * 2)]))
    assert size_of(volume.image) == (16, 12, 5, 2)
    assert "instance numbers" in volume.warnings[0]
    assert open_volume(tmp_path / "file").source.phases[0][0].file.dataset.SOPClassUID == ENHANCED_MR
