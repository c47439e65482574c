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
#ifndef itkSlicePartMatches_h
#define itkSlicePartMatches_h

#include "itkSliceParts.h"

#include <array>
#include <utility>

namespace itk
{
namespace LabelSlices
{
/** What becomes of the parts of two neighboring acquired slices between these slices. */
struct SlicePartMatches
{
  enum class Role : unsigned char
  {
    /** The part overlaps parts of its label in the other slice. Its shape changes into theirs. */
    Overlapping,
    /** The part moves to a part of the other slice. */
    Moving,
    /** The other slice has nothing that the part could change into. It ends in the middle between the slices. */
    Ending
  };

  /** The roles of the parts of both slices. */
  std::array<std::vector<Role>, 2> roles;
  /** The numbers of the parts of the first and the second slice that are Moving. */
  std::vector<std::pair<std::uint32_t, std::uint32_t>> movingPairs;
};

/** Match the parts of two neighboring slices.
 *
 * Two parts of the same label are a moving pair if they are likely to be the same thin structure, which crosses the
 * slices obliquely: they overlap no other part of their label; their overlap is less than half of the smaller part;
 * their areas differ by a factor of 4 at most; and their centers are not farther apart than twice the slice distance.
 * If parts overlap none, each has to be the part that is nearest to the other.
 *
 * \param spacing of columns and rows, in mm
 * \param sliceDistance in mm */
SlicePartMatches
MatchSliceParts(const SliceParts & first, const SliceParts & second, const double (&spacing)[2], double sliceDistance);
} // namespace LabelSlices
} // end namespace itk

#endif // itkSlicePartMatches_h
