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
"""docs/volumes.md has every refusal and every warning of the readers, word by word."""

import gzip
import zlib

import numpy as np
import pytest
from conftest import REPOSITORY
from latent_sr.errors import LatentSRError
from latent_sr.volumes import ReadOptions, open_volume

pydicom = pytest.importorskip("pydicom")

PAGE = REPOSITORY / "docs" / "volumes.md"

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"


# DICOM ----------------------------------------------------------------------------------------------------------------


def image(path, position=(0, 0, 0), pixels=None, sop=MR, **tags):
    """Write an image of 4 x 4 pixels of 1 mm. Tags that are None are left out."""
    pixels = np.full((4, 4), 7, np.int16) if pixels is None else pixels
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop
    meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{zlib.crc32(path.name.encode())}"
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset = pydicom.dataset.FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    values = {
        "SOPClassUID": sop,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": "1.2.3",
        "FrameOfReferenceUID": "1.2.7",
        "SeriesNumber": 3,
        "SeriesDescription": "T2 tra",
        "Modality": "MR",
        "ImagePositionPatient": list(position),
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [1, 1],
        "SliceThickness": 5,
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "PixelData": pixels.tobytes(),
    } | tags
    for name, value in values.items():
        if value is not None:
            setattr(dataset, name, value)
    path.parent.mkdir(exist_ok=True, parents=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def series(folder, count=3, **last):
    """Write slices 5 mm apart. The tags are those of the last slice."""
    for number in range(count):
        image(folder / f"{number}.dcm", (0, 0, 5 * number), **(last if number == count - 1 else {}))
    return folder


def moved(folder, *positions, **tags):
    for number, position in enumerate(positions):
        image(folder / f"{number}.dcm", position, **tags)
    return folder


def cine(folder, phases, slices=2, **tags):
    """Write phases of slices with different trigger times. `phases` has their numbers in each slice."""
    for place in range(slices):
        for phase in range(phases[place]):
            values = {"TriggerTime": 40 * phase} | {name: make(place, phase) for name, make in tags.items()}
            image(folder / f"{place}-{phase}.dcm", (0, 0, 8 * place), **values)
    return folder


def enhanced(path, frames, described):
    groups = []
    for number in range(described):
        group, plane = pydicom.dataset.Dataset(), pydicom.dataset.Dataset()
        plane.ImagePositionPatient = [0, 0, 5 * number]
        group.PlanePositionSequence = [plane]
        groups.append(group)
    tags = {"PerFrameFunctionalGroupsSequence": groups} if described else {}
    return image(path, pixels=np.zeros((frames, 4, 4), np.int16), sop=ENHANCED_MR, NumberOfFrames=frames, **tags)


def emptied(folder):
    (series(folder) / "1.dcm").write_bytes(b"")
    return folder


def shortened(folder):
    last = series(folder) / "2.dcm"
    last.write_bytes(last.read_bytes()[:-10])
    return folder


def unknown(folder):
    series(folder)
    image(folder / "3.dcm", (0, 0, 15), SeriesInstanceUID=None)
    return folder


def dead_link(folder):
    series(folder)
    (folder / "3.dcm").symlink_to("gone.dcm")
    return folder


def text(folder):
    (series(folder) / "notes.dcm").write_text("not an image")
    return folder


def two_series_below(folder):
    image(folder / "sub" / "0.dcm", SeriesInstanceUID="1.2.9")
    return folder


def two_series(folder):
    series(folder / "a")
    image(folder / "b" / "0.dcm", SeriesInstanceUID="1.2.9", SeriesNumber=4, SeriesDescription="T1")
    return folder


def twice(folder):
    series(folder)
    (folder / "copy.dcm").write_bytes((folder / "0.dcm").read_bytes())
    return folder


def notes(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("no images")
    return folder


DICOM = {
    "a folder without DICOM": notes,
    "an empty file": emptied,
    "a file that is cut off": shortened,
    "a file named .dcm that is not DICOM": text,
    "several series": two_series,
    "an image twice": twice,
    "no position": lambda f: series(f, ImagePositionPatient=None),
    "an invalid orientation": lambda f: series(f, ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
    "no pixel spacing": lambda f: series(f, PixelSpacing=None),
    "an invalid slope": lambda f: series(f, RescaleSlope=0),
    "colors": lambda f: series(f, PhotometricInterpretation="RGB", SamplesPerPixel=3),
    "values given by a lookup table": lambda f: series(f, ModalityLUTSequence=[pydicom.dataset.Dataset()]),
    "no pixels": lambda f: series(f, PixelData=None),
    "pixels in floating point": lambda f: series(f, PixelData=None, FloatPixelData=bytes(64)),
    "values that are not in the lowest bits": lambda f: series(f, BitsStored=12, HighBit=15),
    "another frame of reference": lambda f: (
        moved(f, (0, 0, 0), (0, 0, 5), FrameOfReferenceUID="1.2.7") and series(f, FrameOfReferenceUID="1.2.8")
    ),
    "a part of an image": lambda f: series(
        f, 1, ConcatenationUID="1.2.5", InConcatenationNumber=1, InConcatenationTotalNumber=3
    ),
    "times that contradict each other": lambda f: cine(
        f, (2, 2), TriggerTime=lambda place, phase: 9 - phase, TemporalPositionIdentifier=lambda place, phase: phase
    ),
    "pixels that are not where they belong": lambda f: moved(
        f, (0, 0, 0), (0, 0, 5), pixels=np.zeros((700, 700), np.int16), ImageOrientationPatient=[1, 0, 0, 0.0009, 1, 0]
    ),
    "a link to nothing": dead_link,
    "pixels that are too many": lambda f: series(f, 1, Rows=3),
    "a cine acquired twice": lambda f: cine(f, (4, 4), AcquisitionNumber=lambda place, phase: 1 + phase // 2),
    "a mosaic": lambda f: series(f, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]),
    "a file that ends before its series": unknown,
    "an invalid number of bits": lambda f: series(f, BitsAllocated=64, BitsStored=64),
    "frames without positions": lambda f: enhanced(f / "1.dcm", 3, 0),
    "frames that are not described": lambda f: enhanced(f / "1.dcm", 3, 2),
    "another orientation": lambda f: series(f, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]),
    "another matrix": lambda f: series(f, pixels=np.zeros((4, 5), np.int16)),
    "another pixel spacing": lambda f: series(f, PixelSpacing=[1, 1.1]),
    "another polarity": lambda f: series(f, PhotometricInterpretation="MONOCHROME1"),
    "several echoes": lambda f: cine(f, (2, 2), EchoTime=lambda place, phase: 5 + 5 * phase),
    "a missing slice": lambda f: moved(f, (0, 0, 0), (0, 0, 5), (0, 0, 15)),
    "a position twice": lambda f: moved(f, (0, 0, 0), (0, 0, 5), (0, 0, 5), (0, 0, 10)),
    "tilted slices": lambda f: moved(f, (0, 0, 0), (0, 1.5, 5), (0, 3, 10), GantryDetectorTilt=16.7),
    "slices that do not overlap": lambda f: moved(f, (0, 0, 0), (6, 0, 5)),
    "unequal numbers of phases": lambda f: cine(f, (3, 3, 2), slices=3),
    "one slice of a cine": lambda f: cine(f, (3,), slices=1),
    "phases in no order": lambda f: cine(f, (2, 2), TriggerTime=lambda place, phase: 0),
    "phases that are shifted": lambda f: cine(
        f, (2, 2), ImagePositionPatient=lambda place, phase: [3 * phase, 0, 8 * place]
    ),
}

OPTIONS = {
    "a series that is not there": (series, ReadOptions(series=("7",))),
    "a phase that is not there": (lambda f: cine(f, (3, 3)), ReadOptions(phase=3)),
}


# Other formats --------------------------------------------------------------------------------------------------------


def nifti(path, affine=None, dtype="int16", data=None):
    nibabel = pytest.importorskip("nibabel")
    data = np.zeros((4, 4, 3), dtype) if data is None else data
    kind = nibabel.Nifti1Pair if path.suffix == ".img" else nibabel.Nifti1Image
    nibabel.save(kind(data, np.diag([1, 1, 6, 1.0]) if affine is None else affine), path)
    return path


def sheared(path):
    affine = np.diag([1, 1, 6, 1.0])
    affine[1, 2] = 2
    return nifti(path, affine)


def raw(path, field, value):
    """Write a NIfTI file, and overwrite a field of its header: (offset, type)."""
    content = bytearray(nifti(path).read_bytes())
    offset, kind = field
    content[offset : offset + np.dtype(kind).itemsize] = np.array(value, kind).tobytes()
    path.write_bytes(content)
    return path


def cut(path):
    nifti(path)
    path.write_bytes(path.read_bytes()[:400])
    return path


def cut_pair(path):
    nifti(path)
    path.write_bytes(path.read_bytes()[:50])
    return path


def half(path):
    nifti(path)
    path.unlink()
    return path.with_suffix(".hdr")


def damaged(path):
    nifti(path, data=np.random.default_rng(0).integers(0, 99, (4, 4, 3)).astype("int16"))
    content = bytearray(path.read_bytes())
    content[-6] ^= 255
    path.write_bytes(content)
    return path


def analyze(path):
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.AnalyzeImage(np.zeros((4, 4, 3), "int16"), np.diag([1, 1, 6, 1.0])), path)
    return path


def colors(path):
    kind = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    return nifti(path, data=np.zeros((4, 4, 3), kind))


def not_finite(path):
    data = np.zeros((4, 4, 3), "float32")
    data[1:3, 2, 1] = np.nan
    return nifti(path, data=data)


def nrrd(path, directions, **header):
    nrrd = pytest.importorskip("nrrd")
    nrrd.write(
        str(path),
        np.zeros((4, 4, 3, 2), "int16"),
        {"space": "left-posterior-superior", "space directions": np.array(directions), "space origin": [0, 0, 0]}
        | header,
    )
    return path


def odd_space(path):
    nrrd(path, [[1, 0, 0], [0, 1, 0], [0, 0, 8], [np.nan] * 3], kinds=["domain", "domain", "domain", "list"])
    path.write_bytes(path.read_bytes().replace(b"left-posterior-superior", b"left-anterior-inferior"))
    return path


def meta(path, **fields):
    lines = {
        "ObjectType": "Image",
        "NDims": 3,
        "DimSize": "2 2 2",
        "ElementSpacing": "1 1 6",
        "ElementType": "MET_SHORT",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        **fields,
        "ElementDataFile": "LOCAL",
    }
    head = "".join(f"{name} = {value}\n" for name, value in lines.items())
    path.write_bytes(head.encode() + np.zeros(8, "int16").tobytes())
    return path


FILES = {
    "an sform with shear": ("sheared.nii", sheared),
    "an sform that is not finite": ("nan.nii", lambda path: raw(path, (280, "<f4"), np.nan)),
    "invalid dimensions": ("flat.nii", lambda path: raw(path, (42, "<i2"), -4)),
    "an unknown data type": ("odd.nii", lambda path: raw(path, (70, "<i2"), 77)),
    "colors, in NIfTI": ("rgb.nii", colors),
    "complex numbers": ("complex.nii", lambda path: nifti(path, data=np.zeros((4, 4, 3), "complex64"))),
    "a file that is cut off, in NIfTI": ("cut.nii", cut),
    "a damaged compressed file": ("damaged.nii.gz", damaged),
    "a pair that is cut off": ("pair.img", cut_pair),
    "half of a pair": ("half.img", half),
    "Analyze 7.5": ("old.img", analyze),
    "pixels that are not finite": ("holes.nii", not_finite),
    "space directions with shear": (
        "cine.nrrd",
        lambda path: nrrd(
            path, [[1, 0, 0], [0, 1, 0], [0, 2, 8], [np.nan] * 3], kinds=["domain", "domain", "domain", "list"]
        ),
    ),
    "an unknown space": ("odd.nrrd", odd_space),
    "a direction matrix with shear": ("sheared.mha", lambda path: meta(path, TransformMatrix="1 0 0 0 1 0 0 0.6 0.8")),
}


# Warnings -------------------------------------------------------------------------------------------------------------


def nowhere(path):
    content = bytearray(nifti(path).read_bytes())
    content[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(content)
    return path


def two_places(path):
    nibabel = pytest.importorskip("nibabel")
    made = nibabel.Nifti1Image(np.zeros((4, 4, 3), "int16"), None)
    made.set_sform(np.diag([1, 1, 6, 1.0]), 1)
    made.set_qform(np.diag([-1, 1, 6, 1.0]), 1)
    nibabel.save(made, path)
    return path


WARNINGS = {
    "slices that are shifted by whole pixels": ("shifted", lambda f: moved(f, (0, 0, 0), (1, 0, 5), (2, 0, 10))),
    "other series in subfolders": ("folder", lambda f: series(f) and two_series_below(f)),
    "one slice of unknown thickness": ("folder", lambda f: series(f, 1, SliceThickness=None)),
    "times against instance numbers": (
        "cine",
        lambda f: cine(f, (2, 2), InstanceNumber=lambda place, phase: 2 * place - phase + 2),
    ),
    "phases by their instance numbers": (
        "cine",
        lambda f: cine(
            f, (2, 2), TriggerTime=lambda place, phase: None, InstanceNumber=lambda place, phase: 2 * place + phase
        ),
    ),
    "sform and qform that differ": ("two.nii", two_places),
    "pixdim and sform that differ": ("other.nii", lambda path: raw(path, (80, "<f4"), 0.8)),
    "no position in space": ("nowhere.nii", nowhere),
}


def refusal(monkeypatch, tmp_path, make, name, options=None):
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path / name).relative_to(tmp_path)
    if options is None and path.suffix == ".dcm":
        path = path.parent
    with pytest.raises(LatentSRError) as error:
        open_volume(path, options=options or ReadOptions())
    assert "\n" not in str(error.value)
    return str(error.value)


def row(name, message):
    return f"| {name} | {message.replace('|', chr(92) + '|')} |"


def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DICOM)
def test_the_page_has_every_refusal_of_dicom(name, monkeypatch, tmp_path):
    assert row(name, refusal(monkeypatch, tmp_path, DICOM[name], "folder")) in page()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_page_has_every_refusal_of_an_option(name, monkeypatch, tmp_path):
    make, options = OPTIONS[name]
    assert row(name, refusal(monkeypatch, tmp_path, make, "folder", options)) in page()


