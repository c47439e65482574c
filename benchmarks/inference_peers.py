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
once, mix latents, and decode in batches of 4. PyTorch uses channels-last and inference mode. The naive program
(``--naive``) encodes both neighbors for each new slice, in PyTorch's default layout, and takes long. All programs take
turns in each round. The table has medians of the seconds, and medians and ranges of the ratios to this module within
each round. Programs that are not installed are left out. The benchmark fails if a synthesized slice differs by more
than 1e-4, or if its PSNR to float32 is below 40 dB in bfloat16. Slices at acquired positions are not compared: there
the filter mixes otherwise if the mixing is learned (``MixedGap``).
"""

import argparse
import copy
import importlib.util
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import itk
import numpy as np
import torch
from latent_sr.enumerations import mode_enum, precision_enum
from latent_sr.models import load_model
from latent_sr.torch_model import Autoencoder, load
from rounds import alternate, ratios, seconds, spread

BATCH = 4
Latent = list[torch.Tensor]


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


def positions(count: int, factor: int) -> list[tuple[int, float]]:
    """Return the position of each output slice: the number of the acquired slice below it, and alpha."""
    return [(i // factor, i % factor / factor) for i in range((count - 1) * factor + 1)]


def neighbors(begin: int, end: int, count: int) -> list[np.ndarray]:
    """Return the slices around the gaps from ``begin`` to ``end``: first, second, before and after."""
    first = np.arange(begin, end)
    return [first, first + 1, np.maximum(first - 1, 0), np.minimum(first + 2, count - 1)]


@dataclass(frozen=True)
class Stages:
    """The three parts of a network, as functions of lists of arrays. ``correct`` returns no arrays in linear mixing."""

    encode: Callable
    correct: Callable
    decode: Callable


def recompose(stages: Stages, slices: np.ndarray, factor: int) -> np.ndarray:
    """Encode every slice once, correct the mix of each gap once, mix latents and decode in batches, with arrays."""
    count = len(slices)
    parts = [stages.encode(slices[i : i + BATCH, None]) for i in range(0, count, BATCH)]
    latents = [np.concatenate([part[n] for part in parts]) for n in range(len(parts[0]))]
    parts = []
    for i in range(0, count - 1, BATCH):
        around = neighbors(i, min(i + BATCH, count - 1), count)
        parts.append(stages.correct([latent[index] for index in around for latent in latents]))
    corrections = [np.concatenate([part[n] for part in parts]) for n in range(len(parts[0]))]
    where = positions(count, factor)
    result = []
    for begin in range(0, len(where), BATCH):
        some = where[begin : begin + BATCH]
        first = [slice_ for slice_, _ in some]
        second = [min(slice_ + 1, count - 1) for slice_ in first]
        alpha = np.array([a for _, a in some], dtype=np.float32)[:, None, None, None]
        mixed = [(1 - alpha) * latent[first] + alpha * latent[second] for latent in latents]
        gap = np.minimum(first, count - 2)
        for n, correction in enumerate(corrections):
            mixed[n] += 4 * alpha * (1 - alpha) * correction[gap]
        result.append(stages.decode(mixed))
    return np.clip(np.concatenate(result)[:, 0], 0, 1)


def pytorch(network: Autoencoder, slices: np.ndarray, factor: int, precision: str, compiled: bool) -> Callable:
    """Return a function that runs tuned PyTorch, optionally compiled."""
    network = copy.deepcopy(network).to(memory_format=torch.channels_last)
    encode, correct, decode = network.encode, network.mixing_corrections, network.decode
    if compiled:
        encode, correct, decode = torch.compile(encode), torch.compile(correct), torch.compile(decode)
    where = positions(len(slices), factor)

    def run() -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            stack = torch.from_numpy(slices)[:, None].contiguous(memory_format=torch.channels_last)
            parts = [encode(stack[i : i + BATCH]) for i in range(0, len(stack), BATCH)]
            latents = [torch.cat([part[n] for part in parts]) for n in range(len(parts[0]))]
            around = neighbors(0, len(stack) - 1, len(stack))
            corrections = correct(*([latent[index] for latent in latents] for index in around))
            result = []
            for begin in range(0, len(where), BATCH):
                some = where[begin : begin + BATCH]
                first = torch.tensor([slice_ for slice_, _ in some])
                second = (first + 1).clamp(max=len(stack) - 1)
                alpha = torch.tensor([a for _, a in some])[:, None, None, None]
                mixed = [torch.lerp(z[first].float(), z[second].float(), alpha) for z in latents]
                for n, correction in enumerate(corrections):
                    mixed[n] += 4 * alpha * (1 - alpha) * correction[first.clamp(max=len(stack) - 2)].float()
                result.append(decode(mixed))
            return torch.cat(result)[:, 0].float().clamp(0, 1).numpy()

    return run


def naive(network: Autoencoder, slices: np.ndarray, factor: int) -> Callable:
    """Return a function that runs straightforward PyTorch, which encodes both neighbors for each new slice."""

    def run() -> np.ndarray:
        stack = torch.from_numpy(slices)[:, None]
        result = []
        with torch.no_grad():
            for slice_, alpha in positions(len(stack), factor):
                around = (min(max(slice_ + step, 0), len(stack) - 1) for step in (0, 1, -1, 2))
                first, second, before, after = (network.encode(stack[number : number + 1]) for number in around)
                result.append(network.decode(network.mix(first, second, alpha, before, after)))
        return torch.cat(result)[:, 0].clamp(0, 1).numpy()

    return run


class _Encoder(torch.nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.network.encode(x))


class _Corrections(torch.nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, *latents: torch.Tensor) -> tuple[torch.Tensor, ...]:
        count = len(latents) // 4
        return tuple(self.network.mixing_corrections(*(latents[i * count : (i + 1) * count] for i in range(4))))


class _Decoder(torch.nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, *latent: torch.Tensor) -> torch.Tensor:
        return self.network.decode(list(latent))


def exported(network: Autoencoder, example: torch.Tensor, latent: tuple) -> list[tuple[str, torch.nn.Module, tuple]]:
    """Return the parts of a network that other programs run: name, module and examples of the inputs."""
    parts = [("encoder", _Encoder(network), (example,)), ("decoder", _Decoder(network), latent)]
    if network.mixing is not None:
        parts.append(("corrections", _Corrections(network), (*latent, *latent, *latent, *latent)))
    return parts


def onnx_runtime(network: Autoencoder, slices: np.ndarray, factor: int, threads: int, folder: Path) -> Callable:
    """Return a function that runs ONNX Runtime with all graph optimizations."""
    import onnxruntime

    example = torch.zeros(BATCH, 1, *slices.shape[1:])
    latent = tuple(network.encode(example))
    sessions = {}
    for name, module, inputs in exported(network, example, latent):
        names = [f"{name}{n}" for n in range(len(inputs))]
        axes = {key: {0: "n"} for key in names}
        file = folder / f"{name}.onnx"
        torch.onnx.export(module.eval(), inputs, str(file), input_names=names, dynamic_axes=axes, dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        sessions[name] = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def run(name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
        # Mixing without context does not use all of its inputs.
        used = {port.name for port in sessions[name].get_inputs()}
        values = {f"{name}{n}": z for n, z in enumerate(inputs)}
        return sessions[name].run(None, {key: z for key, z in values.items() if key in used})

    stages = Stages(
        lambda x: run("encoder", [x]),
        lambda latents: run("corrections", latents) if "corrections" in sessions else [],
        lambda latent: run("decoder", latent)[0],
    )
    return lambda: recompose(stages, slices, factor)


def open_vino(network: Autoencoder, slices: np.ndarray, factor: int, threads: int, precision: str) -> Callable:
    """Return a function that runs OpenVINO, tuned for latency."""
    import openvino

    core = openvino.Core()
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
    }
    example = torch.zeros(BATCH, 1, *slices.shape[1:])
    latent = tuple(z.detach() for z in network.encode(example))
    models = {}
    for name, module, inputs in exported(network, example, latent):
        converted = openvino.convert_model(module.eval(), example_input=inputs)
        converted.reshape({port: [-1, *z.shape[1:]] for port, z in zip(converted.inputs, inputs, strict=True)})
        models[name] = core.compile_model(converted, "CPU", config)

    def run(name: str, inputs: list[np.ndarray]) -> list[np.ndarray]:
        found = models[name](inputs)
        return [np.array(found[n]) for n in range(len(models[name].outputs))]

    stages = Stages(
        lambda x: run("encoder", [x]),
        lambda latents: run("corrections", latents) if "corrections" in models else [],
        lambda latent: run("decoder", latent)[0],
    )
    return lambda: recompose(stages, slices, factor)


def make_peers(arguments: argparse.Namespace, network: Autoencoder, slices: np.ndarray, folder: Path) -> dict:
    """Return the other programs by name."""
    factor, threads, precision = arguments.factor, arguments.threads, arguments.precision
    peers = {"PyTorch": pytorch(network, slices, factor, precision, False)}
    if arguments.compile:
        peers["torch.compile"] = pytorch(network, slices, factor, precision, True)
    if importlib.util.find_spec("onnxruntime") and precision == "float32":
        peers["ONNX Runtime"] = onnx_runtime(network, slices, factor, threads, folder)
    if importlib.util.find_spec("openvino"):
        peers["OpenVINO"] = open_vino(network, slices, factor, threads, precision)
    if arguments.naive:
        peers["naive PyTorch"] = naive(copy.deepcopy(network), slices, factor)
    return peers


def check(name: str, result: np.ndarray, reference: np.ndarray, factor: int, precision: str) -> float:
    """Return the largest difference of synthesized slices to the reference; exit if it is too large."""
    synthesized = np.arange(len(result)) % factor != 0
    result, reference = result[synthesized], reference[synthesized]
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
    numbers = [len(slices), len(positions(len(slices), factor)), len(slices) - 1]
    return sum(number * count for number, count in zip(numbers, counts, strict=True))


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["paper", "bundled"], default="paper")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--slices", type=int, default=16)
    parser.add_argument("--factor", type=int, default=5)
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
        differences = {
            key: check(key, run(), reference, arguments.factor, arguments.precision) for key, run in runs.items()
        }
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
