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

#include "itkSteerablePyramid.h"

#include "itkImageBorders.h"
#include "itkSteerablePyramidFilters.h"
#include "itkVectorLoops.h"

#include <algorithm>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** Add a row multiplied by a tap. */
LSSR_FOR_EACH_PROCESSOR void
AddRow(const double * in, double tap, SizeValueType count, double * LSSR_RESTRICT out)
{
  for (SizeValueType x = 0; x < count; ++x)
  {
    out[x] += tap * in[x];
  }
}

/** Correlate an image, mirrored at its borders, with a filter of `taps` x `taps`. Every `step`th pixel is kept,
 * beginning with the first. */
PyramidBand
Correlate(const PyramidBand & image,
          const double *      filter,
          SizeValueType       taps,
          SizeValueType       step,
          const ParallelFor & parallel)
{
  constexpr SizeValueType bandHeight = 32;
  const auto              radius = static_cast<OffsetValueType>(taps / 2);
  PyramidBand             result;
  result.width = (image.width + step - 1) / step;
  result.height = (image.height + step - 1) / step;
  result.values.resize(result.width * result.height);
  parallel(NumberOfBands(result.height, bandHeight), [&](SizeValueType part) {
    std::vector<double> padded(image.width + taps - 1);
    std::vector<double> full(image.width);
    const SizeValueType end = std::min((part + 1) * bandHeight, result.height);
    for (SizeValueType y = part * bandHeight; y < end; ++y)
    {
      std::fill(full.begin(), full.end(), 0.0);
      for (SizeValueType row = 0; row < taps; ++row)
      {
        const double * const in = image.Row(
          ImageBorders::ReflectedPosition(static_cast<OffsetValueType>(y * step + row) - radius, image.height));
        std::copy_n(in, image.width, padded.begin() + radius);
        for (OffsetValueType x = 0; x < radius; ++x)
        {
          padded[x] = in[ImageBorders::ReflectedPosition(x - radius, image.width)];
          padded[image.width + radius + x] =
            in[ImageBorders::ReflectedPosition(static_cast<OffsetValueType>(image.width) + x, image.width)];
        }
        for (SizeValueType column = 0; column < taps; ++column)
        {
          AddRow(padded.data() + column, filter[row * taps + column], image.width, full.data());
        }
      }
      for (SizeValueType x = 0; x < result.width; ++x)
      {
        result.values[y * result.width + x] = full[x * step];
      }
    }
  });
  return result;
}

} // namespace

std::vector<PyramidBand>
SteerablePyramid(const double * image, SizeValueType width, SizeValueType height, const ParallelFor & parallel)
{
  using namespace SteerablePyramidFilters;
  std::vector<PyramidBand> bands;
  PyramidBand low = Correlate({ width, height, { image, image + width * height } }, LowPass0, 5, 1, parallel);
  for (int level = 0; level < NumberOfPyramidLevels; ++level)
  {
    bands.push_back(Correlate(low, Orientation1, 7, 1, parallel));
    bands.push_back(Correlate(low, Orientation4, 7, 1, parallel));
    if (level + 1 < NumberOfPyramidLevels)
    {
      low = Correlate(low, LowPass, 9, 2, parallel);
    }
  }
  return bands;
}

} // namespace ImageQualityMetrics
} // end namespace itk
