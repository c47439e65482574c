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
#ifndef itkWinogradKernel_h
#define itkWinogradKernel_h

// No header of ours or of the standard library that defines functions: what the kernels' sources compile for wider
// vectors must not replace another source's copy of the same inline function.
#include <cstdint>

namespace itk
{
/** A 3 x 3 convolution with zero padding and what follows it in the network, in one pass over memory.
 *
 * All tensors are dense, slices x rows x columns x channels (channels last). */
struct WinogradConvolution
{
  /** A part of the input's channels. */
  struct Source
  {
    const float * pixels{ nullptr };
    int64_t       channels{ 0 };
    /** `pixels` has half the rows and columns of the convolution's grid, each of its pixels stands for 2 x 2. */
    bool isUpsampled{ false };
  };

  enum class Pooling
  {
    None,
    /** The mean of 2 x 2 pixels. */
    Mean,
    /** Their sum: what the gradient of an up-sampled source is. */
    Sum
  };

  /** Of the grid on which the convolution is computed. Even rows and columns where anything is pooled or up-sampled. */
  int64_t slices{ 0 };
  int64_t rows{ 0 };
  int64_t columns{ 0 };
  /** The channels of the second one, if it has any, follow those of the first. */
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
  /** In the end, values are multiplied by one number and increased by another for each output channel; null for none.
   */
  const float * scale{ nullptr };
  const float * shift{ nullptr };
  float *       output{ nullptr };
};

/** The gradient of a convolution's weights. */
struct WinogradWeightGradient
{
  /** As in WinogradConvolution. */
  int64_t                     slices{ 0 };
  int64_t                     rows{ 0 };
  int64_t                     columns{ 0 };
  WinogradConvolution::Source sources[2];
  /** The gradient of the convolution's result, before any activation. */
  const float * gradient{ nullptr };
  int64_t       outputChannels{ 0 };
  /** 36 x input channels x output channels (rounded up to a multiple of WinogradKernel::panel): the gradient of the
   * transformed weights, to which it is added. */
  float * sum{ nullptr };
};

/** 3 x 3 convolutions by Winograd's minimal filtering F(4 x 4, 3 x 3) (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", CVPR 2016): tiles of 6 x 6 input pixels are transformed, multiplied with transformed
 * weights, and transformed back to 4 x 4 output pixels: 36 multiplications instead of 144.
 *
 * One for each instruction set. Functions work in the calling thread; different blocks or channels may be computed by
 * different threads. An output pixel's bits depend on its input only, not on blocks, threads or other slices. */
struct WinogradKernel
{
  /** Input and output channels have to be multiples of this. */
  int64_t width;
  /** Output channels that are computed at a time. */
  int64_t panel;
  /** Tiles of a block. */
  int64_t tiles;
  /** The number of blocks of a convolution: tiles in the order of slices, rows and columns. */
  int64_t (*blocks)(int64_t slices, int64_t rows, int64_t columns);
  /** The floats of memory that the functions below need. */
  int64_t (*scratchSize)(int64_t inputChannels, int64_t outputChannels);
  /** Compute the output of blocks [firstBlock, lastBlock) and channels [firstChannel, lastChannel); firstChannel is a
   * multiple of `panel`. */
  void (*convolve)(const WinogradConvolution & task,
                   int64_t                     firstBlock,
                   int64_t                     lastBlock,
                   int64_t                     firstChannel,
                   int64_t                     lastChannel,
                   float *                     scratch);
  /** Add what blocks [firstBlock, lastBlock) contribute. */
  void (*addWeightGradient)(const WinogradWeightGradient & task,
                            int64_t                        firstBlock,
                            int64_t                        lastBlock,
                            float *                        scratch);
  /** Convolve images of one channel, rows [firstRow, lastRow) of all slices counted through. `weight` is 9 x output
   * channels; sources[0] alone counts. Nothing is pooled, scaled or shifted. */
  void (*convolveSingleChannel)(const WinogradConvolution & task, int64_t firstRow, int64_t lastRow, float * scratch);
  /** Convolve to images of one channel in the same way. `weight` is 9 x input channels. */
  void (*convolveToSingleChannel)(const WinogradConvolution & task, int64_t firstRow, int64_t lastRow);
};

const WinogradKernel &
GetWinogradKernelAVX2();

const WinogradKernel &
GetWinogradKernelAVX512();
} // end namespace itk

#endif // itkWinogradKernel_h
