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
"""Isotropic outputs, and outputs on the grid of another volume."""

import re

import itk
import latent_sr
import numpy as np
import pytest
from conftest import phantom
from latent_sr.grids import covered_share, interpolate, isotropic_grid, spacing_for
from latent_sr.volumes.images import Grid, grid_of_image, image_of_array
from test_command_line import assert_one_line_error

OBLIQUE = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])


def image(spacing=(1.4, 1.4, 8.0), direction=None, size=(48, 44, 7)):
    grid = Grid(size, spacing, (5.0, -3.0, 2.0), np.eye(3) if direction is None else direction)
    return image_of_array(phantom(size[2], size[1], size[0]), grid, "F")


def linear_ramp(grid):
    """An image whose values are a linear function of the position."""
    points = np.stack(np.meshgrid(*(np.arange(n) for n in grid.size), indexing="ij"), -1).reshape(-1, 3)
    positions = np.array(grid.origin) + (points * np.array(grid.spacing)) @ np.asarray(grid.direction).T
    values = (100 + positions @ [1.0, -2.0, 0.5]).reshape(grid.size).transpose(2, 1, 0)
    return image_of_array(values.astype(np.float32), grid, "F")


def test_isotropic_is_the_spacing_in_plane(tiny_model):
    result = latent_sr.upsample(image(), isotropic=True, model=tiny_model, threads=1)
    same = latent_sr.upsample(image(), spacing=1.4, model=tiny_model, threads=1)
    np.testing.assert_array_equal(itk.array_from_image(result), itk.array_from_image(same))
    assert [float(s) for s in result.GetSpacing()] == pytest.approx([1.4] * 3)


def test_isotropic_with_a_number_is_the_spacing_along_all_axes(tiny_model):
    result = latent_sr.upsample(image(), isotropic=2.0, model=tiny_model)
    grid = grid_of_image(result)
    assert grid.spacing == pytest.approx((2.0, 2.0, 2.0))
    # The first pixel keeps its place, and the last one lies inside.
    assert grid.size == (1 + int(47 * 1.4 / 2), 1 + int(43 * 1.4 / 2), 1 + 6 * 4)
    assert grid.origin == pytest.approx((5.0, -3.0, 2.0))


def test_unequal_spacings_in_plane_become_the_smaller_one(tiny_model):
    result = latent_sr.upsample(image(spacing=(1.0, 2.0, 8.0)), isotropic=True, model=tiny_model)
    assert grid_of_image(result).spacing == pytest.approx((1.0, 1.0, 1.0))
    assert grid_of_image(result).size == (48, 87, 49)


def test_interpolation_keeps_linear_functions_of_the_position():
    source = Grid((20, 18, 16), (1.0, 1.2, 2.0), (3.0, 4.0, 5.0), OBLIQUE)
    flipped = OBLIQUE @ np.diag([-1.0, 1.0, -1.0])
    inner = np.array(source.origin) + OBLIQUE @ (np.array([14, 5, 10]) * np.array(source.spacing))
    target = Grid((5, 4, 6), (0.9, 1.1, 0.7), tuple(inner), flipped)
    found = interpolate(linear_ramp(source), target)
    expected = linear_ramp(target)
    np.testing.assert_allclose(itk.array_from_image(found), itk.array_from_image(expected), rtol=0, atol=2e-2)
    assert grid_of_image(found).origin == pytest.approx(target.origin)


def test_pixels_outside_of_the_volume_are_0_and_integers_are_rounded():
    grid = Grid((8, 8, 8), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), np.eye(3))
    source = image_of_array(np.full((8, 8, 8), 7, np.int16), grid, "SS")
    found = itk.array_from_image(interpolate(source, Grid((12, 8, 8), (0.9, 1.0, 1.0), (0.0, 0.0, 0.0), np.eye(3))))
    assert set(np.unique(found)) == {0, 7}
    assert (found[:, :, -1] == 0).all()


