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
#include "itkAutoencoderTrainingSession.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSliceTensors.h"
#include "itkTorchThreadScope.h"
#include "itkTrainingSlices.h"
#include "itkTrainingValidation.h"
#include "itkTrainingVolumeCache.h"
#include "itkTrainingVolumeReader.h"

#include "itkLatentSliceSynthesizer.h"
#include "itkMath.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace itk
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr const char * CheckpointFormatKey = "latent_sr.format";
constexpr const char * CheckpointFormat = "latent-sr/checkpoint/1";
constexpr const char * CheckpointStateKey = "latent_sr.state";
constexpr const char * CheckpointSettingsKey = "latent_sr.settings";

/** Weight of 1 - SSIM in the loss that models are chosen by, whatever they are trained with: losses of different
 * trainings can be compared. */
constexpr double ValidationSSIMWeight = 0.1;

/** A refusal before hours of training instead of behind them. */
void
CheckIsWritable(const std::string & fileName)
{
  // A name that nobody has: a file of the user's must not be touched.
  std::random_device random;
  std::string        trial;
  std::error_code    error;
  do
  {
    trial = fileName + ".trial" + std::to_string(random());
  } while (std::filesystem::exists(trial, error));
  const bool opens = static_cast<bool>(std::ofstream(trial, std::ios::binary));
  std::filesystem::remove(trial, error);
  if (!opens || std::filesystem::is_directory(fileName, error))
  {
    itkGenericExceptionMacro("CheckpointFileName is '" << fileName << "', but no file can be written there.");
  }
}

/** A hash (FNV-1a, 64 bits) of names of files without their folders, sizes and spacings: whether volumes are the same.
 */
template <typename TVolumes>
std::string
DescribeVolumes(const TVolumes & volumes)
{
  uint64_t hash = 14695981039346656037ull;
  for (SizeValueType i = 0; i < volumes.GetCount(); ++i)
  {
    const TrainingVolumeGeometry geometry = volumes.GetGeometry(i);
    std::ostringstream           text;
    text << std::filesystem::path(geometry.name).filename().string() << ' ' << geometry.slices << ' ' << geometry.rows
         << ' ' << geometry.columns << ' ' << geometry.sliceSpacing << ' ' << geometry.rowSpacing << ' '
         << geometry.columnSpacing << '\n';
    for (const char c : text.str())
    {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    }
  }
  return std::to_string(hash);
}

/** The value of an entry of a checkpoint's metadata. */
const std::string &
RequireEntry(const SafetensorsFile & file, const std::string & fileName, const char * key)
{
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
  {
    itkGenericExceptionMacro("The checkpoint '" << fileName << "' has no entry '" << key
                                                << "': it is damaged, or of another version.");
  }
  return found->second;
}

/** An entry of a checkpoint's metadata that holds JSON with an object. */
Json
RequireObject(const SafetensorsFile & file, const std::string & fileName, const char * key)
{
  const auto value = Json::parse(RequireEntry(file, fileName, key), nullptr, /*allow_exceptions=*/false);
  if (!value.is_object())
  {
    itkGenericExceptionMacro("The checkpoint '" << fileName << "' has an entry '" << key
                                                << "' that is no JSON object: it is damaged.");
  }
  return value;
}
} // namespace

/** The volumes of a training: images first, then those of files. */
class AutoencoderTrainerBase::Volumes
{
public:
  Volumes(const AutoencoderTrainerBase & trainer, RoleEnum role)
    : m_Trainer(trainer)
    , m_Role(role)
    , m_NumberOfImageVolumes(trainer.GetNumberOfImageVolumes(role))
    , m_Count(m_NumberOfImageVolumes)
  {
    for (const auto & name : role == RoleEnum::Training ? trainer.m_TrainingFileNames : trainer.m_ValidationFileNames)
    {
      m_Readers.emplace_back(name, trainer.m_SliceAxis);
      m_Begins.push_back(m_Count);
      m_Count += m_Readers.back().GetNumberOfVolumes();
    }
  }

