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

#include "itkGradientAbsoluteError.h"

#include <cmath>
#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** The pixels on both sides of a pixel; at the border, the pixel itself is one of them. */
struct Neighbors
{
  SizeValueType before;
  SizeValueType behind;
  double        distance;

  Neighbors(SizeValueType position, SizeValueType length)
    : before(position > 0 ? position - 1 : 0)
    , behind(std::min(position + 1, length - 1))
    , distance(static_cast<double>(behind - before))
  {}
};

/** The magnitudes of the gradient in one row. */
void
GradientMagnitudeRow(const double * image, SizeValueType width, SizeValueType height, SizeValueType y, double * row)
{
  const Neighbors      rows(y, height);
  const double * const upper = image + rows.before * width;
  const double * const middle = image + y * width;
  const double * const lower = image + rows.behind * width;
  for (SizeValueType x = 0; x < width; ++x)
  {
    const Neighbors columns(x, width);
    const double    horizontal = (middle[columns.behind] - middle[columns.before]) / columns.distance;
    const double    vertical = (lower[x] - upper[x]) / rows.distance;
    row[x] = std::sqrt(horizontal * horizontal + vertical * vertical);
  }
}
} // namespace

double
GradientAbsoluteError(const SlicePair & slices, const ParallelFor & parallel)
{
  VerifySize("MAEG", GradientAbsoluteErrorMinimumSize, slices);
  const SizeValueType width = slices.width;
  const SizeValueType height = slices.height;
  std::vector<double> bands(NumberOfBands(height));
  parallel(bands.size(), [&](SizeValueType band) {
    std::vector<double> reference(width);
    std::vector<double> test(width);
    const SizeValueType end = std::min((band + 1) * BandHeight, height);
    for (SizeValueType y = band * BandHeight; y < end; ++y)
    {
      GradientMagnitudeRow(slices.reference, width, height, y, reference.data());
      GradientMagnitudeRow(slices.test, width, height, y, test.data());
      for (SizeValueType x = 0; x < width; ++x)
      {
        bands[band] += std::abs(test[x] - reference[x]);
      }
    }
  });
  return std::accumulate(bands.begin(), bands.end(), 0.0) / static_cast<double>(width * height);
}
} // namespace ImageQualityMetrics
} // end namespace itk