def test_the_reference_decides_the_slice_spacing():
    stack = image()
    thin = image(spacing=(1.0, 1.0, 1.5))
    assert spacing_for(thin, stack, 2) == pytest.approx(1.5)
    # The reference's second axis points along the slices' normal.
    turned = image(spacing=(1.0, 0.7, 1.5), direction=np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]))
    assert spacing_for(turned, stack, 2) == pytest.approx(0.7)
    assert spacing_for(image(spacing=(1.0, 1.0, 12.0)), stack, 2) == pytest.approx(8.0)


@pytest.mark.parametrize("direction", [np.eye(3), OBLIQUE, np.diag([-1.0, 1.0, -1.0])])
def test_the_output_has_the_grid_of_the_reference(latent_sr_run, tiny_model, tmp_path, direction):
    stack = image(direction=direction)
    grid = Grid((30, 32, 20), (1.7, 1.6, 1.9), (10.0, 2.0, 6.0), direction)
    reference = image_of_array(np.zeros((20, 32, 30)), grid, "F")
    for name, volume in (("thick", stack), ("reference", reference)):
        itk.imwrite(volume, str(tmp_path / f"{name}.nii"))
    words = ("--model", tiny_model, "--reference", tmp_path / "reference.nii", "--threads", 1)
    result = latent_sr_run("upsample", tmp_path / "thick.nii", tmp_path / "out.nii", *words)
    assert result.returncode == 0, result.stderr
    found = latent_sr.read_volume(tmp_path / "out.nii")
    there = grid_of_image(latent_sr.read_volume(tmp_path / "reference.nii"))
    assert grid_of_image(found).size == there.size
    for a, b in zip(
        grid_of_image(found).origin + grid_of_image(found).spacing, there.origin + there.spacing, strict=True
    ):
        assert a == pytest.approx(b, abs=1e-4)
    here = latent_sr.read_volume(tmp_path / "thick.nii")
    reference = latent_sr.read_volume(tmp_path / "reference.nii")
    expected = latent_sr.upsample(here, reference=reference, model=tiny_model, threads=1)
    np.testing.assert_array_equal(itk.array_from_image(found), itk.array_from_image(expected))


def test_an_image_that_starts_at_another_index_keeps_its_place(tiny_model):
    whole = image()
    region = itk.ImageRegion[3]([8, 4, 1], [36, 36, 5])
    part = itk.extract_image_filter(whole, extraction_region=region, direction_collapse_to_strategy=1)
    assert list(part.GetLargestPossibleRegion().GetIndex()) == [8, 4, 1]
    # The same pixels, with an index that begins at 0.
    moved = image_of_array(itk.array_from_image(part), grid_of_image(part), "F")
    assert list(moved.GetOrigin()) == pytest.approx([5.0 + 8 * 1.4, -3.0 + 4 * 1.4, 2.0 + 8.0])
    reference = image_of_array(np.zeros((9, 12, 11)), Grid((11, 12, 9), (2, 2, 2), (20.0, 6.0, 14.0), np.eye(3)), "F")
    start = itk.extract_image_filter(
        reference, extraction_region=itk.ImageRegion[3]([3, 2, 1], [8, 8, 8]), direction_collapse_to_strategy=1
    )
    for grid in ({"isotropic": 2.0}, {"reference": reference}, {"reference": start}):
        options = latent_sr.UpsampleOptions(model=tiny_model, threads=1, **grid)
        found, expected = (latent_sr.upsample(source, options) for source in (part, moved))
        assert list(found.GetOrigin()) == pytest.approx(list(expected.GetOrigin()))
        np.testing.assert_array_equal(itk.array_from_image(found), itk.array_from_image(expected))
        assert itk.array_from_image(found).max() > 0
    first = latent_sr.upsample(part, reference=start, model=tiny_model)
    assert list(first.GetOrigin()) == pytest.approx([26.0, 10.0, 16.0])


def test_images_that_are_not_up_to_date_are_updated(tiny_model):
    cast = itk.CastImageFilter[itk.Image[itk.F, 3], itk.Image[itk.F, 3]].New(image())
    expected = latent_sr.upsample(image(), isotropic=2.0, model=tiny_model, threads=1)
    found = latent_sr.upsample(cast.GetOutput(), isotropic=2.0, model=tiny_model, threads=1)
    np.testing.assert_array_equal(itk.array_from_image(found), itk.array_from_image(expected))
    cast = itk.CastImageFilter[itk.Image[itk.F, 3], itk.Image[itk.F, 3]].New(image(spacing=(1.4, 1.4, 4.0)))
    found = latent_sr.upsample(image(), reference=cast.GetOutput(), model=tiny_model)
    assert itk.size(found)[2] == 7
    with pytest.raises(latent_sr.UsageError, match="reference has to be"):
        latent_sr.upsample(image(), reference=np.zeros((3, 4, 5)), model=tiny_model)


