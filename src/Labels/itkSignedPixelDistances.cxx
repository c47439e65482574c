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

#include "itkSignedPixelDistances.h"

#include <cmath>
#include <limits>

namespace itk
{
namespace LabelSlices
{
namespace
{
constexpr double infinity = std::numeric_limits<double>::infinity();

/** Squared distances along each row from the centers of pixels to the nearest pixel with a given state. */
std::vector<double>
ComputeSquaredRowDistances(const std::vector<unsigned char> & states, bool state, SizeValueType columns, double spacing)
{
  std::vector<double> squares(states.size());
  for (SizeValueType row = 0; row < states.size(); row += columns)
  {
    // The boundary of a pixel is half a pixel nearer than its center.
    double distance = infinity;
    for (SizeValueType i = row; i < row + columns; ++i)
    {
      distance = (states[i] != 0) == state ? -0.5 * spacing : distance + spacing;
      squares[i] = distance;
    }
    distance = infinity;
    for (SizeValueType i = row + columns; i-- > row;)
    {
      distance = (states[i] != 0) == state ? -0.5 * spacing : distance + spacing;
      const double nearest = std::max(0.0, std::min(distance, squares[i]));
      squares[i] = nearest * nearest;
    }
  }
  return squares;
}

/** The lower envelope of parabolas with the same curvature along a line (Felzenszwalb and Huttenlocher, 2012). */
class ParabolaEnvelope
{
public:
  explicit ParabolaEnvelope(SizeValueType capacity) { m_Parabolas.reserve(capacity); }

  void
  Clear()
  {
    m_Parabolas.clear();
    m_Current = 0;
  }

  /** Add a parabola. Its apex has to lie above those of the parabolas before. */
  void
  Add(double apex, double minimum)
  {
    double begin = -infinity;
    while (!m_Parabolas.empty())
    {
      const Parabola & last = m_Parabolas.back();
      begin = 0.5 * (apex + last.apex + (minimum - last.minimum) / (apex - last.apex));
      if (begin > last.begin)
      {
        break;
      }
      m_Parabolas.pop_back();
      begin = -infinity;
    }
    m_Parabolas.push_back({ apex, minimum, begin });
  }

  /** The value of the envelope. Calls have to be in rising order of the argument. */
  double
  Evaluate(double argument)
  {
    if (m_Parabolas.empty())
    {
      return infinity;
    }
    while (m_Current + 1 < m_Parabolas.size() && m_Parabolas[m_Current + 1].begin <= argument)
    {
      ++m_Current;
    }
    const Parabola & parabola = m_Parabolas[m_Current];
    return (argument - parabola.apex) * (argument - parabola.apex) + parabola.minimum;
  }

private:
  struct Parabola
  {
    double apex;
    double minimum;
    /** Where it becomes the lowest one. */
    double begin;
  };
  std::vector<Parabola> m_Parabolas;
  SizeValueType         m_Current{ 0 };
};

/** Squared distances from the centers of pixels to the nearest pixel, as a rectangle, with a given state. */
std::vector<double>
ComputeSquaredDistances(const std::vector<unsigned char> & states,
                        bool                               state,
                        SizeValueType                      columns,
                        const double (&spacing)[2])
{
  std::vector<double> squares = ComputeSquaredRowDistances(states, state, columns, spacing[0]);
  const SizeValueType rows = states.size() / columns;
  ParabolaEnvelope    envelope(rows + 1);
  for (SizeValueType column = 0; column < columns; ++column)
  {
    // A pixel reaches from the line above its row to the line below. So the apexes lie on the lines between rows, and
    // each has the smaller value of the two rows at it.
    envelope.Clear();
    for (SizeValueType line = 0; line <= rows; ++line)
    {
      const double above = line > 0 ? squares[column + (line - 1) * columns] : infinity;
      const double below = line < rows ? squares[column + line * columns] : infinity;
      const double minimum = std::min(above, below);
      if (minimum < infinity)
      {
        envelope.Add((static_cast<double>(line) - 0.5) * spacing[1], minimum);
      }
    }
    for (SizeValueType row = 0; row < rows; ++row)
    {
      double & square = squares[column + row * columns];
      square = std::min(square, envelope.Evaluate(static_cast<double>(row) * spacing[1]));
    }
  }
  return squares;
}
} // namespace

std::vector<float>
ComputeSignedPixelDistances(const std::vector<unsigned char> & isInside,
                            SizeValueType                      columns,
                            const double (&spacing)[2])
{
  const std::vector<double> toInside = ComputeSquaredDistances(isInside, true, columns, spacing);
  const std::vector<double> toOutside = ComputeSquaredDistances(isInside, false, columns, spacing);
  std::vector<float>        distances(isInside.size());
  for (SizeValueType i = 0; i < isInside.size(); ++i)
  {
    const double distance = isInside[i] ? std::sqrt(toOutside[i]) : -std::sqrt(toInside[i]);
    distances[i] = static_cast<float>(distance);
  }
  return distances;
}
} // namespace LabelSlices
} // end namespace itk
