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
#ifndef itkImageQualityMetricsCalculator_hxx
#define itkImageQualityMetricsCalculator_hxx

#include "itkNumericTraits.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace itk
{
template <typename TImage>
template <typename TAnyImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyBuffer(const TAnyImage * image, const char * name) const
{
  const auto & region = image->GetLargestPossibleRegion();
  if (region.GetNumberOfPixels() == 0)
  {
    itkExceptionMacro("The " << name << " image is empty (its size is " << region.GetSize()
                             << "). At least one pixel is needed; call Update() of its source before.");
  }
  if (image->GetBufferedRegion() != region)
  {
    itkExceptionMacro("The " << name << " image must be buffered completely: its size is " << region.GetSize()
                             << ", but its buffered region has the size " << image->GetBufferedRegion().GetSize()
                             << " and the index " << image->GetBufferedRegion().GetIndex()
                             << ". Call Update() of its source before.");
  }
  if (region.GetSize() != m_ReferenceImage->GetLargestPossibleRegion().GetSize())
  {
    itkExceptionMacro("The " << name << " image must have the size of the reference image, "
                             << m_ReferenceImage->GetLargestPossibleRegion().GetSize() << " (got " << region.GetSize()
                             << ").");
  }
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::VerifyImages() const
{
  if (m_ReferenceImage.IsNull())
  {
    itkExceptionMacro("ReferenceImage is not set (got nullptr); the reference and the test image are needed.");
  }
  if (m_TestImage.IsNull())
  {
    itkExceptionMacro("TestImage is not set (got nullptr); the reference and the test image are needed.");
  }
  this->VerifyBuffer(m_ReferenceImage.GetPointer(), "reference");
  this->VerifyBuffer(m_TestImage.GetPointer(), "test");
  if (m_MaskImage.IsNotNull())
  {
    this->VerifyBuffer(m_MaskImage.GetPointer(), "mask");
  }
}

template <typename TImage>
auto
ImageQualityMetricsCalculator<TImage>::GetImageProperties() const -> ImageProperties
{
  ImageProperties properties;
  for (unsigned int d = 0; d < ImageDimension; ++d)
  {
    properties.size.push_back(m_ReferenceImage->GetBufferedRegion().GetSize(d));
    properties.spacing.push_back(m_ReferenceImage->GetSpacing()[d]);
  }
  properties.hasMask = m_MaskImage.IsNotNull();
  properties.hasFloatingPointPixels = std::is_floating_point_v<PixelType>;
  properties.pixelTypeRange = std::is_floating_point_v<PixelType>
                                ? std::numeric_limits<double>::infinity()
                                : static_cast<double>(NumericTraits<PixelType>::max()) -
                                    static_cast<double>(NumericTraits<PixelType>::NonpositiveMin());
  return properties;
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::CopyPixels(const PixelType * pixels,
                                                  SizeValueType     stride,
                                                  SizeValueType     count,
                                                  double *          values)
{
  // The compiler vectorizes this loop, because the stride is a constant.
  if (stride == 1)
  {
    std::transform(pixels, pixels + count, values, [](PixelType pixel) { return static_cast<double>(pixel); });
    return;
  }
  for (SizeValueType i = 0; i < count; ++i)
  {
    values[i] = static_cast<double>(pixels[i * stride]);
  }
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::CopyReferencePixels(SizeValueType offset,
                                                           SizeValueType stride,
                                                           SizeValueType count,
                                                           double *      values) const
{
  CopyPixels(m_ReferenceImage->GetBufferPointer() + offset, stride, count, values);
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::CopyTestPixels(SizeValueType offset,
                                                      SizeValueType stride,
                                                      SizeValueType count,
                                                      double *      values) const
{
  CopyPixels(m_TestImage->GetBufferPointer() + offset, stride, count, values);
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::CopyMaskPixels(SizeValueType   offset,
                                                      SizeValueType   stride,
                                                      SizeValueType   count,
                                                      unsigned char * values) const
{
  const MaskPixelType * const pixels = m_MaskImage->GetBufferPointer() + offset;
  for (SizeValueType i = 0; i < count; ++i)
  {
    values[i] = pixels[i * stride];
  }
}

template <typename TImage>
std::string
ImageQualityMetricsCalculator<TImage>::DescribeNonFinitePixel() const
{
  std::ostringstream  description;
  const SizeValueType numberOfPixels = m_ReferenceImage->GetBufferedRegion().GetNumberOfPixels();
  for (const ImageType * image : { m_ReferenceImage.GetPointer(), m_TestImage.GetPointer() })
  {
    const PixelType * const buffer = image->GetBufferPointer();
    for (SizeValueType i = 0; i < numberOfPixels; ++i)
    {
      if (!std::isfinite(static_cast<double>(buffer[i])))
      {
        description << "the " << ((image == m_ReferenceImage) ? "reference" : "test") << " image has the value "
                    << buffer[i] << " at the index " << image->ComputeIndex(static_cast<OffsetValueType>(i));
        return description.str();
      }
    }
  }
  return "an image had another value";
}

template <typename TImage>
ModifiedTimeType
ImageQualityMetricsCalculator<TImage>::GetInputMTime() const
{
  ModifiedTimeType latest = this->GetMTime();
  const auto       consider = [&latest](const auto & image) {
    if (image.IsNotNull())
    {
      latest = std::max({ latest, image->GetMTime(), image->GetPixelContainer()->GetMTime() });
    }
  };
  consider(m_ReferenceImage);
  consider(m_TestImage);
  consider(m_MaskImage);
  return latest;
}

template <typename TImage>
auto
ImageQualityMetricsCalculator<TImage>::MakeMap(const std::vector<double> & values) const ->
  typename MapImageType::Pointer
{
  auto map = MapImageType::New();
  map->CopyInformation(m_ReferenceImage);
  map->SetRegions(m_ReferenceImage->GetLargestPossibleRegion());
  map->Allocate();
  std::transform(
    values.begin(), values.end(), map->GetBufferPointer(), [](double value) { return static_cast<float>(value); });
  return map;
}

template <typename TImage>
auto
ImageQualityMetricsCalculator<TImage>::GetSSIMMap() const -> typename MapImageType::Pointer
{
  return this->MakeMap(this->GetSSIMMapValues());
}

template <typename TImage>
auto
ImageQualityMetricsCalculator<TImage>::GetSSIM3DMap() const -> typename MapImageType::Pointer
{
  return this->MakeMap(this->GetSSIM3DMapValues());
}

template <typename TImage>
void
ImageQualityMetricsCalculator<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  itkPrintSelfObjectMacro(ReferenceImage);
  itkPrintSelfObjectMacro(TestImage);
  itkPrintSelfObjectMacro(MaskImage);
}
} // end namespace itk

#endif // itkImageQualityMetricsCalculator_hxx
