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
#ifndef itkLatentSpaceSuperResolutionFilterTestHelpers_h
#define itkLatentSpaceSuperResolutionFilterTestHelpers_h

#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace itk
{
namespace LatentSpaceSuperResolutionTest
{
using ImageType = Image<float, 3>;
using ShortImageType = Image<short, 3>;
using FilterType = LatentSpaceSuperResolutionImageFilter<ImageType>;
using ShortFilterType = LatentSpaceSuperResolutionImageFilter<ShortImageType>;
using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;

constexpr OutputModeEnum AllModes[] = { OutputModeEnum::Decoded,
                                        OutputModeEnum::PreserveAcquired,
                                        OutputModeEnum::ResidualCorrected,
                                        OutputModeEnum::LowPassCorrected,
                                        OutputModeEnum::ProfileCorrected };

/** A filter with a small model of random weights. */
template <typename TFilter = FilterType>
typename TFilter::Pointer
MakeFilter(const typename TFilter::InputImageType * image, OutputModeEnum mode = OutputModeEnum::Decoded)
{
  auto filter = TFilter::New();
  filter->SetInput(image);
  filter->SetModel(MakeSmallModel());
  filter->SetOutputMode(mode);
  return filter;
}

template <typename TFilter>
void
SetWindow(TFilter & filter, double minimum, double maximum)
{
  filter->SetWindowMinimum(minimum);
  filter->SetWindowMaximum(maximum);
}

template <typename TImage>
double
LargestDifference(const TImage * a, const TImage * b)
{
  EXPECT_EQ(a->GetLargestPossibleRegion().GetSize(), b->GetLargestPossibleRegion().GetSize());
  double largest = 0.0;
  for (SizeValueType i = 0; i < a->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    largest = std::max(
      largest, std::abs(static_cast<double>(a->GetBufferPointer()[i]) - static_cast<double>(b->GetBufferPointer()[i])));
  }
  return largest;
}

inline float
At(const ImageType * image, IndexValueType x, IndexValueType y, IndexValueType z)
{
  return image->GetPixel({ { x, y, z } });
}
} // namespace LatentSpaceSuperResolutionTest
} // end namespace itk

#endif // itkLatentSpaceSuperResolutionFilterTestHelpers_h
