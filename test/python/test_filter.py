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
"""The super-resolution filter in Python, compared with an independent network and other programs; its events."""

import json

import itk
import latent_sr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import REPOSITORY, image_of, oblique_affine, phantom, write_nifti

nibabel = pytest.importorskip("nibabel")
sitk = pytest.importorskip("SimpleITK")


def make_filter(image, **settings):
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New()
    upsampler.SetInput(image)
    for name, value in settings.items():
        getattr(upsampler, f"Set{name}")(value)
    return upsampler


def mode(name):
    return getattr(itk.LatentSpaceSuperResolutionImageFilterEnums, f"OutputMode_{name}")


# An independent network ----------------------------------------------------------------------------------------------


class IndependentNetwork:
    """The network of a model file, only with PyTorch's functions. Slices are (N, 1, H, W)."""

    def __init__(self, weights, architecture):
        self.weights, self.architecture = weights, architecture

    def convolve(self, x, name, active=True):
        weight, bias = (self.weights[f"{name}.{part}"].float() for part in ("weight", "bias"))
        x = F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)
        return F.leaky_relu(x, 0.01) if active else x

    def normalize(self, x, name):
        parts = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(self.weights[f"{name}.{part}"].float() for part in parts), eps=1e-5)

    def encode(self, slices):
        x = pixels = F.pixel_unshuffle(slices, self.architecture["pixel_unshuffle_factor"])
        features = []
        for block in range(self.architecture["poolings"]):
            x = self.convolve(self.convolve(x, f"encoder.{block}.0"), f"encoder.{block}.2")
            x = F.avg_pool2d(self.normalize(x, f"encoder.{block}.4"), 2)
            features.append(x)
        x = self.convolve(self.convolve(x, "to_latent.0"), "to_latent.2", active=False)
        latent = [x, *(features[level] for level in self.architecture["levels"])]
        return [*latent, pixels] if self.architecture["latent_pixels"] else latent

    def mix(self, latents, gap, alpha):
        """Mix slices ``gap`` and ``gap`` + 1; the first and the last slice stand in for missing ones."""
        last = len(latents[0]) - 1
        mixed = []
        for number, z in enumerate(latents):
            a, b, before, after = (z[min(max(gap + k, 0), last)][None] for k in (0, 1, -1, 2))
            mixed.append((1 - alpha) * a + alpha * b)
            if self.architecture["mixing"] == "learned":
                outer = [before + after] if self.architecture["mixing_context"] else []
                g = torch.cat([a + b, abs(a - b), *outer], dim=1)
                for layer in (0, 2, 4):
                    g = self.convolve(g, f"mixing.{number}.{layer}", active=layer < 4)
                mixed[-1] = mixed[-1] + 4 * alpha * (1 - alpha) * g
        return mixed

    def mix_at(self, latents, slice_, alpha):
        """Mix at a position. At acquired slices, learned mixing takes the mean of the mixes at -.1 and +.1."""
        last = len(latents[0]) - 1
        if alpha > 0:
            return self.mix(latents, slice_, alpha)
        if self.architecture["mixing"] == "linear":
            return [z[slice_][None] for z in latents]
        sides = [self.mix(latents, slice_ - 1, 0.9)] if slice_ > 0 else []
        sides += [self.mix(latents, slice_, 0.1)] if slice_ < last else []
        return [sum(tensors) / len(sides) for tensors in zip(*sides, strict=True)]

    def decode(self, latent):
        features = dict(zip(self.architecture["levels"], latent[1:], strict=False))
        x = self.convolve(self.convolve(latent[0], "from_latent.0"), "from_latent.2")
        for block in range(self.architecture["poolings"]):
            level = self.architecture["poolings"] - 1 - block
            if level in features:
                x = torch.cat([x, features[level]], dim=1)
            x = self.convolve(self.convolve(x, f"decoder.{block}.0"), f"decoder.{block}.2")
            x = F.interpolate(self.normalize(x, f"decoder.{block}.4"), scale_factor=2, mode="nearest")
        if self.architecture["latent_pixels"]:
            x = torch.cat([x, latent[-1]], dim=1)
        x = self.convolve(self.convolve(x, "to_image.0"), "to_image.2", active=False)
        return F.pixel_shuffle(x, self.architecture["pixel_unshuffle_factor"])


