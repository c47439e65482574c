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
"""The slice-recovery experiment on one file. It may run in another process than the one that started it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from latent_sr.enumerations import mode_enum, mode_name, precision_enum
from latent_sr.errors import LatentSRError, translated
from latent_sr.evaluation.methods import Method
from latent_sr.evaluation.options import EvaluationOptions
from latent_sr.evaluation.statistics import error_figures, mean_of_defined
from latent_sr.metrics import compare, fitting
from latent_sr.models import load_model
from latent_sr.threads import number_of_threads
from latent_sr.uncertainty import expected_error, uses_spread
from latent_sr.upsampling import spacing_warning
from latent_sr.volumes import open_volume, split_frames
from latent_sr.volumes.images import difference_of_grids, geometry_of

DATA_RANGE = 1.0
LARGEST_LONG_AXIS_FACTOR = 10
LONG_AXIS_VIEW_PIXELS = 192
"""Largest number of pixels that a long-axis view of the report shows: ITK's windowed sinc interpolation is slow."""


@dataclass(frozen=True)
class FileTask:
    """What to do with one file: everything that another process needs to know.

    Attributes
    ----------
    path
        Where the file is read from.
    label
        Its name in messages and pictures.
    subject
        Its subject.
    frames
        Number of its frames; 1 for a 3D volume.
    methods
        The methods that recover slices.
    options
        The options of the evaluation. Options of the whole cohort (models, methods, subject, jobs) are not used here.
    mask
        File whose nonzero pixels are measured; None: all pixels.
    only
        Frames to evaluate; None: all frames.
    pictures
        Frames and dropped slices to keep pictures of. Slice None means the middle dropped slice.
    long_axis
        The frame to keep a long-axis view of; None: no frame.
    """

    path: str
    label: str
    subject: str
    frames: int
    methods: tuple[Method, ...]
    options: EvaluationOptions = field(default_factory=EvaluationOptions)
    mask: str | None = None
    only: tuple[int, ...] | None = None
    pictures: tuple[tuple[int, int | None], ...] = ()
    long_axis: int | None = None

    def label_of(self, frame: int) -> str:
        """The label of a frame."""
        return self.label if self.frames == 1 else f"{self.label}#{frame}"


@dataclass
class GalleryEntry:
    """A dropped slice: the truth and the result of each method, as arrays (rows, columns), intensities in [0, 1].

    Attributes
    ----------
    subject, volume, slice_number
        The slice.
    truth
        The acquired slice.
    recovered
        The recovered slice of each method.
    scores
        The metrics of each method on this slice.
    expected
        The expected absolute error of each model that is calibrated.
    """

    subject: str
    volume: str
    slice_number: int
    truth: Any
    recovered: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)


@dataclass
class LongAxisView:
    """A cut along the slice axis through the center of a volume; arrays (slices, pixels), intensities in [0, 1].

    Attributes
    ----------
    volume
        Name of the volume.
    before, after
        The acquired stack, and the result of each method.
    spacing_before, spacing_after
        Slice spacing in mm.
    pixel_spacing
        In-plane pixel spacing in mm.
    """

    volume: str
    before: Any
    after: dict[str, Any]
    spacing_before: float
    spacing_after: float
    pixel_spacing: float


@dataclass
class FileOutcome:
    """The records of a file's frames, without path and subject, and the requested pictures."""

    records: list[dict[str, Any]] = field(default_factory=list)
    gallery: list[GalleryEntry] = field(default_factory=list)
    long_axis: LongAxisView | None = None


def evaluate_file(task: FileTask, begin: Callable[[str, str], None] | None = None) -> FileOutcome:
    """Drop slices of a file's frames, recover them with every method, and measure the recovered slices.

    Parameters
    ----------
    task
        The task.
    begin
        Called with the label of a frame and the name of a method before the method starts.

    Raises
    ------
    LatentSRError
        If the file or its mask can't be read, or a method fails.
    """
    models = {method.name: _cached_model(method.model_file) for method in task.methods if method.is_latent}
    outcome = FileOutcome()
    with number_of_threads(task.options.threads):
        opened = open_volume(task.path, options=task.options.reading)
        image = opened.image
        if task.options.axis is None:
            task = replace(task, options=replace(task.options, axis=opened.slice_axis))
        masks = _masks(task, image)
        for frame, volume in enumerate(split_frames(image)):
            if task.only is not None and frame not in task.only:
                continue
            with translated(f"'{task.label_of(frame)}'"):
                record, entries = _evaluate_volume(volume, task, frame, models, masks[frame % len(masks)], begin)
                if frame == task.long_axis:
                    outcome.long_axis = _long_axis_view(volume, task, frame, models, record["slice_axis"])
            outcome.records.append(record)
            outcome.gallery += entries
    return outcome


