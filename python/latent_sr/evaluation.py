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
"""The slice-recovery experiment over a cohort: drop slices, recover them with every method, measure, and test.

The result is a dictionary whose form is described in ``SCHEMA.md``.
"""

import csv
import io
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.io import (
    VolumeHeader,
    default_slice_axis,
    expand_inputs,
    open_volume,
    read_header,
    split_frames,
    stem_of,
)
from latent_sr.metrics import SLICE_METRICS, json_number, notes_on_size, slice_metrics
from latent_sr.models import describe_model, distinct_names, load_model
from latent_sr.statistics import compare_methods, mean_of_defined, summarize
from latent_sr.toolkit import (
    DEFAULT_MODE,
    DEFAULT_PRECISION,
    MODES,
    mode_enum,
    number_of_threads,
    precision_enum,
    translated,
    versions,
)

SCHEMA = "latent-sr/evaluation/1"

INTERPOLATION_METHODS = ("nearest", "linear", "bspline", "lanczos", "linear-blur")
LATENT = "latent"
DEFAULT_METHODS = ("linear", "bspline", "lanczos", "linear-blur", LATENT)

DATA_RANGE = 1.0
GALLERY_SIZE = 3
LARGEST_LONG_AXIS_FACTOR = 10

METRICS = (
    {"name": "mse", "label": "MSE", "unit": "", "better": "lower"},
    {"name": "psnr", "label": "PSNR", "unit": "dB", "better": "higher"},
    {"name": "ssim", "label": "SSIM", "unit": "", "better": "higher"},
    {"name": "vifp", "label": "VIFp", "unit": "", "better": "higher"},
)


@dataclass
class GalleryEntry:
    """A dropped slice: the truth, and what each method made of it; arrays (rows, columns) of intensities in [0, 1]."""

    subject: str
    volume: str
    slice_number: int
    truth: Any
    recovered: dict[str, Any] = field(default_factory=dict)


@dataclass
class LongAxisView:
    """A cut along the slice axis through the center of a volume; arrays (slices, pixels), intensities in [0, 1].

    Attributes
    ----------
    volume
        Name of the volume.
    before, after
        The acquired stack, and what linear interpolation and a model make of it.
    spacing_before, spacing_after
        Distance of the slices in mm.
    pixel_spacing
        Distance of the pixels in a slice in mm.
    """

    volume: str
    before: Any
    after: dict[str, Any]
    spacing_before: float
    spacing_after: float
    pixel_spacing: float


@dataclass
class Pictures:
    """What a report shows of a few volumes."""

    gallery: list[GalleryEntry] = field(default_factory=list)
    long_axis: LongAxisView | None = None


@dataclass
class Evaluation:
    """The result, in the form of ``SCHEMA.md``, and pictures for the report."""

    result: dict[str, Any]
    pictures: Pictures


@dataclass(frozen=True)
class _Method:
    name: str
    interpolation: str = ""
    model_name: str = ""
    model: Any = None
    mode: str = ""

    @property
    def is_latent(self) -> bool:
        return self.model is not None


class _Steps:
    """Counts volumes times methods."""

    def __init__(self, report: Callable[[int, int, str], None] | None, done: int, total: int, label: str) -> None:
        self.report = report
        self.done = done
        self.total = total
        self.label = label

    def begin(self, method: str) -> None:
        """Say that a method begins."""
        if self.report is not None:
            self.report(self.done, self.total, f"{self.label}, {method}")


def subjects_of(paths: Sequence[Path], pattern: re.Pattern[str] | None) -> list[str]:
    """The subject of each volume: the first group of a pattern on its path.

    Without a pattern, each volume is a subject: the file's name without extension, or the path if names are the same.

    Raises
    ------
    LatentSRError
        If the pattern does not match.
    """
    if pattern is None:
        stems = [stem_of(path) for path in paths]
        return stems if len(set(stems)) == len(stems) else [path.as_posix() for path in paths]
    subjects = []
    for path in paths:
        match = pattern.search(path.as_posix())
        if match is None or match.group(1) is None:
            raise LatentSRError(f"the subject pattern '{pattern.pattern}' does not match '{path.as_posix()}'")
        subjects.append(match.group(1))
    return subjects