  SizeValueType
  GetCount() const
  {
    return m_Count;
  }

  TrainingVolumeGeometry
  GetGeometry(SizeValueType number) const
  {
    return number < m_NumberOfImageVolumes ? m_Trainer.GetImageVolumeGeometry(m_Role, number)
                                           : m_Readers[this->FindReader(number)].GetGeometry();
  }

  TrainingVolume
  Load(SizeValueType number) const
  {
    if (number < m_NumberOfImageVolumes)
    {
      return m_Trainer.LoadImageVolume(m_Role, number);
    }
    const size_t reader = this->FindReader(number);
    return m_Readers[reader].Read(number - m_Begins[reader], LatentSliceSynthesizer::GetNumberOfThreads(&m_Trainer));
  }

private:
  size_t
  FindReader(SizeValueType number) const
  {
    return static_cast<size_t>(std::upper_bound(m_Begins.begin(), m_Begins.end(), number) - m_Begins.begin()) - 1;
  }

  const AutoencoderTrainerBase &    m_Trainer;
  RoleEnum                          m_Role;
  SizeValueType                     m_NumberOfImageVolumes;
  SizeValueType                     m_Count;
  std::vector<TrainingVolumeReader> m_Readers;
  /** The number of each reader's first volume. */
  std::vector<SizeValueType> m_Begins;
};

/** One training from its first iteration to its end. */
class AutoencoderTrainerBase::Loop
{
public:
  Loop(AutoencoderTrainerBase & trainer, AutoencoderModel & model)
    : m_Trainer(trainer)
    , m_Model(model)
    , m_Volumes(trainer, RoleEnum::Training)
    , m_TrainingVolumes(DescribeVolumes(m_Volumes))
    , m_Session(trainer, model)
    , m_Validation(&model)
  {
    this->CheckReadyToWrite();
    std::vector<SizeValueType> sizes;
    bool                       hasTriplets = false;
    for (SizeValueType i = 0; i < m_Volumes.GetCount(); ++i)
    {
      const auto geometry = m_Volumes.GetGeometry(i);
      const auto rows = this->PatchableLength(geometry.rows, geometry.rowSpacing);
      const auto columns = this->PatchableLength(geometry.columns, geometry.columnSpacing);
      sizes.push_back(geometry.slices * static_cast<SizeValueType>(rows * columns) * sizeof(float));
      hasTriplets = hasTriplets || geometry.slices >= 3;
      model.ExtendTrainingRanges(geometry.sliceSpacing, std::max(geometry.rowSpacing, geometry.columnSpacing));
    }
    if (trainer.m_ReconstructionWeight == 0.0 && !hasTriplets)
    {
      itkGenericExceptionMacro(
        "ReconstructionWeight is 0, and no volume has three slices for the synthesis loss: there "
        "is nothing to train on.");
    }
    m_Cache = std::make_unique<TrainingVolumeCache>(
      std::move(sizes),
      [this](SizeValueType number) { return this->LoadVolume(number); },
      trainer.m_CacheSize << 20,
      trainer.m_VolumeInterval,
      trainer.m_Seed);
    this->PrepareValidation();
    if (trainer.m_Resume && std::filesystem::exists(trainer.m_CheckpointFileName))
    {
      this->ReadCheckpoint();
    }
  }

  void
  Run()
  {
    m_Start = std::chrono::steady_clock::now();
    m_LastCheckpointTime = m_ElapsedBefore;
    this->FindStopCondition({ 0.0, 0.0 });
    while (m_Trainer.m_StopCondition == StopConditionEnum::Training)
    {
      this->Iterate();
    }
    if (m_Trainer.m_StopCondition == StopConditionEnum::NonFiniteLoss)
    {
      this->SetResult(m_Session.TakeLastGood());
      return;
    }
    m_Session.SynchronizeStatistics();
    // First the checkpoint: a training that goes on from it would not validate here.
    this->WriteCheckpoint();
    if (m_Validation.GetNumberOfSlices() > 0 && m_Trainer.m_ValidationIteration != m_Trainer.m_CurrentIteration &&
        m_Trainer.m_StopCondition != StopConditionEnum::Aborted)
    {
      this->Validate();
    }
    const auto network = m_Session.TakeResult();
    this->SetResult(network);
    if (m_Validation.GetNumberOfSlices() > 0 && m_Trainer.m_StopCondition != StopConditionEnum::Aborted)
    {
      const auto sums = m_Validation.ComputeResidualGainSums(*network);
      m_Model.SetResidualGain(sums.second > 0.0 ? std::max(0.0, sums.first / sums.second) : 1.0);
    }
  }

