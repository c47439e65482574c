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

#include "itkTrainingLanes.h"

#include "itkTorchThreadScope.h"

#include "itkMacro.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace itk
{
namespace
{
/** Ends the function of a lane after an exception in another lane. */
class LaneStopped : public std::runtime_error
{
public:
  LaneStopped()
    : std::runtime_error("Another lane of the training has failed.")
  {}
};
} // namespace

TrainingLanes::TrainingLanes(size_t lanes, unsigned int atATime)
  : m_Processors(std::min<size_t>(lanes, atATime))
  , m_Contributions(lanes)
{
  try
  {
    for (size_t lane = 0; lane < lanes; ++lane)
    {
      m_Threads.emplace_back([this, lane] { this->Live(lane); });
    }
  }
  catch (const std::system_error & error)
  {
    this->Stop();
    itkGenericExceptionMacro("The system started " << m_Threads.size() << " of the " << lanes
                                                   << " threads of a training: " << error.what()
                                                   << ". A smaller BatchSize needs fewer threads.");
  }
}

TrainingLanes::~TrainingLanes()
{
  this->Stop();
}

void
TrainingLanes::Stop()
{
  {
    const Lock lock(m_Mutex);
    m_IsEnding = true;
    m_Started.notify_all();
  }
  for (std::thread & thread : m_Threads)
  {
    thread.join();
  }
}

void
TrainingLanes::Run(const LaneFunction & function)
{
  Lock lock(m_Mutex);
  m_Function = &function;
  m_Working = this->GetCount();
  m_Returned = 0;
  m_Arrived = 0;
  ++m_NumberOfRuns;
  m_Started.notify_all();
  m_Ended.wait(lock, [this] { return m_Working == 0; });
  m_Function = nullptr;
  m_Deferred.clear();
  if (m_Exception)
  {
    std::rethrow_exception(std::exchange(m_Exception, nullptr));
  }
}

void
TrainingLanes::ForEach(size_t count, const std::function<void(size_t index)> & function)
{
  std::atomic<size_t> next{ 0 };
  this->Run([&](size_t) {
    for (size_t index = next++; index < count; index = next++)
    {
      function(index);
    }
  });
}

void
TrainingLanes::Live(size_t lane)
{
  const TorchThreadScope oneThread(1);
  Lock                   lock(m_Mutex);
  size_t                 runs = 0;
  while (true)
  {
    m_Started.wait(lock, [&] { return m_IsEnding || m_NumberOfRuns > runs; });
    if (m_IsEnding)
    {
      return;
    }
    runs = m_NumberOfRuns;
    this->Work(lock, lane);
    if (--m_Working == 0)
    {
      m_Ended.notify_all();
    }
  }
}

void
TrainingLanes::Work(Lock & lock, size_t lane)
{
  this->Begin(lock, lane);
  lock.unlock();
  try
  {
    (*m_Function)(lane);
    lock.lock();
  }
  catch (...)
  {
    lock.lock();
    this->KeepException();
  }
  ++m_Returned;
  m_Changed.notify_all();
  this->WaitUsefully(lock, lane, [this] { return m_Returned == this->GetCount() && m_Deferred.empty(); });
  this->Pause(lane);
}

void
TrainingLanes::Begin(Lock & lock, size_t lane)
{
  Processor & processor = this->GetProcessor(lane);
  processor.isFree.wait(lock, [&] { return !processor.isTaken; });
  processor.isTaken = true;
}

void
TrainingLanes::Pause(size_t lane)
{
  Processor & processor = this->GetProcessor(lane);
  processor.isTaken = false;
  processor.isFree.notify_one();
}

void
TrainingLanes::KeepException()
{
  m_Exception = m_Exception ? m_Exception : std::current_exception();
  m_Changed.notify_all();
}

void
TrainingLanes::RunDeferredTask(Lock & lock)
{
  const std::function<void()> task = std::move(m_Deferred.front());
  m_Deferred.pop_front();
  lock.unlock();
  try
  {
    task();
    lock.lock();
  }
  catch (...)
  {
    lock.lock();
    this->KeepException();
  }
}

void
TrainingLanes::WaitUsefully(Lock & lock, size_t lane, const std::function<bool()> & isReady)
{
  while (!m_Exception && !isReady())
  {
    if (!m_Deferred.empty())
    {
      this->RunDeferredTask(lock);
      continue;
    }
    this->Pause(lane);
    m_Changed.wait(lock, [&] { return m_Exception || isReady() || !m_Deferred.empty(); });
    this->Begin(lock, lane);
  }
}

std::vector<double>
TrainingLanes::Combine(size_t lane, std::vector<double> contribution, const Combination & combination)
{
  Lock lock(m_Mutex);
  m_Contributions[lane] = std::move(contribution);
  if (++m_Arrived < this->GetCount())
  {
    this->WaitUsefully(lock, lane, [this, before = m_NumberOfResults] { return m_NumberOfResults > before; });
    if (m_Exception)
    {
      throw LaneStopped();
    }
    // The next result needs a contribution of this lane, so this one is still there.
    return m_Result;
  }
  m_Arrived = 0;
  m_Result = combination(m_Contributions);
  ++m_NumberOfResults;
  m_Changed.notify_all();
  return m_Result;
}

void
TrainingLanes::Defer(std::function<void()> task)
{
  const Lock lock(m_Mutex);
  m_Deferred.push_back(std::move(task));
  m_Changed.notify_all();
}
} // end namespace itk
