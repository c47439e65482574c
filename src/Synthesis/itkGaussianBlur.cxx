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

#include "itkGaussianBlur.h"

#include "itkSliceTensors.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace itk
{
namespace
{
/** Weights of a Gaussian on a mirrored side. The side repeats with a period of twice its length: a wider Gaussian is
 * wrapped to one period, so that its cost is bounded. */
std::vector<double>
ComputeWeights(double sigma, int64_t radius, int64_t length)
{
  const int64_t       period = 2 * length;
  std::vector<double> weights(std::min(2 * radius + 1, period));
  double              sum = 0.0;
  for (int64_t offset = -radius; offset <= radius; ++offset)
  {
    const double weight = std::exp(-static_cast<double>(offset * offset) / (2.0 * sigma * sigma));
    weights[(offset + radius) % period] += weight;
    sum += weight;
  }
  for (double & weight : weights)
  {
    weight /= sum;
  }
  return weights;
}

/** Blur one axis as a weighted sum of shifted slices. A product with a matrix would call a BLAS: MKL's memory manager
 * is locked for ever in a child process that is forked while a thread of its parent ends. */
torch::Tensor
BlurAxis(const torch::Tensor & slices, int64_t axis, double sigma)
{
  const int64_t             length = slices.size(axis);
  const auto                radius = static_cast<int64_t>(std::ceil(4.0 * sigma));
  const std::vector<double> weights = ComputeWeights(sigma, radius, length);
  const auto                shifts = static_cast<int64_t>(weights.size());
  const torch::Tensor       mirrored = SliceTensors::MirrorSide(slices, axis, radius, length + shifts - 1);
  torch::Tensor             blurred = torch::zeros_like(slices);
  for (int64_t shift = 0; shift < shifts; ++shift)
  {
    blurred.add_(mirrored.narrow(axis, shift, length), weights[shift]);
  }
  return blurred;
}
} // namespace

torch::Tensor
GaussianBlur::Apply(const torch::Tensor & slices) const
{
  // For a tiny sigma the square underflows to 0. The Gaussian is then a single pixel.
  if (m_Sigma * m_Sigma == 0.0)
  {
    return slices;
  }
  return BlurAxis(BlurAxis(slices.to(torch::kDouble), 2, m_Sigma), 3, m_Sigma).to(slices.scalar_type());
}
} // end namespace itk
