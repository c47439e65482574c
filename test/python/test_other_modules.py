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
"""Other module wheels of ITK in the same process: elastix and texture features, loaded before and after this module.

Modules in one process share ITK, its factories, TBB and the types that SWIG wraps. They have to be installed in the
same folder as ITK, so scripts/test-wheel.sh runs these tests, and scripts/test.sh skips them.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution

import pytest

SCRIPT = """
import sys
import numpy as np
import itk

elastix_first = sys.argv[1] == "elastix"
values = np.zeros((8, 32, 32), np.float32)
values[2:6, 8:20, 10:22] = 100
fixed = itk.image_from_array(values)
moving = itk.image_from_array(np.roll(values, 3, axis=2))
for image in (fixed, moving):
    image.SetSpacing([1.0, 1.0, 5.0])


def register():
    parameters = itk.ParameterObject.New()
    parameters.AddParameterMap({
        **parameters.GetDefaultParameterMap("translation", 1),
        "MaximumNumberOfIterations": ["200"], "NewSamplesEveryIteration": ["true"], "RandomSeed": ["1"]})
    result, transform = itk.elastix_registration_method(fixed, moving, parameter_object=parameters)
    return result, [float(v) for v in transform.GetParameterMap(0)["TransformParameters"]]


def super_resolve(image):
    model = itk.AutoencoderModel.New()
    model.ReadBundled()
    return itk.latent_space_super_resolution_image_filter(image, model=model, upsampling_factor=3)


if elastix_first:
    result, offset = register()
    thin = super_resolve(result)
else:
    thin = super_resolve(fixed)
    result, offset = register()
assert abs(offset[0] - 3) < 0.5 and abs(offset[1]) < 0.5, offset
assert itk.size(thin)[2] == 22, itk.size(thin)
assert isinstance(thin, itk.Image[itk.F, 3])
# A filter of a third module takes the output of this one.
mask = itk.image_from_array(np.ones(itk.array_view_from_image(thin).shape, np.uint8))
mask.CopyInformation(thin)
image_type, texture_type = itk.Image[itk.F, 3], itk.VectorImage[itk.F, 3]
texture = itk.RunLengthTextureFeaturesImageFilter[image_type, texture_type].New(Input=thin, MaskImage=mask)
texture.UpdateOutputInformation()
assert itk.size(texture.GetOutput()) == itk.size(thin)
print("passed")
"""


@pytest.mark.parametrize("first", ["elastix", "this module"])
def test_elastix_and_texture_features_work_beside_this_module(first):
    for name in ("itk-elastix", "itk-texturefeatures"):
        try:
            distribution(name)
        except PackageNotFoundError:
            pytest.skip(f"{name} is not installed")
    result = subprocess.run([sys.executable, "-c", SCRIPT, first], capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[-1:] == ["passed"], result.stderr[-2000:]
