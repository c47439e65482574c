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
#ifndef itkStreamedPercentileCalculator_h
#define itkStreamedPercentileCalculator_h

#include "itkIntTypes.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace itk
{
class ProcessObject;

/** \class StreamedPercentileCalculator
 * \brief Computes exact percentiles of an image that is read part by part. The memory does not grow with the image.
 *
 * A percentile p of n values is the order statistic at the (fractional) rank p/100 (n-1), with linear interpolation
 * between neighboring order statistics. This is the default of numpy.percentile, and the result of
 * SliceStackPreprocessing::Percentile() for values in memory. Values are converted to single precision, as for the
 * network input. The result is exact for the converted values.
 *
 * Order statistics are found by radix selection. The first pass counts the upper 16 bits of order-preserving keys. The
 * second pass counts the lower 16 bits, but only in the bins that contain a wanted rank. Pixel types of at most 16 bits
 * need one pass. Each pass has to count the same parts, in any order:
 * \code
 * do
 * {
 *   for (part : parts)
 *   {
 *     calculator.Count(image, part);
 *   }
 * } while (!calculator.FinishPass());
 * \endcode
 *
 * \tparam TPixel scalar pixel type of the image
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TPixel>
class StreamedPercentileCalculator
{
public:
  /** \param percentages each in [0, 100]
   * \exception ExceptionObject if a percentage is outside of [0, 100] */
  explicit StreamedPercentileCalculator(const std::vector<double> & percentages);

  /** Number of times that all parts have to be counted. FinishPass() returns true at the end of the last pass. */
  static constexpr unsigned int
  GetNumberOfPasses()
  {
    return KeyIsShort ? 1 : 2;
  }

  /** Count the pixels of a buffered region in the current pass.
   * \param process whose threader and threads are used; null: the calling thread alone
   * \exception ExceptionObject that names the first pixel that is not a finite single-precision number. */
  template <typename TImage>
  void
  Count(const TImage * image, const typename TImage::RegionType & region, const ProcessObject * process = nullptr);

  /** End a pass.
   * \return true if the percentiles are known, false if another pass is needed
   * \exception ExceptionObject if nothing was counted. */
  bool
  FinishPass();

  /** The percentile for the percentage with the given index.
   * \exception ExceptionObject if it is not known yet. */
  double
  GetPercentile(size_t index) const;

private:
  using HistogramType = std::vector<SizeValueType>;

  /** Whether a key has only 16 bits, the upper ones. */
  static constexpr bool   KeyIsShort = std::numeric_limits<TPixel>::is_integer && sizeof(TPixel) <= 2;
  static constexpr size_t NumberOfBins = size_t{ 1 } << 16;

  /** A wanted order statistic: its rank, and the known bits of its key. */
  struct OrderStatistic
  {
    SizeValueType rank{ 0 };
    /** Rank among the values with the same upper bits. */
    SizeValueType rankInBin{ 0 };
    uint32_t      upper{ 0 };
    uint32_t      lower{ 0 };
  };

  /** A 32-bit number in the same order as the pixel values. */
  static uint32_t
  ToKey(TPixel pixel);
  /** The value of a key. */
  static double
  FromKey(uint32_t key);

  /** The bin that contains a rank. `rank` becomes the rank within the bin. */
  static uint32_t
  FindBin(const HistogramType & histogram, SizeValueType & rank);

  std::vector<double> m_Percentages;
  /** Two for each percentage: the order statistics below and above it. */
  std::vector<OrderStatistic> m_OrderStatistics;
  /** The upper bits of the bins that the second pass refines, sorted. */
  std::vector<uint32_t> m_Uppers;
  /** One histogram in the first pass; one for each of m_Uppers in the second. */
  std::vector<HistogramType> m_Histograms;
  SizeValueType              m_NumberOfValues{ 0 };
  unsigned int               m_Pass{ 0 };
  bool                       m_IsKnown{ false };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkStreamedPercentileCalculator.hxx"
#endif

#endif // itkStreamedPercentileCalculator_h
