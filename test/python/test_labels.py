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
"""``latent_sr.upsample_labels`` and the filter that it calls."""

import itk
import latent_sr
import numpy as np
import pytest
from conftest import image_of

LABELS = np.array([0, 1, 2, 5])


def label_map(slices=4, rows=20, columns=24):
    """Discs of three labels that grow and move: (slices, rows, columns)."""
    z, y, x = np.mgrid[:slices, :rows, :columns]
    volume = np.zeros((slices, rows, columns), int)
    volume[np.hypot(y - 9, x - 9 - z) < 5 + z / 2] = 1
    volume[np.hypot(y - 9, x - 9 - z) < 3] = 2
    volume[np.hypot(y - 15, x - 20) < 2.5] = 5
    return volume


def grid(image):
    region = image.GetLargestPossibleRegion()
    direction = itk.array_from_matrix(image.GetDirection())
    return list(region.GetIndex()), list(region.GetSize()), list(image.GetSpacing()), list(image.GetOrigin()), direction


def assert_same_grid(one, other):
    for a, b in zip(grid(one), grid(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "uint64", "float32", "float64"])
def test_every_pixel_type_gives_the_same_labels(dtype):
    labels = image_of(label_map(), dtype=dtype)
    thin = latent_sr.upsample_labels(labels, factor=3)
    assert type(thin) is type(labels)
    array = itk.array_from_image(thin)
    np.testing.assert_array_equal(array[::3], label_map())
    assert set(np.unique(array)) <= set(LABELS)
    np.testing.assert_array_equal(
        array, itk.array_from_image(latent_sr.upsample_labels(image_of(label_map()), factor=3))
    )


def test_numbers_of_labels_may_be_large_and_negative():
    names = np.array([-(2**31), -7, 0, 0, 0, 2**31 - 1])
    thin = latent_sr.upsample_labels(image_of(names[label_map()], dtype="int32"), factor=2)
    plain = latent_sr.upsample_labels(image_of(label_map()), factor=2)
    np.testing.assert_array_equal(itk.array_from_image(thin), names[itk.array_from_image(plain)])


@pytest.mark.parametrize("options", [{}, {"factor": 1}, {"factor": 5}, {"spacing": 3.0}, {"factor": 2, "axis": 1}])
def test_the_grid_is_that_of_the_up_sampled_volume(options, tiny_model):
    labels = image_of(label_map())
    labels.SetOrigin([3.0, -4.0, 50.0])
    labels.SetDirection(itk.matrix_from_array(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])))
    volume = latent_sr.upsample(labels, model=str(tiny_model), **options)
    assert_same_grid(latent_sr.upsample_labels(labels, **options), volume)
    numbered = itk.cast_image_filter(labels, ttype=(type(labels), itk.Image[itk.SI, 3]))
    assert_same_grid(latent_sr.upsample_labels(numbered, **options), volume)


def test_the_phases_of_a_4d_map_are_separate():
    phases = np.stack([label_map(), label_map()[::-1], np.roll(label_map(), 3, axis=2)])
    labels = itk.image_from_array(phases.astype("uint8"))
    labels.SetSpacing([1.4, 1.4, 8.0, 30.0])
    thin = itk.array_from_image(latent_sr.upsample_labels(labels, factor=4))
    assert thin.shape == (3, 13, 20, 24)
    for phase, volume in zip(thin, phases, strict=True):
        single = latent_sr.upsample_labels(image_of(volume, dtype="uint8"), factor=4)
        np.testing.assert_array_equal(phase, itk.array_from_image(single))


def test_threads_change_nothing_and_progress_is_reported():
    labels = image_of(label_map(slices=9))
    shares = []
    one = latent_sr.upsample_labels(labels, factor=3, threads=1, progress=shares.append)
    two = latent_sr.upsample_labels(labels, factor=3, threads=2)
    np.testing.assert_array_equal(itk.array_from_image(one), itk.array_from_image(two))
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_error_of_the_progress_function_ends_it():
    def fail(_share):
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        latent_sr.upsample_labels(image_of(label_map()), progress=fail)


