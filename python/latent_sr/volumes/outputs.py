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
"""Outputs. They are checked before anything is computed, and written completely or not at all."""

import errno
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

from latent_sr.errors import LatentSRError, UsageError, check_name, one_line
from latent_sr.interrupts import removed_on_sigterm
from latent_sr.volumes.names import extension_of, stem_of

_LONGEST_STEM = 180
"""Largest number of bytes of an output's name in a temporary name."""

_REPLACED = "-old"

_OF_ITK = r"(?:\.part-\d+-[0-9a-f]{8}-[0-9a-f]{8})?"
"""What ``itk.AutoencoderModel.Write`` adds to the name of a model file until the file is complete."""


def check_output(
    path: str | os.PathLike,
    extensions: Sequence[str],
    overwrite: bool = False,
    inputs: Iterable[str | os.PathLike] = (),
    folders_are_made: bool = False,
) -> Path:
    """Check that a file can be written, before anything is computed.

    Parameters
    ----------
    path
        The file to write.
    extensions
        The extensions that are allowed.
    overwrite
        Whether the file may exist.
    inputs
        Input files, which the output must not replace.
    folders_are_made
        Whether missing folders will be made.

    Raises
    ------
    UsageError
        If the extension is not allowed, or the file is one of the inputs.
    LatentSRError
        If the file exists and must not, or its folder does not exist or is not writable, or its name is not UTF-8.
    """
    path = Path(path)
    check_name(path)
    if not extension_of(path, extensions):
        raise UsageError(f"'{path}' can't be written: its name has to end in {' or '.join(extensions)}")
    for other in inputs:
        if path.resolve() == Path(other).resolve():
            raise UsageError(f"'{path}' is input and output at the same time: name another output")
    if path.is_dir():
        raise LatentSRError(f"'{path}' is a folder, but has to be a file")
    check_folder_of(path, folders_are_made)
    check_not_there(path, overwrite)
    return path


def check_folder_of(path: Path, may_be_made: bool = False) -> None:
    """Refuse an output whose folder does not exist or is not writable.

    Parameters
    ----------
    path
        The output.
    may_be_made
        Whether missing folders will be made: the nearest existing one has to be a writable folder.

    Raises
    ------
    LatentSRError
        With the names of both.
    """
    folder = path.parent
    if may_be_made:
        folder = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not folder.is_dir():
            raise LatentSRError(f"'{folder}' is a file, but has to be a folder for the output '{path.name}'")
    if not folder.is_dir():
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' does not exist")
    if not os.access(folder, os.W_OK):
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' is not writable")


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make a folder with its missing parents. At the end, those of them that are empty are removed.

    Raises
    ------
    LatentSRError
        If a folder can't be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for path in missing:
            with suppress(OSError):  # it is not empty
                path.rmdir()


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
    """A temporary file of the same extension in the same folder. It is renamed at the end, or removed after an error.

    The path therefore never names an incomplete file, no matter when the process ends.

    Raises
    ------
    LatentSRError
        If the file can't be written. The message has its name instead of the temporary name.
    """
    path = Path(path)
    remove_leftovers(path)
    temporary = temporary_beside(path)
    try:
        with removed_on_sigterm(temporary):
            yield temporary
            synchronize(temporary)
            temporary.replace(path)
            synchronize(path.parent)
    except OSError as error:
        if error.filename not in (None, str(temporary)):
            raise  # the error concerns another file
        raise LatentSRError(f"can't write '{path}': {error.strerror or error}") from error
    except (RuntimeError, LatentSRError) as error:
        text = one_line(error)
        if str(temporary) not in text:
            raise
        # The user does not know the name of the temporary file.
        text = text.replace(str(temporary), str(path))
        raise LatentSRError(text if f"'{path}'" in text else f"can't write '{path}': {text}") from error
    finally:
        temporary.unlink(missing_ok=True)


def synchronize(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk.

    Without it, a power failure after the renaming could leave an empty file in the place of an old one.
    """
    if os.name != "posix":
        return  # other systems can't open folders
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system without it
            raise
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Add the name of the output to an error of the system: the error of a full disk contains no name.

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
    """Write a text file in UTF-8, completely or not at all.

    Raises
    ------
    LatentSRError
        If the file can't be written.
    """
    with replacing(path) as temporary:
        # Names of files, of DICOM slices for example, may have bytes that are not UTF-8.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


# Temporary names ------------------------------------------------------------------------------------------------------


def temporary_beside(path: Path) -> Path:
    """An unused hidden name beside an output. It contains the process number, for ``remove_leftovers``."""
    before, after = _around_the_mark(path)
    while True:
        found = path.with_name(f"{before}{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{after}")
        if not os.path.lexists(found):
            return found


def replaced_by(temporary: Path) -> Path:
    """The temporary name of the old output while the new one is renamed; for outputs that can't be replaced at once."""
    return temporary.with_name(f"{temporary.name}{_REPLACED}")


def remove_leftovers(path: Path) -> None:
    """Remove the files that killed processes have left beside an output.

    Only names of ``temporary_beside`` are removed, and only if their process ran on this machine and has ended. An old
    output that was being replaced is kept if there is no new one.
    """
    before, after = map(re.escape, _around_the_mark(path))
    pattern = re.compile(rf"{before}{_machine()}-(\d+)-[0-9a-f]{{8}}{after}({_REPLACED})?{_OF_ITK}")
    try:
        beside = list(path.parent.iterdir())
    except OSError:
        return  # writing reports the problem of the folder
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
    """The parts of a temporary name before and after the mark of the process. ITK needs the extension at the end."""
    extension = extension_of(path) or path.suffix
    # A file name has at most 255 bytes.
    stem = os.fsdecode(os.fsencode(stem_of(path))[:_LONGEST_STEM])
    return f".{stem}.part-", extension


@lru_cache(maxsize=1)
def _machine() -> str:
    """A mark for the machine, or the container, that numbers the processes."""
    numbers = Path("/proc/self/ns/pid")
    numbered_by = f"{platform.node()} {numbers.stat().st_ino if numbers.exists() else ''}"
    return hashlib.sha256(numbered_by.encode(errors="replace")).hexdigest()[:8]


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # on other systems, no signal is harmless
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # the process belongs to another user
    return True
