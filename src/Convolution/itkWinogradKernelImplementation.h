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

// Included by one source for each instruction set, which defines
// ITK_WINOGRAD_WIDTH: floats of a vector register, and
// ITK_WINOGRAD_ROWS: rows of the matrix products' register tile: 2 vectors wide, it fills the registers.

namespace itk
{
namespace
{
constexpr int64_t Width = ITK_WINOGRAD_WIDTH;
constexpr int64_t Panel = 2 * Width;
constexpr int     Rows = ITK_WINOGRAD_ROWS;
/** Tiles of a block: with them, transformed pixels and products of most layers stay in the second cache. */
constexpr int64_t Tiles = 24;
/** Channels of which products are kept at a time. */
constexpr int64_t Group = 32;
/** Floats between the 36 matrices, so that they do not compete for the same lines of the first cache. */
constexpr int64_t Gap = 16;

typedef float Register __attribute__((vector_size(Width * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(Width * sizeof(float)), aligned(4), may_alias));

inline Register
Load(const float * from)
{
  return *reinterpret_cast<const Unaligned *>(from);
}

inline void
Store(float * to, Register value)
{
  *reinterpret_cast<Unaligned *>(to) = value;
}

inline Register
Broadcast(float value)
{
  return value - Register{};
}

inline Register
Activate(Register value, Register slope)
{
  const Register below = value * slope;
  return value > 0.0F ? value : below;
}

inline float
Sum(Register value)
{
  float sum = 0.0F;
  for (int64_t i = 0; i < Width; ++i)
  {
    sum += value[i];
  }
  return sum;
}

/** c = a b, or c += a b: Count rows of a, of which element (r, k) is a[r rowStride + k depthStride]; b is depth x
 * Panel.
 */
template <int Count, bool IsAdded>
inline __attribute__((always_inline)) void
MultiplyTile(const float * a,
             int64_t       rowStride,
             int64_t       depthStride,
             const float * b,
             int64_t       bStride,
             int64_t       depth,
             float *       c,
             int64_t       cStride)
{
  Register sums[Count][2];
#pragma GCC unroll 16
  for (int r = 0; r < Count; ++r)
  {
    sums[r][0] = IsAdded ? Load(c + r * cStride) : Register{};
    sums[r][1] = IsAdded ? Load(c + r * cStride + Width) : Register{};
  }
  for (int64_t k = 0; k < depth; ++k)
  {
    const Register b0 = Load(b);
    const Register b1 = Load(b + Width);
    b += bStride;
#pragma GCC unroll 16
    for (int r = 0; r < Count; ++r)
    {
      const Register x = Broadcast(a[r * rowStride + k * depthStride]);
      sums[r][0] += x * b0;
      sums[r][1] += x * b1;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Count; ++r)
  {
    Store(c + r * cStride, sums[r][0]);
    Store(c + r * cStride + Width, sums[r][1]);
  }
}

/** c = a b for any number of rows of a, which lie one after the other. */
template <int Count>
void
Multiply(int64_t rows, const float * a, const float * b, int64_t depth, float * c)
{
  for (; rows >= Count; rows -= Count, a += Count * depth, c += Count * Group)
  {
    MultiplyTile<Count, false>(a, depth, 1, b, Panel, depth, c, Group);
  }
  if constexpr (Count > 1)
  {
    Multiply<(Count > 4 ? Count - Count / 3 : Count / 2)>(rows, a, b, depth, c);
  }
}

/** c += a^T b for a of depth x rows and b of depth x Panel, which are parts of wider matrices. */
template <int Count>
void
AddTransposedProduct(int64_t       rows,
                     const float * a,
                     int64_t       aStride,
                     const float * b,
                     int64_t       bStride,
                     int64_t       depth,
                     float *       c,
                     int64_t       cStride)
{
  for (; rows >= Count; rows -= Count, a += Count, c += Count * cStride)
  {
    MultiplyTile<Count, true>(a, 1, aStride, b, bStride, depth, c, cStride);
  }
  if constexpr (Count > 1)
  {
    AddTransposedProduct<(Count > 4 ? Count - Count / 3 : Count / 2)>(rows, a, aStride, b, bStride, depth, c, cStride);
  }
}

// The transforms evaluate polynomials at 0, infinity, +-sqrt(1/2) and +-sqrt(2). Between reciprocal points powers stay
// small: of the usual ones, 0, infinity, +-1 and +-2, rounding errors are twice as large, the largest four times. With
// r = sqrt(1/2), s = sqrt(2):
//       | 1   0  -5/2   0    1   0 |          | 1    0    0   |
//       | 0  -s   -2    r    1   0 |          |-2/3 -2r/3 -1/3|          | 1   1    1    1    1   0 |
// B^T = | 0   s   -2   -r    1   0 |      G = |-2/3  2r/3 -1/3|    A^T = | 0   r   -r    s   -s   0 |
//       | 0  -r  -1/2   s    1   0 |          | 1/6  s/6   1/3|          | 0  1/2  1/2   2    2   0 |
//       | 0   r  -1/2  -s    1   0 |          | 1/6 -s/6   1/3|          | 0  r/2 -r/2  2s  -2s   1 |
//       | 0   1    0  -5/2   0   1 |          | 0    0    1   |
constexpr float R = 0.70710678118654752F;
constexpr float S = 1.41421356237309505F;

/** B^T d along one axis, in place. */
inline void
TransformInput(Register & d0, Register & d1, Register & d2, Register & d3, Register & d4, Register & d5)
{
  const Register first = d0 + (d4 - 2.5F * d2);
  const Register last = d1 + (d5 - 2.5F * d3);
  const Register evenR = d4 - 2.0F * d2;
  const Register oddR = R * (d3 - 2.0F * d1);
  const Register evenS = d4 - 0.5F * d2;
  const Register oddS = S * (d3 - 0.5F * d1);
  d0 = first;
  d1 = evenR + oddR;
  d2 = evenR - oddR;
  d3 = evenS + oddS;
  d4 = evenS - oddS;
  d5 = last;
}

/** A^T m along one axis. */
inline void
TransformOutput(const Register * m, int stride, Register * y)
{
  const Register evenR = m[stride] + m[2 * stride];
  const Register oddR = R * (m[stride] - m[2 * stride]);
  const Register evenS = m[3 * stride] + m[4 * stride];
  const Register oddS = S * (m[3 * stride] - m[4 * stride]);
  y[0] = m[0] + (evenR + evenS);
  y[1] = oddR + oddS;
  y[2] = 0.5F * evenR + 2.0F * evenS;
  y[3] = 0.5F * oddR + (2.0F * oddS + m[5 * stride]);
}

/** A y along one axis: the transpose of TransformOutput(). */
inline void
TransformGradient(const Register * y, int stride, Register * m, int outputStride)
{
  const Register evenR = y[0] + 0.5F * y[2 * stride];
  const Register oddR = R * (y[stride] + 0.5F * y[3 * stride]);
  const Register evenS = y[0] + 2.0F * y[2 * stride];
  const Register oddS = S * (y[stride] + 2.0F * y[3 * stride]);
  m[0] = y[0];
  m[outputStride] = evenR + oddR;
  m[2 * outputStride] = evenR - oddR;
  m[3 * outputStride] = evenS + oddS;
  m[4 * outputStride] = evenS - oddS;
  m[5 * outputStride] = y[3 * stride];
}

/** Where a tile's output begins. */
struct Place
{
  int64_t slice;
  int64_t row;
  int64_t column;
};

/** The tiles of a grid, in order. */
struct Tiling
{
  int64_t slices;
  int64_t down;
  int64_t across;

  Tiling(int64_t slices, int64_t rows, int64_t columns)
    : slices(slices)
    , down((rows + 3) / 4)
    , across((columns + 3) / 4)
  {}

  int64_t
  Count() const
  {
    return slices * down * across;
  }

  /** Tiles of a block: the last one may have fewer. */
  int64_t
  CountInBlock(int64_t block) const
  {
    const int64_t left = Count() - block * Tiles;
    return left < Tiles ? left : Tiles;
  }

  Place
  operator[](int64_t tile) const
  {
    return { tile / (down * across), tile / across % down * 4, tile % across * 4 };
  }
};

int64_t
Blocks(int64_t slices, int64_t rows, int64_t columns)
{
  return (Tiling(slices, rows, columns).Count() + Tiles - 1) / Tiles;
}

int64_t
RoundUpToPanel(int64_t channels)
{
  return (channels + Panel - 1) / Panel * Panel;
}

int64_t
ScratchSize(int64_t inputChannels, int64_t outputChannels)
{
  // Zeros, transformed input, and the larger of a group's products and transformed gradients.
  const int64_t output = RoundUpToPanel(outputChannels);
  return inputChannels + output + 36 * (Tiles * (inputChannels + (output < Group ? Group : output)) + 2 * Gap);
}

/** Transform a source's pixels around a tile to 36 x channels, `stride` apart. Outside of the image pixels are 0. */
void
TransformInputTile(const WinogradConvolution::Source & source,
                   int64_t                             rows,
                   int64_t                             columns,
                   const Place &                       place,
                   const float *                       zeros,
                   float *                             target,
                   int64_t                             stride)
{
  const float * pointers[36];
  const int64_t shift = source.isUpsampled ? 1 : 0;
  const int64_t sourceColumns = columns >> shift;
  const float * slice = source.pixels + place.slice * (rows >> shift) * sourceColumns * source.channels;
  for (int64_t i = 0; i < 6; ++i)
  {
    for (int64_t j = 0; j < 6; ++j)
    {
      const int64_t row = place.row + i - 1;
      const int64_t column = place.column + j - 1;
      const bool    isInside = row >= 0 && row < rows && column >= 0 && column < columns;
      pointers[i * 6 + j] =
        isInside ? slice + ((row >> shift) * sourceColumns + (column >> shift)) * source.channels : zeros;
    }
  }
  for (int64_t c = 0; c < source.channels; c += Width)
  {
    Register d[36];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j)
    {
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i)
      {
        d[i * 6 + j] = Load(pointers[i * 6 + j] + c);
      }
      TransformInput(d[j], d[6 + j], d[12 + j], d[18 + j], d[24 + j], d[30 + j]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i)
    {
      TransformInput(d[i * 6], d[i * 6 + 1], d[i * 6 + 2], d[i * 6 + 3], d[i * 6 + 4], d[i * 6 + 5]);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j)
      {
        Store(target + (i * 6 + j) * stride + c, d[i * 6 + j]);
      }
    }
  }
}

/** Transform the input of `count` tiles to 36 matrices of tiles x channels. */
void
TransformInputBlock(const WinogradConvolution::Source (&sources)[2],
                    int64_t        rows,
                    int64_t        columns,
                    const Tiling & tiling,
                    int64_t        first,
                    int64_t        count,
                    const float *  zeros,
                    float *        target,
                    int64_t        stride)
{
  const int64_t depth = sources[0].channels + sources[1].channels;
  for (int64_t t = 0; t < count; ++t)
  {
    const Place place = tiling[first + t];
    float *     tile = target + t * depth;
    for (const auto & source : sources)
    {
      if (source.channels > 0)
      {
        TransformInputTile(source, rows, columns, place, zeros, tile, stride);
      }
      tile += source.channels;
    }
  }
}

/** Transform a tile's products back, and store what becomes of them. */
void
TransformOutputTile(const WinogradConvolution & task,
                    const Place &               place,
                    const float *               products,
                    int64_t                     stride,
                    int64_t                     firstChannel,
                    int64_t                     lastChannel)
{
  const bool     isPooled = task.pooling != WinogradConvolution::Pooling::None;
  const int64_t  shift = isPooled ? 1 : 0;
  const int64_t  columns = task.columns >> shift;
  const int64_t  height = task.rows - place.row;
  const int64_t  width = task.columns - place.column;
  const float    share = task.pooling == WinogradConvolution::Pooling::Mean ? 0.25F : 1.0F;
  const Register slope = Broadcast(task.slope);
  float *        output =
    task.output + ((place.slice * (task.rows >> shift) + (place.row >> shift)) * columns + (place.column >> shift)) *
                    task.outputChannels;
  for (int64_t c = firstChannel; c < lastChannel; c += Width)
  {
    Register m[36];
    Register half[6][4];
    Register y[16];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j)
    {
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i)
      {
        m[i * 6 + j] = Load(products + (i * 6 + j) * stride + (c - firstChannel));
      }
      TransformOutput(m + j, 6, half[j]);
    }
    const Register bias = task.bias ? Load(task.bias + c) : Register{};
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
    {
      TransformOutput(&half[0][i], 4, y + 4 * i);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j)
      {
        y[4 * i + j] = Activate(y[4 * i + j] + bias, slope);
      }
    }
    const Register scale = task.scale ? Load(task.scale + c) : Broadcast(1.0F);
    const Register offset = task.shift ? Load(task.shift + c) : Register{};
    if (!isPooled)
    {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i)
      {
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j)
        {
          if (i < height && j < width)
          {
            Store(output + (i * columns + j) * task.outputChannels + c, y[4 * i + j] * scale + offset);
          }
        }
      }
      continue;
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
    {
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j)
      {
        if (2 * i < height && 2 * j < width)
        {
          const Register * corner = y + 8 * i + 2 * j;
          const Register   sum = (corner[0] + corner[1]) + (corner[4] + corner[5]);
          Store(output + (i * columns + j) * task.outputChannels + c, share * sum * scale + offset);
        }
      }
    }
  }
}

