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

#include "itkSliceStackGeometry.h"

#include <cmath>

namespace itk
{
void
SliceStackGeometry::Check() const
{
  if (m_UpsamplingFactor < 1)
  {
    itkGenericExceptionMacro("UpsamplingFactor is " << m_UpsamplingFactor << ", but has to be at least 1.");
  }
  if (m_OutputSliceSpacing && !(*m_OutputSliceSpacing > 0.0 && std::isfinite(*m_OutputSliceSpacing)))
  {
    itkGenericExceptionMacro("OutputSliceSpacing is " << *m_OutputSliceSpacing
                                                      << " mm, but has to be greater than 0, or automatic.");
  }
  if (m_SliceAxis && *m_SliceAxis > 2)
  {
    itkGenericExceptionMacro("SliceAxis is " << *m_SliceAxis << ", but has to be 0, 1 or 2, or automatic.");
  }
}

SizeValueType
SliceStackGeometry::CountSlices(SizeValueType inputSlices, double inputSpacing, double outputSpacing)
{
  constexpr double limit = 1e6;
  // A last slice that misses the last acquired slice only by rounding still belongs to the output.
  const double extent = static_cast<double>(inputSlices - 1) * inputSpacing;
  const double count = std::floor(extent / outputSpacing + PositionTolerance) + 1.0;
  if (count > limit)
  {
    itkGenericExceptionMacro("OutputSliceSpacing is " << outputSpacing << " mm: that would make " << count
                                                      << " slices of " << inputSlices
                                                      << ", but at most 1000000 are allowed.");
  }
  return static_cast<SizeValueType>(count);
}

auto
SliceStackGeometry::ComputePosition(SizeValueType step, SizeValueType inputSlices, double inputSpacing) const
  -> Position
{
  Position position;
  if (m_OutputSliceSpacing)
  {
    // A position that differs from an acquired slice only by rounding is taken for that slice.
    const double place = static_cast<double>(step) * *m_OutputSliceSpacing / inputSpacing;
    const double nearest = std::round(place);
    const bool   isAcquired = std::abs(place - nearest) < PositionTolerance;
    const double whole = isAcquired ? nearest : std::floor(place);
    position.slice = std::min(static_cast<SizeValueType>(whole), inputSlices - 1);
    position.alpha = isAcquired || position.slice + 1 == inputSlices ? 0.0 : place - whole;
  }
  else
  {
    position.slice = step / m_UpsamplingFactor;
    position.alpha = static_cast<double>(step % m_UpsamplingFactor) / static_cast<double>(m_UpsamplingFactor);
  }
  return position;
}
} // end namespace itk
