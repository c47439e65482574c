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
#ifndef itkSliceRecoveryExperiment_hxx
#define itkSliceRecoveryExperiment_hxx

#include "itkBSplineInterpolateImageFunction.h"
#include "itkGaussianOperator.h"
#include "itkImageRegionConstIterator.h"
#include "itkImageRegionIterator.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkLinearInterpolateImageFunction.h"
#include "itkNearestNeighborInterpolateImageFunction.h"
#include "itkNeighborhoodOperatorImageFilter.h"
#include "itkResampleImageFilter.h"
#include "itkSliceStackPreprocessing.h"
#include "itkWindowedSincInterpolateImageFunction.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace itk
{
template <typename TImage>
void
SliceRecoveryExperiment<TImage>::SetImage(const ImageType * image)
{
  if (m_Image != image)
  {
    m_Image = image;
    this->Modified();
  }
}

template <typename TImage>
std::vector<std::string>
SliceRecoveryExperiment<TImage>::GetInterpolationMethods()
{
  return { "nearest",  "linear",   "bspline",  "bspline0", "bspline1", "bspline2",
           "bspline3", "bspline4", "bspline5", "lanczos",  "lanczos4", "linear-blur" };
}

template <typename TImage>
void
SliceRecoveryExperiment<TImage>::Prepare()
{
  if (!m_Image)
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
  const unsigned int axis = SliceStackPreprocessing::ResolveSliceAxis(
    m_Image.GetPointer(), m_SliceAxis < 0 ? std::nullopt : std::optional<unsigned int>(m_SliceAxis));
  const auto          whole = m_Image->GetBufferedRegion();
  const SizeValueType slices = whole.GetSize(axis);
  if (slices < m_KeepEvery + 1)
  {
    itkExceptionMacro("The image has " << slices << " slices along axis " << axis << ", but to keep every "
                                       << m_KeepEvery << "th and recover the others, at least " << m_KeepEvery + 1
                                       << " are needed.");
  }
  const SizeValueType kept = (slices - 1) / m_KeepEvery + 1;

  // The region of the truth: cropped in plane, and ending with the last kept slice.
  auto region = whole;
  region.SetSize(axis, (kept - 1) * m_KeepEvery + 1);
  if (m_CropSize > 0)
  {
    for (const unsigned int d : SliceStackPreprocessing::GetInPlaneAxes(axis))
    {
      const SizeValueType size = std::min(m_CropSize, whole.GetSize(d));
      region.SetIndex(d, whole.GetIndex(d) + static_cast<IndexValueType>((whole.GetSize(d) - size) / 2));
      region.SetSize(d, size);
    }
  }

  // What is acquired: the image, or what thicker slices would show of it.
  const auto         thick = m_SliceThickness > 0.0 ? this->SimulateThickSlices(axis) : nullptr;
  std::vector<float> pixels;
  const auto         appendSlice = [&](const auto * image, const auto & slice) {
    const auto values = SliceStackPreprocessing::CopySlices(image, slice, axis);
    pixels.insert(pixels.end(), values.begin(), values.end());
  };

  // The window, from whole kept slices and nothing else.
  for (SizeValueType i = 0; i < kept; ++i)
  {
    auto slice = whole;
    slice.SetIndex(axis, whole.GetIndex(axis) + static_cast<IndexValueType>(i * m_KeepEvery));
    slice.SetSize(axis, 1);
    if (thick)
    {
      appendSlice(thick.GetPointer(), slice);
    }
    else
    {
      appendSlice(m_Image.GetPointer(), slice);
    }
  }
  const double minimum = SliceStackPreprocessing::Percentile(pixels, 1.0);
  const double maximum = SliceStackPreprocessing::Percentile(pixels, 99.0);
  if (!(maximum > minimum))
  {
    itkExceptionMacro("The kept slices are constant between their percentiles 1 and 99 (both are "
                      << minimum << "): there is nothing to recover.");
  }

  // Both volumes get the geometry of the crop, with indices from 0.
  const auto makeVolume = [&](const auto * image, SizeValueType count, unsigned int step) {
    using SourceType = std::remove_const_t<std::remove_pointer_t<decltype(image)>>;
    auto volume = RealImageType::New();
    auto size = region.GetSize();
    size[axis] = count;
    auto spacing = m_Image->GetSpacing();
    spacing[axis] *= step;
    typename ImageType::PointType origin;
    m_Image->TransformIndexToPhysicalPoint(region.GetIndex(), origin);
    volume->SetRegions(size);
    volume->SetSpacing(spacing);
    volume->SetOrigin(origin);
    volume->SetDirection(m_Image->GetDirection());
    volume->Allocate();
    for (SizeValueType i = 0; i < count; ++i)
    {
      auto source = region;
      source.SetIndex(axis, region.GetIndex(axis) + static_cast<IndexValueType>(i * step));
      source.SetSize(axis, 1);
      RealImageType::RegionType target = volume->GetLargestPossibleRegion();
      target.SetIndex(axis, static_cast<IndexValueType>(i));
      target.SetSize(axis, 1);
      ImageRegionConstIterator<SourceType> in(image, source);
      ImageRegionIterator<RealImageType>   out(volume, target);
      for (; !in.IsAtEnd(); ++in, ++out)
      {
        const double value = (static_cast<double>(in.Get()) - minimum) / (maximum - minimum);
        out.Set(static_cast<float>(std::clamp(value, 0.0, 1.0)));
      }
    }
    return volume;
  };
  m_Truth = makeVolume(m_Image.GetPointer(), region.GetSize(axis), 1);
  m_KeptSlices = thick ? makeVolume(static_cast<const RealImageType *>(thick.GetPointer()), kept, m_KeepEvery)
                       : makeVolume(m_Image.GetPointer(), kept, m_KeepEvery);
  m_SliceAxisUsed = axis;
  m_WindowMinimum = minimum;
  m_WindowMaximum = maximum;
  m_PreparedMTime = this->GetMTime();
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::SimulateThickSlices(unsigned int axis) const -> RealImageType::Pointer
{
  // ITK's Gaussian of full width at half maximum, in pixels, exact to a thousandth of its area.
  const double sigma = m_SliceThickness / (2.0 * std::sqrt(2.0 * std::log(2.0))) / m_Image->GetSpacing()[axis];
  GaussianOperator<double, 3> gaussian;
  gaussian.SetDirection(axis);
  gaussian.SetVariance(sigma * sigma);
  gaussian.SetMaximumError(0.001);
  gaussian.SetMaximumKernelWidth(static_cast<unsigned int>(std::ceil(10.0 * sigma)) + 3);
  gaussian.CreateDirectional();
  auto blur = NeighborhoodOperatorImageFilter<ImageType, RealImageType, double>::New();
  blur->SetOperator(gaussian);
  blur->SetInput(m_Image);
  blur->Update();
  return blur->GetOutput();
}

template <typename TImage>
void
SliceRecoveryExperiment<TImage>::CheckPrepared() const
{
  if (!m_Truth || m_PreparedMTime != this->GetMTime())
  {
    itkExceptionMacro("Prepare() has to be called first, and again after every change of the parameters.");
  }
}

template <typename TImage>
void
SliceRecoveryExperiment<TImage>::ClampToWindow(RealImageType * volume)
{
  for (ImageRegionIterator<RealImageType> it(volume, volume->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(std::clamp(it.Get(), 0.0f, 1.0f));
  }
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::GetTruth() const -> const RealImageType *
{
  this->CheckPrepared();
  return m_Truth;
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::GetKeptSlices() const -> const RealImageType *
{
  this->CheckPrepared();
  return m_KeptSlices;
}

template <typename TImage>
std::vector<SizeValueType>
SliceRecoveryExperiment<TImage>::GetDroppedSliceNumbers() const
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

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::RecoverByInterpolation(const std::string & method) const -> RealImageType::Pointer
{
  this->CheckPrepared();
  using LinearType = LinearInterpolateImageFunction<RealImageType, double>;
  using NearestType = NearestNeighborInterpolateImageFunction<RealImageType, double>;
  using BSplineType = BSplineInterpolateImageFunction<RealImageType, double, double>;
  using LanczosType = WindowedSincInterpolateImageFunction<RealImageType, 3, Function::LanczosWindowFunction<3>>;
  using Lanczos4Type = WindowedSincInterpolateImageFunction<RealImageType, 4, Function::LanczosWindowFunction<4>>;
  const auto names = GetInterpolationMethods();
  if (std::find(names.begin(), names.end(), method) == names.end())
  {
    std::string known;
    for (const auto & name : names)
    {
      known += (known.empty() ? "" : ", ") + name;
    }
    itkExceptionMacro("There is no interpolation method '" << method << "': it has to be one of " << known << '.');
  }

  auto resample = ResampleImageFilter<RealImageType, RealImageType, double>::New();
  resample->SetInput(m_KeptSlices);
  resample->SetOutputParametersFromImage(m_Truth);
  if (method == "nearest")
  {
    resample->SetInterpolator(NearestType::New());
  }
  else if (method == "linear" || method == "linear-blur")
  {
    resample->SetInterpolator(LinearType::New());
  }
  else if (method == "lanczos")
  {
    resample->SetInterpolator(LanczosType::New());
  }
  else if (method == "lanczos4")
  {
    resample->SetInterpolator(Lanczos4Type::New());
  }
  else
  {
    auto interpolator = BSplineType::New();
    interpolator->SetSplineOrder(method == "bspline" ? 3 : static_cast<unsigned int>(method.back() - '0'));
    resample->SetInterpolator(interpolator);
  }
  resample->Update();
  RealImageType::Pointer volume = resample->GetOutput();
  volume->DisconnectPipeline();

  if (method == "linear-blur")
  {
    for (const unsigned int axis : SliceStackPreprocessing::GetInPlaneAxes(m_SliceAxisUsed))
    {
      GaussianOperator<double, 3> gaussian;
      gaussian.SetDirection(axis);
      gaussian.SetVariance(1.5 * 1.5);
      gaussian.SetMaximumError(0.001);
      gaussian.CreateDirectional();
      auto blur = NeighborhoodOperatorImageFilter<RealImageType, RealImageType, double>::New();
      blur->SetOperator(gaussian);
      blur->SetInput(volume);
      blur->Update();
      volume = blur->GetOutput();
      volume->DisconnectPipeline();
    }
  }
  ClampToWindow(volume);
  return volume;
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::RunModel(const AutoencoderModel * model,
                                          OutputModeEnum           mode,
                                          double                   residualGain) const -> RealImageType::Pointer
{
  this->CheckPrepared();
  auto filter = LatentSpaceSuperResolutionImageFilter<RealImageType>::New();
  filter->SetInput(m_KeptSlices);
  filter->SetModel(model);
  filter->SetOutputMode(mode);
  filter->SetSliceThickness(m_SliceThickness);
  if (!std::isnan(residualGain))
  {
    filter->SetResidualGain(residualGain);
  }
  filter->SetNumberOfOrientations(m_NumberOfOrientations);
  filter->SetUpsamplingFactor(m_KeepEvery);
  filter->SetSliceAxis(static_cast<int>(m_SliceAxisUsed));
  filter->SetWindowMinimum(0.0);
  filter->SetWindowMaximum(1.0);
  filter->SetPrecision(m_Precision);
  filter->SetDevice(m_Device);
  filter->Update();
  RealImageType::Pointer volume = filter->GetOutput();
  volume->DisconnectPipeline();
  return volume;
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::RecoverByModel(const AutoencoderModel * model, OutputModeEnum mode) const
  -> RealImageType::Pointer
{
  const auto volume = this->RunModel(model, mode, std::numeric_limits<double>::quiet_NaN());
  ClampToWindow(volume);
  return volume;
}

template <typename TImage>
std::vector<double>
SliceRecoveryExperiment<TImage>::ComputeResidualGainSums(const AutoencoderModel * model) const
{
  const auto truth = this->ExtractDroppedSlices(m_Truth);
  const auto linear = this->ExtractDroppedSlices(this->RecoverByInterpolation("linear"));
  const auto bent = this->ExtractDroppedSlices(this->RunModel(model, OutputModeEnum::ResidualCorrected, 1.0));
  double     bendTimesError = 0.0;
  double     bendSquared = 0.0;
  ImageRegionConstIterator<RealImageType> truthIt(truth, truth->GetBufferedRegion());
  ImageRegionConstIterator<RealImageType> linearIt(linear, linear->GetBufferedRegion());
  for (ImageRegionConstIterator<RealImageType> it(bent, bent->GetBufferedRegion()); !it.IsAtEnd();
       ++it, ++linearIt, ++truthIt)
  {
    const double bend = static_cast<double>(it.Get()) - static_cast<double>(linearIt.Get());
    bendTimesError += bend * (static_cast<double>(truthIt.Get()) - static_cast<double>(linearIt.Get()));
    bendSquared += bend * bend;
  }
  return { bendTimesError, bendSquared };
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::ExtractDroppedSlices(const RealImageType * volume) const -> RealImageType::Pointer
{
  this->CheckPrepared();
  if (!volume || volume->GetBufferedRegion().GetSize() != m_Truth->GetBufferedRegion().GetSize())
  {
    itkExceptionMacro("The dropped slices can only be extracted from a volume on the truth's grid, "
                      << m_Truth->GetBufferedRegion().GetSize() << '.');
  }
  const auto              numbers = this->GetDroppedSliceNumbers();
  const auto              inPlane = SliceStackPreprocessing::GetInPlaneAxes(m_SliceAxisUsed);
  const auto              whole = volume->GetBufferedRegion();
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
    auto slice = whole;
    slice.SetIndex(m_SliceAxisUsed, whole.GetIndex(m_SliceAxisUsed) + static_cast<IndexValueType>(number));
    slice.SetSize(m_SliceAxisUsed, 1);
    for (ImageRegionConstIterator<RealImageType> in(volume, slice); !in.IsAtEnd(); ++in, ++out)
    {
      out.Set(in.Get());
    }
  }
  return dropped;
}

template <typename TImage>
void
SliceRecoveryExperiment<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  itkPrintSelfObjectMacro(Image);
  os << indent << "KeepEvery: " << m_KeepEvery << std::endl;
  os << indent << "CropSize: " << m_CropSize << std::endl;
  os << indent << "SliceThickness: " << m_SliceThickness << std::endl;
  os << indent << "NumberOfOrientations: " << m_NumberOfOrientations << std::endl;
  os << indent << "SliceAxis: " << m_SliceAxis << std::endl;
  os << indent << "Precision: " << m_Precision << std::endl;
  os << indent << "Device: " << m_Device << std::endl;
  os << indent << "SliceAxisUsed: " << m_SliceAxisUsed << std::endl;
  os << indent << "WindowMinimum: " << m_WindowMinimum << std::endl;
  os << indent << "WindowMaximum: " << m_WindowMaximum << std::endl;
  itkPrintSelfObjectMacro(Truth);
  itkPrintSelfObjectMacro(KeptSlices);
  os << indent << "PreparedMTime: " << m_PreparedMTime << std::endl;
}
} // end namespace itk

#endif // itkSliceRecoveryExperiment_hxx
