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

#include "itkHighFrequencyErrorNorm.h"

#include "itkGaussianWindow.h"
#include "itkImageBorders.h"
#include "itkSeparableWindows.h"

#include <cmath>
#include <functional>
#include <limits>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
constexpr SizeValueType LaplacianRadius = 7;

/** A Laplacian of Gaussian: (x^2 + y^2 - 2 sigma^2) / sigma^4 times the normalized Gaussian G(x) G(y), minus its mean,
 * so that the filtered image of a constant is 0. It is the sum of two separable windows and a constant:
 * (x^2 - sigma^2) / sigma^4 G(x) G(y), the same with x and y exchanged, and minus the mean. */
struct LaplacianOfGaussian
{
  std::vector<double> gaussian;
  std::vector<double> secondMoment;
  double              mean{ 0.0 };

  explicit LaplacianOfGaussian(double sigma)
  {
    const std::vector<double> window = GaussianWindow(sigma, LaplacianRadius);
    double                    sum = 0.0;
    for (SizeValueType k = 0; k <= LaplacianRadius; ++k)
    {
      const double tap = window[LaplacianRadius + k];
      const auto   x = static_cast<double>(k);
      gaussian.push_back(tap);
      // Half of -2 sigma^2 belongs to each axis.
      secondMoment.push_back(tap * (x * x - sigma * sigma) / (sigma * sigma * sigma * sigma));
      sum += (k == 0 ? 1.0 : 2.0) * secondMoment.back();
    }
    constexpr double taps = 2.0 * LaplacianRadius + 1.0;
    mean = 2.0 * sum / (taps * taps);
  }
};

/** Compute three filtered maps of an image: the two separable parts of the Laplacian, and the mean over the window. */
template <typename TReceive>
void
ForEachLaplacianRow(const double *              image,
                    SizeValueType               width,
                    SizeValueType               height,
                    SizeValueType               first,
                    SizeValueType               count,
                    const LaplacianOfGaussian & laplacian,
                    const TReceive &            receive)
{
  constexpr SizeValueType             taps = 2 * LaplacianRadius + 1;
  const std::vector<double>           ones(LaplacianRadius + 1, 1.0);
  const std::array<const double *, 3> horizontal{ laplacian.secondMoment.data(),
                                                  laplacian.gaussian.data(),
                                                  ones.data() };
  const std::array<const double *, 3> vertical{ laplacian.gaussian.data(), laplacian.secondMoment.data(), ones.data() };
  std::vector<double>                 padded(width + 2 * LaplacianRadius);
  std::vector<double>                 ring(3 * taps * width);
  std::vector<double>                 parts(3 * width);
  std::array<const double *, taps>    window{};
  for (SizeValueType y = 0; y < count + taps - 1; ++y)
  {
    const SizeValueType from = ImageBorders::SymmetricPosition(
      static_cast<OffsetValueType>(first + y) - static_cast<OffsetValueType>(LaplacianRadius), height);
    for (SizeValueType x = 0; x < padded.size(); ++x)
    {
      padded[x] =
        image[from * width + ImageBorders::SymmetricPosition(
                               static_cast<OffsetValueType>(x) - static_cast<OffsetValueType>(LaplacianRadius), width)];
    }
    for (SizeValueType m = 0; m < 3; ++m)
    {
      SeparableWindows::FilterRow<LaplacianRadius>(
        padded.data(), horizontal[m], LaplacianRadius, width, ring.data() + (m * taps + y % taps) * width);
    }
    if (y + 1 < taps)
    {
      continue;
    }
    for (SizeValueType m = 0; m < 3; ++m)
    {
      for (SizeValueType k = 0; k < taps; ++k)
      {
        window[k] = ring.data() + (m * taps + (y + 1 + k) % taps) * width;
      }
      SeparableWindows::FilterColumn<LaplacianRadius>(
        window.data(), vertical[m], LaplacianRadius, width, parts.data() + m * width);
    }
    for (SizeValueType x = 0; x < width; ++x)
    {
      parts[x] += parts[width + x] - laplacian.mean * parts[2 * width + x];
    }
    receive(y + 1 - taps, parts.data());
  }
}
} // namespace

double
HighFrequencyErrorSums::GetNorm() const
{
  if (difference == 0.0)
  {
    return 0.0;
  }
  return reference > 0.0 ? std::sqrt(difference / reference) : std::numeric_limits<double>::quiet_NaN();
}

HighFrequencyErrorSums
SumHighFrequencyErrors(const SlicePair & slices, const ParallelFor & parallel)
{
  const SizeValueType       width = slices.width;
  const SizeValueType       height = slices.height;
  const LaplacianOfGaussian laplacian(1.5);
  // The filter is linear, so the filtered difference is the difference of the filtered images.
  std::vector<double> difference(width * height);
  std::transform(slices.test, slices.test + difference.size(), slices.reference, difference.begin(), std::minus<>());

  std::vector<HighFrequencyErrorSums> bands(NumberOfBands(height));
  parallel(bands.size(), [&](SizeValueType band) {
    const SizeValueType first = band * BandHeight;
    const SizeValueType rows = std::min(BandHeight, height - first);
    const auto          sumOfSquares = [&](const double * image) {
      double sum = 0.0;
      ForEachLaplacianRow(image, width, height, first, rows, laplacian, [&](SizeValueType, const double * row) {
        for (SizeValueType x = 0; x < width; ++x)
        {
          sum += row[x] * row[x];
        }
      });
      return sum;
    };
    bands[band] = { sumOfSquares(difference.data()), sumOfSquares(slices.reference) };
  });
  HighFrequencyErrorSums sums;
  for (const HighFrequencyErrorSums & band : bands)
  {
    sums.Add(band);
  }
  return sums;
}
} // namespace ImageQualityMetrics
} // end namespace itk
