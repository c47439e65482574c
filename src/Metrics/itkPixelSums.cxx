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

#include "itkPixelSums.h"

#include "itkVectorLoops.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** The sums over a row. */
struct RowSums
{
  double squaredErrors{ 0.0 };
  double absoluteErrors{ 0.0 };
  double x{ 0.0 };
  double y{ 0.0 };
  double xx{ 0.0 };
  double yy{ 0.0 };
  double xy{ 0.0 };
};

/** Compute the sums over a row. Each has four partial sums, which the compiler vectorizes. */
LSSR_FOR_EACH_PROCESSOR void
SumRow(const double * x, const double * y, SizeValueType count, double originX, double originY, RowSums & sums)
{
  constexpr SizeValueType lanes = 4;
  double                  se[lanes]{}, ae[lanes]{}, sx[lanes]{}, sy[lanes]{}, sxx[lanes]{}, syy[lanes]{}, sxy[lanes]{};
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      const double difference = x[i + lane] - y[i + lane];
      const double a = x[i + lane] - originX;
      const double b = y[i + lane] - originY;
      se[lane] += difference * difference;
      ae[lane] += std::abs(difference);
      sx[lane] += a;
      sy[lane] += b;
      sxx[lane] += a * a;
      syy[lane] += b * b;
      sxy[lane] += a * b;
    }
  }
  const auto total = [](const double * values) { return (values[0] + values[1]) + (values[2] + values[3]); };
  sums = { total(se), total(ae), total(sx), total(sy), total(sxx), total(syy), total(sxy) };
  for (; i < count; ++i)
  {
    const double difference = x[i] - y[i];
    const double a = x[i] - originX;
    const double b = y[i] - originY;
    sums.squaredErrors += difference * difference;
    sums.absoluteErrors += std::abs(difference);
    sums.x += a;
    sums.y += b;
    sums.xx += a * a;
    sums.yy += b * b;
    sums.xy += a * b;
  }
}

/** Compute the sum of magnitudes, with four partial sums. */
LSSR_FOR_EACH_PROCESSOR double
SumOfMagnitudes(const double * values, SizeValueType count)
{
  constexpr SizeValueType lanes = 4;
  double                  sums[lanes]{};
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      sums[lane] += std::abs(values[i + lane]);
    }
  }
  double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (; i < count; ++i)
  {
    sum += std::abs(values[i]);
  }
  return sum;
}

/** Find the minimum and the maximum, with partial results that the compiler vectorizes. */
LSSR_FOR_EACH_PROCESSOR void
FindExtremes(const double * values, SizeValueType count, double & minimum, double & maximum)
{
  constexpr SizeValueType lanes = 4;
  double                  low[lanes] = { minimum, minimum, minimum, minimum };
  double                  high[lanes] = { maximum, maximum, maximum, maximum };
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      low[lane] = values[i + lane] < low[lane] ? values[i + lane] : low[lane];
      high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
    }
  }
  minimum = std::min(std::min(low[0], low[1]), std::min(low[2], low[3]));
  maximum = std::max(std::max(high[0], high[1]), std::max(high[2], high[3]));
  for (; i < count; ++i)
  {
    minimum = std::min(minimum, values[i]);
    maximum = std::max(maximum, values[i]);
  }
}

/** Copy the selected values, and return their number. */
SizeValueType
Select(const double * values, const unsigned char * mask, SizeValueType count, std::vector<double> & selected)
{
  selected.clear();
  for (SizeValueType i = 0; i < count; ++i)
  {
    if (mask[i] != 0)
    {
      selected.push_back(values[i]);
    }
  }
  return selected.size();
}
/** Whether all values are finite. The sum of magnitudes is a fast test, but huge finite values can overflow it. */
bool
IsFinite(const double * x, const double * y, SizeValueType count)
{
  double sum = 0.0;
  for (const double * row : { x, y })
  {
    sum += SumOfMagnitudes(row, count);
  }
  const auto isFinite = [](double value) { return std::isfinite(value); };
  return std::isfinite(sum) || (std::all_of(x, x + count, isFinite) && std::all_of(y, y + count, isFinite));
}
} // namespace

void
PixelSums::Add(const PixelSums & other)
{
  squaredErrors += other.squaredErrors;
  absoluteErrors += other.absoluteErrors;
  x += other.x;
  y += other.y;
  xx += other.xx;
  yy += other.yy;
  xy += other.xy;
  count += other.count;
  minimumX = std::min(minimumX, other.minimumX);
  maximumX = std::max(maximumX, other.maximumX);
  minimumY = std::min(minimumY, other.minimumY);
  maximumY = std::max(maximumY, other.maximumY);
  referenceMinimum = std::min(referenceMinimum, other.referenceMinimum);
  referenceMaximum = std::max(referenceMaximum, other.referenceMaximum);
  isFinite = isFinite && other.isFinite;
}

void
AddRow(PixelSums &           sums,
       const double *        x,
       const double *        y,
       const unsigned char * mask,
       SizeValueType         count,
       const PixelOrigin &   origin)
{
  sums.isFinite = sums.isFinite && IsFinite(x, y, count);
  FindExtremes(x, count, sums.referenceMinimum, sums.referenceMaximum);
  std::vector<double> selectedX;
  std::vector<double> selectedY;
  if (mask != nullptr)
  {
    Select(y, mask, count, selectedY);
    count = Select(x, mask, count, selectedX);
    x = selectedX.data();
    y = selectedY.data();
  }
  RowSums row;
  SumRow(x, y, count, origin.x, origin.y, row);
  if (mask == nullptr)
  {
    sums.minimumX = sums.referenceMinimum;
    sums.maximumX = sums.referenceMaximum;
  }
  else
  {
    FindExtremes(x, count, sums.minimumX, sums.maximumX);
  }
  FindExtremes(y, count, sums.minimumY, sums.maximumY);
  sums.squaredErrors += row.squaredErrors;
  sums.absoluteErrors += row.absoluteErrors;
  sums.x += row.x;
  sums.y += row.y;
  sums.xx += row.xx;
  sums.yy += row.yy;
  sums.xy += row.xy;
  sums.count += count;
}
} // namespace ImageQualityMetrics
} // end namespace itk
