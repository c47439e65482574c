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
#ifndef itkWinogradConvolution_h
#define itkWinogradConvolution_h

#include "itkAutoencoderConvolutions.h"
#include "itkTensorPool.h"
#include "itkWinogradKernel.h"

namespace itk
{
/** The module's own 3 x 3 convolutions on tensors: single precision, on CPUs, with zero padding, results channels-last.
 * They take about half the time of oneDNN's, and differ from them by rounding: 1e-5 for values of unit variance. */
namespace WinogradConvolutions
{
/** The kernel for this processor, as LibTorch sees it (the environment variable ATEN_CPU_CAPABILITY can make it see
 * less); null if there is none. */
const WinogradKernel *
GetKernel();

/** Whether there is a kernel, and a number of channels is a multiple of what it needs. */
bool
IsSupported(int64_t channels);

/** Whether the convolution of features to so many channels can be done: either number may be 1 instead, where features
 * are neither up-sampled nor joined. */
bool
IsSupported(const AutoencoderConvolutions::Features & features, int64_t outputChannels);

/** The weights (out, in, 3, 3) in the form that Convolve() takes; of one input or output channel, too.
 * \param isTransposed for the gradient of the input: the convolution that takes `out` channels to `in` */
torch::Tensor
PackWeight(const torch::Tensor & weight, bool isTransposed = false);

/** What follows a convolution: see WinogradConvolution. */
struct Epilogue
{
  torch::Tensor                bias;
  float                        slope{ 1.0F };
  WinogradConvolution::Pooling pooling{ WinogradConvolution::Pooling::None };
  torch::Tensor                scale;
  torch::Tensor                shift;
};

/** Convolve features with packed weights. The result's memory is the pool's. */
torch::Tensor
Convolve(const AutoencoderConvolutions::Features & features,
         const torch::Tensor &                     packedWeight,
         int64_t                                   outputChannels,
         const Epilogue &                          epilogue,
         TensorPool &                              pool);

/** The gradient (out, in, 3, 3) of the weights, given that of the result. */
torch::Tensor
ComputeWeightGradient(const AutoencoderConvolutions::Features & features, const torch::Tensor & gradient);
} // namespace WinogradConvolutions
} // end namespace itk

#endif // itkWinogradConvolution_h
