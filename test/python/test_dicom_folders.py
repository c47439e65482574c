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
"""Files of DICOM folders: which files are images, which series they belong to, and how damaged files are refused."""

import io
import os
import shutil

import numpy as np
import pytest
from dicom_files import CT, acquired_pixels_lie_right, classic, enhanced, name_of, pixels, places, save, stack, uid
from latent_sr.errors import LatentSRError, UsageError
from latent_sr.volumes import ReadOptions, expand_inputs, open_volume, read_header, read_volume
from test_command_line import assert_one_line_error
from test_dicom import refusal, size_of

pydicom = pytest.importorskip("pydicom")


# Which files are images -----------------------------------------------------------------------------------------------


def test_files_need_no_suffix_and_may_be_in_several_folders(tmp_path):
    slices = stack()
    save(tmp_path / "study" / "1", slices[:2], suffix="")
    save(tmp_path / "study" / "2", slices[2:3], suffix=".IMA")
    save(tmp_path / "study" / "2" / "deep", slices[3:], suffix="")
    acquired_pixels_lie_right(open_volume(tmp_path / "study").image, slices)
    assert expand_inputs([tmp_path]) == [tmp_path / "study"]


def test_names_of_numbers_and_dots_count_as_names_without_a_suffix(tmp_path):
    slices = stack()
    for number, dataset in enumerate(slices):
        (tmp_path / "stack").mkdir(exist_ok=True)
        dataset.save_as(tmp_path / "stack" / f"1.2.840.{97 - 3 * number}")
    (tmp_path / "stack" / "1.2.840.50").write_bytes(b"")
    assert "1.2.840.50' is empty" in refusal(tmp_path / "stack")
    (tmp_path / "stack" / "1.2.840.50").unlink()
    acquired_pixels_lie_right(open_volume(tmp_path / "stack").image, slices)


def test_a_dicomdir_may_lie_beside_images(tmp_path):
    from pydicom.fileset import FileSet

    slices = stack()
    folder = save(tmp_path / "disk" / "IMAGES", slices, suffix="")
    directory = FileSet()
    for dataset in slices:
        directory.add(dataset)
    directory.write(tmp_path / "other")
    for place in (tmp_path / "disk", folder):
        shutil.copy(tmp_path / "other" / "DICOMDIR", place / "DICOMDIR")
        acquired_pixels_lie_right(open_volume(place).image, slices)
    acquired_pixels_lie_right(open_volume(tmp_path / "other").image, slices)


def test_notes_tables_and_hidden_files_may_lie_beside_images(tmp_path):
    slices = stack()
    for folder in (save(tmp_path / "named", slices), save(tmp_path / "unnamed", slices, suffix="")):
        (folder / "README").write_text("Scanned on a rainy day.\n")
        (folder / "empty").write_bytes(b"") if folder.name == "named" else None
        (folder / "bvals.txt").write_text("")
        (folder / "table.csv").write_text("a;b\n1;2\n")
        (folder / ".hidden.dcm").write_bytes(b"\0" * 99)
        (folder / ".more").mkdir()
        (folder / ".more" / "1.dcm").write_bytes(b"")
        acquired_pixels_lie_right(open_volume(folder).image, slices)


def test_objects_that_are_not_images_may_belong_to_the_series(tmp_path):
    slices = stack()
    folder = save(tmp_path / "stack", slices)
    for number, kind in enumerate(("1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.88.22")):
        other = classic(pixels(12, 16), places(1)[0], SOPClassUID=kind, PixelData=None, Rows=None, PixelSpacing=None)
        other.save_as(folder / f"other{number}.dcm", enforce_file_format=True)
    acquired_pixels_lie_right(open_volume(folder).image, slices)


def test_a_file_without_the_dicom_prefix_is_read_if_its_name_ends_in_dcm(tmp_path):
    slices = stack()
    (tmp_path / "old").mkdir()
    for number, dataset in enumerate(slices):
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, pydicom.Dataset(dataset), implicit_vr=True, little_endian=True)
        (tmp_path / "old" / f"{number}.dcm").write_bytes(buffer.getvalue())
    assert (tmp_path / "old" / "0.dcm").read_bytes()[:1] == b"\x08"
    acquired_pixels_lie_right(open_volume(tmp_path / "old").image, slices)


