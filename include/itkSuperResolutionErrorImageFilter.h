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
#ifndef itkSuperResolutionErrorImageFilter_h
#define itkSuperResolutionErrorImageFilter_h

#include "itkAutoencoderModel.h"
#include "itkAutomaticParameterMacro.h"
#include "itkConceptChecking.h"
#include "itkImage.h"
#include "itkImageToImageFilter.h"

#include <vector>

namespace itk
{
/** \class SuperResolutionErrorImageFilter
 * \brief Estimates the absolute error of every pixel of an up-sampled stack, in the intensities of the stack.
 *
 * A pixel of an output slice at the share alpha of the way from acquired slice j to j + 1 gets the expected error
 *
 *   e = d B|S - L| + g w B|I(j+1) - I(j)| + s B R,    w = sqrt(4 alpha (1 - alpha)).
 *
 * S is the up-sampled slice, L = (1 - alpha) I(j) + alpha I(j+1) the linear interpolation of the acquired slices, and B
 * a blur in plane by the binomial weights 1, 4, 6, 4, 1, with borders mirrored at the edges of the pixels. The first
 * term is large where the network and interpolation disagree. The second one grows with the distance to the acquired
 * slices, where these differ. The third term is optional: R is the standard deviation of what the network makes of the
 * slice in several orientations. The error is 0 at acquired slices in the modes that preserve them, because there S = L
 * and R = 0.
 *
 * The coefficients are those with which e is the mean absolute error of dropped slices of training volumes. They are a
 * part of the model: SetModel() takes them from there. The absolute error is at most AutoencoderModel's ErrorQuantile90
 * times e in 90 % of these pixels. There is one set of coefficients and quantile with the third term, and one without.
 * The estimate says nothing of structures that no acquired slice shows.
 *
 * The primary input is the acquired stack. UpsampledImage is the output of LatentSpaceSuperResolutionImageFilter for
 * it, which may also have been read from a file. Both have the same axes and the same pixels in plane.
 * OrientationSpread is that filter's second output. 4D images have time as their last axis. The whole images are
 * requested.
 *
 * \tparam TInputImage 3D or 4D image with scalar pixels
 * \tparam TOutputImage image of real numbers of the same dimension. Default: float
 *
 * \sa LatentSpaceSuperResolutionImageFilter, AutoencoderModel
 *
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TInputImage, typename TOutputImage = Image<float, TInputImage::ImageDimension>>
class ITK_TEMPLATE_EXPORT SuperResolutionErrorImageFilter : public ImageToImageFilter<TInputImage, TOutputImage>
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(SuperResolutionErrorImageFilter);

  using Self = SuperResolutionErrorImageFilter;
  using Superclass = ImageToImageFilter<TInputImage, TOutputImage>;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(SuperResolutionErrorImageFilter);

  using InputImageType = TInputImage;
  using OutputImageType = TOutputImage;
  using OutputPixelType = typename OutputImageType::PixelType;
  using IndexType = typename InputImageType::IndexType;
  static constexpr unsigned int ImageDimension = InputImageType::ImageDimension;
  using SpreadImageType = Image<float, ImageDimension>;

  itkConceptMacro(SameDimensionCheck, (Concept::SameDimension<ImageDimension, TOutputImage::ImageDimension>));
  itkConceptMacro(OutputIsFloatingPointCheck, (Concept::IsFloatingPoint<OutputPixelType>));

  /** Set/Get the up-sampled stack. Required. */
  itkSetInputMacro(UpsampledImage, InputImageType);
  itkGetInputMacro(UpsampledImage, InputImageType);

  /** Set/Get the spread of the up-sampled stack over the orientations, on the grid of UpsampledImage. Default: none. */
  itkSetInputMacro(OrientationSpread, SpreadImageType);
  itkGetInputMacro(OrientationSpread, SpreadImageType);

  /** Set/Get the coefficient d of the difference to linear interpolation, >= 0. Default 0.7. */
  itkSetMacro(DifferenceCoefficient, double);
  itkGetConstMacro(DifferenceCoefficient, double);

  /** Set/Get the coefficient g of the difference of the acquired slices, >= 0. Default 0.23. */
  itkSetMacro(GapCoefficient, double);
  itkGetConstMacro(GapCoefficient, double);

  /** Set/Get the coefficient s of the spread over the orientations, >= 0. Default 0. Only with an OrientationSpread it
   * may be greater. */
  itkSetMacro(SpreadCoefficient, double);
  itkGetConstMacro(SpreadCoefficient, double);

  /** Set the coefficients to those of a model.
   * \param withSpread whether they are those for use with an OrientationSpread. Without, the SpreadCoefficient is 0.
   * \exception ExceptionObject if the model is not calibrated. */
  void
  SetModel(const AutoencoderModel * model, bool withSpread = false);

  /** Set/Get the through-plane axis, 0 to 2, default 2. Setting it turns AutomaticSliceAxis off. While that is on, as
   * by default, it is the axis along which the numbers of slices or the spacings differ. It has to be set if the
   * up-sampled stack has the same grid. */
  itkSetAutomaticParameterMacro(SliceAxis, unsigned int);

protected:
  SuperResolutionErrorImageFilter();
  ~SuperResolutionErrorImageFilter() override = default;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;
  void
  VerifyPreconditions() const override;
  /** The grids of both inputs differ. GenerateOutputInformation() compares what has to be equal. */
  void
  VerifyInputInformation() const override
  {}
  void
  GenerateOutputInformation() override;
  void
  GenerateInputRequestedRegion() override;
  void
  EnlargeOutputRequestedRegion(DataObject * output) override;
  void
  GenerateData() override;

private:
  /** Differences of places up to this share of a pixel come from rounded headers. */
  static constexpr double PlaceTolerance = 0.05;

  /** A slice in double precision, row by row. */
  using Slice = std::vector<double>;

  /** Whether both inputs have another number of pixels, or another spacing, along an axis. */
  bool
  DifferAlong(unsigned int axis) const;
  unsigned int
  FindSliceAxis() const;
  /** \exception ExceptionObject if the images do not lie at the same place */
  void
  CheckPlaces() const;
  /** Call a function with the number of each pixel of a slice, row by row, and the pixel in an image's buffer. */
  template <typename TImage, typename TFunction>
  void
  VisitSlice(TImage * image, OffsetValueType slice, OffsetValueType phase, const TFunction & function) const;
  template <typename TImage>
  Slice
  ReadSlice(const TImage * image, OffsetValueType slice, OffsetValueType phase) const;
  /** Blur in plane by the binomial weights. */
  void
  Blur(Slice & slice) const;
  /** The expected error of an output slice. */
  Slice
  EstimateSlice(OffsetValueType slice, OffsetValueType phase) const;

  double       m_DifferenceCoefficient{ 0.7 };
  double       m_GapCoefficient{ 0.23 };
  double       m_SpreadCoefficient{ 0.0 };
  unsigned int m_SliceAxis{ 2 };
  bool         m_AutomaticSliceAxis{ true };
  /** The axis that is used for the current inputs, and the axes in plane. */
  unsigned int m_Axis{ 2 };
  unsigned int m_RowAxis{ 0 };
  unsigned int m_ColumnAxis{ 1 };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkSuperResolutionErrorImageFilter.hxx"
#endif

#endif // itkSuperResolutionErrorImageFilter_h
