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

#include "itkStructuralSimilarity.h"

#include "itkStructuralSimilarityMap.h"

namespace itk
{
namespace ImageQualityMetrics
{
StructuralSimilaritySum
StructuralSimilarity(const SlicePair &                      slices,
                     const StructuralSimilarityParameters & parameters,
                     const unsigned char *                  mask,
                     double *                               map,
                     const ParallelFor &                    parallel)
{
  VerifyWindowFits(parameters, { slices.width, slices.height });
  const SizeValueType                  inset = parameters.mirrorBorders ? 0 : parameters.radius;
  const SizeValueType                  outputWidth = slices.width - 2 * inset;
  std::vector<StructuralSimilaritySum> rows(slices.height - 2 * inset);
  const auto receive = [&](SizeValueType y, const std::vector<double> & similarity, const std::vector<double> &) {
    if (map != nullptr)
    {
      std::copy(similarity.begin(), similarity.end(), map + y * outputWidth);
    }
    AddRow(
      rows[y], similarity.data(), outputWidth, mask == nullptr ? nullptr : mask + (y + inset) * slices.width + inset);
  };
  ForRadius(parameters.radius,
            [&](auto radius) { ForEachMapRow<radius()>(slices, parameters, false, parallel, receive); });
  return Total(rows);
}
} // namespace ImageQualityMetrics
} // end namespace itk
