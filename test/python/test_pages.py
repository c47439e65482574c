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
"""The code of the documentation's pages runs as it stands. The language of a block says how it is tested:

======== ==============================================================================================================
python   runs in a folder with the files that the pages name
shell    the same, by bash, with the installed commands. Trainings end after two iterations
cpp      is compiled, and runs, in a project that finds the module
cmake    configures such a project
sh       belongs to a checkout, and is too long for a test. Scripts run it: they, and its options, exist
text     is no code
======== ==============================================================================================================
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import dicom_files
import numpy as np
import pytest
from conftest import REPOSITORY, phantom, write_nifti

LANGUAGES = {"python", "shell", "cpp", "cmake", "sh", "text"}
DIRECTIVES = ("{toctree}", "{literalinclude}", "{eval-rst}", "{include}")


class Block(NamedTuple):
    """A block of code, and where it is."""

    place: str
    language: str
    code: str


def blocks_of(page: Path) -> list[Block]:
    """Find the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^( *)```([^\n]*)\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    place = page.relative_to(REPOSITORY)
    return [Block(f"{place}:{text.count(chr(10), 0, block.start()) + 1}", block[2], block[3]) for block in found]


PAGES = [*REPOSITORY.glob("*.md"), *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks_of(page) if not block.language.startswith(DIRECTIVES)]


def blocks(language: str) -> pytest.MarkDecorator:
    """Parametrize a test by the blocks in a language."""
    chosen = [block for block in BLOCKS if block.language == language]
    return pytest.mark.parametrize("block", chosen, ids=[block.place for block in chosen])


def test_every_block_says_its_language():
    assert [block for block in BLOCKS if block.language not in LANGUAGES] == []
    assert {block.language for block in BLOCKS} == LANGUAGES


@pytest.fixture(scope="session")
def files(tmp_path_factory, tiny_model) -> Path:
    """A folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("pages")
    stack = phantom(slices=5)
    for name in ("thick", "reference", "test", "t1"):
        write_nifti(folder / f"{name}.nii.gz", stack)
    for name in ("seg", "thick-labels", "organ"):
        write_nifti(folder / f"{name}.nii.gz", np.rint(stack / 400), dtype="uint8")
    (folder / "cohort").mkdir()
    for number in (1, 2):
        write_nifti(folder / "cohort" / f"patient{number}.nii.gz", phantom(slices=5, seed=number))
    shutil.copytree(folder / "cohort", folder / "others")
    pixels = np.rint(stack).astype(np.int16)
    dicom_files.save(folder / "dicom-folder", dicom_files.stack(pixels))
    phases = dicom_files.cine(np.stack([pixels] * 2), TriggerTime=lambda phase, _: 40 * phase)
    dicom_files.save(folder / "cine-folder", [image for phase in phases for image in phase])
    shutil.copy(tiny_model, folder / "mine.safetensors")
    return folder


@pytest.fixture
def place(files, tmp_path) -> Path:
    """A copy of these files for one block."""
    return shutil.copytree(files, tmp_path / "place")


@blocks("python")
def test_a_program_runs(block, place):
    for library in ("nibabel", "SimpleITK", "xarray", "monai", "torchio", "onnxruntime", "safetensors"):
        if library in block.code:
            pytest.importorskip(library)
    code = re.sub(r"(?<=iterations=)\d+", "2", block.code)
    if "DataLoader" not in code and "onnxruntime" not in code:
        with chdir(place):
            exec(code, {"__name__": "__main__"})
        return
    # The tests have trained, after which a fork is not safe. ONNX Runtime is not loaded beside all other libraries.
    result = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, timeout=170)
    assert result.returncode == 0, result.stderr


def shortened(code: str) -> str:
    """Let trainings end early, and servers listen where nobody does."""
    training = re.compile(r"(?<=latent-sr )train|(?<=latent_sr )train")
    lines = []
    for line in code.splitlines():
        command, mark, comment = line.partition("  #")
        if training.search(command):
            command = re.sub(r" --(minutes|iterations) \S+", "", command) + " --iterations 2 --set batch-size=2"
        lines.append(command + mark + comment)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return "\n".join(lines).replace("8786", str(free.getsockname()[1]))


@blocks("shell")
def test_commands_run(block, place, tmp_path):
    if "--device cuda" in block.code:
        torch = pytest.importorskip("torch")
        if torch.cuda.device_count() < 2:
            pytest.skip("no two GPUs")
    if "export" in block.code:
        pytest.importorskip("onnx")
    if " train " in block.code:
        (place / "mine.safetensors").unlink()
    # The commands of this interpreter.
    for name, module in (("latent-sr", "latent_sr"), ("torchrun", "torch.distributed.run")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    folders = (tmp_path / "bin", Path(sys.executable).parent, os.environ["PATH"])
    environment = {**os.environ, "PATH": os.pathsep.join(map(str, folders))}
    environment |= {"SLURM_ARRAY_TASK_ID": "0", "SLURM_CPUS_PER_TASK": "1", "OMP_NUM_THREADS": "1"}
    command = ["bash", "-euo", "pipefail", "-c", shortened(block.code)]
    with (place / "output").open("w+") as output:
        # Servers in the background stay in the group of the shell.
        process = subprocess.Popen(
            command, cwd=place, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(timeout=170)
        finally:
            os.killpg(process.pid, signal.SIGKILL) if " &\n" in block.code else process.kill()
        output.seek(0)
        assert code == 0, output.read()


@blocks("sh")
def test_scripts_and_options_exist(block):
    for name in re.findall(r"(?:scripts|benchmarks|test/python)/[\w.-]+", block.code):
        assert (REPOSITORY / name).exists()
    scripts = "".join(path.read_text(encoding="utf-8") for path in REPOSITORY.glob("scripts/*.sh"))
    scripts = scripts.replace("$module", "LatentSpaceSuperResolution")
    for option in re.findall(r"-D(\w+)=", block.code):
        assert f"-D{option}" in scripts, f"no script configures with {option}"
    for packages in re.findall(r"apt-get install (.*)", block.code):
        assert [package for package in packages.split() if package not in scripts] == []


@pytest.fixture(scope="session")
def itk_dir() -> str:
    """The build of ITK and the module that the examples were built with."""
    cache = Path(os.environ.get("LATENT_SR_EXAMPLES", "nowhere")) / "CMakeCache.txt"
    if not cache.exists():
        pytest.skip("the examples have not been built: LATENT_SR_EXAMPLES names no folder with them")
    return re.search(r"^ITK_DIR:\w+=(.*)$", cache.read_text(), re.MULTILINE)[1]


def configure(folder: Path, itk_dir: str, lists: str) -> None:
    """Configure a project of a user."""
    project = "cmake_minimum_required(VERSION 3.22.1)\nproject(Page)\nset(CMAKE_CXX_STANDARD 17)\n"
    (folder / "CMakeLists.txt").write_text(project + lists)
    words = ["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DITK_DIR={itk_dir}"]
    configured = subprocess.run([*words, "-DCMAKE_BUILD_TYPE=Release"], capture_output=True, text=True)
    assert configured.returncode == 0, configured.stderr


IMAGES = """
template <typename TPixel>
auto
MakeImage()
{
  auto image = itk::Image<TPixel, 3>::New();
  image->SetRegions(itk::Size<3>{ 32, 32, 3 });
  image->AllocateInitialized();
  image->SetSpacing(itk::MakeVector(1.0, 1.0, 5.0));
  return image;
}
"""


def test_programs_in_cpp_run(tmp_path, itk_dir):
    chosen = [block for block in BLOCKS if block.language == "cpp"]
    includes, functions = [], []
    for number, block in enumerate(chosen):
        lines = block.code.splitlines()
        includes += [line for line in lines if line.startswith("#include")]
        body = "\n".join(line for line in lines if not line.startswith("#include"))
        functions.append(
            f"void Page{number}()\n{{\nauto thick = MakeImage<short>();\nauto labels = MakeImage<unsigned char>();\n"
            f"(void)thick;\n(void)labels;\n{body}\n}}\n"
        )
    calls = "".join(f"Page{number}();\n" for number in range(len(chosen)))
    parts = [*dict.fromkeys(includes), IMAGES, *functions, f"int main()\n{{\n{calls}}}\n"]
    (tmp_path / "Page.cxx").write_text("\n".join(parts))
    lists = (
        "find_package(ITK REQUIRED COMPONENTS LatentSpaceSuperResolution ITKImageIO)\ninclude(${ITK_USE_FILE})\n"
        "add_executable(page Page.cxx)\ntarget_link_libraries(page ${ITK_LIBRARIES})\n"
    )
    configure(tmp_path, itk_dir, lists)
    built = subprocess.run(["cmake", "--build", tmp_path / "build"], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout
    ran = subprocess.run([tmp_path / "build" / "page"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@blocks("cmake")
def test_a_project_can_be_configured(block, tmp_path, itk_dir):
    if "find_package(LatentSpaceSuperResolution " in block.code:
        pytest.skip("the package exists after an installation: scripts/test-in-itk.sh tests it")
    (tmp_path / "program.cxx").write_text("int main() {}\n")
    configure(tmp_path, itk_dir, block.code.replace("target_link", "add_executable(program program.cxx)\ntarget_link"))
