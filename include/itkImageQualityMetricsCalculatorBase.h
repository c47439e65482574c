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
#ifndef itkImageQualityMetricsCalculatorBase_h
#define itkImageQualityMetricsCalculatorBase_h

#include "LatentSpaceSuperResolutionExport.h"

#include "itkAutomaticParameterMacro.h"
#include "itkImageQualityMetricsCalculatorEnums.h"
#include "itkObject.h"

#include <string>
#include <vector>

namespace itk
{
namespace ImageQualityMetrics
{
struct ImagePair;
struct PixelSums;
struct SliceLayout;
struct SliceMetricsParameters;
struct SliceResult;
struct StructuralSimilarityParameters;
} // namespace ImageQualityMetrics

/** \class ImageQualityMetricsCalculatorBase
 *  \brief Parameters, metrics and results of ImageQualityMetricsCalculator, for images of any type.
 *
 * With the reference image \f$x\f$, the test image \f$y\f$, the number of pixels \f$n\f$ and the data range \f$L\f$:
 *
 * - MSE \f$ = \frac{1}{n} \sum (x_i - y_i)^2\f$ in squared units of intensity. RMSE is its square root, and
 *   MAE \f$ = \frac{1}{n} \sum |x_i - y_i|\f$; both are in units of intensity. 0 for identical images.
 * - NRMSE, the RMSE divided by the root mean square of the reference (Euclidean), by its maximum minus minimum, or by
 *   its mean (see NRMSENormalization).
 * - PSNR \f$ = 10 \log_{10}(L^2 / \mathrm{MSE})\f$ in dB; \f$+\infty\f$ for identical images. The PSNR of the volume,
 *   GetPSNR(), is not the mean of the PSNRs of the slices, GetMeanSlicePSNR().
 * - Pearson's correlation coefficient of the pixels, -1 to 1; NaN if an image is constant.
 * - SSIM, the structural similarity of Wang, Bovik, Sheikh and Simoncelli (IEEE Transactions on Image Processing
 *   13(4), 2004), \f[ \frac{(2 \mu_x \mu_y + (K_1 L)^2)(2 \sigma_{xy} + (K_2 L)^2)}
 *   {(\mu_x^2 + \mu_y^2 + (K_1 L)^2)(\sigma_x^2 + \sigma_y^2 + (K_2 L)^2)} \f]
 *   with moments in a sampled Gaussian window and population covariances (or a uniform window, or sample covariances),
 *   averaged over the pixels at which the whole window fits. At most 1, and 1 for identical images. GetSSIM() is
 *   measured **in 2D, slice by slice**. GetSSIM3D() is measured with 3D windows, and its values differ from those in
 *   2D.
 * - Multi-scale SSIM (Wang, Simoncelli, Bovik, Asilomar Conference 2003), **in 2D, slice by slice**: five scales with
 *   the weights .0448, .2856, .3001, .2363, .1333. An odd row or column is mirrored before the resolution is halved.
 *   NaN if the mean contrast of a scale is negative, for example for an inverted image.
 * - VIFp, the visual information fidelity in the pixel domain of Sheikh and Bovik (IEEE Transactions on Image
 *   Processing 15(2), 2006), **in 2D, slice by slice**: four scales with Gaussian windows of 17, 9, 5 and 3 taps,
 *   and a variance of the visual noise of 2 for intensities that are rescaled by \f$255 / L\f$. 0 if the images have no
 *   information in common, 1 within about \f$10^{-10}\f$ for identical images, above 1 if the test image has more
 *   contrast.
 * - Wavelet VIF, the variant in the same paper that uses a steerable pyramid, **in 2D, slice by slice**.
 * - GMSD, the gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik, IEEE Transactions on Image Processing
 *   23(2), 2014), **in 2D, slice by slice**; 0 for identical images, larger is worse.
 * - HFEN, the high-frequency error norm (Ravishankar, Bresler, IEEE Transactions on Medical Imaging 30(5), 2011),
 *   normalized: \f$ \|\mathrm{LoG}(y) - \mathrm{LoG}(x)\| / \|\mathrm{LoG}(x)\| \f$ with a Laplacian of Gaussian of
 *   15 x 15 pixels and a sigma of 1.5 pixels, in 2D; the norms are over all slices. 0 for identical images.
 * - MAEG, the mean absolute error of gradients, **in 2D, slice by slice**: \f$ \frac{1}{n} \sum ||\nabla y_i| -
 *   |\nabla x_i|| \f$ over the pixels of a slice, in units of intensity per pixel, with central differences in the two
 *   directions in plane, one-sided ones at the borders. 0 for identical images.
 * - Fourier correlation \f$ \sum X Y^* / \sqrt{\sum |X|^2 \sum |Y|^2} \f$ over rings (2D images) or shells (3D) of
 *   spatial frequency, and the resolution at which it falls below a threshold (Saxton, Baumeister 1982). For a 4D
 *   image, the sums include all frames.
 * - NMI, the normalized mutual information of Studholme, Hill and Hawkes (Pattern Recognition 32, 1999):
 *   \f$ (H(x) + H(y)) / H(x, y) \f$ from a joint histogram between the minimum and the maximum of each image. 1
 *   (independent images) to 2; NaN if both images are constant.
 *
 * Errors, PSNR and Pearson's coefficient are always computed. SSIM and VIFp are on by default, all other metrics are
 * off.
 *
 * **Slices.** A 2D image is one slice. A 3D image is cut across the SliceAxis. A 4D image is a series of 3D frames,
 * each of which is cut across the SliceAxis. Lists of slices begin with those of the first frame.
 *
 * **Constant images.** SSIM is defined. If the reference slice is constant, VIF is 1 for an identical test slice and
 * undefined (NaN) for any other. If only the test slice is constant, VIF is 0. Undefined slices are left out of the
 * mean.
 *
 * **Mask.** The optional mask image selects the pixels where it is not zero. Errors, PSNR, Pearson's coefficient and
 * NMI are those of the selected pixels. The map of SSIM is computed from the whole images and then averaged over the
 * selected pixels. The metrics that combine scales, frequencies or neighbors (multi-scale SSIM, VIF, GMSD, HFEN, MAEG,
 * Fourier correlation) are always those of whole slices, and the default data range is that of the whole reference. In
 * a slice without selected pixels, the errors, PSNR and SSIM are undefined (NaN), and the means leave it out.
 *
 * Pixels are compared in double precision. The results do not depend on the number of threads. In addition to the
 * images, each thread needs memory for a few slices in double precision. A Fourier correlation needs about six frames
 * in double precision, and each map one image in double precision.
 *
 * \sa ImageQualityMetricsCalculator
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT ImageQualityMetricsCalculatorBase : public Object
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(ImageQualityMetricsCalculatorBase);

  using Self = ImageQualityMetricsCalculatorBase;
  using Superclass = Object;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  /** \see LightObject::GetNameOfClass() */
  itkOverrideGetNameOfClassMacro(ImageQualityMetricsCalculatorBase);

