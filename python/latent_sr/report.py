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
"""The report of an evaluation: one HTML file that needs nothing else, on screen (light or dark) and on paper."""

import base64
import html
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from latent_sr.evaluation import (
    Evaluation,
    GalleryEntry,
    LongAxisView,
    Pictures,
    counted,
    format_p,
    format_value,
    ordinal,
)
from latent_sr.metrics import from_json_number

_TEXT = "#010203"
"""Stands for the color of the text around a figure, light or dark, while the figure is drawn."""

_LATENT_COLOR = "#2f80c8"
_OTHER_COLOR = "#8c8c8c"

DESCRIPTIONS = {
    "nearest": "the nearest kept slice",
    "linear": "linear interpolation",
    "bspline": "B-spline interpolation of order 3",
    "lanczos": "windowed sinc interpolation, Lanczos window of radius 3",
    "linear-blur": "control: linear interpolation, then a Gaussian with a standard deviation of 1.5 pixels in plane; "
    "shows what mere smoothing gains",
}


def render_report(evaluation: Evaluation | dict[str, Any]) -> str:
    """The report as HTML text.

    Parameters
    ----------
    evaluation
        Of ``evaluation.run_evaluation``, or only its result, as read from a JSON file: then without galleries.

    Returns
    -------
    str
        A document without any reference to the outside.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    if isinstance(evaluation, Evaluation):
        result, pictures = evaluation.result, evaluation.pictures
    else:
        result, pictures = evaluation, Pictures()
    environment = Environment(
        loader=PackageLoader("latent_sr", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        result=result,
        summary=summary_sentence(result),
        counts=_counts(result),
        table=_table(result),
        tests=_tests(result),
        plots=[_box_plot(result, metric) for metric in result["metrics"] if _is_measured(result, metric["name"])],
        gallery=_gallery(pictures.gallery),
        long_axis=_long_axis(pictures.long_axis),
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


def _mean(result: dict[str, Any], method: str, metric: str) -> float:
    return from_json_number(result["summary"][method][metric]["mean"])


def _is_measured(result: dict[str, Any], metric: str) -> bool:
    return any(not math.isnan(_mean(result, method["name"], metric)) for method in result["methods"])


def _best(result: dict[str, Any], metric: dict[str, Any], methods: Sequence[str]) -> str | None:
    """The method with the best mean; None if it is undefined for all."""
    values = {method: _mean(result, method, metric["name"]) for method in methods}
    values = {method: value for method, value in values.items() if not math.isnan(value)}
    if not values:
        return None
    return (min if metric["better"] == "lower" else max)(values, key=values.__getitem__)


def summary_sentence(result: dict[str, Any]) -> str:
    """One sentence: how the best model compares with the best of the other methods, in SSIM (or PSNR without it)."""
    name = next((name for name in ("ssim", "psnr", "mse") if _is_measured(result, name)), None)
    metric = next((metric for metric in result["metrics"] if metric["name"] == name), None)
    if metric is None:
        return f"Nothing could be measured on {_counts(result)}."
    models = [method["name"] for method in result["methods"] if method["kind"] == "model"]
    others = [method["name"] for method in result["methods"] if method["kind"] != "model"]
    best_model, best_other = _best(result, metric, models), _best(result, metric, others)
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
    difference = from_json_number(test["median_difference"])
    return (
        f"{sentence} (median difference over subjects {difference:+.4f}{unit}, one-sided p = {format_p(test['p'])}, "
        f"n = {test['n']})."
    )


def _table(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of means and standard deviations."""
    methods = [method["name"] for method in result["methods"]]
    best = {metric["name"]: _best(result, metric, methods) for metric in result["metrics"]}
    rows = []
    for method in methods:
        cells = []
        for metric in result["metrics"]:
            summary = result["summary"][method][metric["name"]]
            cells.append(
                {
                    "mean": format_value(summary["mean"], metric["name"]),
                    "sd": format_value(summary["sd"], metric["name"]),
                    "best": best[metric["name"]] == method,
                }
            )
        rows.append({"method": method, "cells": cells})
    return rows


def _tests(result: dict[str, Any]) -> list[dict[str, Any]]:
    """For each model, rows of the other methods, with a cell for each metric."""
    groups = []
    for method in dict.fromkeys(test["method"] for test in result["tests"]):
        tests = {(t["against"], t["metric"]): t for t in result["tests"] if t["method"] == method}
        rows = []
        for against in dict.fromkeys(key[0] for key in tests):
            cells = []
            for metric in result["metrics"]:
                test = tests.get((against, metric["name"]))
                if test is None:
                    cells.append(None)
                    continue
                difference = from_json_number(test["median_difference"])
                digits = {"mse": 5, "psnr": 2}.get(metric["name"], 4)
                cells.append({"difference": f"{difference:+.{digits}f}", "p": format_p(test["p"]), "n": test["n"]})
            rows.append({"against": against, "cells": cells})
        groups.append({"method": method, "rows": rows})
    return groups


def _descriptions(result: dict[str, Any]) -> list[tuple[str, str]]:
    described = []
    for method in result["methods"]:
        if method["kind"] == "model":
            text = f"super-resolution by the model “{method['model']}”, output mode “{method['mode']}”"
        else:
            text = DESCRIPTIONS.get(method["name"], "")
        described.append((method["name"], text))
    return described


