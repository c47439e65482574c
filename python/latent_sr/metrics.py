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
"""Image quality metrics of a pair of images."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.options import changed
from latent_sr.threads import set_work_units
from latent_sr.volumes import cast, default_slice_axis, pixel_type

SMALLEST_SSIM_SIDE = 11
"""Smallest side in pixels of a slice for the 11 x 11 window of SSIM."""

SMALLEST_VIFP_SIDE = 41
"""Smallest side in pixels of a slice for the four scales of VIFp."""

DATA_RANGE_SOURCES = {
    "reference-min-max": "ReferenceMinimumMaximum",
    "reference-max": "ReferenceMaximum",
    "pixel-type": "PixelType",
}

NRMSE_NORMALIZATIONS = {"euclidean": "Euclidean", "min-max": "MinimumMaximum", "mean": "Mean"}


@dataclass(frozen=True)
class _Metric:
    """An optional metric: its name in C++ methods, its label, whether slices have it, the smallest side, and whether
    it is an error."""

    name: str
    label: str
    in_slices: bool = False
    smallest: int = 1
    dimension: int = 2
    lower_is_better: bool = False


OPTIONAL_METRICS = {
    "ssim": _Metric("SSIM", "SSIM", True, SMALLEST_SSIM_SIDE),
    "vifp": _Metric("VIFp", "VIFp", True, SMALLEST_VIFP_SIDE),
    "ssim_3d": _Metric("SSIM3D", "SSIM in 3D", False, SMALLEST_SSIM_SIDE, 3),
    "ms_ssim": _Metric("MultiScaleSSIM", "multi-scale SSIM", True, 161),
    "vif_wavelet": _Metric("WaveletVIF", "wavelet VIF", True, 65),
    "gmsd": _Metric("GMSD", "GMSD", True, 5, lower_is_better=True),
    "hfen": _Metric("HFEN", "HFEN", True, lower_is_better=True),
    "maeg": _Metric("GradientError", "MAEG", True, 2, lower_is_better=True),
    "nmi": _Metric("NMI", "NMI"),
    "fourier": _Metric("FourierCorrelation", "Fourier correlation"),
}
"""The metrics that ``compare`` computes on request. Errors, PSNR and Pearson's coefficient are always computed."""

DEFAULT_METRICS = ("ssim", "vifp")

OPTIONAL_SLICE_METRICS = tuple(name for name, metric in OPTIONAL_METRICS.items() if metric.in_slices)
"""Those of them that have a value for each slice."""

LOWER_IS_BETTER = {"mse", *(name for name, metric in OPTIONAL_METRICS.items() if metric.lower_is_better)}
"""Metrics of slices that are errors."""


@dataclass(frozen=True)
class SSIMParameters:
    """Parameters of all forms of SSIM.

    Attributes
    ----------
    sigma
        Standard deviation of the Gaussian window in pixels. Default 1.5.
    radius
        The window has 2 radius + 1 pixels along each axis. Default 5.
    uniform
        Use equal weights instead of a Gaussian window. Default: no.
    sample_covariance
        Use sample covariances instead of population covariances. Default: no.
    whole_map
        Average over all pixels, with mirrored borders, instead of those at which the window fits. Default: no.
    """

    sigma: float = 1.5
    radius: int = 5
    uniform: bool = False
    sample_covariance: bool = False
    whole_map: bool = False


