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
import re
from pathlib import Path

import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr.evaluation.result import SCHEMA
from latent_sr.evaluation.subjects import subjects_of
from latent_sr.evaluation.tables import as_table, ordinal
from test_report import assert_self_contained

KEYS = ["schema", "created", "versions", "settings", "metrics", "methods", "models", "volumes", "subjects", "summary"]
KEYS += ["summary_kept", "summary_long_axis", "summary_expected_error", "tests", "p_adjustment", "notes"]
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
    """All outputs of one run."""
    folder = tmp_path_factory.mktemp("outcome")
    result = latent_sr_run(
        *("evaluate", cohort, "--model", tiny_model, "--subject", "(patient[0-9])"),
        *("--json", folder / "r.json", "--csv", folder / "r.csv", "--report", folder / "r.html", "--threads", 2),
    )
    assert result.returncode == 0, result.stderr
    return folder, result


def strict(text: str) -> dict:
    """Parse JSON without the extensions that Python's parser allows."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_page_of_the_form_names_its_version_and_its_keys():
    page = (Path(latent_sr.__file__).parent / "SCHEMA.md").read_text(encoding="utf-8")
    assert page.startswith(f"# The result of an evaluation: `{SCHEMA}`")
    assert f'| `schema` | string | `"{SCHEMA}"` |' in page
    for key in KEYS:
        assert f"`{key}`" in page or f"`{key}[]`" in page, key


def test_the_json_file_has_the_documented_form(outcome):
    result = strict((outcome[0] / "r.json").read_text(encoding="utf-8"))
    assert list(result) == KEYS
    assert result["schema"] == "latent-sr/evaluation/2"
    methods = ["linear", "bspline", "lanczos", "linear-blur", "latent"]
    assert [method["name"] for method in result["methods"]] == methods
    assert result["settings"]["methods"] == methods
    assert result["methods"][-1] == {"name": "latent", "kind": "model", "model": "tiny", "mode": "auto"}
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
        assert volume["kept_slice_numbers"] == [0, 2, 4, 6]
        assert volume["mask"] is None
        assert list(volume["methods"]) == methods
        for record in volume["methods"].values():
            assert all(len(record["slices"][metric]) == 3 for metric in METRICS)
            for metric in METRICS:
                assert record["mean"][metric] == pytest.approx(np.mean(record["slices"][metric]))
            assert all(len(record["kept"]["slices"][metric]) == 4 for metric in METRICS)
            assert list(record["long_axis"]["axes"]) == ["0", "1"]


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
        assert 1 / 8 <= test["p"] <= test["p_holm"] <= 1
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


def test_metrics_can_be_chosen(latent_sr_run, tiny_model, cohort, tmp_path):
    files = {name: tmp_path / f"r.{name}" for name in ("json", "csv", "html")}
    run = latent_sr_run(
        *("evaluate", cohort, "--model", tiny_model, "--subject", "(patient[0-9])", "--methods", "linear,latent"),
        *("--metrics", "maeg,ssim", "--json", files["json"], "--csv", files["csv"], "--report", files["html"]),
    )
    assert run.returncode == 0, run.stderr
    result = strict(files["json"].read_text(encoding="utf-8"))
    assert [metric["name"] for metric in result["metrics"]] == ["mse", "psnr", "maeg", "ssim"]
    assert result["metrics"][2] == {"name": "maeg", "label": "MAEG", "unit": "", "better": "lower"}

    volume = result["volumes"][0]
    low, high = volume["window"]
    array = np.clip((np.rint(phantom(seed=0)) - low) / (high - low), 0, 1)
    recovered = (array[0:-1:2] + array[2::2]) / 2
    magnitudes = [np.hypot(*np.gradient(slices, axis=(1, 2))) for slices in (recovered, array[1::2])]
    expected = np.abs(magnitudes[0] - magnitudes[1]).mean(axis=(1, 2))
    record = volume["methods"]["linear"]
    assert record["slices"]["maeg"] == pytest.approx(expected, rel=1e-4)
    assert record["mean"]["maeg"] == pytest.approx(expected.mean(), rel=1e-4)
    assert len(record["kept"]["slices"]["maeg"]) == 4
    assert record["long_axis"]["axes"]["0"]["maeg"] > 0
    assert {test["metric"] for test in result["tests"]} == {"mse", "psnr", "maeg", "ssim"}

    assert files["csv"].read_text(encoding="utf-8").splitlines()[0].endswith(",method,mse,psnr,maeg,ssim")
    text = files["html"].read_text(encoding="utf-8")
    assert_self_contained(text)
    assert re.search(r"MAEG<br><span class=.sd.>lower is better", text)
    assert "MAEG" in text.split("Distribution over subjects")[1].split("</div>")[0]
    assert "VIFp" not in text
    assert "MAEG" in run.stdout


def test_metrics_that_do_not_fit_are_left_out_with_a_note(thick):
    result = latent_sr.evaluate([thick], methods=["linear"], metrics=["ms_ssim", "maeg"])
    assert result["summary"]["linear"]["ms_ssim"]["mean"] is None
    assert result["summary"]["linear"]["maeg"]["mean"] > 0
    assert result["notes"] == [
        "multi-scale SSIM is left out: slices of 48 x 44 pixels are smaller than 161 pixels",
        "multi-scale SSIM of long-axis planes is left out in 1 of 1 volume: the planes are smaller than 161 pixels",
    ]


def test_a_metric_that_slices_do_not_have_is_refused(latent_sr_run, thick):
    with pytest.raises(latent_sr.UsageError, match=r"metric is 'nmi', but has to be one of ssim, vifp, .*maeg"):
        latent_sr.evaluate([thick], metrics=["ssim", "nmi"])
    result = latent_sr_run("evaluate", thick, "--metrics", "beauty")
    assert result.returncode == 2
    assert "metric is 'beauty'" in result.stderr


@pytest.fixture(scope="module")
def tall(tmp_path_factory) -> tuple[Path, np.ndarray]:
    """A volume of 13 slices, and its intensities mapped to [0, 1] as for the measurement, in the order of its axes."""
    path = write_nifti(tmp_path_factory.mktemp("tall") / "tall.nii", phantom(slices=13))
    volume = np.rint(phantom(slices=13)).T
    low, high = np.percentile(volume[..., ::2], [1, 99])
    return path, np.clip((volume - low) / (high - low), 0, 1)


def test_kept_slices_are_scored_separately(tall):
    path, truth = tall
    result = latent_sr.evaluate([path], methods=["linear", "linear-blur"])
    linear, blurred = result["volumes"][0]["methods"].values()
    assert result["volumes"][0]["kept_slice_numbers"] == [0, 2, 4, 6, 8, 10, 12]
    assert linear["kept"]["slices"]["mse"] == pytest.approx([0] * 7, abs=1e-12)
    assert linear["kept"]["mean"]["ssim"] == pytest.approx(1)
    ndimage = pytest.importorskip("scipy.ndimage")
    smooth = ndimage.gaussian_filter(truth[..., ::2], (1.5, 1.5, 0), mode="nearest")
    expected = ((smooth - truth[..., ::2]) ** 2).mean(axis=(0, 1))
    # ITK's kernel is the discrete analog of the Gaussian. SciPy's kernel has samples of the Gaussian.
    assert blurred["kept"]["slices"]["mse"] == pytest.approx(expected, rel=0.06)
    assert result["summary_kept"]["linear-blur"]["mse"]["mean"] == blurred["kept"]["mean"]["mse"]


def test_long_axis_planes_are_those_of_the_whole_recovered_volume(tall):
    metrics = pytest.importorskip("skimage.metrics")
    path, truth = tall
    result = latent_sr.evaluate([path], methods=["linear"])
    long_axis = result["volumes"][0]["methods"]["linear"]["long_axis"]
    recovered = truth.copy()
    recovered[..., 1::2] = (truth[..., 0:-1:2] + truth[..., 2::2]) / 2
    for axis, others in (("0", (1, 2)), ("1", (0, 2))):
        errors = ((recovered - truth) ** 2).mean(axis=others)
        assert long_axis["axes"][axis]["mse"] == pytest.approx(errors.mean(), rel=1e-4)
        assert long_axis["axes"][axis]["psnr"] == pytest.approx((-10 * np.log10(errors)).mean(), rel=1e-4)
        similarity = [
            metrics.structural_similarity(
                np.take(truth, n, int(axis)),
                np.take(recovered, n, int(axis)),
                data_range=1,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for n in range(truth.shape[int(axis)])
        ]
        assert long_axis["axes"][axis]["ssim"] == pytest.approx(np.mean(similarity), rel=1e-3)
        assert long_axis["axes"][axis]["vifp"] is None
    count = np.array(truth.shape[:2])
    expected = (count * [long_axis["axes"][axis]["mse"] for axis in "01"]).sum() / count.sum()
    assert long_axis["mean"]["mse"] == pytest.approx(expected)


def test_long_axis_planes_of_background_are_left_out(tmp_path):
    volume = phantom(slices=7)
    volume[:, :, :10] = 0
    result = latent_sr.evaluate([write_nifti(tmp_path / "a.nii", volume)], methods=["linear"])
    axes = result["volumes"][0]["methods"]["linear"]["long_axis"]["axes"]
    assert math.isfinite(axes["0"]["psnr"])
    assert math.isfinite(axes["1"]["psnr"])


def test_a_mask_restricts_what_is_measured(tall, tmp_path):
    path, truth = tall
    mask = np.zeros(truth.shape)
    mask[10:30, 8:28] = 1
    mask[..., 5] = 0
    file = write_nifti(tmp_path / "mask.nii", mask.T, dtype="uint8")
    result = latent_sr.evaluate([path], methods=["linear"], mask=file, crop=42)
    recovered = (truth[..., 0:-1:2] + truth[..., 2::2]) / 2
    errors = (recovered - truth[..., 1::2]) ** 2
    expected = errors[10:30, 8:28].mean(axis=(0, 1))
    volume = result["volumes"][0]
    found = volume["methods"]["linear"]["slices"]["mse"]
    assert found[2] is None
    assert found[:2] + found[3:] == pytest.approx([*expected[:2], *expected[3:]], rel=1e-4)
    assert volume["measured_size"] == [42, 42]
    assert volume["mask"] == result["settings"]["mask"] == file.as_posix()
    assert any("VIFp is that of whole slices" in note for note in result["notes"])
    planes = volume["methods"]["linear"]["long_axis"]["axes"]["0"]["mse"]
    whole = np.zeros(truth.shape)
    whole[..., 1::2] = errors
    expected = [whole[n][mask[n] > 0].mean() for n in range(10, 30)]
    assert planes == pytest.approx(np.mean(expected), rel=1e-4)


def test_masks_of_a_folder_go_by_name(cohort, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    ones = np.ones((7, 44, 48))
    for file in cohort.iterdir():
        write_nifti(masks / file.name.replace(".nii.gz", ".nii"), ones, dtype="uint8")
    masked = latent_sr.evaluate([cohort], methods=["linear"], mask=masks)
    free = latent_sr.evaluate([cohort], methods=["linear"])
    assert Path(masked["volumes"][0]["mask"]).name == "patient0_phase0.nii"
    assert masked["summary"]["linear"]["ssim"]["mean"] == pytest.approx(free["summary"]["linear"]["ssim"]["mean"])
    (masks / "patient1_phase0.nii").unlink()
    with pytest.raises(latent_sr.LatentSRError, match=r"holds no mask of '.*patient1_phase0\.nii\.gz'"):
        latent_sr.evaluate([cohort], methods=["linear"], mask=masks)


def test_a_mask_that_does_not_fit_is_refused(thick, tmp_path):
    small = write_nifti(tmp_path / "small.nii", np.ones((7, 44, 40)), dtype="uint8")
    with pytest.raises(latent_sr.LatentSRError, match=r"small\.nii' has 40 x 44 x 7 pixels, but .* 48 x 44 x 7"):
        latent_sr.evaluate([thick], methods=["linear"], mask=small)
    shifted = write_nifti(tmp_path / "shifted.nii", np.ones((7, 44, 48)), np.eye(4), dtype="uint8")
    with pytest.raises(latent_sr.LatentSRError, match=r"shifted\.nii' has the spacing"):
        latent_sr.evaluate([thick], methods=["linear"], mask=shifted)
    empty = write_nifti(tmp_path / "empty.nii", np.zeros((7, 44, 48)), dtype="uint8")
    with pytest.raises(latent_sr.LatentSRError, match=r"empty\.nii' selects no pixel of the dropped slices"):
        latent_sr.evaluate([thick], methods=["linear"], mask=empty)


def test_a_note_names_the_metrics_that_a_mask_does_not_restrict(thick, tmp_path):
    mask = write_nifti(tmp_path / "mask.nii", np.ones((7, 44, 48)), dtype="uint8")
    notes = latent_sr.evaluate([thick], methods=["linear"], mask=mask, metrics=["ssim", "gmsd", "maeg"])["notes"]
    assert any(note.startswith("GMSD and MAEG are those of whole slices; the other metrics") for note in notes)
    notes = latent_sr.evaluate([thick], methods=["linear"], mask=mask, metrics=["ssim"])["notes"]
    assert not any("whole slices" in note for note in notes)


def test_the_worst_slices_are_found():
    from latent_sr.evaluation.worst import choose_worst
    from test_report import made_up_result

    result = made_up_result()
    result["volumes"][2]["methods"]["latent"]["slices"]["ssim"] = [0.5, 0.1]
    result["volumes"][4]["methods"]["latent"]["slices"]["ssim"] = [0.3, 0.29]
    result["volumes"][4]["methods"]["linear-blur"]["slices"]["ssim"] = [0.2, 0.9]
    (loss, losses), (lowest, lows) = choose_worst(result)
    assert (loss.kind, loss.model, loss.against, loss.metric) == ("loss", "latent", "linear-blur", "ssim")
    assert losses == [(4, 3), (2, 3)]
    assert (lowest.kind, lowest.against) == ("lowest", None)
    assert lows == [(2, 3), (4, 3)]


@pytest.mark.parametrize(("name", "same"), [("bspline3", "bspline"), ("bspline1", "linear"), ("bspline0", "nearest")])
def test_splines_can_have_any_order(thick, name, same):
    result = latent_sr.evaluate([thick], methods=[name, same], keep_every=3)
    first, second = result["volumes"][0]["methods"].values()
    assert first["slices"]["mse"] == pytest.approx(second["slices"]["mse"], rel=1e-4)


@pytest.mark.parametrize("name", ["bspline2", "bspline5", "lanczos4"])
def test_wider_interpolation_kernels_are_separate_methods(thick, name):
    result = latent_sr.evaluate([thick], methods=[name, "linear"])
    first, second = result["volumes"][0]["methods"].values()
    assert first["slices"]["mse"] != second["slices"]["mse"]


def test_thick_slices_can_be_simulated(thick):
    thin, blurred = (
        latent_sr.evaluate([thick], methods=["nearest"], slice_thickness=thickness) for thickness in (0, 16.0)
    )
    assert blurred["settings"]["slice_thickness_mm"] == 16.0
    assert thin["summary_kept"]["nearest"]["mse"]["mean"] == pytest.approx(0, abs=1e-12)
    assert blurred["summary_kept"]["nearest"]["mse"]["mean"] > 1e-5


def test_a_negative_slice_thickness_is_refused(thick):
    with pytest.raises(latent_sr.UsageError, match="slice thickness is -1 mm"):
        latent_sr.evaluate([thick], slice_thickness=-1)


def test_the_csv_file_has_a_row_for_each_slice_and_method(outcome):
    with (outcome[0] / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * (3 + 4 + 2) * 5
    assert list(rows[0]) == ["volume", "frame", "subject", "part", "axis", "slice", "method", *METRICS]
    assert {row["slice"] for row in rows if row["part"] == "dropped"} == {"1", "3", "5"}
    assert {row["slice"] for row in rows if row["part"] == "kept"} == {"0", "2", "4", "6"}
    assert {(row["slice"], row["axis"]) for row in rows if row["part"] == "long-axis"} == {("", "0"), ("", "1")}
    assert all(math.isfinite(float(row["ssim"])) for row in rows if row["part"] != "long-axis")


def test_the_report_is_one_file_with_pictures(outcome):
    text = (outcome[0] / "r.html").read_text(encoding="utf-8")
    document = assert_self_contained(text)
    images = [attributes for tag, attributes in document.elements if tag == "img"]
    assert len(images) == (3 + 2 + 2) * (1 + 5 + 5) + 1 + 5
    assert len([1 for tag, attributes in document.elements if tag == "svg" and "aria-label" in attributes]) == 4
    assert "3 subjects, 6 volumes, 18 recovered slices" in text


def test_the_table_goes_to_stdout_and_progress_to_stderr(outcome):
    result = outcome[1]
    assert result.stdout.startswith("3 subjects, 6 volumes, 18 slices recovered (every 2nd slice kept)")
    assert "one-sided Wilcoxon signed-rank tests over subjects" in result.stdout
    assert "long-axis" in result.stdout
    assert all(line.startswith(("evaluating: ", "drawing: ")) for line in result.stderr.splitlines())
    assert "100 % (30 of 30 recoveries" in result.stderr


def test_nothing_is_left_beside_the_outputs(outcome):
    assert sorted(path.name for path in outcome[0].iterdir()) == ["r.csv", "r.html", "r.json"]


def test_json_can_go_to_stdout(latent_sr_run, thick):
    result = latent_sr_run("evaluate", thick, "--methods", "nearest,linear", "--json", "-")
    assert result.returncode == 0, result.stderr
    parsed = strict(result.stdout)
    assert parsed["tests"] == []
    assert parsed["subjects"][0]["subject"] == "thick"


def test_several_models_and_modes_get_different_names(tiny_model, thick, tmp_path):
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


def test_models_with_the_same_name_are_distinguished_by_their_folders(tmp_path):
    from latent_sr.models import distinct_names

    paths = [tmp_path / "a" / "model.safetensors", tmp_path / "b" / "model.safetensors", None]
    assert distinct_names(paths) == ["a/model", "b/model", "bundled"]


def test_slices_can_be_cropped_and_more_slices_dropped(thick):
    result = latent_sr.evaluate([thick], keep_every=3, crop=42, methods=["linear"])
    volume = result["volumes"][0]
    assert volume["slice_numbers"] == [1, 2, 4, 5]
    assert volume["measured_size"] == [42, 42]


def test_vifp_is_left_out_with_a_note_if_slices_are_small(thick):
    result = latent_sr.evaluate([thick], crop=32, methods=["linear", "nearest"])
    assert result["volumes"][0]["methods"]["linear"]["slices"]["vifp"] == [None, None, None]
    assert result["summary"]["linear"]["vifp"]["mean"] is None
    assert result["summary"]["linear"]["ssim"]["mean"] is not None
    assert result["notes"] == [
        "VIFp is left out: slices of 32 x 32 pixels are smaller than 41 pixels",
        "SSIM of long-axis planes is left out in 1 of 1 volume: the planes are smaller than 11 pixels",
        "VIFp of long-axis planes is left out in 1 of 1 volume: the planes are smaller than 41 pixels",
    ]


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


def test_every_input_is_checked_before_anything_is_computed(thick, tmp_path):
    short = write_nifti(tmp_path / "short.nii", phantom(slices=2))
    steps = []
    with pytest.raises(latent_sr.LatentSRError, match=r"short\.nii' has 2 slices"):
        latent_sr.evaluate([thick, short], methods=["linear"], progress=lambda *step: steps.append(step))
    assert steps == []


def test_without_a_pattern_each_file_is_a_subject_with_its_name_or_path():
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


def test_notes_say_which_mode_was_automatic_and_which_volumes_are_unlike_the_training(tmp_path):
    near = write_nifti(tmp_path / "near.nii", phantom(), np.diag([-1.4, -1.4, 3.0, 1.0]))
    far = write_nifti(tmp_path / "far.nii", phantom(), np.diag([-1.4, -1.4, 8.0, 1.0]))
    result = latent_sr.evaluate([near, far], methods=["linear", "latent"], metrics=["ssim"])
    modes = [volume["methods"]["latent"]["mode"] for volume in result["volumes"]]
    assert sorted(modes) == ["decoded", "low-pass-corrected"]
    outside = {volume["path"]: volume["methods"]["latent"]["outside_training_range"] for volume in result["volumes"]}
    assert outside == {near.as_posix(): False, far.as_posix(): True}
    assert any(
        note.startswith("the mode auto of latent was ") and "decoded in 1 of 2 volumes" in note
        for note in result["notes"]
    )
    assert any(note.startswith("in 1 of 2 volumes, the spacings of the kept slices") for note in result["notes"])


def test_a_single_subject_is_not_tested(thick, tiny_model):
    from latent_sr.evaluation.report import render_report, summary_sentence

    result = latent_sr.evaluate([thick], methods=["linear", "latent"], models=[str(tiny_model)])
    assert summary_sentence(result).endswith(" A single subject can't be tested.")
    table = as_table(result)
    assert "A single subject can't be tested, so there are no p values." in table
    assert "Holm" not in table
    assert "Holm" not in render_report(result)
