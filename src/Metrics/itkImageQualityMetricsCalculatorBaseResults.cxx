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

// The results of ImageQualityMetricsCalculatorBase: getters, which throw if results are missing or stale, and
// PrintSelf().

#include "itkImageQualityMetricsCalculatorBase.h"

#include "itkFourierCorrelation.h"
#include "itkPixelErrors.h"

#include <cmath>
#include <limits>

namespace itk
{
namespace
{
/** The mean of the values that are not NaN. */
double
MeanOfDefined(const std::vector<double> & values)
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
} // namespace

void
ImageQualityMetricsCalculatorBase::VerifyResults(const char * name, bool isComputed) const
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

void
ImageQualityMetricsCalculatorBase::VerifyMapIsKept() const
{
  if (!m_KeepSSIMMaps)
  {
    itkExceptionMacro("The map has not been kept: KeepSSIMMaps is off. Switch it on, and call Compute().");
  }
}

const std::vector<double> &
ImageQualityMetricsCalculatorBase::GetSSIMMapValues() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  this->VerifyMapIsKept();
  return m_SSIMMap;
}

const std::vector<double> &
ImageQualityMetricsCalculatorBase::GetSSIM3DMapValues() const
{
  this->VerifyResults("SSIM3D", m_ComputeSSIM3D);
  this->VerifyMapIsKept();
  return m_SSIM3DMap;
}

double
ImageQualityMetricsCalculatorBase::GetDataRangeUsed() const
{
  this->VerifyResults("DataRangeUsed");
  return m_DataRangeUsed;
}

SizeValueType
ImageQualityMetricsCalculatorBase::GetNumberOfSlices() const
{
  this->VerifyResults("NumberOfSlices");
  return m_SliceMSE.size();
}

double
ImageQualityMetricsCalculatorBase::GetMSE() const
{
  this->VerifyResults("MSE");
  return m_MSE;
}

double
ImageQualityMetricsCalculatorBase::GetRMSE() const
{
  this->VerifyResults("RMSE");
  return std::sqrt(m_MSE);
}

double
ImageQualityMetricsCalculatorBase::GetNRMSE() const
{
  this->VerifyResults("NRMSE");
  return m_NRMSE;
}

double
ImageQualityMetricsCalculatorBase::GetMAE() const
{
  this->VerifyResults("MAE");
  return m_MAE;
}

double
ImageQualityMetricsCalculatorBase::GetPSNR() const
{
  this->VerifyResults("PSNR");
  return ImageQualityMetrics::PeakSignalToNoiseRatio(m_MSE, m_DataRangeUsed);
}

double
ImageQualityMetricsCalculatorBase::GetMeanSlicePSNR() const
{
  this->VerifyResults("MeanSlicePSNR");
  return MeanOfDefined(m_SlicePSNR);
}

double
ImageQualityMetricsCalculatorBase::GetPearsonCorrelation() const
{
  this->VerifyResults("PearsonCorrelation");
  return m_PearsonCorrelation;
}

double
ImageQualityMetricsCalculatorBase::GetSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return MeanOfDefined(m_SliceSSIM);
}

double
ImageQualityMetricsCalculatorBase::GetPooledSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_PooledSSIM;
}

double
ImageQualityMetricsCalculatorBase::GetSSIM3D() const
{
  this->VerifyResults("SSIM3D", m_ComputeSSIM3D);
  return m_SSIM3D;
}

double
ImageQualityMetricsCalculatorBase::GetHFEN() const
{
  this->VerifyResults("HFEN", m_ComputeHFEN);
  return m_HFEN;
}

double
ImageQualityMetricsCalculatorBase::GetNMI() const
{
  this->VerifyResults("NMI", m_ComputeNMI);
  return m_NMI;
}

double
ImageQualityMetricsCalculatorBase::GetMultiScaleSSIM() const
{
  this->VerifyResults("MultiScaleSSIM", m_ComputeMultiScaleSSIM);
  return MeanOfDefined(m_SliceMultiScaleSSIM);
}

double
ImageQualityMetricsCalculatorBase::GetVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return MeanOfDefined(m_SliceVIFp);
}

double
ImageQualityMetricsCalculatorBase::GetWaveletVIF() const
{
  this->VerifyResults("WaveletVIF", m_ComputeWaveletVIF);
  return MeanOfDefined(m_SliceWaveletVIF);
}

double
ImageQualityMetricsCalculatorBase::GetGMSD() const
{
  this->VerifyResults("GMSD", m_ComputeGMSD);
  return MeanOfDefined(m_SliceGMSD);
}

double
ImageQualityMetricsCalculatorBase::GetGradientError() const
{
  this->VerifyResults("GradientError", m_ComputeGradientError);
  return MeanOfDefined(m_SliceGradientError);
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetFourierCorrelation() const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  return m_FourierCorrelation;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetFourierFrequencies() const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  return m_FourierFrequencies;
}

