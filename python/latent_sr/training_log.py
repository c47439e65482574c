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
"""The log of a training: a table of its iterations, and a picture of its curves."""

import csv
import dataclasses
from pathlib import Path
from typing import Any, TextIO

from latent_sr.errors import LatentSRError
from latent_sr.training import TrainingState, Validation
from latent_sr.volumes import replacing
from latent_sr.volumes.outputs import writing

_STATE = [field.name for field in dataclasses.fields(TrainingState) if field.name != "validation"]
_VALIDATION = [field.name for field in dataclasses.fields(Validation)]
COLUMNS = [*_STATE, *(f"validation_{name}" for name in _VALIDATION)]
"""Columns of the table: the fields of ``TrainingState`` and of ``Validation``; the latter are empty in most rows."""


class TrainingLog:
    """Writes a row of a CSV file for each iteration, and a picture of the curves at the end.

    Parameters
    ----------
    table
        The CSV file. Rows are added during the training.
    picture
        The PNG file.
    tensorboard
        A folder for TensorBoard's event files. Default: none.

    Raises
    ------
    LatentSRError
        If a folder for TensorBoard is given and its package is not installed.
    """

    def __init__(self, table: Path, picture: Path, tensorboard: Path | None = None) -> None:
        self.table = table
        self.picture = picture
        self.rows: list[dict[str, str]] = []
        self.file: TextIO | None = None
        self.writer: Any = None
        self.board: Any = None
        if tensorboard is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise LatentSRError("TensorBoard is not installed: pip install tensorboard") from error
            self.board = SummaryWriter(str(tensorboard))

    def _open(self, resumed: int) -> None:
        """Begin the table. A resumed training keeps the rows up to the iteration from which it continues."""
        if resumed and self.table.is_file():
            with self.table.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if _is_until(row, resumed)]
        self.file = self.table.open("w", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, COLUMNS, lineterminator="\n")
        self.writer.writeheader()
        self.writer.writerows(self.rows)

    def update(self, state: TrainingState, resumed: int = 0) -> None:
        """Write the row of an iteration. ``resumed`` is the iteration from which the training was resumed."""
        row = {name: f"{getattr(state, name):.9g}" for name in _STATE}
        if state.validation is not None:
            row |= {f"validation_{name}": f"{getattr(state.validation, name):.9g}" for name in _VALIDATION}
        with writing(self.table):
            if self.writer is None:
                self._open(resumed)
            self.rows.append(row)
            self.writer.writerow(row)
            assert self.file is not None
            self.file.flush()
        if self.board is not None:
            for name, value in row.items():
                if name != "iteration":
                    self.board.add_scalar(name.replace("_", "/", 1), float(value), state.iteration)

    def close(self) -> None:
        """Close the table, and draw the picture if there are any rows."""
        if self.board is not None:
            self.board.close()
        if self.file is None:
            return
        file, self.file = self.file, None
        with writing(self.table):
            file.close()
        with replacing(self.picture) as temporary:
            draw_curves(self.rows, temporary)


def _is_until(row: dict[str, str], iteration: int) -> bool:
    text = row.get("iteration") or ""
    return text.isdigit() and int(text) <= iteration


def draw_curves(rows: list[dict[str, str]], path: Path) -> None:
    """Draw the losses, learning rates and validations of a table's rows as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    def curve(name: str) -> tuple[list[int], list[float]]:
        points = [(int(row["iteration"]), float(row[name])) for row in rows if row.get(name)]
        return [x for x, _ in points], [y for _, y in points]

    validated = bool(curve("validation_ssim")[0])
    figure, axes = pyplot.subplots(
        1, 4 if validated else 2, figsize=(16 if validated else 8, 3.6), layout="constrained", squeeze=False
    )
    for name, label in (
        ("loss", "loss"),
        ("synthesis_loss", "synthesis (MSE)"),
        ("reconstruction_loss", "reconstruction (MSE)"),
    ):
        x, y = curve(name)
        if any(value > 0 for value in y):
            axes[0, 0].plot(x, y, label=label, linewidth=0.8)
    axes[0, 0].set_yscale("log")
    axes[0, 0].set_title("losses")
    axes[0, 0].legend()
    axes[0, 1].plot(*curve("learning_rate"))
    axes[0, 1].set_title("learning rate")
    if validated:
        for axis, name, unit in ((axes[0, 2], "psnr", " (dB)"), (axes[0, 3], "ssim", "")):
            axis.plot(*curve(f"validation_{name}"), marker="o", markersize=3, label="network")
            # The scores of interpolation are the same at all validations, of which there may be only one.
            for method, label, color in (("linear", "linear", "C1"), ("bspline", "B-spline", "C2")):
                axis.axhline(curve(f"validation_{method}_{name}")[1][-1], linestyle="--", label=label, color=color)
            axis.set_title(f"validation {name.upper()}{unit}")
            axis.legend()
    for axis in axes[0]:
        axis.set_xlabel("iteration")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
