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
"""NRRD: pixels have the positions of pynrrd and SimpleITK. A list or a time axis, first or last, makes a volume 4D."""

import itk
import latent_sr
import numpy as np
import pytest
from latent_sr.errors import LatentSRError
from latent_sr.volumes import DEFAULT_READING, ReadOptions, expand_inputs, open_volume, read_header, read_volume
from test_command_line import assert_one_line_error

nrrd = pytest.importorskip("nrrd")

SPACING = (1.2, 1.5, 7.0)
ORIGIN = np.array([-31.0, 12.0, 70.0])
LPS, RAS, LAS = "left-posterior-superior", "right-anterior-superior", "left-anterior-superior"


def rotation() -> np.ndarray:
    """Unit vectors as columns."""
    a, b = 0.4, -0.3
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    )


def directions() -> np.ndarray:
    """Return one row per axis of space, as in pynrrd."""
    return (rotation() * SPACING).T


def pixels(*shape: int, dtype: str = "int16", seed: int = 3) -> np.ndarray:
    """Return random numbers with the axes of NRRD: x, y, z, and time."""
    return np.random.default_rng(seed).integers(0, 200, shape or (9, 8, 5, 3)).astype(dtype)


def write(path, array, first=False, kind="list", space=LPS, vectors=None, **header):
    """Write phases. The time axis is the last in the array, and with ``first`` the first in the file."""
    none = np.full((1, 3), np.nan)
    vectors = directions() if vectors is None else vectors
    fields = {
        "space": space,
        "space directions": np.concatenate([none, vectors] if first else [vectors, none]),
        "space origin": ORIGIN,
        "kinds": [kind, *["domain"] * 3] if first else [*["domain"] * 3, kind],
    }
    fields |= header
    nrrd.write(
        str(path), np.moveaxis(array, -1, 0) if first else array, {k: v for k, v in fields.items() if v is not None}
    )
    return path


def assert_phases(image, array, signs=(1, 1, 1)) -> None:
    """Assert that a 4D volume has the phases of an array, and the position of these tests' headers."""
    np.testing.assert_array_equal(itk.array_from_image(image).T, array)
    assert [image.GetOrigin()[axis] for axis in range(3)] == pytest.approx(list(ORIGIN * signs))
    assert [image.GetSpacing()[axis] for axis in range(3)] == pytest.approx(SPACING)
    expected = rotation() * np.array(signs)[:, None]
    np.testing.assert_allclose(itk.array_from_matrix(image.GetDirection())[:3, :3], expected, atol=1e-6)


def refusal(path, options=DEFAULT_READING) -> str:
    """Return why a file is refused."""
    with pytest.raises(LatentSRError) as refused:
        open_volume(path, options=options)
    assert "\n" not in str(refused.value)
    assert path.name in str(refused.value)
    return str(refused.value)


# Phases ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list", "time"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_a_list_or_a_time_axis_makes_phases(tmp_path, kind, first, encoding):
    path = write(tmp_path / "a.seq.nrrd", pixels(), first, kind, encoding=encoding)
    volume = open_volume(path)
    assert_phases(volume.image, pixels())
    assert volume.component == "short"
    header = read_header(path)
    assert header.size == (9, 8, 5, 3)
    assert header.spacing == pytest.approx((*SPACING, 1))
    assert header.component == "short"


