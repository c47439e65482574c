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

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.objects import open_object
from latent_sr.threads import set_work_units
from latent_sr.upsampling import (
    UpsampleOptions,
    on_requested_grid,
    set_slices,
    update_outputs,
    with_reference,
)

MAXIMUM_LABELS = 2**16
"""Number of labels that can be numbered. It is a limit only for pixel types that the filter is not wrapped for."""


def upsample_labels(  # noqa: PLR0913 (single options by name, as in upsample)
    labels: Any,
    *,
    factor: int | None = None,
    spacing: float | None = None,
    isotropic: bool | float = False,
    reference: Any = None,
    axis: int | None = None,
    affine: Any = None,
    input_spacing: Sequence[float | None] | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Any:
    """Turn a stack of thick slices of labels into a stack of thin slices, by interpolation of the labels' shapes.

    With the same options, the grid is that of ``upsample``. Acquired slices are kept, and no label is invented.
    ``itk.ShapeBasedLabelInterpolationImageFilter`` describes the method. Where the grid in plane differs from that of
    the input, the nearest pixel is taken.

    Parameters
    ----------
    labels
        The kinds of images that ``upsample`` takes, 3D, or 4D with time. Any pixel type with whole numbers; of other
        kinds than ``itk.Image``, those that ``upsample`` takes, and bool.
    factor
        Number of output slice distances per input slice distance: n slices become (n - 1) factor + 1. At least 1.
        Default: 2, unless another grid is given.
    spacing
        Slice spacing of the output in mm, with any ratio to that of the image.
    isotropic
        True: slices as close as the pixels. A number: all three spacings in mm.
    reference
        The volume, or the name of its file, whose grid the output gets. Only for an ``itk.Image``.
    axis
        The through-plane axis. Default: that of the largest spacing. A label map has to have the axis of its volume:
        give it if the volume's file specifies another one.
    affine, input_spacing
        Where the pixels of an array lie: see ``upsample``.
    threads
        Number of threads. Default: that of ITK.
    progress
        Called with the fraction done, 0 to 1.

    Returns
    -------
    itk.Image, or the kind of the labels
        As ``upsample`` returns it.

    Raises
    ------
    UsageError
        If an option is invalid, several grids are given, or the labels are of another kind.
    LatentSRError
        If the image has pixels that are no labels, or the filter refuses it.
    """
    options = UpsampleOptions(
        factor=factor, spacing=spacing, isotropic=isotropic, reference=reference, axis=axis, threads=threads
    )
    if hasattr(labels, "GetImageDimension") and affine is None and input_spacing is None:
        return _upsampled(labels, with_reference(options), progress)
    options.check()
    if reference is not None:
        raise UsageError("reference needs an itk.Image: convert the label map, or resample the result")
    is_mask = getattr(getattr(labels, "dtype", None), "kind", "") == "b"
    source = open_object(labels.astype(np.uint8) if is_mask else labels, affine, input_spacing)
    options = replace(options, axis=source.slice_axis(axis))
    result = source.result(_upsampled(source.image, options, progress))
    if not is_mask:
        return result
    # The result of an array of NumPy is that array and its affine or its spacings.
    return (result[0].astype(bool), *result[1:]) if isinstance(result, tuple) else result.astype(bool)


def _upsampled(labels: Any, options: UpsampleOptions, progress: Callable[[float], None] | None) -> Any:
    """An ``itk.Image`` on the grid that the options ask for."""
    import itk

    if options.axis not in (None, 0, 1, 2):
        raise UsageError(f"axis is {options.axis}, but has to be 0, 1 or 2")
    if labels.GetImageDimension() not in (3, 4):
        raise LatentSRError(f"the label map is {labels.GetImageDimension()}D, but has to be 3D or 4D")
    # "in" does not work on the template itself.
    is_wrapped = (type(labels),) in itk.ShapeBasedLabelInterpolationImageFilter.keys()  # noqa: SIM118
    values, numbers = (None, labels) if is_wrapped else _numbered(labels)
    with translated():
        upsampler = itk.ShapeBasedLabelInterpolationImageFilter[type(numbers)].New()
        upsampler.SetInput(numbers)
        set_slices(upsampler, options)
        set_work_units(upsampler, options.threads)
    (result,) = update_outputs(upsampler, progress)
    result = on_requested_grid(result, int(upsampler.GetSliceAxisUsed()), options, nearest=True)
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


_LARGEST_LABEL = 2.0**53
"""Floating-point numbers can't tell all whole numbers beyond it apart. 64-bit labels of other libraries become such."""


def _check_whole_numbers(array: np.ndarray) -> None:
    wrong = array != np.rint(array)
    wrong |= ~np.isfinite(array)
    if wrong.any():
        place = np.unravel_index(np.argmax(wrong), array.shape)
        index = ", ".join(str(i) for i in reversed(place))
        raise LatentSRError(
            f"the label map has a pixel of {array[place]:g} at index [{index}], but labels have to be whole numbers"
        )
    if np.abs(array).max(initial=0.0) >= _LARGEST_LABEL:
        raise LatentSRError(
            f"the label map has labels of {_LARGEST_LABEL:.0f} or more, or less than the negative of that"
        )
