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
#ifndef itkWinogradKernelTransforms_h
#define itkWinogradKernelTransforms_h

#include "itkWinogradKernelVectors.h"

// Winograd's transforms F(4 x 4, 3 x 3) along one axis, and their interpolation points. The transform of the weights,
// G, is in itkWinogradConvolution.cxx, because it is computed in double precision, once for each layer.

namespace itk
{
namespace
{
// The transforms evaluate polynomials at 0, infinity, +-sqrt(1/2) and +-sqrt(2). These points are pairs of reciprocals,
// so their powers stay small. With the usual points 0, infinity, +-1 and +-2, rounding errors are twice as large, and
// the largest error is four times as large. With r = sqrt(1/2) and s = sqrt(2):
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
} // namespace
} // end namespace itk

#endif // itkWinogradKernelTransforms_h
