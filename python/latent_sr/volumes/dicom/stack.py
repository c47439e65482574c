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
"""The place of every DICOM image in a stack, or in a stack for each phase, and the grid of the volume.

highdicom sorts positions along the normal of the slices and tells whether they are evenly spaced. What is refused gets
its reason here. No pixel of a volume lies farther than ``tolerance`` from where DICOM puts it.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError
from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.images import Grid, numbers

_LARGEST_TOLERANCE = 0.05
_SHARE_OF_SPACING = 0.1

_SAME_PLACE = 1e-3
"""In mm: positions along the normal that differ by less are the same."""

_SAME_DIRECTION = 1e-4
"""Of direction cosines: parallel slices differ by less."""

_KINDS_OF_A_STACK = ("part of the complex image", "echo time", "b value")
"""What has to be the same for all slices, and not just for the images at one position."""

SLICE_AXIS = 2
"""Of every DICOM volume."""


def tolerance(spacing: float) -> float:
    """How far a pixel may lie from the regular grid, in mm: a tenth of the spacing along an axis, at most 0.05.

    Scanners round positions to a hundredth of that and less.
    """
    return min(_LARGEST_TOLERANCE, _SHARE_OF_SPACING * spacing)


@dataclass(frozen=True)
class Stack:
    """Images in their order, and the grid that they fill.

    Attributes
    ----------
    path
        The folder or file.
    phases
        For each phase, its images along the normal of the slices.
    grid
        Of the volume: 4D if there are several phases.
    shifts
        For each slice, the column and row of the grid at which it begins: not 0 where slices are shifted against each
        other.
    component
        Component type that holds all values, as ITK's image IO names it.
    thickness
        Of the slices in mm; 0: not known.
    time_step
        Time between phases in s; 0: not known.
    warnings
        Sentences about what had to be decided.
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
        With the reason why they are none: the file, the value and what is allowed.
    """
    _check_alike(path, frames)
    _check_kinds(path, frames, _KINDS_OF_A_STACK)
    slices = _slices(frames)
    warnings: list[str] = []
    phases, time_step = _in_time(path, slices, warnings)
    order, distance = _in_space(path, [group[0] for group in slices])
    phases = [[phase[number] for number in order] for phase in phases]
    if len(slices) == 1 and phases[0][0].thickness == 0:
        warnings.append(f"'{path}' is one slice of unknown thickness: its spacing across the plane is put at 1 mm")
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


# What has to be the same ----------------------------------------------------------------------------------------------


def _check_alike(path: Path, frames: Sequence[Frame]) -> None:
    """Refuse images of different sizes, spacings, orientations or polarities."""
    # The odd one out is named, not the many.
    usual = frames[0]
    if len(frames) > 2 and sum(_difference(frame, usual) is None for frame in frames) * 2 < len(frames):
        usual = frames[1]
    for frame in frames:
        name = _difference(frame, usual)
        if name is not None:
            expected = _TRAITS[name](usual).removesuffix(_UNITS.get(name, ""))
            raise LatentSRError(
                f"the slices of '{path}' are no stack: {frame.label} has the {name} {_TRAITS[name](frame)}, but "
                f"{usual.label} has {expected}; it has to be the same for all of them"
            )


def _difference(frame: Frame, other: Frame) -> str | None:
    """The name of the first trait in which two images differ that have to be alike; None if there is none."""
    import numpy as np

    if (frame.rows, frame.columns) != (other.rows, other.columns):
        return "size"
    directions = (frame.row_direction - other.row_direction, frame.column_direction - other.column_direction)
    if np.abs(directions).max() > _SAME_DIRECTION:
        return "orientation"
    # Over the longer side of an image, a difference of spacings adds up.
    spacings = max(abs(a - b) for a, b in zip(frame.pixel_spacing, other.pixel_spacing, strict=True))
    if spacings * max(other.rows, other.columns) > tolerance(min(other.pixel_spacing)):
        return "pixel spacing"
    references = (_reference(frame), _reference(other))
    if "" not in references and references[0] != references[1]:
        return "frame of reference"
    return "photometric interpretation" if frame.photometric != other.photometric else None


def _reference(frame: Frame) -> str:
    return str(frame.file.dataset.get("FrameOfReferenceUID") or "")


def _directions(frame: Frame) -> str:
    return f"({numbers(frame.row_direction, ', ')}; {numbers(frame.column_direction, ', ')})"


_UNITS = {"size": " pixels", "pixel spacing": " mm"}

_TRAITS: dict[str, Callable[[Frame], str]] = {
    "size": lambda frame: f"{frame.columns} x {frame.rows}{_UNITS['size']}",
    "orientation": _directions,
    "pixel spacing": lambda frame: f"{numbers(frame.pixel_spacing)}{_UNITS['pixel spacing']}",
    "frame of reference": _reference,
    "photometric interpretation": lambda frame: frame.photometric,
}
"""How messages write what has to be the same for all images."""


def _check_kinds(path: Path, frames: Sequence[Frame], names: Sequence[str] | None, where: str = "") -> None:
    """Refuse images of different kinds, such as echoes."""
    for name in dict.fromkeys(name for frame in frames for name in frame.kinds):
        if names is not None and name not in names:
            continue
        found = Counter(frame.kinds.get(name, "none") for frame in frames)
        if len(found) > 1:
            listed = ", ".join(f"{value} ({found[value]} images)" for value in sorted(found, key=_as_number))
            raise LatentSRError(
                f"'{path}' holds images of {len(found)} kinds{where}, but a volume is of one: the {name} is {listed}; "
                "put each kind into a folder of its own"
            )


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return math.inf, text


# Space ----------------------------------------------------------------------------------------------------------------


def _slices(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Images at the same position along the normal."""
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
    """The order of slices along their normal, and their distance in mm."""
    from highdicom.spatial import get_volume_positions

    if len(slices) == 1:
        return [0], slices[0].thickness or 1.0
    first = slices[0]
    positions = [float(frame.position @ first.normal) for frame in slices]
    order = sorted(range(len(slices)), key=positions.__getitem__)
    steps = [positions[b] - positions[a] for a, b in pairwise(order)]
    mean = sum(steps) / len(steps)
    # Whether slices are shifted in plane is looked at in mm, by _shifts.
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
    """The grid of a stack, and the column and row of it at which each slice begins."""
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
    """Refuse a volume in which a corner of an image is not where its attributes, as they are written, put it.

    Everything else has been checked one by one; small differences may add up.
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
    """By how many columns and rows each slice is shifted against the first one.

    Raises
    ------
    LatentSRError
        If that is not a whole number, or slices do not overlap.
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
        "they are put where they belong, and what a slice does not cover gets its smallest value"
    )
    return [(int(column), int(row)) for column, row in pixels]


