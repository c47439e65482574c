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
"""The result of an evaluation as plain text: a CSV file, and tables for a terminal."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from latent_sr.errors import printable
from latent_sr.evaluation.statistics import mean_of_defined

PARTS = ("dropped", "kept", "long-axis")
"""The parts that are measured separately: dropped and recovered slices, kept slices, and planes across the slices."""


def ordinal(number: int) -> str:
    """A number as "1st", "2nd", "3rd", "4th", ..."""
    endings = {} if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10, 'th')}"


def as_csv(result: dict[str, Any]) -> str:
    """A table with a row for each slice and method, and for each method the means over long-axis planes.

    Columns are volume, frame, subject, part ("dropped", "kept" or "long-axis"), axis (across which the slice lies),
    slice, method, and the metrics. Long-axis rows hold means over all planes across an axis; their slice is empty.
    Values that are undefined or left out are empty; infinite values are "Infinity".
    """
    metrics = [metric["name"] for metric in result["metrics"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["volume", "frame", "subject", "part", "axis", "slice", "method", *metrics])
    for volume in result["volumes"]:
        head = [volume["path"], volume["frame"], volume["subject"]]
        for name, record in volume["methods"].items():
            for part, numbers, slices in (
                ("dropped", volume["slice_numbers"], record["slices"]),
                ("kept", volume["kept_slice_numbers"], record["kept"]["slices"]),
            ):
                for position, number in enumerate(numbers):
                    values = [slices[metric][position] for metric in metrics]
                    writer.writerow([*head, part, volume["slice_axis"], number, name, *values])
            for axis, means in record["long_axis"]["axes"].items():
                writer.writerow([*head, "long-axis", axis, None, name, *(means[metric] for metric in metrics)])
    return text.getvalue()


def format_value(value: float | str | None, metric: str) -> str:
    """A metric's value with a suitable number of digits; a dash if it is undefined."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return "inf" if value == "Infinity" else value
    return {"mse": f"{value:.5f}", "psnr": f"{value:.2f}"}.get(metric, f"{value:.4f}")


def format_difference(value: float | str | None, metric: str) -> str:
    """A difference of two values of a metric, with its sign."""
    if not isinstance(value, float):
        return format_value(value, metric)
    return f"{value:+.{ {'mse': 5, 'psnr': 3}.get(metric, 4) }f}"


def format_p(p: float | str | None) -> str:
    """A p value with two significant digits; small values in scientific notation."""
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
    lines += _tests_table(result)
    lines += _parts_table(result)
    lines += [f"note: {printable(note)}" for note in result["notes"]]
    return "\n".join(lines)


def _tests_table(result: dict[str, Any]) -> list[str]:
    """The tests as a table. Those of the MSE are in the JSON file only: they nearly repeat those of the PSNR."""
    if not result["tests"]:
        return []
    if max(test["n"] for test in result["tests"]) < 2:
        return ["", "A single subject can't be tested, so there are no p values."]
    family = " or ".join(str(size) for size in sorted(set(result["p_adjustment"]["sizes"].values())))
    lines = [
        "",
        "one-sided Wilcoxon signed-rank tests over subjects (better than ...); Holm p is adjusted for all tests of a",
        f"model, {family}: other methods times metrics, with MSE",
        "",
    ]
    rows = [["method", "better than", "metric", "n", "median difference", "Hodges-Lehmann", "p", "Holm p"]]
    labels = {metric["name"]: metric["label"] for metric in result["metrics"]}
    for test in result["tests"]:
        if test["metric"] == "mse":
            continue
        differences = [format_difference(test[key], test["metric"]) for key in ("median_difference", "hodges_lehmann")]
        p_values = [format_p(test[key]) for key in ("p", "p_holm")]
        rows.append([test["method"], test["against"], labels[test["metric"]], str(test["n"]), *differences, *p_values])
    return lines + _aligned(rows, left=3)


def _parts_table(result: dict[str, Any]) -> list[str]:
    """Means over subjects of kept slices and long-axis planes."""
    rows = [["method", "part", *(f"{m['label']} {m['unit']}".strip() for m in result["metrics"])]]
    for part, key in (("kept", "summary_kept"), ("long-axis", "summary_long_axis")):
        for method in result["methods"]:
            summary = result[key][method["name"]]
            values = [format_value(summary[m["name"]]["mean"], m["name"]) for m in result["metrics"]]
            rows.append([method["name"], part, *values])
    return ["", "kept slices, and long-axis planes of whole volumes; means over subjects", "", *_aligned(rows, left=2)]


def _aligned(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Rows as lines of text. The first ``left`` columns are left-aligned, the others right-aligned."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
