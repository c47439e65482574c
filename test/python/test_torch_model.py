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
"""The network of a model file in PyTorch."""

import numpy as np
import pytest
from latent_sr.errors import LatentSRError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")


def make_model(poolings: int, kernels: int, channels: int, levels: list[int]):
    import itk

    model = itk.AutoencoderModel.New()
    model.SetNumberOfPoolings(poolings)
    model.SetBaseChannels(kernels)
    model.SetLatentChannels(channels)
    model.SetLatentLevels(levels)
    model.SetPixelUnshuffleFactor(1)
    model.SetLatentPixels(False)
    model.SetMixing(itk.AutoencoderModelEnums.Mixing_Linear)
    model.InitializeWeights(3)
    return model


@pytest.mark.parametrize(
    ("poolings", "kernels", "channels", "levels"),
    [(2, 4, 4, [1]), (2, 4, 3, []), (3, 4, 5, [0, 2]), (4, 8, 16, [1, 2, 3])],
)
def test_pytorch_and_cpp_encode_and_decode_in_the_same_way(tmp_path, poolings, kernels, channels, levels):
    import itk
    from latent_sr.torch_model import load

    model = make_model(poolings, kernels, channels, levels)
    model.Write(str(tmp_path / "m.safetensors"))
    network = load(tmp_path / "m.safetensors")
    slices = np.random.default_rng(0).random((3, 32, 48), np.float32)
    latent = model.Encode(itk.image_from_array(slices))
    with torch.inference_mode():
        tensors = network.encode(torch.from_numpy(slices)[:, None])
        decoded = network.decode(tensors)[:, 0].numpy()
    assert latent.GetNumberOfTensors() == len(tensors) == 1 + len(levels)
    for number, tensor in enumerate(tensors):
        assert list(latent.GetTensorShape(number)) == list(tensor.shape)
        np.testing.assert_allclose(latent.GetTensorValues(number), tensor.numpy().ravel(), atol=1e-5)
    np.testing.assert_allclose(itk.array_from_image(model.Decode(latent)), decoded, atol=1e-5)
    assert sum(parameter.numel() for parameter in network.parameters()) == model.GetNumberOfParameters()


def mixing_model(path, context: bool, pixels: bool):
    """Write a model whose learned mixing is not 0, as in new models, and return it."""
    import itk
    import safetensors.torch
    from safetensors import safe_open

    model = itk.AutoencoderModel.New()
    model.SetNumberOfPoolings(2)
    model.SetBaseChannels(16)
    model.SetLatentChannels(3)
    model.SetLatentLevels([0, 1])
    model.SetMixingContext(context)
    model.SetLatentPixels(pixels)
    model.InitializeWeights(3)
    model.Write(str(path))
    weights = safetensors.torch.load_file(path)
    generator = torch.Generator().manual_seed(0)
    for name in [name for name in weights if name.startswith("mixing.")]:
        weights[name].uniform_(-0.3, 0.3, generator=generator)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    safetensors.torch.save_file(weights, path, metadata)
    model.Read(str(path))
    return model


@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("context", [False, True])
def test_pytorch_and_cpp_mix_in_the_same_way(tmp_path, context, pixels):
    import itk
    from latent_sr.torch_model import load

    model = mixing_model(tmp_path / "m.safetensors", context, pixels)
    network = load(tmp_path / "m.safetensors")
    assert sum(parameter.numel() for parameter in network.parameters()) == model.GetNumberOfParameters()

    slices = np.random.default_rng(0).random((4, 32, 48), np.float32)
    latent = model.Encode(itk.image_from_array(slices))
    part = [latent.Extract(number, 1) for number in range(4)]
    with torch.inference_mode():
        tensors = [network.encode(torch.from_numpy(slices[number])[None, None]) for number in range(4)]
        for number, tensor in enumerate(tensors[0]):
            np.testing.assert_allclose(part[0].GetTensorValues(number), tensor.numpy().ravel(), atol=1e-5)
        expected = network.mix(tensors[1], tensors[2], 0.25, tensors[0], tensors[3])
        decoded = network.decode(expected)[:, 0].numpy()
        stood_in = network.mix(tensors[1], tensors[2], 0.25)
    mixed = model.Mix(part[1], part[2], 0.25, part[0], part[3])
    for number, tensor in enumerate(expected):
        assert (tensor - 0.75 * tensors[1][number] - 0.25 * tensors[2][number]).abs().max() > 0.01
        np.testing.assert_allclose(mixed.GetTensorValues(number), tensor.numpy().ravel(), atol=1e-4)
    np.testing.assert_allclose(itk.array_from_image(model.Decode(mixed)), decoded, atol=1e-4)
    mixed = model.Mix(part[1], part[2], 0.25)
    for number, tensor in enumerate(stood_in):
        np.testing.assert_allclose(mixed.GetTensorValues(number), tensor.numpy().ravel(), atol=1e-4)


