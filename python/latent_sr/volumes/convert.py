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
"""Conversion of volumes that ITK's own readers would read differently from this package."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from latent_sr.errors import LatentSRError
from latent_sr.volumes.read import header_of, open_file
from latent_sr.volumes.volume import ReadOptions, VolumeHeader, default_slice_axis
from latent_sr.volumes.write import write_volume


@contextmanager
def files_for_itk(
    paths: Sequence[Path],
    options: ReadOptions,
    slice_axis: int | None = None,
    notify: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Iterator[list[Path]]:
    """Files that ITK's C++ readers read like this package does. Temporary files exist as long as the context.

    DICOM folders, and files that ITK reads differently (a list in NRRD, NaN that is replaced), are read once and
    written to a temporary folder. Other files are used as they are.

    Parameters
    ----------
    paths
        Files and DICOM folders.
    options
        Which series and phase are read, and the value that replaces NaN.
    slice_axis
        The slice axis for all volumes; None: ITK uses the axis of the largest spacing.
    notify
        Called with the name of each volume that is converted.
    warn
        Called with each of the reader's warnings.

    Raises
    ------
    LatentSRError
        If a volume can't be read, or ITK would use another slice axis. If the context raises an error, the names of
        temporary files in its message are replaced by those of the volumes.
    """
    with TemporaryDirectory(prefix="latent-sr-") as folder:
        names: dict[str, str] = {}
        files = []
        for number, path in enumerate(paths):
            opened = open_file(path, options)
            header = header_of(opened, options)
            _check_slice_axis(header, slice_axis)
            for text in header.warnings:
                if warn is not None:
                    warn(text)
            if header.read_alike_by_itk and options.phase is None and options.nan is None:
                opened.check_pixels()
                files.append(path)
                continue
            if notify is not None:
                notify(str(path))
            volume = opened.read(options)
            file = Path(folder) / f"{number}.mha"
            write_volume(volume.image, file, volume.component)
            names[str(file)] = str(path)
            files.append(file)
        try:
            yield files
        except LatentSRError as error:
            text = str(error)
            for file, name in names.items():
                text = text.replace(file, name)
            raise type(error)(text) from error


def _check_slice_axis(header: VolumeHeader, slice_axis: int | None) -> None:
    """Refuse a DICOM stack if ITK would use another slice axis."""
    used = default_slice_axis(header.spacing) if slice_axis is None or slice_axis < 0 else slice_axis
    if header.slice_axis is not None and used != header.slice_axis:
        spacing = " x ".join(f"{value:.4g}" for value in header.spacing[:3])
        raise LatentSRError(
            f"the slices of '{header.path}' are stacked along axis {header.slice_axis}, but that is not the axis of "
            f"its largest spacing ({spacing} mm): set the slice axis (--set slice-axis={header.slice_axis})"
        )
