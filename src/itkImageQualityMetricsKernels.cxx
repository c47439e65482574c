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

#include "itkMacro.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#if defined(_MSC_VER)
#  define LSSR_RESTRICT __restrict
#else
#  define LSSR_RESTRICT __restrict__
#endif

namespace itk
{
namespace
{
/** Correlates a row with a symmetric kernel, whose halfKernel[0] is the central tap. A radius of 0 as template argument
 * means that it is known at run time only. */
template <unsigned int VRadius>
void
FilterRow(const double *              in,
          const std::vector<double> & halfKernel,
          SizeValueType               outputSize,
          double * LSSR_RESTRICT      out)
{
  if constexpr (VRadius > 0)
  {
    std::array<double, VRadius + 1> taps;
    std::copy_n(halfKernel.begin(), VRadius + 1, taps.begin());
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      const double * const center = in + i + VRadius;
      double               sum = taps[0] * center[0];
      for (unsigned int k = 1; k <= VRadius; ++k)
      {
        sum += taps[k] * (*(center - k) + center[k]);
      }
      out[i] = sum;
    }
  }
  else
  {
    const SizeValueType  radius = halfKernel.size() - 1;
    const double * const center = in + radius;
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      out[i] = halfKernel[0] * center[i];
    }
    for (SizeValueType k = 1; k <= radius; ++k)
    {
      const double         tap = halfKernel[k];
      const double * const left = center - k;
      const double * const right = center + k;
      for (SizeValueType i = 0; i < outputSize; ++i)
      {
        out[i] += tap * (left[i] + right[i]);
      }
    }
  }
}

/** The same across rows: rows[0] to rows[2 * radius] are the window's rows. */
template <unsigned int VRadius>
void
FilterColumn(const double * const *      rows,
             const std::vector<double> & halfKernel,
             SizeValueType               outputSize,
             double * LSSR_RESTRICT      out)
{
  if constexpr (VRadius > 0)
  {
    std::array<double, VRadius + 1>             taps;
    std::array<const double *, 2 * VRadius + 1> row;
    std::copy_n(halfKernel.begin(), VRadius + 1, taps.begin());
    std::copy_n(rows, 2 * VRadius + 1, row.begin());
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      double sum = taps[0] * row[VRadius][i];
      for (unsigned int k = 1; k <= VRadius; ++k)
      {
        sum += taps[k] * (row[VRadius - k][i] + row[VRadius + k][i]);
      }
      out[i] = sum;
    }
  }
  else
  {
    const SizeValueType radius = halfKernel.size() - 1;
    for (SizeValueType i = 0; i < outputSize; ++i)
    {
      out[i] = halfKernel[0] * rows[radius][i];
    }
    for (SizeValueType k = 1; k <= radius; ++k)
    {
      const double         tap = halfKernel[k];
      const double * const upper = rows[radius - k];
      const double * const lower = rows[radius + k];
      for (SizeValueType i = 0; i < outputSize; ++i)
      {
        out[i] += tap * (upper[i] + lower[i]);
      }
    }
  }
}

/** Filters several maps at once, row by row: makeRow(y, rows) writes row y of each map, useRow(y, rows) receives row y
 * of the filtered maps. Only as many rows as the window has are kept, so that everything stays in the processor's
 * cache. */
template <unsigned int VRadius, unsigned int VMaps, typename TMakeRow, typename TUseRow>
void
ForEachFilteredRow(SizeValueType               width,
                   SizeValueType               height,
                   const std::vector<double> & halfKernel,
                   const TMakeRow &            makeRow,
                   const TUseRow &             useRow)
{
  const SizeValueType taps = 2 * halfKernel.size() - 1;
  const SizeValueType outputWidth = width - taps + 1;

  std::vector<double>         inputRows(VMaps * width);
  std::vector<double>         ring(VMaps * taps * outputWidth);
  std::vector<double>         outputRows(VMaps * outputWidth);
  std::vector<const double *> window(taps);

  std::array<double *, VMaps> input;
  std::array<double *, VMaps> output;
  for (unsigned int m = 0; m < VMaps; ++m)
  {
    input[m] = inputRows.data() + m * width;
    output[m] = outputRows.data() + m * outputWidth;
  }

  for (SizeValueType y = 0; y < height; ++y)
  {
    makeRow(y, input);
    for (unsigned int m = 0; m < VMaps; ++m)
    {
      FilterRow<VRadius>(input[m], halfKernel, outputWidth, ring.data() + (m * taps + y % taps) * outputWidth);
    }
    if (y + 1 < taps)
    {
      continue;
    }
    for (unsigned int m = 0; m < VMaps; ++m)
    {
      for (SizeValueType k = 0; k < taps; ++k)
      {
        window[k] = ring.data() + (m * taps + (y + 1 + k) % taps) * outputWidth;
      }
      FilterColumn<VRadius>(window.data(), halfKernel, outputWidth, output[m]);
    }
    useRow(y + 1 - taps, output);
  }
}

