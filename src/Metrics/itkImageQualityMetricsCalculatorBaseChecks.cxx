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

// The checks of ImageQualityMetricsCalculatorBase. It refuses parameters out of range, slices that are too small for a
// metric, and pixels from which no result can be computed.

#include "itkImageQualityMetricsCalculatorBase.h"

#include "itkGradientAbsoluteError.h"
#include "itkGradientMagnitudeSimilarity.h"
#include "itkMultiScaleStructuralSimilarity.h"
#include "itkSliceMetrics.h"
#include "itkVisualInformationFidelity.h"
#include "itkWaveletVisualInformationFidelity.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace itk
{
using namespace ImageQualityMetrics;

void
ImageQualityMetricsCalculatorBase::VerifyParameters(const SliceLayout & layout) const
{
  this->VerifyDataRange();
  const size_t dimension = this->GetImageProperties().size.size();
  if (dimension > 2 && m_SliceAxis > 2)
  {
    itkExceptionMacro("SliceAxis must be 0, 1 or 2 (got " << m_SliceAxis << ").");
  }
  if (m_NumberOfHistogramBins < 2)
  {
    itkExceptionMacro("NumberOfHistogramBins must be at least 2 (got " << m_NumberOfHistogramBins << ").");
  }
  if (!m_AutomaticNumberOfWorkUnits && m_NumberOfWorkUnits < 1)
  {
    itkExceptionMacro("NumberOfWorkUnits must be at least 1 (got "
                      << m_NumberOfWorkUnits << "). Set another one, or switch AutomaticNumberOfWorkUnits on.");
  }
  if (m_ComputeSSIM3D && dimension < 3)
  {
    itkExceptionMacro("ComputeSSIM3D needs an image of at least 3 dimensions (got " << dimension << ").");
  }
  if (m_ComputeSSIM || m_ComputeSSIM3D || m_ComputeMultiScaleSSIM)
  {
    this->VerifySSIMParameters();
  }
  this->VerifySliceSizes(layout);
}

void
ImageQualityMetricsCalculatorBase::VerifyDataRange() const
{
  if (!m_AutomaticDataRange)
  {
    if (!(m_DataRange > 0.0) || std::isinf(m_DataRange))
    {
      itkExceptionMacro("DataRange must be strictly positive and finite (got "
                        << m_DataRange << "). Set another one, or switch AutomaticDataRange on.");
    }
  }
  else if (m_DataRangeSource == DataRangeSourceEnum::PixelType && this->GetImageProperties().hasFloatingPointPixels)
  {
    itkExceptionMacro("DataRange must be set, because the range of a floating-point pixel type is not a data range. Or "
                      "choose another DataRangeSource (got "
                      << m_DataRangeSource << ").");
  }
}

void
ImageQualityMetricsCalculatorBase::VerifySSIMParameters() const
{
  const auto verifyPositive = [&](const char * name, double value) {
    if (!(value > 0.0) || std::isinf(value))
    {
      itkExceptionMacro(<< name << " must be strictly positive and finite (got " << value << ").");
    }
  };
  verifyPositive("GaussianSigma", m_GaussianSigma);
  verifyPositive("K1", m_K1);
  verifyPositive("K2", m_K2);
  if (m_SSIMRadius < 1)
  {
    itkExceptionMacro("SSIMRadius must be at least 1 (got " << m_SSIMRadius << ").");
  }
}

void
ImageQualityMetricsCalculatorBase::VerifySliceSizes(const SliceLayout & layout) const
{
  std::ostringstream slices;
  slices << "the slices have " << layout.width << " x " << layout.height << " pixels (axes " << layout.axisX << " and "
         << layout.axisY << ')';
  const SizeValueType side = std::min(layout.width, layout.height);
  const SizeValueType window = 2 * SizeValueType{ m_SSIMRadius } + 1;
  if (m_ComputeSSIM && side < window)
  {
    itkExceptionMacro("SSIM with SSIMRadius " << m_SSIMRadius << " needs slices of at least " << window << " x "
                                              << window << " pixels, but " << slices.str()
                                              << ". Switch ComputeSSIM off or choose a smaller SSIMRadius.");
  }
  if (m_ComputeSSIM3D && std::min(side, layout.slicesPerFrame) < window)
  {
    itkExceptionMacro("SSIM3D with SSIMRadius "
                      << m_SSIMRadius << " needs volumes of at least " << window << " pixels along each axis, but "
                      << slices.str() << " and there are " << layout.slicesPerFrame
                      << " of them. Switch ComputeSSIM3D off or choose a smaller SSIMRadius.");
  }
  const auto verifySide = [&](bool isOn, const char * name, SizeValueType smallest) {
    if (isOn && side < smallest)
    {
      itkExceptionMacro(<< name << " needs slices of at least " << smallest << " x " << smallest << " pixels, but "
                        << slices.str() << ". Switch Compute" << name << " off.");
    }
  };
  verifySide(
    m_ComputeMultiScaleSSIM, "MultiScaleSSIM", MultiScaleStructuralSimilarityMinimumSize(this->MakeSSIMParameters()));
  verifySide(m_ComputeVIFp, "VIFp", VisualInformationFidelityMinimumSize);
  verifySide(m_ComputeWaveletVIF, "WaveletVIF", WaveletVisualInformationFidelityMinimumSize);
  verifySide(m_ComputeGMSD, "GMSD", GradientMagnitudeSimilarityMinimumSize);
  verifySide(m_ComputeGradientError, "GradientError", GradientAbsoluteErrorMinimumSize);
}

void
ImageQualityMetricsCalculatorBase::VerifyPixels(const SliceLayout &              layout,
                                                const std::vector<SliceResult> & slices,
                                                const PixelSums &                total) const
{
  if (!total.isFinite)
  {
    itkExceptionMacro("All pixels must be finite, but " << this->DescribeNonFinitePixel() << '.');
  }
  if (m_AutomaticDataRange)
  {
    this->VerifyDataRangeFound(total);
  }
  if (this->GetImageProperties().hasMask)
  {
    this->VerifyMask(layout, slices, total);
  }
}

void
ImageQualityMetricsCalculatorBase::VerifyDataRangeFound(const PixelSums & total) const
{
  const double range = this->FindDataRange(total);
  if (!(range > 0.0) || std::isinf(range))
  {
    itkExceptionMacro("DataRange must be set, because "
                      << (m_DataRangeSource == DataRangeSourceEnum::ReferenceMaximum ? "the maximum"
                                                                                     : "maximum minus minimum")
                      << " of the reference image is " << range << " (all of its pixels are between "
                      << total.referenceMinimum << " and " << total.referenceMaximum
                      << "), and the range must be strictly positive and finite.");
  }
}

void
ImageQualityMetricsCalculatorBase::VerifyMask(const SliceLayout &              layout,
                                              const std::vector<SliceResult> & slices,
                                              const PixelSums &                total) const
{
  if (total.count == 0)
  {
    const SizeValueType pixels = layout.width * layout.height * layout.numberOfSlices;
    itkExceptionMacro("The mask image selects no pixel: 0 of " << pixels << " are nonzero; at least one is needed.");
  }
  if (!m_ComputeSSIM || m_AverageWholeMap)
  {
    return;
  }
  const SizeValueType        radius = m_SSIMRadius;
  std::vector<unsigned char> row(layout.width);
  for (SizeValueType s = 0; s < layout.numberOfSlices; ++s)
  {
    for (SizeValueType y = radius; y + radius < layout.height && slices[s].sums.count > 0; ++y)
    {
      this->CopyMaskPixels(layout.GetOffset(s) + y * layout.strideY, layout.strideX, layout.width, row.data());
      if (std::any_of(row.begin() + radius, row.end() - radius, [](unsigned char value) { return value != 0; }))
      {
        return;
      }
    }
  }
  itkExceptionMacro("None of the " << total.count
                                   << " pixels that the mask image selects is at least SSIMRadius = " << m_SSIMRadius
                                   << " pixels away from the slices' border; SSIM needs one. Switch ComputeSSIM off or "
                                      "choose a smaller SSIMRadius.");
}
} // end namespace itk
