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
"""The order of the parts, and a check that includes and imports only go downwards.

    python scripts/check_layers.py [ROOT]     prints one complaint per line; the exit code is 1 if there are any
    python scripts/check_layers.py --table    prints the order as docs/architecture.md shows it

Imports inside functions count, too. A new part has to be added to ORDER and to the page.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

ORDER = {
    "": ["src", "include"],
    "src": ["Training Experiment", "Synthesis", "Model", "Convolution Metrics", "Labels Torch"],
    "python/latent_sr": [
        "__init__ __main__",
        "cli",
        "commands",
        "folders",
        "batch selection training_log",
        "evaluation training calibration integrations labels",
        "provenance preview",
        "upsampling metrics recipe onnx_export",
        "grids objects uncertainty",
        "models parallel volumes",
        "options enumerations interrupts itk_loading json_text threads versions progress torch_model",
        "errors",
    ],
    "python/latent_sr/commands": [
        "__init__",
        "upsample train evaluate metrics info export slicer",
        "console",
        "options",
    ],
    "python/latent_sr/evaluation": [
        "__init__",
        "report",
        "pictures run",
        "result worst",
        "recover",
        "masks options",
        "methods subjects tables",
        "statistics",
    ],
    "python/latent_sr/integrations": ["__init__", "monai torchio", "channels"],
    "python/latent_sr/objects": [
        "__init__",
        "nibabel_images",
        "numpy_arrays simpleitk_images xarray_arrays",
        "source",
    ],
    "python/latent_sr/volumes": [
        "__init__",
        "convert",
        "read write",
        "nifti nrrd itk_file find",
        "dicom bids",
        "phases outputs header_checks",
        "images names",
        "volume",
    ],
    "python/latent_sr/volumes/dicom": [
        "__init__",
        "read write",
        "pixels",
        "stack series",
        "phases",
        "alike template",
        "frames",
        "scan",
    ],
}
"""For each folder, its parts from the top down. A part may use parts of later rows, but not those of its own row."""

LIBTORCH = ("src/Torch/*", "src/Convolution/*", "src/Model/*", "src/Synthesis/*", "src/Training/*")
"""Files that may include LibTorch."""

LIBTORCH_EXCEPTIONS = ("src/Metrics/itkFourier*",)
"""The Fourier correlation uses LibTorch's Fourier transform."""

EXCEPTIONS: set[tuple[str, str]] = set()
"""Uses that go upwards and are allowed: a pattern of files, and the file that they use."""

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
_LIBTORCH_HEADER = re.compile(r"(torch|ATen|c10)/")

Uses = Mapping[Path, list[Path]]


def cxx_uses(root: Path) -> tuple[Uses, list[str]]:
    """Return the files that each C++ file includes, and complaints about includes of LibTorch."""
    files = {path.name: path for path in _files(root, ("include", "src"), (".h", ".hxx", ".cxx"))}
    uses: dict[Path, list[Path]] = {}
    complaints = []
    for path in files.values():
        included = _INCLUDE.findall((root / path).read_text(encoding="utf-8"))
        uses[path] = [files[name] for name in (Path(name).name for name in included) if name in files]
        for name in included:
            may = any(fnmatch(path.as_posix(), pattern) for pattern in (*LIBTORCH, *LIBTORCH_EXCEPTIONS))
            if _LIBTORCH_HEADER.match(name) and not may:
                complaints.append(f"{path}: includes LibTorch's {name}, which only {', '.join(LIBTORCH)} may")
    return uses, complaints


def python_uses(root: Path) -> Uses:
    """Return the modules of the package that each of its modules imports."""
    modules = {}
    for path in _files(root, ("python",), (".py",)):
        parts = path.with_suffix("").parts[1:]
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {
        path: [modules[name] for name in _imported(root / path, path.parts[1:-1], set(modules))]
        for path in modules.values()
    }


def _imported(file: Path, package: tuple[str, ...], known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            # "from package import name" imports a module, or a name that the package's __init__ defines.
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from dict.fromkeys(name if name in known else base for name in names if {name, base} & known)


def _files(root: Path, folders: tuple[str, ...], suffixes: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(root)


def runs_back_up(path: Path, used: Path) -> str | None:
    """Return the reason why a file may not use another file, or None if it may."""
    common = 0
    while path.parts[common] == used.parts[common]:
        common += 1
    folder = "/".join(path.parts[:common])
    rows = [row.split() for row in ORDER.get(folder, [])]
    if not rows:
        # A folder without an order is one part: its files may use each other.
        return None if folder else f"'{path.parts[0]}' has no order"
    place = {name: number for number, row in enumerate(rows) for name in row}
    names = [Path(part).stem for part in (path.parts[common], used.parts[common])]
    missing = next((name for name in names if name not in place), None)
    if missing is not None:
        return f"'{missing}' of '{folder}' is not in ORDER (scripts/check_layers.py): give it a place"
    above, below = (place[name] for name in names)
    if above < below:
        return None
    return f"'{names[0]}' may not use '{names[1]}', which is {'above' if above > below else 'beside'} it"


def circles(uses: Uses) -> Iterator[list[Path]]:
    """Yield circles of files that use each other."""
    done: set[Path] = set()

    def walk(path: Path, way: list[Path]) -> Iterator[list[Path]]:
        if path in way:
            yield [*way[way.index(path) :], path]
        elif path not in done:
            for used in uses[path]:
                yield from walk(used, [*way, path])
            done.add(path)

    for path in uses:
        yield from walk(path, [])


def check(root: Path) -> list[str]:
    """Return all complaints about a tree."""
    cxx, complaints = cxx_uses(root)
    needed = set()
    for uses in (cxx, python_uses(root)):
        for path, all_used in uses.items():
            for used in all_used:
                wrong = runs_back_up(path, used) if used != path else None
                exceptions = {pair for pair in EXCEPTIONS if fnmatch(str(path), pair[0]) and str(used) == pair[1]}
                needed |= exceptions
                if wrong is not None and not exceptions:
                    complaints.append(f"{path}: {used}: {wrong}")
        complaints += [f"a circle: {' -> '.join(map(str, circle))}" for circle in circles(uses)]
    return complaints + [
        f"{' -> '.join(pair)}: there is no such use: take it out of EXCEPTIONS" for pair in EXCEPTIONS - needed
    ]


def table() -> str:
    """Return the order as a Markdown table."""
    rows = [
        f"| `{folder or '.'}` | {' → '.join(', '.join(f'`{name}`' for name in row.split()) for row in order)} |"
        for folder, order in ORDER.items()
    ]
    return "\n".join(["| in | from the top down |", "|---|---|", *rows]) + "\n"


def main() -> int:
    """Print complaints, or the table."""
    words = sys.argv[1:]
    if words == ["--table"]:
        print(table(), end="")
        return 0
    complaints = check(Path(words[0]) if words else Path(__file__).resolve().parents[1])
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
