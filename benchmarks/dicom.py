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
"""Time and memory for reading a cine, a large series and an enhanced file of DICOM, and for up-sampling the cine.

    python benchmarks/dicom.py [--slices 12] [--phases 25] [--files 1000] [--side 256] [--threads 1]
        [--factor 2]

Each case runs in a separate process. Measured after the imports: the seconds of a step, and the increase of the largest
resident memory.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom

MR, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"

CHILD = """
import resource, sys, time
from pathlib import Path
import itk
import latent_sr
from latent_sr.volumes import open_volume
itk.Image[itk.SS, 4], itk.LatentSpaceSuperResolutionImageFilter

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

path, threads = Path(sys.argv[1]), int(sys.argv[2])
before, start = memory(), time.perf_counter()
volume = open_volume(path)
read, after = time.perf_counter() - start, memory()
size = [int(n) for n in volume.image.GetLargestPossibleRegion().GetSize()]
print(f"{path.name:10} {' x '.join(map(str, size)):18} read {read:6.2f} s, {after - before:5.0f} MB", flush=True)
if len(sys.argv) > 3:
    start = time.perf_counter()
    thin = latent_sr.upsample(volume.image, factor=int(sys.argv[3]), axis=2, threads=threads)
    size = [int(n) for n in thin.GetLargestPossibleRegion().GetSize()]
    seconds = time.perf_counter() - start
    print(f"{'':10} {' x '.join(map(str, size)):18} up-sampled {seconds:6.2f} s, {memory() - after:5.0f} MB")
"""


def dataset(pixels: np.ndarray, **tags: object) -> pydicom.Dataset:
    """Make a classic MR image, or an enhanced one if the pixels have three axes."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image = pydicom.dataset.FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    image.SOPClassUID = ENHANCED_MR if pixels.ndim == 3 else MR
    image.SOPInstanceUID = pydicom.uid.generate_uid()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    image.Modality, image.SeriesNumber, image.PatientID, image.StudyInstanceUID = "MR", 1, "benchmark", "1.2.3"
    image.ImageOrientationPatient, image.PixelSpacing, image.SliceThickness = [1, 0, 0, 0, 1, 0], [1.4, 1.4], 8
    image.Rows, image.Columns = pixels.shape[-2:]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation, image.PixelData = 15, 1, pixels.tobytes()
    for name, value in tags.items():
        setattr(image, name, value)
    return image


def make(folder: Path, slices: int, phases: int, files: int, side: int) -> None:
    """Write a cine with one series per slice, a series of many slices, and an enhanced file with as many slices."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 1000, (side, side)).astype(np.int16)
    for place in range(slices):
        series = folder / "cine" / f"slice{place}"
        series.mkdir(parents=True)
        for phase in range(phases):
            dataset(
                pixels + phase,
                SeriesInstanceUID=f"1.2.4.{place}",
                ImagePositionPatient=[0, 0, 8 * place],
                TriggerTime=33.5 * phase,
            ).save_as(series / f"{phase}.dcm", enforce_file_format=True)
    (folder / "series").mkdir()
    for place in range(files):
        tags = {"SeriesInstanceUID": "1.2.5", "ImagePositionPatient": [0, 0, 3 * place]}
        dataset(pixels, **tags).save_as(folder / "series" / f"{place}.dcm", enforce_file_format=True)
    groups = []
    for place in range(files):
        group, plane = pydicom.Dataset(), pydicom.Dataset()
        plane.ImagePositionPatient = [0, 0, 3 * place]
        group.PlanePositionSequence = [plane]
        groups.append(group)
    (folder / "enhanced").mkdir()
    tags = {"NumberOfFrames": files, "SeriesInstanceUID": "1.2.6", "PerFrameFunctionalGroupsSequence": groups}
    dataset(np.broadcast_to(pixels, (files, side, side)), **tags).save_as(
        folder / "enhanced" / "1.dcm", enforce_file_format=True
    )


def main() -> None:
    """Make the files and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (
        ("slices", 12),
        ("phases", 25),
        ("files", 1000),
        ("side", 256),
        ("threads", 1),
        ("factor", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.slices, options.phases, options.files, options.side)
        for case in ("cine", "series", "enhanced"):
            words = [str(folder / case), str(options.threads), *([str(options.factor)] if case == "cine" else [])]
            subprocess.run([sys.executable, "-c", CHILD, *words], check=True)


if __name__ == "__main__":
    main()
