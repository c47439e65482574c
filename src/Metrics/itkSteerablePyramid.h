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
#ifndef itkSteerablePyramid_h
#define itkSteerablePyramid_h

#include "itkParallelFor.h"

#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
/** A sub-band of a pyramid: rows of contiguous coefficients. */
struct PyramidBand
{
  SizeValueType       width{ 0 };
  SizeValueType       height{ 0 };
  std::vector<double> values;

  const double *
  Row(SizeValueType y) const
  {
    return values.data() + y * width;
  }
};

constexpr int NumberOfPyramidLevels = 4;

/** Compute the orientations 1 and 4, of six, at every level of E. P. Simoncelli's steerable pyramid. The finest level
 * comes first. */
std::vector<PyramidBand>
SteerablePyramid(const double * image, SizeValueType width, SizeValueType height, const ParallelFor & parallel);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkSteerablePyramid_h
