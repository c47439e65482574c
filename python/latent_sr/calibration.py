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
"""Model parameters that can be computed in closed form from validation volumes."""

from collections.abc import Iterable
from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.volumes import split_frames


def best_residual_gain(
    images: Iterable[Any], model: Any, *, keep_every: int = 2, crop: int = 0, axis: int | None = None
) -> float:
    """The gain of the mode "residual-corrected" that minimizes the mean squared error of recovered slices.

    Slices are dropped and recovered as in ``evaluate``. With this gain the mode is at least as good as linear
    interpolation on these volumes. Store it in the model with ``model.SetResidualGain()``.

    Parameters
    ----------
    images
        ``itk.Image`` objects, 3D or 4D. The model must not have been trained on them, or the gain is too large.
    model
        ``itk.AutoencoderModel``.
    keep_every
        Every k-th slice is kept; at least 2. Default 2.
    crop
        Side of the central square in pixels. Default 0: no crop.
    axis
        The through-plane axis, 0 to 2. Default: the axis of the largest spacing.

    Returns
    -------
    float
        The gain, at least 0. It is 0 if the network does not improve these slices.

    Raises
    ------
    LatentSRError
        If a volume has too few slices, or if all corrections are zero, so that the gain has no effect.
    """
    import itk

    correction_times_error = correction_squared = 0.0
    for image in images:
        for frame in split_frames(image):
            with translated():
                experiment = itk.SliceRecoveryExperiment[type(frame)].New()
                experiment.SetImage(frame)
                experiment.SetKeepEvery(keep_every)
                experiment.SetCropSize(crop)
                if axis is not None:
                    experiment.SetSliceAxis(axis)
                experiment.Prepare()
                sums = experiment.ComputeResidualGainSums(model)
            correction_times_error += sums[0]
            correction_squared += sums[1]
    if correction_squared == 0.0:
        raise LatentSRError("the network corrects no slice of these volumes: there is no best gain")
    return max(0.0, correction_times_error / correction_squared)
