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

// The computation of ImageQualityMetricsCalculatorBase. Its checks are in itkImageQualityMetricsCalculatorBaseChecks,
// its getters in itkImageQualityMetricsCalculatorBaseResults. Each metric has its own file.

#include "itkImageQualityMetricsCalculatorBase.h"

#include "itkFourierCorrelation.h"
#include "itkNormalizedMutualInformation.h"
#include "itkPixelErrors.h"
#include "itkSliceMetrics.h"
#include "itkStructuralSimilarity3D.h"

namespace itk
{
using namespace ImageQualityMetrics;

void
ImageQualityMetricsCalculatorBase::Compute()
{
  m_ResultsMTime = 0;
  this->VerifyImages();
  const ModifiedTimeType inputMTime = this->GetInputMTime();
  const ImagePair        images = this->MakeImagePair();
  const SliceLayout      layout = MakeSliceLayout(images.size, m_SliceAxis);
  this->VerifyParameters(layout);

  m_SSIMMap.assign(m_KeepSSIMMaps && m_ComputeSSIM ? images.NumberOfPixels() : 0, 0.0);
  m_SSIM3DMap.assign(m_KeepSSIMMaps && m_ComputeSSIM3D ? images.NumberOfPixels() : 0, 0.0);

  // 0 stands for ITK's global default.
  const ThreadIdType       workUnits = m_AutomaticNumberOfWorkUnits ? 0 : m_NumberOfWorkUnits;
  std::vector<SliceResult> slices(layout.numberOfSlices);
  const PixelSums          total = this->ComputeSlices(images, layout, workUnits, slices);
  this->StoreSliceResults(slices);
  this->StorePixelErrors(total, FindPixelOrigin(images).x);
  this->ComputeVolumes(images, layout, workUnits, total);
  m_ResultsMTime = inputMTime;
}

PixelSums
ImageQualityMetricsCalculatorBase::ComputeSlices(const ImagePair &          images,
                                                 const SliceLayout &        layout,
                                                 ThreadIdType               workUnits,
                                                 std::vector<SliceResult> & slices)
{
  // The images are read once, or twice if metrics of slices need a data range that must be found first.
  const bool isDataRangeKnown = !m_AutomaticDataRange || m_DataRangeSource == DataRangeSourceEnum::PixelType;
  m_DataRangeUsed = isDataRangeKnown ? this->FindDataRange({}) : 0.0;
  SliceMetricsParameters parameters = this->MakeSliceMetricsParameters();
  const bool             isOnePass = isDataRangeKnown && parameters.IsAnyOn();
  MeasureSlices(images, layout, parameters, isOnePass ? SlicePass::SumsAndMetrics : SlicePass::Sums, workUnits, slices);
  PixelSums total;
  for (const SliceResult & slice : slices)
  {
    total.Add(slice.sums);
  }
  this->VerifyPixels(layout, slices, total);
  m_DataRangeUsed = this->FindDataRange(total);
  if (!isOnePass && parameters.IsAnyOn())
  {
    parameters = this->MakeSliceMetricsParameters();
    MeasureSlices(images, layout, parameters, SlicePass::Metrics, workUnits, slices);
  }
  return total;
}

void
ImageQualityMetricsCalculatorBase::ComputeVolumes(const ImagePair &   images,
                                                  const SliceLayout & layout,
                                                  ThreadIdType        workUnits,
                                                  const PixelSums &   total)
{
  if (m_ComputeSSIM3D)
  {
    const PixelOrigin           origin = FindPixelOrigin(images);
    const auto                  n = static_cast<double>(total.count);
    const std::array<double, 2> means{ origin.x + total.x / n, origin.y + total.y / n };
    m_SSIM3D = StructuralSimilarity3D(images,
                                      this->MakeSSIMParameters(),
                                      means,
                                      { m_AverageWholeMap, m_KeepSSIMMaps ? &m_SSIM3DMap : nullptr },
                                      MakeParallelFor(workUnits));
  }
  if (m_ComputeNMI)
  {
    m_NMI = NormalizedMutualInformation(images, layout, total, m_NumberOfHistogramBins, MakeParallelFor(workUnits));
  }
  if (m_ComputeFourierCorrelation)
  {
    FourierCorrelationResult fourier = FourierCorrelation(images, m_UseImageSpacing, NumberOfThreads(workUnits));
    m_FourierFrequencies = std::move(fourier.frequencies);
    m_FourierCorrelation = std::move(fourier.correlation);
  }
}

ImagePair
ImageQualityMetricsCalculatorBase::MakeImagePair() const
{
  const ImageProperties properties = this->GetImageProperties();
  ImagePair             images;
  images.size = properties.size;
  images.spacing = properties.spacing;
  images.copyReference = [this](auto... arguments) { this->CopyReferencePixels(arguments...); };
  images.copyTest = [this](auto... arguments) { this->CopyTestPixels(arguments...); };
  if (properties.hasMask)
  {
    images.copyMask = [this](auto... arguments) { this->CopyMaskPixels(arguments...); };
  }
  return images;
}

StructuralSimilarityParameters
ImageQualityMetricsCalculatorBase::MakeSSIMParameters() const
{
  StructuralSimilarityParameters parameters;
  parameters.gaussianSigma = m_GaussianSigma;
  parameters.radius = m_SSIMRadius;
  parameters.k1 = m_K1;
  parameters.k2 = m_K2;
  parameters.dataRange = m_DataRangeUsed;
  parameters.uniformWindow = m_SSIMWindow == SSIMWindowEnum::Uniform;
  parameters.sampleCovariance = m_UseSampleCovariance;
  // A map covers the whole image, even if only the part where the window fits is averaged.
  parameters.mirrorBorders = m_AverageWholeMap || m_KeepSSIMMaps;
  return parameters;
}

SliceMetricsParameters
ImageQualityMetricsCalculatorBase::MakeSliceMetricsParameters()
{
  SliceMetricsParameters parameters;
  parameters.computeSSIM = m_ComputeSSIM;
  parameters.computeMultiScaleSSIM = m_ComputeMultiScaleSSIM;
  parameters.computeVIFp = m_ComputeVIFp;
  parameters.computeWaveletVIF = m_ComputeWaveletVIF;
  parameters.computeGMSD = m_ComputeGMSD;
  parameters.computeHFEN = m_ComputeHFEN;
  parameters.computeGradientError = m_ComputeGradientError;
  parameters.ssim = this->MakeSSIMParameters();
  parameters.averageWholeMap = m_AverageWholeMap;
  parameters.ssimMap = m_KeepSSIMMaps ? &m_SSIMMap : nullptr;
  parameters.dataRange = m_DataRangeUsed;
  return parameters;
}

double
ImageQualityMetricsCalculatorBase::FindDataRange(const PixelSums & total) const
{
  if (!m_AutomaticDataRange)
  {
    return m_DataRange;
  }
  switch (m_DataRangeSource)
  {
    case DataRangeSourceEnum::ReferenceMinimumMaximum:
      return total.referenceMaximum - total.referenceMinimum;
    case DataRangeSourceEnum::ReferenceMaximum:
      return total.referenceMaximum;
    case DataRangeSourceEnum::PixelType:
      return this->GetImageProperties().pixelTypeRange;
  }
  itkExceptionMacro("DataRangeSource is not a known source (got " << m_DataRangeSource << ").");
}

void
ImageQualityMetricsCalculatorBase::StoreSliceResults(const std::vector<SliceResult> & slices)
{
  StructuralSimilaritySum pooledSSIM;
  HighFrequencyErrorSums  pooledHFEN;
  for (auto * list : { &m_SliceMSE,
                       &m_SlicePSNR,
                       &m_SliceSSIM,
                       &m_SliceMultiScaleSSIM,
                       &m_SliceVIFp,
                       &m_SliceWaveletVIF,
                       &m_SliceGMSD,
                       &m_SliceHFEN,
                       &m_SliceGradientError })
  {
    list->clear();
  }
  for (const SliceResult & slice : slices)
  {
    pooledSSIM.Add(slice.ssim);
    pooledHFEN.Add(slice.hfen);
    m_SliceMSE.push_back(MeanSquaredError(slice.sums));
    m_SlicePSNR.push_back(PeakSignalToNoiseRatio(m_SliceMSE.back(), m_DataRangeUsed));
    m_SliceSSIM.push_back(slice.ssim.GetMean());
    m_SliceMultiScaleSSIM.push_back(slice.multiScaleSSIM);
    m_SliceVIFp.push_back(slice.vifp);
    m_SliceWaveletVIF.push_back(slice.waveletVIF);
    m_SliceGMSD.push_back(slice.gmsd);
    m_SliceHFEN.push_back(slice.hfen.GetNorm());
    m_SliceGradientError.push_back(slice.gradientError);
  }
  m_PooledSSIM = pooledSSIM.GetMean();
  m_HFEN = pooledHFEN.GetNorm();
}

void
ImageQualityMetricsCalculatorBase::StorePixelErrors(const PixelSums & total, double originX)
{
  m_MSE = MeanSquaredError(total);
  m_MAE = MeanAbsoluteError(total);
  m_NRMSE = NormalizedRootMeanSquaredError(total, originX, m_NRMSENormalization);
  m_PearsonCorrelation = PearsonCorrelation(total);
}
} // end namespace itk
