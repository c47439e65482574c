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
"""The DICOM images in a folder, and their attributes. pydicom reads the files."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line

_SUFFIXES = (".dcm", ".ima", ".dicom")

_DEFERRED = 4096
"""Size in bytes. Larger values, such as the pixels, are read only when they are used."""

_ATTRIBUTES = [
    "SpecificCharacterSet",
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesDescription",
    "SliceThickness",
    "EchoTime",
    "InversionTime",
    "EchoNumbers",
    "FlipAngle",
    "TriggerTime",
    "TemporalResolution",
    "DiffusionBValue",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
    "TemporalPositionIdentifier",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "RescaleIntercept",
    "RescaleSlope",
    "ModalityLUTSequence",
    "GantryDetectorTilt",
    "ConvolutionKernel",
    "ConcatenationUID",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
]

_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)

_STORED = "1.2.840.10008.5.1.4.1.1."
"""Prefix of the SOP classes of the standard."""

# SOP classes that occur in series or folders with images, but are not images.
_NO_IMAGES = (
    "1.2.840.10008.1.3.10",  # DICOMDIR
    *(
        f"{_STORED}{number}"
        for number in (
            "11.",  # presentation states
            "88.",  # structured reports
            "66",  # raw data, registrations, segmentations
            "67",  # real-world values
            "481.3",  # structure sets
            "481.5",  # plans, of several kinds
            "481.8",
            "481.9",
            "4.2",  # spectroscopy
            "104.",  # documents
            "9.",  # waveforms
            "131",  # displays
            "200.",
        )
    ),
)


@dataclass(frozen=True)
class DicomFile:
    """A file with the attributes that are needed to read volumes."""

    path: Path
    dataset: Any


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Suppress pydicom's warnings about attributes that violate the standard. This package checks what it uses."""
    import logging

    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def has_dicom_mark(path: Path) -> bool:
    """Whether a file has the mark of DICOM after its preamble."""
    try:
        with path.open("rb") as file:
            file.seek(128)
            return file.read(4) == b"DICM"
    except OSError:
        return False


def is_dicom_file(path: Path) -> bool:
    """Whether a file is DICOM by its mark or by its name."""
    return path.suffix.lower() in _SUFFIXES or has_dicom_mark(path)


def is_dicom_folder(folder: Path) -> bool:
    """Whether a folder itself holds DICOM files, not only its subfolders."""
    return any(is_dicom_file(path) for path in _files_in(folder))


def _files_in(folder: Path) -> list[Path]:
    """Files of a folder that may be images. Hidden files and DICOMDIR are left out; dangling links are included.

    Raises
    ------
    LatentSRError
        If the folder can't be read.
    """
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and path.stem.upper() != "DICOMDIR" and (path.is_file() or _is_dead(path))
        )
    except OSError as error:
        raise LatentSRError(f"the folder '{folder}' can't be read: {error.strerror}") from error


def _is_dead(path: Path) -> bool:
    """Whether a path is a dangling link."""
    return path.is_symlink() and not path.exists()


def _all_files(folder: Path) -> list[Path]:
    """Files of a folder and its subfolders. Links to folders are followed."""
    found: list[Path] = []
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        if current.resolve() in seen:
            continue  # a link to a folder that was searched already
        seen.add(current.resolve())
        found += _files_in(current)
        waiting += sorted(path for path in current.iterdir() if not path.name.startswith(".") and path.is_dir())
    return sorted(found)


def scan(path: Path, progress: Callable[[int, int], None] | None = None) -> tuple[list[DicomFile], int]:
    """The images in a DICOM file, or in a folder and its subfolders.

    If the folder itself holds DICOM files, images in its subfolders count only if they belong to the same series.

    Parameters
    ----------
    path
        The file or folder.
    progress
        Called with the number of files examined so far, and their total number.

    Returns
    -------
    list of DicomFile, int
        The images, and the number of images in subfolders that do not count.

    Raises
    ------
    LatentSRError
        If there is no image, or one of the DICOM files is empty or damaged.
    """
    if path.is_file():
        with quiet_pydicom():
            read = _read(path)
            if not _is_image(read):
                kind = read.dataset.get("SOPClassUID")
                raise LatentSRError(f"'{path}' is not an image, but of the kind {getattr(kind, 'name', kind)}")
        return [read], 0
    files = _all_files(path)
    marked = {file for file in files if has_dicom_mark(file)}
    suffixes = {_suffix(file) for file in marked}
    found: list[DicomFile] = []
    with quiet_pydicom():
        for number, file in enumerate(files, 1):
            if progress is not None:
                progress(number, len(files))
            if file not in marked and not _should_be_dicom(file, suffixes):
                continue
            read = _read(file)
            if _is_image(read):
                found.append(read)
        direct = {_series_of(file) for file in found if file.path.parent == path}
        counting = [file for file in found if _series_of(file) in direct] if direct else found
    if not found:
        raise LatentSRError(
            f"'{path}' holds no DICOM images: files with the mark of DICOM at byte 128, or with .dcm in their names"
        )
    return counting, len(found) - len(counting)


