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
"""Seconds from the start of a process to its end: the command's help, and imports with and without this module.

    python benchmarks/start_up.py [--rounds 15] [--json F.json]

``import itk`` alone loads no module of ITK. What this module adds to it is the time to read its entry among the others:
two copies of ITK's package, made of links, differ by nothing but this module's files. Rounds alternate; printed are
medians and ranges.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import itk


def mirror(folder: Path, has_module: bool) -> None:
    """Links to ITK's package, with or without the files of this module."""
    folder.mkdir()
    package = Path(itk.__file__).parent
    # It tells the package where its files are.
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
            # Python looks for modules beside the file itself: a link to it would do for libraries, a copy for sources.
            if source.suffix == ".py":
                shutil.copy(source, place)
            else:
                place.symlink_to(source)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
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
        times: dict[str, list[float]] = {key: [] for key in commands}
        for round_ in range(arguments.rounds + 1):
            for key, command in commands.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
                # The first round compiles what was not yet, and fills the caches.
                if round_ > 0:
                    times[key].append(time.perf_counter() - start)
    for key, column in times.items():
        print(f"{key:34}{statistics.median(column):7.3f} s ({min(column):.3f} to {max(column):.3f})")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