  SizeValueType
  GetNumberOfVolumes() const
  {
    return m_Volumes.GetCount();
  }

private:
  int64_t
  PatchableLength(SizeValueType length, double spacing) const
  {
    return std::max(SliceTensors::NetworkLength(static_cast<int64_t>(length), spacing, m_Model.GetInPlaneSpacing()),
                    static_cast<int64_t>(m_Trainer.m_PatchSize));
  }

  /** Load a volume as the network sees it: (slices, rows, columns) in [0, 1], not smaller than a patch. */
  torch::Tensor
  LoadVolume(SizeValueType number) const
  {
    const torch::NoGradGuard noGradient;
    TrainingVolume           volume = m_Volumes.Load(number);
    const torch::Tensor      native = torch::tensor(volume.pixels)
                                   .view({ static_cast<int64_t>(volume.slices),
                                           1,
                                           static_cast<int64_t>(volume.rows),
                                           static_cast<int64_t>(volume.columns) });
    const torch::Tensor windowed = ShowTrainingSlices(native, std::move(volume.pixels), "Training", volume, &m_Model);
    return SliceTensors::MirrorPad(windowed,
                                   this->PatchableLength(volume.rows, volume.rowSpacing),
                                   this->PatchableLength(volume.columns, volume.columnSpacing))
      .squeeze(1)
      .contiguous();
  }

  void
  PrepareValidation()
  {
    const Volumes volumes(m_Trainer, RoleEnum::Validation);
    m_ValidationVolumes = DescribeVolumes(volumes);
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
    m_Validation.Finish(m_Trainer.m_MaximumNumberOfValidationSlices);
    m_Trainer.m_LinearValidationPSNR = m_Validation.GetLinear().psnr;
    m_Trainer.m_LinearValidationSSIM = m_Validation.GetLinear().ssim;
    m_Trainer.m_BSplineValidationPSNR = m_Validation.GetBSpline().psnr;
    m_Trainer.m_BSplineValidationSSIM = m_Validation.GetBSpline().ssim;
  }

  bool
  IsFirstProcess() const
  {
    return m_Session.GetReducer().GetRank() == 0;
  }

  double
  GetElapsed() const
  {
    return m_ElapsedBefore + std::chrono::duration<double>(std::chrono::steady_clock::now() - m_Start).count();
  }

  /** How much of the training is done, in iterations or in time, whichever is more; 0 to 1. */
  double
  GetShareDone() const
  {
    double done =
      static_cast<double>(m_Trainer.m_CurrentIteration) / static_cast<double>(m_Trainer.m_NumberOfIterations);
    if (m_Trainer.m_TimeBudget > 0.0)
    {
      done = std::max(done, m_Trainer.m_ElapsedTime / m_Trainer.m_TimeBudget);
    }
    return std::min(1.0, done);
  }

  double
  ComputeLearningRate() const
  {
    double rate = m_Trainer.m_LearningRate;
    if (m_Trainer.m_CurrentIteration < m_Trainer.m_NumberOfWarmUpIterations)
    {
      rate *= static_cast<double>(m_Trainer.m_CurrentIteration + 1) /
              static_cast<double>(m_Trainer.m_NumberOfWarmUpIterations);
    }
    if (m_Trainer.m_LearningRateSchedule == LearningRateScheduleEnum::Cosine)
    {
      rate *= 1e-3 + (1.0 - 1e-3) * 0.5 * (1.0 + std::cos(Math::pi * this->GetShareDone()));
    }
    return rate;
  }

