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
#ifndef itkImageQualityMetricsKernels_h
#define itkImageQualityMetricsKernels_h

#include "LatentSpaceSuperResolutionExport.h"

#include "itkIntTypes.h"

#include <limits>
#include <vector>

namespace itk
{
/** \class ImageQualityMetricsKernels
 *  \brief Structural similarity and visual information fidelity of two 2D buffers in double precision.
 *
 * The compiled half of ImageQualityMetricsCalculator. A buffer holds `height` rows of `width` contiguous values. The
 * first buffer is the reference, the second one the test image. All window filters are separable and are evaluated
 * where the whole window fits into the buffer ("valid" region). Local moments are taken of values from which the mean
 * has been subtracted, so that they stay accurate for images with a large offset.
 *
 * The functions have no state and may be called from any number of threads. They don't check the pixels: NaN or
 * infinite values lead to NaN or infinite results.
 *
 * \sa ImageQualityMetricsCalculator
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT ImageQualityMetricsKernels
{
public:
  /** Parameters of the structural similarity. The defaults are those of Wang et al. (2004). */
  struct SSIMParameters
  {
    /** Standard deviation of the Gaussian window, in pixels. Default 1.5. */
    double GaussianSigma{ 1.5 };
    /** The window has 2 * Radius + 1 taps in each direction. Default 5. */
    unsigned int Radius{ 5 };
    /** The luminance is stabilized by (K1 * DynamicRange)^2. Default 0.01. */
    double K1{ 0.01 };
    /** Contrast and structure are stabilized by (K2 * DynamicRange)^2. Default 0.03. */
    double K2{ 0.03 };
    /** Data range L of the images. Default 255. */
    double DynamicRange{ 255.0 };
  };

  /** Sum of the SSIM map, and the number of map pixels in that sum. */
  struct SSIMResult
  {
    double        Sum{ 0.0 };
    SizeValueType Count{ 0 };

    /** The mean of the map; NaN, if there is no pixel. */
    double
    GetMean() const
    {
      return (Count > 0) ? Sum / static_cast<double>(Count) : std::numeric_limits<double>::quiet_NaN();
    }
  };

  /** The smallest width and height that VIFp() accepts: one pixel is left at the fourth scale. */
  static constexpr SizeValueType VIFpMinimumSize{ 41 };

  /** The sampled Gaussian exp(-x^2 / (2 sigma^2)) at x = -radius, ..., radius, normalized to the sum 1.
   * \exception ExceptionObject if sigma is not strictly positive. */
  static std::vector<double>
  GaussianKernel(double sigma, unsigned int radius);

  /** Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004) with population covariances.
   *
   * \param mask of width * height values, or nullptr: only map pixels at which it is nonzero are summed up. The map
   * itself is made of the whole images.
   * \param map of (width - 2 * Radius) * (height - 2 * Radius) values, or nullptr: receives the whole map, whose first
   * pixel belongs to the image's pixel (Radius, Radius).
   * \exception ExceptionObject if the buffers are smaller than the window, or the sigma is not strictly positive. */
  static SSIMResult
  SSIM(const double *         reference,
       const double *         test,
       SizeValueType          width,
       SizeValueType          height,
       const SSIMParameters & parameters,
       const unsigned char *  mask = nullptr,
       double *               map = nullptr);

  /** Visual information fidelity in the pixel domain (Sheikh, Bovik, IEEE TIP 15(2), 2006): four scales with Gaussian
   * windows of 17, 9, 5 and 3 taps, sigma a fifth of the taps, variance of the visual noise 2 on a scale of 0 to 255.
   *
   * \param dynamicRange data range L: the images are measured as if they had been multiplied by 255 / L.
   * \return 0 for no information, about 1 for identical images, more than 1 for an enhanced contrast. For a reference
   * without any information (constant), 1 if the test image is identical to it and NaN otherwise.
   * \exception ExceptionObject if the width or the height is under VIFpMinimumSize, or the range is not strictly
   * positive. */
  static double
  VIFp(const double * reference, const double * test, SizeValueType width, SizeValueType height, double dynamicRange);
};
} // end namespace itk

#endif // itkImageQualityMetricsKernels_h
