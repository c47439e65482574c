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
#ifndef itkStreamedPercentileCalculator_hxx
#define itkStreamedPercentileCalculator_hxx

#include "itkMath.h"
#include "itkProcessObjectThreads.h"
#include "itkImageScanlineConstIterator.h"
#include "itkSliceStackPreprocessing.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>

namespace itk
{
template <typename TPixel>
StreamedPercentileCalculator<TPixel>::StreamedPercentileCalculator(const std::vector<double> & percentages)
  : m_Percentages(percentages)
  , m_OrderStatistics(2 * percentages.size())
  , m_Histograms(1, HistogramType(NumberOfBins, 0))
{
  for (const double percentage : percentages)
  {
    SliceStackPreprocessing::CheckPercentage(percentage);
  }
}

template <typename TPixel>
uint32_t
StreamedPercentileCalculator<TPixel>::ToKey(TPixel pixel)
{
  if constexpr (KeyIsShort)
  {
    return static_cast<uint32_t>(static_cast<int32_t>(pixel) -
                                 static_cast<int32_t>(std::numeric_limits<TPixel>::lowest()))
           << 16;
  }
  else
  {
    // The bits of non-negative floating point numbers are in the same order as the values; the bits of negative ones
    // are in the opposite order.
    const auto value = static_cast<float>(pixel);
    uint32_t   bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  }
}

template <typename TPixel>
double
StreamedPercentileCalculator<TPixel>::FromKey(uint32_t key)
{
  if constexpr (KeyIsShort)
  {
    return static_cast<double>(static_cast<int32_t>(key >> 16) +
                               static_cast<int32_t>(std::numeric_limits<TPixel>::lowest()));
  }
  else
  {
    const uint32_t bits = (key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key;
    float          value = 0.0f;
    std::memcpy(&value, &bits, sizeof value);
    return static_cast<double>(value);
  }
}

template <typename TPixel>
template <typename TImage>
void
StreamedPercentileCalculator<TPixel>::Count(const TImage *                      image,
                                            const typename TImage::RegionType & region,
                                            const ProcessObject *               process)
{
  static_assert(std::is_same<typename TImage::PixelType, TPixel>::value, "The image has another pixel type.");
  const bool        isFirstPass = m_Pass == 0;
  std::mutex        mutex;
  std::atomic<bool> isFinite{ true };
  // Every part has its own histograms, so there are as many parts as threads instead of many small parts.
  ProcessObjectThreads::ParallelizeImageRegion<TImage::ImageDimension>(
    process, region, [&](const typename TImage::RegionType & part) {
      std::vector<HistogramType> histograms(m_Histograms.size(), HistogramType(NumberOfBins, 0));
      bool                       partIsFinite = true;
      for (ImageScanlineConstIterator<TImage> it(image, part); !it.IsAtEnd(); it.NextLine())
      {
        for (; !it.IsAtEndOfLine(); ++it)
        {
          const TPixel pixel = it.Get();
          if constexpr (!std::numeric_limits<TPixel>::is_integer)
          {
            partIsFinite = partIsFinite && Math::isfinite(static_cast<float>(pixel));
          }
          const uint32_t key = ToKey(pixel);
          if (isFirstPass)
          {
            ++histograms[0][key >> 16];
          }
          else
          {
            const auto found = std::find(m_Uppers.begin(), m_Uppers.end(), key >> 16);
            if (found != m_Uppers.end())
            {
              ++histograms[found - m_Uppers.begin()][key & 0xffffu];
            }
          }
        }
      }
      if (!partIsFinite)
      {
        isFinite = false;
      }
      const std::lock_guard<std::mutex> lock(mutex);
      for (size_t i = 0; i < histograms.size(); ++i)
      {
        std::transform(histograms[i].begin(),
                       histograms[i].end(),
                       m_Histograms[i].begin(),
                       m_Histograms[i].begin(),
                       std::plus<SizeValueType>());
      }
    });
  if (!isFinite)
  {
    SliceStackPreprocessing::ThrowFirstNonFinitePixel(image, region);
  }
  if (isFirstPass)
  {
    m_NumberOfValues += region.GetNumberOfPixels();
  }
}

template <typename TPixel>
uint32_t
StreamedPercentileCalculator<TPixel>::FindBin(const HistogramType & histogram, SizeValueType & rank)
{
  uint32_t bin = 0;
  for (; bin + 1 < histogram.size() && rank >= histogram[bin]; ++bin)
  {
    rank -= histogram[bin];
  }
  return bin;
}

template <typename TPixel>
bool
StreamedPercentileCalculator<TPixel>::FinishPass()
{
  if (m_NumberOfValues == 0)
  {
    itkGenericExceptionMacro("A percentile was asked for, but there are no values.");
  }
  if (m_Pass == 0)
  {
    for (size_t i = 0; i < m_OrderStatistics.size(); ++i)
    {
      auto & statistic = m_OrderStatistics[i];
      statistic.rank =
        std::min(SliceStackPreprocessing::PercentileRank(m_Percentages[i / 2], m_NumberOfValues).first + i % 2,
                 m_NumberOfValues - 1);
      statistic.rankInBin = statistic.rank;
      statistic.upper = FindBin(m_Histograms[0], statistic.rankInBin);
      m_Uppers.push_back(statistic.upper);
    }
    std::sort(m_Uppers.begin(), m_Uppers.end());
    m_Uppers.erase(std::unique(m_Uppers.begin(), m_Uppers.end()), m_Uppers.end());
    m_Histograms.assign(m_Uppers.size(), HistogramType(NumberOfBins, 0));
    m_IsKnown = KeyIsShort;
  }
  else
  {
    for (auto & statistic : m_OrderStatistics)
    {
      const auto    found = std::find(m_Uppers.begin(), m_Uppers.end(), statistic.upper);
      SizeValueType rank = statistic.rankInBin;
      statistic.lower = FindBin(m_Histograms[found - m_Uppers.begin()], rank);
    }
    m_IsKnown = true;
  }
  ++m_Pass;
  return m_IsKnown;
}

template <typename TPixel>
double
StreamedPercentileCalculator<TPixel>::GetPercentile(size_t index) const
{
  if (!m_IsKnown || index >= m_Percentages.size())
  {
    itkGenericExceptionMacro("Percentile number " << index << " of " << m_Percentages.size() << " is not known.");
  }
  const auto value = [&](size_t number) {
    return FromKey(m_OrderStatistics[number].upper << 16 | m_OrderStatistics[number].lower);
  };
  return SliceStackPreprocessing::InterpolateOrderStatistics(
    m_Percentages[index], m_NumberOfValues, value(2 * index), value(2 * index + 1));
}
} // end namespace itk

#endif // itkStreamedPercentileCalculator_hxx
