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
"""Checks of MetaImage and NRRD headers before ITK's readers parse them.

ITK's MetaImage reader (MetaIO) copies texts of up to 500 characters into arrays of 255, sizes for any number of
dimensions into arrays of 10, and uses the name of the data file as a format for ``printf``. Both formats can name a
data file anywhere on the machine. Headers come from strangers, so these are refused here.
"""

import math
import os
import re
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes.names import extension_of

LARGEST_HEADER = 1 << 20
"""Bytes of the largest header that is read."""

LARGEST_RATIO = 1032
"""Bytes that one byte of a gzip or zlib file can become."""

_LARGEST_TEXT = 254
_LARGEST_DIMENSION = 10
_MATRICES = ("TransformMatrix", "Rotation", "Orientation")

_META_BYTES = {
    "CHAR": 1,
    "UCHAR": 1,
    "SHORT": 2,
    "USHORT": 2,
    "INT": 4,
    "UINT": 4,
    "LONG": 4,
    "ULONG": 4,
    "LONG_LONG": 8,
    "ULONG_LONG": 8,
    "FLOAT": 4,
    "DOUBLE": 8,
}

_NRRD_BYTES = {
    "char": 1,
    "int8": 1,
    "uint8": 1,
    "short": 2,
    "int16": 2,
    "uint16": 2,
    "int": 4,
    "int32": 4,
    "uint32": 4,
    "uint": 4,
    "longlong": 8,
    "int64": 8,
    "uint64": 8,
    "float": 4,
    "double": 8,
}
"""Bytes of NRRD's types, whose names are written here without blanks, ``signed``, ``unsigned`` and ``_t``."""

_PATTERN = re.compile(r"(?:[^%]|%%)*%0?[0-9]{0,3}[di](?:[^%]|%%)*")
"""A name with one conversion of an integer."""


def check_header(path: Path) -> None:
    """Check the header of a MetaImage or NRRD file. Files of other formats pass.

    Parameters
    ----------
    path
        The file; its format is told from its name.

    Raises
    ------
    LatentSRError
        If the header is too long, or its sizes are not positive or need more bytes than the file can hold, or it names
        data outside of its folder.
    """
    extension = extension_of(path)
    if extension in (".mha", ".mhd"):
        _check_metaimage(path)
    elif extension in (".nrrd", ".nhdr"):
        _check_nrrd(path)


def _read_start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_HEADER + 1)
    except OSError as error:
        raise LatentSRError(f"can't read '{path}': {error.strerror}") from error


# MetaImage ------------------------------------------------------------------------------------------------------------


def _check_metaimage(path: Path) -> None:
    entries, lines, size = _metaimage_entries(path)
    dimension = _whole_numbers(path, "NDims", entries.get("NDims", ""))
    if len(dimension) != 1 or not 1 <= dimension[0] <= _LARGEST_DIMENSION:
        raise LatentSRError(f"'{path}' has NDims = {entries.get('NDims', '')[:40]}, but it has to be 3 or 4")
    sizes = _whole_numbers(path, "DimSize", entries.get("DimSize", ""))
    if len(sizes) != dimension[0] or min(sizes) < 1:
        raise LatentSRError(
            f"'{path}' has DimSize = {entries.get('DimSize', '')[:80]}, "
            f"but it has to be {dimension[0]} positive numbers"
        )
    data = entries["ElementDataFile"]
    names = _metaimage_data_files(path, data, lines)
    for name in names:
        _check_data_file(path, name)
    channels = _whole_numbers(path, "ElementNumberOfChannels", entries.get("ElementNumberOfChannels", "1"))
    bytes_per_channel = _META_BYTES.get(entries.get("ElementType", "").removeprefix("MET_").removesuffix("_ARRAY"), 1)
    needed = math.prod(sizes) * max(1, *channels) * bytes_per_channel
    stored = path.stat().st_size - size if not names else sum((path.parent / name).stat().st_size for name in names)
    compressed = entries.get("CompressedData", "").strip().upper().startswith(("T", "1"))
    _check_size(path, needed, stored * (LARGEST_RATIO if compressed else 1))


def _metaimage_entries(path: Path) -> tuple[dict[str, str], list[str], int]:
    """Entries of the header up to its last, ElementDataFile, the lines behind it, and the number of its bytes."""
    start = _read_start(path)
    entries: dict[str, str] = {}
    position = 0
    while "ElementDataFile" not in entries:
        end = start.find(b"\n", position)
        end = len(start) if end < 0 else end
        line = start[position:end]
        if b"\0" in line:
            raise LatentSRError(f"'{path}' is not a MetaImage file, or it is damaged: its header is not text")
        key, separator, value = os.fsdecode(line).replace(":", "=", 1).partition("=")
        key, value = key.strip(), value.strip()
        if separator and key in entries:
            raise LatentSRError(f"'{path}' is damaged: its header has {key[:40]} twice")
        if len(value) > _LARGEST_TEXT and key not in _MATRICES:
            raise LatentSRError(
                f"'{path}' has a header with {len(value)} characters for {key[:40]}, but {_LARGEST_TEXT} are allowed"
            )
        if separator:
            entries[key] = value
        position = end + 1
        if position > LARGEST_HEADER or end >= len(start):
            break
    if "ElementDataFile" not in entries:
        raise LatentSRError(
            f"'{path}' is not a MetaImage file, or it is damaged: "
            f"its first {min(len(start), LARGEST_HEADER)} bytes have no ElementDataFile"
        )
    return entries, os.fsdecode(start[position:]).split("\n"), position


