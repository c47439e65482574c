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
#ifndef itkGaussianWindow_h
#define itkGaussianWindow_h

#include "LatentSpaceSuperResolutionExport.h"

#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
/** A sampled Gaussian of 2 * radius + 1 taps, normalized to the sum 1. Exported for its test.
 * \exception ExceptionObject if sigma is not strictly positive. */
LatentSpaceSuperResolution_EXPORT auto
GaussianWindow(double sigma, unsigned int radius) -> std::vector<double>;

/** The center and the right half of this window. */
std::vector<double>
HalfGaussianWindow(double sigma, unsigned int radius);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkGaussianWindow_h
