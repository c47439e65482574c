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
"""The images in DICOM files: their position, pixel values, and attributes that distinguish images at one position.

A classic file holds one image, with its attributes at the top level. An enhanced file holds many images. Their
attributes are in functional groups, either shared by all frames or separate for each frame (DICOM PS3.3, C.7.6.16).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.volumes.dicom.scan import DicomFile
from latent_sr.volumes.images import numbers

_LARGEST_ROUNDING = 1e-3
"""Largest deviation of direction cosines from two orthogonal unit vectors."""

# The part of a complex number that an MR image shows, as the third value of ImageType or FrameType.
_COMPLEX_PARTS = ("M", "P", "R", "I", "MAGNITUDE", "PHASE", "REAL", "IMAGINARY", "VELOCITY", "PHASE MAP", "MIXED")


@dataclass(frozen=True)
class Frame:
    """An image of a DICOM file.

    Attributes
    ----------
    file
        The file that holds the image.
    number
        Number of the image in the file, from 0.
    position
        Center of the first pixel in mm (LPS): ImagePositionPatient.
    row_direction, column_direction
        Orthogonal unit vectors along which the column and row indices grow: ImageOrientationPatient.
    written_directions
        The same vectors as written in the file, where they are rounded.
    pixel_spacing
        Distance between rows and between columns in mm.
    rows, columns
        Size of the image.
    slope, intercept
        The value of a pixel is slope * stored value + intercept.
    lowest, highest
        Smallest and largest stored value that the stored bits allow.
    bits
        Bits of a stored value in memory: 8, 16 or 32.
    photometric
        PhotometricInterpretation: MONOCHROME1 or MONOCHROME2. It does not change pixel values.
    thickness
        SliceThickness in mm; 0: not known.
    kinds
        Attributes that distinguish images at the same position, such as the echo time. Times of acquisition are not
        among them.
    times
        Times of acquisition, by attribute: in s within the heart beat, or as the number of a phase.
    instance
        InstanceNumber; None if it is missing.
    time_resolution
        TemporalResolution in s; 0: not known.
    """

    file: DicomFile
    number: int
    position: Any
    row_direction: Any
    column_direction: Any
    written_directions: tuple[Any, Any]
    pixel_spacing: tuple[float, float]
    rows: int
    columns: int
    slope: float
    intercept: float
    lowest: int
    highest: int
    bits: int
    photometric: str
    thickness: float = 0.0
    kinds: dict[str, str] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    instance: int | None = None
    time_resolution: float = 0.0

    @property
    def path(self) -> Path:
        """The file's name."""
        return self.file.path

    @property
    def label(self) -> str:
        """The name of the image in messages."""
        return f"frame {self.number + 1} of '{self.path}'" if self.is_enhanced else f"'{self.path}'"

    @property
    def is_enhanced(self) -> bool:
        """Whether the attributes are in functional groups."""
        return "PerFrameFunctionalGroupsSequence" in self.file.dataset

    @property
    def normal(self) -> Any:
        """Unit vector perpendicular to the image plane."""
        import numpy as np

        return np.cross(self.row_direction, self.column_direction)

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers that double precision represents."""
        ends = [self.slope * stored + self.intercept for stored in (self.lowest, self.highest)]
        return max(map(abs, ends)) < 2**53 and self.slope == int(self.slope) and self.intercept == int(self.intercept)


def frames_of(file: DicomFile) -> list[Frame]:
    """The images of a file.

    Raises
    ------
    LatentSRError
        With the file, the attribute, its value and what is allowed.
    """
    try:
        return _frames(file)
    except LatentSRError:
        raise
    except Exception as error:  # pydicom parses values when they are used; damaged ones raise many types of errors
        raise LatentSRError(f"can't read '{file.path}', it is damaged: {one_line(error)}") from error


def _frames(file: DicomFile) -> list[Frame]:
    dataset = file.dataset
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    count = _whole(file, dataset, "NumberOfFrames", 1)
    if per_frame is None:
        if count != 1:
            raise LatentSRError(
                f"'{file.path}' holds {count} frames, but not where each of them lies "
                "(PerFrameFunctionalGroupsSequence (5200,9230)): their positions are not known"
            )
        return [_frame(file, 0, _Attributes(dataset, None))]
    if len(per_frame) != count:
        raise LatentSRError(
            f"'{file.path}' says that it holds {count} frames, but describes {len(per_frame)} of them: it is damaged"
        )
    return [_frame(file, number, _Attributes(dataset, item)) for number, item in enumerate(per_frame)]


class _Attributes:
    """The attributes of a frame: from its functional groups, the shared ones, or the top level of the file."""

    def __init__(self, dataset: Any, item: Any) -> None:
        self.dataset = dataset
        shared = dataset.get("SharedFunctionalGroupsSequence") or []
        self.groups = [] if item is None else [item, *shared[:1]]
        self.is_enhanced = item is not None

    def get(self, keyword: str, sequence: str = "") -> Any:
        """The value of an attribute in the functional group ``sequence``; None if it is missing or empty."""
        for value in self._candidates(keyword, sequence):
            if value is not None and value != "":
                return value
        return None

    def _candidates(self, keyword: str, sequence: str) -> Iterator[Any]:
        for group in self.groups:
            for item in group.get(sequence) or [] if sequence else []:
                yield item.get(keyword)
        yield self.dataset.get(keyword)


def _frame(file: DicomFile, number: int, attributes: _Attributes) -> Frame:
    _check_pixels(file)
    rows, columns = (_whole(file, file.dataset, keyword, 0) for keyword in ("Rows", "Columns"))
    for keyword, value in (("Rows", rows), ("Columns", columns)):
        if value < 1:
            raise LatentSRError(f"'{file.path}' has {keyword} {value}: it is cut off, or not an image")
    row_direction, column_direction, written = _orientation(file, attributes)
    slope, intercept = _rescale(file, attributes)
    bits, lowest, highest = _stored_range(file)
    return Frame(
        file=file,
        number=number,
        position=_vector(file, attributes, "ImagePositionPatient", "PlanePositionSequence", 3),
        row_direction=row_direction,
        column_direction=column_direction,
        written_directions=written,
        pixel_spacing=_pixel_spacing(file, attributes),
        rows=rows,
        columns=columns,
        slope=slope,
        intercept=intercept,
        lowest=lowest,
        highest=highest,
        bits=bits,
        photometric=str(file.dataset.get("PhotometricInterpretation", "")).strip(),
        thickness=_thickness(attributes),
        kinds=_kinds(attributes),
        times=_times(attributes),
        instance=_instance(file),
        time_resolution=_number(attributes.dataset.get("TemporalResolution")) / 1000,
    )


def _check_pixels(file: DicomFile) -> None:
    dataset = file.dataset
    if "PixelData" not in dataset:
        raise LatentSRError(
            f"'{file.path}' has no PixelData (7FE0,0010): its pixels are in floating point, which is not supported"
        )
    if "MOSAIC" in (str(value).upper() for value in _values(dataset.get("ImageType"))):
        raise LatentSRError(
            f"'{file.path}' is a mosaic (ImageType (0008,0008) has MOSAIC): it holds many slices side by side, whose "
            "positions are not in it; convert it by the vendor's rules first, with dcm2niix for example"
        )
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    samples = _whole(file, dataset, "SamplesPerPixel", 1)
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise LatentSRError(
            f"'{file.path}' has the photometric interpretation '{photometric}' and {samples} samples per pixel, but "
            "images have to be MONOCHROME1 or MONOCHROME2 with one"
        )
    if "ModalityLUTSequence" in dataset and dataset.ModalityLUTSequence:
        raise LatentSRError(
            f"'{file.path}' gives its values by a table (ModalityLUTSequence (0028,3000)), but only RescaleSlope and "
            "RescaleIntercept are supported"
        )


def _whole(file: DicomFile, dataset: Any, keyword: str, default: int) -> int:
    try:
        value = dataset.get(keyword)
        return default if value is None or value == "" else int(value)
    except (TypeError, ValueError) as error:
        raise LatentSRError(
            f"'{file.path}' has the {keyword} '{dataset.get(keyword)}', but it has to be a number"
        ) from error


def _number(value: Any) -> float:
    """A number; 0 if the value is not a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _vector(file: DicomFile, attributes: _Attributes, keyword: str, sequence: str, length: int) -> Any:
    import numpy as np

    value = attributes.get(keyword, sequence)
    if value is None:
        raise LatentSRError(
            f"'{file.path}' has no {keyword}: the position of its slices is not known, so they can't be put into a "
            "stack"
        )
    try:
        vector = np.array([float(part) for part in value])
    except (TypeError, ValueError):
        vector = np.array([math.nan])
    if vector.size != length or not np.isfinite(vector).all():
        raise LatentSRError(f"'{file.path}' has the {keyword} {value}, but it has to be {length} finite numbers")
    return vector


