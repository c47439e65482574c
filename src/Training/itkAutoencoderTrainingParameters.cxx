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

#include "itkAutoencoderTrainingParameters.h"

#include "itkMacro.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <type_traits>

namespace itk
{
namespace
{
using Json = nlohmann::ordered_json;
using Parameters = AutoencoderTrainingParameters;

/** The files that a parameter is written to. */
enum class Record : uint8_t
{
  /** The weights depend on it. It is written to the model file, and has to be the same in a resumed training. */
  ModelAndCheckpoint,
  /** It limits the training. It is written to the model file, and may change in a resumed training. */
  Model,
  /** It determines the order of volumes. It has to be the same in a resumed training, but is not written to the model
   * file. */
  Checkpoint,
  /** The weights do not depend on it. */
  Nowhere
};

/** Call `visit(record, name, key, member)` for every parameter. The key is its name in JSON. */
template <typename TParameters, typename TVisitor>
void
VisitParameters(TParameters & p, TVisitor && visit)
{
  visit(Record::ModelAndCheckpoint, "Seed", "seed", p.seed);
  visit(Record::Model, "TimeBudget", "time_budget_s", p.timeBudget);
  visit(Record::ModelAndCheckpoint, "Precision", "bfloat16", p.precision);
  visit(Record::ModelAndCheckpoint, "PatchSize", "patch_size", p.patchSize);
  visit(Record::ModelAndCheckpoint, "BatchSize", "batch_size", p.batchSize);
  visit(Record::ModelAndCheckpoint, "LearningRate", "learning_rate", p.learningRate);
  visit(Record::ModelAndCheckpoint, "LearningRateSchedule", "cosine_schedule", p.learningRateSchedule);
  visit(Record::ModelAndCheckpoint, "NumberOfWarmUpIterations", "warm_up_iterations", p.numberOfWarmUpIterations);
  visit(Record::ModelAndCheckpoint, "WeightDecay", "weight_decay", p.weightDecay);
  visit(Record::ModelAndCheckpoint, "GradientClippingNorm", "gradient_clipping_norm", p.gradientClippingNorm);
  visit(Record::ModelAndCheckpoint, "ReconstructionWeight", "reconstruction_weight", p.reconstructionWeight);
  visit(Record::ModelAndCheckpoint, "SynthesisWeight", "synthesis_weight", p.synthesisWeight);
  visit(Record::ModelAndCheckpoint, "SSIMWeight", "ssim_weight", p.ssimWeight);
  visit(Record::ModelAndCheckpoint, "MaximumSliceGap", "maximum_slice_gap", p.maximumSliceGap);
  visit(Record::ModelAndCheckpoint, "WideGapShare", "wide_gap_share", p.wideGapShare);
  visit(Record::ModelAndCheckpoint, "CenterPatches", "center_patches", p.centerPatches);
  visit(Record::ModelAndCheckpoint, "RotationAugmentation", "rotation_augmentation", p.rotationAugmentation);
  visit(Record::ModelAndCheckpoint, "FlipAugmentation", "flip_augmentation", p.flipAugmentation);
  visit(Record::ModelAndCheckpoint, "IntensityAugmentation", "intensity_augmentation", p.intensityAugmentation);
  visit(Record::ModelAndCheckpoint, "ScaleAugmentation", "scale_augmentation", p.scaleAugmentation);
  visit(Record::ModelAndCheckpoint, "DeformationAugmentation", "deformation_augmentation", p.deformationAugmentation);
  visit(Record::ModelAndCheckpoint, "WeightAveraging", "weight_averaging", p.weightAveraging);
  visit(Record::ModelAndCheckpoint, "FreezeNormalization", "freeze_normalization", p.freezeNormalization);

  visit(Record::Checkpoint, "CacheSize", "cache_size", p.cacheSize);
  visit(Record::Checkpoint, "VolumeInterval", "volume_interval", p.volumeInterval);
  visit(Record::Checkpoint, "SliceAxis", "slice_axis", p.sliceAxis);

  visit(Record::Nowhere, "NumberOfIterations", "", p.numberOfIterations);
  visit(Record::Nowhere, "ValidationInterval", "", p.validationInterval);
  visit(Record::Nowhere, "MaximumNumberOfValidationSlices", "", p.maximumNumberOfValidationSlices);
  visit(Record::Nowhere, "EarlyStoppingPatience", "", p.earlyStoppingPatience);
  visit(Record::Nowhere, "CheckpointFileName", "", p.checkpointFileName);
  visit(Record::Nowhere, "CheckpointInterval", "", p.checkpointInterval);
  visit(Record::Nowhere, "CheckpointTimeInterval", "", p.checkpointTimeInterval);
  visit(Record::Nowhere, "Resume", "", p.resume);
  visit(Record::Nowhere, "ProcessGroupName", "", p.processGroupName);
}

std::string
ToLower(std::string text)
{
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/** A name in lower case, without hyphens and underscores. */
std::string
Normalize(const std::string & name)
{
  std::string normal = ToLower(name);
  normal.erase(std::remove_if(normal.begin(), normal.end(), [](char c) { return c == '-' || c == '_'; }), normal.end());
  return normal;
}

// Each Parse() reads a value from text. It returns nullptr, or what is allowed if the text is not valid.

template <typename T>
const char *
Parse(const std::string & text, T & value)
{
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  T parsed{};
  if constexpr (std::is_unsigned_v<T>)
  {
    // A stream would read "-1" as the largest number.
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || !(in >> parsed))
    {
      return "a whole number";
    }
  }
  else
  {
    static_assert(std::is_same_v<T, double>);
    if (!(in >> parsed) || in.peek() != std::istringstream::traits_type::eof())
    {
      return "a number";
    }
  }
  value = parsed;
  return nullptr;
}

const char *
Parse(const std::string & text, std::string & value)
{
  value = text;
  return nullptr;
}

const char *
Parse(const std::string & text, bool & value)
{
  const std::string word = ToLower(text);
  const bool        on = word == "true" || word == "on" || word == "1";
  if (!on && word != "false" && word != "off" && word != "0")
  {
    return "true or false";
  }
  value = on;
  return nullptr;
}

const char *
Parse(const std::string & text, std::optional<unsigned int> & value)
{
  if (ToLower(text) == "auto")
  {
    value.reset();
    return nullptr;
  }
  if (text != "0" && text != "1" && text != "2")
  {
    return "0, 1 or 2, or auto for that of the largest spacing";
  }
  value = static_cast<unsigned int>(text[0] - '0');
  return nullptr;
}

const char *
Parse(const std::string & text, Parameters::LearningRateScheduleEnum & value)
{
  const std::string word = ToLower(text);
  if (word != "constant" && word != "cosine")
  {
    return "constant or cosine";
  }
  value =
    word == "cosine" ? Parameters::LearningRateScheduleEnum::Cosine : Parameters::LearningRateScheduleEnum::Constant;
  return nullptr;
}

const char *
Parse(const std::string & text, Parameters::PrecisionEnum & value)
{
  const std::string word = ToLower(text);
  if (word != "float32" && word != "bfloat16")
  {
    return "float32 or bfloat16";
  }
  value = word == "bfloat16" ? Parameters::PrecisionEnum::BFloat16 : Parameters::PrecisionEnum::Float32;
  return nullptr;
}

template <typename T>
Json
ToJson(const T & value)
{
  return value;
}

Json
ToJson(Parameters::LearningRateScheduleEnum value)
{
  return value == Parameters::LearningRateScheduleEnum::Cosine;
}

Json
ToJson(Parameters::PrecisionEnum value)
{
  return value == Parameters::PrecisionEnum::BFloat16;
}

Json
ToJson(const std::optional<unsigned int> & value)
{
  return value ? Json(*value) : Json("auto");
}

template <typename T>
void
PrintValue(std::ostream & os, const T & value)
{
  os << value;
}

void
PrintValue(std::ostream & os, bool value)
{
  os << (value ? "On" : "Off");
}

void
PrintValue(std::ostream & os, const std::optional<unsigned int> & value)
{
  if (value)
  {
    os << *value;
  }
  else
  {
    os << "auto";
  }
}

/** The parameters with one of the given records, as JSON. */
std::string
Describe(const Parameters & parameters, std::initializer_list<Record> records)
{
  Json description = Json::object();
  VisitParameters(parameters, [&](Record record, const char * name, const char * key, const auto & value) {
    if (std::find(records.begin(), records.end(), record) != records.end())
    {
      description[record == Record::Nowhere ? name : key] = ToJson(value);
    }
  });
  // A file name need not be UTF-8.
  return description.dump(-1, ' ', false, Json::error_handler_t::replace);
}
} // namespace

void
AutoencoderTrainingParameters::SetRecipeToDefault()
{
  const AutoencoderTrainingParameters defaults;
  patchSize = defaults.patchSize;
  batchSize = defaults.batchSize;
  numberOfIterations = defaults.numberOfIterations;
  learningRate = defaults.learningRate;
  learningRateSchedule = defaults.learningRateSchedule;
  numberOfWarmUpIterations = defaults.numberOfWarmUpIterations;
  weightDecay = defaults.weightDecay;
  gradientClippingNorm = defaults.gradientClippingNorm;
  reconstructionWeight = defaults.reconstructionWeight;
  synthesisWeight = defaults.synthesisWeight;
  ssimWeight = defaults.ssimWeight;
  maximumSliceGap = defaults.maximumSliceGap;
  wideGapShare = defaults.wideGapShare;
  centerPatches = defaults.centerPatches;
  rotationAugmentation = defaults.rotationAugmentation;
  flipAugmentation = defaults.flipAugmentation;
  intensityAugmentation = defaults.intensityAugmentation;
  scaleAugmentation = defaults.scaleAugmentation;
  deformationAugmentation = defaults.deformationAugmentation;
  weightAveraging = defaults.weightAveraging;
}

void
AutoencoderTrainingParameters::SetRecipeToPaper()
{
  patchSize = 128;
  batchSize = 8;
  numberOfIterations = 1000000;
  learningRate = 1e-5;
  learningRateSchedule = LearningRateScheduleEnum::Constant;
  numberOfWarmUpIterations = 0;
  weightDecay = 0.0;
  gradientClippingNorm = 0.0;
  reconstructionWeight = 1.0;
  synthesisWeight = 0.0;
  ssimWeight = 0.0;
  maximumSliceGap = 2;
  wideGapShare = 0.0;
  centerPatches = false;
  rotationAugmentation = true;
  flipAugmentation = false;
  intensityAugmentation = 1.0;
  scaleAugmentation = 0.0;
  deformationAugmentation = 0.0;
  weightAveraging = 0.0;
}

bool
AutoencoderTrainingParameters::IsSameAs(const AutoencoderTrainingParameters & other) const
{
  const auto all = { Record::ModelAndCheckpoint, Record::Model, Record::Checkpoint, Record::Nowhere };
  return Describe(*this, all) == Describe(other, all) && checkpointFileName == other.checkpointFileName;
}

void
AutoencoderTrainingParameters::Check() const
{
  const auto require = [](bool condition, const char * name, auto value, const char * allowed) {
    if (!condition)
    {
      itkGenericExceptionMacro(<< name << " is " << value << ", but has to be " << allowed << '.');
    }
  };
  const auto requireShare = [&require](const char * name, double value) {
    require(value >= 0.0 && value <= 1.0, name, value, "in [0, 1]");
  };
  const auto requireWeight = [&require](const char * name, double value) {
    require(value >= 0.0 && std::isfinite(value), name, value, "at least 0 and finite");
  };
  require(ssimWeight == 0.0 || synthesisWeight == 0.0 || patchSize >= 11,
          "PatchSize",
          patchSize,
          "at least 11 for the SSIM term");
  require(batchSize >= 1, "BatchSize", batchSize, "at least 1");
  require(numberOfIterations >= 1, "NumberOfIterations", numberOfIterations, "at least 1");
  require(timeBudget >= 0.0, "TimeBudget", timeBudget, "at least 0 seconds");
  require(learningRate > 0.0 && std::isfinite(learningRate), "LearningRate", learningRate, "greater than 0");
  requireWeight("WeightDecay", weightDecay);
  require(gradientClippingNorm >= 0.0, "GradientClippingNorm", gradientClippingNorm, "at least 0");
  requireWeight("ReconstructionWeight", reconstructionWeight);
  requireWeight("SynthesisWeight", synthesisWeight);
  require(reconstructionWeight + synthesisWeight > 0.0,
          "The sum of ReconstructionWeight and SynthesisWeight",
          reconstructionWeight + synthesisWeight,
          "greater than 0");
  requireWeight("SSIMWeight", ssimWeight);
  require(maximumSliceGap >= 2, "MaximumSliceGap", maximumSliceGap, "at least 2");
  requireShare("WideGapShare", wideGapShare);
  requireShare("IntensityAugmentation", intensityAugmentation);
  require(scaleAugmentation >= 0.0 && scaleAugmentation < 1.0, "ScaleAugmentation", scaleAugmentation, "in [0, 1)");
  require(deformationAugmentation >= 0.0 && deformationAugmentation < 1.0,
          "DeformationAugmentation",
          deformationAugmentation,
          "in [0, 1)");
  require(weightAveraging >= 0.0 && weightAveraging < 1.0, "WeightAveraging", weightAveraging, "in [0, 1)");
  require(!sliceAxis || *sliceAxis <= 2, "SliceAxis", sliceAxis.value_or(0), "0, 1 or 2");
  require(cacheSize >= 1, "CacheSize", cacheSize, "at least 1 MiB");
  require(volumeInterval >= 1, "VolumeInterval", volumeInterval, "at least 1");
  require(validationInterval >= 1, "ValidationInterval", validationInterval, "at least 1");
  require(maximumNumberOfValidationSlices >= 1,
          "MaximumNumberOfValidationSlices",
          maximumNumberOfValidationSlices,
          "at least 1");
  require(checkpointTimeInterval >= 0.0, "CheckpointTimeInterval", checkpointTimeInterval, "at least 0 seconds");
  require(!resume || !checkpointFileName.empty(), "Resume", "on", "off without a CheckpointFileName");
}

void
AutoencoderTrainingParameters::CheckPatchSize(const AutoencoderModel * model) const
{
  const unsigned int multiple = model->GetSliceSizeMultiple();
  if (patchSize == 0 || patchSize % multiple != 0)
  {
    itkGenericExceptionMacro("PatchSize is " << patchSize << ", but has to be a multiple of " << multiple
                                             << ", as the network's slices.");
  }
}

std::vector<std::string>
AutoencoderTrainingParameters::GetNames()
{
  const AutoencoderTrainingParameters defaults;
  std::vector<std::string>            names;
  VisitParameters(defaults, [&names](Record, const char * name, const char *, const auto &) { names.push_back(name); });
  return names;
}

void
AutoencoderTrainingParameters::Set(const std::string & name, const std::string & text)
{
  bool found = false;
  VisitParameters(*this, [&](Record, const char * parameter, const char *, auto & value) {
    if (Normalize(parameter) != Normalize(name))
    {
      return;
    }
    found = true;
    if (const char * allowed = Parse(text, value))
    {
      itkGenericExceptionMacro(<< parameter << " is '" << text << "', but has to be " << allowed);
    }
  });
  if (!found)
  {
    std::ostringstream known;
    for (const std::string & parameter : GetNames())
    {
      known << (known.tellp() > 0 ? ", " : "") << parameter;
    }
    itkGenericExceptionMacro("A training has no parameter '" << name << "': it has to be one of " << known.str());
  }
}

std::string
AutoencoderTrainingParameters::DescribeForModel() const
{
  return Describe(*this, { Record::ModelAndCheckpoint, Record::Model });
}

std::string
AutoencoderTrainingParameters::DescribeForCheckpoint() const
{
  return Describe(*this, { Record::ModelAndCheckpoint, Record::Checkpoint });
}

void
AutoencoderTrainingParameters::Print(std::ostream & os, const std::string & indent) const
{
  VisitParameters(*this, [&](Record, const char * name, const char *, const auto & value) {
    os << indent << name << ": ";
    PrintValue(os, value);
    os << std::endl;
  });
}
} // end namespace itk
