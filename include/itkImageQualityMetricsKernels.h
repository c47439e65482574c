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
#ifndef itkImageQualityMetricsKernels_h
#define itkImageQualityMetricsKernels_h

#include "LatentSpaceSuperResolutionExport.h"

#include "itkIntTypes.h"

#include <array>
#include <functional>
#include <limits>
#include <vector>

namespace itk
{
/** \class ImageQualityMetricsKernels
 *  \brief The metrics of ImageQualityMetricsCalculator, of buffers in double precision.
 *
 * The compiled half of ImageQualityMetricsCalculator. A buffer holds `height` rows of `width` contiguous values. The
 * first buffer is the reference, the second one the test image. All window filters are separable where they can be.
 * Local moments are taken of values from which a mean has been subtracted, so that they stay accurate for images with a
 * large offset.
 *
 * The functions have no state and may be called from any number of threads. Those that take a ParallelType work on
 * parts at the same time if it does; the parts, and so the results, don't depend on it. They don't check the pixels:
 * NaN or infinite values lead to NaN or infinite results.
 *
 * \sa ImageQualityMetricsCalculator
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT ImageQualityMetricsKernels
{
public:
  /** Calls a function for 0 to count - 1, in any order, possibly at the same time. */
  using ParallelType = std::function<void(SizeValueType count, const std::function<void(SizeValueType)> & function)>;

  /** One after the other. */
  static void
  Serially(SizeValueType count, const std::function<void(SizeValueType)> & function);

  /** Parameters of the structural similarity. The defaults are those of Wang et al. (2004). */
  struct SSIMParameters
  {
    /** Standard deviation of the Gaussian window, in pixels. Default 1.5. */
    double GaussianSigma{ 1.5 };
    /** The window has 2 * Radius + 1 taps in each direction. Default 5. */
    unsigned int Radius{ 5 };
    /** The luminance is stabilized by (K1 * DynamicRange)^2. Default 0.01. */
    double K1{ 0.01 };
    /** Contrast and structure are stabilized by (K2 * DynamicRange)^2. Default 0.03. */
    double K2{ 0.03 };
    /** Data range L of the images. Default 255. */
    double DynamicRange{ 255.0 };
    /** All taps of the window are equal, instead of a Gaussian. Default false. */
    bool UniformWindow{ false };
    /** Covariances of a sample (divided by one less than the number of taps) instead of a population. Default false. */
    bool UseSampleCovariance{ false };
    /** The map has the size of the image: images are mirrored at the outer edges of their border pixels, instead of
     * leaving out pixels at which the window does not fit. Default false. */
    bool MirrorBorders{ false };
  };

  /** Sum of the SSIM map, and the number of map pixels in that sum. */
  struct SSIMResult
  {
    double        Sum{ 0.0 };
    SizeValueType Count{ 0 };

    /** The mean of the map; NaN, if there is no pixel. */
    double
    GetMean() const
    {
      return (Count > 0) ? Sum / static_cast<double>(Count) : std::numeric_limits<double>::quiet_NaN();
    }
  };

  /** Smallest width and height that VIFp can measure: the coarsest of four scales still holds one window. */
  static constexpr SizeValueType VIFpMinimumSize{ 41 };

  /** The same for the wavelet-domain VIF: the coarsest of four levels keeps blocks inside of its border. */
  static constexpr SizeValueType WaveletVIFMinimumSize{ 65 };

  /** The same for GMSD: its gradients need three pixels at half the resolution. */
  static constexpr SizeValueType GMSDMinimumSize{ 5 };

  /** The same for the multi-scale SSIM with a window: 161 for the default one. */
  static SizeValueType
  MultiScaleSSIMMinimumSize(const SSIMParameters & parameters);

  /** Sampled Gaussian of 2 * radius + 1 taps, normalized to the sum 1.
   * \exception ExceptionObject if sigma is not strictly positive. */
  static std::vector<double>
  GaussianKernel(double sigma, unsigned int radius);

  /** Structural similarity in 2D (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004), averaged over the pixels at
   * which the whole window fits into the image, or over all of them with MirrorBorders.
   *
   * \param mask if given, a buffer of the size of the images: only pixels where it is not zero are averaged.
   * \param map if given, receives the similarity at the pixels that count: (width - 2 Radius) x (height - 2 Radius), or
   * width x height values with MirrorBorders.
   * \exception ExceptionObject if the window does not fit into the image at all, or GaussianSigma is not strictly
   * positive. */
  static SSIMResult
  SSIM(const double *         reference,
       const double *         test,
       SizeValueType          width,
       SizeValueType          height,
       const SSIMParameters & parameters,
       const unsigned char *  mask = nullptr,
       double *               map = nullptr,
       const ParallelType &   parallel = Serially);

  /** A volume that is read row by row: writes `size[0]` values of a row of a slice. Called from several threads. */
  using RowReaderType = std::function<void(SizeValueType slice, SizeValueType row, double * values)>;
  using MaskReaderType = std::function<void(SizeValueType slice, SizeValueType row, unsigned char * values)>;
  using RowWriterType = std::function<void(SizeValueType slice, SizeValueType row, const double * values)>;

