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
#ifndef itkSynthesisPlan_h
#define itkSynthesisPlan_h

#include "itkAutoencoderArchitecture.h"
#include "itkLatentSliceSynthesizer.h"
#include "itkMixedGaps.h"
#include "itkSliceCorrection.h"

#include <vector>

namespace itk
{
/** The acquired slices to read and to encode, and the slices to decode, in order. */
struct SynthesisPlan
{
  /** A slice to decode: a requested slice, or an acquired slice that a correction needs. */
  struct Job
  {
    LatentSliceSynthesizer::Position position;
    /** The mixes whose weighted sum is decoded. */
    std::vector<MixedGap> gaps;
    /** Index of the requested position. */
    SizeValueType number{ 0 };
    bool          isOutput{ false };
    /** Whether SliceCorrection::Keep() gets the decoded slice, which is at an acquired slice. */
    bool isKept{ false };
  };

  /** \param numberOfSlices number of acquired slices
   * \param decodesSlices false if slices are only interpolated */
  SynthesisPlan(const std::vector<LatentSliceSynthesizer::Position> & positions,
                const SliceCorrection &                               correction,
                SizeValueType                                         numberOfSlices,
                const AutoencoderArchitecture &                       modelArchitecture,
                bool                                                  decodesSlices);

  /** The later one of the two acquired slices around a position. */
  static SizeValueType
  GetLastSlice(const LatentSliceSynthesizer::Position & position)
  {
    return position.slice + (position.alpha > 0.0 ? 1 : 0);
  }

  /** The slices before and after an acquired slice. At the ends of the stack, the slice itself stands in. */
  static SizeValueType
  GetSliceBefore(SizeValueType slice)
  {
    return slice > 0 ? slice - 1 : slice;
  }
  static SizeValueType
  GetSliceAfter(SizeValueType slice, SizeValueType slices)
  {
    return slice + 1 < slices ? slice + 1 : slice;
  }

  /** The acquired slice in whose turn a job is computed: the later one of the two around its position. A slice that a
   * correction keeps is decoded one turn earlier, so that the slices around it do not wait for it. */
  static int64_t
  GetTurn(const Job & job)
  {
    return static_cast<int64_t>(GetLastSlice(job.position)) - (job.isKept ? 1 : 0);
  }

  /** The acquired slices whose latents a mix depends on, with their context, in rising order. */
  std::vector<SizeValueType>
  ListMixedSlices(const MixedGap & gap) const;

  /** Number of acquired slices. */
  SizeValueType           slices;
  AutoencoderArchitecture architecture;
  /** The acquired slices to read, and those of them to encode: the slices around positions, those that are mixed, and
   * their context. In rising order. */
  std::vector<SizeValueType> read;
  std::vector<SizeValueType> encoded;
  /** Sorted by their turns, kept slices first, then by their positions. */
  std::vector<Job> jobs;
};
} // end namespace itk

#endif // itkSynthesisPlan_h