  using DataRangeSourceEnum = ImageQualityMetricsCalculatorEnums::DataRangeSource;
  using SSIMWindowEnum = ImageQualityMetricsCalculatorEnums::SSIMWindow;
  using NRMSENormalizationEnum = ImageQualityMetricsCalculatorEnums::NRMSENormalization;

  /** Set/Get the data range L of the images, in units of intensity: the difference between the largest and the smallest
   * value that a pixel may have, for example 255. PSNR, SSIM, VIF and GMSD depend on it, so values with different
   * ranges can't be compared. Strictly positive and finite.
   *
   * AutomaticDataRange is on by default: the range then comes from the DataRangeSource. SetDataRange() switches it off.
   * GetDataRange() is 0 until a range is set. GetDataRangeUsed() returns the range that was used. */
  itkSetAutomaticParameterMacro(DataRange, double);

  /** Set/Get the source of an automatic data range. Default ReferenceMinimumMaximum. */
  itkSetEnumMacro(DataRangeSource, DataRangeSourceEnum);
  itkGetEnumMacro(DataRangeSource, DataRangeSourceEnum);

  /** Set/Get the axis across which a 3D image, or each frame of a 4D image, is cut into slices: 0, 1 or 2. Default 2.
   * Not used for a 2D image. */
  itkSetMacro(SliceAxis, unsigned int);
  itkGetConstMacro(SliceAxis, unsigned int);

  /** Set/Get what the RMSE is divided by to give the NRMSE. Default Euclidean. */
  itkSetEnumMacro(NRMSENormalization, NRMSENormalizationEnum);
  itkGetEnumMacro(NRMSENormalization, NRMSENormalizationEnum);

