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
#ifndef itkSeparableWindows_h
#define itkSeparableWindows_h

#include "itkVectorLoops.h"

#include "itkIntTypes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace itk
{
/** Filters with symmetric, separable windows, in double precision. */
namespace SeparableWindows
{
/** Correlate a row with a symmetric window. halfWindow[0] is its central tap. The template argument 0 stands for a
 * radius that is known only at run time. */
template <unsigned int VRadius>
LSSR_FOR_EACH_PROCESSOR void
FilterRow(const double *         in,
          const double *         halfWindow,
          SizeValueType          radius,
          SizeValueType          outputSize,
          double * LSSR_RESTRICT out)
{
  if constexpr (VRadius > 0)
  {
    double taps[VRadius + 1];
    for (unsigned int k = 0; k <= VRadius; ++k)
    {
      taps[k] = halfWindow[k];
    }
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      const double * const center = in + i + VRadius;
      double               sum = taps[0] * center[0];
      for (unsigned int k = 1; k <= VRadius; ++k)
      {
        sum += taps[k] * (*(center - k) + center[k]);
      }
      out[i] = sum;
    }
  }
  else
  {
    const double * const center = in + radius;
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      out[i] = halfWindow[0] * center[i];
    }
    for (SizeValueType k = 1; k <= radius; ++k)
    {
      const double         tap = halfWindow[k];
      const double * const left = center - k;
      const double * const right = center + k;
      for (SizeValueType i = 0; i < outputSize; ++i)
      {
        out[i] += tap * (left[i] + right[i]);
      }
    }
  }
}

/** Correlate across rows with a symmetric window, which covers rows[0] to rows[2 * radius]. */
template <unsigned int VRadius>
LSSR_FOR_EACH_PROCESSOR void
FilterColumn(const double * const * rows,
             const double *         halfWindow,
             SizeValueType          radius,
             SizeValueType          outputSize,
             double * LSSR_RESTRICT out)
{
  if constexpr (VRadius > 0)
  {
    double         taps[VRadius + 1];
    const double * row[2 * VRadius + 1];
    for (unsigned int k = 0; k <= VRadius; ++k)
    {
      taps[k] = halfWindow[k];
    }
    for (unsigned int k = 0; k <= 2 * VRadius; ++k)
    {
      row[k] = rows[k];
    }
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      double sum = taps[0] * row[VRadius][i];
      for (unsigned int k = 1; k <= VRadius; ++k)
      {
        sum += taps[k] * (row[VRadius - k][i] + row[VRadius + k][i]);
      }
      out[i] = sum;
    }
  }
  else
  {
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      out[i] = halfWindow[0] * rows[radius][i];
    }
    for (SizeValueType k = 1; k <= radius; ++k)
    {
      const double         tap = halfWindow[k];
      const double * const upper = rows[radius - k];
      const double * const lower = rows[radius + k];
      for (SizeValueType i = 0; i < outputSize; ++i)
      {
        out[i] += tap * (upper[i] + lower[i]);
      }
    }
  }
}

/** Filter several maps together, row by row. makeRow(y, rows) writes row y of each map, beginning with row `first`.
 * useRow(y, rows) receives row y of each filtered map, for `count` rows beginning with `first`. Rows have `width`
 * pixels before the filter and 2 * radius fewer after it. Memory is needed only for the rows within the window. */
template <unsigned int VRadius, unsigned int VMaps, typename TMakeRow, typename TUseRow>
void
ForEachFilteredRow(SizeValueType               width,
                   SizeValueType               first,
                   SizeValueType               count,
                   const std::vector<double> & halfWindow,
                   const TMakeRow &            makeRow,
                   const TUseRow &             useRow)
{
  const SizeValueType radius = halfWindow.size() - 1;
  const SizeValueType taps = 2 * radius + 1;
  const SizeValueType outputWidth = width - taps + 1;

  std::vector<double>         inputRows(VMaps * width);
  std::vector<double>         ring(VMaps * taps * outputWidth);
  std::vector<double>         outputRows(VMaps * outputWidth);
  std::vector<const double *> window(taps);

  std::array<double *, VMaps> input;
  std::array<double *, VMaps> output;
  for (unsigned int m = 0; m < VMaps; ++m)
  {
    input[m] = inputRows.data() + m * width;
    output[m] = outputRows.data() + m * outputWidth;
  }

  for (SizeValueType y = first; y < first + count + taps - 1; ++y)
  {
    makeRow(y, input);
    for (unsigned int m = 0; m < VMaps; ++m)
    {
      FilterRow<VRadius>(
        input[m], halfWindow.data(), radius, outputWidth, ring.data() + (m * taps + y % taps) * outputWidth);
    }
    if (y + 1 < first + taps)
    {
      continue;
    }
    for (unsigned int m = 0; m < VMaps; ++m)
    {
      for (SizeValueType k = 0; k < taps; ++k)
      {
        window[k] = ring.data() + (m * taps + (y + 1 + k) % taps) * outputWidth;
      }
      FilterColumn<VRadius>(window.data(), halfWindow.data(), radius, outputWidth, output[m]);
    }
    useRow(y + 1 - taps, output);
  }
}
} // namespace SeparableWindows
} // end namespace itk

#endif // itkSeparableWindows_h
