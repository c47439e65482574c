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
#ifndef itkLabelSliceGrid_h
#define itkLabelSliceGrid_h

#include "itkIntTypes.h"

#include <algorithm>
#include <cstdint>

namespace itk
{
namespace LabelSlices
{
/** Labels as the interpolation sees them: numbers in the order of the labels. */
using Code = std::uint32_t;

/** Number of a column or row, or a difference of them. It may lie outside of the slice. */
using Place = std::int64_t;

/** A rectangle of pixels. The last column and the last row belong to it. */
struct Box
{
  Place firstColumn{ 0 };
  Place firstRow{ 0 };
  Place lastColumn{ -1 };
  Place lastRow{ -1 };

  Place
  Columns() const
  {
    return lastColumn - firstColumn + 1;
  }
  Place
  Rows() const
  {
    return lastRow - firstRow + 1;
  }
  SizeValueType
  Size() const
  {
    return static_cast<SizeValueType>(this->Columns() * this->Rows());
  }
  bool
  IsEmpty() const
  {
    return lastColumn < firstColumn;
  }
  void
  Include(const Box & other)
  {
    if (this->IsEmpty())
    {
      *this = other;
      return;
    }
    firstColumn = std::min(firstColumn, other.firstColumn);
    firstRow = std::min(firstRow, other.firstRow);
    lastColumn = std::max(lastColumn, other.lastColumn);
    lastRow = std::max(lastRow, other.lastRow);
  }
  /** The box, shifted. */
  Box
  Shifted(Place columns, Place rows) const
  {
    return { firstColumn + columns, firstRow + rows, lastColumn + columns, lastRow + rows };
  }
  /** The box with one more pixel on each side. */
  Box
  Padded() const
  {
    return { firstColumn - 1, firstRow - 1, lastColumn + 1, lastRow + 1 };
  }
  /** The part of the box that lies in another one. */
  Box
  Clipped(const Box & other) const
  {
    return { std::max(firstColumn, other.firstColumn),
             std::max(firstRow, other.firstRow),
             std::min(lastColumn, other.lastColumn),
             std::min(lastRow, other.lastRow) };
  }
};
} // namespace LabelSlices
} // end namespace itk

#endif // itkLabelSliceGrid_h
