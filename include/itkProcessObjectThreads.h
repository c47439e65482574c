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
#ifndef itkProcessObjectThreads_h
#define itkProcessObjectThreads_h

#include "LatentSpaceSuperResolutionExport.h"
#include "itkImageRegion.h"
#include "itkMultiThreaderBase.h"
#include "itkProcessObject.h"

#include <functional>

namespace itk
{
/** \class ProcessObjectThreads
 * \brief The number of threads of a process object, and parallel work with these threads and the object's threader.
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT ProcessObjectThreads
{
public:
  /** Get the number of threads to use for a process object. It may be smaller than the number of work units, because
   * ITK's TBB threader makes many small work units for each thread. It is 1 in a process made by fork(), which lacks
   * the threads of LibTorch. A warning says so if more threads were requested. */
  static unsigned int
  GetNumberOfThreads(const ProcessObject * process);

  /** Call a function for parts of a region, in the threads that the process object may use. With one thread or without
   * a process object, the function is called once, for the whole region in the calling thread. */
  template <unsigned int VDimension>
  static void
  ParallelizeImageRegion(const ProcessObject *                                        process,
                         const ImageRegion<VDimension> &                              region,
                         const std::function<void(const ImageRegion<VDimension> &)> & function)
  {
    const unsigned int threads = process ? GetNumberOfThreads(process) : 1;
    if (threads == 1)
    {
      function(region);
      return;
    }
    MultiThreaderBase * threader = process->GetMultiThreader();
    const ThreadIdType  before = threader->GetNumberOfWorkUnits();
    threader->SetNumberOfWorkUnits(threads);
    try
    {
      threader->ParallelizeImageRegion<VDimension>(region, function, nullptr);
    }
    catch (...)
    {
      threader->SetNumberOfWorkUnits(before);
      throw;
    }
    threader->SetNumberOfWorkUnits(before);
  }

  /** Call a function for 0 to count - 1, in any order, in the threads that the process object may use. The progress of
   * the process object follows the calls. An exception of a call is thrown again.
   * \exception ProcessAborted if an observer or another thread has set AbortGenerateData. No further call is made. */
  static void
  ParallelizeArray(ProcessObject * process, SizeValueType count, const std::function<void(SizeValueType)> & function);
};
} // end namespace itk

#endif // itkProcessObjectThreads_h