  /** Set/Get the window of SSIM, in 2D, in 3D and at several scales: the weights of the surrounding pixels in the local
   * means, variances and covariance of a pixel. Default Gaussian. */
  itkSetEnumMacro(SSIMWindow, SSIMWindowEnum);
  itkGetEnumMacro(SSIMWindow, SSIMWindowEnum);

  /** Set/Get the standard deviation of the Gaussian window of SSIM, in pixels. Strictly positive and finite,
   * default 1.5. */
  virtual void
  SetGaussianSigma(double sigma)
  {
    this->SetParameter(m_GaussianSigma, sigma);
  }
  itkGetConstMacro(GaussianSigma, double);

  /** Set/Get the radius of the window of SSIM, in pixels. The window has 2 * SSIMRadius + 1 taps in each direction. At
   * least 1, default 5. */
  itkSetMacro(SSIMRadius, unsigned int);
  itkGetConstMacro(SSIMRadius, unsigned int);

  /** Set/Get whether SSIM uses sample covariances (divided by the number of taps minus one) instead of population
   * covariances. scikit-image uses sample covariances by default. Default false. */
  itkSetMacro(UseSampleCovariance, bool);
  itkGetConstMacro(UseSampleCovariance, bool);
  itkBooleanMacro(UseSampleCovariance);

  /** Set/Get whether SSIM is averaged over all pixels, with images mirrored at the outer edges of their border pixels.
   * Otherwise it is averaged over the pixels at which the whole window fits. Default false. */
  itkSetMacro(AverageWholeMap, bool);
  itkGetConstMacro(AverageWholeMap, bool);
  itkBooleanMacro(AverageWholeMap);

  /** Set/Get K1, which stabilizes the luminance term of SSIM. Strictly positive and finite, default 0.01. */
  virtual void
  SetK1(double k1)
  {
    this->SetParameter(m_K1, k1);
  }
  itkGetConstMacro(K1, double);

  /** Set/Get K2, which stabilizes the contrast and structure term of SSIM. Strictly positive and finite, default 0.03.
   */
  virtual void
  SetK2(double k2)
  {
    this->SetParameter(m_K2, k2);
  }
  itkGetConstMacro(K2, double);

  /** Set/Get the number of bins along each axis of the joint histogram of NMI. At least 2, default 100. */
  itkSetMacro(NumberOfHistogramBins, unsigned int);
  itkGetConstMacro(NumberOfHistogramBins, unsigned int);

  /** Set/Get whether the Fourier correlation uses the image's spacing: its frequencies are then in 1/mm, otherwise in
   * cycles per pixel. Default true. */
  itkSetMacro(UseImageSpacing, bool);
  itkGetConstMacro(UseImageSpacing, bool);
  itkBooleanMacro(UseImageSpacing);

  /** Set/Get whether Compute() computes a metric. SSIM and VIFp are on by default, the others are off. */
  /** @{ */
  itkSetMacro(ComputeSSIM, bool);
  itkGetConstMacro(ComputeSSIM, bool);
  itkBooleanMacro(ComputeSSIM);
  itkSetMacro(ComputeSSIM3D, bool);
  itkGetConstMacro(ComputeSSIM3D, bool);
  itkBooleanMacro(ComputeSSIM3D);
  itkSetMacro(ComputeMultiScaleSSIM, bool);
  itkGetConstMacro(ComputeMultiScaleSSIM, bool);
  itkBooleanMacro(ComputeMultiScaleSSIM);
  itkSetMacro(ComputeVIFp, bool);
  itkGetConstMacro(ComputeVIFp, bool);
  itkBooleanMacro(ComputeVIFp);
  itkSetMacro(ComputeWaveletVIF, bool);
  itkGetConstMacro(ComputeWaveletVIF, bool);
  itkBooleanMacro(ComputeWaveletVIF);
  itkSetMacro(ComputeGMSD, bool);
  itkGetConstMacro(ComputeGMSD, bool);
  itkBooleanMacro(ComputeGMSD);
  itkSetMacro(ComputeHFEN, bool);
  itkGetConstMacro(ComputeHFEN, bool);
  itkBooleanMacro(ComputeHFEN);
  itkSetMacro(ComputeGradientError, bool);
  itkGetConstMacro(ComputeGradientError, bool);
  itkBooleanMacro(ComputeGradientError);
  itkSetMacro(ComputeFourierCorrelation, bool);
  itkGetConstMacro(ComputeFourierCorrelation, bool);
  itkBooleanMacro(ComputeFourierCorrelation);
  itkSetMacro(ComputeNMI, bool);
  itkGetConstMacro(ComputeNMI, bool);
  itkBooleanMacro(ComputeNMI);
  /** @} */