def _cached_model(file: str | None) -> Any:
    """A model, which each process reads once, and again if its file has changed."""
    if file is None:
        return _read_model(None, ())
    try:
        status = Path(file).stat()
    except OSError as error:
        raise LatentSRError(f"the model file '{file}' can't be read: {error.strerror}") from error
    return _read_model(file, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=8)
def _read_model(file: str | None, _version: tuple[int, ...]) -> Any:
    return load_model(file)


# Arrays and images ----------------------------------------------------------------------------------------------------


def _stack(array: Any, axis: int, numbers: Sequence[int]) -> Any:
    """Slices of an array, as an image with its slice axis last. ``axis`` is ITK's; the array has NumPy's order."""
    import itk
    import numpy as np

    return itk.image_from_array(np.ascontiguousarray(np.moveaxis(array, 2 - axis, 0)[list(numbers)]))


def _masks(task: FileTask, image: Any) -> list[Any]:
    """For each frame, an array that is True where pixels are measured. One array may serve all; None: no mask."""
    import itk

    if task.mask is None:
        return [None]
    mask = open_volume(task.mask).image
    _check_grid(task, image, mask)
    return [itk.array_view_from_image(frame) != 0 for frame in split_frames(mask)]


def _check_grid(task: FileTask, image: Any, mask: Any) -> None:
    """Refuse a mask whose grid differs from that of its volume."""

    def words(of: Any) -> str:
        return " ".join(f"{value:.4g}" for value in geometry_of(of, 3)[name])

    name = difference_of_grids(mask, image, 3)
    if name:
        raise LatentSRError(
            f"the mask '{task.mask}' has the {name} {words(mask)}, but '{task.label}' has {words(image)}"
        )


def _cropped(array: Any, size: Sequence[int], axis: int) -> Any:
    """The part of an array that ``itk::SliceRecoveryExperiment`` uses as the truth. ``size`` is in ITK's order."""
    parts = []
    for n in (2, 1, 0):
        start = 0 if n == axis else (array.shape[2 - n] - size[n]) // 2
        parts.append(slice(start, start + size[n]))
    return array[tuple(parts)]


# One volume -----------------------------------------------------------------------------------------------------------


def _experiment(image: Any, task: FileTask, keep_every: int, crop: int, axis: int | None) -> Any:
    """An ``itk::SliceRecoveryExperiment`` with its parameters set."""
    import itk

    experiment = itk.SliceRecoveryExperiment[type(image)].New()
    experiment.SetImage(image)
    experiment.SetKeepEvery(keep_every)
    experiment.SetCropSize(crop)
    if axis is not None:
        experiment.SetSliceAxis(axis)
    experiment.SetPrecision(precision_enum(task.options.precision))
    experiment.SetDevice(task.options.device)
    experiment.SetNumberOfOrientations(task.options.orientations)
    return experiment


def _recover(experiment: Any, method: Method, models: dict[str, Any]) -> tuple[Any, Any]:
    """A recovered volume on the grid of the truth, and its spread over orientations if the expected error needs it.

    The network runs on one thread. With another number, LibTorch may sum in another order, and the last bits of a
    result would depend on the number of processes that share the processors. The results of ITK's filters do not depend
    on the number of threads.
    """
    if not method.is_latent:
        return experiment.RecoverByInterpolation(method.interpolation), None
    import itk

    model, spread = models[method.name], None
    if uses_spread(model, int(experiment.GetNumberOfOrientations())):
        spread = itk.Image[itk.F, 3].New()
    with number_of_threads(1):
        return experiment.RecoverByModel(model, mode_enum(method.mode), spread), spread


