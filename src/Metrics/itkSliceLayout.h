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
#ifndef itkSliceLayout_h
#define itkSliceLayout_h

#include "itkIntTypes.h"

#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
/** Layout of the slices in the buffer of an image of two to four dimensions. Strides are in pixels. */
struct SliceLayout
{
  unsigned int  axisX{ 0 };
  unsigned int  axisY{ 1 };
  SizeValueType width{ 0 };
  SizeValueType height{ 0 };
  SizeValueType strideX{ 1 };
  SizeValueType strideY{ 0 };
  SizeValueType slicesPerFrame{ 1 };
  SizeValueType strideSlice{ 0 };
  SizeValueType numberOfSlices{ 1 };
  SizeValueType strideFrame{ 0 };

  /** The offset of a slice in the buffer, in pixels. */
  SizeValueType
  GetOffset(SizeValueType slice) const
  {
    return (slice / slicesPerFrame) * strideFrame + (slice % slicesPerFrame) * strideSlice;
  }
};

/** Make the layout of an image. The slice axis is not used in 2D. An axis above 2 is taken as 2. */
SliceLayout
MakeSliceLayout(const std::vector<SizeValueType> & size, unsigned int sliceAxis);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkSliceLayout_h
