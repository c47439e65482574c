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
"""Cine: a stack for each phase, in one series or one series per slice, becomes a 4D volume with time as last axis."""

from pathlib import Path

import latent_sr
import pytest
from dicom_files import (
    DISTANCE,
    SAGITTAL,
    acquired_pixels_lie_right,
    cine,
    classic,
    name_of,
    pixels,
    places,
    save,
    stack,
    uid,
)
from latent_sr.errors import LatentSRError
from latent_sr.volumes import ReadOptions, expand_inputs, open_volume, read_header
from test_command_line import assert_one_line_error
from test_dicom import refusal, size_of

pytest.importorskip("pydicom")

PHASES, SLICES = 3, 4


def every(phases) -> list:
    """Return the images of all phases, neither in the order of slices nor in that of phases."""
    images = [image for phase in phases for image in phase]
    return images[::2] + images[1::2]


def assert_phases_lie_right(image, phases) -> None:
    """Assert that a 4D volume has all phases in order."""
    whole = latent_sr.read_volume(image) if isinstance(image, Path) else image
    assert size_of(whole)[3] == len(phases)
    for number, phase in enumerate(phases):
        acquired_pixels_lie_right(image, phase, number)


def trigger(step: float = 40, **attributes) -> list:
    """Return phases whose trigger times and instance numbers give different orders."""
    order = {"InstanceNumber": lambda phase, place: 100 - PHASES * place - phase}
    return cine(**order | {"TriggerTime": lambda phase, place: step * phase + place} | attributes)


# Order ----------------------------------------------------------------------------------------------------------------


def test_trigger_times_order_phases_and_give_the_time_between_them(tmp_path):
    phases = trigger(42.5)
    volume = open_volume(save(tmp_path / "cine", every(phases)))
    assert size_of(volume.image) == (16, 12, SLICES, PHASES)
    assert_phases_lie_right(volume.image, phases)
    assert list(volume.image.GetSpacing()) == pytest.approx([1.25, 1.5, DISTANCE, 0.0425], abs=1e-5)
    assert ["instance numbers" in text for text in volume.warnings] == [True]
    header = read_header(tmp_path / "cine")
    assert header.size == (16, 12, SLICES, PHASES)
    assert header.frames == PHASES
    assert header.spacing[3] == pytest.approx(0.0425)


def test_temporal_positions_order_phases(tmp_path):
    order = {"TemporalPositionIdentifier": lambda phase, place: phase + 1}
    scrambled = {"InstanceNumber": lambda phase, place: 7 * (PHASES * place - phase) % 31}
    phases = cine(**order, **scrambled)
    volume = open_volume(save(tmp_path / "unknown", every(phases)))
    assert_phases_lie_right(volume.image, phases)
    assert volume.image.GetSpacing()[3] == 1
    assert ["instance numbers" in text for text in volume.warnings] == [True]
    phases = cine(**order, **scrambled, TemporalResolution=lambda phase, place: "35")
    volume = open_volume(save(tmp_path / "known", every(phases)))
    assert_phases_lie_right(volume.image, phases)
    assert volume.image.GetSpacing()[3] == pytest.approx(0.035)


@pytest.mark.parametrize("by_phase", [False, True], ids=["slice by slice", "phase by phase"])
def test_instance_numbers_order_phases_with_a_warning(tmp_path, by_phase):
    phases = cine(InstanceNumber=lambda phase, place: SLICES * phase + place if by_phase else PHASES * place + phase)
    volume = open_volume(save(tmp_path / "cine", every(phases)))
    assert_phases_lie_right(volume.image, phases)
    (warning,) = volume.warnings
    assert "3 images at each position" in warning
    assert "order of their instance numbers" in warning


def test_the_command_prints_the_warning(latent_sr_run, tiny_model, tmp_path):
    phases, output = cine(), tmp_path / "thin.nrrd"
    words = ["upsample", save(tmp_path / "cine", every(phases)), output, "--model", tiny_model]
    result = latent_sr_run(*words, "--mode", "preserve-acquired")
    assert result.returncode == 0, result.stderr
    assert "latent-sr: warning: " in result.stderr
    assert "instance numbers" in result.stderr
    assert size_of(latent_sr.read_volume(output)) == (16, 12, 2 * SLICES - 1, PHASES)
    assert_phases_lie_right(output, phases)


def test_equal_trigger_times_do_not_order_phases(tmp_path):
    phases = cine(TriggerTime=lambda phase, place: 0, TemporalPositionIdentifier=lambda phase, place: PHASES - phase)
    volume = open_volume(save(tmp_path / "cine", every(phases)))
    assert_phases_lie_right(volume.image, phases[::-1])


