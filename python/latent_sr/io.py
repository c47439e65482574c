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
"""Reading and writing of volumes: NIfTI, NRRD, MetaImage and DICOM series.

ITK's Python classes exist for a few pixel types. What is stored in others is computed in a type that holds every value,
and converted back when it is written:

=====================  ============  ===============
stored as              computed in   written as
=====================  ============  ===============
uint8, int16, uint16   the same      the same
float32, float64       the same      the same
int8                   int16         int16
int32, uint32, uint64  float64       the same, rounded and saturated
int64                  float64       float64
=====================  ============  ===============
"""

import gzip
import math
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, one_line

VOLUME_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
"""What is found in a folder of volumes."""

OUTPUT_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".mha")
"""What can be written: formats of one file, which can appear whole or not at all."""

# Component type as ITK's image IO names it: (type to compute in, type to write).
_COMPONENTS = {
    "unsigned_char": ("UC", "UC"),
    "short": ("SS", "SS"),
    "unsigned_short": ("US", "US"),
    "float": ("F", "F"),
    "double": ("D", "D"),
    "char": ("SS", "SS"),
    "int": ("D", "SI"),
    "unsigned_int": ("D", "UI"),
    "unsigned_long": ("D", "ULL"),
    "unsigned_long_long": ("D", "ULL"),
    "long": ("D", "D"),
    "long_long": ("D", "D"),
}

_NUMPY_TYPES = {"SI": "int32", "UI": "uint32", "ULL": "uint64"}


@dataclass(frozen=True)
class VolumeHeader:
    """What is known of a volume without its pixels.

    Attributes
    ----------
    path
        The file or DICOM folder.
    size
        Number of pixels along each axis, fastest first; 2 to 4 axes.
    spacing
        In mm along each axis (of time, in the file's unit).
    component
        Component type as ITK's image IO names it, for example "short".
    """

    path: Path
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    component: str

    @property
    def frames(self) -> int:
        """Number of 3D volumes in it."""
        return self.size[3] if len(self.size) == 4 else 1


@dataclass(frozen=True)
class Volume:
    """An image, and how its pixels were stored."""

    path: Path
    image: Any
    component: str
    slice_thickness: float = 0.0
    """In mm, of a DICOM series; 0: not known."""


def extension_of(path: Path, extensions: Sequence[str] = VOLUME_EXTENSIONS) -> str:
    """The one of some extensions that a path ends with, in lower case; empty if none."""
    name = path.name.lower()
    return next((extension for extension in extensions if name.endswith(extension)), "")


def stem_of(path: Path) -> str:
    """The name of a file without its extension, ``.nii.gz`` being one."""
    extension = extension_of(path) or path.suffix
    return path.name[: len(path.name) - len(extension)] if extension else path.name


# Which files are meant ------------------------------------------------------------------------------------------------


def _is_dicom_file(path: Path) -> bool:
    if path.suffix.lower() in (".dcm", ".ima"):
        return True
    try:
        with path.open("rb") as file:
            file.seek(128)
            return file.read(4) == b"DICM"
    except OSError:
        return False


def is_dicom_folder(folder: Path) -> bool:
    """Whether a folder holds DICOM files directly."""
    return any(
        _is_dicom_file(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".") and path.name.upper() != "DICOMDIR"
    )


def expand_inputs(inputs: Iterable[str | os.PathLike]) -> list[Path]:
    """The volumes that files, DICOM folders and folders of such stand for.

    Folders are searched with their subfolders, in sorted order; hidden files are left out. A volume that is named twice
    is taken once.

    Returns
    -------
    list of Path
        Files, and folders that hold one DICOM series each.

    Raises
    ------
    LatentSRError
        If something does not exist, or a folder holds no volume.
    """
    found: dict[Path, None] = {}
    for name in inputs:
        path = Path(name)
        if path.is_file():
            found[path] = None
        elif path.is_dir():
            inside = _volumes_in(path)
            if not inside:
                raise LatentSRError(
                    f"'{path}' holds no volume: neither DICOM files nor {', '.join(VOLUME_EXTENSIONS)} were found in it"
                )
            found.update(dict.fromkeys(inside))
        else:
            raise LatentSRError(f"'{path}' does not exist")
    return list(found)


def _volumes_in(folder: Path) -> list[Path]:
    volumes: list[Path] = []
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(current)
        volumes += [here / name for name in sorted(files) if not name.startswith(".") and extension_of(Path(name))]
        if is_dicom_folder(here):
            volumes.append(here)
    return sorted(volumes)


# Reading --------------------------------------------------------------------------------------------------------------


