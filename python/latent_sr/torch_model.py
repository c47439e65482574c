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

>>> from latent_sr.torch_model import load
>>> network = load("model.safetensors")
>>> first, second = network.encode(a), network.encode(b)
>>> between = network.decode([0.5 * p + 0.5 * q for p, q in zip(first, second)])
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from latent_sr.errors import LatentSRError

FORMAT = "latent-sr/model/1"


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    """Two 3 x 3 convolutions, each followed by a non-linearity."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.LeakyReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.LeakyReLU(),
    ]


class Autoencoder(nn.Module):
    """The network of ``itk::AutoencoderModel``, whose documentation describes it.

    Parameters
    ----------
    poolings
        Number P of 2 x 2 poolings. Default 4.
    base_kernels
        Number K of channels of the first block; block b has K 2^b. Default 32.
    latent_channels
        Number L of channels of the latent. Default 16.
    levels
        Encoder levels, in rising order, whose features belong to the latent. Default (1, 2, 3).
    """

    def __init__(
        self,
        poolings: int = 4,
        base_kernels: int = 32,
        latent_channels: int = 16,
        levels: Sequence[int] = (1, 2, 3),
    ) -> None:
        super().__init__()
        self.poolings = poolings
        self.base_kernels = base_kernels
        self.latent_channels = latent_channels
        self.levels = tuple(levels)
        widths = [base_kernels << block for block in range(poolings)]
        top = widths[-1]

        self.encoder = nn.ModuleList()
        channels = 1
        for width in widths:
            self.encoder.append(nn.Sequential(*_pair(channels, width), nn.BatchNorm2d(width), nn.AvgPool2d(2)))
            channels = width
        self.to_latent = nn.Sequential(
            nn.Conv2d(top, top, 3, padding=1), nn.LeakyReLU(), nn.Conv2d(top, latent_channels, 3, padding=1)
        )
        self.from_latent = nn.Sequential(*_pair(latent_channels, top))
        self.decoder = nn.ModuleList()
        channels = top
        for level in reversed(range(poolings)):
            width = widths[level]
            mixed = width if level in self.levels else 0
            self.decoder.append(
                nn.Sequential(*_pair(channels + mixed, width), nn.BatchNorm2d(width), nn.Upsample(scale_factor=2))
            )
            channels = width
        self.to_image = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.LeakyReLU(), nn.Conv2d(channels, 1, 3, padding=1)
        )

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Encode slices.

        Parameters
        ----------
        x
            (slices, 1, rows, columns), values in [0, 1]; rows and columns are multiples of 2^P.

        Returns
        -------
        list of Tensor
            (slices, L, rows / 2^P, columns / 2^P), then for each level l
            (slices, K 2^l, rows / 2^(l + 1), columns / 2^(l + 1)). Corresponding tensors can be mixed linearly.
        """
        features = []
        for block in self.encoder:
            x = block(x)
            features.append(x)
        return [self.to_latent(x), *(features[level] for level in self.levels)]

    def decode(self, latent: Sequence[torch.Tensor]) -> torch.Tensor:
        """Decode a latent to (slices, 1, rows, columns). Values are not clamped."""
        features = dict(zip(self.levels, latent[1:], strict=True))
        x = self.from_latent(latent[0])
        for block, level in zip(self.decoder, reversed(range(self.poolings)), strict=True):
            if level in features:
                x = torch.cat([x, features[level]], dim=1)
            x = block(x)
        return self.to_image(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode and decode slices: the reconstruction."""
        return self.decode(self.encode(x))


def load(path: str | os.PathLike) -> Autoencoder:
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
        raise ImportError("latent_sr.torch_model needs the package 'safetensors': pip install safetensors") from error

    path = Path(path)
    if not path.is_file():
        raise LatentSRError(f"the model file '{path}' does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            found = metadata.get("latent_sr.format", "")
            if found != FORMAT:
                raise LatentSRError(f"'{path}' is not a model: its 'latent_sr.format' is '{found}', not '{FORMAT}'")
            architecture = json.loads(metadata["latent_sr.architecture"])
            network = Autoencoder(
                architecture["poolings"],
                architecture["base_kernels"],
                architecture["latent_channels"],
                architecture["levels"],
            )
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise LatentSRError(f"'{path}' is not a valid model: {' '.join(str(error).split())}") from error
    # Model files do not contain num_batches_tracked, which inference does not use.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        names = ", ".join([*missing, *unexpected])
        raise LatentSRError(f"'{path}' is not a valid model: tensors are missing or unexpected: {names}")
    return network.eval()
