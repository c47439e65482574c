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

#include "itkSynthesisPlan.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace itk
{
namespace
{
void
SortUnique(std::vector<SizeValueType> & numbers)
{
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

} // namespace

std::vector<SizeValueType>
SynthesisPlan::ListMixedSlices(const MixedGap & gap) const
{
  if (gap.alpha == 0.0)
  {
    return { gap.slice };
  }
  if (architecture.mixesWithContext)
  {
    return { GetSliceBefore(gap.slice), gap.slice, gap.slice + 1, GetSliceAfter(gap.slice + 1, slices) };
  }
  return { gap.slice, gap.slice + 1 };
}

SynthesisPlan::SynthesisPlan(const std::vector<LatentSliceSynthesizer::Position> & positions,
                             const SliceCorrection &                               correction,
                             SizeValueType                                         numberOfSlices,
                             const AutoencoderArchitecture &                       modelArchitecture,
                             bool                                                  decodesSlices)
  : slices(numberOfSlices)
  , architecture(modelArchitecture)
{
  // Corrections keep exact acquired slices, or else those at output positions.
  const bool needsExact = architecture.learnsMixing && correction.NeedsExactAcquiredSlices();
  for (SizeValueType i = 0; i < positions.size(); ++i)
  {
    const bool isKept = positions[i].alpha == 0.0 && !needsExact;
    jobs.push_back({ positions[i], ListMixedGaps(positions[i], slices, architecture), i, true, isKept });
    encoded.push_back(positions[i].slice);
    encoded.push_back(GetLastSlice(positions[i]));
    for (const auto & weight : correction.ComputeWeights(positions[i]))
    {
      read.push_back(weight.first);
    }
  }
  SortUnique(encoded);
  if (correction.NeedsDecodedAcquiredSlices() && decodesSlices)
  {
    for (const SizeValueType slice : encoded)
    {
      const auto isThis = [slice](const auto & p) { return p.slice == slice && p.alpha == 0.0; };
      if (needsExact || std::none_of(positions.begin(), positions.end(), isThis))
      {
        const LatentSliceSynthesizer::Position position{ slice, 0.0 };
        auto                                   gaps =
          needsExact ? std::vector<MixedGap>{ { slice, 0.0, 1.0 } } : ListMixedGaps(position, slices, architecture);
        jobs.push_back({ position, std::move(gaps), 0, false, true });
      }
    }
  }
  for (const Job & job : jobs)
  {
    for (const MixedGap & gap : job.gaps)
    {
      const auto mixed = this->ListMixedSlices(gap);
      encoded.insert(encoded.end(), mixed.begin(), mixed.end());
    }
  }
  SortUnique(encoded);
  read.insert(read.end(), encoded.begin(), encoded.end());
  SortUnique(read);
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job & a, const Job & b) {
    const auto key = [](const Job & job) {
      return std::make_tuple(GetTurn(job), !job.isKept, job.position.alpha > 0.0, job.position.alpha, job.isOutput);
    };
    return key(a) < key(b);
  });
}
} // end namespace itk