class _Measurement:
    """Measures volumes on the grid of the truth. Dropped slices, kept slices and long-axis planes are separate."""

    def __init__(self, experiment: Any, mask: Any, task: FileTask) -> None:
        import itk

        self.experiment = experiment
        self.threads = task.options.threads
        self.metrics = task.options.metrics
        self.measured = task.options.measured
        self.truth = experiment.GetTruth()
        self.axis = int(experiment.GetSliceAxisUsed())
        self.in_plane = [n for n in range(3) if n != self.axis]
        self.size = [int(length) for length in self.truth.GetLargestPossibleRegion().GetSize()]
        self.dropped = [int(number) for number in experiment.GetDroppedSliceNumbers()]
        self.kept = sorted(set(range(self.size[self.axis])) - set(self.dropped))
        self.array = itk.array_view_from_image(self.truth)
        self.dropped_truth = experiment.ExtractDroppedSlices(self.truth)
        self.kept_truth = _stack(self.array, self.axis, self.kept)
        self.mask = None if mask is None else _cropped(mask, self.size, self.axis)
        if self.mask is not None and not _selected(self.mask, self.axis, self.dropped).any():
            raise LatentSRError(f"the mask '{task.mask}' selects no pixel of the dropped slices of '{task.label}'")

    def measure(self, volume: Any) -> tuple[dict[str, Any], Any]:
        """The record of a method, and its recovered slices as an image."""
        import itk

        recovered = self.experiment.ExtractDroppedSlices(volume)
        dropped = self._slices(self.dropped_truth, recovered, self.dropped)
        kept = self._slices(self.kept_truth, _stack(itk.array_view_from_image(volume), self.axis, self.kept), self.kept)
        return {
            "slices": dropped,
            "mean": _means(dropped),
            "kept": {"slices": kept, "mean": _means(kept)},
            "long_axis": self._long_axis(volume),
        }, recovered

    def measure_expected_error(
        self, volume: Any, recovered: Any, model: Any, spread: Any
    ) -> tuple[dict[str, float], Any]:
        """How well the expected error of a model's volume fits its error, and the expected error of dropped slices.

        The network does not run again: the expected error is computed from the kept slices and the volume.
        """
        import itk
        import numpy as np

        image = expected_error(self.experiment.GetKeptSlices(), volume, model, self.axis, spread=spread)
        dropped = self.experiment.ExtractDroppedSlices(image)
        expected = itk.array_from_image(dropped)
        truth = itk.array_view_from_image(self.dropped_truth).astype(np.float64)
        errors = np.abs(itk.array_view_from_image(recovered) - truth)
        if self.mask is None:
            measured = errors, expected
        else:
            selected = _selected(self.mask, self.axis, self.dropped) != 0
            measured = errors[selected], expected[selected]
        return error_figures(*measured, model.GetErrorQuantile90(spread is not None)), expected

    def _slices(self, truth: Any, test: Any, numbers: Sequence[int]) -> dict[str, list[float]]:
        """The metrics of slices across the last axis."""
        mask = None if self.mask is None else _stack(_selected(self.mask, self.axis), 2, numbers)
        return self._compared(truth, test, mask, 2)

    def _long_axis(self, volume: Any) -> dict[str, Any]:
        """Means over the planes across each of the two in-plane axes, and over all of these planes."""
        import itk
        import numpy as np

        mask = None if self.mask is None else itk.image_from_array(self.mask.astype(np.uint8))
        planes: dict[int, dict[str, list[float]]] = {}
        for axis in self.in_plane:
            values = self._compared(self.truth, volume, mask, axis)
            others = tuple(n for n in range(3) if n != 2 - axis)
            # A plane of background only would count as recovered without error.
            empty = self.array.min(axis=others) == self.array.max(axis=others)
            planes[axis] = {
                metric: [float("nan") if none else value for value, none in zip(values[metric], empty, strict=True)]
                for metric in self.measured
            }
        first, second = planes.values()
        return {
            "axes": {str(axis): _means(values) for axis, values in planes.items()},
            "mean": _means({metric: first[metric] + second[metric] for metric in self.measured}),
        }

    def _compared(self, truth: Any, test: Any, mask: Any, axis: int) -> dict[str, list[float]]:
        import itk

        size = [int(length) for length in truth.GetLargestPossibleRegion().GetSize()]
        undefined = [float("nan")] * size[axis]
        if mask is not None and not itk.array_view_from_image(mask).any():
            return dict.fromkeys(self.measured, undefined)
        columns, rows = (size[n] for n in range(3) if n != axis)
        metrics, _ = fitting(self.metrics, rows, columns)
        compared = compare(
            truth, test, data_range=DATA_RANGE, mask=mask, axis=axis, metrics=metrics, threads=self.threads
        )
        return {metric: compared["slices"].get(metric, undefined) for metric in self.measured}


def _selected(mask: Any, axis: int, numbers: Sequence[int] | None = None) -> Any:
    """Slices of a mask as 0 and 1, with the slice axis first; ``numbers`` None: all slices."""
    import numpy as np

    slices = np.moveaxis(mask, 2 - axis, 0).astype(np.uint8)
    return slices if numbers is None else slices[list(numbers)]


def _means(slices: dict[str, list[float]]) -> dict[str, float]:
    return {metric: mean_of_defined(values) for metric, values in slices.items()}


def _conditions(experiment: Any, method: Method, model: Any, axis: int) -> dict[str, Any]:
    """The mode that a model used for the kept slices, and whether its training had no such spacings."""
    return {
        "mode": mode_name(experiment.ResolveOutputMode(mode_enum(method.mode))),
        "outside_training_range": bool(spacing_warning(model, experiment.GetKeptSlices(), axis)),
    }


