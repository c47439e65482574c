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
"""``scripts/check_layers.py`` finds uses that go upwards in the order of the parts, and nothing else."""

import importlib.util
import shutil
import sys

import pytest
from conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "check_layers.py"


@pytest.fixture(scope="module")
def layers():
    """The script as a module."""
    specification = importlib.util.spec_from_file_location("check_layers", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    sys.modules["check_layers"] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A copy of the sources, in which a test makes a mistake."""
    for folder in ("include", "src", "python"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_no_use_goes_upwards(layers):
    assert layers.check(REPOSITORY) == []


def test_the_page_shows_the_order(layers):
    assert layers.table() in (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")


WRONG = {
    "an include of a higher part": (
        "src/Model/itkX.cxx",
        '#include "itkSliceTensors.h"\n',
        "src/Synthesis/itkSliceTensors.h: 'Model' may not use 'Synthesis', which is above it",
    ),
    "an include of a part in the same row": (
        "src/Metrics/itkX.h",
        '#  include "itkWinogradConvolution.h"\n',
        "'Metrics' may not use 'Convolution', which is beside it",
    ),
    "a public header that includes src": (
        "include/itkX.h",
        '#include "itkSafetensorsFile.h"\n',
        "'include' may not use 'src', which is above it",
    ),
    "a public header that includes LibTorch": (
        "include/itkX.hxx",
        "#include <torch/torch.h>\n",
        "includes LibTorch's torch/torch.h",
    ),
    "a metric that includes LibTorch": (
        "src/Metrics/itkX.cxx",
        "#include <ATen/Parallel.h>\n",
        "LibTorch's ATen/Parallel.h",
    ),
    "the experiment that includes LibTorch": (
        "src/Experiment/itkX.cxx",
        "#include <c10/util/x.h>\n",
        "LibTorch's c10/util/x.h",
    ),
    "a part that is not in the order": (
        "src/Elsewhere/itkX.cxx",
        '#include "itkForkGuard.h"\n',
        "'Elsewhere' of 'src' is not in ORDER",
    ),
    "an import of a command": (
        "python/latent_sr/volumes/nifti.py",
        "from latent_sr.commands.console import warn\n",
        "'volumes' may not use 'commands', which is above it",
    ),
    "an import inside a function": (
        "python/latent_sr/errors.py",
        "def f():\n    import latent_sr.volumes.read\n",
        "'errors' may not use 'volumes', which is above it",
    ),
    "a relative import": (
        "python/latent_sr/volumes/dicom/scan.py",
        "from .stack import Stack\n",
        "'scan' may not use 'stack', which is above it",
    ),
    "an import of the package itself": (
        "python/latent_sr/metrics.py",
        "import latent_sr\n",
        "'metrics' may not use '__init__', which is above it",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_use_that_goes_upwards_is_found(layers, tree, what):
    name, text, complaint = WRONG[what]
    path = tree / name
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + text, encoding="utf-8")
    complaints = [text for text in layers.check(tree) if not text.startswith("a circle")]
    assert len(complaints) == 1
    assert complaints[0].startswith(name)
    assert complaint in complaints[0]


def test_a_circle_of_files_is_found(layers, tree):
    for one, other in (("itkX", "itkY"), ("itkY", "itkX")):
        (tree / "src" / "Torch" / f"{one}.h").write_text(f'#include "{other}.h"\n')
    (complaint,) = layers.check(tree)
    assert complaint == "a circle: src/Torch/itkX.h -> src/Torch/itkY.h -> src/Torch/itkX.h"


def test_an_exception_that_is_no_longer_needed_is_reported(layers, tree, monkeypatch):
    monkeypatch.setattr(layers, "EXCEPTIONS", {*layers.EXCEPTIONS, ("src/Torch/*", "src/Model/itkX.h")})
    (complaint,) = layers.check(tree)
    assert "src/Torch/* -> src/Model/itkX.h" in complaint
