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
"""The masks of volumes, which select the pixels that are measured."""

import os
from collections.abc import Sequence
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes import VOLUME_EXTENSIONS, VolumeHeader, read_header, stem_of


def find_masks(mask: str | os.PathLike | None, headers: Sequence[VolumeHeader]) -> list[Path | None]:
    """The mask of each volume: one file for all volumes, or the file of the same name in a folder.

    In a folder, the extension of a mask may differ. The mask of a DICOM folder has the name of that folder.

    Raises
    ------
    LatentSRError
        If a mask is missing or differs in size from its volume, or if two volumes of the same name share a mask.
    """
    if mask is None:
        return [None] * len(headers)
    mask = Path(mask)
    if not mask.exists():
        raise LatentSRError(f"the mask '{mask}' does not exist")
    found: list[Path | None] = []
    named: dict[Path, Path] = {}
    for header in headers:
        file = mask if mask.is_file() else _mask_in(mask, header.path)
        if mask.is_dir() and named.setdefault(file, header.path) != header.path:
            raise LatentSRError(f"'{file}' is the mask of both '{named[file]}' and '{header.path}': rename one of them")
        _check_mask(file, header)
        found.append(file)
    return found


def _mask_in(folder: Path, volume: Path) -> Path:
    names = [volume.name, *(f"{stem_of(volume)}{extension}" for extension in VOLUME_EXTENSIONS)]
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise LatentSRError(f"the folder '{folder}' holds no mask of '{volume}': it has to be named '{volume.name}'")
    return file


def _check_mask(file: Path, header: VolumeHeader) -> None:
    size = read_header(file).size
    if size[:3] != header.size[:3] or (len(size) == 4 and size != header.size):
        expected, given = (" x ".join(map(str, shape)) for shape in (header.size, size))
        raise LatentSRError(f"the mask '{file}' has {given} pixels, but '{header.path}' has {expected}")
