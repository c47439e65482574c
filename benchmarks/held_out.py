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
"""Evaluate models on held-out subjects: the tables of the model card.

    python benchmarks/held_out.py DATA [--model M] [--mode MODE] [--set NAME] [--orientations 8] [--json F.json]

DATA is the folder with ``cardiac``, ``brain`` and ``ct`` that the model card names. ``models/held-out.json`` lists the
files of each set and the settings of the evaluation. Only synthesized slices are scored, on intensities in [0, 1].
Values are means over slices, then volumes, then subjects. For sets of several subjects, p is that of the one-sided
Wilcoxon signed-rank test over subjects, against the best of linear, B-spline and Lanczos interpolation in that metric.
"""

import argparse
import json
from pathlib import Path

from latent_sr import evaluate
from latent_sr.enumerations import DEFAULT_MODE, MODES

SETS = Path(__file__).parents[1] / "models" / "held-out.json"
INTERPOLATIONS = ("linear", "bspline", "lanczos")
METRICS = {"psnr": "{:.2f}", "ssim": "{:.4f}", "vifp": "{:.4f}"}


def print_table(title: str, result: dict) -> None:
    """Print one row per method, with the p values of the models."""
    means = {name: {m: metrics[m]["mean"] for m in METRICS} for name, metrics in result["summary"].items()}
    best = {m: max(INTERPOLATIONS, key=lambda name: means[name][m]) for m in METRICS}
    p = {(test["method"], test["metric"], test["against"]): test["p"] for test in result["tests"]}
    print(f"\n{title}\n{'':34}{'PSNR (dB)':>20}{'SSIM':>22}{'VIFp':>22}")
    for name, values in means.items():
        cells = []
        for metric, form in METRICS.items():
            probability = p.get((name, metric, best[metric]))
            cells.append(form.format(values[metric]) + ("" if probability is None else f"  (p = {probability:.2g})"))
        print(f"{name:34}" + "".join(f"{cell:>22}" for cell in cells), flush=True)


def main() -> None:
    """Evaluate the sets and print the tables."""
    sets = json.loads(SETS.read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", action="append", help="a model file; may be repeated (default: the bundled model)")
    parser.add_argument("--mode", action="append", choices=MODES, help=f"may be repeated (default: {DEFAULT_MODE})")
    parser.add_argument("--set", action="append", choices=list(sets), help="may be repeated (default: all)")
    parser.add_argument("--orientations", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    arguments = parser.parse_args()

    results = {}
    for name in arguments.set or sets:
        settings = dict(sets[name])
        title, patterns = settings.pop("title"), settings.pop("files")
        files = sorted(file for pattern in patterns for file in arguments.data.glob(pattern))
        if not files:
            parser.error(f"'{arguments.data}' has none of the files {', '.join(patterns)}")
        results[name] = evaluate(
            files,
            models=arguments.model or [None],
            modes=arguments.mode or [DEFAULT_MODE],
            methods=[*INTERPOLATIONS, "linear-blur", "latent"],
            orientations=arguments.orientations,
            jobs=arguments.jobs,
            **settings,
        )
        print_table(f"{title}: {len(results[name]['subjects'])} subjects, {len(files)} volumes", results[name])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
