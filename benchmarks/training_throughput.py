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
"""Patches per second of the trainer, and of a tuned PyTorch loop that does the same work.

    python benchmarks/training_throughput.py [--iterations 10] [--rounds 3] [--threads 2] [--json F]

Network and training are the paper's (arXiv:2010.13172): 128 x 128 patches, batches of 8, mean squared error, Adam,
rotations and intensity changes, in float32 and bfloat16. A step in bfloat16 takes minutes on processors without it. The
PyTorch loop uses channels-last, fused Adam, autocast for bfloat16, and gradients set to None. It draws patches as the
trainer does. The two take turns in each round. Printed are medians, and median and range of the ratios in each round.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import itk
import numpy as np
import torch
from latent_sr.torch_model import PAPER, Autoencoder
from rounds import alternate, ratios, spread

PATCH, BATCH = 128, 8


def make_volume() -> np.ndarray:
    """Make twelve slices of waves with noise, in [0, 1]."""
    z, y, x = np.mgrid[:12, :200, :200].astype(np.float32)
    volume = 0.5 + 0.3 * np.sin(0.1 * x + 0.3 * z) * np.cos(0.07 * y)
    return np.clip(volume + np.random.default_rng(0).normal(0, 0.05, volume.shape), 0, 1).astype(np.float32)


def ours(volume: np.ndarray, precision: str, iterations: int, threads: int) -> float:
    """Return the seconds for an iteration of the trainer, without the first two."""
    image = itk.image_from_array(volume)
    image.SetSpacing([1.4, 1.4, 8.0])
    model = itk.AutoencoderModel.New()
    model.SetArchitectureToPaper()
    trainer = itk.AutoencoderTrainer[type(image)].New()
    trainer.SetParametersToPaper()
    trainer.SetInitialModel(model)
    trainer.AddTrainingImage(image)
    trainer.SetNumberOfIterations(iterations + 2)
    trainer.SetNumberOfWorkUnits(threads)
    trainer.SetPrecision(getattr(itk.AutoencoderModelEnums, f"Precision_{precision}"))
    times = []
    trainer.AddObserver(itk.IterationEvent(), lambda: times.append(trainer.GetElapsedTime()))
    trainer.Update()
    return (times[-1] - times[1]) / iterations


def pytorch(volume: np.ndarray, precision: str, iterations: int, threads: int) -> float:
    """Return the seconds for an iteration of the PyTorch loop, without the first two."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    generator = np.random.default_rng(0)
    slices = torch.from_numpy(volume)
    network = Autoencoder(PAPER).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-5, fused=True)

    def draw() -> torch.Tensor:
        patches = []
        for _ in range(BATCH):
            number, row, column = (int(generator.integers(n)) for n in (12, 200 - PATCH + 1, 200 - PATCH + 1))
            patch = slices[number, row : row + PATCH, column : column + PATCH]
            patch = torch.rot90(patch, int(generator.integers(4)))
            gamma, gain, offset = (
                np.exp(generator.normal(0, 0.2)),
                generator.uniform(0.85, 1.15),
                generator.uniform(-0.05, 0.05),
            )
            patches.append((patch.pow(float(gamma)) * gain + offset).clamp(0, 1))
        return torch.stack(patches)[:, None].contiguous(memory_format=torch.channels_last)

    start = 0.0
    for iteration in range(iterations + 2):
        if iteration == 2:
            start = time.perf_counter()
        batch = draw()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "BFloat16"):
            decoded = network(batch)
        loss = torch.nn.functional.mse_loss(decoded.float(), batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()
    seconds = (time.perf_counter() - start) / iterations
    torch.set_num_threads(before)
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", nargs="+", choices=["Float32", "BFloat16"], default=["Float32", "BFloat16"])
    parser.add_argument("--json")
    arguments = parser.parse_args()
    volume = make_volume()
    results = {}
    print(f"{'':10}{'ours':>12}{'PyTorch':>12}   patches per second; ratio of the times, median (range)")
    for precision in arguments.precision:
        times = alternate(
            {"ours": ours, "pytorch": pytorch},
            arguments.rounds,
            lambda train, precision=precision: train(volume, precision, arguments.iterations, arguments.threads),
        )
        rates = {name: BATCH / statistics.median(column) for name, column in times.items()}
        slower = ratios(times["pytorch"], times["ours"])
        results[precision] = {**rates, "ratios": slower}
        print(f"{precision:10}{rates['ours']:12.2f}{rates['pytorch']:12.2f}   {spread(slower)}", flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
