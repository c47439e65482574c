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
"""Inputs at the edges of what is possible, through every component: each gives a result, or a refusal that says why."""

import re

import itk
import latent_sr
import numpy as np
import pytest
from latent_sr.enumerations import mode_enum

OK = "result"

# Size in NumPy's order, value of all pixels, and what the filter, the trainer, the metrics and the experiment say.
CASES = {
    "usual": ((4, 24, 20), None, OK, OK, OK, OK),
    "one pixel": ((1, 1, 1), None, OK, "constant", "at least 11 x 11", "has 1 slice"),
    "one slice": ((1, 24, 20), None, OK, OK, OK, "has 1 slice"),
    "two slices": ((2, 24, 20), None, OK, OK, OK, "has 2 slices"),
    "one row": ((4, 1, 20), None, OK, OK, "at least 11 x 11", OK),
    "one column": ((4, 24, 1), None, OK, OK, "at least 11 x 11", OK),
    "long rows": ((3, 12, 4096), None, OK, OK, OK, OK),
    "many slices": ((400, 12, 12), None, OK, OK, OK, OK),
    "constant": ((4, 24, 20), 7.0, OK, "constant", "DataRange must be set", "constant"),
    "zero": ((4, 24, 20), 0.0, OK, "constant", "DataRange must be set", "constant"),
    "not a number": ((4, 24, 20), np.nan, "is nan", "is nan", "must be finite", "is nan"),
    "infinite": ((4, 24, 20), np.inf, "is inf", "is inf", "must be finite", "is inf"),
    "no slices": ((0, 24, 20), None, "empty", "empty", "empty", "empty"),
    "no rows": ((4, 0, 20), None, "empty", "empty", "empty", "empty"),
    "the largest values": ((4, 24, 20), 3e38, OK, "constant", "DataRange must be set", "constant"),
    "the smallest values": ((4, 24, 20), 1e-40, OK, "constant", "DataRange must be set", "constant"),
}


def make_image(shape, value=None, pixel=itk.F):
    """Make an image with the slices along the last axis, and frames beyond."""
    image = itk.Image[pixel, len(shape)].New()
    image.SetRegions([int(length) for length in shape[::-1]])
    image.SetSpacing([1.0, 1.0, 5.0, 1.0][: len(shape)])
    image.Allocate(True)
    if 0 not in shape:
        values = np.random.default_rng(0).random(shape) * 200 if value is None else value
        itk.array_view_from_image(image)[...] = values
    return image


def upsample(image, model):
    upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New(image, upsampling_factor=2)
    upsampler.SetSliceAxis(2)
    upsampler.SetModel(latent_sr.load_model(model))
    upsampler.Update()
    output = upsampler.GetOutput()
    expected = list(itk.size(image))
    expected[2] = 2 * expected[2] - 1
    assert list(itk.size(output)) == expected
    assert np.isfinite(itk.array_view_from_image(output)).all()


def train(image, model):
    trainer = itk.AutoencoderTrainer[type(image)].New(patch_size=16, batch_size=2, number_of_iterations=1)
    trainer.AddTrainingImage(image)
    trainer.SetInitialModel(latent_sr.load_model(model))
    trainer.SetSliceAxis(2)
    trainer.Update()
    assert trainer.GetOutput().HasWeights()


def measure(image, _):
    calculator = itk.ImageQualityMetricsCalculator[type(image)].New(reference_image=image, test_image=image)
    calculator.SetSliceAxis(2)
    calculator.ComputeVIFpOff()
    calculator.Compute()
    assert calculator.GetMSE() == 0.0
    assert calculator.GetSSIM() == pytest.approx(1.0)


def recover(image, model):
    experiment = itk.SliceRecoveryExperiment[type(image)].New(image=image)
    experiment.SetSliceAxis(2)
    experiment.Prepare()
    count = len(experiment.GetDroppedSliceNumbers())
    assert count > 0
    for volume in (
        experiment.RecoverByInterpolation("linear"),
        experiment.RecoverByModel(latent_sr.load_model(model), mode_enum("decoded")),
    ):
        assert list(itk.size(experiment.ExtractDroppedSlices(volume)))[2] == count


COMPONENTS = (upsample, train, measure, recover)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
@pytest.mark.parametrize("name", CASES)
def test_every_input_gives_a_result_or_a_reason(tiny_model, name, component):
    shape, value, *expected = CASES[name]
    said = expected[COMPONENTS.index(component)]
    image = make_image(shape, value)
    if said == OK:
        component(image, tiny_model)
        return
    with pytest.raises(RuntimeError, match=re.escape(said)):
        component(image, tiny_model)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
@pytest.mark.parametrize("dimension", [3, 4])
@pytest.mark.parametrize("pixel", ["UC", "SS", "US", "F", "D"])
def test_every_pixel_type_and_dimension_works(tiny_model, pixel, dimension, component):
    if component is recover and dimension == 4:
        pytest.skip("the experiment is for volumes")
    shape = (2, 5, 24, 20)[4 - dimension :]
    component(make_image(shape, pixel=getattr(itk, pixel)), tiny_model)
