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
"""Comparison of a trained model with the bundled one, on volumes of the user that it was not trained on."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev
from typing import Any

from latent_sr.enumerations import DEFAULT_MODE
from latent_sr.errors import naming
from latent_sr.evaluation.methods import Method
from latent_sr.evaluation.options import EvaluationOptions
from latent_sr.evaluation.recover import FileTask, evaluate_file
from latent_sr.evaluation.result import subject_scores
from latent_sr.evaluation.statistics import mean_of_defined
from latent_sr.volumes import DEFAULT_READING, ReadOptions, read_header, slice_axis_of

TRAINED, BUNDLED, LINEAR = "trained", "bundled", "linear"

LARGEST_NUMBER_OF_VOLUMES = 24
"""At most this many volumes are used. Volumes of different subjects come first."""

SSIM_WEIGHT = 0.1
"""Weight of 1 - SSIM relative to the mean squared error. Trainings use the same loss to choose the best iteration."""


@dataclass(frozen=True)
class Scores:
    """Means over recovered slices, then volumes, then subjects.

    Attributes
    ----------
    psnr
        In dB.
    ssim
        Structural similarity.
    loss
        Mean squared error + 0.1 (1 - SSIM), for intensities in [0, 1]. Models are compared by this value.
    """

    psnr: float
    ssim: float
    loss: float


@dataclass(frozen=True)
class Comparison:
    """How well two models and linear interpolation recover dropped slices of the same volumes.

    Attributes
    ----------
    scores
        The scores of "trained", "bundled" and "linear".
    volumes
        Number of volumes.
    psnr_gains, ssim_gains
        For each subject, the score of the trained model minus that of the bundled one.
    """

    scores: dict[str, Scores]
    volumes: int
    psnr_gains: Sequence[float]
    ssim_gains: Sequence[float]

    @property
    def trained_is_better(self) -> bool:
        """Whether the trained model has the lower loss."""
        return self.scores[TRAINED].loss < self.scores[BUNDLED].loss

    def describe(self) -> str:
        """The scores in one line."""
        figures = ", ".join(
            f"{name} {scores.psnr:.2f} dB, SSIM {scores.ssim:.4f}" for name, scores in self.scores.items()
        )
        number = f"{self.volumes} validation volume{'s' if self.volumes > 1 else ''}"
        return f"recovered slices of {number}: {figures.replace(', SSIM', ' and SSIM')}"

    def describe_gain(self) -> str:
        """What was gained over the bundled model, and how certain that is, in one line."""
        psnr, ssim = (mean_of_defined(gains) for gains in (self.psnr_gains, self.ssim_gains))
        text = f"gain over the bundled model: {psnr:+.2f} dB and {ssim:+.4f} SSIM"
        count = len(self.psnr_gains)
        if count < 2:
            return f"{text} for one subject; its uncertainty is unknown"
        errors = [stdev(gains) / math.sqrt(count) for gains in (self.psnr_gains, self.ssim_gains)]
        better = sum(gain > 0 for gain in self.psnr_gains)
        return (
            f"{text}, standard errors {errors[0]:.2f} dB and {errors[1]:.4f}; "
            f"higher PSNR for {better} of {count} subjects"
        )


def _chosen(subjects: Sequence[str], largest: int) -> list[int]:
    """Numbers of at most ``largest`` volumes: the first volume of every subject, then the second, and so on."""
    turns: dict[str, int] = {}
    order = []
    for number, subject in enumerate(subjects):
        order.append((turns.setdefault(subject, 0), number))
        turns[subject] += 1
    return sorted(number for _, number in sorted(order)[:largest])


def compare_with_bundled(
    model: str | os.PathLike,
    paths: Sequence[Path],
    subjects: Sequence[str],
    *,
    threads: int | None = None,
    reading: ReadOptions = DEFAULT_READING,
    notify: Callable[[str], None] | None = None,
) -> Comparison | None:
    """Drop every other slice of volumes, recover it with both models and by linear interpolation, and compare.

    Both models use the defaults of ``upsample``.

    Parameters
    ----------
    model
        Model file.
    paths, subjects
        Volumes that the model was not trained on, and the subject of each.
    threads
        Number of threads of ITK's filters. Default: ITK's.
    reading
        As for ``evaluate``.
    notify
        Called with the name of each file before it is read.

    Returns
    -------
    Comparison or None
        None if no volume has both three slices and a clear slice axis.

    Raises
    ------
    LatentSRError
        If a file can't be read, or a model fails.
    """
    methods = (
        Method(TRAINED, model_file=os.fspath(model), mode=DEFAULT_MODE),
        Method(BUNDLED, mode=DEFAULT_MODE),
        Method(LINEAR, interpolation="linear"),
    )
    records: list[dict[str, Any]] = []
    usable = []
    for path, subject in zip(paths, subjects, strict=True):
        header = read_header(path, options=reading)
        axis = slice_axis_of(header)
        if axis is not None and header.size[axis] >= 3:
            usable.append((header, subject))
    for number in _chosen([subject for _, subject in usable], LARGEST_NUMBER_OF_VOLUMES):
        header, subject = usable[number]
        if notify is not None:
            notify(str(header.path))
        task = FileTask(
            str(header.path),
            header.path.as_posix(),
            subject,
            header.frames,
            methods,
            EvaluationOptions(threads=threads, reading=reading),
        )
        with naming(f"'{header.path}'"):
            records += [{"subject": subject, **record} for record in evaluate_file(task).records]
    if not records:
        return None
    scores = {}
    of_subjects = subject_scores(records, [method.name for method in methods])
    for name, metrics in of_subjects.items():
        mse, psnr, ssim = (mean_of_defined(metrics[metric]) for metric in ("mse", "psnr", "ssim"))
        scores[name] = Scores(psnr, ssim, mse + SSIM_WEIGHT * (1.0 - ssim))
    gains = (
        [a - b for a, b in zip(of_subjects[TRAINED][metric], of_subjects[BUNDLED][metric], strict=True)]
        for metric in ("psnr", "ssim")
    )
    return Comparison(scores, len(records), *gains)
