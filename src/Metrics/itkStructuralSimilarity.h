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
#ifndef itkStructuralSimilarity_h
#define itkStructuralSimilarity_h

#include "itkParallelFor.h"
#include "itkSlicePair.h"

#include "LatentSpaceSuperResolutionExport.h"

#include <limits>

namespace itk
{
namespace ImageQualityMetrics
{
/** Parameters of SSIM in 2D, in 3D and of its multi-scale form. The defaults are those of Wang et al. (2004). */
struct StructuralSimilarityParameters
{
  /** Standard deviation of the Gaussian window, in pixels. */
  double gaussianSigma{ 1.5 };
  /** The window has 2 * radius + 1 taps in each direction. */
  unsigned int radius{ 5 };
  /** The luminance is stabilized by (k1 * dataRange)^2. */
  double k1{ 0.01 };
  /** Contrast and structure are stabilized by (k2 * dataRange)^2. */
  double k2{ 0.03 };
  /** Data range L of the images. */
  double dataRange{ 255.0 };
  /** Whether all taps of the window are equal. Otherwise the window is a Gaussian. */
  bool uniformWindow{ false };
  /** Whether to use sample covariances (divided by the number of taps minus one). Otherwise, population covariances are
   * used. */
  bool sampleCovariance{ false };
  /** Whether the map has the size of the image, with images mirrored at the outer edges of their border pixels.
   * Otherwise, pixels at which the window does not fit are left out. */
  bool mirrorBorders{ false };
};

/** The sum of similarities, and the number of pixels in that sum. */
struct StructuralSimilaritySum
{
  double        sum{ 0.0 };
  SizeValueType count{ 0 };

  void
  Add(const StructuralSimilaritySum & other)
  {
    sum += other.sum;
    count += other.count;
  }

  /** NaN if there is no pixel. */
  double
  GetMean() const
  {
    return (count > 0) ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
  }
};

/** SSIM, the structural similarity in 2D (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004), summed over the
 * pixels at which the whole window fits into the image, or over all pixels with mirrorBorders. Exported for its test.
 *
 * \param mask null, or a buffer of the size of the images. Only pixels where it is not zero are summed.
 * \param map null, or a buffer for the similarities: (width - 2 * radius) x (height - 2 * radius) values, or width x
 * height values with mirrorBorders.
 * \exception ExceptionObject if the window does not fit into the image, or gaussianSigma is not strictly positive. */
LatentSpaceSuperResolution_EXPORT StructuralSimilaritySum
StructuralSimilarity(const SlicePair &                      slices,
                     const StructuralSimilarityParameters & parameters,
                     const unsigned char *                  mask = nullptr,
                     double *                               map = nullptr,
                     const ParallelFor &                    parallel = Serially);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkStructuralSimilarity_h
