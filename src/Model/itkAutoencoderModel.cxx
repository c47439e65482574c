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

#include "itkAutoencoderModel.h"

#include "itkAutoencoderBundledModel.h"
#include "itkAutoencoderNetwork.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSafetensorsFile.h"
#include "itkTensorStorage.h"
#include "itkTorchThreadScope.h"

#include "itkMath.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace itk
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr const char * FormatKey = "latent_sr.format";
constexpr const char * FormatName = "latent-sr/model/1";
constexpr const char * ArchitectureKey = "latent_sr.architecture";
constexpr const char * PreprocessingKey = "latent_sr.preprocessing";
constexpr const char * TrainingKey = "latent_sr.training";
const std::string      ProvenancePrefix = "provenance.";

void
CheckRange(const AutoencoderModel * model, const char * name, unsigned int value, unsigned int largest)
{
  if (value < 1 || value > largest)
  {
    itkGenericExceptionMacro(<< model->GetNameOfClass() << ": " << name << " is " << value << ", but has to be 1 to "
                             << largest << '.');
  }
}

void
LoadWeights(AutoencoderNetwork & network, const SafetensorsFile & file)
{
  const auto targets = TensorStorage::NetworkTensors(network);
  TensorStorage::Load(targets, file);
  if (targets.size() != file.tensors.size())
  {
    throw std::runtime_error("it has " + std::to_string(file.tensors.size()) + " tensors, but the architecture has " +
                             std::to_string(targets.size()));
  }
}

Json
DescribeArchitecture(const AutoencoderModel * model)
{
  return { { "poolings", model->GetNumberOfPoolings() },
           { "base_kernels", model->GetBaseKernels() },
           { "latent_channels", model->GetLatentChannels() },
           { "levels", model->GetLatentLevels() } };
}

Json
DescribePreprocessing(const AutoencoderModel * model)
{
  return { { "in_plane_spacing_mm", model->GetInPlaneSpacing() },
           { "window_percentiles", { model->GetLowerWindowPercentile(), model->GetUpperWindowPercentile() } } };
}

Json
DescribeTraining(const AutoencoderModel * model)
{
  return { { "slice_spacing_mm",
             { model->GetSmallestTrainingSliceSpacing(), model->GetLargestTrainingSliceSpacing() } },
           { "in_plane_spacing_mm",
             { model->GetSmallestTrainingInPlaneSpacing(), model->GetLargestTrainingInPlaneSpacing() } },
           { "spacing_ratio", { model->GetSmallestTrainingSpacingRatio(), model->GetLargestTrainingSpacingRatio() } },
           { "residual_gain", model->GetResidualGain() } };
}
} // namespace

AutoencoderModel::AutoencoderModel() = default;
AutoencoderModel::~AutoencoderModel() = default;

