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

#include "itkTrainingObjective.h"

#include "itkTorchAutocastScope.h"
#include "itkTrainingLosses.h"

#include "itkMacro.h"

#include <algorithm>

namespace itk
{
namespace
{
/** Every ReconstructionStride-th sample is reconstructed. Each reconstruction costs a decoding, and this number is
 * enough to keep the network an autoencoder. */
constexpr int64_t ReconstructionStride = 4;

/** The largest number of lanes. It is the same for up to four threads, so the bits of a training do not depend on
 * which of these numbers is used. More lanes have smaller shares, whose deep layers have few pixels, and wait more for
 * each other: with two threads, six lanes take an eighth more time than four. */
int64_t
GetLargestNumberOfLanes(unsigned int numberOfThreads)
{
  return numberOfThreads <= 4 ? 4 : 8;
}

torch::Tensor
ToNetworkLayout(const torch::Tensor & slices)
{
  return slices.contiguous(torch::MemoryFormat::ChannelsLast);
}

PatchSampler::Settings
MakeSamplerSettings(const AutoencoderTrainingParameters & parameters, const AutoencoderArchitecture & architecture)
{
  PatchSampler::Settings settings;
  settings.patchSize = parameters.patchSize;
  settings.maximumSliceGap = parameters.maximumSliceGap;
  settings.wideGapShare = parameters.wideGapShare;
  settings.context = architecture.mixesWithContext;
  settings.center = parameters.centerPatches;
  settings.rotate = parameters.rotationAugmentation;
  settings.flip = parameters.flipAugmentation;
  settings.intensityProbability = parameters.intensityAugmentation;
  settings.largestScaleChange = parameters.scaleAugmentation;
  settings.deformation = parameters.deformationAugmentation;
  settings.seed = parameters.seed;
  return settings;
}

std::vector<int64_t>
AddOffset(std::vector<int64_t> samples, int64_t offset)
{
  for (int64_t & sample : samples)
  {
    sample += offset;
  }
  return samples;
}
} // namespace

TrainingObjective::TrainingObjective(const AutoencoderTrainingParameters & parameters,
                                     const AutoencoderArchitecture &       architecture,
                                     int64_t                               rank,
                                     int64_t                               numberOfProcesses,
                                     unsigned int                          numberOfThreads)
  : m_Parameters(parameters)
  , m_Sampler(MakeSamplerSettings(parameters, architecture))
{
  const int64_t batch = parameters.batchSize;
  if (batch % numberOfProcesses != 0)
  {
    itkGenericExceptionMacro("BatchSize is " << batch << ", but has to be a multiple of " << numberOfProcesses
                                             << ", the number of processes.");
  }
  const int64_t ofProcess = batch / numberOfProcesses;
  const int64_t largest = GetLargestNumberOfLanes(numberOfThreads);
  const int64_t samplesOfLane = (ofProcess + largest - 1) / largest;
  const int64_t lanes = (ofProcess + samplesOfLane - 1) / samplesOfLane;
  m_NumberOfReconstructed = (batch + ReconstructionStride - 1) / ReconstructionStride;
  for (int64_t lane = 0; lane < lanes; ++lane)
  {
    Share share;
    for (int64_t i = ofProcess * lane / lanes; i < ofProcess * (lane + 1) / lanes; ++i)
    {
      const int64_t sample = rank * ofProcess + i;
      share.samples.push_back(sample);
      if (sample % ReconstructionStride == 0)
      {
        share.reconstructed.push_back(sample);
      }
    }
    m_Shares.push_back(share);
  }
}

TrainingObjective::Terms
TrainingObjective::Compute(AutoencoderNetwork & network,
                           size_t               lane,
                           SizeValueType        iteration,
                           const RunFunction &  run) const
{
  return m_Parameters.synthesisWeight == 0.0 || !m_Sampler.HasTriplets()
           ? this->ComputeReconstruction(network, m_Shares[lane], iteration, run)
           : this->ComputeSynthesis(network, m_Shares[lane], iteration, run);
}

TrainingObjective::Terms
TrainingObjective::ComputeReconstruction(AutoencoderNetwork & network,
                                         const Share &        share,
                                         SizeValueType        iteration,
                                         const RunFunction &  run) const
{
  const torch::Tensor slices = ToNetworkLayout(m_Sampler.DrawSlices(iteration, share.samples));
  torch::Tensor       decoded;
  {
    const TorchAutocastScope autocast(m_Parameters.precision, torch::kCPU);
    decoded = network.Decode(network.Encode(slices, run), run);
  }
  Terms terms;
  terms.reconstruction = static_cast<double>(share.samples.size()) / static_cast<double>(m_Parameters.batchSize) *
                         torch::mse_loss(decoded.to(torch::kFloat), slices);
  terms.total = m_Parameters.reconstructionWeight * terms.reconstruction;
  return terms;
}

TrainingObjective::Reconstructed
TrainingObjective::ChooseReconstructed(const Share &                  share,
                                       const PatchSampler::Triplets & triplets,
                                       SizeValueType                  iteration) const
{
  Reconstructed reconstructed;
  if (share.reconstructed.empty())
  {
    return reconstructed;
  }
  if (m_Sampler.HasVolumesWithoutTriplets())
  {
    // Volumes with fewer than three slices have no triplets, and are used for the reconstruction term only.
    reconstructed.areExtra = true;
    reconstructed.slices =
      m_Sampler.DrawSlices(iteration, AddOffset(share.reconstructed, static_cast<int64_t>(m_Parameters.batchSize)));
    for (size_t i = 0; i < share.reconstructed.size(); ++i)
    {
      reconstructed.places.push_back(static_cast<int64_t>(2 * share.samples.size() + i));
    }
    return reconstructed;
  }
  // The first slices of the triplets are encoded in any case, so they are also used for the reconstruction.
  reconstructed.places = AddOffset(share.reconstructed, -share.samples.front());
  reconstructed.slices = triplets.first.index_select(0, torch::tensor(reconstructed.places));
  return reconstructed;
}

TrainingObjective::Terms
TrainingObjective::ComputeSynthesis(AutoencoderNetwork & network,
                                    const Share &        share,
                                    SizeValueType        iteration,
                                    const RunFunction &  run) const
{
  const auto          batch = static_cast<int64_t>(share.samples.size());
  const auto          triplets = m_Sampler.DrawTriplets(iteration, share.samples);
  const Reconstructed reconstructed = this->ChooseReconstructed(share, triplets, iteration);
  const auto          reconstructions = static_cast<int64_t>(reconstructed.places.size());

  std::vector<torch::Tensor> encoded{ triplets.first, triplets.second };
  if (reconstructed.areExtra)
  {
    encoded.push_back(reconstructed.slices);
  }
  torch::Tensor decoded;
  {
    const TorchAutocastScope autocast(m_Parameters.precision, torch::kCPU);
    const auto               latent = network.Encode(ToNetworkLayout(torch::cat(encoded, 0)), run);
    LatentNeighbors          neighbors{ NarrowLatents(latent, 0, batch), NarrowLatents(latent, batch, batch), {}, {} };
    if (triplets.before.defined())
    {
      // The encoder learns from the other slices. Without a gradient of the context, an iteration takes a fifth less
      // time.
      const torch::NoGradGuard noGradient;
      const auto context = network.Encode(ToNetworkLayout(torch::cat({ triplets.before, triplets.after }, 0)), run);
      neighbors.before = NarrowLatents(context, 0, batch);
      neighbors.after = NarrowLatents(context, batch, batch);
    }
    auto mixed = network.Mix(neighbors, triplets.alpha);
    for (size_t i = 0; reconstructions > 0 && i < mixed.size(); ++i)
    {
      mixed[i] = torch::cat({ mixed[i], latent[i].index_select(0, torch::tensor(reconstructed.places)) }, 0);
    }
    decoded = network.Decode(mixed, run);
  }
  decoded = decoded.to(torch::kFloat).contiguous();

  // Losses are means over the whole batch. This lane computes its part of them.
  const double        part = static_cast<double>(batch) / static_cast<double>(m_Parameters.batchSize);
  const torch::Tensor synthesized = decoded.narrow(0, 0, batch);
  const torch::Tensor between = triplets.between.contiguous();
  Terms               terms;
  terms.synthesis = part * torch::mse_loss(synthesized, between);
  terms.total = m_Parameters.synthesisWeight * terms.synthesis;
  if (reconstructions > 0)
  {
    terms.reconstruction = static_cast<double>(reconstructions) / static_cast<double>(m_NumberOfReconstructed) *
                           torch::mse_loss(decoded.narrow(0, batch, reconstructions), reconstructed.slices);
    terms.total = terms.total + m_Parameters.reconstructionWeight * terms.reconstruction;
  }
  if (m_Parameters.ssimWeight > 0.0)
  {
    terms.total = terms.total + part * m_Parameters.synthesisWeight * m_Parameters.ssimWeight *
                                  (1.0 - TrainingLosses::SSIM(synthesized, between).mean());
  }
  return terms;
}
} // end namespace itk
