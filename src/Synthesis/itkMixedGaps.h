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
#ifndef itkMixedGaps_h
#define itkMixedGaps_h

#include "itkAutoencoderArchitecture.h"
#include "itkLatentSliceSynthesizer.h"

#include <vector>

namespace itk
{
/** A mix of the latents of two neighboring slices, with its weight in the latent of a position. */
struct MixedGap
{
  /** The first of the two slices. */
  SizeValueType slice{ 0 };
  /** Share of the way to the second slice; 0: only the first slice is used. */
  double alpha{ 0.0 };
  double weight{ 1.0 };
};

/** The mixes whose weighted sum is the latent of a position.
 *
 * Linear mixing has one. Learned mixing has one, too, unless the position is closer than NearAcquired to an acquired
 * slice. There the correction vanishes, and with it the removal of noise: acquired slices would stand out, as a line
 * every few slices. Trainings don't know such positions, because no slice was acquired there. So the latent is
 * interpolated linearly between the mixes at the distance NearAcquired on both sides of the acquired slice. It is a
 * continuous function of the position. At the ends of the stack there is only one side. */
std::vector<MixedGap>
ListMixedGaps(const LatentSliceSynthesizer::Position & position,
              SizeValueType                            slices,
              const AutoencoderArchitecture &          architecture);

/** The distance described above, in slice distances. At .1, slices at acquired positions differ from their neighbors as
 * much as other slices do (docs/output-modes.md). */
constexpr double NearAcquired = 0.1;
} // end namespace itk

#endif // itkMixedGaps_h
