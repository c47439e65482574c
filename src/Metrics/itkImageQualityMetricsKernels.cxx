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

#include "itkImageQualityMetricsKernels.h"

#include "itkImageBuffers.h"
#include "itkSeparableWindows.h"

#include "itkMacro.h"

#include <cmath>
#include <numeric>

namespace itk
{
namespace
{
using ImageBuffers::BandHeight;
using ImageBuffers::Mean;
using ImageBuffers::NumberOfBands;
using SeparableWindows::FilterColumn;
using SeparableWindows::ForEachFilteredRow;

/** Center and right half of the normalized Gaussian window. */
std::vector<double>
HalfGaussianKernel(double sigma, unsigned int radius)
{
  const std::vector<double> kernel = ImageQualityMetricsKernels::GaussianKernel(sigma, radius);
  return { kernel.begin() + radius, kernel.end() };
}

/** Sum of logarithms, as the logarithm of products of many factors: a logarithm per factor would take most of the time.
 * Several products, so that one multiplication need not wait for the other. */
class LogarithmSum
{
public:
  void
  Add(const double * factors, SizeValueType count)
  {
    constexpr SizeValueType lanes = 8;
    // None of them is above 1e20, unless intensities are above 1e10 times the data range.
    for (SizeValueType first = 0; first < count; first += lanes)
    {
      const SizeValueType n = std::min(lanes, count - first);
      for (SizeValueType i = 0; i < n; ++i)
      {
        m_Products[i] *= factors[first + i];
      }
      if (*std::max_element(m_Products.begin(), m_Products.end()) > 1e100)
      {
        this->Flush();
      }
    }
  }

  double
  Get()
  {
    this->Flush();
    return m_Sum;
  }

private:
  void
  Flush()
  {
    for (double & product : m_Products)
    {
      m_Sum += std::log(product);
      product = 1.0;
    }
  }

  std::array<double, 8> m_Products{ 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0 };
  double                m_Sum{ 0.0 };
};

LSSR_FOR_EACH_PROCESSOR void
ComputeMoments(const double *         row1,
               const double *         row2,
               SizeValueType          count,
               double                 offset1,
               double                 offset2,
               double * LSSR_RESTRICT first,
               double * LSSR_RESTRICT second,
               double * LSSR_RESTRICT square1,
               double * LSSR_RESTRICT square2,
               double * LSSR_RESTRICT product)
{
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double a = row1[x] - offset1;
    const double b = row2[x] - offset2;
    first[x] = a;
    second[x] = b;
    square1[x] = a * a;
    square2[x] = b * b;
    product[x] = a * b;
  }
}

/** 1 + information of the test image and of the reference, before their logarithms. */
LSSR_FOR_EACH_PROCESSOR void
ComputeInformation(const double *         first,
                   const double *         second,
                   const double *         square1,
                   const double *         square2,
                   const double *         product,
                   SizeValueType          count,
                   double                 varianceScale,
                   double * LSSR_RESTRICT numerator,
                   double * LSSR_RESTRICT denominator)
{
  constexpr double epsilon{ 1e-10 };
  constexpr double visualNoiseVariance{ 2.0 };
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double mean1 = first[x];
    const double mean2 = second[x];
    double       variance1 = varianceScale * (square1[x] - mean1 * mean1);
    double       variance2 = varianceScale * (square2[x] - mean2 * mean2);
    const double covariance = varianceScale * (product[x] - mean1 * mean2);
    variance1 = variance1 < 0.0 ? 0.0 : variance1;
    variance2 = variance2 < 0.0 ? 0.0 : variance2;

    // Without branches, so that several pixels are computed at once.
    double gain = covariance / (variance1 + epsilon);
    double residual = variance2 - gain * covariance;
    gain = variance1 < epsilon ? 0.0 : gain;
    residual = variance1 < epsilon ? variance2 : residual;
    variance1 = variance1 < epsilon ? 0.0 : variance1;
    gain = variance2 < epsilon ? 0.0 : gain;
    residual = variance2 < epsilon ? 0.0 : residual;
    residual = gain < 0.0 ? variance2 : residual;
    gain = gain < 0.0 ? 0.0 : gain;
    residual = residual < epsilon ? epsilon : residual;

    numerator[x] = 1.0 + gain * gain * variance1 / (residual + visualNoiseVariance);
    denominator[x] = 1.0 + variance1 / visualNoiseVariance;
  }
}

/** Adds one scale's numerator and denominator. varianceScale takes variances to the scale of 0 to 255. */
template <unsigned int VRadius>
void
AddVIFpScale(const double *                                   reference,
             const double *                                   test,
             SizeValueType                                    width,
             SizeValueType                                    height,
             double                                           varianceScale,
             const ImageQualityMetricsKernels::ParallelType & parallel,
             double &                                         numerator,
             double &                                         denominator)
{
  using RowsType = std::array<double *, 5>;
  const std::vector<double> halfKernel = HalfGaussianKernel((2 * VRadius + 1) / 5.0, VRadius);
  // Only central moments matter, so that each image may have its own offset.
  const double        offset1 = Mean(reference, width, height);
  const double        offset2 = Mean(test, width, height);
  const SizeValueType outputWidth = width - 2 * VRadius;
  const SizeValueType outputHeight = height - 2 * VRadius;

  std::vector<std::array<double, 2>> bands(NumberOfBands(outputHeight));
  parallel(bands.size(), [&](SizeValueType band) {
    LogarithmSum        numeratorSum;
    LogarithmSum        denominatorSum;
    std::vector<double> factors(2 * outputWidth);
    double * const      factors1 = factors.data();
    double * const      factors2 = factors.data() + outputWidth;
    const SizeValueType firstRow = band * BandHeight;
    ForEachFilteredRow<VRadius, 5>(
      width,
      firstRow,
      std::min(BandHeight, outputHeight - firstRow),
      halfKernel,
      [&](SizeValueType y, const RowsType & rows) {
        ComputeMoments(reference + y * width,
                       test + y * width,
                       width,
                       offset1,
                       offset2,
                       rows[0],
                       rows[1],
                       rows[2],
                       rows[3],
                       rows[4]);
      },
      [&](SizeValueType, const RowsType & rows) {
        ComputeInformation(rows[0], rows[1], rows[2], rows[3], rows[4], outputWidth, varianceScale, factors1, factors2);
        numeratorSum.Add(factors1, outputWidth);
        denominatorSum.Add(factors2, outputWidth);
      });
    bands[band] = { numeratorSum.Get(), denominatorSum.Get() };
  });
  for (const auto & band : bands)
  {
    numerator += band[0];
    denominator += band[1];
  }
}

