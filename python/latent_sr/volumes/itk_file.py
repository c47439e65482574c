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
"""Files for ITK's own readers."""

from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.itk_loading import create_image_io
from latent_sr.volumes.images import check_geometry, settle_nonfinite
from latent_sr.volumes.phases import one_phase
from latent_sr.volumes.volume import (
    OpenedVolume,
    ReadOptions,
    ReadProgress,
    Volume,
    VolumeHeader,
    computed_in,
    is_supported,
)


class ItkFile(OpenedVolume):
    """A file, with the image IO that has read its header.

    Raises
    ------
    LatentSRError
        If ITK can't read the file, or its pixels are not scalar.
    """

    def __init__(self, path: Path) -> None:
        self._image_io = _image_io(path)
        self.header = _header(path, self._image_io)

    def read(self, options: ReadOptions, compute_in: str | None = None, _: ReadProgress | None = None) -> Volume:
        """The volume, or its requested phase."""
        import itk

        path, component, dimension = self.header.path, self.header.component, len(self.header.size)
        pixel = getattr(itk, compute_in or computed_in(component))
        reader = itk.ImageFileReader[itk.Image[pixel, dimension]].New()
        reader.SetImageIO(self._image_io)
        reader.SetFileName(str(path))
        try:
            reader.Update()
        except (RuntimeError, MemoryError) as error:
            raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
        image = reader.GetOutput()
        image.DisconnectPipeline()
        if dimension > 2:
            check_geometry(path, image)
        settle_nonfinite(path, itk.array_view_from_image(image), options.nan)
        return one_phase(Volume(path, image, component), options)


def _image_io(path: Path) -> Any:
    """An image IO that has read the header of a file."""
    image_io = create_image_io(path)
    if image_io is None:
        raise LatentSRError(f"'{path}' is not an image that ITK can read, or it is damaged")
    image_io.SetFileName(str(path))
    try:
        image_io.ReadImageInformation()
    except RuntimeError as error:
        raise LatentSRError(f"can't read '{path}': {one_line(error)}") from error
    return image_io


def _header(path: Path, image_io: Any) -> VolumeHeader:
    """The header of a file that an image IO has read. Its pixel type is checked."""
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
