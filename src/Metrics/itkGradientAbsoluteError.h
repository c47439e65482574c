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
#ifndef itkGradientAbsoluteError_h
#define itkGradientAbsoluteError_h

#include "itkParallelFor.h"
#include "itkSlicePair.h"

#include "LatentSpaceSuperResolutionExport.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** The smallest width and height: a difference needs two pixels. */
constexpr SizeValueType GradientAbsoluteErrorMinimumSize{ 2 };

/** MAEG, the mean over all pixels of the absolute difference of the magnitudes of the gradients, in units of intensity
 * per pixel: central differences, at the border one-sided ones. 0 for identical images. It is exported for its test.
 * \exception ExceptionObject if the width or the height is under the minimum */
LatentSpaceSuperResolution_EXPORT double
GradientAbsoluteError(const SlicePair & slices, const ParallelFor & parallel = Serially);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkGradientAbsoluteError_h
