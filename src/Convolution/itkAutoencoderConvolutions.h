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
/** The network's convolutions, 3 x 3 with zero padding, and 1 x 1. They are computed by WinogradConvolution or by
 * LibTorch, whichever is faster on the device. All are differentiable. The results differ from those of torch::conv2d
 * only by rounding, because sums are computed in another order. */
namespace AutoencoderConvolutions
{
/** The input of a convolution: the channels of `x`, followed by those of `skip` if it is defined. If `isUpsampled`, x
 * has half the rows and columns and represents its nearest-neighbor up-sampling by 2. This avoids making the up-sampled
 * and the concatenated tensor. */
struct Features
{
  torch::Tensor x;
  bool          isUpsampled{ false };
  torch::Tensor skip{};
};

/** Convolve, and apply LeakyReLU with a slope. A slope of 1 means no activation. */
torch::Tensor
Convolve(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias, double slope);

/** Up-sample x by 2 (nearest neighbor) and convolve it. Both together are one transposed convolution of 4 x 4 with
 * stride 2. Each output pixel depends on 2 x 2 pixels of x, which takes 4 multiplications instead of 9. `bias` may be
 * undefined. */
torch::Tensor
ConvolveUpsampled(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias);

/** Slices shifted by the nine taps of a 3 x 3 convolution, row by row. Pixels outside of the slice are 0. */
std::vector<torch::Tensor>
MakeShifts(const torch::Tensor & x);

/** Convolve images of one channel by a 1 x 1 convolution of their nine shifts. On a CPU, LibTorch is fast with nine
 * channels, but not with one. */
torch::Tensor
ConvolveSingleChannel(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias);
} // namespace AutoencoderConvolutions
} // end namespace itk

#endif // itkAutoencoderConvolutions_h
