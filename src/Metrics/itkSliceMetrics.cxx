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

#include "itkSliceMetrics.h"

#include "itkGradientAbsoluteError.h"
#include "itkGradientMagnitudeSimilarity.h"
#include "itkMultiScaleStructuralSimilarity.h"
#include "itkParallelFor.h"
#include "itkVisualInformationFidelity.h"
#include "itkWaveletVisualInformationFidelity.h"

#include <cmath>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** Reads the pixels of a slice, computes their sums and the metrics. */
class SliceMeasurement
{
public:
  SliceMeasurement(const ImagePair &              images,
                   const SliceLayout &            layout,
                   const SliceMetricsParameters & parameters,
                   SlicePass                      pass)
    : m_Images(images)
    , m_Layout(layout)
    , m_Parameters(parameters)
    , m_WithSums(pass != SlicePass::Metrics)
    , m_WithMetrics(pass != SlicePass::Sums)
    , m_Origin(FindPixelOrigin(images))
  {}

  /** Measure a slice. May be called for several slices concurrently. `parallel` is used within the slice. */
  void
  Measure(SizeValueType slice, const ParallelFor & parallel, SliceResult & result) const
  {
    Pixels pixels;
    this->ReadSlice(slice, parallel, pixels, result);
    if (m_WithMetrics && result.sums.isFinite)
    {
      this->MeasureMetrics(slice, pixels, parallel, result);
    }
  }

private:
  /** The pixels of a slice. Empty if no metrics are measured. */
  struct Pixels
  {
    std::vector<double>        x;
    std::vector<double>        y;
    std::vector<unsigned char> mask;
  };

  /** Read a slice, and compute its sums if the pass includes them. */
  void
  ReadSlice(SizeValueType slice, const ParallelFor & parallel, Pixels & pixels, SliceResult & result) const
  {
    // Metrics need the whole slice. Sums need only one row at a time.
    const bool          hasMask = m_Images.HasMask();
    const SizeValueType width = m_Layout.width;
    const SizeValueType keptPixels = m_WithMetrics ? width * m_Layout.height : 0;
    pixels.x.resize(keptPixels);
    pixels.y.resize(keptPixels);
    pixels.mask.resize(hasMask ? keptPixels : 0);

    std::vector<PixelSums> bands(NumberOfBands(m_Layout.height));
    parallel(bands.size(), [&](SizeValueType band) {
      std::vector<double>        rowX(m_WithMetrics ? 0 : width);
      std::vector<double>        rowY(m_WithMetrics ? 0 : width);
      std::vector<unsigned char> rowMask(hasMask && !m_WithMetrics ? width : 0);
      const SizeValueType        end = std::min((band + 1) * BandHeight, m_Layout.height);
      for (SizeValueType row = band * BandHeight; row < end; ++row)
      {
        const SizeValueType offset = m_Layout.GetOffset(slice) + row * m_Layout.strideY;
        const SizeValueType start = row * width;
        double * const      x = m_WithMetrics ? pixels.x.data() + start : rowX.data();
        double * const      y = m_WithMetrics ? pixels.y.data() + start : rowY.data();
        m_Images.copyReference(offset, m_Layout.strideX, width, x);
        m_Images.copyTest(offset, m_Layout.strideX, width, y);
        unsigned char * mask = nullptr;
        if (hasMask)
        {
          mask = m_WithMetrics ? pixels.mask.data() + start : rowMask.data();
          m_Images.copyMask(offset, m_Layout.strideX, width, mask);
        }
        if (m_WithSums)
        {
          AddRow(bands[band], x, y, mask, width, m_Origin);
        }
      }
    });
    for (SizeValueType band = 0; m_WithSums && band < bands.size(); ++band)
    {
      result.sums.Add(bands[band]);
    }
  }

