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
#ifndef itkInterpolationWeights_h
#define itkInterpolationWeights_h

#include "itkLatentSliceSynthesizer.h"

#include <map>

namespace itk
{
/** Weights of the acquired slices, by their indices, in an interpolation along the slice axis. Their sum is 1. */
using InterpolationWeights = std::map<SizeValueType, double>;

InterpolationWeights
ComputeLinearWeights(const LatentSliceSynthesizer::Position & position);

/** Lanczos interpolation (radius 3) of a stack that is sharpened against the blur of the slice profile, see
 * LatentSpaceSuperResolutionImageFilterEnums::OutputMode. The first and the last slice are repeated beyond the ends of
 * the stack.
 * \param profileSigma standard deviation of the profile in slice distances; 0: no sharpening */
InterpolationWeights
ComputeProfileWeights(const LatentSliceSynthesizer::Position & position, SizeValueType slices, double profileSigma);
} // end namespace itk

#endif // itkInterpolationWeights_h
