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
"""``latent-sr metrics`` and ``latent_sr.compare``."""

import json
import math

import latent_sr
import numpy as np
import pytest
from conftest import image_of, phantom, write_nifti
from latent_sr.volumes import open_volume


@pytest.fixture
def pair(tmp_path):
    """A volume and a noisy copy."""
    truth = phantom(4, 48, 50)
    noisy = truth + np.random.default_rng(3).normal(0, 30, truth.shape)
    return write_nifti(tmp_path / "truth.nii", truth), write_nifti(tmp_path / "noisy.nii", noisy)


def test_the_json_output_has_the_documented_keys(latent_sr_run, pair):
    result = latent_sr_run("metrics", *pair, "--data-range", 1000, "--json", "-")
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)
    assert {"mse", "mae", "rmse", "psnr", "ssim", "vifp"} <= set(values)
    assert values["data_range"] == 1000
    assert values["slice_axis"] == 2
    assert values["number_of_slices"] == 4
    assert set(values["slices"]) == {"mse", "psnr", "ssim", "vifp"}
    assert values["rmse"] == pytest.approx(math.sqrt(values["mse"]))
    assert values["psnr"] == pytest.approx(10 * math.log10(1000**2 / values["mse"]))
    assert values["ssim"] == pytest.approx(np.mean(values["slices"]["ssim"]))


