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

#include <cmath>
#include <vector>

namespace itk
{
torch::Tensor
GaussianBlur::GetMatrix(int64_t length, const torch::Device & device) const
{
  const std::lock_guard<std::mutex> lock(m_Mutex);
  torch::Tensor &                   matrix = m_Matrices[length];
  if (!matrix.defined())
  {
    const auto          radius = static_cast<int64_t>(std::ceil(4.0 * m_Sigma));
    std::vector<double> weights;
    double              sum = 0.0;
    for (int64_t offset = -radius; offset <= radius; ++offset)
    {
      weights.push_back(std::exp(-static_cast<double>(offset * offset) / (2.0 * m_Sigma * m_Sigma)));
      sum += weights.back();
    }
    matrix = torch::zeros({ length, length }, torch::kDouble);
    auto access = matrix.accessor<double, 2>();
    for (int64_t row = 0; row < length; ++row)
    {
      for (int64_t offset = -radius; offset <= radius; ++offset)
      {
        access[row][SliceTensors::MirrorIndex(row + offset, length)] += weights[offset + radius] / sum;
      }
    }
    matrix = matrix.to(device);
  }
  return matrix;
}

torch::Tensor
GaussianBlur::Apply(const torch::Tensor & slices) const
{
  // For a tiny sigma the square underflows to 0. The Gaussian is then a single pixel.
  if (m_Sigma * m_Sigma == 0.0)
  {
    return slices;
  }
  // Autocast does not lower double precision.
  const torch::Tensor rows = this->GetMatrix(slices.size(2), slices.device());
  const torch::Tensor columns = this->GetMatrix(slices.size(3), slices.device());
  return torch::matmul(torch::matmul(rows, slices.to(torch::kDouble)), columns.t()).to(slices.scalar_type());
}
} // end namespace itk
