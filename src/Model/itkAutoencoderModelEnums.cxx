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

#include "itkAutoencoderModel.h"

namespace itk
{
std::ostream &
operator<<(std::ostream & out, const AutoencoderModelEnums::Precision value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderModelEnums::Precision::Float32:
        return "itk::AutoencoderModelEnums::Precision::Float32";
      case AutoencoderModelEnums::Precision::BFloat16:
        return "itk::AutoencoderModelEnums::Precision::BFloat16";
    }
    return "INVALID VALUE FOR itk::AutoencoderModelEnums::Precision";
  }();
}

std::ostream &
operator<<(std::ostream & out, const AutoencoderModelEnums::Mixing value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderModelEnums::Mixing::Linear:
        return "itk::AutoencoderModelEnums::Mixing::Linear";
      case AutoencoderModelEnums::Mixing::Learned:
        return "itk::AutoencoderModelEnums::Mixing::Learned";
    }
    return "INVALID VALUE FOR itk::AutoencoderModelEnums::Mixing";
  }();
}
} // end namespace itk
