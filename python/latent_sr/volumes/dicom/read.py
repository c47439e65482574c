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
"""Reading of a DICOM volume: a folder or file becomes a 3D image, or a 4D image if it has several phases."""

from dataclasses import replace
from pathlib import Path

from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.dicom.pixels import fill
from latent_sr.volumes.dicom.scan import quiet_pydicom, scan
from latent_sr.volumes.dicom.series import choose_frames
from latent_sr.volumes.dicom.stack import SLICE_AXIS, Stack, make_stack
from latent_sr.volumes.images import cast, new_image
from latent_sr.volumes.phases import check_phase
from latent_sr.volumes.volume import OpenedVolume, ReadOptions, ReadProgress, Volume, VolumeHeader, computed_in


def find_stack(path: Path, options: ReadOptions, progress: ReadProgress | None = None) -> Stack:
    """The stack in a folder or file, which may have several phases.

    Raises
    ------
    LatentSRError
        If there is no stack, or more than one.
    """
    files, left_out = scan(path, progress)
    with quiet_pydicom():
        frames: list[Frame] = choose_frames(path, files, options)
        stack = make_stack(path, frames)
    if not left_out:
        return stack
    text = (
        f"'{path}' holds DICOM images itself, so {left_out} image{'s' if left_out > 1 else ''} of other series in its "
        "subfolders are ignored"
    )
    return replace(stack, warnings=(*stack.warnings, text))


class DicomVolume(OpenedVolume):
    """The stack in a folder or file, after all checks except those of the pixels.

    Parameters
    ----------
    path
        A folder, searched with its subfolders, or a file.
    options
        Which series is read. ``nan`` has no effect: DICOM values are finite.
    progress
        Called for each file whose attributes are read, with the number of files so far and their total number.

    Raises
    ------
    LatentSRError
        With one of the reasons in ``docs/volumes.md``.
    """

    def __init__(self, path: Path, options: ReadOptions, progress: ReadProgress | None = None) -> None:
        stack = find_stack(path, options, progress)
        self._stack = stack
        self.header = VolumeHeader(
            path,
            stack.grid.size,
            stack.grid.all_spacings,
            stack.component,
            slice_axis=SLICE_AXIS,
            slice_thickness=stack.thickness,
            thickness_source=_thickness_source(stack),
            read_alike_by_itk=False,
            warnings=stack.warnings,
        )

    def read(self, options: ReadOptions, compute_in: str | None = None, progress: ReadProgress | None = None) -> Volume:
        """The volume, or its requested phase. Pixels of other phases are not read."""
        import itk

        path, stack = self.header.path, self._stack
        if options.phase is not None:
            check_phase(path, options.phase, len(stack.phases))
            one = stack.phases[options.phase : options.phase + 1]
            stack = replace(stack, phases=one, grid=replace(stack.grid, size=stack.grid.size[:3]))
        image = new_image(stack.grid, compute_in or computed_in(stack.component))
        view = itk.array_view_from_image(image)
        fill(stack, view if view.ndim == 4 else view[None], progress)
        component = stack.component
        if component == "int" and view.min() >= -(2**15) and view.max() < 2**15:
            # The stored bits allow larger values, but they do not occur, for example in 16-bit CT with an intercept.
            component = "short"
            image = image if compute_in else cast(image, computed_in(component))
        return Volume(
            path, image, component, stack.thickness, SLICE_AXIS, stack.warnings, _thickness_source(stack), stack
        )


def _thickness_source(stack: Stack) -> str:
    return "SliceThickness (0018,0050)" if stack.thickness > 0 else ""
