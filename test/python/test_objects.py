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
"""Every kind of object gives the same pixels at the same places as a file through the command."""

import subprocess
import sys

import itk
import latent_sr
import numpy as np
import pytest
from conftest import image_of, oblique_affine, phantom, write_nifti
from latent_sr.errors import LatentSRError, UsageError

nibabel = pytest.importorskip("nibabel")

FACTOR = 3

TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def flipped_affine():
    """Return an affine matrix with axes in another order and two of them backwards; slices along the first."""
    return np.array([[0, 1.4, 0, -20.0], [0, 0, -1.4, 31.0], [-8.0, 0, 0, 44.5], [0, 0, 0, 1]])


def volume(dimension, slices_first=False):
    """Return phases, slices, rows and columns in the order in which ``write_nifti`` takes them."""
    frames = np.stack([phantom(slices=5, rows=20, columns=24, seed=seed) for seed in range(2)])
    frames = frames.transpose(0, 3, 2, 1) if slices_first else frames
    return frames[0] if dimension == 3 else frames


AFFINES = {"oblique": (oblique_affine(), False), "flipped": (flipped_affine(), True)}


@pytest.fixture(scope="module", params=[(3, "oblique"), (3, "flipped"), (4, "oblique"), (4, "flipped")], ids=str)
def case(request, tmp_path_factory, latent_sr_run, tiny_model):
    """A file, its output by the command as an image of nibabel, and the options."""
    dimension, name = request.param
    affine, slices_first = AFFINES[name]
    folder = tmp_path_factory.mktemp("case")
    file = write_nifti(folder / "thick.nii", volume(dimension, slices_first), affine)
    words = ("--factor", FACTOR, "--model", tiny_model, "--threads", 1)
    result = latent_sr_run("upsample", file, folder / "thin.nii", *words)
    assert result.returncode == 0, result.stderr
    return file, nibabel.load(folder / "thin.nii"), {"factor": FACTOR, "model": tiny_model, "threads": 1}


def affine_of_itk(image):
    """Return the affine matrix (RAS) of the first three axes of an image of ITK or SimpleITK."""
    dimension = image.GetImageDimension() if hasattr(image, "GetImageDimension") else image.GetDimension()
    direction = image.GetDirection()
    if not isinstance(direction, tuple):
        direction = itk.array_from_matrix(direction)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(direction, (dimension, dimension))[:3, :3] * np.array(image.GetSpacing())[:3]
    affine[:3, 3] = np.array(image.GetOrigin())[:3]
    return TO_LPS @ affine


def check(values, affine, expected):
    """Compare values, with axes i, j, k and time, and an affine matrix with those of the command's file."""
    np.testing.assert_array_equal(values, np.asarray(expected.dataobj))
    assert values.dtype == expected.get_data_dtype()
    np.testing.assert_allclose(affine, expected.affine, atol=2e-5)


# Kinds ----------------------------------------------------------------------------------------------------------------


def test_itk_gives_what_the_command_writes(case):
    file, expected, options = case
    thin = latent_sr.upsample(latent_sr.read_volume(file), **options)
    assert isinstance(thin, itk.Image)
    check(itk.array_from_image(thin).T, affine_of_itk(thin), expected)


def test_nibabel_gives_what_the_command_writes(case, tmp_path):
    file, expected, options = case
    thick = nibabel.load(file)
    thick.header["descrip"] = b"a cine"
    thick.header.set_xyzt_units("mm", "msec")
    zooms = thick.header.get_zooms()
    thin = latent_sr.upsample(thick, **options)
    assert type(thin) is nibabel.Nifti1Image
    check(np.asarray(thin.dataobj), thin.affine, expected)
    assert thin.header["descrip"].item() == b"a cine"
    assert thin.header.get_xyzt_units() == ("mm", "msec")
    assert thin.header.get_zooms()[3:] == zooms[3:]
    np.testing.assert_allclose(thin.header.get_zooms()[:3], nibabel.affines.voxel_sizes(expected.affine), rtol=1e-6)
    assert thick.shape == thick.header.get_data_shape()
    nibabel.save(thin, tmp_path / "thin.nii.gz")
    saved = nibabel.load(tmp_path / "thin.nii.gz")
    check(np.asarray(saved.dataobj), saved.affine, expected)


