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
"""Images of nibabel: NIfTI and others that have an affine matrix."""

import zlib
from pathlib import Path
from typing import Any

from latent_sr.errors import LatentSRError
from latent_sr.objects.numpy_arrays import checked_affine
from latent_sr.objects.source import Source, check_dimension, stretched
from latent_sr.volumes.images import grid_of_affine
from latent_sr.volumes.nifti import scaled, scaled_component, units


class NibabelImage(Source):
    """An image with axes i, j, k, and time as the last one. Its affine matrix is in the units of its header."""

    def __init__(self, image: Any) -> None:
        import numpy as np

        self._given = image
        self._shape = tuple(image.shape)
        shape = self._shape
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        check_dimension(shape)
        if image.affine is None:
            raise LatentSRError("the image has no affine matrix, which places it in space")
        self._affine = checked_affine(image.affine)
        length = units(image.header)[0] if hasattr(image.header, "get_xyzt_units") else 1.0
        grid = grid_of_affine("image", "affine", shape, np.diag([-length, -length, length, 1.0]) @ self._affine)
        values, component = _values(image)
        super().__init__(values.reshape(shape).T, grid, component)

    def result(self, output: Any, component: str = "") -> Any:
        """An image of the same class, or of ``Nifti1Image`` if the class does not have the pixel type."""
        from nibabel.nifti1 import Nifti1Image, Nifti1Pair

        stretch = self.stretch_of(output)
        values = self.values_of(output, component).T
        values = values.reshape(*values.shape, *self._shape[values.ndim :])
        affine = stretched(self._affine, stretch)
        header = self._given.header.copy()
        try:
            header.set_data_dtype(values.dtype)
        except Exception:  # each format raises an error of its own
            return Nifti1Image(values, affine)
        if isinstance(self._given, Nifti1Pair):
            _stretch_header(header, values.shape, stretch)
        return type(self._given)(values, affine, header)


def _values(image: Any) -> tuple[Any, str]:
    """The values, with the types that a file would have, and the component type; empty: that of the values."""
    import numpy as np

    data = image.dataobj
    try:
        if not hasattr(data, "get_unscaled"):
            return np.asarray(data), ""
        stored = data.get_unscaled()
    except (OSError, EOFError, ValueError, zlib.error) as error:
        name = Path(image.get_filename() or "image")
        raise LatentSRError(f"can't read '{name}', it is damaged: {error}") from error
    slope, intercept = (float(value) for value in (data.slope, data.inter))
    if slope == 1 and intercept == 0:
        return stored, ""
    return scaled(stored, slope, intercept), scaled_component(stored.dtype)


def _stretch_header(header: Any, shape: tuple[int, ...], stretch: list[float]) -> None:
    """Set the shape and the spacings of a NIfTI header, from which the qform is made, and stretch its sform."""
    zooms = header.get_zooms()
    header.set_data_shape(shape)
    header.set_zooms([*(zoom * factor for zoom, factor in zip(zooms, stretch, strict=False)), *zooms[3:]])
    sform, code = header.get_sform(coded=True)
    if code > 0:
        header.set_sform(stretched(sform, stretch), code)
    # The times of the acquired slices are not those of the new ones.
    for name in ("slice_start", "slice_end", "slice_duration", "slice_code"):
        header[name] = 0
