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
"""The transform of TorchIO gives what ``latent_sr.upsample`` gives for the same file."""

import copy
import pickle

import itk
import latent_sr
import numpy as np
import pytest
import torch
from conftest import oblique_affine, phantom, write_nifti
from latent_sr.errors import UsageError

nibabel = pytest.importorskip("nibabel")
torchio = pytest.importorskip("torchio")
integration = pytest.importorskip("latent_sr.integrations.torchio")

FACTOR = 3


@pytest.fixture
def options(tiny_model):
    """A small model on one thread."""
    return latent_sr.UpsampleOptions(model=str(tiny_model), factor=FACTOR, threads=1)


@pytest.fixture
def file(tmp_path):
    """A stack of 5 slices."""
    return write_nifti(tmp_path / "thick.nii.gz", phantom(slices=5, rows=20, columns=24))


@pytest.fixture
def subject(file, tmp_path):
    """The stack, and a label map on its grid whose labels are the numbers of the slices."""
    labels = np.broadcast_to(np.arange(5)[:, None, None], (5, 20, 24))
    organ = write_nifti(tmp_path / "organ.nii.gz", labels, dtype="uint8")
    return torchio.Subject(mri=torchio.ScalarImage(file), organ=torchio.LabelMap(organ), age=41)


def test_an_image_becomes_what_the_itk_image_becomes(file, subject, options):
    thin = integration.UpsampleThroughPlane(options)(subject)
    expected = itk.array_from_image(latent_sr.upsample(latent_sr.read_volume(file), options)).T
    np.testing.assert_array_equal(thin.mri.numpy()[0], expected)
    assert thin.mri.data.dtype == torch.int16
    np.testing.assert_allclose(thin.mri.affine, nibabel.load(file).affine * [1, 1, 1 / FACTOR, 1], atol=1e-5)
    assert thin.age == 41
    assert subject.mri.spatial_shape == (24, 20, 5)


def test_label_maps_get_the_nearest_slices_of_the_same_grid(subject, options):
    thin = integration.UpsampleThroughPlane(options)(subject)
    thin.check_consistent_space()
    assert thin.organ.data.dtype == subject.organ.data.dtype
    np.testing.assert_array_equal(thin.organ.numpy()[0, 3, 4], [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])
    halves = integration.UpsampleThroughPlane(options, factor=2)(subject)
    np.testing.assert_array_equal(halves.organ.numpy()[0, 3, 4], [0, 0, 1, 1, 2, 2, 3, 3, 4])
    other = integration.UpsampleThroughPlane(options, factor=None, spacing=3.0)(subject)
    other.check_consistent_space()


def test_images_are_included_and_excluded(subject, options):
    only = integration.UpsampleThroughPlane(options, exclude=["organ"])(subject)
    assert (only.mri.shape, only.organ.shape) == ((1, 24, 20, 13), (1, 24, 20, 5))
    only = integration.UpsampleThroughPlane(options, include=["organ"], keep={"organ": "before"})(subject)
    assert (only.mri.shape, only.organ.shape, only.before.shape) == ((1, 24, 20, 5), (1, 24, 20, 13), (1, 24, 20, 5))


def test_the_transform_takes_every_kind_that_torchio_takes(file, options):
    transform = integration.UpsampleThroughPlane(options)
    expected = itk.array_from_image(latent_sr.upsample(latent_sr.read_volume(file), options)).T
    np.testing.assert_array_equal(transform(torchio.ScalarImage(file)).numpy()[0], expected)
    thin = transform(nibabel.load(file))  # which TorchIO converts to float32
    np.testing.assert_array_equal(np.rint(thin.dataobj), expected)
    np.testing.assert_allclose(thin.affine, oblique_affine() * [1, 1, 1 / FACTOR, 1], atol=1e-4)


def test_the_transform_is_composed_repeated_and_pickled(subject, options):
    compose = torchio.Compose([integration.UpsampleThroughPlane(options), torchio.ToCanonical()])
    thin = compose(subject)
    assert "UpsampleThroughPlane(options=UpsampleOptions(factor=3" in repr(compose)
    repeated = thin.get_composed_history()(subject)
    np.testing.assert_array_equal(repeated.mri.data, thin.mri.data)
    again = pickle.loads(pickle.dumps(compose))
    np.testing.assert_array_equal(again(subject).mri.data, thin.mri.data)
    np.testing.assert_array_equal(copy.deepcopy(compose)(subject).mri.data, thin.mri.data)


def test_a_worker_of_a_loader_gives_the_same(subject, options):
    transform = integration.UpsampleThroughPlane(options)
    dataset = torchio.SubjectsDataset([subject], transform)
    (batch,) = torchio.SubjectsLoader(dataset, batch_size=1, num_workers=1)
    np.testing.assert_array_equal(batch["mri"]["data"][0], transform(subject).mri.data)


def test_wrong_arguments_are_refused():
    with pytest.raises(UsageError, match="factor is 0"):
        integration.UpsampleThroughPlane(factor=0)
    with pytest.raises(TypeError, match="faktor"):
        integration.UpsampleThroughPlane(faktor=2)
