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
"""NRRD files with a list of volumes or a time axis, as written by 3D Slicer (list first) and pynrrd (time last).

ITK reads other NRRD files. It takes a list for components of a pixel, and refuses a time axis with three spatial axes.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.volumes.images import Grid, grid_of_affine, image_of_array, settle_nonfinite
from latent_sr.volumes.phases import one_phase
from latent_sr.volumes.volume import (
    OpenedVolume,
    ReadOptions,
    ReadProgress,
    Volume,
    VolumeHeader,
    component_of,
    computed_in,
)

NRRD_EXTENSIONS = (".nrrd", ".nhdr")

_FRAME_KINDS = ("list", "time")

# Type names without sign, "_t", and the word "int" after another word.
_TYPES = {
    "char": "int8",
    "int8": "int8",
    "short": "int16",
    "int16": "int16",
    "": "int32",
    "int": "int32",
    "int32": "int32",
    "longlong": "int64",
    "int64": "int64",
    "float": "float32",
    "double": "float64",
}

# Signs of x and y in LPS. Spaces that are not defined by the patient are read as LPS, as in ITK.
_SPACES = {
    "": (1.0, 1.0),
    "left-posterior-superior": (1.0, 1.0),
    "lps": (1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0),
    "ras": (-1.0, -1.0),
    "left-anterior-superior": (1.0, -1.0),
    "las": (1.0, -1.0),
    "scanner-xyz": (1.0, 1.0),
    "3d-right-handed": (1.0, 1.0),
    "3d-left-handed": (1.0, 1.0),
}

_MILLIMETERS = {"m": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "\u00b5m": 1e-3, "micron": 1e-3}
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "us": 1e-6}


class NrrdSequence(OpenedVolume):
    """An NRRD file with three spatial axes and one axis of frames.

    Parameters
    ----------
    path
        The file.
    fields
        Its header, as read by pynrrd.
    begin
        Byte offset of the data after the header.

    Raises
    ------
    LatentSRError
        If the header does not place the volume, or the pixels are not numbers.
    """

    def __init__(self, path: Path, fields: Any, begin: int) -> None:
        self._fields, self._begin = fields, begin
        self._grid = _grid(path, fields, _sizes(fields))
        component = _component(path, fields)
        self.header = VolumeHeader(path, self._grid.size, self._grid.all_spacings, component, read_alike_by_itk=False)

    def read(self, options: ReadOptions, compute_in: str | None = None, _: ReadProgress | None = None) -> Volume:
        """The volume with time as its last axis, or its requested phase."""
        import nrrd
        import numpy as np

        path, component = self.header.path, self.header.component
        try:
            with path.open("rb") as stream:
                stream.seek(self._begin)
                data = nrrd.read_data(self._fields, stream, str(path))
        except Exception as error:  # pynrrd also passes on errors of NumPy and zlib
            raise LatentSRError(f"can't read '{path}', it is damaged: {one_line(error)}") from error
        array = np.moveaxis(data, _frame_axis(self._fields), -1).T
        array = np.array(array) if array.dtype.kind == "f" else array
        settle_nonfinite(path, array, options.nan)
        image = image_of_array(array, self._grid, compute_in or computed_in(component))
        return one_phase(Volume(path, image, component), options)


def open_nrrd_sequence(path: Path) -> NrrdSequence | None:
    """An NRRD file with three spatial axes and one axis of frames. None for others and damaged ones: ITK reads these.

    Raises
    ------
    LatentSRError
        If ``NrrdSequence`` refuses the file.
    """
    import nrrd

    if not path.name.lower().endswith(NRRD_EXTENSIONS):
        return None
    try:
        with path.open("rb") as stream:
            fields = nrrd.read_header(stream)
            begin = stream.tell()
    except Exception:  # damaged files raise many types of errors; ITK reports the problem
        return None
    if int(fields.get("dimension", 0)) != 4 or _frame_axis(fields) is None:
        return None
    return NrrdSequence(path, fields, begin)


def _frame_axis(header: Any) -> int | None:
    """The axis of frames: of the kind list or time, or the only axis without a direction in space."""
    kinds = [str(kind).lower() for kind in header.get("kinds", [])]
    axes = [axis for axis, kind in enumerate(kinds) if kind in _FRAME_KINDS]
    if not kinds or all(kind in ("domain", "space", "???", "none") for kind in kinds):
        directions = header.get("space directions")
        axes = [] if directions is None else [axis for axis in range(len(directions)) if _is_none(directions[axis])]
    return axes[0] if len(axes) == 1 else None


def _is_none(direction: Any) -> bool:
    return direction is None or any(value is None or math.isnan(value) for value in direction)


def _sizes(header: Any) -> tuple[int, ...]:
    sizes = [int(length) for length in header["sizes"]]
    sizes.append(sizes.pop(_frame_axis(header)))
    return tuple(sizes)


def _component(path: Path, header: Any) -> str:
    import numpy as np

    name = " ".join(str(header.get("type", "")).lower().split())
    words = [word for word in name.split() if word not in ("signed", "unsigned")]
    if words[-1:] == ["int"] and len(words) > 1:
        words.pop()
    unsigned = name.startswith("unsigned") or name.startswith("u")
    numpy_name = _TYPES.get("".join(words).removesuffix("_t").removeprefix("u"), "")
    if numpy_name.startswith("int") and unsigned:
        numpy_name = f"u{numpy_name}"
    component = component_of(np.dtype(numpy_name)) if numpy_name else ""
    if not component:
        raise LatentSRError(f"'{path}' has pixels of the type {name}, which is not supported")
    return component


def _unit(units: Any, number: int, known: Mapping[str, float]) -> float:
    """The unit of an axis in mm or s; 1 if it is missing or unknown."""
    if units is None or number >= len(units):
        return 1.0
    return known.get(str(units[number]).strip('" ').lower(), 1.0)


def _to_lps(path: Path, header: Any) -> Any:
    """The matrix from the file's space to LPS in mm."""
    import numpy as np

    space = str(header.get("space", "")).lower().removesuffix("-time")
    if space in ("lpst", "rast", "last"):
        space = space[:3]
    if space not in _SPACES:
        raise LatentSRError(
            f"'{path}' has the space '{header['space']}', but it has to be left-posterior-superior, "
            "right-anterior-superior or left-anterior-superior"
        )
    units = header.get("space units")
    return np.diag([*_SPACES[space], 1.0]) @ np.diag([_unit(units, number, _MILLIMETERS) for number in range(3)])


