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
#ifndef itkLatentSpaceSuperResolutionImageFilter_hxx
#define itkLatentSpaceSuperResolutionImageFilter_hxx

#include "itkImageAlgorithm.h"
#include "itkImageRegionConstIterator.h"
#include "itkImageRegionIterator.h"
#include "itkImageScanlineIterator.h"
#include "itkMath.h"
#include "itkSliceStackPreprocessing.h"

#include <cmath>

namespace itk
{
template <typename TInputImage, typename TOutputImage>
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::LatentSpaceSuperResolutionImageFilter()
{
  this->AddOptionalInputName("Model");
  // GenerateData() calls LibTorch from one thread. LibTorch has its own threads.
  this->DynamicMultiThreadingOn();
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::SetComputeOrientationSpread(bool compute)
{
  if (compute == m_ComputeOrientationSpread)
  {
    return;
  }
  m_ComputeOrientationSpread = compute;
  // It has a name and no number, because Python's interface of functions takes all numbered outputs for images of the
  // first one's type.
  if (compute)
  {
    this->SetOutput(SpreadName, this->MakeOutput(SpreadName));
  }
  else
  {
    this->RemoveOutput(SpreadName);
  }
  this->Modified();
}

template <typename TInputImage, typename TOutputImage>
auto
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GetOrientationSpread() -> SpreadImageType *
{
  return m_ComputeOrientationSpread
           ? itkDynamicCastInDebugMode<SpreadImageType *>(this->ProcessObject::GetOutput(SpreadName))
           : nullptr;
}

template <typename TInputImage, typename TOutputImage>
DataObject::Pointer
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::MakeOutput(
  const ProcessObject::DataObjectIdentifierType & name)
{
  return name == SpreadName ? DataObject::Pointer(SpreadImageType::New()) : Superclass::MakeOutput(name);
}

template <typename TInputImage, typename TOutputImage>
bool
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::WindowIsExplicit() const
{
  return !m_AutomaticWindowMinimum;
}

template <typename TInputImage, typename TOutputImage>
SliceStackGeometry
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::MakeGeometry() const
{
  return { m_UpsamplingFactor,
           m_AutomaticOutputSliceSpacing ? std::nullopt : std::optional<double>(m_OutputSliceSpacing),
           m_AutomaticSliceAxis ? std::nullopt : std::optional<unsigned int>(m_SliceAxis) };
}

template <typename TInputImage, typename TOutputImage>
unsigned int
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GetSliceAxisUsed() const
{
  if (!this->GetInput())
  {
    itkExceptionMacro("There is no input image.");
  }
  return this->MakeGeometry().GetSliceAxis(this->GetInput());
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  this->MakeGeometry().Check();
  this->VerifyWindow();
  this->VerifyOrientations();
  this->VerifyModeParameters();
  LatentSliceSynthesizer::CheckDevice(m_Device);
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::VerifyWindow() const
{
  if (m_AutomaticWindowMinimum != m_AutomaticWindowMaximum)
  {
    itkExceptionMacro(<< (m_AutomaticWindowMinimum ? "WindowMaximum" : "WindowMinimum") << " is "
                      << (m_AutomaticWindowMinimum ? m_WindowMaximum : m_WindowMinimum) << " and "
                      << (m_AutomaticWindowMinimum ? "WindowMinimum" : "WindowMaximum")
                      << " is automatic, but both or neither have to be set.");
  }
  if (this->WindowIsExplicit() &&
      !(Math::isfinite(m_WindowMinimum) && Math::isfinite(m_WindowMaximum) && m_WindowMinimum < m_WindowMaximum))
  {
    itkExceptionMacro("The window is " << m_WindowMinimum << " to " << m_WindowMaximum
                                       << ", but has to be finite and in rising order.");
  }
  if (this->WindowIsExplicit() && std::max(std::abs(m_WindowMinimum), std::abs(m_WindowMaximum)) > LargestWindowLimit)
  {
    itkExceptionMacro("The window is " << m_WindowMinimum << " to " << m_WindowMaximum << ", but has to lie within -"
                                       << LargestWindowLimit << " and " << LargestWindowLimit
                                       << ", because the network computes in single precision.");
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::VerifyOrientations() const
{
  if (m_NumberOfOrientations != 1 && m_NumberOfOrientations != 4 && m_NumberOfOrientations != 8)
  {
    itkExceptionMacro("NumberOfOrientations is " << m_NumberOfOrientations << ", but has to be 1, 4 or 8.");
  }
  if (m_ComputeOrientationSpread && m_NumberOfOrientations == 1)
  {
    itkExceptionMacro("ComputeOrientationSpread is on and NumberOfOrientations is 1, but a spread needs 4 or 8.");
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::VerifyModeParameters() const
{
  if (!(m_SliceThickness >= 0.0 && Math::isfinite(m_SliceThickness)))
  {
    itkExceptionMacro("SliceThickness is " << m_SliceThickness << " mm, but has to be at least 0 and finite.");
  }
  if (!m_AutomaticResidualGain && !(m_ResidualGain >= 0.0 && Math::isfinite(m_ResidualGain)))
  {
    itkExceptionMacro("ResidualGain is " << m_ResidualGain << ", but has to be at least 0 and finite, or automatic.");
  }
  if (!(m_LowPassSigma >= 0.0 && m_LowPassSigma <= MaximumLowPassSigma))
  {
    itkExceptionMacro("LowPassSigma is " << m_LowPassSigma << " pixels, but has to be 0 to " << MaximumLowPassSigma
                                         << '.');
  }
  if (!m_AutomaticDetailGain && !(m_DetailGain >= 0.0 && m_DetailGain <= 1.0))
  {
    itkExceptionMacro("DetailGain is " << m_DetailGain << ", but has to be 0 to 1, or automatic.");
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GenerateOutputInformation()
{
  Superclass::GenerateOutputInformation();
  this->MakeGeometry().SetOutputInformation(this->GetInput(), this->GetOutput());
  if (SpreadImageType * const spread = this->GetOrientationSpread())
  {
    spread->CopyInformation(this->GetOutput());
  }
}

template <typename TInputImage, typename TOutputImage>
auto
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::ComputePosition(IndexValueType outputIndex) const
  -> PositionType
{
  return this->MakeGeometry().ComputePosition(this->GetInput(), this->GetOutput(), outputIndex);
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::EnlargeOutputRequestedRegion(DataObject * output)
{
  // The network works on whole slices.
  this->MakeGeometry().RequestWholeSlices(this->GetInput(),
                                          itkDynamicCastInDebugMode<ImageBase<ImageDimension> *>(output));
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GenerateInputRequestedRegion()
{
  const SizeValueType reach = LatentSliceSynthesizer::GetReach(this->GetOutputModeUsed(), this->ObtainModel());
  const_cast<InputImageType *>(this->GetInput())
    ->SetRequestedRegion(this->MakeGeometry().ComputeInputRegion(this->GetInput(), this->GetOutput(), reach));
}

template <typename TInputImage, typename TOutputImage>
auto
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GetOutputModeUsed() const -> OutputModeEnum
{
  if (m_OutputMode != OutputModeEnum::Automatic)
  {
    return m_OutputMode;
  }
  if (!this->GetInput())
  {
    itkExceptionMacro("There is no input image, and OutputMode is Automatic: the mode depends on the image.");
  }
  const double distance = this->GetInput()->GetSpacing()[this->GetSliceAxisUsed()];
  if (distance <= LargestProfileDistance && m_SliceThickness >= TouchingThickness * distance)
  {
    return OutputModeEnum::ProfileCorrected;
  }
  return distance < SmallestDecodedDistance ? OutputModeEnum::LowPassCorrected : OutputModeEnum::Decoded;
}

template <typename TInputImage, typename TOutputImage>
const AutoencoderModel *
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::ObtainModel()
{
  if (this->GetModel())
  {
    return this->GetModel();
  }
  if (!m_LoadedModel || m_LoadedModelFileName != m_ModelFileName)
  {
    auto model = AutoencoderModel::New();
    if (m_ModelFileName.empty())
    {
      model->ReadBundled();
    }
    else
    {
      model->Read(m_ModelFileName);
    }
    m_LoadedModel = model;
    m_LoadedModelFileName = m_ModelFileName;
  }
  return m_LoadedModel;
}

template <typename TInputImage, typename TOutputImage>
float
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::UpdateWindow(const AutoencoderModel * model)
{
  if (this->WindowIsExplicit())
  {
    m_WindowMinimumUsed = m_WindowMinimum;
    m_WindowMaximumUsed = m_WindowMaximum;
    m_PercentileWindow.Clear();
    return 0.0f;
  }
  const bool isNew = m_PercentileWindow.Update(
    const_cast<InputImageType *>(this->GetInput()),
    { model->GetLowerWindowPercentile(), model->GetUpperWindowPercentile() },
    this,
    [this](double share) { this->UpdateProgressOrAbort(WindowProgress * static_cast<float>(share)); });
  m_WindowMinimumUsed = m_PercentileWindow.GetMinimum();
  m_WindowMaximumUsed = m_PercentileWindow.GetMaximum();
  return isNew ? WindowProgress : 0.0f;
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::UpdateProgressOrAbort(float progress)
{
  this->UpdateProgress(progress);
  if (this->GetAbortGenerateData())
  {
    ProcessAborted aborted(__FILE__, __LINE__);
    aborted.SetDescription("The super-resolution was aborted.");
    throw aborted;
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::WarnIfOutsideOfTrainingRange(
  const AutoencoderModel * model)
{
  const InputImageType * input = this->GetInput();
  const unsigned int     axis = this->GetSliceAxisUsed();
  const auto             inPlane = SliceStackPreprocessing::GetInPlaneAxes(axis);
  m_TrainingRangeWarning = model->DescribeDeviationFromTraining(
    input->GetSpacing()[axis], std::max(input->GetSpacing()[inPlane[0]], input->GetSpacing()[inPlane[1]]));
  // Warn once, not for every slab.
  const std::pair<ModifiedTimeType, ModifiedTimeType> times{ input->GetSource() ? input->GetPipelineMTime()
                                                                                : input->GetMTime(),
                                                             model->GetMTime() };
  if (!m_TrainingRangeWarning.empty() && times != m_WarnedTimes)
  {
    m_WarnedTimes = times;
    itkWarningMacro(<< m_TrainingRangeWarning);
    this->InvokeEvent(TrainingRangeWarningEvent());
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::CopyAcquiredSlice(
  const OutputImageRegionType & outputSlice,
  unsigned int                  axis,
  IndexValueType                inputIndex)
{
  InputImageRegionType inputSlice = outputSlice;
  inputSlice.SetIndex(axis, inputIndex);
  if constexpr (std::is_same<InputPixelType, OutputPixelType>::value)
  {
    ImageAlgorithm::Copy(this->GetInput(), this->GetOutput(), inputSlice, outputSlice);
  }
  else
  {
    ImageRegionConstIterator<InputImageType> in(this->GetInput(), inputSlice);
    ImageRegionIterator<OutputImageType>     out(this->GetOutput(), outputSlice);
    for (; !in.IsAtEnd(); ++in, ++out)
    {
      out.Set(ConvertPixel(static_cast<double>(in.Get())));
    }
  }
}

template <typename TInputImage, typename TOutputImage>
auto
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::ConvertPixel(double value) -> OutputPixelType
{
  if constexpr (std::is_integral<OutputPixelType>::value)
  {
    const double rounded = std::round(value);
    if (rounded <= static_cast<double>(NumericTraits<OutputPixelType>::NonpositiveMin()))
    {
      return NumericTraits<OutputPixelType>::NonpositiveMin();
    }
    if (rounded >= static_cast<double>(NumericTraits<OutputPixelType>::max()))
    {
      return NumericTraits<OutputPixelType>::max();
    }
    return static_cast<OutputPixelType>(rounded);
  }
  else
  {
    return static_cast<OutputPixelType>(value);
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::StoreSlice(const OutputImageRegionType & outputSlice,
                                                                             const float *                 pixels)
{
  // The pixels are in the order of the image for every slice axis, because columns belong to the lower in-plane axis.
  for (ImageScanlineIterator<OutputImageType> it(this->GetOutput(), outputSlice); !it.IsAtEnd(); it.NextLine())
  {
    for (; !it.IsAtEndOfLine(); ++it, ++pixels)
    {
      it.Set(ConvertPixel(static_cast<double>(*pixels)));
    }
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::StoreSpread(const OutputImageRegionType & outputSlice,
                                                                              const float *                 pixels)
{
  SpreadImageType * const spread = this->GetOrientationSpread();
  if (!spread)
  {
    return;
  }
  for (ImageScanlineIterator<SpreadImageType> it(spread, outputSlice); !it.IsAtEnd(); it.NextLine())
  {
    for (; !it.IsAtEndOfLine(); ++it)
    {
      it.Set(pixels ? *pixels++ : 0.0f);
    }
  }
}

template <typename TInputImage, typename TOutputImage>
auto
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::ListRequestedSlices(unsigned int axis) const
  -> RequestedSlices
{
  const auto           requested = this->GetOutput()->GetRequestedRegion();
  const IndexValueType begin = requested.GetIndex(axis);
  const IndexValueType end = begin + static_cast<IndexValueType>(requested.GetSize(axis));
  const bool           copies = LatentSliceSynthesizer::CopiesAcquiredSlices(this->GetOutputModeUsed());
  RequestedSlices      slices;
  for (IndexValueType i = begin; i < end; ++i)
  {
    const auto position = this->ComputePosition(i);
    if (position.alpha == 0.0 && copies)
    {
      slices.copied.push_back(i);
      continue;
    }
    slices.positions.push_back(position);
    slices.synthesized.push_back(i);
  }
  return slices;
}

template <typename TInputImage, typename TOutputImage>
LatentSliceSynthesizer::Settings
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::MakeSettings(const AutoencoderModel * model,
                                                                               unsigned int             axis) const
{
  const double                     distance = this->GetInput()->GetSpacing()[axis];
  LatentSliceSynthesizer::Settings settings;
  settings.outputMode = this->GetOutputModeUsed();
  // The full width at half maximum of a Gaussian is 2 sqrt(2 ln 2) standard deviations.
  settings.profileSigma = m_SliceThickness / (2.0 * std::sqrt(2.0 * std::log(2.0)) * distance);
  settings.precision = m_Precision;
  settings.device = m_Device;
  settings.numberOfThreads = ProcessObjectThreads::GetNumberOfThreads(this);
  settings.windowMinimum = m_WindowMinimumUsed;
  settings.windowMaximum = m_WindowMaximumUsed;
  settings.numberOfOrientations = m_NumberOfOrientations;
  settings.computeOrientationSpread = m_ComputeOrientationSpread;
  const double share = settings.outputMode == OutputModeEnum::ProfileCorrected ? ProfileGainShare : 1.0;
  settings.residualGain = m_AutomaticResidualGain ? share * model->GetResidualGain() : m_ResidualGain;
  settings.lowPassSigma = m_LowPassSigma;
  settings.detailGain = m_AutomaticDetailGain ? LatentSliceSynthesizer::ComputeDetailGain(distance) : m_DetailGain;
  return settings;
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::GenerateData()
{
  const AutoencoderModel * model = this->ObtainModel();
  const float              progressBefore = this->UpdateWindow(model);
  this->WarnIfOutsideOfTrainingRange(model);
  this->AllocateOutputs();

  const InputImageType * input = this->GetInput();
  const unsigned int     axis = this->GetSliceAxisUsed();
  const auto             inPlane = SliceStackPreprocessing::GetInPlaneAxes(axis);
  const auto             requested = this->GetOutput()->GetRequestedRegion();
  const IndexValueType   firstInputIndex = input->GetLargestPossibleRegion().GetIndex(axis);
  const RequestedSlices  slices = this->ListRequestedSlices(axis);

  const LatentSliceSynthesizer synthesizer(model, this->MakeSettings(model, axis));
  const SizeValueType          phases = ImageDimension == 3 ? 1 : requested.GetSize(ImageDimension - 1);
  for (SizeValueType phase = 0; phase < phases; ++phase)
  {
    auto outputSlice = requested;
    outputSlice.SetSize(axis, 1);
    if constexpr (ImageDimension > 3)
    {
      outputSlice.SetIndex(ImageDimension - 1,
                           requested.GetIndex(ImageDimension - 1) + static_cast<IndexValueType>(phase));
      outputSlice.SetSize(ImageDimension - 1, 1);
    }
    for (const IndexValueType i : slices.copied)
    {
      outputSlice.SetIndex(axis, i);
      this->CopyAcquiredSlice(
        outputSlice, axis, firstInputIndex + static_cast<IndexValueType>(this->ComputePosition(i).slice));
      this->StoreSpread(outputSlice, nullptr);
    }

    LatentSliceSynthesizer::Stack stack;
    stack.read = [&](SizeValueType slice) {
      InputImageRegionType inputSlice = outputSlice;
      inputSlice.SetIndex(axis, firstInputIndex + static_cast<IndexValueType>(slice));
      return SliceStackPreprocessing::CopySlices(input, inputSlice, axis, nullptr);
    };
    stack.slices = input->GetLargestPossibleRegion().GetSize(axis);
    stack.columns = outputSlice.GetSize(inPlane[0]);
    stack.rows = outputSlice.GetSize(inPlane[1]);
    stack.columnSpacing = input->GetSpacing()[inPlane[0]];
    stack.rowSpacing = input->GetSpacing()[inPlane[1]];
    synthesizer.Synthesize(
      stack,
      slices.positions,
      [&](SizeValueType number, const float * slice, const float * spread) {
        auto stored = outputSlice;
        stored.SetIndex(axis, slices.synthesized[number]);
        this->StoreSlice(stored, slice);
        this->StoreSpread(stored, spread);
      },
      [&](float progress) {
        const float share = (static_cast<float>(phase) + progress) / static_cast<float>(phases);
        this->UpdateProgressOrAbort(progressBefore + (1.0f - progressBefore) * share);
      });
  }
}

template <typename TInputImage, typename TOutputImage>
void
LatentSpaceSuperResolutionImageFilter<TInputImage, TOutputImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "ModelFileName: " << m_ModelFileName << std::endl;
  os << indent << "UpsamplingFactor: " << m_UpsamplingFactor << std::endl;
  itkPrintAutomaticParameterMacro(OutputSliceSpacing);
  itkPrintAutomaticParameterMacro(SliceAxis);
  os << indent << "OutputMode: " << m_OutputMode << std::endl;
  os << indent << "SliceThickness: " << m_SliceThickness << std::endl;
  os << indent << "Precision: " << m_Precision << std::endl;
  itkPrintAutomaticParameterMacro(ResidualGain);
  os << indent << "NumberOfOrientations: " << m_NumberOfOrientations << std::endl;
  os << indent << "ComputeOrientationSpread: " << (m_ComputeOrientationSpread ? "On" : "Off") << std::endl;
  os << indent << "LowPassSigma: " << m_LowPassSigma << std::endl;
  itkPrintAutomaticParameterMacro(DetailGain);
  os << indent << "Device: " << m_Device << std::endl;
  itkPrintAutomaticParameterMacro(WindowMinimum);
  itkPrintAutomaticParameterMacro(WindowMaximum);
  os << indent << "WindowMinimumUsed: " << m_WindowMinimumUsed << std::endl;
  os << indent << "WindowMaximumUsed: " << m_WindowMaximumUsed << std::endl;
  os << indent << "TrainingRangeWarning: " << m_TrainingRangeWarning << std::endl;
  os << indent << "PercentileWindow: " << m_PercentileWindow.GetMinimum() << " to " << m_PercentileWindow.GetMaximum()
     << std::endl;
  os << indent << "WarnedTimes: " << m_WarnedTimes.first << ", " << m_WarnedTimes.second << std::endl;
  itkPrintSelfObjectMacro(LoadedModel);
  os << indent << "LoadedModelFileName: " << m_LoadedModelFileName << std::endl;
}
} // end namespace itk

#endif // itkLatentSpaceSuperResolutionImageFilter_hxx
