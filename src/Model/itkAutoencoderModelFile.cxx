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

#include "itkAutoencoderModelFile.h"

#include "itkAutoencoderModelImplementation.h"
#include "itkJsonNumbers.h"
#include "itkSafetensorsFile.h"
#include "itkTensorStorage.h"
#include "itkTorchThreadScope.h"

#include <nlohmann/json.hpp>

#include <array>
#include <new>
#include <stdexcept>

namespace itk
{
namespace AutoencoderModelFile
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr const char * FormatKey = "latent_sr.format";
/** Files of the first version have linear mixing, no pixel unshuffling and no latent pixels. */
constexpr const char * FirstFormatName = "latent-sr/model/1";
constexpr const char * FormatName = "latent-sr/model/2";
constexpr const char * ArchitectureKey = "latent_sr.architecture";
constexpr const char * PreprocessingKey = "latent_sr.preprocessing";
constexpr const char * TrainingKey = "latent_sr.training";
const std::string      ProvenancePrefix = "provenance.";

/** The text of a metadata key. Empty if the file does not have the key. */
std::string
GetText(const SafetensorsFile & file, const char * key)
{
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string{} : found->second;
}

/** The oldest format that can hold the model. */
const char *
GetFormatName(const AutoencoderModel * model)
{
  const bool isOfFirst = model->GetMixing() == AutoencoderModel::MixingEnum::Linear &&
                         model->GetPixelUnshuffleFactor() == 1 && !model->GetLatentPixels();
  return isOfFirst ? FirstFormatName : FormatName;
}

Json
DescribeArchitecture(const AutoencoderModel * model)
{
  const bool isLinear = model->GetMixing() == AutoencoderModel::MixingEnum::Linear;
  return { { "poolings", model->GetNumberOfPoolings() },
           { "base_kernels", model->GetBaseChannels() },
           { "latent_channels", model->GetLatentChannels() },
           { "levels", model->GetLatentLevels() },
           { "pixel_unshuffle_factor", model->GetPixelUnshuffleFactor() },
           { "latent_pixels", model->GetLatentPixels() },
           { "mixing", isLinear ? "linear" : "learned" },
           { "mixing_context", !isLinear && model->GetMixingContext() } };
}

AutoencoderModel::MixingEnum
ParseMixing(const std::string & text)
{
  if (text == "linear")
  {
    return AutoencoderModel::MixingEnum::Linear;
  }
  if (text == "learned")
  {
    return AutoencoderModel::MixingEnum::Learned;
  }
  throw std::runtime_error("its mixing is '" + text + "', but has to be 'linear' or 'learned'");
}

void
ParseArchitecture(const Json & architecture, AutoencoderModel * model)
{
  const auto count = [&architecture](const char * name) {
    return JsonNumbers::Read<unsigned int>(architecture.at(name), name);
  };
  model->SetNumberOfPoolings(count("poolings"));
  model->SetBaseChannels(count("base_kernels"));
  model->SetLatentChannels(count("latent_channels"));
  model->SetLatentLevels(JsonNumbers::ReadList<unsigned int>(architecture.at("levels"), "levels"));
  // Files of the first version lack the following entries.
  model->SetPixelUnshuffleFactor(JsonNumbers::ReadOr(architecture, "pixel_unshuffle_factor", 1u));
  model->SetLatentPixels(architecture.value("latent_pixels", false));
  model->SetMixing(ParseMixing(architecture.value("mixing", "linear")));
  model->SetMixingContext(architecture.value("mixing_context", false));
}

Json
DescribePreprocessing(const AutoencoderModel * model)
{
  // 0 stands for the native in-plane spacing.
  return { { "in_plane_spacing_mm", model->GetInPlaneSpacing() },
           { "window_percentiles", { model->GetLowerWindowPercentile(), model->GetUpperWindowPercentile() } } };
}

void
ParsePreprocessing(const Json & preprocessing, AutoencoderModel * model)
{
  const auto spacing = preprocessing.at("in_plane_spacing_mm").get<double>();
  if (spacing == 0.0)
  {
    model->NativeInPlaneSpacingOn();
  }
  else
  {
    model->SetInPlaneSpacing(spacing);
  }
  const auto percentiles = preprocessing.at("window_percentiles").get<std::array<double, 2>>();
  model->SetWindowPercentiles(percentiles[0], percentiles[1]);
}

Json
DescribeTraining(const AutoencoderModel * model)
{
  // A range of 0 to 0 stands for an unknown range.
  Json training{
    { "slice_spacing_mm", { model->GetSmallestTrainingSliceSpacing(), model->GetLargestTrainingSliceSpacing() } },
    { "in_plane_spacing_mm",
      { model->GetSmallestTrainingInPlaneSpacing(), model->GetLargestTrainingInPlaneSpacing() } },
    { "spacing_ratio", { model->GetSmallestTrainingSpacingRatio(), model->GetLargestTrainingSpacingRatio() } },
    { "residual_gain", model->GetResidualGain() }
  };
  if (model->HasErrorCalibration())
  {
    training["error_calibration"] = { { "difference", model->GetErrorDifferenceCoefficient() },
                                      { "gap", model->GetErrorGapCoefficient() },
                                      { "quantile_90", model->GetErrorQuantile90() } };
  }
  if (model->HasErrorCalibration(true))
  {
    training["error_calibration_with_spread"] = { { "difference", model->GetErrorDifferenceCoefficient(true) },
                                                  { "gap", model->GetErrorGapCoefficient(true) },
                                                  { "spread", model->GetErrorSpreadCoefficient() },
                                                  { "quantile_90", model->GetErrorQuantile90(true) } };
  }
  return training;
}

void
ParseTraining(const Json & training, AutoencoderModel * model)
{
  using Range = std::array<double, 2>;
  const auto sliceSpacings = training.at("slice_spacing_mm").get<Range>();
  model->SetTrainingSliceSpacingRange(sliceSpacings[0], sliceSpacings[1]);
  // Files of the first version lack the following entries.
  const auto inPlaneSpacings = training.value("in_plane_spacing_mm", Range{ 0.0, 0.0 });
  model->SetTrainingInPlaneSpacingRange(inPlaneSpacings[0], inPlaneSpacings[1]);
  const auto ratios = training.value("spacing_ratio", Range{ 0.0, 0.0 });
  model->SetTrainingSpacingRatioRange(ratios[0], ratios[1]);
  model->SetResidualGain(training.value("residual_gain", 1.0));
  if (training.contains("error_calibration"))
  {
    const Json & calibration = training["error_calibration"];
    model->SetErrorCalibration(calibration.at("difference").get<double>(),
                               calibration.at("gap").get<double>(),
                               calibration.at("quantile_90").get<double>());
  }
  if (training.contains("error_calibration_with_spread"))
  {
    const Json & calibration = training["error_calibration_with_spread"];
    model->SetErrorCalibrationWithSpread(calibration.at("difference").get<double>(),
                                         calibration.at("gap").get<double>(),
                                         calibration.at("spread").get<double>(),
                                         calibration.at("quantile_90").get<double>());
  }
}

/** Make a network of the model's architecture with the weights of a file.
 * \param size the number of bytes of the file */
void
ParseWeights(const SafetensorsFile & file, SizeValueType size, AutoencoderModel * model)
{
  // A parameter takes at least two bytes. A network that the file can't hold is refused before memory is allocated for
  // it.
  if (model->GetNumberOfParameters() > size / 2)
  {
    throw std::runtime_error("its architecture has " + std::to_string(model->GetNumberOfParameters()) +
                             " parameters, more than the file can hold");
  }
  model->InitializeWeights(0);
  const TorchThreadScope oneThread(1);
  const auto             targets = TensorStorage::NetworkTensors(*model->GetImplementation()->network);
  TensorStorage::Load(targets, file);
  if (targets.size() != file.tensors.size())
  {
    throw std::runtime_error("it has " + std::to_string(file.tensors.size()) + " tensors, but the architecture has " +
                             std::to_string(targets.size()));
  }
}
} // namespace

