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
"""Objects of other libraries as ITK images, and the way back.

==================== ======================================================
``numpy_arrays``     NumPy arrays, with an affine matrix or spacings
``nibabel_images``   images of nibabel
``simpleitk_images`` images of SimpleITK
``xarray_arrays``    data arrays of xarray
``source``           what they have in common: pixel types, and the way back
==================== ======================================================

An object is recognized by the module of its library, which is loaded if there is such an object. No library is imported
here.
"""

import os
import sys
from importlib import import_module
from typing import Any

from latent_sr.errors import UsageError
from latent_sr.objects.source import Source

_KINDS = (
    ("nibabel.spatialimages", "SpatialImage", "nibabel_images", "NibabelImage"),
    ("SimpleITK", "Image", "simpleitk_images", "SimpleITKImage"),
    ("xarray", "DataArray", "xarray_arrays", "LabeledArray"),
)
"""Module and class of a kind of object, and the module and the class here that know it."""

ALLOWED = "an itk.Image, SimpleITK.Image, image of nibabel, numpy.ndarray or xarray.DataArray"


def open_object(image: Any, affine: Any = None, input_spacing: Any = None) -> Source:
    """An object of another library as an ITK image, and the way back.

    Parameters
    ----------
    image
        An image of nibabel or SimpleITK, an ``xarray.DataArray``, or a ``numpy.ndarray``.
    affine, input_spacing
        For arrays: see ``latent_sr.upsample``.

    Raises
    ------
    UsageError
        If the object is of another kind, or a parameter is missing, wrong, or has no effect.
    LatentSRError
        If the object's dimension, pixel type or geometry is refused.
    """
    if _is(image, "numpy", "ndarray"):
        from latent_sr.objects.numpy_arrays import open_array

        return open_array(image, affine, input_spacing)
    source = next((source for library, kind, *source in _KINDS if _is(image, library, kind)), None)
    if source is None and not hasattr(image, "GetImageDimension"):
        raise _unknown(image)
    for name, given in (("affine", affine), ("input_spacing", input_spacing)):
        if given is not None:
            raise UsageError(f"{name} is for a numpy.ndarray: {_name_of(image)} has a geometry of its own")
    module, name = source
    return getattr(import_module(f"latent_sr.objects.{module}"), name)(image)


def _unknown(image: Any) -> UsageError:
    """The refusal of an object that is no image."""
    if isinstance(image, (str, os.PathLike)):
        return UsageError(f"the image is a file name, '{image}': read the file by latent_sr.read_volume first")
    return UsageError(f"the image is {_name_of(image)}, but has to be {ALLOWED}")


def _is(image: Any, library: str, kind: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(image, getattr(module, kind, ()))


def _name_of(image: Any) -> str:
    kind = type(image)
    library = "" if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}."
    name = f"{library}{kind.__qualname__}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
