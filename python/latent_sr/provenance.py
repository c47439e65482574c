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
"""What was done with a volume: the mode that was used and why, and the sidecar of an output.

The sidecar has the entries of BIDS derivatives (GeneratedBy, Sources) and those of this package below ``LatentSR``.
"""

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from latent_sr.enumerations import DEFAULT_MODE, mode_name
from latent_sr.errors import LatentSRError, translated
from latent_sr.models import BUNDLED, describe_model, load_model
from latent_sr.upsampling import DEFAULT_FACTOR, UpsampleOptions
from latent_sr.versions import package_version, versions
from latent_sr.volumes import sidecar_path

PROGRAM_NAME = "latent-sr"

LARGEST_TOUCHING_DISTANCE = 7.0
"""Distance of slices in mm up to which the automatic mode asks whether slices touch: ``LargestProfileDistance`` of
``itk::LatentSpaceSuperResolutionImageFilter``."""


def mode_used(upsampler: Any) -> str:
    """The name of the mode that a filter uses for its input: never "auto"."""
    return mode_name(upsampler.GetOutputModeUsed())


def mode_reason(requested: str, used: str, spacing: float, thickness: float, source: str) -> str:
    """Why a mode is used, in a few words.

    Parameters
    ----------
    requested, used
        Names of modes.
    spacing, thickness
        Of the acquired slices in mm. Thickness 0: not known.
    source
        What the thickness was taken from.
    """
    if requested != DEFAULT_MODE:
        return "as requested"
    every = f"every {spacing:.4g} mm"
    thick = f"{thickness:.4g} mm thick{f' by {source}' if source else ''}"
    if used == "profile-corrected":
        return f"slices {'touch' if thickness > 0.99 * spacing else 'nearly touch'}: {thick}, {every}"
    if used == "decoded":
        return f"slices {every}"
    if spacing > LARGEST_TOUCHING_DISTANCE:
        return f"slices {every}; modes for touching slices end at {LARGEST_TOUCHING_DISTANCE:g} mm"
    if thickness == 0:
        return f"slices {every}, of unknown thickness: give --slice-thickness if it is known"
    return f"slices do not touch: {thick}, {every}"


@lru_cache(maxsize=4)
def _sha256(path: Path, _size: int, _time: int) -> str:
    """The hash of a file. Size and time tell whether it is still the same."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=1)
def _sha256_of_bundled() -> str | None:
    """The hash of the file that was bundled; None if there is no room for a copy."""
    try:
        with tempfile.TemporaryDirectory() as folder, translated():
            path = Path(folder) / "model.safetensors"
            # The file has 16-bit weights, and is written with the same bytes that it was read from.
            load_model().Write(str(path), True)
            return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, LatentSRError):
        return None


def model_identity(model: str | None, loaded: Any) -> dict[str, Any]:
    """Name and SHA-256 of a model file, or of the bundled model.

    Parameters
    ----------
    model
        The name of the file; None for the bundled model.
    loaded
        The ``itk.AutoencoderModel``.
    """
    name = describe_model(loaded).get("provenance", {}).get("name", "")
    identity = {"file": BUNDLED if model is None else Path(model).name, "name": name}
    if model is None:
        return identity | {"sha256": _sha256_of_bundled()}
    status = Path(model).stat()
    return identity | {"sha256": _sha256(Path(model), status.st_size, status.st_mtime_ns)}


def generated_by() -> list[dict[str, str]]:
    """The entry GeneratedBy of BIDS derivatives."""
    return [{"Name": PROGRAM_NAME, "Version": package_version()}]


def derivation_of(upsampler: Any, options: UpsampleOptions, model: dict[str, Any], thickness_source: str) -> dict:
    """What a filter did, as far as it does not depend on files.

    Parameters
    ----------
    upsampler
        The filter, after its run.
    options
        The user's options.
    model
        Of ``model_identity``.
    thickness_source
        What the slice thickness was taken from.
    """
    axis = int(upsampler.GetSliceAxisUsed())
    spacing = float(upsampler.GetInput().GetSpacing()[axis])
    thickness = float(upsampler.GetSliceThickness())
    used = mode_used(upsampler)
    with_spread = bool(upsampler.GetComputeOrientationSpread())
    isotropic = None if options.isotropic is False else float(upsampler.GetOutputSliceSpacing())
    grid = {"spacing_mm": options.spacing, "isotropic_mm": isotropic}
    how = {name: value for name, value in grid.items() if value is not None}
    if options.reference is not None:
        how["reference"] = Path(options.reference).name
    return {
        **(how or {"factor": options.factor or DEFAULT_FACTOR}),
        "slice_axis": axis,
        "acquired_spacing_mm": spacing,
        "slice_thickness_mm": thickness or None,
        "slice_thickness_from": thickness_source or None,
        "mode_requested": options.mode,
        "mode": used,
        "mode_because": mode_reason(options.mode, used, spacing, thickness, thickness_source),
        "window": [float(upsampler.GetWindowMinimumUsed()), float(upsampler.GetWindowMaximumUsed())],
        "error_quantile_90": float(upsampler.GetModel().GetErrorQuantile90(with_spread)) or None,
        "orientations": options.orientations,
        "precision": options.precision,
        "device": options.device,
        "model": model,
    }


def is_sidecar(path: Path) -> bool:
    """Whether a file is a sidecar that this package has written, so that it may be replaced."""
    try:
        return "LatentSR" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def remove_sidecar(output: Path) -> None:
    """Remove the sidecar of an older output, before a new output takes its place. Other files are kept.

    A process that is killed then leaves a volume without a sidecar, rather than with a wrong one.
    """
    path = sidecar_path(output)
    if is_sidecar(path):
        with suppress(OSError):
            path.unlink()


def sidecar(source: Path, output: Path, image: Any, axis: int, command: str, derivation: dict) -> dict[str, Any]:
    """The contents of the sidecar of an output.

    Parameters
    ----------
    source, output
        The volume that was read, and the file that is written.
    image
        The output image.
    axis
        Its through-plane axis.
    command
        The command line; empty if the package was not used by it.
    derivation
        Of ``derivation_of``.
    """
    entries: dict[str, Any] = {
        "Description": "Slices between acquired slices are synthesized. Not for diagnosis.",
        "Sources": [_relative(source, output.parent)],
        "GeneratedBy": generated_by(),
        "SpacingBetweenSlices": float(image.GetSpacing()[axis]),
    }
    if image.GetImageDimension() == 4:
        entries["RepetitionTime"] = float(image.GetSpacing()[3])
    if command:
        entries["CommandLine"] = command
    return entries | {"LatentSR": {"output": output.name, **derivation, "versions": versions()}}


def _relative(path: Path, folder: Path) -> str:
    """A path from a folder, with slashes; on another drive, the name."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return path.name