def test_simpleitk_gives_what_the_command_writes(case):
    sitk = pytest.importorskip("SimpleITK")
    file, expected, options = case
    thick = sitk.ReadImage(str(file))
    thin = latent_sr.upsample(thick, **options)
    assert type(thin) is sitk.Image
    check(sitk.GetArrayFromImage(thin).T, affine_of_itk(thin), expected)
    assert thin.GetSpacing()[3:] == thick.GetSpacing()[3:]


def test_an_array_with_affine_gives_what_the_command_writes(case):
    file, expected, options = case
    thick = nibabel.load(file)
    array = np.asarray(thick.dataobj)
    before = array.copy(), thick.affine.copy()
    thin, affine = latent_sr.upsample(array, affine=thick.affine, **options)
    assert type(thin) is np.ndarray
    check(thin, affine, expected)
    np.testing.assert_array_equal(array, before[0])
    np.testing.assert_array_equal(thick.affine, before[1])


def test_an_array_with_spacings_gives_the_same_pixels(case):
    file, expected, options = case
    thick = latent_sr.read_volume(file)
    spacing = [float(value) for value in thick.GetSpacing()][:3]
    time = [None] * (thick.GetImageDimension() - 3)
    thin, found = latent_sr.upsample(itk.array_from_image(thick), input_spacing=[*time, *spacing[::-1]], **options)
    np.testing.assert_array_equal(thin.T, np.asarray(expected.dataobj))
    assert thin.flags.c_contiguous
    assert list(found[: len(time)]) == time
    np.testing.assert_allclose(found[len(time) :][::-1], nibabel.affines.voxel_sizes(expected.affine), rtol=1e-6)


def test_xarray_gives_what_the_command_writes(case):
    xarray = pytest.importorskip("xarray")
    file, expected, options = case
    thick = itk.xarray_from_image(latent_sr.read_volume(file))
    thick.attrs["site"] = "A"
    thick = thick.rename("cine").assign_coords(age=41)
    thin = latent_sr.upsample(thick, **options)
    assert isinstance(thin, xarray.DataArray)
    assert (thin.name, thin.dims, thin.attrs["site"], thin.coords["age"]) == ("cine", thick.dims, "A", 41)
    # ITK's own function reads the spacings of 4D arrays in another order than it writes them, so a phase is read.
    image = itk.image_from_xarray(thin[0].assign_attrs(direction=thin.direction[1:, 1:]) if thin.ndim == 4 else thin)
    check(thin.values.T, affine_of_itk(image), expected)
    for dim in thick.dims:
        if thin.sizes[dim] == thick.sizes[dim]:
            np.testing.assert_array_equal(thin[dim], thick[dim])
        else:
            np.testing.assert_allclose(thin[dim][::FACTOR], thick[dim], atol=1e-9)


def test_progress_is_reported_for_all_kinds(tiny_model):
    kinds = [(image_of(phantom(3, 16, 16)), {}), (phantom(3, 16, 16), {"input_spacing": (8, 1.4, 1.4)})]
    for image, geometry in kinds:
        shares = []
        latent_sr.upsample(image, progress=shares.append, model=tiny_model, threads=1, **geometry)
        assert shares == sorted(shares)
        assert 0 < shares[-1] <= 1


LAZY = """
import sys
import itk, latent_sr
image = itk.image_from_array(__import__("numpy").zeros((3, 16, 16), "int16"))
image.SetSpacing([1.4, 1.4, 8.0])
latent_sr.upsample(image, model=sys.argv[1], threads=1)
print([name for name in ("nibabel", "SimpleITK", "monai", "torchio", "latent_sr.objects") if name in sys.modules])
"""


