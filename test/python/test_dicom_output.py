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
"""A derived DICOM series as output: other programs read in it the volume that the same command writes to a file."""

import shutil
import warnings

import itk
import latent_sr
import numpy as np
import pytest
from dicom_files import (
    CT,
    DISTANCE,
    FRAME_OF_REFERENCE,
    MR,
    SERIES,
    STUDY,
    acquired_pixels_lie_right,
    by_dcm2niix,
    by_simpleitk,
    cine,
    enhanced,
    pixels,
    places,
    save,
    stack,
    written,
)
from latent_sr.volumes import open_volume, read_volume
from test_dicom import shifted, size_of

pydicom = pytest.importorskip("pydicom")

NOT_FOR_DIAGNOSIS = "not for diagnosis"


def read_alike(folder, file, difference=0.0) -> list:
    """Assert that all programs read the same volume from a folder as from a file. Return the images of the folder."""
    images = written(folder)
    acquired_pixels_lie_right(file, images, difference=difference)
    assert len(images) == size_of(read_volume(file))[2]
    ours = open_volume(folder)
    assert size_of(ours.image) == size_of(read_volume(file))
    acquired_pixels_lie_right(ours.image, images, difference=1e-3)
    assert ours.warnings == ()
    theirs = by_simpleitk(folder)
    assert theirs.GetSize() == size_of(ours.image)
    acquired_pixels_lie_right(theirs, images, difference=1e-3)
    acquired_pixels_lie_right(by_dcm2niix(folder, folder.with_name(f"{folder.name}-nifti")), images, difference=1e-3)
    return images


# Pixels ---------------------------------------------------------------------------------------------------------------


def test_pydicom_simpleitk_dcm2niix_and_this_package_read_the_same_volume(derive, tmp_path):
    slices = stack(pixels(low=-500))
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin", "--factor", 3)
    images = read_alike(tmp_path / "thin", file)
    assert len(images) == 13
    for dataset in slices:
        (same,) = [image for image in images if np.allclose(image.ImagePositionPatient, dataset.ImagePositionPatient)]
        np.testing.assert_array_equal(same.pixel_array, dataset.pixel_array)


def test_slices_from_the_network_are_the_same_as_in_a_file(derive, tmp_path):
    file = derive(save(tmp_path / "thick", stack()), tmp_path / "thin", mode="decoded")
    read_alike(tmp_path / "thin", file)


def test_any_spacing_can_be_written(derive, tmp_path):
    file = derive(save(tmp_path / "thick", stack(distance=10 / 3)), tmp_path / "thin", "--spacing", 1.7)
    images = read_alike(tmp_path / "thin", file)
    assert len(images) == 8
    assert images[0].SliceThickness == pytest.approx(1.7)


def test_ct_with_an_intercept_has_its_values_in_hounsfield_units(derive, tmp_path):
    values = pixels(dtype=np.uint16)
    attributes = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "RescaleType": "HU", "BitsStored": 12}
    slices = stack(values, SOPClassUID=CT, Modality="CT", **attributes)
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    images = read_alike(tmp_path / "thin", file)
    acquired_pixels_lie_right(by_simpleitk(tmp_path / "thin"), slices)
    for image in images:
        assert (image.SOPClassUID, image.Modality, image.RescaleType) == (CT, "CT", "HU")
        assert "RescaleSlope" in image
        assert "RescaleIntercept" in image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_unsigned_values_stay_unsigned(derive, tmp_path, dtype):
    values = pixels(high=250 if dtype == np.uint8 else 65535, dtype=dtype)
    slices = stack(values)
    images = read_alike(tmp_path / "thin", derive(save(tmp_path / "thick", slices), tmp_path / "thin"))
    acquired_pixels_lie_right(by_simpleitk(tmp_path / "thin"), slices)
    assert images[0].PixelRepresentation == 0


def rounded_alike(folder, file) -> list:
    """Assert that values are those of a file, rounded to 65536 steps of its range. Return the images."""
    array = itk.array_from_image(read_volume(file)).astype(float)
    step = (array.max() - array.min()) / 65535
    images = read_alike(folder, file, 0.51 * step)
    for image in images:
        assert float(image.RescaleSlope) == pytest.approx(step, rel=1e-6)
        assert float(image.RescaleIntercept) == pytest.approx(array.min(), rel=1e-6)
    return images


def test_floating_point_is_rounded_to_a_65536th_of_its_range(derive, tmp_path):
    slices = stack(RescaleSlope=("1", "0.5", "2.25", "0.013671875", "3"), RescaleIntercept=("0", "-3", "0", "1.5", "2"))
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    rounded_alike(tmp_path / "thin", file)


