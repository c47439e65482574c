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
"""Super-resolution of all volumes of a folder, one task each."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, UsageError, translated
from latent_sr.interrupts import removed_on_sigterm
from latent_sr.models import load_model
from latent_sr.parallel import run_tasks
from latent_sr.threads import number_of_threads
from latent_sr.upsampling import DEFAULT_FACTOR, UpsampleOptions, make_filter, spacing_warning, update_filter
from latent_sr.versions import package_version
from latent_sr.volumes import (
    DEFAULT_READING,
    OUTPUT_EXTENSIONS,
    ReadOptions,
    Volume,
    expand_inputs,
    extension_of,
    open_volume,
    pixel_type,
    write_volume,
    written_as,
)
from latent_sr.volumes.dicom.scan import is_dicom_folder
from latent_sr.volumes.outputs import check_folder_of, remove_leftovers, temporary_beside, writing


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
    """

    source: str
    output: str
    label: str
    target: str
    options: UpsampleOptions = field(default_factory=UpsampleOptions)
    reading: ReadOptions = DEFAULT_READING
    as_dicom: bool = False


@dataclass
class UpsampleOutcome:
    """The message and the warnings about a volume."""

    text: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Prepared:
    """A volume, and the filter that is ready to run on it."""

    volume: Volume
    upsampler: Any
    slices: int
    warnings: list[str]


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
    of_file = {"axis": volume.slice_axis, "slice_thickness": volume.slice_thickness}
    of_file = {name: value for name, value in of_file.items() if getattr(options, name) is None}
    upsampler = make_filter(volume.image, replace(options, model=model, **of_file))
    with translated(f"'{task.label}'"):
        upsampler.UpdateOutputInformation()
        axis = int(upsampler.GetSliceAxisUsed())
    size = upsampler.GetOutput().GetLargestPossibleRegion().GetSize()
    slices = int(size[axis]) * (int(size[3]) if volume.image.GetImageDimension() == 4 else 1)
    if int(volume.image.GetLargestPossibleRegion().GetSize()[axis]) == 1:
        warning = "it has only one slice, so no slice can be synthesized"
    else:
        warning = spacing_warning(model, volume.image, axis)
    if warning:
        warnings.append(f"'{task.label}': {warning}")
        if warn is not None:
            warn(warnings[-1])
    return Prepared(volume, upsampler, slices, warnings)


def write_result(
    task: UpsampleTask,
    volume: Volume,
    result: Any,
    overwrite: bool = False,
    writing: Callable[[int, int], None] | None = None,
) -> UpsampleOutcome:
    """Write the output of the filter in the type that the volume is stored in.

    Parameters
    ----------
    writing
        Called with the number of DICOM files written so far, and their total number.
    """
    if task.as_dicom:
        from latent_sr.volumes.dicom.write import write_series

        count = write_series(result, volume.component, volume.source, Path(task.output), _derivation(task), writing)
        return UpsampleOutcome(f"{task.target}: {_geometry(result)}, DICOM, {count} files")
    write_volume(result, task.output, volume.component, overwrite=overwrite)
    outcome = UpsampleOutcome(f"{task.target}: {_geometry(result)}, {pixel_type(result)}")
    if volume.component in ("char", "long", "long_long"):
        outcome.warnings.append(
            f"'{task.target}' is written in the pixel type {written_as(volume.component)}: ITK's Python classes can't "
            f"write {volume.component}"
        )
    return outcome


def _derivation(task: UpsampleTask) -> Any:
    """The description that a derived DICOM series contains."""
    from latent_sr.volumes.dicom.write import Derivation

    options = task.options
    model = "the bundled model" if options.model is None else f"the model {Path(options.model).name}"
    amount = f"to {options.spacing:g} mm" if options.spacing is not None else f"x{options.factor or DEFAULT_FACTOR}"
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
        outcome = write_result(task, prepared.volume, update_filter(prepared.upsampler), overwrite=True)
    outcome.warnings[:0] = prepared.warnings
    return outcome


# Folders --------------------------------------------------------------------------------------------------------------


def means_folder(source: Path, output: Path) -> bool:
    """Whether the input is a folder of volumes for an output folder, rather than one volume for one file."""
    if not source.is_dir() or extension_of(output, OUTPUT_EXTENSIONS):
        return False
    return output.is_dir() or not is_dicom_folder(source)