def _image_io(path: Path) -> Any:
    """An image IO that has read the header of a file."""
    import itk

    if not path.exists():
        raise LatentSRError(f"'{path}' does not exist")
    image_io = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
    if image_io is None:
        raise LatentSRError(f"'{path}' is not an image that ITK can read, or it is damaged")
    image_io.SetFileName(str(path))
    try:
        image_io.ReadImageInformation()
    except RuntimeError as error:
        raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
    return image_io


def _header(path: Path, image_io: Any, dimensions: Sequence[int]) -> VolumeHeader:
    """The header of a file whose image IO is given, after a check of what it holds."""
    dimension = image_io.GetNumberOfDimensions()
    size = tuple(int(image_io.GetDimensions(axis)) for axis in range(dimension))
    spacing = tuple(float(image_io.GetSpacing(axis)) for axis in range(dimension))
    shape = " x ".join(map(str, size))
    components = image_io.GetNumberOfComponents()
    if components != 1:
        kind = image_io.GetPixelTypeAsString(image_io.GetPixelType())
        raise LatentSRError(f"'{path}' has {components} components per pixel ({kind}), but has to be a scalar image")
    if dimension not in dimensions:
        allowed = " or ".join(f"{n}D" for n in dimensions)
        raise LatentSRError(f"'{path}' is a {dimension}D image ({shape} pixels), but has to be {allowed}")
    component = image_io.GetComponentTypeAsString(image_io.GetComponentType())
    if component not in _COMPONENTS:
        raise LatentSRError(f"'{path}' has pixels of the type {component}, which is not supported")
    return VolumeHeader(path, size, spacing, component)


def _check_nifti_is_whole(path: Path, image_io: Any, header: VolumeHeader) -> None:
    """Refuse a NIfTI file that is cut off or damaged: ITK would fill up with zeros without a word."""
    if image_io.GetNameOfClass() != "NiftiImageIO" or path.suffix.lower() not in (".nii", ".gz"):
        return
    metadata = image_io.GetMetaDataDictionary()
    offset, bits = (int(float(metadata[key])) for key in ("vox_offset", "bitpix"))
    expected = offset + math.prod(header.size) * bits // 8
    found = 0
    try:
        if path.suffix.lower() == ".nii":
            found = path.stat().st_size
        else:
            with gzip.open(path) as file:
                while chunk := file.read(2**20):
                    found += len(chunk)
    except (EOFError, OSError, zlib.error) as error:
        raise LatentSRError(f"can't read '{path}', it is damaged: {one_line(error)}") from error
    if found < expected:
        raise LatentSRError(f"can't read '{path}', it is cut off: it has {found} bytes of {expected}")


def read_header(path: str | os.PathLike, dimensions: Sequence[int] = (3, 4)) -> VolumeHeader:
    """Size, spacing and type of a volume. Of a DICOM folder, everything but the names of the files is read.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, or has another dimension than those allowed.
    """
    path = Path(path)
    if path.is_dir():
        files = dicom_files(path)
        image_io = _image_io(Path(files[0]))
        header = _header(path, image_io, (2, 3))
        if len(files) == 1 and len(header.size) == 3:
            return header
        distance = _slice_distance(path, files)
        return VolumeHeader(path, (*header.size[:2], len(files)), (*header.spacing[:2], distance), header.component)
    return _header(path, _image_io(path), dimensions)


def check_volume(path: str | os.PathLike, dimensions: Sequence[int] = (3, 4)) -> VolumeHeader:
    """The header of a volume, after a check that its file is whole: ITK fills up a NIfTI file that is cut off.

    Raises
    ------
    LatentSRError
        As ``read_header`` and ``open_volume`` do.
    """
    path = Path(path)
    return read_header(path, dimensions) if path.is_dir() else _whole_file(path, dimensions)[1]


def _whole_file(path: Path, dimensions: Sequence[int]) -> tuple[Any, VolumeHeader]:
    """The image IO and the header of a file that was checked to be whole."""
    image_io = _image_io(path)
    header = _header(path, image_io, dimensions)
    _check_nifti_is_whole(path, image_io, header)
    return image_io, header


def open_volume(path: str | os.PathLike, dimensions: Sequence[int] = (3, 4), compute_in: str | None = None) -> Volume:
    """Read an image.

    Parameters
    ----------
    path
        A file, or a folder with the files of one DICOM series.
    dimensions
        The dimensions that are allowed.
    compute_in
        ITK's short name of the pixel type of the image in memory, such as "F". Default: as the table above says.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, has another dimension than those allowed, or a folder holds more than one
        series.
    """
    import itk

    path = Path(path)
    if path.is_dir():
        return _open_dicom(path, compute_in)
    image_io, header = _whole_file(path, dimensions)
    pixel = getattr(itk, compute_in or _COMPONENTS[header.component][0])
    reader = itk.ImageFileReader[itk.Image[pixel, len(header.size)]].New()
    reader.SetImageIO(image_io)
    reader.SetFileName(str(path))
    return Volume(path, _read(reader, path), header.component)