@pytest.mark.parametrize("name", FILES)
def test_the_page_has_every_refusal_of_files(name, monkeypatch, tmp_path):
    file, make = FILES[name]
    assert row(name, refusal(monkeypatch, tmp_path, make, file)) in page()


@pytest.mark.parametrize("name", WARNINGS)
def test_the_page_has_every_warning(name, monkeypatch, tmp_path):
    file, make = WARNINGS[name]
    monkeypatch.chdir(tmp_path)
    volume = open_volume(make(tmp_path / file).relative_to(tmp_path))
    assert [row(name, text) in page() for text in volume.warnings] == [True]


def test_the_page_has_no_other_messages():
    rows = [line for line in page().splitlines() if line.startswith("| ") and " | " in line[2:]]
    told = {line.split(" | ")[0][2:] for line in rows if "| message |" not in line and "| words |" not in line}
    assert told >= {*DICOM, *OPTIONS, *FILES, *WARNINGS}
    tables = page().split("## Refusals")[1]
    listed = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| what |")]
    assert len(listed) == len(DICOM) + len(OPTIONS) + len(FILES) + len(WARNINGS)


def test_compressed_content_is_recognized_by_its_bytes(tmp_path):
    path = nifti(tmp_path / "a.nii")
    (tmp_path / "b.nii").write_bytes(gzip.compress(path.read_bytes()))
    assert open_volume(tmp_path / "b.nii").image.GetImageDimension() == 3