def test_a_single_file_is_read_by_its_path(tmp_path):
    slices = stack()
    folder = save(tmp_path / "stack", slices)
    volume = open_volume(folder / name_of(folder, slices[3]))
    acquired_pixels_lie_right(volume.image, slices[3:4])
    assert size_of(volume.image) == (16, 12, 1)
    source = enhanced(pixels(), places(5))
    for suffix in (".dcm", ""):
        folder = save(tmp_path / f"enhanced{suffix}", [source], suffix)
        acquired_pixels_lie_right(open_volume(next(folder.iterdir())).image, [source])


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("x")
    assert "holds no DICOM images" in refusal(tmp_path / "notes")


@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian"])
def test_transfer_syntaxes_with_uncompressed_pixels_are_read(tmp_path, syntax):
    slices = stack()
    big = syntax == "ExplicitVRBigEndian"
    for name, sources in (("stack", slices), ("enhanced", [enhanced(pixels(40, 12, 16), places(40))])):
        (tmp_path / name).mkdir()
        for number, dataset in enumerate(sources):
            other = pydicom.dcmread(io.BytesIO(_bytes_of(dataset)))
            other.file_meta.TransferSyntaxUID = getattr(pydicom.uid, syntax)
            if big:
                other.PixelData = np.frombuffer(other.PixelData, "<i2").astype(">i2").tobytes()
            path = tmp_path / name / f"{number}.dcm"
            pydicom.dcmwrite(path, other, implicit_vr=syntax.startswith("Implicit"), little_endian=not big)
        acquired_pixels_lie_right(open_volume(tmp_path / name).image, sources)


def _bytes_of(dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _jpeg_2000(array: np.ndarray) -> bytes:
    image = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    try:
        image.fromarray(array).save(buffer, "JPEG2000", no_jp2=True, irreversible=False)
    except OSError as error:
        pytest.skip(f"no encoder: {error}")
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", ["RLELossless", "JPEGLSLossless", "JPEG2000Lossless"])
def test_compressed_pixels_are_decoded_without_a_change(tmp_path, syntax):
    values = pixels(dtype=np.uint16)
    for name, plain, packed in (
        ("stack", stack(values), stack(values)),
        ("enhanced", [enhanced(values, places(5))], [enhanced(values, places(5))]),
    ):
        for dataset in packed:
            if syntax == "JPEG2000Lossless":
                frames = [_jpeg_2000(frame) for frame in dataset.pixel_array.reshape(-1, 12, 16)]
                dataset.PixelData = pydicom.encaps.encapsulate(frames)
                dataset["PixelData"].is_undefined_length = True
                dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
            elif not pydicom.pixels.get_encoder(getattr(pydicom.uid, syntax)).is_available:
                pytest.skip("pydicom has no encoder for it here")
            else:
                dataset.compress(getattr(pydicom.uid, syntax))
        acquired_pixels_lie_right(open_volume(save(tmp_path / name, packed)).image, plain)


def test_lossless_jpeg_as_most_scanners_write_it_is_read(tmp_path):
    gdcm = pytest.importorskip("gdcm")
    slices = stack(pixels(dtype=np.uint16), BitsStored=12, RescaleSlope="1", RescaleIntercept="-1024")
    folder = save(tmp_path / "stack", slices)
    for path in folder.iterdir():
        reader, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
        reader.SetFileName(str(path))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(path))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == pydicom.uid.JPEGLosslessSV1
    acquired_pixels_lie_right(open_volume(folder).image, slices)


# Damage ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_file_that_is_cut_off_in_its_pixels_is_refused_by_its_name(tmp_path, place):
    slices = stack()
    for bytes_gone in (1, 100, 12 * 16 * 2):
        folder = save(tmp_path / f"stack{bytes_gone}", slices)
        path = folder / name_of(folder, slices[place])
        path.write_bytes(path.read_bytes()[:-bytes_gone])
        with pytest.raises(LatentSRError, match=rf"can't read .*{path.name}'.*cut off"):
            open_volume(folder)


