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
"""The best methods, and the slices that the best model recovers worst."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from latent_sr.evaluation.recover import GalleryEntry
from latent_sr.metrics import from_json_number

WORST_CASES = 2


@dataclass
class WorstCases:
    """Slices that the best model recovers worst by one rule, the worst first.

    Attributes
    ----------
    kind
        "loss": slices on which the model is furthest behind the best interpolation; "lowest": slices with the lowest
        scores.
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


def best_method(result: dict[str, Any], metric: dict[str, Any], kind: str | None = None) -> str | None:
    """The method with the best mean of a metric, of one kind or any; None if the metric is undefined for all."""
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
    """The metric that summaries use: SSIM, or PSNR if SSIM is not measured."""
    metrics = {metric["name"]: metric for metric in result["metrics"]}
    for name in ("ssim", "psnr", "mse"):
        if name in metrics and best_method(result, metrics[name]) is not None:
            return metrics[name]
    return None


def choose_worst(result: dict[str, Any], count: int = WORST_CASES) -> list[tuple[WorstCases, list[tuple[int, int]]]]:
    """The slices that the best model recovers worst, as volume and slice numbers. Empty without a model.

    There are two rules: the largest distance behind the best interpolation, and the lowest score. Each rule takes at
    most one slice per subject.
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
