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
#ifndef itkProfileCorrection_h
#define itkProfileCorrection_h

#include "itkResidualCorrection.h"

namespace itk
{
/** The mode ProfileCorrected: like ResidualCorrected, but with Lanczos interpolation of a stack that is sharpened
 * against the blur of the slice profile. */
class ProfileCorrection : public ResidualCorrection
{
public:
  ProfileCorrection(const Settings & settings, const NetworkGrid & grid, SizeValueType slices)
    : ResidualCorrection(settings, grid)
    , m_NumberOfSlices(slices)
  {}

  InterpolationWeights
  ComputeWeights(const Position & position) const override
  {
    return ComputeProfileWeights(position, m_NumberOfSlices, m_Settings.profileSigma);
  }

private:
  SizeValueType m_NumberOfSlices;
};
} // end namespace itk

#endif // itkProfileCorrection_h
