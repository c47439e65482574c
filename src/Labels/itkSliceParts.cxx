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

#include "itkSliceParts.h"

namespace itk
{
namespace LabelSlices
{
namespace
{
/** Sets of pixels that are joined step by step. A set has the number of its first pixel. */
class PixelSets
{
public:
  explicit PixelSets(SizeValueType size)
    : m_Parents(size)
  {
    for (SizeValueType i = 0; i < size; ++i)
    {
      m_Parents[i] = static_cast<std::uint32_t>(i);
    }
  }

  std::uint32_t
  Find(std::uint32_t pixel)
  {
    while (m_Parents[pixel] != pixel)
    {
      // Halving the path keeps later searches short.
      m_Parents[pixel] = m_Parents[m_Parents[pixel]];
      pixel = m_Parents[pixel];
    }
    return pixel;
  }

  void
  Join(std::uint32_t a, std::uint32_t b)
  {
    a = this->Find(a);
    b = this->Find(b);
    m_Parents[std::max(a, b)] = std::min(a, b);
  }

private:
  std::vector<std::uint32_t> m_Parents;
};
} // namespace

SliceParts
FindSliceParts(const std::vector<Code> & labels, SizeValueType columns)
{
  PixelSets           sets(labels.size());
  const SizeValueType rows = labels.size() / columns;
  for (SizeValueType row = 0, i = 0; row < rows; ++row)
  {
    for (SizeValueType column = 0; column < columns; ++column, ++i)
    {
      const auto joinIfSame = [&](SizeValueType other) {
        if (labels[i] == labels[other])
        {
          sets.Join(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(other));
        }
      };
      if (column > 0)
      {
        joinIfSame(i - 1);
      }
      if (row > 0)
      {
        joinIfSame(i - columns);
        if (column > 0)
        {
          joinIfSame(i - columns - 1);
        }
        if (column + 1 < columns)
        {
          joinIfSame(i - columns + 1);
        }
      }
    }
  }

  SliceParts result;
  result.numbers.resize(labels.size());
  for (SizeValueType row = 0, i = 0; row < rows; ++row)
  {
    for (SizeValueType column = 0; column < columns; ++column, ++i)
    {
      const std::uint32_t first = sets.Find(static_cast<std::uint32_t>(i));
      if (first == i)
      {
        result.numbers[i] = static_cast<std::uint32_t>(result.parts.size());
        result.parts.emplace_back();
        result.parts.back().label = labels[i];
      }
      // The first pixel of a set has its number already.
      result.numbers[i] = result.numbers[first];
      SliceParts::Part & part = result.parts[result.numbers[i]];
      const auto         x = static_cast<Place>(column);
      const auto         y = static_cast<Place>(row);
      part.box.Include({ x, y, x, y });
      part.column += static_cast<double>(column);
      part.row += static_cast<double>(row);
      ++part.area;
    }
  }
  for (SliceParts::Part & part : result.parts)
  {
    part.column /= static_cast<double>(part.area);
    part.row /= static_cast<double>(part.area);
  }
  return result;
}
} // namespace LabelSlices
} // end namespace itk
