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
"""NIfTI: pixels have the positions and values that nibabel gives, or the file is refused with the reason."""

import gzip
import shutil

import itk
import numpy as np
import pytest
from conftest import oblique_affine
from latent_sr.volumes import expand_inputs, open_volume, read_volume
from nifti_files import affine_of, patched, pixels, reads_alike, refusal, write

nibabel = pytest.importorskip("nibabel")

SPACING = (1.2, 1.5, 7.0)
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


# Place ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.img", "a.hdr"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_an_oblique_volume_has_the_position_of_nibabel(tmp_path, name, version, order):
    pair = name.endswith((".img", ".hdr"))
    kind = getattr(nibabel, f"Nifti{version}{'Pair' if pair else 'Image'}")
    header = kind.header_class(endianness=order)
    image = kind(pixels(), oblique_affine(SPACING), header)
    image.set_data_dtype("int16")
    nibabel.save(image, tmp_path / name)
    reads_alike(tmp_path / name)


@pytest.mark.parametrize(("sform", "qform"), [(1, 1), (2, 1), (4, 1), (1, 2), (3, 0), (0, 1), (0, 2)])
def test_the_sform_is_used_if_its_code_is_positive_and_else_the_qform(tmp_path, sform, qform):
    image = nibabel.Nifti1Image(pixels(), None)
    first = oblique_affine(SPACING)
    second = np.diag([*SPACING, 1.0])
    second[:3, 3] = 10, 20, 30
    image.header.set_qform(second, qform)
    image.header.set_sform(first, sform)
    nibabel.save(image, tmp_path / "a.nii")
    volume = reads_alike(tmp_path / "a.nii", warnings=int(sform > 0 and qform > 0))
    np.testing.assert_allclose(affine_of(volume.image), first if sform else second, atol=1e-3)
    if volume.warnings:
        corners = np.array([[i, j, k, 1] for i in (0, 8) for j in (0, 7) for k in (0, 4)])
        far = np.linalg.norm(((first - second) @ corners.T)[:3], axis=0).max()
        (warning,) = volume.warnings
        assert f"sform (code {sform}) and qform (code {qform}) of '{tmp_path / 'a.nii'}'" in warning
        assert f"up to {far:.4g} mm apart: the sform is taken" in warning


def test_sform_and_qform_that_differ_by_rounding_are_the_same(tmp_path):
    image = nibabel.Nifti1Image(pixels(), None)
    image.header.set_qform(oblique_affine(SPACING), 1)
    image.header.set_sform(np.round(oblique_affine(SPACING), 3), 1)
    nibabel.save(image, tmp_path / "a.nii")
    reads_alike(tmp_path / "a.nii")


def test_a_mirrored_qform_is_mirrored(tmp_path):
    affine = oblique_affine(SPACING) @ np.diag([1, 1, -1, 1])
    image = nibabel.Nifti1Image(pixels(), None)
    image.header.set_qform(affine, 1)
    nibabel.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(affine_of(reads_alike(tmp_path / "a.nii").image), affine, atol=1e-3)


def test_an_sform_with_other_scales_than_pixdim_is_used_with_a_warning(tmp_path):
    path = write(tmp_path / "a.nii", affine=np.diag([1.0, 1, 1, 1]))
    patched(path, 80, "<3f", 0.8, 0.8, 6.0)
    volume = reads_alike(path, warnings=1)
    assert list(volume.image.GetSpacing()) == [1, 1, 1]
    assert "1 x 1 x 1 mm long, but its pixdim says 0.8 x 0.8 x 6 mm: the sform is taken" in volume.warnings[0]


def test_a_sheared_sform_is_refused_with_its_angle(tmp_path):
    affine = np.diag([1, 1, 6, 1.0])
    affine[1, 2] = 2
    text = refusal(write(tmp_path / "a.nii", affine=affine))
    assert "a.nii'" in text
    assert "shear" in text
    assert "sform" in text
    assert "axes 1 and 2" in text
    assert f"{np.rad2deg(np.arctan2(6, 2)):.2f} degrees" in text


def test_directions_that_are_rounded_to_four_digits_are_orthogonal(tmp_path):
    for digits in (6, 4):
        affine = oblique_affine(SPACING)
        affine[:3, :3] = np.round(affine[:3, :3] / SPACING, digits) * SPACING
        reads_alike(write(tmp_path / f"{digits}.nii", affine=affine))