def _metaimage_data_files(path: Path, data: str, lines: list[str]) -> list[str]:
    """The names of the data files; empty if the data are in the file itself."""
    if data.upper() == "LOCAL":
        return []
    if data.upper().startswith("LIST"):
        return [line.strip() for line in lines if line.strip()]
    if "%" not in data:
        return [data]
    words = data.split()
    numbers = _whole_numbers(path, "ElementDataFile", " ".join(words[1:]) or "0")
    if not _PATTERN.fullmatch(words[0]) or len(numbers) not in (2, 3) or numbers[0] > numbers[1]:
        raise LatentSRError(
            f"'{path}' has ElementDataFile = {data[:80]}, but a pattern has to have one integer, as in "
            "'slice%03d.raw 1 20 1'"
        )
    step = numbers[2] if len(numbers) == 3 else 1
    steps = range(numbers[0], numbers[1] + 1, max(1, step))
    return [words[0] % number for number in steps[:_MOST_FILES]]


_MOST_FILES = 100_000


def _whole_numbers(path: Path, key: str, text: str) -> list[int]:
    try:
        return [int(word) for word in text.split()]
    except ValueError as error:
        raise LatentSRError(f"'{path}' has {key} = {text[:80]}, but it has to be whole numbers") from error


# NRRD -----------------------------------------------------------------------------------------------------------------


def _check_nrrd(path: Path) -> None:
    start = _read_start(path)
    start = start.replace(b"\r\n", b"\n")
    header, separator, _ = start.partition(b"\n\n")
    if not separator and len(start) > LARGEST_HEADER:
        raise LatentSRError(f"'{path}' has a header of more than {LARGEST_HEADER} bytes, which is not supported")
    lines = os.fsdecode(header).split("\n")
    fields = {}
    for number, line in enumerate(lines):
        key, found, value = line.partition(": ")
        if found and not line.startswith("#"):
            fields.setdefault(key.strip().lower().replace(" ", ""), (value.strip(), number))
    data, number = fields.get("datafile", ("", 0))
    names = _nrrd_data_files(data, os.fsdecode(start).split("\n")[number + 1 :])
    for name in names:
        _check_data_file(path, name)
    kind = "".join(fields.get("type", ("", 0))[0].lower().split()).removesuffix("_t")
    kind = kind.replace("unsigned", "").replace("signed", "")
    kind = kind.removesuffix("int") if kind in ("shortint", "longlongint") else kind
    sizes = [int(word) for word in fields.get("sizes", ("", 0))[0].split() if re.fullmatch(r"[0-9]+", word)]
    encoding = fields.get("encoding", ("raw", 0))[0].lower()
    # The sizes of ASCII, hexadecimal and bzip2 data are left to the reader, like texts that are not understood.
    if not sizes or kind not in _NRRD_BYTES or encoding not in ("raw", "gzip", "gz"):
        return
    stored = sum((path.parent / name).stat().st_size for name in names) if names else path.stat().st_size
    _check_size(path, math.prod(sizes) * _NRRD_BYTES[kind], stored * (1 if encoding == "raw" else LARGEST_RATIO))


def _nrrd_data_files(data: str, lines: list[str]) -> list[str]:
    """The names of the data files; empty if the data are in the file itself."""
    words = data.split()
    if not words:
        return []
    if words[0].upper() == "LIST":
        return [line.strip() for line in lines if line.strip()]
    if len(words) >= 4 and _PATTERN.fullmatch(words[0]) and all(re.fullmatch(r"-?[0-9]+", word) for word in words[1:4]):
        first, last, step = (int(word) for word in words[1:4])
        steps = range(first, last + (1 if step > 0 else -1), step or 1)
        return [words[0] % number for number in steps[:_MOST_FILES]]
    return [data]


# Both -----------------------------------------------------------------------------------------------------------------


def _check_data_file(header: Path, name: str) -> None:
    """Check a data file that a header names.

    Parameters
    ----------
    header
        The file with the header.
    name
        The data file, relative to the folder of the header.

    Raises
    ------
    LatentSRError
        If it is not below the folder of the header, or no file. A symbolic link may lead out of the folder.
    """
    folder = Path(os.path.normpath(header.parent.absolute()))
    file = Path(os.path.normpath(folder / name))
    if folder not in file.parents:
        raise LatentSRError(f"'{header}' says that its pixels are in '{name}', but they have to be in its own folder")
    if not file.is_file():
        raise LatentSRError(f"'{header}' says that its pixels are in '{name}', but there is no such file")


def _check_size(path: Path, needed: int, stored: int) -> None:
    if needed > stored:
        raise LatentSRError(
            f"can't read '{path}', it is cut off: its pixels need {needed} bytes, but it holds {stored}"
        )
