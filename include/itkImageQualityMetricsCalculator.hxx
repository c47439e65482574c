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
#ifndef itkImageQualityMetricsCalculator_hxx
#define itkImageQualityMetricsCalculator_hxx

#include "itkMultiThreaderBase.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <sstream>

namespace itk
{
template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::Compute()
{
  m_ResultsMTime = 0;
  this->VerifyPreconditions();

  const ModifiedTimeType   inputMTime = this->GetInputMTime();
  const SliceLayout        layout = this->MakeLayout();
  std::vector<SliceResult> slices(layout.NumberOfSlices);
  const bool               structure = m_ComputeSSIM || m_ComputeVIFp;

  // One pass over the images, or two if the data range has to be found first.
  const bool isDataRangeGiven = m_DataRange > 0.0;
  this->ProcessSlices(layout, true, structure && isDataRangeGiven, m_DataRange, slices);
  this->VerifyPixels(layout, slices);

  double dataRange = m_DataRange;
  if (!isDataRangeGiven)
  {
    dataRange = Self::GetReferenceRange(slices);
    if (structure)
    {
      this->ProcessSlices(layout, false, true, dataRange, slices);
    }
  }

  double                                 squaredErrorSum = 0.0;
  double                                 absoluteErrorSum = 0.0;
  SizeValueType                          numberOfPixels = 0;
  ImageQualityMetricsKernels::SSIMResult pooledSSIM;
  m_SliceMSE.clear();
  m_SlicePSNR.clear();
  m_SliceSSIM.clear();
  m_SliceVIFp.clear();
  for (const SliceResult & slice : slices)
  {
    squaredErrorSum += slice.SquaredErrorSum;
    absoluteErrorSum += slice.AbsoluteErrorSum;
    numberOfPixels += slice.NumberOfPixels;
    m_SliceMSE.push_back((slice.NumberOfPixels > 0) ? slice.SquaredErrorSum / static_cast<double>(slice.NumberOfPixels)
                                                    : std::numeric_limits<double>::quiet_NaN());
    m_SlicePSNR.push_back(Self::ComputePSNR(m_SliceMSE.back(), dataRange));
    if (m_ComputeSSIM)
    {
      pooledSSIM.Sum += slice.SSIM.Sum;
      pooledSSIM.Count += slice.SSIM.Count;
      m_SliceSSIM.push_back(slice.SSIM.GetMean());
    }
    if (m_ComputeVIFp)
    {
      m_SliceVIFp.push_back(slice.VIFp);
    }
  }
  m_MSE = squaredErrorSum / static_cast<double>(numberOfPixels);
  m_MAE = absoluteErrorSum / static_cast<double>(numberOfPixels);
  m_PooledSSIM = pooledSSIM.GetMean();
  m_DataRangeUsed = dataRange;
  m_ResultsMTime = inputMTime;
}

template <typename TImage>
template <typename TAnyImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyBuffer(const TAnyImage * image, const char * name) const
{
  const auto & region = image->GetLargestPossibleRegion();
  if (region.GetNumberOfPixels() == 0)
  {
    itkExceptionMacro("The " << name << " image is empty (its size is " << region.GetSize()
                             << "). At least one pixel is needed; call Update() of its source before.");
  }
  if (image->GetBufferedRegion() != region)
  {
    itkExceptionMacro("The " << name << " image must be buffered completely: its size is " << region.GetSize()
                             << ", but its buffered region has the size " << image->GetBufferedRegion().GetSize()
                             << " and the index " << image->GetBufferedRegion().GetIndex()
                             << ". Call Update() of its source before.");
  }
  if (region.GetSize() != m_ReferenceImage->GetLargestPossibleRegion().GetSize())
  {
    itkExceptionMacro("The " << name << " image must have the size of the reference image, "
                             << m_ReferenceImage->GetLargestPossibleRegion().GetSize() << " (got " << region.GetSize()
                             << ").");
  }
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyPreconditions() const
{
  if (m_ReferenceImage.IsNull())
  {
    itkExceptionMacro("ReferenceImage is not set (got nullptr); the reference and the test image are needed.");
  }
  if (m_TestImage.IsNull())
  {
    itkExceptionMacro("TestImage is not set (got nullptr); the reference and the test image are needed.");
  }
  this->VerifyBuffer(m_ReferenceImage.GetPointer(), "reference");
  this->VerifyBuffer(m_TestImage.GetPointer(), "test");
  if (m_MaskImage.IsNotNull())
  {
    this->VerifyBuffer(m_MaskImage.GetPointer(), "mask");
  }

  if (!(m_DataRange >= 0.0) || std::isinf(m_DataRange))
  {
    itkExceptionMacro("DataRange must be positive and finite, or 0 for that of the reference image (got " << m_DataRange
                                                                                                          << ").");
  }
  if (ImageDimension > 2 && m_SliceAxis > 2)
  {
    itkExceptionMacro("SliceAxis must be 0, 1 or 2 (got " << m_SliceAxis << ").");
  }

  const SliceLayout  layout = this->MakeLayout();
  std::ostringstream slices;
  slices << "the slices have " << layout.Width << " x " << layout.Height << " pixels (axes " << layout.AxisX << " and "
         << layout.AxisY << ')';
  if (m_ComputeSSIM)
  {
    if (!(m_GaussianSigma > 0.0) || std::isinf(m_GaussianSigma))
    {
      itkExceptionMacro("GaussianSigma must be strictly positive and finite (got " << m_GaussianSigma << ").");
    }
    if (m_SSIMRadius < 1)
    {
      itkExceptionMacro("SSIMRadius must be at least 1 (got " << m_SSIMRadius << ").");
    }
    if (!(m_K1 > 0.0) || std::isinf(m_K1))
    {
      itkExceptionMacro("K1 must be strictly positive and finite (got " << m_K1 << ").");
    }
    if (!(m_K2 > 0.0) || std::isinf(m_K2))
    {
      itkExceptionMacro("K2 must be strictly positive and finite (got " << m_K2 << ").");
    }
    const SizeValueType minimumSize = 2 * SizeValueType{ m_SSIMRadius } + 1;
    if (layout.Width < minimumSize || layout.Height < minimumSize)
    {
      itkExceptionMacro("SSIM with SSIMRadius " << m_SSIMRadius << " needs slices of at least " << minimumSize << " x "
                                                << minimumSize << " pixels, but " << slices.str()
                                                << ". Switch ComputeSSIM off or choose a smaller SSIMRadius.");
    }
  }
  if (m_ComputeVIFp)
  {
    constexpr SizeValueType minimumSize = ImageQualityMetricsKernels::VIFpMinimumSize;
    if (layout.Width < minimumSize || layout.Height < minimumSize)
    {
      itkExceptionMacro("VIFp needs slices of at least " << minimumSize << " x " << minimumSize << " pixels, but "
                                                         << slices.str() << ". Switch ComputeVIFp off.");
    }
  }
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyPixels(const SliceLayout &              layout,
                                                    const std::vector<SliceResult> & slices) const
{
  if (!std::all_of(slices.cbegin(), slices.cend(), [](const SliceResult & slice) { return slice.IsFinite; }))
  {
    const SizeValueType numberOfPixels = m_ReferenceImage->GetBufferedRegion().GetNumberOfPixels();
    for (const ImageType * image : { m_ReferenceImage.GetPointer(), m_TestImage.GetPointer() })
    {
      const PixelType * const buffer = image->GetBufferPointer();
      for (SizeValueType i = 0; i < numberOfPixels; ++i)
      {
        if (!std::isfinite(static_cast<double>(buffer[i])))
        {
          itkExceptionMacro("All pixels must be finite, but the "
                            << ((image == m_ReferenceImage) ? "reference" : "test") << " image has the value "
                            << buffer[i] << " at the index " << image->ComputeIndex(static_cast<OffsetValueType>(i))
                            << '.');
        }
      }
    }
  }

  if (m_DataRange == 0.0)
  {
    const double range = Self::GetReferenceRange(slices);
    if (!(range > 0.0) || std::isinf(range))
    {
      itkExceptionMacro("DataRange must be set, because maximum minus minimum of the reference image is "
                        << range << " (all of its pixels are " << slices.front().ReferenceMinimum
                        << "), and the range must be strictly positive.");
    }
  }

  if (m_MaskImage.IsNotNull())
  {
    if (std::all_of(
          slices.cbegin(), slices.cend(), [](const SliceResult & slice) { return slice.NumberOfPixels == 0; }))
    {
      itkExceptionMacro("The mask image selects no pixel: 0 of " << m_MaskImage->GetBufferedRegion().GetNumberOfPixels()
                                                                 << " are nonzero; at least one is needed.");
    }
    if (m_ComputeSSIM)
    {
      const MaskPixelType * const buffer = m_MaskImage->GetBufferPointer();
      SizeValueType               numberOfPixels = 0;
      bool                        isAnySelected = false;
      for (SizeValueType s = 0; s < layout.NumberOfSlices && !isAnySelected; ++s)
      {
        numberOfPixels += slices[s].NumberOfPixels;
        for (SizeValueType y = m_SSIMRadius; y + m_SSIMRadius < layout.Height && slices[s].NumberOfPixels > 0; ++y)
        {
          for (SizeValueType x = m_SSIMRadius; x + m_SSIMRadius < layout.Width; ++x)
          {
            isAnySelected |= buffer[layout.GetOffset(s) + y * layout.StrideY + x * layout.StrideX] != 0;
          }
        }
      }
      if (!isAnySelected)
      {
        itkExceptionMacro("None of the " << numberOfPixels
                                         << " pixels that the mask image selects is at least SSIMRadius = "
                                         << m_SSIMRadius
                                         << " pixels away from the slices' border; SSIM needs one. Switch ComputeSSIM "
                                            "off or choose a smaller SSIMRadius.");
      }
    }
  }
}

template <typename TImage>
auto
ImageQualityMetricsCalculator<TImage>::MakeLayout() const -> SliceLayout
{
  const SizeType size = m_ReferenceImage->GetBufferedRegion().GetSize();
  SizeType       stride;
  stride[0] = 1;
  for (unsigned int i = 1; i < ImageDimension; ++i)
  {
    stride[i] = stride[i - 1] * size[i - 1];
  }

  SliceLayout layout;
  if constexpr (ImageDimension > 2)
  {
    layout.AxisX = (m_SliceAxis == 0) ? 1 : 0;
    layout.AxisY = (m_SliceAxis == 2) ? 1 : 2;
    layout.SlicesPerFrame = size[m_SliceAxis];
    layout.StrideSlice = stride[m_SliceAxis];
    layout.NumberOfSlices = layout.SlicesPerFrame;
  }
  if constexpr (ImageDimension > 3)
  {
    layout.StrideFrame = stride[3];
    layout.NumberOfSlices *= size[3];
  }
  layout.Width = size[layout.AxisX];
  layout.Height = size[layout.AxisY];
  layout.StrideX = stride[layout.AxisX];
  layout.StrideY = stride[layout.AxisY];
  return layout;
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::ProcessSlices(const SliceLayout &        layout,
                                                     bool                       errors,
                                                     bool                       structure,
                                                     double                     dataRange,
                                                     std::vector<SliceResult> & slices) const
{
  const PixelType * const     referenceBuffer = m_ReferenceImage->GetBufferPointer();
  const PixelType * const     testBuffer = m_TestImage->GetBufferPointer();
  const MaskPixelType * const maskBuffer = m_MaskImage.IsNull() ? nullptr : m_MaskImage->GetBufferPointer();

  ImageQualityMetricsKernels::SSIMParameters parameters;
  parameters.GaussianSigma = m_GaussianSigma;
  parameters.Radius = m_SSIMRadius;
  parameters.K1 = m_K1;
  parameters.K2 = m_K2;
  parameters.DynamicRange = dataRange;

  const auto processSlice = [&](SizeValueType sliceNumber) {
    SliceResult &       result = slices[sliceNumber];
    const SizeValueType sliceOffset = layout.GetOffset(sliceNumber);

    // The structural metrics need whole slices, the errors only one row at a time.
    const SizeValueType        numberOfRows = structure ? layout.Height : 1;
    std::vector<double>        reference(numberOfRows * layout.Width);
    std::vector<double>        test(numberOfRows * layout.Width);
    std::vector<MaskPixelType> mask((maskBuffer == nullptr) ? 0 : numberOfRows * layout.Width);

    for (SizeValueType y = 0; y < layout.Height; ++y)
    {
      const SizeValueType     rowStart = structure ? y * layout.Width : 0;
      double * const          referenceRow = reference.data() + rowStart;
      double * const          testRow = test.data() + rowStart;
      const PixelType * const referencePixels = referenceBuffer + sliceOffset + y * layout.StrideY;
      const PixelType * const testPixels = testBuffer + sliceOffset + y * layout.StrideY;
      for (SizeValueType x = 0; x < layout.Width; ++x)
      {
        referenceRow[x] = static_cast<double>(referencePixels[x * layout.StrideX]);
        testRow[x] = static_cast<double>(testPixels[x * layout.StrideX]);
      }
      MaskPixelType * const maskRow = (maskBuffer == nullptr) ? nullptr : mask.data() + rowStart;
      if (maskRow != nullptr)
      {
        const MaskPixelType * const maskPixels = maskBuffer + sliceOffset + y * layout.StrideY;
        for (SizeValueType x = 0; x < layout.Width; ++x)
        {
          maskRow[x] = maskPixels[x * layout.StrideX];
        }
      }
      if (!errors)
      {
        continue;
      }

      if constexpr (std::is_floating_point_v<PixelType>)
      {
        bool isFinite = true;
        for (SizeValueType x = 0; x < layout.Width; ++x)
        {
          isFinite &= std::isfinite(referenceRow[x]) & std::isfinite(testRow[x]);
        }
        result.IsFinite &= isFinite;
      }
      if (m_DataRange == 0.0)
      {
        double minimum = result.ReferenceMinimum;
        double maximum = result.ReferenceMaximum;
        for (SizeValueType x = 0; x < layout.Width; ++x)
        {
          minimum = std::min(minimum, referenceRow[x]);
          maximum = std::max(maximum, referenceRow[x]);
        }
        result.ReferenceMinimum = minimum;
        result.ReferenceMaximum = maximum;
      }

      double        squaredErrorSum = 0.0;
      double        absoluteErrorSum = 0.0;
      SizeValueType numberOfPixels = 0;
      for (SizeValueType x = 0; x < layout.Width; ++x)
      {
        if (maskRow == nullptr || maskRow[x] != 0)
        {
          const double difference = referenceRow[x] - testRow[x];
          squaredErrorSum += difference * difference;
          absoluteErrorSum += std::abs(difference);
          ++numberOfPixels;
        }
      }
      result.SquaredErrorSum += squaredErrorSum;
      result.AbsoluteErrorSum += absoluteErrorSum;
      result.NumberOfPixels += numberOfPixels;
    }

    if (structure && result.IsFinite)
    {
      // A slice without selected pixels has no SSIM, and needs no map.
      if (m_ComputeSSIM && result.NumberOfPixels > 0)
      {
        result.SSIM = ImageQualityMetricsKernels::SSIM(
          reference.data(), test.data(), layout.Width, layout.Height, parameters, mask.empty() ? nullptr : mask.data());
      }
      if (m_ComputeVIFp)
      {
        result.VIFp = ImageQualityMetricsKernels::VIFp(
          reference.data(), test.data(), layout.Width, layout.Height, parameters.DynamicRange);
      }
    }
  };

  const auto multiThreader = MultiThreaderBase::New();
  if (m_NumberOfWorkUnits > 0)
  {
    multiThreader->SetMaximumNumberOfThreads(m_NumberOfWorkUnits);
    multiThreader->SetNumberOfWorkUnits(m_NumberOfWorkUnits);
  }
  // Not every threader hands on an exception of its threads.
  std::exception_ptr exception;
  std::mutex         mutex;
  multiThreader->ParallelizeArray(
    0,
    layout.NumberOfSlices,
    [&](SizeValueType sliceNumber) {
      try
      {
        processSlice(sliceNumber);
      }
      catch (...)
      {
        const std::lock_guard<std::mutex> lock(mutex);
        exception = std::current_exception();
      }
    },
    nullptr);
  if (exception)
  {
    std::rethrow_exception(exception);
  }
}

template <typename TImage>
ModifiedTimeType
ImageQualityMetricsCalculator<TImage>::GetInputMTime() const
{
  ModifiedTimeType latest = this->GetMTime();
  const auto       consider = [&latest](const auto & image) {
    if (image.IsNotNull())
    {
      latest = std::max({ latest, image->GetMTime(), image->GetPixelContainer()->GetMTime() });
    }
  };
  consider(m_ReferenceImage);
  consider(m_TestImage);
  consider(m_MaskImage);
  return latest;
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyResults(const char * name, bool isComputed) const
{
  if (m_ResultsMTime == 0)
  {
    itkExceptionMacro(<< name << " has not been computed: call Compute() before, successfully.");
  }
  if (m_ResultsMTime != this->GetInputMTime())
  {
    itkExceptionMacro(<< name
                      << " is stale: a parameter or an image has been modified since Compute(). Call it again.");
  }
  if (!isComputed)
  {
    itkExceptionMacro(<< name << " has not been computed: Compute" << name
                      << " is off. Switch it on, and call Compute().");
  }
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::ComputePSNR(double meanSquaredError, double dataRange)
{
  return (meanSquaredError == 0.0) ? std::numeric_limits<double>::infinity()
                                   : 10.0 * std::log10(dataRange * dataRange / meanSquaredError);
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetReferenceRange(const std::vector<SliceResult> & slices)
{
  double minimum = slices.front().ReferenceMinimum;
  double maximum = slices.front().ReferenceMaximum;
  for (const SliceResult & slice : slices)
  {
    minimum = std::min(minimum, slice.ReferenceMinimum);
    maximum = std::max(maximum, slice.ReferenceMaximum);
  }
  return maximum - minimum;
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::MeanOfDefined(const std::vector<double> & values)
{
  double        sum = 0.0;
  SizeValueType count = 0;
  for (const double value : values)
  {
    if (!std::isnan(value))
    {
      sum += value;
      ++count;
    }
  }
  return (count > 0) ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetDataRangeUsed() const
{
  this->VerifyResults("DataRangeUsed");
  return m_DataRangeUsed;
}

template <typename TImage>
SizeValueType
ImageQualityMetricsCalculator<TImage>::GetNumberOfSlices() const
{
  this->VerifyResults("NumberOfSlices");
  return m_SliceMSE.size();
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetMSE() const
{
  this->VerifyResults("MSE");
  return m_MSE;
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetRMSE() const
{
  this->VerifyResults("RMSE");
  return std::sqrt(m_MSE);
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetMAE() const
{
  this->VerifyResults("MAE");
  return m_MAE;
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetPSNR() const
{
  this->VerifyResults("PSNR");
  return Self::ComputePSNR(m_MSE, m_DataRangeUsed);
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetMeanSlicePSNR() const
{
  this->VerifyResults("MeanSlicePSNR");
  return Self::MeanOfDefined(m_SlicePSNR);
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return Self::MeanOfDefined(m_SliceSSIM);
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetPooledSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_PooledSSIM;
}

template <typename TImage>
double
ImageQualityMetricsCalculator<TImage>::GetVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return Self::MeanOfDefined(m_SliceVIFp);
}

template <typename TImage>
std::vector<double>
ImageQualityMetricsCalculator<TImage>::GetSliceMSE() const
{
  this->VerifyResults("SliceMSE");
  return m_SliceMSE;
}

template <typename TImage>
std::vector<double>
ImageQualityMetricsCalculator<TImage>::GetSlicePSNR() const
{
  this->VerifyResults("SlicePSNR");
  return m_SlicePSNR;
}

template <typename TImage>
std::vector<double>
ImageQualityMetricsCalculator<TImage>::GetSliceSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_SliceSSIM;
}

template <typename TImage>
std::vector<double>
ImageQualityMetricsCalculator<TImage>::GetSliceVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return m_SliceVIFp;
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);

  const auto printList = [&os, indent](const char * name, const std::vector<double> & values) {
    os << indent << name << ": [";
    for (SizeValueType i = 0; i < values.size(); ++i)
    {
      os << (i > 0 ? ", " : "") << values[i];
    }
    os << ']' << std::endl;
  };

  itkPrintSelfObjectMacro(ReferenceImage);
  itkPrintSelfObjectMacro(TestImage);
  itkPrintSelfObjectMacro(MaskImage);
  os << indent << "DataRange: " << m_DataRange << std::endl;
  os << indent << "SliceAxis: " << m_SliceAxis << std::endl;
  os << indent << "GaussianSigma: " << m_GaussianSigma << std::endl;
  os << indent << "SSIMRadius: " << m_SSIMRadius << std::endl;
  os << indent << "K1: " << m_K1 << std::endl;
  os << indent << "K2: " << m_K2 << std::endl;
  os << indent << "ComputeSSIM: " << (m_ComputeSSIM ? "On" : "Off") << std::endl;
  os << indent << "ComputeVIFp: " << (m_ComputeVIFp ? "On" : "Off") << std::endl;
  os << indent << "NumberOfWorkUnits: " << m_NumberOfWorkUnits << std::endl;
  os << indent << "ResultsMTime: " << m_ResultsMTime << std::endl;
  os << indent << "DataRangeUsed: " << m_DataRangeUsed << std::endl;
  os << indent << "MSE: " << m_MSE << std::endl;
  os << indent << "MAE: " << m_MAE << std::endl;
  os << indent << "PooledSSIM: " << m_PooledSSIM << std::endl;
  printList("SliceMSE", m_SliceMSE);
  printList("SlicePSNR", m_SlicePSNR);
  printList("SliceSSIM", m_SliceSSIM);
  printList("SliceVIFp", m_SliceVIFp);
}
} // end namespace itk

#endif // itkImageQualityMetricsCalculator_hxx
