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

#include "itkLatentSpaceSuperResolutionEnums.h"

namespace itk
{
std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::OutputMode value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::OutputMode::Decoded:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::Decoded";
      case LatentSpaceSuperResolutionEnums::OutputMode::PreserveAcquired:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::PreserveAcquired";
      case LatentSpaceSuperResolutionEnums::OutputMode::ResidualCorrected:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::ResidualCorrected";
      case LatentSpaceSuperResolutionEnums::OutputMode::LowPassCorrected:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::LowPassCorrected";
      case LatentSpaceSuperResolutionEnums::OutputMode::ProfileCorrected:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::ProfileCorrected";
      case LatentSpaceSuperResolutionEnums::OutputMode::Automatic:
        return "itk::LatentSpaceSuperResolutionEnums::OutputMode::Automatic";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::OutputMode";
    }
  }();
}

std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::Precision value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::Precision::Float32:
        return "itk::LatentSpaceSuperResolutionEnums::Precision::Float32";
      case LatentSpaceSuperResolutionEnums::Precision::BFloat16:
        return "itk::LatentSpaceSuperResolutionEnums::Precision::BFloat16";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::Precision";
    }
  }();
}

std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::LearningRateSchedule value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::LearningRateSchedule::Constant:
        return "itk::LatentSpaceSuperResolutionEnums::LearningRateSchedule::Constant";
      case LatentSpaceSuperResolutionEnums::LearningRateSchedule::Cosine:
        return "itk::LatentSpaceSuperResolutionEnums::LearningRateSchedule::Cosine";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::LearningRateSchedule";
    }
  }();
}

std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::StopCondition value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::StopCondition::NotStarted:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::NotStarted";
      case LatentSpaceSuperResolutionEnums::StopCondition::Training:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::Training";
      case LatentSpaceSuperResolutionEnums::StopCondition::MaximumNumberOfIterations:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::MaximumNumberOfIterations";
      case LatentSpaceSuperResolutionEnums::StopCondition::TimeBudget:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::TimeBudget";
      case LatentSpaceSuperResolutionEnums::StopCondition::StopRequested:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::StopRequested";
      case LatentSpaceSuperResolutionEnums::StopCondition::Aborted:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::Aborted";
      case LatentSpaceSuperResolutionEnums::StopCondition::NonFiniteLoss:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::NonFiniteLoss";
      case LatentSpaceSuperResolutionEnums::StopCondition::Failed:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::Failed";
      case LatentSpaceSuperResolutionEnums::StopCondition::EarlyStopping:
        return "itk::LatentSpaceSuperResolutionEnums::StopCondition::EarlyStopping";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::StopCondition";
    }
  }();
}
std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::DataRangeSource value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::DataRangeSource::ReferenceMinimumMaximum:
        return "itk::LatentSpaceSuperResolutionEnums::DataRangeSource::ReferenceMinimumMaximum";
      case LatentSpaceSuperResolutionEnums::DataRangeSource::ReferenceMaximum:
        return "itk::LatentSpaceSuperResolutionEnums::DataRangeSource::ReferenceMaximum";
      case LatentSpaceSuperResolutionEnums::DataRangeSource::PixelType:
        return "itk::LatentSpaceSuperResolutionEnums::DataRangeSource::PixelType";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::DataRangeSource";
    }
  }();
}

std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::SSIMWindow value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::SSIMWindow::Gaussian:
        return "itk::LatentSpaceSuperResolutionEnums::SSIMWindow::Gaussian";
      case LatentSpaceSuperResolutionEnums::SSIMWindow::Uniform:
        return "itk::LatentSpaceSuperResolutionEnums::SSIMWindow::Uniform";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::SSIMWindow";
    }
  }();
}

std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionEnums::NRMSENormalization value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionEnums::NRMSENormalization::Euclidean:
        return "itk::LatentSpaceSuperResolutionEnums::NRMSENormalization::Euclidean";
      case LatentSpaceSuperResolutionEnums::NRMSENormalization::MinimumMaximum:
        return "itk::LatentSpaceSuperResolutionEnums::NRMSENormalization::MinimumMaximum";
      case LatentSpaceSuperResolutionEnums::NRMSENormalization::Mean:
        return "itk::LatentSpaceSuperResolutionEnums::NRMSENormalization::Mean";
      default:
        return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionEnums::NRMSENormalization";
    }
  }();
}
} // end namespace itk