def _grid(path: Path, header: Any, size: tuple[int, ...]) -> Grid:
    import numpy as np

    if min(size) < 1:
        raise LatentSRError(f"'{path}' has the sizes {list(size)}, but they have to be positive")
    frame_axis = _frame_axis(header)
    in_space = [axis for axis in range(4) if axis != frame_axis]
    spacings, units = header.get("spacings"), header.get("units")
    step = float(spacings[frame_axis]) if spacings is not None else math.nan
    affine = np.eye(4)
    directions = header.get("space directions")
    if directions is not None:
        to_lps = _to_lps(path, header)
        affine[:3, :3] = to_lps @ np.array([np.asarray(directions[axis], float)[:3] for axis in in_space]).T
        affine[:3, 3] = to_lps @ np.asarray(header.get("space origin", (0.0, 0.0, 0.0)), float)[:3]
        if not _is_none(directions[frame_axis]) and len(directions[frame_axis]) == 4:
            step = abs(float(directions[frame_axis][3]))  # a space with time
    elif spacings is not None:
        for number, axis in enumerate(in_space):
            spacing = float(spacings[axis])
            affine[number, number] = (1.0 if math.isnan(spacing) else spacing) * _unit(units, axis, _MILLIMETERS)
    step *= _unit(units, frame_axis, _SECONDS)
    return grid_of_affine(path, "space directions", size, affine, step if 0 < step < math.inf else 1.0)
