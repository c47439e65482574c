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
"""Reading of volumes: NIfTI, NRRD, MetaImage and DICOM, by the rules of ``docs/volumes.md``.

All commands read their volumes here, so that the same rules apply to each.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, check_name
from latent_sr.itk_loading import create_image_io
from latent_sr.volumes.dicom.scan import is_dicom_file
from latent_sr.volumes.header_checks import check_header
from latent_sr.volumes.itk_file import ItkFile
from latent_sr.volumes.names import extension_of
from latent_sr.volumes.nifti import is_nifti_name, open_nifti
from latent_sr.volumes.nrrd import open_nrrd_sequence
from latent_sr.volumes.phases import check_phase
from latent_sr.volumes.volume import DEFAULT_READING, OpenedVolume, ReadOptions, ReadProgress, Volume, VolumeHeader

_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")

_DIMENSIONS = (3, 4)


def open_file(
    path: str | os.PathLike, options: ReadOptions = DEFAULT_READING, progress: ReadProgress | None = None
) -> OpenedVolume:
    """A volume whose header has been read by the reader of its format. For DICOM, everything but the pixels is read.

    Raises
    ------
    LatentSRError
        If it can't be read, or its pixels are not scalar.
    """
    path = _existing(path)
    if _is_dicom(path, options):
        from latent_sr.volumes.dicom.read import DicomVolume

        return DicomVolume(path, options, progress)
    check_name(path)
    check_header(path)
    return open_nifti(path) or open_nrrd_sequence(path) or ItkFile(path)


def read_header(
    path: str | os.PathLike, dimensions: Sequence[int] = _DIMENSIONS, options: ReadOptions = DEFAULT_READING
) -> VolumeHeader:
    """Size, spacing and type of a volume. For DICOM, everything but the pixels is checked.

    Raises
    ------
    LatentSRError
        If the volume can't be read, is not scalar, or its dimension is not allowed.
    """
    return header_of(open_file(path, options), options, dimensions)


def header_of(
    opened: OpenedVolume, options: ReadOptions = DEFAULT_READING, dimensions: Sequence[int] = _DIMENSIONS
) -> VolumeHeader:
    """The header of the volume, or of its requested phase.

    Raises
    ------
    LatentSRError
        If the dimension of the volume is not allowed, or it has no such phase.
    """
    header = opened.header
    _check_dimension(header, dimensions)
    if options.phase is None:
        return header
    check_phase(header.path, options.phase, header.frames)
    return replace(header, size=header.size[:3], spacing=header.spacing[:3])


def open_volume(
    path: str | os.PathLike,
    dimensions: Sequence[int] = _DIMENSIONS,
    compute_in: str | None = None,
    options: ReadOptions = DEFAULT_READING,
    progress: ReadProgress | None = None,
) -> Volume:
    """Read an image.

    Parameters
    ----------
    path
        A file, or a folder with a DICOM volume.
    dimensions
        The dimensions that are allowed.
    compute_in
        ITK's short name of the pixel type in memory, such as "F". Default: the type in the table of
        ``latent_sr.volumes.volume``.
    options
        Options of reading. Default: all phases of the only series; NaN is refused.
    progress
        Called while DICOM files are read, with the number of files read and their total.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, its dimension is not allowed, or ``docs/volumes.md`` refuses it.
    """
    opened = open_file(path, options, progress)
    _check_dimension(opened.header, dimensions)
    return opened.read(options, compute_in, progress)


def read_volume(
    path: str | os.PathLike, *, series: str | Sequence[str] = (), phase: int | None = None, nan: float | None = None
) -> Any:
    """Read a volume: NIfTI, NRRD, MetaImage or DICOM.

    Parameters
    ----------
    path
        The file, or a folder with a DICOM volume: one series, or a cine with one series for each slice.
    series
        UID or number of the DICOM series to read, or several of them. Default: the only series.
    phase
        Number of the phase to read from a 4D volume; 0 is the first. Default: all phases.
    nan
        Value that replaces NaN and infinite pixels. Default: such volumes are refused.

    Returns
    -------
    itk.Image
        3D, or 4D with time as the last axis. The pixel type is the stored type, or a wider one if ITK's Python classes
        do not have it: see the table of ``latent_sr.volumes.volume``.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, is 2D, or ``docs/volumes.md`` refuses it.

    Warns
    -----
    UserWarning
        If the reader had to decide between contradicting or missing data.
    """
    import warnings

    names = (series,) if isinstance(series, str) else tuple(series)
    volume = open_volume(path, options=ReadOptions(names, phase, nan))
    for text in volume.warnings:
        warnings.warn(text, stacklevel=2)
    return volume.image


# Which reader ---------------------------------------------------------------------------------------------------------


def _existing(path: str | os.PathLike) -> Path:
    path = Path(path)
    if not path.exists():
        raise LatentSRError(f"'{path}' does not exist")
    if not path.is_file() and not path.is_dir():
        raise LatentSRError(f"'{path}' is neither a file nor a folder")
    return path


def _is_dicom(path: Path, options: ReadOptions) -> bool:
    """Whether a path is DICOM.

    Raises
    ------
    UsageError
        If it is not, and a series is requested.
    """
    if path.is_dir() or is_dicom_file(path) or _is_dicom_for_itk(path):
        return True
    if options.series:
        raise UsageError(f"--series has no effect, because '{path}' is not DICOM")
    return False


def _is_dicom_for_itk(path: Path) -> bool:
    """Whether ITK reads a file as DICOM because of its attributes, without the mark or the name of DICOM."""
    if extension_of(path) or is_nifti_name(path) or path.suffix.lower() in _PICTURES:
        return False
    image_io = create_image_io(path)
    return image_io is not None and image_io.GetNameOfClass() == "GDCMImageIO"


def _check_dimension(header: VolumeHeader, dimensions: Sequence[int]) -> None:
    size = header.size
    if len(size) not in dimensions:
        shape = " x ".join(map(str, size))
        allowed = " or ".join(f"{n}D" for n in dimensions)
        raise LatentSRError(f"'{header.path}' is a {len(size)}D image ({shape} pixels), but has to be {allowed}")