def test_a_file_without_a_position_has_its_origin_at_zero_with_a_warning(tmp_path):
    volume = open_volume(write(tmp_path / "a.nii", sform_code=0, qform_code=0))
    np.testing.assert_allclose(affine_of(volume.image), np.diag([*SPACING, 1]), atol=1e-5)
    (warning,) = volume.warnings
    assert "has no position in space (sform_code and qform_code are 0)" in warning


def test_invalid_positions_in_space_are_refused(tmp_path):
    flat = oblique_affine(SPACING)
    flat[:3, 1] = 0
    path = write(tmp_path / "flat.nii", affine=oblique_affine(SPACING))
    patched(path, 280, "<12f", *flat[:3].ravel())
    assert "three directions" in refusal(path)
    lost = oblique_affine(SPACING)
    lost[0, 3] = np.nan
    path = write(tmp_path / "nan.nii", affine=oblique_affine(SPACING))
    patched(path, 280, "<12f", *lost[:3].ravel())
    assert "finite" in refusal(path)
    for value in (0.0, np.nan, np.inf):
        path = write(tmp_path / f"{value}.nii", sform_code=0, qform_code=1)
        patched(path, 84, "<f", value)
        assert "spacing" in refusal(path)


@pytest.mark.parametrize(("code", "unit"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
def test_units_of_length_are_converted_to_millimeters(tmp_path, code, unit):
    affine = np.diag([1 / unit, 1 / unit, 1 / unit, 1]) @ oblique_affine(SPACING)
    path = write(tmp_path / "a.nii", affine=affine)
    patched(path, 123, "<B", code)
    volume = reads_alike(path, unit=unit)
    assert list(volume.image.GetSpacing()) == pytest.approx(SPACING, rel=1e-5)


@pytest.mark.parametrize(("code", "unit"), [(0, 1), (8, 1), (16, 1e-3), (24, 1e-6)])
def test_units_of_time_are_converted_to_seconds(tmp_path, code, unit):
    path = write(tmp_path / "a.nii", pixels(9, 8, 5, 3), oblique_affine(SPACING))
    patched(path, 123, "<B", 2 + code)
    patched(path, 92, "<f", 0.05 / unit)
    assert reads_alike(path).image.GetSpacing()[3] == pytest.approx(0.05)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan])
def test_an_invalid_time_step_becomes_one_second(tmp_path, step):
    path = write(tmp_path / "a.nii", pixels(9, 8, 5, 3), oblique_affine(SPACING))
    assert reads_alike(patched(path, 92, "<f", step)).image.GetSpacing()[3] == 1


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
)
def test_values_are_those_of_nibabel_in_every_type(tmp_path, dtype, order):
    image = nibabel.Nifti1Image(pixels(dtype=dtype), oblique_affine(SPACING), nibabel.Nifti1Header(endianness=order))
    image.set_data_dtype(dtype)
    nibabel.save(image, tmp_path / "a.nii")
    assert nibabel.load(tmp_path / "a.nii").header.endianness == order
    reads_alike(tmp_path / "a.nii")


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept", "component"),
    [
        ("int16", 0.37, -5.5, "float"),
        ("uint8", 2.0, 0.0, "float"),
        ("int16", -1.0, 0.0, "float"),
        ("float32", 0.1, 3.0, "float"),
        ("int32", 0.37, -5.5, "double"),
        ("int16", 1.0, 0.0, "short"),
        ("int16", 0.0, 9.0, "short"),
        ("int16", np.nan, 9.0, "short"),
    ],
)
def test_slopes_and_intercepts_are_applied(tmp_path, dtype, slope, intercept, component):
    path = patched(write(tmp_path / "a.nii", pixels(dtype=dtype)), 112, "<2f", slope, intercept)
    assert reads_alike(patched(path, 252, "<2h", 1, 0)).component == component


def test_an_intercept_that_is_not_finite_is_refused(tmp_path):
    path = patched(write(tmp_path / "a.nii", affine=oblique_affine(SPACING)), 112, "<2f", 2.0, np.nan)
    assert "scl_inter nan" in refusal(path)


