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
"""The order in time of the images at one position, and thereby the phase of each image."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError
from latent_sr.volumes.dicom.alike import check_kinds, tolerance
from latent_sr.volumes.dicom.frames import Frame


def in_time(path: Path, slices: list[list[Frame]], warnings: list[str]) -> tuple[list[list[Frame]], float]:
    """The images of each phase, in the order of the slices, and the time between phases in s (0: not known)."""
    count = Counter(len(group) for group in slices).most_common(1)[0][0]
    for group in slices:
        if len(group) != count:
            raise LatentSRError(_unequal(path, slices, group, count))
    if count == 1:
        return [[group[0] for group in slices]], 0.0
    for group in slices:
        check_kinds(path, group, None, " at one position")
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
    """Refuse images at one position from several acquisitions, such as another breath hold."""
    for name, keyword in (("series", "SeriesInstanceUID"), ("acquisitions", "AcquisitionNumber")):
        found = Counter(str(frame.file.dataset.get(keyword, "")) for frame in group)
        # The acquisition number may differ between phases.
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
    """Refuse images in one plane whose in-plane positions differ."""
    import numpy as np

    for frame in group:
        far = float(np.linalg.norm(frame.position - group[0].position))
        if far > tolerance(min(frame.pixel_spacing)):
            raise LatentSRError(
                f"{group[0].label} and {frame.label} of '{path}' lie in one plane, {far:.5g} mm apart: they are "
                "neither two slices nor two phases of one"
            )


def _clock(path: Path, slices: list[list[Frame]], warnings: list[str]) -> tuple[str, Callable[[Frame], Any]]:
    """The attribute that orders the images at a position in time: its name, and a sort key.

    Raises
    ------
    LatentSRError
        If there is no such attribute, or two attributes contradict each other.
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
                f"position of {group[0].label} for example: the {name}s are used"
            )
        else:
            raise LatentSRError(
                f"the {name}s and the {other}s of '{path}' order the images at the position of {group[0].label} "
                "differently: it can't be told which phase is which"
            )
    return name, key


def _instances_tell(slices: list[list[Frame]]) -> bool:
    """Whether instance numbers in each series run through all phases of a slice, or through all slices of a phase."""
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