def test_an_itk_image_loads_no_other_library(tiny_model):
    words = [sys.executable, "-c", LAZY, str(tiny_model)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"


# Arrays ---------------------------------------------------------------------------------------------------------------


def test_the_time_axis_of_an_array_may_be_anywhere(tiny_model):
    array = volume(4)
    options = {"model": tiny_model, "threads": 1}
    first, _ = latent_sr.upsample(array, input_spacing=(None, 8, 1.4, 1.4), **options)
    last, spacing = latent_sr.upsample(np.moveaxis(array, 0, 3), input_spacing=(8, 1.4, 1.4, None), **options)
    assert spacing == (4, 1.4, 1.4, None)
    np.testing.assert_array_equal(np.moveaxis(last, 3, 0), first)


def test_axis_is_an_axis_of_the_array(tiny_model):
    array = np.moveaxis(phantom(4, 16, 16), 0, 1)
    thin, spacing = latent_sr.upsample(array, input_spacing=(2, 2, 2), axis=1, model=tiny_model, threads=1)
    assert thin.shape == (16, 7, 16)
    assert spacing == (2, 1, 2)
    thin, affine = latent_sr.upsample(array, affine=np.diag([2, 2, 2, 1]), axis=1, model=tiny_model, threads=1)
    assert thin.shape == (16, 7, 16)
    np.testing.assert_array_equal(affine, np.diag([2, 1, 2, 1]))


def test_the_output_spacing_is_another_option_than_that_of_the_input(tiny_model):
    thin, spacing = latent_sr.upsample(
        phantom(4, 16, 16), input_spacing=(8, 1.4, 1.4), spacing=3, model=tiny_model, threads=1
    )
    assert spacing == (3, 1.4, 1.4)
    assert thin.shape == (9, 16, 16)


@pytest.mark.parametrize(
    ("stored", "returned"),
    [
        ("uint8", "uint8"),
        ("int8", "int16"),
        ("uint16", "uint16"),
        (">i2", "int16"),
        ("int32", "int32"),
        ("uint32", "uint32"),
        ("int64", "float64"),
        ("uint64", "uint64"),
        ("float32", "float32"),
        ("float64", "float64"),
    ],
)
def test_pixel_types_are_converted_as_those_of_files(stored, returned, tiny_model, tmp_path, latent_sr_run):
    array = np.rint(phantom(3, 16, 16) / 8).astype(stored)
    options = {"model": tiny_model, "threads": 1}
    thin, _ = latent_sr.upsample(array.T, affine=np.diag([1.4, 1.4, 8, 1]), **options)
    assert thin.dtype == returned
    nibabel.save(nibabel.Nifti1Image(array.T, np.diag([1.4, 1.4, 8, 1]), dtype=stored), tmp_path / "thick.nii")
    words = ("--model", tiny_model, "--threads", 1)
    assert latent_sr_run("upsample", tmp_path / "thick.nii", tmp_path / "thin.nii", *words).returncode == 0
    expected = nibabel.load(tmp_path / "thin.nii")
    assert expected.get_data_dtype() == returned
    np.testing.assert_array_equal(thin, np.asarray(expected.dataobj))


# nibabel --------------------------------------------------------------------------------------------------------------


def thick_nifti(dtype="int16", kind=nibabel.Nifti1Image):
    """Return a stack of 3 slices in memory."""
    return kind(phantom(3, 16, 16).T.astype(dtype), oblique_affine())


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image, nibabel.Nifti1Pair, nibabel.MGHImage])
def test_the_class_of_nibabel_is_kept(kind, tiny_model):
    thin = latent_sr.upsample(thick_nifti(kind=kind), model=tiny_model, threads=1)
    assert type(thin) is kind
    assert thin.shape == (16, 16, 5)
    np.testing.assert_allclose(thin.affine, oblique_affine() * [1, 1, 0.5, 1], atol=1e-4)


def test_a_class_that_lacks_the_pixel_type_becomes_nifti(tiny_model):
    thick = thick_nifti("float32", nibabel.MGHImage)
    thick = nibabel.MGHImage(np.asarray(thick.dataobj, float), thick.affine, thick.header)
    thin = latent_sr.upsample(thick, model=tiny_model, threads=1)
    assert type(thin) is nibabel.Nifti1Image
    assert thin.get_data_dtype() == np.float64


def test_both_positions_of_nifti_keep_their_codes(tiny_model):
    thick = thick_nifti()
    shifted = thick.affine + np.eye(4, k=3) * 5
    thick.set_sform(thick.affine, 3)
    thick.set_qform(shifted, 1)
    thick.header["slice_code"], thick.header["slice_end"] = 1, 2
    header = latent_sr.upsample(thick, model=tiny_model, threads=1).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (3, 1)
    np.testing.assert_allclose(header.get_sform(), thick.affine * [1, 1, 0.5, 1], atol=1e-4)
    np.testing.assert_allclose(header.get_qform(), shifted * [1, 1, 0.5, 1], atol=1e-4)
    assert (int(header["slice_code"]), int(header["slice_end"])) == (0, 0)


