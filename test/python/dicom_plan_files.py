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
"""The files of a random plan of a DICOM volume, written by pydicom."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from dicom_plans import Plan, Plane

pydicom = pytest.importorskip("pydicom")

CLASSIC, ENHANCED = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
STUDY, FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2"


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
    """Return the files of a plan, and the number of the series of each file."""
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
    """Write files that are not images beside the images."""
    for name in plan.extras:
        if name == "state":
            state = _dataset(plan, PRESENTATION_STATE, 9999, 99)
            state.save_as(folder / f"PS{plan.suffix or '.dcm'}", enforce_file_format=True)
        else:
            (folder / name).write_text("no image")


def _damage(plan: Plan, files: list[Path], pixel_bytes: int) -> None:
    """Damage a file. The last one in the order of names is as likely as any other."""
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
