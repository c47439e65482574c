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
"""Seconds from start to end of a process: the commands, and imports with and without this module.

    python benchmarks/start_up.py [--rounds 15] [--volume VOLUME] [--json F.json]

With a volume, ``upsample`` by 5 is timed with one thread and with two, beside the filter's own time in this process,
and ``metrics`` of the result and ``info``.

``import itk`` alone loads no module of ITK, but reads an entry of each module. To measure the time for this module's
entry, ITK's package is copied twice as links, with and without this module's files. All commands take turns in each
round. The table has medians and ranges.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import itk
from rounds import alternate, spread


def mirror(folder: Path, has_module: bool) -> None:
    """Copy ITK's package as links, with or without the files of this module."""
    folder.mkdir()
    package = Path(itk.__file__).parent
    # itkConfig tells the package where its files are.
    shutil.copy(package.parent / "itkConfig.py", folder)
    target = folder / "itk"
    for source in sorted(package.rglob("*")):
        relative = source.relative_to(package)
        if "__pycache__" in relative.parts or (not has_module and "LatentSpaceSuperResolution" in source.name):
            continue
        place = target / relative
        if source.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            # Sources are copied, because modules are looked for beside the file that a link points to.
            if source.suffix == ".py":
                shutil.copy(source, place)
            else:
                place.symlink_to(source)


def command_runs(volume: Path, folder: Path) -> dict[str, Callable[[], None]]:
    """Functions that run the commands on a volume, and the filter in this process."""
    image = itk.imread(str(volume))
    runs: dict[str, Callable[[], None]] = {}
    for threads in (1, 2):
        output = str(folder / f"thin{threads}.nii.gz")
        words = ["-m", "latent_sr", "upsample", str(volume), output, "--factor", "5", "--threads", str(threads)]
        runs[f"latent-sr upsample, threads {threads}"] = partial(run_python, [*words, "--overwrite"])
        upsampler = itk.LatentSpaceSuperResolutionImageFilter.New(image, upsampling_factor=5)
        upsampler.SetNumberOfWorkUnits(threads)

        def update(upsampler: Any = upsampler) -> None:
            upsampler.Modified()
            upsampler.Update()

        runs[f"the filter, threads {threads}"] = update
    runs["latent-sr metrics"] = partial(run_python, ["-m", "latent_sr", "metrics", output, output])
    runs["latent-sr info"] = partial(run_python, ["-m", "latent_sr", "info"])
    return runs


def run_python(words: list[str]) -> None:
    """Run Python with arguments."""
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--volume", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        for folder in ("with", "without"):
            mirror(Path(name) / folder, folder == "with")
        commands = {
            "python": ["-c", "pass"],
            "latent-sr --help": ["-m", "latent_sr", "--help"],
            "import itk": ["-c", "import itk"],
            "import itk, of links": ["-c", f"import sys; sys.path.insert(0, '{name}/with'); import itk"],
            "the same without this module": ["-c", f"import sys; sys.path.insert(0, '{name}/without'); import itk"],
            "itk.Image, first use": ["-c", "import itk; itk.Image"],
            "the filter, first use": ["-c", "import itk; itk.LatentSpaceSuperResolutionImageFilter"],
        }
        runs = {key: partial(run_python, command) for key, command in commands.items()}
        if arguments.volume:
            runs |= command_runs(arguments.volume, Path(name))
        # The first round is not measured: it compiles sources and fills the caches.
        alternate(runs, 1)
        times = alternate(runs, arguments.rounds)
    for key, column in times.items():
        print(f"{key:34}{spread(column, 3)} s")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
