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
#ifndef itkShapeBasedLabelInterpolationImageFilter_hxx
#define itkShapeBasedLabelInterpolationImageFilter_hxx

#include "itkImageAlgorithm.h"
#include "itkImageRegionConstIterator.h"
#include "itkImageRegionIterator.h"
#include "itkProcessObjectThreads.h"
#include "itkSliceStackPreprocessing.h"

#include <algorithm>

namespace itk
{
template <typename TLabelImage>
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::ShapeBasedLabelInterpolationImageFilter()
{
  // GenerateData() divides the work into gaps between slices, not into regions of the output.
  this->DynamicMultiThreadingOn();
}

template <typename TLabelImage>
SliceStackGeometry
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::MakeGeometry() const
{
  return { m_UpsamplingFactor,
           m_AutomaticOutputSliceSpacing ? std::nullopt : std::optional<double>(m_OutputSliceSpacing),
           m_AutomaticSliceAxis ? std::nullopt : std::optional<unsigned int>(m_SliceAxis) };
}

template <typename TLabelImage>
unsigned int
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::GetSliceAxisUsed() const
{
  if (!this->GetInput())
  {
    itkExceptionMacro("There is no input image.");
  }
  return this->MakeGeometry().GetSliceAxis(this->GetInput());
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  this->MakeGeometry().Check();
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::GenerateOutputInformation()
{
  Superclass::GenerateOutputInformation();
  this->MakeGeometry().SetOutputInformation(this->GetInput(), this->GetOutput());
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::EnlargeOutputRequestedRegion(DataObject * output)
{
  // A pixel may depend on the whole slice.
  this->MakeGeometry().RequestWholeSlices(this->GetInput(), itkDynamicCastInDebugMode<LabelImageType *>(output));
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::GenerateInputRequestedRegion()
{
  const_cast<LabelImageType *>(this->GetInput())
    ->SetRequestedRegion(this->MakeGeometry().ComputeInputRegion(this->GetInput(), this->GetOutput(), 0));
}

template <typename TLabelImage>
auto
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::ListTasks() const -> std::vector<Task>
{
  const LabelImageType *   input = this->GetInput();
  const LabelImageType *   output = this->GetOutput();
  const SliceStackGeometry geometry = this->MakeGeometry();
  const unsigned int       axis = this->GetSliceAxisUsed();
  const RegionType         requested = output->GetRequestedRegion();
  const SizeValueType      phases = ImageDimension == 3 ? 1 : requested.GetSize(ImageDimension - 1);

  std::vector<Task> tasks;
  for (SizeValueType phase = 0; phase < phases; ++phase)
  {
    RegionType slice = requested;
    slice.SetSize(axis, 1);
    if constexpr (ImageDimension > 3)
    {
      slice.SetIndex(ImageDimension - 1, requested.GetIndex(ImageDimension - 1) + static_cast<IndexValueType>(phase));
      slice.SetSize(ImageDimension - 1, 1);
    }
    SizeValueType acquired = 0;
    for (SizeValueType i = 0; i < requested.GetSize(axis); ++i)
    {
      const IndexValueType index = requested.GetIndex(axis) + static_cast<IndexValueType>(i);
      const auto           position = geometry.ComputePosition(input, output, index);
      if (i == 0 || position.slice != acquired)
      {
        acquired = position.slice;
        tasks.emplace_back();
        tasks.back().outputSlice = slice;
        tasks.back().inputSlice = slice;
        tasks.back().inputSlice.SetIndex(
          axis, input->GetLargestPossibleRegion().GetIndex(axis) + static_cast<IndexValueType>(acquired));
      }
      if (position.alpha > 0.0)
      {
        tasks.back().synthesized.push_back(index);
        tasks.back().alphas.push_back(position.alpha);
      }
      else
      {
        tasks.back().copied.push_back(index);
      }
    }
  }
  return tasks;
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::Perform(const Task & task)
{
  const LabelImageType * input = this->GetInput();
  LabelImageType *       output = this->GetOutput();
  const unsigned int     axis = this->GetSliceAxisUsed();
  RegionType             outputSlice = task.outputSlice;
  for (const IndexValueType index : task.copied)
  {
    outputSlice.SetIndex(axis, index);
    ImageAlgorithm::Copy(input, output, task.inputSlice, outputSlice);
  }
  if (task.synthesized.empty())
  {
    return;
  }

  // Read both slices. A value is looked up only where it differs from that of the pixel before.
  RegionType next = task.inputSlice;
  next.SetIndex(axis, next.GetIndex(axis) + 1);
  std::vector<LabelType> pixels;
  pixels.reserve(2 * task.inputSlice.GetNumberOfPixels());
  std::vector<LabelType> labels;
  for (const RegionType & region : { task.inputSlice, next })
  {
    for (ImageRegionConstIterator<LabelImageType> it(input, region); !it.IsAtEnd(); ++it)
    {
      if (pixels.empty() || it.Get() != pixels.back())
      {
        labels.push_back(it.Get());
      }
      pixels.push_back(it.Get());
    }
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  std::vector<Code> codes(pixels.size());
  for (SizeValueType i = 0; i < pixels.size(); ++i)
  {
    codes[i] = i > 0 && pixels[i] == pixels[i - 1]
                 ? codes[i - 1]
                 : static_cast<Code>(std::lower_bound(labels.begin(), labels.end(), pixels[i]) - labels.begin());
  }
  const auto middle = codes.begin() + static_cast<std::ptrdiff_t>(codes.size() / 2);

  const auto                        inPlane = SliceStackPreprocessing::GetInPlaneAxes(axis);
  const auto &                      spacing = input->GetSpacing();
  ShapeBasedLabelInterpolator::Grid grid;
  grid.columns = outputSlice.GetSize(inPlane[0]);
  grid.rows = outputSlice.GetSize(inPlane[1]);
  grid.columnSpacing = spacing[inPlane[0]];
  grid.rowSpacing = spacing[inPlane[1]];
  grid.sliceDistance = spacing[axis];
  ShapeBasedLabelInterpolator::Interpolate(
    grid,
    std::vector<Code>(codes.begin(), middle),
    std::vector<Code>(middle, codes.end()),
    task.alphas,
    [&](SizeValueType number, const std::vector<Code> & slice) {
      outputSlice.SetIndex(axis, task.synthesized[number]);
      auto code = slice.begin();
      for (ImageRegionIterator<LabelImageType> it(output, outputSlice); !it.IsAtEnd(); ++it, ++code)
      {
        it.Set(labels[*code]);
      }
    });
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::GenerateData()
{
  this->AllocateOutputs();
  const std::vector<Task> tasks = this->ListTasks();
  ProcessObjectThreads::ParallelizeArray(
    this, tasks.size(), [&](SizeValueType number) { this->Perform(tasks[number]); });
}

template <typename TLabelImage>
void
ShapeBasedLabelInterpolationImageFilter<TLabelImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "UpsamplingFactor: " << m_UpsamplingFactor << std::endl;
  itkPrintAutomaticParameterMacro(OutputSliceSpacing);
  itkPrintAutomaticParameterMacro(SliceAxis);
}
} // end namespace itk

#endif // itkShapeBasedLabelInterpolationImageFilter_hxx
