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
"""Random DICOM volumes come out right, or are refused with the true reason.

pydicom writes the files. What is expected is worked out from the attributes that were written, without the product's
code: each acquired pixel has to lie at its place in the image, with its value and in its phase, and nothing beside it.
"""

import math
import re
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from dicom_files import (
    DISTANCE,
    OBLIQUE,
    SERIES,
    cine,
    classic,
    directions,
    enhanced,
    name_of,
    pixels,
    places,
    save,
    stack,
)
from latent_sr.errors import LatentSRError
from latent_sr.volumes import ReadOptions, open_volume, read_header

hypothesis = pytest.importorskip("hypothesis")
pydicom = pytest.importorskip("pydicom")
st = pytest.importorskip("hypothesis.strategies")

CLASSIC, ENHANCED = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
STUDY, FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2"
FARTHEST = 0.05
"""In mm: how far a pixel may lie from its place."""

PHASE = 41.3
"""In ms: the time from one phase to the next."""

# Planes: what is written, and what is expected ------------------------------------------------------------------------


@dataclass(eq=False)
class Plane:
    """An image that a scanner acquired, its attributes as they are written: numbers as text."""

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
        """What its stored values mean."""
        return float(self.slope or 1) * self.stored.astype(float) + float(self.intercept or 0)

    def place(self, column: int, row: int) -> np.ndarray:
        """The center of a pixel by the equation of DICOM PS3.3, C.7.6.2.1.1."""
        position, along = np.array(self.position, float), np.array(self.orientation, float)
        row_spacing, column_spacing = map(float, self.spacing)
        return position + column * column_spacing * along[:3] + row * row_spacing * along[3:]


@dataclass
class Plan:
    """Files of a volume, and what is expected of the reader.

    Attributes
    ----------
    planes
        All images, in the order of the files or frames.
    required
        What the message has to say of a volume that must be refused, by reason.
    allowed
        What the message may say of a volume that may be refused.
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


def _text(value: float, digits: int) -> str:
    """A number as a decimal string, which has 16 characters at most."""
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
    """Directions of rows and columns (2 x 3), and the number of digits that they are written with."""
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
_SLICE_FAULTS = (
    "missing",
    "repeated",
    "turned",
    "spacing",
    "matrix",
    "moved",
    "moved in plane",
    "no position",
    "slope",
)
_STACK_FAULTS = ("unequal phases", "shear", "echoes")
_FILE_FAULTS = ("cut", "cut pixels", "emptied", "copied")


@st.composite
def plans(draw) -> Plan:
    """Volumes of all kinds, most of them without a fault."""
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
    fault = draw(st.none() | st.sampled_from([*_SLICE_FAULTS, *_STACK_FAULTS, *_FILE_FAULTS]))
    shear = draw(st.sampled_from([(0, 0)] * 6 + [(1, 0), (0, -1), (-2, 1)]))
    series_by_slice = slices > 1 and draw(st.sampled_from([False, False, True] if phases > 1 else [False] * 9 + [True]))
    files_by = draw(st.sampled_from(["volume", "phase", "slice"])) if enhanced else "image"
    origin = random.uniform(-300, 300, 3) * draw(st.sampled_from([0, 1, 1, 1, 1000]))
    position_digits = draw(st.integers(3, 8))

    planes = _planes(
        random, (slices, phases), (rows, columns), directions, digits, spacing, distance, origin, position_digits
    )
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
        file_fault=None,
        random=random,
    )
    _store(plan, rescale)
    _shear(plan, shear, position_digits)
    _set_clock(plan, clock)
    _order(plan, clock)
    if fault is not None:
        _put_in(plan, fault, draw)
    _expect(plan, clock)
    return plan


def _planes(random, counts, size, directions, digits, spacing, distance, origin, position_digits) -> list[Plane]:
    normal = np.cross(*directions)
    orientation = [_text(value, digits) for value in directions.ravel()]
    planes = []
    for number in range(counts[0]):
        position = [_text(value, position_digits) for value in origin + number * distance * normal]
        for phase in range(counts[1]):
            stored = random.integers(0, 256, size)
            planes.append(Plane(number, phase, stored, position, orientation, [_text(s, 7) for s in spacing]))
    return planes


def _store(plan: Plan, rescale: str) -> None:
    """Values that fill the bits, and what they mean."""
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
    """Shift each slice against the one before it, by columns and rows."""
    first = plan.planes[0]
    moved = {}
    for number in {plane.slice for plane in plan.planes}:
        shift = first.place(pixels[0] * number, pixels[1] * number) - first.place(0, 0)
        moved[number] = shift
    for plane in plan.planes:
        if pixels != (0, 0):
            position = np.array(plane.position, float) + moved[plane.slice]
            plane.position = [_text(value, digits) for value in position]
    steps = max(moved)
    rows, columns = first.stored.shape
    if abs(pixels[0]) * steps >= columns or abs(pixels[1]) * steps >= rows:
        plan.required.append("overlap")


def _set_clock(plan: Plan, clock: str) -> None:
    """What tells phases apart."""
    start = plan.random.uniform(0, 30, 10)
    for plane in plan.planes:
        if clock in ("trigger", "all"):
            # Slices are acquired one by one, and each has times of its own.
            plane.trigger = round(start[plane.slice] + PHASE * plane.phase, 3)
        if clock in ("temporal", "all"):
            plane.temporal = plane.phase + 1


def _order(plan: Plan, clock: str) -> None:
    """The order of the images, and their instance numbers."""
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
    """What is refused without any fault, because it can't be told what it is."""
    slices, phases = ({getattr(plane, name) for plane in plan.planes} for name in ("slice", "phase"))
    if len(phases) > 1 and len(slices) == 1:
        plan.required.append("one position")
    elif len(phases) > 1 and clock == "nothing" and not plan.enhanced:
        plan.required.append("order")
    elif len(phases) == 1 and plan.series_by_slice and len(slices) > 1:
        plan.required.append("series")


