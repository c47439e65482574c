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
"""Parameters of a model that are computed from volumes after its training."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.uncertainty import error_terms
from latent_sr.upsampling import UpsampleOptions, check_orientations, make_filter, update_outputs
from latent_sr.volumes import default_slice_axis, split_frames
from latent_sr.volumes.images import frame_of, grid_of_image, image_of_array, pixel_type


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


@dataclass(frozen=True)
class ErrorCalibration:
    """The calibration of the expected error, see ``itk::SuperResolutionErrorImageFilter``.

    Attributes
    ----------
    difference, gap
        Coefficients of the difference to linear interpolation, and of the difference of the acquired slices.
    quantile_90
        In 90 % of the pixels, the absolute error is at most this multiple of the expected error.
    spread
        Coefficient of the spread over orientations. None if there is one orientation.
    """

    difference: float
    gap: float
    quantile_90: float
    spread: float | None = None


KEPT_EVERY = (2, 3, 4, 5)
"""Every how many slices one is kept. The share of the way between kept slices takes seven values."""

_PIXELS = 20_000
"""Most pixels of a volume that are used for each of these."""

_FLOOR = 0.002
"""Errors below this share of a volume's range have the same weight."""


def calibrate_errors(
    images: Iterable[Any],
    model: Any,
    *,
    weights: Sequence[float] | None = None,
    axis: int | None = None,
    orientations: int = 1,
) -> ErrorCalibration:
    """Calibrate the expected error of a model, and store the result in the model.

    Slices are dropped and recovered in the automatic mode: every second slice is kept, every third, fourth and fifth.
    Relative errors are fitted by least squares. The coefficients are then scaled so that the mean expected error is the
    mean absolute error.

    Parameters
    ----------
    images
        ``itk.Image`` objects, 3D or 4D, best of the kinds of volumes that the model is for. Of 4D images, the first
        phase is used.
    model
        ``itk.AutoencoderModel``.
    weights
        The weight of each image. Default: 1 for each image.
    axis
        The through-plane axis, 0 to 2. Default: the axis of the largest spacing.
    orientations
        1 (the default), 4 or 8. A model has two calibrations. With 4 or 8, it gets the one for up-sampling with several
        orientations, which uses their spread, and the computation takes 4 or 8 times as long.

    Returns
    -------
    ErrorCalibration
        What was stored.

    Raises
    ------
    UsageError
        If orientations, axis or weights are invalid.
    LatentSRError
        If no volume has at least 3 slices and more than one intensity, a pixel is not finite, or all expected errors
        are zero.
    """
    import numpy as np

    check_orientations(orientations)
    if axis not in (None, 0, 1, 2):
        raise UsageError(f"axis is {axis}, but has to be 0, 1 or 2")
    parts = []
    for image, weight in _with_weights(images, weights):
        volume = frame_of(image, 0) if image.GetImageDimension() == 4 else image
        samples = (sample_errors(volume, model, keep, axis, orientations) for keep in KEPT_EVERY)
        found = [sample for sample in samples if sample is not None]
        parts += [(terms, errors, np.full(len(errors), weight / len(found) / len(errors))) for terms, errors in found]
    if not parts:
        raise LatentSRError("no volume has at least 3 slices and more than one intensity: there is no error")
    terms, errors, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    coefficients = np.ones(terms.shape[1])
    for _ in range(10):
        scale = np.sqrt(weight) / (terms @ coefficients + _FLOOR)
        coefficients = _non_negative_fit(terms * scale[:, None], errors * scale)
    expected = terms @ coefficients
    if not (weight * expected).sum() > 0:
        raise LatentSRError("the expected error of these volumes is zero: nothing can be calibrated")
    factor = (weight * errors).sum() / (weight * expected).sum()
    coefficients, expected = coefficients * factor, expected * factor
    ratios = errors / np.maximum(expected, 1e-12)
    order = np.argsort(ratios)
    share = np.cumsum(weight[order]) / weight.sum()
    difference, gap, *spread = map(float, coefficients)
    quantile_90 = float(ratios[order][np.searchsorted(share, 0.9)])
    with translated():
        if spread:
            model.SetErrorCalibrationWithSpread(difference, gap, spread[0], quantile_90)
        else:
            model.SetErrorCalibration(difference, gap, quantile_90)
    return ErrorCalibration(difference, gap, quantile_90, *spread)


