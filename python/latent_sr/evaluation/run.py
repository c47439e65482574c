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
"""The slice-recovery experiment over a cohort: drop slices, recover them with every method, measure, and test."""

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.evaluation.masks import find_masks
from latent_sr.evaluation.methods import Method, make_methods
from latent_sr.evaluation.options import EvaluationOptions
from latent_sr.evaluation.recover import DATA_RANGE, FileOutcome, FileTask, GalleryEntry, LongAxisView, evaluate_file
from latent_sr.evaluation.result import assemble, volume_records
from latent_sr.evaluation.subjects import compile_subject, subjects_of
from latent_sr.evaluation.tables import ordinal
from latent_sr.evaluation.worst import WorstCases, choose_worst
from latent_sr.models import load_model
from latent_sr.options import changed
from latent_sr.parallel import path_for_worker, run_tasks, threads_per_job
from latent_sr.volumes import VolumeHeader, expand_inputs, read_header, slice_axis_of

GALLERY_SIZE = 3


@dataclass
class Pictures:
    """The pictures of a few volumes for a report."""

    gallery: list[GalleryEntry] = field(default_factory=list)
    long_axis: LongAxisView | None = None
    worst: list[WorstCases] = field(default_factory=list)


@dataclass
class Evaluation:
    """The result, in the form of ``SCHEMA.md``, and the pictures for a report."""

    result: dict[str, Any]
    pictures: Pictures


def run_evaluation(
    inputs: Sequence[str | os.PathLike],
    options: EvaluationOptions,
    *,
    with_pictures: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    picture_progress: Callable[[int, int, str], None] | None = None,
    warn: Callable[[str], Any] = warnings.warn,
) -> Evaluation:
    """Run an evaluation as ``evaluate`` does, with pictures for a report.

    Parameters
    ----------
    with_pictures
        Whether to keep pictures of a few volumes for the report. Default: no.
    picture_progress
        As ``progress``, while the volumes with the worst slices are recovered again.
    warn
        Called with each warning of a volume's reader. Default: ``warnings.warn``.
    """
    options.check()
    paths = expand_inputs(inputs)
    if not paths:
        raise UsageError("there is no volume to evaluate")
    path_subjects = subjects_of(paths, compile_subject(options.subject))
    headers = [read_header(path, options=options.reading) for path in paths]
    for header in headers:
        _check_header(header, options.keep_every, options.axis)
        for text in header.warnings:
            warn(text)
    masks = find_masks(options.mask, headers)
    methods = make_methods(options.methods, options.models, options.modes)
    models = {method.model_name: load_model(method.model_file) for method in methods if method.is_latent}

    def for_worker(path: Path | str | None) -> str | None:
        return None if path is None else path_for_worker(path, options.scheduler)

    per_task = replace(options, threads=threads_per_job(options.threads, min(options.jobs, len(headers))))
    tasks = [
        FileTask(
            path=for_worker(header.path),
            label=header.path.as_posix(),
            subject=name,
            frames=header.frames,
            methods=tuple(replace(method, model_file=for_worker(method.model_file)) for method in methods),
            options=per_task,
            mask=for_worker(mask_file),
        )
        for name, header, mask_file in zip(path_subjects, headers, masks, strict=True)
    ]
    jobs, scheduler = options.jobs, options.scheduler
    outcomes = _outcomes(_with_gallery(tasks) if with_pictures else tasks, jobs, scheduler, progress)
    records = volume_records(tasks, outcomes, masks)
    result = assemble(records, methods, options.measured, models, _settings(options, methods))
    pictures = Pictures()
    if with_pictures:
        pictures.gallery = [entry for outcome in outcomes for entry in outcome.gallery]
        pictures.long_axis = next((outcome.long_axis for outcome in outcomes if outcome.long_axis is not None), None)
        pictures.worst = _worst_cases(result, tasks, jobs, scheduler, picture_progress)
    return Evaluation(result, pictures)