def test_itk_has_it_as_a_function():
    labels = image_of(label_map())
    thin = itk.shape_based_label_interpolation_image_filter(labels, upsampling_factor=3)
    expected = latent_sr.upsample_labels(labels, factor=3)
    np.testing.assert_array_equal(itk.array_from_image(thin), itk.array_from_image(expected))


REFUSALS = {
    "factor is 0, but has to be at least 1": {"factor": 0},
    "spacing is -2 mm, but has to be positive": {"spacing": -2.0},
    "factor 2 and spacing 3 mm exclude each other": {"factor": 2, "spacing": 3.0},
    "axis is 3, but has to be 0, 1 or 2": {"axis": 3},
    "axis is -1, but has to be 0, 1 or 2": {"axis": -1},
}


@pytest.mark.parametrize("message", REFUSALS)
def test_wrong_options_are_refused(message):
    with pytest.raises(latent_sr.UsageError, match=message):
        latent_sr.upsample_labels(image_of(label_map()), **REFUSALS[message])


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.5"), (np.nan, "nan"), (np.inf, "inf")])
def test_pixels_that_are_no_labels_are_refused(value, shown):
    volume = label_map().astype(float)
    volume[1, 2, 3] = value
    message = rf"a pixel of {shown} at index \[3, 2, 1\], but labels have to be whole numbers"
    with pytest.raises(latent_sr.LatentSRError, match=message):
        latent_sr.upsample_labels(image_of(volume, dtype="float32"))


def test_a_flat_image_and_an_ambiguous_axis_are_refused():
    with pytest.raises(latent_sr.LatentSRError, match="2D, but has to be 3D or 4D"):
        latent_sr.upsample_labels(itk.image_from_array(np.zeros((4, 4), "uint8")))
    with pytest.raises(latent_sr.LatentSRError, match="axes 0 and 1 both have 2 mm"):
        latent_sr.upsample_labels(image_of(label_map(), (2.0, 2.0, 1.0)))


def dice(one, other):
    return 2 * np.sum(one & other) / (np.sum(one) + np.sum(other))


