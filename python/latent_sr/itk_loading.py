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
"""Which modules of ITK and PyTorch a process of the command line loads.

``import itk`` loads nothing. The first class that is used loads its module, and by default the image IO of every format
and what these depend on, and PyTorch and xarray, because ITK's functions accept their arrays. That takes longer than
the network for a small stack. The commands do without.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_IMAGE_IOS = {
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}
"""The image IO of a file name's ending."""


def choose_sparing_load() -> bool:
    """Load only what is needed from now on. This is for a process that belongs to this package, and only if ITK is not
    in use yet: otherwise nothing changes, and the result is false. Functions that need an image IO then call
    ``load_image_io``.
    """
    if "itk" in sys.modules:
        return False
    import itkConfig

    itkConfig.DefaultFactoryLoading = False
    from itk.support import helpers

    # Without a public switch, this keeps ITK from importing PyTorch and xarray.
    for name in ("_HAVE_TORCH", "_HAVE_XARRAY"):
        if hasattr(helpers, name):
            setattr(helpers, name, False)
    return True


def load_itk_sparingly() -> None:
    """Call ``choose_sparing_load``, and load ITK's core."""
    if not choose_sparing_load():
        return
    # Loading makes hundreds of thousands of objects that stay. Searching them for garbage takes a tenth of the time.
    gc.disable()
    try:
        import itk

        itk.Object  # noqa: B018 (the first class that is used loads its module)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without_pydicom() -> Iterator[None]:
    """A context in which nibabel can be imported without pydicom, which its NIfTI classes do not need, if this process
    loads modules sparingly and has not loaded pydicom.
    """
    import itkConfig

    if itkConfig.DefaultFactoryLoading or "pydicom" in sys.modules or "nibabel" in sys.modules:
        yield
        return
    sys.modules["pydicom"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["pydicom"]


def load_image_io(path: str | os.PathLike) -> None:
    """Load the image IO for a file, by the ending of its name, if ITK does not load all of them by itself."""
    import itkConfig

    if itkConfig.DefaultFactoryLoading:
        return
    name = os.fspath(path).lower()
    found = next((image_io for ending, image_io in _IMAGE_IOS.items() if name.endswith(ending)), None)
    if found is None:
        load_all_image_ios()
        return
    try:
        # The attribute itk.NiftiImageIO would also load the Python classes that the format's library depends on.
        getattr(import_module(f"itk.itk{found}Python"), f"itk{found}Factory").RegisterOneFactory()
    except (ImportError, AttributeError):
        load_all_image_ios()


def load_all_image_ios() -> None:
    """Load the image IOs of all formats."""
    from itk.support import base

    base.load_factories("ImageIO")


def create_image_io(path: str | os.PathLike) -> Any:
    """The image IO that can read a file, or None."""
    import itk
    import itkConfig

    load_image_io(path)
    mode = itk.CommonEnums.IOFileMode_ReadMode
    image_io = itk.ImageIOFactory.CreateImageIO(os.fspath(path), mode)
    if image_io is None and not itkConfig.DefaultFactoryLoading:
        # The name may not tell the format.
        load_all_image_ios()
        image_io = itk.ImageIOFactory.CreateImageIO(os.fspath(path), mode)
    return image_io