void
Convolve(const WinogradConvolution & task,
         int64_t                     firstBlock,
         int64_t                     lastBlock,
         int64_t                     firstChannel,
         int64_t                     lastChannel,
         float *                     scratch)
{
  const int64_t depth = task.sources[0].channels + task.sources[1].channels;
  const int64_t inputStride = Tiles * depth + Gap;
  const int64_t productStride = Tiles * Group + Gap;
  float *       zeros = scratch;
  float *       inputs = zeros + depth;
  float *       products = inputs + 36 * inputStride;
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

/** Transform a tile's gradient to 36 x channels, `stride` apart. */
void
TransformGradientTile(const WinogradWeightGradient & task,
                      const Place &                  place,
                      const float *                  zeros,
                      float *                        target,
                      int64_t                        stride)
{
  const float * pointers[16];
  for (int64_t i = 0; i < 4; ++i)
  {
    for (int64_t j = 0; j < 4; ++j)
    {
      const bool isInside = place.row + i < task.rows && place.column + j < task.columns;
      pointers[4 * i + j] =
        isInside ? task.gradient +
                     ((place.slice * task.rows + place.row + i) * task.columns + place.column + j) * task.outputChannels
                 : zeros;
    }
  }
  for (int64_t c = 0; c < task.outputChannels; c += Width)
  {
    Register y[16];
    Register half[24];
    Register m[6];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j)
    {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i)
      {
        y[4 * i + j] = Load(pointers[4 * i + j] + c);
      }
      TransformGradient(y + j, 4, half + j, 4);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i)
    {
      TransformGradient(half + 4 * i, 1, m, 1);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j)
      {
        Store(target + (6 * i + j) * stride + c, m[j]);
      }
    }
  }
}

