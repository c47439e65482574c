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
#ifndef itkImageQualityMetricsCalculatorEnums_h
#define itkImageQualityMetricsCalculatorEnums_h

#include "LatentSpaceSuperResolutionExport.h"

#include <cstdint>
#include <ostream>

namespace itk
{
/** \class ImageQualityMetricsCalculatorEnums
 * \brief Enumerations of ImageQualityMetricsCalculator.
 * \ingroup LatentSpaceSuperResolution
 */
class ImageQualityMetricsCalculatorEnums
{
public:
  /** \class DataRangeSource
   * \ingroup LatentSpaceSuperResolution
   * Source of an automatic data range: the maximum minus the minimum of the reference image, its maximum, or the range
   * of its pixel type, which must be an integer type. */
  enum class DataRangeSource : uint8_t
  {
    ReferenceMinimumMaximum = 0,
    ReferenceMaximum,
    PixelType
  };

  /** \class SSIMWindow
   * \ingroup LatentSpaceSuperResolution
   * Window of the structural similarity: a sampled Gaussian (Wang et al. 2004), or equal weights. */
  enum class SSIMWindow : uint8_t
  {
    Gaussian = 0,
    Uniform
  };

  /** \class NRMSENormalization
   * \ingroup LatentSpaceSuperResolution
   * Divisor of the root mean squared error: the root mean square of the reference image, its maximum minus its minimum,
   * or its mean. */
  enum class NRMSENormalization : uint8_t
  {
    Euclidean = 0,
    MinimumMaximum,
    Mean
  };
};

/** Print an enumerator by its name. */
extern LatentSpaceSuperResolution_EXPORT std::ostream &
operator<<(std::ostream & out, ImageQualityMetricsCalculatorEnums::DataRangeSource value);
extern LatentSpaceSuperResolution_EXPORT std::ostream &
operator<<(std::ostream & out, ImageQualityMetricsCalculatorEnums::SSIMWindow value);
extern LatentSpaceSuperResolution_EXPORT std::ostream &
operator<<(std::ostream & out, ImageQualityMetricsCalculatorEnums::NRMSENormalization value);
} // end namespace itk

#endif // itkImageQualityMetricsCalculatorEnums_h
