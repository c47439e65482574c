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

#include "itkTrainingVolumeCache.h"

#include "itkTrainingRandom.h"

#include <algorithm>
#include <limits>
#include <numeric>

#ifdef __GLIBC__
#  include <malloc.h>
#endif

namespace itk
{
namespace
{
/** Shuffling uses a separate stream of random numbers. */
constexpr uint64_t ShuffleSample = std::numeric_limits<uint64_t>::max();

/** Return free memory to the system. The allocator of glibc keeps the memory that loading threads have freed, in a
 * separate heap for each thread. Without this call, that was three times the size of the cache. */
void
ReturnFreeMemory()
{
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
} // namespace

TrainingVolumeCache::TrainingVolumeCache(std::vector<SizeValueType> sizes,
                                         LoadFunction               load,
                                         SizeValueType              capacity,
                                         SizeValueType              interval,
                                         uint64_t                   seed)
  : m_Sizes(std::move(sizes))
  , m_Load(std::move(load))
  , m_Capacity(capacity)
  , m_Interval(interval)
  , m_Seed(seed)
{
  m_HoldsAll = std::accumulate(m_Sizes.begin(), m_Sizes.end(), SizeValueType{ 0 }) <= m_Capacity;
  if (m_HoldsAll)
  {
    m_ResidentNumbers.resize(m_Sizes.size());
    std::iota(m_ResidentNumbers.begin(), m_ResidentNumbers.end(), SizeValueType{ 0 });
    return;
  }
  do
  {
    this->Advance();
  } while (m_ResidentNumbers.size() < m_Sizes.size() &&
           m_ResidentBytes + m_Sizes[this->GetVolumeAt(m_Place)] <= m_Capacity);
}

TrainingVolumeCache::~TrainingVolumeCache()
{
  if (m_Prefetched.valid())
  {
    m_Prefetched.wait();
  }
}

SizeValueType
TrainingVolumeCache::GetVolumeAt(SizeValueType place)
{
  const SizeValueType epoch = place / m_Sizes.size();
  if (m_Order.empty() || epoch != m_OrderEpoch)
  {
    m_Order.resize(m_Sizes.size());
    std::iota(m_Order.begin(), m_Order.end(), SizeValueType{ 0 });
    TrainingRandom(m_Seed, epoch, ShuffleSample).Shuffle(m_Order);
    m_OrderEpoch = epoch;
  }
  return m_Order[place % m_Sizes.size()];
}

void
TrainingVolumeCache::Advance()
{
  const SizeValueType number = this->GetVolumeAt(m_Place);
  ++m_Place;
  // At the transition between two epochs, a volume may be next in order while it is still in the window.
  const auto again = std::find(m_ResidentNumbers.begin(), m_ResidentNumbers.end(), number);
  if (again != m_ResidentNumbers.end())
  {
    m_ResidentNumbers.erase(again);
    m_ResidentBytes -= m_Sizes[number];
  }
  while (!m_ResidentNumbers.empty() && m_ResidentBytes + m_Sizes[number] > m_Capacity)
  {
    m_ResidentBytes -= m_Sizes[m_ResidentNumbers.front()];
    m_ResidentNumbers.pop_front();
  }
  m_ResidentNumbers.push_back(number);
  m_ResidentBytes += m_Sizes[number];
}

const std::map<SizeValueType, torch::Tensor> &
TrainingVolumeCache::MoveTo(SizeValueType iteration)
{
  if (m_HoldsAll)
  {
    if (m_Resident.empty())
    {
      this->LoadMissing();
    }
    return m_Resident;
  }
  const SizeValueType step = iteration / m_Interval;
  if (m_Resident.empty() || step > m_Step)
  {
    for (; m_Step < step; ++m_Step)
    {
      this->Advance();
    }
    this->LoadMissing();
    this->Prefetch();
  }
  return m_Resident;
}

void
TrainingVolumeCache::LoadMissing()
{
  for (auto it = m_Resident.begin(); it != m_Resident.end();)
  {
    const bool stays =
      std::find(m_ResidentNumbers.begin(), m_ResidentNumbers.end(), it->first) != m_ResidentNumbers.end();
    it = stays ? std::next(it) : m_Resident.erase(it);
  }
  // The prefetching thread has to end before another volume is loaded, so its volume is taken first.
  if (m_Prefetched.valid())
  {
    torch::Tensor volume = m_Prefetched.get();
    if (std::find(m_ResidentNumbers.begin(), m_ResidentNumbers.end(), m_PrefetchedNumber) != m_ResidentNumbers.end())
    {
      m_Resident.emplace(m_PrefetchedNumber, std::move(volume));
    }
  }
  for (const SizeValueType number : m_ResidentNumbers)
  {
    if (m_Resident.count(number) == 0)
    {
      m_Resident.emplace(number, m_Load(number));
    }
  }
  if (!m_HoldsAll)
  {
    ReturnFreeMemory();
  }
}

void
TrainingVolumeCache::Prefetch()
{
  m_PrefetchedNumber = this->GetVolumeAt(m_Place);
  if (m_Resident.count(m_PrefetchedNumber) == 0)
  {
    m_Prefetched = std::async(std::launch::async, m_Load, m_PrefetchedNumber);
  }
}
} // end namespace itk
