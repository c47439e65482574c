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
"""What a process of the command line loads."""

import subprocess
import sys

import itk
import numpy as np
import pytest

SCRIPT = """
import sys
from latent_sr.cli import main
code = main(sys.argv[1:])
heavy = ("torch", "xarray", "itk._ITKImageFilterBasePython", "itk._ITKIOTIFFPython")
loaded = [name for name in heavy if name in sys.modules]
print("code", code, "loaded", loaded)
"""


def run(*words):
    """Return the last line of a command in a process of its own: its exit code, and what it has loaded."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, words)], capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()[-1]


@pytest.fixture
def volume(tmp_path):
    """A small stack."""
    image = itk.image_from_array(np.random.default_rng(0).integers(0, 900, (4, 32, 32)).astype(np.int16))
    image.SetSpacing([1.25, 1.25, 8.0])
    return image


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_a_short_job_loads_neither_pytorch_nor_other_formats(tmp_path, volume, ending):
    source, output = tmp_path / f"thick{ending}", tmp_path / f"thin{ending}"
    itk.imwrite(volume, str(source))
    assert run("upsample", source, output, "--factor", "2", "--threads", "1") == "code 0 loaded []"
    assert run("metrics", output, output) == "code 0 loaded []"
    assert itk.size(itk.imread(str(output)))[2] == 7


def test_a_less_common_format_is_read(tmp_path, volume):
    itk.imwrite(volume, str(tmp_path / "thick.gipl"))
    line = run("upsample", tmp_path / "thick.gipl", tmp_path / "thin.nrrd", "--factor", "2", "--threads", "1")
    assert line.startswith("code 0")


def test_info_loads_no_image_format():
    assert run("info") == "code 0 loaded []"
