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

#include "itkLocalMoments.h"

#include "itkVectorLoops.h"

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** The rows are separate parameters, because the compiler honors LSSR_RESTRICT only for parameters. With an array of
 * rows, SSIM and VIFp took 5 % longer. `squares2` is not used with four maps. */
template <unsigned int VMaps>
LSSR_FOR_EACH_PROCESSOR void
ComputeMoments(const double *         row1,
               const double *         row2,
               SizeValueType          count,
               double                 offset1,
               double                 offset2,
               double * LSSR_RESTRICT first,
               double * LSSR_RESTRICT second,
               double * LSSR_RESTRICT squares1,
               double * LSSR_RESTRICT squares2,
               double * LSSR_RESTRICT product)
{
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double a = row1[x] - offset1;
    const double b = row2[x] - offset2;
    first[x] = a;
    second[x] = b;
    if constexpr (VMaps == 5)
    {
      squares1[x] = a * a;
      squares2[x] = b * b;
    }
    else
    {
      squares1[x] = a * a + b * b;
    }
    product[x] = a * b;
  }
}
} // namespace

void
MakeMomentRows(const double *     row1,
               const double *     row2,
               SizeValueType      count,
               double             offset1,
               double             offset2,
               const MapRows<4> & rows)
{
  ComputeMoments<4>(row1, row2, count, offset1, offset2, rows[0], rows[1], rows[2], nullptr, rows[3]);
}

void
MakeMomentRows(const double *     row1,
               const double *     row2,
               SizeValueType      count,
               double             offset1,
               double             offset2,
               const MapRows<5> & rows)
{
  ComputeMoments<5>(row1, row2, count, offset1, offset2, rows[0], rows[1], rows[2], rows[3], rows[4]);
}
} // namespace ImageQualityMetrics
} // end namespace itk