def _with_weights(images: Iterable[Any], weights: Sequence[float] | None) -> Iterator[tuple[Any, float]]:
    """The images, each with its weight."""
    if weights is None:
        yield from ((image, 1.0) for image in images)
        return
    given = [float(weight) for weight in weights]
    if not all(0 <= weight < math.inf for weight in given) or not any(given):
        raise UsageError("weights have to be at least 0 and finite, and at least one of them greater than 0")
    try:
        yield from zip(images, given, strict=True)
    except ValueError as error:
        raise UsageError(f"there are {len(given)} weights, but as many as images are needed") from error


def sample_errors(image: Any, model: Any, keep: int, axis: int | None, orientations: int = 1) -> tuple[Any, Any] | None:
    """Drop slices of a volume, and compare the recovered ones.

    Parameters
    ----------
    image
        The volume, 3D.
    model
        ``itk.AutoencoderModel``.
    keep
        Every k-th slice is kept.
    axis
        The through-plane axis. None: the axis of the largest spacing.
    orientations
        Number of orientations. With several, their spread is the third term.

    Returns
    -------
    array, array
        The terms of the expected error, (pixels, 2 or 3), and the absolute errors, of some pixels of dropped slices, as
        shares of the range between the percentiles 1 and 99. None if the volume has too few slices, or one intensity.
    """
    import itk
    import numpy as np

    image.Update()
    grid = grid_of_image(image)
    axis = default_slice_axis(grid.spacing) if axis is None else axis
    if axis is None:
        raise LatentSRError("two axes of a volume have the largest spacing: set axis")
    along = 2 - axis
    values = itk.array_view_from_image(image)
    slices = (values.shape[along] - 1) // keep * keep + 1
    if not np.isfinite(values).all():
        raise LatentSRError("a volume has pixels that are not finite numbers")
    kept = values.take(range(0, slices, keep), along)
    low, high = np.percentile(kept, [1, 99])
    if slices <= keep or not high > low:
        return None
    spacing, size = list(grid.spacing), list(grid.size)
    spacing[axis] *= keep
    size[axis] = kept.shape[along]
    thick = image_of_array(
        kept, type(grid)(tuple(size), tuple(spacing), grid.origin, grid.direction), pixel_type(image)
    )
    upsampler = make_filter(thick, UpsampleOptions(factor=keep, model=model, axis=axis, orientations=orientations))
    upsampler.SetComputeOrientationSpread(orientations > 1)
    recovered, *spread = update_outputs(upsampler)
    dropped = [number for number in range(slices) if number % keep]
    truth = values.take(dropped, along).astype(np.float64)
    arrays = [itk.array_view_from_image(term) for term in error_terms(thick, recovered, axis, *spread)]
    terms = np.stack([array.take(dropped, along).ravel() for array in arrays], 1)
    errors = np.abs(itk.array_view_from_image(recovered).take(dropped, along) - truth).ravel()
    chosen = np.random.default_rng(0).permutation(len(errors))[:_PIXELS]
    return terms[chosen] / (high - low), errors[chosen] / (high - low)


def _non_negative_fit(terms: Any, values: Any) -> Any:
    """The coefficients >= 0 of a few terms with the least squares: the best of the fits of some of the terms."""
    import numpy as np

    count = terms.shape[1]
    best, least = np.zeros(count), math.inf
    for chosen in (list(c) for size in range(1, count + 1) for c in combinations(range(count), size)):
        fit = np.linalg.lstsq(terms[:, chosen], values, rcond=None)[0]
        squares = float(((values - terms[:, chosen] @ fit) ** 2).sum())
        if (fit >= 0).all() and squares < least:
            best, least = np.zeros(count), squares
            best[chosen] = fit
    return best