  void
  Iterate()
  {
    const SizeValueType iteration = m_Trainer.m_CurrentIteration;
    m_Session.GetSampler().SetVolumes(m_Cache->MoveTo(iteration));
    m_Trainer.m_CurrentLearningRate = this->ComputeLearningRate();
    m_Session.Step(iteration, m_Trainer.m_CurrentLearningRate);
    m_Trainer.m_CurrentLoss = m_Session.totalLoss;
    m_Trainer.m_CurrentReconstructionLoss = m_Session.reconstructionLoss;
    m_Trainer.m_CurrentSynthesisLoss = m_Session.synthesisLoss;
    if (!Math::isfinite(m_Trainer.m_CurrentLoss))
    {
      m_Trainer.m_StopCondition = StopConditionEnum::NonFiniteLoss;
      return;
    }
    ++m_Trainer.m_CurrentIteration;
    const bool validates =
      m_Validation.GetNumberOfSlices() > 0 && m_Trainer.m_CurrentIteration % m_Trainer.m_ValidationInterval == 0;
    if (validates)
    {
      m_Session.SynchronizeStatistics();
      this->Validate();
    }
    m_Trainer.m_ElapsedTime = this->GetElapsed();
    m_Trainer.InvokeEvent(IterationEvent());
    // All processes have to end, and to write, in the same iteration: the clock is the first one's.
    std::vector<double> shared{ m_Trainer.GetAbortGenerateData() ? 1.0 : 0.0,
                                m_Trainer.m_StopRequested ? 1.0 : 0.0,
                                this->IsFirstProcess() ? m_Trainer.m_ElapsedTime : 0.0 };
    m_Session.GetReducer().Sum(shared);
    m_Trainer.m_ElapsedTime = shared[2];
    m_Trainer.UpdateProgress(static_cast<float>(this->GetShareDone()));
    this->FindStopCondition({ shared[0], shared[1] });
    if (m_Trainer.m_StopCondition == StopConditionEnum::Training && this->CheckpointIsDue())
    {
      m_Session.SynchronizeStatistics();
      this->WriteCheckpoint();
    }
  }

  /** \param requests how many processes were aborted, and asked to stop */
  void
  FindStopCondition(const std::pair<double, double> & requests)
  {
    if (requests.first > 0.0)
    {
      m_Trainer.m_StopCondition = StopConditionEnum::Aborted;
    }
    else if (requests.second > 0.0)
    {
      m_Trainer.m_StopCondition = StopConditionEnum::StopRequested;
    }
    else if (m_Trainer.m_CurrentIteration >= m_Trainer.m_NumberOfIterations)
    {
      m_Trainer.m_StopCondition = StopConditionEnum::MaximumNumberOfIterations;
    }
    else if (m_Trainer.m_TimeBudget > 0.0 && m_Trainer.m_ElapsedTime >= m_Trainer.m_TimeBudget)
    {
      m_Trainer.m_StopCondition = StopConditionEnum::TimeBudget;
    }
    else if (m_Trainer.m_EarlyStoppingPatience > 0 && m_Unsuccessful >= m_Trainer.m_EarlyStoppingPatience)
    {
      m_Trainer.m_StopCondition = StopConditionEnum::EarlyStopping;
    }
  }

  void
  Validate()
  {
    const auto & reducer = m_Session.GetReducer();
    const auto share = m_Validation.Measure(*m_Session.GetCurrent(), reducer.GetRank(), reducer.GetNumberOfProcesses());
    std::vector<double> sums{ share.meanSquaredError, share.psnr, share.ssim };
    reducer.Sum(sums);
    m_Trainer.m_ValidationIteration = m_Trainer.m_CurrentIteration;
    m_Trainer.m_ValidationPSNR = sums[1];
    m_Trainer.m_ValidationSSIM = sums[2];
    m_Trainer.m_ValidationLoss = sums[0] + ValidationSSIMWeight * (1.0 - sums[2]);
    if (m_Trainer.m_BestIteration == 0 || m_Trainer.m_ValidationLoss < m_BestLoss)
    {
      m_BestLoss = m_Trainer.m_ValidationLoss;
      m_Trainer.m_BestIteration = m_Trainer.m_CurrentIteration;
      m_Unsuccessful = 0;
      m_Session.KeepBest();
    }
    else
    {
      ++m_Unsuccessful;
    }
  }