@pytest.mark.parametrize(
    "instance",
    [lambda phase, place: 1, lambda phase, place: None, lambda phase, place: (7 * (PHASES * place + phase)) % 12],
    ids=["the same", "missing", "in no order"],
)
def test_phases_in_an_unknown_order_are_refused_with_file_names(tmp_path, instance):
    folder = save(tmp_path / "cine", every(cine(InstanceNumber=instance)))
    text = refusal(folder)
    assert "3 images at each position" in text
    assert "can't be told in which order" in text
    assert text.count(".dcm'") == 2


# One series a slice ---------------------------------------------------------------------------------------------------


def a_series_a_slice(**attributes) -> list:
    """Return phases in which each slice is a series."""
    series = [uid() for _ in range(SLICES)]
    return trigger(
        **{
            "SeriesInstanceUID": lambda phase, place: series[place],
            "SeriesNumber": lambda phase, place: 20 + place,
            "InstanceNumber": lambda phase, place: phase + 1,
        }
        | attributes
    )


def save_slices(folder, phases) -> None:
    """Write each slice to a separate folder."""
    for place in range(SLICES):
        save(folder / f"{(place * 3) % 7}", [phase[place] for phase in phases])


def test_one_series_per_slice_in_one_folder_is_one_volume(tmp_path):
    phases = a_series_a_slice()
    volume = open_volume(save(tmp_path / "cine", every(phases)))
    assert_phases_lie_right(volume.image, phases)
    assert volume.warnings == ()


def test_one_series_per_slice_in_subfolders_is_one_volume(latent_sr_run, tiny_model, tmp_path):
    phases, output = a_series_a_slice(), tmp_path / "thin.nrrd"
    save_slices(tmp_path / "cine", phases)
    words = ["upsample", tmp_path / "cine", output, "--model", tiny_model, "--mode", "preserve-acquired"]
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    assert_phases_lie_right(output, phases)


def test_one_series_per_slice_without_times_is_ordered_by_instance_numbers(tmp_path):
    phases = a_series_a_slice(TriggerTime=lambda phase, place: None)
    volume = open_volume(save(tmp_path / "cine", every(phases)))
    assert_phases_lie_right(volume.image, phases)
    assert "instance numbers" in volume.warnings[0]


def test_one_series_per_slice_with_one_phase_is_not_a_cine(tmp_path):
    phases = a_series_a_slice()[:1]
    assert "4 DICOM series" in refusal(save(tmp_path / "stack", every(phases)))


def test_a_long_axis_series_beside_a_cine_is_left_out_by_choosing_series(latent_sr_run, tiny_model, tmp_path):
    phases, output = a_series_a_slice(), tmp_path / "thin.nrrd"
    long_axis = [
        classic(pixels(12, 16), (0, 0, 0), SAGITTAL, SeriesInstanceUID="1.2.3", SeriesNumber=40, TriggerTime=40 * phase)
        for phase in range(PHASES)
    ]
    folder = save(tmp_path / "heart", [*every(phases), *long_axis])
    assert "5 DICOM series" in refusal(folder)
    words = ["upsample", folder, output, "--model", tiny_model, "--mode", "preserve-acquired"]
    result = latent_sr_run(*words, *(word for place in range(SLICES) for word in ("--series", 20 + place)))
    assert result.returncode == 0, result.stderr
    assert_phases_lie_right(output, phases)


def test_slices_of_two_studies_are_not_a_cine(tmp_path):
    phases = a_series_a_slice(StudyInstanceUID=lambda phase, place: f"1.2.{place // 2 + 1}")
    assert "4 DICOM series" in refusal(save(tmp_path / "cine", every(phases)))


# What is missing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [trigger, a_series_a_slice])
@pytest.mark.parametrize("place", [0, 2])
def test_a_phase_that_is_missing_in_one_slice_is_refused_with_a_file_name_of_the_slice(tmp_path, make, place):
    phases = make()
    images = [image for image in every(phases) if image is not phases[1][place]]
    folder = save(tmp_path / "cine", images)
    text = refusal(folder)
    assert "unequal numbers of phases" in text
    assert "2 at the position" in text
    assert "but 3 at others" in text
    assert any(name_of(folder, phases[phase][place]) in text for phase in (0, 2))


@pytest.mark.parametrize("make", [trigger, a_series_a_slice])
def test_a_missing_slice_of_a_cine_is_refused_with_the_names_of_its_neighbours(tmp_path, make):
    phases = make()
    folder = save(tmp_path / "cine", every([[*phase[:2], *phase[3:]] for phase in phases]))
    text = refusal(folder)
    assert "6 to 12 mm apart" in text
    assert any(name_of(folder, phase[1]) in text for phase in phases)
    assert any(name_of(folder, phase[3]) in text for phase in phases)


