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
"""The expected error of synthesized slices, its calibration, and the map of the slices."""

import json

import itk
import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.calibration import sample_errors
from latent_sr.volumes.images import Grid, grid_of_image, image_of_array
from test_command_line import assert_one_line_error


def stack(slices=9, seed=0):
    grid = Grid((48, 44, slices), (1.4, 1.4, 8.0), (5.0, -3.0, 2.0), np.eye(3))
    return image_of_array(phantom(slices, 44, 48, seed), grid, "F")


@pytest.fixture(scope="module")
def calibrated(tiny_model, tmp_path_factory):
    """A model file with a calibration."""
    model = latent_sr.load_model(tiny_model)
    latent_sr.calibrate_errors([stack(seed=seed) for seed in range(2)], model)
    path = tmp_path_factory.mktemp("calibrated") / "calibrated.safetensors"
    model.Write(str(path))
    return path


def test_the_calibration_is_kept_in_the_model_file_and_shown(calibrated, latent_sr_run):
    model = latent_sr.load_model(calibrated)
    assert model.HasErrorCalibration()
    shown = latent_sr.describe_model(model)["training"]["error_calibration"]
    assert shown["quantile_90"] == model.GetErrorQuantile90() > 0
    assert "quantile 90:" in latent_sr_run("info", calibrated).stdout


def test_the_mean_expected_error_is_the_mean_error_of_the_calibration(calibrated):
    model = latent_sr.load_model(calibrated)
    expected, errors = [], []
    for seed in range(2):
        for keep in (2, 3, 4, 5):
            terms, error = sample_errors(stack(seed=seed), model, keep, None)
            expected.append(terms @ [model.GetErrorDifferenceCoefficient(), model.GetErrorGapCoefficient()])
            errors.append(error)
    ratio = np.mean([e.mean() for e in errors]) / np.mean([e.mean() for e in expected])
    assert ratio == pytest.approx(1, abs=0.02)
    below = np.mean([np.mean(e <= model.GetErrorQuantile90() * p) for e, p in zip(errors, expected, strict=True)])
    assert below == pytest.approx(0.9, abs=0.01)


def test_the_expected_error_is_that_of_the_documented_equation(calibrated):
    ndimage = pytest.importorskip("scipy.ndimage")
    model = latent_sr.load_model(calibrated)
    thick = stack()
    thin, error = latent_sr.upsample(thick, factor=4, model=model, return_uncertainty=True, threads=1)
    alone = latent_sr.upsample(thick, factor=4, model=model, threads=1)
    np.testing.assert_array_equal(itk.array_from_image(thin), itk.array_from_image(alone))
    acquired, found, errors = (itk.array_from_image(image).astype(float) for image in (thick, thin, error))

    def blurred(values):
        weights = np.array([1, 4, 6, 4, 1]) / 16
        return ndimage.correlate1d(ndimage.correlate1d(values, weights, 0, mode="reflect"), weights, 1, mode="reflect")

    for number in (0, 1, 6, 15, 32):
        below = min(number // 4, 7)
        alpha = number / 4 - below
        linear = (1 - alpha) * acquired[below] + alpha * acquired[below + 1]
        gap = np.sqrt(4 * alpha * (1 - alpha)) * blurred(np.abs(acquired[below + 1] - acquired[below]))
        expected = model.GetErrorDifferenceCoefficient() * blurred(np.abs(found[number] - linear))
        expected += model.GetErrorGapCoefficient() * gap
        np.testing.assert_allclose(errors[number], expected, rtol=1e-4, atol=1e-3)
    assert grid_of_image(error).spacing == grid_of_image(thin).spacing


def test_several_orientations_add_their_spread_to_the_expected_error(calibrated):
    model = latent_sr.load_model(calibrated)
    options = latent_sr.UpsampleOptions(factor=3, model=model, orientations=8)
    thick = stack(slices=5)
    _, plain = latent_sr.upsample(thick, options, return_uncertainty=True)
    found = latent_sr.calibrate_errors([thick], model, orientations=8)
    assert found.spread == model.GetErrorSpreadCoefficient() >= 0
    assert model.GetErrorQuantile90(True) == found.quantile_90
    model.SetErrorCalibrationWithSpread(0.5, 0.25, 2.0, 2.5)
    thin, error = latent_sr.upsample(thick, options, return_uncertainty=True)
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(thick), type(thick)].New(thick, Model=model)
    upsampler.SetUpsamplingFactor(3)
    upsampler.SetNumberOfOrientations(8)
    upsampler.ComputeOrientationSpreadOn()
    upsampler.Update()
    spread = itk.array_from_image(upsampler.GetOrientationSpread())
    np.testing.assert_array_equal(itk.array_from_image(thin), itk.array_from_image(upsampler.GetOutput()))
    # The spread of an image of integers has another type than the output. The function returns the output.
    integers = image_of_array(phantom(3, 44, 48), grid_of_image(stack(slices=3)), "SS")
    by_function = itk.latent_space_super_resolution_image_filter(
        integers, model=model, number_of_orientations=4, compute_orientation_spread=True
    )
    assert itk.size(by_function)[2] == 5
    without = latent_sr.expected_error(thick, thin, _with_calibration(model, 0.5, 0.25), 2)
    added = itk.array_from_image(error) - itk.array_from_image(without)
    assert added.mean() == pytest.approx(2 * spread.mean(), rel=1e-3)
    assert spread.mean() > 0
    assert not np.array_equal(itk.array_from_image(plain), itk.array_from_image(error))


