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
"""Random plans of DICOM volumes: the acquired images, how they are written, and the expected result of the reader."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

st = pytest.importorskip("hypothesis.strategies")

PHASE = 41.3
"""Time from one phase to the next in ms."""

# Planes: written attributes and expected results ----------------------------------------------------------------------


@dataclass(eq=False)
class Plane:
    """An acquired image with its attributes as they are written: numbers are text."""

    slice: int
    phase: int
    stored: np.ndarray = field(repr=False)
    position: list[str] | None
    orientation: list[str]
    spacing: list[str]
    slope: str | None = None
    intercept: str | None = None
    trigger: float | None = None
    temporal: int | None = None
    instance: int | None = None
    echo: str = "30"

    @property
    def values(self) -> np.ndarray:
        """Return the values that the stored values stand for."""
        return float(self.slope or 1) * self.stored.astype(float) + float(self.intercept or 0)

    def place(self, column: int, row: int) -> np.ndarray:
        """Return the center of a pixel by the equation of DICOM PS3.3, C.7.6.2.1.1."""
        position, along = np.array(self.position, float), np.array(self.orientation, float)
        row_spacing, column_spacing = map(float, self.spacing)
        return position + column * column_spacing * along[:3] + row * row_spacing * along[3:]


@dataclass
class Plan:
    """Files of a volume, and the expected result of the reader.

    Attributes
    ----------
    planes
        All images, in the order of the files or frames.
    required
        Text that the message must contain if the volume has to be refused, by reason.
    allowed
        Texts that the message may contain if the volume may be refused.
    """

    planes: list[Plane]
    enhanced: bool
    series_by_slice: bool
    files_by: str
    shared_groups: bool
    bits: tuple[int, int, bool]
    photometric: str
    syntax: str
    suffix: str
    names: str
    folders: str
    extras: tuple[str, ...]
    digits: int
    file_fault: str | None
    random: np.random.Generator
    required: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)


def text(value: float, digits: int) -> str:
    """Return a number as a decimal string of DICOM, which has at most 16 characters."""
    return f"{value:.{digits}f}"[:16]


# Random plans ---------------------------------------------------------------------------------------------------------


def _rotation(angles: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        first, second = (n for n in range(3) if n != axis)
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
        matrix = matrix @ turn
    return matrix


@st.composite
def orientations(draw) -> tuple[np.ndarray, int]:
    """Draw directions of rows and columns (2 x 3), and the number of digits for writing them."""
    axes = draw(st.sampled_from([(0, 1), (1, 2), (0, 2), (2, 1), (1, 0), (2, 0)]))
    signs = draw(st.tuples(st.sampled_from([1.0, -1.0]), st.sampled_from([1.0, -1.0])))
    directions = np.zeros((2, 3))
    for n in range(2):
        directions[n, axes[n]] = signs[n]
    kind = draw(st.sampled_from(["exact", "oblique", "nearly exact"]))
    if kind == "exact":
        return directions, 1
    largest = math.pi if kind == "oblique" else 2e-3
    angles = draw(st.tuples(*[st.floats(-largest, largest)] * 3))
    return directions @ _rotation(angles).T, draw(st.integers(4, 8))


_RESCALES = ("none", "one", "whole", "negative", "not whole", "by slice", "whole by slice", "by image")


@st.composite
def plans(draw) -> Plan:
    """Draw volumes of all kinds, most of them without a fault."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    enhanced = draw(st.booleans())
    slices, phases = draw(st.integers(1, 6)), draw(st.sampled_from([1, 1, 1, 2, 3, 4]))
    rows, columns = draw(st.integers(4, 9)), draw(st.integers(4, 9))
    directions, digits = draw(orientations())
    spacing = draw(st.tuples(*[st.floats(0.3, 4.0)] * 2))
    spacing = (spacing[0], spacing[0]) if draw(st.booleans()) else spacing
    distance = draw(st.floats(0.4, 12.0))
    bits = draw(st.sampled_from([(8, 8), (16, 12), (16, 16)]))
    signed = draw(st.booleans())
    rescale = draw(st.sampled_from(_RESCALES))
    clock = draw(st.sampled_from(["trigger", "temporal", "instance", "all", "nothing"]))
    fault = draw(st.none() | st.sampled_from([*_FAULTS, *_FILE_FAULTS]))
    shear = draw(st.sampled_from([(0, 0)] * 6 + [(1, 0), (0, -1), (-2, 1)]))
    series_by_slice = slices > 1 and draw(st.sampled_from([False, False, True] if phases > 1 else [False] * 9 + [True]))
    files_by = draw(st.sampled_from(["volume", "phase", "slice"])) if enhanced else "image"
    origin = random.uniform(-300, 300, 3) * draw(st.sampled_from([0, 1, 1, 1, 1000]))
    position_digits = draw(st.integers(3, 8))

    orientation = [text(value, digits) for value in directions.ravel()]
    normal = np.cross(*directions)
    positions = [
        [text(value, position_digits) for value in origin + number * distance * normal] for number in range(slices)
    ]
    written_spacing = [text(value, 7) for value in spacing]
    planes = [
        Plane(number, phase, random.integers(0, 256, (rows, columns)), position, orientation, written_spacing)
        for number, position in enumerate(positions)
        for phase in range(phases)
    ]
    plan = Plan(
        planes=planes,
        enhanced=enhanced,
        series_by_slice=series_by_slice,
        files_by="slice" if enhanced and series_by_slice else files_by,
        shared_groups=draw(st.booleans()),
        bits=(*bits, signed),
        photometric=draw(st.sampled_from(["MONOCHROME2", "MONOCHROME2", "MONOCHROME1"])),
        syntax=draw(st.sampled_from(["explicit"] * 4 + ["implicit", "deflated", "big", "RLE"])),
        suffix=draw(st.sampled_from(["", ".dcm", ".IMA", ".17"])),
        names=draw(st.sampled_from(["number", "hash"])),
        folders=draw(st.sampled_from(["none", "some", "all"])),
        extras=draw(st.sampled_from([(), (), ("README", "state", "DICOMDIR", "notes.json")])),
        digits=digits,
        file_fault=fault if fault in _FILE_FAULTS else None,
        random=random,
    )
    _store(plan, rescale)
    _shear(plan, shear, position_digits)
    _set_clock(plan, clock)
    _order(plan, clock)
    if fault in _FAULTS:
        fault(plan, planes[int(random.integers(len(planes)))], draw)
    _expect(plan, clock)
    return plan