def json_number(value: float | None) -> float | str | None:
    """A number as JSON holds it: null for NaN (undefined), and a text for infinity."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def from_json_number(value: float | str | None) -> float:
    """The inverse of ``json_number``. NaN for null."""
    return math.nan if value is None else float(value)


def fitting(metrics: Sequence[str], rows: int, columns: int) -> tuple[list[str], list[str]]:
    """The metrics that slices of this size are large enough for, and notes on the other ones."""
    return _requested(metrics, [columns, rows], 2, SSIMParameters(), leave_out=True)


def _requested(
    metrics: Iterable[str] | str, size: list[int], axis: int, ssim: SSIMParameters, leave_out: bool = False
) -> tuple[list[str], list[str]]:
    """Names of the metrics to compute, and notes on those that are left out for the size: those of "all", of the
    default, or any.

    Raises
    ------
    UsageError
        For an unknown name.
    """
    everything = metrics == "all"
    leave_out = leave_out or everything
    names = list(OPTIONAL_METRICS) if everything else [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in OPTIONAL_METRICS:
            raise UsageError(f"metric '{name}' is unknown: metrics are {', '.join(OPTIONAL_METRICS)}, or all")
    in_plane = size[:2] if len(size) == 2 else [size[n] for n in range(3) if n != axis]
    chosen, notes = [], []
    for name in dict.fromkeys(names):
        metric = OPTIONAL_METRICS[name]
        smallest = metric.smallest
        if name in ("ssim", "ssim_3d", "ms_ssim"):
            smallest = (16 if name == "ms_ssim" else 1) * 2 * ssim.radius + 1
        sides = size[:3] if metric.dimension == 3 else in_plane
        what = "volumes" if metric.dimension == 3 else "slices"
        if (leave_out or name in DEFAULT_METRICS) and len(size) < metric.dimension:
            notes.append(f"{metric.label} is left out: the images have {len(size)} dimensions")
        elif (leave_out or name in DEFAULT_METRICS) and min(sides) < smallest:
            text = " x ".join(map(str, sides))
            notes.append(f"{metric.label} is left out: {what} of {text} pixels are smaller than {smallest} pixels")
        else:
            chosen.append(name)
    return chosen, notes


@dataclass(frozen=True)
class ComparisonOptions:
    """How a test image is compared with a reference image.

    Attributes
    ----------
    data_range
        Data range in units of intensity. Default: that of ``data_range_source``.
    data_range_source
        "reference-min-max" (the default: maximum minus minimum of the reference), "reference-max" or "pixel-type".
    mask
        ``itk.Image`` of the same size; nonzero pixels are compared. Default: all pixels.
    axis
        The axis across the slices, 0 to 2. Default: that of the largest spacing, or the last one if two axes have it.
    metrics
        Names of ``OPTIONAL_METRICS`` to compute in addition to errors and PSNR, or "all". Default: "ssim" and "vifp".
        Metrics of the default or of "all" are left out, with a note, if the images are too small for them.
    ssim
        Parameters of SSIM. Default: those of ``SSIMParameters``.
    nrmse
        Normalization of the RMSE by the reference: its Euclidean norm ("euclidean", the default), its range ("min-max")
        or its mean ("mean").
    with_map
        Whether to return the map of SSIM. Default: no.
    threads
        Number of threads. Default: ITK's.
    """

    data_range: float | None = None
    data_range_source: str = "reference-min-max"
    mask: Any = None
    axis: int | None = None
    metrics: Iterable[str] | str = DEFAULT_METRICS
    ssim: SSIMParameters | None = None
    nrmse: str = "euclidean"
    with_map: bool = False
    threads: int | None = None

    def check(self) -> None:
        """Check the options that do not depend on the images.

        Raises
        ------
        UsageError
            With the option, its value and what is allowed.
        """
        for option, value, allowed in (
            ("data range source", self.data_range_source, DATA_RANGE_SOURCES),
            ("NRMSE", self.nrmse, NRMSE_NORMALIZATIONS),
        ):
            if value not in allowed:
                raise UsageError(f"{option} is '{value}', but has to be one of {', '.join(allowed)}")


def compare(reference: Any, test: Any, options: ComparisonOptions | None = None, **changes: Any) -> dict[str, Any]:
    """Compare a test image with a reference image.

    Parameters
    ----------
    reference, test
        ``itk.Image`` objects of the same size, 2D to 4D. If their pixel types differ, both are converted to float64.
    options
        See ``ComparisonOptions``. Default: its defaults.
    **changes
        Single options by name, such as ``data_range=1.0``.

    Returns
    -------
    dict
        "mse", "mae", "rmse", "nrmse", "psnr" (dB, of the volume), "mean_slice_psnr" (dB), "pearson", "data_range",
        "slice_axis" (None in 2D), "number_of_slices", "slices" (for each metric of slices, a list) and "notes"; "ssim"
        and "vifp" (means over slices), and each other metric that was computed. "fourier" is a dict with "frequencies"
        in 1/mm, "correlation", and "resolution" in mm by threshold. "ssim_map" is an ``itk.Image``. Values that are
        undefined or left out are NaN.

    Raises
    ------
    LatentSRError
        If sizes differ, a pixel is not finite, or another precondition of ``itk::ImageQualityMetricsCalculator`` fails.
    UsageError
        For an unknown option or metric, or an invalid value.
    """
    options = changed(options or ComparisonOptions(), changes)
    options.check()
    dimension = reference.GetImageDimension()
    if test.GetImageDimension() != dimension:
        raise LatentSRError(f"the reference is {dimension}D and the test image {test.GetImageDimension()}D")
    if pixel_type(reference) != pixel_type(test):
        reference, test = cast(reference, "D"), cast(test, "D")
    axis = _axis_across(reference) if options.axis is None else options.axis
    ssim = options.ssim or SSIMParameters()
    size = [int(reference.GetLargestPossibleRegion().GetSize()[n]) for n in range(dimension)]
    chosen, notes = _requested(options.metrics, size, axis, ssim)
    if options.with_map and "ssim" not in chosen:
        raise LatentSRError("there is no map of SSIM, because SSIM is not computed")
    with translated():
        calculator = _calculator(reference, test, options, axis, chosen)
        calculator.Compute()
        result = _results(calculator, chosen)
        if options.with_map:
            result["ssim_map"] = calculator.GetSSIMMap()
        return result | {
            "data_range": calculator.GetDataRangeUsed(),
            "slice_axis": None if dimension == 2 else axis,
            "number_of_slices": len(result["slices"]["mse"]),
            "notes": notes,
        }


def _axis_across(image: Any) -> int:
    """The default axis across the slices."""
    if image.GetImageDimension() == 2:
        return 2
    found = default_slice_axis([float(value) for value in image.GetSpacing()])
    return 2 if found is None else found


def _calculator(reference: Any, test: Any, options: ComparisonOptions, axis: int, chosen: Sequence[str]) -> Any:
    """An ``itk::ImageQualityMetricsCalculator`` with its inputs and parameters."""
    import itk

    enums = itk.ImageQualityMetricsCalculatorEnums
    ssim = options.ssim or SSIMParameters()
    calculator = itk.ImageQualityMetricsCalculator[type(reference)].New()
    calculator.SetReferenceImage(reference)
    calculator.SetTestImage(test)
    if options.data_range is not None:
        calculator.SetDataRange(options.data_range)
    calculator.SetSliceAxis(axis)
    set_work_units(calculator, options.threads)
    source = DATA_RANGE_SOURCES[options.data_range_source]
    calculator.SetDataRangeSource(getattr(enums, f"DataRangeSource_{source}"))
    calculator.SetNRMSENormalization(getattr(enums, f"NRMSENormalization_{NRMSE_NORMALIZATIONS[options.nrmse]}"))
    calculator.SetGaussianSigma(ssim.sigma)
    calculator.SetSSIMRadius(ssim.radius)
    calculator.SetSSIMWindow(enums.SSIMWindow_Uniform if ssim.uniform else enums.SSIMWindow_Gaussian)
    calculator.SetUseSampleCovariance(ssim.sample_covariance)
    calculator.SetAverageWholeMap(ssim.whole_map)
    calculator.SetKeepSSIMMaps(options.with_map)
    for name, metric in OPTIONAL_METRICS.items():
        getattr(calculator, f"SetCompute{metric.name}")(name in chosen)
    if options.mask is not None:
        calculator.SetMaskImage(_binary_mask(options.mask))
    return calculator


def _results(calculator: Any, chosen: Sequence[str]) -> dict[str, Any]:
    """The values that a calculator has computed. Values of slices are under "slices"."""
    slices = {
        "mse": [float(value) for value in calculator.GetSliceMSE()],
        "psnr": [float(value) for value in calculator.GetSlicePSNR()],
    }
    result: dict[str, Any] = {
        "mse": calculator.GetMSE(),
        "mae": calculator.GetMAE(),
        "rmse": calculator.GetRMSE(),
        "nrmse": calculator.GetNRMSE(),
        "psnr": calculator.GetPSNR(),
        "mean_slice_psnr": calculator.GetMeanSlicePSNR(),
        "pearson": calculator.GetPearsonCorrelation(),
    }
    for name, metric in OPTIONAL_METRICS.items():
        if name in DEFAULT_METRICS and name not in chosen:
            result[name] = math.nan
            slices[name] = [math.nan] * len(slices["mse"])
        elif name == "fourier" and name in chosen:
            result[name] = _fourier(calculator)
        elif name in chosen:
            result[name] = getattr(calculator, f"Get{metric.name}")()
            if metric.in_slices:
                slices[name] = [float(value) for value in getattr(calculator, f"GetSlice{metric.name}")()]
    return result | {"slices": slices}


def _fourier(calculator: Any) -> dict[str, Any]:
    return {
        "frequencies": [float(value) for value in calculator.GetFourierFrequencies()],
        "correlation": [float(value) for value in calculator.GetFourierCorrelation()],
        "resolution": {"1/7": calculator.GetFourierResolution(1 / 7), "0.5": calculator.GetFourierResolution(0.5)},
    }


def _binary_mask(mask: Any) -> Any:
    """An image of unsigned char that is 1 where the mask is not zero."""
    import itk
    import numpy as np

    binary = itk.image_from_array((itk.array_view_from_image(mask) != 0).astype(np.uint8))
    binary.CopyInformation(mask)
    return binary


def metrics_as_json(result: Any) -> Any:
    """The result of ``compare`` with values that JSON can hold (see ``json_number``), without the map."""
    if isinstance(result, dict):
        return {key: metrics_as_json(value) for key, value in result.items() if key != "ssim_map"}
    if isinstance(result, list):
        return [metrics_as_json(value) for value in result]
    return json_number(result) if isinstance(result, float) else result
