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
#ifndef itkMultiScaleStructuralSimilarity_h
#define itkMultiScaleStructuralSimilarity_h

#include "itkStructuralSimilarity.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** The smallest width and height for a window: 161 for the default window. */
SizeValueType
MultiScaleStructuralSimilarityMinimumSize(const StructuralSimilarityParameters & parameters);

/** Multi-scale SSIM (Wang, Simoncelli, Bovik, Asilomar 2003): five scales with the weights .0448, .2856, .3001, .2363
 * and .1333. From scale to scale, the means of 2 x 2 pixels are taken; an odd last row or column is repeated. NaN if
 * the mean contrast of a scale is negative, for example for an inverted image. Borders are never mirrored.
 * \exception ExceptionObject if the image is smaller than the minimum size */
double
MultiScaleStructuralSimilarity(const SlicePair &                      slices,
                               const StructuralSimilarityParameters & parameters,
                               const ParallelFor &                    parallel = Serially);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkMultiScaleStructuralSimilarity_h
