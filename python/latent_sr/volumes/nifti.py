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
"""NIfTI files: one file (``.nii``, ``.nii.gz``) or a pair (``.hdr`` and ``.img``).

nibabel reads the header. If a header gives two positions of the volume, the rule of the standard and of nibabel
applies: the sform is used if its code is positive, otherwise the qform. ITK's own reader is not used, because it reads
NaN, and the missing end of a truncated pair, as zeros.
"""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from latent_sr.errors import LatentSRError
from latent_sr.itk_loading import without_pydicom
from latent_sr.volumes.bids import with_sidecar
from latent_sr.volumes.images import Grid, grid_of_affine, image_of_array, numbers, settle_nonfinite
from latent_sr.volumes.phases import one_phase
from latent_sr.volumes.volume import (
    OpenedVolume,
    ReadOptions,
    ReadProgress,
    Volume,
    VolumeHeader,
    component_of,
    computed_in,
)

NIFTI_EXTENSIONS = (".nii.gz", ".nii", ".hdr", ".img", ".hdr.gz", ".img.gz")

_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
_MILLIMETERS = {"meter": 1e3, "micron": 1e-3}

_CHUNK = 2**20
_LARGEST_REST = 2**26
"""Most bytes after the pixels that are read to verify the check sum of a compressed file."""

_NOTICED_DISTANCE = 0.1
"""In mm: largest distance between the corners by sform and by qform that needs no warning."""


def is_nifti_name(path: Path) -> bool:
    """Whether a file has a NIfTI name."""
    return path.name.lower().endswith(NIFTI_EXTENSIONS)


@dataclass
class NiftiFile(OpenedVolume):
    """A 3D or 4D NIfTI file and the contents of its header."""

    header: VolumeHeader
    pixels: Path
    offset: int
    numpy_type: Any
    slope: float
    intercept: float
    grid: Grid

    def read(self, options: ReadOptions, compute_in: str | None = None, _: ReadProgress | None = None) -> Volume:
        """The volume, or its requested phase."""
        header = self.header
        array = _pixels(self)
        settle_nonfinite(header.path, array, options.nan)
        image = image_of_array(array, self.grid, compute_in or computed_in(header.component))
        volume = Volume(
            header.path,
            image,
            header.component,
            header.slice_thickness,
            warnings=header.warnings,
            thickness_source=header.thickness_source,
        )
        return one_phase(volume, options)

    def check_pixels(self) -> None:
        """Refuse truncated, damaged or non-finite pixels, which ITK would read as zeros."""
        settle_nonfinite(self.header.path, _pixels(self), None)


def open_nifti(path: Path) -> NiftiFile | None:
    """A 3D or 4D NIfTI file. None if the name is not NIfTI, or for a 2D image, which ITK reads.

    Raises
    ------
    LatentSRError
        If its header can't be read, or does not place the volume.
    """
    if not is_nifti_name(path):
        return None
    raw = _raw_header(path)
    shape = _shape(path, raw)
    return _parse(path, raw, shape) if len(shape) > 2 else None


# Header ---------------------------------------------------------------------------------------------------------------


def _parse(path: Path, raw: Any, shape: tuple[int, ...]) -> NiftiFile:
    numpy_type, component, slope, intercept = _pixel_format(path, raw)
    space, time = units(raw)
    zooms = [abs(float(value)) * space for value in raw["pixdim"][1:4]]
    step = float(raw["pixdim"][4]) * time if len(shape) == 4 else 1.0
    warnings: list[str] = []
    affine, what = _affine(path, raw, shape, space, warnings)
    grid = grid_of_affine(path, what, shape, affine, step if 0 < step < math.inf else 1.0)
    if what == "sform" and any(abs(a - b) > 0.01 * a for a, b in zip(grid.spacing, zooms, strict=True)):
        warnings.append(
            f"the columns (directions) of the sform of '{path}' are {numbers(grid.spacing)} mm long, but its pixdim "
            f"says {numbers(zooms)} mm: the sform is taken"
        )
    # ITK uses the spacing in pixdim, and decides by the file name whether a file is compressed.
    alike = _is_gzipped(path) == path.name.lower().endswith(".gz") and all(
        abs(a - b) <= 1e-3 * a for a, b in zip(grid.spacing, zooms, strict=True)
    )
    header = VolumeHeader(
        path, grid.size, grid.all_spacings, component, read_alike_by_itk=alike, warnings=tuple(warnings)
    )
    header, grid = with_sidecar(header, grid, time_is_known=0 < step < math.inf)
    return NiftiFile(header, _pixels_of(path), _offset(path, raw), numpy_type, slope, intercept, grid)