def _series_of(file: DicomFile) -> str:
    return str(file.dataset.get("SeriesInstanceUID", ""))


def _suffix(path: Path) -> str:
    """The suffix of a file name; empty if it is a number, as in names that consist of numbers and dots."""
    suffix = path.suffix.lower()
    return "" if suffix[1:].isdigit() else suffix


def _should_be_dicom(path: Path, suffixes: set[str]) -> bool:
    """Whether a file without the mark of DICOM should be read as DICOM, or refused as damaged; not a text file."""
    suffix = _suffix(path)
    if suffix in _SUFFIXES:
        return True
    if suffix not in suffixes:
        return False
    # The name is like those of the images. A text file is a note and is left out. A file that is empty or contains
    # zeros is the rest of a damaged image.
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
    except OSError:
        return True  # reading it then raises an error with its name
    return not start or b"\0" in start


def _read(path: Path) -> DicomFile:
    """The attributes of a file. Called with pydicom's warnings suppressed.

    Raises
    ------
    LatentSRError
        If the file is empty or not DICOM.
    """
    import pydicom

    try:
        if path.stat().st_size == 0:
            raise LatentSRError(f"'{path}' is empty: it has 0 bytes")
        # A file without the mark may still begin with attributes, as files before DICOM 3 do.
        dataset = pydicom.dcmread(path, specific_tags=_ATTRIBUTES, defer_size=_DEFERRED, force=not has_dicom_mark(path))
        known = "SOPClassUID" in dataset or "Rows" in dataset
        # pydicom parses values when they are used. Parsing them here finds damaged values early.
        for tag in list(dataset.keys()):
            if tag not in _PIXELS:
                dataset[tag]
    except LatentSRError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise LatentSRError(f"can't read '{path}': {error.strerror}") from error
    except Exception as error:  # pydicom raises many types of errors for damaged files
        raise LatentSRError(f"can't read '{path}', it is damaged: {one_line(error)}") from error
    if not known:
        raise LatentSRError(
            f"'{path}' is not a DICOM image, or it is cut off: it has neither SOPClassUID (0008,0016) nor Rows "
            "(0028,0010)"
        )
    return DicomFile(path, dataset)


def _is_image(file: DicomFile) -> bool:
    """Whether a file is an image, rather than another DICOM object.

    Raises
    ------
    LatentSRError
        If it should be an image but has no pixels. They are at the end of a file, so it is truncated.
    """
    dataset = file.dataset
    kinds = {
        str(uid)
        for uid in (getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID"), dataset.get("SOPClassUID"))
        if uid
    }
    if any(tag in dataset for tag in _PIXELS):
        return not kinds or not all(kind.startswith(_NO_IMAGES) for kind in kinds)
    # Without pixels, the file must state one class that is not an image. Classes of vendors are not known.
    if len(kinds) == 1 and all(kind.startswith(_NO_IMAGES) or not kind.startswith(_STORED[:14]) for kind in kinds):
        return False
    raise LatentSRError(f"'{file.path}' has no PixelData (7FE0,0010): it is cut off, or not an image")


def first_image(folder: Path) -> tuple[str, str]:
    """The identity of the series of the first DICOM file in a folder, and its SOPInstanceUID; empty if unreadable."""
    import pydicom

    file = next((file for file in _files_in(folder) if has_dicom_mark(file)), None)
    if file is None:
        return "", ""
    names = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    try:
        with quiet_pydicom():
            dataset = pydicom.dcmread(file, specific_tags=list(names), stop_before_pixels=True)
            *series, image = (str(dataset.get(name, "")) for name in names)
    except Exception:  # reading a damaged file later raises an error with its name
        return "", ""
    return "\\".join(series) if series[-1] else "", image
