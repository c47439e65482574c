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
"""The network of a model file as a PyTorch module, without ITK.

This module needs the package ``safetensors`` (``pip install itk-latentspacesuperresolution[torch-model]``).

>>> from latent_sr.torch_model import Autoencoder
>>> network = Autoencoder.from_file("model.safetensors")
>>> first, second = network.encode(a), network.encode(b)
>>> between = network.decode(network.mix(first, second, 0.5))
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import nn

from latent_sr.errors import LatentSRError

FORMATS = ("latent-sr/model/1", "latent-sr/model/2")
"""Versions of the model file that can be loaded. The first has linear mixing and no pixel unshuffling."""


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    """Two 3 x 3 convolutions, each followed by a non-linearity."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.LeakyReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.LeakyReLU(),
    ]


def _mixing(inputs: int, channels: int) -> nn.Sequential:
    """The correction g of learned mixing, for one tensor of the latent."""
    width = min(channels, max(32, channels // 2))
    return nn.Sequential(
        nn.Conv2d(inputs, width, 1),
        nn.LeakyReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.LeakyReLU(),
        nn.Conv2d(width, channels, 1),
    )


_LIMITS = {"poolings": 8, "base_kernels": 1024, "latent_channels": 4096, "pixel_unshuffle_factor": 2}


@dataclass(frozen=True)
class Architecture:
    """What determines the shapes of the network's weights; ``itk::AutoencoderModel`` explains it.

    Attributes
    ----------
    poolings
        Number P of 2 x 2 poolings.
    base_kernels
        Number K of channels of the first block; block b has K 2^b.
    latent_channels
        Number L of channels of the latent.
    levels
        Encoder levels, in rising order, whose features belong to the latent.
    pixel_unshuffle_factor
        Factor r: blocks of r x r pixels become channels before the first convolution.
    latent_pixels
        Whether the pixels of the slice belong to the latent.
    mixing
        ``"linear"`` or ``"learned"``.
    mixing_context
        Whether learned mixing uses the slices beyond the two that are mixed.
    """

    poolings: int = 3
    base_kernels: int = 48
    latent_channels: int = 16
    levels: Sequence[int] = (0, 1, 2)
    pixel_unshuffle_factor: int = 2
    latent_pixels: bool = True
    mixing: str = "learned"
    mixing_context: bool = True

    def __post_init__(self) -> None:
        """Check the mixing, and the limits of ``itk::AutoencoderModel``: model files come from strangers, too.

        Raises
        ------
        ValueError
            If one is not allowed.
        """
        for name, most in _LIMITS.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, but has to be 1 to {most}")
        if self.mixing not in ("linear", "learned"):
            raise ValueError(f"mixing is '{self.mixing}', but has to be 'linear' or 'learned'")

    @property
    def widths(self) -> list[int]:
        """Number of channels of each block of the encoder."""
        return [self.base_kernels << block for block in range(self.poolings)]

    @property
    def pixels(self) -> int:
        """Number of channels that stand for the pixels of a slice."""
        return self.pixel_unshuffle_factor**2

    @property
    def slice_size_multiple(self) -> int:
        """Number that the rows and columns of a slice have to be multiples of: r 2^P."""
        return self.pixel_unshuffle_factor << self.poolings

    @property
    def latent_tensor_channels(self) -> list[int]:
        """Number of channels of each tensor of the latent."""
        channels = [self.latent_channels, *(self.widths[level] for level in self.levels)]
        return [*channels, self.pixels] if self.latent_pixels else channels


PAPER = Architecture(4, 32, 16, (), 1, latent_pixels=False, mixing="linear", mixing_context=False)
"""The network of arXiv:2010.13172."""

FIRST_ARCHITECTURE = {
    "pixel_unshuffle_factor": 1,
    "latent_pixels": False,
    "mixing": "linear",
    "mixing_context": False,
}
"""What files of the first version, which lack these entries, contain."""


class Autoencoder(nn.Module):
    """The network of ``itk::AutoencoderModel``, whose documentation describes it; by default, the default network.

    Attributes
    ----------
    architecture
        What determines the shapes of the weights.
    metadata
        The texts of the model file: preprocessing, ranges of the training, provenance. Empty without a file.
    """

    def __init__(self, architecture: Architecture = Architecture()) -> None:
        super().__init__()
        self.architecture = architecture
        self.metadata: dict[str, str] = {}
        pixels, widths = architecture.pixels, architecture.widths
        top = widths[-1]

        self.encoder = nn.ModuleList()
        channels = pixels
        for width in widths:
            self.encoder.append(nn.Sequential(*_pair(channels, width), nn.BatchNorm2d(width), nn.AvgPool2d(2)))
            channels = width
        self.to_latent = nn.Sequential(
            nn.Conv2d(top, top, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(top, architecture.latent_channels, 3, padding=1),
        )
        self.from_latent = nn.Sequential(*_pair(architecture.latent_channels, top))
        self.decoder = nn.ModuleList()
        channels = top
        for level in reversed(range(architecture.poolings)):
            width = widths[level]
            mixed = width if level in architecture.levels else 0
            self.decoder.append(
                nn.Sequential(*_pair(channels + mixed, width), nn.BatchNorm2d(width), nn.Upsample(scale_factor=2))
            )
            channels = width
        self.to_image = nn.Sequential(
            nn.Conv2d(channels + (pixels if architecture.latent_pixels else 0), channels, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(channels, pixels, 3, padding=1),
        )
        self.mixing = None
        if architecture.mixing == "learned":
            inputs = 3 if architecture.mixing_context else 2
            self.mixing = nn.ModuleList(_mixing(inputs * c, c) for c in architecture.latent_tensor_channels)

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> Self:
        """The network of a model file, in evaluation mode, with single-precision weights.

        Parameters
        ----------
        path
            A ``.safetensors`` file written by ``latent-sr train`` or ``itk.AutoencoderModel.Write``.

        Raises
        ------
        ImportError
            If the package ``safetensors`` is missing.
        LatentSRError
            If the file does not exist or is not a valid model.
        """
        try:
            from safetensors import SafetensorError, safe_open
        except ImportError as error:
            raise ImportError(
                "latent_sr.torch_model needs the package 'safetensors': pip install safetensors"
            ) from error

        path = Path(path)
        if not path.is_file():
            raise LatentSRError(f"the model file '{path}' does not exist")
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                found = metadata.get("latent_sr.format", "")
                if found not in FORMATS:
                    known = " or ".join(f"'{name}'" for name in FORMATS)
                    raise LatentSRError(f"'{path}' is not a model: its 'latent_sr.format' is '{found}', not {known}")
                description = {**FIRST_ARCHITECTURE, **json.loads(metadata["latent_sr.architecture"])}
                # The weights of the description take no memory: the file may not have them.
                with torch.device("meta"):
                    network = cls(Architecture(**description))
                # Copies: the tensors of safetensors change with the file.
                weights = {name: file.get_tensor(name).to(torch.float32, copy=True) for name in file.keys()}  # noqa: SIM118
            # Model files do not contain num_batches_tracked, which inference does not use.
            uncounted = [name for name in network.state_dict() if name.endswith("num_batches_tracked")]
            weights = {name: torch.tensor(0) for name in uncounted} | weights
            missing, unexpected = network.load_state_dict(weights, strict=False, assign=True)
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise LatentSRError(f"'{path}' is not a valid model: {' '.join(str(error).split())}") from error
        if missing or unexpected:
            names = ", ".join([*missing, *unexpected])
            raise LatentSRError(f"'{path}' is not a valid model: tensors are missing or unexpected: {names}")
        network.metadata = metadata
        return network.eval()

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Encode slices.

        Parameters
        ----------
        x
            (slices, 1, rows, columns), values in [0, 1]; rows and columns are multiples of r 2^P.

        Returns
        -------
        list of Tensor
            (slices, L, rows / (r 2^P), columns / (r 2^P)), then for each level l
            (slices, K 2^l, rows / (r 2^(l + 1)), columns / (r 2^(l + 1))), then with latent pixels
            (slices, r^2, rows / r, columns / r).
        """
        if self.architecture.pixel_unshuffle_factor > 1:
            x = nn.functional.pixel_unshuffle(x, self.architecture.pixel_unshuffle_factor)
        pixels = x
        features = []
        for block in self.encoder:
            x = block(x)
            features.append(x)
        latent = [self.to_latent(x), *(features[level] for level in self.architecture.levels)]
        return [*latent, pixels] if self.architecture.latent_pixels else latent

    def mixing_corrections(
        self,
        first: Sequence[torch.Tensor],
        second: Sequence[torch.Tensor],
        before: Sequence[torch.Tensor] | None = None,
        after: Sequence[torch.Tensor] | None = None,
    ) -> list[torch.Tensor]:
        """Compute the correction g of learned mixing, for each tensor of the latent. Empty for linear mixing.

        Parameters
        ----------
        first, second
            Latents of slices n and n + 1.
        before, after
            Latents of slices n - 1 and n + 2, for mixing with context. Without them, ``first`` and ``second`` stand in.
        """
        before = first if before is None else before
        after = second if after is None else after
        corrections = []
        for network, a, b, outer_a, outer_b in zip(self.mixing or [], first, second, before, after, strict=False):
            outer = [outer_a + outer_b] if self.architecture.mixing_context else []
            corrections.append(network(torch.cat([a + b, (a - b).abs(), *outer], dim=1)))
        return corrections

    def mix(
        self,
        first: Sequence[torch.Tensor],
        second: Sequence[torch.Tensor],
        alpha: float | torch.Tensor,
        before: Sequence[torch.Tensor] | None = None,
        after: Sequence[torch.Tensor] | None = None,
    ) -> list[torch.Tensor]:
        """Mix the latents of two neighboring slices.

        Parameters
        ----------
        first, second, before, after
            As in ``mixing_corrections``.
        alpha
            Position between the slices, 0 (``first``) to 1 (``second``). A tensor has the shape (positions, 1, 1, 1):
            one position for each pair of slices, or any number of them for one pair.
        """
        mixed = [(1 - alpha) * p + alpha * q for p, q in zip(first, second, strict=True)]
        for i, correction in enumerate(self.mixing_corrections(first, second, before, after)):
            mixed[i] = mixed[i] + 4 * alpha * (1 - alpha) * correction
        return mixed

    def decode(self, latent: Sequence[torch.Tensor]) -> torch.Tensor:
        """Decode a latent to (slices, 1, rows, columns). Values are not clamped."""
        features = dict(zip(self.architecture.levels, latent[1 : 1 + len(self.architecture.levels)], strict=True))
        x = self.from_latent(latent[0])
        for block, level in zip(self.decoder, reversed(range(self.architecture.poolings)), strict=True):
            if level in features:
                x = torch.cat([x, features[level]], dim=1)
            x = block(x)
        x = self.to_image(torch.cat([x, latent[-1]], dim=1) if self.architecture.latent_pixels else x)
        return (
            nn.functional.pixel_shuffle(x, self.architecture.pixel_unshuffle_factor)
            if self.architecture.pixel_unshuffle_factor > 1
            else x
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode and decode slices: the reconstruction."""
        return self.decode(self.encode(x))


def load(path: str | os.PathLike) -> Autoencoder:
    """The network of a model file: ``Autoencoder.from_file``."""
    return Autoencoder.from_file(path)
