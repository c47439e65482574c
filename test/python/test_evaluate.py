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
"""``latent-sr evaluate`` and ``latent_sr.evaluate``."""

import csv
import json
import math
from pathlib import Path

import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.evaluation import ordinal, subjects_of
from test_report import assert_self_contained

KEYS = ["schema", "created", "versions", "settings", "metrics", "methods", "models", "volumes", "subjects", "summary"]
KEYS += ["tests", "notes"]
METRICS = ["mse", "psnr", "ssim", "vifp"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    """Six volumes of three subjects."""
    folder = tmp_path_factory.mktemp("cohort")
    for subject in range(3):
        for phase in range(2):
            write_nifti(folder / f"patient{subject}_phase{phase}.nii.gz", phantom(seed=10 * subject + phase))
    return folder


@pytest.fixture(scope="module")
def outcome(latent_sr_run, tiny_model, cohort, tmp_path_factory):
    """Everything that one run writes."""
    folder = tmp_path_factory.mktemp("outcome")
    result = latent_sr_run(
        *("evaluate", cohort, "--model", tiny_model, "--subject", "(patient[0-9])"),
        *("--json", folder / "r.json", "--csv", folder / "r.csv", "--report", folder / "r.html", "--threads", 2),
    )
    assert result.returncode == 0, result.stderr
    return folder, result


def strict(text: str) -> dict:
    """JSON without the extensions that Python's parser allows."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_json_file_has_the_documented_form(outcome):
    result = strict((outcome[0] / "r.json").read_text(encoding="utf-8"))
    assert list(result) == KEYS
    assert result["schema"] == "latent-sr/evaluation/1"
    methods = ["linear", "bspline", "lanczos", "linear-blur", "latent"]
    assert [method["name"] for method in result["methods"]] == methods
    assert result["settings"]["methods"] == methods
    assert result["methods"][-1] == {"name": "latent", "kind": "model", "model": "tiny", "mode": "low-pass-corrected"}
    assert [metric["name"] for metric in result["metrics"]] == METRICS
    assert result["models"][0]["name"] == "tiny"
    assert result["models"][0]["architecture"]["poolings"] == 2
    assert len(result["volumes"]) == 6
    for volume in result["volumes"]:
        assert volume["size"] == [48, 44, 7]
        assert volume["slice_axis"] == 2
        assert volume["slice_numbers"] == [1, 3, 5]
        assert volume["measured_size"] == [48, 44]
        assert volume["frame"] is None
        assert list(volume["methods"]) == methods
        for record in volume["methods"].values():
            assert all(len(record["slices"][metric]) == 3 for metric in METRICS)
            for metric in METRICS:
                assert record["mean"][metric] == pytest.approx(np.mean(record["slices"][metric]))


def test_values_are_averaged_per_subject_before_they_are_compared(outcome):
    result = strict((outcome[0] / "r.json").read_text(encoding="utf-8"))
    assert [subject["subject"] for subject in result["subjects"]] == ["patient0", "patient1", "patient2"]
    for subject in result["subjects"]:
        assert len(subject["volumes"]) == 2
        for method in result["settings"]["methods"]:
            expected = np.mean([result["volumes"][n]["methods"][method]["mean"]["ssim"] for n in subject["volumes"]])
            assert subject["mean"][method]["ssim"] == pytest.approx(expected)
    summary = result["summary"]["linear"]["psnr"]
    scores = [subject["mean"]["linear"]["psnr"] for subject in result["subjects"]]
    assert summary["n"] == 3
    assert summary["mean"] == pytest.approx(np.mean(scores))
    assert summary["sd"] == pytest.approx(np.std(scores, ddof=1))


def test_the_model_is_tested_against_each_other_method(outcome):
    result = strict((outcome[0] / "r.json").read_text(encoding="utf-8"))
    assert len(result["tests"]) == 4 * len(METRICS)
    for test in result["tests"]:
        assert test["method"] == "latent"
        assert test["n"] == 3
        assert test["exact"] is True
        assert 1 / 8 <= test["p"] <= 1
        better = (
            result["summary"]["latent"][test["metric"]]["mean"]
            - result["summary"][test["against"]][test["metric"]]["mean"]
        )
        assert test["mean_difference"] == pytest.approx(better, abs=1e-9)


def test_linear_interpolation_scores_what_it_scores_by_hand(outcome, cohort):
    nibabel = pytest.importorskip("nibabel")
    result = strict((outcome[0] / "r.json").read_text(encoding="utf-8"))
    volume = result["volumes"][0]
    array = np.asanyarray(nibabel.load(volume["path"]).dataobj).astype(float)
    low, high = volume["window"]
    array = np.clip((array - low) / (high - low), 0, 1)
    recovered = (array[..., 0:-1:2] + array[..., 2::2]) / 2
    expected = ((recovered - array[..., 1::2]) ** 2).mean(axis=(0, 1))
    assert volume["methods"]["linear"]["slices"]["mse"] == pytest.approx(expected, rel=1e-4)
    kept = np.asanyarray(nibabel.load(volume["path"]).dataobj)[..., ::2]
    assert volume["window"] == pytest.approx(np.percentile(kept, [1, 99]), abs=1.0)


def test_the_csv_file_has_a_row_for_each_slice_and_method(outcome):
    with (outcome[0] / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 3 * 5
    assert list(rows[0]) == ["volume", "frame", "subject", "slice", "method", *METRICS]
    assert {row["slice"] for row in rows} == {"1", "3", "5"}
    assert all(math.isfinite(float(row["ssim"])) for row in rows)


def test_the_report_is_one_file_with_pictures(outcome):
    text = (outcome[0] / "r.html").read_text(encoding="utf-8")
    document = assert_self_contained(text)
    images = [attributes for tag, attributes in document.elements if tag == "img"]
    assert len(images) == 3 * (1 + 5 + 5) + 3
    assert len([1 for tag, _ in document.elements if tag == "svg"]) == 4
    assert "3 subjects, 6 volumes, 18 recovered slices" in text


def test_the_table_goes_to_stdout_and_progress_to_stderr(outcome):
    result = outcome[1]
    assert result.stdout.startswith("3 subjects, 6 volumes, 18 slices recovered (every 2nd slice kept)")
    assert "one-sided Wilcoxon signed-rank tests over subjects" in result.stdout
    assert all(line.startswith("evaluating: ") for line in result.stderr.splitlines())
    assert "100 % (30 of 30 recoveries" in result.stderr


def test_nothing_is_left_beside_the_outputs(outcome):
    assert sorted(path.name for path in outcome[0].iterdir()) == ["r.csv", "r.html", "r.json"]


def test_json_can_go_to_stdout(latent_sr_run, thick):
    result = latent_sr_run("evaluate", thick, "--methods", "nearest,linear", "--json", "-")
    assert result.returncode == 0, result.stderr
    parsed = strict(result.stdout)
    assert parsed["tests"] == []
    assert parsed["subjects"][0]["subject"] == "thick"


def test_several_models_and_modes_get_names_of_their_own(tiny_model, thick, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(tiny_model.read_bytes())
    result = latent_sr.evaluate(
        [thick], models=[tiny_model, other], modes=["decoded", "residual-corrected"], methods=["linear", "latent"]
    )
    assert result["settings"]["methods"] == [
        "linear",
        "latent:tiny:decoded",
        "latent:tiny:residual-corrected",
        "latent:other:decoded",
        "latent:other:residual-corrected",
    ]
    first, second = (
        result["volumes"][0]["methods"][f"latent:{name}:decoded"]["slices"]["mse"] for name in ("tiny", "other")
    )
    assert first == pytest.approx(second, rel=1e-6)


def test_models_of_one_name_are_told_apart_by_their_folders(tmp_path):
    from latent_sr.models import distinct_names

    paths = [tmp_path / "a" / "model.safetensors", tmp_path / "b" / "model.safetensors", None]
    assert distinct_names(paths) == ["a/model", "b/model", "bundled"]


def test_slices_can_be_cropped_and_thinned_out_more(thick):
    result = latent_sr.evaluate([thick], keep_every=3, crop=42, methods=["linear"])
    volume = result["volumes"][0]
    assert volume["slice_numbers"] == [1, 2, 4, 5]
    assert volume["measured_size"] == [42, 42]


def test_vifp_is_left_out_with_a_note_if_slices_are_small(thick):
    result = latent_sr.evaluate([thick], crop=32, methods=["linear", "nearest"])
    assert result["volumes"][0]["methods"]["linear"]["slices"]["vifp"] == [None, None, None]
    assert result["summary"]["linear"]["vifp"]["mean"] is None
    assert result["summary"]["linear"]["ssim"]["mean"] is not None
    assert result["notes"] == ["VIFp is left out: slices of 32 x 32 pixels are smaller than 41 pixels"]


def test_identical_slices_have_an_infinite_psnr_that_json_can_hold(tmp_path):
    source = write_nifti(tmp_path / "same.nii", np.repeat(phantom(slices=1), 5, axis=0))
    result = latent_sr.evaluate([source], methods=["nearest"])
    assert result["summary"]["nearest"]["psnr"]["mean"] == "Infinity"
    assert strict(json.dumps(result, allow_nan=False))["summary"]["nearest"]["mse"]["mean"] == pytest.approx(
        0, abs=1e-12
    )


def test_frames_of_a_4d_volume_belong_to_one_subject(tmp_path):
    source = write_nifti(tmp_path / "cine.nii.gz", np.stack([phantom(seed=0), phantom(seed=1)]))
    result = latent_sr.evaluate([source], methods=["linear"])
    assert [volume["frame"] for volume in result["volumes"]] == [0, 1]
    assert len(result["subjects"]) == 1
    assert result["subjects"][0]["volumes"] == [0, 1]


def test_every_input_is_looked_at_before_anything_is_computed(thick, tmp_path):
    short = write_nifti(tmp_path / "short.nii", phantom(slices=2))
    steps = []
    with pytest.raises(latent_sr.LatentSRError, match=r"short\.nii' has 2 slices"):
        latent_sr.evaluate([thick, short], methods=["linear"], progress=lambda *step: steps.append(step))
    assert steps == []


def test_without_a_pattern_files_are_subjects_by_name_or_by_path():
    assert subjects_of([Path("x/a.nii.gz"), Path("y/b.mha")], None) == ["a", "b"]
    assert subjects_of([Path("x/a.nii.gz"), Path("y/a.nii.gz")], None) == ["x/a.nii.gz", "y/a.nii.gz"]


def test_ordinals_are_english():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 22)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "21st",
        "22nd",
    ]
