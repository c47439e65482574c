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

#include "itkSlicePartMatches.h"

#include <cmath>
#include <limits>
#include <optional>

namespace itk
{
namespace LabelSlices
{
namespace
{
using Part = SliceParts::Part;
using Role = SlicePartMatches::Role;

/** Overlap, as a share of the smaller part, from which two parts need not be moved to meet. */
constexpr double SufficientOverlap = 0.5;

/** Distance of the centers of a moving pair in slice distances: the structure is at most 63 degrees oblique. */
constexpr double LargestTilt = 2.0;

/** Ratio of the areas of a moving pair. */
constexpr double LargestAreaRatio = 4.0;

/** Parts of the same label that have pixels in common. */
struct Overlap
{
  std::uint32_t first;
  std::uint32_t second;
  SizeValueType area;
};

std::vector<Overlap>
FindOverlaps(const SliceParts & first, const SliceParts & second)
{
  std::vector<Overlap> runs;
  for (SizeValueType i = 0; i < first.numbers.size(); ++i)
  {
    const std::uint32_t a = first.numbers[i];
    const std::uint32_t b = second.numbers[i];
    if (first.parts[a].label != second.parts[b].label)
    {
      continue;
    }
    if (runs.empty() || runs.back().first != a || runs.back().second != b)
    {
      runs.push_back({ a, b, 0 });
    }
    ++runs.back().area;
  }
  std::sort(runs.begin(), runs.end(), [](const Overlap & x, const Overlap & y) {
    return std::make_pair(x.first, x.second) < std::make_pair(y.first, y.second);
  });
  std::vector<Overlap> overlaps;
  for (const Overlap & run : runs)
  {
    if (overlaps.empty() || overlaps.back().first != run.first || overlaps.back().second != run.second)
    {
      overlaps.push_back(run);
    }
    else
    {
      overlaps.back().area += run.area;
    }
  }
  return overlaps;
}

/** Decides which parts may be a moving pair. */
class Distances
{
public:
  Distances(const double (&spacing)[2], double sliceDistance)
    : m_Spacing{ spacing[0], spacing[1] }
    , m_Limit(LargestTilt * sliceDistance)
  {}

  double
  Squared(const Part & a, const Part & b) const
  {
    const double x = (b.column - a.column) * m_Spacing[0];
    const double y = (b.row - a.row) * m_Spacing[1];
    return x * x + y * y;
  }

  bool
  MayMove(const Part & a, const Part & b) const
  {
    const auto [smaller, larger] = std::minmax(a.area, b.area);
    return static_cast<double>(larger) <= LargestAreaRatio * static_cast<double>(smaller) &&
           this->Squared(a, b) <= m_Limit * m_Limit;
  }

  /** For each candidate of one slice, the nearest candidate of the other that it may move to. */
  std::vector<std::optional<std::uint32_t>>
  FindNearest(const std::vector<Part> &          from,
              const std::vector<std::uint32_t> & candidates,
              const std::vector<Part> &          to,
              const std::vector<std::uint32_t> & others) const
  {
    // Sorted by label and row, so that the search can stop where rows are farther away than the nearest part so far.
    std::vector<std::uint32_t> sorted = others;
    const auto                 isBefore = [](const Part & a, const Part & b) {
      return a.label != b.label ? a.label < b.label : a.row < b.row;
    };
    std::stable_sort(
      sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) { return isBefore(to[a], to[b]); });

    std::vector<std::optional<std::uint32_t>> nearest(from.size());
    for (const std::uint32_t candidate : candidates)
    {
      const Part & part = from[candidate];
      double       best = m_Limit * m_Limit;
      // Returns whether the search in this direction may go on.
      const auto visit = [&](std::uint32_t other) {
        const double rows = (to[other].row - part.row) * m_Spacing[1];
        if (to[other].label != part.label || rows * rows > best)
        {
          return false;
        }
        const double square = this->Squared(part, to[other]);
        const bool   isNearer =
          square < best || (!(square > best) && (!nearest[candidate] || other < *nearest[candidate]));
        if (isNearer && this->MayMove(part, to[other]))
        {
          best = square;
          nearest[candidate] = other;
        }
        return true;
      };
      const auto begin = std::lower_bound(
        sorted.begin(), sorted.end(), part, [&](std::uint32_t a, const Part & b) { return isBefore(to[a], b); });
      for (auto it = begin; it != sorted.end() && visit(*it); ++it)
      {
      }
      for (auto it = begin; it != sorted.begin() && visit(*(it - 1)); --it)
      {
      }
    }
    return nearest;
  }

private:
  double m_Spacing[2];
  double m_Limit;
};

std::vector<std::uint32_t>
ListEndingParts(const std::vector<Role> & roles)
{
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < roles.size(); ++i)
  {
    if (roles[i] == Role::Ending)
    {
      numbers.push_back(i);
    }
  }
  return numbers;
}
} // namespace

SlicePartMatches
MatchSliceParts(const SliceParts & first, const SliceParts & second, const double (&spacing)[2], double sliceDistance)
{
  SlicePartMatches matches;
  matches.roles[0].assign(first.parts.size(), Role::Ending);
  matches.roles[1].assign(second.parts.size(), Role::Ending);
  const auto setMoving = [&](std::uint32_t a, std::uint32_t b) {
    matches.roles[0][a] = Role::Moving;
    matches.roles[1][b] = Role::Moving;
    matches.movingPairs.emplace_back(a, b);
  };

  const Distances            distances(spacing, sliceDistance);
  const std::vector<Overlap> overlaps = FindOverlaps(first, second);
  std::vector<SizeValueType> firstCounts(first.parts.size());
  std::vector<SizeValueType> secondCounts(second.parts.size());
  for (const Overlap & overlap : overlaps)
  {
    ++firstCounts[overlap.first];
    ++secondCounts[overlap.second];
  }
  for (const Overlap & overlap : overlaps)
  {
    const Part & a = first.parts[overlap.first];
    const Part & b = second.parts[overlap.second];
    const double sufficient = SufficientOverlap * static_cast<double>(std::min(a.area, b.area));
    const bool   isOnly = firstCounts[overlap.first] == 1 && secondCounts[overlap.second] == 1;
    if (isOnly && static_cast<double>(overlap.area) < sufficient && distances.MayMove(a, b))
    {
      setMoving(overlap.first, overlap.second);
    }
    else
    {
      matches.roles[0][overlap.first] = Role::Overlapping;
      matches.roles[1][overlap.second] = Role::Overlapping;
    }
  }

  const auto firstEnding = ListEndingParts(matches.roles[0]);
  const auto secondEnding = ListEndingParts(matches.roles[1]);
  const auto nearestOfFirst = distances.FindNearest(first.parts, firstEnding, second.parts, secondEnding);
  const auto nearestOfSecond = distances.FindNearest(second.parts, secondEnding, first.parts, firstEnding);
  for (const std::uint32_t a : firstEnding)
  {
    const std::optional<std::uint32_t> b = nearestOfFirst[a];
    if (b && nearestOfSecond[*b] == a)
    {
      setMoving(a, *b);
    }
  }
  return matches;
}
} // namespace LabelSlices
} // end namespace itk
