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

    python benchmarks/train_bundled_model.py DATA OUTPUT.safetensors [--checkpoint F]

DATA is the folder with ``cardiac``, ``brain`` and others that the model card names. ``models/training.json`` lists the
files, how often each is drawn, those of held-out subjects, the settings and the seed. With ``--checkpoint``, the same
command continues an interrupted training. The same machine gives the same weights.
"""

import argparse
import json
from pathlib import Path

from latent_sr.progress import TrainingProgress
from latent_sr.training import make_trainer, run_trainer, sign

RECIPE = Path(__file__).parents[1] / "models" / "training.json"


def main() -> None:
    """Train the model and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()

    recipe = json.loads(RECIPE.read_text(encoding="utf-8"))
    files: list[Path] = []
    excluded = {file for pattern in recipe["exclude"] for file in arguments.data.glob(pattern)}
    for group in recipe["files"]:
        found = sorted(file for file in arguments.data.glob(group["pattern"]) if file not in excluded)
        if not found:
            parser.error(f"'{arguments.data}' has no file {group['pattern']}")
        files += group["repeat"] * found
    trainer = make_trainer(
        files,
        settings=recipe["settings"],
        iterations=recipe["iterations"],
        seed=recipe["seed"],
        precision=recipe["precision"],
        threads=recipe["threads"],
        checkpoint=arguments.checkpoint,
        resume=arguments.checkpoint is not None,
    )
    with TrainingProgress(recipe["iterations"], None) as progress:
        model = run_trainer(trainer, progress.update)
    sign(model, recipe["iterations"], "python benchmarks/train_bundled_model.py DATA OUTPUT")
    for name, text in recipe["provenance"].items():
        model.SetProvenance(name, text)
    model.SetProvenance("volumes", str(len(set(files))))
    model.Write(str(arguments.output), True)
    print(f"{arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