/** Center and right half of the normalized Gaussian window. */
std::vector<double>
HalfGaussianKernel(double sigma, unsigned int radius)
{
  const std::vector<double> kernel = ImageQualityMetricsKernels::GaussianKernel(sigma, radius);
  return { kernel.begin() + radius, kernel.end() };
}

double
Mean(const double * buffer, SizeValueType width, SizeValueType height)
{
  double sum = 0.0;
  for (SizeValueType y = 0; y < height; ++y)
  {
    sum += std::accumulate(buffer + y * width, buffer + (y + 1) * width, 0.0);
  }
  return sum / static_cast<double>(width * height);
}

template <unsigned int VRadius>
ImageQualityMetricsKernels::SSIMResult
ComputeSSIM(const double *                                     reference,
            const double *                                     test,
            SizeValueType                                      width,
            SizeValueType                                      height,
            const ImageQualityMetricsKernels::SSIMParameters & parameters,
            const unsigned char *                              mask,
            double *                                           map)
{
  const SizeValueType       outputWidth = width - 2 * SizeValueType{ parameters.Radius };
  const std::vector<double> halfKernel = HalfGaussianKernel(parameters.GaussianSigma, parameters.Radius);

  const double offset1 = Mean(reference, width, height);
  const double offset2 = Mean(test, width, height);
  const double k1L = parameters.K1 * parameters.DynamicRange;
  const double k2L = parameters.K2 * parameters.DynamicRange;
  const double c1 = k1L * k1L;
  const double c2 = k2L * k2L;

  // SSIM needs only the sum of the two variances: four maps instead of five.
  const auto makeRow = [=](SizeValueType y, const std::array<double *, 4> & rows) {
    const double * const   x1 = reference + y * width;
    const double * const   x2 = test + y * width;
    double * LSSR_RESTRICT first = rows[0];
    double * LSSR_RESTRICT second = rows[1];
    double * LSSR_RESTRICT squares = rows[2];
    double * LSSR_RESTRICT product = rows[3];
    for (SizeValueType x = 0; x < width; ++x)
    {
      const double a = x1[x] - offset1;
      const double b = x2[x] - offset2;
      first[x] = a;
      second[x] = b;
      squares[x] = a * a + b * b;
      product[x] = a * b;
    }
  };

  ImageQualityMetricsKernels::SSIMResult result;
  std::vector<double>                    similarity(outputWidth);

  const auto useRow = [&](SizeValueType y, const std::array<double *, 4> & rows) {
    const double * const   first = rows[0];
    const double * const   second = rows[1];
    const double * const   squares = rows[2];
    const double * const   product = rows[3];
    double * LSSR_RESTRICT out = similarity.data();
    for (SizeValueType x = 0; x < outputWidth; ++x)
    {
      const double variances = squares[x] - (first[x] * first[x] + second[x] * second[x]);
      const double covariance = product[x] - first[x] * second[x];
      const double mean1 = first[x] + offset1;
      const double mean2 = second[x] + offset2;
      out[x] = ((2.0 * (mean1 * mean2) + c1) * (2.0 * covariance + c2)) /
               ((mean1 * mean1 + mean2 * mean2 + c1) * (variances + c2));
    }
    if (map != nullptr)
    {
      std::copy(similarity.begin(), similarity.end(), map + y * outputWidth);
    }
    if (mask == nullptr)
    {
      result.Sum += std::accumulate(similarity.begin(), similarity.end(), 0.0);
      result.Count += outputWidth;
      return;
    }
    const unsigned char * const maskRow = mask + (y + parameters.Radius) * width + parameters.Radius;
    double                      sum = 0.0;
    for (SizeValueType x = 0; x < outputWidth; ++x)
    {
      if (maskRow[x] != 0)
      {
        sum += similarity[x];
        ++result.Count;
      }
    }
    result.Sum += sum;
  };

  ForEachFilteredRow<VRadius, 4>(width, height, halfKernel, makeRow, useRow);
  return result;
}

