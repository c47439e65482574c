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

#include "itkAutoencoderTrainerBase.h"

#include "itkAutoencoderNetwork.h"
#include "itkPatchSampler.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSliceStackPreprocessing.h"
#include "itkSliceTensors.h"
#include "itkTorchAutocastScope.h"
#include "itkTorchThreadScope.h"

#include "itkLatentSliceSynthesizer.h"
#include "itkMath.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace itk
{
namespace
{
/** SSIM of 2D images in [0, 1], averaged: Gaussian window of 11 taps, sigma 1.5, population covariance, valid region
 * (Wang et al. 2004). A loss term; ImageQualityMetricsCalculator measures. */
torch::Tensor
MeanSSIM(const torch::Tensor & x, const torch::Tensor & y)
{
  constexpr double c1 = 0.01 * 0.01;
  constexpr double c2 = 0.03 * 0.03;
  torch::Tensor    kernel = torch::exp(-(torch::arange(11.0) - 5.0).square() / (2.0 * 1.5 * 1.5));
  kernel = kernel / kernel.sum();
  // One pass over the five moments, as channels of one image batch.
  const torch::Tensor moments = torch::cat({ x, y, x * x, y * y, x * y }, 0);
  const torch::Tensor means =
    torch::conv2d(torch::conv2d(moments, kernel.view({ 1, 1, 11, 1 })), kernel.view({ 1, 1, 1, 11 }));
  const auto          part = means.chunk(5, 0);
  const torch::Tensor xx = part[0] * part[0];
  const torch::Tensor yy = part[1] * part[1];
  const torch::Tensor xy = part[0] * part[1];
  return ((2.0 * xy + c1) * (2.0 * (part[4] - xy) + c2) / ((xx + yy + c1) * ((part[2] - xx) + (part[3] - yy) + c2)))
    .mean();
}

void
UseChannelsLast(AutoencoderNetwork & network)
{
  torch::NoGradGuard noGradient;
  for (auto & parameter : network.parameters())
  {
    if (parameter.dim() == 4)
    {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}
} // namespace

/** The state of one training. */
class AutoencoderTrainerBase::Session
{
public:
  Session(const AutoencoderTrainerBase & trainer, const AutoencoderModel & start, std::vector<torch::Tensor> volumes)
    : m_Trainer(trainer)
    , m_Network(CloneNetwork(*start.GetImplementation()->network))
    , m_Sampler(std::move(volumes), MakeSamplerSettings(trainer), trainer.m_Seed)
  {
    UseChannelsLast(*m_Network);
    m_Network->train();
    m_Optimizer = std::make_unique<torch::optim::AdamW>(
      m_Network->parameters(), torch::optim::AdamWOptions(trainer.m_LearningRate).weight_decay(trainer.m_WeightDecay));
    m_LastGood = CloneNetwork(*m_Network);
    if (trainer.m_WeightAveraging > 0.0)
    {
      m_Average = CloneNetwork(*m_Network);
    }
  }

  /** One step of the optimizer, unless the loss or the gradient is not finite: then the loss says so. */
  void
  Step(double learningRate)
  {
    static_cast<torch::optim::AdamWOptions &>(m_Optimizer->param_groups().front().options()).lr(learningRate);
    torch::Tensor reconstruction;
    torch::Tensor synthesis;
    torch::Tensor loss;
    this->ComputeLosses(reconstruction, synthesis, loss);
    reconstructionLoss = reconstruction.item<double>();
    synthesisLoss = synthesis.defined() ? synthesis.item<double>() : 0.0;
    totalLoss = loss.item<double>();
    if (!Math::isfinite(totalLoss))
    {
      return;
    }
    // These weights have proved to be good; those after the step have to.
    CopyNetwork(*m_LastGood, m_Average ? *m_Average : *m_Network);
    m_Optimizer->zero_grad();
    loss.backward();
    const double noLimit = std::numeric_limits<double>::infinity();
    const double norm = torch::nn::utils::clip_grad_norm_(
      m_Network->parameters(), m_Trainer.m_GradientClippingNorm > 0.0 ? m_Trainer.m_GradientClippingNorm : noLimit);
    if (!Math::isfinite(norm))
    {
      totalLoss = norm;
      return;
    }
    m_Optimizer->step();
    ++m_Steps;
    this->UpdateAverage();
  }

  bool
  HasTriplets() const
  {
    return m_Sampler.HasTriplets();
  }

  /** The weights before the step that led to a loss or a gradient that is not finite. */
  std::shared_ptr<AutoencoderNetwork>
  TakeLastGood() const
  {
    auto result = CloneNetwork(*m_LastGood);
    result->eval();
    return result;
  }

  /** The averaged weights, or the last ones. */
  std::shared_ptr<AutoencoderNetwork>
  TakeResult() const
  {
    auto result = CloneNetwork(m_Average ? *m_Average : *m_Network);
    result->eval();
    return result;
  }

  double reconstructionLoss{ 0.0 };
  double synthesisLoss{ 0.0 };
  double totalLoss{ 0.0 };

private:
  static PatchSampler::Settings
  MakeSamplerSettings(const AutoencoderTrainerBase & trainer)
  {
    PatchSampler::Settings settings;
    settings.patchSize = trainer.m_PatchSize;
    settings.maximumSliceGap = trainer.m_MaximumSliceGap;
    settings.wideGapShare = trainer.m_WideGapShare;
    settings.center = trainer.m_CenterPatches;
    settings.rotate = trainer.m_RotationAugmentation;
    settings.flip = trainer.m_FlipAugmentation;
    settings.intensityProbability = trainer.m_IntensityAugmentation;
    return settings;
  }

  static torch::Tensor
  ForNetwork(const torch::Tensor & slices)
  {
    return slices.contiguous(torch::MemoryFormat::ChannelsLast);
  }

  void
  ComputeLosses(torch::Tensor & reconstruction, torch::Tensor & synthesis, torch::Tensor & loss)
  {
    const int64_t batch = m_Trainer.m_BatchSize;
    if (m_Trainer.m_SynthesisWeight == 0.0 || !m_Sampler.HasTriplets())
    {
      const torch::Tensor slices = ForNetwork(m_Sampler.DrawSlices(batch));
      torch::Tensor       decoded;
      {
        const TorchAutocastScope autocast(m_Trainer.m_Precision, torch::kCPU);
        decoded = m_Network->Decode(m_Network->Encode(slices));
      }
      reconstruction = torch::mse_loss(decoded.to(torch::kFloat), slices);
      loss = m_Trainer.m_ReconstructionWeight * reconstruction;
      return;
    }

    // Reconstructed slices cost a decoding each: a quarter of the batch is enough to hold the autoencoder's shape. They
    // are encoded anyway, as ends of the triplets, unless volumes that have no triplets are to take part.
    const int64_t              few = std::max<int64_t>(1, batch / 4);
    const auto                 triplets = m_Sampler.DrawTriplets(batch);
    std::vector<torch::Tensor> encoded{ triplets.first, triplets.second };
    torch::Tensor              reconstructed = triplets.first.narrow(0, 0, few);
    int64_t                    reconstructedBegin = 0;
    if (m_Sampler.HasShallowVolumes())
    {
      reconstructed = m_Sampler.DrawSlices(few);
      reconstructedBegin = 2 * batch;
      encoded.push_back(reconstructed);
    }
    torch::Tensor decoded;
    {
      const TorchAutocastScope       autocast(m_Trainer.m_Precision, torch::kCPU);
      const auto                     latent = m_Network->Encode(ForNetwork(torch::cat(encoded, 0)));
      AutoencoderNetwork::LatentType mixed;
      for (const auto & tensor : latent)
      {
        const torch::Tensor alpha = triplets.alpha.to(tensor.scalar_type());
        mixed.push_back(torch::cat({ torch::lerp(tensor.narrow(0, 0, batch), tensor.narrow(0, batch, batch), alpha),
                                     tensor.narrow(0, reconstructedBegin, few) },
                                   0));
      }
      decoded = m_Network->Decode(mixed);
    }
    decoded = decoded.to(torch::kFloat).contiguous();
    const torch::Tensor synthesized = decoded.narrow(0, 0, batch);
    synthesis = torch::mse_loss(synthesized, triplets.between);
    reconstruction = torch::mse_loss(decoded.narrow(0, batch, few), reconstructed);
    loss = m_Trainer.m_SynthesisWeight * synthesis + m_Trainer.m_ReconstructionWeight * reconstruction;
    if (m_Trainer.m_SSIMWeight > 0.0)
    {
      loss = loss + m_Trainer.m_SynthesisWeight * m_Trainer.m_SSIMWeight *
                      (1.0 - MeanSSIM(synthesized, triplets.between.contiguous()));
    }
  }

  void
  UpdateAverage()
  {
    if (!m_Average)
    {
      return;
    }
    torch::NoGradGuard noGradient;
    // Short at first, so that the random initial weights don't stay in the average.
    const double decay = std::min(m_Trainer.m_WeightAveraging, (1.0 + m_Steps) / (10.0 + m_Steps));
    const auto   follow = [decay](auto && targets, auto && sources) {
      for (auto & target : targets)
      {
        if (target.value().is_floating_point())
        {
          target.value().lerp_(sources[target.key()], 1.0 - decay);
        }
      }
    };
    follow(m_Average->named_parameters(), m_Network->named_parameters());
    follow(m_Average->named_buffers(), m_Network->named_buffers());
  }

  const AutoencoderTrainerBase &       m_Trainer;
  std::shared_ptr<AutoencoderNetwork>  m_Network;
  std::shared_ptr<AutoencoderNetwork>  m_Average;
  std::shared_ptr<AutoencoderNetwork>  m_LastGood;
  std::unique_ptr<torch::optim::AdamW> m_Optimizer;
  PatchSampler                         m_Sampler;
  SizeValueType                        m_Steps{ 0 };
};

AutoencoderTrainerBase::AutoencoderTrainerBase()
{
  this->SetNumberOfRequiredInputs(0);
  this->SetNumberOfRequiredOutputs(1);
  this->SetNthOutput(0, this->MakeOutput(0));
}

AutoencoderTrainerBase::~AutoencoderTrainerBase() = default;

ProcessObject::DataObjectPointer
AutoencoderTrainerBase::MakeOutput(DataObjectPointerArraySizeType)
{
  return AutoencoderModel::New().GetPointer();
}

AutoencoderModel *
AutoencoderTrainerBase::GetOutput()
{
  return itkDynamicCastInDebugMode<AutoencoderModel *>(this->GetPrimaryOutput());
}

const AutoencoderModel *
AutoencoderTrainerBase::GetOutput() const
{
  return itkDynamicCastInDebugMode<const AutoencoderModel *>(this->GetPrimaryOutput());
}

void
AutoencoderTrainerBase::SetParametersToDefault()
{
  this->SetPatchSize(96);
  this->SetBatchSize(12);
  this->SetNumberOfIterations(3000);
  this->SetLearningRate(1e-3);
  this->SetLearningRateSchedule(LearningRateScheduleEnum::Cosine);
  this->SetNumberOfWarmUpIterations(100);
  this->SetWeightDecay(1e-4);
  this->SetGradientClippingNorm(1.0);
  this->SetReconstructionWeight(0.2);
  this->SetSynthesisWeight(1.0);
  this->SetSSIMWeight(0.1);
  this->SetMaximumSliceGap(3);
  this->SetWideGapShare(0.2);
  this->SetCenterPatches(true);
  this->SetRotationAugmentation(true);
  this->SetFlipAugmentation(true);
  this->SetIntensityAugmentation(0.7);
  this->SetWeightAveraging(0.995);
}

void
AutoencoderTrainerBase::SetParametersToPaper()
{
  this->SetPatchSize(128);
  this->SetBatchSize(8);
  this->SetNumberOfIterations(1000000);
  this->SetLearningRate(1e-5);
  this->SetLearningRateSchedule(LearningRateScheduleEnum::Constant);
  this->SetNumberOfWarmUpIterations(0);
  this->SetWeightDecay(0.0);
  this->SetGradientClippingNorm(0.0);
  this->SetReconstructionWeight(1.0);
  this->SetSynthesisWeight(0.0);
  this->SetSSIMWeight(0.0);
  this->SetMaximumSliceGap(2);
  this->SetWideGapShare(0.0);
  this->SetCenterPatches(false);
  this->SetRotationAugmentation(true);
  this->SetFlipAugmentation(false);
  this->SetIntensityAugmentation(1.0);
  this->SetWeightAveraging(0.0);
}

void
AutoencoderTrainerBase::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  const auto require = [this](bool condition, const char * name, auto value, const char * allowed) {
    if (!condition)
    {
      itkExceptionMacro(<< name << " is " << value << ", but has to be " << allowed << '.');
    }
  };
  const auto * model = this->GetInitialModel();
  // What an upstream trainer will give is not known yet: the training checks again.
  if (!model || !model->GetSource())
  {
    this->CheckPatchSize(model ? model->GetNumberOfPoolings() : AutoencoderModel::New()->GetNumberOfPoolings());
  }
  require(m_SSIMWeight == 0.0 || m_SynthesisWeight == 0.0 || m_PatchSize >= 11,
          "PatchSize",
          m_PatchSize,
          "at least 11 for the SSIM term");
  require(m_BatchSize >= 1, "BatchSize", m_BatchSize, "at least 1");
  require(m_NumberOfIterations >= 1, "NumberOfIterations", m_NumberOfIterations, "at least 1");
  require(m_TimeBudget >= 0.0, "TimeBudget", m_TimeBudget, "at least 0 seconds");
  require(m_LearningRate > 0.0 && Math::isfinite(m_LearningRate), "LearningRate", m_LearningRate, "greater than 0");
  require(m_WeightDecay >= 0.0, "WeightDecay", m_WeightDecay, "at least 0");
  require(m_GradientClippingNorm >= 0.0, "GradientClippingNorm", m_GradientClippingNorm, "at least 0");
  require(m_ReconstructionWeight >= 0.0, "ReconstructionWeight", m_ReconstructionWeight, "at least 0");
  require(m_SynthesisWeight >= 0.0, "SynthesisWeight", m_SynthesisWeight, "at least 0");
  require(m_ReconstructionWeight + m_SynthesisWeight > 0.0,
          "The sum of ReconstructionWeight and SynthesisWeight",
          m_ReconstructionWeight + m_SynthesisWeight,
          "greater than 0");
  require(m_SSIMWeight >= 0.0, "SSIMWeight", m_SSIMWeight, "at least 0");
  require(m_MaximumSliceGap >= 2, "MaximumSliceGap", m_MaximumSliceGap, "at least 2");
  require(m_WideGapShare >= 0.0 && m_WideGapShare <= 1.0, "WideGapShare", m_WideGapShare, "in [0, 1]");
  require(m_IntensityAugmentation >= 0.0 && m_IntensityAugmentation <= 1.0,
          "IntensityAugmentation",
          m_IntensityAugmentation,
          "in [0, 1]");
  require(m_WeightAveraging >= 0.0 && m_WeightAveraging < 1.0, "WeightAveraging", m_WeightAveraging, "in [0, 1)");
}

void
AutoencoderTrainerBase::CheckPatchSize(unsigned int poolings) const
{
  const unsigned int multiple = 1u << poolings;
  if (m_PatchSize == 0 || m_PatchSize % multiple != 0)
  {
    itkExceptionMacro("PatchSize is " << m_PatchSize << ", but has to be a multiple of " << multiple
                                      << " (two to the number of poolings).");
  }
}

AutoencoderModel::Pointer
AutoencoderTrainerBase::MakeStartingModel() const
{
  auto model = AutoencoderModel::New();
  if (this->GetInitialModel())
  {
    model->Graft(this->GetInitialModel());
  }
  if (!model->HasWeights())
  {
    model->InitializeWeights(m_Seed);
  }
  this->CheckPatchSize(model->GetNumberOfPoolings());
  return model;
}

void
AutoencoderTrainerBase::StopTraining()
{
  m_StopRequested = true;
}

void
AutoencoderTrainerBase::GenerateData()
{
  try
  {
    this->Train();
  }
  catch (...)
  {
    if (m_StopCondition == StopConditionEnum::Training)
    {
      m_StopCondition = StopConditionEnum::Failed;
    }
    throw;
  }
}

void
AutoencoderTrainerBase::Train()
{
  m_StopRequested = false;
  m_CurrentIteration = 0;
  m_ElapsedTime = 0.0;
  m_StopCondition = StopConditionEnum::Training;

  auto                                     model = this->MakeStartingModel();
  const PythonGlobalInterpreterLockRelease released;

  TranslateTorchErrors("training", [&] {
    const TorchThreadScope     threads(static_cast<int>(LatentSliceSynthesizer::GetNumberOfThreads(this)));
    std::vector<torch::Tensor> volumes;
    for (SizeValueType i = 0; i < this->GetNumberOfTrainingVolumes(); ++i)
    {
      VolumeType          volume = this->LoadTrainingVolume(i);
      const torch::Tensor native = torch::tensor(volume.pixels)
                                     .view({ static_cast<int64_t>(volume.slices),
                                             1,
                                             static_cast<int64_t>(volume.rows),
                                             static_cast<int64_t>(volume.columns) });
      const double lower = SliceStackPreprocessing::Percentile(volume.pixels, model->GetLowerWindowPercentile());
      const double upper = SliceStackPreprocessing::Percentile(volume.pixels, model->GetUpperWindowPercentile());
      if (!(upper > lower))
      {
        itkExceptionMacro("Training volume " << i << " is constant between its percentiles "
                                             << model->GetLowerWindowPercentile() << " and "
                                             << model->GetUpperWindowPercentile() << " (both are " << lower
                                             << "): there is nothing to learn from it.");
      }
      const double modelSpacing = model->GetInPlaneSpacing();
      volumes.push_back(
        SliceTensors::Resample(SliceTensors::ApplyWindow(native, lower, upper),
                               SliceTensors::NetworkLength(native.size(2), volume.rowSpacing, modelSpacing),
                               SliceTensors::NetworkLength(native.size(3), volume.columnSpacing, modelSpacing))
          .clamp(0.0, 1.0)
          .squeeze(1));
      model->ExtendTrainingRanges(volume.sliceSpacing, std::max(volume.rowSpacing, volume.columnSpacing));
    }

    Session session(*this, *model, std::move(volumes));
    if (m_ReconstructionWeight == 0.0 && !session.HasTriplets())
    {
      itkExceptionMacro("ReconstructionWeight is 0, and no volume has three slices for the synthesis loss: there is "
                        "nothing to train on.");
    }
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&start] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    while (m_StopCondition == StopConditionEnum::Training)
    {
      double done = static_cast<double>(m_CurrentIteration) / static_cast<double>(m_NumberOfIterations);
      if (m_TimeBudget > 0.0)
      {
        done = std::max(done, elapsed() / m_TimeBudget);
      }
      m_CurrentLearningRate = m_LearningRate;
      if (m_CurrentIteration < m_NumberOfWarmUpIterations)
      {
        m_CurrentLearningRate *=
          static_cast<double>(m_CurrentIteration + 1) / static_cast<double>(m_NumberOfWarmUpIterations);
      }
      if (m_LearningRateSchedule == LearningRateScheduleEnum::Cosine)
      {
        m_CurrentLearningRate *= 1e-3 + (1.0 - 1e-3) * 0.5 * (1.0 + std::cos(Math::pi * std::min(1.0, done)));
      }

      session.Step(m_CurrentLearningRate);
      m_CurrentLoss = session.totalLoss;
      m_CurrentReconstructionLoss = session.reconstructionLoss;
      m_CurrentSynthesisLoss = session.synthesisLoss;
      m_ElapsedTime = elapsed();
      if (!Math::isfinite(m_CurrentLoss))
      {
        m_StopCondition = StopConditionEnum::NonFiniteLoss;
        break;
      }
      ++m_CurrentIteration;
      this->InvokeEvent(IterationEvent());
      done = static_cast<double>(m_CurrentIteration) / static_cast<double>(m_NumberOfIterations);
      if (m_TimeBudget > 0.0)
      {
        done = std::max(done, m_ElapsedTime / m_TimeBudget);
      }
      this->UpdateProgress(static_cast<float>(std::min(1.0, done)));

      if (this->GetAbortGenerateData())
      {
        m_StopCondition = StopConditionEnum::Aborted;
      }
      else if (m_StopRequested)
      {
        m_StopCondition = StopConditionEnum::StopRequested;
      }
      else if (m_CurrentIteration >= m_NumberOfIterations)
      {
        m_StopCondition = StopConditionEnum::MaximumNumberOfIterations;
      }
      else if (m_TimeBudget > 0.0 && m_ElapsedTime >= m_TimeBudget)
      {
        m_StopCondition = StopConditionEnum::TimeBudget;
      }
    }

    auto implementation = std::make_shared<AutoencoderModel::Implementation>();
    implementation->network =
      m_StopCondition == StopConditionEnum::NonFiniteLoss ? session.TakeLastGood() : session.TakeResult();
    model->SetImplementation(implementation);
  });

  // The best gain was that of other weights.
  model->SetResidualGain(1.0);
  model->SetProvenance("training", this->DescribeTraining());
  this->GetOutput()->Graft(model);
  if (m_StopCondition == StopConditionEnum::NonFiniteLoss)
  {
    itkExceptionMacro("The loss or its gradient in iteration "
                      << m_CurrentIteration + 1 << " is " << m_CurrentLoss
                      << ". The output is the last model whose loss was finite. The learning rate was "
                      << m_CurrentLearningRate << ": try a smaller one.");
  }
  if (m_StopCondition == StopConditionEnum::Aborted)
  {
    ProcessAborted aborted(__FILE__, __LINE__);
    aborted.SetDescription(this->GetStopConditionDescription());
    throw aborted;
  }
}

std::string
AutoencoderTrainerBase::DescribeTraining() const
{
  const nlohmann::ordered_json description{
    { "iterations", m_CurrentIteration },
    { "volumes", this->GetNumberOfTrainingVolumes() },
    { "fine_tuned", this->GetInitialModel() != nullptr && this->GetInitialModel()->HasWeights() },
    { "seed", m_Seed },
    { "time_budget_s", m_TimeBudget },
    { "bfloat16", m_Precision == PrecisionEnum::BFloat16 },
    { "patch_size", m_PatchSize },
    { "batch_size", m_BatchSize },
    { "learning_rate", m_LearningRate },
    { "cosine_schedule", m_LearningRateSchedule == LearningRateScheduleEnum::Cosine },
    { "warm_up_iterations", m_NumberOfWarmUpIterations },
    { "weight_decay", m_WeightDecay },
    { "gradient_clipping_norm", m_GradientClippingNorm },
    { "reconstruction_weight", m_ReconstructionWeight },
    { "synthesis_weight", m_SynthesisWeight },
    { "ssim_weight", m_SSIMWeight },
    { "maximum_slice_gap", m_MaximumSliceGap },
    { "wide_gap_share", m_WideGapShare },
    { "center_patches", m_CenterPatches },
    { "rotation_augmentation", m_RotationAugmentation },
    { "flip_augmentation", m_FlipAugmentation },
    { "intensity_augmentation", m_IntensityAugmentation },
    { "weight_averaging", m_WeightAveraging }
  };
  return description.dump();
}

std::string
AutoencoderTrainerBase::GetStopConditionDescription() const
{
  const std::string after = " after " + std::to_string(m_CurrentIteration) + " iterations.";
  switch (m_StopCondition)
  {
    case StopConditionEnum::NotStarted:
      return "No training has been started.";
    case StopConditionEnum::Training:
      return "The training is under way.";
    case StopConditionEnum::MaximumNumberOfIterations:
      return "All " + std::to_string(m_CurrentIteration) + " iterations were done.";
    case StopConditionEnum::TimeBudget:
      return "The time budget was spent" + after;
    case StopConditionEnum::StopRequested:
      return "The training was stopped on request" + after;
    case StopConditionEnum::Aborted:
      return "The training was aborted" + after;
    case StopConditionEnum::Failed:
      return "The training failed" + after;
    case StopConditionEnum::NonFiniteLoss:
      return "The loss was not finite" + after;
  }
  return "";
}

void
AutoencoderTrainerBase::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "PatchSize: " << m_PatchSize << std::endl;
  os << indent << "BatchSize: " << m_BatchSize << std::endl;
  os << indent << "NumberOfIterations: " << m_NumberOfIterations << std::endl;
  os << indent << "TimeBudget: " << m_TimeBudget << std::endl;
  os << indent << "LearningRate: " << m_LearningRate << std::endl;
  os << indent << "LearningRateSchedule: " << m_LearningRateSchedule << std::endl;
  os << indent << "NumberOfWarmUpIterations: " << m_NumberOfWarmUpIterations << std::endl;
  os << indent << "WeightDecay: " << m_WeightDecay << std::endl;
  os << indent << "GradientClippingNorm: " << m_GradientClippingNorm << std::endl;
  os << indent << "ReconstructionWeight: " << m_ReconstructionWeight << std::endl;
  os << indent << "SynthesisWeight: " << m_SynthesisWeight << std::endl;
  os << indent << "SSIMWeight: " << m_SSIMWeight << std::endl;
  os << indent << "MaximumSliceGap: " << m_MaximumSliceGap << std::endl;
  os << indent << "WideGapShare: " << m_WideGapShare << std::endl;
  os << indent << "CenterPatches: " << (m_CenterPatches ? "On" : "Off") << std::endl;
  os << indent << "RotationAugmentation: " << (m_RotationAugmentation ? "On" : "Off") << std::endl;
  os << indent << "FlipAugmentation: " << (m_FlipAugmentation ? "On" : "Off") << std::endl;
  os << indent << "IntensityAugmentation: " << m_IntensityAugmentation << std::endl;
  os << indent << "WeightAveraging: " << m_WeightAveraging << std::endl;
  os << indent << "Precision: " << m_Precision << std::endl;
  os << indent << "Seed: " << m_Seed << std::endl;
  os << indent << "CurrentIteration: " << m_CurrentIteration << std::endl;
  os << indent << "CurrentLoss: " << m_CurrentLoss << std::endl;
  os << indent << "CurrentReconstructionLoss: " << m_CurrentReconstructionLoss << std::endl;
  os << indent << "CurrentSynthesisLoss: " << m_CurrentSynthesisLoss << std::endl;
  os << indent << "CurrentLearningRate: " << m_CurrentLearningRate << std::endl;
  os << indent << "ElapsedTime: " << m_ElapsedTime << std::endl;
  os << indent << "StopCondition: " << m_StopCondition << std::endl;
  os << indent << "StopRequested: " << (m_StopRequested ? "On" : "Off") << std::endl;
}
} // end namespace itk
