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
"""Images of SimpleITK."""

from typing import Any

from latent_sr.errors import LatentSRError, translated
from latent_sr.objects.source import Source, check_dimension
from latent_sr.volumes.images import Grid


class SimpleITKImage(Source):
    """An image, whose geometry is that of ITK. Its metadata is not copied, as SimpleITK's own filters do not."""

    def __init__(self, image: Any) -> None:
        import numpy as np
        import SimpleITK

        self._given = image
        dimension = image.GetDimension()
        check_dimension(image.GetSize())
        if "label of" in image.GetPixelIDTypeAsString():
            # SimpleITK ends the process when it is asked for the pixels.
            raise LatentSRError(
                f"the image is a label map of SimpleITK ({image.GetPixelIDTypeAsString()}), which has no pixels: "
                "convert it with SimpleITK.LabelMapToLabel"
            )
        if image.GetNumberOfComponentsPerPixel() != 1:
            raise LatentSRError(
                f"the image has {image.GetNumberOfComponentsPerPixel()} components per pixel "
                f"({image.GetPixelIDTypeAsString()}), but has to be a scalar image"
            )
        with translated("the image"):
            values = SimpleITK.GetArrayViewFromImage(image)
        direction = np.reshape(image.GetDirection(), (dimension, dimension))[:3, :3]
        grid = Grid(image.GetSize(), image.GetSpacing()[:3], image.GetOrigin()[:3], direction)
        super().__init__(values, grid)

    def result(self, output: Any, component: str = "") -> Any:
        """An image with the same origin and direction."""
        import SimpleITK

        image = SimpleITK.GetImageFromArray(self.values_of(output, component), isVector=False)
        image.SetOrigin(self._given.GetOrigin())
        image.SetDirection(self._given.GetDirection())
        image.SetSpacing([*(float(output.GetSpacing()[axis]) for axis in range(3)), *self._given.GetSpacing()[3:]])
        return image
