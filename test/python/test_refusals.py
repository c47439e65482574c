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
"""docs/refusals.md has every refusal of the filters and of ``latent-sr upsample``, word by word."""

import re

import itk
import latent_sr
import numpy as np
import pytest
from conftest import REPOSITORY, image_of, phantom, write_nifti
from latent_sr.errors import one_line

PAGE = REPOSITORY / "docs" / "refusals.md"


def stack(dtype="float32", spacing=(1.4, 1.4, 8.0)):
    return image_of(phantom(slices=3, rows=12, columns=12), spacing, dtype)


def with_pixel(value):
    image = stack()
    image.SetPixel([3, 2, 1], value)
    return image


def empty():
    image = itk.Image[itk.F, 3].New()
    image.SetRegions([0, 12, 3])
    image.SetSpacing([1.4, 1.4, 8.0])
    image.Allocate()
    return image


FILTER = {
    "no input": ({}, None),
    "an empty image": ({}, empty),
    "a pixel that is not a number": ({}, lambda: with_pixel(float("nan"))),
    "an infinite pixel": ({}, lambda: with_pixel(float("-inf"))),
    "two axes with the largest spacing": ({}, lambda: stack(spacing=(1.4, 8.0, 8.0))),
    "slices that are too large at the model's spacing": ({}, lambda: stack(spacing=(1e6, 1e6, 8e6))),
    "`UpsamplingFactor` 0": ({"UpsamplingFactor": 0}, stack),
    "a negative `OutputSliceSpacing`": ({"OutputSliceSpacing": -2.0}, stack),
    "an `OutputSliceSpacing` that makes too many slices": ({"OutputSliceSpacing": 1e-6}, stack),
    "`SliceAxis` 3": ({"SliceAxis": 3}, stack),
    "`WindowMinimum` without `WindowMaximum`": ({"WindowMinimum": 10.0}, stack),
    "a window that is not in rising order": ({"WindowMinimum": 10.0, "WindowMaximum": 10.0}, stack),
    "a window that single precision can't hold": ({"WindowMinimum": -3e38, "WindowMaximum": 3e38}, stack),
    "a negative `ResidualGain`": ({"ResidualGain": -0.5}, stack),
    "3 orientations": ({"NumberOfOrientations": 3}, stack),
    "a spread over 1 orientation": ({"ComputeOrientationSpread": True}, stack),
    "a negative `LowPassSigma`": ({"LowPassSigma": -1.0}, stack),
    "a negative `SliceThickness`": ({"SliceThickness": -1.0}, stack),
    "a `DetailGain` above 1": ({"DetailGain": 1.5}, stack),
    "an unknown `Device`": ({"Device": "gpu"}, stack),
    "a `Device` that is not there": ({"Device": "cuda:9"}, stack),
    "a `ModelFileName` that does not exist": ({"ModelFileName": "none.safetensors"}, stack),
    "a model without weights": ({"Model": "no weights"}, stack),
}


def refusal_of_filter(name, model):
    settings, make = FILTER[name]
    kind = itk.Image[itk.F, 3]
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[kind, kind].New()
    image = make() if make else None
    if image is not None:
        upsampler.SetInput(image)
    upsampler.SetModel(latent_sr.load_model(model))
    for key, value in settings.items():
        if key == "Model":
            upsampler.SetModel(itk.AutoencoderModel.New())
        else:
            if key == "ModelFileName":
                upsampler.SetModel(None)
            getattr(upsampler, f"Set{key}")(value)
    with pytest.raises(RuntimeError) as error:
        upsampler.Update()
    return counted(one_line(error.value))


LABELS = {
    "no label map": {"Input": None},
    "a label map with an `UpsamplingFactor` of 0": {"UpsamplingFactor": 0},
    "a label map with a negative `OutputSliceSpacing`": {"OutputSliceSpacing": -2.0},
    "a label map that would get too many slices": {"OutputSliceSpacing": 1e-6},
    "a label map with `SliceAxis` 3": {"SliceAxis": 3},
}


def refusal_of_label_filter(name):
    kind = itk.Image[itk.UC, 3]
    upsampler = itk.ShapeBasedLabelInterpolationImageFilter[kind].New(stack("uint8"))
    for key, value in LABELS[name].items():
        getattr(upsampler, f"Set{key}")(value)
    with pytest.raises(RuntimeError) as error:
        upsampler.Update()
    return one_line(error.value)


def thin():
    return image_of(phantom(slices=5, rows=12, columns=12), (1.4, 1.4, 4.0), "float32")


ERROR = {
    "no acquired stack": ({"Input": None}, thin),
    "no up-sampled stack": ({}, lambda: None),
    "a `DifferenceCoefficient` below 0": ({"DifferenceCoefficient": -1.0, "GapCoefficient": 0.2}, thin),
    "a `SpreadCoefficient` without a spread": ({"SpreadCoefficient": 0.5}, thin),
    "a spread of another size": ({"OrientationSpread": stack}, thin),
    "expected errors with `SliceAxis` 3": ({"SliceAxis": 3}, thin),
    "an up-sampled stack with the same grid, and no `SliceAxis`": ({}, stack),
    "an up-sampled stack with other slices": (
        {"SliceAxis": 2},
        lambda: image_of(phantom(slices=5, rows=12, columns=16), (1.4, 1.4, 4.0), "float32"),
    ),
}


def refusal_of_error_filter(name):
    settings, make = ERROR[name]
    kind = itk.Image[itk.F, 3]
    estimator = itk.SuperResolutionErrorImageFilter[kind, kind].New(stack())
    estimator.SetUpsampledImage(make())
    for key, value in settings.items():
        getattr(estimator, f"Set{key}")(value() if callable(value) else value)
    with pytest.raises(RuntimeError) as error:
        estimator.Update()
    return one_line(error.value)


