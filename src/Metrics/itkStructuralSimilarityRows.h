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

#include "itkLocalMoments.h"
#include "itkStructuralSimilarity.h"

#include <initializer_list>
#include <type_traits>
#include <vector>

// Operations on rows of maps that are common to the structural similarities in 2D, in 3D and at several scales.

namespace itk
{
namespace ImageQualityMetrics
{
/** The maps are the means of the first image, of the second image, of the sum of their squares, and of their product.
 * Four maps suffice, because only the sum of the two variances is needed. */
constexpr unsigned int NumberOfSimilarityMaps = 4;
using StructuralSimilarityRows = MapRows<NumberOfSimilarityMaps>;

/** The constants of the similarity. The offsets have been subtracted from the images to keep precision. */
struct StructuralSimilarityConstants
{
  double offset1{ 0.0 };
  double offset2{ 0.0 };
  double c1{ 0.0 };
  double c2{ 0.0 };
  /** Sample covariance divided by population covariance; 1 for population covariances. */
  double covarianceFactor{ 1.0 };
};

StructuralSimilarityConstants
MakeConstants(const StructuralSimilarityParameters & parameters, unsigned int dimension);

/** The center and the right half of the window. */
std::vector<double>
HalfWindow(const StructuralSimilarityParameters & parameters);

/** \exception ExceptionObject if borders are not mirrored and the window does not fit into an image with these sides */
void
VerifyWindowFits(const StructuralSimilarityParameters & parameters, std::initializer_list<SizeValueType> sides);

/** Compute the similarities of filtered rows. `contrast` may be null, or receives those without the luminance term. */
void
Similarities(const StructuralSimilarityRows &      rows,
             SizeValueType                         count,
             const StructuralSimilarityConstants & constants,
             double *                              out,
             double *                              contrast);

/** Add the similarities of a row that the mask selects. Without a mask, add all of them. */
void
AddRow(StructuralSimilaritySum & sum, const double * similarity, SizeValueType count, const unsigned char * mask);

StructuralSimilaritySum
Total(const std::vector<StructuralSimilaritySum> & parts);

/** A row of each of two images, with `margin` mirrored pixels at each end. */
class MirroredRowPair
{
public:
  MirroredRowPair(SizeValueType width, SizeValueType margin);

  /** Call read(row1, row2), which writes the pixels within the images, and mirror them. */
  template <typename TRead>
  void
  Read(const TRead & read)
  {
    read(m_Row1.data(), m_Row2.data());
    if (m_Margin > 0)
    {
      this->MirrorBorders(m_Row1);
      this->MirrorBorders(m_Row2);
    }
  }

  void
  MakeMoments(const StructuralSimilarityConstants & constants, const StructuralSimilarityRows & rows) const;

private:
  void
  MirrorBorders(std::vector<double> & row) const;

  SizeValueType       m_Width;
  SizeValueType       m_Margin;
  std::vector<double> m_Row1;
  std::vector<double> m_Row2;
};

/** Call a function with the radius as a compile-time constant, so that the compiler unrolls and vectorizes the loop
 * over the taps. This is done for the usual radii. 0 stands for any other radius. */
template <typename TFunction>
auto
ForRadius(unsigned int radius, const TFunction & function)
{
  if (radius == 5)
  {
    return function(std::integral_constant<unsigned int, 5>());
  }
  if (radius == 3)
  {
    return function(std::integral_constant<unsigned int, 3>());
  }
  return function(std::integral_constant<unsigned int, 0>());
}
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkStructuralSimilarityRows_h
