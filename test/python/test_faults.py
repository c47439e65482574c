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
"""Machines that fail: processes that are killed or terminated, full disks, lack of memory, inputs that change.

Outputs are the old file or the new one, whole. Nothing else is left after the next run. Errors are one line.

The environment variable LATENT_SR_FAULTS is the number of kills of each test, 3 by default.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import command, phantom, write_nifti
from latent_sr.volumes import read_volume
from test_io import write_dicom_series

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such signals")

TIMES = int(os.environ.get("LATENT_SR_FAULTS", "3"))


def start(*words, **options):
    """Start the installed command."""
    return subprocess.Popen(
        [*command(), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def run(*words, **options):
    """Run the installed command in a process of its own."""
    return subprocess.run(
        [*command(), *map(str, words)], capture_output=True, text=True, timeout=170, check=False, **options
    )


def assert_one_line(result, code, *parts):
    """Check the exit code, and that the last line is the only one that is not a warning or progress."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    *_, last = result.stderr.splitlines()
    for part in parts:
        assert part in last, result.stderr


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def large(tmp_path):
    """A stack that takes a second."""
    return write_nifti(tmp_path / "thick.nii", phantom(24, 256, 256))


# Signals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "folder", "dicom", "train", "evaluate"])
def test_sigterm_removes_temporary_files_and_is_an_exit_code(large, tiny_model, tmp_path, kind):
    small = ["--model", tiny_model, "--factor", 30]
    if kind == "dicom":
        write_dicom_series(tmp_path / "series", phantom(24, 128, 128))
    words = {
        "file": ["upsample", large, tmp_path / "thin.nii.gz", *small],
        "folder": ["upsample", tmp_path / "in", tmp_path / "out", *small, "--jobs", 2],
        "dicom": ["upsample", tmp_path / "series", tmp_path / "out", "--output-format", "dicom", *small],
        "train": [
            "train",
            large,
            "--fine-tune",
            tiny_model,
            "--iterations",
            10_000,
            "--output",
            tmp_path / "m.safetensors",
        ],
        "evaluate": ["evaluate", large, "--model", tiny_model, "--report", tmp_path / "report.html"],
    }[kind]
    (tmp_path / "in").mkdir()
    for name in "ab":
        shutil.copy(large, tmp_path / "in" / f"{name}.nii")
    write_nifti(tmp_path / "in" / "0.nii", phantom())
    with start(*words) as process:
        first = process.stderr.readline()
        assert first, process.stderr.read()
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 143, rest
    assert rest.splitlines()[-1] == "latent-sr: terminated"
    assert "Traceback" not in rest
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in left if ".part" in name} == set()
    assert "thin.nii.gz" not in left
    assert "m.safetensors" not in left


def test_sigterm_while_the_command_starts_ends_it(large, tiny_model, tmp_path):
    ended = 0
    while ended < TIMES:
        with start("upsample", large, tmp_path / "thin.nii", "--model", tiny_model) as process:
            time.sleep(random.uniform(0, 1.5))
            process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=60)
        if process.returncode == 0:
            # A fast machine was done before.
            for name in ("thin.nii", "thin.json"):
                (tmp_path / name).unlink()
            continue
        ended += 1
        assert process.returncode in (143, -signal.SIGTERM), rest
        assert names_in(tmp_path) == ["thick.nii"]


