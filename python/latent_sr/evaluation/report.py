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
"""The report of an evaluation: one self-contained HTML file, for the screen (light or dark) and for print."""

import html
import io
import json
import math
import re
from typing import Any

from latent_sr.errors import LatentSRError, printable
from latent_sr.evaluation.pictures import (
    difference_limit,
    error_pictures,
    long_axis_pictures,
    slice_pictures,
    worst_pictures,
)
from latent_sr.evaluation.result import SCHEMA
from latent_sr.evaluation.run import Evaluation, Pictures
from latent_sr.evaluation.statistics import ERROR_FIGURES
from latent_sr.evaluation.tables import counted, format_difference, format_p, format_value, ordinal
from latent_sr.evaluation.worst import best_method, main_metric
from latent_sr.metrics import from_json_number, json_number

_TEXT = "#010203"
"""Placeholder color while a figure is drawn. It is replaced by the color of the surrounding text, light or dark."""

_LATENT_COLOR = "#2f80c8"
_OTHER_COLOR = "#8c8c8c"

DESCRIPTIONS = {
    "nearest": "the nearest kept slice",
    "linear": "linear interpolation",
    "bspline": "B-spline interpolation of order 3",
    "lanczos": "windowed sinc interpolation, Lanczos window of radius 3",
    "linear-blur": "control: linear interpolation, then a Gaussian with a standard deviation of 1.5 pixels in plane; "
    "shows how much smoothing alone gains",
}
_FAMILIES = {
    "bspline": "B-spline interpolation of order {}",
    "lanczos": "windowed sinc interpolation, Lanczos window of radius {}",
}


def describe_interpolation(name: str) -> str:
    """The description of an interpolation method; empty for an unknown one."""
    if name in DESCRIPTIONS:
        return DESCRIPTIONS[name]
    family = name.rstrip("0123456789")
    return _FAMILIES[family].format(name[len(family) :]) if family in _FAMILIES else ""


