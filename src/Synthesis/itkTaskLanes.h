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
#ifndef itkTaskLanes_h
#define itkTaskLanes_h

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace itk
{
/** Runs a list of tasks in lanes: threads that take the next task when they are done with one. There are no barriers,
 * so a lane that has lost its processor to another program delays its own task only.
 *
 * A task begins when its prerequisites are done. These are earlier in the list, so tasks can not wait for each other.
 * Lanes do not run ahead of the oldest unfinished task by more than a given number of tasks, which bounds the memory of
 * what tasks leave for later ones. */
class TaskLanes
{
public:
  /** What lanes call. All functions may throw: no further task then begins, and Run() throws the first exception. */
  struct Functions
  {
    /** Runs a task. */
    std::function<void(size_t task, unsigned int lane)> run;
    /** Wraps all work of a lane in a thread, for settings of the thread. */
    std::function<void(const std::function<void()> & work)> enter;
    /** Is told that all tasks with a smaller number than `oldest` are done. The calls do not overlap. */
    std::function<void(size_t oldest)> release;
    /** Receives the numbers of the tasks that were done since the last call, in the calling thread. */
    std::function<void(const std::vector<size_t> & tasks)> progress;
  };

  /** \param prerequisites for each task, the numbers of earlier tasks that have to be done before it
   * \param lookahead greatest number of tasks between the oldest unfinished task and one that may begin, at least 1 */
  TaskLanes(std::vector<std::vector<size_t>> prerequisites, size_t lookahead);

  /** Run all tasks. The calling thread is the first lane. Where the system can not start a thread, there are fewer
   * lanes. */
  void
  Run(unsigned int lanes, const Functions & functions);

private:
  void
  WorkInLane(unsigned int lane, const Functions & functions);
  /** Take tasks until there are none. */
  void
  Work(unsigned int lane, const Functions & functions);
  /** Wait until `isReady` or until the tasks are stopped. The first lane reports progress meanwhile.
   * \return false if the tasks are stopped */
  template <typename TCondition>
  bool
  Wait(std::unique_lock<std::mutex> & lock, unsigned int lane, const Functions & functions, const TCondition & isReady);
  void
  ReportProgress(std::unique_lock<std::mutex> & lock, const Functions & functions);
  void
  Finish(size_t task, const Functions & functions);

  std::vector<std::vector<size_t>> m_Prerequisites;
  size_t                           m_Lookahead;

  /** Guards everything below. */
  std::mutex              m_Mutex;
  std::condition_variable m_Changed;
  std::vector<bool>       m_IsDone;
  size_t                  m_Next{ 0 };
  size_t                  m_Oldest{ 0 };
  std::vector<size_t>     m_Unreported;
  std::exception_ptr      m_Exception;
};
} // end namespace itk

#endif // itkTaskLanes_h
