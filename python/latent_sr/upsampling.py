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
"""Super-resolution of one volume."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

from latent_sr.enumerations import DEFAULT_MODE, DEFAULT_PRECISION, GAIN_MODES, mode_enum, precision_enum
from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.grids import check_overlap, in_plane_spacing, interpolate, isotropic_grid, reference_grid, spacing_for
from latent_sr.interrupts import run_interruptibly
from latent_sr.models import PicklableModels, load_model
from latent_sr.options import changed
from latent_sr.threads import set_work_units
from latent_sr.uncertainty import expected_error, prepare_for_error
from latent_sr.volumes import open_volume

DEFAULT_FACTOR = 2

ORIENTATIONS = (1, 4, 8)
"""Numbers of orientations over which results can be averaged."""


@dataclass(frozen=True)
class UpsampleOptions(PicklableModels):
    """The options of up-sampling. They can be pickled, also with a model.

    Attributes
    ----------
    factor
        Number of output slice distances per input slice distance: n slices become (n - 1) factor + 1. At least 1.
        Default: 2, unless a spacing is given.
    spacing
        Slice spacing of the output in mm, with any ratio to that of the image.
    isotropic
        True: the slice spacing of the output is its spacing in plane. A number: that spacing in mm along all three
        axes; slices are then interpolated in plane, by cubic B-splines. Instead of factor and spacing. Default: False.
    reference
        ``itk.Image``, or the name of a file: the output gets its grid, by cubic B-splines. The network makes slices at
        its spacing first. Instead of factor, spacing and isotropic. Only for ``itk.Image`` objects and files. Pixels
        outside of the volume become 0. Default: none.
    model
        ``itk.AutoencoderModel``, or the name of a model file. Default: the bundled model.
    mode
        "auto" (the default): "profile-corrected" if the slice thickness is known and at least 0.8 times the slice
        spacing, and the spacing is at most 7 mm; otherwise "low-pass-corrected" if the spacing is less than 9 mm,
        else "decoded".
        "low-pass-corrected": every slice is decoded by the network. Large-scale brightness and a share of the detail
        are taken from the acquired slices.
        "profile-corrected": Lanczos interpolation of the stack, sharpened along its axis to reverse the blur by the
        slice thickness, with a correction by the network.
        "decoded": every slice is decoded by the network.
        "preserve-acquired": acquired slices are kept bit for bit. They stand out where the network removes noise.
        "residual-corrected": acquired slices are kept. Slices between them are interpolated linearly, which keeps the
        noise, and corrected by the network.
    axis
        The through-plane axis, 0 to 2. Default: the axis that the file specifies, else that of the largest spacing.
    precision
        "float32" (the default) or "bfloat16".
    device
        "cpu" (the default), "cuda", "cuda:1", ...
    window
        Native intensities that the network sees as 0 and 1. Intensities outside are interpolated linearly. Default: the
        model's percentiles of the image.
    residual_gain
        Gain: share of the network in the modes "residual-corrected" and "profile-corrected". At least 0, which is
        interpolation only; see ``best_residual_gain``. Default: the model's gain, and half of it in
        "profile-corrected".
    slice_thickness
        Thickness of the slices in mm, as in DICOM attribute (0018,0050); 0: not known. Default: that of the file, else
        not known.
    orientations
        Number of orientations in which slices are encoded and decoded: 1 (the default), 4 (rotations) or 8 (rotations
        and flips). The results are averaged. 4 or 8 take 4 or 8 times as long and are slightly better.
    threads
        Number of threads. Default: that of ITK and LibTorch.
    """

    factor: int | None = None
    spacing: float | None = None
    isotropic: bool | float = False
    reference: Any = None
    model: Any = None
    mode: str = DEFAULT_MODE
    axis: int | None = None
    precision: str = DEFAULT_PRECISION
    device: str = "cpu"
    window: tuple[float, float] | None = None
    residual_gain: float | None = None
    slice_thickness: float | None = None
    orientations: int = 1
    threads: int | None = None

    def __post_init__(self) -> None:
        """Turn numbers of NumPy into those of Python."""
        if self.isotropic is None or type(self.isotropic).__name__ in ("bool", "bool_"):
            object.__setattr__(self, "isotropic", bool(self.isotropic))
        for name in ("factor", "orientations", "axis", "threads"):
            value = getattr(self, name)
            if isinstance(value, Integral):
                object.__setattr__(self, name, int(value))

    def check(self) -> None:
        """Check the options that do not depend on the volume.

        Raises
        ------
        UsageError
            With the option, its value and what is allowed.
        """
        if hasattr(self.spacing, "__len__"):
            raise UsageError(
                f"spacing is {self.spacing}, but has to be one number, the slice spacing of the output in mm; "
                "the spacing of an array is input_spacing"
            )
        self._check_grid()
        if self.factor is not None and not isinstance(self.factor, int):
            raise UsageError(f"factor is {self.factor}, but has to be a whole number")
        if self.factor is not None and self.factor < 1:
            raise UsageError(f"factor is {self.factor}, but has to be at least 1")
        if self.window is not None:
            if len(self.window) != 2:
                raise UsageError(f"window has {len(self.window)} numbers, but has to have 2")
            low, high = self.window
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise UsageError(f"window is {low:g} to {high:g}, but has to be finite and in rising order")
        if self.residual_gain is not None:
            if not 0 <= self.residual_gain < math.inf:
                raise UsageError(f"residual gain is {self.residual_gain:g}, but has to be at least 0")
            if self.mode not in GAIN_MODES:
                raise UsageError(
                    f"the residual gain has no effect in the mode {self.mode}, only in {' and '.join(GAIN_MODES)}"
                )
        check_slice_thickness(self.slice_thickness or 0.0)
        check_orientations(self.orientations)

    def _check_grid(self) -> None:
        given = {
            "factor": None if self.factor is None else f"factor {self.factor}",
            "spacing": None if self.spacing is None else f"spacing {self.spacing:g} mm",
            "isotropic": f"isotropic {self.isotropic}" if self.isotropic is not False else None,
            "reference": None if self.reference is None else "reference",
        }
        texts = [text for text in given.values() if text is not None]
        if len(texts) > 1:
            raise UsageError(f"{' and '.join(texts)} exclude each other: set one of them")
        if self.spacing is not None and not self.spacing > 0:
            raise UsageError(f"spacing is {self.spacing:g} mm, but has to be positive")
        if not isinstance(self.isotropic, bool) and not 0 < self.isotropic < math.inf:
            raise UsageError(f"isotropic is {self.isotropic:g} mm, but has to be positive and finite")


def check_slice_thickness(slice_thickness: float) -> None:
    """Check a slice thickness in mm; 0 means not known.

    Raises
    ------
    UsageError
        If it is negative or not finite.
    """
    if not 0 <= slice_thickness < math.inf:
        raise UsageError(f"slice thickness is {slice_thickness:g} mm, but has to be at least 0 and finite")


def check_orientations(orientations: int) -> None:
    """Check a number of orientations.

    Raises
    ------
    UsageError
        If it is not 1, 4 or 8.
    """
    if not isinstance(orientations, int) or orientations not in ORIENTATIONS:
        raise UsageError(f"orientations is {orientations}, but has to be 1, 4 or 8")


def make_filter(image: Any, options: UpsampleOptions) -> Any:
    """A ``LatentSpaceSuperResolutionImageFilter`` with its input and parameters."""
    import itk

    options = with_reference(options)
    with translated():
        image.UpdateOutputInformation()
    if image.GetImageDimension() not in (3, 4):
        raise LatentSRError(f"the image is {image.GetImageDimension()}D, but has to be 3D or 4D")
    model = options.model
    if model is None or isinstance(model, (str, os.PathLike)):
        model = load_model(model)
    with translated():
        upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New()
        upsampler.SetInput(image)
        upsampler.SetModel(model)
        upsampler.SetOutputMode(mode_enum(options.mode))
        upsampler.SetSliceThickness(options.slice_thickness or 0.0)
        upsampler.SetPrecision(precision_enum(options.precision))
        set_slices(upsampler, options)
        upsampler.SetDevice(options.device)
        if options.window is not None:
            upsampler.SetWindowMinimum(options.window[0])
            upsampler.SetWindowMaximum(options.window[1])
        if options.residual_gain is not None:
            upsampler.SetResidualGain(options.residual_gain)
        upsampler.SetNumberOfOrientations(options.orientations)
        set_work_units(upsampler, options.threads)
    return upsampler


def set_slices(upsampler: Any, options: UpsampleOptions) -> None:
    """Set slice axis and output slices of a filter, for volumes or labels. The options are ``with_reference``."""
    if options.axis is not None:
        upsampler.SetSliceAxis(options.axis)
    spacing = slice_spacing(upsampler, options)
    if spacing is not None:
        upsampler.SetOutputSliceSpacing(spacing)
    else:
        upsampler.SetUpsamplingFactor(DEFAULT_FACTOR if options.factor is None else options.factor)


def slice_spacing(upsampler: Any, options: UpsampleOptions) -> float | None:
    """The slice spacing of the output in mm; None if it follows from the factor. The options are ``with_reference``."""
    if options.isotropic is False and options.reference is None:
        return options.spacing
    image, axis = upsampler.GetInput(), int(upsampler.GetSliceAxisUsed())
    if options.reference is not None:
        check_overlap(options.reference, image)
        return spacing_for(options.reference, image, axis)
    if options.isotropic is True:
        return in_plane_spacing(image.GetSpacing(), axis)
    return float(options.isotropic)


def with_reference(options: UpsampleOptions) -> UpsampleOptions:
    """The options, which are checked, with the reference as an image, so that a file is read once.

    Raises
    ------
    UsageError
        If an option is invalid.
    LatentSRError
        If it can't be read.
    """
    options.check()
    reference = options.reference
    if isinstance(reference, (str, os.PathLike)):
        return replace(options, reference=open_volume(reference).image)
    if reference is not None and (
        not hasattr(reference, "GetLargestPossibleRegion") or reference.GetImageDimension() not in (3, 4)
    ):
        raise UsageError("reference has to be an itk.Image in 3D or 4D, or the name of a file")
    return options


def on_requested_grid(image: Any, axis: int, options: UpsampleOptions, nearest: bool = False) -> Any:
    """The output of the filter on the grid that the options ask for.

    Parameters
    ----------
    image
        The output of the filter.
    axis
        Its through-plane axis.
    options
        The options of the filter, ``with_reference``.
    nearest
        Whether the nearest pixel is taken, for labels.
    """
    if options.reference is not None:
        return interpolate(image, reference_grid(options.reference, image), nearest)
    if options.isotropic is not False:
        return interpolate(image, isotropic_grid(image, axis, float(image.GetSpacing()[axis])), nearest)
    return image


def upsample(
    image: Any,
    options: UpsampleOptions | None = None,
    *,
    affine: Any = None,
    input_spacing: Sequence[float | None] | None = None,
    return_uncertainty: bool = False,
    progress: Callable[[float], None] | None = None,
    **changes: Any,
) -> Any:
    """Turn a stack of thick slices into a stack of thin slices.

    All kinds of images give the same pixels at the same places: see ``docs/objects.md``.

    Parameters
    ----------
    image
        3D, or 4D with time: ``itk.Image`` (pixel types uint8, int16, uint16, float32 and float64),
        ``SimpleITK.Image``, an image of nibabel, ``xarray.DataArray``, or ``numpy.ndarray``.
    options
        See ``UpsampleOptions``. Default: its defaults.
    affine
        For an array: matrix from its indices to mm, 4 x 4, in nibabel's space (RAS). The axes of the array are i, j, k,
        and time as the last one.
    input_spacing
        For an array without affine: the spacing along each of its axes in mm, and None for the time axis of a 4D array,
        such as ``(8, 1.4, 1.4)`` for slices, rows, columns. ``axis`` is the number of an axis of the array.
    return_uncertainty
        Whether the expected absolute error of every pixel is also returned: see ``expected_error``.
    progress
        Called with the fraction done, 0 to 1.
    **changes
        Single options by name, such as ``factor=5``.

    Returns
    -------
    itk.Image, or the image's kind
        An image of the same kind. Origin and direction are those of the input. For an array: the array, and its affine
        or its spacings. Arrays of int8 become int16, and those of int64 float64. With ``return_uncertainty``, a pair of
        these: the result, and the expected error in float32.

    Raises
    ------
    UsageError
        If an option is invalid, both factor and spacing are given, or the image is of another kind.
    LatentSRError
        If the filter refuses the image, the model, or the device.
    """
    options = changed(options or UpsampleOptions(), changes)
    if hasattr(image, "GetImageDimension") and affine is None and input_spacing is None:
        result, error = _upsampled(image, options, return_uncertainty, progress)
        return (result, error) if return_uncertainty else result
    from latent_sr.objects import open_object

    options.check()
    if options.reference is not None:
        raise UsageError("reference needs an itk.Image: convert the image, or resample the result")
    source = open_object(image, affine, input_spacing)
    options = replace(options, axis=source.slice_axis(options.axis))
    result, error = _upsampled(source.image, options, return_uncertainty, progress)
    return (source.result(result), source.result(error, "float")) if return_uncertainty else source.result(result)


def _upsampled(
    image: Any, options: UpsampleOptions, with_error: bool, progress: Callable[[float], None] | None
) -> tuple[Any, Any]:
    """The result, and its expected error or None."""
    options = with_reference(options)
    upsampler = make_filter(image, options)
    if with_error:
        prepare_for_error(upsampler)
    return update_with_error(upsampler, options, with_error, progress)


def update_with_error(
    upsampler: Any,
    options: UpsampleOptions,
    with_error: bool,
    progress: Callable[[float], None] | None = None,
) -> tuple[Any, Any]:
    """Run a filter. The output on the grid that the options ask for, and its expected error; None if it is not wanted.

    For the error, the filter has to be prepared by ``prepare_for_error``.
    """
    output, *spread = update_outputs(upsampler, progress)
    axis, error = int(upsampler.GetSliceAxisUsed()), None
    if with_error:
        source, model = upsampler.GetInput(), upsampler.GetModel()
        error = expected_error(source, output, model, axis, options.threads, spread=spread[0] if spread else None)
        error = on_requested_grid(error, axis, options)
    return on_requested_grid(output, axis, options), error


def update_outputs(upsampler: Any, progress: Callable[[float], None] | None = None) -> list[Any]:
    """Run a filter for volumes or labels, and return its outputs, disconnected from the filter.

    These are the up-sampled image, and the spread over orientations if the filter computes it. 4D outputs are computed
    phase by phase. Only one phase is in memory in addition to them.
    """
    with translated():
        upsampler.UpdateOutputInformation()
    if upsampler.GetOutput().GetImageDimension() == 4:
        return _updated_by_phases(upsampler, _outputs_of(upsampler), progress)
    _run_with_progress(upsampler, progress)
    outputs = _outputs_of(upsampler)
    for output in outputs:
        output.DisconnectPipeline()
    return outputs


def _outputs_of(upsampler: Any) -> list[Any]:
    """The outputs of a filter: one, or two if it computes the spread over orientations."""
    if not hasattr(upsampler, "GetOrientationSpread") or not upsampler.GetComputeOrientationSpread():
        return [upsampler.GetOutput()]
    return [upsampler.GetOutput(), upsampler.GetOrientationSpread()]


def _updated_by_phases(upsampler: Any, outputs: list[Any], progress: Callable[[float], None] | None) -> list[Any]:
    import itk

    region = itk.ImageRegion[4](outputs[0].GetLargestPossibleRegion())
    images, parts = [], []
    for output in outputs:
        image = type(output).New()
        image.CopyInformation(output)
        image.SetRegions(region)
        image.Allocate()
        images.append(image)
        # NumPy sees the largest region of an image even if only a part of it is in memory.
        parts.append(itk.RegionOfInterestImageFilter[type(output), type(output)].New(Input=output))
    phases = int(region.GetSize()[3])
    for phase in range(phases):
        requested = itk.ImageRegion[4](region)
        requested.SetIndex(3, region.GetIndex()[3] + phase)
        requested.SetSize(3, 1)
        outputs[0].SetRequestedRegion(requested)
        _run_with_progress(
            upsampler,
            None if progress is None else lambda share, phase=phase: progress((phase + share) / phases),
        )
        for image, part in zip(images, parts, strict=True):
            part.SetRegionOfInterest(requested)
            part.Update()
            itk.array_view_from_image(image)[phase] = itk.array_view_from_image(part.GetOutput())[0]
    return images


def _run_with_progress(upsampler: Any, progress: Callable[[float], None] | None) -> None:
    if progress is None:
        run_interruptibly(upsampler)
    else:
        run_interruptibly(upsampler, observer=lambda: progress(float(upsampler.GetProgress())))


def spacing_warning(model: Any, image: Any, axis: int) -> str:
    """A sentence if the spacings of a volume differ from those of the model's training; otherwise an empty text.

    Parameters
    ----------
    model
        ``itk.AutoencoderModel``.
    image
        The volume.
    axis
        Its through-plane axis, 0 to 2.
    """
    spacing = [float(image.GetSpacing()[d]) for d in range(3)]
    in_plane = max(spacing[:axis] + spacing[axis + 1 :])
    return str(model.DescribeDeviationFromTraining(spacing[axis], in_plane))
