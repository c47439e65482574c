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
"""What is written: it is checked before anything is computed, and appears whole or not at all."""

import hashlib
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.volumes.names import extension_of, stem_of

_LONGEST_STEM = 180
"""In bytes: what is kept of the name of an output in a temporary name."""

_REPLACED = "-old"


def check_output(
    path: str | os.PathLike,
    extensions: Sequence[str],
    overwrite: bool = False,
    inputs: Iterable[str | os.PathLike] = (),
) -> Path:
    """Check, before anything is computed, that a file can be written.

    Parameters
    ----------
    path
        The file to write.
    extensions
        The extensions that are allowed.
    overwrite
        Whether it may exist.
    inputs
        Files that it must not be.

    Raises
    ------
    UsageError
        If its extension is not allowed, or it is one of the inputs.
    LatentSRError
        If it exists and must not, its folder does not, or is not writable.
    """
    path = Path(path)
    if not extension_of(path, extensions):
        raise UsageError(f"'{path}' can't be written: its name has to end in {' or '.join(extensions)}")
    for other in inputs:
        if path.resolve() == Path(other).resolve():
            raise UsageError(f"'{path}' is input and output at the same time: name another output")
    if path.is_dir():
        raise LatentSRError(f"'{path}' is a folder, but has to be a file")
    check_folder_of(path)
    check_not_there(path, overwrite)
    return path


def check_folder_of(path: Path) -> None:
    """Refuse an output whose folder does not exist, or is not writable.

    Raises
    ------
    LatentSRError
        With the names of both.
    """
    folder = path.parent
    if not folder.is_dir():
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' does not exist")
    if not os.access(folder, os.W_OK):
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' is not writable")


def check_not_there(path: Path, overwrite: bool) -> None:
    """Refuse an output that exists, unless it may be replaced.

    Raises
    ------
    LatentSRError
        With its name.
    """
    if path.exists() and not overwrite:
        raise LatentSRError(f"'{path}' exists already: name another output, or give --overwrite to replace it")


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary file of the same extension in the same folder: it takes the name at the end, or vanishes on errors.

    The path is never a file that is written only in part, whenever the process ends.

    Raises
    ------
    LatentSRError
        If it can't be written: with its name, and not with that of the temporary file.
    """
    path = Path(path)
    remove_leftovers(path)
    temporary = temporary_beside(path)
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename not in (None, str(temporary)):
            raise  # it is about another file
        raise LatentSRError(f"can't write '{path}': {error.strerror or error}") from error
    except (RuntimeError, LatentSRError) as error:
        text = one_line(error)
        if str(temporary) not in text:
            raise
        # Nobody has heard of the temporary file.
        text = text.replace(str(temporary), str(path))
        raise LatentSRError(text if f"'{path}'" in text else f"can't write '{path}': {text}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Have an error of the system name the output that is written: a full disk is told without any name.

    Raises
    ------
    LatentSRError
        Instead of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise LatentSRError(f"can't write '{path}': {error.strerror or error}") from error


def write_text(text: str, path: str | os.PathLike) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises
    ------
    LatentSRError
        If it can't be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


# Temporary names ------------------------------------------------------------------------------------------------------


def temporary_beside(path: Path) -> Path:
    """A hidden name beside an output, which nothing has yet; it tells the process, for ``remove_leftovers``."""
    before, after = _around_the_mark(path)
    while True:
        found = path.with_name(f"{before}{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{after}")
        if not os.path.lexists(found):
            return found


def replaced_by(temporary: Path) -> Path:
    """Where the old output waits while the new one takes its name; for outputs that can't be replaced at once."""
    return temporary.with_name(f"{temporary.name}{_REPLACED}")


def remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed while they wrote an output have left beside it.

    Only what has a name of ``temporary_beside``, of a process of this machine that is gone, is theirs. An old output
    that was about to be replaced stays where there is no new one.
    """
    before, after = map(re.escape, _around_the_mark(path))
    pattern = re.compile(rf"{before}{_machine()}-(\d+)-[0-9a-f]{{8}}{after}({_REPLACED})?")
    try:
        beside = list(path.parent.iterdir())
    except OSError:
        return  # the write itself says what is wrong with the folder
    for entry in beside:
        match = pattern.fullmatch(entry.name)
        if match is None or _is_running(int(match[1])) or (match[2] and not path.exists()):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()


def _around_the_mark(path: Path) -> tuple[str, str]:
    """What stands before and behind the mark of the process in a temporary name: ITK looks at the extension."""
    extension = extension_of(path) or path.suffix
    # The name of a file has at most 255 bytes.
    stem = os.fsdecode(os.fsencode(stem_of(path))[:_LONGEST_STEM])
    return f".{stem}.part-", extension


@lru_cache(maxsize=1)
def _machine() -> str:
    """A mark of what gives processes their numbers: a machine, or a container with numbers of its own."""
    numbers = Path("/proc/self/ns/pid")
    numbered_by = f"{platform.node()} {numbers.stat().st_ino if numbers.exists() else ''}"
    return hashlib.sha256(numbered_by.encode(errors="replace")).hexdigest()[:8]


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # no signal there is harmless
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it is somebody else's
    return True