  void
  SetResult(const std::shared_ptr<AutoencoderNetwork> & network)
  {
    auto implementation = std::make_shared<AutoencoderModel::Implementation>();
    implementation->network = network;
    m_Model.SetImplementation(implementation);
    // The best gain was that of other weights.
    m_Model.SetResidualGain(1.0);
  }

  void
  CheckReadyToWrite() const
  {
    if (!m_Trainer.m_CheckpointFileName.empty() && this->IsFirstProcess())
    {
      CheckIsWritable(m_Trainer.m_CheckpointFileName);
    }
  }

  bool
  CheckpointIsDue()
  {
    if (m_Trainer.m_CheckpointFileName.empty())
    {
      return false;
    }
    return (m_Trainer.m_CheckpointInterval > 0 && m_Trainer.m_CurrentIteration % m_Trainer.m_CheckpointInterval == 0) ||
           (m_Trainer.m_CheckpointTimeInterval > 0.0 &&
            m_Trainer.m_ElapsedTime - m_LastCheckpointTime >= m_Trainer.m_CheckpointTimeInterval);
  }

  /** What has to be the same in a training that goes on. */
  Json
  DescribeSettings() const
  {
    Json settings = Json::parse(m_Trainer.DescribeTraining(m_Volumes.GetCount()));
    settings.erase("iterations");
    settings.erase("time_budget_s");
    settings["maximum_iterations"] = m_Trainer.m_NumberOfIterations;
    settings["maximum_time_s"] = m_Trainer.m_TimeBudget;
    settings["cache_size"] = m_Trainer.m_CacheSize;
    settings["volume_interval"] = m_Trainer.m_VolumeInterval;
    settings["slice_axis"] = m_Trainer.m_SliceAxis;
    settings["training_volumes"] = m_TrainingVolumes;
    settings["validation_volumes"] = m_ValidationVolumes;
    settings["validation_slices"] = m_Validation.GetNumberOfSlices();
    settings["base_kernels"] = m_Model.GetBaseKernels();
    settings["poolings"] = m_Model.GetNumberOfPoolings();
    settings["latent_channels"] = m_Model.GetLatentChannels();
    settings["levels"] = m_Model.GetLatentLevels();
    settings["in_plane_spacing_mm"] = m_Model.GetInPlaneSpacing();
    return settings;
  }

  void
  WriteCheckpoint()
  {
    if (m_Trainer.m_CheckpointFileName.empty())
    {
      return;
    }
    m_LastCheckpointTime = m_Trainer.m_ElapsedTime;
    if (!this->IsFirstProcess())
    {
      return;
    }
    SafetensorsFile file;
    m_Session.Store(file);
    const Json state{ { "iteration", m_Trainer.m_CurrentIteration },
                      { "elapsed_s", m_Trainer.m_ElapsedTime },
                      { "best_loss", m_BestLoss },
                      { "best_iteration", m_Trainer.m_BestIteration },
                      { "unsuccessful_validations", m_Unsuccessful },
                      { "validation_iteration", m_Trainer.m_ValidationIteration },
                      { "validation_psnr", m_Trainer.m_ValidationPSNR },
                      { "validation_ssim", m_Trainer.m_ValidationSSIM },
                      { "validation_loss", m_Trainer.m_ValidationLoss } };
    file.metadata[CheckpointFormatKey] = CheckpointFormat;
    file.metadata[CheckpointStateKey] = state.dump();
    file.metadata[CheckpointSettingsKey] = this->DescribeSettings().dump();
    file.Write(m_Trainer.m_CheckpointFileName);
  }