# Time -----------------------------------------------------------------------------------------------------------------


def _in_time(path: Path, slices: list[list[Frame]], warnings: list[str]) -> tuple[list[list[Frame]], float]:
    """The images of each phase, in the order of the slices, and the time between phases in s; 0: not known."""
    count = Counter(len(group) for group in slices).most_common(1)[0][0]
    for group in slices:
        if len(group) != count:
            raise LatentSRError(_unequal(path, slices, group, count))
    if count == 1:
        return [[group[0] for group in slices]], 0.0
    for group in slices:
        _check_kinds(path, group, None, " at one position")
        _check_acquired_once(path, group)
        _check_in_plane(path, group)
    if len(slices) == 1:
        raise LatentSRError(
            f"all {count} images of '{path}' lie at one position: that is one slice of a cine, or one image many "
            "times. If the other slices lie in folders beside it, name the folder above"
        )
    name, key = _clock(path, slices, warnings)
    ordered = [sorted(group, key=key) for group in slices]
    if name == "instance number":
        warnings.append(
            f"'{path}' has {count} images at each position, which neither a trigger time nor a temporal position tells "
            "apart: they are taken for phases in the order of their instance numbers"
        )
    return [list(phase) for phase in zip(*ordered, strict=True)], _time_step(name, ordered)


def _check_acquired_once(path: Path, group: Sequence[Frame]) -> None:
    """Refuse the images of one position that were acquired several times: another breath hold, for example."""
    for name, keyword in (("series", "SeriesInstanceUID"), ("acquisitions", "AcquisitionNumber")):
        found = Counter(str(frame.file.dataset.get(keyword, "")) for frame in group)
        # Each phase may have an acquisition number of its own.
        if len(found) > 1 and (name == "series" or min(found.values()) > 1):
            listed = ", ".join(f"{value} ({count} images)" for value, count in sorted(found.items()))
            raise LatentSRError(
                f"'{path}' holds images of {len(found)} {name} at the position of {group[0].label}: {listed}; they "
                "are not phases of one cine, so put each into a folder of its own"
            )


def _unequal(path: Path, slices: list[list[Frame]], group: list[Frame], usual: int) -> str:
    normal = group[0].normal

    def place(frames: list[Frame]) -> str:
        return f"{float(frames[0].position @ normal):.5g} mm along the normal"

    if usual == 1:
        first, second = group[:2]
        return (
            f"'{path}' holds {len(group)} images at the position {place(group)}, but one at others: "
            f"{first.label} and {second.label}; a stack has one at each (or the same number of phases at each)"
        )
    return (
        f"'{path}' holds slices with unequal numbers of phases: {len(group)} at the position {place(group)} "
        f"({group[0].label}), but {usual} at others; is a file missing?"
    )


