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
"""Options that several commands share."""

import argparse
import math
import re
import textwrap
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from latent_sr.enumerations import AUTOMATIC_PRECISION, DEFAULT_PRECISION, PRECISIONS

PROGRAM = "latent-sr"

LARGEST_NUMBER = 2**31 - 1
"""The largest whole number that all parameters of the filters can hold."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and say which option may have been meant."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        # argparse of Python 3.11 takes -1e3 and -5. for options.
        self._negative_number_matcher = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, and refuse words that are not known. The parser of a command does so itself: it knows its options."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            name = next((word.split("=")[0] for word in unknown if word.startswith("-")), "")
            meant = get_close_matches(name, options, 1, cutoff=0.75)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return namespace, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: error: {' '.join(message.split())} (see {self.prog} --help)\n")


def whole_number(least: int) -> Callable[[str], int]:
    """A converter for whole numbers with a lower limit."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {least}")
        if value > LARGEST_NUMBER:
            raise argparse.ArgumentTypeError(f"'{text}' is too large: at most {LARGEST_NUMBER} is allowed")
        return value

    return convert


def finite_number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def positive_number(text: str) -> float:
    """A positive, finite number."""
    value = finite_number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def isotropic_spacing(text: str) -> float:
    """A positive number. It may be left out, so a file name that follows the option is taken for it."""
    try:
        return positive_number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"{error}: without a number, the option has to stand behind IN and OUT"
        ) from error


def share(text: str) -> float:
    """A number between 0 and 1."""
    value = positive_number(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and 1")
    return value


def share_or_zero(text: str) -> float:
    """A number that is at least 0 and below 1."""
    return 0.0 if finite_number(text) == 0 else share(text)


def not_negative_number(text: str) -> float:
    """A finite number that is not negative."""
    value = finite_number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is negative")
    return value


def seed(text: str) -> int:
    """A seed: an unsigned 32-bit number."""
    value = whole_number(0)(text)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is not below 2^32")
    return value


def entry(text: str) -> tuple[str, str]:
    """NAME=TEXT as a pair."""
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=TEXT")
    return name, value


def one_of(*names: str) -> Callable[[str], str]:
    """A converter for one of several words. The message of argparse's ``choices`` differs between Python versions."""

    def convert(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"'{text}' is not one of {', '.join(names)}")
        return text

    return convert


def choice(names: Iterable[str]) -> dict[str, Any]:
    """The arguments of ``add_argument`` for one of several words."""
    names = tuple(names)
    return {"type": one_of(*names), "metavar": f"{{{','.join(names)}}}"}


def slice_axis(text: str) -> int | None:
    """The slice axis; None for ``auto``."""
    if text not in ("auto", "0", "1", "2"):
        raise argparse.ArgumentTypeError(f"'{text}' is not one of auto, 0, 1, 2")
    return None if text == "auto" else int(text)


def phase(text: str) -> int | None:
    """The number of a phase; None for ``all``."""
    return None if text == "all" else whole_number(0)(text)


def add_command(commands: Any, name: str, help: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """Add the parser of a command. The lines of the epilog are not wrapped."""
    parser = commands.add_parser(
        name,
        help=help,
        description=textwrap.fill(description, 100),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(quiet=False, verbose=False, log_file=None)
    return parser


def add_axis(parser: argparse.ArgumentParser, text: str = "") -> None:
    """``--axis``."""
    parser.add_argument(
        "--axis",
        type=slice_axis,
        default=None,
        metavar="auto|0|1|2",
        help=text or "the through-plane axis (default: auto, the axis of the largest spacing)",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """``--series``, ``--phase`` and ``--nan``: see ``read_options``."""
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="UID",
        help="UID or number of the DICOM series to read, if a folder holds several; may be repeated if each slice of "
        "a cine is a series",
    )
    parser.add_argument(
        "--phase",
        type=phase,
        metavar="N|all",
        help="number of the phase (time frame) to read from 4D volumes; 0 is the first (default: all)",
    )
    parser.add_argument(
        "--nan",
        type=finite_number,
        metavar="VALUE",
        help="value that replaces NaN and infinite pixels (default: such volumes are refused)",
    )


def read_options(arguments: argparse.Namespace) -> Any:
    """The reading options of the command line."""
    from latent_sr.volumes import ReadOptions

    return ReadOptions(tuple(arguments.series), arguments.phase, arguments.nan)


def add_precision(parser: argparse.ArgumentParser, automatic: bool = False) -> None:
    """``--precision``, with the choice of an automatic precision or without."""
    choices = [AUTOMATIC_PRECISION, *PRECISIONS] if automatic else PRECISIONS
    default = AUTOMATIC_PRECISION if automatic else DEFAULT_PRECISION
    meaning = "; auto: bfloat16 if the processor has AMX, else float32" if automatic else ""
    parser.add_argument(
        "--precision",
        **choice(choices),
        default=default,
        help=f"arithmetic of the network; bfloat16 may be faster with AMX{meaning} (default: {default})",
    )


def add_orientations(parser: argparse.ArgumentParser) -> None:
    """``--orientations``."""
    parser.add_argument(
        "--orientations",
        type=lambda text: int(one_of("1", "4", "8")(text)),
        default=1,
        metavar="{1,4,8}",
        help="average the network's results over 4 rotations, or 8 rotations and flips, of each slice; takes 4 or 8 "
        "times as long and is slightly better (default: 1)",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device``."""
    parser.add_argument(
        "--device", default="cpu", metavar="D", help="where the network runs: cpu, cuda, cuda:1, ... (default: cpu)"
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """``--threads``."""
    parser.add_argument(
        "--threads", type=whole_number(1), metavar="N", help="number of threads (default: all processors)"
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """``--jobs`` and ``--scheduler``."""
    parser.add_argument(
        "--jobs",
        type=whole_number(1),
        metavar="N",
        help="number of processes; each works on one volume at a time, and they share the threads (default: one for "
        "each processor, but at most one for every 4 volumes)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="use the workers of a Dask cluster instead, for example tcp://host:8786; they read and write the files, "
        "so they need the same paths",
    )


def add_messages(parser: argparse.ArgumentParser) -> None:
    """``--quiet``, ``--verbose`` and ``--log-file``."""
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quiet", action="store_true", help="print only warnings and errors")
    amount.add_argument("--verbose", action="store_true", help="print also what is used and how long it takes")
    parser.add_argument(
        "--log-file", metavar="F", help="append all messages, also those of --verbose, to a file, with time and level"
    )


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """``--overwrite``."""
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")
