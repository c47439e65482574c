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
"""The result of an evaluation, in the form of ``SCHEMA.md``: means over subjects, tests, and their description."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latent_sr.enumerations import DEFAULT_MODE
from latent_sr.errors import translated
from latent_sr.evaluation.methods import Method
from latent_sr.evaluation.recover import FileOutcome, FileTask
from latent_sr.evaluation.statistics import compare_methods, mean_of_defined, summarize
from latent_sr.evaluation.tables import counted
from latent_sr.metrics import LOWER_IS_BETTER, OPTIONAL_METRICS, json_number
from latent_sr.models import describe_model
from latent_sr.versions import versions

SCHEMA = "latent-sr/evaluation/2"

_PARTS: dict[str, Callable[[dict[str, Any]], dict[str, float]]] = {
    "": lambda record: record["mean"],
    "_kept": lambda record: record["kept"]["mean"],
    "_long_axis": lambda record: record["long_axis"]["mean"],
}
"""Where the record of a method holds a volume's means: of dropped slices, kept slices and long-axis planes."""


def volume_records(
    tasks: Sequence[FileTask], outcomes: Sequence[FileOutcome], masks: Sequence[Path | None]
) -> list[dict[str, Any]]:
    """The records of all volumes, with the path and subject of each."""
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


def _by_subject(volumes: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    """The numbers of each subject's volumes."""
    numbers: dict[str, list[int]] = {}
    for number, volume in enumerate(volumes):
        numbers.setdefault(volume["subject"], []).append(number)
    return numbers


def subject_scores(
    volumes: Sequence[dict[str, Any]],
    names: Sequence[str],
    means: Callable[[dict[str, Any]], dict[str, float]] = _PARTS[""],
) -> dict[str, dict[str, list[float]]]:
    """For each method and metric, the mean over each subject's volumes.

    Parameters
    ----------
    volumes
        Records of volumes, each with its ``subject``.
    names
        The names of the methods.
    means
        Takes a volume's means from the record of a method. Default: the means of dropped slices.
    """
    if not names:
        return {}
    by_subject = _by_subject(volumes)
    metrics = list(means(volumes[0]["methods"][names[0]]))
    return {
        name: {
            metric: [
                mean_of_defined([means(volumes[number]["methods"][name])[metric] for number in numbers])
                for numbers in by_subject.values()
            ]
            for metric in metrics
        }
        for name in names
    }


def assemble(
    volumes: list[dict[str, Any]],
    methods: Sequence[Method],
    metrics: Sequence[str],
    models: dict[str, Any],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The whole result: the volumes' records with means, tests and settings. Numbers are converted for JSON."""
    names = [method.name for method in methods]
    scores = {part: subject_scores(volumes, names, means) for part, means in _PARTS.items()}
    candidates = [method.name for method in methods if method.is_latent]
    calibrated = [name for name in candidates if "expected_error" in volumes[0]["methods"][name]]
    scores["_expected_error"] = subject_scores(volumes, calibrated, lambda record: record["expected_error"])
    with translated():
        tests = compare_methods(scores[""], candidates, metrics)
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
                    name: {metric: column[position] for metric, column in values.items()}
                    for name, values in part_scores.items()
                }
                for part, part_scores in scores.items()
            },
        }
        for position, (subject, numbers) in enumerate(_by_subject(volumes).items())
    ]
    summaries = {
        f"summary{part}": {
            name: {metric: summarize(column) for metric, column in values.items()}
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
            "metrics": [_described(metric) for metric in metrics],
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
            "notes": [*_notes(volumes, metrics), *_notes_on_models(volumes, methods)],
        }
    )


def _label(metric: str) -> str:
    return OPTIONAL_METRICS[metric].label if metric in OPTIONAL_METRICS else metric.upper()


def _described(metric: str) -> dict[str, str]:
    """The name of a metric, its label, its unit, and which values are better."""
    return {
        "name": metric,
        "label": _label(metric),
        "unit": "dB" if metric == "psnr" else "",
        "better": "lower" if metric in LOWER_IS_BETTER else "higher",
    }


def _notes(volumes: Sequence[dict[str, Any]], metrics: Sequence[str]) -> list[str]:
    """Notes for the reader: those of single volumes, and on planes that are too small for a metric."""
    notes = sorted({note for volume in volumes for note in volume["notes"]})
    sides = [
        min(*volume["measured_size"], len(volume["slice_numbers"]) + len(volume["kept_slice_numbers"]))
        for volume in volumes
    ]
    optional = [metric for metric in metrics if metric in OPTIONAL_METRICS]
    for metric in optional:
        smallest = OPTIONAL_METRICS[metric].smallest
        small = sum(side < smallest for side in sides)
        if small:
            notes.append(
                f"{_label(metric)} of long-axis planes is left out in {small} of {counted(len(volumes), 'volume')}: "
                f"the planes are smaller than {smallest} pixels"
            )
    whole = [_label(metric) for metric in optional if metric != "ssim"]
    if whole and any(volume["mask"] is not None for volume in volumes):
        names = f"{whole[0]} is that" if len(whole) == 1 else f"{', '.join(whole[:-1])} and {whole[-1]} are those"
        notes.append(f"{names} of whole slices; the other metrics are those of the pixels that the masks select")
    return notes


def _notes_on_models(volumes: Sequence[dict[str, Any]], methods: Sequence[Method]) -> list[str]:
    """Notes on what the automatic mode was, and on volumes that are unlike those of the training."""
    notes = []
    for method in methods:
        if not method.is_latent:
            continue
        records = [volume["methods"][method.name] for volume in volumes]
        if method.mode == DEFAULT_MODE:
            counts = Counter(record["mode"] for record in records)
            used = ", ".join(
                f"{mode} in {count} of {counted(len(volumes), 'volume')}" for mode, count in counts.most_common()
            )
            notes.append(
                f"the mode {DEFAULT_MODE} of {method.name} was {used}: it depends on the distance of the kept slices, "
                "and may be another one for whole stacks"
            )
        outside = sum(record["outside_training_range"] for record in records)
        if outside:
            notes.append(
                f"in {outside} of {counted(len(volumes), 'volume')}, the spacings of the kept slices are outside of "
                f"the range that the model of {method.name} was trained on"
            )
    return notes


def _as_json(value: Any) -> Any:
    """The same value with each float as JSON can represent it."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, float):
        return json_number(value)
    return value


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result without the entries that differ between runs on the same volumes: times, threads, jobs, scheduler."""
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
