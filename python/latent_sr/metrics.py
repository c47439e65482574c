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
from typing import Any

from latent_sr.errors import LatentSRError
from latent_sr.io import cast, default_slice_axis, pixel_type
from latent_sr.toolkit import translated

SMALLEST_SSIM_SIDE = 11
"""Pixels that a slice needs for the 11 x 11 window of SSIM."""

SMALLEST_VIFP_SIDE = 41
"""Pixels that a slice needs for the four scales of VIFp."""

SLICE_METRICS = ("mse", "psnr", "ssim", "vifp")


def json_number(value: float | None) -> float | str | None:
    """A number as it is put into JSON: null for what is undefined (NaN), a text for what is infinite."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def from_json_number(value: float | str | None) -> float:
    """The inverse of ``json_number``: NaN for null."""
    return math.nan if value is None else float(value)


def notes_on_size(rows: int, columns: int) -> list[str]:
    """What is left out for slices of such a size."""
    notes = []
    side = min(rows, columns)
    if side < SMALLEST_VIFP_SIDE:
        notes.append(
            f"VIFp is left out: slices of {columns} x {rows} pixels are smaller than {SMALLEST_VIFP_SIDE} pixels"
        )
    if side < SMALLEST_SSIM_SIDE:
        notes.append(
            f"SSIM is left out: slices of {columns} x {rows} pixels are smaller than {SMALLEST_SSIM_SIDE} pixels"
        )
    return notes


def _calculator(reference: Any, test: Any, data_range: float, slice_axis: int, threads: int | None) -> Any:
    import itk

    size = [int(reference.GetLargestPossibleRegion().GetSize()[axis]) for axis in range(reference.GetImageDimension())]
    in_plane = size[:2] if len(size) == 2 else [size[axis] for axis in range(3) if axis != slice_axis]
    calculator = itk.ImageQualityMetricsCalculator[type(reference)].New()
    calculator.SetReferenceImage(reference)
    calculator.SetTestImage(test)
    calculator.SetDataRange(data_range)
    calculator.SetSliceAxis(slice_axis)
    calculator.SetComputeSSIM(min(in_plane) >= SMALLEST_SSIM_SIDE)
    calculator.SetComputeVIFp(min(in_plane) >= SMALLEST_VIFP_SIDE)
    if threads is not None:
        calculator.SetNumberOfWorkUnits(threads)
    return calculator


def _slice_lists(calculator: Any) -> dict[str, list[float]]:
    """Per-slice values; NaN for a metric that was left out."""
    mse = [float(value) for value in calculator.GetSliceMSE()]
    undefined = [math.nan] * len(mse)
    return {
        "mse": mse,
        "psnr": [float(value) for value in calculator.GetSlicePSNR()],
        "ssim": [float(value) for value in calculator.GetSliceSSIM()] if calculator.GetComputeSSIM() else undefined,
        "vifp": [float(value) for value in calculator.GetSliceVIFp()] if calculator.GetComputeVIFp() else undefined,
    }


def slice_metrics(reference: Any, test: Any, data_range: float, threads: int | None = None) -> dict[str, list[float]]:
    """MSE, PSNR, SSIM and VIFp of each slice of two 3D images whose slice axis is the last.

    Parameters
    ----------
    reference, test
        ``itk.Image`` objects of one type and size.
    data_range
        In units of intensity.
    threads
        Number of threads. Default: ITK's.

    Returns
    -------
    dict
        A list of as many values as slices for "mse", "psnr" (dB), "ssim", "vifp"; NaN where undefined or left out.
    """
    with translated():
        calculator = _calculator(reference, test, data_range, 2, threads)
        calculator.Compute()
        return _slice_lists(calculator)


def compare(
    reference: Any,
    test: Any,
    *,
    data_range: float | None = None,
    mask: Any = None,
    axis: int | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Compare a test image with a reference image.

    Parameters
    ----------
    reference, test
        ``itk.Image`` objects of the same size, 2D to 4D. If their pixel types differ, both are converted to float64.
    data_range
        In units of intensity. Default: maximum minus minimum of the reference.
    mask
        ``itk.Image`` of the same size; nonzero pixels are compared. Default: all.
    axis
        The axis, 0 to 2, across which slices are cut. Default: that of the largest spacing, or the last if two have it.
    threads
        Number of threads. Default: ITK's.

    Returns
    -------
    dict
        "mse", "mae", "rmse", "psnr" (dB, of the volume), "mean_slice_psnr" (dB), "ssim", "vifp" (means over slices),
        "data_range", "slice_axis" (None in 2D), "number_of_slices", "slices" (a list for each metric) and "notes".
        Values that are undefined or left out are NaN.

    Raises
    ------
    LatentSRError
        If sizes differ, a pixel is not finite, or another precondition of ``itk::ImageQualityMetricsCalculator`` fails.
    """
    dimension = reference.GetImageDimension()
    if test.GetImageDimension() != dimension:
        raise LatentSRError(f"the reference is {dimension}D and the test image {test.GetImageDimension()}D")
    if pixel_type(reference) != pixel_type(test):
        reference, test = cast(reference, "D"), cast(test, "D")
    if axis is None:
        found = default_slice_axis([float(value) for value in reference.GetSpacing()]) if dimension > 2 else None
        axis = 2 if found is None else found
    with translated():
        calculator = _calculator(reference, test, 0.0 if data_range is None else data_range, axis, threads)
        if mask is not None:
            calculator.SetMaskImage(_binary_mask(mask))
        calculator.Compute()
        slices = _slice_lists(calculator)
        size = [int(reference.GetLargestPossibleRegion().GetSize()[n]) for n in range(dimension)]
        in_plane = size if dimension == 2 else [size[n] for n in range(3) if n != axis]
        return {
            "mse": calculator.GetMSE(),
            "mae": calculator.GetMAE(),
            "rmse": calculator.GetRMSE(),
            "psnr": calculator.GetPSNR(),
            "ssim": calculator.GetSSIM() if calculator.GetComputeSSIM() else math.nan,
            "vifp": calculator.GetVIFp() if calculator.GetComputeVIFp() else math.nan,
            "mean_slice_psnr": calculator.GetMeanSlicePSNR(),
            "data_range": calculator.GetDataRangeUsed(),
            "slice_axis": None if dimension == 2 else axis,
            "number_of_slices": len(slices["mse"]),
            "slices": slices,
            "notes": notes_on_size(in_plane[1], in_plane[0]),
        }


def _binary_mask(mask: Any) -> Any:
    """1 where the mask is not zero, as an image of unsigned char."""
    import itk
    import numpy as np

    binary = itk.image_from_array((itk.array_view_from_image(mask) != 0).astype(np.uint8))
    binary.CopyInformation(mask)
    return binary


def metrics_as_json(result: dict[str, Any]) -> dict[str, Any]:
    """The result of ``compare`` with values that JSON can hold: see ``json_number``."""
    converted: dict[str, Any] = {}
    for key, value in result.items():
        if isinstance(value, float):
            converted[key] = json_number(value)
        elif key == "slices":
            converted[key] = {name: [json_number(number) for number in values] for name, values in value.items()}
        else:
            converted[key] = value
    return converted