def read_volume(path: str | os.PathLike) -> Any:
    """Read a volume: NIfTI, NRRD, MetaImage, or a folder with the files of one DICOM series.

    Parameters
    ----------
    path
        The file or the folder.

    Returns
    -------
    itk.Image
        3D, or 4D with time as the last axis, in the pixel type that it is stored in, or a wider one where ITK's Python
        classes do not have that: see the table of this module.

    Raises
    ------
    LatentSRError
        If it can't be read, is not scalar, is 2D, or a folder holds more than one series.
    """
    return open_volume(path).image


def _read(reader: Any, path: Path) -> Any:
    try:
        reader.Update()
    except (RuntimeError, MemoryError) as error:
        raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
    image = reader.GetOutput()
    image.DisconnectPipeline()
    return image


def dicom_files(folder: Path) -> list[str]:
    """The files of the DICOM series in a folder, sorted along the slice axis.

    Raises
    ------
    LatentSRError
        If there is no series, or more than one: the message lists them.
    """
    import itk

    names = itk.GDCMSeriesFileNames.New()
    names.SetUseSeriesDetails(True)
    names.SetDirectory(str(folder))
    series = list(names.GetSeriesUIDs())
    if not series:
        raise LatentSRError(f"'{folder}' holds no DICOM series")
    if len(series) > 1:
        listed = "; ".join(f"{uid} ({len(names.GetFileNames(uid))} files)" for uid in series)
        raise LatentSRError(
            f"'{folder}' holds {len(series)} DICOM series, but has to hold one: {listed}. Move each to its own folder"
        )
    return list(names.GetFileNames(series[0]))


def _slice_positions(files: Sequence[str]) -> list[float]:
    """Positions in mm along the normal of the slices, relative to the first one."""
    import numpy as np

    origins = []
    normal = None
    for file in files:
        image_io = _image_io(Path(file))
        origins.append([image_io.GetOrigin(axis) for axis in range(3)])
        if normal is None:
            normal = np.cross(list(image_io.GetDirection(0)), list(image_io.GetDirection(1)))
    return [float(np.dot(np.subtract(origin, origins[0]), normal)) for origin in origins]


def _slice_distance(folder: Path, files: Sequence[str]) -> float:
    """Distance of the slices of a series in mm, after a check that they are a stack; 1 for a single one."""
    if len(files) < 2:
        return 1.0
    positions = _slice_positions(files)
    steps = [abs(b - a) for a, b in pairwise(positions)]
    distance = abs(positions[-1] - positions[0]) / (len(files) - 1)
    if min(steps) < 1e-3:
        raise LatentSRError(
            f"'{folder}' holds DICOM files at the same slice position (several time frames?), but has to be one stack"
        )
    if max(abs(step - distance) for step in steps) > 0.1 * distance:
        raise LatentSRError(
            f"'{folder}' holds slices that are {min(steps):g} to {max(steps):g} mm apart, but the distance has to be"
            " the same everywhere (is a file missing?)"
        )
    return distance


def _open_dicom(folder: Path, compute_in: str | None) -> Volume:
    import itk

    files = dicom_files(folder)
    image_io = _image_io(Path(files[0]))
    header = _header(folder, image_io, (2, 3))
    if len(files) > 1:
        _slice_distance(folder, files)
    pixel = getattr(itk, compute_in or _COMPONENTS[header.component][0])
    if len(files) == 1:
        reader = itk.ImageFileReader[itk.Image[pixel, 3]].New()
        reader.SetFileName(files[0])
    else:
        reader = itk.ImageSeriesReader[itk.Image[pixel, 3]].New()
        reader.SetFileNames(files)
    reader.SetImageIO(image_io)
    thickness = _slice_thickness(image_io)
    return Volume(folder, _read(reader, folder), header.component, thickness)


def _slice_thickness(image_io: Any) -> float:
    """DICOM's slice thickness (0018,0050) in mm; 0 where it is missing or makes no sense."""
    dictionary = image_io.GetMetaDataDictionary()
    try:
        thickness = float(dictionary["0018|0050"]) if dictionary.HasKey("0018|0050") else 0.0
    except ValueError:
        return 0.0
    return thickness if 0 < thickness < math.inf else 0.0


# Images ---------------------------------------------------------------------------------------------------------------


def split_frames(image: Any) -> Iterator[Any]:
    """The 3D volumes of a 3D or 4D image: the image itself, or a copy of each frame."""
    import itk
    import numpy as np

    if image.GetImageDimension() == 3:
        yield image
        return
    direction = itk.array_from_matrix(image.GetDirection())[:3, :3]
    for frame in itk.array_view_from_image(image):
        volume = itk.image_from_array(np.ascontiguousarray(frame))
        volume.SetSpacing([float(image.GetSpacing()[axis]) for axis in range(3)])
        volume.SetOrigin([float(image.GetOrigin()[axis]) for axis in range(3)])
        volume.SetDirection(itk.matrix_from_array(np.ascontiguousarray(direction)))
        yield volume