@pytest.mark.parametrize("extension", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_kill_leaves_the_old_or_the_new_file_whole(tiny_model, tmp_path, extension):
    source = write_nifti(tmp_path / "thick.nii", phantom(12, 128, 128))
    old, new = tmp_path / f"old{extension}", tmp_path / f"new{extension}"
    target = tmp_path / f"thin{extension}"
    words = ["--model", tiny_model, "--mode", "decoded", "--threads", 1]
    assert run("upsample", source, old, "--factor", 2, *words).returncode == 0
    begin = time.monotonic()
    assert run("upsample", source, new, "--factor", 4, *words).returncode == 0
    duration = time.monotonic() - begin
    shutil.copy(old, target)
    sidecar = tmp_path / "thin.json"
    shutil.copy(tmp_path / "old.json", sidecar)
    whole = [np.asarray(read_volume(path)) for path in (old, new)]
    for _ in range(TIMES):
        with start("upsample", source, target, "--factor", 4, "--overwrite", *words) as process:
            time.sleep(random.uniform(0.6 * duration, 1.05 * duration))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        found = np.asarray(read_volume(target))
        assert any(found.shape == values.shape and np.array_equal(found, values) for values in whole)
        # A sidecar is that of the volume.
        if sidecar.exists():
            factor = json.loads(sidecar.read_text(encoding="utf-8"))["LatentSR"]["factor"]
            assert found.shape[0] == 11 * factor + 1
    assert run("upsample", source, target, "--factor", 4, "--overwrite", *words).returncode == 0
    names = [old.name, new.name, target.name, "old.json", "new.json", "thin.json"]
    assert names_in(tmp_path) == sorted([source.name, *names])


def test_a_kill_while_a_checkpoint_is_written_leaves_a_whole_one(tiny_model, tmp_path):
    source = write_nifti(tmp_path / "thick.nii", phantom(8, 96, 96))
    state, model = tmp_path / "state.safetensors", tmp_path / "m.safetensors"
    words = ["train", source, "--fine-tune", tiny_model, "--iterations", 100_000, "--output", model, "--threads", 1]
    words += [
        "--checkpoint",
        state,
        "--checkpoint-every",
        1,
        "--resume",
        "--set",
        "patch_size=32",
        "--set",
        "batch_size=4",
    ]
    for _ in range(TIMES):
        before = state.read_bytes() if state.exists() else b""
        with start(*words) as process:
            end = time.monotonic() + 60
            while not state.exists() or state.read_bytes() == before:
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < end
                time.sleep(0.001)
            time.sleep(random.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
    # The last checkpoint is read, and what the killed processes left is removed.
    words[words.index(100_000)] = 1
    result = run(*words)
    assert result.returncode == 0, result.stderr
    assert [name for name in names_in(tmp_path) if ".part" in name] == []


def test_two_commands_that_write_the_same_file_leave_one_of_both(tiny_model, tmp_path):
    source = write_nifti(tmp_path / "thick.nii", phantom(8, 96, 96))
    target = tmp_path / "thin.nii.gz"
    shapes = {2: 15, 3: 22}
    for _ in range(TIMES):
        running = [
            start("upsample", source, target, "--factor", factor, "--overwrite", "--model", tiny_model, "--threads", 1)
            for factor in shapes
        ]
        for process in running:
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said
        assert np.asarray(read_volume(target)).shape[0] in shapes.values()
        assert names_in(tmp_path) == ["thick.nii", "thin.json", "thin.nii.gz"]


# Disk -----------------------------------------------------------------------------------------------------------------


def may_mount():
    """Whether this process can mount in a namespace of its own."""
    tried = (
        subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        )
        if shutil.which("unshare")
        else None
    )
    return tried is not None and tried.returncode == 0


def run_on_a_small_disk(folder, kilobytes, *words):
    """Run the command with a small file system in a folder. Return its result, and what is left there."""
    script = 'mount -t tmpfs -o size=$1k tmpfs "$2" && shift 2 && "$@"; code=$?; ls -A "$OUT"; exit $code'
    result = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, "bash", str(kilobytes), str(folder), *command(), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env={**os.environ, "OUT": str(folder)},
    )
    return result, result.stdout.splitlines()


@pytest.mark.skipif(not may_mount(), reason="needs the right to mount")
@pytest.mark.parametrize("name", ["thin.nii.gz", "thin.nii", "thin.nrrd", "thin.mha", "dicom"])
def test_a_full_disk_is_an_error_that_names_the_output(tiny_model, tmp_path, name):
    source = write_nifti(tmp_path / "thick.nii", phantom(8, 128, 128))
    if name == "dicom":
        source = tmp_path / "series"
        write_dicom_series(source, phantom(8, 128, 128))
    small = tmp_path / "small"
    small.mkdir()
    words = ["upsample", source, small / name, "--factor", 4, "--model", tiny_model]
    words += ["--output-format", "dicom"] if name == "dicom" else []
    result, left = run_on_a_small_disk(small, 64, *words)
    assert_one_line(result, 1, name)
    if not name.endswith(".nrrd"):  # Teem does not tell the system's reason
        assert "No space left on device" in result.stderr.splitlines()[-1]
    assert left == []


@pytest.mark.skipif(not may_mount(), reason="needs the right to mount")
@pytest.mark.parametrize("what", ["model", "checkpoint", "report", "json"])
def test_a_full_disk_leaves_no_part_of_models_and_reports(tiny_model, tmp_path, what):
    source = write_nifti(tmp_path / "thick.nii", phantom(8, 64, 64))
    small = tmp_path / "small"
    small.mkdir()
    training = ["train", source, "--fine-tune", tiny_model, "--iterations", 2, "--threads", 1]
    words, name = {
        "model": ([*training, "--output", small / "m.safetensors"], "m."),
        "checkpoint": (
            [*training, "--output", tmp_path / "m.safetensors", "--checkpoint", small / "c.safetensors"],
            "c.safetensors",
        ),
        "report": (["evaluate", source, "--model", tiny_model, "--report", small / "r.html"], "r.html"),
        "json": (["evaluate", source, "--model", tiny_model, "--json", small / "r.json"], "r.json"),
    }[what]
    result, left = run_on_a_small_disk(small, 4, *words)
    assert_one_line(result, 1, name)
    assert [file for file in left if "part" in file or file.endswith((".safetensors", ".html", ".json"))] == []


