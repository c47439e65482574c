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
#ifndef itkWinogradKernelImplementation_h
#define itkWinogradKernelImplementation_h

#include "itkWinogradKernel.h"
#include "itkWinogradKernelProducts.h"
#include "itkWinogradKernelSingleChannel.h"
#include "itkWinogradKernelTiles.h"
#include "itkWinogradKernelWeights.h"

// A kernel for the instruction set that the including source file is compiled for. That file defines
// LSSR_WINOGRAD_WIDTH: floats in a vector, and
// LSSR_WINOGRAD_ROWS: rows of the register tile of the matrix products. The tile is two vectors wide and fills the
// registers.
//
// Everything is in an unnamed namespace, because this text is compiled for several instruction sets.

namespace itk
{
namespace
{
constexpr int Rows = LSSR_WINOGRAD_ROWS;
/** Additional floats between the 36 matrices, so that they do not compete for the same lines of the L1 cache. */
constexpr int64_t Gap = 16;

int64_t
RoundUpToPanel(int64_t channels)
{
  return (channels + Panel - 1) / Panel * Panel;
}

/** Layout of the scratch memory: zeros for pixels outside of an image, 36 matrices of transformed input, and 36
 * matrices of products or transformed gradients. Strides are in floats, from one matrix to the next. */
struct ScratchLayout
{
  int64_t zeros;
  int64_t inputStride;
  int64_t resultStride;

  float *
  GetInputs(float * scratch) const
  {
    return scratch + zeros;
  }

  float *
  GetResults(float * scratch) const
  {
    return scratch + zeros + 36 * inputStride;
  }

  int64_t
  GetSize() const
  {
    return zeros + 36 * (inputStride + resultStride);
  }
};

ScratchLayout
GetLayout(const WinogradConvolutionTask & task)
{
  const int64_t depth = CountChannels(task.sources);
  return { depth, Tiles * depth + Gap, Tiles * Group + Gap };
}

ScratchLayout
GetLayout(const WinogradWeightGradientTask & task)
{
  const int64_t depth = CountChannels(task.sources);
  return { depth > task.outputChannels ? depth : task.outputChannels,
           Tiles * depth + Gap,
           Tiles * RoundUpToPanel(task.outputChannels) + Gap };
}

template <typename TTask>
int64_t
ComputeScratchSize(const TTask & task)
{
  return GetLayout(task).GetSize();
}

void
Convolve(const WinogradConvolutionTask & task,
         int64_t                         firstBlock,
         int64_t                         lastBlock,
         int64_t                         firstChannel,
         int64_t                         lastChannel,
         float *                         scratch)
{
  const int64_t       depth = CountChannels(task.sources);
  const ScratchLayout layout = GetLayout(task);
  const int64_t       inputStride = layout.inputStride;
  const int64_t       productStride = layout.resultStride;
  float *             zeros = scratch;
  float *             inputs = layout.GetInputs(scratch);
  float *             products = layout.GetResults(scratch);
  for (int64_t i = 0; i < depth; ++i)
  {
    zeros[i] = 0.0F;
  }
  const Tiling tiling(task.slices, task.rows, task.columns);
  for (int64_t block = firstBlock; block < lastBlock; ++block)
  {
    const int64_t first = block * Tiles;
    const int64_t count = tiling.CountInBlock(block);
    TransformInputBlock(task.sources, task.rows, task.columns, tiling, first, count, zeros, inputs, inputStride);
    for (int64_t begin = firstChannel; begin < lastChannel; begin += Group)
    {
      const int64_t end = lastChannel - begin < Group ? lastChannel : begin + Group;
      for (int64_t k = 0; k < 36; ++k)
      {
        for (int64_t panel = begin; panel < end; panel += Panel)
        {
          Multiply<Rows>(count,
                         inputs + k * inputStride,
                         task.weight + (panel / Panel * 36 + k) * depth * Panel,
                         depth,
                         products + k * productStride + (panel - begin));
        }
      }
      for (int64_t t = 0; t < count; ++t)
      {
        TransformOutputTile(task, tiling[first + t], products + t * Group, productStride, begin, end);
      }
    }
  }
}

void
AddWeightGradient(const WinogradWeightGradientTask & task, int64_t firstBlock, int64_t lastBlock, float * scratch)
{
  const int64_t       depth = CountChannels(task.sources);
  const int64_t       width = RoundUpToPanel(task.outputChannels);
  const ScratchLayout layout = GetLayout(task);
  const int64_t       inputStride = layout.inputStride;
  const int64_t       gradientStride = layout.resultStride;
  float *             zeros = scratch;
  float *             inputs = layout.GetInputs(scratch);
  float *             gradients = layout.GetResults(scratch);
  for (int64_t i = 0; i < layout.zeros; ++i)
  {
    zeros[i] = 0.0F;
  }
  // The padding channels of the last panel must be 0. Nothing below writes to them.
  for (int64_t i = 0; width > task.outputChannels && i < 36 * gradientStride; ++i)
  {
    gradients[i] = 0.0F;
  }
  const Tiling tiling(task.slices, task.rows, task.columns);
  for (int64_t block = firstBlock; block < lastBlock; ++block)
  {
    const int64_t first = block * Tiles;
    const int64_t count = tiling.CountInBlock(block);
    TransformInputBlock(task.sources, task.rows, task.columns, tiling, first, count, zeros, inputs, inputStride);
    for (int64_t t = 0; t < count; ++t)
    {
      TransformGradientTile(task, tiling[first + t], zeros, gradients + t * width, gradientStride);
    }
    for (int64_t k = 0; k < 36; ++k)
    {
      for (int64_t panel = 0; panel < width; panel += Panel)
      {
        AddTransposedProduct<Rows>(depth,
                                   inputs + k * inputStride,
                                   depth,
                                   gradients + k * gradientStride + panel,
                                   width,
                                   count,
                                   task.sum + k * depth * width + panel,
                                   width);
      }
    }
  }
}

const WinogradKernel &
GetKernel()
{
  static constexpr WinogradKernel kernel{ Width,
                                          Panel,
                                          CountBlocks,
                                          Convolve,
                                          ComputeScratchSize<WinogradConvolutionTask>,
                                          AddWeightGradient,
                                          ComputeScratchSize<WinogradWeightGradientTask>,
                                          ConvolveSingleChannel,
                                          ComputeSingleChannelScratchSize,
                                          ConvolveToSingleChannel,
                                          PackWeights };
  return kernel;
}
} // namespace
} // end namespace itk

#endif // itkWinogradKernelImplementation_h
