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
"""Which files of a folder are DICOM images, and what their attributes are. pydicom reads the files."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line

_SUFFIXES = (".dcm", ".ima", ".dicom")

_DEFERRED = 4096
"""Values of more bytes than this, the pixels above all, are read when they are asked for."""

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
"""What the classes of the standard begin with."""

# Objects that lie beside images in a series or a folder and are none.
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
    """A file, and the attributes of it that the reading of volumes needs."""

    path: Path
    dataset: Any


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom's warnings about attributes that break the standard to itself: what matters is checked here."""
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
    """Whether a file has the mark of DICOM behind its preamble."""
    try:
        with path.open("rb") as file:
            file.seek(128)
            return file.read(4) == b"DICM"
    except OSError:
        return False


def is_dicom_file(path: Path) -> bool:
    """Whether a file is DICOM by its mark, or says so by its name."""
    return path.suffix.lower() in _SUFFIXES or has_dicom_mark(path)


def is_dicom_folder(folder: Path) -> bool:
    """Whether a folder holds DICOM files directly."""
    return any(is_dicom_file(path) for path in _files_in(folder))


def _files_in(folder: Path) -> list[Path]:
    """Files of a folder that may be images: not hidden, not its directory of files. Links to nothing are among them.

    Raises
    ------
    LatentSRError
        If the folder can't be looked into.
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
    """Whether a path is a link to nothing."""
    return path.is_symlink() and not path.exists()


def _all_files(folder: Path) -> list[Path]:
    """Files of a folder and its subfolders, links to folders included."""
    found: list[Path] = []
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        if current.resolve() in seen:
            continue  # a link that leads back
        seen.add(current.resolve())
        found += _files_in(current)
        waiting += sorted(path for path in current.iterdir() if not path.name.startswith(".") and path.is_dir())
    return sorted(found)


def scan(path: Path, progress: Callable[[int, int], None] | None = None) -> tuple[list[DicomFile], int]:
    """The images of a DICOM file, or of a folder and its subfolders.

    If a folder holds DICOM files itself, those in its subfolders count only if they belong to the same series.

    Parameters
    ----------
    path
        The file or folder.
    progress
        Called with the number of files that were looked at, and their total.

    Returns
    -------
    list of DicomFile, int
        The images, and the number of those in subfolders that do not count.

    Raises
    ------
    LatentSRError
        If there is no image, or a file that lies among DICOM files is empty or damaged.
    """
    if path.is_file():
        with quiet_pydicom():
            read = _read(path)
            if not _is_image(read):
                kind = read.dataset.get("SOPClassUID")
                raise LatentSRError(f"'{path}' is no image, but of the kind {getattr(kind, 'name', kind)}")
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
    """The suffix of a name; the numbers at the end of a name of numbers and dots are none."""
    suffix = path.suffix.lower()
    return "" if suffix[1:].isdigit() else suffix


def _should_be_dicom(path: Path, suffixes: set[str]) -> bool:
    """Whether a file without the mark of DICOM is one all the same, or one that is damaged, and not a file of notes."""
    suffix = _suffix(path)
    if suffix in _SUFFIXES:
        return True
    if suffix not in suffixes:
        return False
    # It is called as the images are. A file of text is a note; an empty one, or one of zeros, is what is left of an
    # image.
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
    except OSError:
        return True  # what can't be read is refused by its name
    return not start or b"\0" in start


def _read(path: Path) -> DicomFile:
    """The attributes of a file, read where pydicom is quiet.

    Raises
    ------
    LatentSRError
        If it is empty, or not DICOM.
    """
    import pydicom

    try:
        if path.stat().st_size == 0:
            raise LatentSRError(f"'{path}' is empty: it has 0 bytes")
        # Without its mark, a file may still begin with attributes, as before DICOM 3.
        dataset = pydicom.dcmread(path, specific_tags=_ATTRIBUTES, defer_size=_DEFERRED, force=not has_dicom_mark(path))
        known = "SOPClassUID" in dataset or "Rows" in dataset
        # pydicom looks at values when they are asked for: now, so that what is damaged is told here.
        for tag in list(dataset.keys()):
            if tag not in _PIXELS:
                dataset[tag]
    except LatentSRError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise LatentSRError(f"can't read '{path}': {error.strerror}") from error
    except Exception as error:  # damaged files make pydicom raise many kinds
        raise LatentSRError(f"can't read '{path}', it is damaged: {one_line(error)}") from error
    if not known:
        raise LatentSRError(
            f"'{path}' is not a DICOM image, or it is cut off: it has neither SOPClassUID (0008,0016) nor Rows "
            "(0028,0010)"
        )
    return DicomFile(path, dataset)


def _is_image(file: DicomFile) -> bool:
    """Whether a file is an image, and no other object.

    Raises
    ------
    LatentSRError
        If it should be one, and has no pixels: they are at the end.
    """
    dataset = file.dataset
    kinds = {
        str(uid)
        for uid in (getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID"), dataset.get("SOPClassUID"))
        if uid
    }
    if any(tag in dataset for tag in _PIXELS):
        return not kinds or not all(kind.startswith(_NO_IMAGES) for kind in kinds)
    # Without pixels it has to say what it is instead, and not two things: of vendors' own kinds, nothing is known.
    if len(kinds) == 1 and all(kind.startswith(_NO_IMAGES) or not kind.startswith(_STORED[:14]) for kind in kinds):
        return False
    raise LatentSRError(f"'{file.path}' has no PixelData (7FE0,0010): it is cut off, or not an image")


def first_image(folder: Path) -> tuple[str, str]:
    """Of the first DICOM file in a folder, what names its series, and its SOPInstanceUID; empty if it can't be read."""
    import pydicom

    file = next((file for file in _files_in(folder) if has_dicom_mark(file)), None)
    if file is None:
        return "", ""
    names = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    try:
        with quiet_pydicom():
            dataset = pydicom.dcmread(file, specific_tags=list(names), stop_before_pixels=True)
            *series, image = (str(dataset.get(name, "")) for name in names)
    except Exception:  # what is damaged is refused with its name when it is read
        return "", ""
    return "\\".join(series) if series[-1] else "", image
