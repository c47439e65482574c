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

#include "itkSliceLayout.h"

#include <algorithm>

namespace itk
{
namespace ImageQualityMetrics
{
SliceLayout
MakeSliceLayout(const std::vector<SizeValueType> & size, unsigned int sliceAxis)
{
  std::vector<SizeValueType> stride(size.size(), 1);
  for (size_t i = 1; i < size.size(); ++i)
  {
    stride[i] = stride[i - 1] * size[i - 1];
  }
  SliceLayout layout;
  if (size.size() > 2)
  {
    const unsigned int axis = std::min(sliceAxis, 2u);
    layout.axisX = (axis == 0) ? 1 : 0;
    layout.axisY = (axis == 2) ? 1 : 2;
    layout.slicesPerFrame = size[axis];
    layout.strideSlice = stride[axis];
    layout.numberOfSlices = layout.slicesPerFrame;
  }
  if (size.size() > 3)
  {
    layout.strideFrame = stride[3];
    layout.numberOfSlices *= size[3];
  }
  layout.width = size[layout.axisX];
  layout.height = size[layout.axisY];
  layout.strideX = stride[layout.axisX];
  layout.strideY = stride[layout.axisY];
  return layout;
}
} // namespace ImageQualityMetrics
} // end namespace itk
