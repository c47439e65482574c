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
"""Random and chosen DICOM volumes are read correctly, or refused with the right reason.

Each acquired pixel has to be at its position in the image, with its value and in its phase, without other pixels.
"""

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from dicom_files import (
    DISTANCE,
    OBLIQUE,
    cine,
    classic,
    directions,
    enhanced,
    pixels,
    places,
    save,
    stack,
)
from dicom_places import check, check_image, planes_of, right_or_refused
from dicom_plan_files import write
from dicom_plans import plans, text
from latent_sr.errors import LatentSRError
from latent_sr.volumes import open_volume

hypothesis = pytest.importorskip("hypothesis")
pydicom = pytest.importorskip("pydicom")

# Random volumes -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")
@hypothesis.given(plan=plans())
@hypothesis.settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_random_volumes_are_read_correctly_or_refused(plan):
    with tempfile.TemporaryDirectory() as folder:
        write(plan, Path(folder))
        check(plan, Path(folder))


# Messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["with space", "new\nline", "tab\tstop", "größe", "\udcff", "quote's", "{0}%s"])
def test_any_folder_name_is_accepted_and_reported_in_one_line(tmp_path, name):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / name, datasets)
    right_or_refused(folder, [datasets])
    del datasets[1].ImagePositionPatient
    for file in folder.iterdir():
        file.unlink()
    save(folder, datasets)
    with pytest.raises(LatentSRError, match="ImagePositionPatient") as caught:
        open_volume(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_descriptions_of_series_are_reported_in_one_line(tmp_path):
    datasets = [*stack(SeriesDescription="two\nlines"), *stack(SeriesInstanceUID="1.2.3", SeriesDescription="a\r\nb")]
    with pytest.raises(LatentSRError, match="2 DICOM series") as caught:
        open_volume(save(tmp_path / "s", datasets))
    assert len(str(caught.value).splitlines()) == 1


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ["classic", "enhanced"])
def test_values_in_the_highest_bits_are_not_read_from_the_lowest_bits(tmp_path, make):
    values, where = pixels(3, 4, 4, high=4096, dtype=np.uint16), places(3)
    datasets = (
        stack((values << 4).astype(np.uint16), BitsStored=12)
        if make == "classic"
        else [enhanced((values << 4).astype(np.uint16), where, BitsStored=12)]
    )
    for dataset in datasets:
        dataset.HighBit = 15
    try:
        image = open_volume(save(tmp_path / "s", datasets)).image
    except LatentSRError as error:
        assert "HighBit" in str(error)
    else:
        check_image(image, planes_of(values, where))


@pytest.mark.parametrize("make", ["classic", "enhanced"])
def test_bits_that_are_not_stored_are_ignored(tmp_path, make):
    signed, unsigned = pixels(3, 4, 4, low=-2048, high=2048), pixels(3, 4, 4, high=4096, dtype=np.uint16)
    for name, values, raw in (
        ("signed", signed, signed.astype(np.uint16) & 0x0FFF),
        ("overlay", unsigned, unsigned | 0xF000),
    ):
        attributes = {"BitsStored": 12, "PixelRepresentation": int(name == "signed")}
        datasets = stack(raw, **attributes) if make == "classic" else [enhanced(raw, places(3), **attributes)]
        image = open_volume(save(tmp_path / name, datasets)).image
        check_image(image, planes_of(values, places(3)))


@pytest.mark.parametrize(
    "slope", ["1e15", "1e16", "1e20", "1e39", "1e300", "1e-46", ("1e39", "0.5", "1"), ("1", "1e-46", "1")]
)
def test_values_beyond_single_precision_are_read_correctly_or_refused(tmp_path, slope):
    datasets = stack(pixels(3, 4, 4, low=1, high=2**16, dtype=np.uint16), RescaleSlope=slope, RescaleIntercept="0")
    right_or_refused(save(tmp_path / "s", datasets), [datasets], "RescaleSlope")


def test_hounsfield_units_of_unsigned_values_have_16_bits(tmp_path):
    values = pixels(3, 4, 4, high=4096, dtype=np.uint16)
    datasets = stack(values, BitsStored=12, RescaleSlope="1", RescaleIntercept="-1024", PixelPaddingValue=0)
    volume = open_volume(save(tmp_path / "s", datasets))
    assert volume.component == "short"
    right_or_refused(volume.path, [datasets])


# Places ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0.0009, 1, 0), (1.0009, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0.9995, 0), (1, 0, 0, 0.00018, 1, 0)],
)
def test_directions_that_are_not_unit_vectors_do_not_shift_pixels_of_a_wide_image(tmp_path, orientation):
    values = pixels(3, 400, 400)
    datasets = [classic(values[n], (0, 0, 5 * n), orientation, PixelSpacing=[1, 1]) for n in range(3)]
    right_or_refused(save(tmp_path / "s", datasets), [datasets], "orientation")


def test_a_small_rotation_does_not_shift_pixels_of_a_wide_image(tmp_path):
    values = pixels(3, 4, 500)
    datasets = []
    for number, angle in enumerate((0, 0, 9e-5)):
        along = (math.cos(angle), math.sin(angle), 0, -math.sin(angle), math.cos(angle), 0)
        datasets.append(classic(values[number], (0, 0, 5 * number), along, PixelSpacing=[1, 1]))
    right_or_refused(save(tmp_path / "s", datasets), [datasets])


