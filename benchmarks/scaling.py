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
"""The filter's time by number of slices, pixels, factor and threads, and the time of ITK's interpolators.

    python benchmarks/scaling.py [--threads 2] [--rounds 5] [--json F.json]

The filter runs with the bundled model in the default mode. The first row is 12 slices of 256 x 256 pixels, factor 5.
Each other row changes one of these. All rows take turns in each round. The cost is seconds per 10^6 pixels of encoded
and decoded slices. If time is linear, the ratio of the cost to that of the first row is 1. ITK's interpolators compute
the grid of the first row with the same number of threads.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import itk
import numpy as np
from latent_sr.models import load_model
from rounds import alternate, ratios, spread

ROWS = [
    ("12 slices of 256 x 256, by 5", 12, 256, 5),
    ("6 slices", 6, 256, 5),
    ("24 slices", 24, 256, 5),
    ("48 slices", 48, 256, 5),
    ("128 x 128", 12, 128, 5),
    ("384 x 384", 12, 384, 5),
    ("512 x 512", 12, 512, 5),
    ("by 2", 12, 256, 2),
    ("by 10", 12, 256, 10),
]


def make_image(slices: int, size: int, spacing: float) -> itk.Image:
    """Make an image of tubes that run obliquely through noise."""
    z, y, x = np.mgrid[:slices, :size, :size].astype(np.float32)
    volume = 500 + 300 * np.sin(0.1 * x + 0.3 * z) * np.cos(0.07 * y - 0.2 * z)
    image = itk.image_from_array(volume + np.random.default_rng(0).normal(0, 50, volume.shape).astype(np.float32))
    image.SetSpacing([spacing, spacing, 8.0])
    return image


def upsample(image: itk.Image, model: itk.AutoencoderModel, factor: int, threads: int) -> Callable[[], None]:
    """Return a function that runs the filter."""

    def run() -> None:
        upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New()
        upsampler.SetInput(image)
        upsampler.SetModel(model)
        upsampler.SetUpsamplingFactor(factor)
        upsampler.SetNumberOfWorkUnits(threads)
        upsampler.Update()

    return run


def interpolate(image: itk.Image, name: str, factor: int, threads: int) -> Callable[[], None]:
    """Return a function that resamples by ITK to the same grid."""
    size = [int(n) for n in itk.size(image)]
    spacing = [float(s) for s in image.GetSpacing()]
    size[2], spacing[2] = (size[2] - 1) * factor + 1, spacing[2] / factor

    def run() -> None:
        kinds = {
            "linear": lambda: itk.LinearInterpolateImageFunction[type(image), itk.D].New(),
            "B-spline": lambda: itk.BSplineInterpolateImageFunction[type(image), itk.D, itk.F].New(),
            "Lanczos": lambda: itk.WindowedSincInterpolateImageFunction[
                type(image), 3, itk.LanczosWindowFunction[3]
            ].New(),
        }
        resampler = itk.ResampleImageFilter[type(image), type(image)].New()
        resampler.SetInput(image)
        resampler.SetInterpolator(kinds[name]())
        resampler.SetSize(size)
        resampler.SetOutputSpacing(spacing)
        resampler.SetOutputOrigin(image.GetOrigin())
        resampler.SetOutputDirection(image.GetDirection())
        resampler.GetMultiThreader().SetMaximumNumberOfThreads(threads)
        resampler.Update()

    return run


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    model = load_model()
    spacing = float(model.GetInPlaneSpacing())
    runs, work = {}, {}
    for name, slices, size, factor in ROWS:
        runs[name] = upsample(make_image(slices, size, spacing), model, factor, arguments.threads)
        work[name] = size * size * (slices + (slices - 1) * factor + 1) / 1e6
    first = ROWS[0][0]
    if arguments.threads > 1:
        runs["one thread"] = upsample(make_image(12, 256, spacing), model, 5, 1)
        work["one thread"] = work[first]
    for name in ("linear", "B-spline", "Lanczos"):
        runs[name] = interpolate(make_image(12, 256, spacing), name, 5, arguments.threads)
    for run in runs.values():
        run()
    times = alternate(runs, arguments.rounds)
    costs = {name: [value / work.get(name, work[first]) for value in column] for name, column in times.items()}

    print(f"{'':32}{'seconds':>9}{'s / 10^6 pixels':>17}{'ratio to the first row (range)':>32}")
    results = {}
    for name, column in times.items():
        dearer = ratios(costs[name], costs[first])
        results[name] = {"seconds": column, "ratios": dearer}
        cost = statistics.median(costs[name])
        print(f"{name:32}{statistics.median(column):9.3f}{cost:17.4f}{spread(dearer, 3):>32}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
