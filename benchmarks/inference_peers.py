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
"""Seconds for up-sampling a stack of slices: this module's filter, PyTorch, ONNX Runtime and OpenVINO.

    pip install safetensors onnx onnxruntime openvino
    python benchmarks/inference_peers.py [--network paper|bundled] [--size 256] [--slices 16] [--factor 5]
        [--threads 2] [--precision float32|bfloat16] [--rounds 5] [--naive] [--compile] [--json F.json]

All programs get the same weights and the same slices in [0, 1], and compute the same (slices - 1) factor + 1 slices in
the mode decoded. The filter works from image to image. The others work from array to array: they encode every slice
once, mix each gap once for all of its positions, and decode the slices of a gap at once. ONNX Runtime and OpenVINO run
the graphs of ``latent-sr export``. PyTorch uses channels-last and inference mode. The naive program (``--naive``)
encodes all neighbors for each new slice, in PyTorch's default layout, and takes long. All programs take turns in each
round. The table has medians of the seconds, and medians and ranges of the ratios to this module within each round.
Programs that are not installed are left out. The benchmark fails if a slice differs by more than 1e-4, or if the PSNR
to float32 is below 40 dB in bfloat16.
"""

import argparse
import copy
import importlib.util
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import itk
import numpy as np
import torch
from latent_sr.enumerations import mode_enum, precision_enum
from latent_sr.models import load_model
from latent_sr.onnx_export import export_onnx
from latent_sr.torch_model import Autoencoder, load
from rounds import alternate, ratios, seconds, spread

BATCH = 4
"""Number of slices that are encoded at once."""

NEAR_ACQUIRED = 0.1
"""In place of an acquired slice, the filter takes the mean of learned mixes at this distance on both sides."""


def make_slices(count: int, size: int) -> np.ndarray:
    """Make tubes that run obliquely through noise: (slices, rows, columns) in [0, 1]."""
    z, y, x = np.mgrid[:count, :size, :size].astype(np.float32)
    volume = 0.5 + 0.3 * np.sin(0.1 * x + 0.3 * z) * np.cos(0.07 * y - 0.2 * z)
    return np.clip(volume + np.random.default_rng(0).normal(0, 0.05, volume.shape), 0, 1).astype(np.float32)


def make_model(network: str, slices: np.ndarray) -> itk.AutoencoderModel:
    """Return the bundled model, or the paper's network after a short training.

    Without training, the output hardly depends on the slices, and results could not be compared.
    """
    if network == "bundled":
        return load_model()
    model = itk.AutoencoderModel.New()
    model.SetArchitectureToPaper()
    image = itk.image_from_array(slices)
    image.SetSpacing([model.GetInPlaneSpacing(), model.GetInPlaneSpacing(), 8.0])
    trainer = itk.AutoencoderTrainer[type(image)].New()
    trainer.SetInitialModel(model)
    trainer.AddTrainingImage(image)
    trainer.SetNumberOfIterations(40)
    trainer.Update()
    return trainer.GetOutput()


def ours(slices: np.ndarray, model: itk.AutoencoderModel, factor: int, threads: int, precision: str) -> Callable:
    """Return a function that runs the filter from image to image."""
    image = itk.image_from_array(slices)
    spacing = float(model.GetInPlaneSpacing())
    image.SetSpacing([spacing, spacing, 8.0])
    number = precision_enum(precision)

    def run() -> np.ndarray:
        upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New()
        upsampler.SetInput(image)
        upsampler.SetModel(model)
        upsampler.SetUpsamplingFactor(factor)
        upsampler.SetOutputMode(mode_enum("decoded"))
        upsampler.SetWindowMinimum(0.0)
        upsampler.SetWindowMaximum(1.0)
        upsampler.SetPrecision(number)
        upsampler.SetNumberOfWorkUnits(threads)
        upsampler.Update()
        return itk.array_from_image(upsampler.GetOutput())

    return run


def edge_of(network: Autoencoder) -> float:
    """Return how far from an acquired slice the mixes lie that stand for it."""
    return 0.0 if network.mixing is None else NEAR_ACQUIRED


def neighbors(gap: int, count: int) -> list[int]:
    """Return the slices around a gap: first, second, before and after."""
    return [gap, gap + 1, max(gap - 1, 0), min(gap + 2, count - 1)]


@dataclass(frozen=True)
class Stages:
    """The three parts of a network, as functions of arrays of one library, and how the library concatenates arrays.

    ``mix`` takes the latents of the four slices around a gap, and the positions in the gap.
    """

    encode: Callable
    mix: Callable
    decode: Callable
    concatenate: Callable = np.concatenate


