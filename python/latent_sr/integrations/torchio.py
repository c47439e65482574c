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
"""A transform of TorchIO that turns stacks of thick slices into stacks of thin slices.

>>> import torchio
>>> from latent_sr.integrations.torchio import UpsampleThroughPlane
>>> subject = torchio.Subject(mri=torchio.ScalarImage("thick.nii.gz"), organ=torchio.LabelMap("organ.nii.gz"))
>>> thin = UpsampleThroughPlane(factor=4)(subject)
"""

from dataclasses import fields
from typing import Any

import torch
from torchio import Image, LabelMap, Subject
from torchio.transforms import SpatialTransform

from latent_sr.integrations.channels import slice_grid, upsample_channels
from latent_sr.options import changed
from latent_sr.upsampling import UpsampleOptions

_OPTIONS = frozenset(field.name for field in fields(UpsampleOptions))


class UpsampleThroughPlane(SpatialTransform):
    """Turn the images of a subject, stacks of thick slices, into stacks of thin slices.

    Each channel is a volume of its own. Pixel types are converted as by ``latent_sr.upsample``. A label map gets the
    slices that its grid would have as an image; each is a copy of the nearest one, so images and label maps on one grid
    stay on one grid. ``include`` and ``exclude`` select images.

    Parameters
    ----------
    options
        ``latent_sr.UpsampleOptions``. Default: its defaults.
    **arguments
        Single options by name, such as ``factor=4``, and arguments of ``torchio.Transform``.
    """

    def __init__(self, options: UpsampleOptions | None = None, **arguments: Any) -> None:
        super().__init__(**{name: value for name, value in arguments.items() if name not in _OPTIONS})
        changes = {name: value for name, value in arguments.items() if name in _OPTIONS}
        self.options = changed(options or UpsampleOptions(), changes)
        self.options.check()
        self.args_names = ["options"]

    def apply_transform(self, subject: Subject) -> Subject:
        """The subject with thin slices."""
        for image in self.get_images(subject):
            if isinstance(image, LabelMap):
                self._repeat_slices(image)
            else:
                thin, affine = upsample_channels(image.data, image.affine, self.options)
                _set(image, thin, affine)
        return subject

    def _repeat_slices(self, image: Image) -> None:
        grid = slice_grid(image.spatial_shape, image.affine, self.options)
        chosen = torch.as_tensor(grid.nearest(image.spatial_shape[grid.axis]))
        _set(image, image.data.index_select(grid.axis + 1, chosen), grid.affine)


def _set(image: Image, tensor: torch.Tensor, affine: Any) -> None:
    image.set_data(tensor)
    image.affine = affine