def test_a_reference_that_lies_mostly_outside_is_warned_of(latent_sr_run, tiny_model, tmp_path):
    stack = image()
    itk.imwrite(stack, str(tmp_path / "thick.nii"))
    here = grid_of_image(stack)
    # A quarter of it lies inside along the first axis.
    side = here.size[0] * here.spacing[0]
    origin = (here.origin[0] + 0.75 * side, *here.origin[1:])
    shifted = image_of_array(itk.array_from_image(stack), Grid(here.size, here.spacing, origin, here.direction), "F")
    itk.imwrite(shifted, str(tmp_path / "shifted.nii"))
    words = ("upsample", tmp_path / "thick.nii", tmp_path / "out.nii", "--model", tiny_model)
    result = latent_sr_run(*words, "--reference", tmp_path / "shifted.nii")
    assert result.returncode == 0, result.stderr
    share = int(re.search(r"(\d+) % of the reference lie outside of it and become 0", result.stderr)[1])
    assert share == pytest.approx(75, abs=5)
    assert covered_share(stack, stack) == 1.0
    # A reference between two pixels has none inside, but it is inside.
    origin = (here.origin[0] - 0.3, *here.origin[1:])
    huge = Grid((2, 2, 2), (1e4, 1e4, 1e4), tuple(o - 3e3 for o in origin), here.direction)
    assert covered_share(image_of_array(np.zeros((2, 2, 2)), huge, "F"), stack) == 0.0


def test_every_phase_gets_the_grid(tiny_model, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    phases = np.stack([phantom(seed=seed).transpose(2, 1, 0) for seed in range(2)], -1)
    nibabel.save(nibabel.Nifti1Image(phases, np.diag([1.4, 1.4, 8.0, 1.0])), tmp_path / "cine.nii")
    cine = latent_sr.read_volume(tmp_path / "cine.nii")
    # The automatic window is that of all phases.
    options = latent_sr.UpsampleOptions(isotropic=2.0, model=tiny_model, threads=1, window=(0, 800))
    result = latent_sr.upsample(cine, options)
    one = latent_sr.upsample(latent_sr.read_volume(tmp_path / "cine.nii", phase=1), options)
    assert result.GetImageDimension() == 4
    np.testing.assert_array_equal(itk.array_from_image(result)[1], itk.array_from_image(one))


def test_the_isotropic_grid_of_an_isotropic_volume_is_its_own():
    cube = image(spacing=(1.5, 1.5, 1.5))
    assert isotropic_grid(cube, 2, 1.5).size == grid_of_image(cube).size
    assert interpolate(cube, grid_of_image(cube)) is cube


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"factor": 2, "isotropic": True}, ["factor 2", "isotropic True", "exclude each other"]),
        ({"spacing": 2.0, "reference": "x.nii"}, ["spacing 2 mm", "reference"]),
        ({"isotropic": -1.0}, ["isotropic is -1 mm", "positive"]),
    ],
)
def test_contradicting_grids_are_refused(options, parts):
    with pytest.raises(latent_sr.UsageError) as failure:
        latent_sr.UpsampleOptions(**options).check()
    assert all(part in str(failure.value) for part in parts)


def test_a_missing_reference_and_dicom_outputs_are_refused(latent_sr_run, thick, tmp_path):
    words = ("upsample", thick, tmp_path / "a.nii", "--reference", tmp_path / "none.nii")
    assert_one_line_error(latent_sr_run(*words), 1, "none.nii", "does not exist")
    words = ("upsample", thick, tmp_path / "folder", "--output-format", "dicom", "--isotropic", 2)
    assert_one_line_error(latent_sr_run(*words), 2, "--isotropic MM", "--output-format dicom")
