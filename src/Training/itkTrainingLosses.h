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
#ifndef itkTrainingLosses_h
#define itkTrainingLosses_h

#include <torch/torch.h>

namespace itk
{
namespace TrainingLosses
{
/** SSIM of each of N 2D images (N, 1, rows, columns) in [0, 1]: Gaussian window of 11 taps, sigma 1.5, population
 * covariance, mean over the valid region (Wang et al. 2004). Sides have to be at least 11 pixels. This function is for
 * training and validation losses. Use ImageQualityMetricsCalculator to measure image quality. */
torch::Tensor
SSIM(const torch::Tensor & x, const torch::Tensor & y);
} // namespace TrainingLosses
} // end namespace itk

#endif // itkTrainingLosses_h
