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
"""Means over slices, volumes and subjects, and the paired test over subjects.

Slices and frames of one subject are not independent. Values are therefore averaged over the slices of a volume, then
over the volumes of a subject, and only subjects are compared.
"""

import math
from collections.abc import Callable, Sequence
from statistics import mean, median, stdev
from typing import Any

from latent_sr.metrics import LOWER_IS_BETTER


def mean_of_defined(values: Sequence[float]) -> float:
    """The mean of the values that are not NaN; NaN if there are none."""
    defined = [value for value in values if not math.isnan(value)]
    if not defined:
        return math.nan
    # statistics.mean() fails for infinities of both signs.
    return math.inf if math.inf in defined else mean(defined)


def summarize(values: Sequence[float]) -> dict[str, float | int]:
    """Number, mean, sample standard deviation (NaN for fewer than two values) and median of the defined values."""
    defined = [value for value in values if not math.isnan(value)]
    finite = all(math.isfinite(value) for value in defined)
    return {
        "n": len(defined),
        "mean": mean_of_defined(defined),
        "sd": stdev(defined) if len(defined) > 1 and finite else math.nan,
        "median": median(defined) if defined else math.nan,
    }


def rank_correlation(first: Any, second: Any) -> float:
    """Spearman's rank correlation of two arrays. Equal values share the mean of their ranks.

    NaN if the values of an array are all equal.
    """
    import numpy as np

    ranks = []
    for values in (first, second):
        _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts + values.size) / 2)[places.ravel()])
    # Sums by NumPy, unlike products by BLAS, do not depend on the number of threads.
    norm = math.sqrt(float(np.square(ranks[0]).sum()) * float(np.square(ranks[1]).sum()))
    return float((ranks[0] * ranks[1]).sum()) / norm if norm > 0.0 else math.nan


ERROR_FIGURES = ("rank_correlation", "share_below_90", "error_ratio")
"""What ``error_figures`` returns."""

_RANKED = 100_000
"""Most pixels that are ranked. Their choice moves the correlation by about 0.002; ranking millions takes seconds."""


def error_figures(errors: Any, expected: Any, quantile_90: float) -> dict[str, float]:
    """How well expected errors fit errors.

    Parameters
    ----------
    errors, expected
        Absolute errors and their expected values: arrays of the same size, without NaN.
    quantile_90
        The model's factor: about 90 % of the errors should be at most this multiple of their expected values.

    Returns
    -------
    dict
        "rank_correlation" of both, of a random choice if there are many; "share_below_90": the share of errors that are
        at most that multiple; "error_ratio": the mean error divided by the mean expected error, NaN if that is zero.
    """
    import numpy as np

    errors, expected = np.ravel(errors), np.ravel(expected)
    mean_expected = float(np.mean(expected, dtype=np.float64))
    ranked: Any = slice(None)
    if errors.size > _RANKED:
        ranked = np.random.default_rng(0).choice(errors.size, _RANKED, replace=False, shuffle=False)
    return {
        "rank_correlation": rank_correlation(expected[ranked], errors[ranked]),
        "share_below_90": float(np.mean(errors <= np.multiply(expected, quantile_90, dtype=np.float64))),
        "error_ratio": float(np.mean(errors, dtype=np.float64)) / mean_expected if mean_expected > 0.0 else math.nan,
    }


def paired_differences(first: Sequence[float], second: Sequence[float], metric: str) -> list[float]:
    """How much better the first method is than the second, for each subject in which both are defined.

    The difference is first minus second, or second minus first for a metric where lower is better. A positive value
    means that the first method is better. Two infinite values count as equal.
    """
    differences = []
    for a, b in zip(first, second, strict=True):
        if math.isnan(a) or math.isnan(b):
            continue
        difference = 0.0 if a == b else a - b
        differences.append(-difference if metric in LOWER_IS_BETTER else difference)
    return differences


def hodges_lehmann(differences: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate of the location of paired differences: the median of their Walsh averages.

    Walsh averages are the means of all pairs of differences, including each difference paired with itself. This is the
    estimate that belongs to the signed-rank test. NaN without differences, and for infinities of both signs.
    """
    import numpy as np

    values = np.asarray(differences, dtype=float)
    if not len(values):
        return math.nan
    first, second = np.triu_indices(len(values))
    with np.errstate(invalid="ignore"):
        return float(np.median((values[first] + values[second]) / 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted by Holm's step-down procedure for one family of tests. The tests need not be independent.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979.
    """
    count = len(p_values)
    adjusted = [0.0] * count
    largest = 0.0
    for rank, position in enumerate(sorted(range(count), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (count - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted


def wilcoxon(differences: Sequence[float]) -> dict[str, Any]:
    """One-sided signed-rank test of differences. The alternative is that they tend to be greater than zero.

    Returns
    -------
    dict
        "n" (differences), "n_nonzero", "statistic" (sum of the ranks of positive differences), "p", "exact".
    """
    import itk

    test = itk.WilcoxonSignedRankTest.New()
    test.SetDifferences([float(value) for value in differences])
    test.Compute()
    return {
        "n": len(differences),
        "n_nonzero": int(test.GetNumberOfNonZeroDifferences()),
        "statistic": float(test.GetStatistic()),
        "p": float(test.GetPValueGreater()),
        "exact": bool(test.GetPValuesAreExact()),
    }


def compare_methods(
    scores: dict[str, dict[str, list[float]]],
    candidates: Sequence[str],
    metrics: Sequence[str],
    test: Callable[[Sequence[float]], dict[str, Any]] = wilcoxon,
) -> list[dict[str, Any]]:
    """Test over subjects whether each candidate is better than each other method.

    Parameters
    ----------
    scores
        ``scores[method][metric]`` is a list with one value per subject, NaN if undefined.
    candidates
        The methods that are tested against all others.
    metrics
        The metrics to test.
    test
        The test of the differences.

    Returns
    -------
    list of dict
        The results of the tests, with "metric", "method", "against", and "mean_difference", "median_difference" and
        "hodges_lehmann" in units of the metric, method minus other method. "p_holm" is p adjusted for all tests of the
        same method. Metrics that are defined in no subject are left out.
    """
    results = []
    for metric in metrics:
        for candidate in candidates:
            for other in scores:
                if other == candidate:
                    continue
                differences = paired_differences(scores[candidate][metric], scores[other][metric], metric)
                if not differences:
                    continue
                sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
                results.append(
                    {
                        "metric": metric,
                        "method": candidate,
                        "against": other,
                        **test(differences),
                        "mean_difference": sign * mean_of_defined(differences),
                        "median_difference": sign * median(differences),
                        "hodges_lehmann": sign * hodges_lehmann(differences),
                    }
                )
    # A claim about a model rests on all of its comparisons, so they are one family. Each model has a separate family.
    for candidate in candidates:
        family = [result for result in results if result["method"] == candidate]
        for result, adjusted in zip(family, holm([result["p"] for result in family]), strict=True):
            result["p_holm"] = adjusted
    return results
