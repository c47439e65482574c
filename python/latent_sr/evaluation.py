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

import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.metrics import SLICE_METRICS, SMALLEST_SSIM_SIDE, SMALLEST_VIFP_SIDE, from_json_number, json_number
from latent_sr.models import describe_model, distinct_names, load_model
from latent_sr.parallel import check_parallel, run_tasks, threads_per_job
from latent_sr.recovery import (
    DATA_RANGE,
    FileOutcome,
    FileTask,
    GalleryEntry,
    LongAxisView,
    Method,
    evaluate_file,
)
from latent_sr.statistics import compare_methods, mean_of_defined, summarize
from latent_sr.tables import as_csv, as_table, counted, format_p, format_value, ordinal
from latent_sr.toolkit import DEFAULT_MODE, DEFAULT_PRECISION, MODES, translated, versions
from latent_sr.upsampling import check_orientations, check_slice_thickness
from latent_sr.volumes import (
    DEFAULT_READING,
    VOLUME_EXTENSIONS,
    ReadOptions,
    VolumeHeader,
    expand_inputs,
    read_header,
    slice_axis_of,
    stem_of,
)

__all__ = [
    "Evaluation",
    "GalleryEntry",
    "LongAxisView",
    "Pictures",
    "as_csv",
    "as_table",
    "comparable",
    "counted",
    "evaluate",
    "format_p",
    "format_value",
    "ordinal",
    "run_evaluation",
]

SCHEMA = "latent-sr/evaluation/2"

INTERPOLATION_METHODS = (
    "nearest",
    "linear",
    "bspline",
    *(f"bspline{order}" for order in range(6)),
    "lanczos",
    "lanczos4",
    "linear-blur",
)
LATENT = "latent"
DEFAULT_METHODS = ("linear", "bspline", "lanczos", "linear-blur", LATENT)

GALLERY_SIZE = 3
WORST_CASES = 2

METRICS = (
    {"name": "mse", "label": "MSE", "unit": "", "better": "lower"},
    {"name": "psnr", "label": "PSNR", "unit": "dB", "better": "higher"},
    {"name": "ssim", "label": "SSIM", "unit": "", "better": "higher"},
    {"name": "vifp", "label": "VIFp", "unit": "", "better": "higher"},
)


@dataclass
class WorstCases:
    """Slices that the best model recovers worst by a rule, the worst one first.

    Attributes
    ----------
    kind
        "loss": those on which it is behind the best interpolation most; "lowest": those with its lowest scores.
    model, against, metric
        The best model, the best interpolation (None for "lowest", or if there is none), and the metric of the rule.
    entries
        The slices, of different subjects.
    """

    kind: str
    model: str
    against: str | None
    metric: str
    entries: list[GalleryEntry] = field(default_factory=list)


@dataclass
class Pictures:
    """What a report shows of a few volumes."""

    gallery: list[GalleryEntry] = field(default_factory=list)
    long_axis: LongAxisView | None = None
    worst: list[WorstCases] = field(default_factory=list)


@dataclass
class Evaluation:
    """The result, in the form of ``SCHEMA.md``, and pictures for the report."""

    result: dict[str, Any]
    pictures: Pictures


class _Steps:
    """Counts volumes times methods."""

    def __init__(self, report: Callable[[int, int, str], None] | None, total: int) -> None:
        self.report = report or (lambda *_: None)
        self.done = 0
        self.total = total

    def begin(self, label: str, method: str) -> None:
        """Say that a method begins, where they begin one after the other."""
        self.report(self.done, self.total, f"{Path(label).name}, {method}")
        self.done += 1

    def finish(self, count: int, label: str) -> None:
        """Say that all methods of a file are done."""
        self.done += count
        self.report(self.done, self.total, Path(label).name)

    def end(self) -> None:
        """Say that everything is done."""
        self.report(self.total, self.total, "")


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
) -> list[Method]:
    """Interpolation methods, and one method for each model and mode, in the order asked for."""
    made: list[Method] = []
    for method in dict.fromkeys(methods):
        if method != LATENT:
            made.append(Method(method, interpolation=method))
            continue
        files = list(dict.fromkeys(None if model is None else Path(model) for model in models))
        names = distinct_names(files)
        chosen = list(dict.fromkeys(modes))
        only = len(files) == len(chosen) == 1
        for file, model_name in zip(files, names, strict=True):
            for mode in chosen:
                name = LATENT if only else f"{LATENT}:{model_name}:{mode}"
                model_file = None if file is None else str(file)
                made.append(Method(name, model_name=model_name, model_file=model_file, mode=mode))
    return made


