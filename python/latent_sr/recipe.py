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
"""Parameters of ``itk.AutoencoderTrainer`` and of the network that can be set by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from latent_sr.enumerations import MIXINGS, mixing_enum
from latent_sr.errors import LatentSRError, UsageError, translated

WITH_OPTIONS = frozenset(
    {
        "CacheSize",
        "CheckpointFileName",
        "CheckpointInterval",
        "EarlyStoppingPatience",
        "NumberOfIterations",
        "Precision",
        "ProcessGroupName",
        "Resume",
        "Seed",
        "TimeBudget",
    }
)
"""Parameters of the trainer that have their own option. They can't be set by name."""


def _number(text: Any) -> float:
    return float(text)


def _whole(text: Any) -> int:
    value = int(str(text))
    if not 0 <= value < 2**32:
        raise ValueError
    return value


def _switch(text: Any) -> bool:
    return {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}[str(text).lower()]


def _percentiles(text: Any) -> list[float]:
    words = str(text).replace(",", " ").split() if isinstance(text, str) else text
    low, high = (float(word) for word in words)
    return [low, high]


def _levels(text: Any) -> list[int]:
    words = str(text).replace(",", " ").split() if isinstance(text, str) else text
    return [_whole(word) for word in words if word != "none"]


def _mixing(text: Any) -> str:
    name = str(text).lower()
    if name not in MIXINGS:
        raise ValueError(name)
    return name


_KINDS = {
    _mixing: " or ".join(MIXINGS),
    _number: "a number",
    _whole: "a whole number",
    _switch: "true or false",
    _levels: "numbers with commas between them, or none",
    _percentiles: "two numbers with a comma between them",
}

NETWORK: dict[str, Callable[[Any], Any]] = {
    "NumberOfPoolings": _whole,
    "BaseChannels": _whole,
    "LatentChannels": _whole,
    "LatentLevels": _levels,
    "PixelUnshuffleFactor": _whole,
    "LatentPixels": _switch,
    "Mixing": _mixing,
    "MixingContext": _switch,
    "InPlaneSpacing": _number,
    "NativeInPlaneSpacing": _switch,
    "WindowPercentiles": _percentiles,
}
"""Parameters of the network, by the names of the setters of ``itk.AutoencoderModel``."""


@dataclass(frozen=True)
class Recipe:
    """Parameters, by the names of their setters.

    Attributes
    ----------
    trainer
        Values as text, for ``AutoencoderTrainerBase.SetParameter``.
    network
        Values for the setters of ``itk.AutoencoderModel``.
    slice_axis
        The slice axis set in ``trainer``; None: for each volume, the axis of its largest spacing.
    """

    trainer: dict[str, str] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    slice_axis: int | None = None


def trainer_parameters() -> list[str]:
    """Names of the trainer's parameters that can be set by name."""
    import itk

    return [name for name in itk.AutoencoderTrainerBase.GetParameterNames() if name not in WITH_OPTIONS]


def parse(settings: Mapping[str, Any]) -> Recipe:
    """Check settings, and separate those of the trainer from those of the network.

    Parameters
    ----------
    settings
        Names and values. A name is that of a setter, or the same in lower case with hyphens or underscores
        (``learning-rate``). A value may be text.

    Raises
    ------
    UsageError
        If a name is unknown, or a value has the wrong type or is not allowed.
    """
    if not settings:
        return Recipe()
    import itk

    of_trainer = trainer_parameters()
    known = {name.lower(): name for name in (*of_trainer, *NETWORK)}
    recipe = Recipe()
    trial = itk.AutoencoderTrainer[itk.Image[itk.F, 3]].New()
    for given, value in settings.items():
        name = known.get(given.lower().replace("-", "").replace("_", ""))
        if name is None:
            raise UsageError(
                f"a training has no parameter '{given}': it has to be one of {', '.join(sorted(known.values()))}"
            )
        if name in NETWORK:
            kind = NETWORK[name]
            try:
                recipe.network[name] = kind(value)
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{name} is '{value}', but has to be {_KINDS[kind]}") from error
            continue
        recipe.trainer[name] = str(value)
        try:
            with translated():
                trial.SetParameter(name, str(value))
        except LatentSRError as error:
            raise UsageError(str(error)) from error
    axis = None if trial.GetAutomaticSliceAxis() else int(trial.GetSliceAxis())
    return Recipe(recipe.trainer, recipe.network, axis)


def apply_to_network(model: Any, network: Mapping[str, Any]) -> None:
    """Set the parameters of a model's network.

    Raises
    ------
    LatentSRError
        If the model has weights, which would be lost, or if it refuses a value.
    """
    if network and model.HasWeights():
        raise LatentSRError(f"{next(iter(network))} can't be set: the network has been trained already")
    with translated():
        for name, value in network.items():
            if name == "WindowPercentiles":
                model.SetWindowPercentiles(*value)
            elif name == "Mixing":
                model.SetMixing(mixing_enum(value))
            else:
                getattr(model, f"Set{name}")(value)


def apply_to_trainer(trainer: Any, values: Mapping[str, str]) -> None:
    """Set a trainer's parameters. The trainer checks their values when the training begins."""
    with translated():
        for name, value in values.items():
            trainer.SetParameter(name, value)
