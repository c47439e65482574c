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
"""The methods that recover slices, by name."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latent_sr.errors import UsageError
from latent_sr.models import distinct_names

INTERPOLATION_METHODS = (
    "nearest",
    "linear",
    "bspline",
    *(f"bspline{order}" for order in range(6)),
    "lanczos",
    "lanczos4",
    "linear-blur",
)

LATENT = "latent"

DEFAULT_METHODS = ("linear", "bspline", "lanczos", "linear-blur", LATENT)


@dataclass(frozen=True)
class Method:
    """A method that recovers slices: an interpolation, or a model with an output mode.

    Attributes
    ----------
    name
        Name in the result.
    interpolation
        Name in ``itk::SliceRecoveryExperiment``; empty for a model.
    model_name, model_file, mode
        The model's name, file (None for the bundled model) and output mode.
    """

    name: str
    interpolation: str = ""
    model_name: str = ""
    model_file: str | None = None
    mode: str = ""

    @property
    def is_latent(self) -> bool:
        """Whether the method is a model."""
        return self.interpolation == ""


def check_methods(methods: Sequence[str]) -> None:
    """Check names of methods.

    Raises
    ------
    UsageError
        If a method does not exist, with a list of all methods; or if there is none.
    """
    known = (*INTERPOLATION_METHODS, LATENT)
    for method in methods:
        if method not in known:
            raise UsageError(f"method '{method}' is unknown: methods are {', '.join(known)}")
    if not methods:
        raise UsageError(f"there is no method: methods are {', '.join(known)}")


def make_methods(
    methods: Sequence[str], models: Sequence[str | os.PathLike | None], modes: Sequence[str]
) -> list[Method]:
    """The interpolation methods, and one method for each model and mode, in the requested order."""
    made: list[Method] = []
    for method in dict.fromkeys(methods):
        if method != LATENT:
            made.append(Method(method, interpolation=method))
            continue
        files = list(dict.fromkeys(None if model is None else Path(model) for model in models))
        names = distinct_names(files)
        chosen = list(dict.fromkeys(modes))
        only = len(files) == len(chosen) == 1
        for file, model_name in zip(files, names, strict=True):
            for mode in chosen:
                name = LATENT if only else f"{LATENT}:{model_name}:{mode}"
                model_file = None if file is None else str(file)
                made.append(Method(name, model_name=model_name, model_file=model_file, mode=mode))
    return made
