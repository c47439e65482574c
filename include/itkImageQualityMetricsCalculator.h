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

#include "itkImage.h"
#include "itkImageQualityMetricsKernels.h"
#include "itkNumericTraits.h"
#include "itkObject.h"
#include "itkObjectFactory.h"

#include <limits>
#include <type_traits>
#include <vector>

namespace itk
{
/** \class ImageQualityMetricsCalculator
 *  \brief Compares a test image with a reference image: MSE, RMSE, MAE, PSNR, SSIM and VIFp, per slice and as a whole.
 *
 * The two images are named, because VIFp is not symmetric, and because the default data range is that of the reference.
 * They are compared pixel by pixel in double precision, whatever the pixel type. With the reference image \f$x\f$, the
 * test image \f$y\f$, the number of pixels \f$n\f$ and the data range \f$L\f$:
 *
 * - MSE \f$ = \frac{1}{n} \sum (x_i - y_i)^2\f$ in squared units of intensity, RMSE its square root, and
 *   MAE \f$ = \frac{1}{n} \sum |x_i - y_i|\f$, both in units of intensity. 0 for identical images.
 * - PSNR \f$ = 10 \log_{10}(L^2 / \mathrm{MSE})\f$ in dB; \f$+\infty\f$ for identical images. The PSNR of the volume,
 *   GetPSNR(), is not the mean of the PSNRs of the slices, GetMeanSlicePSNR().
 * - SSIM, the structural similarity of Wang, Bovik, Sheikh and Simoncelli (IEEE Transactions on Image Processing
 *   13(4), 2004), \f[ \frac{(2 \mu_x \mu_y + (K_1 L)^2)(2 \sigma_{xy} + (K_2 L)^2)}
 *   {(\mu_x^2 + \mu_y^2 + (K_1 L)^2)(\sigma_x^2 + \sigma_y^2 + (K_2 L)^2)} \f]
 *   with moments in a sampled Gaussian window and population covariances, averaged over the pixels at which the
 *   whole window fits into the slice. At most 1, and 1 for identical images. It is measured **in 2D, slice by slice**;
 *   the SSIM of a 3D window is another quantity with other values, and is not computed here.
 * - VIFp, the visual information fidelity in the pixel domain of Sheikh and Bovik (IEEE Transactions on Image
 *   Processing 15(2), 2006), **in 2D, slice by slice**, too: four scales with Gaussian windows of 17, 9, 5 and 3 taps,
 *   variance of the visual noise 2 for intensities that are rescaled by \f$255 / L\f$. 0 for no common information,
 *   1 up to about \f$10^{-10}\f$ for identical images, above 1 for an enhanced contrast.
 *
 * **Slices.** A 2D image is one slice. A 3D image is cut across the SliceAxis. A 4D image is a series of 3D frames,
 * each of which is cut across the SliceAxis; the slices of the first frame come first in the lists.
 *
 * **Constant images.** SSIM is well-defined. VIFp of a constant reference slice is 1 if the test slice is identical to
 * it, and undefined (NaN) otherwise; VIFp of a constant test slice is 0. Undefined slices are left out of the mean.
 *
 * **Mask.** Nonzero pixels of the optional mask select the pixels. MSE, RMSE, MAE and PSNR are those of the selected
 * pixels; for SSIM, the map is made of the whole images and then averaged over the selected pixels. VIFp combines
 * scales and is always that of whole slices, and the default data range that of the whole reference. In slices without
 * a selected pixel, the values are undefined (NaN); such slices are left out of the means.
 *
 * The buffered pixels are compared, and both images must be buffered completely: call Update() of their source before.
 * Only the sizes have to agree; origin, spacing and direction are not compared. The results are independent of the
 * number of threads. Beside the images, the memory needed is that of two or three slices in double precision per
 * thread.
 *
 * Compute() throws an ExceptionObject with the offending value if an input is missing, partly buffered, or empty; if
 * the sizes differ; if a parameter is out of its range; if slices are too small for a metric that is on; if a pixel is
 * NaN or infinite; if the data range is to be taken from a constant reference; or if the mask selects nothing. A getter
 * of a result throws an ExceptionObject if that result has not been computed, or if a parameter or an image has been
 * modified since. Note that writing pixels doesn't mark an image as modified unless its Modified() is called.
 *
 * \tparam TImage an itk::Image of dimension 2, 3 or 4 with pixels of an arithmetic type
 *
 * \sa ImageQualityMetricsKernels
 * \sa MinimumMaximumImageCalculator
 *
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class ITK_TEMPLATE_EXPORT ImageQualityMetricsCalculator : public Object
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(ImageQualityMetricsCalculator);

  /** Standard class type aliases. */
  using Self = ImageQualityMetricsCalculator;
  using Superclass = Object;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  /** Method for creation through the object factory. */
  itkNewMacro(Self);