def test_units_of_nifti_are_kept_and_obeyed(tiny_model):
    thick = thick_nifti()
    meters = nibabel.Nifti1Image(np.asarray(thick.dataobj), np.diag([1e-3, 1e-3, 1e-3, 1]) @ thick.affine)
    meters.header.set_xyzt_units("meter", "sec")
    thin = latent_sr.upsample(thick, spacing=2, model=tiny_model, threads=1)
    same = latent_sr.upsample(meters, spacing=2, model=tiny_model, threads=1)
    np.testing.assert_array_equal(np.asarray(same.dataobj), np.asarray(thin.dataobj))
    np.testing.assert_allclose(same.affine, np.diag([1e-3, 1e-3, 1e-3, 1]) @ thin.affine, atol=1e-9)
    assert same.header.get_xyzt_units() == ("meter", "sec")


def test_scaled_values_of_nifti_are_those_of_the_file(tmp_path, latent_sr_run, tiny_model):
    image = thick_nifti()
    image.header.set_slope_inter(0.37, -11)
    scaled = nibabel.Nifti1Image(np.asarray(image.dataobj) * 0.37 - 11, image.affine, image.header)
    nibabel.save(scaled, tmp_path / "thick.nii")
    assert nibabel.load(tmp_path / "thick.nii").dataobj.slope != 1
    words = ("--model", tiny_model, "--threads", 1)
    assert latent_sr_run("upsample", tmp_path / "thick.nii", tmp_path / "thin.nii", *words).returncode == 0
    thin = latent_sr.upsample(nibabel.load(tmp_path / "thick.nii"), model=tiny_model, threads=1)
    check(np.asarray(thin.dataobj), thin.affine, nibabel.load(tmp_path / "thin.nii"))


def test_trailing_axes_of_one_pixel_are_kept(tiny_model):
    thick = thick_nifti()
    thick = nibabel.Nifti1Image(np.asarray(thick.dataobj)[..., None, None], thick.affine)
    assert latent_sr.upsample(thick, model=tiny_model, threads=1).shape == (16, 16, 5, 1, 1)


def test_a_damaged_file_of_nibabel_is_refused_by_name(tmp_path):
    file = tmp_path / "thick.nii"
    nibabel.save(thick_nifti(), file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LatentSRError, match=r"can't read '.*thick\.nii', it is damaged"):
        latent_sr.upsample(nibabel.load(file))


# xarray ---------------------------------------------------------------------------------------------------------------


def labeled(array=None, **coords):
    """Return a data array with dims z, y, x."""
    xarray = pytest.importorskip("xarray")
    array = phantom(3, 16, 16).astype("int16") if array is None else array
    steps = {"z": 8.0, "y": 1.4, "x": 1.4}
    places = {dim: step * np.arange(array.shape["zyx".index(dim)]) for dim, step in steps.items()}
    return xarray.DataArray(array, dims=["z", "y", "x"], coords={**places, **coords})


def test_dims_may_have_any_order_and_coordinates_may_fall(tiny_model):
    options = {"model": tiny_model, "threads": 1}
    thick = labeled()
    expected = latent_sr.upsample(thick, **options)
    moved = latent_sr.upsample(thick.transpose("x", "z", "y"), **options)
    assert moved.dims == ("x", "z", "y")
    np.testing.assert_array_equal(moved.transpose("z", "y", "x"), expected)
    falling = latent_sr.upsample(thick.assign_coords(z=[16.0, 8.0, 0.0]), **options)
    np.testing.assert_array_equal(falling.values, expected.values)
    np.testing.assert_allclose(falling.z, [16, 12, 8, 4, 0])


def test_coordinates_keep_their_attributes_and_those_of_slices_are_left_out(tiny_model):
    thick = labeled().assign_coords(number=("z", [1, 2, 3]), column=("x", np.arange(16)))
    thick.z.attrs["units"] = "mm"
    thin = latent_sr.upsample(thick, model=tiny_model, threads=1)
    assert thin.z.attrs == {"units": "mm"}
    assert sorted(thin.coords) == ["column", "x", "y", "z"]


