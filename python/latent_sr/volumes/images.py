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
"""ITK images: creation from arrays and grids, frames of 4D images, pixel types."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError

LARGEST_SHEAR = 1e-3
"""Largest cosine between two axes that count as orthogonal. Headers round directions to three digits or more."""


@dataclass(frozen=True)
class Grid:
    """The grid of a volume's pixels, in ITK's space (LPS, mm).

    Attributes
    ----------
    size
        Number of pixels along each of the 3 or 4 axes, fastest first.
    spacing
        Spacing along each of the 3 spatial axes, in mm.
    origin
        Center of the first pixel.
    direction
        Unit vectors of the axes as columns, 3 x 3.
    time_step
        Time between the frames of a 4D volume, in s; 1 if not known.
    """

    size: tuple[int, ...]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: Any
    time_step: float = 1.0

    @property
    def all_spacings(self) -> tuple[float, ...]:
        """The spacings of all axes."""
        return (*self.spacing, self.time_step)[: len(self.size)]


def numbers(values: Iterable[float], separator: str = " x ") -> str:
    """Numbers as text for a message."""
    return separator.join(f"{value:.5g}" for value in values)


def grid_of_affine(path: Path | str, what: str, size: Sequence[int], affine: Any, time_step: float = 1.0) -> Grid:
    """The grid of an affine matrix (4 x 4, from indices to mm in LPS). Its directions may be rounded.

    Parameters
    ----------
    path, what
        The file, and the part of its header that contains the matrix, such as "sform"; for messages.

    Raises
    ------
    LatentSRError
        If the matrix is not finite, an axis has length 0, or the axes are not orthogonal.
    """
    import numpy as np

    matrix = np.asarray(affine, float)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    if not (np.isfinite(matrix).all() and (spacing > 0).all()):
        raise LatentSRError(
            f"the {what} of '{path}' is {np.round(matrix[:3], 6).tolist()}, but has to be finite, with three directions"
        )
    return Grid(
        tuple(int(length) for length in size),
        tuple(float(value) for value in spacing),
        tuple(float(value) for value in matrix[:3, 3]),
        orthonormal(path, what, matrix[:3, :3] / spacing),
        time_step,
    )


def orthonormal(path: Path | str, what: str, direction: Any) -> Any:
    """The orthonormal matrix that is nearest to a matrix of unit vectors.

    Raises
    ------
    LatentSRError
        If two columns are not orthogonal within the rounding of headers: the volume is sheared.
    """
    import numpy as np

    cosines = direction.T @ direction
    shear = np.abs(cosines - np.diag(np.diag(cosines)))
    if not shear.max() <= LARGEST_SHEAR:
        first, second = sorted(int(n) for n in np.unravel_index(shear.argmax(), shear.shape))
        angle = math.degrees(math.acos(min(1.0, max(-1.0, cosines[first, second]))))
        raise LatentSRError(
            f"'{path}' is sheared: by its {what}, the directions of axes {first} and {second} are {angle:.2f} degrees "
            "apart, but they have to be orthogonal"
        )
    left, _, right = np.linalg.svd(direction)
    return left @ right


def check_geometry(path: Path | str, image: Any) -> None:
    """Refuse an image with an invalid spacing, origin or direction.

    Raises
    ------
    LatentSRError
        With the value and what is allowed.
    """
    import itk
    import numpy as np

    axes = range(image.GetImageDimension())
    spacing, origin = ([float(get()[axis]) for axis in axes] for get in (image.GetSpacing, image.GetOrigin))
    if not all(0 < value < math.inf for value in spacing):
        raise LatentSRError(f"'{path}' has a spacing of {numbers(spacing)} mm, but it has to be positive and finite")
    if not all(math.isfinite(value) for value in origin):
        raise LatentSRError(f"'{path}' has its origin at {numbers(origin, ', ')} mm, but it has to be finite")
    direction = itk.array_from_matrix(image.GetDirection())[:3, :3]
    lengths = np.linalg.norm(direction, axis=0)
    if not (np.abs(lengths - 1) <= LARGEST_SHEAR).all():
        raise LatentSRError(
            f"the direction vectors of '{path}' have lengths of {numbers(lengths)}, but they have to be unit vectors"
        )
    orthonormal(path, "direction matrix", direction / lengths)


def difference_of_grids(first: Any, second: Any, dimension: int | None = None) -> str:
    """The first of "spacing", "origin" and "direction" in which two images differ by more than rounding; else empty.

    Parameters
    ----------
    dimension
        Number of axes to compare. Default: all axes of the first image.
    """
    import numpy as np

    axes = first.GetImageDimension() if dimension is None else dimension
    described = [geometry_of(image, axes) for image in (first, second)]
    for name, values in described[0].items():
        if not np.allclose(values, described[1][name], rtol=1e-4, atol=1e-3):
            return name
    return ""


def geometry_of(image: Any, dimension: int) -> dict[str, list[float]]:
    """Spacing, origin and direction (row by row) of the first axes of an image."""
    import itk

    axes = range(dimension)
    direction = itk.array_from_matrix(image.GetDirection())[:dimension, :dimension]
    return {
        "spacing": [float(image.GetSpacing()[axis]) for axis in axes],
        "origin": [float(image.GetOrigin()[axis]) for axis in axes],
        "direction": [float(value) for value in direction.ravel()],
    }


def grid_of_image(image: Any) -> Grid:
    """The grid of a 3D or 4D ``itk.Image``. Its origin is the place of the first pixel, whose index may not be 0."""
    import itk

    dimension = image.GetImageDimension()
    image.UpdateOutputInformation()
    size = image.GetLargestPossibleRegion().GetSize()
    first = image.TransformIndexToPhysicalPoint(image.GetLargestPossibleRegion().GetIndex())
    spacing = [float(image.GetSpacing()[d]) for d in range(dimension)]
    return Grid(
        tuple(int(size[d]) for d in range(dimension)),
        (spacing[0], spacing[1], spacing[2]),
        (float(first[0]), float(first[1]), float(first[2])),
        itk.array_from_matrix(image.GetDirection())[:3, :3],
        spacing[3] if dimension == 4 else 1.0,
    )


def new_image(grid: Grid, pixel: str) -> Any:
    """An ``itk.Image`` on a grid, with a pixel type given by ITK's short name. Its pixels are not initialized."""
    import itk
    import numpy as np

    dimension = len(grid.size)
    image = itk.Image[getattr(itk, pixel), dimension].New()
    image.SetRegions([int(length) for length in grid.size])
    image.SetSpacing([float(value) for value in grid.all_spacings])
    image.SetOrigin([float(value) for value in (*grid.origin, 0.0)[:dimension]])
    direction = np.eye(dimension)
    direction[:3, :3] = grid.direction
    image.SetDirection(itk.matrix_from_array(direction))
    image.Allocate()
    return image


