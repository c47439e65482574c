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
"""Which methods are best, and which slices the best model recovers worst."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from latent_sr.evaluation.recover import GalleryEntry
from latent_sr.metrics import from_json_number

WORST_CASES = 2


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