def test_a_phase_of_a_data_array_may_keep_the_direction_of_all_axes(tiny_model):
    direction = np.flip(np.diag([-1.0, -1.0, 1.0, 1.0]))
    thin = latent_sr.upsample(labeled().assign_attrs(direction=direction), model=tiny_model, threads=1)
    np.testing.assert_array_equal(thin.direction, direction)


def test_times_need_not_be_numbers(tiny_model):
    xarray = pytest.importorskip("xarray")
    times = np.array(["2020-01-01", "2020-01-03"], "datetime64[ns]")
    thick = xarray.concat([labeled(), labeled()], dim=xarray.Variable("t", times))
    thin = latent_sr.upsample(thick, model=tiny_model, threads=1)
    np.testing.assert_array_equal(thin.t, times)
    assert thin.dims == ("t", "z", "y", "x")


# Refusals -------------------------------------------------------------------------------------------------------------

FLAT = np.diag([1.4, 1.4, 8, 1])
SHEARED = np.array([[1, 0, 3, 0], [0, 1, 0, 0], [0, 0, 8, 0], [0, 0, 0, 1.0]])


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({}, "the image is an array, .*: set affine .* or input_spacing .3 numbers"),
        ({"affine": FLAT, "input_spacing": (8, 1, 1)}, "affine and input_spacing exclude each other"),
        ({"affine": np.eye(3)}, r"affine has the shape \[3, 3\], but has to be 4 x 4"),
        ({"affine": "RAS"}, "affine is no matrix of 4 x 4 numbers"),
        ({"affine": FLAT + np.eye(4, k=-3)}, "the last row of affine is 1, 0"),
        ({"input_spacing": 8}, "input_spacing is 8, but has to be 3 numbers"),
        ({"input_spacing": (8, 1.4)}, "input_spacing is 8, 1.4 for a 3D array, but has to be 3 numbers"),
        ({"input_spacing": (None, 1.4, 1.4)}, "input_spacing is None, 1.4, 1.4 for a 3D array"),
        ({"input_spacing": (8, 0, 1.4)}, "input_spacing is 8, 0, 1.4, but has to be positive and finite"),
        ({"input_spacing": (2, 2, 2)}, "slice axis can't be told from input_spacing .2, 2, 2.*: set axis"),
        ({"input_spacing": (8, 1, 1), "axis": 3}, "axis is 3, but has to be 0, 1 or 2"),
        ({"input_spacing": (8, 1, 1), "spacing": (4, 1, 1)}, "spacing is .4, 1, 1., but has to be one number"),
    ],
)
def test_a_wrong_geometry_of_an_array_is_refused(geometry, message):
    with pytest.raises(UsageError, match=message):
        latent_sr.upsample(phantom(3, 16, 16), **geometry)


@pytest.mark.parametrize(
    ("array", "affine", "message"),
    [
        (phantom(3, 16, 16), SHEARED, "'image' is sheared: by its affine, the directions of axes 0 and 2"),
        (phantom(3, 16, 16), np.diag([1.4, np.nan, 8, 1]), "the affine of 'image' is .* has to be finite"),
        (phantom(3, 16, 16), np.diag([1.4, 0, 8, 1]), "the affine of 'image' is .* three directions"),
        (phantom(3, 16, 16)[0], FLAT, "the image is 2D, but has to be 3D or 4D"),
        (phantom(3, 16, 16)[:0], FLAT, r"the image is empty: its size is \[0, 16, 16\]"),
        (phantom(3, 16, 16) > 500, FLAT, "the image has pixels of the type bool, which is not supported"),
        (phantom(3, 16, 16) * 1j, FLAT, "pixels of the type complex128, which is not supported"),
        (phantom(3, 16, 16).astype("float16"), FLAT, "pixels of the type float16, which is not supported"),
    ],
)
def test_an_array_is_refused_as_a_file_is(array, affine, message):
    with pytest.raises(LatentSRError, match=message):
        latent_sr.upsample(array, affine=affine)