@pytest.mark.parametrize(
    ("space", "signs"),
    [(LPS, (1, 1, 1)), ("LPS", (1, 1, 1)), (RAS, (-1, -1, 1)), ("RAS", (-1, -1, 1)), (LAS, (1, -1, 1))],
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_each_space_is_converted_to_that_of_dicom(tmp_path, space, signs, first):
    image = read_volume(write(tmp_path / "a.nrrd", pixels(), first, space=space))
    assert_phases(image, pixels(), signs)


def test_a_space_with_time_is_the_same_as_without_time(tmp_path):
    four = np.eye(4)
    four[:3, :3], four[3, 3] = directions(), 0.035
    for space, signs in (("right-anterior-superior-time", (-1, -1, 1)), ("LPST", (1, 1, 1))):
        header = {"space": space, "space directions": four, "space origin": np.array([*ORIGIN, 0.0])}
        nrrd.write(str(tmp_path / "a.nrrd"), pixels(), header | {"kinds": ["domain", "domain", "domain", "time"]})
        image = read_volume(tmp_path / "a.nrrd")
        assert_phases(image, pixels(), signs)
        assert image.GetSpacing()[3] == pytest.approx(0.035)


def test_an_unknown_space_is_refused_with_its_name(tmp_path):
    for space in ("right-posterior-superior", "left-anterior-inferior"):
        assert space in refusal(write(tmp_path / "list.nrrd", pixels(), first=True, space=space))
        header = {"space": space, "space directions": directions(), "space origin": ORIGIN}
        nrrd.write(str(tmp_path / "alone.nrrd"), pixels()[..., 0], header)
        assert space in refusal(tmp_path / "alone.nrrd")


@pytest.mark.parametrize("space", [LPS, RAS, LAS])
def test_a_phase_of_a_list_has_the_position_that_simpleitk_gives_it_alone(tmp_path, space):
    sitk = pytest.importorskip("SimpleITK")
    path = write(tmp_path / "all.nrrd", pixels(), first=True, space=space)
    header = {"space": space, "space directions": directions(), "space origin": ORIGIN}
    for phase in range(3):
        nrrd.write(str(tmp_path / f"{phase}.nrrd"), pixels()[..., phase], header)
        theirs = sitk.ReadImage(str(tmp_path / f"{phase}.nrrd"))
        alone = read_volume(tmp_path / f"{phase}.nrrd")
        for image in (open_volume(path, options=ReadOptions(phase=phase)).image, alone):
            assert image.GetImageDimension() == 3
            np.testing.assert_array_equal(itk.array_from_image(image), sitk.GetArrayFromImage(theirs))
            assert list(image.GetOrigin()) == pytest.approx(list(theirs.GetOrigin()))
            assert list(image.GetSpacing()) == pytest.approx(list(theirs.GetSpacing()))
            assert itk.array_from_matrix(image.GetDirection()).ravel() == pytest.approx(theirs.GetDirection(), abs=1e-9)
    assert "has no phase 3: it has the phases 0 to 2" in refusal(path, ReadOptions(phase=3))


def test_an_axis_without_a_direction_is_time_regardless_of_its_kind(tmp_path):
    for number, kinds in enumerate((None, ["???", "domain", "domain", "domain"], ["space"] * 4)):
        path = write(tmp_path / f"{number}.nrrd", pixels(), first=True, kinds=kinds)
        assert_phases(read_volume(path), pixels())


def test_the_time_between_phases_is_read(tmp_path):
    path = tmp_path / "a.nrrd"
    header = {"spacings": [0.035, *SPACING], "kinds": ["time", "domain", "domain", "domain"]}
    nrrd.write(str(path), np.moveaxis(pixels(), -1, 0), header)
    image = read_volume(path)
    assert [image.GetSpacing()[axis] for axis in range(4)] == pytest.approx([*SPACING, 0.035])
    np.testing.assert_array_equal(itk.array_from_image(image).T, pixels())


def test_a_file_without_a_position_has_its_origin_at_zero(tmp_path):
    path = tmp_path / "a.nrrd"
    nrrd.write(str(path), pixels(), {"kinds": ["domain", "domain", "domain", "time"]})
    image = read_volume(path)
    np.testing.assert_array_equal(itk.array_from_image(image).T, pixels())
    assert [image.GetSpacing()[axis] for axis in range(4)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("dtype", "component"),
    [
        ("uint8", "unsigned_char"),
        ("int8", "char"),
        ("int16", "short"),
        ("uint16", "unsigned_short"),
        ("int32", "int"),
        ("uint32", "unsigned_int"),
        ("int64", "long"),
        ("uint64", "unsigned_long"),
        ("float32", "float"),
        ("float64", "double"),
    ],
)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_every_type_keeps_its_values(tmp_path, dtype, component, endian):
    array = pixels(dtype=dtype)
    array = array - 100 if dtype.startswith("int") or dtype.startswith("float") else array
    path = write(
        tmp_path / "a.nrrd", array.astype(array.dtype.newbyteorder(">" if endian == "big" else "<")), first=True
    )
    assert f"endian: {endian}".encode() in path.read_bytes() or array.dtype.itemsize == 1
    volume = open_volume(path)
    np.testing.assert_array_equal(itk.array_from_image(volume.image).T, array)
    assert volume.component == component
    assert read_header(path).component == component


@pytest.mark.parametrize("name", ["signed short int", "int16_t", "short"])
def test_every_spelling_of_a_type_is_understood(tmp_path, name):
    path = write(tmp_path / "a.nrrd", pixels(), encoding="raw")
    path.write_bytes(path.read_bytes().replace(b"type: int16", f"type: {name}".encode()))
    assert open_volume(path).component == "short"


def test_the_header_may_be_a_separate_file(tmp_path):
    path = write(tmp_path / "a.nhdr", pixels(), first=True)
    assert len(list(tmp_path.iterdir())) == 2
    assert_phases(read_volume(path), pixels())
    assert expand_inputs([tmp_path]) == [path]
    next(entry for entry in tmp_path.iterdir() if entry != path).unlink()
    refusal(path)


def test_the_command_keeps_the_acquired_slices_of_each_phase(latent_sr_run, tiny_model, tmp_path):
    for first in (True, False):
        path, output = write(tmp_path / f"{first}.nrrd", pixels(), first), tmp_path / f"thin-{first}.nrrd"
        words = ["upsample", path, output, "--model", tiny_model, "--mode", "preserve-acquired"]
        result = latent_sr_run(*words)
        assert result.returncode == 0, result.stderr
        thin, header = nrrd.read(str(output))
        np.testing.assert_array_equal(thin[:, :, ::2], pixels())
        np.testing.assert_allclose(header["space directions"][:3, :3], directions() / [[1], [1], [2]], atol=1e-6)
        np.testing.assert_allclose(header["space origin"][:3], ORIGIN, atol=1e-6)
        one = latent_sr_run(*[str(word).replace("thin", "one") for word in words], "--phase", 1)
        assert one.returncode == 0, one.stderr
        np.testing.assert_array_equal(nrrd.read(str(tmp_path / f"one-{first}.nrrd"))[0][:, :, ::2], pixels()[..., 1])
    assert_one_line_error(latent_sr_run(*words, "--overwrite", "--phase", 3), 1, "has no phase 3")


def test_the_output_of_the_command_is_read_as_it_was_written(latent_sr_run, tiny_model, tmp_path):
    path = write(tmp_path / "a.nrrd", pixels(), first=True)
    for words in (["a.nrrd", "b.nrrd"], ["b.nrrd", "c.nrrd"]):
        files = [tmp_path / word for word in words]
        result = latent_sr_run("upsample", *files, "--factor", 1, "--model", tiny_model, "--mode", "preserve-acquired")
        assert result.returncode == 0, result.stderr
        assert_phases(read_volume(files[1]), pixels())
    assert path.exists()


# Refusals -------------------------------------------------------------------------------------------------------------


def test_a_sheared_list_is_refused_with_its_angle(tmp_path):
    sheared = np.diag(SPACING)
    sheared[2, 1] = 2
    for name, first in (("first.nrrd", True), ("last.nrrd", False)):
        text = refusal(write(tmp_path / name, pixels(), first, vectors=sheared))
        assert "shear" in text
        assert "axes 1 and 2" in text
        assert f"{np.rad2deg(np.arctan2(7, 2)):.2f} degrees" in text


def test_a_sheared_volume_is_refused(tmp_path):
    sheared = np.diag(SPACING)
    sheared[2, 1] = 2
    header = {"space": LPS, "space directions": sheared, "space origin": ORIGIN}
    nrrd.write(str(tmp_path / "a.nrrd"), pixels()[..., 0], header)
    text = refusal(tmp_path / "a.nrrd")
    assert "orthogonal" in text or "shear" in text


def test_rounded_directions_are_orthogonal(tmp_path):
    rounded = np.round(directions(), 4)
    image = read_volume(write(tmp_path / "a.nrrd", pixels(), first=True, vectors=rounded))
    matrix = itk.array_from_matrix(image.GetDirection())[:3, :3]
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(matrix, rotation(), atol=1e-4)


def test_a_list_without_a_position_in_space_is_refused(tmp_path):
    flat = directions()
    flat[1] = 0
    assert "three directions" in refusal(write(tmp_path / "a.nrrd", pixels(), first=True, vectors=flat))


def test_components_of_a_pixel_are_not_phases(tmp_path):
    for number, (kind, count) in enumerate((("vector", 3), ("RGB-color", 3), ("3D-symmetric-matrix", 6))):
        text = refusal(write(tmp_path / f"{number}.nrrd", pixels(9, 8, 5, count), first=True, kind=kind))
        assert f"{count} components per pixel" in text


def test_a_list_that_is_cut_off_is_refused(tmp_path):
    for encoding in ("raw", "gzip", "ascii"):
        path = write(tmp_path / f"{encoding}.nrrd", pixels(), first=True, encoding=encoding)
        path.write_bytes(path.read_bytes()[:-40])
        assert "can't read" in refusal(path)


def test_a_damaged_compressed_list_is_refused(tmp_path):
    path = write(tmp_path / "a.nrrd", pixels(30, 30, 5, 3), first=True)
    content = bytearray(path.read_bytes())
    content[-1000] ^= 255
    path.write_bytes(content)
    assert "can't read" in refusal(path)


def test_pixels_that_are_not_finite_are_refused_or_replaced(tmp_path):
    array = pixels(dtype="float32")
    array[4, 3, 2, 1] = np.nan
    for name, first in (("first.nrrd", True), ("last.nrrd", False)):
        path = write(tmp_path / name, array, first)
        assert "a pixel that is NaN or infinite, at index [4, 3, 2, 1] with the value nan" in refusal(path)
        expected = np.where(np.isnan(array), 7, array)
        np.testing.assert_array_equal(itk.array_from_image(read_volume(path, nan=7)).T, expected)
    header = {"spacings": list(SPACING)}
    for name in ("alone.nrrd", "alone.mha"):
        if name.endswith(".nrrd"):
            nrrd.write(str(tmp_path / name), array[..., 1], header)
        else:
            itk.imwrite(itk.image_from_array(np.ascontiguousarray(array[..., 1].T)), str(tmp_path / name))
        assert "at index [4, 3, 2] with the value nan" in refusal(tmp_path / name)
        image = latent_sr.read_volume(tmp_path / name, nan=7)
        np.testing.assert_array_equal(itk.array_from_image(image).T, np.where(np.isnan(array), 7, array)[..., 1])
