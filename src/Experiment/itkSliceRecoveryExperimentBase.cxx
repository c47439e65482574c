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

#include "itkSliceRecoveryExperimentBase.h"

#include "itkDirectionalGaussian.h"
#include "itkSliceInterpolation.h"

#include "itkImageAlgorithm.h"
#include "itkImageRegionConstIterator.h"
#include "itkImageRegionIterator.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkMath.h"
#include "itkSliceStackPreprocessing.h"

#include <algorithm>
#include <cmath>

namespace itk
{
namespace
{
using RealImageType = SliceRecoveryExperimentBase::RealImageType;
using RegionType = ImageRegion<3>;

/** The slice with the given number in a region, from 0. */
RegionType
SliceOf(RegionType region, unsigned int axis, SizeValueType number)
{
  region.SetIndex(axis, region.GetIndex(axis) + static_cast<IndexValueType>(number));
  region.SetSize(axis, 1);
  return region;
}

/** The central square of a region in plane. A side that is smaller than the square is not cropped. */
RegionType
CropInPlane(RegionType region, unsigned int axis, SizeValueType cropSize)
{
  for (const unsigned int d : SliceStackPreprocessing::GetInPlaneAxes(axis))
  {
    const SizeValueType size = std::min(cropSize, region.GetSize(d));
    region.SetIndex(d, region.GetIndex(d) + static_cast<IndexValueType>((region.GetSize(d) - size) / 2));
    region.SetSize(d, size);
  }
  return region;
}

/** Set intensities below the window to 0 and above it to 1. */
void
ClampToWindow(RealImageType * volume)
{
  for (ImageRegionIterator<RealImageType> it(volume, volume->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(std::clamp(it.Get(), 0.0f, 1.0f));
  }
}

/** A filter for the kept slices, with everything that the mode Automatic depends on. */
LatentSpaceSuperResolutionImageFilter<RealImageType>::Pointer
MakeFilter(const SliceRecoveryExperimentBase & experiment, SliceRecoveryExperimentBase::OutputModeEnum mode)
{
  auto filter = LatentSpaceSuperResolutionImageFilter<RealImageType>::New();
  filter->SetInput(experiment.GetKeptSlices());
  filter->SetOutputMode(mode);
  filter->SetSliceThickness(experiment.GetSliceThickness());
  filter->SetSliceAxis(experiment.GetSliceAxisUsed());
  return filter;
}
} // namespace

void
SliceRecoveryExperimentBase::CheckParameters() const
{
  if (!this->GetImageBase())
  {
    itkExceptionMacro("There is no image.");
  }
  if (m_KeepEvery < 2)
  {
    itkExceptionMacro("KeepEvery is " << m_KeepEvery << ", but has to be at least 2.");
  }
  if (!(m_SliceThickness >= 0.0) || std::isinf(m_SliceThickness))
  {
    itkExceptionMacro("SliceThickness is " << m_SliceThickness << " mm, but has to be at least 0 and finite.");
  }
  if (!m_AutomaticSliceAxis && m_SliceAxis > 2)
  {
    itkExceptionMacro("SliceAxis is " << m_SliceAxis << ", but has to be 0, 1 or 2, or AutomaticSliceAxis on.");
  }
}

void
SliceRecoveryExperimentBase::Prepare()
{
  this->CheckParameters();
  const ImageBaseType * image = this->GetImageBase();
  const unsigned int    axis = SliceStackPreprocessing::ResolveSliceAxis(
    image, m_AutomaticSliceAxis ? std::nullopt : std::optional<unsigned int>(m_SliceAxis));
  const RegionType whole = image->GetBufferedRegion();
  if (whole.GetNumberOfPixels() == 0)
  {
    itkExceptionMacro("The image is empty: its size is " << whole.GetSize() << '.');
  }
  const SizeValueType slices = whole.GetSize(axis);
  if (slices < m_KeepEvery + 1)
  {
    itkExceptionMacro("The image has " << slices << " slices along axis " << axis << ", but to keep one of every "
                                       << m_KeepEvery << " and recover the others, at least " << m_KeepEvery + 1
                                       << " are needed.");
  }

  // The window is computed from the kept slices only, before the crop.
  const SizeValueType kept = (slices - 1) / m_KeepEvery + 1;
  std::vector<float>  pixels;
  for (SizeValueType i = 0; i < kept; ++i)
  {
    const auto slice = this->AcquireSlice(SliceOf(whole, axis, i * m_KeepEvery), axis);
    const auto values = SliceStackPreprocessing::CopySlices(slice.GetPointer(), slice->GetBufferedRegion(), axis);
    pixels.insert(pixels.end(), values.begin(), values.end());
  }
  const double minimum = SliceStackPreprocessing::Percentile(pixels, 1.0);
  const double maximum = SliceStackPreprocessing::Percentile(pixels, 99.0);
  if (!(maximum > minimum))
  {
    itkExceptionMacro("The kept slices are constant between their percentiles 1 and 99 (both are "
                      << minimum << "): there is nothing to recover.");
  }

  // Both volumes have the geometry of the crop, with indices from 0. The truth ends with the last kept slice.
  const RegionType region = m_CropSize > 0 ? CropInPlane(whole, axis, m_CropSize) : whole;
  const auto       makeVolume = [&](SizeValueType count, unsigned int step, const auto & copySlice) {
    auto volume = RealImageType::New();
    auto size = region.GetSize();
    size[axis] = count;
    auto spacing = image->GetSpacing();
    spacing[axis] *= step;
    ImageBaseType::PointType origin;
    image->TransformIndexToPhysicalPoint(region.GetIndex(), origin);
    volume->SetRegions(size);
    volume->SetSpacing(spacing);
    volume->SetOrigin(origin);
    volume->SetDirection(image->GetDirection());
    volume->Allocate();
    for (SizeValueType i = 0; i < count; ++i)
    {
      const DoubleImageType::Pointer            slice = copySlice(SliceOf(region, axis, i * step));
      ImageRegionConstIterator<DoubleImageType> in(slice, slice->GetBufferedRegion());
      ImageRegionIterator<RealImageType>        out(volume, SliceOf(volume->GetBufferedRegion(), axis, i));
      for (; !in.IsAtEnd(); ++in, ++out)
      {
        const double value = (in.Get() - minimum) / (maximum - minimum);
        out.Set(static_cast<float>(std::clamp(value, 0.0, 1.0)));
      }
    }
    return volume;
  };
  m_Truth =
    makeVolume((kept - 1) * m_KeepEvery + 1, 1, [this](const RegionType & slice) { return this->CopyRegion(slice); });
  m_KeptSlices =
    makeVolume(kept, m_KeepEvery, [this, axis](const RegionType & slice) { return this->AcquireSlice(slice, axis); });
  m_SliceAxisUsed = axis;
  m_WindowMinimum = minimum;
  m_WindowMaximum = maximum;
  m_PreparationKey = this->MakePreparationKey();
}

auto
SliceRecoveryExperimentBase::AcquireSlice(const RegionType & slice, unsigned int axis) const -> DoubleImageType::Pointer
{
  if (!(m_SliceThickness > 0.0))
  {
    return this->CopyRegion(slice);
  }
  // The full width at half maximum of a Gaussian is 2 sqrt(2 ln 2) standard deviations.
  const double sigma =
    m_SliceThickness / (2.0 * std::sqrt(2.0 * std::log(2.0))) / this->GetImageBase()->GetSpacing()[axis];
  const auto gaussian = DirectionalGaussian::MakeOperator(axis, sigma);
  RegionType slab = slice;
  slab.PadByRadius(gaussian.GetRadius());
  slab.Crop(this->GetImageBase()->GetBufferedRegion());
  const auto thin = this->CopyRegion(slab);
  const auto thick = DirectionalGaussian::BlurRegion(thin.GetPointer(), gaussian, slice);
  auto       acquired = DoubleImageType::New();
  acquired->SetRegions(slice);
  acquired->Allocate();
  ImageAlgorithm::Copy(thick.GetPointer(), acquired.GetPointer(), slice, slice);
  return acquired;
}

auto
SliceRecoveryExperimentBase::MakePreparationKey() const -> PreparationKey
{
  PreparationKey key;
  key.image = this->GetImageBase();
  key.imageTime = this->GetImageMTime();
  key.keepEvery = m_KeepEvery;
  key.cropSize = m_CropSize;
  key.sliceThickness = m_SliceThickness;
  key.automaticSliceAxis = m_AutomaticSliceAxis;
  key.sliceAxis = m_AutomaticSliceAxis ? 0 : m_SliceAxis;
  return key;
}

void
SliceRecoveryExperimentBase::CheckPrepared() const
{
  const PreparationKey key = this->MakePreparationKey();
  const bool           isCurrent = key.image == m_PreparationKey.image && key.imageTime == m_PreparationKey.imageTime &&
                         key.keepEvery == m_PreparationKey.keepEvery && key.cropSize == m_PreparationKey.cropSize &&
                         Math::ExactlyEquals(key.sliceThickness, m_PreparationKey.sliceThickness) &&
                         key.automaticSliceAxis == m_PreparationKey.automaticSliceAxis &&
                         key.sliceAxis == m_PreparationKey.sliceAxis;
  if (!m_Truth || !isCurrent)
  {
    itkExceptionMacro("Prepare() has to be called first, and again after every change of the image or of the "
                      "parameters it depends on.");
  }
}

unsigned int
SliceRecoveryExperimentBase::GetSliceAxisUsed() const
{
  this->CheckPrepared();
  return m_SliceAxisUsed;
}

double
SliceRecoveryExperimentBase::GetWindowMinimum() const
{
  this->CheckPrepared();
  return m_WindowMinimum;
}

double
SliceRecoveryExperimentBase::GetWindowMaximum() const
{
  this->CheckPrepared();
  return m_WindowMaximum;
}

auto
SliceRecoveryExperimentBase::GetTruth() const -> const RealImageType *
{
  this->CheckPrepared();
  return m_Truth;
}

auto
SliceRecoveryExperimentBase::GetKeptSlices() const -> const RealImageType *
{
  this->CheckPrepared();
  return m_KeptSlices;
}

std::vector<SizeValueType>
SliceRecoveryExperimentBase::GetDroppedSliceNumbers() const
{
  this->CheckPrepared();
  std::vector<SizeValueType> dropped;
  for (SizeValueType i = 0; i < m_Truth->GetLargestPossibleRegion().GetSize(m_SliceAxisUsed); ++i)
  {
    if (i % m_KeepEvery != 0)
    {
      dropped.push_back(i);
    }
  }
  return dropped;
}

std::vector<std::string>
SliceRecoveryExperimentBase::GetInterpolationMethods()
{
  return SliceInterpolation::GetMethods();
}

auto
SliceRecoveryExperimentBase::RecoverByInterpolation(const std::string & method) const -> RealImageType::Pointer
{
  this->CheckPrepared();
  const auto volume = SliceInterpolation::Interpolate(m_KeptSlices, m_Truth, m_SliceAxisUsed, m_KeepEvery, method);
  ClampToWindow(volume);
  return volume;
}

auto
SliceRecoveryExperimentBase::RunModel(const AutoencoderModel * model,
                                      OutputModeEnum           mode,
                                      std::optional<double>    residualGain,
                                      RealImageType *          spread) const -> RealImageType::Pointer
{
  const auto filter = MakeFilter(*this, mode);
  filter->SetModel(model);
  if (residualGain)
  {
    filter->SetResidualGain(*residualGain);
  }
  filter->SetNumberOfOrientations(m_NumberOfOrientations);
  filter->SetUpsamplingFactor(m_KeepEvery);
  filter->SetWindowMinimum(0.0);
  filter->SetWindowMaximum(1.0);
  filter->SetPrecision(m_Precision);
  filter->SetDevice(m_Device);
  filter->SetComputeOrientationSpread(spread && m_NumberOfOrientations > 1);
  filter->Update();
  if (filter->GetComputeOrientationSpread())
  {
    spread->Graft(filter->GetOrientationSpread());
  }
  RealImageType::Pointer volume = filter->GetOutput();
  volume->DisconnectPipeline();
  return volume;
}

auto
SliceRecoveryExperimentBase::ResolveOutputMode(OutputModeEnum mode) const -> OutputModeEnum
{
  return MakeFilter(*this, mode)->GetOutputModeUsed();
}

auto
SliceRecoveryExperimentBase::RecoverByModel(const AutoencoderModel * model,
                                            OutputModeEnum           mode,
                                            RealImageType *          spread) const -> RealImageType::Pointer
{
  const auto volume = this->RunModel(model, mode, std::nullopt, spread);
  ClampToWindow(volume);
  return volume;
}

std::vector<double>
SliceRecoveryExperimentBase::ComputeResidualGainSums(const AutoencoderModel * model) const
{
  this->CheckPrepared();
  const auto truth = this->ExtractDroppedSlices(m_Truth);
  const auto linear = this->ExtractDroppedSlices(this->RecoverByInterpolation("linear"));
  const auto corrected =
    this->ExtractDroppedSlices(this->RunModel(model, OutputModeEnum::ResidualCorrected, 1.0, nullptr));
  double                                  correctionTimesError = 0.0;
  double                                  correctionSquared = 0.0;
  ImageRegionConstIterator<RealImageType> truthIt(truth, truth->GetBufferedRegion());
  ImageRegionConstIterator<RealImageType> linearIt(linear, linear->GetBufferedRegion());
  for (ImageRegionConstIterator<RealImageType> it(corrected, corrected->GetBufferedRegion()); !it.IsAtEnd();
       ++it, ++linearIt, ++truthIt)
  {
    const double correction = static_cast<double>(it.Get()) - static_cast<double>(linearIt.Get());
    correctionTimesError += correction * (static_cast<double>(truthIt.Get()) - static_cast<double>(linearIt.Get()));
    correctionSquared += correction * correction;
  }
  return { correctionTimesError, correctionSquared };
}

auto
SliceRecoveryExperimentBase::ExtractDroppedSlices(const RealImageType * volume) const -> RealImageType::Pointer
{
  this->CheckPrepared();
  if (!volume || volume->GetBufferedRegion().GetSize() != m_Truth->GetBufferedRegion().GetSize())
  {
    itkExceptionMacro("The dropped slices can only be extracted from a volume on the truth's grid, "
                      << m_Truth->GetBufferedRegion().GetSize() << '.');
  }
  const auto              numbers = this->GetDroppedSliceNumbers();
  const auto              inPlane = SliceStackPreprocessing::GetInPlaneAxes(m_SliceAxisUsed);
  const RegionType        whole = volume->GetBufferedRegion();
  RealImageType::SizeType size;
  size[0] = whole.GetSize(inPlane[0]);
  size[1] = whole.GetSize(inPlane[1]);
  size[2] = numbers.size();
  auto dropped = RealImageType::New();
  dropped->SetRegions(size);
  RealImageType::SpacingType spacing;
  spacing[0] = volume->GetSpacing()[inPlane[0]];
  spacing[1] = volume->GetSpacing()[inPlane[1]];
  spacing[2] = volume->GetSpacing()[m_SliceAxisUsed];
  dropped->SetSpacing(spacing);
  dropped->Allocate();
  ImageRegionIterator<RealImageType> out(dropped, dropped->GetLargestPossibleRegion());
  for (const SizeValueType number : numbers)
  {
    ImageRegionConstIterator<RealImageType> in(volume, SliceOf(whole, m_SliceAxisUsed, number));
    for (; !in.IsAtEnd(); ++in, ++out)
    {
      out.Set(in.Get());
    }
  }
  return dropped;
}

void
SliceRecoveryExperimentBase::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "KeepEvery: " << m_KeepEvery << std::endl;
  os << indent << "CropSize: " << m_CropSize << std::endl;
  os << indent << "SliceThickness: " << m_SliceThickness << std::endl;
  os << indent << "SliceAxis: " << m_SliceAxis << std::endl;
  os << indent << "AutomaticSliceAxis: " << (m_AutomaticSliceAxis ? "On" : "Off") << std::endl;
  os << indent << "Precision: " << m_Precision << std::endl;
  os << indent << "Device: " << m_Device << std::endl;
  os << indent << "NumberOfOrientations: " << m_NumberOfOrientations << std::endl;
  os << indent << "SliceAxisUsed: " << m_SliceAxisUsed << std::endl;
  os << indent << "WindowMinimum: " << m_WindowMinimum << std::endl;
  os << indent << "WindowMaximum: " << m_WindowMaximum << std::endl;
  itkPrintSelfObjectMacro(Truth);
  itkPrintSelfObjectMacro(KeptSlices);
}
} // end namespace itk