def test_small_floating_point_values_keep_their_digits(derive, tmp_path):
    slices = stack(RescaleSlope="3.7e-7", RescaleIntercept="0")
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    acquired_pixels_lie_right(file, written(tmp_path / "thin"), difference=4000 * 3.7e-7 / 65535)
    acquired_pixels_lie_right(open_volume(tmp_path / "thin").image, slices, difference=4000 * 3.7e-7 / 65535)


def test_integers_of_more_than_16_bits_are_rounded_in_the_same_way(derive, tmp_path):
    slices = stack(pixels(high=200000, dtype=np.int32))
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    images = written(tmp_path / "thin")
    acquired_pixels_lie_right(file, images, difference=0.5 + float(images[0].RescaleSlope))


def test_integers_with_a_range_of_16_bits_keep_their_values(derive, tmp_path):
    values = pixels(dtype=np.uint16)
    values[3, 2, 1] = 65000  # an implant; with the intercept, values are beyond int16 and below uint16
    slices = stack(values, SOPClassUID=CT, Modality="CT", RescaleSlope="1", RescaleIntercept="-1024")
    # Slices that a network with random weights synthesizes would have a larger range.
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin", "--factor", 1)
    read_alike(tmp_path / "thin", file)


def test_a_constant_volume_can_be_written(derive, tmp_path):
    slices = stack(np.full((3, 12, 16), 7, np.int16), RescaleSlope="0.5")
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    read_alike(tmp_path / "thin", file)


def test_monochrome1_is_kept_with_its_values(derive, tmp_path):
    slices = stack(PhotometricInterpretation="MONOCHROME1", WindowCenter="2000", WindowWidth="3000")
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    images = written(tmp_path / "thin")
    acquired_pixels_lie_right(file, images)
    acquired_pixels_lie_right(open_volume(tmp_path / "thin").image, slices)
    assert {image.PhotometricInterpretation for image in images} == {"MONOCHROME1"}


def test_an_enhanced_file_becomes_classic_images(derive, tmp_path):
    where = places(5)
    frames = [{"FrameVOILUTSequence": {"WindowCenter": "2000", "WindowWidth": "3000"}} for _ in range(5)]
    shared = {
        "MREchoSequence": {"EffectiveEchoTime": 80.0},
        "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 4000.0, "FlipAngle": 90.0, "EchoTrainLength": 9},
    }
    source = enhanced(pixels(), [where[number] for number in (2, 0, 4, 1, 3)], frames=frames, shared=shared)
    file = derive(save(tmp_path / "thick", [source]), tmp_path / "thin")
    images = read_alike(tmp_path / "thin", file)
    acquired_pixels_lie_right(by_simpleitk(tmp_path / "thin"), [source])
    for image in images:
        assert image.SOPClassUID == MR
        assert "PerFrameFunctionalGroupsSequence" not in image
        assert "NumberOfFrames" not in image
        assert (image.EchoTime, image.RepetitionTime, image.FlipAngle) == (80, 4000, 90)


def test_frames_with_different_slopes_become_one_series(derive, tmp_path):
    frames = [
        {"PixelValueTransformationSequence": {"RescaleSlope": slope, "RescaleIntercept": "0", "RescaleType": "US"}}
        for slope in ("1", "0.5", "2", "0.25", "3")
    ]
    source = enhanced(pixels(), places(5), frames=frames)
    file = derive(save(tmp_path / "thick", [source]), tmp_path / "thin")
    rounded_alike(tmp_path / "thin", file)


def test_slices_that_were_aligned_are_written_as_an_aligned_stack(derive, tmp_path):
    slices = shifted([0, 1, 3, -1, 0], [0, 0, -2, 1, 1])
    file = derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    read_alike(tmp_path / "thin", file)
    acquired_pixels_lie_right(by_simpleitk(tmp_path / "thin"), slices)


def test_another_axis_may_be_up_sampled(derive, tmp_path):
    for axis, size in ((0, (31, 12, 5)), (1, (16, 23, 5))):
        file = derive(save(tmp_path / f"thick{axis}", stack()), tmp_path / f"thin{axis}", "--axis", axis)
        images = read_alike(tmp_path / f"thin{axis}", file)
        assert (images[0].Columns, images[0].Rows, len(images)) == size