def compile_subject(pattern: str | None) -> re.Pattern[str] | None:
    """A compiled subject pattern.

    Raises
    ------
    UsageError
        If it is not a regular expression, or has no group.
    """
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"the subject pattern '{pattern}' is not a regular expression: {error}") from error
    if compiled.groups < 1:
        raise UsageError(f"the subject pattern '{pattern}' has no group: put parentheses around what names the subject")
    return compiled


def check_methods(methods: Sequence[str]) -> None:
    """Refuse names of methods that do not exist.

    Raises
    ------
    UsageError
        With the names that do.
    """
    known = (*INTERPOLATION_METHODS, LATENT)
    for method in methods:
        if method not in known:
            raise UsageError(f"method '{method}' is unknown: methods are {', '.join(known)}")
    if not methods:
        raise UsageError(f"there is no method: methods are {', '.join(known)}")


def _make_methods(
    methods: Sequence[str], models: Sequence[str | os.PathLike | None], modes: Sequence[str]
) -> list[_Method]:
    """Interpolation methods, and one method for each model and mode, in the order asked for."""
    made: list[_Method] = []
    for method in dict.fromkeys(methods):
        if method != LATENT:
            made.append(_Method(method, interpolation=method))
            continue
        files = list(dict.fromkeys(None if model is None else Path(model) for model in models))
        names = distinct_names(files)
        chosen = list(dict.fromkeys(modes))
        only = len(files) == len(chosen) == 1
        for file, model_name in zip(files, names, strict=True):
            model = load_model(file)
            for mode in chosen:
                name = LATENT if only else f"{LATENT}:{model_name}:{mode}"
                made.append(_Method(name, model_name=model_name, model=model, mode=mode))
    return made


def _check_header(header: VolumeHeader, keep_every: int, axis: int | None) -> None:
    used = default_slice_axis(header.spacing) if axis is None else axis
    if used is None:
        spacing = " x ".join(f"{value:.4g}" for value in header.spacing[:3])
        raise LatentSRError(
            f"'{header.path}': the slice axis is not clear, the spacing is {spacing} mm: set the axis to 0, 1 or 2"
        )
    if header.size[used] < keep_every + 1:
        raise LatentSRError(
            f"'{header.path}' has {header.size[used]} slices, but to keep every {ordinal(keep_every)} one and recover "
            f"those between takes at least {keep_every + 1}"
        )


def ordinal(number: int) -> str:
    """A number as "1st", "2nd", "3rd", "4th", ..."""
    endings = {} if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10, 'th')}"


def _gallery_choice(subjects: Sequence[str], count: int) -> set[int]:
    """The first volume of each of some evenly spaced subjects: not chosen by looking at results."""
    first = list({subject: number for number, subject in reversed(list(enumerate(subjects)))}.values())[::-1]
    if len(first) <= count:
        return set(first)
    return {first[round(n * (len(first) - 1) / (count - 1))] for n in range(count)}