def _check_header(header: VolumeHeader, keep_every: int, axis: int | None) -> None:
    used = slice_axis_of(header) if axis is None else axis
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


def _gallery_choice(subjects: Sequence[str], count: int) -> set[int]:
    """The first volume of each of some evenly spaced subjects: not chosen by looking at results."""
    first = list({subject: number for number, subject in reversed(list(enumerate(subjects)))}.values())[::-1]
    if len(first) <= count:
        return set(first)
    return {first[round(n * (len(first) - 1) / (count - 1))] for n in range(count)}


def find_masks(mask: str | os.PathLike | None, headers: Sequence[VolumeHeader]) -> list[Path | None]:
    """The mask of each volume: one file for all, or that of the same name in a folder.

    In a folder, the extension of a mask may be another one; the mask of a DICOM folder has the name of the folder.

    Raises
    ------
    LatentSRError
        If one is missing, has not the size of its volume, or volumes of the same name could not be told apart.
    """
    if mask is None:
        return [None] * len(headers)
    mask = Path(mask)
    if not mask.exists():
        raise LatentSRError(f"the mask '{mask}' does not exist")
    found: list[Path | None] = []
    named: dict[Path, Path] = {}
    for header in headers:
        file = mask if mask.is_file() else _mask_in(mask, header.path)
        if mask.is_dir() and named.setdefault(file, header.path) != header.path:
            raise LatentSRError(f"'{file}' is the mask of both '{named[file]}' and '{header.path}': rename one of them")
        _check_mask(file, header)
        found.append(file)
    return found


def _mask_in(folder: Path, volume: Path) -> Path:
    names = [volume.name, *(f"{stem_of(volume)}{extension}" for extension in VOLUME_EXTENSIONS)]
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise LatentSRError(f"the folder '{folder}' holds no mask of '{volume}': it has to be named '{volume.name}'")
    return file