def _orientation(file: DicomFile, attributes: _Attributes) -> tuple[Any, Any, tuple[Any, Any]]:
    import numpy as np

    vector = _vector(file, attributes, "ImageOrientationPatient", "PlaneOrientationSequence", 6)
    row, column = vector[:3], vector[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not (
        abs(lengths[0] - 1) <= _LARGEST_ROUNDING
        and abs(lengths[1] - 1) <= _LARGEST_ROUNDING
        and abs(row @ column) <= _LARGEST_ROUNDING
    ):
        raise LatentSRError(
            f"'{file.path}' has the ImageOrientationPatient {numbers(vector, ', ')}, but it has to be two orthogonal "
            "unit vectors"
        )
    unit = row / lengths[0]
    orthogonal = column - unit * (unit @ column)
    return unit, orthogonal / np.linalg.norm(orthogonal), (row, column)


def _pixel_spacing(file: DicomFile, attributes: _Attributes) -> tuple[float, float]:
    value = attributes.get("PixelSpacing", "PixelMeasuresSequence")
    try:
        rows, columns = (float(part) for part in value)
    except (TypeError, ValueError):
        rows = columns = math.nan
    if not (0 < rows < math.inf and 0 < columns < math.inf):
        has = "no PixelSpacing (0028,0030)" if value is None else f"the PixelSpacing {value}"
        raise LatentSRError(f"'{file.path}' has {has}, but it has to be two positive numbers")
    return rows, columns


def _rescale(file: DicomFile, attributes: _Attributes) -> tuple[float, float]:
    found = []
    for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        value = attributes.get(keyword, "PixelValueTransformationSequence")
        try:
            number = default if value is None else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or (keyword == "RescaleSlope" and number == 0):
            allowed = "finite and not 0" if keyword == "RescaleSlope" else "finite"
            raise LatentSRError(f"'{file.path}' has the {keyword} {value}, but it has to be {allowed}")
        found.append(number)
    return found[0], found[1]


def _stored_range(file: DicomFile) -> tuple[int, int, int]:
    dataset = file.dataset
    allocated = _whole(file, dataset, "BitsAllocated", 0)
    stored = _whole(file, dataset, "BitsStored", allocated)
    if allocated not in (8, 16, 32) or not 1 <= stored <= allocated:
        raise LatentSRError(
            f"'{file.path}' has {stored} bits stored in {allocated} (BitsStored, BitsAllocated), but images have 8, "
            "16 or 32"
        )
    highest_bit = _whole(file, dataset, "HighBit", stored - 1)
    if highest_bit != stored - 1:
        raise LatentSRError(
            f"'{file.path}' has HighBit {highest_bit} and BitsStored {stored}, but values have to be in the lowest bits"
        )
    if _whole(file, dataset, "PixelRepresentation", 0) == 1:
        return allocated, -(2 ** (stored - 1)), 2 ** (stored - 1) - 1
    return allocated, 0, 2**stored - 1


def _thickness(attributes: _Attributes) -> float:
    return max(0.0, _number(attributes.get("SliceThickness", "PixelMeasuresSequence")))


def _instance(file: DicomFile) -> int | None:
    try:
        return int(file.dataset.InstanceNumber)
    except (AttributeError, TypeError, ValueError):
        return None


def _kinds(attributes: _Attributes) -> dict[str, str]:
    """The attributes, other than times, that distinguish images at the same position."""
    kinds: dict[str, str] = {}
    parts = [
        str(attributes.get("ComplexImageComponent", "MRImageFrameTypeSequence") or ""),
        *(str(value) for value in _values(attributes.get("FrameType", "MRImageFrameTypeSequence"))[2:3]),
        *(str(value) for value in _values(attributes.dataset.get("ImageType"))[2:3]),
    ]
    part = next((part for part in parts if part.upper() in _COMPLEX_PARTS), None)
    if part is not None:
        kinds["part of the complex image"] = part
    for name, keyword, sequence in (
        ("echo time", "EffectiveEchoTime", "MREchoSequence"),
        ("echo time", "EchoTime", ""),
        ("echo number", "EchoNumbers", ""),
        ("inversion time", "InversionTimes", "MRModifierSequence"),
        ("inversion time", "InversionTime", ""),
        ("image type", "FrameType", "MRImageFrameTypeSequence"),
        ("image type", "ImageType", ""),
        ("reconstruction kernel", "ConvolutionKernel", "CTReconstructionSequence"),
        ("stack", "StackID", "FrameContentSequence"),
        ("flip angle", "FlipAngle", "MRTimingAndRelatedParametersSequence"),
        ("b value", "DiffusionBValue", "MRDiffusionSequence"),
    ):
        value = attributes.get(keyword, sequence)
        if value is not None and name not in kinds:
            kinds[name] = "\\".join(_text(part) for part in _values(value))
    return kinds


def _values(value: Any) -> list[Any]:
    """The values of an attribute, which may have one or several."""
    if value is None:
        return []
    return [value] if isinstance(value, (str, int, float)) else list(value)


def _text(value: Any) -> str:
    """A value as text. A number gives the same text in all its spellings."""
    try:
        return f"{float(value):.5g}"
    except (TypeError, ValueError):
        return str(value)


def _times(attributes: _Attributes) -> dict[str, float]:
    times: dict[str, float] = {}
    for name, keyword, sequence, scale in (
        ("trigger time", "NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence", 1e-3),
        ("trigger time", "TriggerTime", "", 1e-3),
        ("temporal position", "TemporalPositionIndex", "FrameContentSequence", 1.0),
        ("temporal position", "TemporalPositionIdentifier", "", 1.0),
        ("time offset", "TemporalPositionTimeOffset", "TemporalPositionSequence", 1.0),
    ):
        value = attributes.get(keyword, sequence)
        if value is None or name in times:
            continue
        try:
            number = scale * float(value)
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            times[name] = number
    return times
