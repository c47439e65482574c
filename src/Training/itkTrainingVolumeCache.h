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
#ifndef itkTrainingVolumeCache_h
#define itkTrainingVolumeCache_h

#include "itkIntTypes.h"

#include <torch/torch.h>

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <vector>

namespace itk
{
/** The volumes that a training draws its patches from: as many as fit in a given amount of memory.
 *
 * If all volumes fit, they are loaded once. Otherwise a window moves over an endless sequence, which consists of one
 * shuffled order of all volumes after another. At intervals the next volume enters the window, and the oldest ones
 * leave it. The volumes of an iteration depend only on the seed and the iteration. Another thread loads the next volume
 * in advance. */
class TrainingVolumeCache
{
public:
  /** Loads and preprocesses the volume with the given number: (slices, rows, columns). It may be called in another
   * thread, but never in two threads at the same time. */
  using LoadFunction = std::function<torch::Tensor(SizeValueType number)>;

  /** \param sizes size of each loaded volume in bytes
   * \param capacity memory in bytes; at least two volumes are held: the volume in use, and the next one
   * \param interval number of iterations after which the next volume enters */
  TrainingVolumeCache(std::vector<SizeValueType> sizes,
                      LoadFunction               load,
                      SizeValueType              capacity,
                      SizeValueType              interval,
                      uint64_t                   seed);
  ~TrainingVolumeCache();

  TrainingVolumeCache(const TrainingVolumeCache &) = delete;
  TrainingVolumeCache &
  operator=(const TrainingVolumeCache &) = delete;

  /** Get the volumes of an iteration, by their numbers. Iterations have to be requested in rising order.
   * \exception ExceptionObject if a volume can't be loaded */
  const std::map<SizeValueType, torch::Tensor> &
  MoveTo(SizeValueType iteration);

  /** Whether all volumes are in memory all the time. */
  bool
  HoldsAll() const
  {
    return m_HoldsAll;
  }

private:
  /** The number of the volume at a place in the endless sequence. */
  SizeValueType
  GetVolumeAt(SizeValueType place);
  /** Move the window to the next volume of the sequence, without loading it. */
  void
  Advance();
  void
  LoadMissing();
  void
  Prefetch();

  std::vector<SizeValueType>             m_Sizes;
  LoadFunction                           m_Load;
  SizeValueType                          m_Capacity;
  SizeValueType                          m_Interval;
  uint64_t                               m_Seed;
  bool                                   m_HoldsAll{ false };
  std::vector<SizeValueType>             m_Order;
  SizeValueType                          m_OrderEpoch{ 0 };
  std::deque<SizeValueType>              m_ResidentNumbers;
  SizeValueType                          m_ResidentBytes{ 0 };
  SizeValueType                          m_Place{ 0 };
  SizeValueType                          m_Step{ 0 };
  std::map<SizeValueType, torch::Tensor> m_Resident;
  SizeValueType                          m_PrefetchedNumber{ 0 };
  std::future<torch::Tensor>             m_Prefetched;
};
} // end namespace itk

#endif // itkTrainingVolumeCache_h