def _raw_header(path: Path) -> Any:
    """The header as nibabel reads it, without checks."""
    with without_pydicom():
        from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
        from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader

    file = _header_of(path)
    pair = _is_pair(path)
    try:
        with _open(file) as stream:
            start = stream.read(544)
    except (OSError, EOFError, zlib.error) as error:
        raise LatentSRError(f"can't read '{file}', it is damaged: {error}") from error
    for order in ("little", "big"):
        size = int.from_bytes(start[:4], order)
        if size == 348 and len(start) >= 348:
            magic = start[344:348].rstrip(b"\0")
            if magic not in (b"n+1", b"ni1"):
                raise LatentSRError(
                    f"'{file}' is Analyze 7.5, which does not tell left from right: convert it to NIfTI"
                )
            kind = Nifti1PairHeader if pair else Nifti1Header
            return kind(start[:348], endianness="<" if order == "little" else ">", check=False)
        if size == 540 and len(start) >= 540:
            kind = Nifti2PairHeader if pair else Nifti2Header
            return kind(start[:540], endianness="<" if order == "little" else ">", check=False)
    if len(start) < 348:
        raise LatentSRError(f"can't read '{file}', it is cut off: it has {len(start)} bytes, a header has 348")
    raise LatentSRError(f"'{file}' is not a NIfTI file, or it is damaged: its header does not begin with 348 or 540")


def _shape(path: Path, raw: Any) -> tuple[int, ...]:
    count = int(raw["dim"][0])
    shape = tuple(int(length) for length in raw["dim"][1 : 1 + count]) if 1 <= count <= 7 else ()
    if not shape or min(shape) < 1:
        raise LatentSRError(
            f"'{path}' has the dimensions {raw['dim'].tolist()}, but has to have 1 to 7 of them, all positive"
        )
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape if len(shape) > 1 else (*shape, 1)


def _pixel_format(path: Path, raw: Any) -> tuple[Any, str, float, float]:
    """Type of the stored values, component type of the volume, slope and intercept."""
    from nibabel.spatialimages import HeaderDataError

    try:
        numpy_type = raw.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise LatentSRError(
            f"'{path}' has pixels of the data type {int(raw['datatype'])}, which is not known"
        ) from error
    if numpy_type.fields is not None:
        count = len(numpy_type.fields)
        raise LatentSRError(f"'{path}' has {count} components per pixel (rgb), but has to be a scalar image")
    component = component_of(numpy_type)
    if not component:
        raise LatentSRError(f"'{path}' has pixels of the type {numpy_type.name}, which is not supported")
    slope, intercept = float(raw["scl_slope"]), float(raw["scl_inter"])
    if slope == 0 or not math.isfinite(slope) or (slope == 1 and intercept == 0):
        return numpy_type, component, 1.0, 0.0
    if not math.isfinite(intercept):
        raise LatentSRError(f"'{path}' has the intercept scl_inter {intercept}, but it has to be finite")
    return numpy_type, scaled_component(numpy_type), slope, intercept


def scaled_component(numpy_type: Any) -> str:
    """The component type of a volume whose stored values, of a NumPy type, have a slope and an intercept."""
    return "float" if numpy_type.itemsize <= 2 or component_of(numpy_type) == "float" else "double"


def scaled(stored: Any, slope: float, intercept: float) -> Any:
    """The values of stored values with a slope and an intercept."""
    import numpy as np

    real = np.float32 if scaled_component(stored.dtype) == "float" else np.float64
    return (stored.astype(np.float64) * slope + intercept).astype(real)


def units(raw: Any) -> tuple[float, float]:
    """Size of the spatial unit in mm, and of the time unit in s."""
    try:
        space, time = raw.get_xyzt_units()
    except KeyError:
        return 1.0, 1.0
    return _MILLIMETERS.get(space, 1.0), _SECONDS.get(time, 1.0)


def _affine(path: Path, raw: Any, shape: tuple[int, ...], space: float, warnings: list[str]) -> tuple[Any, str]:
    """The matrix from indices to mm in LPS, and the name of the header part that contains it."""
    import numpy as np
    from nibabel.spatialimages import HeaderDataError

    zooms = np.abs(raw["pixdim"][1:4].astype(float)) * space
    if not (np.isfinite(zooms).all() and (zooms > 0).all()) and int(raw["sform_code"]) <= 0:
        raise LatentSRError(f"'{path}' has a spacing of {numbers(zooms)} mm, but it has to be positive and finite")
    to_lps = np.diag([-space, -space, space, 1.0])
    sform = to_lps @ np.asarray(raw.get_sform(), float) if int(raw["sform_code"]) > 0 else None
    qform = None
    if int(raw["qform_code"]) > 0:
        try:
            qform = to_lps @ np.asarray(raw.get_qform(), float)
        except (HeaderDataError, ValueError) as error:
            if sform is None:
                raise LatentSRError(f"the qform of '{path}' is damaged: {error}") from error
    if sform is None and qform is None:
        warnings.append(f"'{path}' has no position in space (sform_code and qform_code are 0): its origin is set to 0")
        return np.diag([-zooms[0], -zooms[1], zooms[2], 1.0]), "pixdim"
    if sform is None:
        return qform, "qform"
    if qform is not None:
        far = _distance(sform, qform, shape)
        if not far <= _NOTICED_DISTANCE:
            warnings.append(
                f"sform (code {int(raw['sform_code'])}) and qform (code {int(raw['qform_code'])}) of '{path}' place it "
                f"up to {far:.4g} mm apart: the sform is taken"
            )
    return sform, "sform"


