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
/** The volumes that a training draws its patches from, as many as fit in a given memory.
 *
 * If all of them do, they are loaded once. Otherwise there is a window that moves over an endless sequence, a shuffled
 * order of all volumes after the other: from time to time the next volume comes in, and the oldest ones go. Which ones
 * are there in an iteration depends on nothing but the seed and the iteration. The next one is loaded by another thread
 * in the meantime. */
class TrainingVolumeCache
{
public:
  /** Loads the volume of a number, preprocessed, as (slices, rows, columns). Is called in another thread, too, but
   * never in two at the same time. */
  using LoadFunction = std::function<torch::Tensor(SizeValueType number)>;

  /** \param sizes bytes of each volume when it is loaded
   * \param capacity bytes; two volumes are held at least: the one in use, and the one that comes next
   * \param interval iterations from one volume that comes in to the next */
  TrainingVolumeCache(std::vector<SizeValueType> sizes,
                      LoadFunction               load,
                      SizeValueType              capacity,
                      SizeValueType              interval,
                      uint64_t                   seed);
  ~TrainingVolumeCache();

  TrainingVolumeCache(const TrainingVolumeCache &) = delete;
  TrainingVolumeCache &
  operator=(const TrainingVolumeCache &) = delete;

  /** The volumes of an iteration, by rising numbers. Iterations have to be asked for in rising order.
   * \exception ExceptionObject from loading */
  const std::map<SizeValueType, torch::Tensor> &
  MoveTo(SizeValueType iteration);

  /** Whether all volumes are there all the time. */
  bool
  HoldsAll() const
  {
    return m_HoldsAll;
  }

private:
  /** The volume at a place of the endless sequence. */
  SizeValueType
  GetVolumeAt(SizeValueType place);
  /** Let the next volume of the sequence in, in numbers only. */
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
  std::deque<SizeValueType>              m_Window;
  SizeValueType                          m_WindowBytes{ 0 };
  SizeValueType                          m_Place{ 0 };
  SizeValueType                          m_Step{ 0 };
  std::map<SizeValueType, torch::Tensor> m_Resident;
  SizeValueType                          m_PrefetchedNumber{ 0 };
  std::future<torch::Tensor>             m_Prefetched;
};
} // end namespace itk

#endif // itkTrainingVolumeCache_h
