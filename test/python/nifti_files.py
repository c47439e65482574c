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
"""NIfTI files for the tests, and comparisons with nibabel."""

import gzip
import struct
from pathlib import Path

import itk
import numpy as np
import pytest
from latent_sr.errors import LatentSRError
from latent_sr.volumes import open_volume, read_header

nibabel = pytest.importorskip("nibabel")

SPACING = (1.2, 1.5, 7.0)
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def pixels(*shape: int, dtype: str = "int16") -> np.ndarray:
    """Return random numbers with the axes of NIfTI: x, y, z, and time."""
    return np.random.default_rng(3).integers(0, 200, shape or (9, 8, 5)).astype(dtype)


def write(path: Path, array=None, affine=None, kind=None, **header) -> Path:
    """Write a file with an affine matrix as its sform, or without a position in space, and set fields of its header."""
    kind = kind or nibabel.Nifti1Image
    array = pixels() if array is None else array
    image = kind(array, affine, dtype=array.dtype)
    if affine is None:
        image.header["pixdim"][1:4] = SPACING
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def patched(path: Path, offset: int, code: str, *values) -> Path:
    """Overwrite bytes of the header with values that nibabel would not write."""
    content = bytearray(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    struct.pack_into(code, content, offset, *values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def affine_of(image) -> np.ndarray:
    """Return the matrix of an ``itk.Image`` from indices to mm, in the RAS coordinates of NIfTI."""
    matrix = np.eye(4)
    spacing = [image.GetSpacing()[axis] for axis in range(3)]
    matrix[:3, :3] = itk.array_from_matrix(image.GetDirection())[:3, :3] * spacing
    matrix[:3, 3] = [image.GetOrigin()[axis] for axis in range(3)]
    return TO_RAS @ matrix


def reads_alike(path: Path, unit: float = 1.0, warnings: int = 0):
    """Assert that a file is read as nibabel reads it, and return the volume. ``unit`` is its unit of length in mm."""
    volume = open_volume(path)
    expected = nibabel.load(path)
    affine = np.diag([unit, unit, unit, 1.0]) @ expected.affine
    np.testing.assert_allclose(affine_of(volume.image), affine, atol=1e-3)
    shape = itk.array_view_from_image(volume.image).shape[::-1]
    np.testing.assert_allclose(
        itk.array_from_image(volume.image).T, expected.get_fdata().reshape(shape), rtol=1e-6, atol=0
    )
    assert len(volume.warnings) == warnings, volume.warnings
    header = read_header(path)
    assert header.size == shape
    assert header.component == volume.component
    assert header.spacing == pytest.approx([volume.image.GetSpacing()[axis] for axis in range(len(shape))])
    return volume


def refusal(path: Path, pixels_only: bool = False) -> str:
    """Return why a file is refused. Reading only the header gives the same reason, unless the pixels are the reason."""
    with pytest.raises(LatentSRError) as refused:
        open_volume(path)
    text = str(refused.value)
    assert "\n" not in text
    if not pixels_only:
        with pytest.raises(LatentSRError) as refused_early:
            read_header(path)
        assert str(refused_early.value) == text
    return text