def test_tolerances_of_spacings_do_not_add_up(tmp_path):
    datasets = stack(pixels(3, 4, 16))
    for dataset, off in zip(datasets, (0, 0.0495, -0.0495), strict=True):
        dataset.PixelSpacing = [f"{1 + off / 16:.8f}"] * 2
    right_or_refused(save(tmp_path / "s", datasets), [datasets])


def test_tolerances_of_phases_and_slices_do_not_add_up(tmp_path):
    phases = cine(pixels(2, 3, 4, 4), TriggerTime=lambda phase, number: 30 * phase)
    along = directions(OBLIQUE)[0]
    for phase, part in enumerate(phases):
        for number, dataset in enumerate(part):
            place = places(3)[number] + 0.045 * (number % 2 + phase * (number % 2)) * along
            dataset.ImagePositionPatient = [f"{value:.6f}" for value in place]
    right_or_refused(save(tmp_path / "s", [*phases[0], *phases[1]]), phases)


@pytest.mark.parametrize("far", [1e4, 1e6, 1e8])
def test_positions_far_from_the_origin_are_exact(tmp_path, far):
    values = pixels(4, 5, 6)
    where = places(4, DISTANCE, OBLIQUE, (far, -far, far))
    datasets = [
        classic(values[n], where[n], ImagePositionPatient=[text(value, 4) for value in where[n]]) for n in range(4)
    ]
    volume = open_volume(save(tmp_path / "s", datasets))
    right_or_refused(volume.path, [datasets])


def test_slices_in_two_frames_of_reference_are_not_a_stack(tmp_path):
    datasets = stack(FrameOfReferenceUID=("1.2", "1.2", "1.3", "1.2", "1.2"))
    with pytest.raises(LatentSRError, match="frame of reference"):
        open_volume(save(tmp_path / "s", datasets))


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["TemporalPositionIdentifier", "InstanceNumber"])
def test_contradictory_times_are_refused_or_cause_a_warning(tmp_path, other):
    # In perfusion, a trigger time is the delay after a heart beat. It does not say which beat it was.
    delays = np.random.default_rng(0).uniform(150, 160, (3, 4))
    counts = {
        "TemporalPositionIdentifier": lambda phase, number: phase + 1,
        "InstanceNumber": lambda p, n: 4 * p + n + 1,
    }
    phases = cine(TriggerTime=lambda phase, number: f"{delays[phase, number]:.1f}", **{other: counts[other]})
    folder = save(tmp_path / "s", [dataset for part in phases for dataset in part])
    try:
        warnings = open_volume(folder).warnings
    except LatentSRError:
        return
    if not warnings:
        right_or_refused(folder, phases)


@pytest.mark.parametrize("parts", ["a series for each slice", "a series", "a series for each slice and acquisition"])
def test_a_cine_that_was_acquired_twice_is_not_a_cine_with_twice_the_phases(tmp_path, parts):
    twice = []
    for number in range(2):
        phases = cine(
            pixels(3, 4, 5, 6, seed=number),
            TriggerTime=lambda phase, place, number=number: 30 * phase + place + number / 2,
            InstanceNumber=lambda phase, place, number=number: 100 * number + 3 * place + phase + 1,
            AcquisitionNumber=lambda phase, place, number=number: number + 1,
        )
        for phase in phases:
            for place, dataset in enumerate(phase):
                if parts != "a series":
                    dataset.SeriesInstanceUID = f"1.2.{place + 1}" + (f".{number}" if "acquisition" in parts else "")
                twice.append(dataset)
    folder = save(tmp_path / "s", twice)
    try:
        volume = open_volume(folder)
    except LatentSRError as error:
        assert str(folder) in str(error)
    else:
        assert volume.warnings


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("ImageType", (["DERIVED", "PRIMARY", "DIXON", "WATER"], ["DERIVED", "PRIMARY", "DIXON", "FAT"])),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M", "ND"], ["ORIGINAL", "PRIMARY", "M", "NORM"])),
        ("EchoTime", ("30", "60")),
        ("FlipAngle", ("10", "20")),
        ("InversionTime", ("100", "200")),
        ("ConvolutionKernel", ("B30", "B60")),
    ],
)
def test_images_that_differ_in_more_than_time_are_not_phases(tmp_path, keyword, values):
    phases = cine(pixels(2, 3, 4, 4), **{keyword: lambda phase, number: values[phase]})
    with pytest.raises(LatentSRError, match="kinds"):
        open_volume(save(tmp_path / "s", [*phases[0], *phases[1]]))


@pytest.mark.parametrize(
    "groups",
    [
        {"MRModifierSequence": ("InversionTimes", [100.0], [200.0])},
        {"FrameContentSequence": ("StackID", "1", "2")},
        {"MRImageFrameTypeSequence": ("FrameType", ["D", "P", "DIXON", "WATER"], ["D", "P", "DIXON", "FAT"])},
        {"MREchoSequence": ("EffectiveEchoTime", 30.0, 60.0)},
    ],
)
def test_frames_that_differ_in_more_than_time_are_not_phases(tmp_path, groups):
    ((sequence, (keyword, *values)),) = groups.items()
    frames = [{sequence: {keyword: values[number // 3]}} for number in range(6)]
    dataset = enhanced(pixels(6, 4, 4), [*places(3), *places(3)], frames=frames)
    with pytest.raises(LatentSRError, match="kinds"):
        open_volume(save(tmp_path / "s", [dataset]))
