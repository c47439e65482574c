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

#include "itkSliceAutoencoder.h"

#include "itkSliceTensors.h"
#include "itkTorchDevice.h"
#include "itkTorchThreadScope.h"

#include <algorithm>

namespace itk
{
namespace
{
/** Number of slices in a batch. It is small on a CPU: larger batches are not faster there, and a batch has to be filled
 * up even if only one slice is requested. */
size_t
ComputeBatchSize(const torch::Device & device, int64_t pixels)
{
  return static_cast<size_t>(device.is_cpu() ? std::clamp<int64_t>(140'000 / pixels, 1, 4)
                                             : std::clamp<int64_t>(4'000'000 / pixels, 1, 64));
}

std::shared_ptr<AutoencoderNetwork>
FindNetwork(const AutoencoderModel::Implementation & model,
            const SliceAutoencoder::Settings &       settings,
            const torch::Device &                    device)
{
  const bool isSinglePrecision = settings.precision == SliceAutoencoder::Settings::PrecisionEnum::Float32;
  return device.is_cpu() && isSinglePrecision ? nullptr : model.GetNetworkOn(device);
}

/** The standard deviation of several tensors, pixel by pixel. torch::std() of a stack takes 40 times as long. */
torch::Tensor
ComputeStandardDeviation(const std::vector<torch::Tensor> & tensors)
{
  torch::Tensor mean = tensors.front().clone();
  for (size_t i = 1; i < tensors.size(); ++i)
  {
    mean += tensors[i];
  }
  mean /= static_cast<double>(tensors.size());
  torch::Tensor squares = torch::zeros_like(mean);
  for (const torch::Tensor & tensor : tensors)
  {
    const torch::Tensor difference = tensor - mean;
    squares.addcmul_(difference, difference);
  }
  return (squares / static_cast<double>(tensors.size() - 1)).sqrt_();
}
} // namespace

SliceAutoencoder::SliceAutoencoder(const AutoencoderModel & model, const Settings & settings, int64_t paddedPixels)
  : m_Model(model.ShareImplementation())
  , m_Device(MakeTorchDevice(settings.device))
  , m_NumberOfOrientations(settings.numberOfOrientations)
  , m_ComputeSpread(settings.computeOrientationSpread)
  , m_Network(FindNetwork(*m_Model, settings, m_Device))
  , m_BatchSize(ComputeBatchSize(m_Device, paddedPixels))
{}

torch::Tensor
SliceAutoencoder::MakeBatch(std::vector<torch::Tensor> slices) const
{
  slices.resize(m_BatchSize, slices.back());
  return slices.size() == 1 ? slices.front() : torch::cat(slices, 0);
}

std::vector<SliceAutoencoder::LatentType>
SliceAutoencoder::Encode(const torch::Tensor & slices, TensorPool & pool) const
{
  const TorchThreadScope  threads(m_ThreadsPerBatch);
  std::vector<LatentType> latents;
  for (unsigned int orientation = 0; orientation < m_NumberOfOrientations; ++orientation)
  {
    const torch::Tensor oriented = SliceTensors::Orient(slices, orientation);
    latents.push_back(m_Network ? m_Network->Encode(oriented.contiguous(torch::MemoryFormat::ChannelsLast))
                                : m_Model->Encode(oriented, pool));
  }
  return latents;
}

SliceAutoencoder::LatentType
SliceAutoencoder::ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const
{
  const TorchThreadScope threads(m_ThreadsPerBatch);
  return m_Network ? m_Network->ComputeMixingCorrection(neighbors) : m_Model->ComputeMixingCorrection(neighbors, pool);
}

SliceAutoencoder::DecodedBatch
SliceAutoencoder::Decode(const std::function<LatentType(unsigned int orientation)> & mixLatents,
                         TensorPool &                                                pool) const
{
  const TorchThreadScope     threads(m_ThreadsPerBatch);
  torch::Tensor              sum;
  std::vector<torch::Tensor> clamped;
  for (unsigned int orientation = 0; orientation < m_NumberOfOrientations; ++orientation)
  {
    const auto          mixed = mixLatents(orientation);
    const torch::Tensor slices = m_Network ? m_Network->Decode(mixed).to(torch::kFloat) : m_Model->Decode(mixed, pool);
    const torch::Tensor upright = SliceTensors::Reorient(slices, orientation);
    sum = sum.defined() ? sum + upright : upright;
    if (m_ComputeSpread)
    {
      clamped.push_back(upright.clamp(0.0, 1.0));
    }
  }
  DecodedBatch decoded;
  decoded.mean = sum / static_cast<double>(m_NumberOfOrientations);
  if (m_ComputeSpread)
  {
    decoded.spread = ComputeStandardDeviation(clamped);
  }
  return decoded;
}
} // end namespace itk
