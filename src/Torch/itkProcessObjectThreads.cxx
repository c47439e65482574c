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

#include "itkProcessObjectThreads.h"

#include "itkAvailableProcessors.h"
#include "itkForkGuard.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace itk
{
unsigned int
ProcessObjectThreads::GetNumberOfThreads(const ProcessObject * process)
{
  const MultiThreaderBase * threader = process->GetMultiThreader();
  const bool                isExplicit = process->GetNumberOfWorkUnits() != threader->GetNumberOfWorkUnits();
  const unsigned int        threads = std::min(process->GetNumberOfWorkUnits(), threader->GetMaximumNumberOfThreads());
  return ForkGuard::LimitThreads(isExplicit ? threads : AvailableProcessors::LimitDefault(threads), isExplicit);
}

void
ProcessObjectThreads::ParallelizeArray(ProcessObject *                            process,
                                       SizeValueType                              count,
                                       const std::function<void(SizeValueType)> & function)
{
  const std::thread::id      caller = std::this_thread::get_id();
  std::atomic<SizeValueType> done{ 0 };
  std::atomic<bool>          hasFailed{ false };
  std::exception_ptr         exception;
  std::mutex                 mutex;
  // Some threaders lose the exceptions of their threads.
  const auto call = [&](SizeValueType i) {
    if (hasFailed || process->GetAbortGenerateData())
    {
      return;
    }
    try
    {
      function(i);
      const SizeValueType sum = ++done;
      // Observers may belong to an interpreter, so only the calling thread invokes events.
      if (std::this_thread::get_id() == caller)
      {
        process->UpdateProgress(static_cast<float>(sum) / static_cast<float>(count));
      }
    }
    catch (...)
    {
      const std::lock_guard<std::mutex> lock(mutex);
      exception = std::current_exception();
      hasFailed = true;
    }
  };

  const unsigned int threads = GetNumberOfThreads(process);
  if (threads == 1)
  {
    for (SizeValueType i = 0; i < count; ++i)
    {
      call(i);
    }
  }
  else
  {
    // The process object's own threader stays as it is.
    const auto threader = MultiThreaderBase::New();
    threader->SetMaximumNumberOfThreads(threads);
    threader->SetNumberOfWorkUnits(threads);
    threader->ParallelizeArray(0, count, call, nullptr);
  }
  if (exception)
  {
    std::rethrow_exception(exception);
  }
  if (done == count && process->GetProgress() < 1.0f)
  {
    process->UpdateProgress(1.0f);
  }
  if (process->GetAbortGenerateData())
  {
    ProcessAborted aborted(__FILE__, __LINE__);
    aborted.SetDescription(std::string(process->GetNameOfClass()) + " was aborted.");
    throw aborted;
  }
}
} // end namespace itk
