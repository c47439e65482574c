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
"""Label maps along with a volume: --labels."""

import itk
import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.volumes.images import grid_of_image, image_of_array
from test_command_line import assert_one_line_error


@pytest.fixture
def words(thick, tiny_model, tmp_path):
    return ("upsample", thick, tmp_path / "thin.nii", "--model", tiny_model)


@pytest.fixture
def labels(thick, tmp_path):
    """Two discs with the labels 3 and 700."""
    grid = grid_of_image(latent_sr.read_volume(thick))
    y, x = np.mgrid[:44, :48]
    array = np.zeros((7, 44, 48), np.int16)
    for z in range(7):
        array[z][(x - 16) ** 2 + (y - 20) ** 2 < (4 + z) ** 2] = 3
        array[z][(x - 36) ** 2 + (y - 20) ** 2 < 36] = 700
    path = tmp_path / "seg.nii.gz"
    itk.imwrite(image_of_array(array, grid, "SS"), str(path))
    return path


@pytest.mark.parametrize("grid", [("--factor", 3), ("--spacing", 2.5), ("--isotropic",), ("--isotropic", 2.0)])
def test_the_label_map_has_the_grid_of_the_output(latent_sr_run, words, labels, tmp_path, grid):
    output = tmp_path / "new" / "seg.nii.gz"
    result = latent_sr_run(*words, "--labels", labels, "--labels-output", output, *grid)
    assert result.returncode == 0, result.stderr
    thin, found = (latent_sr.read_volume(path) for path in (tmp_path / "thin.nii", output))
    assert grid_of_image(found).size == grid_of_image(thin).size
    assert grid_of_image(found).origin == pytest.approx(grid_of_image(thin).origin, abs=1e-4)
    assert grid_of_image(found).spacing == pytest.approx(grid_of_image(thin).spacing, abs=1e-4)
    values = itk.array_from_image(found)
    assert values.dtype == np.int16
    assert set(np.unique(values)) == {0, 3, 700}


def test_acquired_slices_are_kept_and_shapes_change_gradually(latent_sr_run, words, labels, tmp_path):
    words = (*words, "--factor", 4, "--labels", labels, "--labels-output", tmp_path / "out.nii")
    assert latent_sr_run(*words).returncode == 0
    before = itk.array_from_image(latent_sr.read_volume(labels))
    after = itk.array_from_image(latent_sr.read_volume(tmp_path / "out.nii"))
    np.testing.assert_array_equal(after[::4], before)
    areas = (after == 3).sum(axis=(1, 2))
    assert (np.diff(areas) >= 0).all()
    assert (after[1] == 3).sum() < (after[3] == 3).sum()


def test_labels_of_32_bits_keep_their_type(latent_sr_run, words, labels, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    given = nibabel.load(labels)
    array = np.asarray(given.dataobj).astype(np.int32) * 100_000
    nibabel.save(nibabel.Nifti1Image(array, given.affine), tmp_path / "wide.nii")
    result = latent_sr_run(*words, "--labels", tmp_path / "wide.nii", "--labels-output", tmp_path / "out.nii")
    assert result.returncode == 0, result.stderr
    found = nibabel.load(tmp_path / "out.nii")
    assert found.get_data_dtype() == np.int32
    assert set(np.unique(found.dataobj)) == {0, 300_000, 70_000_000}


def test_a_label_map_that_is_refused_leaves_no_output(latent_sr_run, words, thick, tmp_path):
    values = latent_sr.read_volume(thick)
    grid = grid_of_image(values)
    broken = image_of_array(itk.array_from_image(values) + 0.5, grid, "F")
    itk.imwrite(broken, str(tmp_path / "broken.nii"))
    before = sorted(tmp_path.iterdir())
    result = latent_sr_run(*words, "--labels", tmp_path / "broken.nii", "--labels-output", tmp_path / "l.nii")
    assert_one_line_error(result, 1, "whole numbers")
    assert sorted(tmp_path.iterdir()) == before


def test_what_does_not_fit_is_refused(latent_sr_run, words, labels, tiny_model, tmp_path):
    output = ("--labels-output", tmp_path / "out.nii")
    other = write_nifti(tmp_path / "other.nii", phantom(5))
    moved = write_nifti(tmp_path / "moved.nii", phantom(), np.diag([-1.4, -1.4, 8.0, 1.0]) + np.eye(4, k=3) * 9)
    assert_one_line_error(latent_sr_run(*words, "--labels", labels), 2, "--labels-output")
    assert_one_line_error(latent_sr_run(*words, *output), 2, "--labels")
    assert_one_line_error(latent_sr_run(*words, "--labels", other, *output), 1, "other.nii", "5 pixels", "7 pixels")
    assert_one_line_error(latent_sr_run(*words, "--labels", moved, *output), 1, "moved.nii", "origin")
    assert_one_line_error(latent_sr_run(*words, "--labels", tmp_path / "no.nii", *output), 1, "no.nii")
    assert not (tmp_path / "out.nii").exists()
    assert not (tmp_path / "thin.nii").exists()
