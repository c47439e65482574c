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

namespace itk
{
using AutoencoderConvolutions::Features;

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
AutoencoderInference::MakeSequence(const torch::nn::SequentialImpl & modules) -> Sequence
{
  Sequence sequence;
  for (const auto & module : modules)
  {
    if (const auto * convolution = module.ptr()->as<torch::nn::Conv2d>())
    {
      Layer layer;
      layer.weight = WinogradConvolution::PackWeight(convolution->weight);
      layer.outputChannels = convolution->weight.size(0);
      layer.epilogue.bias = convolution->bias.detach().contiguous();
      sequence.layers.push_back(layer);
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
  for (const Layer & layer : sequence.layers)
  {
    features = { WinogradConvolution::Convolve(features, layer.weight, layer.outputChannels, layer.epilogue, pool) };
  }
  features.isUpsampled = sequence.isUpsampled;
  return features;
}

LatentTensors
AutoencoderInference::Encode(const torch::Tensor & slices, TensorPool & pool) const
{
  return m_Network->Encode(
    slices, [&](torch::nn::SequentialImpl & modules, Features features) { return this->Run(modules, features, pool); });
}

torch::Tensor
AutoencoderInference::Decode(const LatentTensors & latent, TensorPool & pool) const
{
  return m_Network->Decode(
    latent, [&](torch::nn::SequentialImpl & modules, Features features) { return this->Run(modules, features, pool); });
}
} // end namespace itk
