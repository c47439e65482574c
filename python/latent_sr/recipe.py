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
"""What a training can be set to by name: parameters of ``itk.AutoencoderTrainer`` and of the network."""

from collections.abc import Callable, Mapping
from typing import Any

from latent_sr.errors import LatentSRError, UsageError
from latent_sr.toolkit import translated


def _number(text: Any) -> float:
    return float(text)


def _whole(text: Any) -> int:
    value = int(str(text))
    if value < 0:
        raise ValueError
    return value


def _slice_axis(text: Any) -> int:
    value = int(str(text))
    if not -1 <= value <= 2:
        raise ValueError
    return value


def _percentiles(text: Any) -> list[float]:
    words = str(text).replace(",", " ").split() if isinstance(text, str) else text
    low, high = (float(word) for word in words)
    return [low, high]


def _switch(text: Any) -> bool:
    return {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}[str(text).lower()]


def _schedule(text: Any) -> Any:
    import itk

    name = {"constant": "Constant", "cosine": "Cosine"}[str(text).lower()]
    return getattr(itk.AutoencoderTrainerEnums, f"LearningRateSchedule_{name}")


def _levels(text: Any) -> list[int]:
    words = str(text).replace(",", " ").split() if isinstance(text, str) else text
    return [_whole(word) for word in words if word != "none"]


_KINDS = {
    _number: "a number",
    _whole: "a whole number",
    _switch: "true or false",
    _schedule: "constant or cosine",
    _levels: "numbers with commas between them, or none",
    _slice_axis: "0, 1 or 2, or -1 for that of the largest spacing",
    _percentiles: "two numbers with a comma between them",
}

#: Parameters of the trainer, by the names of its setters.
TRAINER: dict[str, Callable[[Any], Any]] = {
    "PatchSize": _whole,
    "BatchSize": _whole,
    "LearningRate": _number,
    "LearningRateSchedule": _schedule,
    "NumberOfWarmUpIterations": _whole,
    "WeightDecay": _number,
    "GradientClippingNorm": _number,
    "ReconstructionWeight": _number,
    "SynthesisWeight": _number,
    "SSIMWeight": _number,
    "MaximumSliceGap": _whole,
    "WideGapShare": _number,
    "CenterPatches": _switch,
    "RotationAugmentation": _switch,
    "FlipAugmentation": _switch,
    "IntensityAugmentation": _number,
    "WeightAveraging": _number,
    "FreezeNormalization": _switch,
    "ValidationInterval": _whole,
    "MaximumNumberOfValidationSlices": _whole,
    "SliceAxis": _slice_axis,
    "VolumeInterval": _whole,
    "CheckpointTimeInterval": _number,
}

#: Parameters of the network, by the names of the setters of ``itk.AutoencoderModel``.
NETWORK: dict[str, Callable[[Any], Any]] = {
    "NumberOfPoolings": _whole,
    "BaseKernels": _whole,
    "LatentChannels": _whole,
    "LatentLevels": _levels,
    "InPlaneSpacing": _number,
    "WindowPercentiles": _percentiles,
}


def parse(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values for the trainer and for the network, by the names of their setters.

    Parameters
    ----------
    settings
        Names (of setters, or the same in lower case with hyphens or underscores: ``learning-rate``) and values, which
        may be text.

    Raises
    ------
    UsageError
        If a name is not known, or a value is not of its kind.
    """
    known = {name.lower(): (name, kind) for name, kind in (TRAINER | NETWORK).items()}
    found: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for given, value in settings.items():
        key = given.lower().replace("-", "").replace("_", "")
        if key not in known:
            raise UsageError(
                f"a training has no parameter '{given}': it has to be one of {', '.join(sorted(TRAINER | NETWORK))}"
            )
        name, kind = known[key]
        try:
            found[name in NETWORK][name] = kind(value)
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{name} is '{value}', but has to be {_KINDS[kind]}") from error
    return found


def apply_to_network(model: Any, network: Mapping[str, Any]) -> None:
    """Set a model's network.

    Raises
    ------
    LatentSRError
        If the model has weights, which would be lost, or refuses a value.
    """
    if network and model.HasWeights():
        raise LatentSRError(f"{next(iter(network))} belongs to a network that has been trained: it can't be set")
    with translated():
        for name, value in network.items():
            getattr(model, f"Set{name}")(*(value if name == "WindowPercentiles" else [value]))


def apply_to_trainer(trainer: Any, values: Mapping[str, Any]) -> None:
    """Set a trainer's parameters; what they are is checked when the training begins."""
    with translated():
        for name, value in values.items():
            getattr(trainer, f"Set{name}")(value)