  /** \see LightObject::GetNameOfClass() */
  itkOverrideGetNameOfClassMacro(ImageQualityMetricsCalculator);

  static constexpr unsigned int ImageDimension = TImage::ImageDimension;

  using ImageType = TImage;
  using PixelType = typename ImageType::PixelType;
  using SizeType = typename ImageType::SizeType;
  using IndexType = typename ImageType::IndexType;
  using MaskPixelType = unsigned char;
  using MaskImageType = Image<MaskPixelType, ImageDimension>;

  static_assert(ImageDimension >= 2 && ImageDimension <= 4, "The image must have 2, 3 or 4 dimensions.");
  static_assert(std::is_arithmetic_v<PixelType>, "The image must have scalar pixels.");

  /** The image that the test image is compared with. Required. */
  itkSetConstObjectMacro(ReferenceImage, ImageType);
  itkGetConstObjectMacro(ReferenceImage, ImageType);

  /** The image whose quality is measured. Required, of the same size as the reference. */
  itkSetConstObjectMacro(TestImage, ImageType);
  itkGetConstObjectMacro(TestImage, ImageType);

  /** Mask of the same size; nonzero pixels are selected. Optional, none by default. */
  itkSetConstObjectMacro(MaskImage, MaskImageType);
  itkGetConstObjectMacro(MaskImage, MaskImageType);

  /** Data range L of the images, in units of intensity: the difference of the largest and the smallest possible value,
   * for example 255. PSNR, SSIM and VIFp depend on it. The default, 0, stands for maximum minus minimum of the
   * reference image. GetDataRangeUsed() reports which one was used. */
  itkSetMacro(DataRange, double);
  itkGetConstMacro(DataRange, double);

  /** The axis across which a 3D image, or each frame of a 4D image, is cut into slices: 0, 1 or 2. Default 2.
   * Not used for a 2D image. */
  itkSetMacro(SliceAxis, unsigned int);
  itkGetConstMacro(SliceAxis, unsigned int);

  /** Standard deviation of the Gaussian window of SSIM, in pixels. Strictly positive, default 1.5. */
  itkSetMacro(GaussianSigma, double);
  itkGetConstMacro(GaussianSigma, double);

  /** Radius of the window of SSIM, in pixels: the window has 2 * SSIMRadius + 1 taps in each direction. At least 1,
   * default 5. */
  itkSetMacro(SSIMRadius, unsigned int);
  itkGetConstMacro(SSIMRadius, unsigned int);

  /** Constant that stabilizes the luminance term of SSIM. Strictly positive, default 0.01. */
  itkSetMacro(K1, double);
  itkGetConstMacro(K1, double);

  /** Constant that stabilizes the contrast and structure term of SSIM. Strictly positive, default 0.03. */
  itkSetMacro(K2, double);
  itkGetConstMacro(K2, double);

  /** Whether Compute() computes SSIM. Default true. */
  itkSetMacro(ComputeSSIM, bool);
  itkGetConstMacro(ComputeSSIM, bool);
  itkBooleanMacro(ComputeSSIM);

  /** Whether Compute() computes VIFp. Default true. */
  itkSetMacro(ComputeVIFp, bool);
  itkGetConstMacro(ComputeVIFp, bool);
  itkBooleanMacro(ComputeVIFp);

  /** Number of slices that are worked on at the same time, at most. The default, 0, stands for ITK's global default.
   * The results don't depend on it. */
  itkSetMacro(NumberOfWorkUnits, ThreadIdType);
  itkGetConstMacro(NumberOfWorkUnits, ThreadIdType);

  /** Computes all metrics that are on.
   * \exception ExceptionObject if an input can't be measured; see the description of the class. */
  void
  Compute();

  /** The data range that was used: DataRange, or that of the reference image. Units of intensity. */
  double
  GetDataRangeUsed() const;

  /** Number of slices, which is the length of the lists. */
  SizeValueType
  GetNumberOfSlices() const;

  /** Mean squared error of the whole image, in squared units of intensity. */
  double
  GetMSE() const;

  /** Square root of the mean squared error of the whole image, in units of intensity. */
  double
  GetRMSE() const;

  /** Mean absolute error of the whole image, in units of intensity. */
  double
  GetMAE() const;

  /** Peak signal-to-noise ratio of the whole image (volume) in dB, made of the MSE of all pixels. */
  double
  GetPSNR() const;

  /** Mean of the peak signal-to-noise ratios of the slices, in dB. Infinite as soon as one slice is identical. */
  double
  GetMeanSlicePSNR() const;

  /** Mean over the slices of the 2D structural similarity. It is not the structural similarity of 3D windows. With a
   * mask, every slice that contains selected pixels has the same weight. \sa GetPooledSSIM() */
  double
  GetSSIM() const;