def test_the_values_are_those_of_numpy_and_scikit_image(latent_sr_run, pair):
    nibabel = pytest.importorskip("nibabel")
    similarity = pytest.importorskip("skimage.metrics").structural_similarity
    values = json.loads(latent_sr_run("metrics", *pair, "--data-range", 1000, "--json", "-").stdout)
    truth, noisy = (np.asanyarray(nibabel.load(path).dataobj).astype(float) for path in pair)
    assert values["mse"] == pytest.approx(np.mean((truth - noisy) ** 2), rel=1e-12)
    assert values["mae"] == pytest.approx(np.mean(np.abs(truth - noisy)), rel=1e-12)
    expected = similarity(
        truth[..., 1], noisy[..., 1], data_range=1000, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert values["slices"]["ssim"][1] == pytest.approx(expected, abs=1e-10)


def test_the_gradient_error_is_that_of_numpy(pair):
    import itk

    truth, noisy = (latent_sr.read_volume(path) for path in pair)
    values = latent_sr.compare(truth, noisy, metrics="maeg")
    magnitudes = [
        np.hypot(*np.gradient(itk.array_view_from_image(image).astype(float), axis=(1, 2))) for image in (truth, noisy)
    ]
    expected = np.abs(magnitudes[1] - magnitudes[0]).mean(axis=(1, 2))
    assert values["slices"]["maeg"] == pytest.approx(expected, rel=1e-12)
    assert values["maeg"] == pytest.approx(expected.mean(), rel=1e-12)


def test_the_command_prints_the_gradient_error(latent_sr_run, pair):
    result = latent_sr_run("metrics", *pair, "--metrics", "maeg", "--json", "-")
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["maeg"] == pytest.approx(np.mean(values["slices"]["maeg"]))
    lines = latent_sr_run("metrics", *pair, "--metrics", "maeg").stdout.splitlines()
    assert ["MAEG", f"{values['maeg']:.6g}"] in [line.split() for line in lines]


def test_the_gradient_error_needs_two_pixels(latent_sr_run, tmp_path):
    narrow = write_nifti(tmp_path / "narrow.nii", np.arange(30.0).reshape(3, 10, 1))
    result = latent_sr_run("metrics", narrow, narrow, "--metrics", "maeg")
    assert result.returncode == 1
    assert "GradientError needs slices of at least 2 x 2 pixels" in result.stderr


def test_lines_are_printed_without_json(latent_sr_run, pair, tmp_path):
    result = latent_sr_run("metrics", *pair, "--json", tmp_path / "m.json")
    assert result.returncode == 0
    assert "PSNR in dB" in result.stdout
    assert json.loads((tmp_path / "m.json").read_text())["data_range"] > 900


def test_identical_images_have_an_infinite_psnr(latent_sr_run, thick):
    values = json.loads(latent_sr_run("metrics", thick, thick, "--json", "-").stdout)
    assert values["mse"] == 0
    assert values["psnr"] == "Infinity"
    assert values["ssim"] == pytest.approx(1)


def test_a_mask_selects_pixels(pair):
    truth, noisy = (latent_sr.read_volume(path) for path in pair)
    mask = np.zeros((4, 48, 50))
    mask[1, 10:20, 10:30] = 0.5
    values = latent_sr.compare(truth, noisy, data_range=1000, mask=image_of(mask, dtype="float32"))
    import itk

    difference = itk.array_from_image(truth).astype(float) - itk.array_from_image(noisy)
    assert values["mse"] == pytest.approx(np.mean(difference[mask > 0] ** 2))


def test_small_slices_have_no_vifp_and_a_note(tmp_path):
    image = image_of(phantom(3, 30, 30))
    values = latent_sr.compare(image, image)
    assert math.isnan(values["vifp"])
    assert values["notes"] == ["VIFp is left out: slices of 30 x 30 pixels are smaller than 41 pixels"]
    image = image_of(phantom(3, 8, 30))
    assert math.isnan(latent_sr.compare(image, image)["ssim"])


def test_images_of_different_types_can_be_compared():
    volume = np.rint(phantom(3))
    values = latent_sr.compare(image_of(volume), image_of(volume, dtype="float32"))
    assert values["mse"] == 0


def test_different_sizes_are_refused():
    with pytest.raises(latent_sr.LatentSRError):
        latent_sr.compare(image_of(phantom(3)), image_of(phantom(4)))


def test_another_position_in_space_is_reported(latent_sr_run, pair, tmp_path):
    from conftest import oblique_affine

    moved = write_nifti(tmp_path / "moved.nii", phantom(4, 48, 50), oblique_affine((1.4, 1.4, 4.0)))
    result = latent_sr_run("metrics", pair[0], moved)
    assert result.returncode == 0
    assert "origin, spacing or direction" in result.stderr


def test_flat_images_can_be_compared(latent_sr_run, tmp_path):
    a = write_nifti(tmp_path / "a.nii", phantom(1)[0])
    values = json.loads(latent_sr_run("metrics", a, a, "--json", "-").stdout)
    assert values["slice_axis"] is None
    assert values["number_of_slices"] == 1


@pytest.mark.parametrize("name", ["camera256/noise", "camera256/blur1", "camera256/contrast12"])
def test_metrics_of_flat_images_match_the_reference_values(shared, name):
    case = json.loads(shared("metrics/reference.json").read_text())["cases"][name]
    images = [open_volume(shared(f"metrics/images/{case[key]}"), dimensions=(2,)).image for key in ("ref", "dist")]
    values = latent_sr.compare(*images, data_range=case["data_range"])
    expected = case["metrics"]
    assert values["mse"] == pytest.approx(expected["own/mse"], rel=1e-10)
    assert values["psnr"] == pytest.approx(expected["own/psnr[data_range]"], abs=1e-10)
    assert values["ssim"] == pytest.approx(expected["own/ssim[gauss,pop,valid]"], abs=1e-10)
    assert values["vifp"] == pytest.approx(expected["own/vifp[0-255,sigma_nsq=2]"], abs=1e-9)


@pytest.mark.parametrize("name", ["vol24x64x72/noise", "vol24x64x72/zlinear2"])
def test_metrics_of_slices_match_the_reference_values(shared, name):
    case = json.loads(shared("metrics/reference.json").read_text())["cases"][name]
    images = [latent_sr.read_volume(shared(f"metrics/images/{case[key]}")) for key in ("ref", "dist")]
    values = latent_sr.compare(*images, data_range=case["data_range"])
    expected = case["metrics"]
    assert values["ssim"] == pytest.approx(expected["own/slice_mean.ssim[gauss,pop,valid]"], abs=1e-10)
    assert values["vifp"] == pytest.approx(expected["own/slice_mean.vifp[x255]"], abs=1e-9)
    per_slice = expected["own/per_slice"]
    assert values["slices"]["ssim"] == pytest.approx(per_slice["ssim[gauss,pop,valid]"], abs=1e-10)
    assert values["slices"]["psnr"] == pytest.approx([float(value) for value in per_slice["psnr"]], abs=1e-10)
    assert values["slices"]["vifp"] == pytest.approx(per_slice["vifp[x255]"], abs=1e-9)


@pytest.fixture
def large_pair(tmp_path):
    """A volume that is large enough for all metrics, and a noisy copy."""
    truth = phantom(12, 162, 170)
    noisy = truth + np.random.default_rng(3).normal(0, 30, truth.shape)
    return write_nifti(tmp_path / "truth.nii", truth), write_nifti(tmp_path / "noisy.nii", noisy)


def test_every_metric_is_computed_on_request_and_no_other(latent_sr_run, large_pair, tmp_path):
    similarity = pytest.importorskip("skimage.metrics").structural_similarity
    words = ["metrics", *large_pair, "--data-range", 1000, "--json", "-"]
    everything = json.loads(latent_sr_run(*words, "--metrics", "all").stdout)
    in_slices = {"ssim", "vifp", "ms_ssim", "vif_wavelet", "gmsd", "hfen", "maeg"}
    names = in_slices | {"ssim_3d", "nmi", "fourier", "nrmse", "pearson"}
    assert names <= set(everything)
    assert everything["notes"] == []
    assert set(everything["slices"]) == in_slices | {"mse", "psnr"}
    truth, noisy = (open_volume(path).image for path in large_pair)
    import itk

    arrays = [np.asarray(itk.array_view_from_image(image), float) for image in (truth, noisy)]
    assert everything["ssim_3d"] == pytest.approx(
        similarity(*arrays, data_range=1000, gaussian_weights=True, sigma=1.5, use_sample_covariance=False), abs=1e-10
    )
    assert everything["pearson"] == pytest.approx(np.corrcoef(*(array.ravel() for array in arrays))[0, 1], abs=1e-10)
    fourier = everything["fourier"]
    assert len(fourier["frequencies"]) == len(fourier["correlation"])
    assert set(fourier["resolution"]) == {"1/7", "0.5"}

    one = json.loads(latent_sr_run(*words, "--metrics", "gmsd").stdout)
    assert one["gmsd"] == everything["gmsd"]
    assert one["ssim"] is None
    assert not names & set(one) - {"gmsd", "ssim", "vifp", "nrmse", "pearson"}


def test_the_map_of_ssim_is_written_as_an_image(latent_sr_run, pair, tmp_path):
    output = tmp_path / "map.nii.gz"
    result = latent_sr_run("metrics", *pair, "--data-range", 1000, "--ssim-map", output, "--ssim-whole-map")
    assert result.returncode == 0, result.stderr
    similarity = open_volume(output).image
    import itk

    values = itk.array_view_from_image(similarity)
    assert values.shape == (4, 48, 50)
    again = json.loads(latent_sr_run("metrics", *pair, "--data-range", 1000, "--ssim-whole-map", "--json", "-").stdout)
    assert values.mean() == pytest.approx(again["ssim"], abs=1e-6)


def test_the_variants_of_ssim_are_those_of_scikit_image(latent_sr_run, pair):
    similarity = pytest.importorskip("skimage.metrics").structural_similarity
    words = ["metrics", *pair, "--data-range", 1000, "--json", "-", "--metrics", "ssim"]
    default = json.loads(latent_sr_run(*words, "--ssim-uniform", "--ssim-radius", 3, "--ssim-sample-covariance").stdout)
    import itk

    truth, noisy = (np.asarray(itk.array_view_from_image(open_volume(path).image), float) for path in pair)
    expected = [similarity(a, b, data_range=1000) for a, b in zip(truth, noisy, strict=True)]
    assert default["slices"]["ssim"] == pytest.approx(expected, abs=1e-10)


def test_an_unknown_metric_and_one_that_does_not_fit_are_refused(latent_sr_run, pair):
    result = latent_sr_run("metrics", *pair, "--metrics", "ssim,lpips")
    assert result.returncode == 2
    assert "metric 'lpips' is unknown: metrics are ssim, vifp" in result.stderr
    result = latent_sr_run("metrics", *pair, "--metrics", "ms_ssim")
    assert result.returncode == 1
    assert "161 x 161" in result.stderr
    everything = json.loads(latent_sr_run("metrics", *pair, "--metrics", "all", "--json", "-").stdout)
    assert "multi-scale SSIM is left out: slices of 50 x 48 pixels are smaller than 161 pixels" in everything["notes"]


def test_the_command_names_the_images_that_can_t_be_compared(latent_sr_run, tmp_path):
    truth = write_nifti(tmp_path / "truth.nii", phantom(slices=3))
    test = write_nifti(tmp_path / "test.nii", phantom(slices=4))
    flat = write_nifti(tmp_path / "flat.nii", phantom(slices=3)[0])
    for other in (test, flat):
        result = latent_sr_run("metrics", truth, other)
        assert result.returncode == 1
        assert f"'{truth}' and '{other}': " in result.stderr.splitlines()[-1]
    result = latent_sr_run("metrics", truth, truth, "--metrics", "beauty")
    assert "metric 'beauty' is unknown" in result.stderr
    assert str(truth) not in result.stderr