def _store(plan: Plan, rescale: str) -> None:
    """Set stored values that use all bits, and slopes and intercepts."""
    _, stored, signed = plan.bits
    low, high = (-(2 ** (stored - 1)), 2 ** (stored - 1)) if signed else (0, 2**stored)
    for plane in plan.planes:
        plane.stored = plan.random.integers(low, high, plane.stored.shape)
        plane.stored[0, :2] = low, high - 1
        number = plane.slice + (10 * plane.phase if rescale == "by image" else 0)
        plane.slope, plane.intercept = {
            "none": (None, None),
            "one": ("1", "0"),
            "whole": ("2", "-1024"),
            "negative": ("-3.0", "7"),
            "not whole": ("0.37", "-1.5"),
            "by slice": (f"{1 + 0.21 * number:.4f}", f"{-number}"),
            "whole by slice": (f"{1 + number}", "0"),
            "by image": (f"{3.1e-3 * (1 + number):.6g}", f"{number / 7:.6g}"),
        }[rescale]


def _normal(plan: Plan) -> np.ndarray:
    along = np.array(plan.planes[0].orientation, float)
    normal = np.cross(along[:3], along[3:])
    return normal / np.linalg.norm(normal)


def _shear(plan: Plan, pixels: tuple[float, float], digits: int = 8) -> None:
    """Shift each slice against the previous slice by columns and rows."""
    first = plan.planes[0]
    moved = {}
    for number in {plane.slice for plane in plan.planes}:
        shift = first.place(pixels[0] * number, pixels[1] * number) - first.place(0, 0)
        moved[number] = shift
    for plane in plan.planes:
        if pixels != (0, 0):
            position = np.array(plane.position, float) + moved[plane.slice]
            plane.position = [text(value, digits) for value in position]
    steps = max(moved)
    rows, columns = first.stored.shape
    if abs(pixels[0]) * steps >= columns or abs(pixels[1]) * steps >= rows:
        plan.required.append("overlap")


def _set_clock(plan: Plan, clock: str) -> None:
    """Set the attributes that distinguish phases."""
    start = plan.random.uniform(0, 30, 10)
    for plane in plan.planes:
        if clock in ("trigger", "all"):
            # Slices are acquired one by one, so each slice has different times.
            plane.trigger = round(start[plane.slice] + PHASE * plane.phase, 3)
        if clock in ("temporal", "all"):
            plane.temporal = plane.phase + 1


def _order(plan: Plan, clock: str) -> None:
    """Set the order of the images and their instance numbers."""
    random, planes = plan.random, plan.planes
    slices = random.permutation(1 + max(plane.slice for plane in planes))
    by_phase = bool(random.integers(2))
    in_order = clock in ("instance", "all") or (clock == "nothing" and plan.enhanced)

    def key(plane: Plane) -> tuple[int, int]:
        place = int(slices[plane.slice])
        return (plane.phase, place) if by_phase else (place, plane.phase)

    planes.sort(key=key)
    if not in_order:
        order = random.permutation(len(planes))
        planes[:] = [planes[n] for n in order]
    same = bool(random.integers(2))
    for number, plane in enumerate(planes):
        plane.instance = {"instance": 3 * number + 1, "all": number + 1, "nothing": 1 if same else None}.get(
            clock, int(random.integers(1, 500))
        )