def _check_mask(file: Path, header: VolumeHeader) -> None:
    size = read_header(file).size
    if size[:3] != header.size[:3] or (len(size) == 4 and size != header.size):
        expected, given = (" x ".join(map(str, shape)) for shape in (header.size, size))
        raise LatentSRError(f"the mask '{file}' has {given} pixels, but '{header.path}' has {expected}")


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
    slice_thickness: float = 0.0,
    orientations: int = 1,
    mask: str | os.PathLike | None = None,
    reading: ReadOptions = DEFAULT_READING,
    precision: str = DEFAULT_PRECISION,
    device: str = "cpu",
    threads: int | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    with_pictures: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    picture_progress: Callable[[int, int, str], None] | None = None,
) -> Evaluation:
    """The same as ``evaluate``, with pictures for a report.

    Parameters
    ----------
    with_pictures
        Whether to keep images of a few volumes for the report. Default: no.
    picture_progress
        As ``progress``, for the volumes that are recovered once more because they have the worst slices.
    """
    check_methods(methods)
    check_parallel(jobs, scheduler)
    if keep_every < 2:
        raise UsageError(f"keep_every is {keep_every}, but has to be at least 2")
    if crop < 0:
        raise UsageError(f"crop is {crop} pixels, but has to be at least 0")
    check_orientations(orientations)
    check_slice_thickness(slice_thickness)
    for mode in modes:
        if mode not in MODES:
            raise UsageError(f"mode is '{mode}', but has to be one of {', '.join(MODES)}")
    pattern = compile_subject(subject)
    paths = expand_inputs(inputs)
    if not paths:
        raise UsageError("there is no volume to evaluate")
    path_subjects = subjects_of(paths, pattern)
    headers = [read_header(path, options=reading) for path in paths]
    for header in headers:
        _check_header(header, keep_every, axis)
    masks = find_masks(mask, headers)
    made = _make_methods(methods, models, modes)
    loaded = {method.model_name: load_model(method.model_file) for method in made if method.is_latent}

    def seen_by_worker(path: Path | str | None) -> str | None:
        # Another machine has another current folder.
        return None if path is None else str(path) if scheduler is None else str(Path(path).absolute())

    tasks = [
        FileTask(
            path=seen_by_worker(header.path),
            label=header.path.as_posix(),
            subject=name,
            frames=header.frames,
            methods=tuple(replace(method, model_file=seen_by_worker(method.model_file)) for method in made),
            keep_every=keep_every,
            crop=crop,
            axis=axis,
            slice_thickness=slice_thickness,
            orientations=orientations,
            precision=precision,
            device=device,
            threads=threads_per_job(threads, min(jobs, len(headers))),
            mask=seen_by_worker(mask_file),
            reading=reading,
        )
        for name, header, mask_file in zip(path_subjects, headers, masks, strict=True)
    ]
    outcomes = _outcomes(_with_gallery(tasks) if with_pictures else tasks, jobs, scheduler, progress)
    volumes = _volumes(tasks, outcomes, masks)
    settings = {
        "keep_every": keep_every,
        "crop": crop,
        "slice_thickness_mm": float(slice_thickness),
        "orientations": orientations,
        "mask": None if mask is None else Path(mask).as_posix(),
        "data_range": DATA_RANGE,
        "methods": [method.name for method in made],
        "modes": list(dict.fromkeys(modes)) if any(method.is_latent for method in made) else [],
        "subject": subject,
        "axis": "auto" if axis is None else axis,
        "precision": precision,
        "device": device,
        "threads": threads,
        "jobs": jobs,
        "scheduler": scheduler,
    }
    result = _assemble(volumes, made, loaded, settings)
    pictures = Pictures()
    if with_pictures:
        pictures.gallery = [entry for outcome in outcomes for entry in outcome.gallery]
        pictures.long_axis = next((outcome.long_axis for outcome in outcomes if outcome.long_axis is not None), None)
        pictures.worst = _worst_cases(result, tasks, jobs, scheduler, picture_progress)
    return Evaluation(result, pictures)


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
    slice_thickness: float = 0.0,
    orientations: int = 1,
    mask: str | os.PathLike | None = None,
    reading: ReadOptions = DEFAULT_READING,
    precision: str = DEFAULT_PRECISION,
    device: str = "cpu",
    threads: int | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
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
        Output modes of the models: see ``upsample``. Default: that of ``upsample``.
    methods
        Names of ``INTERPOLATION_METHODS``, and "latent" for the models. Default: ``DEFAULT_METHODS``.
    subject
        Regular expression whose first group on the path names the subject. Default: each file is a subject.
    axis
        The through-plane axis, 0 to 2. Default: that of each volume's largest spacing.
    orientations
        As for ``upsample``.
    slice_thickness
        Simulates thick slices of volumes that have thin ones: the full width at half maximum, in mm, of a Gaussian
        along the slice axis, which blurs a volume before slices are kept; the truth stays as it was acquired. Models
        are told the thickness, as ``upsample`` is. Default 0: no blur, and a thickness that is not known.
    mask
        A file for all volumes, or a folder with a file of the name of each: only where it is not zero, metrics are
        measured. VIFp is always that of whole slices. Default: everywhere.
    reading
        Which series of DICOM folders and which phase of 4D volumes, and what becomes of NaN: see
        ``latent_sr.volumes.ReadOptions``. Default: the only series, all phases, NaN is refused.
    precision, device
        As for ``upsample``.
    threads
        Number of threads of ITK's filters and of the metrics. Default: ITK's. The network runs on one thread, so that
        its last bits depend on nothing: several jobs use several processors.
    jobs
        Number of processes of this machine that evaluate files at the same time, and share the threads. Default 1:
        this process. A script that asks for more needs the guard ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler, such as "tcp://host:8786", whose workers evaluate the files instead. They have to
        find the same files, by the same absolute paths.
    progress
        Called with the number of volumes times methods that are done, their total, and what comes next (with several
        processes: what is done).

    Returns
    -------
    dict
        In the form of ``SCHEMA.md``; the same for any number of jobs and any scheduler, but for what ``comparable``
        leaves out.

    Raises
    ------
    UsageError
        For parameters that can't be.
    LatentSRError
        If an input can't be read or has too few slices, a method fails, or a process or the cluster is lost. All
        inputs' headers are looked at first.
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
        slice_thickness=slice_thickness,
        orientations=orientations,
        mask=mask,
        reading=reading,
        precision=precision,
        device=device,
        threads=threads,
        jobs=jobs,
        scheduler=scheduler,
        progress=progress,
    ).result


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs by nature between two runs on the same volumes: times, threads, jobs, scheduler."""
    kept = {key: value for key, value in result.items() if key != "created"}
    kept["settings"] = {
        key: value for key, value in result["settings"].items() if key not in ("threads", "jobs", "scheduler")
    }
    kept["volumes"] = [
        {
            **volume,
            "methods": {
                name: {key: value for key, value in record.items() if key != "seconds"}
                for name, record in volume["methods"].items()
            },
        }
        for volume in result["volumes"]
    ]
    return kept


# Files ----------------------------------------------------------------------------------------------------------------


def _outcomes(
    tasks: Sequence[FileTask],
    jobs: int,
    scheduler: str | None,
    progress: Callable[[int, int, str], None] | None,
) -> list[FileOutcome]:
    """What became of each file, in the order of the tasks; the first failure ends it."""

    def steps_of(task: FileTask) -> int:
        return len(task.methods) * (task.frames if task.only is None else len(task.only))

    steps = _Steps(progress, sum(map(steps_of, tasks)))
    one_by_one = scheduler is None and min(jobs, len(tasks)) == 1
    function = partial(evaluate_file, begin=steps.begin) if one_by_one else evaluate_file
    found: dict[int, FileOutcome] = {}
    labels = [task.label for task in tasks]
    running = run_tasks(function, tasks, labels, jobs=1 if one_by_one else jobs, scheduler=scheduler)
    with closing(running):
        for position, outcome in running:
            if isinstance(outcome, LatentSRError):
                raise outcome
            found[position] = outcome
            if not one_by_one:
                steps.finish(steps_of(tasks[position]), labels[position])
    steps.end()
    return [found[position] for position in range(len(tasks))]


def _frames_of(tasks: Sequence[FileTask]) -> list[tuple[int, int]]:
    """For each volume, a frame of a file, the number of its task and of its frame."""
    return [(number, frame) for number, task in enumerate(tasks) for frame in range(task.frames)]


def _with_gallery(tasks: Sequence[FileTask]) -> list[FileTask]:
    """The same tasks, some of which are to take pictures for the gallery, and one of a long-axis view."""
    where = _frames_of(tasks)
    chosen = sorted(_gallery_choice([tasks[number].subject for number, _ in where], GALLERY_SIZE))
    asked = list(tasks)
    for volume in chosen:
        number, frame = where[volume]
        asked[number] = replace(asked[number], pictures=(*asked[number].pictures, (frame, None)))
        if volume == chosen[0]:
            asked[number] = replace(asked[number], long_axis=frame)
    return asked


def _volumes(
    tasks: Sequence[FileTask], outcomes: Sequence[FileOutcome], masks: Sequence[Path | None]
) -> list[dict[str, Any]]:
    """The records of all volumes, with what is known of their files."""
    return [
        {
            "path": task.label,
            "frame": frame if task.frames > 1 else None,
            "subject": task.subject,
            "mask": None if mask is None else mask.as_posix(),
            **record,
        }
        for task, outcome, mask in zip(tasks, outcomes, masks, strict=True)
        for frame, record in enumerate(outcome.records)
    ]


# Worst cases ----------------------------------------------------------------------------------------------------------


def best_method(result: dict[str, Any], metric: dict[str, Any], kind: str | None = None) -> str | None:
    """The method, of one kind or any, with the best mean of a metric; None if it is undefined for all."""
    values = {
        method["name"]: from_json_number(result["summary"][method["name"]][metric["name"]]["mean"])
        for method in result["methods"]
        if kind in (None, method["kind"])
    }
    values = {name: value for name, value in values.items() if not math.isnan(value)}
    if not values:
        return None
    return (min if metric["better"] == "lower" else max)(values, key=values.__getitem__)


def main_metric(result: dict[str, Any]) -> dict[str, Any] | None:
    """The metric by which methods are compared in a sentence: SSIM, or PSNR where slices are too small for it."""
    metrics = {metric["name"]: metric for metric in result["metrics"]}
    for name in ("ssim", "psnr", "mse"):
        if best_method(result, metrics[name]) is not None:
            return metrics[name]
    return None


def choose_worst(result: dict[str, Any], count: int = WORST_CASES) -> list[tuple[WorstCases, list[tuple[int, int]]]]:
    """The slices that the best model recovers worst, as numbers of volumes and of slices; none without a model.

    There are two rules: how far the model is behind the best interpolation, and how low its score is. For each, a
    subject has one slice at most.
    """
    metric = main_metric(result)
    model = None if metric is None else best_method(result, metric, "model")
    if model is None:
        return []
    name = metric["name"]
    sign = -1.0 if metric["better"] == "lower" else 1.0
    against = best_method(result, metric, "interpolation")

    def ranked(value: Callable[[dict[str, Any], int], float]) -> list[tuple[int, int]]:
        rated = []
        for number, volume in enumerate(result["volumes"]):
            for position, slice_number in enumerate(volume["slice_numbers"]):
                rating = sign * value(volume["methods"], position)
                if not math.isnan(rating):
                    rated.append((rating, number, slice_number))
        worst: dict[str, tuple[int, int]] = {}
        for _, number, slice_number in sorted(rated):
            worst.setdefault(result["volumes"][number]["subject"], (number, slice_number))
        return list(worst.values())[:count]

    def score(methods: dict[str, Any], method: str, position: int) -> float:
        return from_json_number(methods[method]["slices"][name][position])

    chosen = []
    if against is not None:
        slices = ranked(lambda methods, at: score(methods, model, at) - score(methods, against, at))
        chosen.append((WorstCases("loss", model, against, name), slices))
    chosen.append((WorstCases("lowest", model, None, name), ranked(lambda methods, at: score(methods, model, at))))
    return chosen


def _worst_cases(
    result: dict[str, Any],
    tasks: Sequence[FileTask],
    jobs: int,
    scheduler: str | None,
    progress: Callable[[int, int, str], None] | None,
) -> list[WorstCases]:
    """The worst cases with pictures, for which their volumes are recovered once more."""
    chosen = choose_worst(result)
    where = _frames_of(tasks)
    wanted: dict[int, set[tuple[int, int]]] = {}
    for _, slices in chosen:
        for volume, slice_number in slices:
            number, frame = where[volume]
            wanted.setdefault(number, set()).add((frame, slice_number))
    if not wanted:
        return []
    asked = [
        replace(tasks[number], pictures=tuple(sorted(slices)), only=tuple(sorted({frame for frame, _ in slices})))
        for number, slices in sorted(wanted.items())
    ]
    outcomes = _outcomes(asked, jobs, scheduler, progress)
    entries = {(entry.volume, entry.slice_number): entry for outcome in outcomes for entry in outcome.gallery}
    for worst, slices in chosen:
        for volume, slice_number in slices:
            number, frame = where[volume]
            worst.entries.append(entries[tasks[number].label_of(frame), slice_number])
    return [worst for worst, _ in chosen if worst.entries]


# The result -----------------------------------------------------------------------------------------------------------

_PARTS: dict[str, Callable[[dict[str, Any]], dict[str, float]]] = {
    "": lambda record: record["mean"],
    "_kept": lambda record: record["kept"]["mean"],
    "_long_axis": lambda record: record["long_axis"]["mean"],
}
"""Where a volume's means are in the record of a method: of dropped slices, kept ones, and long-axis planes."""


