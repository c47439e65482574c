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

#include "itkWinogradTasks.h"

namespace itk
{
/** A kernel: the functions that compute 3 x 3 convolutions with one instruction set, by Winograd's minimal filtering
 * F(4 x 4, 3 x 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016). Tiles of 6 x 6
 * input pixels are transformed, multiplied with transformed weights, and transformed back to 4 x 4 output pixels. That
 * takes 36 multiplications instead of 144.
 *
 * The functions run in the calling thread. Different threads may compute different blocks or channels. The bits of an
 * output pixel depend only on its input, not on blocks, threads or other slices. */
struct WinogradKernel
{
  /** Floats in a vector. The numbers of input and output channels must be multiples of it. */
  int64_t width;
  /** Number of output channels that are computed together. */
  int64_t panel;
  /** Count the blocks of a convolution. A block is a sequence of tiles in the order of slices, rows and columns. */
  int64_t (*countBlocks)(int64_t slices, int64_t rows, int64_t columns);
  /** Compute the output of blocks [firstBlock, lastBlock) and channels [firstChannel, lastChannel). `firstChannel` is a
   * multiple of `panel`. `scratch` has convolutionScratchSize() floats. */
  void (*convolve)(const WinogradConvolutionTask & task,
                   int64_t                         firstBlock,
                   int64_t                         lastBlock,
                   int64_t                         firstChannel,
                   int64_t                         lastChannel,
                   float *                         scratch);
  int64_t (*convolutionScratchSize)(const WinogradConvolutionTask & task);
  /** Add the contribution of blocks [firstBlock, lastBlock) to the gradient. `scratch` has weightGradientScratchSize()
   * floats. */
  void (*addWeightGradient)(const WinogradWeightGradientTask & task,
                            int64_t                            firstBlock,
                            int64_t                            lastBlock,
                            float *                            scratch);
  int64_t (*weightGradientScratchSize)(const WinogradWeightGradientTask & task);
  /** Convolve images of one channel, without tiles: rows [firstRow, lastRow), numbered through all slices. `weight` is
   * 9 x output channels. Only sources[0], bias and slope are used. `scratch` has singleChannelScratchSize() floats. */
  void (*convolveSingleChannel)(const WinogradConvolutionTask & task,
                                int64_t                         firstRow,
                                int64_t                         lastRow,
                                float *                         scratch);
  int64_t (*singleChannelScratchSize)(const WinogradConvolutionTask & task);
  /** Convolve to images of one channel in the same way. `weight` is 9 x input channels. */
  void (*convolveToSingleChannel)(const WinogradConvolutionTask & task, int64_t firstRow, int64_t lastRow);
  /** Transform weights. A pair is a panel of output channels and one input channel: pair / inputChannels is the panel.
   */
  void (*packWeights)(const WinogradPackingTask & task, int64_t firstPair, int64_t lastPair);
};

/** Get the kernel for this processor. Null if there is none. */
const WinogradKernel *
GetWinogradKernel();

const WinogradKernel &
GetWinogradKernelAVX2();

const WinogradKernel &
GetWinogradKernelAVX512();
} // end namespace itk

#endif // itkWinogradKernel_h
