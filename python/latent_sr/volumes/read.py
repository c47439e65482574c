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

Every command reads its volumes here, so that each of them is checked by the same rules.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.volumes.dicom.scan import is_dicom_file
from latent_sr.volumes.find import extension_of
from latent_sr.volumes.images import check_geometry, frame_of, settle_nonfinite
from latent_sr.volumes.nifti import check_nifti_pixels, is_nifti_name, nifti_dimension, read_nifti, read_nifti_header
from latent_sr.volumes.nrrd import is_nrrd_sequence, read_nrrd_sequence, read_nrrd_sequence_header
from latent_sr.volumes.volume import (
    DEFAULT_READING,
    ReadOptions,
    Volume,
    VolumeHeader,
    computed_in,
    is_supported,
)

_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")

ReadProgress = Callable[[int, int], None]
"""Called with the number of files or images that were read, and their total."""


def read_header(
    path: str | os.PathLike, dimensions: Sequence[int] = (3, 4), options: ReadOptions = DEFAULT_READING
) -> VolumeHeader:
    """Size, spacing and type of a volume; of DICOM, everything but the pixels is looked at.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, or has another dimension than those allowed.
    """
    path = _existing(path)
    if _is_dicom(path, options):
        from latent_sr.volumes.dicom.read import read_dicom_header

        header = read_dicom_header(path, options)
    elif _is_nifti_volume(path):
        header = read_nifti_header(path)
    elif is_nrrd_sequence(path):
        header = read_nrrd_sequence_header(path)
    else:
        header = _itk_header(path, _image_io(path))
    _check_dimension(path, header.size, dimensions)
    if options.phase is None:
        return header
    check_phase(path, options.phase, header.frames)
    return replace(header, size=header.size[:3], spacing=header.spacing[:3])


def check_whole(header: VolumeHeader) -> None:
    """Refuse a damaged file that ITK is going to read: it makes zeros of what is not finite, or missing, in NIfTI.

    Raises
    ------
    LatentSRError
        As ``open_volume`` does.
    """
    if _is_nifti_volume(header.path):
        check_nifti_pixels(header.path)


