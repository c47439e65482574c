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
#ifndef itkSliceStackGeometry_hxx
#define itkSliceStackGeometry_hxx

#include "itkMacro.h"
#include "itkSliceStackPreprocessing.h"

#include <algorithm>

namespace itk
{
template <unsigned int VDimension>
unsigned int
SliceStackGeometry::GetSliceAxis(const ImageBase<VDimension> * input) const
{
  return SliceStackPreprocessing::ResolveSliceAxis(input, m_SliceAxis);
}

template <unsigned int VDimension>
void
SliceStackGeometry::SetOutputInformation(const ImageBase<VDimension> * input, ImageBase<VDimension> * output) const
{
  const unsigned int  axis = this->GetSliceAxis(input);
  auto                region = input->GetLargestPossibleRegion();
  auto                spacing = input->GetSpacing();
  const SizeValueType slices = region.GetSize(axis);
  if (region.GetNumberOfPixels() == 0)
  {
    itkGenericExceptionMacro("The input is empty: its size is " << region.GetSize() << '.');
  }

  if (m_OutputSliceSpacing)
  {
    // The first slice has index 0 and lies at the first acquired slice, also if the input's index starts elsewhere.
    typename ImageBase<VDimension>::IndexType first{};
    first[axis] = region.GetIndex(axis);
    typename ImageBase<VDimension>::PointType origin;
    input->TransformIndexToPhysicalPoint(first, origin);
    region.SetIndex(axis, 0);
    region.SetSize(axis, CountSlices(slices, spacing[axis], *m_OutputSliceSpacing));
    spacing[axis] = *m_OutputSliceSpacing;
    output->SetOrigin(origin);
  }
  else
  {
    spacing[axis] /= static_cast<double>(m_UpsamplingFactor);
    region.SetIndex(axis, region.GetIndex(axis) * static_cast<IndexValueType>(m_UpsamplingFactor));
    region.SetSize(axis, (slices - 1) * m_UpsamplingFactor + 1);
  }
  output->SetSpacing(spacing);
  output->SetLargestPossibleRegion(region);
}

template <unsigned int VDimension>
auto
SliceStackGeometry::ComputePosition(const ImageBase<VDimension> * input,
                                    const ImageBase<VDimension> * output,
                                    IndexValueType                outputIndex) const -> Position
{
  const unsigned int axis = this->GetSliceAxis(input);
  return this->ComputePosition(
    static_cast<SizeValueType>(outputIndex - output->GetLargestPossibleRegion().GetIndex(axis)),
    input->GetLargestPossibleRegion().GetSize(axis),
    input->GetSpacing()[axis]);
}

template <unsigned int VDimension>
void
SliceStackGeometry::RequestWholeSlices(const ImageBase<VDimension> * input, ImageBase<VDimension> * output) const
{
  auto region = output->GetRequestedRegion();
  for (const unsigned int d : SliceStackPreprocessing::GetInPlaneAxes(this->GetSliceAxis(input)))
  {
    region.SetIndex(d, output->GetLargestPossibleRegion().GetIndex(d));
    region.SetSize(d, output->GetLargestPossibleRegion().GetSize(d));
  }
  output->SetRequestedRegion(region);
}

template <unsigned int VDimension>
ImageRegion<VDimension>
SliceStackGeometry::ComputeInputRegion(const ImageBase<VDimension> * input,
                                       const ImageBase<VDimension> * output,
                                       SizeValueType                 reach) const
{
  const unsigned int axis = this->GetSliceAxis(input);
  auto               region = output->GetRequestedRegion();
  const auto         first = this->ComputePosition(input, output, region.GetIndex(axis));
  const auto         last =
    this->ComputePosition(input, output, region.GetIndex(axis) + static_cast<IndexValueType>(region.GetSize(axis)) - 1);
  const auto          whole = input->GetLargestPossibleRegion();
  const SizeValueType begin = first.slice - std::min(first.slice, reach);
  const SizeValueType end = std::min(last.slice + (last.alpha > 0.0 ? 1 : 0) + reach, whole.GetSize(axis) - 1);
  region.SetIndex(axis, whole.GetIndex(axis) + static_cast<IndexValueType>(begin));
  region.SetSize(axis, end - begin + 1);
  return region;
}
} // end namespace itk

#endif // itkSliceStackGeometry_hxx
