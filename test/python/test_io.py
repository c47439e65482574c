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
"""Reading, writing, and finding volumes."""

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import image_of, phantom, write_nifti
from latent_sr.errors import LatentSRError, UsageError
from latent_sr.models import load_model
from latent_sr.training import TrainingState
from latent_sr.training_log import TrainingLog
from latent_sr.volumes import (
    check_output,
    common_pixel_type,
    default_slice_axis,
    expand_inputs,
    extension_of,
    open_volume,
    pixel_type,
    read_header,
    read_volume,
    replacing,
    split_frames,
    stem_of,
    write_text,
    write_volume,
)
from latent_sr.volumes.dicom.write import check_series_output
from latent_sr.volumes.outputs import remove_leftovers, replaced_by, temporary_beside


def write_dicom_series(
    folder: Path, volume: np.ndarray, series: str = "1.2.826.0.1.3680043.2.1125.1", step: float = 8.0
):
    """Write an array (slices, rows, columns) as an oblique DICOM series. Return it as a SimpleITK image."""
    sitk = pytest.importorskip("SimpleITK")
    folder.mkdir(exist_ok=True)
    image = sitk.GetImageFromArray(np.rint(volume).astype(np.int16))
    image.SetSpacing((1.4, 1.4, step))
    image.SetOrigin((-30.0, 12.0, 50.0))
    c, s = np.cos(0.4), np.sin(0.4)
    image.SetDirection((1, 0, 0, 0, c, -s, 0, s, c))
    direction = image.GetDirection()
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for z in range(image.GetDepth()):
        part = image[:, :, z]
        tags = {
            "0008|0060": "MR",
            "0008|0016": "1.2.840.10008.5.1.4.1.1.4",
            "0008|0018": f"{series}.{z + 1}",
            "0020|000d": "1.2.826.0.1.3680043.2.1125.9",
            "0020|000e": series,
            "0020|0013": str(z + 1),
            "0018|0050": str(step),
            "0020|0032": "\\".join(f"{value:.6f}" for value in image.TransformIndexToPhysicalPoint((0, 0, z))),
            "0020|0037": "\\".join(f"{direction[n]:.9f}" for n in (0, 3, 6, 1, 4, 7)),
        }
        for key, value in tags.items():
            part.SetMetaData(key, value)
        # The names have another order than the slices.
        writer.SetFileName(str(folder / f"{series[-1]}-{(z * 5) % 7:02d}.dcm"))
        writer.Execute(part)
    return image


def test_extensions_are_found_regardless_of_case():
    assert extension_of(Path("a.b.NII.GZ")) == ".nii.gz"
    assert extension_of(Path("a.txt")) == ""
    assert stem_of(Path("x/a.b.nii.gz")) == "a.b"