def pixel_type(image: Any) -> str:
    """ITK's short name of an image's pixel type, for example "SS"."""
    import itk

    return itk.template(image)[1][0].short_name


def cast(image: Any, pixel: str) -> Any:
    """The image in another pixel type (ITK's short name), without rounding; the same object if it has that type."""
    import itk

    if pixel_type(image) == pixel:
        return image
    output = itk.Image[getattr(itk, pixel), image.GetImageDimension()]
    caster = itk.CastImageFilter[type(image), output].New(Input=image)
    caster.Update()
    result = caster.GetOutput()
    result.DisconnectPipeline()
    return result


def common_pixel_type(pixels: Iterable[str]) -> str:
    """The pixel type in which images of these types can be put side by side: theirs if it is one, else float."""
    different = set(pixels)
    return different.pop() if len(different) == 1 else "F"


def default_slice_axis(spacing: Sequence[float]) -> int | None:
    """The axis of the largest of three spacings; None if two axes have it."""
    largest = max(spacing[:3])
    axes = [axis for axis in range(3) if spacing[axis] > largest * (1 - 1e-3)]
    return axes[0] if len(axes) == 1 else None


# Writing --------------------------------------------------------------------------------------------------------------


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
    folder = path.parent
    if path.is_dir():
        raise LatentSRError(f"'{path}' is a folder, but has to be a file")
    if not folder.is_dir():
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' does not exist")
    if path.exists() and not overwrite:
        raise LatentSRError(f"'{path}' exists already: name another output, or give --overwrite to replace it")
    if not os.access(folder, os.W_OK):
        raise LatentSRError(f"the folder '{folder}' of the output '{path.name}' is not writable")
    return path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary file of the same extension in the same folder: it takes the name at the end, or vanishes on errors.

    The path is never a file that is written only in part, whenever the process ends.
    """
    path = Path(path)
    extension = extension_of(path) or path.suffix
    temporary = path.with_name(f".{stem_of(path)}-{secrets.token_hex(4)}{extension}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: str | os.PathLike) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Raises
    ------
    LatentSRError
        If it can't be written.
    """
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise LatentSRError(f"can't write '{path}': {error.strerror or error}") from error


def written_as(component: str) -> str:
    """ITK's short name of the pixel type in which a volume is written that was stored in a component type."""
    return _COMPONENTS[component][1]


def write_volume(image: Any, path: str | os.PathLike, component: str | None = None, overwrite: bool = False) -> None:
    """Write a volume: it appears whole or not at all.

    Parameters
    ----------
    image
        3D or 4D, of scalar pixels.
    path
        Ends in .nii, .nii.gz, .nrrd or .mha.
    component
        Component type as ITK's image IO names it ("int"), to which pixels are converted, with rounding and saturation.
        Default: the image's own.
    overwrite
        Whether the file may exist. Default: no.

    Raises
    ------
    UsageError
        For another extension.
    LatentSRError
        If the file exists and must not, or can't be written.
    """
    import itk

    path = check_output(path, OUTPUT_EXTENSIONS, overwrite)
    if component is not None and written_as(component) != pixel_type(image):
        image = _saturated(image, written_as(component))
    try:
        with replacing(path) as temporary:
            writer = itk.ImageFileWriter[type(image)].New()
            writer.SetFileName(str(temporary))
            writer.SetInput(image)
            writer.Update()
    except (RuntimeError, OSError) as error:
        raise LatentSRError(f"can't write '{path}': {one_line(error)}") from error


def _saturated(image: Any, pixel: str) -> Any:
    """A copy in another pixel type; integers are rounded and saturated."""
    import itk
    import numpy as np

    if pixel not in _NUMPY_TYPES:
        return cast(image, pixel)
    numpy_type = np.dtype(_NUMPY_TYPES[pixel])
    limits = np.iinfo(numpy_type)
    values = np.rint(itk.array_view_from_image(image).astype(np.float64, copy=False))
    converted = np.empty(values.shape, numpy_type)
    # The largest 64-bit integer is no float64: what reaches the limits is set, not converted.
    inside = (values > limits.min) & (values < limits.max)
    converted[inside] = values[inside].astype(numpy_type)
    converted[values <= limits.min] = limits.min
    converted[values >= limits.max] = limits.max
    output = itk.Image[getattr(itk, pixel), image.GetImageDimension()].New()
    output.CopyInformation(image)
    region = image.GetLargestPossibleRegion()
    output.SetRegions(region)
    output.Allocate()
    itk.array_view_from_image(output)[...] = converted
    return output