def test_a_superfluous_image_is_refused_with_its_file_name(tmp_path):
    slices = stack()
    folder = save(tmp_path / "stack", [*slices, classic(pixels(12, 16), places(5)[1], TriggerTime=40)])
    assert "2 images at the position" in refusal(folder)


def test_one_slice_of_a_cine_is_refused(tmp_path):
    text = refusal(save(tmp_path / "slice", [phase[1] for phase in trigger()]))
    assert "all 3 images" in text
    assert "lie at one position" in text
    assert "name the folder above" in text


def test_a_file_of_a_cine_is_one_image(tmp_path):
    phases = trigger()
    folder = save(tmp_path / "cine", every(phases))
    volume = open_volume(folder / name_of(folder, phases[1][2]))
    acquired_pixels_lie_right(volume.image, [phases[1][2]])
    assert size_of(volume.image) == (16, 12, 1)


def test_slices_of_a_cine_that_are_cut_off_are_refused(tmp_path):
    phases = trigger()
    folder = save(tmp_path / "cine", every(phases))
    path = folder / name_of(folder, phases[2][1])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LatentSRError, match=rf"{path.name}'.*cut off"):
        open_volume(folder)


def test_images_with_different_flip_angles_are_not_phases(tmp_path):
    phases = cine(FlipAngle=lambda phase, place: 10 * (phase + 1))
    text = refusal(save(tmp_path / "angles", every(phases)))
    assert "3 kinds at one position" in text
    assert "flip angle is 10 (1 images), 20 (1 images), 30 (1 images)" in text


def test_images_side_by_side_in_a_plane_are_not_phases(tmp_path):
    phases = trigger()
    for image in phases[1]:
        image.ImagePositionPatient = [
            float(value) + 3 * step
            for value, step in zip(image.ImagePositionPatient, image.ImageOrientationPatient[:3], strict=True)
        ]
    assert "3 mm apart" in refusal(save(tmp_path / "cine", every(phases)))


# One phase ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [trigger, a_series_a_slice])
def test_one_phase_is_a_volume_in_3d(tmp_path, make):
    phases = make()
    folder = save(tmp_path / "cine", every(phases))
    for number, phase in enumerate(phases):
        options = ReadOptions(phase=number)
        volume = open_volume(folder, options=options)
        assert size_of(volume.image) == (16, 12, SLICES)
        acquired_pixels_lie_right(volume.image, phase)
        assert read_header(folder, options=options).size == (16, 12, SLICES)
        acquired_pixels_lie_right(latent_sr.read_volume(folder, phase=number), phase)


def test_a_phase_that_does_not_exist_is_refused(tmp_path):
    folder = save(tmp_path / "cine", every(trigger()))
    for act in (open_volume, read_header):
        with pytest.raises(LatentSRError, match="has no phase 3: it has the phases 0 to 2"):
            act(folder, options=ReadOptions(phase=3))
        with pytest.raises(LatentSRError, match="has no phase 1: it has one phase, 0"):
            act(save(tmp_path / act.__name__, stack()), options=ReadOptions(phase=1))
    with pytest.raises(latent_sr.UsageError, match="phase is -1"):
        ReadOptions(phase=-1)


def test_the_command_takes_a_phase_or_all_of_them(latent_sr_run, tiny_model, tmp_path):
    phases = trigger()
    folder = save(tmp_path / "cine", every(phases))

    def run(output, *words):
        words = ["upsample", folder, tmp_path / output, "--model", tiny_model, "--mode", "preserve-acquired", *words]
        return latent_sr_run(*words)

    assert run("one.nii.gz", "--phase", 1).returncode == 0
    acquired_pixels_lie_right(tmp_path / "one.nii.gz", phases[1])
    assert run("all.nrrd", "--phase", "all").returncode == 0
    assert_phases_lie_right(tmp_path / "all.nrrd", phases)
    assert_one_line_error(run("no.nrrd", "--phase", 3), 1, "has no phase 3", "0 to 2")
    assert_one_line_error(run("no.nrrd", "--phase", "last"), 2, "--phase", "'last'")
    assert_one_line_error(run("no.nrrd", "--phase", "-1"), 2, "--phase")
    assert not (tmp_path / "no.nrrd").exists()


def test_a_folder_of_cines_is_searched_for_volumes(tmp_path):
    save(tmp_path / "cohort" / "a", every(trigger(SeriesInstanceUID=lambda phase, place: "1.2.3")))
    save(tmp_path / "cohort" / "b", every(trigger(SeriesInstanceUID=lambda phase, place: "1.2.4")))
    assert expand_inputs([tmp_path / "cohort"]) == [tmp_path / "cohort" / "a", tmp_path / "cohort" / "b"]
