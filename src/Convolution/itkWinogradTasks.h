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

// This file must not include headers that define functions, neither of this module nor of the standard library. The
// source files of the kernels are compiled for wider vectors, and the linker must not choose their copies of inline
// functions for the rest of the library.
#include <cstdint>

namespace itk
{
/** A 3 x 3 convolution with zero padding, and its epilogue: the operations after it that are computed in the same pass
 * over memory. First the bias is added. LeakyReLU, pooling, and the scale and shift of a normalization follow.
 *
 * All tensors are dense and channels-last: slices x rows x columns x channels. */
struct WinogradConvolutionTask
{
  /** Some of the input's channels. */
  struct Source
  {
    const float * pixels{ nullptr };
    int64_t       channels{ 0 };
    /** Whether `pixels` has half the rows and columns of the convolution's grid. Each pixel then represents 2 x 2
     * pixels. */
    bool isUpsampled{ false };
  };

  enum class Pooling
  {
    None,
    /** The mean of 2 x 2 pixels. */
    Mean,
    /** The sum of 2 x 2 pixels, for the gradient of an up-sampled source. */
    Sum
  };

  /** The grid on which the convolution is computed. The numbers of rows and columns are even if pixels are pooled or
   * up-sampled. */
  int64_t slices{ 0 };
  int64_t rows{ 0 };
  int64_t columns{ 0 };
  /** The input channels: those of the first source, followed by those of the second, which may have none. */
  Source sources[2];
  /** Transformed weights: panels of WinogradKernel::panel output channels x 36 x input channels x panel. The last panel
   * is padded with zeros. */
  const float * weight{ nullptr };
  int64_t       outputChannels{ 0 };
  /** One value per output channel, or null for no bias. */
  const float * bias{ nullptr };
  /** The factor of negative values (LeakyReLU); 1 for no activation. */
  float   slope{ 1.0F };
  Pooling pooling{ Pooling::None };
  /** The pooled values are multiplied by `scale`, then `shift` is added. One value of each per output channel, or null
   * for none. */
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
  /** The gradient of the convolution's result before the activation. */
  const float * gradient{ nullptr };
  int64_t       outputChannels{ 0 };
  /** The gradient of the transformed weights, to which the result is added: 36 x input channels x output channels. The
   * number of output channels is rounded up to a multiple of WinogradKernel::panel. */
  float * sum{ nullptr };
};

/** The transform of weights (out, in, 3, 3). Strides are in floats. */
struct WinogradPackingTask
{
  const float * weight;
  int64_t       outputChannels;
  int64_t       inputChannels;
  int64_t       outputStride;
  int64_t       inputStride;
  int64_t       rowStride;
  int64_t       columnStride;
  /** Result: panels x 36 x input channels x panel. Output channels that fill up the last panel get zeros. */
  float * packed;
};
} // end namespace itk

#endif // itkWinogradTasks_h
