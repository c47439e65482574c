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

#include "itkShapeBasedLabelInterpolator.h"

#include "itkSignedPixelDistances.h"
#include "itkSlicePartMatches.h"

#include "itkMacro.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

namespace itk
{
using namespace LabelSlices;

namespace
{
using Grid = ShapeBasedLabelInterpolator::Grid;
using Role = SlicePartMatches::Role;

/** Distances are compared in steps, so that ties do not depend on rounding. */
using Depth = std::int32_t;

/** Number of steps in the smaller side of a pixel. */
constexpr double StepsPerPixel = 1000.0;

/** An alpha is in the middle if it differs by less from 0.5. */
constexpr double MiddleTolerance = 1e-6;

/** Number of slices that are computed at once. More would take more memory. */
constexpr SizeValueType SlicesAtOnce = 16;

constexpr Depth Nothing = std::numeric_limits<Depth>::min();

/** A slice that is computed. */
struct NewSlice
{
  double alpha;
  /** -1: the first acquired slice is nearer, 1: the second one, 0: the slice lies in the middle. */
  int               side;
  std::vector<Code> labels;
  /** The depth of each pixel below the boundary of the shape that it belongs to. */
  std::vector<Depth> depths;
};

/** The label of the nearer acquired slice, or the smaller one of the labels. */
Code
GetNearerLabel(int side, Code first, Code second)
{
  return side < 0 ? first : side > 0 ? second : std::min(first, second);
}

double
MixDistances(double alpha, float first, float second)
{
  return (1.0 - alpha) * static_cast<double>(first) + alpha * static_cast<double>(second);
}

/** The interpolation between two acquired slices. */
class Gap
{
public:
  Gap(const Grid & grid, const std::vector<Code> & first, const std::vector<Code> & second)
    : m_Spacing{ grid.columnSpacing, grid.rowSpacing }
    , m_Columns(grid.columns)
    , m_Whole{ 0, 0, static_cast<Place>(grid.columns) - 1, static_cast<Place>(grid.rows) - 1 }
    , m_Step(std::min(grid.columnSpacing, grid.rowSpacing) / StepsPerPixel)
    , m_Farthest(static_cast<float>(static_cast<double>(grid.columns) * grid.columnSpacing +
                                    static_cast<double>(grid.rows) * grid.rowSpacing))
    , m_Acquired{ &first, &second }
    , m_Parts{ FindSliceParts(first, grid.columns), FindSliceParts(second, grid.columns) }
    , m_Matches(MatchSliceParts(m_Parts[0], m_Parts[1], m_Spacing, grid.sliceDistance))
  {
    for (const int s : { 0, 1 })
    {
      m_HasOverlapping = std::count(m_Matches.roles[s].begin(), m_Matches.roles[s].end(), Role::Overlapping) > 0;
      m_Overlapping[s] = this->FillWithOverlapping(s);
    }
    for (SizeValueType i = 0; i < first.size(); ++i)
    {
      if (m_Overlapping[0][i] != m_Overlapping[1][i])
      {
        m_Changing.push_back(i);
      }
    }
  }

  void
  Interpolate(std::vector<NewSlice> & slices) const
  {
    for (NewSlice & slice : slices)
    {
      slice.labels = m_Overlapping[0];
      slice.depths.assign(slice.labels.size(), Nothing);
    }
    this->InterpolateOverlapping(slices);
    for (NewSlice & slice : slices)
    {
      slice.depths.assign(slice.labels.size(), Nothing);
    }
    for (const auto & pair : m_Matches.movingPairs)
    {
      this->DrawMovingPair(pair.first, pair.second, slices);
    }
    for (const int s : { 0, 1 })
    {
      for (std::uint32_t number = 0; number < m_Parts[s].parts.size(); ++number)
      {
        if (m_Matches.roles[s][number] == Role::Ending)
        {
          this->DrawEndingPart(s, number, slices);
        }
      }
    }
    this->KeepEndingPartsThatMeet(slices);
  }

private:
  Role
  GetRole(int s, SizeValueType pixel) const
  {
    return m_Matches.roles[s][m_Parts[s].numbers[pixel]];
  }

  template <typename TVisit>
  void
  VisitNeighbors(SizeValueType pixel, TVisit && visit) const
  {
    const SizeValueType column = pixel % m_Columns;
    if (column > 0)
    {
      visit(pixel - 1);
    }
    if (column + 1 < m_Columns)
    {
      visit(pixel + 1);
    }
    if (pixel >= m_Columns)
    {
      visit(pixel - m_Columns);
    }
    if (pixel + m_Columns < m_Whole.Size())
    {
      visit(pixel + m_Columns);
    }
  }

