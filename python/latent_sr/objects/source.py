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
"""What objects of other libraries have in common: their pixels as an ITK image, and the way back."""

from collections.abc import Sequence
from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.volumes.images import Grid, check_geometry, image_of_array, saturated
from latent_sr.volumes.volume import INTEGERS_OF_FILES, component_of, computed_in, written_as


class Source:
    """An object of another library as an ITK image. A derived class makes an object of the same kind from the output.

    Pixel types that ITK's Python classes do not have are converted as those of files are: see
    ``latent_sr.volumes.volume``.

    Parameters
    ----------
    values
        The pixels; axes in NumPy's order, the fastest last.
    grid
        The grid of the pixels, in ITK's space (LPS, mm).
    component
        Component type as ITK's image IO names it. Default: that of the values.

    Attributes
    ----------
    image
        The ``itk.Image``.
    component
        The component type.

    Raises
    ------
    LatentSRError
        If the pixel type or the geometry is refused.
    """

    def __init__(self, values: Any, grid: Grid, component: str = "") -> None:
        self.component = component or component_of(values.dtype)
        if not self.component:
            raise LatentSRError(f"the image has pixels of the type {values.dtype.name}, which is not supported")
        with translated("the image"):
            self.image = image_of_array(values, grid, computed_in(self.component))
        check_geometry("image", self.image)

    def slice_axis(self, axis: int | None) -> int | None:
        """The number that the user's through-plane axis has in the ITK image; None: that of the largest spacing.

        Raises
        ------
        UsageError
            If there is no such axis.
        """
        return axis

    def result(self, output: Any, component: str = "") -> Any:
        """The filter's output as an object of the same kind.

        Parameters
        ----------
        output
            ``itk.Image``.
        component
            Component type of the object, as ITK's image IO names it. Default: that of the input.
        """
        raise NotImplementedError

    def values_of(self, output: Any, component: str = "") -> Any:
        """The pixels of the filter's output in the type that a file would have, in NumPy's order of axes."""
        import itk

        written = written_as(component or self.component)
        if written not in INTEGERS_OF_FILES:
            return itk.array_from_image(output)
        return saturated(itk.array_view_from_image(output), INTEGERS_OF_FILES[written])

    def stretch_of(self, output: Any) -> list[float]:
        """The spacing of the output per spacing of the input, for the 3 axes of the ITK image."""
        return [float(output.GetSpacing()[axis]) / float(self.image.GetSpacing()[axis]) for axis in range(3)]


def check_dimension(shape: Sequence[int]) -> None:
    """Refuse an object that is not 3D or 4D, or has no pixels.

    Raises
    ------
    LatentSRError
        With its number of axes, or its size.
    """
    if len(shape) not in (3, 4):
        raise LatentSRError(f"the image is {len(shape)}D, but has to be 3D or 4D")
    if 0 in shape:
        raise LatentSRError(f"the image is empty: its size is {list(shape)}")


def stretched(affine: Any, stretch: Sequence[float]) -> Any:
    """An affine matrix (4 x 4) whose axes are longer by three factors. Its origin stays."""
    import numpy as np

    matrix = np.array(affine, float)
    matrix[:3, :3] *= stretch
    return matrix
