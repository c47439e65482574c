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
"""The series in a folder, and the choice of those that form the requested volume.

A volume is one series, or several series that hold one slice of a cine each, as cardiac scanners export a cine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.volumes.dicom.frames import Frame, frames_of
from latent_sr.volumes.dicom.scan import DicomFile
from latent_sr.volumes.volume import ReadOptions

_SAME_PLACE = 1e-3
"""Largest distance in mm between positions that count as equal."""


@dataclass
class Series:
    """Files with one SeriesInstanceUID."""

    uid: str
    files: list[DicomFile] = field(default_factory=list)

    @cached_property
    def frames(self) -> list[Frame]:
        """The images in the files."""
        return [frame for file in self.files for frame in frames_of(file)]

    def attribute(self, keyword: str) -> str:
        """An attribute of the first file as text; empty if it is missing."""
        value = self.files[0].dataset.get(keyword)
        return "" if value is None else str(value).strip()

    def describe(self) -> str:
        """UID, number, description and size, for lists in messages."""
        files = f"{len(self.files)} file{'s' if len(self.files) > 1 else ''}"
        parts = [f"number {self.attribute('SeriesNumber')}"] if self.attribute("SeriesNumber") else []
        if self.attribute("SeriesDescription"):
            parts.append(f"'{self.attribute('SeriesDescription')}'")
        images = sum(int(file.dataset.get("NumberOfFrames") or 1) for file in self.files)
        size = f" of {self.attribute('Columns')} x {self.attribute('Rows')} pixels" if self.attribute("Rows") else ""
        parts.append(f"{images} image{'s' if images > 1 else ''}{size}")
        return f"{self.uid or 'without a UID'} ({files}): {', '.join(parts)}"


def series_of(files: Sequence[DicomFile]) -> list[Series]:
    """The series of some files, ordered by series number."""
    found: dict[str, Series] = {}
    for file in files:
        uid = str(file.dataset.get("SeriesInstanceUID", ""))
        found.setdefault(uid, Series(uid)).files.append(file)

    def number(series: Series) -> tuple[int, str]:
        try:
            return int(series.attribute("SeriesNumber")), series.uid
        except ValueError:
            return 2**31, series.uid

    return sorted(found.values(), key=number)


def _check_uids(files: Sequence[DicomFile]) -> None:
    """Refuse a file without a series if other files have one: it is truncated within its attributes."""
    without = [file.path for file in files if not file.dataset.get("SeriesInstanceUID")]
    if without and len(without) < len(files):
        raise LatentSRError(
            f"'{without[0]}' has no SeriesInstanceUID (0020,000E), but other files beside it have: it is cut off"
        )


def choose_frames(path: Path, files: Sequence[DicomFile], options: ReadOptions) -> list[Frame]:
    """The images of the requested volume.

    Raises
    ------
    UsageError
        If a requested series does not exist, or several series have its number.
    LatentSRError
        If no series is requested and there are several that are not the slices of one cine, or if an image exists
        twice.
    """
    _check_uids(files)
    every = series_of(files)
    chosen = _asked_for(path, every, options.series) if options.series else every
    if len(chosen) > 1:
        _check_slices_of_a_cine(path, chosen)
    _check_unique(chosen)
    _check_concatenations(chosen)
    return [frame for series in chosen for frame in series.frames]


def _asked_for(path: Path, every: Sequence[Series], names: Sequence[str]) -> list[Series]:
    chosen: dict[str, Series] = {}
    for name in names:
        found = [series for series in every if name in (series.uid, series.attribute("SeriesNumber"))]
        if len(found) != 1:
            listed = "; ".join(series.describe() for series in every)
            has = "no series" if not found else f"{len(found)} series"
            raise UsageError(f"'{path}' has {has} with the UID or number '{name}', but it has to be one of: {listed}")
        chosen[found[0].uid] = found[0]
    return list(chosen.values())


def _check_slices_of_a_cine(path: Path, chosen: Sequence[Series]) -> None:
    """Refuse series that are not the slices of one cine.

    ``make_stack`` checks later whether the slices form a stack and have the same number of phases: its messages are
    more specific.

    Raises
    ------
    LatentSRError
        With a list of the series, and the error of an image if one can't be placed.
    """
    wrong = ""
    try:
        if _are_slices_of_a_cine(chosen):
            return
    except LatentSRError as error:
        wrong = f"; besides, {error}"
    listed = "; ".join(series.describe() for series in chosen)
    raise LatentSRError(
        f"'{path}' holds {len(chosen)} DICOM series, but a volume is one of them (or the slices of one cine, a series "
        f"each): choose with --series UID or NUMBER (in Python, series=...): {listed}{wrong}"
    )


def _are_slices_of_a_cine(chosen: Sequence[Series]) -> bool:
    """Whether each series holds the phases of one slice, and all slices are parallel and of equal size.

    Raises
    ------
    LatentSRError
        If an image of a series has no valid position.
    """
    import numpy as np

    frames = [series.frames for series in chosen]
    first = frames[0][0]
    for series in chosen:
        if len(series.frames) < 2 or any(
            series.attribute(keyword) != chosen[0].attribute(keyword)
            for keyword in ("StudyInstanceUID", "FrameOfReferenceUID")
        ):
            return False
        for frame in series.frames:
            if not (
                (frame.rows, frame.columns) == (first.rows, first.columns)
                and np.allclose(frame.row_direction, first.row_direction, atol=1e-3)
                and np.allclose(frame.column_direction, first.column_direction, atol=1e-3)
                and np.allclose(frame.position, series.frames[0].position, atol=_SAME_PLACE)
            ):
                return False
    return True


def _check_unique(chosen: Sequence[Series]) -> None:
    """Refuse an image that exists twice."""
    seen: dict[Any, Path] = {}
    for series in chosen:
        for file in series.files:
            uid = str(file.dataset.get("SOPInstanceUID", ""))
            if uid and seen.setdefault(uid, file.path) != file.path:
                raise LatentSRError(
                    f"'{seen[uid]}' and '{file.path}' are the same image (SOPInstanceUID {uid}): remove one of them"
                )


def _check_concatenations(chosen: Sequence[Series]) -> None:
    """Refuse an image that is stored in several files if one of them is missing (DICOM PS3.3, C.7.6.16)."""
    parts: dict[str, list[DicomFile]] = {}
    for series in chosen:
        for file in series.files:
            if file.dataset.get("ConcatenationUID"):
                parts.setdefault(str(file.dataset.ConcatenationUID), []).append(file)
    for files in parts.values():
        there = sorted(int(file.dataset.get("InConcatenationNumber") or 0) for file in files)
        total = max(int(file.dataset.get("InConcatenationTotalNumber") or 0) for file in files)
        if there != list(range(1, max(total, len(files)) + 1)):
            raise LatentSRError(
                f"'{files[0].path}' is a part of an image in {total or 'several'} files, but only the numbers "
                f"{', '.join(map(str, there))} exist: all of them are needed"
            )
