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

#include "itkSliceStackPreprocessing.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace itk
{
void
SliceStackPreprocessing::CheckPercentage(double percentage)
{
  if (!(percentage >= 0.0 && percentage <= 100.0))
  {
    itkGenericExceptionMacro("The percentile " << percentage << " was asked for, but it has to be in [0, 100].");
  }
}

std::pair<SizeValueType, double>
SliceStackPreprocessing::PercentileRank(double percentage, SizeValueType count)
{
  const double position = percentage / 100.0 * static_cast<double>(count - 1);
  const double below = std::floor(position);
  return { static_cast<SizeValueType>(below), position - below };
}

double
SliceStackPreprocessing::InterpolateOrderStatistics(double percentage, SizeValueType count, double below, double above)
{
  return below + PercentileRank(percentage, count).second * (above - below);
}

double
SliceStackPreprocessing::Percentile(std::vector<float> & values, double percentage)
{
  if (values.empty())
  {
    itkGenericExceptionMacro("A percentile was asked for, but there are no values.");
  }
  CheckPercentage(percentage);
  const SizeValueType rank = PercentileRank(percentage, values.size()).first;
  const auto          middle = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), middle, values.end());
  // The values after the selected one are not smaller. Their minimum is the next value in order.
  const double above = rank + 1 < values.size() ? *std::min_element(middle + 1, values.end()) : *middle;
  return InterpolateOrderStatistics(percentage, values.size(), *middle, above);
}

std::array<unsigned int, 2>
SliceStackPreprocessing::GetInPlaneAxes(unsigned int sliceAxis)
{
  return { sliceAxis == 0 ? 1u : 0u, sliceAxis == 2 ? 1u : 2u };
}

unsigned int
SliceStackPreprocessing::FindSliceAxis(const std::array<double, 3> & spacing)
{
  constexpr double tolerance = 1e-3;
  const auto       axis = static_cast<unsigned int>(std::max_element(spacing.begin(), spacing.end()) - spacing.begin());
  for (unsigned int other = 0; other < 3; ++other)
  {
    if (other != axis && spacing[other] > (1.0 - tolerance) * spacing[axis])
    {
      itkGenericExceptionMacro("The slice axis can't be told from the spacing: axes "
                               << std::min(axis, other) << " and " << std::max(axis, other) << " both have "
                               << spacing[axis] << " mm. Set SliceAxis to 0, 1 or 2.");
    }
  }
  return axis;
}
} // end namespace itk
