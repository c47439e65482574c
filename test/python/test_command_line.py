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
"""The command line: help, wrong use, refusals."""

import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from conftest import Outcome, command, phantom, write_nifti
from latent_sr.cli import main

COMMANDS = ("upsample", "train", "evaluate", "metrics", "info", "export")


def assert_one_line_error(result: Outcome, code: int, *parts: str) -> None:
    """Assert that the command failed with this exit code, and one line on stderr that contains these parts."""
    assert result.returncode == code, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("latent-sr: error: ")
    for part in parts:
        assert part in lines[0]
    for noise in ("ITK ERROR", "itk::ERROR", ".hxx", ".cxx", "(0x", "Traceback"):
        assert noise not in lines[0]
    assert result.stdout == ""


def test_the_wheel_installs_the_command():
    assert Path(command()[0]).stem == "latent-sr"


def test_the_help_answers_at_once():
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        result = subprocess.run([*command(), "--help"], capture_output=True, text=True, check=True)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.3
    assert all(name in result.stdout for name in COMMANDS)
    assert "examples:" in result.stdout


def test_importing_the_package_imports_nothing_heavy():
    heavy = ["itk", "torch", "numpy", "matplotlib", "jinja2", "tqdm"]
    code = f"import sys, latent_sr, latent_sr.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_classes_load_no_module_of_itk_that_only_their_library_needs():
    private = ["itk.ITKImageFunctionPython", "itk.ITKImageGridPython"]
    code = f"import sys, itk; itk.SliceRecoveryExperiment; print([name for name in {private} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_with_examples(latent_sr_process, name):
    result = latent_sr_process(name, "--help")
    assert result.returncode == 0
    assert "examples:" in result.stdout
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 120


def test_the_package_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, "-m", "latent_sr", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout == f"latent-sr {version('itk-latentspacesuperresolution')}\n"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["COMMAND"]),
        (["paint"], ["paint"]),
        (["upsample"], ["IN, OUT"]),
        (["upsample", "a.nii", "b.nii", "--sharpen"], ["unrecognized arguments: --sharpen (see latent-sr upsample"]),
        (["upsample", "a.nii", "b.nii", "--factr", "5"], ["--factr 5; did you mean --factor? (see latent-sr upsample"]),
        (["metrics", "a.nii", "b.nii", "--jsn=-"], ["--jsn=-; did you mean --json?"]),
        (["upsample", "a.nii", "b.nii", "--factor", "0"], ["--factor", "'0'", "at least 1"]),
        (["upsample", "a.nii", "b.nii", "--factor", "2.5"], ["--factor", "'2.5'"]),
        (["upsample", "a.nii", "b.nii", "--factor", "4294967298"], ["--factor", "'4294967298' is too large"]),
        (["evaluate", "a.nii", "--threads", "99999999999"], ["--threads", "is too large"]),
        (
            ["upsample", "a.nii", "b.nii", "--preview", "c.png", "--labels", "s.nii", "--labels-output", "b.nii"],
            ["b.nii"],
        ),
        (["upsample", "a.nii", "b.nii", "--uncertainty", "./b.nii"], ["two outputs", "b.nii"]),
        (
            [
                "upsample",
                "a.nii",
                "b.nii",
                "--uncertainty",
                "c.nii",
                "--labels",
                "s.nii",
                "--labels-output",
                "x/../c.nii",
            ],
            ["two outputs", "c.nii"],
        ),
        (["export", "mine.safetensors"], ["mine.safetensors", "MODEL and FOLDER"]),
        (["upsample", "a.nii", "b.nii", "--spacing", "-1"], ["--spacing", "'-1'", "positive"]),
        (["upsample", "a.nii", "b.nii", "--spacing", "nan"], ["--spacing", "'nan'"]),
        (["upsample", "a.nii", "b.nii", "--factor", "2", "--spacing", "1"], ["--spacing", "--factor"]),
        (["upsample", "a.nii", "b.nii", "--mode", "sharp"], ["--mode", "'sharp'", "decoded"]),
        (["upsample", "a.nii", "b.nii", "--axis", "3"], ["--axis", "'3'", "auto, 0, 1, 2"]),
        (["upsample", "a.nii", "b.nii", "--threads", "0"], ["--threads", "'0'"]),
        (["upsample", "a.nii", "b.png"], ["b.png", ".nii.gz"]),
        (["upsample", "a.nii", "b.mhd"], ["b.mhd", ".mha"]),
        (["upsample", "a.nii", "a.nii"], ["a.nii", "input and output"]),
        (["train", "a.nii"], ["--output"]),
        (["train", "a.nii", "--output", "m.pt"], ["m.pt", ".safetensors"]),
        (["train", "a.nii", "--output", "m.safetensors", "--iterations", "0"], ["--iterations", "'0'"]),
        (["train", "a.nii", "--output", "m.safetensors", "--minutes", "0"], ["--minutes", "'0'"]),
        (["train", "--output", "m.safetensors", "a.nii", "--fine-tune", "b.nii"], ["--fine-tune", "b.nii"]),
        (["evaluate", "a.nii", "--keep-every", "1"], ["--keep-every", "'1'", "at least 2"]),
        (["evaluate", "a.nii", "--methods", "cubic"], ["'cubic'", "bspline"]),
        (["evaluate", "a.nii", "--methods", "linear", "--mode", "decoded"], ["--mode", "latent"]),
        (["evaluate", "a.nii", "--subject", "patient[0-9]+"], ["patient[0-9]+", "group"]),
        (["evaluate", "a.nii", "--subject", "("], ["'('", "regular expression"]),
        (["evaluate", "a.nii", "--report", "r.pdf"], ["r.pdf", ".html"]),
        (["metrics", "a.nii"], ["TEST"]),
        (["metrics", "a.nii", "b.nii", "--data-range", "0"], ["--data-range", "'0'"]),
    ],
)
def test_wrong_use_is_reported_in_one_line_with_exit_code_2(latent_sr_process, tmp_path, words, parts):
    assert_one_line_error(latent_sr_process(*words, cwd=tmp_path), 2, *parts)
    assert list(tmp_path.iterdir()) == []


