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
#include "itkSteerablePyramidFilters.h"

#include "itkMacro.h"

#include "itk_eigen.h"
#include ITK_EIGEN(Eigenvalues)

#include <cmath>

namespace itk
{
namespace
{
using ParallelType = ImageQualityMetricsKernels::ParallelType;

/** Coefficients of the vectors that the model of the reference is made of: blocks of 3 x 3. */
constexpr SizeValueType BlockSide = 3;
constexpr int           BlockSize = 9;
constexpr double        Tolerance = 1e-15;
constexpr double        VisualNoiseVariance = 0.4;
constexpr int           NumberOfLevels = 4;

struct Band
{
  SizeValueType       width{ 0 };
  SizeValueType       height{ 0 };
  std::vector<double> values;

  const double *
  Row(SizeValueType y) const
  {
    return values.data() + y * width;
  }
};

/** The pixel that a position beyond a side mirrors; the border pixel is not repeated. */
SizeValueType
Reflect(OffsetValueType position, SizeValueType length)
{
  if (length == 1)
  {
    return 0;
  }
  const auto period = 2 * static_cast<OffsetValueType>(length) - 2;
  position = (position % period + period) % period;
  return static_cast<SizeValueType>(std::min(position, period - position));
}

/** Add a row, times a tap, at a step of 1. */
LSSR_FOR_EACH_PROCESSOR void
AddRow(const double * in, double tap, SizeValueType count, double * LSSR_RESTRICT out)
{
  for (SizeValueType x = 0; x < count; ++x)
  {
    out[x] += tap * in[x];
  }
}

/** Correlate with a kernel of `taps` x `taps`, mirrored at the borders, and keep every `step`th pixel from the first.
 */
Band
Correlate(const Band &         image,
          const double *       kernel,
          SizeValueType        taps,
          SizeValueType        step,
          const ParallelType & parallel)
{
  constexpr SizeValueType bandHeight = 32;
  const auto              radius = static_cast<OffsetValueType>(taps / 2);
  Band                    result;
  result.width = (image.width + step - 1) / step;
  result.height = (image.height + step - 1) / step;
  result.values.resize(result.width * result.height);
  parallel(ImageBuffers::NumberOfBands(result.height, bandHeight), [&](SizeValueType part) {
    std::vector<double> padded(image.width + taps - 1);
    std::vector<double> full(image.width);
    const SizeValueType end = std::min((part + 1) * bandHeight, result.height);
    for (SizeValueType y = part * bandHeight; y < end; ++y)
    {
      std::fill(full.begin(), full.end(), 0.0);
      for (SizeValueType row = 0; row < taps; ++row)
      {
        const double * const in =
          image.Row(Reflect(static_cast<OffsetValueType>(y * step + row) - radius, image.height));
        std::copy_n(in, image.width, padded.begin() + radius);
        for (OffsetValueType x = 0; x < radius; ++x)
        {
          padded[x] = in[Reflect(x - radius, image.width)];
          padded[image.width + radius + x] = in[Reflect(static_cast<OffsetValueType>(image.width) + x, image.width)];
        }
        for (SizeValueType column = 0; column < taps; ++column)
        {
          AddRow(padded.data() + column, kernel[row * taps + column], image.width, full.data());
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

/** Orientations 1 and 4 of every level, the finest first. */
std::vector<Band>
SteerablePyramid(const double * image, SizeValueType width, SizeValueType height, const ParallelType & parallel)
{
  using namespace SteerablePyramidFilters;
  std::vector<Band> bands;
  Band              low = Correlate({ width, height, { image, image + width * height } }, LowPass0, 5, 1, parallel);
  for (int level = 0; level < NumberOfLevels; ++level)
  {
    bands.push_back(Correlate(low, Orientation1, 7, 1, parallel));
    bands.push_back(Correlate(low, Orientation4, 7, 1, parallel));
    if (level + 1 < NumberOfLevels)
    {
      low = Correlate(low, LowPass, 9, 2, parallel);
    }
  }
  return bands;
}

/** Sums over the window around the center of every block, of `make`(x, y) at every pixel. */
template <typename TMake>
std::vector<double>
BlockWindowSums(const Band &    band,
                SizeValueType   blocksX,
                SizeValueType   blocksY,
                OffsetValueType radius,
                const TMake &   make)
{
  // Only whole blocks count; what lies beyond is mirrored.
  const SizeValueType width = blocksX * BlockSide;
  const SizeValueType height = blocksY * BlockSide;
  std::vector<double> alongRows(height * blocksX);
  std::vector<double> row(width);
  for (SizeValueType y = 0; y < height; ++y)
  {
    for (SizeValueType x = 0; x < width; ++x)
    {
      row[x] = make(y * band.width + x);
    }
    for (SizeValueType b = 0; b < blocksX; ++b)
    {
      double sum = 0.0;
      for (OffsetValueType k = -radius; k <= radius; ++k)
      {
        sum += row[Reflect(static_cast<OffsetValueType>(b * BlockSide + 1) + k, width)];
      }
      alongRows[y * blocksX + b] = sum;
    }
  }
  std::vector<double> sums(blocksX * blocksY);
  for (SizeValueType b = 0; b < blocksY; ++b)
  {
    for (OffsetValueType k = -radius; k <= radius; ++k)
    {
      const double * const from =
        alongRows.data() + Reflect(static_cast<OffsetValueType>(b * BlockSide + 1) + k, height) * blocksX;
      for (SizeValueType x = 0; x < blocksX; ++x)
      {
        sums[b * blocksX + x] += from[x];
      }
    }
  }
  return sums;
}

using BlockMatrix = Eigen::Matrix<double, BlockSize, BlockSize>;
using BlockVector = Eigen::Matrix<double, BlockSize, 1>;

BlockVector
BlockAt(const Band & band, SizeValueType x, SizeValueType y)
{
  BlockVector block;
  for (SizeValueType i = 0; i < BlockSide; ++i)
  {
    for (SizeValueType j = 0; j < BlockSide; ++j)
    {
      block[static_cast<Eigen::Index>(i * BlockSide + j)] = band.Row(y + i)[x + j];
    }
  }
  return block;
}

/** Population covariance of all overlapping blocks. */
BlockMatrix
BlockCovariance(const Band & band, SizeValueType width, SizeValueType height)
{
  BlockVector mean = BlockVector::Zero();
  BlockMatrix moments = BlockMatrix::Zero();
  double      count = 0.0;
  for (SizeValueType y = 0; y + BlockSide <= height; ++y)
  {
    for (SizeValueType x = 0; x + BlockSide <= width; ++x)
    {
      const BlockVector block = BlockAt(band, x, y);
      mean += block;
      moments.noalias() += block * block.transpose();
      count += 1.0;
    }
  }
  mean /= count;
  return moments / count - mean * mean.transpose();
}

/** Information that the test image and the reference carry in a sub-band. `scale` takes coefficients to the range of 0
 * to 255; windows have 2^level + 1 pixels. */
std::array<double, 2>
BandInformation(const Band & reference, const Band & test, int level, double scale)
{
  const SizeValueType blocksX = reference.width / BlockSide;
  const SizeValueType blocksY = reference.height / BlockSide;
  const auto          radius = OffsetValueType{ 1 } << (level - 1);
  const auto          side = static_cast<double>(2 * radius + 1);
  const double        n = side * side;
  const double        scale2 = scale * scale;
  const auto   sums = [&](const auto & make) { return BlockWindowSums(reference, blocksX, blocksY, radius, make); };
  const auto & x = reference.values;
  const auto & y = test.values;
  const auto   sumX = sums([&](SizeValueType i) { return x[i]; });
  const auto   sumY = sums([&](SizeValueType i) { return y[i]; });
  const auto   sumXX = sums([&](SizeValueType i) { return x[i] * x[i]; });
  const auto   sumYY = sums([&](SizeValueType i) { return y[i] * y[i]; });
  const auto   sumXY = sums([&](SizeValueType i) { return x[i] * y[i]; });

  const BlockMatrix covariance = BlockCovariance(reference, blocksX * BlockSide, blocksY * BlockSide) * scale2;
  const Eigen::SelfAdjointEigenSolver<BlockMatrix> solver(covariance);
  const BlockVector                                eigenvalues = solver.eigenvalues();
  // Directions without any variance carry nothing, and can't be divided by.
  const double smallest = Tolerance * eigenvalues[BlockSize - 1];

  const auto            border = static_cast<SizeValueType>((radius + BlockSide - 1) / BlockSide);
  std::array<double, 2> information{};
  for (SizeValueType by = border; by + border < blocksY; ++by)
  {
    for (SizeValueType bx = border; bx + border < blocksX; ++bx)
    {
      const SizeValueType i = by * blocksX + bx;
      const double        covarianceXY = scale2 * (sumXY[i] - sumX[i] * sumY[i] / n);
      const double        varianceX = std::max(0.0, scale2 * (sumXX[i] - sumX[i] * sumX[i] / n));
      const double        varianceY = std::max(0.0, scale2 * (sumYY[i] - sumY[i] * sumY[i] / n));
      double              gain = covarianceXY / (varianceX + Tolerance);
      double              residual = (varianceY - gain * covarianceXY) / n;
      if (varianceX < Tolerance || gain < 0.0)
      {
        gain = 0.0;
        residual = varianceY;
      }
      if (varianceY < Tolerance)
      {
        gain = 0.0;
        residual = 0.0;
      }
      residual = std::max(residual, Tolerance);

      const BlockVector projected =
        scale * (solver.eigenvectors().transpose() * BlockAt(reference, bx * BlockSide, by * BlockSide));
      double s = 0.0;
      for (int k = 0; k < BlockSize; ++k)
      {
        s += eigenvalues[k] > smallest ? projected[k] * projected[k] / eigenvalues[k] : 0.0;
      }
      s /= BlockSize;
      for (int k = 0; k < BlockSize; ++k)
      {
        if (eigenvalues[k] > smallest)
        {
          information[0] += std::log2(1.0 + gain * gain * s * eigenvalues[k] / (residual + VisualNoiseVariance));
          information[1] += std::log2(1.0 + s * eigenvalues[k] / VisualNoiseVariance);
        }
      }
    }
  }
  return information;
}
} // namespace

double
ImageQualityMetricsKernels::WaveletVIF(const double *       reference,
                                       const double *       test,
                                       SizeValueType        width,
                                       SizeValueType        height,
                                       double               dynamicRange,
                                       const ParallelType & parallel)
{
  ImageBuffers::VerifySize("The wavelet VIF", WaveletVIFMinimumSize, width, height);
  ImageBuffers::VerifyDynamicRange(dynamicRange);
  const auto bands1 = SteerablePyramid(reference, width, height, parallel);
  const auto bands2 = SteerablePyramid(test, width, height, parallel);

  std::vector<std::array<double, 2>> information(bands1.size());
  parallel(bands1.size(), [&](SizeValueType band) {
    const int level = NumberOfLevels - static_cast<int>(band) / 2;
    information[band] = BandInformation(bands1[band], bands2[band], level, 255.0 / dynamicRange);
  });
  double numerator = 0.0;
  double denominator = 0.0;
  for (const auto & part : information)
  {
    numerator += part[0];
    denominator += part[1];
  }
  if (denominator > 0.0)
  {
    return numerator / denominator;
  }
  return std::equal(reference, reference + width * height, test) ? 1.0 : std::numeric_limits<double>::quiet_NaN();
}
} // end namespace itk
