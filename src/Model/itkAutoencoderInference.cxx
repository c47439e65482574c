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

#include "itkAutoencoderInference.h"

#include <utility>

namespace itk
{
using AutoencoderConvolutions::Features;

namespace
{
/** One channel has kernels of its own. Other numbers of channels are filled up to one that the kernels support. */
int64_t
FillUp(int64_t channels)
{
  return channels == 1 ? channels : WinogradConvolution::FillUpChannels(channels);
}

/** The weights of a 3 x 3 convolution that equals a 1 x 1 convolution. */
torch::Tensor
AsThreeByThree(const torch::Tensor & weight)
{
  return weight.size(2) == 3 ? weight : torch::constant_pad_nd(weight, { 1, 1, 1, 1 });
}
} // namespace

bool
AutoencoderInference::IsSupported(const AutoencoderArchitecture & architecture)
{
  // The channels of all other blocks are multiples of the base channels.
  return WinogradConvolution::IsSupported(architecture.baseChannels) &&
         (architecture.latentChannels == 1 || WinogradConvolution::IsSupported(architecture.latentChannels));
}

AutoencoderInference::AutoencoderInference(std::shared_ptr<AutoencoderNetwork> network)
  : m_Network(std::move(network))
{
  const torch::InferenceMode inference;
  for (const auto * modules : m_Network->GetSequences())
  {
    m_Sequences[modules] = MakeSequence(*modules);
  }
}

auto
AutoencoderInference::MakeLayer(const torch::nn::Conv2dImpl & convolution) -> Layer
{
  const torch::Tensor weight = AsThreeByThree(convolution.weight.detach());
  Layer               layer;
  layer.inputChannels = FillUp(weight.size(1));
  layer.outputChannels = FillUp(weight.size(0));
  const int64_t moreInputs = layer.inputChannels - weight.size(1);
  const int64_t moreOutputs = layer.outputChannels - weight.size(0);
  layer.weight =
    WinogradConvolution::PackWeight(torch::constant_pad_nd(weight, { 0, 0, 0, 0, 0, moreInputs, 0, moreOutputs }));
  layer.epilogue.bias = torch::constant_pad_nd(convolution.bias.detach(), { 0, moreOutputs }).contiguous();
  return layer;
}

auto
AutoencoderInference::MakeSequence(const torch::nn::SequentialImpl & modules) -> Sequence
{
  Sequence sequence;
  for (const auto & module : modules)
  {
    if (const auto * convolution = module.ptr()->as<torch::nn::Conv2d>())
    {
      sequence.layers.push_back(MakeLayer(*convolution));
      sequence.outputChannels = convolution->weight.size(0);
    }
    else if (const auto * activation = module.ptr()->as<torch::nn::LeakyReLU>())
    {
      sequence.layers.back().epilogue.slope = static_cast<float>(activation->options.negative_slope());
    }
    else if (const auto * normalization = module.ptr()->as<torch::nn::BatchNorm2d>())
    {
      auto & epilogue = sequence.layers.back().epilogue;
      epilogue.scale =
        normalization->weight.detach() / torch::sqrt(normalization->running_var + normalization->options.eps());
      epilogue.shift = normalization->bias.detach() - normalization->running_mean * epilogue.scale;
    }
    else if (module.ptr()->as<torch::nn::AvgPool2d>())
    {
      // Pooling precedes the normalization in the epilogue. The order does not matter: the mean of normalized values is
      // the normalized mean.
      sequence.layers.back().epilogue.pooling = WinogradConvolutionTask::Pooling::Mean;
    }
    else
    {
      sequence.isUpsampled = true;
    }
  }
  return sequence;
}

Features
AutoencoderInference::Run(const torch::nn::SequentialImpl & modules, Features features, TensorPool & pool) const
{
  const Sequence & sequence = m_Sequences.at(&modules);
  torch::Tensor &  last = features.skip.defined() ? features.skip : features.x;
  const int64_t    channels = features.x.size(1) + (features.skip.defined() ? features.skip.size(1) : 0);
  if (const int64_t more = sequence.layers.front().inputChannels - channels; more > 0)
  {
    last = torch::constant_pad_nd(last, { 0, 0, 0, 0, 0, more });
  }
  for (const Layer & layer : sequence.layers)
  {
    features = { WinogradConvolution::Convolve(features, layer.weight, layer.outputChannels, layer.epilogue, pool) };
  }
  if (features.x.size(1) != sequence.outputChannels)
  {
    features.x = features.x.narrow(1, 0, sequence.outputChannels);
  }
  features.isUpsampled = sequence.isUpsampled;
  return features;
}

LatentTensors
AutoencoderInference::Encode(const torch::Tensor & slices, TensorPool & pool) const
{
  return m_Network->Encode(slices, [&](torch::nn::SequentialImpl & modules, Features features) {
    return this->Run(modules, std::move(features), pool);
  });
}

torch::Tensor
AutoencoderInference::Decode(const LatentTensors & latent, TensorPool & pool) const
{
  return m_Network->Decode(latent, [&](torch::nn::SequentialImpl & modules, Features features) {
    return this->Run(modules, std::move(features), pool);
  });
}

LatentTensors
AutoencoderInference::ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const
{
  return m_Network->ComputeMixingCorrection(neighbors, [&](torch::nn::SequentialImpl & modules, Features features) {
    return this->Run(modules, std::move(features), pool);
  });
}
} // end namespace itk