@pytest.mark.parametrize("step", [None, 40])
def test_a_cine_becomes_phases_of_one_series(derive, tmp_path, step):
    clock = (
        {"TemporalPositionIdentifier": lambda phase, place: phase + 1}
        if step is None
        else {"TriggerTime": lambda phase, place: step * phase}
    )
    phases = cine(**clock)
    folder = save(tmp_path / "thick", [image for phase in phases for image in phase])
    file = derive(folder, tmp_path / "thin")
    images = written(tmp_path / "thin")
    assert len(images) == 3 * 7
    volume = open_volume(tmp_path / "thin")
    assert size_of(volume.image) == (16, 12, 7, 3)
    assert volume.image.GetSpacing()[3] == pytest.approx(1 if step is None else 0.04)
    assert volume.warnings == ()
    for number, phase in enumerate(phases):
        part = images[7 * number : 7 * number + 7]
        acquired_pixels_lie_right(file, part, number)
        acquired_pixels_lie_right(volume.image, phase, number)
        assert {image.TemporalPositionIdentifier for image in part} == {number + 1}
        assert [image.get("TriggerTime") for image in part] == [None if step is None else step * number] * 7
        assert {image.NumberOfTemporalPositions for image in part} == {3}
    assert len({image.SeriesInstanceUID for image in images}) == 1
    acquired_pixels_lie_right(by_dcm2niix(tmp_path / "thin", tmp_path / "nifti"), images[7:14], 1)


def test_one_phase_of_a_cine_becomes_a_series_without_time(derive, tmp_path):
    phases = cine(TriggerTime=lambda phase, place: 40 * phase)
    folder = save(tmp_path / "thick", [image for phase in phases for image in phase])
    file = derive(folder, tmp_path / "thin", "--phase", 2)
    images = read_alike(tmp_path / "thin", file)
    acquired_pixels_lie_right(by_simpleitk(tmp_path / "thin"), phases[2])
    assert all("TemporalPositionIdentifier" not in image and "TriggerTime" not in image for image in images)


# Attributes -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sources() -> list:
    """Return slices with attributes of many kinds."""
    item = pydicom.Dataset()
    item.add_new((0x0019, 0x0010), "LO", "SECRET")
    item.add_new((0x0019, 0x1001), "LO", "also here")
    item.CodeMeaning = "kept"
    slices = stack(
        PatientName="Müller^Jürgen",
        SpecificCharacterSet="ISO_IR 100",
        PatientBirthDate="19500101",
        AccessionNumber="A-1",
        ReferringPhysicianName="Doe^Jane",
        StudyDescription="knee",
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND"],
        WindowCenter="2000",
        WindowWidth="3000",
        EchoTime="80",
        RepetitionTime="4000",
        MagneticFieldStrength="3",
        SpacingBetweenSlices="6",
        SliceLocation=("0", "6", "12", "18", "24"),
        SmallestImagePixelValue=(0, 1, 2, 3, 4),
        PixelPaddingValue=0,
        AcquisitionNumber=4,
        ProcedureCodeSequence=[item],
    )
    for number, dataset in enumerate(slices):
        dataset.add_new((0x0029, 0x0010), "LO", "SECRET")
        dataset.add_new((0x0029, 0x1010), "OB", bytes([number] * 10))
        dataset.add_new((0x6000, 0x0010), "US", 12)
        dataset.add_new((0x6000, 0x3000), "OW", bytes(24))
    return slices


@pytest.fixture
def derived(derive, sources, tmp_path) -> list:
    """Return the images that were derived from the sources."""
    derive(save(tmp_path / "thick", sources), tmp_path / "thin", "--factor", 3)
    return written(tmp_path / "thin")


def test_patient_and_study_are_those_of_the_source(derived):
    for image in derived:
        assert image.PatientName == "Müller^Jürgen"
        assert (image.PatientID, image.PatientBirthDate, image.AccessionNumber) == ("P-17", "19500101", "A-1")
        assert (image.StudyInstanceUID, image.FrameOfReferenceUID) == (STUDY, FRAME_OF_REFERENCE)
        assert (image.StudyID, image.StudyDate, image.StudyDescription) == ("4711", "20200102", "knee")
        assert (image.EchoTime, image.MagneticFieldStrength, image.Modality) == (80, 3, "MR")
        assert image.ProcedureCodeSequence[0].CodeMeaning == "kept"


def test_series_and_images_are_new_ones(derive, sources, derived, tmp_path):
    derive(tmp_path / "thick", tmp_path / "again")
    both = derived + written(tmp_path / "again")
    old = {dataset.SOPInstanceUID for dataset in sources}
    new = {image.SOPInstanceUID for image in both}
    assert len(new) == len(both)
    assert not old & new
    series = {image.SeriesInstanceUID for image in both}
    assert len(series) == 2
    assert SERIES not in series
    for image in both:
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        assert image.file_meta.MediaStorageSOPClassUID == image.SOPClassUID == MR
        assert pydicom.uid.UID(image.SOPInstanceUID).is_valid