# Faults ---------------------------------------------------------------------------------------------------------------


def _put_in(plan: Plan, fault: str, draw) -> None:
    """Put a fault into a plan, unless it is none of its kind."""
    random, planes = plan.random, plan.planes
    several = len(planes) > 1
    odd = planes[int(random.integers(len(planes)))]
    along = np.array(odd.orientation, float).reshape(2, 3)
    far = draw(st.floats(0.2, 3.0)) * draw(st.sampled_from([1, -1]))
    one_phase = len({plane.phase for plane in planes}) == 1
    beside = any(plane.slice != odd.slice for plane in planes)
    if fault == "missing" and several:
        planes[:] = [plane for plane in planes if plane.slice != odd.slice]
        if not planes:
            planes.append(odd)
        plan.allowed += ["apart", "one position", "images? of"]
    elif fault == "repeated":
        planes.append(replace(odd, stored=odd.stored[::-1].copy()))
        plan.required += ["one position", "images at the position", "unequal numbers"]
    elif fault == "turned" and several:
        turn = _rotation((draw(st.floats(0.01, 1.5)), draw(st.floats(-1.5, 1.5)), 0.0))
        odd.orientation = [_text(value, 8) for value in (along @ turn.T).ravel()]
        plan.required += ["orientation", "series"]
    elif fault == "spacing" and several:
        factor = draw(st.floats(1.02, 1.5))
        odd.spacing = [_text(float(odd.spacing[0]) * factor, 7), odd.spacing[1]]
        plan.allowed.append("pixel spacing")
    elif fault == "matrix" and several and plan.files_by == "image":
        odd.stored = odd.stored[:-1].copy()
        plan.required += ["size", "series"]
    elif fault == "moved" and beside:
        odd.position = [_text(value, 6) for value in np.array(odd.position, float) + far * _normal(plan)]
        plan.allowed += ["apart", "images at the position", "unequal numbers", "one position", "series"]
    elif fault == "moved in plane" and several:
        odd.position = [
            _text(value, 6) for value in np.array(odd.position, float) + far * along[int(random.integers(2))]
        ]
        plan.allowed += ["sheared", "lie in one plane", "overlap", "series"]
    elif fault == "no position":
        odd.position = None
        plan.required.append("ImagePositionPatient")
    elif fault == "slope":
        odd.slope, odd.intercept = ("0", "NaN")[int(random.integers(2))], odd.intercept or "0"
        plan.required.append("RescaleSlope")
    elif fault == "unequal phases" and not one_phase and beside:
        planes.remove(odd)
        plan.required += ["unequal numbers", "images at the position", "series"]
    elif fault == "shear" and any(plane.slice for plane in planes):
        part = draw(st.floats(0.3, 0.7))
        _shear(plan, (part, 0) if random.integers(2) else (0, 1 + part))
        plan.required += ["sheared", "overlap"]
    elif fault == "echoes":
        planes.extend([replace(plane, echo="60") for plane in planes])
        plan.required.append("echo time")
    elif fault in _FILE_FAULTS:
        plan.file_fault = fault


# Files ----------------------------------------------------------------------------------------------------------------