def test_trained_statistics_are_loaded(tiny_model, tmp_path):
    import itk
    import latent_sr
    from conftest import image_of, phantom
    from latent_sr.torch_model import load

    model = latent_sr.train([image_of(phantom())], iterations=3, initial_model=tiny_model)
    model.Write(str(tmp_path / "m.safetensors"))
    network = load(tmp_path / "m.safetensors")
    assert not network.training
    slices = np.random.default_rng(0).random((2, 32, 32), np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(slices)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(
        itk.array_from_image(model.Decode(model.Encode(itk.image_from_array(slices)))), expected, atol=1e-5
    )


def test_a_class_of_its_own_is_made_from_a_file_as_by_load(tiny_model):
    from latent_sr.torch_model import Autoencoder, load

    class Mine(Autoencoder):
        pass

    mine, loaded = Mine.from_file(str(tiny_model)), load(tiny_model)
    assert type(mine) is Mine
    assert type(loaded) is Autoencoder
    assert mine.metadata == loaded.metadata
    assert mine.metadata["provenance.license"] == "none, it is a test"
    for weights, others in zip(mine.state_dict().items(), loaded.state_dict().items(), strict=True):
        assert weights[0] == others[0]
        assert torch.equal(weights[1], others[1])
    assert all(weights.requires_grad for weights in mine.parameters())


def test_a_network_does_not_change_with_its_file(tmp_path, tiny_model):
    from latent_sr.torch_model import load

    path = tmp_path / "m.safetensors"
    path.write_bytes(tiny_model.read_bytes())
    network = load(path)
    before = [weights.clone() for weights in network.parameters()]
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert all(map(torch.equal, before, network.parameters()))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"poolings":99', "poolings is 99, but has to be 1 to 8"),
        ('"base_kernels":1000000', "base_kernels is 1000000, but has to be 1 to 1024"),
        # This would need terabytes.
        ('"poolings":8,"base_kernels":1024', "size mismatch"),
    ],
)
def test_a_description_of_a_larger_network_than_the_weights_is_refused_at_once(tmp_path, tiny_model, entry, words):
    from latent_sr.torch_model import load
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(tiny_model, "pt") as file:
        metadata = file.metadata()
    metadata["latent_sr.architecture"] = metadata["latent_sr.architecture"][:-1] + f",{entry}}}"
    save_file(load_file(tiny_model), tmp_path / "large.safetensors", metadata)
    with pytest.raises(LatentSRError, match=rf"large\.safetensors' is not a valid model: .*{words}"):
        load(tmp_path / "large.safetensors")


def test_weights_in_half_precision_are_loaded_in_single_precision(tmp_path):
    from latent_sr.torch_model import load

    make_model(2, 4, 4, [1]).Write(str(tmp_path / "half.safetensors"), True)
    assert {parameter.dtype for parameter in load(tmp_path / "half.safetensors").parameters()} == {torch.float32}


def test_damaged_and_foreign_files_are_refused_by_name(tmp_path, tiny_model):
    from latent_sr.torch_model import load
    from safetensors.torch import save_file

    with pytest.raises(LatentSRError, match="does not exist"):
        load(tmp_path / "missing.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(tiny_model.read_bytes()[:-100])
    with pytest.raises(LatentSRError, match=r"damaged\.safetensors"):
        load(tmp_path / "damaged.safetensors")
    save_file({"a": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(LatentSRError, match="is not a model"):
        load(tmp_path / "foreign.safetensors")


def test_values_beyond_half_precision_are_stored_in_single_precision(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    import itk
    from safetensors import safe_open

    make_model(2, 4, 4, [1]).Write(str(tmp_path / "m.safetensors"))
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        metadata = file.metadata()
    weights = safetensors.load_file(tmp_path / "m.safetensors")
    # The variance of activations of a thousand.
    weights["decoder.0.4.running_var"][:] = 1e6
    safetensors.save_file(weights, tmp_path / "large.safetensors", metadata)
    model = itk.AutoencoderModel.New()
    model.Read(str(tmp_path / "large.safetensors"))
    model.Write(str(tmp_path / "half.safetensors"), True)
    again = itk.AutoencoderModel.New()
    again.Read(str(tmp_path / "half.safetensors"))
    half = safetensors.load_file(tmp_path / "half.safetensors")
    assert float(half["decoder.0.4.running_var"].max()) == 1e6
    assert str(half["decoder.0.0.weight"].dtype) == "torch.float16"
