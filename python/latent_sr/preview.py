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
"""A picture of long-axis planes before and after."""

import os
from typing import Any

from latent_sr.volumes import replacing
from latent_sr.volumes.images import grid_of_image

_WIDTH = 10.0
"""Of the picture in inches."""


def write_preview(path: str | os.PathLike, before: Any, after: Any, axis: int, window: tuple[float, float]) -> None:
    """Write a montage: the two middle planes across the slices, of the acquired and of the up-sampled volume.

    The acquired slices are shown as they are, as bands of their thickness. Of a 4D volume, the first phase is shown.

    Parameters
    ----------
    path
        A .png file.
    before, after
        ``itk.Image``. Their grids may differ if their axes are the same.
    axis
        The through-plane axis.
    window
        The intensities that become black and white.

    Raises
    ------
    LatentSRError
        If the file can't be written.
    """
    from matplotlib.figure import Figure

    rows = [_planes(image, axis) for image in (before, after)]
    shares = [_extent(plane, size)[3] / _extent(plane, size)[1] for plane, size in rows[0]]
    height = 0.5 * _WIDTH * max(shares) * 2 + 0.9
    figure = Figure(figsize=(_WIDTH, height), layout="constrained", facecolor="white")
    axes = figure.subplots(2, 2, squeeze=False)
    for row, (planes, image, name) in enumerate(zip(rows, (before, after), ("acquired", "up-sampled"), strict=True)):
        spacing = float(image.GetSpacing()[axis])
        for panel, (plane, size) in zip(axes[row], planes, strict=True):
            panel.imshow(
                plane,
                cmap="gray",
                vmin=window[0],
                vmax=window[1],
                extent=_extent(plane, size),
                interpolation="nearest",
                origin="lower",
            )
            panel.set_axis_off()
        axes[row][0].set_title(f"{name}: {planes[0][0].shape[0]} slices, {spacing:.3g} mm", loc="left", fontsize=10)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _planes(image: Any, axis: int) -> list[tuple[Any, tuple[float, float]]]:
    """The two middle planes across the slices, slices as rows, and the size of their pixels (rows, columns) in mm."""
    import itk
    import numpy as np

    array = itk.array_view_from_image(image)
    array = array[0] if array.ndim == 4 else array
    spacing = grid_of_image(image).spacing
    found = []
    for across in (d for d in (0, 1, 2) if d != axis):
        along = 3 - axis - across
        plane = np.take(array, array.shape[2 - across] // 2, axis=2 - across)
        if axis < along:  # rows are the slower axis
            plane = plane.T
        found.append((np.array(plane), (spacing[axis], spacing[along])))
    return found


def _extent(plane: Any, size: tuple[float, float]) -> tuple[float, float, float, float]:
    """The borders of a plane in mm: left, right, bottom, top."""
    return 0.0, plane.shape[1] * size[1], 0.0, plane.shape[0] * size[0]
