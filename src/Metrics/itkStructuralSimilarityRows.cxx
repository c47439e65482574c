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

#include <cmath>

namespace itk
{
namespace StructuralSimilarityRows
{
namespace
{
LSSR_FOR_EACH_PROCESSOR void
ComputeMoments(const double *         row1,
               const double *         row2,
               SizeValueType          count,
               double                 offset1,
               double                 offset2,
               double * LSSR_RESTRICT first,
               double * LSSR_RESTRICT second,
               double * LSSR_RESTRICT squares,
               double * LSSR_RESTRICT product)
{
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double a = row1[x] - offset1;
    const double b = row2[x] - offset2;
    first[x] = a;
    second[x] = b;
    squares[x] = a * a + b * b;
    product[x] = a * b;
  }
}

/** Contrast and structure, and with `VWithLuminance` the luminance term, too. */
template <bool VWithLuminance>
LSSR_FOR_EACH_PROCESSOR void
ComputeTerms(const double *         first,
             const double *         second,
             const double *         squares,
             const double *         product,
             SizeValueType          count,
             const Constants &      constants,
             double * LSSR_RESTRICT out)
{
  const Constants c = constants;
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

Constants
MakeConstants(const ImageQualityMetricsKernels::SSIMParameters & parameters, unsigned int dimension)
{
  const double k1L = parameters.K1 * parameters.DynamicRange;
  const double k2L = parameters.K2 * parameters.DynamicRange;
  Constants    constants;
  constants.c1 = k1L * k1L;
  constants.c2 = k2L * k2L;
  if (parameters.UseSampleCovariance)
  {
    const double pixels = std::pow(2.0 * parameters.Radius + 1.0, static_cast<double>(dimension));
    constants.covarianceFactor = pixels / (pixels - 1.0);
  }
  return constants;
}

std::vector<double>
HalfKernel(const ImageQualityMetricsKernels::SSIMParameters & parameters)
{
  if (parameters.UniformWindow)
  {
    return std::vector<double>(parameters.Radius + SizeValueType{ 1 }, 1.0 / (2.0 * parameters.Radius + 1.0));
  }
  const auto kernel = ImageQualityMetricsKernels::GaussianKernel(parameters.GaussianSigma, parameters.Radius);
  return { kernel.begin() + parameters.Radius, kernel.end() };
}

void
MakeRows(const double *    row1,
         const double *    row2,
         SizeValueType     count,
         const Constants & constants,
         const RowsType &  rows)
{
  ComputeMoments(row1, row2, count, constants.offset1, constants.offset2, rows[0], rows[1], rows[2], rows[3]);
}

void
Similarities(const RowsType & rows, SizeValueType count, const Constants & constants, double * out, double * contrast)
{
  ComputeTerms<true>(rows[0], rows[1], rows[2], rows[3], count, constants, out);
  if (contrast != nullptr)
  {
    ComputeTerms<false>(rows[0], rows[1], rows[2], rows[3], count, constants, contrast);
  }
}
} // namespace StructuralSimilarityRows
} // end namespace itk