def plan_outputs(source: Path, output: Path, overwrite: bool = False) -> list[tuple[Path, Path]]:
    """The volumes of a folder, and the output file of each, which has the same relative name.

    A volume keeps its format if that format can be written as one file. Otherwise .nhdr becomes .nrrd, .mhd becomes
    .mha, and .hdr becomes .nii. A DICOM folder becomes a file with its name and .nii.gz.

    Raises
    ------
    UsageError
        If the output folder is the input folder or lies inside it.
    LatentSRError
        If there is no volume, two volumes would get the same name, an output exists, or the folder is not writable.
    """
    if output.exists() and not output.is_dir():
        raise LatentSRError(f"'{output}' is a file, but has to be a folder, because '{source}' is one")
    if output.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the output folder '{output}' lies in the input folder '{source}': name another one")
    if not output.exists():
        check_folder_of(output)
    elif not os.access(output, os.W_OK):
        raise LatentSRError(f"the folder '{output}' is not writable")
    planned: dict[Path, Path] = {}
    for volume in expand_inputs([source]):
        target = output / _output_name(volume, source)
        if target in planned:
            raise LatentSRError(f"'{planned[target]}' and '{volume}' would both become '{target}': rename one of them")
        planned[target] = volume
    inputs = {volume.resolve() for volume in planned.values()}
    both = next((target for target in planned if target.resolve() in inputs), None)
    if both is not None:
        raise UsageError(f"'{both}' is input and output at the same time: name another output folder")
    existing = [target for target in planned if target.is_dir() or (target.exists() and not overwrite)]
    if existing:
        more = f" and {len(existing) - 1} more exist" if len(existing) > 1 else " exists"
        raise LatentSRError(
            f"'{existing[0]}'{more} already: name another output folder, or give --overwrite to replace"
        )
    return [(volume, target) for target, volume in planned.items()]


def _output_name(volume: Path, source: Path) -> Path:
    name = volume.relative_to(source) if volume != source else Path(volume.resolve().name)
    if volume.is_dir():
        return name.with_name(f"{name.name}.nii.gz")
    extension = extension_of(volume)
    written = {".nhdr": ".nrrd", ".mhd": ".mha", ".hdr": ".nii", ".hdr.gz": ".nii.gz"}.get(extension)
    return name if written is None else name.with_name(name.name[: -len(extension)] + written)


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """A hidden folder inside the output folder, which is created if needed.

    Results are written there first and moved when they are complete, so that a process that dies leaves nothing behind.
    The hidden folder is removed at the end. A new output folder is removed as well if it is still empty.
    """
    is_new = not output.exists()
    output.mkdir(exist_ok=True)
    try:
        remove_leftovers(output / "latent-sr")
        folder = temporary_beside(output / "latent-sr")
        folder.mkdir(mode=0o700)
        try:
            with removed_on_sigterm(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        if is_new and not any(output.iterdir()):
            output.rmdir()


def upsample_all(
    tasks: Sequence[UpsampleTask], *, jobs: int = 1, scheduler: str | None = None
) -> Iterator[tuple[int, UpsampleOutcome | LatentSRError]]:
    """Run all tasks, and move each result from ``output`` to ``target`` when it is complete.

    Yields
    ------
    int, UpsampleOutcome or LatentSRError
        The position of a task and its outcome, in the order of completion. A failure does not stop the others.
    """
    running = run_tasks(upsample_file, tasks, [task.label for task in tasks], jobs=jobs, scheduler=scheduler)
    with closing(running):
        for position, outcome in running:
            if not isinstance(outcome, LatentSRError):
                outcome = _moved(tasks[position], outcome)
            yield position, outcome


def _moved(task: UpsampleTask, outcome: UpsampleOutcome) -> UpsampleOutcome | LatentSRError:
    target = Path(task.target)
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            Path(task.output).replace(target)
    except LatentSRError as error:
        return error
    return outcome


def in_staging(folder: Path, number: int, target: Path) -> Path:
    """Where the result of a task is written first. The path is absolute: a worker may have another current folder."""
    return folder.absolute() / f"{number}{extension_of(target, OUTPUT_EXTENSIONS)}"