void
AutoencoderModel::SetNumberOfPoolings(unsigned int poolings)
{
  CheckRange(this, "NumberOfPoolings", poolings, 8);
  if (poolings != m_NumberOfPoolings)
  {
    m_NumberOfPoolings = poolings;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetBaseKernels(unsigned int kernels)
{
  CheckRange(this, "BaseKernels", kernels, 1024);
  if (kernels != m_BaseKernels)
  {
    m_BaseKernels = kernels;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetLatentChannels(unsigned int channels)
{
  CheckRange(this, "LatentChannels", channels, 4096);
  if (channels != m_LatentChannels)
  {
    m_LatentChannels = channels;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetLatentLevels(const LevelsType & levels)
{
  // Whether each is below the number of poolings can only be said when both are set: InitializeWeights() does.
  if (std::adjacent_find(levels.begin(), levels.end(), std::greater_equal<>()) != levels.end())
  {
    itkExceptionMacro("LatentLevels have to be in rising order, without repetition.");
  }
  if (levels != m_LatentLevels)
  {
    m_LatentLevels = levels;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetArchitectureToPaper()
{
  this->SetNumberOfPoolings(4);
  this->SetBaseKernels(32);
  this->SetLatentChannels(16);
  this->SetLatentLevels({});
}

void
AutoencoderModel::SetArchitectureToMultiScale()
{
  this->SetNumberOfPoolings(4);
  this->SetBaseKernels(32);
  this->SetLatentChannels(16);
  this->SetLatentLevels({ 1, 2, 3 });
}

void
AutoencoderModel::SetInPlaneSpacing(double spacing)
{
  if (!(spacing >= 0.0) || !Math::isfinite(spacing))
  {
    itkExceptionMacro("InPlaneSpacing is " << spacing << " mm, but has to be at least 0.");
  }
  if (Math::NotExactlyEquals(spacing, m_InPlaneSpacing))
  {
    m_InPlaneSpacing = spacing;
    this->Modified();
  }
}

void
AutoencoderModel::SetWindowPercentiles(double lower, double upper)
{
  if (!(lower >= 0.0 && lower < upper && upper <= 100.0))
  {
    itkExceptionMacro("The window's percentiles are " << lower << " and " << upper
                                                      << ", but have to be in rising order and in [0, 100].");
  }
  if (Math::NotExactlyEquals(lower, m_LowerWindowPercentile) || Math::NotExactlyEquals(upper, m_UpperWindowPercentile))
  {
    m_LowerWindowPercentile = lower;
    m_UpperWindowPercentile = upper;
    this->Modified();
  }
}

void
AutoencoderModel::SetRange(const char * name,
                           double       smallest,
                           double       largest,
                           double &     smallestMember,
                           double &     largestMember)
{
  if (!(smallest >= 0.0 && smallest <= largest) || !Math::isfinite(largest))
  {
    itkExceptionMacro("The range of " << name << " is " << smallest << " to " << largest
                                      << ", but has to be in rising order and positive.");
  }
  if (Math::NotExactlyEquals(smallest, smallestMember) || Math::NotExactlyEquals(largest, largestMember))
  {
    smallestMember = smallest;
    largestMember = largest;
    this->Modified();
  }
}

void
AutoencoderModel::SetTrainingSliceSpacingRange(double smallest, double largest)
{
  this->SetRange(
    "training slice spacings (mm)", smallest, largest, m_SmallestTrainingSliceSpacing, m_LargestTrainingSliceSpacing);
}

void
AutoencoderModel::SetTrainingInPlaneSpacingRange(double smallest, double largest)
{
  this->SetRange("training in-plane spacings (mm)",
                 smallest,
                 largest,
                 m_SmallestTrainingInPlaneSpacing,
                 m_LargestTrainingInPlaneSpacing);
}

void
AutoencoderModel::SetTrainingSpacingRatioRange(double smallest, double largest)
{
  this->SetRange(
    "training spacing ratios", smallest, largest, m_SmallestTrainingSpacingRatio, m_LargestTrainingSpacingRatio);
}

void
AutoencoderModel::ExtendTrainingRanges(double sliceSpacing, double inPlaneSpacing)
{
  const auto extended = [](double smallest, double largest, double value) {
    return largest > 0.0 ? std::make_pair(std::min(smallest, value), std::max(largest, value))
                         : std::make_pair(value, value);
  };
  const auto slices = extended(m_SmallestTrainingSliceSpacing, m_LargestTrainingSliceSpacing, sliceSpacing);
  const auto inPlane = extended(m_SmallestTrainingInPlaneSpacing, m_LargestTrainingInPlaneSpacing, inPlaneSpacing);
  const auto ratios = extended(m_SmallestTrainingSpacingRatio,
                               m_LargestTrainingSpacingRatio,
                               sliceSpacing / (m_InPlaneSpacing > 0.0 ? m_InPlaneSpacing : inPlaneSpacing));
  this->SetTrainingSliceSpacingRange(slices.first, slices.second);
  this->SetTrainingInPlaneSpacingRange(inPlane.first, inPlane.second);
  this->SetTrainingSpacingRatioRange(ratios.first, ratios.second);
}

std::string
AutoencoderModel::DescribeDeviationFromTraining(double sliceSpacing, double inPlaneSpacing) const
{
  constexpr double   tolerance = 0.05;
  std::ostringstream text;
  text.precision(4);
  const auto isBelow = [](double value, double smallest) { return value < (1.0 - tolerance) * smallest; };
  const auto isAbove = [](double value, double largest) {
    return largest > 0.0 && value > (1.0 + tolerance) * largest;
  };
  const auto add =
    [&text](const char * before, double value, const char * unit, const char * after, double smallest, double largest) {
      text << (text.tellp() > 0 ? ", and " : "") << before << value << unit << after
           << ", but the model was trained on " << smallest << " to " << largest << unit;
    };

  const bool   hasSpacing = m_InPlaneSpacing > 0.0;
  const double ratio = sliceSpacing / (hasSpacing ? m_InPlaneSpacing : inPlaneSpacing);
  if (isBelow(sliceSpacing, m_SmallestTrainingSliceSpacing) || isAbove(sliceSpacing, m_LargestTrainingSliceSpacing))
  {
    add("slices are ", sliceSpacing, " mm", " apart", m_SmallestTrainingSliceSpacing, m_LargestTrainingSliceSpacing);
  }
  else if (isBelow(ratio, m_SmallestTrainingSpacingRatio) || isAbove(ratio, m_LargestTrainingSpacingRatio))
  {
    add("slices are ", ratio, " pixels", " apart", m_SmallestTrainingSpacingRatio, m_LargestTrainingSpacingRatio);
  }
  // A model with a spacing of its own sees finer pixels resampled to that; coarser ones, too, but they stay blurred.
  const double coarsest =
    m_LargestTrainingInPlaneSpacing > 0.0 ? std::max(m_LargestTrainingInPlaneSpacing, m_InPlaneSpacing) : 0.0;
  if ((!hasSpacing && isBelow(inPlaneSpacing, m_SmallestTrainingInPlaneSpacing)) || isAbove(inPlaneSpacing, coarsest))
  {
    add(
      "pixels are ", inPlaneSpacing, " mm", " wide", m_SmallestTrainingInPlaneSpacing, m_LargestTrainingInPlaneSpacing);
  }
  return text.tellp() > 0 ? text.str() + ": look at the result, or fine-tune the model on volumes like this one"
                          : std::string{};
}

void
AutoencoderModel::SetResidualGain(double gain)
{
  if (!(gain >= 0.0) || !Math::isfinite(gain))
  {
    itkExceptionMacro("ResidualGain is " << gain << ", but has to be at least 0.");
  }
  if (Math::NotExactlyEquals(gain, m_ResidualGain))
  {
    m_ResidualGain = gain;
    this->Modified();
  }
}

void
AutoencoderModel::SetProvenance(const std::string & name, const std::string & text)
{
  if (text == this->GetProvenance(name))
  {
    return;
  }
  if (text.empty())
  {
    m_Provenance.erase(name);
  }
  else
  {
    m_Provenance[name] = text;
  }
  this->Modified();
}

std::string
AutoencoderModel::GetProvenance(const std::string & name) const
{
  const auto found = m_Provenance.find(name);
  return found == m_Provenance.end() ? std::string{} : found->second;
}

std::vector<std::string>
AutoencoderModel::GetProvenanceNames() const
{
  std::vector<std::string> names;
  for (const auto & entry : m_Provenance)
  {
    names.push_back(entry.first);
  }
  return names;
}

void
AutoencoderModel::InitializeWeights(unsigned int seed)
{
  if (!m_LatentLevels.empty() && m_LatentLevels.back() >= m_NumberOfPoolings)
  {
    itkExceptionMacro("LatentLevels has level " << m_LatentLevels.back() << ", but with " << m_NumberOfPoolings
                                                << " poolings levels are 0 to " << m_NumberOfPoolings - 1 << '.');
  }
  auto implementation = std::make_shared<Implementation>();
  TranslateTorchErrors("making a network", [&] {
    const TorchThreadScope oneThread(1);
    implementation->network = std::make_shared<AutoencoderNetwork>(GetArchitecture(this));
    implementation->network->RandomizeWeights(seed);
    implementation->network->eval();
  });
  m_Implementation = implementation;
  this->Modified();
}

bool
AutoencoderModel::HasWeights() const
{
  return m_Implementation != nullptr;
}

void
AutoencoderModel::CheckHasWeights() const
{
  if (!m_Implementation)
  {
    itkExceptionMacro("The model has no weights: read a model file, train, or call InitializeWeights().");
  }
}

void
AutoencoderModel::DropWeights()
{
  m_Implementation.reset();
  this->Modified();
}

void
AutoencoderModel::SetImplementation(std::shared_ptr<Implementation> implementation)
{
  m_Implementation = std::move(implementation);
  this->Modified();
}

SizeValueType
AutoencoderModel::GetNumberOfParameters() const
{
  const auto    architecture = GetArchitecture(this);
  const auto    convolution = [](int64_t in, int64_t out) { return 9 * in * out + out; };
  const int64_t top = architecture.Width(architecture.poolings - 1);
  int64_t       count = convolution(top, top) + convolution(top, architecture.latentChannels);
  count += convolution(architecture.latentChannels, top) + convolution(top, top);
  int64_t encoderInput = 1;
  int64_t decoderOutput = architecture.baseKernels;
  for (int64_t block = 0; block < architecture.poolings; ++block)
  {
    const int64_t width = architecture.Width(block);
    const bool    mixed =
      std::find(architecture.levels.begin(), architecture.levels.end(), block) != architecture.levels.end();
    const int64_t decoderInput = (block + 1 < architecture.poolings ? 2 * width : top) + (mixed ? width : 0);
    // Two convolutions each, and a scale and an offset per channel from the normalization.
    count += convolution(encoderInput, width) + convolution(width, width) + 2 * width;
    count += convolution(decoderInput, width) + convolution(width, width) + 2 * width;
    encoderInput = width;
  }
  count += convolution(decoderOutput, decoderOutput) + convolution(decoderOutput, 1);
  return static_cast<SizeValueType>(count);
}

AutoencoderLatent::Pointer
AutoencoderModel::Encode(const StackType * slices) const
{
  this->CheckHasWeights();
  if (!slices || slices->GetBufferedRegion().GetNumberOfPixels() == 0)
  {
    itkExceptionMacro("There are no slices to encode.");
  }
  const auto         size = slices->GetBufferedRegion().GetSize();
  const unsigned int multiple = 1u << m_NumberOfPoolings;
  if (size[0] % multiple != 0 || size[1] % multiple != 0)
  {
    itkExceptionMacro("Slices have " << size[0] << " x " << size[1] << " pixels, but with " << m_NumberOfPoolings
                                     << " poolings both have to be multiples of " << multiple << '.');
  }
  auto                                     latent = AutoencoderLatent::New();
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("encoding", [&] {
    const TorchThreadScope threads(0);
    torch::InferenceMode   inference;
    TensorPool             pool;
    const auto             input = torch::from_blob(
      const_cast<float *>(slices->GetBufferPointer()),
      { static_cast<int64_t>(size[2]), 1, static_cast<int64_t>(size[1]), static_cast<int64_t>(size[0]) });
    latent->m_Implementation->tensors = m_Implementation->Encode(input, pool);
  });
  return latent;
}

AutoencoderModel::StackType::Pointer
AutoencoderModel::Decode(const AutoencoderLatent * latent) const
{
  this->CheckHasWeights();
  if (!latent || latent->GetNumberOfSlices() == 0)
  {
    itkExceptionMacro("There is no latent to decode.");
  }
  const auto & tensors = latent->GetImplementation()->tensors;
  bool         fits = tensors.size() == m_LatentLevels.size() + 1 && tensors[0].size(1) == m_LatentChannels;
  for (size_t i = 0; fits && i < m_LatentLevels.size(); ++i)
  {
    const unsigned int scale = 1u << (m_NumberOfPoolings - 1 - m_LatentLevels[i]);
    fits = tensors[i + 1].size(1) == static_cast<int64_t>(m_BaseKernels) << m_LatentLevels[i] &&
           tensors[i + 1].size(2) == tensors[0].size(2) * scale && tensors[i + 1].size(3) == tensors[0].size(3) * scale;
  }
  if (!fits)
  {
    itkExceptionMacro("The latent was not made by a model of this architecture.");
  }
  auto                                     slices = StackType::New();
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("decoding", [&] {
    const TorchThreadScope threads(0);
    torch::InferenceMode   inference;
    TensorPool             pool;
    const auto             output = m_Implementation->Decode(tensors, pool).contiguous();
    StackType::SizeType    size;
    size[0] = output.size(3);
    size[1] = output.size(2);
    size[2] = output.size(0);
    slices->SetRegions(size);
    slices->Allocate();
    std::memcpy(slices->GetBufferPointer(), output.data_ptr<float>(), output.nbytes());
  });
  return slices;
}

void
AutoencoderModel::ReadBytes(const char * bytes, SizeValueType size, const std::string & name)
{
  const auto file = SafetensorsFile::Parse(bytes, size, name);
  const auto text = [&](const std::string & key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string{} : found->second;
  };
  if (text(FormatKey) != FormatName)
  {
    itkExceptionMacro(
      "The model file '" << name << "' is a .safetensors file, but not a model of this module: its metadata '"
                         << FormatKey << "' is '" << text(FormatKey) << "', not '" << FormatName << "'.");
  }
  auto model = Self::New();
  try
  {
    const Json architecture = Json::parse(text(ArchitectureKey));
    model->SetNumberOfPoolings(architecture.at("poolings").get<unsigned int>());
    model->SetBaseKernels(architecture.at("base_kernels").get<unsigned int>());
    model->SetLatentChannels(architecture.at("latent_channels").get<unsigned int>());
    model->SetLatentLevels(architecture.at("levels").get<LevelsType>());
    const Json preprocessing = Json::parse(text(PreprocessingKey));
    model->SetInPlaneSpacing(preprocessing.at("in_plane_spacing_mm").get<double>());
    const auto percentiles = preprocessing.at("window_percentiles").get<std::array<double, 2>>();
    model->SetWindowPercentiles(percentiles[0], percentiles[1]);
    const Json training = Json::parse(text(TrainingKey));
    // All but the first may be missing in files of the first version: nothing is known then.
    const auto range = [&training](const char * key) { return training.value(key, std::array<double, 2>{ 0.0, 0.0 }); };
    const auto sliceSpacings = training.at("slice_spacing_mm").get<std::array<double, 2>>();
    model->SetTrainingSliceSpacingRange(sliceSpacings[0], sliceSpacings[1]);
    model->SetTrainingInPlaneSpacingRange(range("in_plane_spacing_mm")[0], range("in_plane_spacing_mm")[1]);
    model->SetTrainingSpacingRatioRange(range("spacing_ratio")[0], range("spacing_ratio")[1]);
    model->SetResidualGain(training.value("residual_gain", 1.0));
    // The file has at most half of what its size says in parameters: an architecture that needs more is not its own.
    if (model->GetNumberOfParameters() > size / 2)
    {
      throw std::runtime_error("its architecture has " + std::to_string(model->GetNumberOfParameters()) +
                               " parameters, more than the file can hold");
    }
    model->InitializeWeights(0);
    const TorchThreadScope oneThread(1);
    LoadWeights(*model->m_Implementation->network, file);
  }
  catch (const ExceptionObject & error)
  {
    itkExceptionMacro("The model file '" << name << "' is not a valid model: " << error.GetDescription());
  }
  catch (const std::exception & error)
  {
    itkExceptionMacro("The model file '" << name << "' is not a valid model: " << error.what());
  }
  for (const auto & entry : file.metadata)
  {
    if (entry.first.compare(0, ProvenancePrefix.size(), ProvenancePrefix) == 0)
    {
      model->SetProvenance(entry.first.substr(ProvenancePrefix.size()), entry.second);
    }
  }
  this->Graft(model);
}

void
AutoencoderModel::Read(const std::string & fileName)
{
  const std::string bytes = SafetensorsFile::ReadBytes(fileName);
  this->ReadBytes(bytes.data(), bytes.size(), fileName);
}

void
AutoencoderModel::ReadBundled()
{
  const auto bundled = GetAutoencoderBundledModel();
  if (bundled.size == 0)
  {
    itkExceptionMacro("The library was built without a bundled model: name a model file.");
  }
  this->ReadBytes(bundled.bytes, bundled.size, "(bundled)");
}

void
AutoencoderModel::Write(const std::string & fileName, bool halfPrecision) const
{
  this->CheckHasWeights();
  SafetensorsFile file;
  file.metadata[FormatKey] = FormatName;
  file.metadata[ArchitectureKey] = DescribeArchitecture(this).dump();
  file.metadata[PreprocessingKey] = DescribePreprocessing(this).dump();
  file.metadata[TrainingKey] = DescribeTraining(this).dump();
  for (const auto & entry : m_Provenance)
  {
    file.metadata[ProvenancePrefix + entry.first] = entry.second;
  }
  const TorchThreadScope oneThread(1);
  TensorStorage::Store(TensorStorage::NetworkTensors(*m_Implementation->network), file, "", halfPrecision);
  file.Write(fileName);
}

std::string
AutoencoderModel::GetDescription() const
{
  Json description;
  description["format"] = FormatName;
  description["architecture"] = DescribeArchitecture(this);
  description["parameters"] = this->GetNumberOfParameters();
  description["has_weights"] = this->HasWeights();
  description["preprocessing"] = DescribePreprocessing(this);
  description["training"] = DescribeTraining(this);
  description["provenance"] = m_Provenance;
  // Text that is not UTF-8 can't be in JSON: what is wrong in it is replaced.
  return description.dump(2, ' ', false, Json::error_handler_t::replace);
}

void
AutoencoderModel::Initialize()
{
  Superclass::Initialize();
  m_Implementation.reset();
  m_Provenance.clear();
}

void
AutoencoderModel::Graft(const DataObject * data)
{
  const auto * model = dynamic_cast<const Self *>(data);
  if (!model)
  {
    itkExceptionMacro("Only an AutoencoderModel can be grafted.");
  }
  m_NumberOfPoolings = model->m_NumberOfPoolings;
  m_BaseKernels = model->m_BaseKernels;
  m_LatentChannels = model->m_LatentChannels;
  m_LatentLevels = model->m_LatentLevels;
  m_InPlaneSpacing = model->m_InPlaneSpacing;
  m_LowerWindowPercentile = model->m_LowerWindowPercentile;
  m_UpperWindowPercentile = model->m_UpperWindowPercentile;
  m_SmallestTrainingSliceSpacing = model->m_SmallestTrainingSliceSpacing;
  m_LargestTrainingSliceSpacing = model->m_LargestTrainingSliceSpacing;
  m_SmallestTrainingInPlaneSpacing = model->m_SmallestTrainingInPlaneSpacing;
  m_LargestTrainingInPlaneSpacing = model->m_LargestTrainingInPlaneSpacing;
  m_SmallestTrainingSpacingRatio = model->m_SmallestTrainingSpacingRatio;
  m_LargestTrainingSpacingRatio = model->m_LargestTrainingSpacingRatio;
  m_ResidualGain = model->m_ResidualGain;
  m_Provenance = model->m_Provenance;
  m_Implementation = model->m_Implementation;
  this->Modified();
}

void
AutoencoderModel::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "NumberOfPoolings: " << m_NumberOfPoolings << std::endl;
  os << indent << "BaseKernels: " << m_BaseKernels << std::endl;
  os << indent << "LatentChannels: " << m_LatentChannels << std::endl;
  os << indent << "LatentLevels:";
  for (const unsigned int level : m_LatentLevels)
  {
    os << ' ' << level;
  }
  os << std::endl;
  os << indent << "InPlaneSpacing: " << m_InPlaneSpacing << std::endl;
  os << indent << "LowerWindowPercentile: " << m_LowerWindowPercentile << std::endl;
  os << indent << "UpperWindowPercentile: " << m_UpperWindowPercentile << std::endl;
  os << indent << "SmallestTrainingSliceSpacing: " << m_SmallestTrainingSliceSpacing << std::endl;
  os << indent << "LargestTrainingSliceSpacing: " << m_LargestTrainingSliceSpacing << std::endl;
  os << indent << "SmallestTrainingInPlaneSpacing: " << m_SmallestTrainingInPlaneSpacing << std::endl;
  os << indent << "LargestTrainingInPlaneSpacing: " << m_LargestTrainingInPlaneSpacing << std::endl;
  os << indent << "SmallestTrainingSpacingRatio: " << m_SmallestTrainingSpacingRatio << std::endl;
  os << indent << "LargestTrainingSpacingRatio: " << m_LargestTrainingSpacingRatio << std::endl;
  os << indent << "ResidualGain: " << m_ResidualGain << std::endl;
  os << indent << "Provenance:" << std::endl;
  for (const auto & entry : m_Provenance)
  {
    os << indent.GetNextIndent() << entry.first << ": " << entry.second << std::endl;
  }
  os << indent << "HasWeights: " << (this->HasWeights() ? "yes" : "no") << std::endl;
}

std::ostream &
operator<<(std::ostream & out, const AutoencoderModelEnums::Precision value)
{
  return out << [value] {
    switch (value)
    {
      case AutoencoderModelEnums::Precision::Float32:
        return "itk::AutoencoderModelEnums::Precision::Float32";
      case AutoencoderModelEnums::Precision::BFloat16:
        return "itk::AutoencoderModelEnums::Precision::BFloat16";
    }
    return "INVALID VALUE FOR itk::AutoencoderModelEnums::Precision";
  }();
}
} // end namespace itk