def test_pixels_that_are_not_scalars_are_refused(tmp_path):
    color = np.zeros((9, 8, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name, array, shown in (
        ("rgb", color, "3 components per pixel"),
        ("complex", pixels(dtype="complex64"), "complex64"),
        ("complex128", pixels(dtype="complex128"), "complex128"),
    ):
        text = refusal(write(tmp_path / f"{name}.nii", array, oblique_affine(SPACING)))
        assert f"{name}.nii'" in text
        assert shown in text
    path = patched(write(tmp_path / "a.nii", affine=oblique_affine(SPACING)), 70, "<h", 77)
    assert "data type 77" in refusal(path)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((9, 8, 5, 1), (9, 8, 5)), ((9, 8, 5, 1, 1, 1), (9, 8, 5)), ((9, 8, 5, 3, 1), (9, 8, 5, 3)), ((9, 8, 1), None)],
)
def test_trailing_axes_of_length_one_are_ignored(tmp_path, shape, size):
    volume = reads_alike(write(tmp_path / "a.nii", pixels(*shape), oblique_affine(SPACING)))
    assert itk.array_view_from_image(volume.image).shape[::-1] == (size or shape)


def test_volumes_with_two_or_five_axes_are_refused_with_their_size(tmp_path):
    for shape, shown in (((9, 8), "2D image (9 x 8 pixels)"), ((9, 8, 5, 1, 3), "5D image (9 x 8 x 5 x 1 x 3 pixels)")):
        text = refusal(write(tmp_path / f"{len(shape)}.nii", pixels(*shape), np.eye(4)))
        assert f"{shown}, but has to be 3D or 4D" in text


def test_invalid_sizes_are_refused(tmp_path):
    for number, dimensions in enumerate(((3, 9, 0, 5), (3, 9, -8, 5), (0, 9, 8, 5), (9, 9, 8, 5))):
        path = write(tmp_path / f"{number}.nii", affine=oblique_affine(SPACING))
        text = refusal(patched(path, 40, "<4h", *dimensions))
        assert f"{number}.nii'" in text


# Files ----------------------------------------------------------------------------------------------------------------


def test_the_content_of_a_file_decides_whether_it_is_compressed_and_not_its_name(tmp_path, latent_sr_run, tiny_model):
    plain = write(tmp_path / "plain.nii", affine=oblique_affine(SPACING))
    zipped = write(tmp_path / "zipped.nii.gz", affine=oblique_affine(SPACING))
    shutil.copy(plain, tmp_path / "a.nii.gz")
    shutil.copy(zipped, tmp_path / "b.nii")
    expected = itk.array_from_image(read_volume(plain))
    for name in ("a.nii.gz", "b.nii"):
        np.testing.assert_array_equal(itk.array_from_image(read_volume(tmp_path / name)), expected)
        words = ["upsample", tmp_path / name, tmp_path / f"thin-{name}", "--model", tiny_model]
        result = latent_sr_run(*words, "--mode", "preserve-acquired")
        assert result.returncode == 0, result.stderr
        thin = nibabel.load(tmp_path / f"thin-{name}")
        np.testing.assert_array_equal(np.asanyarray(thin.dataobj)[..., ::2], expected.T)


@pytest.mark.parametrize("rest", [bytes(512), b"junk behind the end " * 30])
def test_bytes_after_the_end_of_the_pixels_are_ignored(tmp_path, rest):
    for name in ("a.nii", "a.nii.gz"):
        path = write(tmp_path / name, affine=oblique_affine(SPACING))
        path.write_bytes(path.read_bytes() + rest)
        np.testing.assert_array_equal(itk.array_from_image(read_volume(path)).T, pixels())


def test_a_file_of_several_compressed_parts_is_read_completely(tmp_path):
    path = write(tmp_path / "a.nii", affine=oblique_affine(SPACING))
    content = path.read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(content[:500]) + gzip.compress(content[500:]))
    reads_alike(tmp_path / "b.nii.gz")


