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
"""Seconds for a training step: one process with two threads, and two processes with one thread and half the batch each.

    python benchmarks/training_processes.py VOLUME [--iterations 12] [--rounds 3]

The default training runs by ``latent-sr train``, and by the same command under ``torchrun``, in turns. The time of a
step is the median over the iterations in the training's CSV file, without the first two.
"""

import argparse
import csv
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from rounds import alternate, spread

LAUNCHERS = {
    "one process, two threads": [sys.executable, "-m", "latent_sr"],
    "two processes, one thread each": [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29511"),
        *("--module", "latent_sr"),
    ],
}


def step(launcher: list[str], volume: str, iterations: int, threads: int) -> float:
    """Return the median seconds for an iteration."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "model.safetensors"
        words = ["train", volume, "--output", str(output), "--iterations", str(iterations + 2)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        subprocess.run([*launcher, *words, "--threads", str(threads)], check=True, capture_output=True, env=environment)
        with output.with_suffix(".training.csv").open(encoding="utf-8") as file:
            elapsed = [float(row["elapsed"]) for row in csv.DictReader(file)]
    return statistics.median(b - a for a, b in itertools.pairwise(elapsed[1:]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume")
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    contestants = {
        name: partial(step, launcher, arguments.volume, arguments.iterations, threads)
        for threads, (name, launcher) in zip((2, 1), LAUNCHERS.items(), strict=True)
    }
    times = alternate(contestants, arguments.rounds, lambda seconds_of_a_step: seconds_of_a_step())
    for name, column in times.items():
        print(f"{name:32}{spread(column, 3)} s")


if __name__ == "__main__":
    main()
