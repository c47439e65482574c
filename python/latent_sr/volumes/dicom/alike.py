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
"""Attributes that must be equal for all images of a stack, and the tolerance of their positions."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.images import numbers

_LARGEST_TOLERANCE = 0.05
_SHARE_OF_SPACING = 0.1

_SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines between slices that count as parallel."""


def tolerance(spacing: float) -> float:
    """The largest allowed distance of a pixel from the regular grid, in mm: a tenth of the spacing, at most 0.05.

    Scanners round positions to a hundredth of that or less.
    """
    return min(_LARGEST_TOLERANCE, _SHARE_OF_SPACING * spacing)


def check_alike(path: Path, frames: Sequence[Frame]) -> None:
    """Refuse images of different sizes, spacings, orientations or polarities."""
    # The message names the image that differs from most others.
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
    """The name of the first trait that must be equal and differs between two images; None if there is none."""
    import numpy as np

    if (frame.rows, frame.columns) != (other.rows, other.columns):
        return "size"
    directions = (frame.row_direction - other.row_direction, frame.column_direction - other.column_direction)
    if np.abs(directions).max() > _SAME_DIRECTION:
        return "orientation"
    # A difference of pixel spacings adds up over the longer side of an image.
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
"""Text in messages for each trait that must be equal for all images."""


def check_kinds(path: Path, frames: Sequence[Frame], names: Sequence[str] | None, where: str = "") -> None:
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
