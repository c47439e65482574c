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
#ifndef itkTorchAutocastScope_h
#define itkTorchAutocastScope_h

#include "itkAutoencoderModel.h"

#include <ATen/autocast_mode.h>

namespace itk
{
/** Sets the precision of LibTorch's convolutions during its lifetime: bfloat16 by autocast, or no autocast. */
class TorchAutocastScope
{
public:
  TorchAutocastScope(AutoencoderModelEnums::Precision precision, at::DeviceType device)
    : m_Device(device)
    , m_WasEnabled(at::autocast::is_autocast_enabled(device))
    , m_PreviousType(at::autocast::get_autocast_dtype(device))
  {
    at::autocast::set_autocast_enabled(device, precision == AutoencoderModelEnums::Precision::BFloat16);
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~TorchAutocastScope()
  {
    if (at::autocast::decrement_nesting() == 0)
    {
      // Autocast caches converted weights, and training changes the weights.
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(m_Device, m_WasEnabled);
    at::autocast::set_autocast_dtype(m_Device, m_PreviousType);
  }

  TorchAutocastScope(const TorchAutocastScope &) = delete;
  TorchAutocastScope &
  operator=(const TorchAutocastScope &) = delete;

private:
  at::DeviceType m_Device;
  bool           m_WasEnabled;
  at::ScalarType m_PreviousType;
};
} // end namespace itk

#endif // itkTorchAutocastScope_h
