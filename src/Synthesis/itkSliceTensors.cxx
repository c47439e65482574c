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

#include "itkSliceTensors.h"

#include "itkLatentSliceSynthesizer.h"

#include "itkMacro.h"

#include <algorithm>
#include <cmath>

namespace itk
{
namespace SliceTensors
{
int64_t
MirrorIndex(int64_t index, int64_t length)
{
  const int64_t period = 2 * length;
  const int64_t place = (index % period + period) % period;
  return std::min(place, period - 1 - place);
}

torch::Tensor
MirrorSide(const torch::Tensor & slices, int64_t axis, int64_t before, int64_t count)
{
  torch::Tensor indices = torch::empty({ count }, torch::kLong);
  auto          access = indices.accessor<int64_t, 1>();
  for (int64_t i = 0; i < count; ++i)
  {
    access[i] = MirrorIndex(i - before, slices.size(axis));
  }
  return slices.index_select(axis, indices.to(slices.device()));
}

int64_t
NetworkLength(int64_t length, double spacing, double modelSpacing)
{
  if (modelSpacing == 0.0 || std::abs(spacing / modelSpacing - 1.0) <= LatentSliceSynthesizer::SpacingTolerance)
  {
    return length;
  }
  const double exact = static_cast<double>(length) * spacing / modelSpacing;
  if (!(exact <= LargestNetworkLength))
  {
    itkGenericExceptionMacro("A slice of " << length << " pixels of " << spacing << " mm along a side would have "
                                           << exact << " pixels at the model's in-plane spacing of " << modelSpacing
                                           << " mm, but at most " << LargestNetworkLength << " are allowed.");
  }
  return std::max<int64_t>(1, std::llround(exact));
}

int64_t
PaddedLength(int64_t length, int64_t multiple)
{
  return (length + multiple - 1) / multiple * multiple;
}

torch::Tensor
Resample(const torch::Tensor & slices, int64_t rows, int64_t columns)
{
  if (slices.size(2) == rows && slices.size(3) == columns)
  {
    return slices;
  }
  return at::_upsample_bicubic2d_aa(slices, at::IntArrayRef{ rows, columns }, /*align_corners=*/false);
}

torch::Tensor
MirrorPad(const torch::Tensor & slices, int64_t rows, int64_t columns)
{
  torch::Tensor padded = slices;
  if (padded.size(2) != rows)
  {
    padded = MirrorSide(padded, 2, (rows - padded.size(2)) / 2, rows);
  }
  if (padded.size(3) != columns)
  {
    padded = MirrorSide(padded, 3, (columns - padded.size(3)) / 2, columns);
  }
  return padded;
}

torch::Tensor
CropCenter(const torch::Tensor & slices, int64_t rows, int64_t columns)
{
  return slices.narrow(2, (slices.size(2) - rows) / 2, rows).narrow(3, (slices.size(3) - columns) / 2, columns);
}

torch::Tensor
Orient(const torch::Tensor & slices, unsigned int orientation)
{
  const torch::Tensor flipped = orientation < 4 ? slices : slices.flip({ 3 });
  return orientation % 4 == 0 ? flipped : torch::rot90(flipped, orientation % 4, { 2, 3 });
}

torch::Tensor
Reorient(const torch::Tensor & slices, unsigned int orientation)
{
  const torch::Tensor back =
    orientation % 4 == 0 ? slices : torch::rot90(slices, -static_cast<int64_t>(orientation % 4), { 2, 3 });
  return orientation < 4 ? back : back.flip({ 3 });
}

torch::Tensor
ApplyWindow(const torch::Tensor & slices, double minimum, double maximum)
{
  return ((slices - minimum) / (maximum - minimum)).clamp(0.0, 1.0);
}
} // namespace SliceTensors
} // end namespace itk