def run_evaluation(
    inputs: Sequence[str | os.PathLike],
    *,
    keep_every: int = 2,
    crop: int = 0,
    models: Sequence[str | os.PathLike | None] = (None,),
    modes: Sequence[str] = (DEFAULT_MODE,),
    methods: Sequence[str] = DEFAULT_METHODS,
    subject: str | None = None,
    axis: int | None = None,
    precision: str = DEFAULT_PRECISION,
    device: str = "cpu",
    threads: int | None = None,
    with_pictures: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Evaluation:
    """The same as ``evaluate``, with pictures for a report.

    Parameters
    ----------
    with_pictures
        Whether to keep images of a few volumes for the report. Default: no.
    """
    check_methods(methods)
    if keep_every < 2:
        raise UsageError(f"keep_every is {keep_every}, but has to be at least 2")
    if crop < 0:
        raise UsageError(f"crop is {crop} pixels, but has to be at least 0")
    for mode in modes:
        if mode not in MODES:
            raise UsageError(f"mode is '{mode}', but has to be one of {', '.join(MODES)}")
    pattern = compile_subject(subject)
    paths = expand_inputs(inputs)
    if not paths:
        raise UsageError("there is no volume to evaluate")
    path_subjects = subjects_of(paths, pattern)
    headers = [read_header(path) for path in paths]
    for header in headers:
        _check_header(header, keep_every, axis)
    made = _make_methods(methods, models, modes)

    subjects = [name for name, header in zip(path_subjects, headers, strict=True) for _ in range(header.frames)]
    chosen = _gallery_choice(subjects, GALLERY_SIZE) if with_pictures else set()
    total = len(subjects) * len(made)
    pictures = Pictures()
    volumes: list[dict[str, Any]] = []
    with number_of_threads(threads):
        for path, name, header in zip(paths, path_subjects, headers, strict=True):
            for frame, image in enumerate(split_frames(open_volume(path).image)):
                label = path.as_posix() if header.frames == 1 else f"{path.as_posix()}#{frame}"
                steps = _Steps(progress, len(volumes) * len(made), total, Path(label).name)
                entry: GalleryEntry | None = None
                if len(volumes) in chosen:
                    entry = GalleryEntry(name, label, 0, None)
                    pictures.gallery.append(entry)
                with translated(f"'{label}'"):
                    record = _evaluate_volume(
                        image, made, keep_every, crop, axis, precision, device, threads, entry, steps
                    )
                    if len(volumes) in chosen and pictures.long_axis is None:
                        pictures.long_axis = _long_axis_view(image, label, made, record, precision, device, threads)
                volumes.append(
                    {"path": path.as_posix(), "frame": frame if header.frames > 1 else None, "subject": name, **record}
                )
    if progress is not None:
        progress(total, total, "")

    settings = {
        "keep_every": keep_every,
        "crop": crop,
        "data_range": DATA_RANGE,
        "methods": [method.name for method in made],
        "modes": list(dict.fromkeys(modes)) if any(method.is_latent for method in made) else [],
        "subject": subject,
        "axis": "auto" if axis is None else axis,
        "precision": precision,
        "device": device,
        "threads": threads,
    }
    return Evaluation(_assemble(volumes, made, settings), pictures)


def evaluate(
    inputs: Sequence[str | os.PathLike],
    *,
    keep_every: int = 2,
    crop: int = 0,
    models: Sequence[str | os.PathLike | None] = (None,),
    modes: Sequence[str] = (DEFAULT_MODE,),
    methods: Sequence[str] = DEFAULT_METHODS,
    subject: str | None = None,
    axis: int | None = None,
    precision: str = DEFAULT_PRECISION,
    device: str = "cpu",
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Drop slices of volumes, recover them with every method, measure the recovered ones, and test over subjects.

    Parameters
    ----------
    inputs
        Files, DICOM folders, or folders of such. Each frame of a 4D volume is a volume.
    keep_every
        Every k-th slice is kept, at least 2, the default.
    crop
        Side of the central square in plane that is kept, in pixels. Default 0: no crop.
    models
        Model files; None is the bundled model, and the default.
    modes
        Output modes of the models: see ``upsample``. Default: "decoded".
    methods
        Names of ``INTERPOLATION_METHODS``, and "latent" for the models. Default: all but "nearest".
    subject
        Regular expression whose first group on the path names the subject. Default: each file is a subject.
    axis
        The through-plane axis, 0 to 2. Default: that of each volume's largest spacing.
    precision, device, threads
        As for ``upsample``.
    progress
        Called with the number of volumes times methods that are done, their total, and what comes next.

    Returns
    -------
    dict
        In the form of ``SCHEMA.md``.

    Raises
    ------
    UsageError
        For parameters that can't be.
    LatentSRError
        If an input can't be read or has too few slices, or a method fails. All inputs' headers are looked at first.
    """
    return run_evaluation(
        inputs,
        keep_every=keep_every,
        crop=crop,
        models=models,
        modes=modes,
        methods=methods,
        subject=subject,
        axis=axis,
        precision=precision,
        device=device,
        threads=threads,
        progress=progress,
    ).result


def _evaluate_volume(
    image: Any,
    methods: Sequence[_Method],
    keep_every: int,
    crop: int,
    axis: int | None,
    precision: str,
    device: str,
    threads: int | None,
    entry: GalleryEntry | None,
    steps: _Steps,
) -> dict[str, Any]:
    """The record of one 3D volume, without path and subject."""
    import itk

    experiment = itk.SliceRecoveryExperiment[type(image)].New()
    experiment.SetImage(image)
    experiment.SetKeepEvery(keep_every)
    experiment.SetCropSize(crop)
    experiment.SetSliceAxis(-1 if axis is None else axis)
    experiment.SetPrecision(precision_enum(precision))
    experiment.SetDevice(device)
    experiment.Prepare()
    truth = experiment.ExtractDroppedSlices(experiment.GetTruth())
    numbers = [int(number) for number in experiment.GetDroppedSliceNumbers()]
    columns, rows, _ = (int(length) for length in truth.GetLargestPossibleRegion().GetSize())
    middle = len(numbers) // 2
    if entry is not None:
        entry.slice_number = numbers[middle]
        entry.truth = itk.array_view_from_image(truth)[middle].copy()

    results: dict[str, Any] = {}
    for method in methods:
        steps.begin(method.name)
        started = time.perf_counter()
        if method.is_latent:
            volume = experiment.RecoverByModel(method.model, mode_enum(method.mode))
        else:
            volume = experiment.RecoverByInterpolation(method.interpolation)
        seconds = time.perf_counter() - started
        recovered = experiment.ExtractDroppedSlices(volume)
        slices = slice_metrics(truth, recovered, DATA_RANGE, threads)
        if entry is not None:
            entry.recovered[method.name] = itk.array_view_from_image(recovered)[middle].copy()
        results[method.name] = {
            "slices": slices,
            "mean": {metric: mean_of_defined(slices[metric]) for metric in SLICE_METRICS},
            "seconds": seconds,
        }
        steps.done += 1
    size = image.GetLargestPossibleRegion().GetSize()
    return {
        "size": [int(size[n]) for n in range(3)],
        "spacing_mm": [float(image.GetSpacing()[n]) for n in range(3)],
        "slice_axis": int(experiment.GetSliceAxisUsed()),
        "window": [float(experiment.GetWindowMinimum()), float(experiment.GetWindowMaximum())],
        "measured_size": [columns, rows],
        "slice_numbers": numbers,
        "methods": results,
        "notes": notes_on_size(rows, columns),
    }


def _long_axis_view(
    image: Any,
    label: str,
    methods: Sequence[_Method],
    record: dict[str, Any],
    precision: str,
    device: str,
    threads: int | None,
) -> LongAxisView | None:
    """The whole acquired volume, cut along the slice axis, and up-sampled by the first model; None without a model."""
    import itk
    import numpy as np

    from latent_sr.upsampling import make_filter, update_filter

    method = next((method for method in methods if method.is_latent), None)
    if method is None:
        return None
    axis = record["slice_axis"]
    spacing = record["spacing_mm"]
    in_plane = [n for n in range(3) if n != axis]
    along = max(in_plane, key=lambda n: record["size"][n])
    across = next(n for n in in_plane if n != along)
    factor = int(min(max(2, round(spacing[axis] / spacing[along])), LARGEST_LONG_AXIS_FACTOR))
    upsampler = make_filter(
        image,
        factor=factor,
        model=method.model,
        mode=method.mode,
        axis=axis,
        precision=precision,
        device=device,
        threads=threads,
    )
    thin = update_filter(upsampler)
    low, high = record["window"]

    def cut(volume: Any) -> Any:
        # NumPy's axes are in reverse order.
        array = np.take(itk.array_view_from_image(volume), record["size"][across] // 2, axis=2 - across)
        array = array.astype(np.float32)
        array = array if axis > along else array.T
        return np.clip((array - low) / (high - low if high > low else 1.0), 0.0, 1.0)

    before = cut(image)
    positions = np.arange((len(before) - 1) * factor + 1) / factor
    lower = np.minimum(positions.astype(int), max(len(before) - 2, 0))
    share = (positions - lower)[:, None].astype(np.float32)
    linear = (1 - share) * before[lower] + share * before[np.minimum(lower + 1, len(before) - 1)]
    return LongAxisView(
        label,
        before,
        {"linear": linear, method.name: cut(thin)},
        spacing[axis],
        spacing[axis] / factor,
        spacing[along],
    )


def _assemble(volumes: list[dict[str, Any]], methods: Sequence[_Method], settings: dict[str, Any]) -> dict[str, Any]:
    """Means, tests, and everything around the volumes' records; numbers become those of JSON."""
    names = [method.name for method in methods]
    by_subject: dict[str, list[int]] = {}
    for number, volume in enumerate(volumes):
        by_subject.setdefault(volume["subject"], []).append(number)
    subject_means = {
        subject: {
            name: {
                metric: mean_of_defined([volumes[n]["methods"][name]["mean"][metric] for n in numbers])
                for metric in SLICE_METRICS
            }
            for name in names
        }
        for subject, numbers in by_subject.items()
    }
    scores = {
        name: {metric: [means[name][metric] for means in subject_means.values()] for metric in SLICE_METRICS}
        for name in names
    }
    candidates = [method.name for method in methods if method.is_latent]
    with translated():
        tests = compare_methods(scores, candidates, SLICE_METRICS)
    notes = sorted({note for volume in volumes for note in volume["notes"]})

    described = []
    for method in methods:
        if method.is_latent:
            described.append({"name": method.name, "kind": "model", "model": method.model_name, "mode": method.mode})
        else:
            described.append({"name": method.name, "kind": "interpolation", "model": None, "mode": None})
    models = {method.model_name: method.model for method in methods if method.is_latent}
    return _as_json(
        {
            "schema": SCHEMA,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "settings": settings,
            "metrics": [dict(metric) for metric in METRICS],
            "methods": described,
            "models": [{"name": name, **describe_model(model)} for name, model in models.items()],
            "volumes": volumes,
            "subjects": [
                {"subject": subject, "volumes": numbers, "mean": subject_means[subject]}
                for subject, numbers in by_subject.items()
            ],
            "summary": {name: {metric: summarize(scores[name][metric]) for metric in SLICE_METRICS} for name in names},
            "tests": tests,
            "notes": notes,
        }
    )


def _as_json(value: Any) -> Any:
    """The same with every float as JSON can hold it."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, float):
        return json_number(value)
    return value


# As text --------------------------------------------------------------------------------------------------------------


def as_csv(result: dict[str, Any]) -> str:
    """A table with a row for each slice and method: volume, frame, subject, slice, method, and the metrics.

    What is undefined or left out is empty; infinite values are "Infinity".
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["volume", "frame", "subject", "slice", "method", *SLICE_METRICS])
    for volume in result["volumes"]:
        for name, record in volume["methods"].items():
            for position, number in enumerate(volume["slice_numbers"]):
                values = [record["slices"][metric][position] for metric in SLICE_METRICS]
                writer.writerow(
                    [volume["path"], volume["frame"], volume["subject"], number, name]
                    + ["" if value is None else value for value in values]
                )
    return text.getvalue()


def format_value(value: float | str | None, metric: str) -> str:
    """A metric's value with as many digits as make sense; a dash for what is undefined."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return "inf" if value == "Infinity" else value
    return {"mse": f"{value:.5f}", "psnr": f"{value:.2f}"}.get(metric, f"{value:.4f}")


def format_p(p: float | str | None) -> str:
    """A p value with two digits, small ones in scientific notation."""
    if p is None or isinstance(p, str):
        return "-"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def counted(number: int, singular: str) -> str:
    """A number with its noun: "1 subject", "2 subjects"."""
    return f"{number} {singular}{'' if number == 1 else 's'}"


def as_table(result: dict[str, Any]) -> str:
    """Means over subjects and tests as plain text."""
    slices = sum(len(volume["slice_numbers"]) for volume in result["volumes"])
    subjects = len(result["subjects"])
    keep = result["settings"]["keep_every"]
    lines = [
        f"{counted(subjects, 'subject')}, {counted(len(result['volumes']), 'volume')}, "
        f"{counted(slices, 'slice')} recovered (every {ordinal(keep)} slice kept); means over subjects",
        "",
    ]
    header = ["method", *(f"{m['label']} {m['unit']}".strip() for m in result["metrics"]), "s/volume"]
    rows = [header]
    for method in result["methods"]:
        name = method["name"]
        seconds = mean_of_defined([volume["methods"][name]["seconds"] for volume in result["volumes"]])
        values = [format_value(result["summary"][name][m["name"]]["mean"], m["name"]) for m in result["metrics"]]
        rows.append([name, *values, f"{seconds:.2f}"])
    lines += _aligned(rows)
    if result["tests"]:
        lines += ["", "one-sided Wilcoxon signed-rank tests over subjects (better than ...)", ""]
        rows = [["method", "better than", "metric", "n", "median difference", "p"]]
        labels = {metric["name"]: metric["label"] for metric in result["metrics"]}
        for test in result["tests"]:
            if test["metric"] == "mse":  # says the same as PSNR; it is in the JSON file and the report
                continue
            difference = test["median_difference"]
            text = f"{difference:+.5f}" if isinstance(difference, float) else format_value(difference, test["metric"])
            rows.append(
                [test["method"], test["against"], labels[test["metric"]], str(test["n"]), text, format_p(test["p"])]
            )
        lines += _aligned(rows, left=3)
    lines += [f"note: {note}" for note in result["notes"]]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Rows as lines: the first columns to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
