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
#ifndef itkPixelErrors_h
#define itkPixelErrors_h

#include "itkPixelSums.h"

#include "itkImageQualityMetricsCalculatorEnums.h"

namespace itk
{
namespace ImageQualityMetrics
{
// Metrics that are computed from sums over pixels. Each is NaN if the sums contain no pixel.

double
MeanSquaredError(const PixelSums & sums);

double
MeanAbsoluteError(const PixelSums & sums);

/** PSNR in dB. Infinite if the error is 0. */
double
PeakSignalToNoiseRatio(double meanSquaredError, double dataRange);

/** NRMSE, the root mean squared error divided by the property of the reference that `normalization` selects.
 * \param originX the value that was subtracted from the intensities of the reference */
double
NormalizedRootMeanSquaredError(const PixelSums &                                      sums,
                               double                                                 originX,
                               ImageQualityMetricsCalculatorEnums::NRMSENormalization normalization);

/** Pearson's correlation coefficient; NaN if an image is constant. */
double
PearsonCorrelation(const PixelSums & sums);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkPixelErrors_h
