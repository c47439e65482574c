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

#include "itkStructuralSimilarityRows.h"

#include "itkGaussianWindow.h"
#include "itkImageBorders.h"
#include "itkVectorLoops.h"

#include "itkMacro.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** Compute the contrast and structure term, with `VWithLuminance` multiplied by the luminance term. */
template <bool VWithLuminance>
LSSR_FOR_EACH_PROCESSOR void
ComputeTerms(const double *                        first,
             const double *                        second,
             const double *                        squares,
             const double *                        product,
             SizeValueType                         count,
             const StructuralSimilarityConstants & constants,
             double * LSSR_RESTRICT                out)
{
  const StructuralSimilarityConstants c = constants;
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double variances = c.covarianceFactor * (squares[x] - (first[x] * first[x] + second[x] * second[x]));
    const double covariance = c.covarianceFactor * (product[x] - first[x] * second[x]);
    double       numerator = 2.0 * covariance + c.c2;
    double       denominator = variances + c.c2;
    if constexpr (VWithLuminance)
    {
      const double mean1 = first[x] + c.offset1;
      const double mean2 = second[x] + c.offset2;
      numerator *= 2.0 * (mean1 * mean2) + c.c1;
      denominator *= mean1 * mean1 + mean2 * mean2 + c.c1;
    }
    out[x] = numerator / denominator;
  }
}
} // namespace

StructuralSimilarityConstants
MakeConstants(const StructuralSimilarityParameters & parameters, unsigned int dimension)
{
  const double                  k1L = parameters.k1 * parameters.dataRange;
  const double                  k2L = parameters.k2 * parameters.dataRange;
  StructuralSimilarityConstants constants;
  constants.c1 = k1L * k1L;
  constants.c2 = k2L * k2L;
  if (parameters.sampleCovariance)
  {
    const double pixels = std::pow(2.0 * parameters.radius + 1.0, static_cast<double>(dimension));
    constants.covarianceFactor = pixels / (pixels - 1.0);
  }
  return constants;
}

std::vector<double>
HalfWindow(const StructuralSimilarityParameters & parameters)
{
  if (parameters.uniformWindow)
  {
    return std::vector<double>(parameters.radius + SizeValueType{ 1 }, 1.0 / (2.0 * parameters.radius + 1.0));
  }
  return HalfGaussianWindow(parameters.gaussianSigma, parameters.radius);
}

void
VerifyWindowFits(const StructuralSimilarityParameters & parameters, std::initializer_list<SizeValueType> sides)
{
  const SizeValueType taps = 2 * SizeValueType{ parameters.radius } + 1;
  if (parameters.mirrorBorders || *std::min_element(sides.begin(), sides.end()) >= taps)
  {
    return;
  }
  std::string window;
  std::string size;
  for (const SizeValueType side : sides)
  {
    window += (window.empty() ? "" : " x ") + std::to_string(taps);
    size += (size.empty() ? "" : " x ") + std::to_string(side);
  }
  itkGenericExceptionMacro("SSIM with a window of " << window << " pixels needs an image of at least " << window
                                                    << " pixels (got " << size << ").");
}

void
Similarities(const StructuralSimilarityRows &      rows,
             SizeValueType                         count,
             const StructuralSimilarityConstants & constants,
             double *                              out,
             double *                              contrast)
{
  ComputeTerms<true>(rows[0], rows[1], rows[2], rows[3], count, constants, out);
  if (contrast != nullptr)
  {
    ComputeTerms<false>(rows[0], rows[1], rows[2], rows[3], count, constants, contrast);
  }
}

void
AddRow(StructuralSimilaritySum & sum, const double * similarity, SizeValueType count, const unsigned char * mask)
{
  if (mask == nullptr)
  {
    sum.sum += std::accumulate(similarity, similarity + count, 0.0);
    sum.count += count;
    return;
  }
  double rowSum = 0.0;
  for (SizeValueType x = 0; x < count; ++x)
  {
    if (mask[x] != 0)
    {
      rowSum += similarity[x];
      ++sum.count;
    }
  }
  sum.sum += rowSum;
}

StructuralSimilaritySum
Total(const std::vector<StructuralSimilaritySum> & parts)
{
  StructuralSimilaritySum total;
  for (const StructuralSimilaritySum & part : parts)
  {
    total.Add(part);
  }
  return total;
}

MirroredRowPair::MirroredRowPair(SizeValueType width, SizeValueType margin)
  : m_Width(width)
  , m_Margin(margin)
  , m_Row1(width + 2 * margin)
  , m_Row2(width + 2 * margin)
{}

void
MirroredRowPair::MakeMoments(const StructuralSimilarityConstants & constants,
                             const StructuralSimilarityRows &      rows) const
{
  MakeMomentRows(m_Row1.data(), m_Row2.data(), m_Row1.size(), constants.offset1, constants.offset2, rows);
}

void
MirroredRowPair::MirrorBorders(std::vector<double> & row) const
{
  const auto width = static_cast<OffsetValueType>(m_Width);
  const auto margin = static_cast<OffsetValueType>(m_Margin);
  std::copy_backward(row.begin(), row.begin() + width, row.begin() + width + margin);
  for (OffsetValueType x = 0; x < margin; ++x)
  {
    row[x] = row[margin + ImageBorders::SymmetricPosition(x - margin, m_Width)];
  }
  for (OffsetValueType x = 0; x < margin; ++x)
  {
    row[margin + width + x] = row[margin + ImageBorders::SymmetricPosition(width + x, m_Width)];
  }
}
} // namespace ImageQualityMetrics
} // end namespace itk
