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

#include <algorithm>

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
std::string
AutoencoderTrainer<TImage>::ValidationInputName(DataObjectPointerArraySizeType number)
{
  return "ValidationImage" + std::to_string(number);
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::SetValidationImage(DataObjectPointerArraySizeType number, const ImageType * image)
{
  this->ProcessObject::SetInput(ValidationInputName(number), const_cast<ImageType *>(image));
  m_NumberOfValidationImages = std::max<SizeValueType>(m_NumberOfValidationImages, number + 1);
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::AddValidationImage(const ImageType * image)
{
  this->SetValidationImage(m_NumberOfValidationImages, image);
}

template <typename TImage>
auto
AutoencoderTrainer<TImage>::GetValidationImage(DataObjectPointerArraySizeType number) const -> const ImageType *
{
  return itkDynamicCastInDebugMode<const ImageType *>(this->ProcessObject::GetInput(ValidationInputName(number)));
}

template <typename TImage>
SizeValueType
AutoencoderTrainer<TImage>::GetNumberOfValidationImages() const
{
  return m_NumberOfValidationImages;
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  if (this->GetNumberOfTrainingImages() == 0 && this->GetTrainingFileNames().empty())
  {
    itkExceptionMacro("There are no training images: add at least one, or the name of a file.");
  }
  for (SizeValueType i = 0; i < this->GetNumberOfTrainingImages(); ++i)
  {
    if (!this->GetTrainingImage(i))
    {
      itkExceptionMacro("Training image " << i << " of " << this->GetNumberOfTrainingImages() << " is not set.");
    }
  }
  for (SizeValueType i = 0; i < m_NumberOfValidationImages; ++i)
  {
    if (!this->GetValidationImage(i))
    {
      itkExceptionMacro("Validation image " << i << " of " << m_NumberOfValidationImages << " is not set.");
    }
  }
}

template <typename TImage>
auto
AutoencoderTrainer<TImage>::FindImage(RoleEnum role, SizeValueType number) const
  -> std::pair<const ImageType *, SizeValueType>
{
  for (SizeValueType i = 0;; ++i)
  {
    const ImageType *   image = role == RoleEnum::Training ? this->GetTrainingImage(i) : this->GetValidationImage(i);
    const SizeValueType phases = ImageDimension == 3 ? 1 : image->GetBufferedRegion().GetSize(ImageDimension - 1);
    if (number < phases)
    {
      return { image, number };
    }
    number -= phases;
  }
}

template <typename TImage>
SizeValueType
AutoencoderTrainer<TImage>::GetNumberOfImageVolumes(RoleEnum role) const
{
  const bool          training = role == RoleEnum::Training;
  const SizeValueType images = training ? this->GetNumberOfTrainingImages() : m_NumberOfValidationImages;
  SizeValueType       volumes = 0;
  for (SizeValueType i = 0; i < images; ++i)
  {
    const ImageType * image = training ? this->GetTrainingImage(i) : this->GetValidationImage(i);
    volumes += ImageDimension == 3 ? 1 : image->GetBufferedRegion().GetSize(ImageDimension - 1);
  }
  return volumes;
}

template <typename TImage>
TrainingVolumeGeometry
AutoencoderTrainer<TImage>::GetImageVolumeGeometry(RoleEnum role, SizeValueType number) const
{
  const auto             image = this->FindImage(role, number).first;
  const unsigned int     axis = SliceStackPreprocessing::ResolveSliceAxis(image, this->GetChosenSliceAxis());
  TrainingVolumeGeometry geometry = MakeTrainingVolumeGeometry(image, image->GetBufferedRegion(), axis);
  geometry.name = std::to_string(number);
  return geometry;
}

template <typename TImage>
TrainingVolume
AutoencoderTrainer<TImage>::LoadImageVolume(RoleEnum role, SizeValueType number) const
{
  const auto [image, phase] = this->FindImage(role, number);
  auto region = image->GetBufferedRegion();
  if constexpr (ImageDimension > 3)
  {
    region.SetIndex(ImageDimension - 1, region.GetIndex(ImageDimension - 1) + static_cast<IndexValueType>(phase));
    region.SetSize(ImageDimension - 1, 1);
  }
  TrainingVolume volume;
  static_cast<TrainingVolumeGeometry &>(volume) = this->GetImageVolumeGeometry(role, number);
  volume.pixels = SliceStackPreprocessing::CopySlices(
    image, region, SliceStackPreprocessing::ResolveSliceAxis(image, this->GetChosenSliceAxis()), this);
  return volume;
}

template <typename TImage>
void
AutoencoderTrainer<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "NumberOfValidationImages: " << m_NumberOfValidationImages << std::endl;
}
} // end namespace itk

#endif // itkAutoencoderTrainer_hxx
