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
"""``latent-sr train`` and ``latent_sr.train``."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import latent_sr
import numpy as np
import pytest
from conftest import image_of, interrupted, phantom, write_nifti
from latent_sr.torch_model import load
from test_command_line import assert_one_line_error


@pytest.fixture
def cohort(tmp_path):
    """Three volumes of different sizes and types in a folder."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    write_nifti(folder / "a.nii.gz", phantom(seed=0))
    write_nifti(folder / "b.nii.gz", phantom(5, 40, 52, seed=1))
    write_nifti(folder / "c.nii.gz", phantom(seed=2), dtype="float32")
    return folder


def test_a_model_is_trained_and_says_how_it_was_made(latent_sr_run, tiny_model, cohort, tmp_path):
    output = tmp_path / "tuned.safetensors"
    words = ["--fine-tune", tiny_model, "--iterations", 3, "--seed", 5, "--threads", 1, "--validation-share", 0]
    result = latent_sr_run("train", cohort, "--output", output, *words, "--precision", "float32")
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    assert lines[0].startswith("training: iteration 1 of 3, loss ")
    assert "learning rate" in lines[0]
    assert "iterations/s" in lines[0]
    assert lines[-1].startswith("training: iteration 3 of 3")
    assert result.stdout.startswith(f"{output}: ")
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    expected = {
        "poolings": 2,
        "base_kernels": 4,
        "latent_channels": 4,
        "levels": [1],
        "pixel_unshuffle_factor": 2,
        "latent_pixels": True,
        "mixing": "learned",
        "mixing_context": True,
    }
    assert described["architecture"] == expected
    assert described["training"]["slice_spacing_mm"] == pytest.approx([8.0, 8.0], abs=1e-4)
    provenance = described["provenance"]
    assert provenance["volumes"] == "3"
    assert provenance["iterations"] == "3"
    assert provenance["command"] == (
        "latent-sr train --preset default --iterations 3 --seed 5 --precision float32 --validation-share 0 --fine-tune"
    )
    assert "cohort" not in json.dumps(provenance)


def test_weights_are_stored_at_half_precision_and_with_their_provenance_on_request(
    latent_sr_run, tiny_model, thick, tmp_path
):
    words = ["--fine-tune", tiny_model, "--iterations", 1, "--threads", 1]
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    assert latent_sr_run("train", thick, "--output", full, *words).returncode == 0
    more = ["--half-precision", "--provenance", "license=CC0 1.0", "--provenance", "data=a=b"]
    assert latent_sr_run("train", thick, "--output", half, *words, *more).returncode == 0
    weights = {path: load(path).state_dict() for path in (full, half)}
    for name, values in weights[full].items():
        assert np.allclose(weights[half][name], values, rtol=1e-3, atol=1e-6)
    assert half.stat().st_size < full.stat().st_size
    provenance = json.loads(latent_sr_run("info", half, "--json", "-").stdout)["provenance"]
    assert provenance["license"] == "CC0 1.0"
    assert provenance["data"] == "a=b"
    result = latent_sr_run("train", thick, "--output", tmp_path / "c.safetensors", "--provenance", "license")
    assert_one_line_error(result, 2, "'license'", "NAME=TEXT")


def test_the_default_preset_makes_the_default_network(latent_sr_run, thick, tmp_path):
    output = tmp_path / "new.safetensors"
    result = latent_sr_run("train", thick, "--output", output, "--iterations", 1, "--from-scratch")
    assert result.returncode == 0, result.stderr
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    assert described["architecture"]["levels"] == [0, 1, 2]


def test_the_paper_preset_makes_the_network_of_the_paper(latent_sr_run, thick, tmp_path):
    output = tmp_path / "paper.safetensors"
    result = latent_sr_run("train", thick, "--output", output, "--iterations", 1, "--preset", "paper")
    assert result.returncode == 0, result.stderr
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    expected = {
        "poolings": 4,
        "base_kernels": 32,
        "latent_channels": 16,
        "levels": [],
        "pixel_unshuffle_factor": 1,
        "latent_pixels": False,
        "mixing": "linear",
        "mixing_context": False,
    }
    assert described["architecture"] == expected


def test_the_presets_differ_in_their_number_of_iterations():
    from latent_sr.training import make_trainer

    assert make_trainer([image_of(phantom())]).GetNumberOfIterations() == 3000
    assert make_trainer([image_of(phantom())], preset="paper").GetNumberOfIterations() == 1_000_000


def test_a_time_budget_ends_a_training(latent_sr_run, tiny_model, thick, tmp_path):
    output = tmp_path / "tuned.safetensors"
    result = latent_sr_run("train", thick, "--output", output, "--fine-tune", tiny_model, "--minutes", "0.02")
    assert result.returncode == 0, result.stderr
    assert output.exists()


def test_the_same_seed_gives_the_same_model(tiny_model):
    def weights(seed):
        model = latent_sr.train([image_of(phantom())], iterations=3, seed=seed, initial_model=tiny_model, threads=1)
        import itk

        slices = itk.image_from_array(np.linspace(0, 1, 16 * 16, dtype=np.float32).reshape(1, 16, 16))
        return itk.array_from_image(model.Decode(model.Encode(slices)))

    first = weights(1)
    np.testing.assert_array_equal(first, weights(1))
    assert np.abs(first - weights(2)).max() > 0