def test_a_sheared_image_of_nibabel_is_refused():
    with pytest.raises(LatentSRError, match="is sheared"):
        latent_sr.upsample(nibabel.Nifti1Image(phantom(3, 16, 16), SHEARED))


@pytest.mark.parametrize("name", ["affine", "input_spacing"])
def test_a_geometry_for_an_image_that_has_one_is_refused(name):
    with pytest.raises(UsageError, match=f"{name} is for a numpy.ndarray: an itk.itkImage.* has a geometry of its own"):
        latent_sr.upsample(image_of(phantom(3, 16, 16)), **{name: FLAT})
    with pytest.raises(UsageError, match=f"{name} is for a numpy.ndarray: a nibabel.Nifti1Image has a geometry"):
        latent_sr.upsample(thick_nifti(), **{name: FLAT})


def test_objects_that_are_no_images_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"the image is a list, but has to be an itk\.Image, SimpleITK\.Image, image"):
        latent_sr.upsample([[[1.0]]])
    for name in ("thick.nii", tmp_path):
        with pytest.raises(UsageError, match=r"the image is a file name, .*: read the file by latent_sr.read_volume"):
            latent_sr.upsample(name)


def test_colors_of_simpleitk_are_refused():
    sitk = pytest.importorskip("SimpleITK")
    with pytest.raises(LatentSRError, match=r"has 3 components per pixel \(vector of 8-bit unsigned integer\)"):
        latent_sr.upsample(sitk.Image([8, 8, 3], sitk.sitkVectorUInt8, 3))
    with pytest.raises(LatentSRError, match="the image is 2D"):
        latent_sr.upsample(sitk.Image([8, 8], sitk.sitkUInt8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda array: array.rename(z="slice"), "dims of the image are slice, y, x, but have to be z, y, x, and t"),
        (lambda array: array.drop_vars("y"), "the image has no coordinates along y"),
        (lambda array: array.assign_coords(z=["a", "b", "c"]), "coordinates of the image along z are of the type str"),
        (lambda array: array.assign_coords(z=[0.0, 8.0, 17.0]), "along z are 8 to 9 mm apart, but have to be even"),
        (lambda array: array.assign_coords(z=[0.0, 8.0, np.nan]), "along z are nan to nan mm apart"),
        (lambda array: array.assign_attrs(direction=np.eye(2)), r"direction of the image has the shape \[2, 2\]"),
        (lambda array: array.assign_attrs(direction=np.zeros((3, 3))), "the image: .*[dD]irection"),
        (lambda array: array[0], "the image is 2D"),
    ],
)
def test_a_wrong_data_array_is_refused(change, message):
    with pytest.raises(LatentSRError, match=message):
        latent_sr.upsample(change(labeled()))


# ITK's own function ---------------------------------------------------------------------------------------------------


def test_the_function_of_itk_takes_arrays_and_returns_arrays(tiny_model):
    array = phantom(3, 16, 16).astype(np.float32)
    options = {
        "upsampling_factor": FACTOR,
        "slice_axis": 2,
        "model_file_name": str(tiny_model),
        "number_of_work_units": 1,
    }
    thin = itk.latent_space_super_resolution_image_filter(array, **options)
    assert isinstance(thin, np.ndarray)
    expected = itk.latent_space_super_resolution_image_filter(itk.image_from_array(array), **options)
    np.testing.assert_array_equal(thin, itk.array_from_image(expected))


def test_the_function_of_itk_takes_data_arrays_and_returns_data_arrays(tiny_model):
    xarray = pytest.importorskip("xarray")
    thick = labeled().assign_attrs(direction=np.flip(np.diag([-1.0, -1.0, 1.0])))
    thin = itk.latent_space_super_resolution_image_filter(
        thick, upsampling_factor=FACTOR, model_file_name=str(tiny_model), number_of_work_units=1
    )
    assert isinstance(thin, xarray.DataArray)
    expected = latent_sr.upsample(thick, factor=FACTOR, model=tiny_model, threads=1)
    np.testing.assert_array_equal(thin, expected)
    np.testing.assert_array_equal(thin.direction, expected.direction)
    for dim in thick.dims:
        np.testing.assert_allclose(thin[dim], expected[dim], atol=1e-9)