def test_a_calibration_for_several_orientations_is_enough_for_these(tiny_model):
    model = latent_sr.load_model(tiny_model)
    thick = stack(slices=5)
    latent_sr.calibrate_errors([thick], model, orientations=4)
    assert not model.HasErrorCalibration()
    _, error = latent_sr.upsample(thick, model=model, orientations=4, return_uncertainty=True)
    assert itk.array_from_image(error).max() > 0
    with pytest.raises(latent_sr.LatentSRError, match="no calibration"):
        latent_sr.upsample(thick, model=model, return_uncertainty=True)


def test_a_training_drops_the_calibrations_of_its_start(calibrated):
    model = latent_sr.load_model(calibrated)
    model.SetErrorCalibrationWithSpread(0.5, 0.25, 2.0, 2.5)
    settings = {"patch_size": 32, "batch_size": 2}
    trained = latent_sr.train([stack()], initial_model=model, iterations=1, settings=settings)
    assert not trained.HasErrorCalibration()
    assert not trained.HasErrorCalibration(True)
    assert model.HasErrorCalibration(True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"orientations": 3}, "orientations is 3"),
        ({"axis": 5}, "axis is 5"),
        ({"weights": [1.0, 1.0]}, "there are 2 weights"),
        ({"weights": []}, "greater than 0"),
        ({"weights": [-1.0]}, "at least 0"),
        ({"weights": [float("nan")]}, "finite"),
    ],
)
def test_a_calibration_refuses_wrong_parameters(tiny_model, settings, message):
    with pytest.raises(latent_sr.UsageError, match=message):
        latent_sr.calibrate_errors([stack(slices=5)], latent_sr.load_model(tiny_model), **settings)


@pytest.mark.parametrize("slice_number", [0, 1])
def test_a_calibration_refuses_pixels_that_are_no_numbers(tiny_model, slice_number):
    thick = stack(slices=5)
    itk.array_view_from_image(thick)[slice_number, 3, 4] = np.nan
    with pytest.raises(latent_sr.LatentSRError, match="not finite"):
        latent_sr.calibrate_errors([thick], latent_sr.load_model(tiny_model))


def _with_calibration(model, difference, gap):
    """A copy of a model with other coefficients for one orientation."""
    copy = itk.AutoencoderModel.New()
    copy.Graft(model)
    copy.SetErrorCalibration(difference, gap, 2.0)
    return copy


