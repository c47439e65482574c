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
 * \brief Drops slices of a volume and recovers them with several methods. This is the comparison of arXiv:2010.13172,
 * with the same conditions for all methods.
 *
 * Every KeepEvery-th slice of the volume is kept, starting with the first. Slices after the last kept slice are left
 * out, so every dropped slice has kept slices on both sides. The next steps use the kept slices only:
 * 1. The window, given by the percentiles 1 and 99 of the kept slices, is mapped to [0, 1], and intensities are
 *    clamped.
 * 2. Slices are cropped to the central CropSize pixels in plane, if CropSize is set (the paper: 128).
 * 3. The dropped slices are recovered on their exact grid, by ITK's interpolators in ResampleImageFilter, or by
 *    LatentSpaceSuperResolutionImageFilter.
 * 4. Recovered intensities are clamped to [0, 1].
 *
 * Methods, by name: `nearest`, `linear`, `bspline` (order 3, BSplineInterpolateImageFunction) and `bspline0` to
 * `bspline5`, `lanczos` (radius 3, WindowedSincInterpolateImageFunction), `lanczos4` (radius 4), and the control
 * `linear-blur`: linear interpolation, then a Gaussian with a standard deviation of 1.5 pixels in plane. The control
 * shows the effect of smoothing alone. RecoverByModel() runs models.
 *
 * SliceThickness simulates thick slices from a volume with thin slices. The kept slices are then taken from the volume
 * after a Gaussian along the slice axis with that full width at half maximum (ITK's discrete Gaussian). The truth is
 * still the volume itself. The thickness is also set as the filter's SliceThickness, because it is known for acquired
 * slices.
 *
 * SliceRecoveryExperimentBase documents the parameters, methods and results. The experiment uses the buffered pixels of
 * the image: call Update() of its source before.
 *
 * \tparam TImage 3D image with scalar pixels
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