/** Sum of logarithms, as the logarithm of products of many factors: a logarithm per factor would take most of the time.
 */
class LogarithmSum
{
public:
  void
  Add(double factor)
  {
    m_Product *= factor;
    if (m_Product > 1e100)
    {
      m_Sum += std::log(m_Product);
      m_Product = 1.0;
    }
  }

  double
  Get() const
  {
    return m_Sum + std::log(m_Product);
  }

private:
  double m_Sum{ 0.0 };
  double m_Product{ 1.0 };
};

/** Adds one scale's numerator and denominator. varianceScale takes variances to the scale of 0 to 255. */
template <unsigned int VRadius>
void
AddVIFpScale(const double *              reference,
             const double *              test,
             SizeValueType               width,
             SizeValueType               height,
             const std::vector<double> & halfKernel,
             double                      varianceScale,
             double &                    numerator,
             double &                    denominator)
{
  constexpr double epsilon{ 1e-10 };
  constexpr double visualNoiseVariance{ 2.0 };

  // Only central moments matter, so that each image may have its own offset.
  const double offset1 = Mean(reference, width, height);
  const double offset2 = Mean(test, width, height);

  const auto makeRow = [=](SizeValueType y, const std::array<double *, 5> & rows) {
    const double * const   x1 = reference + y * width;
    const double * const   x2 = test + y * width;
    double * LSSR_RESTRICT first = rows[0];
    double * LSSR_RESTRICT second = rows[1];
    double * LSSR_RESTRICT square1 = rows[2];
    double * LSSR_RESTRICT square2 = rows[3];
    double * LSSR_RESTRICT product = rows[4];
    for (SizeValueType x = 0; x < width; ++x)
    {
      const double a = x1[x] - offset1;
      const double b = x2[x] - offset2;
      first[x] = a;
      second[x] = b;
      square1[x] = a * a;
      square2[x] = b * b;
      product[x] = a * b;
    }
  };

  LogarithmSum        numeratorSum;
  LogarithmSum        denominatorSum;
  const SizeValueType outputWidth = width - 2 * VRadius;

  const auto useRow = [&](SizeValueType, const std::array<double *, 5> & rows) {
    for (SizeValueType x = 0; x < outputWidth; ++x)
    {
      const double mean1 = rows[0][x];
      const double mean2 = rows[1][x];
      double       variance1 = std::max(0.0, varianceScale * (rows[2][x] - mean1 * mean1));
      const double variance2 = std::max(0.0, varianceScale * (rows[3][x] - mean2 * mean2));
      const double covariance = varianceScale * (rows[4][x] - mean1 * mean2);

      double gain = covariance / (variance1 + epsilon);
      double residual = variance2 - gain * covariance;
      if (variance1 < epsilon)
      {
        gain = 0.0;
        residual = variance2;
        variance1 = 0.0;
      }
      if (variance2 < epsilon)
      {
        gain = 0.0;
        residual = 0.0;
      }
      if (gain < 0.0)
      {
        residual = variance2;
        gain = 0.0;
      }
      residual = std::max(residual, epsilon);

      numeratorSum.Add(1.0 + gain * gain * variance1 / (residual + visualNoiseVariance));
      denominatorSum.Add(1.0 + variance1 / visualNoiseVariance);
    }
  };

  ForEachFilteredRow<VRadius, 5>(width, height, halfKernel, makeRow, useRow);
  numerator += numeratorSum.Get();
  denominator += denominatorSum.Get();
}

