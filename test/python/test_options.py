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

import latent_sr
import pytest
from latent_sr.errors import UsageError
from latent_sr.options import changed


def test_single_options_are_changed_by_name():
    options = latent_sr.UpsampleOptions(factor=3)
    assert changed(options, {"mode": "decoded"}) == latent_sr.UpsampleOptions(factor=3, mode="decoded")
    assert options.mode == "auto"


@pytest.mark.parametrize("kind", [latent_sr.UpsampleOptions, latent_sr.TrainingOptions, latent_sr.EvaluationOptions])
def test_an_unknown_option_is_refused_with_a_list_of_the_known_options(kind):
    with pytest.raises(UsageError, match=r"no option .treads.: it has to be one of .*threads"):
        changed(kind(), {"treads": 2})