  /** Set/Get whether Compute() keeps the maps of SSIM and SSIM3D, if these are computed. Default false. */
  itkSetMacro(KeepSSIMMaps, bool);
  itkGetConstMacro(KeepSSIMMaps, bool);
  itkBooleanMacro(KeepSSIMMaps);

  /** Set/Get the largest number of threads. At least 1. The results do not depend on it.
   *
   * AutomaticNumberOfWorkUnits is on by default and takes ITK's global default. SetNumberOfWorkUnits() switches it off.
   * GetNumberOfWorkUnits() is 1 until a number is set. */
  itkSetAutomaticParameterMacro(NumberOfWorkUnits, ThreadIdType);

  /** Compute all metrics that are on.
   * \exception ExceptionObject if an input can't be measured; see ImageQualityMetricsCalculator. */
  void
  Compute();

  /** Get the data range that was used, in units of intensity: DataRange, or the range that AutomaticDataRange found. */
  double
  GetDataRangeUsed() const;

  /** Get the number of slices, which is the length of the lists of slices. */
  SizeValueType
  GetNumberOfSlices() const;

  /** Mean squared error of the whole image, in squared units of intensity. */
  double
  GetMSE() const;

  /** Square root of the mean squared error of the whole image, in units of intensity. */
  double
  GetRMSE() const;

  /** Normalized root mean squared error of the whole image; see NRMSENormalization. */
  double
  GetNRMSE() const;

  /** Mean absolute error of the whole image, in units of intensity. */
  double
  GetMAE() const;

  /** Peak signal-to-noise ratio of the whole image (volume) in dB, from the MSE of all pixels. */
  double
  GetPSNR() const;

  /** Mean of the peak signal-to-noise ratios of the slices, in dB. Infinite if any slice is identical. */
  double
  GetMeanSlicePSNR() const;

  /** Pearson's correlation coefficient of all pixels. */
  double
  GetPearsonCorrelation() const;

  /** Mean over the slices of the 2D structural similarity. For 3D windows, see GetSSIM3D(). With a mask, every slice
   * that has selected pixels counts the same. \sa GetPooledSSIM() */
  double
  GetSSIM() const;

  /** Mean of the 2D structural similarity over all pixels of all slices. It differs from GetSSIM() only with a mask: a
   * slice is then weighted by the number of its selected pixels. */
  double
  GetPooledSSIM() const;

  /** Structural similarity with 3D windows, averaged over the pixels of all frames at which the whole window fits. */
  double
  GetSSIM3D() const;

  /** Mean over the slices of the 2D multi-scale structural similarity. */
  double
  GetMultiScaleSSIM() const;

  /** Mean over the slices of the 2D visual information fidelity in the pixel domain. Slices in which it is undefined
   * are left out; NaN if it is undefined in all slices. */
  double
  GetVIFp() const;

  /** Mean over the slices of the 2D visual information fidelity in the wavelet domain. Undefined slices are treated
   * as in GetVIFp(). */
  double
  GetWaveletVIF() const;

  /** Mean over the slices of the gradient magnitude similarity deviation. */
  double
  GetGMSD() const;

  /** High-frequency error norm over all slices. NaN if the reference has no high frequencies but the test image has. */
  double
  GetHFEN() const;

  /** Mean over the slices of MAEG, the mean absolute error of gradients, in units of intensity per pixel. */
  double
  GetGradientError() const;

  /** Normalized mutual information of all pixels. */
  double
  GetNMI() const;

  /** Fourier correlation of every ring or shell. The first one is centered at frequency 0. NaN where an image has no
   * power. */
  std::vector<double>
  GetFourierCorrelation() const;

  /** Center frequencies of the rings or shells, in 1/mm, or in cycles per pixel without UseImageSpacing. */
  std::vector<double>
  GetFourierFrequencies() const;

