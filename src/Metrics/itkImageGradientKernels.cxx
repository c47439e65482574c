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

#include "itkImageQualityMetricsKernels.h"

#include "itkImageBuffers.h"
#include "itkSeparableWindows.h"

#include "itkMacro.h"

#include <cmath>
#include <functional>

namespace itk
{
namespace
{
/** Means of 2 x 2 pixels at every second pixel; outside of the image is 0. */
std::vector<double>
AverageAndDecimate(const double * image, SizeValueType width, SizeValueType height)
{
  const SizeValueType halfWidth = (width + 1) / 2;
  const SizeValueType halfHeight = (height + 1) / 2;
  std::vector<double> half(halfWidth * halfHeight);
  const auto          at = [&](SizeValueType x, SizeValueType y) {
    return x < width && y < height ? image[y * width + x] : 0.0;
  };
  for (SizeValueType y = 0; y < halfHeight; ++y)
  {
    for (SizeValueType x = 0; x < halfWidth; ++x)
    {
      half[y * halfWidth + x] =
        0.25 * ((at(2 * x, 2 * y) + at(2 * x + 1, 2 * y)) + (at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)));
    }
  }
  return half;
}

/** Magnitude of the Prewitt gradient, a third of the differences' sums; outside of the image is 0. */
std::vector<double>
GradientMagnitude(const std::vector<double> & image, SizeValueType width, SizeValueType height)
{
  // A border of zeros.
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

constexpr SizeValueType LaplacianRadius = 7;

/** A Laplacian of Gaussian as the difference that it is: (x^2 + y^2 - 2 sigma^2) / sigma^4 times the normalized
 * Gaussian, less its mean, so that constants vanish. It is a sum of two separable kernels and a constant: of x^2 G(x)
 * G(y), of the same with x and y exchanged, of G(x) G(y) and of 1. */
struct LaplacianOfGaussian
{
  std::vector<double> gaussian;
  std::vector<double> secondMoment;
  double              mean{ 0.0 };

  explicit LaplacianOfGaussian(double sigma)
  {
    const std::vector<double> kernel = ImageQualityMetricsKernels::GaussianKernel(sigma, LaplacianRadius);
    double                    sum = 0.0;
    for (SizeValueType k = 0; k <= LaplacianRadius; ++k)
    {
      const double tap = kernel[LaplacianRadius + k];
      const auto   x = static_cast<double>(k);
      gaussian.push_back(tap);
      // Half of -2 sigma^2 goes with either axis.
      secondMoment.push_back(tap * (x * x - sigma * sigma) / (sigma * sigma * sigma * sigma));
      sum += (k == 0 ? 1.0 : 2.0) * secondMoment.back();
    }
    constexpr double taps = 2.0 * LaplacianRadius + 1.0;
    mean = 2.0 * sum / (taps * taps);
  }
};

/** Filters three maps of one image: the two parts of the Laplacian, and the mean over the window. */
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
    const SizeValueType from = SeparableWindows::Mirror(
      static_cast<OffsetValueType>(first + y) - static_cast<OffsetValueType>(LaplacianRadius), height);
    for (SizeValueType x = 0; x < padded.size(); ++x)
    {
      padded[x] =
        image[from * width + SeparableWindows::Mirror(
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
ImageQualityMetricsKernels::GMSD(const double * reference,
                                 const double * test,
                                 SizeValueType  width,
                                 SizeValueType  height,
                                 double         dynamicRange)
{
  ImageBuffers::VerifySize("GMSD", GMSDMinimumSize, width, height);
  ImageBuffers::VerifyDynamicRange(dynamicRange);
  const SizeValueType halfWidth = (width + 1) / 2;
  const SizeValueType halfHeight = (height + 1) / 2;
  const auto gradient1 = GradientMagnitude(AverageAndDecimate(reference, width, height), halfWidth, halfHeight);
  const auto gradient2 = GradientMagnitude(AverageAndDecimate(test, width, height), halfWidth, halfHeight);

  const double constant = 170.0 * (dynamicRange / 255.0) * (dynamicRange / 255.0);
  double       sum = 0.0;
  double       sumOfSquares = 0.0;
  for (SizeValueType i = 0; i < gradient1.size(); ++i)
  {
    const double a = gradient1[i];
    const double b = gradient2[i];
    // Of 1 - similarity, which is 0 for most pixels: no precision is lost in the variance.
    const double difference = (a - b) * (a - b) / (a * a + b * b + constant);
    sum += difference;
    sumOfSquares += difference * difference;
  }
  const auto   count = static_cast<double>(gradient1.size());
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, sumOfSquares / count - mean * mean));
}

std::array<double, 2>
ImageQualityMetricsKernels::HFENSums(const double *       reference,
                                     const double *       test,
                                     SizeValueType        width,
                                     SizeValueType        height,
                                     const ParallelType & parallel)
{
  using ImageBuffers::BandHeight;
  const LaplacianOfGaussian laplacian(1.5);
  // The filter is linear: that of the difference is the difference of the filtered images.
  std::vector<double> difference(width * height);
  std::transform(test, test + difference.size(), reference, difference.begin(), std::minus<>());

  std::vector<std::array<double, 2>> bands(ImageBuffers::NumberOfBands(height));
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
    bands[band] = { sumOfSquares(difference.data()), sumOfSquares(reference) };
  });
  std::array<double, 2> sums{};
  for (const auto & band : bands)
  {
    sums[0] += band[0];
    sums[1] += band[1];
  }
  return sums;
}
} // end namespace itk
