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
#ifndef itkImageHalving_h
#define itkImageHalving_h

#include "itkIntTypes.h"

#include <algorithm>
#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
/** The row or column that completes the last pair if the number of rows or columns is odd. */
enum class OddBorder
{
  Repeated,
  Zero
};

/** Compute the means of 2 x 2 pixels. The result has half as many rows and columns, rounded up. */
template <OddBorder VBorder>
std::vector<double>
Halve(const double * image, SizeValueType width, SizeValueType height)
{
  const SizeValueType halfWidth = (width + 1) / 2;
  const SizeValueType halfHeight = (height + 1) / 2;
  std::vector<double> half(halfWidth * halfHeight);
  const auto          at = [&](SizeValueType x, SizeValueType y) {
    if constexpr (VBorder == OddBorder::Zero)
    {
      return x < width && y < height ? image[y * width + x] : 0.0;
    }
    else
    {
      return image[std::min(y, height - 1) * width + std::min(x, width - 1)];
    }
  };
  for (SizeValueType y = 0; y < halfHeight; ++y)
  {
    for (SizeValueType x = 0; x < halfWidth; ++x)
    {
      half[y * halfWidth + x] =
        0.25 * ((at(2 * x, 2 * y) + at(2 * x + 1, 2 * y)) + (at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)));
    }
  }
  return half;
}
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkImageHalving_h