  /** Resolution of the test image in mm, or in pixels without UseImageSpacing: the reciprocal of the frequency at which
   * the Fourier correlation first falls below a threshold. Common thresholds are 1/7 and 0.5. The frequency is linearly
   * interpolated between shells. If the correlation stays above the threshold, the highest measured frequency is used.
   */
  double
  GetFourierResolution(double threshold = 1.0 / 7.0) const;

  /** Metrics of each slice, in the same units as for the whole image. NaN where they are undefined.
   * \exception ExceptionObject unless the metric was computed */
  /** @{ */
  std::vector<double>
  GetSliceMSE() const;
  std::vector<double>
  GetSlicePSNR() const;
  std::vector<double>
  GetSliceSSIM() const;
  std::vector<double>
  GetSliceMultiScaleSSIM() const;
  std::vector<double>
  GetSliceVIFp() const;
  std::vector<double>
  GetSliceWaveletVIF() const;
  std::vector<double>
  GetSliceGMSD() const;
  std::vector<double>
  GetSliceHFEN() const;
  std::vector<double>
  GetSliceGradientError() const;
  /** @} */

protected:
  ImageQualityMetricsCalculatorBase() = default;
  ~ImageQualityMetricsCalculatorBase() override = default;
  void
  PrintSelf(std::ostream & os, Indent indent) const override;

  /** Properties of the images that the computation needs in addition to their pixels. */
  struct ImageProperties
  {
    std::vector<SizeValueType> size;
    std::vector<double>        spacing;
    bool                       hasMask{ false };
    bool                       hasFloatingPointPixels{ true };
    /** Largest minus smallest value of the pixel type; infinite for floating-point numbers. */
    double pixelTypeRange{ 0.0 };
  };

  /** Check the images, without reading pixels. */
  virtual void
  VerifyImages() const = 0;
  virtual ImageProperties
  GetImageProperties() const = 0;
  /** Copy `count` pixels that are `stride` pixels apart, beginning `offset` pixels into the buffer. */
  virtual void
  CopyReferencePixels(SizeValueType offset, SizeValueType stride, SizeValueType count, double * values) const = 0;
  virtual void
  CopyTestPixels(SizeValueType offset, SizeValueType stride, SizeValueType count, double * values) const = 0;
  virtual void
  CopyMaskPixels(SizeValueType offset, SizeValueType stride, SizeValueType count, unsigned char * values) const = 0;
  /** Describe the first pixel that is not finite. */
  virtual std::string
  DescribeNonFinitePixel() const = 0;
  /** Time of the latest modification of this object, the images, or their pixel containers. */
  virtual ModifiedTimeType
  GetInputMTime() const = 0;

  /** Throw if results are missing or stale. */
  void
  VerifyResults(const char * name, bool isComputed = true) const;

  /** The maps of SSIM in 2D and 3D, in the order of the image's buffer.
   * \exception ExceptionObject unless they were computed and kept */
  const std::vector<double> &
  GetSSIMMapValues() const;
  const std::vector<double> &
  GetSSIM3DMapValues() const;

private:
  /** Set a member. Call Modified() only if its value changes. */
  void
  SetParameter(double & member, double value)
  {
    if (!IsSameParameterValue(member, value))
    {
      member = value;
      this->Modified();
    }
  }

  /** Check the parameters, without reading pixels. */
  void
  VerifyParameters(const ImageQualityMetrics::SliceLayout & layout) const;
  void
  VerifyDataRange() const;
  void
  VerifySSIMParameters() const;
  void
  VerifySliceSizes(const ImageQualityMetrics::SliceLayout & layout) const;

  /** Make the checks that depend on the pixels. */
  void
  VerifyPixels(const ImageQualityMetrics::SliceLayout &              layout,
               const std::vector<ImageQualityMetrics::SliceResult> & slices,
               const ImageQualityMetrics::PixelSums &                total) const;
  void
  VerifyDataRangeFound(const ImageQualityMetrics::PixelSums & total) const;
  void
  VerifyMask(const ImageQualityMetrics::SliceLayout &              layout,
             const std::vector<ImageQualityMetrics::SliceResult> & slices,
             const ImageQualityMetrics::PixelSums &                total) const;

  void
  VerifyMapIsKept() const;

