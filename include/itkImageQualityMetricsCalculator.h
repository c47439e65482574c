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
#ifndef itkImageQualityMetricsCalculator_h
#define itkImageQualityMetricsCalculator_h

#include "itkConceptChecking.h"
#include "itkImage.h"
#include "itkImageQualityMetricsCalculatorBase.h"
#include "itkObjectFactory.h"

#include <type_traits>

namespace itk
{
/** \class ImageQualityMetricsCalculator
 *  \brief Compares a test image with a reference image: errors, PSNR, SSIM, VIF and more, per slice and as a whole.
 *
 * The metrics, their parameters and results are those of ImageQualityMetricsCalculatorBase. The roles of the two images
 * differ: VIF is not symmetric, and the default data range is that of the reference image.
 *
 * Both images must be buffered completely: call Update() on their sources first. Their sizes must agree. Their origins,
 * spacings and directions are not compared.
 *
 * Compute() throws an ExceptionObject that gives the offending value: if an input is missing, partly buffered or empty;
 * if the sizes differ; if a parameter is out of range; if slices are too small for a metric that is on; if a pixel is
 * NaN or infinite; if an automatic data range would come from a constant reference; or if the mask selects nothing. A
 * getter of a result throws an ExceptionObject if that result has not been computed, or if a parameter or an image has
 * been modified since. Writing pixels does not mark an image as modified: call its Modified().
 *
 * \tparam TImage an itk::Image of dimension 2, 3 or 4 with pixels of an arithmetic type
 *
 * \sa ImageQualityMetricsCalculatorBase
 * \sa MinimumMaximumImageCalculator
 *
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class ITK_TEMPLATE_EXPORT ImageQualityMetricsCalculator : public ImageQualityMetricsCalculatorBase
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(ImageQualityMetricsCalculator);

  /** Standard class type aliases. */
  using Self = ImageQualityMetricsCalculator;
  using Superclass = ImageQualityMetricsCalculatorBase;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  /** Method for creation through the object factory. */
  itkNewMacro(Self);

  /** \see LightObject::GetNameOfClass() */
  itkOverrideGetNameOfClassMacro(ImageQualityMetricsCalculator);

  static constexpr unsigned int ImageDimension = TImage::ImageDimension;

  using ImageType = TImage;
  using PixelType = typename ImageType::PixelType;
  using MaskPixelType = unsigned char;
  using MaskImageType = Image<MaskPixelType, ImageDimension>;
  using MapImageType = Image<float, ImageDimension>;

#ifdef ITK_USE_CONCEPT_CHECKING
  itkConceptMacro(PixelHasNumericTraitsCheck, (Concept::HasNumericTraits<PixelType>));
  itkConceptMacro(PixelIsConvertibleToDoubleCheck, (Concept::Convertible<PixelType, double>));
#endif
  static_assert(ImageDimension >= 2 && ImageDimension <= 4, "The image must have 2, 3 or 4 dimensions.");
  static_assert(std::is_arithmetic_v<PixelType>, "The image must have scalar pixels.");

  /** Set/Get the reference image, which the test image is compared with. Required. */
  itkSetConstObjectMacro(ReferenceImage, ImageType);
  itkGetConstObjectMacro(ReferenceImage, ImageType);

  /** Set/Get the test image, whose quality is measured. Required. It has the size of the reference image. */
  itkSetConstObjectMacro(TestImage, ImageType);
  itkGetConstObjectMacro(TestImage, ImageType);

  /** Set/Get the mask. It has the size of the reference image and selects the pixels where it is not zero. Metrics that
   * combine scales or frequencies are always those of whole slices; see ImageQualityMetricsCalculatorBase. Optional; by
   * default there is no mask, and all pixels are selected. */
  itkSetConstObjectMacro(MaskImage, MaskImageType);
  itkGetConstObjectMacro(MaskImage, MaskImageType);

  /** Get the map of 2D SSIM: the structural similarity at every pixel, with the size and geometry of the reference
   * image. Near the border, images are mirrored at the outer edges of their border pixels. Each call returns a new
   * image.
   * \exception ExceptionObject unless KeepSSIMMaps and ComputeSSIM were on */
  typename MapImageType::Pointer
  GetSSIMMap() const;

  /** Get the map of SSIM with 3D windows, as GetSSIMMap() does.
   * \exception ExceptionObject unless KeepSSIMMaps and ComputeSSIM3D were on */
  typename MapImageType::Pointer
  GetSSIM3DMap() const;

protected:
  ImageQualityMetricsCalculator() = default;
  ~ImageQualityMetricsCalculator() override = default;
  void
  PrintSelf(std::ostream & os, Indent indent) const override;

  using typename Superclass::ImageProperties;
  void
  VerifyImages() const override;
  ImageProperties
  GetImageProperties() const override;
  void
  CopyReferencePixels(SizeValueType offset, SizeValueType stride, SizeValueType count, double * values) const override;
  void
  CopyTestPixels(SizeValueType offset, SizeValueType stride, SizeValueType count, double * values) const override;
  void
  CopyMaskPixels(SizeValueType   offset,
                 SizeValueType   stride,
                 SizeValueType   count,
                 unsigned char * values) const override;
  std::string
  DescribeNonFinitePixel() const override;
  ModifiedTimeType
  GetInputMTime() const override;

private:
  static void
  CopyPixels(const PixelType * pixels, SizeValueType stride, SizeValueType count, double * values);

  template <typename TAnyImage>
  void
  VerifyBuffer(const TAnyImage * image, const char * name) const;

  typename MapImageType::Pointer
  MakeMap(const std::vector<double> & values) const;

  typename ImageType::ConstPointer     m_ReferenceImage{};
  typename ImageType::ConstPointer     m_TestImage{};
  typename MaskImageType::ConstPointer m_MaskImage{};
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkImageQualityMetricsCalculator.hxx"
#endif

#endif // itkImageQualityMetricsCalculator_h
