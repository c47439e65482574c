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
#ifndef itkGaussianBlur_h
#define itkGaussianBlur_h

#include <torch/torch.h>

#include <map>
#include <mutex>

namespace itk
{
/** Blurs slices in plane with a Gaussian, mirrored at the borders.
 *
 * Along each axis the blur is a product with a matrix that contains the mirrored ends of the Gaussian. The memory
 * therefore depends on the size of the slices only, not on the width of the Gaussian. The matrices are kept for further
 * slices. Several threads may blur at the same time. */
class GaussianBlur
{
public:
  /** \param sigma standard deviation in pixels; 0: no blur */
  explicit GaussianBlur(double sigma)
    : m_Sigma(sigma)
  {}

  /** \param slices (N, 1, rows, columns) */
  torch::Tensor
  Apply(const torch::Tensor & slices) const;

private:
  /** (length, length), in double precision. */
  torch::Tensor
  GetMatrix(int64_t length, const torch::Device & device) const;

  double                                   m_Sigma;
  mutable std::mutex                       m_Mutex;
  mutable std::map<int64_t, torch::Tensor> m_Matrices;
};
} // end namespace itk

#endif // itkGaussianBlur_h