/** Filters and keeps every second pixel of every second row of the valid region, beginning with the first one. */
template <unsigned int VRadius>
std::vector<double>
FilterAndDecimate(const double *                                   image,
                  SizeValueType                                    width,
                  SizeValueType                                    height,
                  const ImageQualityMetricsKernels::ParallelType & parallel)
{
  const std::vector<double> halfKernel = HalfGaussianKernel((2 * VRadius + 1) / 5.0, VRadius);
  const SizeValueType       outputWidth = (width - 2 * VRadius + 1) / 2;
  const SizeValueType       outputHeight = (height - 2 * VRadius + 1) / 2;

  std::vector<double> output(outputWidth * outputHeight);
  parallel(NumberOfBands(outputHeight), [&](SizeValueType band) {
    std::vector<double>                         row(width);
    std::array<const double *, 2 * VRadius + 1> window;
    const SizeValueType                         end = std::min((band + 1) * BandHeight, outputHeight);
    for (SizeValueType y = band * BandHeight; y < end; ++y)
    {
      for (unsigned int k = 0; k < window.size(); ++k)
      {
        window[k] = image + (2 * y + k) * width;
      }
      FilterColumn<VRadius>(window.data(), halfKernel.data(), VRadius, width, row.data());

      double * const out = output.data() + y * outputWidth;
      for (SizeValueType x = 0; x < outputWidth; ++x)
      {
        const double * const center = row.data() + 2 * x + VRadius;
        double               sum = halfKernel[0] * center[0];
        for (unsigned int k = 1; k <= VRadius; ++k)
        {
          sum += halfKernel[k] * (*(center - k) + center[k]);
        }
        out[x] = sum;
      }
    }
  });
  return output;
}

/** A scale of VIFp, followed by the next coarser ones, whose windows have half the radius. */
template <unsigned int VRadius>
void
AddVIFpScalesFrom(const double *                                   reference,
                  const double *                                   test,
                  SizeValueType                                    width,
                  SizeValueType                                    height,
                  double                                           varianceScale,
                  const ImageQualityMetricsKernels::ParallelType & parallel,
                  double &                                         numerator,
                  double &                                         denominator)
{
  AddVIFpScale<VRadius>(reference, test, width, height, varianceScale, parallel, numerator, denominator);
  if constexpr (VRadius > 1)
  {
    constexpr unsigned int    nextRadius = VRadius / 2;
    const std::vector<double> coarseReference = FilterAndDecimate<nextRadius>(reference, width, height, parallel);
    const std::vector<double> coarseTest = FilterAndDecimate<nextRadius>(test, width, height, parallel);
    AddVIFpScalesFrom<nextRadius>(coarseReference.data(),
                                  coarseTest.data(),
                                  (width - 2 * nextRadius + 1) / 2,
                                  (height - 2 * nextRadius + 1) / 2,
                                  varianceScale,
                                  parallel,
                                  numerator,
                                  denominator);
  }
}
} // namespace

void
ImageQualityMetricsKernels::Serially(SizeValueType count, const std::function<void(SizeValueType)> & function)
{
  for (SizeValueType i = 0; i < count; ++i)
  {
    function(i);
  }
}

std::vector<double>
ImageQualityMetricsKernels::GaussianKernel(double sigma, unsigned int radius)
{
  if (!(sigma > 0.0))
  {
    itkGenericExceptionMacro("The sigma of a Gaussian window must be strictly positive (got " << sigma << ").");
  }
  std::vector<double> kernel(2 * SizeValueType{ radius } + 1);
  for (SizeValueType i = 0; i < kernel.size(); ++i)
  {
    const double x = (static_cast<double>(i) - radius) / sigma;
    kernel[i] = std::exp(-0.5 * x * x);
  }
  const double sum = std::accumulate(kernel.begin(), kernel.end(), 0.0);
  for (double & tap : kernel)
  {
    tap /= sum;
  }
  return kernel;
}

double
ImageQualityMetricsKernels::VIFp(const double *       reference,
                                 const double *       test,
                                 SizeValueType        width,
                                 SizeValueType        height,
                                 double               dynamicRange,
                                 const ParallelType & parallel)
{
  ImageBuffers::VerifySize("VIFp", VIFpMinimumSize, width, height);
  ImageBuffers::VerifyDynamicRange(dynamicRange);
  const double scale = 255.0 / dynamicRange;
  double       numerator = 0.0;
  double       denominator = 0.0;
  AddVIFpScalesFrom<8>(reference, test, width, height, scale * scale, parallel, numerator, denominator);
  if (denominator > 0.0)
  {
    return numerator / denominator;
  }
  return std::equal(reference, reference + width * height, test) ? 1.0 : std::numeric_limits<double>::quiet_NaN();
}
} // end namespace itk
