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
#ifndef itkSliceParts_h
#define itkSliceParts_h

#include "itkLabelSliceGrid.h"

#include <vector>

namespace itk
{
namespace LabelSlices
{
/** The parts of a slice: the connected components of its labels. Pixels that share a side or a corner are connected. */
struct SliceParts
{
  struct Part
  {
    Code          label{ 0 };
    SizeValueType area{ 0 };
    Box           box;
    /** Center of gravity, in pixels. */
    double column{ 0.0 };
    double row{ 0.0 };
  };

  std::vector<Part> parts;
  /** The number of the part of each pixel. */
  std::vector<std::uint32_t> numbers;
};

/** Find the parts of a slice, in the order of their first pixels. */
SliceParts
FindSliceParts(const std::vector<Code> & labels, SizeValueType columns);
} // namespace LabelSlices
} // end namespace itk

#endif // itkSliceParts_h
