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

#include "itkTaskLanes.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

namespace itk
{
TaskLanes::TaskLanes(std::vector<std::vector<size_t>> prerequisites, size_t lookahead)
  : m_Prerequisites(std::move(prerequisites))
  , m_Lookahead(lookahead)
  , m_IsDone(m_Prerequisites.size(), false)
{}

void
TaskLanes::Run(unsigned int lanes, const Functions & functions)
{
  std::vector<std::thread> threads;
  for (unsigned int lane = 1; lane < lanes; ++lane)
  {
    try
    {
      threads.emplace_back([this, lane, &functions] { this->WorkInLane(lane, functions); });
    }
    catch (const std::system_error &)
    {
      break;
    }
  }
  this->WorkInLane(0, functions);
  for (std::thread & thread : threads)
  {
    thread.join();
  }
  if (m_Exception)
  {
    std::rethrow_exception(m_Exception);
  }
}

void
TaskLanes::WorkInLane(unsigned int lane, const Functions & functions)
{
  try
  {
    functions.enter([&] { this->Work(lane, functions); });
  }
  catch (...)
  {
    const std::lock_guard<std::mutex> lock(m_Mutex);
    m_Exception = m_Exception ? m_Exception : std::current_exception();
    m_Changed.notify_all();
  }
}

void
TaskLanes::Work(unsigned int lane, const Functions & functions)
{
  std::unique_lock<std::mutex> lock(m_Mutex);
  while (m_Next < m_Prerequisites.size() && !m_Exception)
  {
    const size_t task = m_Next++;
    const auto   isReady = [&] {
      const auto & prerequisites = m_Prerequisites[task];
      return task - m_Oldest < m_Lookahead &&
             std::all_of(prerequisites.begin(), prerequisites.end(), [this](size_t other) { return m_IsDone[other]; });
    };
    if (!this->Wait(lock, lane, functions, isReady))
    {
      return;
    }
    lock.unlock();
    functions.run(task, lane);
    lock.lock();
    this->Finish(task, functions);
    if (lane == 0)
    {
      this->ReportProgress(lock, functions);
    }
  }
  if (lane == 0)
  {
    this->Wait(lock, lane, functions, [this] { return m_Oldest == m_Prerequisites.size(); });
  }
}

template <typename TCondition>
bool
TaskLanes::Wait(std::unique_lock<std::mutex> & lock,
                unsigned int                   lane,
                const Functions &              functions,
                const TCondition &             isReady)
{
  while (!m_Exception && !isReady())
  {
    if (lane == 0 && !m_Unreported.empty())
    {
      this->ReportProgress(lock, functions);
      continue;
    }
    m_Changed.wait(lock);
  }
  if (lane == 0 && !m_Exception)
  {
    this->ReportProgress(lock, functions);
  }
  return !m_Exception;
}

void
TaskLanes::ReportProgress(std::unique_lock<std::mutex> & lock, const Functions & functions)
{
  if (m_Unreported.empty())
  {
    return;
  }
  const std::vector<size_t> tasks = std::exchange(m_Unreported, {});
  lock.unlock();
  functions.progress(tasks);
  lock.lock();
}

void
TaskLanes::Finish(size_t task, const Functions & functions)
{
  m_IsDone[task] = true;
  m_Unreported.push_back(task);
  const size_t before = m_Oldest;
  while (m_Oldest < m_IsDone.size() && m_IsDone[m_Oldest])
  {
    ++m_Oldest;
  }
  if (m_Oldest > before)
  {
    functions.release(m_Oldest);
  }
  m_Changed.notify_all();
}
} // end namespace itk