def _settings(result: dict[str, Any]) -> list[tuple[str, str]]:
    settings = result["settings"]
    rows = [
        ("Slices", f"every {ordinal(settings['keep_every'])} one kept, those between recovered and measured"),
        ("Crop", f"central {settings['crop']} pixels" if settings["crop"] else "none"),
        ("Intensities", "percentiles 1 and 99 of the kept slices mapped to 0 and 1, clamped; data range 1"),
        ("Slice axis", str(settings["axis"])),
        ("Subjects", f"first group of “{settings['subject']}”" if settings["subject"] else "each file is one"),
        ("Precision, device", f"{settings['precision']}, {settings['device']}"),
        ("Threads", "default" if settings["threads"] is None else str(settings["threads"])),
    ]
    for model in result["models"]:
        architecture = model.get("architecture", {})
        text = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in architecture.items())
        rows.append((f"Model “{model['name']}”", f"{text}; {model.get('parameters', '?')} parameters"))
        for key, value in model.get("provenance", {}).items():
            rows.append((f"Model “{model['name']}”, {key}", str(value)))
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in result["versions"].items())))
    rows.append(("Created", result["created"]))
    return rows


# Figures --------------------------------------------------------------------------------------------------------------


def _as_svg(figure: Any, label: str, salt: str) -> str:
    """A matplotlib figure as an inline SVG element that takes the color of the text around it."""
    import matplotlib

    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    # Names that are used inside of the figure, and must not meet those of the next one.
    used = set(re.findall(r"#([\w.-]+)", svg))
    svg = re.sub(r"\sid=\"([^\"]*)\"", lambda m: f' id="{salt}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(href=\"#|url\(#)([\w.-]+)", lambda m: f"{m[1]}{salt}-{m[2]}", svg)
    svg = svg.replace(_TEXT, "currentColor")
    head, rest = svg.split(">", 1)
    head = re.sub(r"\s(width|height)=\"[^\"]*\"", "", head)
    return f'{head} role="img" aria-label="{html.escape(label, quote=True)}">{rest}'


def _box_plot(result: dict[str, Any], metric: dict[str, Any]) -> dict[str, str]:
    """Box plots of the subjects' means for each method, with a line for each subject."""
    from matplotlib.figure import Figure

    name = metric["name"]
    kinds = {method["name"]: method["kind"] for method in result["methods"]}
    scores = {
        method: [from_json_number(subject["mean"][method][name]) for subject in result["subjects"]] for method in kinds
    }
    finite = {method: [v for v in values if math.isfinite(v)] for method, values in scores.items()}
    shown = [method for method in kinds if finite[method]]
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
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


def _png(array: Any, colors: str, low: float, high: float) -> str:
    """An array as a data URI."""
    from matplotlib.image import imsave

    data = io.BytesIO()
    imsave(data, array, cmap=colors, vmin=low, vmax=high, format="png", metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _gallery(entries: Sequence[GalleryEntry]) -> dict[str, Any] | None:
    """Pictures of recovered slices and their differences from the truth, on one common scale."""
    import numpy as np

    entries = [entry for entry in entries if entry.truth is not None]
    if not entries:
        return None
    differences = [np.abs(image - entry.truth).ravel() for entry in entries for image in entry.recovered.values()]
    limit = (
        max(0.05, math.ceil(20 * float(np.percentile(np.concatenate(differences), 99.5))) / 20) if differences else 1
    )
    shown = []
    for entry in entries:
        where = f"slice {entry.slice_number} of {entry.subject}"
        cells = [
            {
                "method": method,
                "image": _png(image, "gray", 0, 1),
                "alt": f"{where}, recovered by {method}",
                "difference": _png(image - entry.truth, "bwr", -limit, limit),
                "difference_alt": f"{where}: {method} minus truth, root mean square "
                f"{float(np.sqrt(np.mean((image - entry.truth) ** 2))):.3f}",
            }
            for method, image in entry.recovered.items()
        ]
        rows, columns = entry.truth.shape
        shown.append(
            {
                "subject": entry.subject,
                "volume": entry.volume,
                "slice": entry.slice_number,
                "aspect": f"{columns} / {rows}",
                "truth": _png(entry.truth, "gray", 0, 1),
                "truth_alt": f"{where}, as acquired",
                "cells": cells,
            }
        )
    return {"entries": shown, "limit": f"{limit:.2f}"}


def _long_axis(view: LongAxisView | None) -> dict[str, Any] | None:
    """Pictures of a cut along the slice axis."""
    if view is None:
        return None
    rows, columns = view.before.shape
    aspect = f"{columns * view.pixel_spacing:.3f} / {max(rows * view.spacing_before, 1e-3):.3f}"
    pictures = [
        {
            "title": f"before: acquired, {view.spacing_before:.3g} mm",
            "image": _png(view.before, "gray", 0, 1),
            "alt": f"Cut along the slice axis of {view.volume}: {rows} acquired slices, "
            f"{view.spacing_before:.3g} mm apart",
            "pixelated": True,
        }
    ]
    for method, image in view.after.items():
        pictures.append(
            {
                "title": f"after: {method}, {view.spacing_after:.3g} mm",
                "image": _png(image, "gray", 0, 1),
                "alt": f"The same cut after {method}: {len(image)} slices, {view.spacing_after:.3g} mm apart",
                "pixelated": False,
            }
        )
    return {"volume": view.volume, "aspect": aspect, "pictures": pictures}
