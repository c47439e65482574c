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
"""The expected error of synthesized slices, and which output slices were acquired."""

from dataclasses import dataclass
from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.threads import set_work_units


def expected_error(
    acquired: Any, upsampled: Any, model: Any, axis: int, threads: int | None = None, *, spread: Any = None
) -> Any:
    """The expected absolute error of each pixel, in the intensities of the volume.

    It is 0 at acquired slices in the modes that preserve them. See ``itk::SuperResolutionErrorImageFilter``.

    Parameters
    ----------
    acquired
        ``itk.Image``: the stack of thick slices, 3D or 4D.
    upsampled
        ``itk.Image``: the output of ``upsample`` for it, with the same pixels in plane.
    model
        The ``itk.AutoencoderModel`` that was used.
    axis
        The through-plane axis, 0 to 2.
    threads
        Number of threads. Default: that of ITK.
    spread
        ``itk.Image`` of float32: the spread over 4 or 8 orientations, the filter's ``GetOrientationSpread()``. Default:
        none.

    Returns
    -------
    itk.Image
        Of float32, with the grid of the output. In 90 % of the pixels of synthesized slices, the absolute error is at
        most ``model.GetErrorQuantile90()`` times this value; with a spread, ``model.GetErrorQuantile90(True)`` times.

    Raises
    ------
    LatentSRError
        If the model is not calibrated, or the grids do not fit.
    """
    check_calibrated(model, spread is not None)
    estimator = _estimator(acquired, upsampled, axis, threads, spread)
    estimator.SetModel(model, spread is not None)
    return _output_of(estimator)


def error_terms(acquired: Any, upsampled: Any, axis: int, spread: Any = None) -> list[Any]:
    """The terms of the expected error, each with a coefficient of 1: two, and a third one if there is a spread."""
    terms = []
    for number in range(2 if spread is None else 3):
        estimator = _estimator(acquired, upsampled, axis, None, spread)
        estimator.SetDifferenceCoefficient(float(number == 0))
        estimator.SetGapCoefficient(float(number == 1))
        estimator.SetSpreadCoefficient(float(number == 2))
        terms.append(_output_of(estimator))
    return terms


def uses_spread(model: Any, orientations: int) -> bool:
    """Whether the expected error has the term of the spread: there are several orientations, and it is calibrated."""
    return orientations > 1 and bool(model.HasErrorCalibration(True))


def prepare_for_error(upsampler: Any) -> None:
    """Make a filter compute the spread over orientations if the expected error uses it.

    Raises
    ------
    LatentSRError
        If the model is not calibrated.
    """
    model = upsampler.GetModel()
    with_spread = uses_spread(model, int(upsampler.GetNumberOfOrientations()))
    check_calibrated(model, with_spread)
    upsampler.SetComputeOrientationSpread(with_spread)


def check_calibrated(model: Any, with_spread: bool) -> None:
    """Refuse a model without calibration.

    Raises
    ------
    LatentSRError
        That says what to do.
    """
    if not model.HasErrorCalibration(with_spread):
        raise LatentSRError(
            "the model has no calibration of errors, so no uncertainty can be given: call latent_sr.calibrate_errors "
            "with volumes, and write the model again"
        )


def _estimator(acquired: Any, upsampled: Any, axis: int, threads: int | None, spread: Any) -> Any:
    import itk

    output = itk.Image[itk.F, acquired.GetImageDimension()]
    with translated():
        estimator = itk.SuperResolutionErrorImageFilter[type(acquired), output].New()
        estimator.SetInput(acquired)
        estimator.SetUpsampledImage(upsampled)
        if spread is not None:
            estimator.SetOrientationSpread(spread)
        estimator.SetSliceAxis(axis)
        set_work_units(estimator, threads)
    return estimator


def _output_of(estimator: Any) -> Any:
    with translated():
        estimator.Update()
    output = estimator.GetOutput()
    output.DisconnectPipeline()
    return output


_ROUNDING = 1e-3
"""``itk::SliceStackGeometry::PositionTolerance``: the filter takes a slice for an acquired one within this share of the
slice distance."""


@dataclass(frozen=True)
class SlicePlace:
    """Where an output slice lies between the acquired slices.

    Attributes
    ----------
    number
        Of the output slice, from 0.
    position
        Distance from the first acquired slice in mm.
    below
        Number of the acquired slice at it or before it.
    alpha
        Share of the way from there to the next acquired slice; 0 at an acquired slice.
    """

    number: int
    position: float
    below: int
    alpha: float

    @property
    def is_acquired(self) -> bool:
        """Whether an acquired slice lies at this place."""
        return self.alpha == 0.0


def slice_map(count: int, spacing: float, acquired_spacing: float) -> list[SlicePlace]:
    """The places of the output slices, the first of which lies at the first acquired slice.

    Parameters
    ----------
    count, spacing
        Number and spacing in mm of the output slices.
    acquired_spacing
        Spacing of the acquired slices in mm.
    """
    places = []
    for number in range(count):
        place = number * spacing / acquired_spacing
        is_acquired = abs(place - round(place)) < _ROUNDING
        below = round(place) if is_acquired else int(place)
        places.append(SlicePlace(number, number * spacing, below, 0.0 if is_acquired else place - below))
    return places


def slice_map_text(places: list[SlicePlace]) -> str:
    """The places as CSV: slice, position_mm, below, alpha, acquired."""
    lines = [f"{p.number},{p.position:.6g},{p.below},{p.alpha:.6g},{int(p.is_acquired)}" for p in places]
    return "\n".join(["slice,position_mm,below,alpha,acquired", *lines]) + "\n"
