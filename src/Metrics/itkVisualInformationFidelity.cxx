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

#include "itkVisualInformationFidelity.h"

#include "itkGaussianWindow.h"
#include "itkLocalMoments.h"
#include "itkSeparableWindows.h"

#include <cmath>
#include <limits>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** A sum of logarithms, computed as the logarithm of products of many factors, because a logarithm per factor would
 * take most of the time. There are several products, so that a multiplication need not wait for the previous one. */
class LogarithmSum
{
public:
  void
  Add(const double * factors, SizeValueType count)
  {
    constexpr SizeValueType lanes = 8;
    // Products can't overflow: no factor is above 1e20 unless intensities are above 1e10 times the data range.
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
  GetSum()
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

/** Compute the factors whose logarithms are the information of the test image and of the reference. varianceScale
 * converts variances to the intensity scale of 0 to 255. */
LSSR_FOR_EACH_PROCESSOR void
ComputeInformation(const MapRows<5> &     rows,
                   SizeValueType          count,
                   double                 varianceScale,
                   double * LSSR_RESTRICT numerator,
                   double * LSSR_RESTRICT denominator)
{
  constexpr double     epsilon{ 1e-10 };
  constexpr double     visualNoiseVariance{ 2.0 };
  const double * const first = rows[0];
  const double * const second = rows[1];
  const double * const square1 = rows[2];
  const double * const square2 = rows[3];
  const double * const product = rows[4];
  for (SizeValueType x = 0; x < count; ++x)
  {
    const double mean1 = first[x];
    const double mean2 = second[x];
    double       variance1 = varianceScale * (square1[x] - mean1 * mean1);
    double       variance2 = varianceScale * (square2[x] - mean2 * mean2);
    const double covariance = varianceScale * (product[x] - mean1 * mean2);
    variance1 = variance1 < 0.0 ? 0.0 : variance1;
    variance2 = variance2 < 0.0 ? 0.0 : variance2;

    // There are no branches, so that the compiler vectorizes the loop.
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

/** Add the information at one scale. varianceScale converts variances to the intensity scale of 0 to 255. */
template <unsigned int VRadius>
void
AddInformationOfScale(const SlicePair &   slices,
                      double              varianceScale,
                      const ParallelFor & parallel,
                      VisualInformation & information)
{
  const SizeValueType       width = slices.width;
  const std::vector<double> halfWindow = HalfGaussianWindow((2 * VRadius + 1) / 5.0, VRadius);
  // Only central moments matter, so each image may have its own offset.
  const double        offset1 = Mean(slices.reference, width, slices.height);
  const double        offset2 = Mean(slices.test, width, slices.height);
  const SizeValueType outputWidth = width - 2 * VRadius;
  const SizeValueType outputHeight = slices.height - 2 * VRadius;

  std::vector<VisualInformation> bands(NumberOfBands(outputHeight));
  parallel(bands.size(), [&](SizeValueType band) {
    LogarithmSum testSum;
    LogarithmSum referenceSum;
    // One buffer holds both rows of factors. With two buffers, slices of 512 columns took a tenth longer.
    std::vector<double> factors(2 * outputWidth);
    double * const      testFactors = factors.data();
    double * const      referenceFactors = factors.data() + outputWidth;
    const SizeValueType firstRow = band * BandHeight;
    SeparableWindows::ForEachFilteredRow<VRadius, 5>(
      width,
      firstRow,
      std::min(BandHeight, outputHeight - firstRow),
      halfWindow,
      [&](SizeValueType y, const MapRows<5> & rows) {
        MakeMomentRows(slices.reference + y * width, slices.test + y * width, width, offset1, offset2, rows);
      },
      [&](SizeValueType, const MapRows<5> & rows) {
        ComputeInformation(rows, outputWidth, varianceScale, testFactors, referenceFactors);
        testSum.Add(testFactors, outputWidth);
        referenceSum.Add(referenceFactors, outputWidth);
      });
    bands[band] = { testSum.GetSum(), referenceSum.GetSum() };
  });
  for (const VisualInformation & band : bands)
  {
    information.Add(band);
  }
}

/** Filter, and keep every second pixel of every second row of the valid region, beginning with the first. */
template <unsigned int VRadius>
std::vector<double>
FilterAndDecimate(const double * image, SizeValueType width, SizeValueType height, const ParallelFor & parallel)
{
  const std::vector<double> halfWindow = HalfGaussianWindow((2 * VRadius + 1) / 5.0, VRadius);
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
      SeparableWindows::FilterColumn<VRadius>(window.data(), halfWindow.data(), VRadius, width, row.data());

      double * const out = output.data() + y * outputWidth;
      for (SizeValueType x = 0; x < outputWidth; ++x)
      {
        const double * const center = row.data() + 2 * x + VRadius;
        double               sum = halfWindow[0] * center[0];
        for (unsigned int k = 1; k <= VRadius; ++k)
        {
          sum += halfWindow[k] * (*(center - k) + center[k]);
        }
        out[x] = sum;
      }
    }
  });
  return output;
}

/** Add the information at a scale and at the coarser scales. The radius of the window is halved from scale to scale. */
template <unsigned int VRadius>
void
AddInformationOfScalesFrom(const SlicePair &   slices,
                           double              varianceScale,
                           const ParallelFor & parallel,
                           VisualInformation & information)
{
  AddInformationOfScale<VRadius>(slices, varianceScale, parallel, information);
  if constexpr (VRadius > 1)
  {
    constexpr unsigned int    nextRadius = VRadius / 2;
    const SizeValueType       width = slices.width;
    const SizeValueType       height = slices.height;
    const std::vector<double> reference = FilterAndDecimate<nextRadius>(slices.reference, width, height, parallel);
    const std::vector<double> test = FilterAndDecimate<nextRadius>(slices.test, width, height, parallel);
    const SlicePair           coarse{
      reference.data(), test.data(), (width - 2 * nextRadius + 1) / 2, (height - 2 * nextRadius + 1) / 2
    };
    AddInformationOfScalesFrom<nextRadius>(coarse, varianceScale, parallel, information);
  }
}
} // namespace

double
VisualInformation::GetFidelity(const SlicePair & slices) const
{
  if (reference > 0.0)
  {
    return test / reference;
  }
  return slices.IsIdentical() ? 1.0 : std::numeric_limits<double>::quiet_NaN();
}

double
VisualInformationFidelity(const SlicePair & slices, double dataRange, const ParallelFor & parallel)
{
  VerifySize("VIFp", VisualInformationFidelityMinimumSize, slices);
  VerifyDataRange(dataRange);
  const double      scale = 255.0 / dataRange;
  VisualInformation information;
  AddInformationOfScalesFrom<8>(slices, scale * scale, parallel, information);
  return information.GetFidelity(slices);
}
} // namespace ImageQualityMetrics
} // end namespace itk
