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
"""What ``train --set`` can set."""

import itk
import pytest
from conftest import image_of, phantom
from latent_sr.errors import UsageError
from latent_sr.recipe import NETWORK, TRAINER, parse
from latent_sr.training import make_trainer

OPTIONS = {
    "CacheSize",
    "CheckpointFileName",
    "CheckpointInterval",
    "EarlyStoppingPatience",
    "InitialModel",
    "NumberOfIterations",
    "ParametersToDefault",
    "ParametersToPaper",
    "Precision",
    "ProcessGroupName",
    "Resume",
    "Seed",
    "TimeBudget",
    "TrainingFileNames",
    "TrainingImage",
    "ValidationFileNames",
    "ValidationImage",
}
"""What options of their own set."""


def test_every_parameter_of_the_trainer_can_be_set():
    trainer = itk.AutoencoderTrainer[itk.Image[itk.F, 3]]
    setters = {name[3:] for name in dir(trainer) if name.startswith("Set")} - {
        name[3:] for name in dir(itk.ProcessObject) if name.startswith("Set")
    }
    assert setters - OPTIONS == set(TRAINER)
    assert all(hasattr(itk.AutoencoderModel, f"Set{name}") for name in NETWORK)


def test_values_reach_the_trainer_and_the_network():
    settings = {
        "slice-axis": "-1",
        "volume-interval": "7",
        "checkpoint-time-interval": "60",
        "window-percentiles": "2,98",
    }
    trainer = make_trainer([image_of(phantom())], settings=settings)
    assert trainer.GetSliceAxis() == -1
    assert trainer.GetVolumeInterval() == 7
    assert trainer.GetCheckpointTimeInterval() == 60
    model = trainer.GetInitialModel()
    assert (model.GetLowerWindowPercentile(), model.GetUpperWindowPercentile()) == (2, 98)


@pytest.mark.parametrize(
    ("name", "value", "kind"), [("slice-axis", "3", "0, 1 or 2, or -1"), ("window-percentiles", "1", "two numbers")]
)
def test_values_of_another_kind_are_refused_with_what_is_allowed(name, value, kind):
    with pytest.raises(UsageError, match=kind):
        parse({name: value})