def _by_subject(volumes: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    """For each subject, the numbers of its volumes."""
    numbers: dict[str, list[int]] = {}
    for number, volume in enumerate(volumes):
        numbers.setdefault(volume["subject"], []).append(number)
    return numbers


def subject_scores(
    volumes: Sequence[dict[str, Any]],
    names: Sequence[str],
    means: Callable[[dict[str, Any]], dict[str, float]] = _PARTS[""],
) -> dict[str, dict[str, list[float]]]:
    """For each method and metric, the means of the subjects' volumes.

    Parameters
    ----------
    volumes
        Records of volumes, with their ``subject``.
    names
        Of the methods.
    means
        Where a volume's means are in the record of a method. Default: those of dropped slices.
    """
    by_subject = _by_subject(volumes)
    return {
        name: {
            metric: [
                mean_of_defined([means(volumes[number]["methods"][name])[metric] for number in numbers])
                for numbers in by_subject.values()
            ]
            for metric in SLICE_METRICS
        }
        for name in names
    }


def _assemble(
    volumes: list[dict[str, Any]], methods: Sequence[Method], models: dict[str, Any], settings: dict[str, Any]
) -> dict[str, Any]:
    """Means, tests, and everything around the volumes' records; numbers become those of JSON."""
    names = [method.name for method in methods]
    scores = {part: subject_scores(volumes, names, means) for part, means in _PARTS.items()}
    candidates = [method.name for method in methods if method.is_latent]
    with translated():
        tests = compare_methods(scores[""], candidates, SLICE_METRICS)
    described = []
    for method in methods:
        if method.is_latent:
            described.append({"name": method.name, "kind": "model", "model": method.model_name, "mode": method.mode})
        else:
            described.append({"name": method.name, "kind": "interpolation", "model": None, "mode": None})
    subjects = [
        {
            "subject": subject,
            "volumes": numbers,
            **{
                f"mean{part}": {
                    name: {metric: values[metric][position] for metric in SLICE_METRICS}
                    for name, values in part_scores.items()
                }
                for part, part_scores in scores.items()
            },
        }
        for position, (subject, numbers) in enumerate(_by_subject(volumes).items())
    ]
    summaries = {
        f"summary{part}": {
            name: {metric: summarize(values[metric]) for metric in SLICE_METRICS}
            for name, values in part_scores.items()
        }
        for part, part_scores in scores.items()
    }
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
            "subjects": subjects,
            **summaries,
            "tests": tests,
            "p_adjustment": {
                "procedure": "Holm",
                "family": "all tests of one model: against each other method, in each metric",
                "sizes": {name: sum(test["method"] == name for test in tests) for name in candidates},
            },
            "notes": _notes(volumes),
        }
    )


def _notes(volumes: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader has to know: of single volumes, and of planes that are too flat for a metric."""
    notes = sorted({note for volume in volumes for note in volume["notes"]})
    sides = [
        min(*volume["measured_size"], len(volume["slice_numbers"]) + len(volume["kept_slice_numbers"]))
        for volume in volumes
    ]
    for label, smallest in (("SSIM", SMALLEST_SSIM_SIDE), ("VIFp", SMALLEST_VIFP_SIDE)):
        small = sum(side < smallest for side in sides)
        if small:
            notes.append(
                f"{label} of long-axis planes is left out in {small} of {counted(len(volumes), 'volume')}: the planes "
                f"are smaller than {smallest} pixels"
            )
    if any(volume["mask"] is not None for volume in volumes):
        notes.append("VIFp is that of whole slices; the other metrics are those of the pixels that the masks select")
    return notes


def _as_json(value: Any) -> Any:
    """The same with every float as JSON can hold it."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, float):
        return json_number(value)
    return value
