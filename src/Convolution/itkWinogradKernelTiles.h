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
#ifndef itkWinogradKernelTiles_h
#define itkWinogradKernelTiles_h

#include "itkWinogradKernelTransforms.h"
#include "itkWinogradTasks.h"

// Tiles of 4 x 4 output pixels: their places, and the reading and writing of each tile.

namespace itk
{
namespace
{
/** Number of tiles in a block. With this number, the transformed pixels and products of most layers stay in the L2
 * cache. */
constexpr int64_t Tiles = 24;

/** Number of channels of both sources. */
inline int64_t
CountChannels(const WinogradConvolutionTask::Source (&sources)[2])
{
  return sources[0].channels + sources[1].channels;
}

/** Where a tile's output begins. */
struct Place
{
  int64_t slice;
  int64_t row;
  int64_t column;
};

/** The tiles of a grid in the order of slices, rows and columns. */
struct Tiling
{
  int64_t slices;
  int64_t down;
  int64_t across;

  Tiling(int64_t numberOfSlices, int64_t rows, int64_t columns)
    : slices(numberOfSlices)
    , down((rows + 3) / 4)
    , across((columns + 3) / 4)
  {}

  int64_t
  Count() const
  {
    return slices * down * across;
  }

  /** Number of tiles in a block. The last block may have fewer than `Tiles`. */
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
CountBlocks(int64_t slices, int64_t rows, int64_t columns)
{
  return (Tiling(slices, rows, columns).Count() + Tiles - 1) / Tiles;
}

/** Transform the 6 x 6 pixels of a source around a tile to 36 vectors of channels, `stride` floats apart. Pixels
 * outside of the image are 0. */
void
TransformInputTile(const WinogradConvolutionTask::Source & source,
                   int64_t                                 rows,
                   int64_t                                 columns,
                   const Place &                           place,
                   const float *                           zeros,
                   float *                                 target,
                   int64_t                                 stride)
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
TransformInputBlock(const WinogradConvolutionTask::Source (&sources)[2],
                    int64_t        rows,
                    int64_t        columns,
                    const Tiling & tiling,
                    int64_t        first,
                    int64_t        count,
                    const float *  zeros,
                    float *        target,
                    int64_t        stride)
{
  const int64_t depth = CountChannels(sources);
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

/** Transform the products of a tile back, apply the epilogue, and store the results. */
void
TransformOutputTile(const WinogradConvolutionTask & task,
                    const Place &                   place,
                    const float *                   products,
                    int64_t                         stride,
                    int64_t                         firstChannel,
                    int64_t                         lastChannel)
{
  const bool     isPooled = task.pooling != WinogradConvolutionTask::Pooling::None;
  const int64_t  shift = isPooled ? 1 : 0;
  const int64_t  columns = task.columns >> shift;
  const int64_t  height = task.rows - place.row;
  const int64_t  width = task.columns - place.column;
  const float    share = task.pooling == WinogradConvolutionTask::Pooling::Mean ? 0.25F : 1.0F;
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

/** Transform the gradient of a tile to 36 vectors of channels, `stride` floats apart. */
void
TransformGradientTile(const WinogradWeightGradientTask & task,
                      const Place &                      place,
                      const float *                      zeros,
                      float *                            target,
                      int64_t                            stride)
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
} // namespace
} // end namespace itk

#endif // itkWinogradKernelTiles_h
