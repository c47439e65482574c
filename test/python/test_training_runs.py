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
"""Trainings on files, with validation, with interruptions, and with several processes."""

import csv
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import itk
import latent_sr
import numpy as np
import pytest
import torch
from conftest import command, image_of, phantom, write_nifti
from latent_sr.torch_model import load
from latent_sr.training import make_trainer
from test_command_line import assert_one_line_error
from torch import nn

SMALL = ("--iterations", 4, "--threads", 1)


@pytest.fixture
def cohort(tmp_path):
    """Five volumes of three subjects."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    for number, subject in enumerate("aabbc"):
        write_nifti(folder / f"{subject}-{number}.nii.gz", phantom(slices=5 + number, seed=number))
    return folder


def weights(path):
    return load(path).state_dict()


def assert_same(first, second, **tolerance):
    first, second = weights(first), weights(second)
    assert first.keys() == second.keys()
    for name, values in first.items():
        if tolerance:
            np.testing.assert_allclose(second[name], values, err_msg=name, **tolerance)
        else:
            np.testing.assert_array_equal(second[name], values, err_msg=name)


# Files ----------------------------------------------------------------------------------------------------------------


def test_training_on_files_is_the_same_as_on_images(tiny_model, cohort, tmp_path):
    files = sorted(cohort.iterdir())
    images = [latent_sr.read_volume(path) for path in files]
    for name, volumes in (("files", files), ("images", images)):
        model = latent_sr.train(volumes, iterations=4, initial_model=tiny_model, threads=1)
        model.Write(str(tmp_path / f"{name}.safetensors"))
    assert_same(tmp_path / "files.safetensors", tmp_path / "images.safetensors")


def test_training_on_a_dicom_folder_is_the_same_as_on_its_volume(tiny_model, tmp_path):
    from test_io import write_dicom_series

    write_dicom_series(tmp_path / "series", phantom())
    for name, volume in (("folder", tmp_path / "series"), ("image", latent_sr.read_volume(tmp_path / "series"))):
        model = latent_sr.train([volume], iterations=3, initial_model=tiny_model, threads=1)
        model.Write(str(tmp_path / f"{name}.safetensors"))
    assert_same(tmp_path / "folder.safetensors", tmp_path / "image.safetensors", atol=1e-6)


def test_a_file_that_is_cut_off_is_refused_before_the_training(latent_sr_run, tiny_model, cohort, tmp_path):
    broken = cohort / "d-5.nii"
    broken.write_bytes(write_nifti(tmp_path / "whole.nii", phantom()).read_bytes()[:5000])
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", "--fine-tune", tiny_model)
    assert_one_line_error(result, 1, "d-5.nii", "cut off")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort", "whole.nii"]


# Validation and log ---------------------------------------------------------------------------------------------------


def test_subjects_are_held_out_and_measured_and_logged(latent_sr_run, tiny_model, cohort, tmp_path):
    output = tmp_path / "m.safetensors"
    words = ["--validation-share", 0.3, "--subject", r"([a-c])-\d", "--fine-tune", tiny_model]
    result = latent_sr_run("train", cohort, "--output", output, *words, "--iterations", 101)
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    validated = [line for line in lines if ", validation PSNR " in line]
    assert len(validated) == 1
    assert "iteration 100 of 101" in validated[0]
    assert "linear" in validated[0]
    assert "B-spline" in validated[0]
    assert "best on validation slices after iteration" in result.stdout
    with (tmp_path / "m.training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == list(range(1, 102))
    assert all(float(row["loss"]) > 0 for row in rows)
    scored = [row for row in rows if row["validation_ssim"]]
    assert [row["iteration"] for row in scored] == ["100"]
    assert 0 < float(scored[0]["validation_linear_psnr"]) < 60
    picture = itk.imread(str(tmp_path / "m.training.png"))
    assert min(picture.GetLargestPossibleRegion().GetSize()) > 200


def test_all_volumes_of_a_subject_are_either_trained_on_or_validated_on():
    from latent_sr.training import split_by_subject

    subjects = ["a", "a", "b", "b", "c", "d", "e"]
    for seed in range(20):
        training, validation = split_by_subject(subjects, 0.4, seed)
        assert sorted([*training, *validation]) == list(range(7))
        held_out = {subjects[i] for i in validation}
        assert len(held_out) == 2
        assert not held_out & {subjects[i] for i in training}
    assert len(split_by_subject(["a", "b"], 0.01)[1]) == 1
    assert len(split_by_subject(["a", "b"], 0.99)[0]) == 1
    with pytest.raises(latent_sr.LatentSRError, match="only one subject"):
        split_by_subject(["a", "a"], 0.5)


def test_tensorboard_files_are_written_or_a_missing_tensorboard_is_reported(
    latent_sr_run, tiny_model, cohort, tmp_path
):
    words = ["--fine-tune", tiny_model, *SMALL, "--tensorboard", tmp_path / "board"]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", *words)
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        assert_one_line_error(result, 1, "pip install tensorboard")
    else:
        assert result.returncode == 0, result.stderr
        assert list((tmp_path / "board").glob("events*"))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--validation-share", "1.5"], ["--validation-share", "'1.5'"]),
        (["--validation-share", "0.5", "--validation", "a.nii"], ["exclude each other"]),
        (["--resume"], ["--resume", "--checkpoint"]),
        (["--checkpoint", "state.pt"], ["state.pt", ".safetensors"]),
        (["--cache", "0"], ["--cache", "'0'"]),
    ],
)
def test_options_that_make_no_sense_are_refused(latent_sr_run, cohort, tmp_path, words, parts):
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", *words)
    assert_one_line_error(result, 2, *parts)


def test_the_same_volume_for_training_and_validation_is_refused(latent_sr_run, cohort, tmp_path):
    file = sorted(cohort.iterdir())[0]
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", "--validation", file)
    assert_one_line_error(result, 2, str(file.resolve()))


def test_a_checkpoint_in_a_missing_folder_is_refused_at_once(latent_sr_run, cohort, tmp_path):
    checkpoint = tmp_path / "no" / "state.safetensors"
    result = latent_sr_run("train", cohort, "--output", tmp_path / "m.safetensors", "--checkpoint", checkpoint)
    assert_one_line_error(result, 1, "'" + str(tmp_path / "no") + "'")


# Checkpoints ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_a_training_that_is_killed_and_resumed_gives_the_same_bits(latent_sr_run, tiny_model, cohort, tmp_path):
    """The training is killed five times at random moments. The log is also that of one training."""
    words = ["train", cohort, "--fine-tune", tiny_model, "--iterations", 90, "--threads", 1]
    words += ["--validation-share", 0.3, "--subject", r"([a-c])-\d"]
    straight, broken = tmp_path / "straight.safetensors", tmp_path / "broken.safetensors"
    result = latent_sr_run(*words, "--output", straight)
    assert result.returncode == 0, result.stderr
    checkpoint = tmp_path / "state.safetensors"
    resumable = [*command(), *map(str, words), "--output", str(broken), "--checkpoint", str(checkpoint)]
    resumable += ["--checkpoint-every", "7", "--resume"]
    table = broken.with_name("broken.training.csv")
    for kill in range(5):
        process = subprocess.Popen(resumable, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Each time after the last checkpoint, and far from the end.
        rows = random.randint(10 * kill + 4, 10 * kill + 14)
        while not table.is_file() or table.read_text().count("\n") < rows:
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not broken.exists()
    subprocess.run(resumable, check=True, capture_output=True, timeout=170)
    assert_same(straight, broken)
    tables = []
    for path in (straight, broken):
        with path.with_name(f"{path.stem}.training.csv").open(newline="") as file:
            tables.append([{k: v for k, v in row.items() if k != "elapsed"} for row in csv.DictReader(file)])
    assert tables[0] == tables[1]


def test_a_checkpoint_of_another_training_is_refused_in_one_line(latent_sr_run, tiny_model, cohort, tmp_path):
    checkpoint = tmp_path / "state.safetensors"
    words = ["train", cohort, "--fine-tune", tiny_model, *SMALL, "--checkpoint", checkpoint]
    assert latent_sr_run(*words, "--output", tmp_path / "a.safetensors").returncode == 0
    result = latent_sr_run(*words, "--output", tmp_path / "b.safetensors")
    assert_one_line_error(result, 1, "state.safetensors", "--overwrite")
    result = latent_sr_run(*words, "--output", tmp_path / "b.safetensors", "--resume", "--seed", 3)
    assert result.returncode == 1
    assert "seed was 0, and is 3" in result.stderr.splitlines()[-1]


# The paper's network and training, against PyTorch --------------------------------------------------------------------


def paper_network():
    """An independent network of arXiv:2010.13172, Section 4: layers by their names in model files."""
    layers = {}

    def convolution(name, inputs, outputs):
        layers[name] = nn.Conv2d(inputs, outputs, 3, padding=1)

    def blocks(side, channels, widths):
        for block, width in enumerate(widths):
            convolution(f"{side}.{block}.0", channels, width)
            convolution(f"{side}.{block}.2", width, width)
            layers[f"{side}.{block}.4"] = nn.BatchNorm2d(width)
            channels = width

    blocks("encoder", 1, (32, 64, 128, 256))
    convolution("to_latent.0", 256, 256)
    convolution("to_latent.2", 256, 16)
    convolution("from_latent.0", 16, 256)
    convolution("from_latent.2", 256, 256)
    blocks("decoder", 256, (256, 128, 64, 32))
    convolution("to_image.0", 32, 32)
    convolution("to_image.2", 32, 1)

    def forward(x):
        shapes = []
        for block in range(4):
            for layer in (0, 2):
                x = nn.functional.leaky_relu(layers[f"encoder.{block}.{layer}"](x), 0.01)
            x = nn.functional.avg_pool2d(layers[f"encoder.{block}.4"](x), 2)
            shapes.append(tuple(x.shape[1:]))
        x = nn.functional.leaky_relu(layers["to_latent.0"](x), 0.01)
        x = layers["to_latent.2"](x)
        shapes.append(tuple(x.shape[1:]))
        for layer in (0, 2):
            x = nn.functional.leaky_relu(layers[f"from_latent.{layer}"](x), 0.01)
        for block in range(4):
            for layer in (0, 2):
                x = nn.functional.leaky_relu(layers[f"decoder.{block}.{layer}"](x), 0.01)
            x = nn.functional.interpolate(layers[f"decoder.{block}.4"](x), scale_factor=2)
            shapes.append(tuple(x.shape[1:]))
        x = nn.functional.leaky_relu(layers["to_image.0"](x), 0.01)
        return layers["to_image.2"](x), shapes

    return layers, forward


@pytest.fixture
def paper_model():
    model = itk.AutoencoderModel.New()
    model.SetArchitectureToPaper()
    model.NativeInPlaneSpacingOn()
    model.InitializeWeights(3)
    return model


def test_the_papers_network_has_the_layers_of_an_independent_one(paper_model, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    paper_model.Write(str(tmp_path / "paper.safetensors"))
    layers, forward = paper_network()
    expected = {
        f"{name}.{part}": tuple(tensor.shape)
        for name, layer in layers.items()
        for part, tensor in layer.state_dict().items()
        if part != "num_batches_tracked"
    }
    with safetensors.safe_open(tmp_path / "paper.safetensors", framework="pt") as file:
        assert {name: tuple(file.get_tensor(name).shape) for name in file.keys()} == expected  # noqa: SIM118
    parameters = sum(tensor.numel() for layer in layers.values() for tensor in layer.parameters())
    assert paper_model.GetNumberOfParameters() == parameters
    _, shapes = forward(torch.rand(2, 1, 128, 128))
    assert shapes[3:5] == [(256, 8, 8), (16, 8, 8)]
    latent = paper_model.Encode(itk.image_from_array(np.random.default_rng(0).random((2, 128, 128), np.float32)))
    assert (latent.GetNumberOfSlices(), latent.GetNumberOfTensors()) == (2, 1)


def after_a_step(model, slice_):
    """Return a trainer that has trained on a slice for one iteration without augmentation."""
    image = itk.image_from_array(slice_)
    image.SetSpacing([1.0, 1.0, 8.0])
    trainer = itk.AutoencoderTrainer[type(image)].New()
    trainer.SetParametersToPaper()
    trainer.SetInitialModel(model)
    trainer.SetRotationAugmentation(False)
    trainer.SetIntensityAugmentation(0.0)
    trainer.SetNumberOfIterations(1)
    trainer.AddTrainingImage(image)
    trainer.Update()
    return trainer


def test_a_step_of_the_papers_training_is_the_same_as_with_adam_of_pytorch(paper_model, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    paper_model.Write(str(tmp_path / "before.safetensors"))
    # The batch is copies of one slice, without augmentation.
    y, x = np.mgrid[:128, :128]
    slice_ = (np.hypot(x - 50, y - 70) < 30) + 0.5 * (np.hypot(x - 80, y - 40) < 15) + 0.2 * np.sin(0.2 * x)
    slice_ = slice_[None].astype(np.float32)
    trainer = after_a_step(paper_model, slice_)
    trainer.GetOutput().Write(str(tmp_path / "after.safetensors"))

    # In single and in double precision. Double precision shows which gradients are only rounding errors.
    (layers, forward), (exact, exact_forward) = paper_network(), paper_network()
    with safetensors.safe_open(tmp_path / "before.safetensors", framework="pt") as file:
        for name, layer in layers.items():
            state = {part: file.get_tensor(f"{name}.{part}") for part in layer.state_dict() if "tracked" not in part}
            for copy in (layer, exact[name]):
                copy.load_state_dict(state, strict=False)
                copy.train()
            exact[name].double()
    low, high = np.percentile(slice_, [1, 99])
    batch = torch.from_numpy(np.clip((slice_ - low) / (high - low), 0, 1).astype(np.float32))[None].repeat(8, 1, 1, 1)
    parameters = [tensor for layer in layers.values() for tensor in layer.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-5)
    loss = nn.functional.mse_loss(forward(batch)[0], batch)
    loss.backward()
    optimizer.step()
    nn.functional.mse_loss(exact_forward(batch.double())[0], batch.double()).backward()
    assert trainer.GetCurrentLoss() == pytest.approx(loss.item(), rel=1e-5)
    moved, different = 0.0, 0
    with (
        safetensors.safe_open(tmp_path / "before.safetensors", framework="pt") as before,
        safetensors.safe_open(tmp_path / "after.safetensors", framework="pt") as after,
    ):
        for name, layer in layers.items():
            for part, tensor in layer.state_dict().items():
                if "tracked" in part:
                    continue
                ours, start = after.get_tensor(f"{name}.{part}"), before.get_tensor(f"{name}.{part}")
                if part.startswith("running"):
                    # Means over many thousand values are summed in single precision and in different orders.
                    np.testing.assert_allclose(ours, tensor, atol=1e-5, err_msg=f"{name}.{part}")
                    continue
                # Adam's first step is the learning rate times the sign of the gradient. Where the gradient is only
                # a rounding error, both signs are right. Only there may weights differ, and there are few of them.
                gradient = getattr(exact[name], part).grad
                rounding = (getattr(layer, part).grad - gradient).abs().max()
                differs = (ours - tensor).abs() > 1e-6
                assert bool((gradient.abs()[differs] < 100 * rounding).all()), f"{name}.{part}"
                different += int(differs.sum())
                moved += float((tensor - start).abs().sum())
    assert moved > 1.0
    assert different < 0.02 * paper_model.GetNumberOfParameters()


# More than one process ------------------------------------------------------------------------------------------------

SHARED_TRAINING = """
    import os, sys
    sys.path.insert(0, {tests!r})
    import itk
    from conftest import image_of, phantom
    from latent_sr.training import make_trainer, process_group, run_trainer

    with process_group(timeout=float(os.environ.get("TIMEOUT", "1800"))) as (group, rank):
        trainer = make_trainer(
            [image_of(phantom(seed=seed), dtype="float32") for seed in range(3 + int(os.environ.get("MORE", "0")))],
            iterations={iterations}, initial_model={model!r}, threads=1, process_group=group,
            checkpoint={checkpoint!r},
        )
        trainer.SetBatchSize(int(os.environ.get("BATCH", "8")))
        trainer.SetFreezeNormalization({frozen})
        trainer.SetCheckpointInterval(10)
        trained = run_trainer(trainer, lambda state: print(state.iteration, flush=True))
        if rank == 0:
            trained.Write({output!r})
