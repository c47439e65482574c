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
#ifndef itkWinogradTasks_h
#define itkWinogradTasks_h

// No header that defines functions, neither of this module nor of the standard library: the sources of the kernels are
// compiled for wider vectors, and their copies of inline functions must not replace those of other sources.
#include <cstdint>

namespace itk
{
/** A 3 x 3 convolution with zero padding, with its epilogue: what follows it in the network and is computed in the same
 * pass over memory. First the bias is added. Then come LeakyReLU, pooling, and the scale and shift of a normalization.
 *
 * All tensors are dense and channels-last: slices x rows x columns x channels. */
struct WinogradConvolutionTask
{
  /** A part of the input's channels. */
  struct Source
  {
    const float * pixels{ nullptr };
    int64_t       channels{ 0 };
    /** Whether `pixels` has half the rows and columns of the convolution's grid, so that each of them stands for 2 x 2.
     */
    bool isUpsampled{ false };
  };

  enum class Pooling
  {
    None,
    /** The mean of 2 x 2 pixels. */
    Mean,
    /** Their sum, as the gradient of an up-sampled source needs it. */
    Sum
  };

  /** The grid on which the convolution is computed. Rows and columns are even where pixels are pooled or up-sampled. */
  int64_t slices{ 0 };
  int64_t rows{ 0 };
  int64_t columns{ 0 };
  /** The input channels: those of the first source, then those of the second, which may have none. */
  Source sources[2];
  /** Transformed weights: panels of WinogradKernel::panel output channels x 36 x input channels x panel. The last panel
   * is filled up with zeros. */
  const float * weight{ nullptr };
  int64_t       outputChannels{ 0 };
  /** One for each output channel, or null for none. */
  const float * bias{ nullptr };
  /** The factor of negative values (LeakyReLU); 1 for none. */
  float   slope{ 1.0F };
  Pooling pooling{ Pooling::None };
  /** A factor and then a summand of the pooled values, one of each for each output channel; null for none. */
  const float * scale{ nullptr };
  const float * shift{ nullptr };
  float *       output{ nullptr };
};

/** The gradient of a convolution's weights. */
struct WinogradWeightGradientTask
{
  /** As in WinogradConvolutionTask. */
  int64_t                         slices{ 0 };
  int64_t                         rows{ 0 };
  int64_t                         columns{ 0 };
  WinogradConvolutionTask::Source sources[2];
  /** The gradient of the convolution's result, before any activation. */
  const float * gradient{ nullptr };
  int64_t       outputChannels{ 0 };
  /** The gradient of the transformed weights, to which the result is added: 36 x input channels x output channels, the
   * latter rounded up to a multiple of WinogradKernel::panel. */
  float * sum{ nullptr };
};
} // end namespace itk

#endif // itkWinogradTasks_h