def test_an_existing_model_is_replaced_only_on_demand(latent_sr_run, tiny_model, thick, tmp_path):
    output = tmp_path / "tuned.safetensors"
    output.write_text("mine")
    words = ["train", thick, "--output", output, "--fine-tune", tiny_model, "--iterations", 1]
    refused = latent_sr_run(*words)
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
    assert output.read_text() == "mine"
    assert latent_sr_run(*words, "--overwrite").returncode == 0
    assert output.stat().st_size > 1000


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interrupt_ends_with_exit_code_130_and_without_a_file(tiny_model, thick, tmp_path):
    output = tmp_path / "tuned.safetensors"
    words = ["train", str(thick), "--output", str(output), "--fine-tune", str(tiny_model), "--iterations", "1000000"]
    _, first, _ = interrupted(words)
    assert first.startswith("training: iteration 1 ")
    # The log stays, and shows the last iteration.
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "thick.nii.gz",
        "tuned.training.csv",
        "tuned.training.png",
    ]


def test_a_training_reports_every_iteration_to_python(tiny_model):
    states = []
    model = latent_sr.train(
        [image_of(phantom()), image_of(phantom(seed=1), dtype="float32")],
        iterations=4,
        initial_model=tiny_model,
        on_iteration=states.append,
    )
    assert model.HasWeights()
    assert [state.iteration for state in states] == [1, 2, 3, 4]
    assert all(np.isfinite(state.loss) and state.loss > 0 for state in states)
    assert all(state.learning_rate > 0 for state in states)
    assert states[-1].elapsed > 0


def test_an_exception_of_an_observer_ends_the_training(tiny_model):
    seen = []

    def fail(state):
        seen.append(state.iteration)
        raise ZeroDivisionError("in the observer")

    with pytest.raises(ZeroDivisionError, match="in the observer"):
        latent_sr.train([image_of(phantom())], iterations=1000, initial_model=tiny_model, on_iteration=fail)
    assert seen == [1]


@pytest.mark.parametrize("first", ["import torch", "pass"], ids=["with torch imported first", "without torch"])
def test_training_with_an_observer_works_with_the_lock_of_python(tiny_model, first):
    """With Python's part of torch loaded, the backward pass in C++ does not run while Python's lock is held."""
    code = f"""
        {first}
        import itk
        import numpy as np

        image = itk.image_from_array(np.random.default_rng(0).integers(0, 900, (5, 40, 40)).astype(np.int16))
        image.SetSpacing([1.4, 1.4, 8.0])
        model = itk.AutoencoderModel.New()
        model.Read({str(tiny_model)!r})
        trainer = itk.AutoencoderTrainer[type(image)].New()
        trainer.AddTrainingImage(image)
        trainer.SetInitialModel(model)
        trainer.SetNumberOfIterations(3)
        losses = []
        trainer.AddObserver(itk.IterationEvent(), lambda: losses.append(trainer.GetCurrentLoss()))
        trainer.Update()
        print(len(losses), trainer.GetOutput().HasWeights())
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["3", "True"]


def test_a_training_without_volumes_is_refused():
    with pytest.raises(latent_sr.UsageError, match="no volume"):
        latent_sr.train([])
    with pytest.raises(latent_sr.UsageError, match="exclude each other"):
        latent_sr.train([image_of(phantom())], iterations=1, minutes=1)


def test_the_precision_is_bfloat16_where_the_processor_has_instructions_for_its_matrices(
    latent_sr_run, tiny_model, thick, tmp_path
):
    from latent_sr.enumerations import training_precision

    flags = Path("/proc/cpuinfo")
    if not flags.is_file():
        pytest.skip("the flags of the processor are not known")
    expected = "bfloat16" if "amx_bf16" in flags.read_text() else "float32"
    assert training_precision("auto") == expected
    assert training_precision("float32") == "float32"
    output = tmp_path / "m.safetensors"
    words = ["--fine-tune", tiny_model, "--iterations", 1, "--threads", 1]
    result = latent_sr_run("train", thick, "--output", output, *words)
    assert result.returncode == 0, result.stderr
    described = json.loads(latent_sr_run("info", output, "--json", "-").stdout)
    assert f"--precision {expected}" in described["provenance"]["command"]


def test_the_picture_of_a_training_shows_interpolation_after_one_validation(tmp_path, monkeypatch):
    from latent_sr import training_log
    from matplotlib import pyplot

    scores = {"validation_psnr": "24.4", "validation_linear_psnr": "23.1", "validation_bspline_psnr": "22.7"}
    scores |= {name.replace("psnr", "ssim"): "0.6" for name in scores}
    row = {"iteration": "100", "loss": "0.05", "synthesis_loss": "0.01", "learning_rate": "1e-4", **scores}
    figures = []
    monkeypatch.setattr(pyplot, "close", figures.append)
    training_log.draw_curves([row], tmp_path / "curves.png")
    lines = figures[0].axes[2].lines
    # A dashed line through one point would not be seen.
    assert [line.get_label() for line in lines if len(line.get_xdata()) == 2] == ["linear", "B-spline"]


def test_a_model_that_was_trained_further_has_another_name(tiny_model):
    import itk
    import latent_sr
    from conftest import image_of, phantom
    from latent_sr.training import sign

    start = itk.AutoencoderModel.New()
    start.Read(str(tiny_model))
    start.SetProvenance("name", "first")
    start.SetProvenance("data", "volumes of others")
    options = {"iterations": 1, "threads": 1}
    further = latent_sr.train([image_of(phantom(4))], initial_model=start, **options)
    assert further.GetProvenance("name") == ""
    assert further.GetProvenance("started_from") == "first"
    assert further.GetProvenance("data") == "The volumes of this training. Before, of first: volumes of others"
    # Signing again changes nothing.
    sign(further, 1)
    assert further.GetProvenance("data").count("Before") == 1
