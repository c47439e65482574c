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
"""Output modes, precisions and mixings: their names in this package, and the values of the C++ enumerations.

Importing this module does not import ITK.
"""

from typing import Any

from latent_sr.errors import LatentSRError

MODES = {
    "decoded": "OutputMode_Decoded",
    "preserve-acquired": "OutputMode_PreserveAcquired",
    "residual-corrected": "OutputMode_ResidualCorrected",
    "low-pass-corrected": "OutputMode_LowPassCorrected",
    "profile-corrected": "OutputMode_ProfileCorrected",
    "auto": "OutputMode_Automatic",
}
DEFAULT_MODE = "auto"
GAIN_MODES = ("residual-corrected", "profile-corrected")
"""Modes in which the residual gain has an effect."""

PRECISIONS = {"float32": "Precision_Float32", "bfloat16": "Precision_BFloat16"}
DEFAULT_PRECISION = "float32"
AUTOMATIC_PRECISION = "auto"
"""In trainings: bfloat16 if the processor has instructions for its matrix products (AMX), float32 otherwise."""

MIXINGS = {"linear": "Mixing_Linear", "learned": "Mixing_Learned"}


def mode_enum(mode: str) -> Any:
    """The value of ``itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode`` for a name of ``MODES``.

    Raises
    ------
    LatentSRError
        For any other name.
    """
    return _enum("LatentSpaceSuperResolutionImageFilterEnums", "mode", mode, MODES)


def mode_name(value: Any) -> str:
    """The name in ``MODES`` of a value of ``itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode``."""
    return next(name for name in MODES if int(mode_enum(name)) == int(value))


def precision_enum(precision: str) -> Any:
    """The value of ``itk::AutoencoderModelEnums::Precision`` for a name of ``PRECISIONS``.

    Raises
    ------
    LatentSRError
        For any other name.
    """
    return _enum("AutoencoderModelEnums", "precision", precision, PRECISIONS)


def training_precision(precision: str) -> str:
    """The precision that ``AUTOMATIC_PRECISION`` stands for on this processor; any other precision as it is."""
    if precision != AUTOMATIC_PRECISION:
        return precision
    import itk

    return "bfloat16" if itk.AutoencoderModel.HasBFloat16MatrixInstructions() else DEFAULT_PRECISION


def mixing_enum(mixing: str) -> Any:
    """The value of ``itk::AutoencoderModelEnums::Mixing`` for a name of ``MIXINGS``.

    Raises
    ------
    LatentSRError
        For any other name.
    """
    return _enum("AutoencoderModelEnums", "mixing", mixing, MIXINGS)


def _enum(holder: str, parameter: str, name: str, names: dict[str, str]) -> Any:
    import itk

    if name not in names:
        raise LatentSRError(f"{parameter} is '{name}', but has to be one of {', '.join(names)}")
    return getattr(getattr(itk, holder), names[name])