  /** Structural similarity with windows of three dimensions. Of each volume, only as many slices of a band of rows as
   * the window has are kept in memory.
   *
   * \param size columns, rows and slices
   * \param offsets about the means of the two volumes: what is subtracted from them for the sake of precision
   * \param mask, map may be empty; the map's rows are written as in SSIM(), rows and slices counted from the first one
   * of the map
   * \exception ExceptionObject as SSIM() */
  static SSIMResult
  SSIM3D(const RowReaderType &                reference,
         const RowReaderType &                test,
         const std::array<SizeValueType, 3> & size,
         const SSIMParameters &               parameters,
         const std::array<double, 2> &        offsets,
         const MaskReaderType &               mask = {},
         const RowWriterType &                map = {},
         const ParallelType &                 parallel = Serially);

  /** Multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003): five scales with the weights .0448,
   * .2856, .3001, .2363 and .1333; between scales, means of 2 x 2 pixels, the last row or column mirrored where there
   * is an odd number of them. NaN if the mean contrast of a scale is negative, as of an inverted image.
   * \exception ExceptionObject if the image is smaller than MultiScaleSSIMMinimumSize() */
  static double
  MultiScaleSSIM(const double *         reference,
                 const double *         test,
                 SizeValueType          width,
                 SizeValueType          height,
                 const SSIMParameters & parameters,
                 const ParallelType &   parallel = Serially);

  /** Visual information fidelity in the pixel domain (Sheikh, Bovik, IEEE TIP 15(2), 2006): four scales with Gaussian
   * windows of 17, 9, 5 and 3 taps, sigma a fifth of the taps, variance of the visual noise 2 on a scale of 0 to 255.
   *
   * \param dynamicRange data range L: the images are measured as if they had been multiplied by 255 / L.
   * \return 0 for no information, about 1 for identical images, more than 1 for an enhanced contrast. For a reference
   * without any information (constant), 1 if the test image is identical to it and NaN otherwise.
   * \exception ExceptionObject if the width or the height is under VIFpMinimumSize, or the range is not strictly
   * positive. */
  static double
  VIFp(const double *       reference,
       const double *       test,
       SizeValueType        width,
       SizeValueType        height,
       double               dynamicRange,
       const ParallelType & parallel = Serially);

  /** Visual information fidelity in the wavelet domain (the same paper): two orientations of each of the four levels of
   * a steerable pyramid, vectors of 3 x 3 coefficients, variance of the visual noise 0.4 on a scale of 0 to 255.
   * Parameters and special values as for VIFp().
   * \exception ExceptionObject if the width or the height is under WaveletVIFMinimumSize, or the range is not strictly
   * positive. */
  static double
  WaveletVIF(const double *       reference,
             const double *       test,
             SizeValueType        width,
             SizeValueType        height,
             double               dynamicRange,
             const ParallelType & parallel = Serially);

  /** Gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik, IEEE TIP 23(2), 2014): the standard deviation of
   * the similarity of Prewitt gradients at half the resolution, with the constant 170 on a scale of 0 to 255. 0 for
   * identical images, larger is worse.
   * \exception ExceptionObject if the width or the height is under GMSDMinimumSize, or the range is not strictly
   * positive. */
  static double
  GMSD(const double * reference, const double * test, SizeValueType width, SizeValueType height, double dynamicRange);

  /** High-frequency error norm (Ravishankar, Bresler, IEEE TMI 30(5), 2011), with a Laplacian of Gaussian of 15 x 15
   * taps and a sigma of 1.5 pixels, mirrored at the borders: the sum of the squared differences of the filtered images,
   * and that of the squared filtered reference. HFEN is the square root of their quotient. */
  static std::array<double, 2>
  HFENSums(const double *       reference,
           const double *       test,
           SizeValueType        width,
           SizeValueType        height,
           const ParallelType & parallel = Serially);

  /** The sums over rings (2D) or shells (3D) of Fourier space, of which a Fourier ring or shell correlation consists.
   */
  struct FourierShells
  {
    /** Of each shell, in cycles per unit of the spacing. */
    std::vector<double> Radii;
    /** Real part of the cross spectrum, and the two power spectra. */
    std::vector<double> Cross;
    std::vector<double> Power1;
    std::vector<double> Power2;
  };

  /** Fourier ring or shell sums (Saxton, Baumeister 1982; van Heel 1987). Shells are as wide as the coarsest frequency
   * step of any axis, the first is centered at 0, and they end before the smallest Nyquist frequency of any axis.
   *
   * \param size, spacing of two or three axes, the fastest first
   * \exception ExceptionObject if there are not two or three axes */
  static FourierShells
  FourierShellSums(const double *                     reference,
                   const double *                     test,
                   const std::vector<SizeValueType> & size,
                   const std::vector<double> &        spacing);
};
} // end namespace itk

#endif // itkImageQualityMetricsKernels_h
