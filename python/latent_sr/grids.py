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
"""Output grids other than that of the acquired slices: isotropic pixels, and the grid of another volume.

The network makes slices. In plane, and onto another grid, ITK's cubic B-splines interpolate them.
"""

import math
from collections.abc import Sequence
from typing import Any

from latent_sr.errors import LatentSRError
from latent_sr.volumes.images import (
    Grid,
    frame_of,
    grid_of_image,
    image_of_array,
    new_image,
    pixel_type,
)

_EQUAL = 1e-3
"""Relative difference up to which spacings are equal."""


def in_plane_spacing(spacing: Sequence[float], axis: int) -> float:
    """The smaller of the two spacings in plane, in mm."""
    return min(float(spacing[d]) for d in range(3) if d != axis)


def spacing_for(reference: Any, image: Any, axis: int) -> float:
    """The slice spacing from which a volume is interpolated onto the grid of another one, in mm.

    It is the distance between neighbouring pixels of the reference, along the axis of it that is nearest to the normal
    of the slices, and at most the spacing of the acquired slices.
    """
    there, here = grid_of_image(reference), grid_of_image(image)
    along = [abs(float(here.direction[:, axis] @ there.direction[:, d])) for d in range(3)]
    nearest = max(range(3), key=along.__getitem__)
    return min(there.spacing[nearest] * along[nearest], here.spacing[axis])


def check_overlap(reference: Any, image: Any) -> None:
    """Refuse a reference that has nothing in common with a volume.

    Raises
    ------
    LatentSRError
        If neither has a pixel inside of the other.
    """
    if covered_share(reference, image) == covered_share(image, reference) == 0.0:
        raise LatentSRError("the reference lies outside of the volume: they have no pixel in common")


def covered_share(reference: Any, image: Any) -> float:
    """The share of a reference's pixels that lie inside of a volume, from about 30 pixels along each axis."""
    import numpy as np

    grid, other = grid_of_image(reference), grid_of_image(image)
    places = [np.linspace(0, size - 1, min(size, 31)).round() for size in grid.size[:3]]
    indices = np.stack(np.meshgrid(*places, indexing="ij"), -1).reshape(-1, 3)
    points = (indices * grid.spacing) @ np.transpose(grid.direction) + grid.origin
    found = (points - other.origin) @ np.linalg.inv(other.direction).T / other.spacing
    inside = (found >= -0.5 - _EQUAL) & (found <= np.array(other.size[:3]) - 0.5 + _EQUAL)
    return float(inside.all(1).mean())


def isotropic_grid(image: Any, axis: int, spacing: float) -> Grid:
    """The grid of a volume with another spacing in plane. It begins at the same pixel and ends inside of the volume.

    Parameters
    ----------
    image
        The volume, 3D or 4D, whose slices have the spacing already.
    axis
        Its through-plane axis.
    spacing
        In mm.
    """
    grid = grid_of_image(image)
    size, spacings = list(grid.size), list(grid.spacing)
    for d in range(3):
        if d != axis and abs(spacings[d] - spacing) > _EQUAL * spacing:
            size[d] = 1 + math.floor((size[d] - 1) * spacings[d] / spacing + _EQUAL)
            spacings[d] = spacing
    return Grid(tuple(size), tuple(spacings), grid.origin, grid.direction, grid.time_step)


def reference_grid(reference: Any, image: Any) -> Grid:
    """The grid of a reference, with the phases of a volume."""
    there, here = grid_of_image(reference), grid_of_image(image)
    return Grid(there.size[:3] + here.size[3:], there.spacing, there.origin, there.direction, here.time_step)


def interpolate(image: Any, grid: Grid, nearest: bool = False) -> Any:
    """A volume on another grid, by cubic B-splines. Pixels outside of the volume become 0.

    Parameters
    ----------
    image
        ``itk.Image``, 3D, or 4D whose phases are interpolated one by one.
    grid
        With as many phases as the image.
    nearest
        Whether the nearest pixel is taken instead, for labels.

    Returns
    -------
    itk.Image
        Of the same type. Integers are rounded. The values stay between the smallest and the largest of the volume,
        because splines overshoot at edges.
    """
    if _same(grid, grid_of_image(image)):
        return image
    if len(grid.size) == 3:
        return _interpolate_volume(image, grid, nearest)
    import itk

    one = Grid(grid.size[:3], grid.spacing, grid.origin, grid.direction)
    result = new_image(grid, pixel_type(image))
    view = itk.array_view_from_image(result)
    for phase in range(grid.size[3]):
        view[phase] = itk.array_view_from_image(_interpolate_volume(frame_of(image, phase), one, nearest))
    return result


def _same(first: Grid, second: Grid) -> bool:
    import numpy as np

    return first.size == second.size and all(
        np.allclose(a, b, rtol=0, atol=1e-9)
        for a, b in (
            (first.spacing, second.spacing),
            (first.origin, second.origin),
            (first.direction, second.direction),
        )
    )


def _interpolate_volume(image: Any, grid: Grid, nearest: bool) -> Any:
    import itk
    import numpy as np

    pixel = pixel_type(image)
    real = pixel if nearest or pixel == "D" else "F"
    real_image = itk.Image[getattr(itk, real), 3]
    image.Update()
    source = image_of_array(itk.array_view_from_image(image), grid_of_image(image), real)
    resampler = itk.ResampleImageFilter[real_image, real_image].New()
    resampler.SetInput(source)
    resampler.SetReferenceImage(new_image(grid, real))
    resampler.UseReferenceImageOn()
    if nearest:
        resampler.SetInterpolator(itk.NearestNeighborInterpolateImageFunction[real_image, itk.D].New())
    else:
        resampler.SetInterpolator(itk.BSplineInterpolateImageFunction[real_image, itk.D, getattr(itk, real)].New())
    resampler.Update()
    values = itk.array_view_from_image(resampler.GetOutput())
    acquired = itk.array_view_from_image(source)
    inside = np.clip(values, min(float(acquired.min()), 0.0), max(float(acquired.max()), 0.0))
    return image_of_array(inside if pixel == real else np.rint(inside), grid, pixel)