@pytest.mark.parametrize("part", ["header", "pixels", "check sum"])
def test_a_compressed_file_that_is_cut_off_is_refused(tmp_path, part):
    path = write(tmp_path / "a.nii.gz", pixels(40, 40, 9), oblique_affine(SPACING))
    content = path.read_bytes()
    path.write_bytes(content[: {"header": 60, "pixels": len(content) // 2, "check sum": len(content) - 6}[part]])
    text = refusal(path, pixels_only=part != "header")
    assert "can't read" in text
    assert "a.nii.gz'" in text
    assert "damaged" in text or "cut off" in text


def test_a_wrong_check_sum_is_refused(tmp_path):
    path = write(tmp_path / "a.nii.gz", affine=oblique_affine(SPACING))
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    assert "CRC check failed" in refusal(path, pixels_only=True)


def test_a_header_that_is_cut_off_is_refused(tmp_path):
    path = write(tmp_path / "a.nii", affine=oblique_affine(SPACING))
    content = path.read_bytes()
    for length in (0, 100, 347):
        path.write_bytes(content[:length])
        text = refusal(path)
        assert "a.nii'" in text
        assert f"it has {length} bytes, a header has 348" in text
    path.write_bytes(b"no NIfTI" * 100)
    assert "is not a NIfTI file" in refusal(path)


def test_pixels_begin_where_the_header_says(tmp_path):
    path = write(tmp_path / "a.nii", affine=oblique_affine(SPACING))
    content = path.read_bytes()
    (tmp_path / "later.nii").write_bytes(content[:352] + bytes(48) + content[352:])
    patched(tmp_path / "later.nii", 108, "<f", 400.0)
    reads_alike(tmp_path / "later.nii")
    for offset in (100.0, -1.0, 352.5, np.nan):
        text = refusal(patched(path, 108, "<f", offset))
        assert "begin at byte" in text
        assert "at byte 352 or later" in text


def test_both_files_of_a_pair_are_needed(tmp_path):
    for name, other in (("a.hdr", "a.img"), ("a.img", "a.hdr")):
        folder = tmp_path / name
        folder.mkdir()
        write(folder / "a.img", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
        (folder / other).unlink()
        text = refusal(folder / name, pixels_only=name == "a.hdr")
        assert f"{name}' is half of a pair: '{other}' does not exist beside it" in text


def test_a_pair_that_is_cut_off_is_refused_with_the_name_of_the_pixels(tmp_path):
    write(tmp_path / "a.img", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
    content = (tmp_path / "a.img").read_bytes()
    (tmp_path / "a.img").write_bytes(content[: len(content) // 2])
    for name in ("a.hdr", "a.img"):
        text = refusal(tmp_path / name, pixels_only=True)
        assert f"a.img', it is cut off: it has {len(content) // 2} bytes of {len(content)}" in text


def test_a_compressed_pair_and_one_in_capitals_are_read(tmp_path):
    write(tmp_path / "a.img.gz", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
    for name in ("a.img.gz", "a.hdr.gz"):
        reads_alike(tmp_path / name)
    write(tmp_path / "b.img", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
    for part in ("hdr", "img"):
        (tmp_path / f"b.{part}").rename(tmp_path / f"B.{part.upper()}")
    for name in ("B.HDR", "B.IMG"):
        np.testing.assert_array_equal(itk.array_from_image(read_volume(tmp_path / name)).T, pixels())


def test_analyze_is_refused_because_it_does_not_distinguish_left_and_right(tmp_path):
    nibabel.save(nibabel.AnalyzeImage(pixels(), np.diag([*SPACING, 1])), tmp_path / "a.img")
    for name in ("a.hdr", "a.img"):
        text = refusal(tmp_path / name)
        assert "a.hdr' is Analyze 7.5" in text
        assert "does not tell left from right" in text


def test_pairs_in_a_folder_are_volumes(latent_sr_run, tiny_model, tmp_path):
    folder = tmp_path / "cohort"
    (folder / "sub").mkdir(parents=True)
    write(folder / "a.img", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
    write(folder / "sub" / "b.img.gz", affine=oblique_affine(SPACING), kind=nibabel.Nifti1Pair)
    (folder / "other.hdr").write_text("of another kind, without pixels")
    assert expand_inputs([folder]) == [folder / "a.hdr", folder / "sub" / "b.hdr.gz"]
    words = ["upsample", folder, tmp_path / "thin", "--model", tiny_model, "--mode", "preserve-acquired"]
    result = latent_sr_run(*words)
    assert result.returncode == 0, result.stderr
    for name in ("a_sr.nii", "sub/b_sr.nii.gz"):
        thin = nibabel.load(tmp_path / "thin" / name)
        np.testing.assert_array_equal(np.asanyarray(thin.dataobj)[..., ::2], pixels())