  /** A slice in which the pixels of other parts get the labels of the overlapping parts next to them. */
  std::vector<Code>
  FillWithOverlapping(int s) const
  {
    std::vector<Code> labels = *m_Acquired[s];
    if (!m_HasOverlapping)
    {
      return labels;
    }
    enum class State : unsigned char
    {
      Open,
      Queued,
      Done
    };
    std::vector<State>         states(labels.size(), State::Open);
    std::vector<SizeValueType> layer;
    for (SizeValueType i = 0; i < labels.size(); ++i)
    {
      if (this->GetRole(s, i) == Role::Overlapping)
      {
        states[i] = State::Done;
        layer.push_back(i);
      }
    }
    // Layer by layer, so that the nearer label wins. Of several labels, the smallest one wins.
    while (!layer.empty())
    {
      std::vector<SizeValueType> next;
      for (const SizeValueType i : layer)
      {
        this->VisitNeighbors(i, [&](SizeValueType neighbor) {
          if (states[neighbor] == State::Open)
          {
            states[neighbor] = State::Queued;
            labels[neighbor] = labels[i];
            next.push_back(neighbor);
          }
          else if (states[neighbor] == State::Queued)
          {
            labels[neighbor] = std::min(labels[neighbor], labels[i]);
          }
        });
      }
      for (const SizeValueType i : next)
      {
        states[i] = State::Done;
      }
      layer.swap(next);
    }
    return labels;
  }

  Depth
  ToDepth(double distance) const
  {
    constexpr double limit = 2e9;
    return static_cast<Depth>(std::lround(std::clamp(distance / m_Step, -limit, limit)));
  }

  /** Signed distances in a box. The function says whether the pixel at a column and row is inside. */
  template <typename TIsInside>
  std::vector<float>
  ComputeDistances(const Box & box, TIsInside && isInside) const
  {
    std::vector<unsigned char> states;
    states.reserve(box.Size());
    for (Place row = box.firstRow; row <= box.lastRow; ++row)
    {
      for (Place column = box.firstColumn; column <= box.lastColumn; ++column)
      {
        states.push_back(isInside(column, row) ? 1 : 0);
      }
    }
    auto distances = ComputeSignedPixelDistances(states, static_cast<SizeValueType>(box.Columns()), m_Spacing);
    for (float & distance : distances)
    {
      distance = std::clamp(distance, -m_Farthest, m_Farthest);
    }
    return distances;
  }

  SizeValueType
  GetPixel(Place column, Place row) const
  {
    return static_cast<SizeValueType>(row) * m_Columns + static_cast<SizeValueType>(column);
  }

  /** Signed distances of a part in a box that may reach beyond the slice. */
  std::vector<float>
  ComputePartDistances(int s, std::uint32_t number, const Box & box) const
  {
    return this->ComputeDistances(box, [&](Place column, Place row) {
      return column >= 0 && row >= 0 && column <= m_Whole.lastColumn && row <= m_Whole.lastRow &&
             m_Parts[s].numbers[this->GetPixel(column, row)] == number;
    });
  }

  /** Where the overlapping parts differ, take the label with the largest interpolated distance. */
  void
  InterpolateOverlapping(std::vector<NewSlice> & slices) const
  {
    if (!m_HasOverlapping)
    {
      for (NewSlice & slice : slices)
      {
        for (const SizeValueType i : m_Changing)
        {
          slice.labels[i] = GetNearerLabel(slice.side, m_Overlapping[0][i], m_Overlapping[1][i]);
        }
      }
      return;
    }
    std::map<Code, Box> boxes;
    for (const SizeValueType i : m_Changing)
    {
      boxes[m_Overlapping[0][i]];
      boxes[m_Overlapping[1][i]];
    }
    for (const auto & labels : m_Overlapping)
    {
      this->ExtendBoxes(labels, boxes);
    }
    for (const auto & [label, box] : boxes)
    {
      this->CompareWithLabel(label, box, slices);
    }
  }

  /** Extend the boxes of labels to all pixels that have them. */
  void
  ExtendBoxes(const std::vector<Code> & labels, std::map<Code, Box> & boxes) const
  {
    for (Place row = 0; row <= m_Whole.lastRow; ++row)
    {
      // A row has long runs of the same label.
      Place begin = 0;
      while (begin <= m_Whole.lastColumn)
      {
        const Code label = labels[this->GetPixel(begin, row)];
        Place      end = begin;
        while (end < m_Whole.lastColumn && labels[this->GetPixel(end + 1, row)] == label)
        {
          ++end;
        }
        const auto found = boxes.find(label);
        if (found != boxes.end())
        {
          found->second.Include({ begin, row, end, row });
        }
        begin = end + 1;
      }
    }
  }

