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
"""Writing of files: they appear whole or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, one_line
from latent_sr.volumes.find import extension_of, stem_of
from latent_sr.volumes.images import cast, pixel_type
from latent_sr.volumes.volume import written_as

OUTPUT_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".mha")
"""What can be written: formats of one file, which can appear whole or not at all."""

_NUMPY_TYPES = {"SI": "int32", "UI": "uint32", "ULL": "uint64"}


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