def evaluate(
    inputs: Sequence[str | os.PathLike],
    options: EvaluationOptions | None = None,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Drop slices of volumes, recover them with every method, measure the recovered slices, and test over subjects.

    Parameters
    ----------
    inputs
        Files, DICOM folders, or folders of volumes. Each frame of a 4D volume is evaluated as a volume.
    options
        See ``EvaluationOptions``. Default: its defaults.
    progress
        Called with the number of recoveries done (one for each volume and method), their total, and the name of the
        next one; with several processes, the name of the file just done.
    **changes
        Single options by name, such as ``keep_every=3``.

    Returns
    -------
    dict
        The result in the form of ``SCHEMA.md``. It does not depend on the number of jobs and the scheduler, except for
        the entries that ``comparable`` leaves out.

    Raises
    ------
    UsageError
        For invalid options.
    LatentSRError
        If an input can't be read or has too few slices, a method fails, or a process or the cluster is lost. The
        headers of all inputs are checked first.
    """
    return run_evaluation(inputs, changed(options or EvaluationOptions(), changes), progress=progress).result


def _settings(options: EvaluationOptions, methods: Sequence[Method]) -> dict[str, Any]:
    """The options in the form of the result."""
    return {
        "keep_every": options.keep_every,
        "crop": options.crop,
        "slice_thickness_mm": float(options.slice_thickness),
        "orientations": options.orientations,
        "mask": None if options.mask is None else Path(options.mask).as_posix(),
        "data_range": DATA_RANGE,
        "methods": [method.name for method in methods],
        "modes": list(dict.fromkeys(options.modes)) if any(method.is_latent for method in methods) else [],
        "subject": options.subject,
        "axis": "auto" if options.axis is None else options.axis,
        "precision": options.precision,
        "device": options.device,
        "threads": options.threads,
        "jobs": options.jobs,
        "scheduler": options.scheduler,
    }


def _check_header(header: VolumeHeader, keep_every: int, axis: int | None) -> None:
    used = slice_axis_of(header) if axis is None else axis
    if used is None:
        spacing = " x ".join(f"{value:.4g}" for value in header.spacing[:3])
        raise LatentSRError(
            f"'{header.path}': the slice axis is not clear, the spacing is {spacing} mm: set the axis to 0, 1 or 2"
        )
    if header.size[used] < keep_every + 1:
        raise LatentSRError(
            f"'{header.path}' has {header.size[used]} slices, but keeping every {ordinal(keep_every)} slice and "
            f"recovering the others takes at least {keep_every + 1}"
        )


# Files ----------------------------------------------------------------------------------------------------------------


class _Steps:
    """Counts recoveries: one for each volume and method."""

    def __init__(self, report: Callable[[int, int, str], None] | None, total: int) -> None:
        self.report = report or (lambda *_: None)
        self.done = 0
        self.total = total

    def begin(self, label: str, method: str) -> None:
        """Report that a method begins, when methods run one after the other."""
        self.report(self.done, self.total, f"{Path(label).name}, {method}")
        self.done += 1

    def finish(self, count: int, label: str) -> None:
        """Report that all methods of a file are done."""
        self.done += count
        self.report(self.done, self.total, Path(label).name)

    def end(self) -> None:
        """Report that everything is done."""
        self.report(self.total, self.total, "")


def _outcomes(
    tasks: Sequence[FileTask],
    jobs: int,
    scheduler: str | None,
    progress: Callable[[int, int, str], None] | None,
) -> list[FileOutcome]:
    """The outcome of each file, in the order of the tasks. The first failure is raised and ends the evaluation."""

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
    """For each volume of the result, the number of its task and the number of its frame."""
    return [(number, frame) for number, task in enumerate(tasks) for frame in range(task.frames)]


# Pictures -------------------------------------------------------------------------------------------------------------


def _gallery_choice(subjects: Sequence[str], count: int) -> set[int]:
    """The first volume of each of ``count`` evenly spaced subjects. The choice does not look at results."""
    first = list({subject: number for number, subject in reversed(list(enumerate(subjects)))}.values())[::-1]
    if len(first) <= count:
        return set(first)
    return {first[round(n * (len(first) - 1) / (count - 1))] for n in range(count)}


def _with_gallery(tasks: Sequence[FileTask]) -> list[FileTask]:
    """The same tasks, with pictures requested from some of them for the gallery, and one long-axis view."""
    where = _frames_of(tasks)
    chosen = sorted(_gallery_choice([tasks[number].subject for number, _ in where], GALLERY_SIZE))
    asked = list(tasks)
    for volume in chosen:
        number, frame = where[volume]
        asked[number] = replace(asked[number], pictures=(*asked[number].pictures, (frame, None)))
        if volume == chosen[0]:
            asked[number] = replace(asked[number], long_axis=frame)
    return asked


def _worst_cases(
    result: dict[str, Any],
    tasks: Sequence[FileTask],
    jobs: int,
    scheduler: str | None,
    progress: Callable[[int, int, str], None] | None,
) -> list[WorstCases]:
    """The worst cases with pictures. Their volumes are recovered again to get the pictures."""
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