double
ImageQualityMetricsCalculatorBase::GetFourierResolution(double threshold) const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  return ImageQualityMetrics::FourierResolution({ m_FourierFrequencies, m_FourierCorrelation }, threshold);
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceMSE() const
{
  this->VerifyResults("SliceMSE");
  return m_SliceMSE;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSlicePSNR() const
{
  this->VerifyResults("SlicePSNR");
  return m_SlicePSNR;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_SliceSSIM;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceMultiScaleSSIM() const
{
  this->VerifyResults("MultiScaleSSIM", m_ComputeMultiScaleSSIM);
  return m_SliceMultiScaleSSIM;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return m_SliceVIFp;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceWaveletVIF() const
{
  this->VerifyResults("WaveletVIF", m_ComputeWaveletVIF);
  return m_SliceWaveletVIF;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceGMSD() const
{
  this->VerifyResults("GMSD", m_ComputeGMSD);
  return m_SliceGMSD;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceHFEN() const
{
  this->VerifyResults("HFEN", m_ComputeHFEN);
  return m_SliceHFEN;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceGradientError() const
{
  this->VerifyResults("GradientError", m_ComputeGradientError);
  return m_SliceGradientError;
}

void
ImageQualityMetricsCalculatorBase::PrintSelf(std::ostream & os, Indent indent) const
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
  const auto print = [&os, indent](const char * name, const auto & value) {
    os << indent << name << ": " << value << std::endl;
  };
  const auto printSwitch = [&print](const char * name, bool isOn) { print(name, isOn ? "On" : "Off"); };

  print("DataRange", m_DataRange);
  printSwitch("AutomaticDataRange", m_AutomaticDataRange);
  print("DataRangeSource", m_DataRangeSource);
  print("SliceAxis", m_SliceAxis);
  print("NRMSENormalization", m_NRMSENormalization);
  print("SSIMWindow", m_SSIMWindow);
  print("GaussianSigma", m_GaussianSigma);
  print("SSIMRadius", m_SSIMRadius);
  printSwitch("UseSampleCovariance", m_UseSampleCovariance);
  printSwitch("AverageWholeMap", m_AverageWholeMap);
  print("K1", m_K1);
  print("K2", m_K2);
  print("NumberOfHistogramBins", m_NumberOfHistogramBins);
  printSwitch("UseImageSpacing", m_UseImageSpacing);
  printSwitch("ComputeSSIM", m_ComputeSSIM);
  printSwitch("ComputeSSIM3D", m_ComputeSSIM3D);
  printSwitch("ComputeMultiScaleSSIM", m_ComputeMultiScaleSSIM);
  printSwitch("ComputeVIFp", m_ComputeVIFp);
  printSwitch("ComputeWaveletVIF", m_ComputeWaveletVIF);
  printSwitch("ComputeGMSD", m_ComputeGMSD);
  printSwitch("ComputeHFEN", m_ComputeHFEN);
  printSwitch("ComputeGradientError", m_ComputeGradientError);
  printSwitch("ComputeFourierCorrelation", m_ComputeFourierCorrelation);
  printSwitch("ComputeNMI", m_ComputeNMI);
  printSwitch("KeepSSIMMaps", m_KeepSSIMMaps);
  print("NumberOfWorkUnits", m_NumberOfWorkUnits);
  printSwitch("AutomaticNumberOfWorkUnits", m_AutomaticNumberOfWorkUnits);
  print("ResultsMTime", m_ResultsMTime);
  print("DataRangeUsed", m_DataRangeUsed);
  print("MSE", m_MSE);
  print("MAE", m_MAE);
  print("NRMSE", m_NRMSE);
  print("PearsonCorrelation", m_PearsonCorrelation);
  print("PooledSSIM", m_PooledSSIM);
  print("SSIM3D", m_SSIM3D);
  print("HFEN", m_HFEN);
  print("NMI", m_NMI);
  printList("SliceMSE", m_SliceMSE);
  printList("SlicePSNR", m_SlicePSNR);
  printList("SliceSSIM", m_SliceSSIM);
  printList("SliceMultiScaleSSIM", m_SliceMultiScaleSSIM);
  printList("SliceVIFp", m_SliceVIFp);
  printList("SliceWaveletVIF", m_SliceWaveletVIF);
  printList("SliceGMSD", m_SliceGMSD);
  printList("SliceHFEN", m_SliceHFEN);
  printList("SliceGradientError", m_SliceGradientError);
  printList("FourierCorrelation", m_FourierCorrelation);
  printList("FourierFrequencies", m_FourierFrequencies);
  print("SSIMMap", m_SSIMMap.size());
  print("SSIM3DMap", m_SSIM3DMap.size());
}
} // end namespace itk
