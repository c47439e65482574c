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

#include "itkAutoencoderModelImplementation.h"

#include "itkAutoencoderInference.h"

namespace itk
{
LatentTensors
AutoencoderModel::Implementation::Encode(const torch::Tensor & slices, TensorPool & pool) const
{
  const AutoencoderInference * inference = this->GetInference();
  return inference ? inference->Encode(slices, pool)
                   : network->Encode(slices.contiguous(torch::MemoryFormat::ChannelsLast));
}

torch::Tensor
AutoencoderModel::Implementation::Decode(const LatentTensors & latent, TensorPool & pool) const
{
  const AutoencoderInference * inference = this->GetInference();
  return inference ? inference->Decode(latent, pool) : network->Decode(latent);
}

LatentTensors
AutoencoderModel::Implementation::ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const
{
  const AutoencoderInference * inference = this->GetInference();
  return inference ? inference->ComputeMixingCorrection(neighbors, pool) : network->ComputeMixingCorrection(neighbors);
}

std::shared_ptr<AutoencoderNetwork>
AutoencoderModel::Implementation::GetNetworkOn(const torch::Device & device) const
{
  if (device.is_cpu())
  {
    return network;
  }
  return m_Copies.Get(device, [&] {
    // Tensors made in inference mode could not be used outside of it, and the copy is kept.
    const torch::InferenceMode normalMode(false);
    const torch::NoGradGuard   noGradient;
    auto                       copy = CloneNetwork(*network);
    copy->eval();
    copy->to(device);
    return copy;
  });
}

const AutoencoderInference *
AutoencoderModel::Implementation::GetInference() const
{
  std::call_once(m_InferenceOnce, [this] {
    if (AutoencoderInference::IsSupported(network->GetArchitecture()))
    {
      m_Inference = std::make_shared<AutoencoderInference>(network);
    }
  });
  return m_Inference.get();
}
} // end namespace itk
