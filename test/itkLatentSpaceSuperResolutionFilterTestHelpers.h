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
#include <functional>

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

/** The output of a mode for an image, at factor 2. */
inline ImageType::Pointer
Upsample(const ImageType * image, OutputModeEnum mode, const std::function<void(FilterType *)> & set = {})
{
  const auto filter = MakeFilter(image, mode);
  if (set)
  {
    set(filter);
  }
  filter->Update();
  return filter->GetOutput();
}

/** Visit the pixels of a slice by their column and row. */
template <typename TVisit>
void
ForEachPixel(const ImageType * image, TVisit && visit)
{
  const auto size = image->GetLargestPossibleRegion().GetSize();
  for (IndexValueType y = 0; y < static_cast<IndexValueType>(size[1]); ++y)
  {
    for (IndexValueType x = 0; x < static_cast<IndexValueType>(size[0]); ++x)
    {
      visit(x, y);
    }
  }
}
} // namespace LatentSpaceSuperResolutionTest
} // end namespace itk

#endif // itkLatentSpaceSuperResolutionFilterTestHelpers_h
