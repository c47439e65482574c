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
"""BIDS sidecars: what the JSON file beside a NIfTI file says of its acquisition, and NIfTI can't.

``X.json`` belongs to ``X.nii.gz`` or ``X.nii``, as dcm2niix writes it. Sidecars of outer folders (the inheritance of
BIDS) are not looked up: they describe several images.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latent_sr.volumes.images import Grid, numbers
from latent_sr.volumes.names import stem_of
from latent_sr.volumes.volume import VolumeHeader, slice_axis_of

_LARGEST = 2**24
"""Most bytes of a sidecar. Those of dcm2niix have a few thousand."""

_DISAGREE = 0.01
"""Relative difference from which on a sidecar and a header disagree."""


@dataclass(frozen=True)
class Sidecar:
    """The entries of a sidecar that matter here. None: not given.

    Attributes
    ----------
    path
        The JSON file.
    slice_thickness, spacing_between_slices
        In mm.
    repetition_time
        Time from volume to volume in s.
    """

    path: Path
    slice_thickness: float | None = None
    spacing_between_slices: float | None = None
    repetition_time: float | None = None


def sidecar_path(path: Path) -> Path:
    """The name of the sidecar of a volume."""
    return path.with_name(f"{stem_of(path)}.json")


def read_sidecar(path: Path, warnings: list[str]) -> Sidecar | None:
    """The sidecar of a NIfTI file; None without one. A damaged one is ignored with a warning."""
    file = sidecar_path(path)
    if not file.is_file():
        return None
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError(f"it has {file.stat().st_size} bytes, and more than {_LARGEST} are not read")
        content = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(content, dict):
            raise ValueError("it does not hold an object with names")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        warnings.append(f"the sidecar '{file}' is ignored: {reason}")
        return None
    entries = {
        "slice_thickness": "SliceThickness",
        "spacing_between_slices": "SpacingBetweenSlices",
        "repetition_time": "RepetitionTime",
    }
    found = {name: _positive(file, content, key, warnings) for name, key in entries.items()}
    return Sidecar(file, **found) if any(value is not None for value in found.values()) else None


def with_sidecar(header: VolumeHeader, grid: Grid, time_is_known: bool) -> tuple[VolumeHeader, Grid]:
    """A header and a grid, with what the sidecar of the file adds: slice thickness, and the time step of a 4D volume.

    Where the sidecar disagrees with the header of the file, the header is taken, with a warning.

    Parameters
    ----------
    header, grid
        Of a NIfTI file.
    time_is_known
        Whether the header of the file contains the time step.
    """
    warnings = list(header.warnings)
    sidecar = read_sidecar(header.path, warnings)
    if sidecar is None:
        return replace(header, warnings=tuple(warnings)), grid
    axis = slice_axis_of(header)
    if axis is not None and sidecar.spacing_between_slices is not None:
        _compare(
            header, sidecar, "SpacingBetweenSlices", sidecar.spacing_between_slices, header.spacing[axis], warnings
        )
    if len(header.size) == 4 and sidecar.repetition_time is not None:
        if time_is_known:
            _compare(header, sidecar, "RepetitionTime", sidecar.repetition_time, header.spacing[3], warnings)
        else:
            grid = replace(grid, time_step=sidecar.repetition_time)
            header = replace(header, spacing=grid.all_spacings)
    thickness = sidecar.slice_thickness or 0.0
    said = f"SliceThickness in '{sidecar.path.name}'" if thickness else ""
    return replace(header, slice_thickness=thickness, thickness_source=said, warnings=tuple(warnings)), grid


def _positive(file: Path, content: dict[str, Any], key: str, warnings: list[str]) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        text = json.dumps(value)
        shown = text if len(text) <= 40 else f"{text[:40]} …"
        warnings.append(f"{key} in '{file}' is {shown}, but has to be a positive number: it is ignored")
        return None
    return float(value)


def _compare(
    header: VolumeHeader, sidecar: Sidecar, key: str, value: float, of_file: float, warnings: list[str]
) -> None:
    if abs(value - of_file) <= _DISAGREE * max(value, of_file):
        return
    unit = "s" if key == "RepetitionTime" else "mm"
    name = header.path.name
    warnings.append(
        f"{key} in '{sidecar.path}' is {numbers([value])} {unit}, but '{name}' says {numbers([of_file])} {unit}: "
        f"'{name}' is taken"
    )
