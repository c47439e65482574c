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
/** The module's own 3 x 3 convolutions of tensors, with zero padding, in single precision on the CPU. Results are
 * channels-last. They take about half the time of oneDNN's, and differ from them by rounding: 1e-5 for values of unit
 * variance. */
namespace WinogradConvolution
{
/** Whether this processor has a kernel, and it can do such a number of channels. */
bool
IsSupported(int64_t channels);

/** Whether a convolution of features to a number of channels can be done. Where features are neither up-sampled nor
 * joined, the number of input channels or that of output channels may be 1. */
bool
IsSupported(const AutoencoderConvolutions::Features & features, int64_t outputChannels);

/** The weights (out, in, 3, 3) in the form that Convolve() takes.
 * \param isTransposed whether to pack those of the convolution from `out` to `in` channels that computes the gradient
 * of the input */
torch::Tensor
PackWeight(const torch::Tensor & weight, bool isTransposed = false);

/** What follows a convolution in its pass over memory: see WinogradConvolutionTask. */
struct Epilogue
{
  torch::Tensor                    bias;
  float                            slope{ 1.0F };
  WinogradConvolutionTask::Pooling pooling{ WinogradConvolutionTask::Pooling::None };
  torch::Tensor                    scale;
  torch::Tensor                    shift;
};

/** Convolve features with packed weights. The result is in memory of the pool. */
torch::Tensor
Convolve(const AutoencoderConvolutions::Features & features,
         const torch::Tensor &                     packedWeight,
         int64_t                                   outputChannels,
         const Epilogue &                          epilogue,
         TensorPool &                              pool);

/** The gradient (out, in, 3, 3) of the weights, given that of the result. */
torch::Tensor
ComputeWeightGradient(const AutoencoderConvolutions::Features & features, const torch::Tensor & gradient);
} // namespace WinogradConvolution
} // end namespace itk

#endif // itkWinogradConvolution_h
