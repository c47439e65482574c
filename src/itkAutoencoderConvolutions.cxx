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

#include "itkAutoencoderConvolutions.h"

#include <ATen/autocast_mode.h>

namespace itk
{
namespace AutoencoderConvolutions
{
namespace
{
/** Along one axis: the four taps of the transposed convolution as sums of the three of the convolution. Pixel i of x
 * becomes 2i and 2i + 1; output 2i sees (i - 1, i, i), output 2i + 1 sees (i, i, i + 1). */
constexpr float Sums[4][3] = { { 0, 0, 1 }, { 0, 1, 1 }, { 1, 1, 0 }, { 1, 0, 0 } };

/** (out, in, 3, 3) to (in, out, 4, 4). */
torch::Tensor
TransposedWeight(const torch::Tensor & weight)
{
  // Sums of weights are those of their full precision.
  const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
  const torch::Tensor                      sums =
    torch::from_blob(const_cast<float *>(&Sums[0][0]), { 4, 3 }).to(weight.device(), weight.scalar_type());
  const torch::Tensor taps = weight.transpose(0, 1).reshape({ -1, 9 });
  return torch::matmul(taps, torch::kron(sums, sums).t()).view({ weight.size(1), weight.size(0), 4, 4 });
}
} // namespace

torch::Tensor
ConvolveUpsampled(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias)
{
  return torch::conv_transpose2d(x, TransposedWeight(weight), bias, /*stride=*/2, /*padding=*/1);
}

torch::Tensor
ConvolveSingleChannel(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias)
{
  const torch::Tensor        padded = torch::constant_pad_nd(x, { 1, 1, 1, 1 });
  std::vector<torch::Tensor> shifts;
  for (int64_t row = 0; row < 3; ++row)
  {
    for (int64_t column = 0; column < 3; ++column)
    {
      shifts.push_back(padded.narrow(2, row, x.size(2)).narrow(3, column, x.size(3)));
    }
  }
  const torch::Tensor nine = torch::cat(shifts, 1).contiguous(torch::MemoryFormat::ChannelsLast);
  return torch::conv2d(nine, weight.reshape({ weight.size(0), 9, 1, 1 }), bias);
}

torch::Tensor
Convolve(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias)
{
  const torch::Tensor & x = features.x;
  if (!features.isUpsampled)
  {
    const torch::Tensor all = features.skip.defined() ? torch::cat({ x, features.skip }, 1) : x;
    return all.size(1) == 1 && all.is_cpu() ? ConvolveSingleChannel(all, weight, bias)
                                            : torch::conv2d(all, weight, bias, /*stride=*/1, /*padding=*/1);
  }
  if (!features.skip.defined())
  {
    return ConvolveUpsampled(x, weight, bias);
  }
  // A convolution of joined channels is the sum of those of the parts.
  const torch::Tensor ofX = weight.narrow(1, 0, x.size(1));
  const torch::Tensor ofSkip = weight.narrow(1, x.size(1), features.skip.size(1));
  return torch::conv2d(features.skip, ofSkip, bias, /*stride=*/1, /*padding=*/1)
    .add_(ConvolveUpsampled(x, ofX, torch::Tensor()));
}
} // namespace AutoencoderConvolutions
} // end namespace itk
