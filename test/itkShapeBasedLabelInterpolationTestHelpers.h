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

#ifndef itkShapeBasedLabelInterpolationTestHelpers_h
#define itkShapeBasedLabelInterpolationTestHelpers_h

#include "itkImageRegionIteratorWithIndex.h"
#include "itkShapeBasedLabelInterpolationImageFilter.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace itk
{
namespace ShapeBasedLabelInterpolationTest
{
using ImageType = Image<short, 3>;
using FilterType = ShapeBasedLabelInterpolationImageFilter<ImageType>;
using LabelFunction = std::function<int(int column, int row, int slice)>;

/** A stack with a side of `side` pixels of 1 mm, and slices of 4 mm. */
inline ImageType::Pointer
MakeLabels(unsigned int side, unsigned int slices, const LabelFunction & label)
{
  const auto image = ImageType::New();
  image->SetRegions(ImageType::SizeType{ { side, side, slices } });
  image->SetSpacing(MakeVector(1.0, 1.0, 4.0));
  image->Allocate();
  for (ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    const auto index = it.GetIndex();
    it.Set(
      static_cast<short>(label(static_cast<int>(index[0]), static_cast<int>(index[1]), static_cast<int>(index[2]))));
  }
  return image;
}

/** Random labels: in blocks, so that parts of all sizes appear. */
template <typename TImage>
typename TImage::Pointer
MakeRandomLabels(typename TImage::SizeType                       size,
                 const std::vector<typename TImage::PixelType> & labels,
                 unsigned int                                    seed)
{
  const auto image = TImage::New();
  image->SetRegions(size);
  typename TImage::SpacingType spacing;
  spacing.Fill(1.0);
  spacing[2] = 3.0;
  image->SetSpacing(spacing);
  image->Allocate();
  std::mt19937                            random(seed);
  const int                               block = 1 + static_cast<int>(random() % 5);
  std::vector<typename TImage::PixelType> blocks(100000);
  for (auto & label : blocks)
  {
    label = labels[random() % labels.size()];
  }
  for (ImageRegionIteratorWithIndex<TImage> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    size_t place = 0;
    for (unsigned int d = 0; d < TImage::ImageDimension; ++d)
    {
      place = place * 31 + static_cast<size_t>(it.GetIndex()[d]) / (d < 2 ? static_cast<size_t>(block) : 1);
    }
    it.Set(blocks[place % blocks.size()]);
  }
  return image;
}

template <typename TImage>
typename TImage::Pointer
Interpolate(const TImage * image, unsigned int factor, unsigned int threads = 0)
{
  const auto filter = ShapeBasedLabelInterpolationImageFilter<TImage>::New();
  filter->SetInput(image);
  filter->SetUpsamplingFactor(factor);
  if (threads > 0)
  {
    filter->SetNumberOfWorkUnits(threads);
  }
  filter->Update();
  typename TImage::Pointer output = filter->GetOutput();
  output->DisconnectPipeline();
  return output;
}

template <typename TImage>
std::vector<typename TImage::PixelType>
GetPixels(const TImage * image)
{
  const auto * begin = image->GetBufferPointer();
  return { begin, begin + image->GetBufferedRegion().GetNumberOfPixels() };
}

inline std::vector<short>
GetSlice(const ImageType * image, int slice)
{
  auto region = image->GetLargestPossibleRegion();
  region.SetIndex(2, region.GetIndex(2) + slice);
  region.SetSize(2, 1);
  std::vector<short> pixels;
  for (ImageRegionConstIterator<ImageType> it(image, region); !it.IsAtEnd(); ++it)
  {
    pixels.push_back(it.Get());
  }
  return pixels;
}

inline long
CountLabel(const ImageType * image, int slice, short label)
{
  const auto pixels = GetSlice(image, slice);
  return std::count(pixels.begin(), pixels.end(), label);
}

inline bool
IsInDisc(double column, double row, double center, double radius)
{
  return std::hypot(column - center, row - center) < radius;
}
} // namespace ShapeBasedLabelInterpolationTest
} // end namespace itk

#endif // itkShapeBasedLabelInterpolationTestHelpers_h
