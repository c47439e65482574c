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
"""Train the bundled model again, from random weights. This takes hours.

    python benchmarks/train_bundled_model.py DATA OUTPUT.safetensors [--checkpoint F] [--start MODEL]

DATA is the folder with ``cardiac``, ``brain`` and others that the model card names. ``models/training.json`` lists the
files, how often each is drawn, those of held-out subjects, the network and the stages of the training. Each stage
starts from the result of the one before. With ``--checkpoint``, the same command continues an interrupted training; the
files are F.1, F.2, ... With ``--start``, a model takes the place of the first stage's result. The same machine gives
the same weights.
"""

import argparse
import json
import sys
from pathlib import Path

import itk
from latent_sr.progress import TrainingProgress
from latent_sr.training import make_trainer, run_trainer, sign

RECIPE = Path(__file__).parents[1] / "models" / "training.json"


def files_of(stage: dict, recipe: dict, data: Path) -> list[Path]:
    """The files of a stage. A file that is repeated is drawn as many times as often."""
    files: list[Path] = []
    excluded = {file for pattern in recipe["exclude"] for file in data.glob(pattern)}
    for group in recipe["files"]:
        found = sorted(file for file in data.glob(group["pattern"]) if file not in excluded)
        if not found:
            sys.exit(f"'{data}' has no file {group['pattern']}")
        folder = group["pattern"].split("/")[0]
        files += group["repeat"] * stage.get("times_as_often", {}).get(folder, 1) * found
    return files


def main() -> None:
    """Train the model and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--start", type=Path)
    arguments = parser.parse_args()

    recipe = json.loads(RECIPE.read_text(encoding="utf-8"))
    model, iterations = itk.AutoencoderModel.New(), 0
    for number, stage in enumerate(recipe["stages"]):
        checkpoint = None
        if arguments.checkpoint is not None:
            checkpoint = arguments.checkpoint.with_name(f"{arguments.checkpoint.name}.{number + 1}")
        if arguments.start is not None and number == 0:
            model.Read(str(arguments.start))
        else:
            trainer = make_trainer(
                files_of(stage, recipe, arguments.data),
                initial_model=model if number else None,
                settings=stage["settings"] | ({} if number else recipe["network"]),
                iterations=stage["iterations"],
                seed=stage["seed"],
                precision=stage["precision"],
                threads=stage["threads"],
                checkpoint=checkpoint,
                resume=checkpoint is not None,
            )
            with TrainingProgress(stage["iterations"], None) as progress:
                model = run_trainer(trainer, progress.update)
        iterations += stage["iterations"]
    sign(model, iterations, "python benchmarks/train_bundled_model.py DATA OUTPUT")
    for name, text in recipe["provenance"].items():
        model.SetProvenance(name, text)
    model.SetProvenance("volumes", str(len(set(files_of({}, recipe, arguments.data)))))
    model.Write(str(arguments.output), True)
    print(f"{arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
