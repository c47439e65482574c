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
#ifndef itkSlicePair_h
#define itkSlicePair_h

#include "itkIntTypes.h"
#include "itkMacro.h"

#include <algorithm>
#include <numeric>

namespace itk
{
namespace ImageQualityMetrics
{
/** The input of a 2D metric: a slice of the reference and the same slice of the test image, each as `height` rows of
 * `width` contiguous values. NaN or infinite values lead to NaN or infinite results. */
struct SlicePair
{
  const double * reference{ nullptr };
  const double * test{ nullptr };
  SizeValueType  width{ 0 };
  SizeValueType  height{ 0 };

  bool
  IsIdentical() const
  {
    return std::equal(reference, reference + width * height, test);
  }
};

inline double
Mean(const double * values, SizeValueType width, SizeValueType height)
{
  double sum = 0.0;
  for (SizeValueType y = 0; y < height; ++y)
  {
    sum += std::accumulate(values + y * width, values + (y + 1) * width, 0.0);
  }
  return sum / static_cast<double>(width * height);
}

/** \exception ExceptionObject with the name of the metric if the width or the height is below `smallest` */
inline void
VerifySize(const char * metric, SizeValueType smallest, const SlicePair & slices)
{
  if (slices.width < smallest || slices.height < smallest)
  {
    itkGenericExceptionMacro(<< metric << " needs an image of at least " << smallest << " x " << smallest
                             << " pixels (got " << slices.width << " x " << slices.height << ").");
  }
}

/** \exception ExceptionObject if the range is not strictly positive */
inline void
VerifyDataRange(double dataRange)
{
  if (!(dataRange > 0.0))
  {
    itkGenericExceptionMacro("The data range must be strictly positive (got " << dataRange << ").");
  }
}
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkSlicePair_h
