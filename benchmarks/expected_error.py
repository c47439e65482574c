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
"""Calibrate the expected error of a model on its training subjects, and compare it with errors of held-out subjects.

    python benchmarks/expected_error.py DATA [--model M] [--orientations N] [--calibrate OUTPUT]

DATA is the folder that the model card names. ``models/training.json`` and ``models/held-out.json`` list the files. One
volume of each subject is used. Heart, brain and the rest have the same weight in the calibration. Printed are medians
over volumes of Spearman's rank correlation with the absolute error, means of the share of pixels below the 90 %
quantile, and medians of the ratio of the mean error to the mean expected error.
"""

import argparse
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import itk
import numpy as np
from latent_sr import ErrorCalibration, calibrate_errors, load_model, read_volume
from latent_sr.calibration import KEPT_EVERY, sample_errors
from latent_sr.evaluation.statistics import ERROR_FIGURES, error_figures

MODELS = Path(__file__).parents[1] / "models"
GROUPS = ("cardiac", "brain")
TESTED = {"cardiac": None, "brain": None, "fetal": None, "abdomen": None, "spine": None, "ct": 2}
"""Sets of held-out volumes, and the through-plane axis of nearly isotropic ones."""


def one_per_subject(files: list[Path]) -> list[Path]:
    """The first volume of each subject."""
    found: dict[str, Path] = {}
    for file in sorted(files):
        subject = re.split(r"_phase|_sa_|_study|_ED|_ES|\.nii", file.name)[0]
        found.setdefault(f"{file.parent}/{subject}", file)
    return list(found.values())


def training_files(data: Path) -> list[Path]:
    """One file of each subject that the bundled model was trained on."""
    listed = json.loads((MODELS / "training.json").read_text(encoding="utf-8"))
    files = [file for entry in listed["files"] for file in sorted(data.glob(entry["pattern"]))]
    names = {file: file.relative_to(data).as_posix() for file in files}
    return one_per_subject([f for f in files if not any(fnmatch(names[f], p) for p in listed["exclude"])])


def calibrate(model: object, data: Path, orientations: int) -> ErrorCalibration:
    """Calibrate on training subjects; each group of volumes has the same weight."""
    files = training_files(data)
    groups = [part if (part := file.relative_to(data).parts[0]) in GROUPS else "other" for file in files]
    weights = [1.0 / groups.count(group) for group in groups]
    return calibrate_errors((read_volume(file) for file in files), model, weights=weights, orientations=orientations)


def main() -> None:
    """Calibrate if asked to, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="a model file (default: the bundled model)")
    parser.add_argument("--orientations", type=int, choices=(1, 4, 8), default=1, help="default: 1")
    parser.add_argument("--calibrate", metavar="OUTPUT", help="calibrate, and write the model with 16-bit weights")
    arguments = parser.parse_args()

    itk.Object.GlobalWarningDisplayOff()  # dropped slices make gaps that are wider than those of the training
    model = load_model(arguments.model)
    if arguments.calibrate:
        print(calibrate(model, arguments.data, arguments.orientations))
        model.Write(arguments.calibrate, True)
    with_spread = arguments.orientations > 1
    coefficients = [model.GetErrorDifferenceCoefficient(with_spread), model.GetErrorGapCoefficient(with_spread)]
    coefficients += [model.GetErrorSpreadCoefficient()] if with_spread else []
    sets = json.loads((MODELS / "held-out.json").read_text(encoding="utf-8"))
    print(f"{'':10}{'volumes':>9}{'rank correlation':>18}{'below 90 %':>12}{'error / expected':>18}")
    for name, axis in TESTED.items():
        files = one_per_subject([file for pattern in sets[name]["files"] for file in arguments.data.glob(pattern)])
        found = []
        for file in files:
            image = read_volume(file)
            for keep in KEPT_EVERY:
                sample = sample_errors(image, model, keep, axis, arguments.orientations)
                if sample is None:
                    continue
                terms, errors = sample
                figures = error_figures(errors, terms @ np.array(coefficients), model.GetErrorQuantile90(with_spread))
                found.append([figures[name] for name in ERROR_FIGURES])
        correlations, shares, ratios = np.reshape(found, (-1, len(ERROR_FIGURES))).T
        row = f"{name:10}{len(files):>9}{np.median(correlations):>18.2f}"
        print(f"{row}{100 * np.mean(shares):>10.1f} %{np.median(ratios):>18.2f}", flush=True)


if __name__ == "__main__":
    main()