/** Filters and keeps every second pixel of every second row of the valid region, beginning with the first one. */
template <unsigned int VRadius>
std::vector<double>
FilterAndDecimate(const double *              image,
                  SizeValueType               width,
                  SizeValueType               height,
                  const std::vector<double> & halfKernel)
{
  const SizeValueType outputWidth = (width - 2 * VRadius + 1) / 2;
  const SizeValueType outputHeight = (height - 2 * VRadius + 1) / 2;

  std::vector<double>                         output(outputWidth * outputHeight);
  std::vector<double>                         row(width);
  std::array<const double *, 2 * VRadius + 1> window;
  for (SizeValueType y = 0; y < outputHeight; ++y)
  {
    for (unsigned int k = 0; k < window.size(); ++k)
    {
      window[k] = image + (2 * y + k) * width;
    }
    FilterColumn<VRadius>(window.data(), halfKernel, width, row.data());

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
  return output;
}

/** A scale of VIFp, followed by the next coarser ones, whose windows have half the radius. */
template <unsigned int VRadius>
void
AddVIFpScalesFrom(const double * reference,
                  const double * test,
                  SizeValueType  width,
                  SizeValueType  height,
                  double         varianceScale,
                  double &       numerator,
                  double &       denominator)
{
  {
    const std::vector<double> halfKernel = HalfGaussianKernel((2 * VRadius + 1) / 5.0, VRadius);
    AddVIFpScale<VRadius>(reference, test, width, height, halfKernel, varianceScale, numerator, denominator);
  }
  if constexpr (VRadius > 1)
  {
    constexpr unsigned int    nextRadius = VRadius / 2;
    const std::vector<double> halfKernel = HalfGaussianKernel((2 * nextRadius + 1) / 5.0, nextRadius);
    const std::vector<double> coarseReference = FilterAndDecimate<nextRadius>(reference, width, height, halfKernel);
    const std::vector<double> coarseTest = FilterAndDecimate<nextRadius>(test, width, height, halfKernel);
    AddVIFpScalesFrom<nextRadius>(coarseReference.data(),
                                  coarseTest.data(),
                                  (width - 2 * nextRadius + 1) / 2,
                                  (height - 2 * nextRadius + 1) / 2,
                                  varianceScale,
                                  numerator,
                                  denominator);
  }
}
} // namespace

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

ImageQualityMetricsKernels::SSIMResult
ImageQualityMetricsKernels::SSIM(const double *         reference,
                                 const double *         test,
                                 SizeValueType          width,
                                 SizeValueType          height,
                                 const SSIMParameters & parameters,
                                 const unsigned char *  mask,
                                 double *               map)
{
  const SizeValueType taps = 2 * SizeValueType{ parameters.Radius } + 1;
  if (width < taps || height < taps)
  {
    itkGenericExceptionMacro("SSIM with a window of " << taps << " x " << taps << " pixels needs an image of at least "
                                                      << taps << " x " << taps << " pixels (got " << width << " x "
                                                      << height << ").");
  }
  // The usual radius has its own code, as the compiler unrolls and vectorizes a fixed number of taps.
  return (parameters.Radius == 5) ? ComputeSSIM<5>(reference, test, width, height, parameters, mask, map)
                                  : ComputeSSIM<0>(reference, test, width, height, parameters, mask, map);
}

double
ImageQualityMetricsKernels::VIFp(const double * reference,
                                 const double * test,
                                 SizeValueType  width,
                                 SizeValueType  height,
                                 double         dynamicRange)
{
  if (width < VIFpMinimumSize || height < VIFpMinimumSize)
  {
    itkGenericExceptionMacro("VIFp needs an image of at least " << VIFpMinimumSize << " x " << VIFpMinimumSize
                                                                << " pixels (got " << width << " x " << height << ").");
  }
  if (!(dynamicRange > 0.0))
  {
    itkGenericExceptionMacro("The dynamic range must be strictly positive (got " << dynamicRange << ").");
  }
  const double scale = 255.0 / dynamicRange;
  double       numerator = 0.0;
  double       denominator = 0.0;
  AddVIFpScalesFrom<8>(reference, test, width, height, scale * scale, numerator, denominator);
  if (denominator > 0.0)
  {
    return numerator / denominator;
  }
  return std::equal(reference, reference + width * height, test) ? 1.0 : std::numeric_limits<double>::quiet_NaN();
}
} // end namespace itk
