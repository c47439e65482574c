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
"""The network of a model file as three ONNX graphs: encoder, mixing and decoder.

This module needs the packages ``onnx`` and ``safetensors`` (``pip install itk-latentspacesuperresolution[onnx]``).
docs/onnx.md has the shapes and names, and a program that runs the graphs.

>>> from latent_sr.onnx_export import export_onnx
>>> export_onnx("model.safetensors", "graphs")
[PosixPath('graphs/encoder.onnx'), PosixPath('graphs/mixing.onnx'), PosixPath('graphs/decoder.onnx')]
"""

import copy
import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from latent_sr.errors import UsageError, translated
from latent_sr.models import BUNDLED, load_model
from latent_sr.torch_model import Architecture, Autoencoder
from latent_sr.versions import package_version
from latent_sr.volumes import check_output
from latent_sr.volumes.outputs import made_folders, replacing, synchronize, writing

FORMAT = "latent-sr/onnx/1"
GRAPHS = ("encoder", "mixing", "decoder")
DEFAULT_OPSET = 17
OPSETS = range(13, 21)
"""Versions of ONNX's operators that PyTorch's exporter can write, and that have all operators of the network."""

Shape = tuple[int | str, ...]
"""Sizes of a tensor; names stand for sizes that are chosen when the graph runs."""


