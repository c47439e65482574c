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
#ifndef itkImagePair_h
#define itkImagePair_h

#include "itkIntTypes.h"

#include <functional>
#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
/** Read access to the reference image, the test image and the mask, independent of their pixel types. */
struct ImagePair
{
  /** Copies `count` pixels that are `stride` pixels apart, beginning `offset` pixels into the buffer. */
  template <typename TValue>
  using CopyFunction =
    std::function<void(SizeValueType offset, SizeValueType stride, SizeValueType count, TValue * values)>;

  std::vector<SizeValueType> size;
  std::vector<double>        spacing;
  CopyFunction<double>       copyReference;
  CopyFunction<double>       copyTest;
  /** Empty without a mask. Nonzero pixels are selected. */
  CopyFunction<unsigned char> copyMask;

  bool
  HasMask() const
  {
    return static_cast<bool>(copyMask);
  }

  SizeValueType
  NumberOfPixels() const
  {
    SizeValueType product = 1;
    for (const SizeValueType side : size)
    {
      product *= side;
    }
    return product;
  }
};
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkImagePair_h