def test_negative_numbers_may_be_written_in_every_way():
    from latent_sr.cli import make_parser

    words = ["upsample", "a.nii", "b.nii", "--window", "-1e3", "-.5E+2", "--nan", "-1024."]
    parsed = make_parser().parse_args(words)
    assert list(parsed.window) == [-1000.0, -50.0]
    assert parsed.nan == -1024.0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["upsample", "missing.nii", "b.nii"], ["missing.nii", "does not exist"]),
        (["upsample", "missing.nii", "there.nii"], ["missing.nii", "does not exist"]),
        (["upsample", "flat.nii", "b.nii"], ["flat.nii", "2D", "6 x 5"]),
        (["upsample", "broken.nii.gz", "b.nii"], ["broken.nii.gz"]),
        (["upsample", "thick.nii", "there.nii"], ["there.nii", "exists already", "--overwrite"]),
        (["upsample", "thick.nii", "there.nii/b.nii"], ["there.nii", "is a file"]),
        (["upsample", "thick.nii", "b.nii", "--model", "none.safetensors"], ["none.safetensors", "does not exist"]),
        (["upsample", "thick.nii", "b.nii", "--model", "damaged.safetensors"], ["damaged.safetensors"]),
        (["upsample", "thick.nii", "b.nii", "--model", "foreign.safetensors"], ["foreign.safetensors", "not a model"]),
        (["train", "missing", "--output", "m.safetensors"], ["missing", "does not exist"]),
        (["train", "flat.nii", "--output", "m.safetensors"], ["flat.nii", "2D"]),
        (["train", "empty", "--output", "m.safetensors"], ["empty", "holds no volume"]),
        (
            ["train", "thick.nii", "--output", "m.safetensors", "--fine-tune", "damaged.safetensors"],
            ["damaged.safetensors"],
        ),
        (["evaluate", "flat.nii"], ["flat.nii", "2D"]),
        (["evaluate", "thick.nii", "--keep-every", "9"], ["thick.nii", "7 slices", "at least 10"]),
        (["evaluate", "thick.nii", "--subject", "(patient)"], ["(patient)", "thick.nii"]),
        (["metrics", "thick.nii", "missing.nii"], ["missing.nii", "does not exist"]),
        (["metrics", "thick.nii", "flat.nii"], ["3D", "2D"]),
        (["info", "missing.safetensors"], ["missing.safetensors", "does not exist"]),
        (["info", "damaged.safetensors"], ["damaged.safetensors"]),
        (["info", "foreign.safetensors"], ["foreign.safetensors", "not a model"]),
        (["info", "thick.nii"], ["thick.nii"]),
    ],
)
def test_a_failure_is_one_line_with_exit_code_1_and_writes_nothing(latent_sr_run, tmp_path, tiny_model, words, parts):
    safetensors_numpy = pytest.importorskip("safetensors.numpy")
    write_nifti(tmp_path / "thick.nii", phantom())
    write_nifti(tmp_path / "flat.nii", np.zeros((5, 6)))
    (tmp_path / "there.nii").write_text("mine")
    (tmp_path / "broken.nii.gz").write_bytes(b"no gzip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.safetensors").write_bytes(tiny_model.read_bytes()[:-100])
    safetensors_numpy.save_file({"a": np.zeros(3, np.float32)}, tmp_path / "foreign.safetensors")
    before = sorted(tmp_path.rglob("*"))
    assert_one_line_error(latent_sr_run(*words, cwd=tmp_path), 1, *parts)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.nii").read_text() == "mine"


def test_a_failure_of_the_installed_command_is_one_line(latent_sr_process, tmp_path, tiny_model):
    write_nifti(tmp_path / "thick.nii", phantom())
    (tmp_path / "damaged.safetensors").write_bytes(tiny_model.read_bytes()[:-100])
    result = latent_sr_process("upsample", "thick.nii", "b.nii", "--model", "damaged.safetensors", cwd=tmp_path)
    assert_one_line_error(result, 1, "damaged.safetensors")
    assert not (tmp_path / "b.nii").exists()


@pytest.mark.parametrize(("given", "used"), [(None, "passive"), ("active", "active")])
def test_threads_that_wait_sleep_unless_the_user_says_otherwise(monkeypatch, capsys, given, used):
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    with pytest.raises(SystemExit):
        main(["--version"])
    capsys.readouterr()
    assert os.environ["OMP_WAIT_POLICY"] == used
