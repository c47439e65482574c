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
"""Names of files: their extensions, and what is left without them."""

from collections.abc import Sequence
from pathlib import Path

VOLUME_EXTENSIONS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr", ".hdr.gz")
"""What is found in a folder of volumes; ``.hdr`` if its ``.img`` lies beside it."""


def extension_of(path: Path, extensions: Sequence[str] = VOLUME_EXTENSIONS) -> str:
    """The one of some extensions that a path ends with, in lower case; empty if none."""
    name = path.name.lower()
    return next((extension for extension in extensions if name.endswith(extension)), "")


def stem_of(path: Path) -> str:
    """The name of a file without its extension, ``.nii.gz`` being one."""
    extension = extension_of(path) or path.suffix
    return path.name[: len(path.name) - len(extension)] if extension else path.name