def render_report(evaluation: Evaluation | dict[str, Any]) -> str:
    """Render the report as HTML.

    Parameters
    ----------
    evaluation
        The result of ``run_evaluation``; or only the result read from a JSON file, which has no pictures.

    Returns
    -------
    str
        An HTML document without external references.

    Raises
    ------
    LatentSRError
        If the result has another schema version.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    if isinstance(evaluation, Evaluation):
        result, pictures = evaluation.result, evaluation.pictures
    else:
        result, pictures = evaluation, Pictures()
    if result.get("schema") != SCHEMA:
        raise LatentSRError(f"the result has the schema '{result.get('schema')}', but has to have '{SCHEMA}'")
    entries = [*pictures.gallery, *(entry for worst in pictures.worst for entry in worst.entries)]
    limit = difference_limit(entries)
    metric = main_metric(result)
    environment = Environment(
        loader=PackageLoader("latent_sr.evaluation", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    return environment.get_template("report.html.j2").render(
        result=result,
        summary=summary_sentence(result),
        counts=_counts(result),
        table=_table(result),
        tests=_tests(result),
        plots=[_box_plot(result, metric) for metric in result["metrics"] if _is_measured(result, metric["name"])],
        parts=[
            {"title": "Kept slices", "rows": _table(result, "_kept")},
            {"title": "Long-axis planes", "rows": _table(result, "_long_axis")},
        ],
        limit=f"{limit:.2f}",
        gallery=[slice_pictures(entry, limit, metric) for entry in pictures.gallery],
        expected=_expected(result),
        errors=error_pictures(pictures.gallery, limit),
        worst=[worst_pictures(worst, limit, metric) for worst in pictures.worst],
        long_axis=long_axis_pictures(pictures.long_axis),
        descriptions=_descriptions(result),
        settings=_settings(result),
    )


# Words ----------------------------------------------------------------------------------------------------------------


def _counts(result: dict[str, Any]) -> str:
    slices = sum(len(volume["slice_numbers"]) for volume in result["volumes"])
    return (
        f"{counted(len(result['subjects']), 'subject')}, {counted(len(result['volumes']), 'volume')}, "
        f"{counted(slices, 'recovered slice')}"
    )


def _is_measured(result: dict[str, Any], metric: str) -> bool:
    return any(result["summary"][method["name"]][metric]["mean"] is not None for method in result["methods"])


def summary_sentence(result: dict[str, Any]) -> str:
    """One sentence that compares the best model with the best other method, in SSIM (or PSNR without it)."""
    metric = main_metric(result)
    if metric is None:
        return f"Nothing could be measured on {_counts(result)}."
    name = metric["name"]
    best_model, best_other = best_method(result, metric, "model"), best_method(result, metric, "interpolation")
    unit = f" {metric['unit']}" if metric["unit"] else ""

    def value(method: str) -> str:
        return f"{format_value(result['summary'][method][name]['mean'], name)}{unit}"

    if best_model is None or best_other is None:
        best = best_model or best_other
        return f"On {_counts(result)}, {best} reached the best mean {metric['label']}, {value(best)}."
    test = next(
        (
            test
            for test in result["tests"]
            if (test["metric"], test["method"], test["against"]) == (name, best_model, best_other)
        ),
        None,
    )
    sentence = (
        f"On {_counts(result)}, {best_model} recovered dropped slices with a mean {metric['label']} of "
        f"{value(best_model)}, against {value(best_other)} of {best_other}, the best of the other methods"
    )
    if test is None:
        return f"{sentence}."
    if test["n"] < 2:
        return f"{sentence}. A single subject can't be tested."
    return (
        f"{sentence} (median difference over subjects {format_difference(test['median_difference'], name)}{unit}; "
        f"one-sided Wilcoxon signed-rank test: p = {format_p(test['p'])}, adjusted by Holm's procedure "
        f"{format_p(test['p_holm'])}, n = {test['n']})."
    )


def _table(result: dict[str, Any], part: str = "") -> list[dict[str, Any]]:
    """Rows of means and standard deviations, of dropped slices or of another part."""
    summaries = result[f"summary{part}"]
    methods = [method["name"] for method in result["methods"]]
    # Equal digits count as equally good: kept slices differ between methods only by rounding.
    best = {
        metric["name"]: format_value(json_number(_best_mean(summaries, metric)), metric["name"])
        for metric in result["metrics"]
    }
    rows = []
    for method in methods:
        cells = []
        for metric in result["metrics"]:
            summary = summaries[method][metric["name"]]
            mean = format_value(summary["mean"], metric["name"])
            cells.append(
                {
                    "mean": mean,
                    "sd": format_value(summary["sd"], metric["name"]),
                    "best": summary["mean"] is not None and mean == best[metric["name"]],
                }
            )
        rows.append({"method": method, "cells": cells})
    return rows


def _best_mean(summaries: dict[str, Any], metric: dict[str, Any]) -> float:
    means = [from_json_number(summary[metric["name"]]["mean"]) for summary in summaries.values()]
    means = [mean for mean in means if not math.isnan(mean)]
    return (min if metric["better"] == "lower" else max)(means) if means else math.nan


def _tests(result: dict[str, Any]) -> list[dict[str, Any]]:
    """For each model, the tests against each other method, one row per metric. A single subject has none."""
    if all(test["n"] < 2 for test in result["tests"]):
        return []
    labels = {
        metric["name"]: metric["label"] + (f" in {metric['unit']}" if metric["unit"] else "")
        for metric in result["metrics"]
    }
    groups = []
    for method in dict.fromkeys(test["method"] for test in result["tests"]):
        against: dict[str, list[dict[str, Any]]] = {}
        for test in result["tests"]:
            if test["method"] == method:
                against.setdefault(test["against"], []).append(
                    {
                        "metric": labels[test["metric"]],
                        "median": format_difference(test["median_difference"], test["metric"]),
                        "hodges_lehmann": format_difference(test["hodges_lehmann"], test["metric"]),
                        "n": test["n"],
                        "p": format_p(test["p"]),
                        "p_holm": format_p(test["p_holm"]),
                    }
                )
        groups.append({"method": method, "against": against, "family": result["p_adjustment"]["sizes"][method]})
    return groups


def _expected(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of means and standard deviations: how well the expected error of each calibrated model fits its error."""
    files = {method["name"]: method["model"] for method in result["methods"]}
    models = {model["name"]: model for model in result["models"]}
    several = result["settings"]["orientations"] > 1
    rows = []
    # A result that an older version wrote has no such entry.
    for method, summaries in result.get("summary_expected_error", {}).items():
        training = models.get(files[method], {}).get("training", {})
        calibration = training.get("error_calibration", {})
        if several:
            calibration = training.get("error_calibration_with_spread", calibration)
        cells = [
            {"mean": _figure(summaries[name]["mean"], name), "sd": _figure(summaries[name]["sd"], name)}
            for name in ERROR_FIGURES
        ]
        rows.append({"method": method, "factor": _figure(calibration.get("quantile_90"), ""), "cells": cells})
    return rows


def _figure(value: float | None, name: str) -> str:
    """A figure of the expected error; shares are shown in percent."""
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if name == "share_below_90" else f"{value:.2f}"


def _descriptions(result: dict[str, Any]) -> list[tuple[str, str]]:
    described = []
    for method in result["methods"]:
        if method["kind"] == "model":
            text = f"super-resolution by the model “{method['model']}”, output mode “{method['mode']}”"
        else:
            text = describe_interpolation(method["name"])
        described.append((method["name"], text))
    return described


