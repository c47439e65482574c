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
"""Options of the functions, which are defined once in dataclasses."""

import multiprocessing
import pickle

import itk
import latent_sr
import numpy as np
import pytest
from conftest import image_of, phantom
from latent_sr.errors import LatentSRError, UsageError
from latent_sr.options import changed


def test_single_options_are_changed_by_name():
    options = latent_sr.UpsampleOptions(factor=3)
    assert changed(options, {"mode": "decoded"}) == latent_sr.UpsampleOptions(factor=3, mode="decoded")
    assert options.mode == "auto"


@pytest.mark.parametrize("kind", [latent_sr.UpsampleOptions, latent_sr.TrainingOptions, latent_sr.EvaluationOptions])
def test_an_unknown_option_is_refused_with_a_list_of_the_known_options(kind):
    with pytest.raises(UsageError, match=r"no option .treads.: it has to be one of .*threads"):
        changed(kind(), {"treads": 2})


OPTIONS = [
    latent_sr.UpsampleOptions(factor=3, window=(0.0, 900.0), threads=1),
    latent_sr.TrainingOptions(seed=2, settings={"learning_rate": 1e-3}),
    latent_sr.EvaluationOptions(keep_every=3, reading=latent_sr.ReadOptions(phase=1)),
    latent_sr.ReadOptions(nan=0.0),
]


def test_numbers_of_numpy_are_those_of_python():
    options = latent_sr.UpsampleOptions(factor=np.int64(3), isotropic=np.bool_(False), orientations=np.int32(4))
    assert options == latent_sr.UpsampleOptions(factor=3, orientations=4)
    assert options.isotropic is False
    assert latent_sr.UpsampleOptions(isotropic=np.bool_(True)).isotropic is True
    assert latent_sr.UpsampleOptions(isotropic=None).isotropic is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factor": 2.5}, "factor is 2.5"),
        ({"orientations": 4.0}, "orientations is 4.0"),
        ({"window": (1.0,)}, "window has 1"),
    ],
)
def test_numbers_of_another_kind_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        latent_sr.UpsampleOptions(**settings).check()


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: type(options).__name__)
def test_options_can_be_pickled(options):
    assert pickle.loads(pickle.dumps(options)) == options


def thin(options):
    """Up-sample a stack, in any process."""
    return itk.array_from_image(latent_sr.upsample(image_of(phantom(3, 16, 16)), options))


def test_a_model_in_the_options_gives_the_same_slices_in_another_process(tiny_model):
    model = latent_sr.load_model(tiny_model)
    options = latent_sr.UpsampleOptions(model=model, threads=1)
    assert options.model is model
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(thin, [options]), thin(options))
    training = pickle.loads(pickle.dumps(latent_sr.TrainingOptions(initial_model=model)))
    assert latent_sr.describe_model(training.initial_model) == latent_sr.describe_model(model)


def test_a_model_without_weights_can_not_be_pickled():
    with pytest.raises(LatentSRError, match=r"the model can't be pickled: .*weights"):
        pickle.dumps(latent_sr.UpsampleOptions(model=itk.AutoencoderModel.New()))
