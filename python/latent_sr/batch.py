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
"""Super-resolution of a volume in a file, as a task that another process may do."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.grids import covered_share
from latent_sr.json_text import json_text
from latent_sr.models import load_model
from latent_sr.provenance import derivation_of, mode_reason, mode_used, model_identity, remove_sidecar, sidecar
from latent_sr.threads import number_of_threads
from latent_sr.upsampling import (
    DEFAULT_FACTOR,
    UpsampleOptions,
    make_filter,
    slice_spacing,
    spacing_warning,
    update_with_error,
    with_reference,
)
from latent_sr.versions import package_version
from latent_sr.volumes import (
    DEFAULT_READING,
    ReadOptions,
    Volume,
    open_volume,
    sidecar_path,
    write_text,
    write_volume,
    written_type,
)


@dataclass(frozen=True)
class UpsampleTask:
    """What to do with one volume: everything that another process needs to know.

    Attributes
    ----------
    source, output
        Where the volume is read from, and where the result is written to.
    label, target
        The names of both in messages.
    options
        The options of ``upsample``. The model is the name of a file, or None for the bundled model.
    reading
        Which series and phase are read, and the value that replaces NaN.
    as_dicom
        Whether ``output`` is a folder for a derived DICOM series, instead of a file.
    sidecar
        Whether a JSON file that says what was done is written beside a file.
    command
        The command line, for the sidecar.
    """

    source: str
    output: str
    label: str
    target: str
    options: UpsampleOptions = field(default_factory=UpsampleOptions)
    reading: ReadOptions = DEFAULT_READING
    as_dicom: bool = False
    sidecar: bool = False
    command: str = ""


@dataclass
class UpsampleOutcome:
    """The message and the warnings about a volume."""

    text: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Prepared:
    """A volume, and the filter that is ready to run on it.

    Attributes
    ----------
    slices
        Number of output slices.
    options
        The options of the task, with the model and what the file says, ``with_reference``.
    thickness_source
        What the slice thickness was taken from.
    mode
        The mode that is used, and why.
    """

    volume: Volume
    upsampler: Any
    slices: int
    warnings: list[str]
    options: UpsampleOptions
    thickness_source: str
    mode: str


LARGEST_THICKNESS = 3.0
"""Thickness of slices, as a multiple of their distance, above which a warning says that it may be wrong."""


def thickness_warning(thickness: float, distance: float, source: str) -> str:
    """A sentence if slices are too thick to be plausible; otherwise an empty text. All lengths are in mm."""
    if thickness <= LARGEST_THICKNESS * distance:
        return ""
    return (
        f"slices are {thickness:.4g} mm thick by {source}, but {distance:.4g} mm apart: check the thickness, which "
        "decides over the mode"
    )


LEAST_COVERED = 0.5
"""Share of a reference's pixels inside of the volume, below which a warning says that it may be the wrong one."""


def reference_warning(reference: Any, image: Any) -> str:
    """A sentence if most pixels of a reference lie outside of a volume; otherwise an empty text."""
    share = covered_share(reference, image)
    if share >= LEAST_COVERED:
        return ""
    return f"{100 * (1 - share):.0f} % of the reference lie outside of it and become 0: check that it is the right one"


