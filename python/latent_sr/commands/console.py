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
"""Messages of all commands: one line each, on stderr, and in the log file if there is one."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from latent_sr.commands.options import PROGRAM
from latent_sr.errors import LatentSRError, one_line, printable
from latent_sr.itk_loading import load_itk_sparingly
from latent_sr.json_text import json_text
from latent_sr.progress import silenced

_log: Any = None
"""A ``logging.Logger`` with --log-file or --verbose. It gets every message: INFO for results, DEBUG for details."""

_SLICE_AXIS = re.compile(r"Set SliceAxis to")


_is_quiet = False


def in_words_of_options(error: BaseException) -> str:
    """The message of an error, with names of command line options instead of C++ setters."""
    return _SLICE_AXIS.sub("Set --axis to", one_line(error))


@contextmanager
def logging_to(words: Sequence[str], file: str | None, verbose: bool, quiet: bool) -> Iterator[None]:
    """A context in which messages also go to a file, details are printed, or results and progress are not.

    Parameters
    ----------
    words
        The command line, for the log.
    file
        The log file. Lines are appended: time, level, message. None: no file.
    verbose
        Whether details are printed on stderr.
    quiet
        Whether only warnings and errors are printed.

    Raises
    ------
    LatentSRError
        If the file can't be written.
    """
    global _log, _is_quiet
    _is_quiet = quiet
    handlers = _start_log(words, file, verbose) if verbose or file is not None else []
    try:
        with silenced() if quiet else nullcontext():
            yield
    except BaseException as error:
        _record("error", one_line(error))
        raise
    finally:
        _is_quiet = False
        for handler in handlers:
            _log.removeHandler(handler)
            handler.close()
        _log = None


def _start_log(words: Sequence[str], file: str | None, verbose: bool) -> list[Any]:
    """Make the handlers of the log. They are imported here, because most commands need none."""
    import logging
    import shlex
    import time

    from latent_sr.versions import versions

    global _log
    handlers: list[logging.Handler] = []
    if verbose:
        details = logging.StreamHandler()
        details.setFormatter(logging.Formatter(f"{PROGRAM}: %(message)s"))
        details.addFilter(lambda record: record.levelno == logging.DEBUG)
        handlers.append(details)
    if file is not None:
        try:
            log_file = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise LatentSRError(f"can't write the log file '{file}': {error.strerror or error}") from error
        lines = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        lines.converter = time.gmtime
        log_file.setFormatter(lines)
        handlers.append(log_file)
    _log = logging.getLogger("latent_sr")
    _log.setLevel(logging.DEBUG)
    _log.propagate = False
    for handler in handlers:
        _log.addHandler(handler)
    detail(shlex.join([PROGRAM, *map(str, words)]))
    detail(", ".join(f"{name} {version}" for name, version in versions().items()))
    return handlers


def _record(level: str, message: str) -> None:
    if _log is not None:
        getattr(_log, level)("%s", printable(message))


def warn(message: str) -> None:
    """Print a warning."""
    print(f"{PROGRAM}: warning: {printable(message)}", file=sys.stderr)
    _record("warning", message)


def say(line: str) -> None:
    """Print a line of results."""
    if not _is_quiet:
        print(printable(line))
    _record("info", line)


def fail(message: str) -> None:
    """Print an error."""
    print(f"{PROGRAM}: error: {message}", file=sys.stderr)
    _record("error", message)


def detail(line: str) -> None:
    """A line for --verbose and the log file."""
    _record("debug", line)


def notify(what: str) -> Callable[[str], None]:
    """A function that prints what is being done with a file, on stderr."""

    def show(name: str) -> None:
        if not _is_quiet:
            print(f"{what} {printable(Path(name).name)}", file=sys.stderr)

    return show


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


def put_json(value: Any, name: str | None) -> bool:
    """Write a value as JSON to a file, or to stdout for ``-``; None writes nothing. Return whether stdout was used."""
    from latent_sr.volumes import write_text

    if name == "-":
        print(json_text(value), end="")
        return True
    if name is not None:
        write_text(json_text(value), name)
    return False
