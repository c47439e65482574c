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

namespace itk
{
/** Blurs slices in plane with a Gaussian, mirrored at the borders.
 *
 * Along each axis the blur is a sum of shifted slices. A side that is shorter than the Gaussian repeats, so that
 * neither the time nor the memory grows beyond twice its length. Several threads may blur at the same time. */
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
  double m_Sigma;
};
} // end namespace itk

#endif // itkGaussianBlur_h