def test_a_volume_is_read_as_it_was_written(tmp_path):
    import itk

    image = image_of(phantom())
    for name in ("a.nii", "a.nii.gz", "a.nrrd", "a.mha"):
        write_volume(image, tmp_path / name)
        back = read_volume(tmp_path / name)
        np.testing.assert_array_equal(itk.array_from_image(back), itk.array_from_image(image))
        assert pixel_type(back) == "SS"
        assert list(back.GetSpacing()) == pytest.approx([1.4, 1.4, 8.0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mha", "a.nii", "a.nii.gz", "a.nrrd"]


@pytest.mark.parametrize(
    ("dtype", "memory"),
    [
        ("uint8", "UC"),
        ("int16", "SS"),
        ("uint16", "US"),
        ("float32", "F"),
        ("float64", "D"),
        ("int8", "SS"),
        ("int32", "D"),
        ("uint32", "D"),
    ],
)
def test_pixels_are_read_in_a_type_that_holds_them(tmp_path, dtype, memory):
    import itk

    values = np.arange(2 * 3 * 4).reshape(2, 3, 4) + (2**24 if dtype in ("int32", "uint32") else 0)
    volume = open_volume(write_nifti(tmp_path / "a.nii", values, dtype=dtype))
    assert pixel_type(volume.image) == memory
    np.testing.assert_array_equal(itk.array_from_image(volume.image), values)


def test_integers_are_rounded_and_saturated_when_they_are_written(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    values = np.array([-3e9, -1.6, 0.4, 0.6, 2.0, 5e9]).reshape(1, 2, 3)
    write_volume(image_of(values, dtype="float64"), tmp_path / "a.nii", component="int")
    back = nibabel.load(tmp_path / "a.nii")
    assert back.get_data_dtype() == np.int32
    assert np.asanyarray(back.dataobj).T.ravel().tolist() == [-(2**31), -2, 0, 1, 2, 2**31 - 1]


def test_an_existing_file_is_not_overwritten_by_default(tmp_path):
    write_volume(image_of(phantom()), tmp_path / "a.mha")
    with pytest.raises(LatentSRError, match="exists already"):
        write_volume(image_of(phantom()), tmp_path / "a.mha")
    write_volume(image_of(phantom()), tmp_path / "a.mha", overwrite=True)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="in between"), replacing(path) as temporary:
        temporary.write_text("new, but not whole")
        raise ValueError("in between")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def gone_process() -> int:
    """The ID of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leftover_of(path: Path, process: int) -> Path:
    """Return the temporary name that a process gives to an output."""
    return path.with_name(temporary_beside(path).name.replace(f"-{os.getpid()}-", f"-{process}-"))


@pytest.mark.parametrize("name", ["a.nii.gz", "a.json", "\u00e4" * 110 + ".nrrd", "a [1].mha"])
def test_leftovers_of_a_killed_process_are_removed_by_the_next_write(tmp_path, name):
    path = tmp_path / name
    gone, running = leftover_of(path, gone_process()), leftover_of(path, os.getppid())
    gone_in_itk = gone.with_name(f"{gone.name}.part-{gone_process()}-0123abcd-89abcdef")
    other = leftover_of(tmp_path / f"b{name}", gone_process())
    # The name differs from that of a leftover: somebody else's file.
    mine = [gone.with_name(gone.name + "x"), gone.with_name(gone.name[1:]), path.with_name(f".{name}.part-1-2-3")]
    for file in (gone, gone_in_itk, running, other, *mine):
        if len(os.fsencode(file.name)) < 256:
            file.write_text("part of it")
    with replacing(path) as temporary:
        assert temporary.name.endswith(path.suffix)
        temporary.write_text("whole")
    assert not gone.exists()
    assert not gone_in_itk.exists()
    assert {entry.name for entry in tmp_path.iterdir()} == {file.name for file in (path, running, other, *mine)}


def test_a_killed_process_leaves_a_file_that_the_next_write_removes(tmp_path):
    code = f"""
import os, signal
from latent_sr.volumes import replacing
with replacing({str(tmp_path / "a.txt")!r}) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    write_text("whole", tmp_path / "a.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_an_old_output_that_waits_to_be_replaced_is_kept_until_there_is_a_new_one(tmp_path):
    path = tmp_path / "series"
    old = replaced_by(leftover_of(path, gone_process()))
    old.mkdir()
    (old / "00001.dcm").write_text("the only one")
    remove_leftovers(path)
    assert (old / "00001.dcm").exists()
    path.mkdir()
    remove_leftovers(path)
    assert not old.exists()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_a_header_is_read_once(tmp_path, monkeypatch, name):
    path = tmp_path / name
    nrrd, nifti = pytest.importorskip("nrrd"), importlib.import_module("latent_sr.volumes.nifti")
    if path.suffix == ".nrrd":
        nrrd.write(str(path), np.zeros((3, 4, 5, 6), np.int16), {"kinds": ["list", "space", "space", "space"]})
    else:
        write_nifti(path, phantom())
    calls = []
    for module, function in ((nrrd, "read_header"), (nifti, "_raw_header")):
        original = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *a, original=original: calls.append(a) or original(*a))
    open_volume(path)
    assert len(calls) == 1


def test_a_failed_write_is_reported_with_the_name_of_the_output(tmp_path):
    path = tmp_path / "a.nii"
    with pytest.raises(LatentSRError) as error, replacing(path) as temporary:
        raise OSError(28, "No space left on device")
    assert str(error.value) == f"can't write '{path}': No space left on device"
    with pytest.raises(LatentSRError) as error, replacing(path) as temporary:
        raise RuntimeError(f"itk::ERROR: X(0x123456): Could not write {temporary}: it is full")
    assert str(error.value) == f"can't write '{path}': Could not write {path}: it is full"
    with pytest.raises(FileNotFoundError), replacing(path) as temporary:
        (tmp_path / "another").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_is_reported_with_the_name_of_the_table():
    state = TrainingState(1, *[0.0] * 5)
    with pytest.raises(LatentSRError, match="can't write '/dev/full': No space left on device"):
        TrainingLog(Path("/dev/full"), Path("curves.png")).update(state)


def test_outputs_are_checked_before_anything_is_computed(tmp_path):
    (tmp_path / "folder.nii").mkdir()
    with pytest.raises(UsageError, match=r"\.nii\.gz"):
        check_output(tmp_path / "a.png", (".nii.gz",))
    with pytest.raises(LatentSRError, match="does not exist"):
        check_output(tmp_path / "missing" / "a.nii", (".nii",))
    with pytest.raises(LatentSRError, match="is a folder"):
        check_output(tmp_path / "folder.nii", (".nii",))
    with pytest.raises(UsageError, match="input and output"):
        check_output(tmp_path / "x" / ".." / "a.nii", (".nii",), inputs=[tmp_path / "a.nii"])


def test_a_folder_without_write_permission_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    refusal = f"the folder '{tmp_path}' of the output '{{}}' is not writable"
    with pytest.raises(LatentSRError, match=re.escape(refusal.format("a.nii"))):
        check_output(tmp_path / "a.nii", (".nii",))
    with pytest.raises(LatentSRError, match=re.escape(refusal.format("thin"))):
        check_series_output(tmp_path / "thin", tmp_path / "thick", overwrite=False)


def test_folders_are_searched_in_sorted_order_and_no_volume_is_taken_twice(tmp_path):
    for name in ("b.nii.gz", "a.mha", "sub/c.nrrd", ".hidden.nii", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = expand_inputs([tmp_path, tmp_path / "a.mha"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.mha", "b.nii.gz", "sub/c.nrrd"]


def test_a_folder_without_volumes_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(LatentSRError, match="holds no volume"):
        expand_inputs([tmp_path])
    with pytest.raises(LatentSRError, match="does not exist"):
        expand_inputs([tmp_path / "missing"])


def test_flat_vector_and_damaged_images_are_refused_by_name(tmp_path):
    import itk

    flat = write_nifti(tmp_path / "flat.nii", np.zeros((5, 6)))
    with pytest.raises(LatentSRError, match=r"flat\.nii' is a 2D image \(6 x 5 pixels\), but has to be 3D or 4D"):
        read_volume(flat)
    itk.imwrite(itk.image_from_array(np.zeros((3, 4, 5, 3), np.uint8), is_vector=True), str(tmp_path / "rgb.mha"))
    with pytest.raises(LatentSRError, match=r"rgb\.mha' has 3 components per pixel"):
        read_volume(tmp_path / "rgb.mha")
    (tmp_path / "broken.nii.gz").write_bytes(b"no gzip")
    with pytest.raises(LatentSRError, match=r"broken\.nii\.gz"):
        read_volume(tmp_path / "broken.nii.gz")


@pytest.mark.parametrize("extension", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_files_that_are_cut_off_are_refused_by_name(tmp_path, extension):
    path = tmp_path / f"cut{extension}"
    write_volume(image_of(phantom()), path)
    read_volume(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LatentSRError, match=r"can't read .*cut\."):
        read_volume(path)


def test_a_damaged_compressed_file_is_refused(tmp_path):
    path = tmp_path / "damaged.nii.gz"
    write_volume(image_of(phantom()), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(LatentSRError, match=r"damaged\.nii\.gz'.*it is damaged"):
        read_volume(path)


def test_a_dicom_series_becomes_a_volume_with_its_geometry(tmp_path):
    import itk

    truth = np.rint(phantom())
    image = write_dicom_series(tmp_path / "series", truth)
    volume = read_volume(tmp_path / "series")
    np.testing.assert_array_equal(itk.array_from_image(volume), truth)
    assert list(volume.GetSpacing()) == pytest.approx(list(image.GetSpacing()), abs=1e-4)
    assert list(volume.GetOrigin()) == pytest.approx(list(image.GetOrigin()), abs=1e-4)
    assert itk.array_from_matrix(volume.GetDirection()).ravel() == pytest.approx(image.GetDirection(), abs=1e-6)
    header = read_header(tmp_path / "series")
    assert header.size == (48, 44, 7)
    assert header.spacing == pytest.approx((1.4, 1.4, 8.0), abs=1e-4)
    assert expand_inputs([tmp_path]) == [tmp_path / "series"]


def test_a_folder_with_two_series_is_refused_with_a_list(tmp_path):
    for number in ("1", "2"):
        write_dicom_series(tmp_path / "both", phantom(), f"1.2.826.0.1.3680043.2.1125.{number}")
    with pytest.raises(LatentSRError, match=r"2 DICOM series.*1125\.1.*\(7 files\).*1125\.2"):
        read_volume(tmp_path / "both")


def test_a_series_with_a_missing_slice_is_refused(tmp_path):
    write_dicom_series(tmp_path / "gap", phantom())
    (tmp_path / "gap" / "1-01.dcm").unlink()
    with pytest.raises(LatentSRError, match="8 to 16 mm apart"):
        read_volume(tmp_path / "gap")


def test_frames_of_a_4d_volume_keep_its_geometry(tmp_path):
    import itk

    frames = np.stack([phantom(seed=0), phantom(seed=1)])
    image = read_volume(write_nifti(tmp_path / "cine.nii.gz", frames))
    single = read_volume(write_nifti(tmp_path / "frame.nii.gz", frames[1]))
    volumes = list(split_frames(image))
    assert len(volumes) == 2
    np.testing.assert_array_equal(itk.array_from_image(volumes[1]), itk.array_from_image(single))
    assert list(volumes[1].GetOrigin()) == pytest.approx(list(single.GetOrigin()))
    assert list(volumes[1].GetSpacing()) == pytest.approx(list(single.GetSpacing()))
    np.testing.assert_allclose(
        itk.array_from_matrix(volumes[1].GetDirection()), itk.array_from_matrix(single.GetDirection()), atol=1e-9
    )


def test_different_pixel_types_are_converted_to_float():
    assert common_pixel_type(["SS", "SS"]) == "SS"
    assert common_pixel_type(["SS", "UC"]) == "F"


def test_the_slice_axis_is_that_of_the_largest_spacing_unless_two_axes_have_it():
    assert default_slice_axis([1.4, 8.0, 1.4]) == 1
    assert default_slice_axis([1.0, 3.0, 3.0]) is None


@pytest.mark.parametrize("seed", range(3))
def test_the_slice_axis_is_the_one_that_the_filter_finds(tiny_model, seed):
    """Before the pixels of a file are read, its slice axis is found by the same rule as in the filter."""
    import itk

    kind = itk.Image[itk.F, 3]
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[kind, kind].New()
    upsampler.SetModel(load_model(tiny_model))
    generator = np.random.default_rng(seed)
    for _ in range(100):
        spacing = generator.choice([1.0, 1.4, 8.0, *generator.uniform(0.1, 10, 2)], 3)
        # Values around the difference below which two spacings count as equal.
        spacing *= 1 - generator.choice([0.0, 1e-5, 0.99e-3, 1.01e-3, 0.1], 3)
        image = kind.New()
        image.SetRegions([4, 4, 4])
        image.SetSpacing(spacing.tolist())
        upsampler.SetInput(image)
        try:
            upsampler.UpdateOutputInformation()
            found = int(upsampler.GetSliceAxisUsed())
        except RuntimeError as error:
            assert "slice axis" in str(error), error
            found = None
        assert default_slice_axis(spacing.tolist()) == found, spacing
