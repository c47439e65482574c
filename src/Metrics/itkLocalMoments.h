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
#ifndef itkLocalMoments_h
#define itkLocalMoments_h

#include "itkIntTypes.h"

#include <array>

namespace itk
{
namespace ImageQualityMetrics
{
/** One row of each map that is filtered with a window to give local moments. */
template <unsigned int VMaps>
using MapRows = std::array<double *, VMaps>;

/** Compute a row of each map from a row of two images. An offset is subtracted from each image to keep the moments
 * precise. The maps are the first image and the second image, followed by the squares of each and their product (five
 * maps), or by the sum of the squares and the product (four maps). */
void
MakeMomentRows(const double *     row1,
               const double *     row2,
               SizeValueType      count,
               double             offset1,
               double             offset2,
               const MapRows<4> & rows);
void
MakeMomentRows(const double *     row1,
               const double *     row2,
               SizeValueType      count,
               double             offset1,
               double             offset2,
               const MapRows<5> & rows);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkLocalMoments_h