COMMAND = {
    "a missing file": (1, ["none.nii", "thin.nii"]),
    "an image in 2D": (1, ["flat.nii", "thin.nii"]),
    "an existing output": (1, ["thick.nii", "old.nii"]),
    "an output in an unknown format": (2, ["thick.nii", "thin.jpg"]),
    "the input as output": (2, ["thick.nii", "thick.nii", "--overwrite"]),
    "a factor of 0": (2, ["thick.nii", "thin.nii", "--factor", "0"]),
    "a spacing of 0": (2, ["thick.nii", "thin.nii", "--spacing", "0"]),
    "a factor and a spacing": (2, ["thick.nii", "thin.nii", "--factor", "2", "--spacing", "1"]),
    "a window that is not in rising order": (2, ["thick.nii", "thin.nii", "--window", "400", "-200"]),
    "a gain without effect": (2, ["thick.nii", "thin.nii", "--residual-gain", "0.5"]),
    "an unknown mode": (2, ["thick.nii", "thin.nii", "--mode", "sharp"]),
    "an unknown axis": (2, ["thick.nii", "thin.nii", "--axis", "3"]),
    "a label map without an output": (2, ["thick.nii", "thin.nii", "--labels", "thick.nii"]),
    "a label map on another grid": (1, ["thick.nii", "thin.nii", "--labels", "cube.nii", "--labels-output", "l.nii"]),
    "a reference of another place": (1, ["thick.nii", "thin.nii", "--reference", "far.nii"]),
    "a missing reference": (1, ["thick.nii", "thin.nii", "--reference", "none.nii"]),
    "a model that is not calibrated": (
        1,
        ["thick.nii", "thin.nii", "--model", "tiny.safetensors", "--uncertainty", "e.nii"],
    ),
    "a missing model": (1, ["thick.nii", "thin.nii", "--model", "none.safetensors"]),
    "a file that is no model": (1, ["thick.nii", "thin.nii", "--model", "thick.nii"]),
    "a damaged model": (1, ["thick.nii", "thin.nii", "--model", "damaged.safetensors"]),
    "a missing device": (1, ["thick.nii", "thin.nii", "--device", "cuda:9"]),
    "a damaged volume": (1, ["damaged.nii", "thin.nii"]),
    "a header whose pixels are elsewhere": (1, ["elsewhere.mhd", "thin.nii"]),
    "two axes with the largest spacing": (1, ["cube.nii", "thin.nii"]),
    "a pixel that is not finite": (1, ["nan.mha", "thin.nii"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_model):
    """Volumes and models that are refused."""
    folder = tmp_path_factory.mktemp("refusals")
    volume = phantom(slices=3, rows=12, columns=12)
    affine = np.diag([1.4, 1.4, 8.0, 1.0])
    write_nifti(folder / "thick.nii", volume, affine)
    write_nifti(folder / "flat.nii", volume[0], affine)
    write_nifti(folder / "cube.nii", volume, np.diag([1.4, 1.4, 1.4, 1.0]))
    far = affine.copy()
    far[0, 3] = 5000.0
    write_nifti(folder / "far.nii", volume, far)
    (folder / "old.nii").write_text("mine")
    (folder / "damaged.nii").write_bytes((folder / "thick.nii").read_bytes()[:400])
    (folder / "tiny.safetensors").write_bytes(tiny_model.read_bytes())
    (folder / "damaged.safetensors").write_bytes(tiny_model.read_bytes()[:3000])
    itk.imwrite(with_pixel(float("nan")), str(folder / "nan.mha"))
    (folder / "elsewhere.mhd").write_text("NDims = 3\nDimSize = 2 2 2\nElementDataFile = ../pixels.raw\n")
    return folder


def refusal_of_command(latent_sr_run, folder, name):
    code, words = COMMAND[name]
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = latent_sr_run("upsample", *words, cwd=folder)
    assert result.returncode == code, result
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return counted(result.stderr.splitlines()[-1])


def counted(message):
    """Make the message independent of the number of GPUs, which must be less than ten."""
    return re.sub(r"sees \d CUDA", "sees 0 CUDA", message)


def row(name, message):
    return f"| {name} | {message.replace('|', chr(92) + '|')} |"


@pytest.mark.parametrize("name", FILTER)
def test_the_page_has_every_refusal_of_the_filter(name, tiny_model):
    assert row(name, refusal_of_filter(name, tiny_model)) in PAGE.read_text()


@pytest.mark.parametrize("name", LABELS)
def test_the_page_has_every_refusal_of_the_filter_of_labels(name):
    assert row(name, refusal_of_label_filter(name)) in PAGE.read_text()


@pytest.mark.parametrize("name", ERROR)
def test_the_page_has_every_refusal_of_the_filter_of_expected_errors(name):
    assert row(name, refusal_of_error_filter(name)) in PAGE.read_text()


@pytest.mark.parametrize("name", COMMAND)
def test_the_page_has_every_refusal_of_the_command(name, latent_sr_run, folder):
    assert row(name, refusal_of_command(latent_sr_run, folder, name)) in PAGE.read_text()


def test_the_page_has_no_other_refusals():
    refused, _ = PAGE.read_text().split("## Not refused")
    rows = [line for line in refused.splitlines() if line.startswith("| ") and "| message |" not in line]
    assert len(rows) == sum(map(len, (FILTER, LABELS, ERROR, COMMAND)))