def export_onnx(
    model: str | os.PathLike | Autoencoder | None,
    folder: str | os.PathLike,
    *,
    opset: int = DEFAULT_OPSET,
    overwrite: bool = False,
) -> list[Path]:
    """Write the network of a model as ``encoder.onnx``, ``mixing.onnx`` and ``decoder.onnx``.

    Either all of them are written, or none. The number of slices, rows and columns is chosen when a graph runs.

    Parameters
    ----------
    model
        A model file, a network, or None for the bundled model. A network that ``Autoencoder.from_file`` has made keeps
        the texts of the file. Name and hash of the file are left out, because its weights may have changed.
    folder
        Where the graphs are written. It is made if it is missing.
    opset
        The version of ONNX's operators.
    overwrite
        Whether existing graphs are replaced.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ImportError
        If a package is missing.
    UsageError
        If the version of the operators is not supported.
    LatentSRError
        If the model can't be read, a graph exists already or can't be written.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ImportError("latent_sr.onnx_export needs the package 'onnx': pip install onnx") from error

    if opset not in OPSETS:
        raise UsageError(f"opset is {opset}, but has to be {OPSETS[0]} to {OPSETS[-1]}")
    folder = Path(folder)
    paths = [check_output(folder / f"{name}.onnx", (".onnx",), overwrite, folders_are_made=True) for name in GRAPHS]
    network, texts = _network_of(model)
    graphs = [_serialized(graph, network.architecture, texts, opset) for graph in _graphs(network)]
    with ExitStack() as stack:
        stack.enter_context(made_folders(folder))
        # The files are renamed when all of them are on disk.
        temporaries = [stack.enter_context(replacing(path)) for path in paths]
        for path, temporary, graph in zip(paths, temporaries, graphs, strict=True):
            with writing(path):
                temporary.write_bytes(graph)
                synchronize(temporary)
    return paths


def latent_shapes(architecture: Architecture) -> dict[str, Shape]:
    """The shape of each tensor of the latent by its name, in the order of ``Autoencoder.encode``."""
    factor = architecture.pixel_unshuffle_factor
    divisors = {"latent": architecture.slice_size_multiple}
    divisors |= {f"features_{level}": factor << (level + 1) for level in architecture.levels}
    if architecture.latent_pixels:
        divisors["pixels"] = factor
    return {
        name: ("slices", channels, *(side if divisor == 1 else f"{side}/{divisor}" for side in ("rows", "columns")))
        for (name, divisor), channels in zip(divisors.items(), architecture.latent_tensor_channels, strict=True)
    }


# The model ------------------------------------------------------------------------------------------------------------


def _network_of(model: str | os.PathLike | Autoencoder | None) -> tuple[Autoencoder, dict[str, str]]:
    """A network for the export, and the texts that a user of the graphs needs."""
    if isinstance(model, Autoencoder):
        network, source = copy.deepcopy(model).cpu().float().eval(), {}
    else:
        with _file_of(model) as path:
            network = Autoencoder.from_file(path)
            source = {
                "latent_sr.onnx.model_file": BUNDLED if model is None else path.name,
                "latent_sr.onnx.model_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    return network, {
        **network.metadata,
        # The texts of a file of the first version lack entries.
        "latent_sr.architecture": json.dumps(asdict(network.architecture)),
        "latent_sr.onnx.format": FORMAT,
        "latent_sr.onnx.slice_size_multiple": str(network.architecture.slice_size_multiple),
        **source,
    }


@contextmanager
def _file_of(model: str | os.PathLike | None) -> Iterator[Path]:
    """The file of a model. The bundled one gets a temporary file, with the bytes that were bundled."""
    if model is not None:
        yield Path(model)
        return
    with TemporaryDirectory(prefix="latent-sr-") as folder:
        path = Path(folder) / "model.safetensors"
        bundled = load_model()
        with translated("the bundled model can't be copied"):
            bundled.Write(str(path), True)
        yield path


# The graphs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Graph:
    """A part of the network. Inputs and outputs are shapes by name."""

    name: str
    module: nn.Module
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]


class _Encoder(nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, slices: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.network.encode(slices))


class _Mixing(nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, alpha: torch.Tensor, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        count = len(self.network.architecture.latent_tensor_channels)
        first, second, *outer = (tensors[i : i + count] for i in range(0, len(tensors), count))
        return tuple(self.network.mix(first, second, alpha, *outer))


class _Decoder(nn.Module):
    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, *latent: torch.Tensor) -> torch.Tensor:
        return self.network.decode(latent)


def _graphs(network: Autoencoder) -> Iterator[_Graph]:
    latent = latent_shapes(network.architecture)
    slices: dict[str, Shape] = {"slices": ("slices", 1, "rows", "columns")}
    yield _Graph("encoder", _Encoder(network), slices, latent)
    has_context = network.architecture.mixing == "learned" and network.architecture.mixing_context
    roles = ("first", "second", "before", "after") if has_context else ("first", "second")
    neighbors = {f"{role}_{name}": shape for role in roles for name, shape in latent.items()}
    # One slice may have several positions, and several slices may have one.
    mixed = {name: ("mixed", *shape[1:]) for name, shape in latent.items()}
    yield _Graph("mixing", _Mixing(network), {"alpha": ("positions", 1, 1, 1), **neighbors}, mixed)
    yield _Graph("decoder", _Decoder(network), latent, slices)


def _serialized(graph: _Graph, architecture: Architecture, texts: dict[str, str], opset: int) -> bytes:
    """The bytes of an ONNX file."""
    import onnx

    proto = onnx.load_from_string(_traced(graph, architecture, opset))
    for values, shapes in ((proto.graph.input, graph.inputs), (proto.graph.output, graph.outputs)):
        _declare(values, shapes)
    proto.producer_name, proto.producer_version = "latent-sr", package_version()
    proto.graph.name = graph.name
    onnx.helper.set_model_props(proto, dict(sorted({**texts, "latent_sr.onnx.graph": graph.name}.items())))
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString(deterministic=True)


def _traced(graph: _Graph, architecture: Architecture, opset: int) -> bytes:
    """The graph as PyTorch writes it.

    The exporter by tracing needs no other package, and the graph has one node for each operation of the network. The
    exporter by ``torch.export`` needs onnxscript.
    """
    multiple = architecture.slice_size_multiple
    # Examples of sizes. Different numbers for what may differ keep the exporter from taking them for equal.
    sizes = {"slices": 1, "positions": 3, "rows": 2 * multiple, "columns": 3 * multiple}

    def size(length: int | str) -> int:
        name, _, divisor = str(length).partition("/")
        return sizes[name] // int(divisor or 1) if name in sizes else int(length)

    examples = tuple(torch.zeros([size(length) for length in shape]) for shape in graph.inputs.values())
    stream = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            graph.module,
            examples,
            stream,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={
                name: {axis: length for axis, length in enumerate(shape) if isinstance(length, str)}
                for name, shape in (*graph.inputs.items(), *graph.outputs.items())
            },
            opset_version=opset,
            dynamo=False,
        )
    return stream.getvalue()


def _declare(values: Sequence[Any], shapes: dict[str, Shape]) -> None:
    """Declare the shapes of inputs or outputs: numbers, and names that show what is equal."""
    for value, (name, shape) in zip(values, shapes.items(), strict=True):
        assert value.name == name
        for dimension, length in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            if isinstance(length, str):
                dimension.dim_param = length
            else:
                dimension.dim_value = length