def prepare(
    task: UpsampleTask,
    warn: Callable[[str], None] | None = None,
    reading: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Read a volume and set up its filter. All checks are made except those of the pixels.

    Parameters
    ----------
    task
        The task.
    warn
        Called with each warning at once, so that the user sees it even if an error follows.
    reading
        Called while DICOM files are read: see ``open_volume``.

    Raises
    ------
    LatentSRError
        If the volume or the model can't be read, or the filter refuses them.
    """
    volume = open_volume(task.source, options=task.reading, progress=reading)
    warnings = list(volume.warnings)
    for text in warnings:
        if warn is not None:
            warn(text)
    if task.as_dicom and volume.source is None:
        raise LatentSRError(
            f"'{task.label}' is not DICOM: a derived series takes its patient and study from DICOM files"
        )
    options = task.options
    model = load_model(options.model)
    thickness_source = volume.thickness_source if options.slice_thickness is None else "--slice-thickness"
    of_file = {"axis": volume.slice_axis, "slice_thickness": volume.slice_thickness}
    of_file = {name: value for name, value in of_file.items() if getattr(options, name) is None}
    options = with_reference(replace(options, model=model, **of_file))
    upsampler = make_filter(volume.image, options)
    with translated(f"'{task.label}'"):
        upsampler.UpdateOutputInformation()
        axis = int(upsampler.GetSliceAxisUsed())
        used = mode_used(upsampler)
    size = upsampler.GetOutput().GetLargestPossibleRegion().GetSize()
    slices = int(size[axis]) * (int(size[3]) if volume.image.GetImageDimension() == 4 else 1)
    if int(volume.image.GetLargestPossibleRegion().GetSize()[axis]) == 1:
        warning = "it has only one slice, so no slice can be synthesized"
    else:
        warning = spacing_warning(model, volume.image, axis)
    distance, thickness = float(volume.image.GetSpacing()[axis]), float(upsampler.GetSliceThickness())
    overlap = thickness_warning(thickness, distance, thickness_source)
    outside = "" if options.reference is None else reference_warning(options.reference, volume.image)
    for text in filter(None, (warning, overlap, outside)):
        warnings.append(f"'{task.label}': {text}")
        if warn is not None:
            warn(warnings[-1])
    mode = f"{used} ({mode_reason(options.mode, used, distance, thickness, thickness_source)})"
    return Prepared(volume, upsampler, slices, warnings, options, thickness_source, mode)


def write_result(
    task: UpsampleTask,
    prepared: Prepared,
    result: Any,
    overwrite: bool = False,
    writing: Callable[[int, int], None] | None = None,
) -> UpsampleOutcome:
    """Write the output of the filter in the type that the volume is stored in, and its sidecar.

    Parameters
    ----------
    writing
        Called with the number of DICOM files written so far, and their total number.
    """
    volume = prepared.volume
    if task.as_dicom:
        from latent_sr.volumes.dicom.write import write_series

        count = write_series(
            result, volume.component, volume.source, Path(task.output), _derivation(task, prepared), writing
        )
        return UpsampleOutcome(f"{task.target}: {_geometry(result)}, DICOM, {count} files, {prepared.mode}")
    remove_sidecar(Path(task.output))
    write_volume(result, task.output, volume.component, overwrite=overwrite)
    if task.sidecar:
        _write_sidecar(task, prepared, result)
    written = written_type(volume.component)
    outcome = UpsampleOutcome(f"{task.target}: {_geometry(result)}, {written}, {prepared.mode}")
    if volume.component in ("char", "long", "long_long"):
        outcome.warnings.append(
            f"'{task.target}' is written in the pixel type {written}: ITK's Python classes can't "
            f"write {volume.component}"
        )
    return outcome


def _write_sidecar(task: UpsampleTask, prepared: Prepared, result: Any) -> None:
    upsampler = prepared.upsampler
    model = model_identity(task.options.model, upsampler.GetModel())
    derivation = derivation_of(upsampler, task.options, model, prepared.thickness_source)
    axis = int(upsampler.GetSliceAxisUsed())
    contents = sidecar(Path(task.source), Path(task.target), result, axis, task.command, derivation)
    write_text(json_text(contents), sidecar_path(Path(task.output)))


def _derivation(task: UpsampleTask, prepared: Prepared) -> Any:
    """The description that a derived DICOM series contains."""
    from latent_sr.volumes.dicom.write import Derivation

    options = task.options
    model = "the bundled model" if options.model is None else f"the model {Path(options.model).name}"
    spacing = slice_spacing(prepared.upsampler, prepared.options)
    amount = f"x{options.factor or DEFAULT_FACTOR}" if spacing is None else f"to {spacing:g} mm"
    return Derivation(
        f"Slices between acquired ones are synthesized ({amount}) by latent-sr {package_version()} with "
        f"{model}, output mode {options.mode}. Not for diagnosis.",
        f"synthesized {amount}, not for diagnosis",
    )


def _geometry(image: Any) -> str:
    dimension = image.GetImageDimension()
    size = image.GetLargestPossibleRegion().GetSize()
    shape = " x ".join(str(int(size[axis])) for axis in range(dimension))
    spacing = " x ".join(f"{float(image.GetSpacing()[axis]):.4g}" for axis in range(3))
    return f"{shape} pixels, {spacing} mm"


def upsample_file(task: UpsampleTask) -> UpsampleOutcome:
    """Read a volume, up-sample it and write the result. The output of a process that died is replaced."""
    with number_of_threads(task.options.threads):
        prepared = prepare(task)
        result, _ = update_with_error(prepared.upsampler, prepared.options, with_error=False)
        outcome = write_result(task, prepared, result, overwrite=True)
    outcome.warnings[:0] = prepared.warnings
    return outcome
