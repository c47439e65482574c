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
#ifndef itkWinogradKernelProducts_h
#define itkWinogradKernelProducts_h

#include "itkWinogradKernelVectors.h"

// Products of small matrices, computed in register tiles of several rows x two vectors.

namespace itk
{
namespace
{
constexpr int64_t Panel = 2 * Width;
/** Number of channels whose products are kept at a time. */
constexpr int64_t Group = 32;

/** c = a b, or c += a b if `IsAdded`, for Count rows. Element (r, k) of a is a[r * rowStride + k * depthStride]. b is
 * depth x Panel. */
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

/** c = a b for any number of rows. The rows of a are contiguous, those of c are `Group` floats apart. */
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

/** c += a^T b, where a is depth x rows and b is depth x Panel. All three are parts of wider matrices. */
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
} // namespace
} // end namespace itk

#endif // itkWinogradKernelProducts_h
