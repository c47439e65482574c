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
"""Time for image quality metrics: this module and other libraries, which must give the same values.

    pip install scikit-image sewar torchmetrics monai
    python benchmarks/metrics_speed.py [--rounds 15] [--threads 2] [--json F]

The metrics are SSIM, VIFp, multi-scale SSIM and wavelet VIF of 512 x 512 pixels, and SSIM of 256 x 256 x 64 voxels with
3D windows: a Gaussian (11 taps, sigma 1.5, population covariance), and scikit-image's default (7 taps, uniform, sample
covariance). Libraries for single precision get single precision, which is faster. Libraries that are not installed are
left out. All libraries take turns in each round. The table has medians of the milliseconds, and medians and ranges of
the ratios to this module within each round.
"""

import argparse
import importlib.util
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import itk
import numpy as np
import torch
from rounds import alternate, ratios, spread

L = 255.0
Case = dict[str, Callable[[], float]]


def pair(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Make an image of smoothed noise, and the same image with noise added."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=shape)
    for axis in range(len(shape)):
        x = x + np.roll(x, 1, axis) + np.roll(x, 2, axis)
    x = np.clip(128 + 25 * x / x.std(), 0, L)
    return x, np.clip(x + generator.normal(0, 10, shape), 0, L)


def has(name: str) -> bool:
    """Tell whether a library is installed."""
    return importlib.util.find_spec(name) is not None


def ours(x: np.ndarray, y: np.ndarray, name: str, threads: int, **settings: object) -> Callable[[], float]:
    """Return a function that computes one metric, and no other, of two images."""
    reference, test = itk.image_from_array(x), itk.image_from_array(y)
    calculator = itk.ImageQualityMetricsCalculator[type(reference)].New()
    calculator.SetReferenceImage(reference)
    calculator.SetTestImage(test)
    calculator.SetDataRange(L)
    calculator.SetNumberOfWorkUnits(threads)
    for metric in ("SSIM", "VIFp", "SSIM3D", "MultiScaleSSIM", "WaveletVIF"):
        getattr(calculator, f"SetCompute{metric}")(metric == name)
    for key, value in settings.items():
        getattr(calculator, f"Set{key}")(value)

    def run() -> float:
        calculator.Compute()
        return getattr(calculator, f"Get{name}")()

    return run


def two_dimensional(threads: int) -> dict[str, Case]:
    """Return the metrics of slices, by library."""
    x, y = pair((512, 512))
    tx, ty = (torch.from_numpy(image)[None, None] for image in (x, y))
    cases: dict[str, Case] = {
        "SSIM, 512 x 512": {"ours": ours(x, y, "SSIM", threads)},
        "VIFp, 512 x 512": {"ours": ours(x, y, "VIFp", threads)},
        "multi-scale SSIM, 512 x 512": {"ours": ours(x, y, "MultiScaleSSIM", threads)},
        "wavelet VIF, 512 x 512": {"ours": ours(x, y, "WaveletVIF", threads)},
    }
    similarity, information, scales, _ = cases.values()
    if has("skimage"):
        from skimage.metrics import structural_similarity

        options = {"data_range": L, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        similarity["scikit-image"] = lambda: structural_similarity(x, y, **options)
    if has("sewar"):
        from sewar import full_ref

        information["sewar"] = lambda: full_ref.vifp(x, y)
    if has("torchmetrics"):
        from torchmetrics.functional import image as functional

        sx, sy = tx.float(), ty.float()
        information["torchmetrics (float32)"] = lambda: float(functional.visual_information_fidelity(sy, sx))
        scales["torchmetrics (float32)"] = lambda: float(
            functional.multiscale_structural_similarity_index_measure(sy, sx, data_range=L)
        )
    if has("monai"):
        from monai.metrics import SSIMMetric

        metric = SSIMMetric(spatial_dims=2, data_range=L)
        similarity["MONAI (float32)"] = lambda: float(metric(ty.float(), tx.float()))
    return cases


def three_dimensional(threads: int) -> dict[str, Case]:
    """Return the metrics of volumes, by library."""
    x, y = pair((64, 256, 256))
    uniform = {
        "SSIMWindow": itk.ImageQualityMetricsCalculatorEnums.SSIMWindow_Uniform,
        "SSIMRadius": 3,
        "UseSampleCovariance": True,
    }
    cases: dict[str, Case] = {
        "SSIM in 3D, Gaussian": {"ours": ours(x, y, "SSIM3D", threads)},
        "SSIM in 3D, uniform": {"ours": ours(x, y, "SSIM3D", threads, **uniform)},
    }
    if has("skimage"):
        from skimage.metrics import structural_similarity

        options = {"data_range": L, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        cases["SSIM in 3D, Gaussian"]["scikit-image"] = lambda: structural_similarity(x, y, **options)
        cases["SSIM in 3D, uniform"]["scikit-image"] = lambda: structural_similarity(x, y, data_range=L)
    if has("monai"):
        from monai.metrics import SSIMMetric

        metric = SSIMMetric(spatial_dims=3, data_range=L)
        tx, ty = (torch.from_numpy(image).float()[None, None] for image in (x, y))
        cases["SSIM in 3D, Gaussian"]["MONAI (float32)"] = lambda: float(metric(ty, tx))
    return cases


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results: dict[str, dict[str, object]] = {}
    print(f"{'':30}{'':24}{'value':>12}{'ms':>10}{'ratio (range)':>24}")
    for name, case in (two_dimensional(arguments.threads) | three_dimensional(arguments.threads)).items():
        values = {library: function() for library, function in case.items()}
        times = alternate(case, arguments.rounds)
        results[name] = {}
        for library in case:
            slower = ratios(times[library], times["ours"])
            median = statistics.median(times[library])
            results[name][library] = {"value": values[library], "seconds": median, "ratios": slower}
            text = spread(slower, 1)
            print(f"{name:30}{library:24}{values[library]:12.6f}{1000 * median:10.2f}{text:>24}", flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