@pytest.mark.parametrize("suffix", [".dcm", ""])
def test_a_file_that_is_cut_off_in_its_header_is_refused_by_its_name(tmp_path, suffix):
    slices = stack()
    whole = len(_bytes_of(slices[2]))
    for length in (133, 150, 400, 600, 800, whole - 12 * 16 * 2 - 4):
        folder = save(tmp_path / f"stack{length}", slices, suffix)
        path = folder / name_of(folder, slices[2])
        path.write_bytes(path.read_bytes()[:length])
        text = refusal(folder)
        assert f"{path.name}'" in text
        assert "cut off" in text or "damaged" in text


@pytest.mark.parametrize("suffix", [".dcm", ""])
@pytest.mark.parametrize("content", [b"", bytes(600)], ids=["empty", "zeros"])
def test_the_remainder_of_a_damaged_image_is_refused_with_its_file_name(tmp_path, suffix, content):
    folder = save(tmp_path / "stack", stack(), suffix)
    (folder / f"042{suffix}").write_bytes(content)
    text = refusal(folder)
    assert f"042{suffix}'" in text
    assert ("is empty: it has 0 bytes" if not content else "damaged") in text or "cut off" in text


def test_an_enhanced_file_that_is_cut_off_is_refused(tmp_path):
    source = enhanced(pixels(), places(5))
    folder = save(tmp_path / "enhanced", [source])
    path = next(folder.iterdir())
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(LatentSRError, match=rf"can't read .*{path.name}'.*cut off"):
        open_volume(folder)
    path.write_bytes(path.read_bytes()[:900])
    assert path.name in refusal(folder)


def test_a_compressed_file_that_is_cut_off_is_refused(tmp_path):
    slices = stack()
    for dataset in slices:
        dataset.compress(pydicom.uid.RLELossless)
    folder = save(tmp_path / "stack", slices)
    path = folder / name_of(folder, slices[1])
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(LatentSRError, match=path.name):
        open_volume(folder)


