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
"""Writing of volumes."""

import gzip
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.itk_loading import load_image_io
from latent_sr.volumes.images import cast, pixel_type, saturated
from latent_sr.volumes.nifti import is_nifti_name
from latent_sr.volumes.outputs import check_output, replacing
from latent_sr.volumes.volume import INTEGERS_OF_FILES, written_as

OUTPUT_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".mha")
"""Formats that can be written. Each is a single file, which can be written completely or not at all."""

_NIFTI_HEADER = 352
"""Bytes before the pixels of a NIfTI file."""


def write_volume(image: Any, path: str | os.PathLike, component: str | None = None, overwrite: bool = False) -> None:
    """Write a volume, completely or not at all.

    Parameters
    ----------
    image
        3D or 4D image with scalar pixels.
    path
        File name that ends in .nii, .nii.gz, .nrrd or .mha.
    component
        Component type as ITK's image IO names it, such as "int". Pixels are converted to it with rounding and
        saturation. Default: the type of the image.
    overwrite
        Whether the file may exist. Default: no.

    Raises
    ------
    UsageError
        If the extension is not one of these.
    LatentSRError
        If the file exists and must not, or can't be written.
    """
    import itk

    path = check_output(path, OUTPUT_EXTENSIONS, overwrite)
    if component is not None and written_as(component) != pixel_type(image):
        image = _saturated(image, written_as(component))
    try:
        load_image_io(path)
        with replacing(path) as temporary:
            writer = itk.ImageFileWriter[type(image)].New()
            writer.SetFileName(str(temporary))
            writer.SetInput(image)
            writer.Update()
            _check_nifti(temporary, itk.array_view_from_image(image).nbytes)
    except RuntimeError as error:
        raise LatentSRError(f"can't write '{path}': {one_line(error)}") from error


def _check_nifti(path: Path, pixels: int) -> None:
    """Check that a NIfTI file holds all bytes of its pixels: ITK's writer does not notice a full disk.

    Raises
    ------
    RuntimeError
        If it does not.
    """
    if not is_nifti_name(path):
        return
    held = 0
    if path.suffix == ".gz":
        with suppress(EOFError, gzip.BadGzipFile, zlib.error), gzip.open(path) as stream:  # which a cut-off file raises
            while chunk := stream.read(1 << 20):
                held += len(chunk)
    else:
        held = path.stat().st_size
    if held < pixels + _NIFTI_HEADER:
        raise RuntimeError(f"only {held} of {pixels + _NIFTI_HEADER} bytes were written: No space left on device?")


def _saturated(image: Any, pixel: str) -> Any:
    """A copy in another pixel type. Values are rounded and saturated for integer types."""
    import itk

    if pixel not in INTEGERS_OF_FILES:
        return cast(image, pixel)
    converted = saturated(itk.array_view_from_image(image), INTEGERS_OF_FILES[pixel])
    output = itk.Image[getattr(itk, pixel), image.GetImageDimension()].New()
    output.CopyInformation(image)
    region = image.GetLargestPossibleRegion()
    output.SetRegions(region)
    output.Allocate()
    itk.array_view_from_image(output)[...] = converted
    return output