  void
  ReadCheckpoint()
  {
    const std::string & name = m_Trainer.m_CheckpointFileName;
    const std::string   bytes = SafetensorsFile::ReadBytes(name);
    const auto          file = SafetensorsFile::Parse(bytes.data(), bytes.size(), name);
    const auto          format = file.metadata.find(CheckpointFormatKey);
    if (format == file.metadata.end() || format->second != CheckpointFormat)
    {
      itkGenericExceptionMacro("'" << name << "' is not a checkpoint of a training.");
    }
    this->CheckSettings(RequireObject(file, name, CheckpointSettingsKey));
    const Json state = RequireObject(file, name, CheckpointStateKey);
    RequireEntry(file, name, AutoencoderTrainingSession::StepsKey);
    try
    {
      m_Session.Load(file);
      m_Trainer.m_CurrentIteration = state.at("iteration").get<SizeValueType>();
      m_Trainer.m_ElapsedTime = state.at("elapsed_s").get<double>();
      m_BestLoss = state.at("best_loss").get<double>();
      m_Trainer.m_BestIteration = state.at("best_iteration").get<SizeValueType>();
      m_Unsuccessful = state.at("unsuccessful_validations").get<SizeValueType>();
      m_Trainer.m_ValidationIteration = state.at("validation_iteration").get<SizeValueType>();
      m_Trainer.m_ValidationPSNR = state.at("validation_psnr").get<double>();
      m_Trainer.m_ValidationSSIM = state.at("validation_ssim").get<double>();
      m_Trainer.m_ValidationLoss = state.at("validation_loss").get<double>();
    }
    catch (const std::exception & error)
    {
      itkGenericExceptionMacro("The checkpoint '" << name << "' can't be used: " << error.what());
    }
    m_ElapsedBefore = m_Trainer.m_ElapsedTime;
    m_Trainer.m_ResumedIteration = m_Trainer.m_CurrentIteration;
  }

  void
  CheckSettings(const Json & before) const
  {
    const Json now = this->DescribeSettings();
    for (const auto & [key, value] : now.items())
    {
      // A training may be made longer, or shorter.
      if (key == "maximum_iterations" || key == "maximum_time_s")
      {
        continue;
      }
      const Json old = before.value(key, Json());
      if (old != value && (key == "training_volumes" || key == "validation_volumes"))
      {
        itkGenericExceptionMacro("The checkpoint '" << m_Trainer.m_CheckpointFileName << "' is of a training on other "
                                                    << "volumes: the names, sizes or spacings of "
                                                    << (key == "training_volumes" ? "training" : "validation")
                                                    << " volumes have changed, or their order.");
      }
      if (old != value)
      {
        itkGenericExceptionMacro("The checkpoint '" << m_Trainer.m_CheckpointFileName << "' is of another training: "
                                                    << key << " was " << old.dump() << ", and is " << value.dump()
                                                    << ". Use the same settings, or another CheckpointFileName.");
      }
    }
  }

  AutoencoderTrainerBase & m_Trainer;
  AutoencoderModel &       m_Model;
  Volumes                  m_Volumes;
  /** Whether a checkpoint is of a training on the same volumes. */
  std::string                           m_TrainingVolumes;
  std::string                           m_ValidationVolumes;
  AutoencoderTrainingSession            m_Session;
  TrainingValidation                    m_Validation;
  std::unique_ptr<TrainingVolumeCache>  m_Cache;
  std::chrono::steady_clock::time_point m_Start;
  double                                m_ElapsedBefore{ 0.0 };
  double                                m_LastCheckpointTime{ 0.0 };
  double                                m_BestLoss{ 0.0 };
  /** Validations since the best one. */
  SizeValueType m_Unsuccessful{ 0 };
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
  require(m_SliceAxis >= -1 && m_SliceAxis <= 2, "SliceAxis", m_SliceAxis, "0, 1, 2, or -1 for automatic");
  require(m_CacheSize >= 1, "CacheSize", m_CacheSize, "at least 1 MiB");
  require(m_VolumeInterval >= 1, "VolumeInterval", m_VolumeInterval, "at least 1");
  require(m_ValidationInterval >= 1, "ValidationInterval", m_ValidationInterval, "at least 1");
  require(m_MaximumNumberOfValidationSlices >= 1,
          "MaximumNumberOfValidationSlices",
          m_MaximumNumberOfValidationSlices,
          "at least 1");
  require(m_CheckpointTimeInterval >= 0.0, "CheckpointTimeInterval", m_CheckpointTimeInterval, "at least 0 seconds");
  require(!m_Resume || !m_CheckpointFileName.empty(), "Resume", "on", "off without a CheckpointFileName");
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
  m_ValidationIteration = 0;
  m_BestIteration = 0;
  m_ResumedIteration = 0;
  m_StopCondition = StopConditionEnum::Training;

