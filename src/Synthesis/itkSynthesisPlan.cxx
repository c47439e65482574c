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

/** The acquired slices whose latents are mixed for jobs, and their context. */
std::vector<SizeValueType>
ListMixedSlices(const std::vector<SynthesisPlan::Job> & jobs, SizeValueType slices, bool mixesWithContext)
{
  std::vector<SizeValueType> mixed;
  for (const SynthesisPlan::Job & job : jobs)
  {
    for (const MixedGap & gap : job.gaps)
    {
      mixed.push_back(gap.slice);
      if (gap.alpha > 0.0)
      {
        mixed.push_back(gap.slice + 1);
        if (mixesWithContext)
        {
          mixed.push_back(SynthesisPlan::GetSliceBefore(gap.slice));
          mixed.push_back(SynthesisPlan::GetSliceAfter(gap.slice + 1, slices));
        }
      }
    }
  }
  return mixed;
}
} // namespace

SynthesisPlan::SynthesisPlan(const std::vector<LatentSliceSynthesizer::Position> & positions,
                             const SliceCorrection &                               correction,
                             SizeValueType                                         slices,
                             const AutoencoderArchitecture &                       architecture,
                             bool                                                  decodesSlices)
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
  const auto mixed = ListMixedSlices(jobs, slices, architecture.mixesWithContext);
  encoded.insert(encoded.end(), mixed.begin(), mixed.end());
  SortUnique(encoded);
  read.insert(read.end(), encoded.begin(), encoded.end());
  SortUnique(read);
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job & a, const Job & b) {
    const auto key = [](const Job & job) {
      return std::make_tuple(GetLastSlice(job.position), job.position.alpha > 0.0, job.position.alpha, job.isOutput);
    };
    return key(a) < key(b);
  });
}
} // end namespace itk
