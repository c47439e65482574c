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
#ifndef itkVisualInformationFidelity_h
#define itkVisualInformationFidelity_h

#include "itkParallelFor.h"
#include "itkSlicePair.h"

#include "LatentSpaceSuperResolutionExport.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** Smallest width and height for VIFp. The coarsest of four scales still holds one window. */
constexpr SizeValueType VisualInformationFidelityMinimumSize{ 41 };

/** The information that the test image and the reference carry. VIF is their ratio. */
struct VisualInformation
{
  double test{ 0.0 };
  double reference{ 0.0 };

  void
  Add(const VisualInformation & other)
  {
    test += other.test;
    reference += other.reference;
  }

  /** VIF. If the reference has no information (is constant): 1 if the test image is identical to it, otherwise NaN. */
  double
  GetFidelity(const SlicePair & slices) const;
};

/** VIFp, the visual information fidelity in the pixel domain (Sheikh, Bovik, IEEE TIP 15(2), 2006): four scales with
 * Gaussian windows of 17, 9, 5 and 3 taps, a sigma of a fifth of the taps, and a variance of the visual noise of 2 on
 * an intensity scale of 0 to 255. Exported for its test.
 *
 * \param dataRange data range L: the images are measured as if they had been multiplied by 255 / L.
 * \return 0 for no information, about 1 for identical images, above 1 if the test image has more contrast.
 * \exception ExceptionObject if the width or the height is below the minimum, or the range is not strictly positive. */
LatentSpaceSuperResolution_EXPORT double
VisualInformationFidelity(const SlicePair & slices, double dataRange, const ParallelFor & parallel = Serially);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkVisualInformationFidelity_h
