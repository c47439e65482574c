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
"""Peak memory of the super-resolution filter, in addition to its input and output.

    python benchmarks/filter_memory.py [--size 512 512 40] [--factor 5] [--spacing 0.7 0.7 3] [--pixel F] [--threads N]

Each mode runs in a separate process. One more process requests the output in slabs, and drops each slab. (ITK's
StreamingImageFilter would keep the output.) The table has the resident memory before the update, with the input and the
model in memory; its peak during the update; the size of the output; and the remainder, the filter's working memory.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

MODES = ("Decoded", "PreserveAcquired", "ResidualCorrected", "LowPassCorrected")
MEBI = 2.0**20


def memory(key: str) -> float:
    """Return an entry of /proc/self/status in MiB: VmRSS (resident memory) or VmHWM (its peak since ``reset_peak``)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {key}")


def reset_peak() -> None:
    """Start a new measurement of the peak (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Measure one mode in this process."""
    import time

    import itk
    import numpy as np

    columns, rows, slices = arguments.size
    generator = np.random.default_rng(0)
    dtype = {"F": np.float32, "SS": np.int16, "US": np.uint16, "UC": np.uint8}[arguments.pixel]
    volume = np.empty((slices, rows, columns), dtype)
    for z in range(slices):
        volume[z] = generator.integers(0, 255, (rows, columns))
    image = itk.image_from_array(volume)
    del volume
    image.SetSpacing(list(arguments.spacing))
    model = itk.AutoencoderModel.New()
    model.ReadBundled()
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New(Input=image, Model=model)
    upsampler.SetUpsamplingFactor(arguments.factor)
    upsampler.SetOutputMode(getattr(itk.LatentSpaceSuperResolutionImageFilterEnums, f"OutputMode_{arguments.mode}"))
    if arguments.threads:
        upsampler.SetNumberOfWorkUnits(arguments.threads)
    upsampler.UpdateOutputInformation()
    output = upsampler.GetOutput()
    region = output.GetLargestPossibleRegion()
    pixels = 1
    for length in region.GetSize():
        pixels *= int(length)
    before = memory("VmRSS")
    reset_peak()
    start = time.perf_counter()
    kept = pixels
    if arguments.slabs > 1:
        kept = pixels // int(region.GetSize()[2]) * (-(-int(region.GetSize()[2]) // arguments.slabs))
        for slab in range(arguments.slabs):
            size = int(region.GetSize()[2])
            first, last = slab * size // arguments.slabs, (slab + 1) * size // arguments.slabs
            part = itk.ImageRegion[3](region)
            part.SetIndex(2, first)
            part.SetSize(2, last - first)
            output.SetRequestedRegion(part)
            output.PropagateRequestedRegion()
            output.UpdateOutputData()
    else:
        upsampler.Update()
    return {
        "before": before,
        "peak": memory("VmHWM"),
        "output": kept * np.dtype(dtype).itemsize / MEBI,
        "seconds": time.perf_counter() - start,
    }


def main() -> None:
    """Print the table, or with ``--mode`` one measurement as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=[512, 512, 40])
    parser.add_argument("--spacing", type=float, nargs=3, default=[1.4, 1.4, 8.0])
    parser.add_argument("--factor", type=int, default=5)
    parser.add_argument("--pixel", choices=["F", "SS", "US", "UC"], default="F")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--slabs", type=int, default=1)
    parser.add_argument("--mode", choices=MODES)
    arguments = parser.parse_args()
    if arguments.mode:
        print(json.dumps(measure(arguments)))
        return
    print(f"{arguments.size} pixels of {arguments.pixel}, {arguments.spacing} mm, by {arguments.factor}; MiB")
    print(f"{'mode':34}{'before':>8}{'peak':>8}{'output':>8}{'work':>8}{'seconds':>9}")
    for mode, slabs in [*((mode, 1) for mode in MODES), (MODES[-1], 20)]:
        result = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--mode", mode, "--slabs", str(slabs)],
            check=True,
            capture_output=True,
            text=True,
        )
        values = json.loads(result.stdout.splitlines()[-1])
        work = values["peak"] - values["before"] - values["output"]
        name = mode if slabs == 1 else f"{mode} in {slabs} slabs"
        print(
            f"{name:34}{values['before']:8.0f}{values['peak']:8.0f}{values['output']:8.0f}{work:8.0f}"
            f"{values['seconds']:9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