  auto                                     model = this->MakeStartingModel();
  const PythonGlobalInterpreterLockRelease released;
  SizeValueType                            numberOfVolumes = 0;
  TranslateTorchErrors("training", [&] {
    const TorchThreadScope threads(static_cast<int>(LatentSliceSynthesizer::GetNumberOfThreads(this)));
    Loop                   loop(*this, *model);
    numberOfVolumes = loop.GetNumberOfVolumes();
    loop.Run();
  });

  model->SetProvenance("training", this->DescribeTraining(numberOfVolumes));
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

void
AutoencoderTrainerBase::SetTrainingFileNames(const std::vector<std::string> & names)
{
  if (names != m_TrainingFileNames)
  {
    m_TrainingFileNames = names;
    this->Modified();
  }
}

void
AutoencoderTrainerBase::AddTrainingFileName(const std::string & name)
{
  m_TrainingFileNames.push_back(name);
  this->Modified();
}

void
AutoencoderTrainerBase::SetValidationFileNames(const std::vector<std::string> & names)
{
  if (names != m_ValidationFileNames)
  {
    m_ValidationFileNames = names;
    this->Modified();
  }
}

void
AutoencoderTrainerBase::AddValidationFileName(const std::string & name)
{
  m_ValidationFileNames.push_back(name);
  this->Modified();
}

std::string
AutoencoderTrainerBase::DescribeTraining(SizeValueType numberOfVolumes) const
{
  const nlohmann::ordered_json description{
    { "iterations", m_CurrentIteration },
    { "volumes", numberOfVolumes },
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
    { "weight_averaging", m_WeightAveraging },
    { "freeze_normalization", m_FreezeNormalization }
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
    case StopConditionEnum::EarlyStopping:
      return "No validation was better than that of iteration " + std::to_string(m_BestIteration) + ": stopped" + after;
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
  for (const auto & [title, names] : { std::make_pair("TrainingFileNames", &m_TrainingFileNames),
                                       std::make_pair("ValidationFileNames", &m_ValidationFileNames) })
  {
    os << indent << title << ':' << std::endl;
    for (const auto & name : *names)
    {
      os << indent.GetNextIndent() << name << std::endl;
    }
  }
  os << indent << "SliceAxis: " << m_SliceAxis << std::endl;
  os << indent << "CacheSize: " << m_CacheSize << std::endl;
  os << indent << "VolumeInterval: " << m_VolumeInterval << std::endl;
  os << indent << "ValidationInterval: " << m_ValidationInterval << std::endl;
  os << indent << "MaximumNumberOfValidationSlices: " << m_MaximumNumberOfValidationSlices << std::endl;
  os << indent << "EarlyStoppingPatience: " << m_EarlyStoppingPatience << std::endl;
  os << indent << "CheckpointFileName: " << m_CheckpointFileName << std::endl;
  os << indent << "CheckpointInterval: " << m_CheckpointInterval << std::endl;
  os << indent << "CheckpointTimeInterval: " << m_CheckpointTimeInterval << std::endl;
  os << indent << "Resume: " << (m_Resume ? "On" : "Off") << std::endl;
  os << indent << "ProcessGroupName: " << m_ProcessGroupName << std::endl;
  os << indent << "FreezeNormalization: " << (m_FreezeNormalization ? "On" : "Off") << std::endl;
  os << indent << "CurrentIteration: " << m_CurrentIteration << std::endl;
  os << indent << "CurrentLoss: " << m_CurrentLoss << std::endl;
  os << indent << "CurrentReconstructionLoss: " << m_CurrentReconstructionLoss << std::endl;
  os << indent << "CurrentSynthesisLoss: " << m_CurrentSynthesisLoss << std::endl;
  os << indent << "CurrentLearningRate: " << m_CurrentLearningRate << std::endl;
  os << indent << "ElapsedTime: " << m_ElapsedTime << std::endl;
  os << indent << "ValidationIteration: " << m_ValidationIteration << std::endl;
  os << indent << "ValidationPSNR: " << m_ValidationPSNR << std::endl;
  os << indent << "ValidationSSIM: " << m_ValidationSSIM << std::endl;
  os << indent << "ValidationLoss: " << m_ValidationLoss << std::endl;
  os << indent << "LinearValidationPSNR: " << m_LinearValidationPSNR << std::endl;
  os << indent << "LinearValidationSSIM: " << m_LinearValidationSSIM << std::endl;
  os << indent << "BSplineValidationPSNR: " << m_BSplineValidationPSNR << std::endl;
  os << indent << "BSplineValidationSSIM: " << m_BSplineValidationSSIM << std::endl;
  os << indent << "BestIteration: " << m_BestIteration << std::endl;
  os << indent << "ResumedIteration: " << m_ResumedIteration << std::endl;
  os << indent << "StopCondition: " << m_StopCondition << std::endl;
  os << indent << "StopRequested: " << (m_StopRequested ? "On" : "Off") << std::endl;
}

std::ostream &
operator<<(std::ostream & out, const AutoencoderTrainerEnums::LearningRateSchedule value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderTrainerEnums::LearningRateSchedule::Constant:
        return "itk::AutoencoderTrainerEnums::LearningRateSchedule::Constant";
      case AutoencoderTrainerEnums::LearningRateSchedule::Cosine:
        return "itk::AutoencoderTrainerEnums::LearningRateSchedule::Cosine";
    }
    return "INVALID VALUE FOR itk::AutoencoderTrainerEnums::LearningRateSchedule";
  }();
}

