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

#include "itkWaveletVisualInformationFidelity.h"

#include "itkImageBorders.h"
#include "itkSteerablePyramid.h"

#include "itk_eigen.h"
#include ITK_EIGEN(Eigenvalues)

#include <cmath>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** The model of the reference uses vectors of 3 x 3 coefficients, called blocks. */
constexpr SizeValueType BlockSide = 3;
constexpr int           BlockSize = 9;
constexpr double        Tolerance = 1e-15;
constexpr double        VisualNoiseVariance = 0.4;

/** Compute the sums of make(index) over the window around the center of every block. */
template <typename TMake>
std::vector<double>
BlockWindowSums(const PyramidBand & band,
                SizeValueType       blocksX,
                SizeValueType       blocksY,
                OffsetValueType     radius,
                const TMake &       make)
{
  // Only whole blocks are used. Beyond them, coefficients are mirrored.
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
        sum += row[ImageBorders::ReflectedPosition(static_cast<OffsetValueType>(b * BlockSide + 1) + k, width)];
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
        alongRows.data() +
        ImageBorders::ReflectedPosition(static_cast<OffsetValueType>(b * BlockSide + 1) + k, height) * blocksX;
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
BlockAt(const PyramidBand & band, SizeValueType x, SizeValueType y)
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

/** Population covariance over all overlapping blocks. */
BlockMatrix
BlockCovariance(const PyramidBand & band, SizeValueType width, SizeValueType height)
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

/** Information that the test image and the reference carry in a sub-band. `scale` converts coefficients to the
 * intensity scale of 0 to 255. Windows have 2^level + 1 pixels in each direction. */
VisualInformation
InformationOfBand(const PyramidBand & reference, const PyramidBand & test, int level, double scale)
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
  const BlockVector &                              eigenvalues = solver.eigenvalues();
  // Directions without variance carry no information and are skipped, because the sums divide by the eigenvalue.
  const double smallest = Tolerance * eigenvalues[BlockSize - 1];

  const auto        border = static_cast<SizeValueType>((radius + BlockSide - 1) / BlockSide);
  VisualInformation information;
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
          information.test += std::log2(1.0 + gain * gain * s * eigenvalues[k] / (residual + VisualNoiseVariance));
          information.reference += std::log2(1.0 + s * eigenvalues[k] / VisualNoiseVariance);
        }
      }
    }
  }
  return information;
}
} // namespace

double
WaveletVisualInformationFidelity(const SlicePair & slices, double dataRange, const ParallelFor & parallel)
{
  VerifySize("The wavelet VIF", WaveletVisualInformationFidelityMinimumSize, slices);
  VerifyDataRange(dataRange);
  const auto bands1 = SteerablePyramid(slices.reference, slices.width, slices.height, parallel);
  const auto bands2 = SteerablePyramid(slices.test, slices.width, slices.height, parallel);

  std::vector<VisualInformation> parts(bands1.size());
  parallel(bands1.size(), [&](SizeValueType band) {
    const int level = NumberOfPyramidLevels - static_cast<int>(band) / 2;
    parts[band] = InformationOfBand(bands1[band], bands2[band], level, 255.0 / dataRange);
  });
  VisualInformation information;
  for (const VisualInformation & part : parts)
  {
    information.Add(part);
  }
  return information.GetFidelity(slices);
}
} // namespace ImageQualityMetrics
} // end namespace itk
