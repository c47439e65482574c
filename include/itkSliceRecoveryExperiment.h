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
#ifndef itkSliceRecoveryExperiment_h
#define itkSliceRecoveryExperiment_h

#include "itkConceptChecking.h"
#include "itkObjectFactory.h"
#include "itkSliceRecoveryExperimentBase.h"

namespace itk
{
/** \class SliceRecoveryExperiment
 * \brief Drops slices of a volume and recovers them with every method: the comparison of arXiv:2010.13172, made fair.
 *
 * Of the volume's slices every KeepEvery-th is kept, from the first on, as far as a dropped slice has kept ones on both
 * sides; slices behind the last kept one are left out. Everything that follows knows the kept slices only:
 * 1. the window, the percentiles 1 and 99 of the kept slices, mapped to [0, 1] and clamped;
 * 2. the crop to the central CropSize pixels in plane, if one is set (the paper: 128);
 * 3. the recovery onto the exact grid of the dropped slices, by ITK's own interpolators in ResampleImageFilter, or by
 *    LatentSpaceSuperResolutionImageFilter;
 * 4. clamping to [0, 1].
 *
 * Methods, by name: `nearest`, `linear`, `bspline` (order 3, BSplineInterpolateImageFunction) and `bspline0` to
 * `bspline5`, `lanczos` (radius 3, WindowedSincInterpolateImageFunction) and `lanczos4` (radius 4), and the control
 * `linear-blur`: linear, then in every recovered slice a Gaussian with a standard deviation of 1.5 pixels. It shows
 * what mere smoothing gains. Models are run by RecoverByModel().
 *
 * Of a volume with thin slices, a SliceThickness makes thick ones: what is kept is then the volume after a Gaussian
 * along the slice axis with that full width at half maximum (ITK's discrete one), and what it is compared with remains
 * the volume itself. Models are told the thickness, which scanners know of their slices: it is the filter's
 * SliceThickness.
 *
 * The parameters, methods and results are those of SliceRecoveryExperimentBase. The buffered pixels are used: call
 * Update() of the image's source before.
 *
 * \tparam TImage 3D, of scalar pixels
 *
 * \sa SliceRecoveryExperimentBase
 *
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class ITK_TEMPLATE_EXPORT SliceRecoveryExperiment : public SliceRecoveryExperimentBase
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(SliceRecoveryExperiment);

  using Self = SliceRecoveryExperiment;
  using Superclass = SliceRecoveryExperimentBase;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(SliceRecoveryExperiment);

  using ImageType = TImage;
  static constexpr unsigned int ImageDimension = ImageType::ImageDimension;

  itkConceptMacro(ImageIsThreeDimensionalCheck, (Concept::SameDimension<ImageDimension, 3>));
  itkConceptMacro(PixelHasNumericTraitsCheck, (Concept::HasNumericTraits<typename ImageType::PixelType>));
  itkConceptMacro(PixelConvertibleToDoubleCheck, (Concept::Convertible<typename ImageType::PixelType, double>));

  /** Set/Get the volume. Required. */
  itkSetConstObjectMacro(Image, ImageType);
  itkGetConstObjectMacro(Image, ImageType);

protected:
  SliceRecoveryExperiment() = default;
  ~SliceRecoveryExperiment() override = default;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

  using typename Superclass::DoubleImageType;
  using typename Superclass::ImageBaseType;
  using typename Superclass::RegionType;

  const ImageBaseType *
  GetImageBase() const override;
  ModifiedTimeType
  GetImageMTime() const override;
  DoubleImageType::Pointer
  CopyRegion(const RegionType & region) const override;

private:
  typename ImageType::ConstPointer m_Image;
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkSliceRecoveryExperiment.hxx"
#endif

#endif // itkSliceRecoveryExperiment_h