def test_phases_have_the_expected_error_of_their_volumes(calibrated):
    model = latent_sr.load_model(calibrated)
    model.SetErrorCalibrationWithSpread(0.5, 0.25, 2.0, 2.5)
    volumes = [phantom(4, 24, 28, seed) for seed in range(2)]
    options = latent_sr.UpsampleOptions(model=model, orientations=4, window=(0.0, 1000.0), axis=2)
    cine = itk.image_from_array(np.stack(volumes).astype(np.float32))
    _, errors = latent_sr.upsample(cine, options, return_uncertainty=True)
    for volume, error in zip(volumes, itk.array_from_image(errors), strict=True):
        _, alone = latent_sr.upsample(itk.image_from_array(volume.astype(np.float32)), options, return_uncertainty=True)
        np.testing.assert_array_equal(error, itk.array_from_image(alone))


def test_evaluate_measures_the_expected_error_with_its_spread(latent_sr_run, calibrated, tmp_path):
    model = latent_sr.load_model(calibrated)
    # With these coefficients, the expected error is the blurred spread only.
    model.SetErrorCalibrationWithSpread(0.0, 0.0, 1.0, 1e6)
    path = tmp_path / "spread.safetensors"
    model.Write(str(path))
    write_nifti(tmp_path / "a.nii", phantom(5, 44, 48, 0))
    words = ("evaluate", tmp_path / "a.nii", "--model", path, "--methods", "linear,latent")
    result = latent_sr_run(*words, "--orientations", 4, "--json", tmp_path / "result.json")
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    (name,) = written["volumes"][0]["methods"].keys() - {"linear"}
    figures = written["volumes"][0]["methods"][name]["expected_error"]
    assert figures["share_below_90"] == 1.0
    assert figures["error_ratio"] > 0


def test_the_sidecar_has_the_quantile_of_the_calibration_that_was_used(latent_sr_run, calibrated, thick, tmp_path):
    model = latent_sr.load_model(calibrated)
    model.SetErrorCalibrationWithSpread(0.5, 0.25, 2.0, 12.5)
    path = tmp_path / "spread.safetensors"
    model.Write(str(path))
    words = ("upsample", thick, tmp_path / "thin.nii", "--model", path, "--orientations", 4)
    assert latent_sr_run(*words, "--uncertainty", tmp_path / "error.nii").returncode == 0
    assert json.loads((tmp_path / "thin.json").read_text(encoding="utf-8"))["LatentSR"]["error_quantile_90"] == 12.5


def test_acquired_slices_that_are_preserved_have_no_error(calibrated):
    options = latent_sr.UpsampleOptions(factor=3, model=calibrated, mode="preserve-acquired")
    _, error = latent_sr.upsample(stack(), options, return_uncertainty=True)
    values = itk.array_from_image(error)
    assert (values[::3] == 0).all()
    assert (values[1::3] > 0).any()


def test_the_bundled_model_is_calibrated(latent_sr_run, thick, tmp_path):
    words = ("upsample", thick, tmp_path / "thin.nii", "--factor", 3)
    result = latent_sr_run(*words, "--uncertainty", tmp_path / "new" / "error.nii.gz")
    assert result.returncode == 0, result.stderr
    error, thin = (latent_sr.read_volume(tmp_path / name) for name in ("new/error.nii.gz", "thin.nii"))
    assert error.GetLargestPossibleRegion().GetSize() == thin.GetLargestPossibleRegion().GetSize()
    values = itk.array_from_image(error)
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert 0 < values.mean() < itk.array_from_image(thin).max()