def recompose(stages: Stages, slices: np.ndarray, factor: int, edge: float) -> Any:
    """Encode every slice once, mix each gap once, and decode the slices of a gap at once."""
    parts = [stages.encode(slices[i : i + BATCH, None]) for i in range(0, len(slices), BATCH)]
    latents = [stages.concatenate(tensors) for tensors in zip(*parts, strict=True)]
    alphas = np.array([edge, *(i / factor for i in range(1, factor)), 1 - edge], np.float32)[:, None, None, None]
    result, side = [], None
    for gap in range(len(slices) - 1):
        mixed = stages.mix([[z[i : i + 1] for z in latents] for i in neighbors(gap, len(slices))], alphas)
        acquired = [z[:1] for z in mixed]
        if side is not None:
            acquired = [(p + q) / 2 for p, q in zip(side, acquired, strict=True)]
        some = [stages.concatenate((p, z[1:-1])) for p, z in zip(acquired, mixed, strict=True)]
        result.append(stages.decode(some))
        side = [z[-1:] for z in mixed]
    return stages.concatenate([*result, stages.decode(side)])[:, 0].clip(0, 1)


def pytorch(network: Autoencoder, slices: np.ndarray, factor: int, precision: str, compiled: bool) -> Callable:
    """Return a function that runs tuned PyTorch, optionally compiled."""
    edge = edge_of(network)
    network = copy.deepcopy(network).to(memory_format=torch.channels_last)
    encode, mix, decode = network.encode, network.mix, network.decode
    if compiled:
        encode, mix, decode = torch.compile(encode), torch.compile(mix), torch.compile(decode)
    stages = Stages(
        lambda x: encode(torch.from_numpy(x).contiguous(memory_format=torch.channels_last)),
        lambda around, alphas: mix(*around[:2], torch.from_numpy(alphas), *around[2:]),
        decode,
        torch.cat,
    )

    def run() -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return recompose(stages, slices, factor, edge).float().numpy()

    return run


def naive(network: Autoencoder, slices: np.ndarray, factor: int) -> Callable:
    """Return a function that runs straightforward PyTorch, which encodes all neighbors for each new slice."""
    edge, last = edge_of(network), len(slices) - 1
    stack = torch.from_numpy(slices)[:, None]

    def mix(gap: int, alpha: float) -> list[torch.Tensor]:
        first, second, *outer = (network.encode(stack[number : number + 1]) for number in neighbors(gap, len(slices)))
        return network.mix(first, second, alpha, *outer)

    def run() -> np.ndarray:
        result = []
        with torch.no_grad():
            for number in range(last * factor + 1):
                slice_, alpha = number // factor, number % factor / factor
                sides = [(slice_, alpha)] if alpha > 0 else [(slice_ - 1, 1 - edge), (slice_, edge)]
                sides = [side for side in sides if 0 <= side[0] < last][: 2 if edge > 0 else 1]
                mixes = [mix(*side) for side in sides]
                result.append(network.decode([sum(tensors) / len(mixes) for tensors in zip(*mixes, strict=True)]))
        return torch.cat(result)[:, 0].clamp(0, 1).numpy()

    return run


def of_graphs(run: Callable, network: Autoencoder, slices: np.ndarray, factor: int) -> Callable:
    """Return a function that runs the ONNX graphs by a function of a graph's name and its inputs in their order."""
    stages = Stages(
        lambda x: run("encoder", [x]),
        lambda around, alphas: run("mixing", [alphas, *itertools.chain(*around)]),
        lambda latent: run("decoder", latent)[0],
    )
    return lambda: recompose(stages, slices, factor, edge_of(network))


