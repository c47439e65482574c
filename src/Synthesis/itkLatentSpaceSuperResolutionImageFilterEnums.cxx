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

#include "itkLatentSpaceSuperResolutionImageFilterEnums.h"

namespace itk
{
std::ostream &
operator<<(std::ostream & out, const LatentSpaceSuperResolutionImageFilterEnums::OutputMode value)
{
  return out << [value] {
    switch (value)
    {
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::Decoded:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::Decoded";
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::PreserveAcquired:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::PreserveAcquired";
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::ResidualCorrected:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::ResidualCorrected";
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::LowPassCorrected:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::LowPassCorrected";
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::ProfileCorrected:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::ProfileCorrected";
      case LatentSpaceSuperResolutionImageFilterEnums::OutputMode::Automatic:
        return "itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::Automatic";
    }
    return "INVALID VALUE FOR itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode";
  }();
}
} // end namespace itk
