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
"""Messages of all commands: one line each, on stderr."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latent_sr.commands.options import PROGRAM
from latent_sr.errors import LatentSRError, one_line, printable
from latent_sr.itk_loading import load_itk_sparingly

_SLICE_AXIS = re.compile(r"Set SliceAxis to")


def in_words_of_options(error: BaseException) -> str:
    """The message of an error, with names of command line options instead of C++ setters."""
    return _SLICE_AXIS.sub("Set --axis to", one_line(error))


def warn(message: str) -> None:
    """Print a warning."""
    print(f"{PROGRAM}: warning: {printable(message)}", file=sys.stderr)


def say(line: str) -> None:
    """Print a line of results."""
    print(printable(line))


def notify(what: str) -> Callable[[str], None]:
    """A function that prints what is being done with a file, on stderr."""
    return lambda name: print(f"{what} {printable(Path(name).name)}", file=sys.stderr)


def quiet_itk() -> None:
    """Load ITK sparingly, see ``itk_loading``, and switch its warnings off: each takes several lines, with source files
    and addresses.
    """
    load_itk_sparingly()
    import itk

    itk.Object.GlobalWarningDisplayOff()


def check_model_file(name: str | None) -> None:
    """Refuse a missing model file early: importing ITK takes seconds."""
    if name is not None and not Path(name).is_file():
        raise LatentSRError(f"the model file '{name}' does not exist")


def json_text(value: Any) -> str:
    """A value as JSON, with a newline at its end. What is not ``printable`` is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    lines = (line if printable(line) == line else "".join(map(_json_character, line)) for line in text.split("\n"))
    return "\n".join(lines) + "\n"


def _json_character(character: str) -> str:
    return character if printable(character) == character else json.dumps(character)[1:-1]


def put_json(value: Any, name: str | None) -> bool:
    """Write a value as JSON to a file, or to stdout for ``-``; None writes nothing. Return whether stdout was used."""
    from latent_sr.volumes import write_text

    if name == "-":
        print(json_text(value), end="")
        return True
    if name is not None:
        write_text(json_text(value), name)
    return False