  /** Give a label to the changing pixels in its box whose distance to its boundary is larger than to those of the
   * labels before. */
  void
  CompareWithLabel(Code label, const Box & box, std::vector<NewSlice> & slices) const
  {
    // One more pixel on each side, because the boundary of the label runs along its outermost pixels.
    const Box                         frame = box.Padded().Clipped(m_Whole);
    std::array<std::vector<float>, 2> distances;
    for (const int s : { 0, 1 })
    {
      distances[s] = this->ComputeDistances(
        frame, [&](Place column, Place row) { return m_Overlapping[s][this->GetPixel(column, row)] == label; });
    }
    for (const SizeValueType i : m_Changing)
    {
      const auto column = static_cast<Place>(i % m_Columns);
      const auto row = static_cast<Place>(i / m_Columns);
      if (column < box.firstColumn || column > box.lastColumn || row < box.firstRow || row > box.lastRow)
      {
        continue;
      }
      const auto place =
        static_cast<SizeValueType>((row - frame.firstRow) * frame.Columns() + column - frame.firstColumn);
      for (NewSlice & slice : slices)
      {
        const Depth depth = this->ToDepth(MixDistances(slice.alpha, distances[0][place], distances[1][place]));
        // Labels come in rising order, so the smaller one of two equally deep labels stays in the middle.
        const bool isNearer = slice.side != 0 && m_Overlapping[slice.side < 0 ? 0 : 1][i] == label;
        if (depth > slice.depths[i] || (depth == slice.depths[i] && isNearer))
        {
          slice.depths[i] = depth;
          slice.labels[i] = label;
        }
      }
    }
  }

  /** Draw a pixel of a part over the overlapping parts. Of several parts, the one in which the pixel lies deeper is
   * drawn. */
  void
  Draw(NewSlice & slice, Place column, Place row, Code label, Depth depth) const
  {
    if (column < 0 || row < 0 || column > m_Whole.lastColumn || row > m_Whole.lastRow)
    {
      return;
    }
    const SizeValueType i = this->GetPixel(column, row);
    if (depth > slice.depths[i] || (depth == slice.depths[i] && label < slice.labels[i]))
    {
      slice.depths[i] = depth;
      slice.labels[i] = label;
    }
  }

  /** The two shapes are put over each other, interpolated, and put where the line between their centers passes the
   * slice. */
  void
  DrawMovingPair(std::uint32_t first, std::uint32_t second, std::vector<NewSlice> & slices) const
  {
    const SliceParts::Part & a = m_Parts[0].parts[first];
    const SliceParts::Part & b = m_Parts[1].parts[second];
    const auto               columns = static_cast<Place>(std::lround(b.column - a.column));
    const auto               rows = static_cast<Place>(std::lround(b.row - a.row));
    Box                      frame = a.box;
    frame.Include(b.box.Shifted(-columns, -rows));
    frame = frame.Padded();
    const auto firstDistances = this->ComputePartDistances(0, first, frame);
    const auto secondDistances = this->ComputePartDistances(1, second, frame.Shifted(columns, rows));
    for (NewSlice & slice : slices)
    {
      std::vector<Depth> depths(frame.Size());
      for (SizeValueType i = 0; i < depths.size(); ++i)
      {
        depths[i] = this->ToDepth(MixDistances(slice.alpha, firstDistances[i], secondDistances[i]));
      }
      const double radius = (1.0 - slice.alpha) * std::sqrt(static_cast<double>(a.area)) +
                            slice.alpha * std::sqrt(static_cast<double>(b.area));
      const auto area = static_cast<std::ptrdiff_t>(std::max(1L, std::lround(radius * radius)));
      Depth      threshold = 1;
      if (2 * std::count_if(depths.begin(), depths.end(), [](Depth depth) { return depth > 0; }) < area)
      {
        // The shapes have little in common.
        const auto & nearer = slice.side <= 0 ? firstDistances : secondDistances;
        std::transform(
          nearer.begin(), nearer.end(), depths.begin(), [this](float distance) { return this->ToDepth(distance); });
      }
      else
      {
        // Thin shapes that differ lose pixels. Add the nearest ones.
        auto       sorted = depths;
        const auto last = sorted.begin() + area - 1;
        std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
        threshold = std::min(threshold, *last);
      }

      const auto    shiftColumns = static_cast<Place>(std::lround(slice.alpha * static_cast<double>(columns)));
      const auto    shiftRows = static_cast<Place>(std::lround(slice.alpha * static_cast<double>(rows)));
      SizeValueType i = 0;
      for (Place row = frame.firstRow; row <= frame.lastRow; ++row)
      {
        for (Place column = frame.firstColumn; column <= frame.lastColumn; ++column, ++i)
        {
          if (depths[i] >= threshold)
          {
            this->Draw(slice, column + shiftColumns, row + shiftRows, a.label, depths[i]);
          }
        }
      }
    }
  }

