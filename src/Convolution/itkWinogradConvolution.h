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
#include "itkWinogradTasks.h"

namespace itk
{
/** 3 x 3 convolutions of tensors with zero padding, in single precision on the CPU. Results are channels-last. They
 * take about half the time of oneDNN's convolutions and differ from these by rounding: 1e-5 for values of unit
 * variance. */
namespace WinogradConvolution
{
/** Whether there is a kernel for this processor. */
bool
IsAvailable();

/** Whether there is a kernel for this processor, and it supports a number of channels. */
bool
IsSupported(int64_t channels);

/** The smallest number of channels, at least the given one, that the kernels support. There has to be a kernel for this
 * processor. */
int64_t
FillUpChannels(int64_t channels);

/** Whether a convolution of features to a number of output channels is supported. The number of input channels or that
 * of output channels may be 1 if the features are not up-sampled and have no `skip`. */
bool
IsSupported(const AutoencoderConvolutions::Features & features, int64_t outputChannels);

/** Convert the weights (out, in, 3, 3) to the form that Convolve() takes.
 * \param isTransposed whether to pack the weights for the gradient of the input, which is a convolution from `out` to
 * `in` channels
 * \param memory an earlier result for a weight of the same shape, which is overwritten and returned */
torch::Tensor
PackWeight(const torch::Tensor & weight, bool isTransposed = false, const torch::Tensor & memory = {});

/** The epilogue of a convolution: see WinogradConvolutionTask. */
struct Epilogue
{
  torch::Tensor                    bias;
  float                            slope{ 1.0F };
  WinogradConvolutionTask::Pooling pooling{ WinogradConvolutionTask::Pooling::None };
  torch::Tensor                    scale;
  torch::Tensor                    shift;
};

/** Convolve features with packed weights. The memory of the result is from the pool. */
torch::Tensor
Convolve(const AutoencoderConvolutions::Features & features,
         const torch::Tensor &                     packedWeight,
         int64_t                                   outputChannels,
         const Epilogue &                          epilogue,
         TensorPool &                              pool);

/** Compute the gradient (out, in, 3, 3) of the weights from that of the result, in the calling thread. */
torch::Tensor
ComputeWeightGradient(const AutoencoderConvolutions::Features & features, const torch::Tensor & gradient);

/** The same in steps, to add the gradients of several batches: make a sum of zeros, add each batch to it, and convert
 * the sum to the gradient. There is more than one input channel, and more than one output channel. */
torch::Tensor
MakeWeightGradientSum(int64_t inputChannels, int64_t outputChannels);
void
AddToWeightGradientSum(const AutoencoderConvolutions::Features & features,
                       const torch::Tensor &                     gradient,
                       torch::Tensor &                           sum);
torch::Tensor
FinishWeightGradient(const torch::Tensor & sum, int64_t outputChannels);
} // namespace WinogradConvolution
} // end namespace itk

#endif // itkWinogradConvolution_h