def _dataset(plan: Plan, kind: str, number: int, series: int):
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, f"{STUDY}.{series}.{number}"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, dataset.SOPInstanceUID
    dataset.set_original_encoding(plan.syntax == "implicit", plan.syntax != "big")
    meta.TransferSyntaxUID = {
        "implicit": pydicom.uid.ImplicitVRLittleEndian,
        "deflated": pydicom.uid.DeflatedExplicitVRLittleEndian,
        "big": pydicom.uid.ExplicitVRBigEndian,
    }.get(plan.syntax, pydicom.uid.ExplicitVRLittleEndian)
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = STUDY, FRAME_OF_REFERENCE
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.Modality = f"{STUDY}.{series}", series, "MR"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    dataset.SliceThickness = "5"
    return dataset


def _set_pixels(plan: Plan, dataset, arrays: list[np.ndarray]) -> None:
    allocated, stored, signed = plan.bits
    dataset.Rows, dataset.Columns = arrays[0].shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, plan.photometric
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    dtype = f"{'>' if plan.syntax == 'big' else '<'}{'i' if signed else 'u'}{allocated // 8}"
    data = b"".join(array.astype(dtype).tobytes() for array in arrays)
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"
    if plan.syntax == "RLE":
        dataset.compress(pydicom.uid.RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)


def _classic(plan: Plan, plane: Plane, number: int, series: int):
    dataset = _dataset(plan, CLASSIC, number, series)
    dataset.PixelSpacing, dataset.EchoTime = plane.spacing, plane.echo
    dataset.ImageOrientationPatient = plane.orientation
    for keyword, value in (
        ("ImagePositionPatient", plane.position),
        ("RescaleSlope", plane.slope),
        ("RescaleIntercept", plane.intercept),
        ("TriggerTime", plane.trigger),
        ("TemporalPositionIdentifier", plane.temporal),
        ("InstanceNumber", plane.instance),
    ):
        if value is not None:
            setattr(dataset, keyword, value)
    _set_pixels(plan, dataset, [plane.stored])
    return dataset


def _item(**values):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    item = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(item, keyword, value)
    return Sequence([item])


def _enhanced(plan: Plan, planes: list[Plane], number: int, series: int):
    from pydicom.sequence import Sequence

    dataset = _dataset(plan, ENHANCED, number, series)
    dataset.InstanceNumber, dataset.NumberOfFrames = number, len(planes)
    groups = []
    for plane in planes:
        content = {"TemporalPositionIndex": plane.temporal, "FrameAcquisitionNumber": 1}
        group = {
            "FrameContentSequence": _item(**content),
            "MREchoSequence": _item(EffectiveEchoTime=float(plane.echo)),
            "PlaneOrientationSequence": _item(ImageOrientationPatient=plane.orientation),
            "PixelMeasuresSequence": _item(PixelSpacing=plane.spacing, SliceThickness="5"),
        }
        if plane.position is not None:
            group["PlanePositionSequence"] = _item(ImagePositionPatient=plane.position)
        if plane.slope is not None:
            group["PixelValueTransformationSequence"] = _item(
                RescaleSlope=plane.slope, RescaleIntercept=plane.intercept, RescaleType="US"
            )
        if plane.trigger is not None:
            group["CardiacSynchronizationSequence"] = _item(NominalCardiacTriggerDelayTime=plane.trigger)
        groups.append(group)
    shared = {}
    if plan.shared_groups:
        for name in ("MREchoSequence", *list(groups[0])[2:]):
            same = all(group.get(name) == groups[0][name] for group in groups)
            if same and name not in ("PlanePositionSequence", "CardiacSynchronizationSequence"):
                shared[name] = groups[0][name]
                for group in groups:
                    group.pop(name, None)
    dataset.SharedFunctionalGroupsSequence = _item(**shared)
    dataset.PerFrameFunctionalGroupsSequence = Sequence([_item(**group)[0] for group in groups])
    _set_pixels(plan, dataset, [plane.stored for plane in planes])
    return dataset


def _datasets(plan: Plan) -> list[tuple[object, int]]:
    """The files of a plan, and the number of the series that each belongs to."""
    found = []
    if not plan.enhanced:
        for number, plane in enumerate(plan.planes, 1):
            series = 1 + plane.slice if plan.series_by_slice else 1
            found.append((_classic(plan, plane, number, series), series))
        return found
    parts: dict[int, list[Plane]] = {}
    for plane in plan.planes:
        parts.setdefault({"volume": 0, "phase": plane.phase, "slice": plane.slice}[plan.files_by], []).append(plane)
    for part in sorted(parts):
        series = 1 + part if plan.series_by_slice else 1
        found.append((_enhanced(plan, parts[part], 1 + part, series), series))
    return found


