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

#include "itkResidualCorrection.h"


namespace itk
{
void
ResidualCorrection::Keep(AcquiredSlice & slice, const torch::Tensor & decoded) const
{
  slice.correction = m_Grid.ResampleToNative(decoded);
}

torch::Tensor
ResidualCorrection::Apply(const Position & position, const AcquiredSlices & slices, const torch::Tensor & decoded) const
{
  const torch::Tensor correction =
    m_Grid.ResampleToNative(decoded) - InterpolateLinearly(slices, position, &AcquiredSlice::correction);
  torch::Tensor slice = (m_Settings.residualGain * this->GetWindowRange()) * correction;
  torch::Tensor minimum;
  torch::Tensor maximum;
  for (const auto & [number, weight] : this->ComputeWeights(position))
  {
    const AcquiredSlice & acquired = slices.at(number);
    slice = slice.add(acquired.native, weight);
    minimum = minimum.defined() ? torch::minimum(minimum, acquired.minimum) : acquired.minimum;
    maximum = maximum.defined() ? torch::maximum(maximum, acquired.maximum) : acquired.maximum;
  }
  // The result may overshoot at steep slopes. Intensities outside of the range of the slices around are not plausible.
  return torch::clamp(slice, minimum, maximum);
}
} // end namespace itk
