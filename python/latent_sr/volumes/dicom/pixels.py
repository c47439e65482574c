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
"""The pixel values of DICOM images: slope * stored value + intercept.

pydicom decodes the pixels. Display attributes (photometric interpretation, windows) do not change pixel values.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError, one_line
from latent_sr.volumes.dicom.frames import Frame
from latent_sr.volumes.dicom.scan import quiet_pydicom
from latent_sr.volumes.dicom.stack import Stack


def fill(stack: Stack, array: Any, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy the values of all phases of a stack into an array.

    Parameters
    ----------
    stack
        The stack.
    array
        An array of the grid's size, in NumPy's order of axes: (phases, slices, rows, columns).
    progress
        Called with the number of images read so far, and their total number.

    Raises
    ------
    LatentSRError
        If an image is damaged, truncated, or can't be decoded.
    """
    decoder = _Decoder()
    total, done = len(stack.phases) * len(stack.shifts), 0
    for volume, phase in zip(array, stack.phases, strict=True):
        for part, frame, (column, row) in zip(volume, phase, stack.shifts, strict=True):
            values = decoder.values(frame)
            if stack.is_shifted:
                part[...] = values.min()
            part[row : row + frame.rows, column : column + frame.columns] = values
            done += 1
            if progress is not None:
                progress(done, total)


class _Decoder:
    """Decodes images. An enhanced file, which holds many images, is read once."""

    def __init__(self) -> None:
        self._enhanced: dict[Path, Any] = {}

    def values(self, frame: Frame) -> Any:
        """The values of an image as an array (rows, columns)."""
        try:
            with quiet_pydicom():
                values = _rescaled(self._stored(frame), frame)
        except LatentSRError:
            raise
        except (ValueError, EOFError, OSError, AttributeError) as error:
            # The file is damaged. NumPy's message would not help the user.
            raise LatentSRError(f"can't read the pixels of {frame.label}: it is damaged or cut off") from error
        except Exception as error:  # decoders raise many types of errors, for example for an unknown compression
            if "exceptions were raised" in str(error):
                raise LatentSRError(f"can't read the pixels of {frame.label}: it is damaged or cut off") from error
            raise LatentSRError(f"can't read the pixels of {frame.label}: {one_line(error)}") from error
        if values.shape != (frame.rows, frame.columns):
            raise LatentSRError(
                f"can't read the pixels of {frame.label}: they are {' x '.join(map(str, values.shape[::-1]))}, but "
                f"have to be {frame.columns} x {frame.rows}"
            )
        return values

    def _stored(self, frame: Frame) -> Any:
        """The stored values of an image. Bits beyond BitsStored are ignored."""
        from pydicom.pixels import pixel_array

        if frame.is_enhanced:
            if frame.path not in self._enhanced:
                self._enhanced[frame.path] = _whole_file(frame.path)
            dataset = self._enhanced[frame.path]
        else:
            dataset = _whole_file(frame.path)
        _check_length(dataset, frame)
        plugin = _plugin(dataset.file_meta.TransferSyntaxUID)
        return pixel_array(dataset, raw=True, index=frame.number, decoding_plugin=plugin)


def _check_length(dataset: Any, frame: Frame) -> None:
    """Refuse uncompressed pixels that exceed the image by a row or more: its size or its bits are wrong."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed and not dataset.file_meta.TransferSyntaxUID.is_deflated:
        return
    count = int(dataset.get("NumberOfFrames") or 1)
    row = frame.columns * frame.bits // 8
    expected = count * frame.rows * row
    if len(dataset.PixelData) >= expected + row:
        raise LatentSRError(
            f"'{frame.path}' has {len(dataset.PixelData)} bytes of pixels, but {count} x {frame.columns} x "
            f"{frame.rows} of {frame.bits} bits are {expected}: its size or its bits are wrong"
        )


def _plugin(syntax: Any) -> str:
    """The decoding plugin for a compression; empty: any available plugin.

    GDCM's decoder may crash on damaged pixels, so other decoders are used if there are any.
    """
    from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, RLELossless

    if syntax in JPEGLSTransferSyntaxes:
        return "pyjpegls"
    if syntax in JPEG2000TransferSyntaxes:
        return "pillow"
    return "pydicom" if syntax == RLELossless else ""


def _whole_file(path: Path) -> Any:
    """A file including its pixels."""
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in getattr(dataset, "file_meta", {}):
        # The file has no header. pydicom has detected the encoding of its attributes.
        implicit, little = dataset.original_encoding
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        )
    return dataset


def _rescaled(stored: Any, frame: Frame) -> Any:
    import numpy as np

    if frame.slope == 1 and frame.intercept == 0:
        return stored
    if frame.is_whole:
        return stored.astype(np.int64) * int(frame.slope) + int(frame.intercept)
    return stored.astype(np.float64) * frame.slope + frame.intercept
