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
 * \brief Exact percentiles of an image that is seen part by part, in memory that does not grow with the image.
 *
 * A percentile p of n values is the order statistic at the (fractional) rank p/100 (n-1), with linear interpolation
 * between neighboring order statistics: the default of numpy.percentile, and what SliceStackPreprocessing::Percentile()
 * gives for values in memory. Values count as single-precision numbers, which is what the network sees; the result is
 * exact for those.
 *
 * Order statistics are found by radix selection: the first pass counts the upper 16 bits of order-preserving keys, the
 * second the lower 16 bits of the few counts that the wanted ranks fall into. Pixel types of at most 16 bits need one
 * pass only. Each pass has to see the same parts, in any order:
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
 * \tparam TPixel pixel type of the image, a scalar
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TPixel>
class StreamedPercentileCalculator
{
public:
  /** \param percentages each in [0, 100]
   * \exception ExceptionObject for any other */
  explicit StreamedPercentileCalculator(const std::vector<double> & percentages);

  /** How often all parts have to be counted: FinishPass() is true at the end of the last pass. */
  static constexpr unsigned int
  GetNumberOfPasses()
  {
    return KeyIsShort ? 1 : 2;
  }

  /** Count the pixels of a buffered region in the current pass.
   * \param process whose threader and threads are used; null: the calling thread alone
   * \exception ExceptionObject that names the first pixel that is no finite single-precision number. */
  template <typename TImage>
  void
  Count(const TImage * image, const typename TImage::RegionType & region, const ProcessObject * process = nullptr);

  /** End a pass. Returns whether the percentiles are known; if not, another pass is needed.
   * \exception ExceptionObject if nothing was counted. */
  bool
  FinishPass();

  /** The percentile that was given as number `index`.
   * \exception ExceptionObject if it is not known yet. */
  double
  GetPercentile(size_t index) const;

private:
  using HistogramType = std::vector<SizeValueType>;

  /** Whether the upper 16 bits of a key are all of it. */
  static constexpr bool   KeyIsShort = std::numeric_limits<TPixel>::is_integer && sizeof(TPixel) <= 2;
  static constexpr size_t NumberOfBins = size_t{ 1 } << 16;

  /** A wanted order statistic: its rank, and what is known of its key. */
  struct OrderStatistic
  {
    SizeValueType rank{ 0 };
    /** Rank among the values whose upper bits are the same. */
    SizeValueType rankInBin{ 0 };
    uint32_t      upper{ 0 };
    uint32_t      lower{ 0 };
  };

  /** A number of 32 bits that is ordered like the pixels' values. */
  static uint32_t
  ToKey(TPixel pixel);
  /** The value of a key. */
  static double
  FromKey(uint32_t key);

  /** The bin that a rank falls into; what is left of the rank within the bin stays in `rank`. */
  static uint32_t
  FindBin(const HistogramType & histogram, SizeValueType & rank);

  std::vector<double> m_Percentages;
  /** Two for each percentage: the order statistics below and above it. */
  std::vector<OrderStatistic> m_OrderStatistics;
  /** The upper bits that the second pass looks into, sorted. */
  std::vector<uint32_t> m_Uppers;
  /** In the first pass one histogram, in the second one for each of m_Uppers. */
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
