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
"""Check the size of files, and the size and complexity of C++ functions. For Python functions, see ruff.toml.

    python scripts/check_functions.py [ROOT]     prints one complaint per line; the exit code is 1 if there are any

lizard measures the functions, because it needs no build. clang-tidy would parse LibTorch for every file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIMITS = {
    "lines": 100,
    "branches": 15,
    "parameters": 7,
}
"""Lines, cyclomatic complexity and parameters of a function."""

LINES_OF_FILE = 550
"""Lines of a file of C++ or Python."""

EXCEPTIONS = {
    ("MultiplyTile", "parameters"): "an inlined loop over registers: every parameter is one of its strides",
    ("AddTransposedProduct", "parameters"): "the same",
    ("TransformInputBlock", "parameters"): "the same",
    (
        "ComputeMoments",
        "parameters",
    ): "a vector loop: the compiler knows that pointer parameters do not overlap (5 % of SSIM's time)",
    ("TransformOutputTile", "branches"): "branches on template parameters, which no instance keeps",
    ("ConvolveSingleChannel", "branches"): "the same",
}
"""Functions that may exceed a limit, and the reason."""

FOLDERS = ("include", "src", "examples", "test", "benchmarks")
SUFFIXES = (".h", ".hxx", ".cxx")


def functions(root: Path) -> Iterator[tuple[Path, Any]]:
    """Yield each C++ file with each of its functions, as lizard describes it."""
    import lizard

    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                # lizard takes the language from the file name, and does not know .hxx.
                found = lizard.analyze_file.analyze_source_code("file.cpp", path.read_text(encoding="utf-8"))
                yield from ((path.relative_to(root), function) for function in found.function_list)


def long_files(root: Path) -> Iterator[str]:
    """Yield complaints about files that are too long."""
    for folder in (*FOLDERS, "python", "scripts"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (*SUFFIXES, ".py"):
                lines = path.read_text(encoding="utf-8").count("\n")
                if lines > LINES_OF_FILE:
                    yield f"{path.relative_to(root)} has {lines} lines, but at most {LINES_OF_FILE} are allowed"


def check(root: Path) -> list[str]:
    """Return complaints about functions and files that exceed a limit, and about exceptions that nothing needs."""
    complaints = list(long_files(root))
    needed = set()
    for path, function in functions(root):
        name = function.name.rsplit("::", 1)[-1]
        measured = {
            "lines": function.length,
            "branches": function.cyclomatic_complexity,
            "parameters": len(function.parameters),
        }
        for what, value in measured.items():
            if value <= LIMITS[what]:
                continue
            needed.add((name, what))
            if (name, what) not in EXCEPTIONS:
                complaints.append(
                    f"{path}:{function.start_line}: {name} has {value} {what}, but at most {LIMITS[what]} are allowed"
                )
    stale = EXCEPTIONS.keys() - needed
    return complaints + [f"{name} is within the limit of {what}: take it out of EXCEPTIONS" for name, what in stale]


def main() -> int:
    """Print complaints."""
    complaints = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