def test_images_say_that_they_are_derived_and_how(derived, tiny_model):
    for number, image in enumerate(derived):
        assert list(image.ImageType) == ["DERIVED", "SECONDARY", "M", "ND"]
        for text in (image.DerivationDescription, image.ImageComments):
            assert "synthesized" in text
            assert tiny_model.name in text
            assert "preserve-acquired" in text
            assert "3" in text.replace(latent_sr.__version__, "")
            assert latent_sr.__version__ in text
            assert NOT_FOR_DIAGNOSIS in text.lower()
        assert image.ImageComments.startswith("Synthesized slice" if number % 3 else "At the place of acquired slice")
        assert image.SeriesDescription.startswith("T2 sag synthesized")
        assert image.SeriesNumber != 7
        equipment = image.ContributingEquipmentSequence[-1]
        assert equipment.ManufacturerModelName == "latent-sr"
        assert image.DerivationCodeSequence[0].CodingSchemeDesignator == "DCM"


def test_an_isotropic_series_says_its_spacing(derive, tmp_path):
    folder = save(tmp_path / "thick", stack())
    derive(folder, tmp_path / "thin", "--isotropic")
    image = written(tmp_path / "thin")[0]
    assert f"(to {float(image.SpacingBetweenSlices):g} mm)" in image.DerivationDescription
    assert float(image.SpacingBetweenSlices) == pytest.approx(min(image.PixelSpacing))


def test_only_text_attributes_say_not_for_diagnosis(derived):
    for image in derived:
        said = {element.VR for element in image.iterall() if NOT_FOR_DIAGNOSIS in str(element.value).lower()}
        assert said <= {"LO", "LT", "ST", "UT", "SQ"}
        assert said & {"LT", "ST"}


def test_private_attributes_and_overlays_are_left_out(derived):
    for image in derived:
        assert not [element for element in image.iterall() if element.tag.is_private]
        assert not [element for element in image if element.tag.group == 0x6000]
        assert "SECRET" not in str(image)


def test_geometry_is_that_of_the_new_slices(derived):
    places_along = [float(image.SliceLocation) for image in derived]
    assert np.diff(places_along) == pytest.approx(np.full(12, DISTANCE / 3), abs=1e-4)
    for image in derived:
        assert image.SliceThickness == pytest.approx(DISTANCE / 3, abs=1e-5)
        assert image.SpacingBetweenSlices == pytest.approx(DISTANCE / 3, abs=1e-5)
        assert "SmallestImagePixelValue" not in image
        assert "PixelPaddingValue" not in image
        assert "AcquisitionNumber" not in image


def test_images_refer_to_the_images_that_they_were_computed_from(derived, sources):
    for number, image in enumerate(derived):
        below = number // 3
        expected = sources[below : below + 2] if number % 3 else sources[below : below + 1]
        named = [item.ReferencedSOPInstanceUID for item in image.SourceImageSequence]
        assert named == [dataset.SOPInstanceUID for dataset in expected]
        assert {item.ReferencedSOPClassUID for item in image.SourceImageSequence} == {MR}


def test_a_long_description_of_the_source_is_shortened_but_not_the_warning(derive, tmp_path):
    slices = stack(SeriesDescription="x" * 64, SeriesNumber=None, ImageType=None)
    derive(save(tmp_path / "thick", slices), tmp_path / "thin")
    for image in written(tmp_path / "thin"):
        assert len(image.SeriesDescription) <= 64
        assert image.SeriesDescription.endswith(NOT_FOR_DIAGNOSIS)
        assert list(image.ImageType)[:2] == ["DERIVED", "SECONDARY"]


def test_a_model_may_have_any_name(latent_sr_run, tiny_model, tmp_path):
    model = tmp_path / "modèle 模型.safetensors"
    shutil.copy(tiny_model, model)
    words = ["upsample", save(tmp_path / "thick", stack()), tmp_path / "thin", "--model", model]
    result = latent_sr_run(*words, "--output-format", "dicom")
    assert result.returncode == 0, result.stderr
    for image in written(tmp_path / "thin"):
        assert "safetensors" in image.DerivationDescription
        assert NOT_FOR_DIAGNOSIS in image.DerivationDescription.lower()


def test_attributes_that_break_the_standard_do_not_stop_the_output(derive, tmp_path):
    slices = stack()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dataset in slices:
            dataset.PatientAge = "forty"
            dataset.StudyTime = "noon"
            dataset.AccessionNumber = "more than sixteen letters"
            dataset.SeriesNumber = None
        folder = save(tmp_path / "thick", slices)
    derive(folder, tmp_path / "thin")
    acquired_pixels_lie_right(open_volume(tmp_path / "thin").image, slices)
