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

#include "itkNormalizedMutualInformation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** The edges of bins of equal width. They are computed as by NumPy, so that the same pixels fall into the same bins. */
class BinEdges
{
public:
  BinEdges(double minimum, double maximum, SizeValueType bins)
    : m_Bins(bins)
  {
    // All pixels of a constant image are in one bin.
    if (!(maximum > minimum))
    {
      minimum -= 0.5;
      maximum += 0.5;
    }
    const double step = (maximum - minimum) / static_cast<double>(bins);
    for (SizeValueType i = 0; i < bins; ++i)
    {
      m_Edges.push_back(static_cast<double>(i) * step + minimum);
    }
    m_Edges.push_back(maximum);
  }

  SizeValueType
  FindBin(double value) const
  {
    const double  width = m_Edges.back() - m_Edges.front();
    const double  position = (value - m_Edges.front()) / width * static_cast<double>(m_Bins);
    SizeValueType bin = std::min(static_cast<SizeValueType>(position), m_Bins - 1);
    // The position is subject to rounding. The edges decide.
    if (value < m_Edges[bin])
    {
      --bin;
    }
    else if (bin + 1 < m_Bins && value >= m_Edges[bin + 1])
    {
      ++bin;
    }
    return bin;
  }

private:
  SizeValueType       m_Bins;
  std::vector<double> m_Edges;
};

/** The joint histogram of the selected pixels. The bin of the test image varies fastest. */
std::vector<SizeValueType>
JointHistogram(const ImagePair &   images,
               const SliceLayout & layout,
               const PixelSums &   total,
               SizeValueType       bins,
               const ParallelFor & parallel)
{
  const BinEdges             edgesX(total.minimumX, total.maximumX, bins);
  const BinEdges             edgesY(total.minimumY, total.maximumY, bins);
  std::vector<SizeValueType> histogram(bins * bins);
  std::mutex                 mutex;
  parallel(layout.numberOfSlices, [&](SizeValueType slice) {
    std::vector<SizeValueType> part(bins * bins);
    std::vector<double>        x(layout.width);
    std::vector<double>        y(layout.width);
    std::vector<unsigned char> mask(layout.width, 1);
    for (SizeValueType row = 0; row < layout.height; ++row)
    {
      const SizeValueType offset = layout.GetOffset(slice) + row * layout.strideY;
      images.copyReference(offset, layout.strideX, layout.width, x.data());
      images.copyTest(offset, layout.strideX, layout.width, y.data());
      if (images.HasMask())
      {
        images.copyMask(offset, layout.strideX, layout.width, mask.data());
      }
      for (SizeValueType i = 0; i < layout.width; ++i)
      {
        if (mask[i] != 0)
        {
          ++part[edgesX.FindBin(x[i]) * bins + edgesY.FindBin(y[i])];
        }
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    std::transform(part.begin(), part.end(), histogram.begin(), histogram.begin(), std::plus<>());
  });
  return histogram;
}
} // namespace

double
NormalizedMutualInformation(const ImagePair &   images,
                            const SliceLayout & layout,
                            const PixelSums &   total,
                            SizeValueType       bins,
                            const ParallelFor & parallel)
{
  const std::vector<SizeValueType> histogram = JointHistogram(images, layout, total, bins, parallel);
  std::vector<SizeValueType>       histogramX(bins);
  std::vector<SizeValueType>       histogramY(bins);
  for (SizeValueType i = 0; i < bins * bins; ++i)
  {
    histogramX[i / bins] += histogram[i];
    histogramY[i % bins] += histogram[i];
  }
  const auto n = static_cast<double>(total.count);
  const auto entropy = [n](const std::vector<SizeValueType> & counts) {
    double sum = 0.0;
    for (const SizeValueType count : counts)
    {
      const double p = static_cast<double>(count) / n;
      sum -= count > 0 ? p * std::log(p) : 0.0;
    }
    return sum;
  };
  const double joint = entropy(histogram);
  return joint > 0.0 ? (entropy(histogramX) + entropy(histogramY)) / joint : std::numeric_limits<double>::quiet_NaN();
}
} // namespace ImageQualityMetrics
} // end namespace itk