@pytest.mark.parametrize("extension", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_file_that_may_not_grow_is_an_error_that_names_it(tiny_model, tmp_path, extension):
    """A limit on the size of files fails like a quota: the file was opened, but can't be written to its end."""
    source = write_nifti(tmp_path / "thick.nii", phantom(8, 128, 128))
    words = ["upsample", source, tmp_path / f"thin{extension}", "--factor", 4, "--model", tiny_model]
    result = run(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)))
    assert_one_line(result, 1, f"thin{extension}")
    assert names_in(tmp_path) == ["thick.nii"]


def test_an_output_folder_that_is_lost_is_an_error_that_names_the_output(tiny_model, tmp_path):
    source = write_nifti(tmp_path / "thick.nii", phantom(24, 256, 256))
    folder = tmp_path / "share"
    folder.mkdir()
    words = ["upsample", source, folder / "thin.nii", "--factor", 30, "--model", tiny_model]
    with start(*words) as process:
        assert process.stderr.readline()
        folder.rename(tmp_path / "gone")
        folder.write_text("something else")
        _, rest = process.communicate(timeout=100)
    assert process.returncode == 1, rest
    assert "Traceback" not in rest
    assert str(folder) in rest.splitlines()[-1]
    assert names_in(tmp_path) == ["gone", "share", "thick.nii"]
    assert names_in(tmp_path / "gone") == []


# Memory ---------------------------------------------------------------------------------------------------------------


def test_too_little_memory_is_an_error_instead_of_a_crash(tiny_model, tmp_path):
    """Above the memory that the libraries need, a large stack passes or is refused."""
    small = write_nifti(tmp_path / "small.nii", phantom())
    large = write_nifti(tmp_path / "large.nii", phantom(30, 512, 512))

    def tried(source, mebibytes):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))

        words = ["upsample", source, tmp_path / "thin.nii", "--factor", 10, "--threads", 1, "--model", tiny_model]
        return run(*words, "--overwrite", "--no-sidecar", preexec_fn=limit)

    least = next(mebibytes for mebibytes in range(700, 6000, 100) if tried(small, mebibytes).returncode == 0)
    (tmp_path / "thin.nii").unlink()
    said = []
    for mebibytes in range(least, least + 3000, 100):
        result = tried(large, mebibytes)
        if result.returncode == 0:
            break
        assert result.returncode == 1, (mebibytes, result.returncode, result.stderr)
        assert "Traceback" not in result.stderr, result.stderr
        assert names_in(tmp_path) == ["large.nii", "small.nii"]
        said.append(result.stderr.splitlines()[-1])
    assert result.returncode == 0
    assert said
    assert all("large.nii" in line and ("memory" in line or "alloc" in line) for line in said), said


# Inputs that change ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["removed", "cut off", "another size"])
def test_a_training_volume_that_changes_while_it_is_used_is_an_error_that_names_it(tiny_model, tmp_path, change):
    """The cache holds one volume, so that the volumes are read again and again."""
    files = [write_nifti(tmp_path / f"{name}.nii", phantom(12, 200, 200, seed)) for seed, name in enumerate("abc")]
    words = [
        "train",
        *files,
        "--fine-tune",
        tiny_model,
        "--iterations",
        100_000,
        "--output",
        tmp_path / "m.safetensors",
    ]
    words += ["--threads", 1, "--cache", 1, "--set", "volume_interval=1", "--set", "patch_size=32"]
    words += ["--set", "batch_size=2", "--validation-share", 0]
    with start(*words) as process:
        for line in process.stderr:
            if line.startswith("training: "):
                break
        for file in files:
            if change == "removed":
                file.unlink()
            elif change == "cut off":
                os.truncate(file, 5000)
            else:
                write_nifti(file, phantom(5, 100, 100))
        _, rest = process.communicate(timeout=100)
    assert process.returncode == 1, rest
    assert any(file.name in rest.splitlines()[-1] for file in files), rest
    assert "Traceback" not in rest
    assert "m.safetensors" not in names_in(tmp_path)


def test_a_folder_that_vanishes_while_it_is_upsampled_is_an_error(tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    for name in "abcdefgh":
        write_nifti(tmp_path / "in" / f"{name}.nii", phantom(12, 200, 200))
    words = ["upsample", tmp_path / "in", tmp_path / "out", "--model", tiny_model, "--factor", 5, "--jobs", 1]
    with start(*words) as process:
        process.stderr.readline()
        shutil.rmtree(tmp_path / "in")
        _, rest = process.communicate(timeout=100)
    assert process.returncode == 1, rest
    assert "Traceback" not in rest
    left = list((tmp_path / "out").iterdir())
    assert all(path.suffix in (".nii", ".json") and not path.name.startswith(".") for path in left)