def onnx_runtime(network: Autoencoder, slices: np.ndarray, factor: int, threads: int, graphs: list[Path]) -> Callable:
    """Return a function that runs ONNX Runtime with all graph optimizations."""
    import onnxruntime

    sessions = {}
    for file in graphs:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        sessions[file.stem] = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def run(name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
        # Mixing without context has no slices beyond the gap.
        return sessions[name].run(
            None, {port.name: z for port, z in zip(sessions[name].get_inputs(), inputs, strict=False)}
        )

    return of_graphs(run, network, slices, factor)


def open_vino(
    network: Autoencoder, slices: np.ndarray, factor: int, threads: int, precision: str, graphs: list[Path]
) -> Callable:
    """Return a function that runs OpenVINO, tuned for latency and for the size of the slices."""
    import openvino

    core = openvino.Core()
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
    }
    latent = [z.shape[1:] for z in network.encode(torch.zeros(1, 1, *slices.shape[1:]))]
    shapes = {"encoder": [(1, *slices.shape[1:])], "mixing": [(1, 1, 1), *4 * latent], "decoder": latent}
    models = {}
    for file in graphs:
        model = core.read_model(file)
        model.reshape({port: [-1, *shape] for port, shape in zip(model.inputs, shapes[file.stem], strict=False)})
        models[file.stem] = core.compile_model(model, "CPU", config)

    def run(name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
        found = models[name](inputs[: len(models[name].inputs)])
        return [np.array(found[n]) for n in range(len(models[name].outputs))]

    return of_graphs(run, network, slices, factor)


def make_peers(arguments: argparse.Namespace, network: Autoencoder, slices: np.ndarray, folder: Path) -> dict:
    """Return the other programs by name."""
    factor, threads, precision = arguments.factor, arguments.threads, arguments.precision
    peers = {"PyTorch": pytorch(network, slices, factor, precision, False)}
    if arguments.compile:
        peers["torch.compile"] = pytorch(network, slices, factor, precision, True)
    graphs = export_onnx(network, folder) if importlib.util.find_spec("onnx") else []
    if graphs and importlib.util.find_spec("onnxruntime") and precision == "float32":
        peers["ONNX Runtime"] = onnx_runtime(network, slices, factor, threads, graphs)
    if graphs and importlib.util.find_spec("openvino"):
        peers["OpenVINO"] = open_vino(network, slices, factor, threads, precision, graphs)
    if arguments.naive:
        peers["naive PyTorch"] = naive(copy.deepcopy(network), slices, factor)
    return peers


def check(name: str, result: np.ndarray, reference: np.ndarray, precision: str) -> float:
    """Return the largest difference to the reference; exit if it is too large."""
    difference = float(np.abs(result - reference).max())
    if precision == "float32" and difference > 1e-4:
        sys.exit(f"{name} differs by {difference:.3g}")
    if precision == "bfloat16" and -10 * np.log10(np.mean((result - reference) ** 2)) < 40:
        sys.exit(f"{name} is not within 40 dB of float32")
    return difference


def seconds_with_threads(run: Callable, threads: int) -> float:
    """Return the seconds of a run. The number of threads is set again, because another program may have changed it."""
    torch.set_num_threads(threads)
    return seconds(run)


def matrix_products(threads: int) -> float:
    """Return the GMAC/s of products of 2048 x 2048 matrices in float32."""
    torch.set_num_threads(threads)
    a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
    times = [seconds(lambda: torch.mm(a, b)) for _ in range(6)]
    return 2048**3 / statistics.median(times[1:]) / 1e9


def multiplications(network: Autoencoder, slices: np.ndarray, factor: int) -> float:
    """Return the multiply-adds of plain convolutions in 10^9, with each slice encoded once, each gap corrected once."""
    from torch.utils.flop_counter import FlopCounterMode

    counts = []
    with torch.inference_mode():
        latent = network.encode(torch.from_numpy(slices[:1, None]))
        for run in (
            lambda: network.encode(torch.from_numpy(slices[:1, None])),
            lambda: network.decode(latent),
            lambda: network.mixing_corrections(latent, latent),
        ):
            with FlopCounterMode(display=False) as counter:
                run()
            counts.append(counter.get_total_flops() / 2e9)
    numbers = [len(slices), (len(slices) - 1) * factor + 1, len(slices) - 1]
    return sum(number * count for number, count in zip(numbers, counts, strict=True))


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["paper", "bundled"], default="paper")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--slices", type=int, default=16)
    parser.add_argument("--factor", type=int, default=5, choices=range(1, 11))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--compile", action="store_true", help="also run torch.compile, which needs a C++ compiler")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run all programs and print the table."""
    arguments = parse_arguments()
    slices = make_slices(arguments.slices, arguments.size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make_model(arguments.network, slices)
        model.Write(str(folder / "model.safetensors"))
        network = load(folder / "model.safetensors")
        reference = pytorch(network, slices, arguments.factor, "float32", False)()
        runs = {"this module": ours(slices, model, arguments.factor, arguments.threads, arguments.precision)}
        runs |= make_peers(arguments, network, slices, folder)
        torch.set_num_threads(arguments.threads)
        differences = {key: check(key, run(), reference, arguments.precision) for key, run in runs.items()}
        times = alternate(runs, arguments.rounds, lambda run: seconds_with_threads(run, arguments.threads))
        work = multiplications(network, slices, arguments.factor)
    peak = matrix_products(arguments.threads)
    results = {
        "gmac": work,
        "matrix_products_gmac_per_s": peak,
        "settings": {k: str(v) for k, v in vars(arguments).items()},
    }
    print(
        f"{arguments.network}, {arguments.slices} slices of {arguments.size} x {arguments.size}, by {arguments.factor}"
    )
    print(f"{'':16}{'seconds':>10}{'ratio to this module (range)':>34}{'largest difference':>22}")
    for key, column in times.items():
        slower = ratios(column, times["this module"])
        results[key] = {"seconds": column, "ratios": slower, "difference": differences[key]}
        print(f"{key:16}{statistics.median(column):10.2f}{spread(slower):>34}{differences[key]:22.2g}")
    rate = work / statistics.median(times["this module"])
    print(f"2048 x 2048 matrix products: {peak:.0f} GMAC/s")
    print(f"this module: {work:.0f} GMAC of plain convolutions, {rate:.0f} GMAC/s: {rate / peak:.2f} of that")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
