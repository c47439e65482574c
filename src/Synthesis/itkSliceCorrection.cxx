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

#include "itkSliceCorrection.h"

#include "itkLowPassCorrection.h"
#include "itkNoCorrection.h"
#include "itkProfileCorrection.h"
#include "itkResidualCorrection.h"

#include "itkMacro.h"

namespace itk
{
std::unique_ptr<SliceCorrection>
SliceCorrection::Make(const Settings & settings, const NetworkGrid & grid, SizeValueType slices)
{
  using ModeEnum = Settings::OutputModeEnum;
  switch (settings.outputMode)
  {
    case ModeEnum::Decoded:
    case ModeEnum::PreserveAcquired:
      return std::make_unique<NoCorrection>(settings, grid);
    case ModeEnum::ResidualCorrected:
      return std::make_unique<ResidualCorrection>(settings, grid);
    case ModeEnum::ProfileCorrected:
      return std::make_unique<ProfileCorrection>(settings, grid, slices);
    case ModeEnum::LowPassCorrected:
      return std::make_unique<LowPassCorrection>(settings, grid);
    case ModeEnum::Automatic:
      break;
  }
  itkGenericExceptionMacro("The output mode is "
                           << settings.outputMode
                           << ", but slices are synthesized in one of the modes that it chooses from.");
}

torch::Tensor
SliceCorrection::RestoreNative(const Position &       position,
                               const AcquiredSlices & slices,
                               const torch::Tensor &  slice) const
{
  return InterpolateLinearly(slices, position, &AcquiredSlice::remainder) + m_Settings.windowMinimum +
         this->GetWindowRange() * m_Grid.ResampleToNative(slice);
}
} // end namespace itk
