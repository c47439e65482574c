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

std::vector<MixedGap>
SynthesisPlan::ListMixedGaps(const Job & job, SizeValueType slices, const AutoencoderArchitecture & architecture)
{
  return job.isExact ? std::vector<MixedGap>{ { job.position.slice, 0.0, 1.0 } }
                     : itk::ListMixedGaps(job.position, slices, architecture);
}

SynthesisPlan::SynthesisPlan(const std::vector<LatentSliceSynthesizer::Position> & positions,
                             const SliceCorrection &                               correction,
                             SizeValueType                                         slices,
                             const AutoencoderArchitecture &                       architecture,
                             bool                                                  decodesSlices)
{
  for (SizeValueType i = 0; i < positions.size(); ++i)
  {
    jobs.push_back({ positions[i], i, true });
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
      const bool isExact = architecture.learnsMixing && correction.NeedsExactAcquiredSlices();
      if (isExact || std::none_of(positions.begin(), positions.end(), isThis))
      {
        jobs.push_back({ { slice, 0.0 }, 0, false, isExact });
      }
    }
  }
  std::vector<SizeValueType> mixed;
  for (const Job & job : jobs)
  {
    for (const MixedGap & gap : ListMixedGaps(job, slices, architecture))
    {
      mixed.push_back(gap.slice);
      mixed.push_back(gap.slice + (gap.alpha > 0.0 ? 1 : 0));
      if (architecture.mixesWithContext && gap.alpha > 0.0)
      {
        mixed.push_back(GetSliceBefore(gap.slice));
        mixed.push_back(GetSliceAfter(gap.slice + 1, slices));
      }
    }
  }
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
