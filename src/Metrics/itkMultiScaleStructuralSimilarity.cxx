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

#include "itkMultiScaleStructuralSimilarity.h"

#include "itkImageHalving.h"
#include "itkStructuralSimilarityMap.h"

#include <array>
#include <cmath>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
constexpr std::array<double, 5> ScaleWeights{ 0.0448, 0.2856, 0.3001, 0.2363, 0.1333 };

/** The mean at a scale: that of the similarity at the coarsest scale, that of contrast and structure at the others. */
double
MeanOfScale(const SlicePair &                      slices,
            const StructuralSimilarityParameters & parameters,
            bool                                   isCoarsest,
            const ParallelFor &                    parallel)
{
  std::vector<StructuralSimilaritySum> rows(slices.height - 2 * SizeValueType{ parameters.radius });
  const auto                           receive =
    [&](SizeValueType y, const std::vector<double> & similarity, const std::vector<double> & contrast) {
      AddRow(rows[y], isCoarsest ? similarity.data() : contrast.data(), similarity.size(), nullptr);
    };
  ForRadius(parameters.radius,
            [&](auto radius) { ForEachMapRow<radius()>(slices, parameters, !isCoarsest, parallel, receive); });
  return Total(rows).GetMean();
}
} // namespace

SizeValueType
MultiScaleStructuralSimilarityMinimumSize(const StructuralSimilarityParameters & parameters)
{
  // After halving four times, with rounding up, the window still fits.
  return 16 * 2 * SizeValueType{ parameters.radius } + 1;
}

double
MultiScaleStructuralSimilarity(const SlicePair &                      slices,
                               const StructuralSimilarityParameters & parameters,
                               const ParallelFor &                    parallel)
{
  VerifySize("The multi-scale SSIM", MultiScaleStructuralSimilarityMinimumSize(parameters), slices);
  StructuralSimilarityParameters inside = parameters;
  inside.mirrorBorders = false;
  std::vector<double> reference;
  std::vector<double> test;
  SlicePair           scaled = slices;
  double              product = 1.0;
  for (size_t scale = 0; scale < ScaleWeights.size(); ++scale)
  {
    if (scale > 0)
    {
      reference = Halve<OddBorder::Repeated>(scaled.reference, scaled.width, scaled.height);
      test = Halve<OddBorder::Repeated>(scaled.test, scaled.width, scaled.height);
      scaled = { reference.data(), test.data(), (scaled.width + 1) / 2, (scaled.height + 1) / 2 };
    }
    // The power of a negative mean is undefined: std::pow() returns NaN.
    product *= std::pow(MeanOfScale(scaled, inside, scale + 1 == ScaleWeights.size(), parallel), ScaleWeights[scale]);
  }
  return product;
}
} // namespace ImageQualityMetrics
} // end namespace itk
