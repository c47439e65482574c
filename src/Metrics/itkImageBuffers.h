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
#ifndef itkImageBuffers_h
#define itkImageBuffers_h

#include "itkIntTypes.h"
#include "itkMacro.h"

#include <numeric>

namespace itk
{
/** What the kernels of all metrics do with buffers of `height` rows of `width` values. */
namespace ImageBuffers
{
/** Rows that are one part of the work: fixed, so that sums don't depend on the number of threads. */
constexpr SizeValueType BandHeight = 64;

constexpr SizeValueType
NumberOfBands(SizeValueType rows, SizeValueType bandHeight = BandHeight)
{
  return (rows + bandHeight - 1) / bandHeight;
}

inline double
Mean(const double * buffer, SizeValueType width, SizeValueType height)
{
  double sum = 0.0;
  for (SizeValueType y = 0; y < height; ++y)
  {
    sum += std::accumulate(buffer + y * width, buffer + (y + 1) * width, 0.0);
  }
  return sum / static_cast<double>(width * height);
}

/** \exception ExceptionObject if the width or the height is under the smallest, with the name of the metric */
inline void
VerifySize(const char * metric, SizeValueType smallest, SizeValueType width, SizeValueType height)
{
  if (width < smallest || height < smallest)
  {
    itkGenericExceptionMacro(<< metric << " needs an image of at least " << smallest << " x " << smallest
                             << " pixels (got " << width << " x " << height << ").");
  }
}

/** \exception ExceptionObject unless the range is strictly positive */
inline void
VerifyDynamicRange(double dynamicRange)
{
  if (!(dynamicRange > 0.0))
  {
    itkGenericExceptionMacro("The dynamic range must be strictly positive (got " << dynamicRange << ").");
  }
}
} // namespace ImageBuffers
} // end namespace itk

#endif // itkImageBuffers_h
