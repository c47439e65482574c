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
"""Defaults of ``latent-sr train``: start from the bundled model, hold out subjects, keep the better model."""

import json

import itk
import latent_sr
import numpy as np
import pytest
from conftest import phantom, write_nifti
from latent_sr import selection
from latent_sr.models import load_model
from latent_sr.torch_model import load
from test_command_line import assert_one_line_error

QUICK = ("--threads", 1, "--set", "batch-size=2", "--set", "patch-size=32")


@pytest.fixture
def cohort(tmp_path):
    """Six volumes of five subjects."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    for number, subject in enumerate("aabcde"):
        write_nifti(folder / f"{subject}-{number}.nii.gz", phantom(slices=5, seed=number))
    return folder


@pytest.fixture(scope="session")
def bundled(tmp_path_factory):
    """The bundled model in a file."""
    path = tmp_path_factory.mktemp("bundled") / "bundled.safetensors"
    load_model().Write(str(path))
    return path


def described(latent_sr_run, path):
    return json.loads(latent_sr_run("info", path, "--json", "-").stdout)


def test_a_training_starts_from_the_bundled_model_at_half_the_learning_rate(latent_sr_run, thick, bundled, tmp_path):
    output = tmp_path / "m.safetensors"
    result = latent_sr_run("train", thick, "--output", output, "--iterations", 1, *QUICK)
    assert result.returncode == 0, result.stderr
    assert "learning rate 5.00e-06" in result.stderr  # The first of 100 warm-up iterations.
    found, start = load(output).state_dict(), load(bundled).state_dict()
    assert all(np.abs(found[name] - start[name]).max() < 1e-4 for name in found if name.endswith("weight"))
    assert described(latent_sr_run, output)["provenance"]["command"].endswith(" --fine-tune")


def test_a_training_from_scratch_starts_from_other_weights(latent_sr_run, thick, bundled, tmp_path):
    output = tmp_path / "m.safetensors"
    words = ["--from-scratch", "--iterations", 1, *QUICK]
    result = latent_sr_run("train", thick, "--output", output, *words)
    assert result.returncode == 0, result.stderr
    assert "learning rate 1.00e-05" in result.stderr
    first, other = (load(path).state_dict()["encoder.0.0.weight"] for path in (output, bundled))
    assert not np.allclose(first, other)
    assert described(latent_sr_run, output)["provenance"]["command"].endswith(" --from-scratch")
    result = latent_sr_run("train", thick, "--output", tmp_path / "n.safetensors", *words, "--fine-tune")
    assert_one_line_error(result, 2, "--fine-tune", "--from-scratch")


def test_a_network_that_the_user_chooses_starts_from_random_weights(latent_sr_run, thick, tmp_path):
    output = tmp_path / "m.safetensors"
    words = ["--iterations", 1, *QUICK, "--set", "base-channels=4", "--set", "latent-levels=1,2"]
    result = latent_sr_run("train", thick, "--output", output, *words)
    assert result.returncode == 0, result.stderr
    assert described(latent_sr_run, output)["architecture"]["base_kernels"] == 4


def test_the_bundled_model_is_written_if_it_is_better(latent_sr_run, cohort, bundled, tmp_path):
    """A model after two iterations from random weights is worse."""
    output = tmp_path / "m.safetensors"
    words = ["train", cohort, "--from-scratch", "--iterations", 2, *QUICK, "--subject", r"([a-e])-\d"]
    result = latent_sr_run(*words, "--output", output)
    assert result.returncode == 0, result.stderr
    assert "THE BUNDLED MODEL IS BETTER there: it was written" in result.stdout
    assert "comparing with the bundled model: " in result.stderr
    found, expected = load(output).state_dict(), load(bundled).state_dict()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    kept = described(latent_sr_run, output)["provenance"]["kept"]
    assert "the bundled model" in kept
    assert "SSIM" in kept
    assert "cohort" not in kept

    output = tmp_path / "n.safetensors"
    result = latent_sr_run(*words, "--output", output, "--keep", "trained")
    assert result.returncode == 0, result.stderr
    assert "THE BUNDLED MODEL IS BETTER there; the trained one was written all the same" in result.stdout
    assert not np.array_equal(load(output).state_dict()["encoder.0.0.weight"], expected["encoder.0.0.weight"])


def test_a_network_that_the_user_chooses_is_not_replaced_by_the_bundled_model(latent_sr_run, cohort, tmp_path):
    output = tmp_path / "m.safetensors"
    words = ["--iterations", 1, *QUICK, "--set", "base-channels=4"]
    result = latent_sr_run("train", cohort, "--output", output, *words)
    assert result.returncode == 0, result.stderr
    assert "written all the same" in result.stdout
    assert described(latent_sr_run, output)["architecture"]["base_kernels"] == 4


def test_a_fifth_of_the_subjects_is_held_out_and_one_of_two_but_none_of_one(latent_sr_run, cohort, tmp_path):
    words = ["--iterations", 1, *QUICK]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", *words, "--subject", r"([a-e])-\d")
    assert "trained on 5 files" in result.stdout or "trained on 4 files" in result.stdout
    assert "validation volume" in result.stdout
    result = latent_sr_run("train", cohort, "--output", tmp_path / "o.safetensors", *words, "--validation-share", 0)
    assert "trained on 6 files" in result.stdout
    assert "validation" not in result.stdout
    for name in ("b-2", "c-3", "d-4"):
        (cohort / f"{name}.nii.gz").unlink()
    words += ["--subject", r"([a-e])-\d"]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "n.safetensors", *words)
    assert result.returncode == 0, result.stderr
    assert "trained on 2 files" in result.stdout or "trained on 1 file" in result.stdout
    assert "for one subject; its uncertainty is unknown" in result.stdout
    (cohort / "e-5.nii.gz").unlink()
    result = latent_sr_run("train", cohort, "--output", tmp_path / "q.safetensors", *words)
    assert "trained on 2 files" in result.stdout
    assert "validation" not in result.stdout
    words += ["--early-stopping", 2]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "p.safetensors", *words)
    assert_one_line_error(result, 2, "--early-stopping", "1 subject")


def test_a_comparison_has_the_same_values_as_an_evaluation(cohort, bundled, tiny_model):
    paths = sorted(cohort.iterdir())
    comparison = selection.compare_with_bundled(tiny_model, paths, list("aabcde"))
    assert not comparison.trained_is_better
    assert (comparison.volumes, len(comparison.psnr_gains)) == (6, 5)
    assert np.mean(comparison.psnr_gains) == pytest.approx(
        comparison.scores["trained"].psnr - comparison.scores["bundled"].psnr, abs=1e-9
    )
    result = latent_sr.evaluate(paths, models=[None], methods=["linear", "latent"], subject=r"([a-e])-\d")
    for name, method in (("linear", "linear"), ("bundled", "latent")):
        for metric in ("psnr", "ssim"):
            expected = result["summary"][method][metric]["mean"]
            assert getattr(comparison.scores[name], metric) == pytest.approx(expected, abs=1e-12)
    assert selection.compare_with_bundled(bundled, paths[:1], ["a"]).trained_is_better is False


def test_the_gain_over_the_bundled_model_has_a_standard_error():
    scores = {name: selection.Scores(20.0, 0.5, 0.1) for name in ("trained", "bundled", "linear")}
    comparison = selection.Comparison(scores, 4, [0.1, 0.3, -0.1], [0.01, 0.03, 0.02])
    # The sample standard deviations are .2 and .01.
    assert comparison.describe_gain() == (
        "gain over the bundled model: +0.10 dB and +0.0200 SSIM, standard errors 0.12 dB and 0.0058; "
        "higher PSNR for 2 of 3 subjects"
    )


def test_volumes_of_different_subjects_are_compared_first():
    assert selection._chosen(["a", "a", "a", "b", "c", "c"], 3) == [0, 3, 4]
    assert selection._chosen(["a", "a", "a", "b", "c", "c"], 5) == [0, 1, 3, 4, 5]
    assert selection._chosen(["a"], 3) == [0]


def test_volumes_without_three_slices_or_a_slice_axis_are_not_compared(tmp_path, tiny_model):
    thin = write_nifti(tmp_path / "thin.nii", phantom(slices=2))
    cube = tmp_path / "cube.nii"
    image = itk.image_from_array(np.zeros((5, 16, 16), dtype=np.int16))
    itk.imwrite(image, str(cube))
    assert selection.compare_with_bundled(tiny_model, [thin, cube], ["a", "b"]) is None


@pytest.mark.parametrize("option", [["--subject", "(a)"], ["--early-stopping", "3"], ["--keep", "better"]])
def test_options_of_the_validation_are_refused_without_one(latent_sr_run, cohort, tmp_path, option):
    words = ["--validation-share", 0, *option]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", *words)
    assert_one_line_error(result, 2, option[0], "--validation-share 0")
