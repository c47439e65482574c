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
"""Headers, volumes, options of reading, and pixel types.

ITK's Python classes exist for a few pixel types only. Volumes of other types are computed in a type that represents
every value, and converted back when they are written:

=====================  ============  ===============
stored as              computed in   written as
=====================  ============  ===============
uint8, int16, uint16   the same      the same
float32, float64       the same      the same
int8                   int16         int16
int32, uint32, uint64  float64       the same, rounded and saturated
int64                  float64       float64
=====================  ============  ===============
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.errors import UsageError

# Component type, as ITK's image IO names it: (type in memory, type in output files).
_COMPONENTS = {
    "unsigned_char": ("UC", "UC"),
    "short": ("SS", "SS"),
    "unsigned_short": ("US", "US"),
    "float": ("F", "F"),
    "double": ("D", "D"),
    "char": ("SS", "SS"),
    "int": ("D", "SI"),
    "unsigned_int": ("D", "UI"),
    "unsigned_long": ("D", "ULL"),
    "unsigned_long_long": ("D", "ULL"),
    "long": ("D", "D"),
    "long_long": ("D", "D"),
}

INTEGERS_OF_FILES = {"SI": "int32", "UI": "uint32", "ULL": "uint64"}
"""ITK's short names of the types to which values are rounded and saturated when they are written, as NumPy types."""

_TYPE_NAMES = {
    "UC": "uint8",
    "SS": "int16",
    "US": "uint16",
    "F": "float32",
    "D": "float64",
    **INTEGERS_OF_FILES,
}
"""ITK's short names of the types of output files, and those that users know."""

_NUMPY_COMPONENTS = {
    "uint8": "unsigned_char",
    "int8": "char",
    "int16": "short",
    "uint16": "unsigned_short",
    "int32": "int",
    "uint32": "unsigned_int",
    "int64": "long",
    "uint64": "unsigned_long",
    "float32": "float",
    "float64": "double",
}


def is_supported(component: str) -> bool:
    """Whether volumes of a component type, as ITK's image IO names it, can be read."""
    return component in _COMPONENTS


def computed_in(component: str) -> str:
    """ITK's short name of the type in memory of volumes that are stored in a component type."""
    return _COMPONENTS[component][0]


def written_as(component: str) -> str:
    """ITK's short name of the type in output files of volumes that are stored in a component type."""
    return _COMPONENTS[component][1]


def written_type(component: str) -> str:
    """The name, such as int16, of the type in output files of volumes that are stored in a component type."""
    return _TYPE_NAMES[written_as(component)]


def component_of(numpy_type: Any) -> str:
    """The component type, as ITK's image IO names it, of a NumPy type; empty if there is none."""
    return _NUMPY_COMPONENTS.get(numpy_type.name, "")


@dataclass(frozen=True)
class ReadOptions:
    """The user's options for reading volumes.

    Attributes
    ----------
    series
        SeriesInstanceUIDs or series numbers of the DICOM series to read. Empty: the only series.
    phase
        Number of the phase (time frame) to read from 4D volumes; 0 is the first. None: all phases.
    nan
        Value that replaces NaN and infinite pixels. None: such volumes are refused.
    """

    series: tuple[str, ...] = ()
    phase: int | None = None
    nan: float | None = None

    def __post_init__(self) -> None:
        if self.phase is not None and self.phase < 0:
            raise UsageError(f"phase is {self.phase}, but has to be at least 0")


DEFAULT_READING = ReadOptions()
"""All phases of the only series. Pixels that are not finite are refused."""


@dataclass(frozen=True)
class VolumeHeader:
    """What is known of a volume before its pixels are read.

    Attributes
    ----------
    path
        The file or DICOM folder.
    size
        Number of pixels along each axis, fastest first; 2 to 4 axes.
    spacing
        Spacing along each axis in mm; of the time axis in s, if it is known.
    component
        Component type as ITK's image IO names it, for example "short".
    slice_axis
        The axis along which the slices of a DICOM volume are stacked; None: the file does not specify it.
    slice_thickness
        In mm, from DICOM files or the BIDS sidecar of a NIfTI file; 0: not known.
    thickness_source
        What the slice thickness was taken from, as text; empty if it is not known.
    read_alike_by_itk
        Whether ITK's own reader gives the same pixels and spacing.
    warnings
        Warnings of the reader, as sentences.
    """

    path: Path
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    component: str
    slice_axis: int | None = None
    slice_thickness: float = 0.0
    thickness_source: str = ""
    read_alike_by_itk: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """Number of its 3D volumes."""
        return self.size[3] if len(self.size) == 4 else 1


@dataclass(frozen=True)
class Volume:
    """An image, with other information from its file.

    Attributes
    ----------
    path
        The file or DICOM folder.
    image
        ``itk.Image``.
    component
        Component type in the file, as ITK's image IO names it.
    slice_thickness, thickness_source, slice_axis
        As in ``VolumeHeader``.
    warnings
        Warnings of the reader, as sentences.
    source
        The ``latent_sr.volumes.dicom.stack.Stack`` that a DICOM volume was read from; None for other formats.
    """

    path: Path
    image: Any
    component: str
    slice_thickness: float = 0.0
    slice_axis: int | None = None
    warnings: tuple[str, ...] = ()
    thickness_source: str = ""
    source: Any = None


ReadProgress = Callable[[int, int], None]
"""Called with the number of files or images read so far, and their total number."""


class OpenedVolume:
    """A volume whose header has been read once, and whose pixels have not been read yet.

    Attributes
    ----------
    header
        What is known before the pixels are read.
    """

    header: VolumeHeader

    def read(self, options: ReadOptions, compute_in: str | None = None, progress: ReadProgress | None = None) -> Volume:
        """The volume, or its requested phase.

        Parameters
        ----------
        options
            The options with which the volume was opened.
        compute_in
            ITK's short name of the pixel type of the image. Default: the type in the table above.
        progress
            Called while DICOM files are read.

        Raises
        ------
        LatentSRError
            If the pixels can't be read or are refused.
        """
        raise NotImplementedError

    def check_pixels(self) -> None:
        """Refuse damaged or missing pixels that ITK's own reader would accept.

        Raises
        ------
        LatentSRError
            If ``read`` would refuse them.
        """


def default_slice_axis(spacing: Sequence[float]) -> int | None:
    """The axis of the largest of three spacings; None if two axes have it."""
    largest = max(spacing[:3])
    axes = [axis for axis in range(3) if spacing[axis] > largest * (1 - 1e-3)]
    return axes[0] if len(axes) == 1 else None


def slice_axis_of(header: VolumeHeader) -> int | None:
    """The axis along which slices are stacked: as the file specifies, else the axis of the largest spacing."""
    return default_slice_axis(header.spacing) if header.slice_axis is None else header.slice_axis
