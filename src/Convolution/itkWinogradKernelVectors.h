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
#ifndef itkWinogradKernelVectors_h
#define itkWinogradKernelVectors_h

#include <cstdint>

// Vectors of the instruction set that the including source file is compiled for. That file defines LSSR_WINOGRAD_WIDTH:
// floats in a vector.

namespace itk
{
namespace
{
constexpr int64_t Width = LSSR_WINOGRAD_WIDTH;

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
} // namespace
} // end namespace itk

#endif // itkWinogradKernelVectors_h
