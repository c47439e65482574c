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
#ifndef itkStructuralSimilarityRows_h
#define itkStructuralSimilarityRows_h

#include "itkImageQualityMetricsKernels.h"
#include "itkSeparableWindows.h"

#include <array>
#include <vector>

namespace itk
{
/** Rows of the maps that a structural similarity is made of: what its 2D, 3D and multi-scale forms share. */
namespace StructuralSimilarityRows
{
/** Mean of the first image, of the second, of the sum of their squares (only the sum of the two variances is needed:
 * four maps instead of five), and of their product. */
constexpr unsigned int NumberOfMaps = 4;
using RowsType = std::array<double *, NumberOfMaps>;

/** What turns filtered rows into similarities. Images have had their offsets subtracted, for the sake of precision. */
struct Constants
{
  double offset1{ 0.0 };
  double offset2{ 0.0 };
  double c1{ 0.0 };
  double c2{ 0.0 };
  /** Of sample covariances, over those of a population. */
  double covarianceFactor{ 1.0 };
};

Constants
MakeConstants(const ImageQualityMetricsKernels::SSIMParameters & parameters, unsigned int dimension);

/** Center and right half of the window. */
std::vector<double>
HalfKernel(const ImageQualityMetricsKernels::SSIMParameters & parameters);

/** The maps' rows of two rows of images. */
void
MakeRows(const double *    row1,
         const double *    row2,
         SizeValueType     count,
         const Constants & constants,
         const RowsType &  rows);

/** Similarities of filtered rows; with `contrast`, also those without the luminance term. */
void
Similarities(const RowsType & rows, SizeValueType count, const Constants & constants, double * out, double * contrast);
} // namespace StructuralSimilarityRows
} // end namespace itk

#endif // itkStructuralSimilarityRows_h
