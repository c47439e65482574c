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
"""The expected error of recovered slices in ``evaluate``."""

import json
import re
from pathlib import Path

import itk
import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.evaluation.statistics import ERROR_FIGURES
from test_report import assert_self_contained

SLICES = 9


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Path:
    """A stack of thick slices."""
    return write_nifti(tmp_path_factory.mktemp("stack") / "stack.nii", phantom(SLICES))


@pytest.fixture(scope="module")
def both_errors(calibrated_model) -> tuple[np.ndarray, np.ndarray]:
    """The expected and the absolute error of all slices, by the documented equations: (slices, rows, columns)."""
    ndimage = pytest.importorskip("scipy.ndimage")
    truth = np.rint(phantom(SLICES))
    low, high = np.percentile(truth[::2], [1, 99])
    truth = np.clip((truth - low) / (high - low), 0, 1)
    kept = itk.image_from_array(truth[::2].astype(np.float32))
    kept.SetSpacing([1.4, 1.4, 16.0])
    options = latent_sr.UpsampleOptions(factor=2, model=calibrated_model, axis=2, window=(0.0, 1.0))
    recovered = np.clip(itk.array_from_image(latent_sr.upsample(kept, options)), 0, 1).astype(float)

    def blurred(values):
        weights = np.array([1, 4, 6, 4, 1]) / 16
        return ndimage.correlate1d(ndimage.correlate1d(values, weights, 0, mode="reflect"), weights, 1, mode="reflect")

    expected = np.zeros_like(truth)
    for number in range(1, SLICES, 2):
        below, above = truth[number - 1], truth[number + 1]
        expected[number] = 0.25 * blurred(np.abs(recovered[number] - (below + above) / 2))
        expected[number] += 0.5 * blurred(np.abs(above - below))
    return expected, np.abs(recovered - truth)


def figures_of(expected: np.ndarray, errors: np.ndarray) -> dict:
    stats = pytest.importorskip("scipy.stats")
    return {
        "rank_correlation": pytest.approx(stats.spearmanr(expected, errors)[0], rel=1e-3),
        "share_below_90": pytest.approx(np.mean(errors <= 2.0 * expected), abs=2e-3),
        "error_ratio": pytest.approx(errors.mean() / expected.mean(), rel=1e-3),
    }


def test_the_figures_are_those_of_the_documented_equations(stack, calibrated_model, both_errors):
    result = latent_sr.evaluate([stack], models=[calibrated_model], methods=["linear", "latent"])
    expected, errors = (array[1::2].ravel() for array in both_errors)
    record = result["volumes"][0]["methods"]["latent"]
    assert record["expected_error"] == figures_of(expected, errors)
    assert result["subjects"][0]["mean_expected_error"] == {"latent": record["expected_error"]}
    for name in ERROR_FIGURES:
        value = record["expected_error"][name]
        assert result["summary_expected_error"]["latent"][name] == {"n": 1, "mean": value, "sd": None, "median": value}
    assert "expected_error" not in result["volumes"][0]["methods"]["linear"]


def test_a_mask_selects_the_pixels_of_the_figures(stack, calibrated_model, both_errors, tmp_path):
    mask = np.zeros(both_errors[0].shape)
    mask[:, 8:28, 10:30] = 1
    mask[3] = 0
    file = write_nifti(tmp_path / "mask.nii", mask, dtype="uint8")
    result = latent_sr.evaluate([stack], models=[calibrated_model], methods=["latent"], mask=file)
    selected = mask[1::2] > 0
    expected, errors = (array[1::2][selected] for array in both_errors)
    assert result["volumes"][0]["methods"]["latent"]["expected_error"] == figures_of(expected, errors)


def test_the_slice_axis_may_be_any(calibrated_model, stack, tmp_path):
    affine = np.diag([8.0, 1.4, 1.4, 1.0])
    turned = write_nifti(tmp_path / "turned.nii", np.moveaxis(phantom(SLICES), 0, 2), affine)
    first, second = (
        latent_sr.evaluate([path], models=[calibrated_model], methods=["latent"])["summary_expected_error"]["latent"]
        for path in (stack, turned)
    )
    for name in ERROR_FIGURES:
        assert second[name]["mean"] == pytest.approx(first[name]["mean"], rel=1e-4)


def test_figures_are_averaged_per_subject_first(calibrated_model, tmp_path):
    for subject, phases in (("a", 2), ("b", 1)):
        for phase in range(phases):
            write_nifti(tmp_path / f"{subject}{phase}.nii", phantom(5, seed=phase))
    options = {"models": [calibrated_model], "methods": ["latent"], "subject": r"([ab])\d", "metrics": []}
    result = latent_sr.evaluate([tmp_path], **options)
    ratios = [volume["methods"]["latent"]["expected_error"]["error_ratio"] for volume in result["volumes"]]
    means = [subject["mean_expected_error"]["latent"]["error_ratio"] for subject in result["subjects"]]
    assert means == pytest.approx([np.mean(ratios[:2]), ratios[2]])
    summary = result["summary_expected_error"]["latent"]["error_ratio"]
    assert summary["n"] == 2
    assert summary["mean"] == pytest.approx(np.mean(means))
    assert summary["sd"] == pytest.approx(np.std(means, ddof=1))


def test_a_model_without_calibration_has_no_such_entry(stack, tiny_model, calibrated_model):
    options = {"methods": ["linear", "latent"], "metrics": []}
    result = latent_sr.evaluate([stack], models=[tiny_model], **options)
    assert all("expected_error" not in record for record in result["volumes"][0]["methods"].values())
    assert result["subjects"][0]["mean_expected_error"] == {}
    assert result["summary_expected_error"] == {}

    result = latent_sr.evaluate([stack], models=[tiny_model, calibrated_model], **options)
    assert list(result["summary_expected_error"]) == ["latent:calibrated:auto"]
    assert "expected_error" not in result["volumes"][0]["methods"]["latent:tiny:auto"]


def test_the_report_shows_the_expected_error_of_a_calibrated_model_only(
    latent_sr_run, stack, tiny_model, calibrated_model, tmp_path
):
    texts = []
    for model in (tiny_model, calibrated_model):
        words = ("--model", model, "--methods", "linear,latent", "--metrics", "ssim", "--json", tmp_path / "r.json")
        run = latent_sr_run("evaluate", stack, *words, "--report", tmp_path / "r.html", "--overwrite")
        assert run.returncode == 0, run.stderr
        texts.append((tmp_path / "r.html").read_text(encoding="utf-8"))
        assert_self_contained(texts[-1])
    assert "xpected error" not in texts[0]
    section = texts[1].split("<h2>Expected error</h2>")[1].split("<h2>")[0]
    assert len(re.findall("<img ", section)) == 4
    assert "stack, slice 5: latent" in section
    figures = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["summary_expected_error"]["latent"]
    assert f"<td>{figures['rank_correlation']['mean']:.2f}</td>" in section
    assert f"<td>{100 * figures['share_below_90']['mean']:.1f} %</td>" in section
    assert f"<td>{figures['error_ratio']['mean']:.2f}</td>" in section
    assert "<td>2.00</td>" in section