std::ostream &
operator<<(std::ostream & out, const AutoencoderTrainerEnums::StopCondition value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderTrainerEnums::StopCondition::NotStarted:
        return "itk::AutoencoderTrainerEnums::StopCondition::NotStarted";
      case AutoencoderTrainerEnums::StopCondition::Training:
        return "itk::AutoencoderTrainerEnums::StopCondition::Training";
      case AutoencoderTrainerEnums::StopCondition::MaximumNumberOfIterations:
        return "itk::AutoencoderTrainerEnums::StopCondition::MaximumNumberOfIterations";
      case AutoencoderTrainerEnums::StopCondition::TimeBudget:
        return "itk::AutoencoderTrainerEnums::StopCondition::TimeBudget";
      case AutoencoderTrainerEnums::StopCondition::StopRequested:
        return "itk::AutoencoderTrainerEnums::StopCondition::StopRequested";
      case AutoencoderTrainerEnums::StopCondition::Aborted:
        return "itk::AutoencoderTrainerEnums::StopCondition::Aborted";
      case AutoencoderTrainerEnums::StopCondition::NonFiniteLoss:
        return "itk::AutoencoderTrainerEnums::StopCondition::NonFiniteLoss";
      case AutoencoderTrainerEnums::StopCondition::Failed:
        return "itk::AutoencoderTrainerEnums::StopCondition::Failed";
      case AutoencoderTrainerEnums::StopCondition::EarlyStopping:
        return "itk::AutoencoderTrainerEnums::StopCondition::EarlyStopping";
    }
    return "INVALID VALUE FOR itk::AutoencoderTrainerEnums::StopCondition";
  }();
}
} // end namespace itk
