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
"""Means, differences and tests over subjects."""

import math

import numpy as np
import pytest
from latent_sr.evaluation.statistics import (
    compare_methods,
    error_figures,
    hodges_lehmann,
    holm,
    mean_of_defined,
    paired_differences,
    rank_correlation,
    summarize,
    wilcoxon,
)


def test_undefined_values_are_left_out_of_means():
    assert mean_of_defined([1.0, math.nan, 3.0]) == 2.0
    assert math.isnan(mean_of_defined([math.nan]))
    assert math.isnan(mean_of_defined([]))


def test_the_mean_of_an_infinite_value_is_infinite():
    assert mean_of_defined([1.0, math.inf]) == math.inf
    assert math.isnan(summarize([1.0, math.inf])["sd"])


def test_a_summary_has_number_mean_standard_deviation_and_median():
    summary = summarize([1.0, 2.0, 6.0, math.nan])
    assert summary == {"n": 3, "mean": 3.0, "sd": pytest.approx(math.sqrt(7)), "median": 2.0}
    assert math.isnan(summarize([1.0])["sd"])


def test_the_rank_correlation_is_that_of_scipy():
    scipy_stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(0)
    first = generator.normal(size=(40, 50))
    second = first + generator.normal(size=first.shape)
    assert rank_correlation(first, second) == pytest.approx(scipy_stats.spearmanr(first.ravel(), second.ravel())[0])
    # Many values are equal.
    first, second = np.maximum(first, 0).round(1).astype(np.float32), np.maximum(second, 0).round(1)
    assert rank_correlation(first, second) == pytest.approx(scipy_stats.spearmanr(first.ravel(), second.ravel())[0])


def test_the_rank_correlation_of_a_constant_is_undefined():
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 8.0, 9.0])) == 1.0
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([9.0, 8.0, 1.0])) == -1.0
    assert math.isnan(rank_correlation(np.array([1.0, 2.0]), np.array([3.0, 3.0])))


def test_figures_of_an_expected_error():
    errors, expected = np.array([0.0, 1.0, 2.0, 6.0]), np.array([0.0, 2.0, 1.0, 3.0])
    figures = error_figures(errors, expected, 1.5)
    # Ranks are 1, 2, 3, 4 and 1, 3, 2, 4: the correlation is 1 - 6 * 2 / (4 * 15).
    assert figures == {"rank_correlation": pytest.approx(0.8), "share_below_90": 0.5, "error_ratio": 1.5}
    nothing = error_figures(errors, np.zeros(4), 1.5)
    assert nothing["share_below_90"] == 0.25
    assert math.isnan(nothing["rank_correlation"])
    assert math.isnan(nothing["error_ratio"])


def test_many_errors_are_ranked_by_a_choice_that_is_always_the_same():
    scipy_stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(1)
    expected = generator.random((3, 300, 400))
    errors = np.abs(generator.normal(size=expected.shape)) * expected
    figures = error_figures(errors, expected, 2.0)
    assert figures["rank_correlation"] == pytest.approx(
        scipy_stats.spearmanr(expected.ravel(), errors.ravel())[0], abs=0.01
    )
    assert figures == error_figures(errors, expected, 2.0)
    assert figures["share_below_90"] == np.mean(errors <= 2 * expected)
    assert figures["error_ratio"] == pytest.approx(errors.mean() / expected.mean(), rel=1e-12)


def test_differences_are_positive_where_the_first_is_better():
    assert paired_differences([0.5, 0.7], [0.4, 0.9], "ssim") == pytest.approx([0.1, -0.2])
    assert paired_differences([0.5, 0.7], [0.4, 0.9], "mse") == pytest.approx([-0.1, 0.2])


@pytest.mark.parametrize("metric", ["gmsd", "hfen", "maeg"])
def test_lower_errors_are_better(metric):
    assert paired_differences([0.5, 0.7], [0.4, 0.9], metric) == pytest.approx([-0.1, 0.2])


def test_pairs_with_an_undefined_value_are_dropped_and_two_infinite_values_are_equal():
    assert paired_differences([math.nan, math.inf, 1.0], [1.0, math.inf, 0.5], "psnr") == [0.0, 0.5]


