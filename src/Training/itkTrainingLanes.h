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
#ifndef itkTrainingLanes_h
#define itkTrainingLanes_h

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace itk
{
/** Lanes that train on the samples of a batch side by side. Each lane is a thread, in which LibTorch uses no other
 * threads. Sums over lanes are added in the order of the lanes, so they do not depend on how many compute at a time. A
 * lane that waits sleeps. So no lane waits actively for one that has lost its processor to another program. */
class TrainingLanes
{
public:
  /** \param lanes number of lanes, at least 1
   * \param atATime number of lanes that may compute at a time, at least 1
   * \exception ExceptionObject if the system can't start the threads */
  TrainingLanes(size_t lanes, unsigned int atATime);
  ~TrainingLanes();

  TrainingLanes(const TrainingLanes &) = delete;
  TrainingLanes &
  operator=(const TrainingLanes &) = delete;

  size_t
  GetCount() const
  {
    return m_Contributions.size();
  }

  using LaneFunction = std::function<void(size_t lane)>;

  /** Call a function once in each lane, and return when all calls and all deferred tasks have ended. Lanes keep their
   * threads from call to call.
   * \exception the first exception of a lane. The other lanes end at their next call of Combine(). */
  void
  Run(const LaneFunction & function);

  /** Call function(index) for all indices in [0, count), in whichever lane is free. */
  void
  ForEach(size_t count, const std::function<void(size_t index)> & function);

  using Contributions = std::vector<std::vector<double>>;
  using Combination = std::function<std::vector<double>(const Contributions & contributions)>;

  /** Combine the contributions of all lanes. To be called by every lane, with the same combination. Each lane gets the
   * result, which is computed once. */
  std::vector<double>
  Combine(size_t lane, std::vector<double> contribution, const Combination & combination);

  /** Leave a task to a lane that would otherwise wait. To be called in lanes and tasks. */
  void
  Defer(std::function<void()> task);

private:
  using Lock = std::unique_lock<std::mutex>;

  void
  Stop();
  void
  Live(size_t lane);
  void
  Work(Lock & lock, size_t lane);
  void
  Begin(Lock & lock, size_t lane);
  void
  Pause(size_t lane);
  void
  RunDeferredTask(Lock & lock);
  /** Run deferred tasks, or sleep, until `isReady` or an exception in a lane. */
  void
  WaitUsefully(Lock & lock, size_t lane, const std::function<bool()> & isReady);
  /** Keep the exception that is being handled, unless there is one. */
  void
  KeepException();

  /** Consecutive lanes share a processor: one of them computes, the others wait. Lanes do not change to whichever
   * processor is free, because the system's scheduler leaves processors idle when threads wake each other that often:
   * with six lanes and two threads, a fifth of the time. */
  struct Processor
  {
    std::condition_variable isFree;
    bool                    isTaken{ false };
  };
  Processor &
  GetProcessor(size_t lane)
  {
    return m_Processors[lane * m_Processors.size() / this->GetCount()];
  }

  std::vector<Processor>   m_Processors;
  std::vector<std::thread> m_Threads;
  std::mutex               m_Mutex;
  /** A new call of Run(), or the end. */
  std::condition_variable m_Started;
  /** The end of a call of Run(). */
  std::condition_variable m_Ended;
  /** A result, a deferred task, the end of a lane's function, or an exception. */
  std::condition_variable           m_Changed;
  const LaneFunction *              m_Function{ nullptr };
  size_t                            m_NumberOfRuns{ 0 };
  bool                              m_IsEnding{ false };
  size_t                            m_Working{ 0 };
  size_t                            m_Returned{ 0 };
  Contributions                     m_Contributions;
  size_t                            m_Arrived{ 0 };
  size_t                            m_NumberOfResults{ 0 };
  std::vector<double>               m_Result;
  std::deque<std::function<void()>> m_Deferred;
  std::exception_ptr                m_Exception;
};
} // end namespace itk

#endif // itkTrainingLanes_h