def test_other_objects_get_the_same_expected_error(calibrated):
    thick = stack()
    _, expected = latent_sr.upsample(thick, model=calibrated, return_uncertainty=True, threads=1)
    array = (itk.array_from_image(thick) + 0.5).astype(np.int16)
    values, error = latent_sr.upsample(
        array, input_spacing=(8.0, 1.4, 1.4), model=calibrated, return_uncertainty=True, threads=1
    )
    assert values[0].dtype == np.int16
    assert error[0].dtype == np.float32
    assert error[0].shape == values[0].shape
    assert np.corrcoef(error[0].ravel(), itk.array_from_image(expected).ravel())[0, 1] > 0.99


def test_the_error_has_the_requested_grid(calibrated):
    thin, error = latent_sr.upsample(stack(), isotropic=2.0, model=calibrated, return_uncertainty=True)
    assert grid_of_image(error).size == grid_of_image(thin).size
    assert itk.array_from_image(error).min() >= 0


def test_a_model_without_calibration_is_refused_before_any_work(latent_sr_run, tiny_model, thick, tmp_path):
    words = ("upsample", thick, tmp_path / "thin.nii", "--model", tiny_model, "--uncertainty", tmp_path / "e.nii")
    assert_one_line_error(latent_sr_run(*words), 1, "no calibration of errors", "calibrate_errors")
    assert sorted(path.name for path in tmp_path.iterdir()) == [thick.name]
    with pytest.raises(latent_sr.LatentSRError, match="no calibration"):
        latent_sr.upsample(stack(), model=tiny_model, return_uncertainty=True)


def test_volumes_that_nothing_can_be_learned_from_are_refused(tiny_model):
    model = latent_sr.load_model(tiny_model)
    with pytest.raises(latent_sr.LatentSRError, match="at least 3 slices"):
        latent_sr.calibrate_errors([stack(slices=2)], model)
    constant = image_of_array(np.full((9, 44, 48), 7.0), grid_of_image(stack()), "F")
    with pytest.raises(latent_sr.LatentSRError, match="more than one intensity"):
        latent_sr.calibrate_errors([constant], model)
    assert not model.HasErrorCalibration()


def test_a_training_calibrates_its_model(latent_sr_run, tiny_model, tmp_path):
    for seed in range(2):
        write_nifti(tmp_path / f"{seed}.nii", phantom(9, 64, 64, seed))
    output = tmp_path / "m.safetensors"
    words = ("train", tmp_path, "--fine-tune", tiny_model, "--iterations", 2, "--output", output)
    result = latent_sr_run(*words, "--set", "patch_size=32", "--set", "batch_size=2")
    assert result.returncode == 0, result.stderr
    assert latent_sr.load_model(output).HasErrorCalibration()


# Map of slices --------------------------------------------------------------------------------------------------------


def test_the_map_tells_acquired_slices_from_others(latent_sr_run, tiny_model, thick, tmp_path):
    table = tmp_path / "map.csv"
    words = ("upsample", thick, tmp_path / "thin.nii", "--model", tiny_model, "--factor", 4, "--slice-map", table)
    assert latent_sr_run(*words).returncode == 0
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[:6] == [
        "slice,position_mm,below,alpha,acquired",
        "0,0,0,0,1",
        "1,2,0,0.25,0",
        "2,4,0,0.5,0",
        "3,6,0,0.75,0",
        "4,8,1,0,1",
    ]
    assert len(lines) == 1 + 25


def test_a_spacing_of_any_ratio_has_a_map():
    places = latent_sr.slice_map(8, 1.5, 5.0)
    assert [place.below for place in places] == [0, 0, 0, 0, 1, 1, 1, 2]
    assert places[4].alpha == pytest.approx(0.2)
    assert [place.number for place in places if place.is_acquired] == [0]
    # Rounding of spacings makes no acquired slice a synthesized one.
    assert [p.is_acquired for p in latent_sr.slice_map(31, 8 / 3 + 1e-7, 8.0)] == [n % 3 == 0 for n in range(31)]
    # Three times 1.667 mm are 5.001 mm. The filter takes that for an acquired slice, and so does the map.
    assert [(p.below, p.is_acquired) for p in latent_sr.slice_map(4, 1.667, 5.0)][3] == (1, True)
