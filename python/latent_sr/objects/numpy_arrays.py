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
"""NumPy arrays, with an affine matrix or spacings."""

import math
from collections.abc import Sequence
from typing import Any

from latent_sr.errors import UsageError
from latent_sr.objects.source import Source, check_dimension, stretched
from latent_sr.volumes.images import Grid, grid_of_affine, numbers
from latent_sr.volumes.volume import default_slice_axis


def open_array(array: Any, affine: Any, input_spacing: Any) -> Source:
    """An array with one of both.

    Raises
    ------
    UsageError
        If it has both or none.
    """
    if affine is not None and input_spacing is not None:
        raise UsageError("affine and input_spacing exclude each other: set one of them")
    check_dimension(array.shape)
    if affine is not None:
        return ArrayWithAffine(array, affine)
    if input_spacing is not None:
        return ArrayWithSpacing(array, input_spacing)
    raise UsageError(
        "the image is an array, which does not say how far apart its pixels are: set affine (4 x 4, as in nibabel) or "
        f"input_spacing ({array.ndim} numbers, one for each axis of the array)"
    )


def checked_affine(affine: Any) -> Any:
    """An affine matrix (4 x 4) as an array.

    Raises
    ------
    UsageError
        If it has another shape, or its last row is not 0, 0, 0, 1.
    """
    import numpy as np

    try:
        matrix = np.array(affine, float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"affine is no matrix of 4 x 4 numbers: {error}") from error
    if matrix.shape != (4, 4):
        raise UsageError(f"affine has the shape {list(matrix.shape)}, but has to be 4 x 4, also for 4D images")
    if matrix[3].tolist() != [0, 0, 0, 1]:
        raise UsageError(f"the last row of affine is {numbers(matrix[3], ', ')}, but has to be 0, 0, 0, 1")
    return matrix


class ArrayWithAffine(Source):
    """An array with an affine matrix: axes i, j, k, and time as the last one, as in nibabel."""

    def __init__(self, array: Any, affine: Any) -> None:
        import numpy as np

        self.affine = checked_affine(affine)
        grid = grid_of_affine("image", "affine", array.shape, np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine)
        super().__init__(array.T, grid)

    def result(self, output: Any, component: str = "") -> Any:
        """The array and its affine matrix."""
        return self.values_of(output, component).T, stretched(self.affine, self.stretch_of(output))


class ArrayWithSpacing(Source):
    """An array with one spacing for each axis, and None for the time axis.

    As in ``itk.image_from_array``, the last axis is the ITK image's axis 0, along the rows of its slices.
    """

    def __init__(self, array: Any, spacing: Any) -> None:
        import numpy as np

        self.spacing = checked_spacing(spacing, array.ndim)
        self._axes = [axis for axis, value in enumerate(self.spacing) if value is not None][::-1]
        time = [axis for axis, value in enumerate(self.spacing) if value is None]
        self._order = [*time, *self._axes[::-1]]
        values = array.transpose(self._order)
        spatial = tuple(self.spacing[axis] for axis in self._axes)
        super().__init__(values, Grid(values.shape[::-1], spatial, (0.0, 0.0, 0.0), np.eye(3)))

    def slice_axis(self, axis: int | None) -> int:
        """The ITK image's axis of an axis of the array."""
        if axis is None:
            found = default_slice_axis([self.spacing[axis] for axis in self._axes])
            if found is None:
                raise UsageError(
                    f"the slice axis can't be told from input_spacing ({_text(self.spacing)}), because two axes have "
                    "the largest spacing: set axis to one of them"
                )
            return found
        if axis not in self._axes:
            allowed = sorted(self._axes)
            raise UsageError(f"axis is {axis}, but has to be {allowed[0]}, {allowed[1]} or {allowed[2]}")
        return self._axes.index(axis)

    def result(self, output: Any, component: str = "") -> Any:
        """The array and its spacings."""
        import numpy as np

        spacing = list(self.spacing)
        for number, axis in enumerate(self._axes):
            spacing[axis] = float(output.GetSpacing()[number])
        values = self.values_of(output, component).transpose(np.argsort(self._order))
        return np.ascontiguousarray(values), tuple(spacing)


def checked_spacing(spacing: Any, dimension: int) -> tuple[float | None, ...]:
    """One spacing for each axis of an array: positive numbers, and None for the time axis of a 4D array.

    Raises
    ------
    UsageError
        If they are others.
    """
    allowed = "3 numbers" if dimension == 3 else "3 numbers, and None for the time axis, in the order of the axes"
    try:
        values = tuple(None if value is None else float(value) for value in spacing)
    except (TypeError, ValueError):
        raise UsageError(f"input_spacing is {spacing}, but has to be {allowed}") from None
    if len(values) != dimension or values.count(None) != dimension - 3:
        raise UsageError(f"input_spacing is {_text(values)} for a {dimension}D array, but has to be {allowed}")
    if not all(value is None or 0 < value < math.inf for value in values):
        raise UsageError(f"input_spacing is {_text(values)}, but has to be positive and finite")
    return values


def _text(values: Sequence[float | None]) -> str:
    return ", ".join("None" if value is None else f"{value:g}" for value in values)
