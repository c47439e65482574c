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

#include "itkMixedGaps.h"

namespace itk
{
std::vector<MixedGap>
ListMixedGaps(const LatentSliceSynthesizer::Position & position,
              SizeValueType                            slices,
              const AutoencoderArchitecture &          architecture)
{
  const bool isNearFirst = position.alpha < NearAcquired;
  const bool isNearSecond = position.alpha > 1.0 - NearAcquired;
  if (!architecture.learnsMixing || slices < 2 || !(isNearFirst || isNearSecond))
  {
    return { { position.slice, position.alpha, 1.0 } };
  }
  const SizeValueType acquired = position.slice + (isNearFirst ? 0 : 1);
  const double        offset = position.alpha - (isNearFirst ? 0.0 : 1.0);
  if (acquired == 0)
  {
    return { { 0, NearAcquired, 1.0 } };
  }
  if (acquired + 1 == slices)
  {
    return { { acquired - 1, 1.0 - NearAcquired, 1.0 } };
  }
  const double weight = 0.5 * (offset / NearAcquired + 1.0);
  return { { acquired - 1, 1.0 - NearAcquired, 1.0 - weight }, { acquired, NearAcquired, weight } };
}
} // end namespace itk