AutoencoderModel::Pointer
Parse(const char * bytes, SizeValueType size, const std::string & name)
{
  const auto        file = SafetensorsFile::Parse(bytes, size, name);
  const std::string format = GetText(file, FormatKey);
  if (format != FormatName && format != FirstFormatName)
  {
    itkGenericExceptionMacro("The model file '" << name
                                                << "' is a .safetensors file, but not a model of this module: its "
                                                   "metadata '"
                                                << FormatKey << "' is '" << format << "', not '" << FormatName
                                                << "' or '" << FirstFormatName << "'.");
  }
  auto model = AutoencoderModel::New();
  try
  {
    ParseArchitecture(Json::parse(GetText(file, ArchitectureKey)), model);
    ParsePreprocessing(Json::parse(GetText(file, PreprocessingKey)), model);
    ParseTraining(Json::parse(GetText(file, TrainingKey)), model);
    ParseWeights(file, size, model);
  }
  catch (const ExceptionObject & error)
  {
    itkGenericExceptionMacro("The model file '" << name << "' is not a valid model: " << error.GetDescription());
  }
  catch (const std::bad_alloc &)
  {
    itkGenericExceptionMacro("There is not enough memory for the model file '" << name << "'.");
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("The model file '" << name << "' is not a valid model: " << error.what());
  }
  for (const auto & [key, text] : file.metadata)
  {
    if (key.compare(0, ProvenancePrefix.size(), ProvenancePrefix) == 0)
    {
      model->SetProvenance(key.substr(ProvenancePrefix.size()), text);
    }
  }
  return model;
}

void
Write(const AutoencoderModel * model, const std::string & fileName, bool halfPrecision)
{
  SafetensorsFile file;
  file.metadata[FormatKey] = GetFormatName(model);
  file.metadata[ArchitectureKey] = DescribeArchitecture(model).dump();
  file.metadata[PreprocessingKey] = DescribePreprocessing(model).dump();
  file.metadata[TrainingKey] = DescribeTraining(model).dump();
  for (const std::string & name : model->GetProvenanceNames())
  {
    file.metadata[ProvenancePrefix + name] = model->GetProvenance(name);
  }
  const TorchThreadScope oneThread(1);
  TensorStorage::Store(TensorStorage::NetworkTensors(*model->GetImplementation()->network), file, "", halfPrecision);
  file.Write(fileName);
}

std::string
Describe(const AutoencoderModel * model)
{
  Json provenance = Json::object();
  for (const std::string & name : model->GetProvenanceNames())
  {
    provenance[name] = model->GetProvenance(name);
  }
  Json description;
  description["format"] = GetFormatName(model);
  description["architecture"] = DescribeArchitecture(model);
  description["parameters"] = model->GetNumberOfParameters();
  description["has_weights"] = model->HasWeights();
  description["preprocessing"] = DescribePreprocessing(model);
  description["training"] = DescribeTraining(model);
  description["provenance"] = provenance;
  // JSON is UTF-8. Invalid bytes are replaced.
  return description.dump(2, ' ', false, Json::error_handler_t::replace);
}
} // namespace AutoencoderModelFile
} // end namespace itk
