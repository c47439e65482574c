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
#ifndef itkAutoencoderConvolutions_h
#define itkAutoencoderConvolutions_h

#include <torch/torch.h>

#include <vector>

namespace itk
{
/** The network's convolutions, 3 x 3 with zero padding, in the form that takes the least time on the device: by
 * WinogradConvolution, or by LibTorch. All are differentiable. They equal torch::conv2d but for the rounding of sums in
 * another order. */
namespace AutoencoderConvolutions
{
/** The input of a convolution: the channels of `x`, and behind them those of `skip`, if it is defined. If
 * `isUpsampled`, x has half the size, and stands for its nearest-neighbor up-sampling by 2. So the larger x and the
 * joined tensor need not be made. */
struct Features
{
  torch::Tensor x;
  bool          isUpsampled{ false };
  torch::Tensor skip;
};

/** The convolution, and LeakyReLU with a slope (1: none) of the result. */
torch::Tensor
Convolve(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias, double slope);

/** Up-sample x by 2 (nearest neighbor) and convolve it. This is one transposed convolution of 4 x 4 with stride 2. Each
 * output pixel sees 2 x 2 pixels of x, so that 4 of 9 multiplications are left. `bias` may be undefined. */
torch::Tensor
ConvolveUpsampled(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias);

/** The nine shifts of slices that the taps of a convolution see, row by row. Pixels from outside are 0. */
std::vector<torch::Tensor>
MakeShifts(const torch::Tensor & x);

/** Convolve images of one channel as a 1 x 1 convolution of their nine shifts. LibTorch is fast with nine channels on a
 * CPU, but not with one. */
torch::Tensor
ConvolveSingleChannel(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias);
} // namespace AutoencoderConvolutions
} // end namespace itk

#endif // itkAutoencoderConvolutions_h
