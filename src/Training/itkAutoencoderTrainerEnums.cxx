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

#include "itkAutoencoderTrainerEnums.h"

namespace itk
{
std::ostream &
operator<<(std::ostream & out, const AutoencoderTrainerEnums::LearningRateSchedule value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderTrainerEnums::LearningRateSchedule::Constant:
        return "itk::AutoencoderTrainerEnums::LearningRateSchedule::Constant";
      case AutoencoderTrainerEnums::LearningRateSchedule::Cosine:
        return "itk::AutoencoderTrainerEnums::LearningRateSchedule::Cosine";
    }
    return "INVALID VALUE FOR itk::AutoencoderTrainerEnums::LearningRateSchedule";
  }();
}

std::ostream &
operator<<(std::ostream & out, const AutoencoderTrainerEnums::StopCondition value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderTrainerEnums::StopCondition::NotStarted:
        return "itk::AutoencoderTrainerEnums::StopCondition::NotStarted";
      case AutoencoderTrainerEnums::StopCondition::Training:
        return "itk::AutoencoderTrainerEnums::StopCondition::Training";
      case AutoencoderTrainerEnums::StopCondition::MaximumNumberOfIterations:
        return "itk::AutoencoderTrainerEnums::StopCondition::MaximumNumberOfIterations";
      case AutoencoderTrainerEnums::StopCondition::TimeBudget:
        return "itk::AutoencoderTrainerEnums::StopCondition::TimeBudget";
      case AutoencoderTrainerEnums::StopCondition::StopRequested:
        return "itk::AutoencoderTrainerEnums::StopCondition::StopRequested";
      case AutoencoderTrainerEnums::StopCondition::Aborted:
        return "itk::AutoencoderTrainerEnums::StopCondition::Aborted";
      case AutoencoderTrainerEnums::StopCondition::NonFiniteLoss:
        return "itk::AutoencoderTrainerEnums::StopCondition::NonFiniteLoss";
      case AutoencoderTrainerEnums::StopCondition::Failed:
        return "itk::AutoencoderTrainerEnums::StopCondition::Failed";
      case AutoencoderTrainerEnums::StopCondition::EarlyStopping:
        return "itk::AutoencoderTrainerEnums::StopCondition::EarlyStopping";
    }
    return "INVALID VALUE FOR itk::AutoencoderTrainerEnums::StopCondition";
  }();
}
} // end namespace itk