def open_volume(
    path: str | os.PathLike,
    dimensions: Sequence[int] = (3, 4),
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
        ITK's short name of the pixel type of the image in memory, such as "F". Default: as the table of
        ``latent_sr.volumes.volume`` says.
    options
        What a user says about the reading. Default: nothing.
    progress
        Called while DICOM files are read.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, has another dimension than those allowed, or ``docs/volumes.md`` refuses it.
    """
    path = _existing(path)
    if _is_dicom(path, options):
        from latent_sr.volumes.dicom.read import read_dicom

        return read_dicom(path, options, compute_in, progress)
    if _is_nifti_volume(path):
        _check_dimension(path, read_nifti_header(path).size, dimensions)
        volume = read_nifti(path, options, compute_in)
    elif is_nrrd_sequence(path):
        _check_dimension(path, read_nrrd_sequence_header(path).size, dimensions)
        volume = read_nrrd_sequence(path, options, compute_in)
    else:
        volume = _read_by_itk(path, dimensions, options, compute_in)
    return _one_phase(volume, options)


def read_volume(
    path: str | os.PathLike, *, series: str | Sequence[str] = (), phase: int | None = None, nan: float | None = None
) -> Any:
    """Read a volume: NIfTI, NRRD, MetaImage or DICOM.

    Parameters
    ----------
    path
        The file, or a folder with a DICOM volume: a series, or the slices of a cine in a series each.
    series
        UID or number of the DICOM series to read, or several of them. Default: there has to be one.
    phase
        Of a 4D volume, the number of the phase to read, from 0. Default: all of them.
    nan
        What pixels become that are NaN or infinite. Default: they are refused.

    Returns
    -------
    itk.Image
        3D, or 4D with time as the last axis, in the pixel type that it is stored in, or a wider one where ITK's Python
        classes do not have that: see the table of ``latent_sr.volumes.volume``.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, is 2D, or ``docs/volumes.md`` refuses it.

    Warns
    -----
    UserWarning
        With what the reader had to decide.
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
    return path


def _is_dicom(path: Path, options: ReadOptions) -> bool:
    """Whether a path is DICOM.

    Raises
    ------
    UsageError
        If it is not, and a series is asked for.
    """
    if path.is_dir() or is_dicom_file(path) or _is_dicom_for_itk(path):
        return True
    if options.series:
        raise UsageError(f"--series has no effect, because '{path}' is not DICOM")
    return False


def _is_dicom_for_itk(path: Path) -> bool:
    """Whether ITK would read a file as DICOM, though it has neither the mark nor the name: by its attributes alone."""
    if extension_of(path) or is_nifti_name(path) or path.suffix.lower() in _PICTURES:
        return False
    import itk

    image_io = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
    return image_io is not None and image_io.GetNameOfClass() == "GDCMImageIO"


def _is_nifti_volume(path: Path) -> bool:
    """Whether a file is NIfTI by its name, and no flat image: these are left to ITK."""
    return is_nifti_name(path) and nifti_dimension(path) > 2


def _check_dimension(path: Path, size: Sequence[int], dimensions: Sequence[int]) -> None:
    if len(size) not in dimensions:
        shape = " x ".join(map(str, size))
        allowed = " or ".join(f"{n}D" for n in dimensions)
        raise LatentSRError(f"'{path}' is a {len(size)}D image ({shape} pixels), but has to be {allowed}")


def _one_phase(volume: Volume, options: ReadOptions) -> Volume:
    """The phase of a volume that is asked for."""
    if options.phase is None:
        return volume
    size = volume.image.GetLargestPossibleRegion().GetSize()
    frames = int(size[3]) if volume.image.GetImageDimension() == 4 else 1
    check_phase(volume.path, options.phase, frames)
    if volume.image.GetImageDimension() == 3:
        return volume
    return replace(volume, image=frame_of(volume.image, options.phase))


def check_phase(path: Path, phase: int, phases: int) -> None:
    """Refuse the number of a phase that a volume does not have.

    Raises
    ------
    LatentSRError
        With the numbers that it has.
    """
    if phase >= phases:
        has = "one phase, 0" if phases == 1 else f"the phases 0 to {phases - 1}"
        raise LatentSRError(f"'{path}' has no phase {phase}: it has {has}")


# ITK's own readers ----------------------------------------------------------------------------------------------------


def _image_io(path: Path) -> Any:
    """An image IO that has read the header of a file."""
    import itk

    image_io = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
    if image_io is None:
        raise LatentSRError(f"'{path}' is not an image that ITK can read, or it is damaged")
    image_io.SetFileName(str(path))
    try:
        image_io.ReadImageInformation()
    except RuntimeError as error:
        raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
    return image_io


def _itk_header(path: Path, image_io: Any) -> VolumeHeader:
    """The header of a file whose image IO is given, after a check of what it holds."""
    dimension = image_io.GetNumberOfDimensions()
    size = tuple(int(image_io.GetDimensions(axis)) for axis in range(dimension))
    spacing = tuple(float(image_io.GetSpacing(axis)) for axis in range(dimension))
    components = image_io.GetNumberOfComponents()
    if components != 1:
        kind = image_io.GetPixelTypeAsString(image_io.GetPixelType())
        raise LatentSRError(f"'{path}' has {components} components per pixel ({kind}), but has to be a scalar image")
    component = image_io.GetComponentTypeAsString(image_io.GetComponentType())
    if not is_supported(component):
        raise LatentSRError(f"'{path}' has pixels of the type {component}, which is not supported")
    return VolumeHeader(path, size, spacing, component)


def _read_by_itk(path: Path, dimensions: Sequence[int], options: ReadOptions, compute_in: str | None) -> Volume:
    import itk

    image_io = _image_io(path)
    header = _itk_header(path, image_io)
    _check_dimension(path, header.size, dimensions)
    pixel = getattr(itk, compute_in or computed_in(header.component))
    reader = itk.ImageFileReader[itk.Image[pixel, len(header.size)]].New()
    reader.SetImageIO(image_io)
    reader.SetFileName(str(path))
    try:
        reader.Update()
    except (RuntimeError, MemoryError) as error:
        raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
    image = reader.GetOutput()
    image.DisconnectPipeline()
    if len(header.size) > 2:
        check_geometry(path, image)
    settle_nonfinite(path, itk.array_view_from_image(image), options.nan)
    return Volume(path, image, header.component)