  /** Mean of the 2D structural similarity over all pixels of all slices. It differs from GetSSIM() only if there is a
   * mask: slices weigh as much as the number of their selected pixels. */
  double
  GetPooledSSIM() const;

  /** Mean over the slices of the 2D visual information fidelity in the pixel domain. Slices in which it is undefined
   * are left out; NaN, if there are no others. */
  double
  GetVIFp() const;

  /** Mean squared error of each slice. */
  std::vector<double>
  GetSliceMSE() const;

  /** Peak signal-to-noise ratio of each slice, in dB. */
  std::vector<double>
  GetSlicePSNR() const;

  /** 2D structural similarity of each slice. */
  std::vector<double>
  GetSliceSSIM() const;

  /** 2D visual information fidelity in the pixel domain of each slice. */
  std::vector<double>
  GetSliceVIFp() const;

protected:
  ImageQualityMetricsCalculator() = default;
  ~ImageQualityMetricsCalculator() override = default;
  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  /** How the buffer is cut into slices. Strides are in pixels. */
  struct SliceLayout
  {
    unsigned int  AxisX{ 0 };
    unsigned int  AxisY{ 1 };
    SizeValueType Width{ 0 };
    SizeValueType Height{ 0 };
    SizeValueType StrideX{ 1 };
    SizeValueType StrideY{ 0 };
    SizeValueType SlicesPerFrame{ 1 };
    SizeValueType StrideSlice{ 0 };
    SizeValueType NumberOfSlices{ 1 };
    SizeValueType StrideFrame{ 0 };

    SizeValueType
    GetOffset(SizeValueType slice) const
    {
      return (slice / SlicesPerFrame) * StrideFrame + (slice % SlicesPerFrame) * StrideSlice;
    }
  };

  /** What is found in one slice. */
  struct SliceResult
  {
    double        SquaredErrorSum{ 0.0 };
    double        AbsoluteErrorSum{ 0.0 };
    SizeValueType NumberOfPixels{ 0 };
    double        ReferenceMinimum{ std::numeric_limits<double>::infinity() };
    double        ReferenceMaximum{ -std::numeric_limits<double>::infinity() };
    bool          IsFinite{ true };

    ImageQualityMetricsKernels::SSIMResult SSIM{};
    double                                 VIFp{ std::numeric_limits<double>::quiet_NaN() };
  };

  /** Every refusal that is possible without looking at the pixels. */
  void
  VerifyPreconditions() const;

  /** Every refusal that depends on the pixels; the data range is only known afterwards. */
  void
  VerifyPixels(const SliceLayout & layout, const std::vector<SliceResult> & slices) const;

  template <typename TAnyImage>
  void
  VerifyBuffer(const TAnyImage * image, const char * name) const;

  SliceLayout
  MakeLayout() const;

  /** Visits the slices in parallel: errors and range, or structural metrics with that data range, or both. */
  void
  ProcessSlices(const SliceLayout &        layout,
                bool                       errors,
                bool                       structure,
                double                     dataRange,
                std::vector<SliceResult> & slices) const;

  /** The latest modification of this object, the images, or their pixel containers. */
  ModifiedTimeType
  GetInputMTime() const;

  /** Throws if there are no results, or stale ones. */
  void
  VerifyResults(const char * name, bool isComputed = true) const;

  static double
  ComputePSNR(double meanSquaredError, double dataRange);

  /** Maximum minus minimum of the reference image. */
  static double
  GetReferenceRange(const std::vector<SliceResult> & slices);

  /** The mean of the values that are not NaN. */
  static double
  MeanOfDefined(const std::vector<double> & values);

  typename ImageType::ConstPointer     m_ReferenceImage{};
  typename ImageType::ConstPointer     m_TestImage{};
  typename MaskImageType::ConstPointer m_MaskImage{};

  double       m_DataRange{ 0.0 };
  unsigned int m_SliceAxis{ 2 };
  double       m_GaussianSigma{ 1.5 };
  unsigned int m_SSIMRadius{ 5 };
  double       m_K1{ 0.01 };
  double       m_K2{ 0.03 };
  bool         m_ComputeSSIM{ true };
  bool         m_ComputeVIFp{ true };
  ThreadIdType m_NumberOfWorkUnits{ 0 };

  /** The results belong to the inputs as of this time; 0 means that there are none. */
  ModifiedTimeType m_ResultsMTime{ 0 };

  double              m_DataRangeUsed{ 0.0 };
  double              m_MSE{ 0.0 };
  double              m_MAE{ 0.0 };
  double              m_PooledSSIM{ 0.0 };
  std::vector<double> m_SliceMSE{};
  std::vector<double> m_SlicePSNR{};
  std::vector<double> m_SliceSSIM{};
  std::vector<double> m_SliceVIFp{};
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkImageQualityMetricsCalculator.hxx"
#endif

#endif // itkImageQualityMetricsCalculator_h
