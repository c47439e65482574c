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
#ifndef itkAutoencoderTrainer_h
#define itkAutoencoderTrainer_h

#include "itkAutoencoderTrainerBase.h"
#include "itkConceptChecking.h"

namespace itk
{
/** \class AutoencoderTrainer
 * \brief Trains an autoencoder on the in-plane slices of anisotropic volumes. It needs no high-resolution example.
 *
 * The training volumes are images, files, or both. They may differ in size, spacing and slice axis (the axis of each
 * volume's largest spacing, unless SliceAxis is set). The window of a volume is given by its percentiles. Slices are
 * resampled in plane to the model's spacing. The output is an AutoencoderModel. AutoencoderTrainerBase documents the
 * objective, the parameters and the events.
 *
 * \tparam TImage 3D or 4D image with scalar pixels; each phase of a 4D image is a volume
 *
 * \sa AutoencoderModel, LatentSpaceSuperResolutionImageFilter
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class ITK_TEMPLATE_EXPORT AutoencoderTrainer : public AutoencoderTrainerBase
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(AutoencoderTrainer);

  using Self = AutoencoderTrainer;
  using Superclass = AutoencoderTrainerBase;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(AutoencoderTrainer);

  using ImageType = TImage;
  static constexpr unsigned int ImageDimension = ImageType::ImageDimension;
  static_assert(ImageDimension == 3 || ImageDimension == 4,
                "Images have to be stacks of slices: 3D, or 4D (3D + time).");
  itkConceptMacro(PixelConvertibleToFloatCheck, (Concept::Convertible<typename ImageType::PixelType, float>));

  /** Set/Get the volumes to train on, numbered from 0. */
  void
  SetTrainingImage(DataObjectPointerArraySizeType number, const ImageType * image);
  void
  AddTrainingImage(const ImageType * image);
  const ImageType *
  GetTrainingImage(DataObjectPointerArraySizeType number) const;

  SizeValueType
  GetNumberOfTrainingImages() const;

  /** Set/Get the volumes to validate on, numbered from 0. Default: none. */
  void
  SetValidationImage(DataObjectPointerArraySizeType number, const ImageType * image);
  void
  AddValidationImage(const ImageType * image);
  const ImageType *
  GetValidationImage(DataObjectPointerArraySizeType number) const;

  SizeValueType
  GetNumberOfValidationImages() const;

protected:
  AutoencoderTrainer() = default;
  ~AutoencoderTrainer() override = default;

  void
  VerifyPreconditions() const override;

  SizeValueType
  GetNumberOfImageVolumes(RoleEnum role) const override;
  TrainingVolumeGeometry
  GetImageVolumeGeometry(RoleEnum role, SizeValueType number) const override;
  TrainingVolume
  LoadImageVolume(RoleEnum role, SizeValueType number) const override;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  static std::string
  ValidationInputName(DataObjectPointerArraySizeType number);

  /** The image that contains a volume, and the index of the volume's phase in it. */
  std::pair<const ImageType *, SizeValueType>
  FindImage(RoleEnum role, SizeValueType number) const;

  SizeValueType m_NumberOfValidationImages{ 0 };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkAutoencoderTrainer.hxx"
#endif

#endif // itkAutoencoderTrainer_h
