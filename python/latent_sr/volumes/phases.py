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
"""Phases: the 3D volumes of a 4D volume."""

from dataclasses import replace
from pathlib import Path

from latent_sr.errors import LatentSRError
from latent_sr.volumes.images import frame_of
from latent_sr.volumes.volume import ReadOptions, Volume


def check_phase(path: Path, phase: int, phases: int) -> None:
    """Refuse the number of a phase that a volume does not have.

    Raises
    ------
    LatentSRError
        With the numbers of the existing phases.
    """
    if phase >= phases:
        has = "one phase, 0" if phases == 1 else f"the phases 0 to {phases - 1}"
        raise LatentSRError(f"'{path}' has no phase {phase}: it has {has}")


def one_phase(volume: Volume, options: ReadOptions) -> Volume:
    """The requested phase of a volume, or the volume itself if no phase is requested."""
    if options.phase is None:
        return volume
    size = volume.image.GetLargestPossibleRegion().GetSize()
    frames = int(size[3]) if volume.image.GetImageDimension() == 4 else 1
    check_phase(volume.path, options.phase, frames)
    if volume.image.GetImageDimension() == 3:
        return volume
    return replace(volume, image=frame_of(volume.image, options.phase))
