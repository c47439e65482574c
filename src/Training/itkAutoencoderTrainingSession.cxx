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

#include "itkAutoencoderTrainingSession.h"

#include "itkTorchAutocastScope.h"
#include "itkTrainingLosses.h"

#include "itkMath.h"

#include <algorithm>

namespace itk
{
namespace
{
/** Reconstructed slices cost a decoding each: one of so many samples is enough to hold the autoencoder's shape. */
constexpr int64_t ReconstructionStride = 4;

void
UseChannelsLast(AutoencoderNetwork & network)
{
  const torch::NoGradGuard noGradient;
  for (auto & parameter : network.parameters())
  {
    if (parameter.dim() == 4)
    {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

torch::Tensor
ForNetwork(const torch::Tensor & slices)
{
  return slices.contiguous(torch::MemoryFormat::ChannelsLast);
}

PatchSampler::Settings
MakeSamplerSettings(const AutoencoderTrainerBase & trainer)
{
  PatchSampler::Settings settings;
  settings.patchSize = trainer.GetPatchSize();
  settings.maximumSliceGap = trainer.GetMaximumSliceGap();
  settings.wideGapShare = trainer.GetWideGapShare();
  settings.center = trainer.GetCenterPatches();
  settings.rotate = trainer.GetRotationAugmentation();
  settings.flip = trainer.GetFlipAugmentation();
  settings.intensityProbability = trainer.GetIntensityAugmentation();
  settings.seed = trainer.GetSeed();
  return settings;
}

/** A copy in the layout of another network: copies from one to the other are those of plain memory then. */
std::shared_ptr<AutoencoderNetwork>
CloneInSameLayout(const AutoencoderNetwork & network)
{
  auto clone = CloneNetwork(network);
  UseChannelsLast(*clone);
  return clone;
}

std::vector<torch::Tensor>
AllTensors(AutoencoderNetwork & network)
{
  std::vector<torch::Tensor> tensors;
  for (const auto & item : TensorStorage::NetworkTensors(network))
  {
    tensors.push_back(item.second.detach());
  }
  return tensors;
}

std::vector<int64_t>
Shifted(std::vector<int64_t> samples, int64_t offset)
{
  for (int64_t & sample : samples)
  {
    sample += offset;
  }
  return samples;
}
} // namespace

AutoencoderTrainingSession::AutoencoderTrainingSession(const AutoencoderTrainerBase & trainer,
                                                       const AutoencoderModel &       start)
  : m_Trainer(trainer)
  , m_Network(CloneNetwork(*start.GetImplementation()->network))
  , m_Sampler(MakeSamplerSettings(trainer))
{
  UseChannelsLast(*m_Network);
  m_Network->train(!trainer.GetFreezeNormalization());
  m_Parameters = m_Network->parameters();
  for (const torch::Tensor & parameter : m_Parameters)
  {
    m_FirstMoments.push_back(torch::zeros_like(parameter.detach(), torch::MemoryFormat::Preserve));
    m_SecondMoments.push_back(torch::zeros_like(parameter.detach(), torch::MemoryFormat::Preserve));
    m_StepCounts.push_back(torch::zeros({}, torch::kFloat));
  }
  m_NetworkTensors = AllTensors(*m_Network);
  m_LastGood = CloneInSameLayout(*m_Network);
  m_LastGoodTensors = AllTensors(*m_LastGood);
  if (trainer.GetWeightAveraging() > 0.0)
  {
    m_Average = CloneInSameLayout(*m_Network);
    m_AverageTensors = AllTensors(*m_Average);
  }
  m_Reducer = std::make_unique<GradientReducer>(trainer.GetProcessGroupName(), m_Network->parameters());

  const int64_t processes = m_Reducer->GetNumberOfProcesses();
  const int64_t batch = trainer.GetBatchSize();
  if (batch % processes != 0)
  {
    itkGenericExceptionMacro("BatchSize is " << batch << ", but has to be a multiple of " << processes
                                             << ", the number of processes.");
  }
  const int64_t share = batch / processes;
  for (int64_t sample = 0; sample < batch; ++sample)
  {
    const bool isMine = sample / share == m_Reducer->GetRank();
    const bool isReconstructed = sample % ReconstructionStride == 0;
    m_NumberOfReconstructed += isReconstructed ? 1 : 0;
    if (isMine)
    {
      m_Samples.push_back(sample);
      if (isReconstructed)
      {
        m_Reconstructed.push_back(sample);
      }
    }
  }
}

void
AutoencoderTrainingSession::Step(SizeValueType iteration, double learningRate)
{
  const Losses        losses = this->ComputeLosses(iteration);
  std::vector<double> values{ losses.reconstruction.defined() ? losses.reconstruction.item<double>() : 0.0,
                              losses.synthesis.defined() ? losses.synthesis.item<double>() : 0.0,
                              losses.total.item<double>() };
  m_Reducer->Sum(values);
  reconstructionLoss = values[0];
  synthesisLoss = values[1];
  totalLoss = values[2];
  if (!Math::isfinite(totalLoss))
  {
    return;
  }
  // These weights have proved to be good; those after the step have to.
  at::_foreach_copy_(m_LastGoodTensors, m_Average ? m_AverageTensors : m_NetworkTensors);
  m_Network->zero_grad();
  m_Reducer->Backward(losses.total);
  const double norm = this->ClipGradients();
  if (!Math::isfinite(norm))
  {
    totalLoss = norm;
    return;
  }
  this->UpdateWeights(learningRate);
  ++m_Steps;
  this->UpdateAverage();
}

double
AutoencoderTrainingSession::ClipGradients()
{
  const torch::NoGradGuard   noGradient;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor & parameter : m_Parameters)
  {
    gradients.push_back(parameter.grad());
  }
  const double norm = torch::stack(at::_foreach_norm(gradients)).norm().item<double>();
  const double largest = m_Trainer.GetGradientClippingNorm();
  if (largest > 0.0 && norm > largest)
  {
    at::_foreach_mul_(gradients, largest / norm);
  }
  return norm;
}

void
AutoencoderTrainingSession::UpdateWeights(double learningRate)
{
  // PyTorch's own defaults of AdamW, and its fused kernel.
  constexpr double           beta1 = 0.9;
  constexpr double           beta2 = 0.999;
  constexpr double           epsilon = 1e-8;
  const torch::NoGradGuard   noGradient;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor & parameter : m_Parameters)
  {
    // The kernel goes through memory, not through indices.
    const torch::Tensor & gradient = parameter.grad();
    gradients.push_back(gradient.strides() == parameter.strides()
                          ? gradient
                          : torch::empty_like(parameter, torch::MemoryFormat::Preserve).copy_(gradient));
  }
  at::_foreach_add_(m_StepCounts, 1.0);
  at::_fused_adamw_(m_Parameters,
                    gradients,
                    m_FirstMoments,
                    m_SecondMoments,
                    /*max_exp_avg_sqs=*/{},
                    m_StepCounts,
                    learningRate,
                    beta1,
                    beta2,
                    m_Trainer.GetWeightDecay(),
                    epsilon,
                    /*amsgrad=*/false,
                    /*maximize=*/false);
}

AutoencoderTrainingSession::Losses
AutoencoderTrainingSession::ComputeReconstructionLoss(SizeValueType iteration)
{
  const torch::Tensor slices = ForNetwork(m_Sampler.DrawSlices(iteration, m_Samples));
  torch::Tensor       decoded;
  {
    const TorchAutocastScope autocast(m_Trainer.GetPrecision(), torch::kCPU);
    decoded = m_Network->Decode(m_Network->Encode(slices));
  }
  Losses losses;
  losses.reconstruction =
    torch::mse_loss(decoded.to(torch::kFloat), slices) / static_cast<double>(m_Reducer->GetNumberOfProcesses());
  losses.total = m_Trainer.GetReconstructionWeight() * losses.reconstruction;
  return losses;
}

AutoencoderTrainingSession::Losses
AutoencoderTrainingSession::ComputeLosses(SizeValueType iteration)
{
  if (m_Trainer.GetSynthesisWeight() == 0.0 || !m_Sampler.HasTriplets())
  {
    return this->ComputeReconstructionLoss(iteration);
  }

  // Reconstructed slices are encoded anyway, as ends of the triplets, unless volumes that have no triplets are to take
  // part.
  const auto                 batch = static_cast<int64_t>(m_Samples.size());
  const auto                 few = static_cast<int64_t>(m_Reconstructed.size());
  const auto                 triplets = m_Sampler.DrawTriplets(iteration, m_Samples);
  std::vector<torch::Tensor> encoded{ triplets.first, triplets.second };
  std::vector<int64_t>       places = Shifted(m_Reconstructed, -m_Samples.front());
  torch::Tensor              reconstructed;
  if (few > 0)
  {
    if (m_Sampler.HasShallowVolumes())
    {
      reconstructed =
        m_Sampler.DrawSlices(iteration, Shifted(m_Reconstructed, static_cast<int64_t>(m_Trainer.GetBatchSize())));
      encoded.push_back(reconstructed);
      for (int64_t i = 0; i < few; ++i)
      {
        places[i] = 2 * batch + i;
      }
    }
    else
    {
      reconstructed = triplets.first.index_select(0, torch::tensor(places));
    }
  }
  torch::Tensor decoded;
  {
    const TorchAutocastScope autocast(m_Trainer.GetPrecision(), torch::kCPU);
    const auto               latent = m_Network->Encode(ForNetwork(torch::cat(encoded, 0)));
    auto mixed = MixLatents(NarrowLatents(latent, 0, batch), NarrowLatents(latent, batch, batch), triplets.alpha);
    for (size_t i = 0; few > 0 && i < mixed.size(); ++i)
    {
      mixed[i] = torch::cat({ mixed[i], latent[i].index_select(0, torch::tensor(places)) }, 0);
    }
    decoded = m_Network->Decode(mixed);
  }
  decoded = decoded.to(torch::kFloat).contiguous();

  // Means over the whole batch, of which this process has a share.
  const double        share = static_cast<double>(batch) / static_cast<double>(m_Trainer.GetBatchSize());
  const torch::Tensor synthesized = decoded.narrow(0, 0, batch);
  const torch::Tensor between = triplets.between.contiguous();
  Losses              losses;
  losses.synthesis = share * torch::mse_loss(synthesized, between);
  losses.total = m_Trainer.GetSynthesisWeight() * losses.synthesis;
  if (few > 0)
  {
    losses.reconstruction = static_cast<double>(few) / static_cast<double>(m_NumberOfReconstructed) *
                            torch::mse_loss(decoded.narrow(0, batch, few), reconstructed);
    losses.total = losses.total + m_Trainer.GetReconstructionWeight() * losses.reconstruction;
  }
  if (m_Trainer.GetSSIMWeight() > 0.0)
  {
    losses.total = losses.total + share * m_Trainer.GetSynthesisWeight() * m_Trainer.GetSSIMWeight() *
                                    (1.0 - TrainingLosses::SSIM(synthesized, between).mean());
  }
  return losses;
}

void
AutoencoderTrainingSession::UpdateAverage()
{
  if (!m_Average)
  {
    return;
  }
  const torch::NoGradGuard noGradient;
  // Short at first, so that the random initial weights don't stay in the average.
  const double decay = std::min(m_Trainer.GetWeightAveraging(), (1.0 + m_Steps) / (10.0 + m_Steps));
  at::_foreach_lerp_(m_AverageTensors, m_NetworkTensors, 1.0 - decay);
}

void
AutoencoderTrainingSession::SynchronizeStatistics()
{
  if (m_Reducer->GetNumberOfProcesses() == 1)
  {
    return;
  }
  const torch::NoGradGuard noGradient;
  for (AutoencoderNetwork * network : { m_Network.get(), m_Average.get() })
  {
    if (!network)
    {
      continue;
    }
    for (const auto & item : network->named_buffers())
    {
      if (item.value().is_floating_point())
      {
        torch::Tensor sum = item.value().clone();
        m_Reducer->Sum(sum);
        torch::Tensor(item.value()).copy_(sum / static_cast<double>(m_Reducer->GetNumberOfProcesses()));
      }
    }
  }
}

std::shared_ptr<AutoencoderNetwork>
AutoencoderTrainingSession::GetCurrent()
{
  if (m_Average)
  {
    m_Average->eval();
    return m_Average;
  }
  auto current = CloneNetwork(*m_Network);
  current->eval();
  return current;
}

void
AutoencoderTrainingSession::KeepBest()
{
  m_Best = CloneNetwork(*this->GetCurrent());
}

std::shared_ptr<AutoencoderNetwork>
AutoencoderTrainingSession::TakeResult()
{
  auto result = CloneNetwork(m_Best ? *m_Best : *this->GetCurrent());
  result->eval();
  return result;
}

std::shared_ptr<AutoencoderNetwork>
AutoencoderTrainingSession::TakeLastGood() const
{
  auto result = CloneNetwork(*m_LastGood);
  result->eval();
  return result;
}

void
AutoencoderTrainingSession::Store(SafetensorsFile & file)
{
  TensorStorage::Store(TensorStorage::NetworkTensors(*m_Network), file, "network.");
  if (m_Average)
  {
    TensorStorage::Store(TensorStorage::NetworkTensors(*m_Average), file, "average.");
  }
  if (m_Best)
  {
    TensorStorage::Store(TensorStorage::NetworkTensors(*m_Best), file, "best.");
  }
  TensorStorage::Store(this->NameMoments(m_FirstMoments), file, "first_moment.");
  TensorStorage::Store(this->NameMoments(m_SecondMoments), file, "second_moment.");
  file.metadata[StepsKey] = std::to_string(m_Steps);
}

void
AutoencoderTrainingSession::Load(const SafetensorsFile & file)
{
  TensorStorage::Load(TensorStorage::NetworkTensors(*m_Network), file, "network.");
  if (m_Average)
  {
    TensorStorage::Load(TensorStorage::NetworkTensors(*m_Average), file, "average.");
  }
  const auto firstBest = file.tensors.lower_bound("best.");
  if (firstBest != file.tensors.end() && firstBest->first.compare(0, 5, "best.") == 0)
  {
    m_Best = CloneNetwork(*m_Network);
    m_Best->eval();
    TensorStorage::Load(TensorStorage::NetworkTensors(*m_Best), file, "best.");
  }
  m_Steps = std::stoull(file.metadata.at(StepsKey));
  CopyNetwork(*m_LastGood, m_Average ? *m_Average : *m_Network);
  TensorStorage::Load(this->NameMoments(m_FirstMoments), file, "first_moment.");
  TensorStorage::Load(this->NameMoments(m_SecondMoments), file, "second_moment.");
  for (torch::Tensor & count : m_StepCounts)
  {
    count.fill_(static_cast<double>(m_Steps));
  }
}

TensorStorage::NamedTensors
AutoencoderTrainingSession::NameMoments(const std::vector<torch::Tensor> & moments) const
{
  TensorStorage::NamedTensors named;
  size_t                      next = 0;
  for (const auto & item : m_Network->named_parameters())
  {
    named.emplace_back(item.key(), moments[next++]);
  }
  return named;
}
} // end namespace itk
