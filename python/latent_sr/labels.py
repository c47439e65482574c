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
"""Up-sampling of a label map, to the grid of an up-sampled volume."""

from collections.abc import Callable
from typing import Any

import numpy as np

from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.threads import set_work_units
from latent_sr.upsampling import DEFAULT_FACTOR, UpsampleOptions, update_filter

MAXIMUM_LABELS = 2**16
"""Number of labels that can be numbered. It is a limit only for pixel types that the filter is not wrapped for."""


def upsample_labels(
    labels: Any,
    *,
    factor: int | None = None,
    spacing: float | None = None,
    axis: int | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Any:
    """Turn a stack of thick slices of labels into a stack of thin slices, by interpolation of the labels' shapes.

    With the same ``factor`` or ``spacing`` and the same ``axis``, the grid is that of ``upsample``. Acquired slices are
    kept, and no label is invented. ``itk.ShapeBasedLabelInterpolationImageFilter`` describes the method.

    Parameters
    ----------
    labels
        ``itk.Image``, 3D, or 4D with time as the last axis. Any pixel type with whole numbers.
    factor
        Number of output slice distances per input slice distance: n slices become (n - 1) factor + 1. At least 1.
        Default: 2, unless a spacing is given.
    spacing
        Slice spacing of the output in mm, with any ratio to that of the image.
    axis
        The through-plane axis, 0 to 2. Default: that of the largest spacing. A label map has to have the axis of its
        volume: give it if the volume's file specifies another one.
    threads
        Number of threads. Default: that of ITK.
    progress
        Called with the fraction done, 0 to 1.

    Returns
    -------
    itk.Image
        An image of the same type. Origin and direction are those of the input.

    Raises
    ------
    UsageError
        If an option is invalid, or both factor and spacing are given.
    LatentSRError
        If the image has pixels that are no labels, or the filter refuses it.
    """
    import itk

    UpsampleOptions(factor=factor, spacing=spacing).check()
    if axis not in (None, 0, 1, 2):
        raise UsageError(f"axis is {axis}, but has to be 0, 1 or 2")
    if labels.GetImageDimension() not in (3, 4):
        raise LatentSRError(f"the label map is {labels.GetImageDimension()}D, but has to be 3D or 4D")
    # "in" does not work on the template itself.
    is_wrapped = (type(labels),) in itk.ShapeBasedLabelInterpolationImageFilter.keys()  # noqa: SIM118
    values, numbers = (None, labels) if is_wrapped else _numbered(labels)
    with translated():
        upsampler = itk.ShapeBasedLabelInterpolationImageFilter[type(numbers)].New()
        upsampler.SetInput(numbers)
        if spacing is not None:
            upsampler.SetOutputSliceSpacing(spacing)
        else:
            upsampler.SetUpsamplingFactor(DEFAULT_FACTOR if factor is None else factor)
        if axis is not None:
            upsampler.SetSliceAxis(axis)
        set_work_units(upsampler, threads)
    result = update_filter(upsampler, progress)
    return result if values is None else _named(result, values, type(labels))


def _numbered(labels: Any) -> tuple[np.ndarray, Any]:
    """The labels of an image in rising order, and an image with their numbers."""
    import itk

    labels.Update()
    if labels.GetNumberOfComponentsPerPixel() != 1:
        raise LatentSRError(
            f"a pixel of the label map has {labels.GetNumberOfComponentsPerPixel()} values, but has to have one"
        )
    array = itk.array_view_from_image(labels)
    if array.dtype.kind not in "biu":
        _check_whole_numbers(array)
    values, numbers = np.unique(array, return_inverse=True)
    if len(values) > MAXIMUM_LABELS:
        raise LatentSRError(
            f"the label map has {len(values)} labels, but {array.dtype} pixels may have at most {MAXIMUM_LABELS}"
        )
    dtype = np.uint8 if len(values) <= 2**8 else np.uint16
    image = itk.image_from_array(numbers.reshape(array.shape).astype(dtype))
    image.CopyInformation(labels)
    image.SetRegions(labels.GetLargestPossibleRegion())
    return values, image


def _named(numbers: Any, values: np.ndarray, kind: Any) -> Any:
    """An image of a type, with the labels that have the given numbers."""
    import itk

    image = kind.New()
    image.CopyInformation(numbers)
    image.SetRegions(numbers.GetLargestPossibleRegion())
    image.Allocate()
    itk.array_view_from_image(image)[...] = values[itk.array_view_from_image(numbers)]
    return image


def _check_whole_numbers(array: np.ndarray) -> None:
    wrong = array != np.rint(array)
    wrong |= ~np.isfinite(array)
    if wrong.any():
        place = np.unravel_index(np.argmax(wrong), array.shape)
        index = ", ".join(str(i) for i in reversed(place))
        raise LatentSRError(
            f"the label map has a pixel of {array[place]:g} at index [{index}], but labels have to be whole numbers"
        )
