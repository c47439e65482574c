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
"""What can be set in closed form from validation volumes."""

from collections.abc import Iterable
from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.volumes import split_frames


def best_residual_gain(
    images: Iterable[Any], model: Any, *, keep_every: int = 2, crop: int = 0, axis: int | None = None
) -> float:
    """The gain of the mode "residual-corrected" that is best, in mean squared error, on recovered slices.

    Slices are dropped and recovered as ``evaluate`` does it; with this gain the mode is at least as good as linear
    interpolation on these volumes. ``model.SetResidualGain()`` makes it the model's.

    Parameters
    ----------
    images
        ``itk.Image`` objects, 3D or 4D: volumes that the model was not trained on, or the gain is too large.
    model
        ``itk.AutoencoderModel``.
    keep_every
        Every so many slices are kept, at least 2 (the default).
    crop
        Side of the central square in pixels; 0 (the default): no crop.
    axis
        The through-plane axis, 0 to 2. Default: that of the largest spacing.

    Returns
    -------
    float
        At least 0; 0 if the network is of no use there.

    Raises
    ------
    LatentSRError
        If a volume has too few slices, or the network corrects nothing, so that every gain is as good.
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
