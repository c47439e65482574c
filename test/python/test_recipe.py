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
"""The parameters of ``train --set``."""

import itk
import pytest
from conftest import image_of, phantom
from latent_sr.errors import UsageError
from latent_sr.recipe import NETWORK, WITH_OPTIONS, parse, trainer_parameters
from latent_sr.training import make_trainer

INPUTS = {
    "InitialModel",
    "Parameter",
    "ParametersToDefault",
    "ParametersToPaper",
    "TrainingFileNames",
    "TrainingImage",
    "ValidationFileNames",
    "ValidationImage",
}
"""Setters that set no parameter, or all parameters."""


def test_every_parameter_of_the_trainer_can_be_set():
    trainer = itk.AutoencoderTrainer[itk.Image[itk.F, 3]]
    setters = {name[3:] for name in dir(trainer) if name.startswith("Set")} - {
        name[3:] for name in dir(itk.ProcessObject) if name.startswith("Set")
    }
    # The slice axis can be set to auto under the same name.
    assert setters - INPUTS - WITH_OPTIONS - {"AutomaticSliceAxis"} == set(trainer_parameters())
    assert all(hasattr(itk.AutoencoderModel, f"Set{name}") for name in NETWORK)


def test_the_trainer_lists_all_of_its_parameters():
    trainer = itk.AutoencoderTrainer[itk.Image[itk.F, 3]].New()
    assert set(trainer_parameters()) | WITH_OPTIONS == set(trainer.GetParameterNames())
    for name in trainer.GetParameterNames():
        assert f"{name}: " in str(trainer)


def test_values_reach_the_trainer_and_the_network():
    settings = {
        "slice-axis": "1",
        "volume-interval": "7",
        "checkpoint-time-interval": 60.0,
        "Flip_Augmentation": False,
        "learning-rate-schedule": "constant",
        "window-percentiles": "2,98",
    }
    trainer = make_trainer([image_of(phantom())], settings=settings)
    assert (trainer.GetSliceAxis(), trainer.GetAutomaticSliceAxis()) == (1, False)
    assert trainer.GetVolumeInterval() == 7
    assert trainer.GetCheckpointTimeInterval() == 60
    assert not trainer.GetFlipAugmentation()
    assert trainer.GetLearningRateSchedule() == itk.AutoencoderTrainerEnums.LearningRateSchedule_Constant
    model = trainer.GetInitialModel()
    assert (model.GetLowerWindowPercentile(), model.GetUpperWindowPercentile()) == (2, 98)


@pytest.mark.parametrize(("value", "axis"), [("0", 0), ("2", 2), ("auto", None)])
def test_the_slice_axis_may_be_automatic(value, axis):
    assert parse({"slice-axis": value}).slice_axis == axis
    trainer = make_trainer([image_of(phantom())], settings={"SliceAxis": value})
    assert trainer.GetAutomaticSliceAxis() == (axis is None)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("slice-axis", "3", "0, 1 or 2, or auto"),
        ("window-percentiles", "1", "two numbers"),
        ("batch-size", "-1", "a whole number"),
        ("batch-size", "99999999999", "a whole number"),
        ("base-channels", "99999999999", "a whole number"),
        ("learning-rate", "fast", "a number"),
        ("learning-rate", "1e-3 ", "a number"),
        ("center-patches", "maybe", "true or false"),
        ("learning-rate-schedule", "linear", "constant or cosine"),
    ],
)
def test_invalid_values_are_refused_with_the_allowed_values(name, value, kind):
    with pytest.raises(UsageError, match=f"{value}', but has to be {kind}"):
        parse({name: value})


@pytest.mark.parametrize("name", ["speed", "seed"])
def test_unknown_names_are_refused_with_a_list_of_the_known_names(name):
    with pytest.raises(UsageError, match=f"no parameter '{name}'.*LearningRate, .*WindowPercentiles"):
        parse({name: 1})
