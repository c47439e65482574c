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
#ifndef itkImageBorders_h
#define itkImageBorders_h

#include "itkIntTypes.h"

#include <algorithm>

namespace itk
{
/** Map a position outside of a row of `length` pixels to the pixel that replaces it. The names are those of the modes
 * of numpy.pad. */
namespace ImageBorders
{
/** Mirrored at the outer edge of the border pixel, which is repeated: d c b a | a b c d | d c b a. */
inline SizeValueType
SymmetricPosition(OffsetValueType position, SizeValueType length)
{
  const auto n = static_cast<OffsetValueType>(length);
  const auto period = 2 * n;
  position = (position % period + period) % period;
  return static_cast<SizeValueType>(std::min(position, period - 1 - position));
}

/** Mirrored at the center of the border pixel, which is not repeated: d c b | a b c d | c b a. */
inline SizeValueType
ReflectedPosition(OffsetValueType position, SizeValueType length)
{
  if (length == 1)
  {
    return 0;
  }
  const auto period = 2 * static_cast<OffsetValueType>(length) - 2;
  position = (position % period + period) % period;
  return static_cast<SizeValueType>(std::min(position, period - position));
}
} // namespace ImageBorders
} // end namespace itk

#endif // itkImageBorders_h