def _settings(result: dict[str, Any]) -> list[tuple[str, str]]:
    settings = result["settings"]
    rows = [
        ("Slices", f"every {ordinal(settings['keep_every'])} one kept, those between recovered and measured"),
        ("Crop", f"central {settings['crop']} pixels" if settings["crop"] else "none"),
        ("Slice thickness", _thickness(settings["slice_thickness_mm"])),
        ("Orientations averaged", str(settings["orientations"])),
        ("Mask", settings["mask"] or "none, all pixels are measured"),
        ("Intensities", "percentiles 1 and 99 of the kept slices mapped to 0 and 1, clamped; data range 1"),
        ("Slice axis", str(settings["axis"])),
        ("Subjects", f"first group of “{settings['subject']}”" if settings["subject"] else "each file is one"),
        ("Precision, device", f"{settings['precision']}, {settings['device']}"),
        ("Threads", "default" if settings["threads"] is None else str(settings["threads"])),
        ("Computed", _place(settings)),
    ]
    for model in result["models"]:
        architecture = model.get("architecture", {})
        text = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in architecture.items())
        rows.append((f"Model “{model['name']}”", f"{text}; {model.get('parameters', '?')} parameters"))
        for key, value in model.get("provenance", {}).items():
            rows.append((f"Model “{model['name']}”, {key.replace('_', ' ')}", _readable(value)))
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in result["versions"].items())))
    rows.append(("Created", result["created"]))
    return rows


def _readable(value: Any) -> str:
    """A provenance entry as text; of a JSON object, its entries."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        parsed = value
    if not isinstance(parsed, dict):
        return str(value)
    return ", ".join(f"{key.replace('_', ' ')} {_word(item)}" for key, item in parsed.items())


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _thickness(millimeters: float) -> str:
    if millimeters == 0:
        return "as acquired"
    return f"simulated: blurred by a Gaussian of {millimeters:g} mm (full width at half maximum) along the slice axis"


def _place(settings: dict[str, Any]) -> str:
    if settings["scheduler"] is not None:
        return f"on the Dask cluster {settings['scheduler']}"
    jobs = settings["jobs"]
    return f"by {jobs} process{'' if jobs == 1 else 'es'} of one machine"


# Figures --------------------------------------------------------------------------------------------------------------


def _as_svg(figure: Any, label: str, salt: str) -> str:
    """A matplotlib figure as an inline SVG element in the color of the surrounding text."""
    import matplotlib

    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    # Identifiers that the figure refers to get a prefix, so that they differ between figures.
    used = set(re.findall(r"#([\w.-]+)", svg))
    svg = re.sub(r"\sid=\"([^\"]*)\"", lambda m: f' id="{salt}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(href=\"#|url\(#)([\w.-]+)", lambda m: f"{m[1]}{salt}-{m[2]}", svg)
    svg = svg.replace(_TEXT, "currentColor")
    head, rest = svg.split(">", 1)
    head = re.sub(r"\s(width|height)=\"[^\"]*\"", "", head)
    return f'{head} role="img" aria-label="{html.escape(label, quote=True)}">{rest}'


def _box_plot(result: dict[str, Any], metric: dict[str, Any]) -> dict[str, str]:
    """A box plot of the subjects' means for each method, with one line per subject."""
    from matplotlib.figure import Figure

    name = metric["name"]
    kinds = {method["name"]: method["kind"] for method in result["methods"]}
    scores = {
        method: [from_json_number(subject["mean"][method][name]) for subject in result["subjects"]] for method in kinds
    }
    finite = {method: [v for v in values if math.isfinite(v)] for method, values in scores.items()}
    shown = [method for method in kinds if finite[method]]
    figure = Figure(figsize=(max(4.6, 0.75 * len(shown)), 3.4), layout="constrained")
    axes = figure.add_subplot()
    for subject in range(len(result["subjects"])):
        line = [scores[method][subject] for method in shown]
        if all(math.isfinite(value) for value in line):
            axes.plot(
                range(1, len(shown) + 1),
                line,
                color=_TEXT,
                alpha=0.35,
                linewidth=0.7,
                marker="o",
                markersize=2,
                zorder=3,
            )
    if shown:
        boxes = axes.boxplot(
            [finite[method] for method in shown],
            widths=0.5,
            patch_artist=True,
            showfliers=False,
            zorder=2,
            boxprops={"color": _TEXT},
            whiskerprops={"color": _TEXT},
            capprops={"color": _TEXT},
            medianprops={"color": _TEXT, "linewidth": 1.8},
        )
        for box, method in zip(boxes["boxes"], shown, strict=True):
            box.set_facecolor(_LATENT_COLOR if kinds[method] == "model" else _OTHER_COLOR)
            box.set_alpha(0.7)
        crowded = len(shown) > 4 or any(len(method) > 12 for method in shown)
        axes.set_xticks(
            range(1, len(shown) + 1), shown, rotation=25 if crowded else 0, ha="right" if crowded else "center"
        )
    unit = f" in {metric['unit']}" if metric["unit"] else ""
    axes.set_ylabel(f"{metric['label']}{unit} ({metric['better']} is better)", color=_TEXT)
    axes.tick_params(colors=_TEXT, labelcolor=_TEXT, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_color(_TEXT)
        spine.set_visible(side in ("left", "bottom"))
    medians = ", ".join(f"{method} {format_value(result['summary'][method][name]['median'], name)}" for method in shown)
    label = f"Box plots of {metric['label']} over {counted(len(result['subjects']), 'subject')}; medians: {medians}"
    return {"svg": _as_svg(figure, label, f"plot-{name}"), "label": metric["label"]}


def _shown(value: Any) -> Any:
    """A value as the template shows it: names of files without controls and marks of the writing direction."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(map(printable, value.split("\n")))