def write(plan: Plan, folder: Path) -> None:
    """Write the files of a plan."""
    datasets = _datasets(plan)
    order = plan.random.permutation(len(datasets))
    files = []
    for name, number in enumerate(order):
        dataset, series = datasets[number]
        stem = f"IM{name:04d}" if plan.names == "number" else f"{plan.random.integers(2**40):x}"
        where = folder
        if plan.folders != "none" and plan.series_by_slice:
            where = folder / f"series {series}"
        elif plan.folders != "none":
            where = folder / ("", "a", "b/c")[int(plan.random.integers(1 if plan.folders == "all" else 0, 3))]
        where.mkdir(parents=True, exist_ok=True)
        files.append(where / f"{stem}{plan.suffix}")
        dataset.save_as(files[-1], enforce_file_format=True)
    _write_extras(plan, folder)
    if plan.file_fault is not None:
        _damage(plan, files, len(datasets[0][0].PixelData))


def _write_extras(plan: Plan, folder: Path) -> None:
    """Files that lie beside images and are none."""
    for name in plan.extras:
        if name == "state":
            state = _dataset(plan, PRESENTATION_STATE, 9999, 99)
            state.save_as(folder / f"PS{plan.suffix or '.dcm'}", enforce_file_format=True)
        else:
            (folder / name).write_text("no image")


def _damage(plan: Plan, files: list[Path], pixel_bytes: int) -> None:
    """Damage a file: the last one in the order of names as often as any other."""
    files = sorted(files)
    file = files[-1] if plan.random.integers(2) else files[int(plan.random.integers(len(files)))]
    if plan.file_fault == "copied":
        shutil.copy(file, file.with_name(f"copy{file.name}"))
        plan.required.append("same image")
        return
    data = file.read_bytes()
    keep = 0
    if plan.file_fault == "cut":
        keep = int(plan.random.integers(1, len(data) - 2))
    elif plan.file_fault == "cut pixels":
        keep = len(data) - int(plan.random.integers(2, max(3, min(pixel_bytes, len(data)))))
    file.write_bytes(data[:keep])
    plan.required.append(re.escape(file.name))
    if not keep and len(files) == 1:
        plan.required.append("holds no DICOM images")


# What comes out -------------------------------------------------------------------------------------------------------


def check(plan: Plan, folder: Path) -> None:
    """Read the files of a plan, and compare what comes out with what was written."""
    try:
        volume = open_volume(folder)
    except LatentSRError as error:
        message = str(error)
        assert "\n" not in message, message
        assert str(folder) in message, message
        reasons = plan.required + plan.allowed
        assert reasons, f"refused without a fault: {message}"
        assert any(re.search(reason, message) for reason in reasons), f"{reasons} expected, but: {message}"
        return
    assert not plan.required, f"read, but has to be refused: {plan.required}"
    check_image(volume.image, plan.planes, plan.digits)
    check_header(plan, volume, folder)


def check_header(plan: Plan, volume, folder: Path) -> None:
    """What is known beside the pixels, and one phase of several."""
    import itk

    image = volume.image
    size, spacing = list(image.GetLargestPossibleRegion().GetSize()), list(image.GetSpacing())
    header = read_header(folder)
    assert list(header.size) == size
    np.testing.assert_allclose(header.spacing, spacing)
    assert volume.slice_axis == header.slice_axis == 2
    assert volume.slice_thickness == header.slice_thickness == 5
    rescales = {(float(plane.slope or 1), float(plane.intercept or 0)) for plane in plan.planes}
    whole = len(rescales) == 1 and all(value.is_integer() for value in next(iter(rescales)))
    assert whole == (volume.component not in ("float", "double"))
    if len(size) == 4:
        if all(plane.trigger is not None for plane in plan.planes):
            assert spacing[3] == pytest.approx(PHASE / 1000, abs=1e-5)
        one = open_volume(folder, options=ReadOptions(phase=size[3] - 1)).image
        np.testing.assert_array_equal(itk.array_view_from_image(one), itk.array_view_from_image(image)[-1])


