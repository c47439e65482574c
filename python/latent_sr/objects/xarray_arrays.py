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
"""Data arrays of xarray, with the names of ``itk.xarray_from_image``."""

from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.objects.source import Source, check_dimension
from latent_sr.volumes.images import Grid

_SPATIAL = ("x", "y", "z")
_TIME = "t"

_UNEVEN = 1e-3
"""Largest deviation of a coordinate from even spacing, as a share of the spacing."""


class LabeledArray(Source):
    """A data array with the dimensions x, y, z, and t for time, in any order.

    Coordinates are positions in mm along the axes, from the origin of the ITK image. The attribute ``direction`` is
    the direction matrix with both axes reversed, as in ``itk.xarray_from_image``.
    """

    def __init__(self, array: Any) -> None:
        import numpy as np

        self._given = array
        check_dimension(array.shape)
        self._order = [dim for dim in (_TIME, *_SPATIAL[::-1]) if dim in array.dims]
        if set(array.dims) != {*_SPATIAL, *((_TIME,) if array.ndim == 4 else ())}:
            raise UsageError(
                f"the dims of the image are {', '.join(map(str, array.dims))}, but have to be z, y, x, and t for time, "
                "in any order"
            )
        places = [_place(array, dim) for dim in _SPATIAL]
        origin, step = zip(*places, strict=True)
        direction = _direction(array) * np.sign(step)
        values = array.transpose(*self._order).values
        super().__init__(values, Grid(values.shape[::-1], tuple(np.abs(step).tolist()), origin, direction))
        self._step = step

    def result(self, output: Any, component: str = "") -> Any:
        """A data array with new coordinates. Coordinates that vary with the slices are left out."""
        import numpy as np

        given = self._given
        values = self.values_of(output, component)
        coords = {name: coord.variable for name, coord in given.coords.items()}
        for axis, dim in enumerate(_SPATIAL):
            stretch = self.stretch_of(output)[axis]
            if stretch == 1:
                continue
            start, unit = float(given.coords[dim][0]), given.coords[dim].attrs
            places = start + self._step[axis] * stretch * np.arange(values.shape[::-1][axis])
            coords = {name: coord for name, coord in coords.items() if dim not in coord.dims}
            coords[dim] = (dim, places, unit)
        result = type(given)(values, dims=self._order, coords=coords, name=given.name, attrs=given.attrs)
        return result.transpose(*given.dims)


def _place(array: Any, dim: str) -> tuple[float, float]:
    """The first coordinate along a dimension, and the step to the next one, which may be negative."""
    import numpy as np

    if dim not in array.coords:
        raise UsageError(f"the image has no coordinates along {dim}: they have to give the positions in mm")
    places = np.asarray(array.coords[dim].values)
    if places.dtype.kind not in "iuf":
        raise UsageError(
            f"the coordinates of the image along {dim} are of the type {places.dtype.name}, but have to be numbers, "
            "the positions in mm"
        )
    places = places.astype(float)
    if len(places) == 1:
        return float(places[0]), 1.0
    step = (places[-1] - places[0]) / (len(places) - 1)
    steps = np.diff(places)
    if not (step != 0 and np.abs(steps - step).max() <= _UNEVEN * abs(step)):
        raise LatentSRError(
            f"the coordinates of the image along {dim} are {steps.min():.5g} to {steps.max():.5g} mm apart, but have "
            "to be evenly spaced"
        )
    # Coordinates are sums. This takes back their rounding.
    return float(places[0]), float(f"{step:.12g}")


def _direction(array: Any) -> Any:
    """The direction matrix of the three spatial axes."""
    import numpy as np

    if "direction" not in array.attrs:
        return np.eye(3)
    given = np.asarray(array.attrs["direction"], float)
    if given.shape not in ((3, 3), (4, 4)):
        raise UsageError(
            f"the attribute direction of the image has the shape {list(given.shape)}, but has to be 3 x 3 or 4 x 4"
        )
    # A phase of a 4D array still has the matrix of all axes.
    return np.flip(given)[:3, :3]
