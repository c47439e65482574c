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

#include "itkGradientMagnitudeSimilarity.h"

#include "itkImageHalving.h"

#include <cmath>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** Magnitude of the gradient by Prewitt's operator, whose sums of differences are divided by 3. Pixels outside of the
 * image are 0. */
std::vector<double>
GradientMagnitude(const std::vector<double> & image, SizeValueType width, SizeValueType height)
{
  const SizeValueType stride = width + 2;
  std::vector<double> padded(stride * (height + 2));
  for (SizeValueType y = 0; y < height; ++y)
  {
    std::copy_n(image.data() + y * width, width, padded.data() + (y + 1) * stride + 1);
  }
  std::vector<double> magnitude(width * height);
  for (SizeValueType y = 0; y < height; ++y)
  {
    const double * const upper = padded.data() + y * stride;
    const double * const middle = upper + stride;
    const double * const lower = middle + stride;
    for (SizeValueType x = 0; x < width; ++x)
    {
      const double horizontal = (upper[x + 2] + middle[x + 2] + lower[x + 2] - upper[x] - middle[x] - lower[x]) / 3.0;
      const double vertical = (lower[x] + lower[x + 1] + lower[x + 2] - upper[x] - upper[x + 1] - upper[x + 2]) / 3.0;
      magnitude[y * width + x] = std::sqrt(horizontal * horizontal + vertical * vertical);
    }
  }
  return magnitude;
}
} // namespace

double
GradientMagnitudeSimilarityDeviation(const SlicePair & slices, double dataRange)
{
  VerifySize("GMSD", GradientMagnitudeSimilarityMinimumSize, slices);
  VerifyDataRange(dataRange);
  const SizeValueType halfWidth = (slices.width + 1) / 2;
  const SizeValueType halfHeight = (slices.height + 1) / 2;
  const auto          gradient = [&](const double * image) {
    return GradientMagnitude(Halve<OddBorder::Zero>(image, slices.width, slices.height), halfWidth, halfHeight);
  };
  const std::vector<double> gradient1 = gradient(slices.reference);
  const std::vector<double> gradient2 = gradient(slices.test);

  const double constant = 170.0 * (dataRange / 255.0) * (dataRange / 255.0);
  double       sum = 0.0;
  double       sumOfSquares = 0.0;
  for (SizeValueType i = 0; i < gradient1.size(); ++i)
  {
    const double a = gradient1[i];
    const double b = gradient2[i];
    // This is 1 - similarity. It is near 0 for most pixels, so that the variance keeps its precision.
    const double difference = (a - b) * (a - b) / (a * a + b * b + constant);
    sum += difference;
    sumOfSquares += difference * difference;
  }
  const auto   count = static_cast<double>(gradient1.size());
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, sumOfSquares / count - mean * mean));
}
} // namespace ImageQualityMetrics
} // end namespace itk
