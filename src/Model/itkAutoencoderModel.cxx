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
#include "itkAutoencoderModelFile.h"
#include "itkAutoencoderModelImplementation.h"
#include "itkAutoencoderTrainingRanges.h"
#include "itkSafetensorsFile.h"
#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"

#include "itkMath.h"

#include <algorithm>
#include <array>
#include <functional>

namespace itk
{
namespace
{
void
CheckRange(const AutoencoderModel * model, const char * name, unsigned int value, unsigned int largest)
{
  if (value < 1 || value > largest)
  {
    itkGenericExceptionMacro(<< model->GetNameOfClass() << ": " << name << " is " << value << ", but has to be 1 to "
                             << largest << '.');
  }
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
AutoencoderModel::SetBaseChannels(unsigned int channels)
{
  CheckRange(this, "BaseChannels", channels, 1024);
  if (channels != m_BaseChannels)
  {
    m_BaseChannels = channels;
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
  // InitializeWeights() checks that each level is below the number of poolings, which may be set later.
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
AutoencoderModel::SetPixelUnshuffleFactor(unsigned int factor)
{
  CheckRange(this, "PixelUnshuffleFactor", factor, 2);
  if (factor != m_PixelUnshuffleFactor)
  {
    m_PixelUnshuffleFactor = factor;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetLatentPixels(bool pixels)
{
  if (pixels != m_LatentPixels)
  {
    m_LatentPixels = pixels;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetMixing(MixingEnum mixing)
{
  if (mixing != m_Mixing)
  {
    m_Mixing = mixing;
    this->DropWeights();
  }
}

void
AutoencoderModel::SetMixingContext(bool context)
{
  if (context == m_MixingContext)
  {
    return;
  }
  m_MixingContext = context;
  if (m_Mixing == MixingEnum::Learned)
  {
    this->DropWeights();
  }
  this->Modified();
}

void
AutoencoderModel::SetArchitectureToPaper()
{
  this->SetPixelUnshuffleFactor(1);
  this->SetLatentPixels(false);
  this->SetMixing(MixingEnum::Linear);
  this->SetNumberOfPoolings(4);
  this->SetBaseChannels(32);
  this->SetLatentChannels(16);
  this->SetLatentLevels({});
}

void
AutoencoderModel::SetArchitectureToMultiScale()
{
  const auto defaults = Self::New();
  this->SetNumberOfPoolings(defaults->m_NumberOfPoolings);
  this->SetBaseChannels(defaults->m_BaseChannels);
  this->SetLatentChannels(defaults->m_LatentChannels);
  this->SetLatentLevels(defaults->m_LatentLevels);
  this->SetPixelUnshuffleFactor(defaults->m_PixelUnshuffleFactor);
  this->SetLatentPixels(defaults->m_LatentPixels);
  this->SetMixing(defaults->m_Mixing);
  this->SetMixingContext(defaults->m_MixingContext);
}

void
AutoencoderModel::SetInPlaneSpacing(double spacing)
{
  if (!(spacing > 0.0) || !Math::isfinite(spacing))
  {
    itkExceptionMacro("InPlaneSpacing is "
                      << spacing
                      << " mm, but has to be greater than 0. NativeInPlaneSpacingOn() stands for no resampling.");
  }
  if (m_NativeInPlaneSpacing || Math::NotExactlyEquals(spacing, m_InPlaneSpacing))
  {
    m_InPlaneSpacing = spacing;
    m_NativeInPlaneSpacing = false;
    this->Modified();
  }
}

double
AutoencoderModel::GetInPlaneSpacing() const
{
  return m_NativeInPlaneSpacing ? 0.0 : m_InPlaneSpacing;
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
                                      << ", but has to be in rising order and not negative.");
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
  AutoencoderTrainingRanges::Extend(this, sliceSpacing, inPlaneSpacing);
}

std::string
AutoencoderModel::DescribeDeviationFromTraining(double sliceSpacing, double inPlaneSpacing) const
{
  return AutoencoderTrainingRanges::DescribeDeviation(this, sliceSpacing, inPlaneSpacing);
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
AutoencoderModel::SetErrorCalibration(double differenceCoefficient, double gapCoefficient, double quantile90)
{
  this->StoreErrorCalibration({ differenceCoefficient, gapCoefficient, 0.0, quantile90 }, m_ErrorCalibration);
}

void
AutoencoderModel::SetErrorCalibrationWithSpread(double differenceCoefficient,
                                                double gapCoefficient,
                                                double spreadCoefficient,
                                                double quantile90)
{
  this->StoreErrorCalibration({ differenceCoefficient, gapCoefficient, spreadCoefficient, quantile90 },
                              m_ErrorCalibrationWithSpread);
}

void
AutoencoderModel::StoreErrorCalibration(const ErrorCalibration & calibration, ErrorCalibration & stored)
{
  const auto listValues = [](const ErrorCalibration & values) {
    return std::array<double, 4>{ values.difference, values.gap, values.spread, values.quantile90 };
  };
  for (const double value : listValues(calibration))
  {
    if (!(value >= 0.0) || !Math::isfinite(value))
    {
      itkExceptionMacro("The error calibration contains " << value
                                                          << ", but its values have to be at least 0 and finite.");
    }
  }
  if (listValues(calibration) != listValues(stored))
  {
    stored = calibration;
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
  names.reserve(m_Provenance.size());
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
  if (this->GetNumberOfParameters() > LargestNumberOfParameters)
  {
    itkExceptionMacro("The network has " << this->GetNumberOfParameters() << " parameters, but at most "
                                         << LargestNumberOfParameters
                                         << " are allowed: lower BaseChannels or NumberOfPoolings.");
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
  return static_cast<SizeValueType>(GetArchitecture(this).CountParameters());
}

void
AutoencoderModel::Read(const std::string & fileName)
{
  const std::string bytes = SafetensorsFile::ReadBytes(fileName);
  this->Graft(AutoencoderModelFile::Parse(bytes.data(), bytes.size(), fileName));
}

void
AutoencoderModel::ReadBundled()
{
  const auto bundled = GetAutoencoderBundledModel();
  if (bundled.size == 0)
  {
    itkExceptionMacro("The library was built without a bundled model: name a model file.");
  }
  this->Graft(AutoencoderModelFile::Parse(bundled.bytes, bundled.size, "(bundled)"));
}

void
AutoencoderModel::Write(const std::string & fileName, bool halfPrecision) const
{
  this->CheckHasWeights();
  AutoencoderModelFile::Write(this, fileName, halfPrecision);
}

std::string
AutoencoderModel::GetDescription() const
{
  return AutoencoderModelFile::Describe(this);
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
  m_BaseChannels = model->m_BaseChannels;
  m_LatentChannels = model->m_LatentChannels;
  m_LatentLevels = model->m_LatentLevels;
  m_PixelUnshuffleFactor = model->m_PixelUnshuffleFactor;
  m_LatentPixels = model->m_LatentPixels;
  m_Mixing = model->m_Mixing;
  m_MixingContext = model->m_MixingContext;
  m_InPlaneSpacing = model->m_InPlaneSpacing;
  m_NativeInPlaneSpacing = model->m_NativeInPlaneSpacing;
  m_LowerWindowPercentile = model->m_LowerWindowPercentile;
  m_UpperWindowPercentile = model->m_UpperWindowPercentile;
  m_SmallestTrainingSliceSpacing = model->m_SmallestTrainingSliceSpacing;
  m_LargestTrainingSliceSpacing = model->m_LargestTrainingSliceSpacing;
  m_SmallestTrainingInPlaneSpacing = model->m_SmallestTrainingInPlaneSpacing;
  m_LargestTrainingInPlaneSpacing = model->m_LargestTrainingInPlaneSpacing;
  m_SmallestTrainingSpacingRatio = model->m_SmallestTrainingSpacingRatio;
  m_LargestTrainingSpacingRatio = model->m_LargestTrainingSpacingRatio;
  m_ResidualGain = model->m_ResidualGain;
  m_ErrorCalibration = model->m_ErrorCalibration;
  m_ErrorCalibrationWithSpread = model->m_ErrorCalibrationWithSpread;
  m_Provenance = model->m_Provenance;
  m_Implementation = model->m_Implementation;
  this->Modified();
}

void
AutoencoderModel::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "NumberOfPoolings: " << m_NumberOfPoolings << std::endl;
  os << indent << "BaseChannels: " << m_BaseChannels << std::endl;
  os << indent << "LatentChannels: " << m_LatentChannels << std::endl;
  os << indent << "LatentLevels:";
  for (const unsigned int level : m_LatentLevels)
  {
    os << ' ' << level;
  }
  os << std::endl;
  os << indent << "PixelUnshuffleFactor: " << m_PixelUnshuffleFactor << std::endl;
  os << indent << "LatentPixels: " << (m_LatentPixels ? "On" : "Off") << std::endl;
  os << indent << "Mixing: " << m_Mixing << std::endl;
  os << indent << "MixingContext: " << (m_MixingContext ? "On" : "Off") << std::endl;
  os << indent << "InPlaneSpacing: " << m_InPlaneSpacing << std::endl;
  os << indent << "NativeInPlaneSpacing: " << (m_NativeInPlaneSpacing ? "On" : "Off") << std::endl;
  os << indent << "LowerWindowPercentile: " << m_LowerWindowPercentile << std::endl;
  os << indent << "UpperWindowPercentile: " << m_UpperWindowPercentile << std::endl;
  os << indent << "SmallestTrainingSliceSpacing: " << m_SmallestTrainingSliceSpacing << std::endl;
  os << indent << "LargestTrainingSliceSpacing: " << m_LargestTrainingSliceSpacing << std::endl;
  os << indent << "SmallestTrainingInPlaneSpacing: " << m_SmallestTrainingInPlaneSpacing << std::endl;
  os << indent << "LargestTrainingInPlaneSpacing: " << m_LargestTrainingInPlaneSpacing << std::endl;
  os << indent << "SmallestTrainingSpacingRatio: " << m_SmallestTrainingSpacingRatio << std::endl;
  os << indent << "LargestTrainingSpacingRatio: " << m_LargestTrainingSpacingRatio << std::endl;
  os << indent << "ResidualGain: " << m_ResidualGain << std::endl;
  for (const bool withSpread : { false, true })
  {
    const ErrorCalibration & calibration = this->GetErrorCalibration(withSpread);
    os << indent << (withSpread ? "ErrorCalibrationWithSpread" : "ErrorCalibration") << ": difference "
       << calibration.difference << ", gap " << calibration.gap << ", spread " << calibration.spread
       << ", quantile 90 % " << calibration.quantile90 << std::endl;
  }
  os << indent << "Provenance:" << std::endl;
  for (const auto & entry : m_Provenance)
  {
    os << indent.GetNextIndent() << entry.first << ": " << entry.second << std::endl;
  }
  os << indent << "HasWeights: " << (this->HasWeights() ? "yes" : "no") << std::endl;
}
} // end namespace itk
