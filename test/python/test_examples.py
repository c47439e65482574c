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
"""The C++ programs in ``examples/``, which do the same as the command line."""

import os
import subprocess
from pathlib import Path

import itk
import numpy as np
import pytest
from conftest import phantom, write_nifti


@pytest.fixture
def example():
    """Run a program of the folder that LATENT_SR_EXAMPLES names."""
    folder = os.environ.get("LATENT_SR_EXAMPLES")
    if not folder or not (Path(folder) / "Upsample").exists():
        pytest.skip("the examples have not been built: LATENT_SR_EXAMPLES names no folder with them")

    def run(name, *words):
        return subprocess.run([str(Path(folder) / name), *map(str, words)], capture_output=True, text=True)

    return run


@pytest.fixture
def stack(tmp_path):
    return write_nifti(tmp_path / "stack.nii.gz", phantom(5))


def test_upsample_gives_the_result_of_the_filter_in_python(example, stack, tmp_path):
    result = example("Upsample", stack, tmp_path / "thin.mha", 3, "preserve-acquired")
    assert result.returncode == 0, result.stderr
    thin = itk.array_from_image(itk.imread(str(tmp_path / "thin.mha")))
    thick = itk.imread(str(stack), itk.F)
    expected = itk.latent_space_super_resolution_image_filter(
        thick,
        upsampling_factor=3,
        output_mode=itk.LatentSpaceSuperResolutionImageFilterEnums.OutputMode_PreserveAcquired,
    )
    assert thin.shape[0] == 13
    assert np.abs(thin - itk.array_from_image(expected)).max() < 0.1
    assert np.array_equal(thin[::3], itk.array_from_image(thick))


def test_upsample_to_reference_has_the_grid_and_the_error_of_the_command(example, stack, latent_sr_run, tmp_path):
    # Around the center of the stack.
    volume = itk.imread(str(stack), itk.F)
    center = np.array(volume.TransformIndexToPhysicalPoint([n // 2 for n in map(int, itk.size(volume))]))
    affine = np.diag([-1.5, -1.5, 2.0, 1.0])
    affine[:3, 3] = center * [-1, -1, 1] - affine[:3, :3] @ [19.5, 19.5, 9.5]
    reference = write_nifti(tmp_path / "reference.nii", phantom(20, 40, 40), affine)
    result = example("UpsampleToReference", stack, reference, tmp_path / "a.nii", tmp_path / "a-error.nii")
    assert result.returncode == 0, result.stderr
    # Integers would be rounded before the interpolation.
    itk.imwrite(volume, str(tmp_path / "real.nii"))
    words = ("--reference", reference, "--uncertainty", tmp_path / "b-error.nii", "--slice-thickness", 0)
    result = latent_sr_run("upsample", tmp_path / "real.nii", tmp_path / "b.nii", *words)
    assert result.returncode == 0, result.stderr
    for name in ("", "-error"):
        first, second = (itk.array_from_image(itk.imread(str(tmp_path / f"{x}{name}.nii"))) for x in "ab")
        assert first.shape == second.shape == (20, 40, 40)
        assert np.count_nonzero(first) > 0.5 * first.size
        # The command keeps splines from overshooting.
        assert np.median(np.abs(first - second)) < 1e-3
        assert np.percentile(np.abs(first - second), 95) < 1.0


def test_train_writes_a_model_that_the_other_programs_use(example, stack, tmp_path):
    model = tmp_path / "model.safetensors"
    result = example("Train", model, "default", 1, stack)
    assert result.returncode == 0, result.stderr
    assert "All 1 iterations were done." in result.stdout
    result = example("Evaluate", model, 0, stack)
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "method",
        "bspline",
        "lanczos",
        "latent",
        "linear",
        "linear-blur",
    ]


def test_wrong_use_is_refused_without_an_output(example, stack, tmp_path):
    assert example("Upsample").returncode == 2
    result = example("Upsample", stack, tmp_path / "thin.mha", 0)
    assert result.returncode == 1
    assert "UpsamplingFactor is 0" in result.stderr
    result = example("Train", tmp_path / "m.safetensors", "default", 1, tmp_path / "missing.nii")
    assert result.returncode == 1
    assert "missing.nii" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["stack.nii.gz"]
