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
"""The volumes in files and folders."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes.dicom.scan import first_image, is_dicom_folder
from latent_sr.volumes.names import VOLUME_EXTENSIONS, extension_of


def expand_inputs(inputs: Iterable[str | os.PathLike]) -> list[Path]:
    """The volumes in files, DICOM folders, and folders of volumes.

    Folders are searched with their subfolders, in sorted order. Hidden files are left out. A volume that is named twice
    is returned once. Folders whose first DICOM files belong to the same series are parts of one volume; the folder
    above them is returned instead.

    Returns
    -------
    list of Path
        Files, and folders that hold one DICOM volume each.

    Raises
    ------
    LatentSRError
        If an input does not exist, or a folder holds no volume.
    """
    found: dict[Path, None] = {}
    for name in inputs:
        path = Path(name)
        if path.is_file():
            found[path] = None
        elif path.is_dir():
            inside = _volumes_in(path)
            if not inside:
                raise LatentSRError(
                    f"'{path}' holds no volume: neither DICOM files nor {', '.join(VOLUME_EXTENSIONS)} were found in it"
                )
            found.update(dict.fromkeys(inside))
        else:
            raise LatentSRError(f"'{path}' does not exist")
    return list(found)


def _volumes_in(folder: Path) -> list[Path]:
    volumes: list[Path] = []
    dicom: list[Path] = []
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(current)
        volumes += [here / name for name in sorted(files) if not name.startswith(".") and _is_volume(here / name)]
        if is_dicom_folder(here):
            dicom.append(here)
    return sorted([*volumes, *_with_parts_joined(dicom)])


def _is_volume(path: Path) -> bool:
    extension = extension_of(path)
    if extension in (".hdr", ".hdr.gz"):
        stem = path.name[: -len(extension)]
        return any((path.with_name(stem + extension.replace("hdr", part))).is_file() for part in ("img", "IMG"))
    return bool(extension)


def _with_parts_joined(folders: Sequence[Path]) -> list[Path]:
    """DICOM folders, in which parts of one series are replaced by the folder above them.

    Folders whose first images are equal are copies, not parts.
    """
    by_series: dict[str, dict[str, Path]] = {}
    found: set[Path] = set()
    for folder in folders:
        series, image = first_image(folder)
        parts = by_series.setdefault(series, {})
        if not series or not image or image in parts:
            found.add(folder)
        else:
            parts[image] = folder
    for parts in by_series.values():
        if parts:
            found.add(Path(os.path.commonpath(list(parts.values()))))
    return sorted(found)
