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
"""Small DICOM files as scanners write them, and checks of volumes that do not use latent_sr.

pydicom makes all datasets in memory, and ``save`` writes them. Slices lie obliquely in space and have random pixels, so
that no position and no slice can be mistaken for another.
"""

import itertools
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom")

MR, CT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"

AXIAL = (1, 0, 0, 0, 1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)
OBLIQUE = (0.866534101, 0.168350301, -0.469868947, -0.289629478, 0.936293364, -0.198669331)

SPACING = (1.5, 1.25)
"""Distance of rows and of columns in mm."""

DISTANCE = 6.0
"""Distance of slices in mm."""

_ROOT = "1.2.826.0.1.3680043.10.1338"
_NUMBERS = itertools.count(1)


def uid() -> str:
    """Return a new UID."""
    return f"{_ROOT}.{next(_NUMBERS)}"


STUDY, SERIES, FRAME_OF_REFERENCE = uid(), uid(), uid()


# Making ---------------------------------------------------------------------------------------------------------------


def pixels(*shape: int, low: int = 0, high: int = 4000, dtype: type = np.int16, seed: int = 0) -> np.ndarray:
    """Return random integers, by default of 5 slices with 12 rows and 16 columns."""
    return np.random.default_rng(seed).integers(low, high, shape or (5, 12, 16)).astype(dtype)


def directions(orientation: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit vectors along rows, along columns, and across the slices."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    return row, column, np.cross(row, column)


def places(
    count: int,
    distance: float = DISTANCE,
    orientation: Sequence[float] = OBLIQUE,
    start: Sequence[float] = (-31, 12, 70),
) -> list[np.ndarray]:
    """Return positions of slices along their normal."""
    normal = directions(orientation)[2]
    return [np.array(start, float) + distance * number * normal for number in range(count)]


def classic(
    values: np.ndarray, place: Sequence[float], orientation: Sequence[float] = OBLIQUE, **attributes: Any
) -> Any:
    """Return one image of a series. Attributes that are None are left out."""
    return _dataset(
        values,
        {
            "SOPClassUID": MR,
            "ImagePositionPatient": [f"{value:.6f}" for value in place],
            "ImageOrientationPatient": [f"{value:.9f}" for value in orientation],
            "PixelSpacing": list(SPACING),
            "SliceThickness": "5",
        }
        | attributes,
    )


def stack(
    values: np.ndarray | None = None,
    distance: float = DISTANCE,
    orientation: Sequence[float] = OBLIQUE,
    **attributes: Any,
) -> list[Any]:
    """Return the images of a series along the normal. An attribute that is a tuple has one value per image."""
    values = pixels() if values is None else values
    datasets = []
    for number, place in enumerate(places(len(values), distance, orientation)):
        of_image = {name: value[number] if isinstance(value, tuple) else value for name, value in attributes.items()}
        datasets.append(classic(values[number], place, orientation, **{"InstanceNumber": number + 1} | of_image))
    return datasets


def cine(values: np.ndarray | None = None, **attributes: Any) -> list[list[Any]]:
    """Return the slices of each phase. Attributes are functions of the numbers of phase and slice.

    Slices are acquired one after the other, as in cardiac cine: instance numbers count the phases of a slice first.
    """
    values = pixels(3, 4, 12, 16) if values is None else values
    count = len(values)
    return [
        [
            classic(
                values[phase, number],
                place,
                **{"InstanceNumber": count * number + phase + 1}
                | {name: make(phase, number) for name, make in attributes.items()},
            )
            for number, place in enumerate(places(values.shape[1]))
        ]
        for phase in range(count)
    ]


def enhanced(
    values: np.ndarray,
    where: Iterable[Sequence[float]],
    orientation: Sequence[float] = OBLIQUE,
    between: float | None = DISTANCE,
    shared: Mapping[str, Mapping[str, Any]] | None = None,
    frames: Sequence[Mapping[str, Mapping[str, Any]]] = (),
    **attributes: Any,
) -> Any:
    """Return an enhanced MR image of (frames, rows, columns): a position per frame, and further functional groups."""
    measures = {"PixelSpacing": list(SPACING), "SliceThickness": 5.0, "SpacingBetweenSlices": between}
    groups = {
        "PixelMeasuresSequence": {name: value for name, value in measures.items() if value is not None},
        "PlaneOrientationSequence": {"ImageOrientationPatient": [f"{value:.9f}" for value in orientation]},
    }
    per_frame = []
    for number, place in enumerate(where):
        content = {"InStackPositionNumber": number + 1, "StackID": "1"}
        of_frame = {
            "FrameContentSequence": content,
            "PlanePositionSequence": {"ImagePositionPatient": [f"{value:.6f}" for value in place]},
        }
        per_frame.append(_group(of_frame | dict(frames[number] if frames else {})))
    return _dataset(
        values,
        {
            "SOPClassUID": ENHANCED_MR,
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "NONE"],
            "InstanceNumber": 1,
            "NumberOfFrames": len(values),
            "SharedFunctionalGroupsSequence": [_group(groups | dict(shared or {}))],
            "PerFrameFunctionalGroupsSequence": per_frame,
        }
        | attributes,
    )