  ImageQualityMetrics::ImagePair
  MakeImagePair() const;
  ImageQualityMetrics::StructuralSimilarityParameters
  MakeSSIMParameters() const;
  ImageQualityMetrics::SliceMetricsParameters
  MakeSliceMetricsParameters();
  double
  FindDataRange(const ImageQualityMetrics::PixelSums & total) const;

  /** Measure the slices, find the data range and check the pixels. Returns the sums over all slices. */
  ImageQualityMetrics::PixelSums
  ComputeSlices(const ImageQualityMetrics::ImagePair &          images,
                const ImageQualityMetrics::SliceLayout &        layout,
                ThreadIdType                                    workUnits,
                std::vector<ImageQualityMetrics::SliceResult> & slices);
  /** Compute the metrics of whole images: SSIM3D, NMI and the Fourier correlation. */
  void
  ComputeVolumes(const ImageQualityMetrics::ImagePair &   images,
                 const ImageQualityMetrics::SliceLayout & layout,
                 ThreadIdType                             workUnits,
                 const ImageQualityMetrics::PixelSums &   total);
  void
  StoreSliceResults(const std::vector<ImageQualityMetrics::SliceResult> & slices);
  void
  StorePixelErrors(const ImageQualityMetrics::PixelSums & total, double originX);

  double                 m_DataRange{ 0.0 };
  bool                   m_AutomaticDataRange{ true };
  DataRangeSourceEnum    m_DataRangeSource{ DataRangeSourceEnum::ReferenceMinimumMaximum };
  unsigned int           m_SliceAxis{ 2 };
  NRMSENormalizationEnum m_NRMSENormalization{ NRMSENormalizationEnum::Euclidean };
  SSIMWindowEnum         m_SSIMWindow{ SSIMWindowEnum::Gaussian };
  double                 m_GaussianSigma{ 1.5 };
  unsigned int           m_SSIMRadius{ 5 };
  bool                   m_UseSampleCovariance{ false };
  bool                   m_AverageWholeMap{ false };
  double                 m_K1{ 0.01 };
  double                 m_K2{ 0.03 };
  unsigned int           m_NumberOfHistogramBins{ 100 };
  bool                   m_UseImageSpacing{ true };
  bool                   m_ComputeSSIM{ true };
  bool                   m_ComputeSSIM3D{ false };
  bool                   m_ComputeMultiScaleSSIM{ false };
  bool                   m_ComputeVIFp{ true };
  bool                   m_ComputeWaveletVIF{ false };
  bool                   m_ComputeGMSD{ false };
  bool                   m_ComputeHFEN{ false };
  bool                   m_ComputeGradientError{ false };
  bool                   m_ComputeFourierCorrelation{ false };
  bool                   m_ComputeNMI{ false };
  bool                   m_KeepSSIMMaps{ false };
  ThreadIdType           m_NumberOfWorkUnits{ 1 };
  bool                   m_AutomaticNumberOfWorkUnits{ true };

  /** Modification time of the inputs that the results belong to; 0 without results. */
  ModifiedTimeType m_ResultsMTime{ 0 };

  double              m_DataRangeUsed{ 0.0 };
  double              m_MSE{ 0.0 };
  double              m_MAE{ 0.0 };
  double              m_NRMSE{ 0.0 };
  double              m_PearsonCorrelation{ 0.0 };
  double              m_PooledSSIM{ 0.0 };
  double              m_SSIM3D{ 0.0 };
  double              m_HFEN{ 0.0 };
  double              m_NMI{ 0.0 };
  std::vector<double> m_SliceMSE{};
  std::vector<double> m_SlicePSNR{};
  std::vector<double> m_SliceSSIM{};
  std::vector<double> m_SliceMultiScaleSSIM{};
  std::vector<double> m_SliceVIFp{};
  std::vector<double> m_SliceWaveletVIF{};
  std::vector<double> m_SliceGMSD{};
  std::vector<double> m_SliceHFEN{};
  std::vector<double> m_SliceGradientError{};
  std::vector<double> m_FourierCorrelation{};
  std::vector<double> m_FourierFrequencies{};
  std::vector<double> m_SSIMMap{};
  std::vector<double> m_SSIM3DMap{};
};
} // end namespace itk

#endif // itkImageQualityMetricsCalculatorBase_h
