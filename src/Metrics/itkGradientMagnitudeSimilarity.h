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
#ifndef itkGradientMagnitudeSimilarity_h
#define itkGradientMagnitudeSimilarity_h

#include "itkSlicePair.h"

#include "LatentSpaceSuperResolutionExport.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** Smallest width and height. The gradient needs three pixels at half the resolution. */
constexpr SizeValueType GradientMagnitudeSimilarityMinimumSize{ 5 };

/** GMSD, the gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik, IEEE TIP 23(2), 2014): the standard
 * deviation of the similarity of Prewitt gradients at half the resolution, with the constant 170 on a scale of 0 to
 * 255. 0 for identical images, larger is worse. Exported for its test.
 * \exception ExceptionObject if the width or the height is below the minimum, or the range is not strictly positive. */
LatentSpaceSuperResolution_EXPORT double
GradientMagnitudeSimilarityDeviation(const SlicePair & slices, double dataRange);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkGradientMagnitudeSimilarity_h
