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
"""File names: extensions and stems."""

from collections.abc import Sequence
from pathlib import Path

VOLUME_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".hdr.gz")
"""Extensions of the volumes that are found in folders. ``.hdr`` counts if its ``.img`` lies beside it."""


def extension_of(path: Path, extensions: Sequence[str] = VOLUME_EXTENSIONS) -> str:
    """The extension, from a list, that a path ends with, in lower case; empty if there is none."""
    name = path.name.lower()
    return next((extension for extension in extensions if name.endswith(extension)), "")


def stem_of(path: Path) -> str:
    """The name of a file without its extension. ``.nii.gz`` counts as one extension."""
    extension = extension_of(path) or path.suffix
    return path.name[: len(path.name) - len(extension)] if extension else path.name
