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

#include "itkTorchThreadScope.h"

#include "itkForkGuard.h"

#include <ATen/Parallel.h>

#include <mutex>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#  include <pthread.h>
#  define LSSR_HAS_ATFORK
#endif

namespace itk
{
namespace
{
/** Guards the variables below and the calls of at::set_num_threads() in this file. */
std::mutex mutex;
/** Number of open scopes, in all threads, that have set a number. */
int openScopes{ 0 };
/** The number of the process when the first of these scopes was opened. LibTorch can't be asked for it: it is taken
 * from the thread that opened the scope. */
int numberOfProcess{ 0 };
/** The number that LibTorch currently holds for the process. */
int lastNumber{ 0 };
/** Whether a scope has been opened in this thread before. If so, the thread has its own number. */
thread_local bool isKnown{ false };

#ifdef LSSR_HAS_ATFORK
// A child must not inherit a mutex that another thread of its parent holds: that thread does not exist in the child.
const bool isRegistered = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); }) == 0;
#endif

void
SetNumber(int number)
{
  at::set_num_threads(number);
  lastNumber = number;
}

/** Get the number of the calling thread. A thread that uses LibTorch for the first time starts with the number that
 * LibTorch holds for the process. That may be the number of another thread's scope; it is then replaced by the true
 * number of the process. */
int
GetNumber()
{
  const int number = at::get_num_threads();
  if (!isKnown && openScopes > 0 && number == lastNumber && number != numberOfProcess)
  {
    SetNumber(numberOfProcess);
  }
  isKnown = true;
  return at::get_num_threads();
}

/** Restore the number that LibTorch holds for the process, without changing that of the calling thread. */
void
RestoreNumberOfProcess()
{
  try
  {
    std::thread([] { SetNumber(numberOfProcess); }).join();
  }
  catch (const std::system_error &)
  {
    // The system can't start a thread. Only threads that begin later would notice the wrong number.
  }
}
} // namespace

TorchThreadScope::TorchThreadScope(int numberOfThreads)
  : m_IsSet(numberOfThreads > 0 || ForkGuard::HasLostThreads())
{
  const std::lock_guard<std::mutex> lock(mutex);
  m_Previous = GetNumber();
  if (m_IsSet)
  {
    if (openScopes++ == 0)
    {
      numberOfProcess = m_Previous;
    }
    SetNumber(ForkGuard::HasLostThreads() ? 1 : numberOfThreads);
  }
}

TorchThreadScope::~TorchThreadScope()
{
  if (m_IsSet)
  {
    const std::lock_guard<std::mutex> lock(mutex);
    SetNumber(m_Previous);
    if (--openScopes == 0 && m_Previous != numberOfProcess)
    {
      RestoreNumberOfProcess();
    }
  }
}
} // end namespace itk
