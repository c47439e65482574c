#==========================================================================
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
# DEPENDS lists the modules that the public headers include. wrapping/CMakeLists.txt lists those for the wrapping.
itk_module(
  LatentSpaceSuperResolution
  DEPENDS
    ITKCommon
  PRIVATE_DEPENDS
    ITKEigen3
    ITKIOImageBase
    ITKImageFilterBase
    ITKImageFunction
    ITKImageGrid
    ITKTransform
  TEST_DEPENDS
    ITKTestKernel
    ITKGoogleTest
    ITKImageFilterBase
    ITKImageGrid
    ITKIOGDCM
    ITKIOMeta
    ITKIONIFTI
    ITKIONRRD
  DESCRIPTION
    "Super-resolution of anisotropic volumes by mixed latents of an autoencoder that is trained without high-resolution examples."
  EXCLUDE_FROM_DEFAULT
  ENABLE_SHARED)
