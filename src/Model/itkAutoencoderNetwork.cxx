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
#include <utility>

namespace itk
{
namespace
{
torch::nn::Conv2d
Convolution(int64_t in, int64_t out)
{
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1));
}

torch::nn::Conv2d
PointwiseConvolution(int64_t in, int64_t out)
{
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1));
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
  const auto &        generator = at::detail::getDefaultCPUGenerator();
  const torch::Tensor generatorState = generator.get_state();

  const int64_t top = architecture.GetBlockChannels(architecture.poolings - 1);

  m_Encoder = this->register_module("encoder", torch::nn::ModuleList());
  int64_t previous = architecture.GetPixelChannels();
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
  m_ToImage = torch::nn::Sequential(
    Convolution(previous + (architecture.hasLatentPixels ? architecture.GetPixelChannels() : 0), previous),
    torch::nn::LeakyReLU(),
    Convolution(previous, architecture.GetPixelChannels()));
  this->register_module("to_image", m_ToImage);

  if (architecture.learnsMixing)
  {
    m_Mixing = this->register_module("mixing", torch::nn::ModuleList());
    for (const int64_t channels : architecture.GetLatentTensorChannels())
    {
      const int64_t width = AutoencoderArchitecture::GetMixingWidth(channels);
      m_Mixing->push_back(
        torch::nn::Sequential(PointwiseConvolution(architecture.GetMixingInputChannels(channels), width),
                              torch::nn::LeakyReLU(),
                              Convolution(width, width),
                              torch::nn::LeakyReLU(),
                              PointwiseConvolution(width, channels)));
    }
  }

  auto restored = generator;
  restored.set_state(generatorState);
}

AutoencoderConvolutions::Features
AutoencoderNetwork::Run(torch::nn::SequentialImpl & sequence, AutoencoderConvolutions::Features features)
{
  static const RunFunction run = RunWith(
    [](torch::nn::BatchNorm2dImpl & normalization, const torch::Tensor & x) { return normalization.forward(x); });
  return run(sequence, std::move(features));
}

namespace
{
AutoencoderConvolutions::Features
RunModules(torch::nn::SequentialImpl &                   sequence,
           AutoencoderConvolutions::Features             features,
           const AutoencoderNetwork::NormalizeFunction & normalize)
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
    else if (auto * normalization = module->as<torch::nn::BatchNorm2d>())
    {
      features.x = normalize(*normalization, features.x);
    }
    else
    {
      features.x = (sequence.begin() + static_cast<std::ptrdiff_t>(i))->any_forward(features.x).get<torch::Tensor>();
    }
  }
  return features;
}
} // namespace

AutoencoderNetwork::RunFunction
AutoencoderNetwork::RunWith(NormalizeFunction normalize)
{
  return [normalize = std::move(normalize)](torch::nn::SequentialImpl &       sequence,
                                            AutoencoderConvolutions::Features features) {
    return RunModules(sequence, std::move(features), normalize);
  };
}

AutoencoderNetwork::LatentType
AutoencoderNetwork::Encode(const torch::Tensor & slices, const RunFunction & run)
{
  AutoencoderConvolutions::Features x{ slices };
  if (m_Architecture.pixelUnshuffleFactor > 1)
  {
    x.x =
      torch::pixel_unshuffle(slices, m_Architecture.pixelUnshuffleFactor).contiguous(torch::MemoryFormat::ChannelsLast);
  }
  const torch::Tensor pixels = x.x;
  LatentType          features;
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
  if (m_Architecture.hasLatentPixels)
  {
    // A latent owns its memory. Without unshuffling, `pixels` may be a view of the caller's.
    latent.push_back(m_Architecture.pixelUnshuffleFactor > 1 ? pixels : pixels.clone());
  }
  return latent;
}

torch::Tensor
AutoencoderNetwork::Decode(const LatentType & latent, const RunFunction & run)
{
  auto x = run(*m_FromLatent, { latent.front() });
  // The decoder uses the levels in descending order.
  size_t  nextFeature = m_Architecture.levels.size();
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
  if (m_Architecture.hasLatentPixels)
  {
    x.skip = latent.back();
  }
  const torch::Tensor slices = run(*m_ToImage, x).x;
  return m_Architecture.pixelUnshuffleFactor > 1 ? torch::pixel_shuffle(slices, m_Architecture.pixelUnshuffleFactor)
                                                 : slices;
}

AutoencoderNetwork::LatentType
AutoencoderNetwork::ComputeMixingCorrection(const LatentNeighbors & neighbors, const RunFunction & run)
{
  LatentType correction;
  if (!m_Architecture.learnsMixing)
  {
    return correction;
  }
  for (size_t i = 0; i < neighbors.first.size(); ++i)
  {
    const torch::Tensor & first = neighbors.first[i];
    const torch::Tensor & second = neighbors.second[i];
    // Sums and absolute differences stay the same if the slices are swapped.
    std::vector<torch::Tensor> inputs{ first + second, (first - second).abs() };
    if (m_Architecture.mixesWithContext)
    {
      inputs.push_back(neighbors.before[i] + neighbors.after[i]);
    }
    correction.push_back(run(*m_Mixing[i]->as<torch::nn::Sequential>(), { torch::cat(inputs, 1) }).x);
  }
  return correction;
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
  if (m_Architecture.learnsMixing)
  {
    for (const auto & sequence : *m_Mixing)
    {
      auto & last = *sequence->as<torch::nn::Sequential>()->children().back()->as<torch::nn::Conv2d>();
      last.weight.zero_();
      last.bias.zero_();
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
