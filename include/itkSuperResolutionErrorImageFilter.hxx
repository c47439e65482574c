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
#ifndef itkSuperResolutionErrorImageFilter_hxx
#define itkSuperResolutionErrorImageFilter_hxx

#include "itkMath.h"
#include "itkProcessObjectThreads.h"
#include "itkSliceStackGeometry.h"

#include <algorithm>
#include <cmath>

namespace itk
{
template <typename TInputImage, typename TOutputImage>
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::SuperResolutionErrorImageFilter()
{
  static_assert(ImageDimension == 3 || ImageDimension == 4,
                "The image has to be 3D, or 4D with time as the last axis.");
  this->AddRequiredInputName("UpsampledImage");
  this->AddOptionalInputName("OrientationSpread");
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::SetModel(const AutoencoderModel * model, bool withSpread)
{
  if (!model || !model->HasErrorCalibration(withSpread))
  {
    itkExceptionMacro("The model has no calibration of errors"
                      << (withSpread ? " with the spread over orientations" : "")
                      << ": calibrate it on its training volumes.");
  }
  this->SetDifferenceCoefficient(model->GetErrorDifferenceCoefficient(withSpread));
  this->SetGapCoefficient(model->GetErrorGapCoefficient(withSpread));
  this->SetSpreadCoefficient(withSpread ? model->GetErrorSpreadCoefficient() : 0.0);
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  for (const double coefficient : { m_DifferenceCoefficient, m_GapCoefficient, m_SpreadCoefficient })
  {
    if (!(coefficient >= 0.0) || !Math::isfinite(coefficient))
    {
      itkExceptionMacro("DifferenceCoefficient is " << m_DifferenceCoefficient << ", GapCoefficient is "
                                                    << m_GapCoefficient << " and SpreadCoefficient is "
                                                    << m_SpreadCoefficient
                                                    << ", but all have to be at least 0 and finite.");
    }
  }
  if (m_SpreadCoefficient > 0.0 && !this->GetOrientationSpread())
  {
    itkExceptionMacro("SpreadCoefficient is "
                      << m_SpreadCoefficient
                      << ", but there is no OrientationSpread: set it, or the coefficient to 0.");
  }
  if (!m_AutomaticSliceAxis && m_SliceAxis > 2)
  {
    itkExceptionMacro("SliceAxis is " << m_SliceAxis << ", but has to be 0, 1 or 2.");
  }
}

template <typename TInputImage, typename TOutputImage>
bool
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::DifferAlong(unsigned int axis) const
{
  const InputImageType * const acquired = this->GetInput();
  const InputImageType * const upsampled = this->GetUpsampledImage();
  return acquired->GetLargestPossibleRegion().GetSize(axis) != upsampled->GetLargestPossibleRegion().GetSize(axis) ||
         std::abs(acquired->GetSpacing()[axis] / upsampled->GetSpacing()[axis] - 1.0) > 1e-3;
}

template <typename TInputImage, typename TOutputImage>
unsigned int
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::FindSliceAxis() const
{
  if (!m_AutomaticSliceAxis)
  {
    return m_SliceAxis;
  }
  for (unsigned int d = 0; d < 3; ++d)
  {
    if (this->DifferAlong(d))
    {
      return d;
    }
  }
  itkExceptionMacro("The acquired and the up-sampled stack have the same grid, so the slice axis is not known: set "
                    "SliceAxis.");
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::GenerateOutputInformation()
{
  const InputImageType * const acquired = this->GetInput();
  const InputImageType * const upsampled = this->GetUpsampledImage();
  this->GetOutput()->CopyInformation(upsampled);
  m_Axis = this->FindSliceAxis();
  m_RowAxis = m_Axis == 0 ? 1 : 0;
  m_ColumnAxis = m_Axis == 2 ? 1 : 2;
  for (unsigned int d = 0; d < ImageDimension; ++d)
  {
    if (d != m_Axis && this->DifferAlong(d))
    {
      itkExceptionMacro("UpsampledImage has "
                        << upsampled->GetLargestPossibleRegion().GetSize(d) << " pixels of "
                        << upsampled->GetSpacing()[d] << " mm along axis " << d << ", but the acquired stack has "
                        << acquired->GetLargestPossibleRegion().GetSize(d) << " of " << acquired->GetSpacing()[d]
                        << " mm: they may differ along the slice axis (" << m_Axis << ") only.");
    }
  }
  this->CheckPlaces();
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::CheckPlaces() const
{
  const InputImageType * const acquired = this->GetInput();
  const InputImageType * const upsampled = this->GetUpsampledImage();
  const auto &                 region = upsampled->GetLargestPossibleRegion();
  const IndexType              begin = acquired->GetLargestPossibleRegion().GetIndex();
  const IndexType              end = acquired->GetLargestPossibleRegion().GetUpperIndex();
  // The first and the last pixel of both stacks lie at the same places in plane, and those of the up-sampled stack lie
  // between the acquired slices.
  for (const bool isLast : { false, true })
  {
    const IndexType                    index = isLast ? region.GetUpperIndex() : region.GetIndex();
    typename InputImageType::PointType point;
    upsampled->TransformIndexToPhysicalPoint(index, point);
    const auto place = acquired->template TransformPhysicalPointToContinuousIndex<double>(point);
    for (unsigned int d = 0; d < 3; ++d)
    {
      const IndexValueType first = isLast && d != m_Axis ? end[d] : begin[d];
      const IndexValueType last = isLast || d == m_Axis ? end[d] : begin[d];
      if (!(place[d] > static_cast<double>(first) - PlaceTolerance &&
            place[d] < static_cast<double>(last) + PlaceTolerance))
      {
        itkExceptionMacro("Pixel " << index << " of UpsampledImage lies at " << place
                                   << " in pixels of the acquired stack,"
                                   << " but both have to lie at the same place: along axis " << d << " between "
                                   << first << " and " << last << '.');
      }
    }
  }
  const SpreadImageType * const spread = this->GetOrientationSpread();
  if (spread && spread->GetLargestPossibleRegion().GetSize() != region.GetSize())
  {
    itkExceptionMacro("OrientationSpread has " << spread->GetLargestPossibleRegion().GetSize()
                                               << " pixels, but UpsampledImage has " << region.GetSize() << '.');
  }
  if (spread && !spread->IsCongruentImageGeometry(upsampled, PlaceTolerance, PlaceTolerance))
  {
    itkExceptionMacro("OrientationSpread has another origin, spacing or direction than UpsampledImage.");
  }
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::GenerateInputRequestedRegion()
{
  Superclass::GenerateInputRequestedRegion();
  const_cast<InputImageType *>(this->GetInput())->SetRequestedRegionToLargestPossibleRegion();
  const_cast<InputImageType *>(this->GetUpsampledImage())->SetRequestedRegionToLargestPossibleRegion();
  if (this->GetOrientationSpread())
  {
    const_cast<SpreadImageType *>(this->GetOrientationSpread())->SetRequestedRegionToLargestPossibleRegion();
  }
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::EnlargeOutputRequestedRegion(DataObject * output)
{
  output->SetRequestedRegionToLargestPossibleRegion();
}

template <typename TInputImage, typename TOutputImage>
template <typename TImage, typename TFunction>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::VisitSlice(TImage *          image,
                                                                       OffsetValueType   slice,
                                                                       OffsetValueType   phase,
                                                                       const TFunction & function) const
{
  const auto & region = image->GetLargestPossibleRegion();
  IndexType    index = region.GetIndex();
  index[m_Axis] += slice;
  if constexpr (ImageDimension == 4)
  {
    index[3] += phase;
  }
  const OffsetValueType rows = region.GetSize(m_ColumnAxis);
  const OffsetValueType columns = region.GetSize(m_RowAxis);
  const OffsetValueType columnStep = image->GetOffsetTable()[m_RowAxis];
  const OffsetValueType rowStep = image->GetOffsetTable()[m_ColumnAxis];
  auto * const          first = image->GetBufferPointer() + image->ComputeOffset(index);
  for (OffsetValueType row = 0; row < rows; ++row)
  {
    for (OffsetValueType column = 0; column < columns; ++column)
    {
      function(row * columns + column, first[row * rowStep + column * columnStep]);
    }
  }
}

template <typename TInputImage, typename TOutputImage>
template <typename TImage>
auto
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::ReadSlice(const TImage *  image,
                                                                      OffsetValueType slice,
                                                                      OffsetValueType phase) const -> Slice
{
  const auto & region = image->GetLargestPossibleRegion();
  Slice        values(region.GetSize(m_RowAxis) * region.GetSize(m_ColumnAxis));
  this->VisitSlice(
    image, slice, phase, [&](OffsetValueType i, const auto & pixel) { values[i] = static_cast<double>(pixel); });
  return values;
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::Blur(Slice & slice) const
{
  const auto &          size = this->GetInput()->GetLargestPossibleRegion().GetSize();
  const OffsetValueType rows = size[m_ColumnAxis];
  const OffsetValueType columns = size[m_RowAxis];
  constexpr double      weights[5] = { 1.0 / 16, 4.0 / 16, 6.0 / 16, 4.0 / 16, 1.0 / 16 };
  Slice                 blurred(slice.size());
  const auto            blurLines =
    [&](OffsetValueType count, OffsetValueType step, OffsetValueType length, OffsetValueType stride) {
      // The places of pixels -2 to length + 1.
      std::vector<OffsetValueType> places(length + 4);
      for (OffsetValueType i = 0; i < length + 4; ++i)
      {
        const OffsetValueType period = 2 * length;
        const OffsetValueType place = (i - 2 + 2 * period) % period;
        places[i] = std::min(place, period - 1 - place) * stride;
      }
      for (OffsetValueType line = 0; line < count; ++line)
      {
        for (OffsetValueType i = 0; i < length; ++i)
        {
          double sum = 0.0;
          for (OffsetValueType tap = 0; tap < 5; ++tap)
          {
            sum += weights[tap] * slice[line * step + places[i + tap]];
          }
          blurred[line * step + i * stride] = sum;
        }
      }
      slice.swap(blurred);
    };
  blurLines(rows, columns, columns, 1);
  blurLines(columns, 1, rows, columns);
}

template <typename TInputImage, typename TOutputImage>
auto
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::EstimateSlice(OffsetValueType slice,
                                                                          OffsetValueType phase) const -> Slice
{
  const InputImageType * const acquired = this->GetInput();
  const InputImageType * const upsampled = this->GetUpsampledImage();
  const auto last = static_cast<OffsetValueType>(acquired->GetLargestPossibleRegion().GetSize(m_Axis)) - 1;

  // The position along the axis, counted in acquired slices from the first one.
  IndexType index = upsampled->GetLargestPossibleRegion().GetIndex();
  index[m_Axis] += slice;
  typename InputImageType::PointType point;
  upsampled->TransformIndexToPhysicalPoint(index, point);
  const auto   place = acquired->template TransformPhysicalPointToContinuousIndex<double>(point);
  const double exact = place[m_Axis] - acquired->GetLargestPossibleRegion().GetIndex(m_Axis);
  // LatentSpaceSuperResolutionImageFilter takes such a slice for an acquired one.
  const double nearest = std::round(exact);
  const bool   isAcquired = std::abs(exact - nearest) < SliceStackGeometry::PositionTolerance;
  const double position = std::clamp(isAcquired ? nearest : exact, 0.0, static_cast<double>(last));
  const auto   below = std::min(static_cast<OffsetValueType>(position), std::max<OffsetValueType>(last - 1, 0));
  const double alpha = position - static_cast<double>(below);

  Slice       difference = this->ReadSlice(upsampled, slice, phase);
  const Slice first = this->ReadSlice(acquired, below, phase);
  Slice       gap = this->ReadSlice(acquired, std::min(below + 1, last), phase);
  for (SizeValueType i = 0; i < difference.size(); ++i)
  {
    const double step = gap[i] - first[i];
    // At an acquired slice, no rounding of a product may leave a difference.
    const double interpolated = alpha == 0.0 ? first[i] : alpha == 1.0 ? gap[i] : first[i] + alpha * step;
    difference[i] = std::abs(difference[i] - interpolated);
    gap[i] = std::abs(step);
  }
  this->Blur(difference);
  this->Blur(gap);
  const double weight = m_GapCoefficient * std::sqrt(4.0 * alpha * (1.0 - alpha));
  for (SizeValueType i = 0; i < difference.size(); ++i)
  {
    difference[i] = m_DifferenceCoefficient * difference[i] + weight * gap[i];
  }
  if (m_SpreadCoefficient > 0.0)
  {
    Slice spread = this->ReadSlice(this->GetOrientationSpread(), slice, phase);
    this->Blur(spread);
    for (SizeValueType i = 0; i < difference.size(); ++i)
    {
      difference[i] += m_SpreadCoefficient * spread[i];
    }
  }
  return difference;
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::GenerateData()
{
  this->AllocateOutputs();
  const auto &        size = this->GetOutput()->GetLargestPossibleRegion().GetSize();
  const SizeValueType slices = size[m_Axis];
  SizeValueType       phases = 1;
  if constexpr (ImageDimension == 4)
  {
    phases = size[3];
  }
  ProcessObjectThreads::ParallelizeArray(this, slices * phases, [this, slices](SizeValueType number) {
    const auto  slice = static_cast<OffsetValueType>(number % slices);
    const auto  phase = static_cast<OffsetValueType>(number / slices);
    const Slice errors = this->EstimateSlice(slice, phase);
    this->VisitSlice(this->GetOutput(), slice, phase, [&](OffsetValueType i, OutputPixelType & pixel) {
      pixel = static_cast<OutputPixelType>(errors[i]);
    });
  });
}

template <typename TInputImage, typename TOutputImage>
void
SuperResolutionErrorImageFilter<TInputImage, TOutputImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "DifferenceCoefficient: " << m_DifferenceCoefficient << std::endl;
  os << indent << "GapCoefficient: " << m_GapCoefficient << std::endl;
  os << indent << "SpreadCoefficient: " << m_SpreadCoefficient << std::endl;
  itkPrintAutomaticParameterMacro(SliceAxis);
}
} // end namespace itk

#endif // itkSuperResolutionErrorImageFilter_hxx
