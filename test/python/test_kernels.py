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
"""The module's convolutions, compared with LibTorch's. LibTorch's are used on processors without AVX2."""

import os
import subprocess
import sys

import itk
import numpy as np
import pytest
import torch
from latent_sr.torch_model import Architecture, Autoencoder, load

FULL_SIDE = {"poolings": 4, "base_kernels": 32, "pixel_unshuffle_factor": 1, "latent_pixels": False, "mixing": "linear"}

PROGRAM = """
import sys
import itk
import numpy as np

output = sys.argv[1]
volume = np.load(output + ".volume.npy")
image = itk.image_from_array(volume)
image.SetSpacing([1.4, 1.4, 8.0])
model = itk.AutoencoderModel.New()
model.SetBaseChannels(16)
model.SetLatentLevels([0, 2])
trainer = itk.AutoencoderTrainer[type(image)].New()
trainer.SetInitialModel(model)
trainer.AddTrainingImage(image)
trainer.SetPatchSize(48)
trainer.SetBatchSize(3)
trainer.SetNumberOfIterations(6)
trainer.SetNumberOfWorkUnits(2)
losses = []
trainer.AddObserver(itk.IterationEvent(), lambda: losses.append(trainer.GetCurrentLoss()))
trainer.Update()
np.save(output, losses)
"""


def make_volume(slices, rows, columns):
    z, y, x = np.mgrid[:slices, :rows, :columns].astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.05, z.shape)
    return np.clip(0.5 + 0.3 * np.sin(0.2 * x + 0.3 * z) * np.cos(0.1 * y) + noise, 0, 1).astype(np.float32)


def scaled_network(**architecture):
    """Return a network with random weights that keep the variance, and with the statistics of noise."""
    torch.manual_seed(0)
    network = Autoencoder(Architecture(**architecture))
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, a=0.01)
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.1)
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.rand(4, 1, 64, 64))
    return network.eval()


def write(network, path):
    from safetensors import safe_open
    from safetensors.torch import save_file

    model = itk.AutoencoderModel.New()
    model.SetNumberOfPoolings(network.architecture.poolings)
    model.SetBaseChannels(network.architecture.base_kernels)
    model.SetLatentChannels(network.architecture.latent_channels)
    model.SetLatentLevels(list(network.architecture.levels))
    model.SetPixelUnshuffleFactor(network.architecture.pixel_unshuffle_factor)
    model.SetLatentPixels(network.architecture.latent_pixels)
    model.SetMixing(getattr(itk.AutoencoderModelEnums, f"Mixing_{'Linear' if network.mixing is None else 'Learned'}"))
    model.SetMixingContext(network.architecture.mixing_context)
    model.InitializeWeights(0)
    model.Write(str(path))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file({k: v for k, v in network.state_dict().items() if "num_batches" not in k}, path, metadata)


# Sides that are not multiples of tiles of 4 x 4 pixels at any level, and channels that not all kernels support.
@pytest.mark.parametrize("shape", [(2, 80, 48), (1, 16, 16), (5, 112, 16)])
@pytest.mark.parametrize(
    "architecture",
    [
        {},
        {"latent_pixels": False},
        {**FULL_SIDE, "levels": ()},
        {**FULL_SIDE, "levels": (0, 1, 2, 3)},
        {**FULL_SIDE, "base_kernels": 24, "latent_channels": 8, "levels": (1,)},
        {**FULL_SIDE, "base_kernels": 5, "latent_channels": 3, "levels": (0, 2)},
        {**FULL_SIDE, "base_kernels": 1, "latent_channels": 16, "levels": (0,)},
        {**FULL_SIDE, "base_kernels": 16, "latent_channels": 1, "levels": (3,)},
        {**FULL_SIDE, "base_kernels": 16, "levels": (1, 2), "latent_pixels": True},
    ],
)
def test_network_is_as_precise_as_pytorch(tmp_path, architecture, shape):
    path = tmp_path / "model.safetensors"
    write(scaled_network(**architecture), path)
    network = load(path)
    model = itk.AutoencoderModel.New()
    model.Read(str(path))
    slices = np.random.default_rng(1).random(shape).astype(np.float32)
    stack = torch.from_numpy(slices)[:, None]
    with torch.inference_mode():
        by_pytorch = network(stack).numpy()[:, 0]
        exact = network.double()(stack.double()).numpy()[:, 0]
    decoded = itk.array_from_image(model.Decode(model.Encode(itk.image_from_array(slices))))

    def error(result, norm):
        return norm(result - exact) / exact.std()

    def root_mean_square(x):
        return np.sqrt(np.mean(x**2))

    def largest(x):
        return np.abs(x).max()

    # Each layer with random weights amplifies errors. The errors of a trained network are much smaller.
    assert error(decoded, root_mean_square) < 3 * error(by_pytorch, root_mean_square) + 1e-5
    assert error(decoded, largest) < 4 * error(by_pytorch, largest) + 5e-5
    assert error(by_pytorch, largest) < 1e-3


def test_slices_do_not_depend_on_threads_or_on_other_slices(tmp_path):
    path = tmp_path / "model.safetensors"
    write(scaled_network(), path)
    image = itk.image_from_array(make_volume(4, 90, 100))
    image.SetSpacing([1.4, 1.4, 8.0])

    def upsample(threads, first=0, count=16):
        filter_ = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New()
        filter_.SetInput(image)
        filter_.SetModelFileName(str(path))
        filter_.SetUpsamplingFactor(5)
        filter_.SetNumberOfWorkUnits(threads)
        filter_.UpdateOutputInformation()
        region = filter_.GetOutput().GetLargestPossibleRegion()
        region.SetIndex(2, first)
        region.SetSize(2, count)
        filter_.GetOutput().SetRequestedRegion(region)
        filter_.Update()
        return itk.array_from_image(filter_.GetOutput(), update=False)

    one = upsample(1)
    assert one.std() > 0.01
    for threads in (2, 3, 7):
        assert np.array_equal(upsample(threads), one)
        slabs = [upsample(threads, first, 4) for first in range(0, 16, 4)]
        assert np.array_equal(np.concatenate(slabs), one)
    assert np.array_equal(upsample(2, first=7, count=1), one[7:8])


def test_training_takes_the_same_steps_without_the_kernels(tmp_path):
    losses = []
    for capability in (None, "default"):
        output = tmp_path / f"{capability}.npy"
        np.save(f"{output}.volume.npy", make_volume(6, 64, 64))
        environment = {**os.environ, **({"ATEN_CPU_CAPABILITY": capability} if capability else {})}
        subprocess.run([sys.executable, "-c", PROGRAM, str(output)], check=True, env=environment)
        losses.append(np.load(output))
    assert len(losses[0]) == 6
    assert losses[0][-1] != losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)