def image_of_array(array: Any, grid: Grid, pixel: str) -> Any:
    """An ``itk.Image`` on a grid with the values of an array. The array's axes are in NumPy's order."""
    import itk

    image = new_image(grid, pixel)
    itk.array_view_from_image(image)[...] = array
    return image


def settle_nonfinite(path: Path, array: Any, replacement: float | None) -> None:
    """Replace NaN and infinite values of an array, or refuse them. The array's axes are in NumPy's order.

    Raises
    ------
    LatentSRError
        If there are such values and no replacement is given.
    """
    import numpy as np

    if array.dtype.kind != "f":
        return
    with np.errstate(invalid="ignore", over="ignore"):
        # Fast test: a sum with a value that is not finite is not finite either. A sum that overflows is checked below.
        if np.isfinite(array.sum(dtype=np.float64)):
            return
    # A mask of the whole volume would take memory, so slices are checked one by one.
    count, first = 0, None
    for number in np.ndindex(array.shape[:-2]):
        bad = ~np.isfinite(array[number])
        found = int(bad.sum())
        if not found:
            continue
        if replacement is not None:
            array[number][bad] = replacement
        elif first is None:
            first = (*number, *(int(n) for n in np.argwhere(bad)[0]))
        count += found
    if first is not None:
        which = "a pixel that is" if count == 1 else f"{count} pixels that are"
        where = "at" if count == 1 else "the first at"
        raise LatentSRError(
            f"'{path}' has {which} NaN or infinite, {where} index {list(first[::-1])} with the value {array[first]}: "
            f"give --nan VALUE to have {'it' if count == 1 else 'them'} replaced"
        )


def split_frames(image: Any) -> Iterator[Any]:
    """The 3D volumes of a 3D or 4D image: the image itself, or a copy of each frame."""
    if image.GetImageDimension() == 3:
        yield image
        return
    for number in range(int(image.GetLargestPossibleRegion().GetSize()[3])):
        yield frame_of(image, number)


def frame_of(image: Any, number: int) -> Any:
    """A copy of one of the 3D volumes of a 4D image."""
    import itk

    array = itk.array_view_from_image(image)[number]
    direction = itk.array_from_matrix(image.GetDirection())[:3, :3]
    spacing, origin = (tuple(float(get()[axis]) for axis in range(3)) for get in (image.GetSpacing, image.GetOrigin))
    return image_of_array(array, Grid(array.shape[::-1], spacing, origin, direction), pixel_type(image))


def pixel_type(image: Any) -> str:
    """ITK's short name of an image's pixel type, for example "SS"."""
    import itk

    return itk.template(image)[1][0].short_name


def cast(image: Any, pixel: str) -> Any:
    """The image in another pixel type (ITK's short name), without rounding; the same object if the type is the same."""
    import itk

    if pixel_type(image) == pixel:
        return image
    output = itk.Image[getattr(itk, pixel), image.GetImageDimension()]
    caster = itk.CastImageFilter[type(image), output].New(Input=image)
    caster.Update()
    result = caster.GetOutput()
    result.DisconnectPipeline()
    return result


def saturated(values: Any, numpy_type: str) -> Any:
    """The values of an array in an integer type, rounded and saturated."""
    import numpy as np

    limits = np.iinfo(numpy_type)
    values = np.rint(values.astype(np.float64, copy=False))
    converted = np.empty(values.shape, numpy_type)
    # float64 does not represent the largest 64-bit integer, so values at the limits are set instead of converted.
    inside = (values > limits.min) & (values < limits.max)
    converted[inside] = values[inside].astype(numpy_type)
    converted[values <= limits.min] = limits.min
    converted[values >= limits.max] = limits.max
    return converted


def common_pixel_type(pixels: Iterable[str]) -> str:
    """The pixel type to which images of several types are converted: their common type, or float if they differ."""
    different = set(pixels)
    return different.pop() if len(different) == 1 else "F"
