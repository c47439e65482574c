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
#ifndef itkSliceStackPreprocessing_hxx
#define itkSliceStackPreprocessing_hxx

#include "itkImageRegionConstIteratorWithIndex.h"
#include "itkImageScanlineConstIterator.h"
#include "itkMath.h"
#include "itkProcessObjectThreads.h"

#include <atomic>

namespace itk
{
template <unsigned int VDimension>
unsigned int
SliceStackPreprocessing::ResolveSliceAxis(const ImageBase<VDimension> * image, std::optional<unsigned int> sliceAxis)
{
  static_assert(VDimension >= 3, "A stack of slices has at least three dimensions.");
  if (sliceAxis && *sliceAxis > 2)
  {
    itkGenericExceptionMacro("SliceAxis is " << *sliceAxis << ", but has to be 0, 1 or 2.");
  }
  const auto & spacing = image->GetSpacing();
  return sliceAxis ? *sliceAxis : FindSliceAxis({ spacing[0], spacing[1], spacing[2] });
}

template <typename TImage>
std::vector<float>
SliceStackPreprocessing::CopySlices(const TImage *                      image,
                                    const typename TImage::RegionType & region,
                                    unsigned int                        sliceAxis,
                                    const ProcessObject *               process)
{
  constexpr unsigned int dimension = TImage::ImageDimension;
  const auto             inPlane = GetInPlaneAxes(sliceAxis);

  // Strides of the buffer, in floats, along each axis of the image.
  std::array<SizeValueType, dimension> step{};
  step[inPlane[0]] = 1;
  step[inPlane[1]] = region.GetSize(inPlane[0]);
  step[sliceAxis] = step[inPlane[1]] * region.GetSize(inPlane[1]);
  SizeValueType total = step[sliceAxis] * region.GetSize(sliceAxis);
  for (unsigned int d = 3; d < dimension; ++d)
  {
    step[d] = total;
    total *= region.GetSize(d);
  }

  std::vector<float> buffer(total);
  std::atomic<bool>  finite{ true };
  ProcessObjectThreads::ParallelizeImageRegion<dimension>(
    process, region, [&](const typename TImage::RegionType & part) {
      bool                               partIsFinite = true;
      ImageScanlineConstIterator<TImage> it(image, part);
      for (; !it.IsAtEnd(); it.NextLine())
      {
        const auto    index = it.GetIndex();
        SizeValueType place = 0;
        for (unsigned int d = 0; d < dimension; ++d)
        {
          place += step[d] * static_cast<SizeValueType>(index[d] - region.GetIndex(d));
        }
        for (; !it.IsAtEndOfLine(); ++it, place += step[0])
        {
          const auto value = static_cast<float>(it.Get());
          partIsFinite = partIsFinite && Math::isfinite(value);
          buffer[place] = value;
        }
      }
      if (!partIsFinite)
      {
        finite = false;
      }
    });
  if (!finite)
  {
    ThrowFirstNonFinitePixel(image, region);
  }
  return buffer;
}

template <typename TImage>
void
SliceStackPreprocessing::ThrowFirstNonFinitePixel(const TImage * image, const typename TImage::RegionType & region)
{
  for (ImageRegionConstIteratorWithIndex<TImage> it(image, region); !it.IsAtEnd(); ++it)
  {
    if (!Math::isfinite(static_cast<float>(it.Get())))
    {
      itkGenericExceptionMacro("The pixel at index " << it.GetIndex() << " is " << +it.Get()
                                                     << ", but pixels have to be finite single-precision numbers.");
    }
  }
}
} // end namespace itk

#endif // itkSliceStackPreprocessing_hxx
