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
"""Times on an idle machine, and where another program takes one processor.

    python benchmarks/busy_machine.py [--threads 2] [--rounds 5] [--json F.json]

The other program spins in a session of its own, as that of another terminal or user does: the scheduler shares
processors between sessions. Rows: the filter with the bundled model (12 slices of 256 x 256 by 5), the metrics,
iterations of the default training, and ``latent-sr evaluate`` on one volume (13 slices of 192 x 192, factor 2) from
start to end. Each row is measured with one thread and with several, idle and busy, in turns. Training runs in processes
of its own with OpenMP's default policy, as in a user's program. Ratios are those to one thread on the idle machine, in
each round.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import itk
from latent_sr.models import load_model
from latent_sr.training import make_trainer, run_trainer
from rounds import alternate, ratios, seconds, spread
from scaling import make_image, upsample

ITERATIONS = 6


def compute_metrics(threads: int) -> Callable[[], None]:
    """Return a function that compares two images."""
    reference, test = make_image(12, 256, 1.0), make_image(12, 256, 1.1)

    def run() -> None:
        calculator = itk.ImageQualityMetricsCalculator[type(reference)].New()
        calculator.SetReferenceImage(reference)
        calculator.SetTestImage(test)
        calculator.SetNumberOfWorkUnits(threads)
        for _ in range(4):
            calculator.Compute()

    return run


def train(threads: int) -> float:
    """Return the seconds of some iterations of the default training."""
    image = make_image(12, 160, float(load_model().GetInPlaneSpacing()))
    trainer = make_trainer([image], iterations=ITERATIONS + 2, threads=threads, precision="float32")
    times: list[float] = []
    run_trainer(trainer, lambda state: times.append(state.elapsed))
    return times[-1] - times[1]


def train_in_process(threads: int) -> Callable[[], float]:
    """Return a function that trains in another process, and returns the seconds of its iterations."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}

    def run() -> float:
        words = [sys.executable, __file__, "--train", str(threads)]
        result = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
        return float(result.stdout.split()[-1])

    return run


def evaluate(volume: Path, threads: int) -> Callable[[], None]:
    """Return a function that runs ``latent-sr evaluate`` on a volume."""
    words = [sys.executable, "-m", "latent_sr", "evaluate", str(volume), "--threads", str(threads)]
    return lambda: subprocess.run([*words, "--json", "-"], check=True, capture_output=True)


class BusyProcessor:
    """A context in which another program takes a processor."""

    def __enter__(self) -> None:
        self.program = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.program.wait()


def measure(run: Callable[[], object]) -> float:
    """Return the seconds that a function returns, or else takes."""
    values: list[object] = []
    passed = seconds(lambda: values.append(run()))
    return values[0] if isinstance(values[0], float) else passed


def busy(run: Callable[[], object]) -> Callable[[], object]:
    """Return a function that runs another one while a processor is busy."""

    def run_busy() -> object:
        with BusyProcessor():
            return measure(run)

    return run_busy


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("filter", "metrics", "training", "evaluate"))
    parser.add_argument("--train", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.train:
        print(train(arguments.train))
        return
    model = load_model()
    image = make_image(12, 256, float(model.GetInPlaneSpacing()))
    folder = tempfile.TemporaryDirectory()
    volume = Path(folder.name) / "volume.nrrd"
    itk.imwrite(make_image(13, 192, float(model.GetInPlaneSpacing())), str(volume))
    makers: dict[str, Callable[[int], Callable[[], object]]] = {
        "filter": lambda threads: upsample(image, model, 5, threads),
        "metrics": compute_metrics,
        "training": train_in_process,
        "evaluate": lambda threads: evaluate(volume, threads),
    }
    results = {}
    print(f"{'':28}{'idle, 1 thread, s':>20}{'idle':>22}{'busy, 1 thread':>22}{'busy':>24}")
    for name, make in makers.items():
        if arguments.only and not name.startswith(arguments.only):
            continue
        one, several = make(1), make(arguments.threads)
        if name in ("filter", "metrics"):
            one(), several()
        times = alternate(
            {"one": one, "several": several, "busy one": busy(one), "busy several": busy(several)},
            arguments.rounds,
            measure,
        )
        results[name] = times
        columns = [spread(ratios(times[key], times["one"])) for key in ("several", "busy one", "busy several")]
        print(
            f"{name:28}{statistics.median(times['one']):20.2f}{columns[0]:>22}{columns[1]:>22}{columns[2]:>24}",
            flush=True,
        )
    folder.cleanup()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
