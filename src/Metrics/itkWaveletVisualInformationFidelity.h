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
#ifndef itkWaveletVisualInformationFidelity_h
#define itkWaveletVisualInformationFidelity_h

#include "itkVisualInformationFidelity.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** Smallest width and height. The coarsest of four levels still has a block inside of its border. */
constexpr SizeValueType WaveletVisualInformationFidelityMinimumSize{ 65 };

/** Wavelet VIF, the visual information fidelity in the wavelet domain (Sheikh, Bovik, IEEE TIP 15(2), 2006): two
 * orientations of each of the four levels of a steerable pyramid, vectors of 3 x 3 coefficients, and a variance of the
 * visual noise of 0.4 on an intensity scale of 0 to 255. Parameters and special values are those of
 * VisualInformationFidelity(). Exported for its test.
 * \exception ExceptionObject if the width or the height is below the minimum, or the range is not strictly positive. */
LatentSpaceSuperResolution_EXPORT double
WaveletVisualInformationFidelity(const SlicePair & slices, double dataRange, const ParallelFor & parallel = Serially);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkWaveletVisualInformationFidelity_h
