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
#ifndef itkStructuralSimilarityMap_h
#define itkStructuralSimilarityMap_h

#include "itkImageBorders.h"
#include "itkParallelFor.h"
#include "itkSeparableWindows.h"
#include "itkSlicePair.h"
#include "itkStructuralSimilarityRows.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** Compute the map of 2D similarities, row by row. receive(y, similarities, contrasts) is called for every row, from
 * several threads. The contrasts are the similarities without the luminance term; they are empty unless requested. */
template <unsigned int VRadius, typename TReceive>
void
ForEachMapRow(const SlicePair &                      slices,
              const StructuralSimilarityParameters & parameters,
              bool                                   withContrast,
              const ParallelFor &                    parallel,
              const TReceive &                       receive)
{
  const SizeValueType           width = slices.width;
  const SizeValueType           height = slices.height;
  const SizeValueType           radius = parameters.radius;
  const SizeValueType           margin = parameters.mirrorBorders ? radius : 0;
  const std::vector<double>     halfWindow = HalfWindow(parameters);
  StructuralSimilarityConstants constants = MakeConstants(parameters, 2);
  constants.offset1 = Mean(slices.reference, width, height);
  constants.offset2 = Mean(slices.test, width, height);
  const SizeValueType outputWidth = width + 2 * margin - 2 * radius;
  const SizeValueType outputHeight = height + 2 * margin - 2 * radius;

  parallel(NumberOfBands(outputHeight), [&](SizeValueType band) {
    MirroredRowPair     rowPair(width, margin);
    std::vector<double> similarity(outputWidth);
    std::vector<double> contrast(withContrast ? outputWidth : 0);
    const auto          makeRow = [&](SizeValueType y, const StructuralSimilarityRows & rows) {
      const SizeValueType from =
        ImageBorders::SymmetricPosition(static_cast<OffsetValueType>(y) - static_cast<OffsetValueType>(margin), height);
      const double * const reference = slices.reference + from * width;
      const double * const test = slices.test + from * width;
      if (margin == 0)
      {
        MakeMomentRows(reference, test, width, constants.offset1, constants.offset2, rows);
        return;
      }
      rowPair.Read([&](double * row1, double * row2) {
        std::copy_n(reference, width, row1);
        std::copy_n(test, width, row2);
      });
      rowPair.MakeMoments(constants, rows);
    };
    const auto useRow = [&](SizeValueType y, const StructuralSimilarityRows & rows) {
      Similarities(rows, outputWidth, constants, similarity.data(), withContrast ? contrast.data() : nullptr);
      receive(y, similarity, contrast);
    };
    const SizeValueType first = band * BandHeight;
    SeparableWindows::ForEachFilteredRow<VRadius, NumberOfSimilarityMaps>(
      width + 2 * margin, first, std::min(BandHeight, outputHeight - first), halfWindow, makeRow, useRow);
  });
}
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkStructuralSimilarityMap_h