@pytest.mark.parametrize(
    ("name", "threshold"),
    [("brain/openfmri/sub-11.nii.gz", 150), ("cardiac/autofd/subjectF_sa_ED.nii.gz", 100), ("ct/*.nii.gz", -300)],
)
def test_dropped_slices_of_real_maps_are_closer_than_the_nearest_ones(shared, name, threshold):
    """The real volumes are in LATENT_SR_SHARED."""
    folder = shared("data")
    image = latent_sr.read_volume(next(iter(sorted(folder.glob(name)))))
    mask = itk.array_from_image(image) > threshold
    kept = mask[: (len(mask) - 1) // 2 * 2 + 1 : 2]
    spacing = [float(value) for value in image.GetSpacing()]
    labels = image_of(kept, (*spacing[:2], 2 * spacing[2]), "uint8")
    thin = itk.array_from_image(latent_sr.upsample_labels(labels, factor=2, axis=2)).astype(bool)
    dropped = mask[1 : len(thin) : 2]
    assert dice(thin[1::2], dropped) > dice(kept[:-1], dropped)
    assert dice(thin[1::2], dropped) > dice(kept[1:], dropped)


def test_masks_of_truth_values_are_taken_and_returned():
    xarray = pytest.importorskip("xarray")
    mask = np.zeros((3, 12, 12), bool)
    mask[0, 3:9, 3:9] = mask[1, 4:8, 4:8] = True
    expected, *_ = latent_sr.upsample_labels(mask.astype(np.uint8), factor=3, input_spacing=(8.0, 1.4, 1.4))
    found, *place = latent_sr.upsample_labels(mask, factor=3, input_spacing=(8.0, 1.4, 1.4))
    assert found.dtype == bool
    assert found.shape == (7, 12, 12)
    assert place
    np.testing.assert_array_equal(found, expected != 0)
    coords = {"z": np.arange(3) * 8.0, "y": np.arange(12) * 1.4, "x": np.arange(12) * 1.4}
    thin = latent_sr.upsample_labels(xarray.DataArray(mask, coords, ("z", "y", "x")), factor=3)
    assert thin.dtype == bool
    np.testing.assert_array_equal(thin.values, found)


def test_labels_that_double_precision_can_not_tell_apart_are_refused():
    labels = (np.uint64(2**53) + np.arange(3 * 12 * 12, dtype=np.uint64) % 5).reshape(3, 12, 12)
    with pytest.raises(latent_sr.LatentSRError, match="9007199254740992 or more"):
        latent_sr.upsample_labels(labels, input_spacing=(8.0, 1.4, 1.4))


def test_a_label_map_of_simpleitk_is_refused_instead_of_ending_the_process():
    sitk = pytest.importorskip("SimpleITK")
    labels = sitk.Cast(sitk.Image(8, 8, 3, sitk.sitkUInt8), sitk.sitkLabelUInt8)
    with pytest.raises(latent_sr.LatentSRError, match="LabelMapToLabel"):
        latent_sr.upsample_labels(labels)


def kinds_of(labels):
    """The same label map as objects of other libraries, with the parameters that they need, and the way to an array."""
    nibabel, sitk = pytest.importorskip("nibabel"), pytest.importorskip("SimpleITK")
    affine = np.diag([1.4, 1.4, 8.0, 1.0])
    simple = sitk.GetImageFromArray(labels)
    simple.SetSpacing([1.4, 1.4, 8.0])
    return {
        "nibabel": (nibabel.Nifti1Image(labels.T, affine), {}, lambda thin: np.asarray(thin.dataobj).T),
        "SimpleITK": (simple, {}, sitk.GetArrayFromImage),
        "affine": (labels.T, {"affine": affine}, lambda thin: thin[0].T),
        "spacings": (labels, {"input_spacing": (8.0, 1.4, 1.4)}, lambda thin: thin[0]),
    }


@pytest.mark.parametrize("kind", ["nibabel", "SimpleITK", "affine", "spacings"])
@pytest.mark.parametrize("grid", [{"factor": 3}, {"isotropic": 2.0}])
def test_all_kinds_of_images_give_the_same_labels(kind, grid):
    labels = label_map().astype("uint8")
    image, parameters, array_of = kinds_of(labels)[kind]
    thin = latent_sr.upsample_labels(image, **grid, **parameters)
    expected = latent_sr.upsample_labels(image_of(labels, dtype="uint8"), **grid)
    np.testing.assert_array_equal(array_of(thin), itk.array_from_image(expected))


@pytest.mark.parametrize("options", [{"isotropic": True}, {"isotropic": 2.0}, {"reference": "other"}])
def test_isotropic_and_reference_grids_are_those_of_the_volume(options, tiny_model):
    labels = image_of(label_map())
    if "reference" in options:
        other = image_of(np.zeros((9, 15, 17)), (2.0, 1.9, 3.0))
        other.SetOrigin([-2.0, 1.0, 3.0])
        options = {"reference": other}
    volume = latent_sr.upsample(labels, model=str(tiny_model), **options)
    thin = latent_sr.upsample_labels(labels, **options)
    assert_same_grid(thin, volume)
    assert set(np.unique(itk.array_from_image(thin))) <= set(LABELS)


def test_a_reference_for_another_kind_of_label_map_is_refused():
    with pytest.raises(latent_sr.UsageError, match=r"reference needs an itk.Image"):
        latent_sr.upsample_labels(
            label_map().astype("uint8"), input_spacing=(8, 1.4, 1.4), reference=image_of(label_map())
        )


def test_a_file_name_is_no_label_map():
    with pytest.raises(latent_sr.UsageError, match=r"read the file by latent_sr\.read_volume"):
        latent_sr.upsample_labels("seg.nii.gz", factor=2)
