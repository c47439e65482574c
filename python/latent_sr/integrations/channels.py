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
"""What transforms have in common: tensors whose first axis is the channels, and the nearest slices of label maps."""

import os
from math import ceil
from typing import Any, NamedTuple

from latent_sr.errors import LatentSRError, translated
from latent_sr.models import load_model
from latent_sr.objects import open_object
from latent_sr.objects.source import stretched
from latent_sr.options import changed
from latent_sr.upsampling import UpsampleOptions, make_filter, upsample


def upsample_channels(channels: Any, affine: Any, options: UpsampleOptions) -> tuple[Any, Any]:
    """Up-sample each channel as a volume of its own.

    Parameters
    ----------
    channels
        ``torch.Tensor``: channels, i, j, k, and perhaps time.
    affine
        Matrix from the indices i, j, k to mm, 4 x 4.
    options
        The options.

    Returns
    -------
    torch.Tensor, numpy.ndarray
        The channels, on the same device, and their affine matrix.

    Raises
    ------
    LatentSRError
        If ``upsample`` refuses a channel, or there is none.
    """
    import numpy as np
    import torch

    array = array_of(channels)
    if options.model is None or isinstance(options.model, (str, os.PathLike)):
        options = changed(options, {"model": load_model(options.model)})
    volumes = [upsample(channel, options, affine=affine) for channel in array]
    thin = torch.from_numpy(np.stack([volume for volume, _ in volumes]))
    return thin.to(channels.device), volumes[0][1]


def array_of(channels: Any) -> Any:
    """A tensor as an array.

    Raises
    ------
    LatentSRError
        If its number of axes or its type is refused.
    """
    if channels.ndim not in (4, 5) or not channels.shape[0]:
        raise LatentSRError(
            f"the image has the shape {list(channels.shape)}, but has to have channels and 3 axes, or 4 with time"
        )
    try:
        return channels.detach().cpu().numpy()
    except TypeError as error:
        raise LatentSRError(f"the image has pixels of the type {channels.dtype}, which is not supported") from error


class SliceGrid(NamedTuple):
    """Where the slices of an output lie.

    Attributes
    ----------
    axis
        The axis along which slices are stacked.
    step
        Distance of the output's slices, in distances of the input's slices.
    count
        Number of the output's slices.
    affine
        The affine matrix of the output.
    """

    axis: int
    step: float
    count: int
    affine: Any

    def nearest(self, slices: int) -> list[int]:
        """For each output slice, the number of the nearest of the input's slices; the lower one of two."""
        return nearest(self.count, self.step, slices)


def nearest(count: int, step: float, slices: int) -> list[int]:
    """For positions 0, step, 2 step, ..., the nearest whole numbers below a number of slices."""
    return [min(max(ceil(number * step - 0.5 - 1e-6), 0), slices - 1) for number in range(count)]


def slice_grid(shape: tuple[int, ...], affine: Any, options: UpsampleOptions) -> SliceGrid:
    """Where the slices of an output would lie.

    Parameters
    ----------
    shape
        Numbers of pixels along i, j, k of the input.
    affine
        Its affine matrix.
    options
        The options.
    """
    import numpy as np

    source = open_object(np.broadcast_to(np.uint8(0), shape), affine)
    upsampler = make_filter(source.image, options)
    with translated():
        upsampler.UpdateOutputInformation()
    output = upsampler.GetOutput()
    axis = int(upsampler.GetSliceAxisUsed())
    stretch = source.stretch_of(output)
    return SliceGrid(
        axis,
        stretch[axis],
        int(output.GetLargestPossibleRegion().GetSize()[axis]),
        stretched(affine, stretch),
    )
