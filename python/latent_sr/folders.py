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
"""Folders of volumes: the names of their outputs, and the tasks of all volumes.

Outputs must not be mistaken for acquired volumes. In a BIDS dataset they get the entity ``rec``, and the output folder
becomes a derivative dataset; otherwise a suffix is added to the names.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latent_sr.batch import UpsampleOutcome, UpsampleTask, upsample_file
from latent_sr.errors import LatentSRError, UsageError
from latent_sr.interrupts import removed_on_sigterm
from latent_sr.json_text import json_text
from latent_sr.parallel import run_tasks
from latent_sr.provenance import generated_by, is_sidecar, remove_sidecar
from latent_sr.volumes import OUTPUT_EXTENSIONS, expand_inputs, extension_of, sidecar_path, write_text
from latent_sr.volumes.dicom.scan import is_dicom_folder
from latent_sr.volumes.outputs import check_folder_of, made_folders, remove_leftovers, temporary_beside, writing

DEFAULT_SUFFIX = "_sr"
"""What is added to the names of volumes that are not in a BIDS dataset."""

BIDS_RECONSTRUCTION = "latentsr"
"""The label of the entity ``rec``."""

_DESCRIPTION = "dataset_description.json"

_BIDS_NAME = re.compile(r"sub-[0-9A-Za-z]+(?:_[a-z]+-[0-9A-Za-z]+)*_[0-9A-Za-z]+")
_BEFORE_REC = ("sub", "ses", "sample", "task", "tracksys", "acq", "ce", "trc", "stain")
"""The entities that BIDS puts before ``rec``."""


@dataclass(frozen=True)
class FolderOptions:
    """How the outputs of a folder are named, and what happens to existing ones.

    Attributes
    ----------
    suffix
        Added to the names. None: the entity ``rec`` for names of BIDS, otherwise ``DEFAULT_SUFFIX``.
    overwrite
        Whether existing outputs are replaced.
    skip_existing
        Whether volumes whose output exists are left out.
    sidecars
        Whether a sidecar is written beside each output.
    """

    suffix: str | None = None
    overwrite: bool = False
    skip_existing: bool = False
    sidecars: bool = True

    def __post_init__(self) -> None:
        if self.suffix is not None and not re.fullmatch(r"[^/\\\0]*", self.suffix):
            raise UsageError(f"the suffix is '{self.suffix}', but has to be a part of a file name")


@dataclass
class PlannedOutputs:
    """The outputs of a folder.

    Attributes
    ----------
    volumes
        Each volume with the file that is written.
    skipped
        Outputs that exist already and are left as they are.
    """

    volumes: list[tuple[Path, Path]]
    skipped: list[Path]


def means_folder(source: Path, output: Path) -> bool:
    """Whether the input is a folder of volumes for an output folder, rather than one volume for one file."""
    if not source.is_dir() or extension_of(output, OUTPUT_EXTENSIONS):
        return False
    return output.is_dir() or not is_dicom_folder(source)


def plan_outputs(source: Path, output: Path, options: FolderOptions | None = None) -> PlannedOutputs:
    """The volumes of a folder, and the output file of each, in the same subfolder.

    A volume keeps its format if that format can be written as one file. Otherwise .nhdr becomes .nrrd, .mhd becomes
    .mha, and .hdr becomes .nii. A DICOM folder becomes a file with its name and .nii.gz.

    Raises
    ------
    UsageError
        If the output folder is the input folder or lies inside it.
    LatentSRError
        If there is no volume, two volumes would get the same name, an output exists, or the folder is not writable.
    """
    options = options or FolderOptions()
    _check_folders(source, output)
    planned: dict[Path, Path] = {}
    for volume in expand_inputs([source]):
        target = output / _output_name(volume, source, options.suffix)
        if target in planned:
            raise LatentSRError(f"'{planned[target]}' and '{volume}' would both become '{target}': rename one of them")
        planned[target] = volume
    inputs = {volume.resolve() for volume in planned.values()}
    both = next((target for target in planned if target.resolve() in inputs), None)
    if both is not None:
        raise UsageError(f"'{both}' is input and output at the same time: name another output folder")
    if options.sidecars:
        _check_sidecars(planned)
    skipped = [target for target in planned if options.skip_existing and target.is_file()]
    for target in skipped:
        del planned[target]
    sidecars = [sidecar_path(target) for target in planned if options.sidecars]
    written = [*planned, *(path for path in sidecars if not is_sidecar(path))]
    existing = [path for path in written if path.is_dir() or (path.exists() and not options.overwrite)]
    if existing:
        more = f" and {len(existing) - 1} more exist" if len(existing) > 1 else " exists"
        raise LatentSRError(
            f"'{existing[0]}'{more} already: name another output folder, or give --overwrite to replace"
        )
    return PlannedOutputs([(volume, target) for target, volume in planned.items()], skipped)


def _check_folders(source: Path, output: Path) -> None:
    if output.exists() and not output.is_dir():
        raise LatentSRError(f"'{output}' is a file, but has to be a folder, because '{source}' is one")
    if output.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the output folder '{output}' lies in the input folder '{source}': name another one")
    if not output.exists():
        check_folder_of(output, may_be_made=True)
    elif not os.access(output, os.W_OK):
        raise LatentSRError(f"the folder '{output}' is not writable")


def _check_sidecars(planned: dict[Path, Path]) -> None:
    by_sidecar: dict[Path, Path] = {}
    for target, volume in planned.items():
        other = by_sidecar.setdefault(sidecar_path(target), volume)
        if other != volume:
            raise LatentSRError(
                f"'{other}' and '{volume}' would both get the sidecar '{sidecar_path(target)}': rename one of them, or "
                "give --no-sidecar"
            )


def _output_name(volume: Path, source: Path, suffix: str | None) -> Path:
    """The output of a volume, relative to the output folder."""
    name = volume.relative_to(source) if volume != source else Path(volume.resolve().name)
    if volume.is_dir():
        stem, extension = name.name, ".nii.gz"
    else:
        extension = extension_of(volume)
        stem = name.name[: -len(extension)]
        # The letters of the extension are kept.
        extension = {".nhdr": ".nrrd", ".mhd": ".mha", ".hdr": ".nii", ".hdr.gz": ".nii.gz"}.get(
            extension, name.name[len(stem) :]
        )
    if suffix is None:
        stem = with_reconstruction(stem) if _BIDS_NAME.fullmatch(stem) else f"{stem}{DEFAULT_SUFFIX}"
    else:
        stem += suffix
    return name.with_name(stem + extension)


def with_reconstruction(stem: str) -> str:
    """A BIDS name with the entity ``rec``. The label of an existing one is extended."""
    *entities, suffix = stem.split("_")
    for number, entity in enumerate(entities):
        if entity.startswith("rec-"):
            entities[number] += BIDS_RECONSTRUCTION
            break
    else:
        place = sum(entity.split("-")[0] in _BEFORE_REC for entity in entities)
        entities.insert(place, f"rec-{BIDS_RECONSTRUCTION}")
    return "_".join([*entities, suffix])


def describe_dataset(source: Path, output: Path) -> None:
    """Write the description of a derivative dataset, if the input is a BIDS dataset and the output has none.

    Raises
    ------
    LatentSRError
        If it can't be written.
    """
    if not (source / _DESCRIPTION).is_file() or (output / _DESCRIPTION).exists():
        return
    description: dict[str, Any] = {
        "Name": "Super-resolution of stacks of thick slices",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": generated_by(),
        "SourceDatasets": [{"URL": source.resolve().as_uri()}],
    }
    write_text(json_text(description), output / _DESCRIPTION)


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """A hidden folder inside the output folder, which is created if needed.

    Results are written there first and moved when they are complete, so that a process that dies leaves nothing behind.
    The hidden folder is removed at the end. New folders are removed as well if they are still empty.
    """
    with made_folders(output):
        remove_leftovers(output / "latent-sr")
        folder = temporary_beside(output / "latent-sr")
        folder.mkdir(mode=0o700)
        try:
            with removed_on_sigterm(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


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
            remove_sidecar(target)
            Path(task.output).replace(target)
            if task.sidecar:
                sidecar_path(Path(task.output)).replace(sidecar_path(target))
    except LatentSRError as error:
        return error
    return outcome


def in_staging(folder: Path, number: int, target: Path) -> Path:
    """Where the result of a task is written first. The path is absolute: a worker may have another current folder."""
    return folder.absolute() / f"{number}{extension_of(target, OUTPUT_EXTENSIONS)}"
