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
#ifndef itkWinogradKernelSingleChannel_h
#define itkWinogradKernelSingleChannel_h

#include "itkWinogradKernelVectors.h"
#include "itkWinogradTasks.h"

// Convolutions from one channel or to one channel, tap by tap. For these, Winograd's transforms would cost more than
// they save.

namespace itk
{
namespace
{
/** Number of pixels that ConvolveSingleChannel() computes together. */
constexpr int64_t SingleChannelPixels = 3;

/** Floats in a row of scratch memory: a row of the image, a zero on each side, and more zeros if the last group of
 * pixels extends beyond the row. */
inline int64_t
GetSingleChannelStride(int64_t columns)
{
  return columns + 2 + SingleChannelPixels;
}

int64_t
ComputeSingleChannelScratchSize(const WinogradConvolutionTask & task)
{
  return 3 * GetSingleChannelStride(task.columns);
}

void
ConvolveSingleChannel(const WinogradConvolutionTask & task, int64_t firstRow, int64_t lastRow, float * scratch)
{
  constexpr int64_t pixels = SingleChannelPixels;
  const int64_t     columns = task.columns;
  const int64_t     stride = GetSingleChannelStride(columns);
  const Register    slope = Broadcast(task.slope);
  for (int64_t row = firstRow; row < lastRow; ++row)
  {
    for (int64_t i = 0; i < 3; ++i)
    {
      const int64_t inSlice = row % task.rows + i - 1;
      const bool    isInside = inSlice >= 0 && inSlice < task.rows;
      const float * from = task.sources[0].pixels + (row + i - 1) * columns - 1;
      for (int64_t j = 0; j < stride; ++j)
      {
        scratch[i * stride + j] = isInside && j > 0 && j <= columns ? from[j] : 0.0F;
      }
    }
    float * output = task.output + row * columns * task.outputChannels;
    for (int64_t c = 0; c < task.outputChannels; c += Width)
    {
      const Register bias = task.bias ? Load(task.bias + c) : Register{};
      Register       weight[9];
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; ++tap)
      {
        weight[tap] = Load(task.weight + tap * task.outputChannels + c);
      }
      for (int64_t column = 0; column < columns; column += pixels)
      {
        Register sums[pixels];
#pragma GCC unroll 3
        for (int64_t p = 0; p < pixels; ++p)
        {
          sums[p] = bias;
#pragma GCC unroll 9
          for (int64_t tap = 0; tap < 9; ++tap)
          {
            sums[p] += scratch[tap / 3 * stride + column + p + tap % 3] * weight[tap];
          }
        }
#pragma GCC unroll 3
        for (int64_t p = 0; p < pixels; ++p)
        {
          if (column + p < columns)
          {
            Store(output + (column + p) * task.outputChannels + c, Activate(sums[p], slope));
          }
        }
      }
    }
  }
}

/** Compute the sums of `Count` adjacent pixels, before the elements of each vector are added. `isLeft` and `isRight`
 * tell whether the pixels have neighbors on that side. */
template <int Count>
inline void
ConvolveToPixels(const WinogradConvolutionTask & task,
                 int64_t                         row,
                 int64_t                         column,
                 bool                            isLeft,
                 bool                            isRight,
                 Register (&sums)[Count])
{
  const int64_t channels = task.sources[0].channels;
  const int64_t inSlice = row % task.rows;
  const float * center = task.sources[0].pixels + (row * task.columns + column) * channels;
  for (int64_t i = inSlice > 0 ? -1 : 0; i <= (inSlice + 1 < task.rows ? 1 : 0); ++i)
  {
    for (int64_t j = isLeft ? -1 : 0; j <= (isRight ? 1 : 0); ++j)
    {
      const float * pixels = center + (i * task.columns + j) * channels;
      const float * weight = task.weight + (3 * (i + 1) + j + 1) * channels;
      for (int64_t c = 0; c < channels; c += Width)
      {
        const Register factor = Load(weight + c);
#pragma GCC unroll 8
        for (int p = 0; p < Count; ++p)
        {
          sums[p] += Load(pixels + p * channels + c) * factor;
        }
      }
    }
  }
}

void
ConvolveToSingleChannel(const WinogradConvolutionTask & task, int64_t firstRow, int64_t lastRow)
{
  constexpr int64_t pixels = 8;
  const float       bias = task.bias ? task.bias[0] : 0.0F;
  const auto        store = [&task, bias](float * output, Register sum) {
    const float value = Sum(sum) + bias;
    *output = value > 0.0F ? value : value * task.slope;
  };
  for (int64_t row = firstRow; row < lastRow; ++row)
  {
    float * output = task.output + row * task.columns;
    for (int64_t column = 0; column < task.columns;)
    {
      if (column > 0 && column + pixels < task.columns)
      {
        Register sums[pixels]{};
        ConvolveToPixels<pixels>(task, row, column, true, true, sums);
#pragma GCC unroll 8
        for (int64_t p = 0; p < pixels; ++p)
        {
          store(output + column + p, sums[p]);
        }
        column += pixels;
      }
      else
      {
        Register sums[1]{};
        ConvolveToPixels<1>(task, row, column, column > 0, column + 1 < task.columns, sums);
        store(output + column, sums[0]);
        ++column;
      }
    }
  }
}
} // namespace
} // end namespace itk

#endif // itkWinogradKernelSingleChannel_h