def _expect(plan: Plan, clock: str) -> None:
    """Set the reasons for refusing a volume that has no fault but is ambiguous."""
    slices, phases = ({getattr(plane, name) for plane in plan.planes} for name in ("slice", "phase"))
    if len(phases) > 1 and len(slices) == 1:
        plan.required.append("one position")
    elif len(phases) > 1 and clock == "nothing" and not plan.enhanced:
        plan.required.append("order")
    elif len(phases) == 1 and plan.series_by_slice and len(slices) > 1:
        plan.required.append("series")


# Faults ---------------------------------------------------------------------------------------------------------------


def _slices_of(plan: Plan) -> set[int]:
    return {plane.slice for plane in plan.planes}


def _leave_a_slice_out(plan: Plan, odd: Plane, draw) -> None:
    if len(plan.planes) > 1:
        plan.planes[:] = [plane for plane in plan.planes if plane.slice != odd.slice] or [odd]
        plan.allowed += ["apart", "one position", "images? of"]


def _repeat_an_image(plan: Plan, odd: Plane, draw) -> None:
    plan.planes.append(replace(odd, stored=odd.stored[::-1].copy()))
    plan.required += ["one position", "images at the position", "unequal numbers"]


def _turn_an_image(plan: Plan, odd: Plane, draw) -> None:
    if len(plan.planes) > 1:
        turn = _rotation((draw(st.floats(0.01, 1.5)), draw(st.floats(-1.5, 1.5)), 0.0))
        along = np.array(odd.orientation, float).reshape(2, 3)
        odd.orientation = [text(value, 8) for value in (along @ turn.T).ravel()]
        plan.required += ["orientation", "series"]


def _change_a_spacing(plan: Plan, odd: Plane, draw) -> None:
    if len(plan.planes) > 1:
        odd.spacing = [text(float(odd.spacing[0]) * draw(st.floats(1.02, 1.5)), 7), odd.spacing[1]]
        plan.allowed.append("pixel spacing")


def _shorten_an_image(plan: Plan, odd: Plane, draw) -> None:
    if len(plan.planes) > 1 and plan.files_by == "image":
        odd.stored = odd.stored[:-1].copy()
        plan.required += ["size", "series"]


def _far(draw) -> float:
    return draw(st.floats(0.2, 3.0)) * draw(st.sampled_from([1, -1]))


def _move_an_image(plan: Plan, odd: Plane, draw) -> None:
    if len(_slices_of(plan)) > 1:
        odd.position = [text(value, 6) for value in np.array(odd.position, float) + _far(draw) * _normal(plan)]
        plan.allowed += ["apart", "images at the position", "unequal numbers", "one position", "series"]


def _move_an_image_in_plane(plan: Plan, odd: Plane, draw) -> None:
    if len(plan.planes) > 1:
        along = np.array(odd.orientation, float).reshape(2, 3)[int(plan.random.integers(2))]
        odd.position = [text(value, 6) for value in np.array(odd.position, float) + _far(draw) * along]
        plan.allowed += ["sheared", "lie in one plane", "overlap", "series"]


def _leave_a_position_out(plan: Plan, odd: Plane, draw) -> None:
    odd.position = None
    plan.required.append("ImagePositionPatient")


def _damage_a_slope(plan: Plan, odd: Plane, draw) -> None:
    odd.slope, odd.intercept = ("0", "NaN")[int(plan.random.integers(2))], odd.intercept or "0"
    plan.required.append("RescaleSlope")


def _leave_a_phase_out(plan: Plan, odd: Plane, draw) -> None:
    if len({plane.phase for plane in plan.planes}) > 1 and len(_slices_of(plan)) > 1:
        plan.planes.remove(odd)
        plan.required += ["unequal numbers", "images at the position", "series"]


def _shear_by_parts_of_pixels(plan: Plan, odd: Plane, draw) -> None:
    if any(plane.slice for plane in plan.planes):
        part = draw(st.floats(0.3, 0.7))
        _shear(plan, (part, 0) if plan.random.integers(2) else (0, 1 + part))
        plan.required += ["sheared", "overlap"]


def _add_an_echo(plan: Plan, odd: Plane, draw) -> None:
    plan.planes.extend([replace(plane, echo="60") for plane in plan.planes])
    plan.required.append("echo time")


_FAULTS = (
    _leave_a_slice_out,
    _repeat_an_image,
    _turn_an_image,
    _change_a_spacing,
    _shorten_an_image,
    _move_an_image,
    _move_an_image_in_plane,
    _leave_a_position_out,
    _damage_a_slope,
    _leave_a_phase_out,
    _shear_by_parts_of_pixels,
    _add_an_echo,
)
"""Functions that put a fault into a plan, if the plan can have it."""

_FILE_FAULTS = ("cut", "cut pixels", "emptied", "copied")
"""Kinds of damage to a file when it is written."""