  /** The shape ends in the middle, as if all of the other slice were as far outside of it as its innermost pixel is
   * inside. */
  void
  DrawEndingPart(int s, std::uint32_t number, std::vector<NewSlice> & slices) const
  {
    const SliceParts::Part & part = m_Parts[s].parts[number];
    const Box                frame = part.box.Padded().Clipped(m_Whole);
    const auto               distances = this->ComputePartDistances(s, number, frame);
    const float              largest = *std::max_element(distances.begin(), distances.end());
    for (NewSlice & slice : slices)
    {
      if (slice.side == (s == 0 ? 1 : -1))
      {
        continue;
      }
      const double  way = s == 0 ? slice.alpha : 1.0 - slice.alpha;
      SizeValueType i = 0;
      for (Place row = frame.firstRow; row <= frame.lastRow; ++row)
      {
        for (Place column = frame.firstColumn; column <= frame.lastColumn; ++column, ++i)
        {
          const Depth depth = this->ToDepth(MixDistances(way, distances[i], -largest));
          if (depth >= 0)
          {
            this->Draw(slice, column, row, part.label, depth);
          }
        }
      }
    }
  }

  /** Where one part ends and another one begins, there is nothing else between them. */
  void
  KeepEndingPartsThatMeet(std::vector<NewSlice> & slices) const
  {
    for (SizeValueType i = 0; i < m_Acquired[0]->size(); ++i)
    {
      if (this->GetRole(0, i) != Role::Ending || this->GetRole(1, i) != Role::Ending)
      {
        continue;
      }
      for (NewSlice & slice : slices)
      {
        if (slice.depths[i] == Nothing)
        {
          slice.labels[i] = GetNearerLabel(slice.side, (*m_Acquired[0])[i], (*m_Acquired[1])[i]);
        }
      }
    }
  }

  double        m_Spacing[2];
  SizeValueType m_Columns;
  Box           m_Whole;
  /** Of depths, in mm. */
  double m_Step;
  /** Larger than any distance within the slice, in mm. */
  float                                    m_Farthest;
  std::array<const std::vector<Code> *, 2> m_Acquired;
  std::array<SliceParts, 2>                m_Parts;
  SlicePartMatches                         m_Matches;
  bool                                     m_HasOverlapping{ false };
  /** The acquired slices without the other parts. */
  std::array<std::vector<Code>, 2> m_Overlapping;
  /** The pixels at which these differ. */
  std::vector<SizeValueType> m_Changing;
};
} // namespace

void
ShapeBasedLabelInterpolator::Interpolate(const Grid &                grid,
                                         const std::vector<Code> &   first,
                                         const std::vector<Code> &   second,
                                         const std::vector<double> & alphas,
                                         const SliceFunction &       receive)
{
  if (grid.columns * grid.rows > std::numeric_limits<std::uint32_t>::max())
  {
    itkGenericExceptionMacro("A slice has " << grid.columns << " x " << grid.rows
                                            << " pixels, but may have at most 4294967295.");
  }
  const Gap gap(grid, first, second);
  for (SizeValueType begin = 0; begin < alphas.size(); begin += SlicesAtOnce)
  {
    std::vector<NewSlice> slices(std::min<SizeValueType>(SlicesAtOnce, alphas.size() - begin));
    for (SizeValueType i = 0; i < slices.size(); ++i)
    {
      const double alpha = alphas[begin + i];
      slices[i].alpha = alpha;
      slices[i].side = alpha < 0.5 - MiddleTolerance ? -1 : alpha > 0.5 + MiddleTolerance ? 1 : 0;
    }
    gap.Interpolate(slices);
    for (SizeValueType i = 0; i < slices.size(); ++i)
    {
      receive(begin + i, slices[i].labels);
    }
  }
}
} // end namespace itk
