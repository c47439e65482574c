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
"""The pictures of a report, as data URIs with the words around them."""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

from latent_sr.evaluation.recover import GalleryEntry, LongAxisView
from latent_sr.evaluation.statistics import rank_correlation
from latent_sr.evaluation.tables import format_difference, format_value, ordinal
from latent_sr.evaluation.worst import WorstCases

ERROR_COLORS = "magma"
"""The color map of absolute errors."""

_LONG_AXIS_WIDTH = 260
"""Width of a long-axis picture on a screen, in CSS pixels."""

_TICK_DISTANCE = 4
"""Least distance of two ticks, in the same unit."""


def _png(array: Any, colors: str, low: float, high: float) -> str:
    """An array as a data URI."""
    from matplotlib.image import imsave

    data = io.BytesIO()
    imsave(data, array, cmap=colors, vmin=low, vmax=high, format="png", metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _limit(arrays: Iterable[Any]) -> float:
    """The end of a color scale that arrays share: their percentile 99.5, rounded up to a twentieth."""
    import numpy as np

    values = [np.abs(array).ravel() for array in arrays]
    if not values:
        return 1.0
    return max(0.05, math.ceil(20 * float(np.percentile(np.concatenate(values), 99.5))) / 20)


# Slices ---------------------------------------------------------------------------------------------------------------


def difference_limit(entries: Sequence[GalleryEntry]) -> float:
    """The end of the color scale that all difference maps share."""
    return _limit(image - entry.truth for entry in entries for image in entry.recovered.values())


def slice_pictures(entry: GalleryEntry, limit: float, metric: dict[str, Any] | None) -> dict[str, Any]:
    """Pictures of a recovered slice and its difference from the truth, with the scores."""
    import numpy as np

    where = _place(entry)
    cells = []
    for method, image in entry.recovered.items():
        difference = image - entry.truth
        error = float(np.sqrt(np.mean(difference**2)))
        score = entry.scores.get(method, {}).get(metric["name"], math.nan) if metric else math.nan
        cells.append(
            {
                "method": method,
                "score": "" if math.isnan(score) else f"{metric['label']} {format_value(score, metric['name'])}",
                "image": _png(image, "gray", 0, 1),
                "alt": f"{where}, recovered by {method}",
                "difference": _png(difference, "bwr", -limit, limit),
                "difference_alt": f"{where}: {method} minus truth, root mean square {error:.3f}",
            }
        )
    return {
        "subject": entry.subject,
        "volume": entry.volume,
        "slice": entry.slice_number,
        "aspect": _aspect(entry),
        "truth": _png(entry.truth, "gray", 0, 1),
        "truth_alt": f"{where}, as acquired",
        "cells": cells,
    }


def worst_pictures(worst: WorstCases, limit: float, metric: dict[str, Any]) -> dict[str, Any]:
    """The worst cases by one rule, with a description of the rule."""
    label = metric["label"]
    if worst.kind == "loss":
        title = f"{worst.model} against {worst.against}"
        rule = (
            f"The dropped slices on which {worst.model}, the best model, loses most {label} against {worst.against}, "
            "the best interpolation (or gains least); at most one slice per subject."
        )
    else:
        extreme = "highest" if metric["better"] == "lower" else "lowest"
        title = f"{extreme.capitalize()} {label} of {worst.model}"
        rule = f"The dropped slices with the {extreme} {label} of {worst.model}; at most one slice per subject."
    shown = []
    for entry in worst.entries:
        item = slice_pictures(entry, limit, metric)
        score = entry.scores[worst.model][worst.metric]
        item["remark"] = f"{label} {format_value(score, worst.metric)}"
        if worst.against is not None:
            difference = format_difference(score - entry.scores[worst.against][worst.metric], worst.metric)
            item["remark"] = f"{label} {difference} against {worst.against}"
        shown.append(item)
    return {"title": title, "rule": rule, "entries": shown}


def _place(entry: GalleryEntry) -> str:
    return f"slice {entry.slice_number} of {entry.subject}"


def _aspect(entry: GalleryEntry) -> str:
    rows, columns = entry.truth.shape
    return f"{columns} / {rows}"


# Expected errors ------------------------------------------------------------------------------------------------------


def error_pictures(entries: Sequence[GalleryEntry], difference_end: float) -> dict[str, Any] | None:
    """For each slice and model that has an expected error: the recovered slice, and its true and expected error.

    Parameters
    ----------
    entries
        The slices.
    difference_end
        The end of the color scale of the difference maps.

    Returns
    -------
    dict
        "entries", and "limit" and "gradient": the color scale that all maps of absolute errors share. None if no model
        has an expected error.
    """
    import numpy as np

    maps = [
        (entry, method, np.abs(entry.recovered[method] - entry.truth), expected)
        for entry in entries
        for method, expected in entry.expected.items()
    ]
    if not maps:
        return None
    limit = _limit(array for _, _, *both in maps for array in both)
    return {
        "entries": [_error_entry(*found, difference_end, limit) for found in maps],
        "limit": f"{limit:.2f}",
        "gradient": _gradient(ERROR_COLORS),
    }


def _error_entry(
    entry: GalleryEntry, method: str, errors: Any, expected: Any, difference_end: float, limit: float
) -> dict[str, Any]:
    where = _place(entry)
    image = entry.recovered[method]
    correlation = rank_correlation(expected, errors)
    ranks = "" if math.isnan(correlation) else f"; their rank correlation is {correlation:.2f}"
    pictures = [
        {
            "title": "recovered",
            "image": _png(image, "gray", 0, 1),
            "alt": f"{where}, recovered by {method}",
        },
        {
            "title": "recovered minus truth",
            "image": _png(image - entry.truth, "bwr", -difference_end, difference_end),
            "alt": f"{where}: {method} minus truth",
        },
        {
            "title": f"absolute error, mean {errors.mean():.3f}",
            "image": _png(errors, ERROR_COLORS, 0, limit),
            "alt": f"{where}: absolute error of {method}, mean {errors.mean():.3f}",
        },
        {
            "title": f"expected error, mean {expected.mean():.3f}",
            "image": _png(expected, ERROR_COLORS, 0, limit),
            "alt": f"{where}: expected error of {method}, mean {expected.mean():.3f}, to compare with its absolute "
            f"error{ranks}",
        },
    ]
    return {
        "subject": entry.subject,
        "slice": entry.slice_number,
        "method": method,
        "aspect": _aspect(entry),
        "pictures": pictures,
    }


def _gradient(colors: str) -> str:
    """The colors of a color map, from its start to its end, as stops of a gradient in CSS."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return ", ".join(to_hex(colormaps[colors](step / 8)) for step in range(9))


# Long axis ------------------------------------------------------------------------------------------------------------


def long_axis_pictures(view: LongAxisView | None) -> dict[str, Any] | None:
    """Pictures of a cut along the slice axis, on one scale of lengths, and ticks at the acquired slices."""
    if view is None:
        return None
    rows, columns = view.before.shape
    width, height = columns * view.pixel_spacing, max(rows * view.spacing_before, 1e-3)
    factor = max(1, round(view.spacing_before / view.spacing_after))
    step = _tick_step(rows, height / width * _LONG_AXIS_WIDTH)
    # The row of an acquired slice is higher before up-sampling. Its middle has the same place.
    top = (view.spacing_before - view.spacing_after) / 2 / height
    pictures = [
        {
            "title": f"as acquired, {view.spacing_before:.3g} mm",
            "image": _png(view.before, "gray", 0, 1),
            "alt": f"Cut along the slice axis of {view.volume}: {rows} acquired slices, "
            f"{view.spacing_before:.3g} mm apart",
            "pixelated": True,
            "top": "0",
            "height": "100",
        }
    ]
    for method, image in view.after.items():
        pictures.append(
            {
                "title": f"{method}, {view.spacing_after:.3g} mm",
                "image": _png(image, "gray", 0, 1),
                "alt": f"The same cut after {method}: {len(image)} slices, {view.spacing_after:.3g} mm apart; the "
                f"first one and every {ordinal(factor)} one after it lie at acquired slices, the others were "
                "synthesized",
                "pixelated": False,
                "top": f"{100 * top:.3f}",
                "height": f"{100 * len(image) * view.spacing_after / height:.3f}",
            }
        )
    return {
        "volume": view.volume,
        "aspect": f"{width:.3f} / {height:.3f}",
        "rows": rows,
        "ticks": [row + 0.5 for row in range(0, rows, step)],
        "ticked": "each acquired slice" if step == 1 else f"every {ordinal(step)} acquired slice",
        "pictures": pictures,
    }


def _tick_step(rows: int, height: float) -> int:
    """Every how many slices there is a tick, in a picture of so many CSS pixels."""
    return max(1, math.ceil(_TICK_DISTANCE * rows / height))
