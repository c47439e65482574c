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
"""Soak test: memory, file descriptors and threads of a process that works for long.

    .venv-test/bin/python scripts/soak.py [--updates 1000] [--iterations 1000] [--folders 200]

scripts/setup.sh --tests makes .venv-test.
Each part runs a tenth of its work to warm up (new trainings: half), and then the rest. The table has the growth during
the rest. The exit code is 1 if memory grows by more than 16 MiB, or the number of descriptors or threads grows at all.
"""

import argparse
import ctypes
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "python"))

import itk
import latent_sr
import numpy as np
from conftest import phantom, write_nifti
from test_io import write_dicom_series

LARGEST_GROWTH = 16.0
"""MiB of memory that may be added: the allocators of glibc and LibTorch keep some."""


Used = tuple[float, int, int]


def used() -> Used:
    """Return the resident memory in MiB, and the numbers of descriptors and threads.

    glibc keeps memory that was freed, and how much depends on chance. It is returned first.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    descriptors, threads = (len(list(Path(f"/proc/self/{name}").iterdir())) for name in ("fd", "task"))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, descriptors, threads


def report(name: str, count: int, seconds: float, before: Used, after: Used) -> bool:
    """Print the row of a part. Return whether nothing has grown."""
    memory, descriptors, threads = (b - a for a, b in zip(before, after, strict=True))
    passed = memory <= LARGEST_GROWTH and descriptors <= 0 and threads <= 0
    print(
        f"| {name} | {count} | {seconds:.0f} s | {before[0]:.0f} | {memory:+.1f} | {descriptors:+d} | {threads:+d} "
        f"| {'passed' if passed else 'FAILED'} |",
        flush=True,
    )
    return passed


def soak(name: str, count: int, work: Callable[[int], object], warm_up_share: float = 0.1) -> bool:
    """Run a part: a share to warm up, and the rest."""
    warm_up = max(1, round(warm_up_share * count))
    for number in range(warm_up):
        work(number)
    before = used()
    begin = time.monotonic()
    for number in range(warm_up, count):
        work(number)
    return report(name, count, time.monotonic() - begin, before, used())


def soak_training(image: Any, iterations: int) -> bool:
    """Train for long. The warm-up is the beginning of the training."""
    trainer = itk.AutoencoderTrainer[type(image)].New(number_of_iterations=iterations, patch_size=32, batch_size=4)
    trainer.AddTrainingImage(image)
    states: list[Used] = []

    def observe() -> None:
        if trainer.GetCurrentIteration() in (max(1, iterations // 10), iterations):
            states.append(used())

    trainer.AddObserver(itk.IterationEvent(), observe)
    begin = time.monotonic()
    trainer.Update()
    return report("iterations of a training", iterations, time.monotonic() - begin, states[0], states[-1])


def soak_files(folder: Path, count: int) -> list[bool]:
    """Read DICOM folders and write NIfTI, and read damaged files."""
    write_dicom_series(folder / "series", phantom(6, 48, 48))
    whole = write_nifti(folder / "thick.nii.gz", phantom(6, 48, 48))
    (folder / "damaged.nii.gz").write_bytes(whole.read_bytes()[:-200])

    def convert(number: int) -> None:
        output = folder / f"out{number}.nii.gz"
        latent_sr.write_volume(latent_sr.read_volume(folder / "series"), output)
        output.unlink()

    def read_damaged(_: int) -> None:
        with suppress(latent_sr.LatentSRError):
            latent_sr.read_volume(folder / "damaged.nii.gz")
            raise AssertionError

    return [soak("DICOM folders", count, convert), soak("damaged files", count, read_damaged)]


def main() -> int:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option, count in (("--updates", 1000), ("--iterations", 1000), ("--folders", 200)):
        parser.add_argument(option, type=int, default=count)
    arguments = parser.parse_args()
    itk.Object.GlobalWarningDisplayOff()
    image = itk.image_from_array(phantom(6, 48, 48).astype(np.float32))
    image.SetSpacing([1.4, 1.4, 8.0])
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New(image, upsampling_factor=2)

    def update(_: int) -> None:
        upsampler.Modified()
        upsampler.Update()

    print(
        "| part | times | time | memory, MiB | growth, MiB | descriptors | threads | |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    passed = [
        soak("updates of a filter", arguments.updates, update),
        soak("new filters and models", arguments.updates, lambda _: latent_sr.upsample(image, factor=2)),
        soak("metrics", arguments.updates, lambda _: latent_sr.compare(image, image)),
        soak_training(image, arguments.iterations),
        soak(
            "new trainings of one iteration",
            max(10, arguments.iterations // 20),
            lambda _: latent_sr.train([image], iterations=1, threads=1),
            warm_up_share=0.5,  # the allocators keep memory of the first twenty
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        passed += soak_files(Path(folder), arguments.folders)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
