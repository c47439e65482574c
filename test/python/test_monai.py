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
"""The transforms of MONAI give what ``latent_sr.upsample`` gives for the same file."""

import pickle

import itk
import latent_sr
import numpy as np
import pytest
import torch
from conftest import oblique_affine, phantom, write_nifti
from latent_sr.errors import LatentSRError, UsageError

monai = pytest.importorskip("monai")
transforms = pytest.importorskip("monai.transforms")
integration = pytest.importorskip("latent_sr.integrations.monai")

FACTOR = 3


@pytest.fixture
def options(tiny_model):
    """A small model on one thread."""
    return latent_sr.UpsampleOptions(model=str(tiny_model), factor=FACTOR, threads=1)


@pytest.fixture
def file(tmp_path):
    """A stack of 5 slices."""
    return write_nifti(tmp_path / "thick.nii.gz", phantom(slices=5, rows=20, columns=24))


def load(*last, dtype=np.int16):
    """Return a composition that loads an image and applies transforms."""
    first = transforms.LoadImaged("image", dtype=dtype), transforms.EnsureChannelFirstd("image")
    return transforms.Compose([*first, *last])


def expected_of(file, options):
    """Return the array of the ITK image of a file, with axes i, j, k and time, and its affine matrix (RAS)."""
    nibabel = pytest.importorskip("nibabel")
    thin = latent_sr.upsample(latent_sr.read_volume(file), options)
    affine = nibabel.load(file).affine * [1, 1, 1 / FACTOR, 1]
    return itk.array_from_image(thin).T, affine


def test_a_loaded_image_becomes_what_the_itk_image_becomes(file, options):
    thick = load()({"image": file})["image"]
    thin = load(integration.UpsampleThroughPlaned("image", options))({"image": file})["image"]
    values, affine = expected_of(file, options)
    assert isinstance(thin, monai.data.MetaTensor)
    assert thin.dtype == torch.int16
    np.testing.assert_array_equal(thin[0], values)
    np.testing.assert_allclose(thin.affine, affine, atol=1e-5)
    np.testing.assert_allclose(thin.pixdim, [1.4, 1.4, 8 / FACTOR], atol=1e-5)
    assert thin.meta["filename_or_obj"] == thick.meta["filename_or_obj"]
    np.testing.assert_allclose(thin.meta["pixdim"][1:4], [1.4, 1.4, 8 / FACTOR], atol=1e-5)


def test_values_of_another_type_are_computed_in_it(file, options):
    thin = load(integration.UpsampleThroughPlaned("image", options), dtype=np.float32)({"image": file})["image"]
    image = latent_sr.read_volume(file)
    image = image.astype(itk.F)
    np.testing.assert_array_equal(thin[0], itk.array_from_image(latent_sr.upsample(image, options)).T)


def test_spacing_after_upsampling_starts_from_the_new_grid(file, options):
    after = transforms.Spacingd("image", pixdim=(1.4, 1.4, 8 / FACTOR))
    thin = load(integration.UpsampleThroughPlaned("image", options))({"image": file})["image"]
    same = load(integration.UpsampleThroughPlaned("image", options), after)({"image": file})["image"]
    assert same.shape == thin.shape
    np.testing.assert_allclose(same, thin, atol=1.5)


def test_channels_are_volumes_and_a_fifth_axis_is_time(options):
    array = np.stack([phantom(3, 16, 16, seed).T for seed in range(2)]).astype(np.int16)
    affine = oblique_affine()
    transform = integration.UpsampleThroughPlane(options)
    thin = transform(monai.data.MetaTensor(array, affine=torch.as_tensor(affine)))
    assert thin.shape == (2, 16, 16, 7)
    for channel in range(2):
        expected, _ = latent_sr.upsample(array[channel], options, affine=affine)
        np.testing.assert_array_equal(thin[channel], expected)
    cine = transform(monai.data.MetaTensor(np.moveaxis(array, 0, 3)[None], affine=torch.as_tensor(affine)))
    expected, _ = latent_sr.upsample(np.moveaxis(array, 0, 3), options, affine=affine)
    np.testing.assert_array_equal(cine[0], expected)


def test_the_inverse_takes_the_slices_at_the_acquired_ones(file, options):
    for change in ({}, {"factor": None, "spacing": 3.0}):
        compose = load(integration.UpsampleThroughPlaned("image", options, **change))
        thick = load()({"image": file})["image"]
        thin = compose({"image": file})
        back = compose.transforms[-1].inverse(thin)["image"]
        assert back.shape == thick.shape
        np.testing.assert_array_equal(back.affine, thick.affine)
        assert [step["class"] for step in back.applied_operations] == [s["class"] for s in thick.applied_operations]
        places = np.rint(np.arange(5) * 8 / (8 / FACTOR if not change else 3.0)).astype(int)
        chosen = np.minimum(places, thin["image"].shape[3] - 1)
        np.testing.assert_array_equal(back, thin["image"][..., chosen])


def test_acquired_slices_come_back_where_they_are_kept(file, options):
    compose = load(integration.UpsampleThroughPlaned("image", options, mode="preserve-acquired"))
    back = compose.inverse(compose({"image": file}))["image"]
    np.testing.assert_array_equal(np.ravel(back), np.ravel(load()({"image": file})["image"]))


def test_a_worker_of_a_data_loader_gives_the_same(file, options):
    compose = load(integration.UpsampleThroughPlaned("image", options))
    dataset = monai.data.Dataset([{"image": str(file)}], compose)
    (batch,) = monai.data.DataLoader(dataset, batch_size=1, num_workers=1)
    np.testing.assert_array_equal(batch["image"][0], compose({"image": file})["image"])
    again = pickle.loads(pickle.dumps(compose))
    np.testing.assert_array_equal(again({"image": file})["image"], batch["image"][0])


def test_missing_keys_are_allowed_on_demand(options):
    assert integration.UpsampleThroughPlaned("image", options, allow_missing_keys=True)({}) == {}
    with pytest.raises(KeyError):
        integration.UpsampleThroughPlaned("image", options)({})


def test_images_that_can_not_be_upsampled_are_refused(options):
    transform = integration.UpsampleThroughPlane(options)
    with pytest.raises(UsageError, match="a Tensor, which has no affine matrix, but has to be a MetaTensor"):
        transform(torch.zeros(1, 16, 16, 3))
    with pytest.raises(LatentSRError, match=r"has the shape \[16, 16, 3\], but has to have channels and 3 axes"):
        transform(monai.data.MetaTensor(torch.zeros(16, 16, 3)))
    affine = torch.diag(torch.tensor([1.0, 1.0, 8.0, 1.0]))
    for dtype in (torch.float16, torch.bfloat16, torch.bool):
        with pytest.raises(LatentSRError, match="which is not supported"):
            transform(monai.data.MetaTensor(torch.zeros(1, 16, 16, 3, dtype=dtype), affine=affine))
    with pytest.raises(UsageError, match="there is no option 'faktor'"):
        integration.UpsampleThroughPlaned("image", faktor=2)
    with pytest.raises(UsageError, match="factor is 0"):
        integration.UpsampleThroughPlane(factor=0)


def test_names_follow_monai():
    assert (
        integration.UpsampleThroughPlaneD is integration.UpsampleThroughPlaneDict is integration.UpsampleThroughPlaned
    )