def check_image(image, planes: list[Plane], digits: int = 8) -> None:
    """Is each pixel of each plane in an image, at its place and with its value, and is nothing else there?"""
    import itk

    phases = sorted({plane.phase for plane in planes})
    slices = {plane.slice for plane in planes}
    size = [int(length) for length in image.GetLargestPossibleRegion().GetSize()]
    assert len(size) == (3 if len(phases) == 1 else 4)
    assert size[2] == len(slices)
    assert len(phases) == (size[3] if len(size) == 4 else 1)
    voxels = itk.array_view_from_image(image)
    spacing = [float(image.GetSpacing()[axis]) for axis in range(len(size))]
    seen = np.zeros(voxels.shape, bool)
    for plane in planes:
        rows, columns = plane.stored.shape
        # Positions are rounded to the digits that they have, directions too.
        allowed = FARTHEST + 10.0**-digits * max(rows, columns) * max(map(float, plane.spacing))
        corners = ((0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1), (columns // 2, rows // 3))
        found = []
        for column, row in corners:
            time = [phases.index(plane.phase) * spacing[3]] if len(size) == 4 else []
            index = image.TransformPhysicalPointToContinuousIndex([*plane.place(column, row).tolist(), *time])
            index = np.array([index[axis] for axis in range(len(size))])
            nearest = np.rint(index).astype(int)
            off = np.abs(index - nearest) * spacing
            assert off[:3].max() <= allowed, f"pixel {column, row} of {plane} is {off} mm away"
            assert (nearest >= 0).all() and (nearest < size).all(), f"pixel {column, row} of {plane} is outside"
            found.append(nearest)
        assert (found[-2] - found[0])[:2].tolist() == [columns - 1, rows - 1]
        assert len({tuple(index[2:]) for index in found}) == 1
        begin, end = found[0], found[-2] + 1
        place = (*found[0][:1:-1], slice(begin[1], end[1]), slice(begin[0], end[0]))
        np.testing.assert_allclose(
            voxels[place].astype(float), plane.values, rtol=1e-6, atol=1e-9 * np.abs(plane.values).max()
        )
        assert not seen[place].any(), "two planes are at one place"
        seen[place] = True
    # What no plane covers is there only because slices are shifted against each other.
    if not seen.all():
        assert seen.any(axis=(-1, -2)).all() and seen.any(axis=(0, 1) if seen.ndim == 3 else (0, 1, 2)).any()
        union = seen.reshape(-1, *seen.shape[-2:]).any(axis=0)
        assert union.any(axis=0).all() and union.any(axis=1).all(), "the image is larger than what was acquired"


def right_or_refused(folder: Path, datasets: list[list], reason: str = "") -> None:
    """Is a volume of these phases read with all of their pixels at their places, or refused in one line?"""
    try:
        image = open_volume(folder).image
    except LatentSRError as error:
        message = str(error)
        assert re.search(reason, message), message
        assert "\n" not in message, message
        assert str(folder).splitlines()[0] in message, message
        return
    planes = []
    for phase, part in enumerate(datasets):
        for number, dataset in enumerate(part):
            attributes = {
                "position": list(dataset.ImagePositionPatient),
                "orientation": list(dataset.ImageOrientationPatient),
                "spacing": list(dataset.PixelSpacing),
                "slope": dataset.get("RescaleSlope"),
                "intercept": dataset.get("RescaleIntercept"),
            }
            planes.append(Plane(number, phase, dataset.pixel_array, **attributes))
    check_image(image, planes)


# Random volumes -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")
@hypothesis.given(plan=plans())
@hypothesis.settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_random_volumes_come_out_right_or_are_refused(plan):
    with tempfile.TemporaryDirectory() as folder:
        write(plan, Path(folder))
        check(plan, Path(folder))


# Files that are cut off, emptied, linked ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".dcm", ".17"])
@pytest.mark.parametrize("where", ["beside", "below"])
@pytest.mark.parametrize("series", [(), (SERIES,)])
def test_the_last_slice_is_never_left_out_wherever_it_is_cut_off(tmp_path, suffix, where, series):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets, suffix)
    file = folder / name_of(folder, datasets[-1])
    data = file.read_bytes()
    if where == "below":
        (folder / "below").mkdir()
        file = file.rename(folder / "below" / file.name)
    for size in [*range(0, len(data), 41), *range(data.index(SERIES.encode()), len(data), 97), len(data) - 1]:
        file.write_bytes(data[:size])
        with pytest.raises(LatentSRError, match=re.escape(file.name)):
            open_volume(folder, options=ReadOptions(series=series))


def test_an_enhanced_file_is_refused_wherever_it_is_cut_off(tmp_path):
    folder = save(tmp_path / "s", [enhanced(pixels(3, 4, 4), places(3))])
    (file,) = folder.iterdir()
    data = file.read_bytes()
    for size in range(0, len(data), 6):
        file.write_bytes(data[:size])
        with pytest.raises(LatentSRError, match=re.escape(file.name)):
            open_volume(folder)


@pytest.mark.parametrize(
    "keyword", ["SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Rows"]
)
def test_a_type_of_value_that_does_not_exist_is_damage(tmp_path, keyword):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    file = folder / name_of(folder, datasets[1])
    tag = pydicom.tag.Tag(keyword)
    data = file.read_bytes()
    at = data.index(tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little"), 132)
    file.write_bytes(data[: at + 4] + b"QI" + data[at + 6 :])
    right_or_refused(folder, [datasets], re.escape(file.name))


def test_an_empty_file_in_a_folder_of_its_own_is_no_slice_that_is_missing(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets, "")
    (folder / name_of(folder, datasets[-1])).unlink()
    (folder / "below").mkdir()
    (folder / "below" / "last").write_bytes(b"")
    with pytest.raises(LatentSRError, match="last' is empty"):
        open_volume(folder)


def test_a_link_to_a_file_that_is_gone_is_a_slice_that_is_missing(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    file = folder / name_of(folder, datasets[-1])
    file.unlink()
    file.symlink_to(tmp_path / "gone")
    with pytest.raises(LatentSRError, match=file.name):
        open_volume(folder)


def test_slices_in_a_folder_that_is_linked_are_not_left_out(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets[:-1])
    (folder / "below").symlink_to(save(tmp_path / "other", datasets[-1:]))
    right_or_refused(folder, [datasets])


def test_a_folder_that_is_linked_into_itself_is_read_once(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    (folder / "below").symlink_to(folder)
    right_or_refused(folder, [datasets])


def test_a_missing_part_of_a_concatenation_is_refused(tmp_path):
    part = {"ConcatenationUID": "1.2.3", "InConcatenationNumber": 1, "InConcatenationTotalNumber": 3}
    folder = save(tmp_path / "s", [enhanced(pixels(2, 4, 4), places(6)[:2], **part)])
    with pytest.raises(LatentSRError, match="in 3 files"):
        open_volume(folder)


def test_all_parts_of_a_concatenation_are_one_volume(tmp_path):
    values, where = pixels(6, 4, 4), places(6)
    parts = [
        enhanced(
            values[first : first + 2],
            where[first : first + 2],
            ConcatenationUID="1.2.3",
            InConcatenationNumber=1 + first // 2,
            InConcatenationTotalNumber=3,
            ConcatenationFrameOffsetNumber=first,
        )
        for first in (0, 2, 4)
    ]
    image = open_volume(save(tmp_path / "s", parts)).image
    check_image(image, _planes_of(values, where))


def _planes_of(values: np.ndarray, where: list[np.ndarray]) -> list[Plane]:
    along = [f"{value:.9f}" for value in OBLIQUE]
    return [
        Plane(number, 0, image, [f"{value:.6f}" for value in place], along, ["1.5", "1.25"])
        for number, (image, place) in enumerate(zip(values, where, strict=True))
    ]


def test_a_multi_frame_file_without_the_mark_of_dicom_is_read_by_the_same_rules(tmp_path):
    order = [0, 2, 1, 3]
    values, where = pixels(4, 5, 6), places(4)
    folder = save(tmp_path / "s", [enhanced(values[order], [where[n] for n in order])], "")
    (file,) = folder.iterdir()
    data = file.read_bytes()
    # Behind the preamble and the mark comes the head, which begins with its length.
    file.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    try:
        image = open_volume(file).image
    except LatentSRError as error:
        assert str(file) in str(error)
    else:
        check_image(image, _planes_of(values, where))


@pytest.mark.parametrize("kind", [PRESENTATION_STATE, "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.1.3.10"])
def test_an_object_that_is_no_image_is_refused_as_such_by_its_name(tmp_path, kind):
    dataset = classic(pixels(4, 4), (0, 0, 0), SOPClassUID=kind, PixelData=None, Rows=None)
    (file,) = save(tmp_path / "s", [dataset]).iterdir()
    with pytest.raises(LatentSRError, match=re.escape(file.name)) as caught:
        open_volume(file)
    assert "floating point" not in str(caught.value)


# Messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["with space", "new\nline", "tab\tstop", "größe", "\udcff", "quote's", "{0}%s"])
def test_any_name_of_a_folder_is_read_and_told_in_one_line(tmp_path, name):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / name, datasets)
    right_or_refused(folder, [datasets])
    del datasets[1].ImagePositionPatient
    for file in folder.iterdir():
        file.unlink()
    save(folder, datasets)
    with pytest.raises(LatentSRError, match="ImagePositionPatient") as caught:
        open_volume(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_descriptions_of_series_are_told_in_one_line(tmp_path):
    datasets = [*stack(SeriesDescription="two\nlines"), *stack(SeriesInstanceUID="1.2.3", SeriesDescription="a\r\nb")]
    with pytest.raises(LatentSRError, match="2 DICOM series") as caught:
        open_volume(save(tmp_path / "s", datasets))
    assert len(str(caught.value).splitlines()) == 1


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ["classic", "enhanced"])
def test_values_in_the_highest_bits_are_not_taken_for_those_in_the_lowest(tmp_path, make):
    values, where = pixels(3, 4, 4, high=4096, dtype=np.uint16), places(3)
    datasets = (
        stack((values << 4).astype(np.uint16), BitsStored=12)
        if make == "classic"
        else [enhanced((values << 4).astype(np.uint16), where, BitsStored=12)]
    )
    for dataset in datasets:
        dataset.HighBit = 15
    try:
        image = open_volume(save(tmp_path / "s", datasets)).image
    except LatentSRError as error:
        assert "HighBit" in str(error)
    else:
        check_image(image, _planes_of(values, where))


@pytest.mark.parametrize("make", ["classic", "enhanced"])
def test_bits_that_are_not_stored_do_not_count(tmp_path, make):
    signed, unsigned = pixels(3, 4, 4, low=-2048, high=2048), pixels(3, 4, 4, high=4096, dtype=np.uint16)
    for name, values, raw in (
        ("signed", signed, signed.astype(np.uint16) & 0x0FFF),
        ("overlay", unsigned, unsigned | 0xF000),
    ):
        attributes = {"BitsStored": 12, "PixelRepresentation": int(name == "signed")}
        datasets = stack(raw, **attributes) if make == "classic" else [enhanced(raw, places(3), **attributes)]
        image = open_volume(save(tmp_path / name, datasets)).image
        check_image(image, _planes_of(values, places(3)))


@pytest.mark.parametrize(
    "slope", ["1e15", "1e16", "1e20", "1e39", "1e300", "1e-46", ("1e39", "0.5", "1"), ("1", "1e-46", "1")]
)
def test_values_beyond_single_precision_come_out_right_or_are_refused(tmp_path, slope):
    datasets = stack(pixels(3, 4, 4, low=1, high=2**16, dtype=np.uint16), RescaleSlope=slope, RescaleIntercept="0")
    right_or_refused(save(tmp_path / "s", datasets), [datasets], "RescaleSlope")


def test_hounsfield_units_of_unsigned_values_are_short(tmp_path):
    values = pixels(3, 4, 4, high=4096, dtype=np.uint16)
    datasets = stack(values, BitsStored=12, RescaleSlope="1", RescaleIntercept="-1024", PixelPaddingValue=0)
    volume = open_volume(save(tmp_path / "s", datasets))
    assert volume.component == "short"
    right_or_refused(volume.path, [datasets])


# Places ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0.0009, 1, 0), (1.0009, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0.9995, 0), (1, 0, 0, 0.00018, 1, 0)],
)
def test_directions_that_are_no_unit_vectors_move_no_pixel_of_a_wide_image(tmp_path, orientation):
    values = pixels(3, 400, 400)
    datasets = [classic(values[n], (0, 0, 5 * n), orientation, PixelSpacing=[1, 1]) for n in range(3)]
    right_or_refused(save(tmp_path / "s", datasets), [datasets], "orientation")


def test_a_turn_that_is_small_moves_no_pixel_of_a_wide_image(tmp_path):
    values = pixels(3, 4, 500)
    datasets = []
    for number, angle in enumerate((0, 0, 9e-5)):
        along = (math.cos(angle), math.sin(angle), 0, -math.sin(angle), math.cos(angle), 0)
        datasets.append(classic(values[number], (0, 0, 5 * number), along, PixelSpacing=[1, 1]))
    right_or_refused(save(tmp_path / "s", datasets), [datasets])


def test_tolerances_of_spacings_do_not_add(tmp_path):
    datasets = stack(pixels(3, 4, 16))
    for dataset, off in zip(datasets, (0, 0.0495, -0.0495), strict=True):
        dataset.PixelSpacing = [f"{1 + off / 16:.8f}"] * 2
    right_or_refused(save(tmp_path / "s", datasets), [datasets])


def test_tolerances_of_phases_and_slices_do_not_add(tmp_path):
    phases = cine(pixels(2, 3, 4, 4), TriggerTime=lambda phase, number: 30 * phase)
    along = directions(OBLIQUE)[0]
    for phase, part in enumerate(phases):
        for number, dataset in enumerate(part):
            place = places(3)[number] + 0.045 * (number % 2 + phase * (number % 2)) * along
            dataset.ImagePositionPatient = [f"{value:.6f}" for value in place]
    right_or_refused(save(tmp_path / "s", [*phases[0], *phases[1]]), phases)


@pytest.mark.parametrize("far", [1e4, 1e6, 1e8])
def test_places_far_from_the_origin_are_exact(tmp_path, far):
    values = pixels(4, 5, 6)
    where = places(4, DISTANCE, OBLIQUE, (far, -far, far))
    datasets = [
        classic(values[n], where[n], ImagePositionPatient=[_text(value, 4) for value in where[n]]) for n in range(4)
    ]
    volume = open_volume(save(tmp_path / "s", datasets))
    right_or_refused(volume.path, [datasets])


def test_slices_in_two_frames_of_reference_are_no_stack(tmp_path):
    datasets = stack(FrameOfReferenceUID=("1.2", "1.2", "1.3", "1.2", "1.2"))
    with pytest.raises(LatentSRError, match="frame of reference"):
        open_volume(save(tmp_path / "s", datasets))


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["TemporalPositionIdentifier", "InstanceNumber"])
def test_times_that_contradict_each_other_are_not_silently_believed(tmp_path, other):
    # In perfusion, a trigger time is the delay after a heart beat, and does not tell which beat it was.
    delays = np.random.default_rng(0).uniform(150, 160, (3, 4))
    counts = {
        "TemporalPositionIdentifier": lambda phase, number: phase + 1,
        "InstanceNumber": lambda p, n: 4 * p + n + 1,
    }
    phases = cine(TriggerTime=lambda phase, number: f"{delays[phase, number]:.1f}", **{other: counts[other]})
    folder = save(tmp_path / "s", [dataset for part in phases for dataset in part])
    try:
        warnings = open_volume(folder).warnings
    except LatentSRError:
        return
    if not warnings:
        right_or_refused(folder, phases)


@pytest.mark.parametrize("parts", ["a series for each slice", "a series", "a series for each slice and acquisition"])
def test_a_cine_that_was_acquired_twice_is_not_one_of_twice_the_phases(tmp_path, parts):
    twice = []
    for number in range(2):
        phases = cine(
            pixels(3, 4, 5, 6, seed=number),
            TriggerTime=lambda phase, place, number=number: 30 * phase + place + number / 2,
            InstanceNumber=lambda phase, place, number=number: 100 * number + 3 * place + phase + 1,
            AcquisitionNumber=lambda phase, place, number=number: number + 1,
        )
        for phase in phases:
            for place, dataset in enumerate(phase):
                if parts != "a series":
                    dataset.SeriesInstanceUID = f"1.2.{place + 1}" + (f".{number}" if "acquisition" in parts else "")
                twice.append(dataset)
    folder = save(tmp_path / "s", twice)
    try:
        volume = open_volume(folder)
    except LatentSRError as error:
        assert str(folder) in str(error)
    else:
        assert volume.warnings


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("ImageType", (["DERIVED", "PRIMARY", "DIXON", "WATER"], ["DERIVED", "PRIMARY", "DIXON", "FAT"])),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M", "ND"], ["ORIGINAL", "PRIMARY", "M", "NORM"])),
        ("EchoTime", ("30", "60")),
        ("FlipAngle", ("10", "20")),
        ("InversionTime", ("100", "200")),
        ("ConvolutionKernel", ("B30", "B60")),
    ],
)
def test_what_differs_by_more_than_time_is_no_phase(tmp_path, keyword, values):
    phases = cine(pixels(2, 3, 4, 4), **{keyword: lambda phase, number: values[phase]})
    with pytest.raises(LatentSRError, match="kinds"):
        open_volume(save(tmp_path / "s", [*phases[0], *phases[1]]))


@pytest.mark.parametrize(
    "groups",
    [
        {"MRModifierSequence": ("InversionTimes", [100.0], [200.0])},
        {"FrameContentSequence": ("StackID", "1", "2")},
        {"MRImageFrameTypeSequence": ("FrameType", ["D", "P", "DIXON", "WATER"], ["D", "P", "DIXON", "FAT"])},
        {"MREchoSequence": ("EffectiveEchoTime", 30.0, 60.0)},
    ],
)
def test_frames_that_differ_by_more_than_time_are_no_phases(tmp_path, groups):
    ((sequence, (keyword, *values)),) = groups.items()
    frames = [{sequence: {keyword: values[number // 3]}} for number in range(6)]
    dataset = enhanced(pixels(6, 4, 4), [*places(3), *places(3)], frames=frames)
    with pytest.raises(LatentSRError, match="kinds"):
        open_volume(save(tmp_path / "s", [dataset]))