def _check_in_plane(path: Path, group: Sequence[Frame]) -> None:
    """Refuse images that lie in one plane, but not at one place in it."""
    import numpy as np

    for frame in group:
        far = float(np.linalg.norm(frame.position - group[0].position))
        if far > tolerance(min(frame.pixel_spacing)):
            raise LatentSRError(
                f"{group[0].label} and {frame.label} of '{path}' lie in one plane, {far:.5g} mm apart: they are "
                "neither two slices nor two phases of one"
            )


def _clock(path: Path, slices: list[list[Frame]], warnings: list[str]) -> tuple[str, Callable[[Frame], Any]]:
    """What orders the images at a position in time, by name and as a key.

    Raises
    ------
    LatentSRError
        If nothing does, or two times contradict each other.
    """
    clocks: dict[str, Callable[[Frame], Any]] = {}
    for name in ("trigger time", "temporal position", "time offset"):
        values = [[frame.times.get(name) for frame in group] for group in slices]
        if any(None in group or len(set(group)) < len(group) for group in values):
            continue
        if name == "temporal position" and len({frozenset(group) for group in values}) > 1:
            continue
        clocks[name] = lambda frame, name=name: frame.times[name]
    numbers_differ = all(len({frame.instance for frame in group} - {None}) == len(group) for group in slices)
    if _instances_tell(slices) or (clocks and numbers_differ):
        clocks["instance number"] = lambda frame: (frame.instance, frame.number)
    if not clocks:
        count = len(slices[0])
        raise LatentSRError(
            f"'{path}' holds {count} images at each position, and it can't be told in which order they were acquired: "
            "trigger times, temporal positions and instance numbers are missing, or the same, or in no order; the "
            f"first two are {slices[0][0].label} and {slices[0][1].label}"
        )
    name, key = next(iter(clocks.items()))
    for other, other_key in clocks.items():
        group = next((group for group in slices if sorted(group, key=key) != sorted(group, key=other_key)), None)
        if group is None:
            continue
        if other == "instance number":
            warnings.append(
                f"the phases of '{path}' have another order by their {name}s than by their instance numbers, at the "
                f"position of {group[0].label} for example: the former are believed"
            )
        else:
            raise LatentSRError(
                f"the {name}s and the {other}s of '{path}' order the images at the position of {group[0].label} "
                "differently: it can't be told which phase is which"
            )
    return name, key


def _instances_tell(slices: list[list[Frame]]) -> bool:
    """Whether instance numbers go through all phases of a slice, or through all slices of a phase, in each series."""
    count = len(slices[0])
    by_series: dict[str, list[tuple[tuple[int, int], int]]] = {}
    for place, group in enumerate(slices):
        for frame in group:
            if frame.instance is None:
                return False
            uid = str(frame.file.dataset.get("SeriesInstanceUID", ""))
            by_series.setdefault(uid, []).append(((frame.instance, frame.number), place))
    for found in by_series.values():
        found.sort()
        if len({key for key, _ in found}) < len(found):
            return False
        places = [place for _, place in found]
        number = len(set(places))
        if len(places) != count * number:
            return False
        slice_by_slice = all(len(set(places[k * count : (k + 1) * count])) == 1 for k in range(number))
        phase_by_phase = all(len(set(places[k * number : (k + 1) * number])) == number for k in range(count))
        if not (slice_by_slice or phase_by_phase):
            return False
    return True


def _time_step(name: str, ordered: list[list[Frame]]) -> float:
    """Time between phases in s; 0: not known."""
    if name in ("trigger time", "time offset"):
        spans = [(group[-1].times[name] - group[0].times[name]) / (len(group) - 1) for group in ordered]
        return sum(spans) / len(spans)
    return ordered[0][0].time_resolution


# Values ---------------------------------------------------------------------------------------------------------------


def _component(frames: Sequence[Frame]) -> str:
    """The component type that holds all values: floating point as soon as slopes differ or are not whole."""
    first = frames[0]
    if any((frame.slope, frame.intercept) != (first.slope, first.intercept) for frame in frames) or not first.is_whole:
        ends = [abs(frame.slope) * 2.0**frame.bits + abs(frame.intercept) for frame in frames]
        fits = max(ends) < 1e38 and min(abs(frame.slope) for frame in frames) > 1e-37
        return "float" if fits and max(frame.bits for frame in frames) <= 16 else "double"
    ends = [first.slope * stored + first.intercept for frame in frames for stored in (frame.lowest, frame.highest)]
    lowest, highest = min(ends), max(ends)
    if lowest >= 0 and highest <= 255 and first.bits == 8:
        return "unsigned_char"
    # Values that are stored without a sign stay so, if that is possible.
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
    """The thickness of the slices in mm, if it is the same up to rounding; else 0."""
    found = [frame.thickness for frame in frames]
    return found[0] if min(found) > 0 and max(found) - min(found) <= 0.01 * max(found) else 0.0
