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

#include "itkPixelErrors.h"

#include <algorithm>
#include <cmath>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/** The number of pixels times the variance of the reference. */
double
SumOfSquaredDeviationsX(const PixelSums & sums)
{
  return sums.xx - sums.x * sums.x / static_cast<double>(sums.count);
}
} // namespace

double
MeanSquaredError(const PixelSums & sums)
{
  return sums.count > 0 ? sums.squaredErrors / static_cast<double>(sums.count) : notANumber;
}

double
MeanAbsoluteError(const PixelSums & sums)
{
  return sums.count > 0 ? sums.absoluteErrors / static_cast<double>(sums.count) : notANumber;
}

double
PeakSignalToNoiseRatio(double meanSquaredError, double dataRange)
{
  return (meanSquaredError == 0.0) ? std::numeric_limits<double>::infinity()
                                   : 10.0 * std::log10(dataRange * dataRange / meanSquaredError);
}

double
NormalizedRootMeanSquaredError(const PixelSums &                                            sums,
                               const double                                                 originX,
                               const ImageQualityMetricsCalculatorEnums::NRMSENormalization normalization)
{
  using NormalizationEnum = ImageQualityMetricsCalculatorEnums::NRMSENormalization;
  const auto   n = static_cast<double>(sums.count);
  const double mean = originX + sums.x / n;
  double       scale = notANumber;
  switch (normalization)
  {
    case NormalizationEnum::Euclidean:
      scale = std::sqrt(std::max(0.0, SumOfSquaredDeviationsX(sums) / n + mean * mean));
      break;
    case NormalizationEnum::MinimumMaximum:
      scale = sums.maximumX - sums.minimumX;
      break;
    case NormalizationEnum::Mean:
      scale = mean;
      break;
  }
  return std::sqrt(MeanSquaredError(sums)) / scale;
}

double
PearsonCorrelation(const PixelSums & sums)
{
  const auto   n = static_cast<double>(sums.count);
  const double varianceX = SumOfSquaredDeviationsX(sums);
  const double varianceY = sums.yy - sums.y * sums.y / n;
  const double covariance = sums.xy - sums.x * sums.y / n;
  return varianceX > 0.0 && varianceY > 0.0 ? std::clamp(covariance / std::sqrt(varianceX * varianceY), -1.0, 1.0)
                                            : notANumber;
}
} // namespace ImageQualityMetrics
} // end namespace itk
