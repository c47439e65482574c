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
"""Errors with one-line messages, and their translation from C++ exceptions."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHORT = {"\t": " ", "\n": "\\n", "\r": "\\r"}
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode: controls, formats such as marks of writing direction, bytes that are no text, line ends."""


def printable(text: str) -> str:
    """A text on one line, as a terminal may show it. File names and headers come from strangers, and may contain
    commands for the terminal, and marks that make a name look like another one: these are escaped.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNPRINTABLE else c for c in text)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # a byte of a file name, see os.fsdecode()
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def check_name(path: Path) -> None:
    """Check that ITK can open a file by its name, which it needs as text.

    Raises
    ------
    LatentSRError
        If the name is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise LatentSRError(f"the name of '{path}' is not UTF-8: rename it") from error


class LatentSRError(Exception):
    """A failure that concerns a file, a volume or a model. The command line ends with exit code 1.

    The message becomes ``printable``.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(printable(str(message)))


class UsageError(LatentSRError):
    """Wrong parameters, independent of the contents of files. The command line ends with exit code 2."""

    exit_code = 2


_SOURCE_LINE = re.compile(r"^[^\n]*\.(?:h|hxx|hpp|cxx|cpp|cc|c):\d+:\s*", re.MULTILINE)
_ITK_ERROR = re.compile(r"(?:itk::ERROR|ITK ERROR):\s*")
_OBJECT = re.compile(r"\b[A-Za-z_]\w*(?:<[^<>]*>)?\((?:0x)?[0-9a-fA-F]{6,}\):\s*")
_FACTORIES = re.compile(r"\s*Tried to create one of the following:.*", re.DOTALL)


def one_line(error: BaseException | str) -> str:
    """The message of an exception on one line, without source file, line number, class and address.

    Parameters
    ----------
    error
        An exception or its text. A C++ ``itk::ExceptionObject`` arrives in Python as a ``RuntimeError``.

    Returns
    -------
    str
        The message; the name of the exception's class if there is none.
    """
    text = str(error)
    text = _SOURCE_LINE.sub("", text)
    text = _ITK_ERROR.sub("", text)
    text = _OBJECT.sub("", text)
    text = _FACTORIES.sub("", text)
    text = printable(" ".join(text.split()))
    return text or type(error).__name__


@contextmanager
def translated(subject: str = "") -> Iterator[None]:
    """Convert the ``RuntimeError`` of a C++ exception to a ``LatentSRError`` whose message names the subject."""
    try:
        yield
    except RuntimeError as error:
        message = one_line(error)
        if subject and subject not in message:
            message = f"{subject}: {message}"
        raise LatentSRError(message) from error


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Prefix the message of a ``LatentSRError`` with a subject, unless it names it. ``UsageError`` is left alone."""
    try:
        yield
    except UsageError:
        raise
    except LatentSRError as error:
        if subject in str(error):
            raise
        raise LatentSRError(f"{subject}: {error}") from error