def test_an_unknown_compression_is_refused_by_its_name(tmp_path):
    slices = stack()
    slices[2].file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    slices[2].PixelData = pydicom.encaps.encapsulate([bytes(64)])
    slices[2]["PixelData"].is_undefined_length = True
    folder = save(tmp_path / "stack", slices)
    with pytest.raises(LatentSRError, match=rf"{name_of(folder, slices[2])}': (?!.*damaged)") as refused:
        open_volume(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everybody may read everything here")
def test_a_file_without_read_permission_is_refused(tmp_path):
    folder = save(tmp_path / "stack", stack())
    next(folder.iterdir()).chmod(0)
    with pytest.raises(LatentSRError, match="ermission"):
        open_volume(folder)


def test_a_multi_frame_file_without_positions_of_frames_is_refused(tmp_path):
    source = enhanced(pixels(), places(5))
    del source.PerFrameFunctionalGroupsSequence
    assert "where each of them lies" in refusal(save(tmp_path / "none", [source]))
    source = enhanced(pixels(), places(5))
    del source.PerFrameFunctionalGroupsSequence[4]
    text = refusal(save(tmp_path / "few", [source]))
    assert "5 frames, but describes 4" in text


# Series ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_series(tmp_path):
    """A folder with two series, and the two series."""
    first = stack(SeriesInstanceUID="1.2.3.4", SeriesNumber=2, SeriesDescription="T2 tra")
    values = pixels(3, 8, 10, seed=1)
    second = stack(values, SeriesInstanceUID="1.2.3.5", SeriesNumber=11, SeriesDescription="T1 cor")
    save(tmp_path / "both", [*first, *second])
    return tmp_path / "both", first, second


def test_several_series_are_refused_with_a_list(two_series):
    text = refusal(two_series[0])
    assert "2 DICOM series" in text
    assert "1.2.3.4 (5 files): number 2, 'T2 tra', 5 images of 16 x 12 pixels" in text
    assert "1.2.3.5 (3 files): number 11, 'T1 cor', 3 images of 10 x 8 pixels" in text
    assert "--series UID or NUMBER" in text


def test_a_series_is_chosen_by_its_uid_or_number(two_series):
    folder, first, second = two_series
    for name, slices in (("1.2.3.4", first), ("2", first), ("1.2.3.5", second), ("11", second)):
        options = ReadOptions(series=(name,))
        volume = open_volume(folder, options=options)
        acquired_pixels_lie_right(volume.image, slices)
        assert size_of(volume.image)[2] == len(slices)
        assert read_header(folder, options=options).size == size_of(volume.image)
        acquired_pixels_lie_right(read_volume(folder, series=name), slices)


def test_a_series_that_does_not_exist_is_refused_with_a_list(two_series):
    with pytest.raises(UsageError, match=r"no series with the UID or number '3'.*number 2, .*number 11, "):
        open_volume(two_series[0], options=ReadOptions(series=("3",)))


def test_a_number_of_two_series_does_not_choose_one_of_them(tmp_path):
    folder = save(tmp_path / "both", [*stack(SeriesInstanceUID="1.2.3.4"), *stack(SeriesInstanceUID="1.2.3.5")])
    with pytest.raises(UsageError, match="2 series with the UID or number '7'"):
        open_volume(folder, options=ReadOptions(series=("7",)))
    open_volume(folder, options=ReadOptions(series=("1.2.3.5",)))


def test_the_command_chooses_a_series(latent_sr_run, tiny_model, two_series, tmp_path):
    folder, _, second = two_series
    words = ["upsample", folder, tmp_path / "thin.nrrd", "--model", tiny_model, "--mode", "preserve-acquired"]
    assert_one_line_error(latent_sr_run(*words), 1, "2 DICOM series", "--series")
    assert_one_line_error(latent_sr_run(*words, "--series", "12"), 2, "no series", "'12'", "number 11")
    assert not (tmp_path / "thin.nrrd").exists()
    result = latent_sr_run(*words, "--series", "11")
    assert result.returncode == 0, result.stderr
    acquired_pixels_lie_right(tmp_path / "thin.nrrd", second)


def test_a_damaged_series_does_not_affect_another_series_that_is_chosen(two_series):
    folder, first, second = two_series
    for dataset in second:
        path = folder / name_of(folder, dataset)
        path.write_bytes(path.read_bytes()[:-30])
    acquired_pixels_lie_right(open_volume(folder, options=ReadOptions(series=("2",))).image, first)


def test_series_in_separate_folders_are_separate_volumes(tmp_path):
    first, second = stack(SeriesInstanceUID=uid()), stack(SeriesInstanceUID=uid())
    save(tmp_path / "study" / "a", first)
    save(tmp_path / "study" / "b" / "c", second)
    found = expand_inputs([tmp_path])
    assert found == [tmp_path / "study" / "a", tmp_path / "study" / "b" / "c"]
    acquired_pixels_lie_right(open_volume(found[1]).image, second)
    assert "2 DICOM series" in refusal(tmp_path / "study")


def test_other_series_in_subfolders_are_left_out_if_the_folder_itself_has_a_series(tmp_path):
    slices = stack()
    save(tmp_path / "stack", slices)
    save(tmp_path / "stack" / "screenshots", stack(pixels(2, 8, 8), SeriesInstanceUID=uid(), SOPClassUID=CT))
    acquired_pixels_lie_right(open_volume(tmp_path / "stack").image, slices)


def test_the_option_series_is_refused_for_other_formats_than_dicom(latent_sr_run, tiny_model, thick, tmp_path):
    words = ["upsample", thick, tmp_path / "a.nii", "--model", tiny_model, "--series", "3"]
    assert_one_line_error(latent_sr_run(*words), 2, "--series has no effect", "thick.nii.gz' is not DICOM")