def _group(sequences: Mapping[str, Mapping[str, Any]]) -> Any:
    group = pydicom.Dataset()
    for sequence, attributes in sequences.items():
        item = pydicom.Dataset()
        for name, value in attributes.items():
            setattr(item, name, value)
        setattr(group, sequence, [item])
    return group


def _dataset(values: np.ndarray, attributes: Mapping[str, Any]) -> Any:
    bits = 8 * values.dtype.itemsize
    identifier = uid()
    every = {
        "SOPInstanceUID": identifier,
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "FrameOfReferenceUID": FRAME_OF_REFERENCE,
        "Modality": "MR",
        "PatientName": "Phantom^Random",
        "PatientID": "P-17",
        "StudyID": "4711",
        "StudyDate": "20200102",
        "StudyTime": "101500",
        "SeriesNumber": 7,
        "SeriesDescription": "T2 sag",
        "Rows": values.shape[-2],
        "Columns": values.shape[-1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(values.dtype.kind == "i"),
        "PixelData": values.tobytes(),
    } | dict(attributes)
    if attributes.get("BitsStored"):
        every["HighBit"] = attributes["BitsStored"] - 1
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = every["SOPClassUID"]
    meta.MediaStorageSOPInstanceUID = every["SOPInstanceUID"] or identifier
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset = pydicom.dataset.FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    for name, value in every.items():
        if value is not None:
            setattr(dataset, name, value)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    return dataset


def save(folder: Path, datasets: Iterable[Any], suffix: str = ".dcm") -> Path:
    """Write datasets to a folder, with names in another order than the slices."""
    folder.mkdir(parents=True, exist_ok=True)
    begin = len(list(folder.iterdir()))
    for number, dataset in enumerate(datasets, begin):
        dataset.save_as(folder / f"{7 * (number + 1) % 101:03d}{suffix}", enforce_file_format=True)
    return folder


def name_of(folder: Path, dataset: Any) -> str:
    """Return the name of the file that a dataset was written to."""
    for path in folder.iterdir():
        if pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID == dataset.SOPInstanceUID:
            return path.name
    raise AssertionError(f"no file of {folder} is {dataset.SOPInstanceUID}")


# Judging --------------------------------------------------------------------------------------------------------------


class Acquired(NamedTuple):
    """An acquired image: its values, and the positions of its pixels by DICOM."""

    values: np.ndarray
    place: np.ndarray
    orientation: np.ndarray
    spacing: tuple[float, float]

    def points(self) -> np.ndarray:
        """Return the centers of all pixels in mm: (rows, columns, 3), by the equation of PS3.3, C.7.6.2.1.1."""
        row, column, _ = directions(self.orientation)
        rows, columns = self.values.shape
        along_column = np.arange(rows)[:, None, None] * self.spacing[0] * column
        along_row = np.arange(columns)[None, :, None] * self.spacing[1] * row
        return self.place + along_column + along_row


def acquired(dataset: Any) -> Iterator[Acquired]:
    """Yield the images of a classic or an enhanced dataset."""
    stored = dataset.pixel_array
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    for number, image in enumerate(stored.reshape(-1, *stored.shape[-2:])):
        parts = [] if groups is None else [groups[number], dataset.SharedFunctionalGroupsSequence[0]]

        def find(sequence: str, name: str, default: Any = None, parts: list[Any] = parts) -> Any:
            items = [part[sequence].value[0] for part in parts if sequence in part]
            return next((item[name].value for item in [*items, dataset] if name in item), default)

        slope = float(find("PixelValueTransformationSequence", "RescaleSlope", 1))
        intercept = float(find("PixelValueTransformationSequence", "RescaleIntercept", 0))
        yield Acquired(
            image * slope + intercept,
            np.array(find("PlanePositionSequence", "ImagePositionPatient"), float),
            np.array(find("PlaneOrientationSequence", "ImageOrientationPatient"), float),
            tuple(map(float, find("PixelMeasuresSequence", "PixelSpacing"))),
        )


def acquired_pixels_lie_right(
    image: Any, datasets: Iterable[Any], phase: int | None = None, difference: float = 0.0
) -> None:
    """Assert that a volume has every pixel of the datasets at its position by DICOM, with its value.

    Parameters
    ----------
    image
        ``itk.Image``, an image of SimpleITK, or the name of a file that SimpleITK reads.
    datasets
        Classic or enhanced datasets.
    phase
        For a 4D volume, the number of the phase that the datasets belong to.
    difference
        Largest allowed difference of a value.
    """
    array, origin, matrix = _placed(image)
    array = array if phase is None else array[phase]
    assert array.ndim == 3
    count = 0
    for part in itertools.chain.from_iterable(map(acquired, datasets)):
        exact = (part.points() - origin) @ np.linalg.inv(matrix).T
        index = np.rint(exact).astype(int)
        assert np.linalg.norm((exact - index) @ matrix.T, axis=-1).max() < 0.05
        assert (index >= 0).all()
        assert (index < array.shape[::-1]).all()
        np.testing.assert_allclose(array[tuple(index.T[::-1])].T, part.values, rtol=0, atol=difference)
        count += 1
    assert count > 0


def _placed(image: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values as (..., slices, rows, columns), the origin, and the matrix from indices to mm."""
    if isinstance(image, (str, Path)) or hasattr(image, "GetPixelIDValue"):
        sitk = pytest.importorskip("SimpleITK")
        image = sitk.ReadImage(str(image)) if isinstance(image, (str, Path)) else image
        array, direction = sitk.GetArrayFromImage(image), image.GetDirection()
    else:
        import itk

        array, direction = itk.array_from_image(image), itk.array_from_matrix(image.GetDirection())
    dimension = array.ndim
    direction = np.reshape(direction, (dimension, dimension))[:3, :3]
    spacing = np.array([image.GetSpacing()[axis] for axis in range(3)])
    return array, np.array([image.GetOrigin()[axis] for axis in range(3)]), direction * spacing


# Other programs -------------------------------------------------------------------------------------------------------


def by_simpleitk(folder: Path) -> Any:
    """Read a series by SimpleITK, with the files in the order that GDCM finds."""
    sitk = pytest.importorskip("SimpleITK")
    reader = sitk.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    return reader.Execute()


def by_dcm2niix(folder: Path, output: Path) -> Path:
    """Convert a series to NIfTI by dcm2niix, in a new folder."""
    dcm2niix = pytest.importorskip("dcm2niix")
    output.mkdir()
    words = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "converted", "-o", output, folder]
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [path.name for path in output.iterdir()] == ["converted.nii"], result.stdout
    return output / "converted.nii"


def written(folder) -> list:
    """Read the images of a series in the order of instance numbers, and refuse values that violate the standard."""
    mode = pydicom.config.settings.reading_validation_mode
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    try:
        images = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
        for image in images:
            list(image.iterall())
    finally:
        pydicom.config.settings.reading_validation_mode = mode
    assert [image.InstanceNumber for image in images] == list(range(1, len(images) + 1))
    return images
