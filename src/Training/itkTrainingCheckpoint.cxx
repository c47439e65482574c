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

#include "itkTrainingCheckpoint.h"

#include "itkJsonNumbers.h"
#include "itkSafetensorsFile.h"

#include "itkMacro.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>

namespace itk
{
namespace
{
constexpr const char * FormatKey = "latent_sr.format";
constexpr const char * Format = "latent-sr/checkpoint/1";
constexpr const char * StateKey = "latent_sr.state";
constexpr const char * SettingsKey = "latent_sr.settings";

/** Get the value of a metadata entry of a checkpoint. */
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

/** Get a metadata entry of a checkpoint that contains a JSON object. */
TrainingCheckpoint::Json
RequireObject(const SafetensorsFile & file, const std::string & fileName, const char * key)
{
  auto value = TrainingCheckpoint::Json::parse(RequireEntry(file, fileName, key), nullptr, /*allow_exceptions=*/false);
  if (!value.is_object())
  {
    itkGenericExceptionMacro("The checkpoint '" << fileName << "' has an entry '" << key
                                                << "' that is no JSON object: it is damaged.");
  }
  return value;
}
/** Call `visit(key, member)` for all members that a resumed training starts with. */
template <typename TProgress, typename TVisitor>
void
VisitState(TProgress & progress, TVisitor && visit)
{
  visit("iteration", progress.currentIteration);
  visit("elapsed_s", progress.elapsedTime);
  visit("best_loss", progress.bestValidationLoss);
  visit("best_iteration", progress.bestIteration);
  visit("unsuccessful_validations", progress.validationsSinceBest);
  visit("validation_iteration", progress.validationIteration);
  visit("validation_psnr", progress.validationPSNR);
  visit("validation_ssim", progress.validationSSIM);
  visit("validation_loss", progress.validationLoss);
}
} // namespace

TrainingCheckpoint::TrainingCheckpoint(const AutoencoderTrainingParameters & parameters, Json settings)
  : m_FileName(parameters.checkpointFileName)
  , m_Interval(parameters.checkpointInterval)
  , m_TimeInterval(parameters.checkpointTimeInterval)
  , m_Resume(parameters.resume)
  , m_Settings(std::move(settings))
{}

void
TrainingCheckpoint::CheckIsWritable(const std::string & fileName)
{
  // The name must not exist yet, so that no file of the user is changed.
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

bool
TrainingCheckpoint::IsDue(const AutoencoderTrainingProgress & progress) const
{
  if (m_FileName.empty())
  {
    return false;
  }
  return (m_Interval > 0 && progress.currentIteration % m_Interval == 0) ||
         (m_TimeInterval > 0.0 && progress.elapsedTime - m_LastTime >= m_TimeInterval);
}

void
TrainingCheckpoint::Write(TrainedNetwork & network, const AutoencoderTrainingProgress & progress) const
{
  SafetensorsFile file;
  network.Store(file);
  Json state = Json::object();
  VisitState(progress, [&state](const char * key, const auto & value) { state[key] = value; });
  file.metadata[FormatKey] = Format;
  file.metadata[StateKey] = state.dump();
  file.metadata[SettingsKey] = m_Settings.dump();
  file.Write(m_FileName);
}

bool
TrainingCheckpoint::CanResume() const
{
  return m_Resume && std::filesystem::exists(m_FileName);
}

void
TrainingCheckpoint::Read(TrainedNetwork & network, AutoencoderTrainingProgress & progress) const
{
  this->Parse(SafetensorsFile::ReadBytes(m_FileName), network, progress);
}

void
TrainingCheckpoint::Parse(const std::string &           bytes,
                          TrainedNetwork &              network,
                          AutoencoderTrainingProgress & progress) const
{
  const auto file = SafetensorsFile::Parse(bytes.data(), bytes.size(), m_FileName);
  const auto format = file.metadata.find(FormatKey);
  if (format == file.metadata.end() || format->second != Format)
  {
    itkGenericExceptionMacro("'" << m_FileName << "' is not a checkpoint of a training.");
  }
  this->CheckSettings(RequireObject(file, m_FileName, SettingsKey));
  const Json state = RequireObject(file, m_FileName, StateKey);
  try
  {
    network.Load(file);
    VisitState(progress, [&state](const char * key, auto & value) {
      using ValueType = std::decay_t<decltype(value)>;
      // JSON has no infinity. It is null there, for example the PSNR of slices without any error.
      const bool isInfinite = std::is_same_v<ValueType, double> && state.at(key).is_null();
      value =
        isInfinite ? std::numeric_limits<ValueType>::infinity() : JsonNumbers::Read<ValueType>(state.at(key), key);
    });
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("The checkpoint '" << m_FileName << "' can't be used: " << error.what());
  }
  progress.resumedIteration = progress.currentIteration;
}

void
TrainingCheckpoint::CheckSettings(const Json & before) const
{
  for (const auto & [key, value] : m_Settings.items())
  {
    Json old = before.value(key, Json());
    if (key == "slice_axis" && old == -1)
    {
      // Earlier versions wrote an automatic slice axis as -1.
      old = "auto";
    }
    if (old != value && (key == TrainingVolumes || key == ValidationVolumes))
    {
      itkGenericExceptionMacro("The checkpoint '" << m_FileName << "' is of a training on other volumes: the names, "
                                                  << "sizes or spacings of "
                                                  << (key == TrainingVolumes ? "training" : "validation")
                                                  << " volumes have changed, or their order.");
    }
    if (old != value)
    {
      itkGenericExceptionMacro("The checkpoint '" << m_FileName << "' is of another training: " << key << " was "
                                                  << old.dump() << ", and is " << value.dump()
                                                  << ". Use the same settings, or another CheckpointFileName.");
    }
  }
}
} // end namespace itk