  void
  MeasureMetrics(SizeValueType slice, const Pixels & pixels, const ParallelFor & parallel, SliceResult & result) const
  {
    const SlicePair pair{ pixels.x.data(), pixels.y.data(), m_Layout.width, m_Layout.height };
    const double    dataRange = m_Parameters.dataRange;
    // A slice without selected pixels has no SSIM, but it has a map.
    if (m_Parameters.computeSSIM && (result.sums.count > 0 || m_Parameters.ssimMap != nullptr))
    {
      result.ssim = this->MeasureSSIM(slice, pair, pixels.mask.empty() ? nullptr : pixels.mask.data(), parallel);
    }
    if (m_Parameters.computeMultiScaleSSIM)
    {
      result.multiScaleSSIM = MultiScaleStructuralSimilarity(pair, m_Parameters.ssim, parallel);
    }
    if (m_Parameters.computeVIFp)
    {
      result.vifp = VisualInformationFidelity(pair, dataRange, parallel);
    }
    if (m_Parameters.computeWaveletVIF)
    {
      result.waveletVIF = WaveletVisualInformationFidelity(pair, dataRange, parallel);
    }
    if (m_Parameters.computeGMSD)
    {
      result.gmsd = GradientMagnitudeSimilarityDeviation(pair, dataRange);
    }
    if (m_Parameters.computeHFEN)
    {
      result.hfen = SumHighFrequencyErrors(pair, parallel);
    }
    if (m_Parameters.computeGradientError)
    {
      result.gradientError = GradientAbsoluteError(pair, parallel);
    }
  }

  StructuralSimilaritySum
  MeasureSSIM(SizeValueType         slice,
              const SlicePair &     pair,
              const unsigned char * mask,
              const ParallelFor &   parallel) const
  {
    if (m_Parameters.ssimMap == nullptr)
    {
      return StructuralSimilarity(pair, m_Parameters.ssim, mask, nullptr, parallel);
    }
    // The map covers the whole slice, but SSIM may be the average over the part where the window fits.
    std::vector<double> map(pair.width * pair.height);
    StructuralSimilarity(pair, m_Parameters.ssim, mask, map.data(), parallel);
    const SizeValueType     inset = m_Parameters.averageWholeMap ? 0 : m_Parameters.ssim.radius;
    StructuralSimilaritySum inside;
    for (SizeValueType y = 0; y < pair.height; ++y)
    {
      for (SizeValueType x = 0; x < pair.width; ++x)
      {
        const SizeValueType i = y * pair.width + x;
        (*m_Parameters.ssimMap)[m_Layout.GetOffset(slice) + y * m_Layout.strideY + x * m_Layout.strideX] = map[i];
        const bool isInside = y >= inset && y + inset < pair.height && x >= inset && x + inset < pair.width &&
                              (mask == nullptr || mask[i] != 0);
        inside.sum += isInside ? map[i] : 0.0;
        inside.count += isInside ? 1 : 0;
      }
    }
    return inside;
  }

  const ImagePair &              m_Images;
  const SliceLayout &            m_Layout;
  const SliceMetricsParameters & m_Parameters;
  bool                           m_WithSums;
  bool                           m_WithMetrics;
  PixelOrigin                    m_Origin;
};
} // namespace

PixelOrigin
FindPixelOrigin(const ImagePair & images)
{
  PixelOrigin origin;
  images.copyReference(0, 1, 1, &origin.x);
  images.copyTest(0, 1, 1, &origin.y);
  return std::isfinite(origin.x) && std::isfinite(origin.y) ? origin : PixelOrigin{};
}

void
MeasureSlices(const ImagePair &              images,
              const SliceLayout &            layout,
              const SliceMetricsParameters & parameters,
              SlicePass                      pass,
              ThreadIdType                   workUnits,
              std::vector<SliceResult> &     slices)
{
  const SliceMeasurement measurement(images, layout, parameters, pass);
  const ParallelFor      parallel = MakeParallelFor(workUnits);
  // Several slices are measured concurrently, or one at a time in parts. The parts, and so the results, are the same.
  if (layout.numberOfSlices >= 2 * SizeValueType{ NumberOfThreads(workUnits) })
  {
    parallel(layout.numberOfSlices, [&](SizeValueType slice) { measurement.Measure(slice, Serially, slices[slice]); });
    return;
  }
  for (SizeValueType slice = 0; slice < layout.numberOfSlices; ++slice)
  {
    measurement.Measure(slice, parallel, slices[slice]);
  }
}
} // namespace ImageQualityMetrics
} // end namespace itk