"""


def script(tmp_path, model, name, iterations=20, checkpoint=None, frozen=True):
    path = tmp_path / f"{name}.py"
    text = SHARED_TRAINING.format(
        tests=str(Path(__file__).parent),
        iterations=iterations,
        model=str(model),
        checkpoint=None if checkpoint is None else str(checkpoint),
        output=str(tmp_path / f"{name}.safetensors"),
        frozen=frozen,
    )
    path.write_text(textwrap.dedent(text))
    return path


def test_two_processes_with_half_the_batch_each_train_like_one_process(tiny_model, tmp_path):
    one, two = script(tmp_path, tiny_model, "one"), script(tmp_path, tiny_model, "two")
    subprocess.run([sys.executable, one], check=True, capture_output=True, timeout=170)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", free_port()]
    subprocess.run([*torchrun, two], check=True, capture_output=True, timeout=170)
    assert_same(tmp_path / "one.safetensors", tmp_path / "two.safetensors", atol=1e-5)
    start, end = weights(tiny_model), weights(tmp_path / "one.safetensors")
    assert max(float((end[name] - start[name]).abs().max()) for name in start) > 1e-4


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def start_processes(path, count, environments=({},), **variables):
    """Start the processes of a group. The last ones get the environments."""
    common = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": str(count)} | variables
    own = [{}] * (count - len(environments)) + list(environments)
    return [
        subprocess.Popen(
            [sys.executable, path],
            env=common | {"RANK": str(rank)} | own[rank],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for rank in range(count)
    ]


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("sent", ["SIGKILL", "SIGSTOP"])
def test_a_lost_process_ends_the_others_with_an_error_and_leaves_the_checkpoint(tiny_model, tmp_path, sent):
    checkpoint = tmp_path / "state.safetensors"
    path = script(tmp_path, tiny_model, "lost", iterations=100000, checkpoint=checkpoint, frozen=False)
    processes = start_processes(path, 3, TIMEOUT="5", BATCH="6")
    while int(processes[0].stdout.readline()) < 30:
        pass
    processes[2].send_signal(getattr(signal, sent))
    for process in processes[:2]:
        _, error = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "LatentSRError" in error
    processes[2].kill()
    processes[2].communicate()
    assert not (tmp_path / "lost.safetensors").exists()
    # The checkpoint is complete, and a training can continue from it with another number of processes.
    trainer = make_trainer(
        [image_of(phantom(seed=seed), dtype="float32") for seed in range(3)],
        iterations=31,
        initial_model=tiny_model,
        threads=1,
        checkpoint=checkpoint,
        resume=True,
    )
    trainer.SetBatchSize(6)
    trainer.Update()
    assert trainer.GetResumedIteration() >= 20


@pytest.mark.parametrize(
    ("environment", "setting"),
    [({"MORE": "1"}, "volumes"), ({"BATCH": "9"}, "batch_size")],
    ids=["volumes", "settings"],
)
def test_a_process_with_other_volumes_or_settings_is_named_by_the_others(tiny_model, tmp_path, environment, setting):
    path = script(tmp_path, tiny_model, "other")
    processes = start_processes(path, 3, [environment], BATCH="6")
    for rank, process in enumerate(processes):
        _, error = process.communicate(timeout=120)
        assert process.returncode != 0
        assert f"The process of rank {2 if rank < 2 else 0} trains otherwise than this one, of rank {rank}" in error
        assert f"its {setting} is different" in error
    assert not (tmp_path / "other.safetensors").exists()