void
AddWeightGradient(const WinogradWeightGradient & task, int64_t firstBlock, int64_t lastBlock, float * scratch)
{
  const int64_t depth = task.sources[0].channels + task.sources[1].channels;
  const int64_t width = RoundUpToPanel(task.outputChannels);
  const int64_t inputStride = Tiles * depth + Gap;
  const int64_t gradientStride = Tiles * width + Gap;
  const int64_t zeroCount = depth > task.outputChannels ? depth : task.outputChannels;
  float *       zeros = scratch;
  float *       inputs = zeros + zeroCount;
  float *       gradients = inputs + 36 * inputStride;
  for (int64_t i = 0; i < zeroCount; ++i)
  {
    zeros[i] = 0.0F;
  }
  // Channels that fill up the last panel stay 0.
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

void
ConvolveSingleChannel(const WinogradConvolution & task, int64_t firstRow, int64_t lastRow, float * scratch)
{
  constexpr int64_t pixels = 3;
  const int64_t     columns = task.columns;
  // Rows with zeros on both sides, and where the last pixels of a row are computed together with some beyond.
  const int64_t  stride = columns + 2 + pixels;
  const Register slope = Broadcast(task.slope);
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

/** Results of `Count` pixels side by side, of which `isLeft` and `isRight` say whether they have neighbors on these
 * sides. */
template <int Count>
inline void
ConvolveToPixels(const WinogradConvolution & task,
                 int64_t                     row,
                 int64_t                     column,
                 bool                        isLeft,
                 bool                        isRight,
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
ConvolveToSingleChannel(const WinogradConvolution & task, int64_t firstRow, int64_t lastRow)
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

const WinogradKernel &
GetKernel()
{
  static constexpr WinogradKernel kernel{ Width,
                                          Panel,
                                          Tiles,
                                          Blocks,
                                          ScratchSize,
                                          Convolve,
                                          AddWeightGradient,
                                          ConvolveSingleChannel,
                                          ConvolveToSingleChannel };
  return kernel;
}
} // namespace
} // end namespace itk

#endif // itkWinogradKernelImplementation_h
