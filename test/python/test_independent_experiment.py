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
"""An independent slice-recovery experiment, with SimpleITK's interpolators and scikit-image's metrics."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import phantom, write_nifti

CROP = 128
SUBJECT = r"(SCD\d+|subject[A-G])"


def lanczos(kept: np.ndarray, count: int, radius: int) -> np.ndarray:
    """Interpolate by a Lanczos-windowed sinc along the slices, border slices repeated. SimpleITK has another radius."""
    recovered = np.empty((count, *kept.shape[1:]))
    for n in range(count):
        below = n // 2
        numbers = np.arange(below - radius + 1, below + radius + 1)
        distance = n / 2 - numbers
        weights = np.sinc(distance) * np.sinc(distance / radius)
        recovered[n] = np.tensordot(weights, kept[np.clip(numbers, 0, len(kept) - 1)], 1)
    return np.clip(recovered, 0, 1)


def recover(sitk, kept, grid, method: str) -> np.ndarray:
    """Return the volume on a grid: (slices, rows, columns)."""
    if method.startswith("lanczos"):
        radius = 4 if method == "lanczos4" else 3
        return lanczos(sitk.GetArrayFromImage(kept), grid.GetDepth(), radius)
    interpolator = {
        "linear": sitk.sitkLinear,
        "linear-blur": sitk.sitkLinear,
        "bspline": sitk.sitkBSpline3,
        "bspline2": sitk.sitkBSpline2,
    }[method]
    image = sitk.Resample(kept, grid, sitk.Transform(), interpolator, 0.0, sitk.sitkFloat64)
    if method == "linear-blur":
        image = sitk.DiscreteGaussian(image, [1.5**2, 1.5**2, 0.0], 32, 0.001, False)
    return np.clip(sitk.GetArrayFromImage(image), 0, 1)


def experiment(sitk, metrics, path: Path) -> dict[str, dict[str, float]]:
    """Return means over the dropped slices of a volume, by method and metric."""
    volume = sitk.ReadImage(str(path), sitk.sitkFloat64)
    pixels = sitk.GetArrayFromImage(volume)
    count = (len(pixels) - 1) // 2 * 2 + 1
    pixels = pixels[:count]
    low, high = np.percentile(pixels[::2], [1, 99])
    rows, columns = pixels.shape[1:]
    top, left = max(0, (rows - CROP) // 2), max(0, (columns - CROP) // 2)
    pixels = np.clip((pixels - low) / (high - low), 0, 1)[:, top : top + CROP, left : left + CROP]
    grid, kept = sitk.GetImageFromArray(pixels), sitk.GetImageFromArray(pixels[::2])
    kept.SetSpacing((1, 1, 2))
    table: dict[str, dict[str, float]] = {}
    # Without nearest: a dropped slice has the same distance to both neighbors.
    for method in ("linear", "bspline", "bspline2", "lanczos", "lanczos4", "linear-blur"):
        recovered = recover(sitk, kept, grid, method)
        options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        pairs = [(pixels[n], recovered[n]) for n in range(1, count, 2)]
        table[method] = {
            "psnr": float(np.mean([metrics.peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in pairs])),
            "ssim": float(np.mean([metrics.structural_similarity(a, b, **options) for a, b in pairs])),
        }
    return table


def assert_the_same_table(latent_sr_run, paths: list[Path]) -> None:
    """Assert that the command and this file give the same table for four volumes, the first two of one subject."""
    sitk, metrics = pytest.importorskip("SimpleITK"), pytest.importorskip("skimage.metrics")
    methods = "linear,bspline,bspline2,lanczos,lanczos4,linear-blur"
    result = latent_sr_run(
        "evaluate", *paths, "--crop", CROP, "--methods", methods, "--subject", SUBJECT, "--json", "-"
    )
    assert result.returncode == 0, result.stderr
    ours = json.loads(result.stdout)
    tables = [experiment(sitk, metrics, path) for path in paths]
    for number, table in enumerate(tables):
        for method, values in table.items():
            for metric, value in values.items():
                found = ours["volumes"][number]["methods"][method]["mean"][metric]
                assert found == pytest.approx(value, abs=5e-4), (paths[number].name, method, metric)
    for method in tables[0]:
        for metric in ("psnr", "ssim"):
            first, second = tables[0][method][metric], tables[1][method][metric]
            means = [(first + second) / 2, tables[2][method][metric], tables[3][method][metric]]
            assert ours["summary"][method][metric]["mean"] == pytest.approx(np.mean(means), abs=5e-4)


def test_the_experiment_on_synthetic_volumes_gives_the_same_table_as_an_independent_one(latent_sr_run, tmp_path):
    # Special cases: an even number of slices, odd margins around the crop, and a side that is shorter than the crop.
    sizes = {
        "SCD1_phase0": (9, 151, 140),
        "SCD1_phase8": (10, 151, 140),
        "subjectA": (7, 131, 90),
        "subjectB": (12, 128, 160),
    }
    paths = [
        write_nifti(tmp_path / f"{name}.nii.gz", phantom(*size, seed=n)) for n, (name, size) in enumerate(sizes.items())
    ]
    assert_the_same_table(latent_sr_run, paths)


def test_the_experiment_on_real_volumes_gives_the_same_table_as_an_independent_one(latent_sr_run, shared):
    names = [
        "sunnybrook/SCD0000501_phase00.nii.gz",
        "sunnybrook/SCD0000501_phase08.nii.gz",
        "autofd/subjectF_sa_ED.nii.gz",
        "autofd/subjectG_sa_ED.nii.gz",
    ]
    assert_the_same_table(latent_sr_run, [shared(f"data/cardiac/{name}") for name in names])