def mirror_indices(length, multiple):
    """Return the indices that pad a side by mirroring to a multiple, and the start of the side among them."""
    padded = -(-length // multiple) * multiple
    before = (padded - length) // 2
    place = (np.arange(padded) - before) % (2 * length)
    return np.minimum(place, 2 * length - 1 - place), before


@pytest.fixture(scope="module")
def bundled_file():
    path = REPOSITORY / "models" / "default.safetensors"
    if not path.is_file():
        pytest.skip("the checkout has no model file")
    return path


def assert_decodes_like_pytorch(volume, bundled_file):
    """Compare decoded slices with those of an independent network, to 2e-5 of the window."""
    safetensors = pytest.importorskip("safetensors")
    with safetensors.safe_open(bundled_file, framework="pt") as file:
        # Files of the first version lack some entries.
        architecture = {"pixel_unshuffle_factor": 1, "latent_pixels": False, "mixing": "linear"}
        architecture.update(json.loads(file.metadata()["latent_sr.architecture"]))
        spacing = json.loads(file.metadata()["latent_sr.preprocessing"])["in_plane_spacing_mm"]
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    low, high = float(volume.min()), float(volume.max())
    image = itk.image_from_array(np.ascontiguousarray(volume, np.float32))
    image.SetSpacing([spacing, spacing, 8.0])  # the model's own spacing: nothing is resampled
    upsampler = make_filter(
        image,
        ModelFileName=str(bundled_file),
        OutputMode=mode("Decoded"),
        UpsamplingFactor=3,
        WindowMinimum=low,
        WindowMaximum=high,
    )
    upsampler.Update()
    decoded = (itk.array_from_image(upsampler.GetOutput()) - low) / (high - low)

    multiple = architecture["pixel_unshuffle_factor"] * 2 ** architecture["poolings"]
    rows, top = mirror_indices(volume.shape[1], multiple)
    columns, left = mirror_indices(volume.shape[2], multiple)
    windowed = ((volume - low) / (high - low)).astype(np.float32)
    padded = torch.from_numpy(windowed[:, rows][:, :, columns][:, None])
    with torch.inference_mode():
        network = IndependentNetwork(weights, architecture)
        latents = network.encode(padded)
        places = [(number // 3, number % 3 / 3) for number in range(3 * len(volume) - 2)]
        expected = torch.cat([network.decode(network.mix_at(latents, *place)) for place in places])
    expected = expected[:, 0, top : top + volume.shape[1], left : left + volume.shape[2]].clamp(0, 1).numpy()
    np.testing.assert_allclose(decoded, expected, atol=2e-5)
    assert expected.std() > 0.05


def test_decoded_slices_are_those_of_an_independent_network(bundled_file):
    assert_decodes_like_pytorch(phantom(slices=3, rows=61, columns=70), bundled_file)


def test_decoded_slices_of_a_real_volume_are_those_of_an_independent_network(bundled_file, shared):
    path = shared("data/cardiac/sunnybrook/SCD0000501_phase08.nii.gz")
    volume = itk.array_from_image(itk.imread(str(path), itk.F))
    assert_decodes_like_pytorch(volume[3:7], bundled_file)


# Geometry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_simpleitk_and_nibabel_find_acquired_slices_at_the_same_positions(
    latent_sr_run, tiny_model, tmp_path, axis, flips
):
    spacing = [1.4, 1.3, 1.2]
    spacing[axis] = 7.0
    affine = oblique_affine(tuple(spacing)) @ np.diag([*flips, 1.0])
    size = [9, 11, 13]
    size[axis] = 4
    source = write_nifti(tmp_path / "thick.nii", np.random.default_rng(0).integers(0, 900, size[::-1]), affine)
    target = tmp_path / "thin.nii"
    result = latent_sr_run(
        "upsample", source, target, "--model", tiny_model, "--factor", 3, "--mode", "preserve-acquired"
    )
    assert result.returncode == 0, result.stderr
    thick, thin = nibabel.load(source), nibabel.load(target)
    thick_sitk, thin_sitk = sitk.ReadImage(str(source)), sitk.ReadImage(str(target))
    for index in np.ndindex(*size):
        same = list(index)
        same[axis] *= 3
        place = nibabel.affines.apply_affine(thick.affine, index)
        np.testing.assert_allclose(nibabel.affines.apply_affine(thin.affine, same), place, atol=1e-3)
        point = thin_sitk.TransformIndexToPhysicalPoint(same)
        np.testing.assert_allclose(point, thick_sitk.TransformIndexToPhysicalPoint(list(index)), atol=1e-3)
        # NIfTI's coordinates are ITK's with the signs of the first two axes changed.
        np.testing.assert_allclose(np.array(point) * [-1, -1, 1], place, atol=1e-3)
        assert thin_sitk[same] == thick_sitk[list(index)]
    assert thin.header.get_zooms()[axis] == pytest.approx(7.0 / 3, abs=1e-5)


def test_slices_along_any_axis_give_the_same_volume_permuted(tiny_model):
    volume = phantom(slices=5)
    results = []
    for axis in range(3):
        # Slices along an axis of ITK, with columns before rows among the other two.
        moved = np.moveaxis(volume, 0, 2 - axis)
        image = itk.image_from_array(np.ascontiguousarray(moved, np.float32))
        spacing = [1.4, 1.4, 1.4]
        spacing[axis] = 8.0
        image.SetSpacing(spacing)
        upsampler = make_filter(image, ModelFileName=str(tiny_model), UpsamplingFactor=3)
        upsampler.Update()
        assert upsampler.GetSliceAxisUsed() == axis
        results.append(np.moveaxis(itk.array_from_image(upsampler.GetOutput()), 2 - axis, 0))
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[1], results[2])


# Behavior -----------------------------------------------------------------------------------------------------------


def test_the_function_in_snake_case_takes_all_settings(tiny_model):
    thick = image_of(phantom())
    thin = itk.latent_space_super_resolution_image_filter(
        thick,
        model_file_name=str(tiny_model),
        output_slice_spacing=3.0,
        output_mode=mode("LowPassCorrected"),
        low_pass_sigma=2.0,
        window_minimum=0.0,
        window_maximum=900.0,
    )
    assert list(thin.GetLargestPossibleRegion().GetSize()) == [48, 44, 17]


def test_the_number_of_pytorch_threads_is_restored(tiny_model):
    before = torch.get_num_threads()
    upsampler = make_filter(image_of(phantom()), ModelFileName=str(tiny_model))
    upsampler.SetNumberOfWorkUnits(1)
    upsampler.Update()
    assert torch.get_num_threads() == before


def test_python_observers_get_an_event_for_a_spacing_outside_of_the_trained_range(tiny_model):
    model = latent_sr.load_model(tiny_model)
    model.SetTrainingSliceSpacingRange(3.0, 4.0)
    upsampler = make_filter(image_of(phantom()), Model=model)
    heard = []
    upsampler.AddObserver(itk.TrainingRangeWarningEvent(), lambda: heard.append(upsampler.GetTrainingRangeWarning()))
    itk.Object.GlobalWarningDisplayOff()
    upsampler.Update()
    assert len(heard) == 1
    assert heard[0].startswith("slices are 8 mm apart, but the model was trained on 3 to 4 mm")


@pytest.mark.parametrize(
    ("spacing", "words"),
    [((1.3, 1.3, 9.0), None), ((1.3, 1.3, 2.0), "slices are 2 mm apart"), ((2.5, 2.5, 9.0), "pixels are 2.5 mm wide")],
)
def test_the_command_warns_of_a_spacing_outside_of_the_trained_range(latent_sr_run, tmp_path, spacing, words):
    source = write_nifti(tmp_path / "thick.nii", phantom(slices=3), oblique_affine(spacing))
    result = latent_sr_run("upsample", source, tmp_path / "thin.nii")
    assert result.returncode == 0, result.stderr
    if words is None:
        assert "warning" not in result.stderr
    else:
        assert f"latent-sr: warning: '{source}': {words}" in result.stderr


def test_the_window_and_the_gain_reach_the_filter(latent_sr_run, tiny_model, thick, tmp_path):
    def run(name, *words):
        result = latent_sr_run("upsample", thick, tmp_path / name, "--model", tiny_model, *words)
        assert result.returncode == 0, result.stderr
        return np.asanyarray(nibabel.load(tmp_path / name).dataobj).astype(float)

    wide = run("a.nii", "--mode", "decoded", "--window", -500, 2000)
    assert np.abs(wide - run("b.nii", "--mode", "decoded")).max() > 10
    native = np.asanyarray(nibabel.load(thick).dataobj).astype(float)
    linear = run("c.nii", "--mode", "residual-corrected", "--residual-gain", 0)
    np.testing.assert_allclose(linear[..., 1::2], (native[..., :-1] + native[..., 1:]) / 2, atol=0.51)


def test_the_best_gain_is_at_least_as_good_as_zero(tiny_model):
    volumes = [image_of(phantom(slices=9, seed=seed)) for seed in range(2)]
    model = latent_sr.load_model(tiny_model)
    gain = latent_sr.best_residual_gain(volumes, model)
    assert gain >= 0

    def error(value):
        total = 0.0
        model.SetResidualGain(value)
        for volume in volumes:
            experiment = itk.SliceRecoveryExperiment[type(volume)].New()
            experiment.SetImage(volume)
            experiment.Prepare()
            recovered = experiment.RecoverByModel(model, mode("ResidualCorrected"))
            difference = itk.array_from_image(recovered) - itk.array_from_image(experiment.GetTruth())
            total += float((difference[1::2] ** 2).sum())
        return total

    assert error(gain) <= error(0.0)
    assert error(gain) <= error(gain + 0.5)
