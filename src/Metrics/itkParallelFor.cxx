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

#include "itkParallelFor.h"

#include "itkAvailableProcessors.h"
#include "itkForkGuard.h"

#include "itkMultiThreaderBase.h"

#include <exception>
#include <mutex>

namespace itk
{
namespace ImageQualityMetrics
{
void
Serially(SizeValueType count, const std::function<void(SizeValueType)> & function)
{
  for (SizeValueType i = 0; i < count; ++i)
  {
    function(i);
  }
}

ThreadIdType
NumberOfThreads(ThreadIdType workUnits)
{
  const bool isExplicit = workUnits > 0;
  return ForkGuard::LimitThreads(
    isExplicit ? workUnits : AvailableProcessors::LimitDefault(MultiThreaderBase::GetGlobalDefaultNumberOfThreads()),
    isExplicit);
}

ParallelFor
MakeParallelFor(ThreadIdType workUnits)
{
  if (NumberOfThreads(workUnits) == 1)
  {
    return Serially;
  }
  MultiThreaderBase::Pointer multiThreader = MultiThreaderBase::New();
  if (workUnits > 0)
  {
    multiThreader->SetMaximumNumberOfThreads(workUnits);
    multiThreader->SetNumberOfWorkUnits(workUnits);
  }
  return [multiThreader](SizeValueType count, const std::function<void(SizeValueType)> & function) {
    // Some threaders lose the exceptions of their threads.
    std::exception_ptr exception;
    std::mutex         mutex;
    multiThreader->ParallelizeArray(
      0,
      count,
      [&](SizeValueType i) {
        try
        {
          function(i);
        }
        catch (...)
        {
          const std::lock_guard<std::mutex> lock(mutex);
          exception = std::current_exception();
        }
      },
      nullptr);
    if (exception)
    {
      std::rethrow_exception(exception);
    }
  };
}
} // namespace ImageQualityMetrics
} // end namespace itk
