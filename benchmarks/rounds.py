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
"""Rounds in which the compared programs take turns, so that changes of the machine's speed affect all of them.

Ratios are computed within each round. Benchmarks print their medians and ranges.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def seconds(run: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternate(
    contestants: Mapping[str, Callable[[], Any]],
    rounds: int,
    measure: Callable[[Callable[[], Any]], float] = seconds,
) -> dict[str, list[float]]:
    """Measure each contestant once per round, in the order first, second, ..., first, second, ...

    Parameters
    ----------
    contestants
        The functions to measure, by name.
    rounds
        Number of rounds.
    measure
        Returns the measurement of a contestant. Default: the seconds that its call takes.

    Returns
    -------
    dict of str to list of float
        The measurements of each contestant, one per round.
    """
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            measured[name].append(measure(contestant))
    return measured


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Return the ratios of two contestants' measurements within each round, sorted."""
    return sorted(one / other for one, other in zip(numerators, denominators, strict=True))


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return median and range of values as text: 1.23 (1.20 to 1.31)."""
    low, median, high = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{median} ({low} to {high})"
