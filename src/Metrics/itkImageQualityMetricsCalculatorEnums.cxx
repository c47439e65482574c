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

#include "itkImageQualityMetricsCalculatorEnums.h"

namespace itk
{
std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::DataRangeSource value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMinimumMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMinimumMaximum";
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMaximum";
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::PixelType:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::PixelType";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::DataRangeSource";
  }();
}

std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::SSIMWindow value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::SSIMWindow::Gaussian:
        return "itk::ImageQualityMetricsCalculatorEnums::SSIMWindow::Gaussian";
      case ImageQualityMetricsCalculatorEnums::SSIMWindow::Uniform:
        return "itk::ImageQualityMetricsCalculatorEnums::SSIMWindow::Uniform";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::SSIMWindow";
  }();
}

std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::NRMSENormalization value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::Euclidean:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::Euclidean";
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::MinimumMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::MinimumMaximum";
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::Mean:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::Mean";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization";
  }();
}
} // end namespace itk