def _distance(first: Any, second: Any, shape: tuple[int, ...]) -> float:
    """The largest distance between the corners of a volume as two matrices place them."""
    import numpy as np

    corners = np.array(
        [[i, j, k, 1.0] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)]
    )
    return float(np.linalg.norm(((first - second) @ corners.T)[:3], axis=0).max())


def _offset(path: Path, raw: Any) -> int:
    """Byte offset of the pixels in their file."""
    offset = float(raw["vox_offset"])
    least = 0 if _is_pair(path) else int(raw["sizeof_hdr"]) + 4
    if offset == 0:
        return least
    if not (least <= offset < 2**62 and offset == int(offset)):
        raise LatentSRError(
            f"'{path}' says that its pixels begin at byte {offset:g}, but they have to begin at byte {least} or later"
        )
    return int(offset)


# Files ----------------------------------------------------------------------------------------------------------------


def _is_pair(path: Path) -> bool:
    return path.name.lower().endswith((".hdr", ".img", ".hdr.gz", ".img.gz"))


def _part(path: Path, part: str) -> Path:
    """The file of a pair with the header (``hdr``) or the pixels (``img``), in the same case as the given name."""
    name = path.name
    end = len(name) - (3 if name.lower().endswith(".gz") else 0)
    ending = part.upper() if name[end - 3 : end].isupper() else part
    other = path.with_name(name[: end - 3] + ending + name[end:])
    if not other.is_file():
        raise LatentSRError(f"'{path}' is half of a pair: '{other.name}' does not exist beside it")
    return other


def _header_of(path: Path) -> Path:
    return _part(path, "hdr") if _is_pair(path) else path


def _pixels_of(path: Path) -> Path:
    return _part(path, "img") if _is_pair(path) else path


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _open(path: Path) -> BinaryIO:
    """Open a file for reading. Compression is detected from the contents: the name may be wrong."""
    return gzip.open(path) if _is_gzipped(path) else path.open("rb")


def _pixels(file: NiftiFile) -> Any:
    """The values, in NumPy's order of axes."""
    import numpy as np

    content = _content(file)
    count = math.prod(file.header.size)
    stored = np.frombuffer(content, file.numpy_type, count, file.offset)
    values = stored.reshape(file.header.size[::-1])
    if file.slope == 1.0 and file.intercept == 0.0:
        # Floating-point values are copied: replacing NaN needs a writable array in the machine's byte order.
        return values.astype(values.dtype.newbyteorder("="), copy=values.dtype.kind == "f")
    return scaled(values, file.slope, file.intercept)


def _content(file: NiftiFile) -> bytes:
    """The file up to the end of the pixels. The rest of a compressed file is read to verify its check sum."""
    path = file.pixels
    expected = file.offset + math.prod(file.header.size) * file.numpy_type.itemsize
    content = bytearray()
    try:
        if not _is_gzipped(path) and path.stat().st_size < expected:
            raise LatentSRError(f"can't read '{path}', it is cut off: it has {path.stat().st_size} bytes of {expected}")
        with _open(path) as stream:
            while len(content) < expected and (chunk := stream.read(min(_CHUNK, expected - len(content)))):
                content += chunk
            if len(content) == expected:
                _check_rest(stream)
    except (EOFError, OSError, zlib.error) as error:
        raise LatentSRError(f"can't read '{path}', it is damaged: {error}") from error
    if len(content) < expected:
        raise LatentSRError(f"can't read '{path}', it is cut off: it has {len(content)} bytes of {expected}")
    return content


def _check_rest(stream: BinaryIO) -> None:
    """Read the rest of a compressed file up to its check sum. Bytes after the compressed data are ignored."""
    if not isinstance(stream, gzip.GzipFile):
        return
    rest = 0
    try:
        while rest < _LARGEST_REST and (chunk := stream.read(_CHUNK)):
            rest += len(chunk)
    except gzip.BadGzipFile as error:
        if "Not a gzipped file" not in str(error):
            raise