def _evaluate_volume(
    image: Any,
    task: FileTask,
    frame: int,
    models: dict[str, Any],
    mask: Any,
    begin: Callable[[str, str], None] | None,
) -> tuple[dict[str, Any], list[GalleryEntry]]:
    """The record of one 3D volume, without path and subject, and the requested pictures."""
    import itk

    experiment = _experiment(image, task, task.options.keep_every, task.options.crop, task.options.axis)
    if task.options.slice_thickness > 0:
        experiment.SetSliceThickness(task.options.slice_thickness)
    experiment.Prepare()
    measurement = _Measurement(experiment, mask, task)
    dropped = measurement.dropped
    columns, rows, _ = (int(length) for length in measurement.dropped_truth.GetLargestPossibleRegion().GetSize())
    positions = [
        len(dropped) // 2 if number is None else dropped.index(number) for at, number in task.pictures if at == frame
    ]
    truth = itk.array_view_from_image(measurement.dropped_truth)
    entries = [
        GalleryEntry(task.subject, task.label_of(frame), dropped[position], truth[position].copy())
        for position in positions
    ]
    results: dict[str, Any] = {}
    for method in task.methods:
        if begin is not None:
            begin(task.label_of(frame), method.name)
        started = time.perf_counter()
        volume, spread = _recover(experiment, method, models)
        seconds = time.perf_counter() - started
        record, recovered = measurement.measure(volume)
        if method.is_latent:
            record |= _conditions(experiment, method, models[method.name], measurement.axis)
        for entry, position in zip(entries, positions, strict=True):
            entry.recovered[method.name] = itk.array_view_from_image(recovered)[position].copy()
            entry.scores[method.name] = {metric: values[position] for metric, values in record["slices"].items()}
        if method.is_latent and models[method.name].HasErrorCalibration(spread is not None):
            figures, expected = measurement.measure_expected_error(volume, recovered, models[method.name], spread)
            record["expected_error"] = figures
            for entry, position in zip(entries, positions, strict=True):
                entry.expected[method.name] = expected[position].copy()
        results[method.name] = {**record, "seconds": seconds}
    size = image.GetLargestPossibleRegion().GetSize()
    return {
        "size": [int(size[n]) for n in range(3)],
        "spacing_mm": [float(image.GetSpacing()[n]) for n in range(3)],
        "slice_axis": measurement.axis,
        "window": [float(experiment.GetWindowMinimum()), float(experiment.GetWindowMaximum())],
        "measured_size": [columns, rows],
        "slice_numbers": dropped,
        "kept_slice_numbers": measurement.kept,
        "methods": results,
        "notes": fitting([*reversed(task.options.metrics)], rows, columns)[1],
    }, entries


def _long_axis_view(image: Any, task: FileTask, frame: int, models: dict[str, Any], axis: int) -> LongAxisView:
    """A cut through the acquired stack, without dropped slices, before and after up-sampling by every method."""
    import itk
    import numpy as np

    spacing = [float(image.GetSpacing()[n]) for n in range(3)]
    size = image.GetLargestPossibleRegion().GetSize()
    first, second = (n for n in range(3) if n != axis)
    along, across = (first, second) if size[first] >= size[second] else (second, first)
    factor = int(min(max(2, round(spacing[axis] / spacing[along])), LARGEST_LONG_AXIS_FACTOR))
    # The experiment drops slices. Repeated slices are put between the acquired ones, so that it drops only these.
    array = itk.array_view_from_image(image)
    spread = np.repeat(array, factor, axis=2 - axis)
    spread = np.take(spread, range((int(size[axis]) - 1) * factor + 1), axis=2 - axis)
    spread = itk.image_from_array(np.ascontiguousarray(spread))
    spread.SetSpacing([value / factor if n == axis else value for n, value in enumerate(spacing)])
    crop = min(task.options.crop or LONG_AXIS_VIEW_PIXELS, LONG_AXIS_VIEW_PIXELS)
    experiment = _experiment(spread, task, factor, crop, axis)
    experiment.Prepare()

    def cut(volume: Any) -> Any:
        # NumPy's order of axes is the reverse of ITK's.
        view = itk.array_view_from_image(volume)
        plane = np.take(view, view.shape[2 - across] // 2, axis=2 - across)
        return np.clip(plane if axis > along else plane.T, 0.0, 1.0)

    return LongAxisView(
        task.label_of(frame),
        cut(experiment.GetKeptSlices()),
        {method.name: cut(_recover(experiment, method, models)[0]) for method in task.methods},
        spacing[axis],
        spacing[axis] / factor,
        spacing[along],
    )
