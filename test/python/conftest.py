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
"""Fixtures and helpers of all tests: small synthetic volumes, a tiny model, and the command as a user runs it.

The tests run the installed package with the compiled module.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LATENT_SR_SHARED", REPOSITORY.parent / "shared"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that the next function sets."""
    config.addinivalue_line("markers", "shared: looks for reference values or real volumes in LATENT_SR_SHARED")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that look for shared data. `pytest -m shared` runs them, to show that all of them work without it."""
    modules = {item.path: "LATENT_SR_SHARED" in item.path.read_text() for item in items}
    for item in items:
        if modules[item.path] or "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")


def phantom(slices: int = 7, rows: int = 44, columns: int = 48, seed: int = 0) -> np.ndarray:
    """Make tubes that run obliquely through the slices, with noise: (slices, rows, columns), values 0 to 1000."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns].astype(float)
    volume = np.zeros((slices, rows, columns))
    for _ in range(5):
        center = generator.uniform([0.2 * rows, 0.2 * columns], [0.8 * rows, 0.8 * columns])
        drift = generator.uniform(-1.5, 1.5, 2)
        radius, value = generator.uniform(3, 9), generator.uniform(0.3, 1.0)
        for z in range(slices):
            distance = np.hypot(y - center[0] - drift[0] * z, x - center[1] - drift[1] * z)
            volume[z] = np.maximum(volume[z], value / (1 + np.exp(distance - radius)))
    return 1000 * np.clip(volume + generator.normal(0, 0.02, volume.shape), 0, 1)


def oblique_affine(spacing: tuple[float, float, float] = (1.4, 1.4, 8.0)) -> np.ndarray:
    """Return an affine matrix of NIfTI with three rotations and an offset."""
    a, b, c = 0.3, -0.2, 0.5
    rotation = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        @ np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(spacing)
    affine[:3, 3] = (-31.5, 12.25, 70.0)
    return affine


def write_nifti(path: Path, volume: np.ndarray, affine: np.ndarray | None = None, dtype: str = "int16") -> Path:
    """Write an array as NIfTI: (slices, rows, columns), or (phases, slices, rows, columns)."""
    nibabel = pytest.importorskip("nibabel")
    array = volume if dtype.startswith("float") else np.rint(volume)
    array = np.ascontiguousarray(array.astype(dtype).T)
    image = nibabel.Nifti1Image(array, oblique_affine() if affine is None else affine, dtype=dtype)
    nibabel.save(image, path)
    return path


def image_of(volume: np.ndarray, spacing: tuple[float, float, float] = (1.4, 1.4, 8.0), dtype: str = "int16"):
    """Return an ITK image of an array (slices, rows, columns)."""
    import itk

    image = itk.image_from_array(np.ascontiguousarray(volume.astype(dtype)))
    image.SetSpacing(list(spacing))
    return image


def command() -> list[str]:
    """Return the installed command, or the package if the script is missing. Another test finds a missing script."""
    script = shutil.which("latent-sr", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return [script] if script else [sys.executable, "-m", "latent_sr"]


def interrupted(
    words: Sequence[object], kill: Callable[[int, int], None] = os.kill, **options: Any
) -> tuple[int, str, str]:
    """Run the installed command, interrupt it after its first line on stderr, and wait for its end.

    Parameters
    ----------
    words
        The arguments of the command.
    kill
        Sends the signal to the process or to its group.
    **options
        Options of ``subprocess.Popen``.

    Returns
    -------
    int, str, str
        The process ID, the first line on stderr, and the lines after it.
    """
    with subprocess.Popen(
        [*command(), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as process:
        first = process.stderr.readline()
        kill(process.pid, signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert rest.splitlines()[-1] == "latent-sr: interrupted"
    assert "Traceback" not in rest
    return process.pid, first, rest


class Outcome(NamedTuple):
    """Exit code, and the text of both streams."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def latent_sr_process() -> Callable[..., Outcome]:
    """Run the installed command with arguments."""

    def run(*words: object, cwd: Path | None = None) -> Outcome:
        result = subprocess.run(
            [*command(), *map(str, words)], capture_output=True, text=True, timeout=170, cwd=cwd, check=False
        )
        return Outcome(result.returncode, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def latent_sr_run() -> Callable[..., Outcome]:
    """Run the command's entry point in this process, which saves the seconds for importing ITK."""

    def run(*words: object, cwd: Path | None = None) -> Outcome:
        from latent_sr.cli import main

        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), chdir(cwd or Path.cwd()):
            try:
                code = main([str(word) for word in words])
            except SystemExit as end:
                code = end.code or 0
        return Outcome(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with a small network of random weights. Slices are wrong, but everything else can be tested."""
    import itk

    model = itk.AutoencoderModel.New()
    model.SetNumberOfPoolings(2)
    model.SetBaseChannels(4)
    model.SetLatentChannels(4)
    model.SetLatentLevels([1])
    model.SetInPlaneSpacing(1.4)
    model.InitializeWeights(1)
    model.SetProvenance("license", "none, it is a test")
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    model.Write(str(path))
    return path


@pytest.fixture(scope="session")
def calibrated_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with an invented calibration of errors."""
    import itk

    model = itk.AutoencoderModel.New()
    model.Read(str(tiny_model))
    model.SetErrorCalibration(0.25, 0.5, 2.0)
    path = tmp_path_factory.mktemp("models") / "calibrated.safetensors"
    model.Write(str(path))
    return path


@pytest.fixture
def thick(tmp_path: Path) -> Path:
    """A stack of 7 thick slices as NIfTI, int16, oblique."""
    return write_nifti(tmp_path / "thick.nii.gz", phantom())


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a file in the folder with reference values and real volumes. Skip the test if the file does not exist."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"no reference data: set LATENT_SR_SHARED to its folder ('{path}' does not exist)")
        return path

    return find


@pytest.fixture
def derive(latent_sr_run, tiny_model):
    """Run the command twice, with a DICOM folder and with a file as output. Return the file."""

    def run(source, output, *words, mode="preserve-acquired"):
        words = ["--model", tiny_model, "--mode", mode, "--threads", 1, *words]
        result = latent_sr_run("upsample", source, output, "--output-format", "dicom", *words)
        assert result.returncode == 0, result.stderr
        assert f"{output}: " in result.stdout
        file = output.with_name(f"{output.name}.nrrd")
        assert latent_sr_run("upsample", source, file, *words).returncode == 0
        return file

    return run
