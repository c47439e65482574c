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
"""Errors that are shown to a user as one line, and what C++ exceptions are reduced to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {9: " ", 10: "\\n", 13: "\\r"}


class LatentSRError(Exception):
    """Something failed: a file, a volume, a model. The command line ends with exit code 1.

    Control characters, which names of files and texts in headers may have, are written as escapes: a message is one
    line.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(str(message).translate(_CONTROL))


class UsageError(LatentSRError):
    """The parameters alone are wrong, whatever is in the files. The command line ends with exit code 2."""

    exit_code = 2


_SOURCE_LINE = re.compile(r"^[^\n]*\.(?:h|hxx|hpp|cxx|cpp|cc|c):\d+:\s*", re.MULTILINE)
_ITK_ERROR = re.compile(r"(?:itk::ERROR|ITK ERROR):\s*")
_OBJECT = re.compile(r"\b[A-Za-z_]\w*(?:<[^<>]*>)?\((?:0x)?[0-9a-fA-F]{6,}\):\s*")
_FACTORIES = re.compile(r"\s*Tried to create one of the following:.*", re.DOTALL)


def one_line(error: BaseException | str) -> str:
    """The message of an exception without source file, line, class and address, on one line.

    Parameters
    ----------
    error
        An exception, such as the ``RuntimeError`` that a C++ ``itk::ExceptionObject`` becomes in Python, or its text.

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
    text = " ".join(text.split())
    return text or type(error).__name__


@contextmanager
def translated(subject: str = "") -> Iterator[None]:
    """Turn the ``RuntimeError`` of a C++ exception into a ``LatentSRError`` whose message begins with the subject."""
    try:
        yield
    except RuntimeError as error:
        message = one_line(error)
        if subject and subject not in message:
            message = f"{subject}: {message}"
        raise LatentSRError(message) from error


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Have the message of a ``LatentSRError`` begin with a subject that it does not name; wrong use is not about it."""
    try:
        yield
    except UsageError:
        raise
    except LatentSRError as error:
        if subject in str(error):
            raise
        raise LatentSRError(f"{subject}: {error}") from error
