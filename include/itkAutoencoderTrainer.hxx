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
#ifndef itkAutoencoderTrainer_hxx
#define itkAutoencoderTrainer_hxx

#include "itkSliceStackPreprocessing.h"

namespace itk
{
template <typename TImage>
void
AutoencoderTrainer<TImage>::SetTrainingImage(DataObjectPointerArraySizeType number, const ImageType * image)
{
  this->SetNthInput(number, const_cast<ImageType *>(image));
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::AddTrainingImage(const ImageType * image)
{
  this->SetTrainingImage(this->GetNumberOfTrainingImages(), image);
}

template <typename TImage>
auto
AutoencoderTrainer<TImage>::GetTrainingImage(DataObjectPointerArraySizeType number) const -> const ImageType *
{
  return itkDynamicCastInDebugMode<const ImageType *>(this->ProcessObject::GetInput(number));
}

template <typename TImage>
SizeValueType
AutoencoderTrainer<TImage>::GetNumberOfTrainingImages() const
{
  // The first indexed input always exists, but may be empty.
  const SizeValueType inputs = this->GetNumberOfIndexedInputs();
  return inputs == 1 && !this->GetTrainingImage(0) ? 0 : inputs;
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  if (this->GetNumberOfTrainingImages() == 0)
  {
    itkExceptionMacro("There are no training images: add at least one.");
  }
  for (SizeValueType i = 0; i < this->GetNumberOfTrainingImages(); ++i)
  {
    if (!this->GetTrainingImage(i))
    {
      itkExceptionMacro("Training image " << i << " of " << this->GetNumberOfTrainingImages() << " is not set.");
    }
  }
}

template <typename TImage>
SizeValueType
AutoencoderTrainer<TImage>::GetNumberOfTrainingVolumes() const
{
  SizeValueType volumes = 0;
  for (SizeValueType i = 0; i < this->GetNumberOfTrainingImages(); ++i)
  {
    volumes += ImageDimension == 3 ? 1 : this->GetTrainingImage(i)->GetBufferedRegion().GetSize(ImageDimension - 1);
  }
  return volumes;
}

template <typename TImage>
auto
AutoencoderTrainer<TImage>::LoadTrainingVolume(SizeValueType number) const -> VolumeType
{
  const ImageType *              image = nullptr;
  typename ImageType::RegionType region;
  for (SizeValueType i = 0; i < this->GetNumberOfTrainingImages(); ++i)
  {
    image = this->GetTrainingImage(i);
    region = image->GetBufferedRegion();
    const SizeValueType frames = ImageDimension == 3 ? 1 : region.GetSize(ImageDimension - 1);
    if (number < frames)
    {
      break;
    }
    number -= frames;
  }
  if constexpr (ImageDimension > 3)
  {
    region.SetIndex(ImageDimension - 1, region.GetIndex(ImageDimension - 1) + static_cast<IndexValueType>(number));
    region.SetSize(ImageDimension - 1, 1);
  }

  const unsigned int axis = SliceStackPreprocessing::ResolveSliceAxis(image, m_SliceAxis);
  const auto         inPlane = SliceStackPreprocessing::GetInPlaneAxes(axis);
  VolumeType         volume;
  volume.pixels = SliceStackPreprocessing::CopySlices(image, region, axis);
  volume.slices = region.GetSize(axis);
  volume.columns = region.GetSize(inPlane[0]);
  volume.rows = region.GetSize(inPlane[1]);
  volume.columnSpacing = image->GetSpacing()[inPlane[0]];
  volume.rowSpacing = image->GetSpacing()[inPlane[1]];
  volume.sliceSpacing = image->GetSpacing()[axis];
  return volume;
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "SliceAxis: " << m_SliceAxis << std::endl;
}
} // end namespace itk

#endif // itkAutoencoderTrainer_hxx
