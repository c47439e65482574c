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

#include "itkTrainingLoop.h"

#include "itkAutoencoderModelImplementation.h"
#include "itkSliceTensors.h"
#include "itkTextHash.h"
#include "itkTrainingSlices.h"

#include "itkMath.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace itk
{
namespace
{
/** Weight of 1 - SSIM in the validation loss. It does not depend on the training's parameters, so validation losses of
 * different trainings can be compared. */
constexpr double ValidationSSIMWeight = 0.1;

/** Final learning rate of the cosine schedule, as a share of the full rate. */
constexpr double FinalLearningRateShare = 1e-3;
} // namespace

TrainingLoop::TrainingLoop(const AutoencoderTrainingParameters & parameters,
                           const TrainingVolumes &               volumes,
                           const TrainingVolumes &               validationVolumes,
                           const Circumstances &                 circumstances,
                           AutoencoderModel &                    model,
                           AutoencoderTrainingProgress &         progress,
                           Callbacks                             callbacks)
  : m_Parameters(parameters)
  , m_Volumes(volumes)
  , m_Circumstances(circumstances)
  , m_Model(model)
  , m_Progress(progress)
  , m_Callbacks(std::move(callbacks))
  , m_Network(parameters, *model.GetImplementation()->network, circumstances.numberOfThreads)
  , m_Validation(&model, circumstances.numberOfThreads)
{
  if (!m_Parameters.checkpointFileName.empty() && this->IsFirstProcess())
  {
    TrainingCheckpoint::CheckIsWritable(m_Parameters.checkpointFileName);
  }
  m_Cache = this->MakeCache();
  this->PrepareValidation(validationVolumes);
  const auto settings = this->DescribeSettings(validationVolumes);
  this->CheckOtherProcesses(settings);
  m_Checkpoint = std::make_unique<TrainingCheckpoint>(m_Parameters, settings);
  if (m_Checkpoint->CanResume())
  {
    m_Checkpoint->Read(m_Network, m_Progress);
    m_ElapsedBefore = m_Progress.elapsedTime;
  }
}

std::unique_ptr<TrainingVolumeCache>
TrainingLoop::MakeCache()
{
  std::vector<SizeValueType> sizes;
  bool                       hasTriplets = false;
  for (SizeValueType i = 0; i < m_Volumes.GetCount(); ++i)
  {
    const auto geometry = m_Volumes.GetGeometry(i);
    const auto rows = this->ComputePatchableLength(geometry.rows, geometry.rowSpacing);
    const auto columns = this->ComputePatchableLength(geometry.columns, geometry.columnSpacing);
    sizes.push_back(geometry.slices * static_cast<SizeValueType>(rows * columns) * sizeof(float));
    hasTriplets = hasTriplets || geometry.slices >= 3;
    m_Model.ExtendTrainingRanges(geometry.sliceSpacing, std::max(geometry.rowSpacing, geometry.columnSpacing));
  }
  if (m_Parameters.reconstructionWeight == 0.0 && !hasTriplets)
  {
    itkGenericExceptionMacro("ReconstructionWeight is 0, and no volume has three slices for the synthesis loss: there "
                             "is nothing to train on.");
  }
  return std::make_unique<TrainingVolumeCache>(
    std::move(sizes),
    [this](SizeValueType number) { return this->LoadVolume(number); },
    m_Parameters.cacheSize << 20,
    m_Parameters.volumeInterval,
    m_Parameters.seed);
}

int64_t
TrainingLoop::ComputePatchableLength(SizeValueType length, double spacing) const
{
  return std::max(SliceTensors::NetworkLength(static_cast<int64_t>(length), spacing, m_Model.GetInPlaneSpacing()),
                  static_cast<int64_t>(m_Parameters.patchSize));
}

torch::Tensor
TrainingLoop::LoadVolume(SizeValueType number) const
{
  const torch::NoGradGuard noGradient;
  TrainingVolume           volume = m_Volumes.Load(number);
  const torch::Tensor      native = torch::tensor(volume.pixels)
                                 .view({ static_cast<int64_t>(volume.slices),
                                         1,
                                         static_cast<int64_t>(volume.rows),
                                         static_cast<int64_t>(volume.columns) });
  const torch::Tensor input = PrepareTrainingSlices(native, std::move(volume.pixels), "Training", volume, &m_Model);
  return SliceTensors::MirrorPad(input,
                                 this->ComputePatchableLength(volume.rows, volume.rowSpacing),
                                 this->ComputePatchableLength(volume.columns, volume.columnSpacing))
    .squeeze(1)
    .contiguous();
}

void
TrainingLoop::PrepareValidation(const TrainingVolumes & volumes)
{
  for (SizeValueType i = 0; i < volumes.GetCount(); ++i)
  {
    m_Validation.AddVolume(volumes.Load(i));
  }
  if (volumes.GetCount() == 0)
  {
    return;
  }
  if (m_Validation.GetNumberOfSlices() == 0)
  {
    itkGenericExceptionMacro("No validation volume has three slices: nothing can be synthesized and compared.");
  }
  m_Validation.ChooseSlices(m_Parameters.maximumNumberOfValidationSlices);
  m_Progress.linearValidationPSNR = m_Validation.GetLinear().psnr;
  m_Progress.linearValidationSSIM = m_Validation.GetLinear().ssim;
  m_Progress.bsplineValidationPSNR = m_Validation.GetBSpline().psnr;
  m_Progress.bsplineValidationSSIM = m_Validation.GetBSpline().ssim;
}

TrainingCheckpoint::Json
TrainingLoop::DescribeSettings(const TrainingVolumes & validationVolumes) const
{
  auto settings = TrainingCheckpoint::Json::parse(m_Parameters.DescribeForCheckpoint());
  settings["fine_tuned"] = m_Circumstances.isFineTuning;
  settings["volumes"] = m_Volumes.GetCount();
  settings[TrainingCheckpoint::TrainingVolumes] = m_Volumes.ComputeFingerprint();
  settings[TrainingCheckpoint::ValidationVolumes] = validationVolumes.ComputeFingerprint();
  settings["validation_slices"] = m_Validation.GetNumberOfSlices();
  settings["base_kernels"] = m_Model.GetBaseChannels();
  settings["poolings"] = m_Model.GetNumberOfPoolings();
  settings["latent_channels"] = m_Model.GetLatentChannels();
  settings["levels"] = m_Model.GetLatentLevels();
  if (m_Model.GetPixelUnshuffleFactor() != 1)
  {
    settings["pixel_unshuffle_factor"] = m_Model.GetPixelUnshuffleFactor();
  }
  if (m_Model.GetLatentPixels())
  {
    settings["latent_pixels"] = true;
  }
  if (m_Model.GetMixing() == AutoencoderModel::MixingEnum::Learned)
  {
    settings["mixing"] = m_Model.GetMixingContext() ? "learned, with context" : "learned";
  }
  settings["in_plane_spacing_mm"] = m_Model.GetInPlaneSpacing();
  return settings;
}

void
TrainingLoop::CheckOtherProcesses(const TrainingCheckpoint::Json & settings) const
{
  const GradientReducer & reducer = m_Network.GetReducer();
  // Processes of another version may have other settings. Every process sends as many numbers.
  constexpr size_t         numberOfEntries = 64;
  std::vector<std::string> names;
  std::vector<int64_t>     hashes;
  for (const auto & [key, value] : settings.items())
  {
    names.push_back(key);
    hashes.push_back(static_cast<int64_t>(HashText(key + value.dump())));
  }
  hashes.resize(numberOfEntries);
  const auto all = reducer.Gather(hashes);
  for (size_t rank = 0; rank < all.size(); ++rank)
  {
    const auto different = std::mismatch(hashes.begin(), hashes.end(), all[rank].begin()).first;
    if (different != hashes.end())
    {
      const auto entry = static_cast<size_t>(different - hashes.begin());
      itkGenericExceptionMacro("The process of rank "
                               << rank << " trains otherwise than this one, of rank " << reducer.GetRank() << ": its "
                               << (entry < names.size() ? names[entry] : std::string("version"))
                               << " is different. All processes need the same version, volumes and settings.");
    }
  }
}

void
TrainingLoop::Run()
{
  m_Start = std::chrono::steady_clock::now();
  m_Checkpoint->Restart(m_ElapsedBefore);
  m_Progress.stopCondition = this->FindStopCondition(false, false);
  while (m_Progress.stopCondition == StopConditionEnum::Training)
  {
    this->Iterate();
  }
  if (m_Progress.stopCondition == StopConditionEnum::NonFiniteLoss)
  {
    this->SetResult(m_Network.CopyLastGood());
    return;
  }
  m_Network.SynchronizeStatistics();
  // The checkpoint is written before the final validation, because a training that resumes from it with more iterations
  // would not have validated here.
  this->WriteCheckpoint();
  const bool isValidated =
    m_Validation.GetNumberOfSlices() > 0 && m_Progress.stopCondition != StopConditionEnum::Aborted;
  if (isValidated && m_Progress.validationIteration != m_Progress.currentIteration)
  {
    this->Validate();
  }
  const auto network = m_Network.CopyResult();
  this->SetResult(network);
  if (isValidated)
  {
    const auto sums = m_Validation.ComputeResidualGainSums(*network, m_Network.GetLanes());
    m_Model.SetResidualGain(sums.second > 0.0 ? std::max(0.0, sums.first / sums.second) : 1.0);
  }
}

bool
TrainingLoop::IsFirstProcess() const
{
  return m_Network.GetReducer().GetRank() == 0;
}

double
TrainingLoop::ComputeElapsedTime() const
{
  return m_ElapsedBefore + std::chrono::duration<double>(std::chrono::steady_clock::now() - m_Start).count();
}

double
TrainingLoop::ComputeShareDone() const
{
  double done = static_cast<double>(m_Progress.currentIteration) / static_cast<double>(m_Parameters.numberOfIterations);
  if (m_Parameters.timeBudget > 0.0)
  {
    done = std::max(done, m_Progress.elapsedTime / m_Parameters.timeBudget);
  }
  return std::min(1.0, done);
}

double
TrainingLoop::ComputeLearningRate() const
{
  double rate = m_Parameters.learningRate;
  if (m_Progress.currentIteration < m_Parameters.numberOfWarmUpIterations)
  {
    rate *=
      static_cast<double>(m_Progress.currentIteration + 1) / static_cast<double>(m_Parameters.numberOfWarmUpIterations);
  }
  if (m_Parameters.learningRateSchedule == AutoencoderTrainerEnums::LearningRateSchedule::Cosine)
  {
    rate *= FinalLearningRateShare +
            (1.0 - FinalLearningRateShare) * 0.5 * (1.0 + std::cos(Math::pi * this->ComputeShareDone()));
  }
  return rate;
}

void
TrainingLoop::Iterate()
{
  const SizeValueType iteration = m_Progress.currentIteration;
  m_Network.SetVolumes(m_Cache->MoveTo(iteration));
  m_Progress.currentLearningRate = this->ComputeLearningRate();
  const TrainedNetwork::Losses losses = m_Network.Step(iteration, m_Progress.currentLearningRate);
  m_Progress.currentLoss = losses.total;
  m_Progress.currentReconstructionLoss = losses.reconstruction;
  m_Progress.currentSynthesisLoss = losses.synthesis;
  if (!Math::isfinite(losses.total))
  {
    m_Progress.stopCondition = StopConditionEnum::NonFiniteLoss;
    return;
  }
  ++m_Progress.currentIteration;
  if (m_Validation.GetNumberOfSlices() > 0 && m_Progress.currentIteration % m_Parameters.validationInterval == 0)
  {
    m_Network.SynchronizeStatistics();
    this->Validate();
  }
  m_Progress.elapsedTime = this->ComputeElapsedTime();
  m_Callbacks.iterated();
  // All processes have to stop and to write checkpoints in the same iteration. Therefore they use the clock of the
  // first process.
  std::vector<double> shared{ m_Callbacks.isAborted() ? 1.0 : 0.0,
                              m_Callbacks.isStopRequested() ? 1.0 : 0.0,
                              this->IsFirstProcess() ? m_Progress.elapsedTime : 0.0 };
  m_Network.GetReducer().Sum(shared);
  m_Progress.elapsedTime = shared[2];
  m_Callbacks.progressed(this->ComputeShareDone());
  m_Progress.stopCondition = this->FindStopCondition(shared[0] > 0.0, shared[1] > 0.0);
  if (m_Progress.stopCondition == StopConditionEnum::Training && m_Checkpoint->IsDue(m_Progress))
  {
    m_Network.SynchronizeStatistics();
    this->WriteCheckpoint();
  }
}

TrainingLoop::StopConditionEnum
TrainingLoop::FindStopCondition(bool aborted, bool stopRequested) const
{
  if (aborted)
  {
    return StopConditionEnum::Aborted;
  }
  if (stopRequested)
  {
    return StopConditionEnum::StopRequested;
  }
  if (m_Progress.currentIteration >= m_Parameters.numberOfIterations)
  {
    return StopConditionEnum::MaximumNumberOfIterations;
  }
  if (m_Parameters.timeBudget > 0.0 && m_Progress.elapsedTime >= m_Parameters.timeBudget)
  {
    return StopConditionEnum::TimeBudget;
  }
  if (m_Parameters.earlyStoppingPatience > 0 && m_Progress.validationsSinceBest >= m_Parameters.earlyStoppingPatience)
  {
    return StopConditionEnum::EarlyStopping;
  }
  return StopConditionEnum::Training;
}

void
TrainingLoop::Validate()
{
  const auto & reducer = m_Network.GetReducer();
  const auto   share = m_Validation.Measure(
    *m_Network.GetCurrent(), m_Network.GetLanes(), reducer.GetRank(), reducer.GetNumberOfProcesses());
  std::vector<double> sums{ share.meanSquaredError, share.psnr, share.ssim };
  reducer.Sum(sums);
  m_Progress.validationIteration = m_Progress.currentIteration;
  m_Progress.validationPSNR = sums[1];
  m_Progress.validationSSIM = sums[2];
  m_Progress.validationLoss = sums[0] + ValidationSSIMWeight * (1.0 - sums[2]);
  if (m_Progress.bestIteration == 0 || m_Progress.validationLoss < m_Progress.bestValidationLoss)
  {
    m_Progress.bestValidationLoss = m_Progress.validationLoss;
    m_Progress.bestIteration = m_Progress.currentIteration;
    m_Progress.validationsSinceBest = 0;
    m_Network.KeepBest();
  }
  else
  {
    ++m_Progress.validationsSinceBest;
  }
}

void
TrainingLoop::WriteCheckpoint()
{
  if (m_Parameters.checkpointFileName.empty())
  {
    return;
  }
  m_Checkpoint->Restart(m_Progress.elapsedTime);
  if (this->IsFirstProcess())
  {
    m_Checkpoint->Write(m_Network, m_Progress);
  }
}

void
TrainingLoop::SetResult(const std::shared_ptr<AutoencoderNetwork> & network)
{
  auto implementation = std::make_shared<AutoencoderModel::Implementation>();
  implementation->network = network;
  m_Model.SetImplementation(implementation);
  // The gain of the initial model and its calibrations of errors do not fit the new weights.
  m_Model.SetResidualGain(1.0);
  m_Model.SetErrorCalibration(0.0, 0.0, 0.0);
  m_Model.SetErrorCalibrationWithSpread(0.0, 0.0, 0.0, 0.0);
}
} // end namespace itk
