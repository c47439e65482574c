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
"""The order of DICOM images in a stack, or in one stack per phase, and the grid of the volume.

highdicom sorts positions along the normal of the slices and checks whether they are evenly spaced. This module gives
the reason for a refusal. No pixel of a volume is farther than ``tolerance`` from its position in the DICOM attributes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes.dicom.alike import check_alike, check_kinds, tolerance
from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.dicom.phases import in_time
from latent_sr.volumes.images import Grid, numbers

_SAME_PLACE = 1e-3
"""Largest distance in mm, along the normal, between positions that count as equal."""

_KINDS_OF_A_STACK = ("part of the complex image", "echo time", "b value")
"""Attributes that must be equal for all slices. Other kinds must be equal only for the images at one position."""

SLICE_AXIS = 2
"""The slice axis of every DICOM volume."""


@dataclass(frozen=True)
class Stack:
    """Images in order, and the grid that they fill.

    Attributes
    ----------
    path
        The folder or file.
    phases
        The images of each phase, ordered along the normal of the slices.
    grid
        The grid of the volume; 4D if there are several phases.
    shifts
        For each slice, the column and row of the grid at which it begins. They differ if slices are shifted against
        each other.
    component
        Component type, as ITK's image IO names it, that represents all values.
    thickness
        Thickness of the slices in mm; 0: not known.
    time_step
        Time between phases in s; 0: not known.
    warnings
        Warnings of the reader, as sentences.
    """

    path: Path
    phases: tuple[tuple[Frame, ...], ...]
    grid: Grid
    shifts: tuple[tuple[int, int], ...]
    component: str
    thickness: float
    time_step: float
    warnings: tuple[str, ...]

    @property
    def is_shifted(self) -> bool:
        """Whether slices cover different parts of the grid."""
        return any(shift != (0, 0) for shift in self.shifts)


def make_stack(path: Path, frames: Sequence[Frame]) -> Stack:
    """The stack of some images.

    Raises
    ------
    LatentSRError
        With the reason why the images form no stack: the file, the value and what is allowed.
    """
    check_alike(path, frames)
    check_kinds(path, frames, _KINDS_OF_A_STACK)
    slices = _slices(frames)
    warnings: list[str] = []
    phases, time_step = in_time(path, slices, warnings)
    order, distance = _in_space(path, [group[0] for group in slices])
    phases = [[phase[number] for number in order] for phase in phases]
    if len(slices) == 1 and phases[0][0].thickness == 0:
        warnings.append(f"'{path}' is one slice of unknown thickness: its spacing across the plane is set to 1 mm")
    grid, shifts = _grid(path, phases[0], distance, warnings)
    _check_places(path, phases, grid, shifts)
    if len(phases) > 1:
        grid = Grid((*grid.size, len(phases)), grid.spacing, grid.origin, grid.direction, time_step or 1.0)
    return Stack(
        path,
        tuple(map(tuple, phases)),
        grid,
        tuple(shifts),
        _component(frames),
        _common_thickness(frames),
        time_step,
        tuple(warnings),
    )


# Space ----------------------------------------------------------------------------------------------------------------


def _slices(frames: Sequence[Frame]) -> list[list[Frame]]:
    """The images, grouped by their position along the normal."""
    normal = frames[0].normal
    placed = sorted(((float(frame.position @ normal), number) for number, frame in enumerate(frames)))
    groups: list[list[Frame]] = []
    last = -math.inf
    for position, number in placed:
        if position - last > _SAME_PLACE:
            groups.append([])
        groups[-1].append(frames[number])
        last = position
    return groups


def _in_space(path: Path, slices: Sequence[Frame]) -> tuple[list[int], float]:
    """The order of the slices along their normal, and their distance in mm."""
    from highdicom.spatial import get_volume_positions

    if len(slices) == 1:
        return [0], slices[0].thickness or 1.0
    first = slices[0]
    positions = [float(frame.position @ first.normal) for frame in slices]
    order = sorted(range(len(slices)), key=positions.__getitem__)
    steps = [positions[b] - positions[a] for a, b in pairwise(order)]
    mean = sum(steps) / len(steps)
    # _shifts checks in-plane shifts, in mm. The tolerance here is therefore large.
    distance, places = get_volume_positions(
        [frame.position.tolist() for frame in slices],
        [*first.row_direction.tolist(), *first.column_direction.tolist()],
        atol=tolerance(mean),
        perpendicular_tol=2.0,
        index_convention="RD",
    )
    off = max(abs(positions[number] - positions[order[0]] - place * mean) for place, number in enumerate(order))
    if distance is None or off > tolerance(mean):
        widest = max(range(len(steps)), key=steps.__getitem__)
        raise LatentSRError(
            f"'{path}' holds slices that are {min(steps):.5g} to {max(steps):.5g} mm apart, but they have to be evenly "
            f"spaced, within {tolerance(mean):.2g} mm: is one missing between {slices[order[widest]].label} and "
            f"{slices[order[widest + 1]].label}?"
        )
    return sorted(range(len(slices)), key=places.__getitem__), mean


def _grid(
    path: Path, slices: Sequence[Frame], distance: float, warnings: list[str]
) -> tuple[Grid, list[tuple[int, int]]]:
    """The grid of a stack, and the column and row at which each slice begins."""
    import numpy as np

    first = slices[0]
    row_spacing, column_spacing = first.pixel_spacing
    shifts = _shifts(path, slices, warnings)
    lowest = np.min(shifts, axis=0)
    begins = [(int(shift[0] - lowest[0]), int(shift[1] - lowest[1])) for shift in shifts]
    more = np.max(begins, axis=0)
    origin = (
        first.position
        + lowest[0] * column_spacing * first.row_direction
        + lowest[1] * row_spacing * first.column_direction
    )
    return Grid(
        (first.columns + int(more[0]), first.rows + int(more[1]), len(slices)),
        (column_spacing, row_spacing, distance),
        tuple(float(value) for value in origin),
        np.column_stack([first.row_direction, first.column_direction, first.normal]),
    ), begins


def _check_places(path: Path, phases: Sequence[Sequence[Frame]], grid: Grid, shifts: Sequence[tuple[int, int]]) -> None:
    """Refuse a volume if a corner of an image is not where its attributes, as written in the file, place it.

    The other checks are made one by one. Small differences that they allow may add up.
    """
    import numpy as np

    matrix = np.asarray(grid.direction) * np.asarray(grid.spacing)
    allowed = tolerance(min(grid.spacing))
    first = phases[0][0]
    corners = np.array([(i, j) for i in (0, first.columns - 1) for j in (0, first.rows - 1)])
    for phase in phases:
        for place, (frame, shift) in enumerate(zip(phase, shifts, strict=True)):
            steps = np.stack(frame.written_directions) * np.array(frame.pixel_spacing[::-1])[:, None]
            written = frame.position + corners @ steps
            on_grid = np.column_stack([corners + shift, np.full(len(corners), place)])
            far = np.linalg.norm(written - (grid.origin + on_grid @ matrix.T), axis=1)
            if far.max() > allowed:
                bad = (far > allowed).argmax()
                i, j = corners[bad]
                raise LatentSRError(
                    f"{frame.label} of '{path}' does not fit into the regular grid of its stack: by its position, "
                    f"orientation and spacing, the pixel at column {i}, row {j} lies {far[bad]:.3g} "
                    f"mm off, but that has to be at most {allowed:.2g}"
                )


def _shifts(path: Path, slices: Sequence[Frame], warnings: list[str]) -> list[tuple[int, int]]:
    """The number of columns and rows by which each slice is shifted against the first.

    Raises
    ------
    LatentSRError
        If it is not a whole number, or slices do not overlap.
    """
    import numpy as np

    first = slices[0]
    row_spacing, column_spacing = first.pixel_spacing
    spacing = np.array([column_spacing, row_spacing])
    offsets = np.array([frame.position - first.position for frame in slices])
    in_plane = np.column_stack([offsets @ first.row_direction, offsets @ first.column_direction])
    allowed = np.array([tolerance(column_spacing), tolerance(row_spacing)])
    pixels = np.rint(in_plane / spacing)
    if (np.abs(in_plane) <= allowed).all():
        return [(0, 0)] * len(slices)
    if (np.abs(in_plane - pixels * spacing) > allowed).any():
        along = float(offsets[-1] @ first.normal)
        angle = math.degrees(math.atan2(float(np.linalg.norm(in_plane[-1])), along))
        step = np.round(np.abs(np.diff(in_plane, axis=0)).max(axis=0), 4)
        tilt = first.file.dataset.get("GantryDetectorTilt")
        cause = f"a gantry tilt of {tilt} degrees" if tilt else "gantry tilt, or a field of view that was moved"
        raise LatentSRError(
            f"the slices of '{path}' are sheared against each other by {angle:.1f} degrees ({cause}): from one to the "
            f"next they shift by up to {numbers(step)} mm in plane, {numbers(np.round(step / spacing, 4))} pixels, "
            "but only shifts of whole pixels can be undone without interpolation"
        )
    span = pixels.max(axis=0) - pixels.min(axis=0)
    if span[0] >= first.columns or span[1] >= first.rows:
        raise LatentSRError(
            f"the slices of '{path}' are shifted against each other by {span[0]:.0f} columns and {span[1]:.0f} rows, "
            f"and have {first.columns} x {first.rows} pixels: they do not overlap"
        )
    warnings.append(
        f"the slices of '{path}' are shifted against each other by up to {span[0]:.0f} columns and {span[1]:.0f} rows: "
        "each is moved to its position, and pixels that a slice does not cover get its smallest value"
    )
    return [(int(column), int(row)) for column, row in pixels]


# Values ---------------------------------------------------------------------------------------------------------------


def _component(frames: Sequence[Frame]) -> str:
    """The component type that represents all values: floating point if slopes differ or values are not whole."""
    first = frames[0]
    if any((frame.slope, frame.intercept) != (first.slope, first.intercept) for frame in frames) or not first.is_whole:
        ends = [abs(frame.slope) * 2.0**frame.bits + abs(frame.intercept) for frame in frames]
        fits = max(ends) < 1e38 and min(abs(frame.slope) for frame in frames) > 1e-37
        return "float" if fits and max(frame.bits for frame in frames) <= 16 else "double"
    ends = [first.slope * stored + first.intercept for frame in frames for stored in (frame.lowest, frame.highest)]
    lowest, highest = min(ends), max(ends)
    if lowest >= 0 and highest <= 255 and first.bits == 8:
        return "unsigned_char"
    # Unsigned stored values stay unsigned if possible.
    signed_first = lowest < 0 or first.lowest < 0
    for name, low, high in (
        *((("short", -(2**15), 2**15 - 1),) if signed_first else ()),
        ("unsigned_short", 0, 2**16 - 1),
        ("short", -(2**15), 2**15 - 1),
        ("int", -(2**31), 2**31 - 1),
    ):
        if low <= lowest and highest <= high:
            return name
    return "double"


def _common_thickness(frames: Sequence[Frame]) -> float:
    """The thickness of the slices in mm if it is equal for all of them up to rounding; otherwise 0."""
    found = [frame.thickness for frame in frames]
    return found[0] if min(found) > 0 and max(found) - min(found) <= 0.01 * max(found) else 0.0
