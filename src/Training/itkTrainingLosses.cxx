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

#include "itkTrainingLosses.h"

namespace itk
{
namespace TrainingLosses
{
torch::Tensor
SSIM(const torch::Tensor & x, const torch::Tensor & y)
{
  constexpr double c1 = 0.01 * 0.01;
  constexpr double c2 = 0.03 * 0.03;
  torch::Tensor    kernel = torch::exp(-(torch::arange(11.0, x.options()) - 5.0).square() / (2.0 * 1.5 * 1.5));
  kernel = kernel / kernel.sum();
  // All five moments are filtered in one convolution, as one batch.
  const torch::Tensor moments = torch::cat({ x, y, x * x, y * y, x * y }, 0);
  const torch::Tensor means =
    torch::conv2d(torch::conv2d(moments, kernel.view({ 1, 1, 11, 1 })), kernel.view({ 1, 1, 1, 11 }));
  const auto          part = means.chunk(5, 0);
  const torch::Tensor xx = part[0] * part[0];
  const torch::Tensor yy = part[1] * part[1];
  const torch::Tensor xy = part[0] * part[1];
  return ((2.0 * xy + c1) * (2.0 * (part[4] - xy) + c2) / ((xx + yy + c1) * ((part[2] - xx) + (part[3] - yy) + c2)))
    .mean({ 1, 2, 3 });
}
} // namespace TrainingLosses
} // end namespace itk
