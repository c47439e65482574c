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

#include "itkAutoencoderNetwork.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace itk
{
namespace
{
torch::nn::Conv2d
Convolution(int64_t in, int64_t out)
{
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1));
}

/** Two convolutions, each followed by its activation: modules 0 to 3. */
torch::nn::Sequential
Convolutions(int64_t in, int64_t out)
{
  torch::nn::Sequential sequence;
  sequence->push_back(Convolution(in, out));
  sequence->push_back(torch::nn::LeakyReLU());
  sequence->push_back(Convolution(out, out));
  sequence->push_back(torch::nn::LeakyReLU());
  return sequence;
}
} // namespace

AutoencoderNetwork::AutoencoderNetwork(const AutoencoderArchitecture & architecture)
  : m_Architecture(architecture)
{
  // LibTorch's modules draw initial weights from the generator of the process. These weights are never used. The user's
  // random numbers must not depend on them, so the generator's state is restored.
  const auto          generator = at::detail::getDefaultCPUGenerator();
  const torch::Tensor generatorState = generator.get_state();

  const int64_t top = architecture.GetBlockChannels(architecture.poolings - 1);

  m_Encoder = this->register_module("encoder", torch::nn::ModuleList());
  int64_t previous = 1;
  for (int64_t block = 0; block < architecture.poolings; ++block)
  {
    const int64_t channels = architecture.GetBlockChannels(block);
    auto          sequence = Convolutions(previous, channels);
    sequence->push_back(torch::nn::BatchNorm2d(channels));
    sequence->push_back(torch::nn::AvgPool2d(2));
    m_Encoder->push_back(sequence);
    previous = channels;
  }
  m_ToLatent =
    torch::nn::Sequential(Convolution(top, top), torch::nn::LeakyReLU(), Convolution(top, architecture.latentChannels));
  this->register_module("to_latent", m_ToLatent);

  m_FromLatent = this->register_module("from_latent", Convolutions(architecture.latentChannels, top));
  m_Decoder = this->register_module("decoder", torch::nn::ModuleList());
  previous = top;
  for (int64_t level = architecture.poolings - 1; level >= 0; --level)
  {
    const int64_t channels = architecture.GetBlockChannels(level);
    auto          sequence = Convolutions(previous + (architecture.HasLevel(level) ? channels : 0), channels);
    sequence->push_back(torch::nn::BatchNorm2d(channels));
    sequence->push_back(torch::nn::Upsample(
      torch::nn::UpsampleOptions().scale_factor(std::vector<double>{ 2.0, 2.0 }).mode(torch::kNearest)));
    m_Decoder->push_back(sequence);
    previous = channels;
  }
  m_ToImage = torch::nn::Sequential(Convolution(previous, previous), torch::nn::LeakyReLU(), Convolution(previous, 1));
  this->register_module("to_image", m_ToImage);

  auto restored = generator;
  restored.set_state(generatorState);
}

AutoencoderConvolutions::Features
AutoencoderNetwork::Run(torch::nn::SequentialImpl & sequence, AutoencoderConvolutions::Features features)
{
  for (size_t i = 0; i < sequence.size(); ++i)
  {
    const auto & module = sequence[i];
    if (const auto * convolution = module->as<torch::nn::Conv2d>())
    {
      // If an activation follows, both are computed together.
      const auto * activation = i + 1 < sequence.size() ? sequence[i + 1]->as<torch::nn::LeakyReLU>() : nullptr;
      const double slope = activation ? activation->options.negative_slope() : 1.0;
      features = { AutoencoderConvolutions::Convolve(features, convolution->weight, convolution->bias, slope) };
      i += activation ? 1 : 0;
    }
    else if (module->as<torch::nn::Upsample>())
    {
      features.isUpsampled = true;
    }
    else
    {
      features.x = (sequence.begin() + static_cast<std::ptrdiff_t>(i))->any_forward(features.x).get<torch::Tensor>();
    }
  }
  return features;
}

AutoencoderNetwork::LatentType
AutoencoderNetwork::Encode(torch::Tensor slices, const RunFunction & run)
{
  AutoencoderConvolutions::Features x{ slices };
  LatentType                        features;
  for (const auto & block : *m_Encoder)
  {
    x = run(*block->as<torch::nn::Sequential>(), x);
    features.push_back(x.x);
  }
  LatentType latent{ run(*m_ToLatent, x).x };
  for (const int64_t level : m_Architecture.levels)
  {
    latent.push_back(features[level]);
  }
  return latent;
}

torch::Tensor
AutoencoderNetwork::Decode(const LatentType & latent, const RunFunction & run)
{
  auto x = run(*m_FromLatent, { latent.front() });
  // The decoder uses the levels in descending order.
  size_t  nextFeature = latent.size() - 1;
  int64_t level = m_Architecture.poolings - 1;
  for (const auto & block : *m_Decoder)
  {
    if (m_Architecture.HasLevel(level))
    {
      x.skip = latent[nextFeature--];
    }
    x = run(*block->as<torch::nn::Sequential>(), x);
    --level;
  }
  return run(*m_ToImage, x).x;
}

std::vector<torch::nn::SequentialImpl *>
AutoencoderNetwork::GetSequences() const
{
  std::vector<torch::nn::SequentialImpl *> sequences;
  for (const auto & module : this->modules(/*include_self=*/false))
  {
    if (auto * sequence = module->as<torch::nn::SequentialImpl>())
    {
      sequences.push_back(sequence);
    }
  }
  return sequences;
}

void
AutoencoderNetwork::RandomizeWeights(uint64_t seed)
{
  torch::NoGradGuard noGradient;
  auto               generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (auto & module : this->modules(/*include_self=*/false))
  {
    if (auto * convolution = module->as<torch::nn::Conv2d>())
    {
      const double bound = 1.0 / std::sqrt(static_cast<double>(convolution->weight[0].numel()));
      convolution->weight.uniform_(-bound, bound, generator);
      convolution->bias.uniform_(-bound, bound, generator);
    }
    else if (auto * normalization = module->as<torch::nn::BatchNorm2d>())
    {
      normalization->weight.fill_(1.0);
      normalization->bias.zero_();
      normalization->reset_running_stats();
    }
  }
}

void
CopyNetwork(AutoencoderNetwork & target, const AutoencoderNetwork & source)
{
  torch::NoGradGuard noGradient;
  const auto         parameters = source.named_parameters();
  for (auto & item : target.named_parameters())
  {
    item.value().copy_(parameters[item.key()]);
  }
  const auto buffers = source.named_buffers();
  for (auto & item : target.named_buffers())
  {
    item.value().copy_(buffers[item.key()]);
  }
}

std::shared_ptr<AutoencoderNetwork>
CloneNetwork(const AutoencoderNetwork & network)
{
  auto clone = std::make_shared<AutoencoderNetwork>(network.GetArchitecture());
  CopyNetwork(*clone, network);
  clone->train(network.is_training());
  return clone;
}
} // end namespace itk
