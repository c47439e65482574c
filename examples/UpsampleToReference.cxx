/*=========================================================================
 *
 *  Copyright NumFOCUS
 *
 *  Licensed under the Apache License, Version 2.0 (the "License");
 *  you may not use this file except in compliance with the License.
 *  You may obtain a copy of the License at
 *
 *         https://www.apache.org/licenses/LICENSE-2.0.txt
 *
 *  Unless required by applicable law or agreed to in writing, software
 *  distributed under the License is distributed on an "AS IS" BASIS,
 *  WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 *  See the License for the specific language governing permissions and
 *  limitations under the License.
 *
 *=========================================================================*/


// Compute a stack of thin slices on the grid of another volume, and the expected error of its pixels. The C++
// counterpart of `latent-sr upsample --reference --uncertainty`: the filter makes slices,
// SuperResolutionErrorImageFilter estimates their error, and ITK's ResampleImageFilter interpolates both.

#include "itkBSplineInterpolateImageFunction.h"
#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkResampleImageFilter.h"
#include "itkSuperResolutionErrorImageFilter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

namespace
{
using ImageType = itk::Image<float, 3>;
using UpsamplerType = itk::LatentSpaceSuperResolutionImageFilter<ImageType>;

/** The distance of the reference's pixels along the axis that is nearest to the normal of the slices. */
double
SpacingAcrossSlices(const ImageType * reference, const ImageType * thick, unsigned int sliceAxis)
{
  double largest = 0.0;
  double spacing = 0.0;
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    double along = 0.0;
    for (unsigned int d = 0; d < 3; ++d)
    {
      along += reference->GetDirection()[d][axis] * thick->GetDirection()[d][sliceAxis];
    }
    if (std::abs(along) > largest)
    {
      largest = std::abs(along);
      spacing = reference->GetSpacing()[axis] * largest;
    }
  }
  return std::min(spacing, thick->GetSpacing()[sliceAxis]);
}

void
WriteOnGrid(const ImageType * image, const ImageType * reference, const char * fileName)
{
  using ResamplerType = itk::ResampleImageFilter<ImageType, ImageType>;
  auto resampler = ResamplerType::New();
  resampler->SetInput(image);
  resampler->SetReferenceImage(reference);
  resampler->UseReferenceImageOn();
  resampler->SetInterpolator(itk::BSplineInterpolateImageFunction<ImageType, double, float>::New());
  itk::WriteImage(resampler->GetOutput(), fileName, true);
}
} // namespace

int
main(int argc, char * argv[])
{
  if (argc != 5)
  {
    std::cerr << "Usage: " << argv[0] << " input reference output error" << std::endl;
    return 2;
  }
  try
  {
    const auto thick = itk::ReadImage<ImageType>(argv[1]);
    const auto reference = itk::ReadImage<ImageType>(argv[2]);
    auto       model = itk::AutoencoderModel::New();
    model->ReadBundled();

    auto upsampler = UpsamplerType::New();
    upsampler->SetInput(thick);
    upsampler->SetModel(model);
    const unsigned int axis = upsampler->GetSliceAxisUsed();
    upsampler->SetOutputSliceSpacing(SpacingAcrossSlices(reference, thick, axis));
    upsampler->Update();

    auto estimator = itk::SuperResolutionErrorImageFilter<ImageType>::New();
    estimator->SetInput(thick);
    estimator->SetUpsampledImage(upsampler->GetOutput());
    estimator->SetModel(model);
    estimator->SetSliceAxis(axis);
    estimator->Update();

    WriteOnGrid(upsampler->GetOutput(), reference, argv[3]);
    WriteOnGrid(estimator->GetOutput(), reference, argv[4]);
  }
  catch (const itk::ExceptionObject & error)
  {
    std::cerr << error.GetDescription() << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