def test_methods_are_compared_in_units_of_the_metric():
    scores = {
        "linear": {"mse": [0.2, 0.3, 0.4], "ssim": [0.5, 0.6, 0.7]},
        "latent": {"mse": [0.1, 0.1, 0.1], "ssim": [0.6, 0.8, 1.0]},
    }
    seen = []

    def fake_test(differences):
        seen.append(list(differences))
        return {"p": 0.125}

    tests = compare_methods(scores, ["latent"], ["mse", "ssim"], fake_test)
    assert [(t["metric"], t["method"], t["against"]) for t in tests] == [
        ("mse", "latent", "linear"),
        ("ssim", "latent", "linear"),
    ]
    assert tests[0]["median_difference"] == pytest.approx(-0.2)
    assert tests[1]["median_difference"] == pytest.approx(0.2)
    assert all(min(differences) > 0 for differences in seen)
    assert tests[0]["hodges_lehmann"] == pytest.approx(-0.2)
    assert [test["p_holm"] for test in tests] == [0.25, 0.25]


def test_each_candidate_is_a_family_of_its_own():
    scores = {name: {"ssim": [float(name == "b"), 1.0]} for name in ("linear", "a", "b")}
    p_values = iter([0.01, 0.04, 0.5, 0.02])
    tests = compare_methods(scores, ["a", "b"], ["ssim"], lambda _: {"p": next(p_values)})
    assert [(t["method"], t["against"]) for t in tests] == [("a", "linear"), ("a", "b"), ("b", "linear"), ("b", "a")]
    assert [t["p_holm"] for t in tests] == pytest.approx([0.02, 0.04, 0.5, 0.04])


def test_holm_agrees_with_published_values():
    # The same as p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R: .005 x 4, .01 x 3, .03 x 2, and not less than it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_rejects_what_its_definition_rejects():
    generator = np.random.default_rng(0)
    for _ in range(50):
        p_values = generator.random(6) ** 3
        rejected = set()
        for rank, position in enumerate(np.argsort(p_values)):
            if p_values[position] > 0.05 / (6 - rank):
                break
            rejected.add(int(position))
        assert {n for n, p in enumerate(holm(list(p_values))) if p <= 0.05} == rejected


def test_the_hodges_lehmann_estimate_is_the_median_of_walsh_averages():
    # Walsh averages of 1, 2, 6: 1, 1.5, 2, 3.5, 4, 6.
    assert hodges_lehmann([1.0, 2.0, 6.0]) == 2.75
    assert hodges_lehmann([-3.0]) == -3.0
    assert math.isnan(hodges_lehmann([]))
    differences = list(np.random.default_rng(1).normal(0.3, 1, 15))
    averages = [(a + b) / 2 for i, a in enumerate(differences) for b in differences[i:]]
    assert hodges_lehmann(differences) == pytest.approx(np.median(averages), rel=1e-14)


def test_the_signed_rank_test_finds_no_difference_at_the_hodges_lehmann_estimate():
    scipy_stats = pytest.importorskip("scipy.stats")
    differences = np.random.default_rng(2).normal(0.3, 1, 25)
    estimate = hodges_lehmann(differences)
    assert scipy_stats.wilcoxon(differences - estimate).pvalue > 0.97
    # The estimate shifts and scales with the differences.
    assert hodges_lehmann(-2 * differences + 1) == pytest.approx(1 - 2 * estimate)


def test_infinite_differences_leave_the_hodges_lehmann_estimate_defined_where_it_is():
    assert hodges_lehmann([1.0, 1.0, 1.0, math.inf]) == 1.0
    assert math.isnan(hodges_lehmann([math.inf, -math.inf]))


def test_the_wilcoxon_test_of_twelve_improvements_has_the_smallest_possible_p():
    result = wilcoxon(np.linspace(0.1, 1.2, 12))
    assert result["p"] == pytest.approx(2.0**-12, rel=1e-12)
    assert (result["n"], result["n_nonzero"], result["exact"]) == (12, 12, True)


def test_the_wilcoxon_test_agrees_with_scipy():
    scipy_stats = pytest.importorskip("scipy.stats")
    differences = np.random.default_rng(0).normal(0.3, 1, 25)
    expected = scipy_stats.wilcoxon(differences, alternative="greater", method="exact")
    result = wilcoxon(differences)
    assert result["p"] == pytest.approx(expected.pvalue, rel=1e-10)
    assert result["statistic"] == expected.statistic


def test_the_wilcoxon_test_of_no_difference_has_p_one():
    assert wilcoxon([0.0, 0.0])["p"] == 1.0
