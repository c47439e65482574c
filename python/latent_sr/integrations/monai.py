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
"""Transforms of MONAI that turn stacks of thick slices into stacks of thin slices.

>>> from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged
>>> from latent_sr.integrations.monai import UpsampleThroughPlaned
>>> load = Compose([LoadImaged("image"), EnsureChannelFirstd("image"), UpsampleThroughPlaned("image", factor=4)])
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform
from monai.utils import TraceKeys

from latent_sr.errors import UsageError
from latent_sr.integrations.channels import nearest, upsample_channels
from latent_sr.options import changed
from latent_sr.upsampling import UpsampleOptions


class UpsampleThroughPlane(InvertibleTransform):
    """Turn a stack of thick slices into a stack of thin slices.

    The image is a ``MetaTensor`` with the channels first, and an affine matrix, which gives the spacings in mm. Each
    channel is a volume of its own. A fifth axis is time. The affine matrix of the output is that of the thin slices.
    Pixel types are converted as by ``latent_sr.upsample``.

    The inverse takes the slices that lie nearest to the acquired slices. It is for what is computed of the thin slices,
    such as a segmentation: it does not restore the acquired slices.

    Parameters
    ----------
    options
        ``latent_sr.UpsampleOptions``. Default: its defaults.
    **changes
        Single options by name, such as ``factor=4``.
    """

    def __init__(self, options: UpsampleOptions | None = None, **changes: Any) -> None:
        super().__init__()
        self.options = changed(options or UpsampleOptions(), changes)
        self.options.check()

    def __call__(self, img: torch.Tensor) -> MetaTensor:
        """The image with thin slices."""
        if not isinstance(img, MetaTensor):
            raise UsageError(
                f"the image is a {type(img).__name__}, which has no affine matrix, but has to be a MetaTensor, as "
                "LoadImage returns it"
            )
        thin, affine = upsample_channels(img.as_tensor(), img.affine.cpu().numpy(), self.options)
        stretch = np.linalg.norm(affine[:3, :3], axis=0) / np.linalg.norm(img.affine[:3, :3].cpu().numpy(), axis=0)
        axis = next((axis for axis in range(3) if thin.shape[axis + 1] != img.shape[axis + 1]), 0)
        info = self.track_transform_meta(
            img,
            sp_size=thin.shape[1:],
            affine=torch.as_tensor(np.diag([*stretch, 1.0])),
            extra_info={"axis": axis, "step": float(stretch[axis]), "affine": img.affine.clone()},
            orig_size=tuple(img.shape[1:]),
            transform_info=self.get_transform_info(),
        )
        result = MetaTensor(thin).copy_meta_from(info)
        result.affine = torch.as_tensor(affine)
        return result

    def inverse(self, data: MetaTensor) -> MetaTensor:
        """The slices that lie nearest to the acquired slices."""
        done = self.pop_transform(data)
        extra, size = done[TraceKeys.EXTRA_INFO], done[TraceKeys.ORIG_SIZE]
        axis = int(extra["axis"])
        chosen = nearest(int(size[axis]), 1 / float(extra["step"]), data.shape[axis + 1])
        result = data.index_select(axis + 1, torch.as_tensor(chosen, device=data.device))
        result.affine = extra["affine"]
        return result


class UpsampleThroughPlaned(MapTransform, InvertibleTransform):
    """``UpsampleThroughPlane`` for images in a dictionary.

    Label maps have to be brought to the grid of the thin slices by ``ResampleToMatchd`` with ``mode="nearest"``.

    Parameters
    ----------
    keys
        The keys of the images.
    options
        ``latent_sr.UpsampleOptions``. Default: its defaults.
    allow_missing_keys
        Whether images may be missing.
    **changes
        Single options by name, such as ``factor=4``.
    """

    def __init__(
        self,
        keys: KeysCollection,
        options: UpsampleOptions | None = None,
        allow_missing_keys: bool = False,
        **changes: Any,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.upsample = UpsampleThroughPlane(options, **changes)

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        """The dictionary with thin slices."""
        result = dict(data)
        for key in self.key_iterator(result):
            result[key] = self.upsample(result[key])
        return result

    def inverse(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        """The dictionary with the slices that lie nearest to the acquired slices."""
        result = dict(data)
        for key in self.key_iterator(result):
            result[key] = self.upsample.inverse(result[key])
        return result


UpsampleThroughPlaneD = UpsampleThroughPlaneDict = UpsampleThroughPlaned
