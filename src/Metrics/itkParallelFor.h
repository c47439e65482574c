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
#ifndef itkParallelFor_h
#define itkParallelFor_h

#include "itkIntTypes.h"

#include <functional>

namespace itk
{
namespace ImageQualityMetrics
{
/** Calls a function for 0 to count - 1, in any order, possibly concurrently. */
using ParallelFor = std::function<void(SizeValueType count, const std::function<void(SizeValueType)> & function)>;

/** Make the calls one after the other. */
void
Serially(SizeValueType count, const std::function<void(SizeValueType)> & function);

/** The number of threads for a number of work units. 0 work units stand for ITK's global default. It is one in a
 * process that has lost its threads by fork(). */
ThreadIdType
NumberOfThreads(ThreadIdType workUnits);

/** Make the calls in ITK's threads, of which NumberOfThreads() are used at most. An exception of a call is thrown
 * again. */
ParallelFor
MakeParallelFor(ThreadIdType workUnits);

/** Number of rows in a part of the work. It is fixed, so that sums do not depend on the number of threads. */
constexpr SizeValueType BandHeight = 64;

constexpr SizeValueType
NumberOfBands(SizeValueType rows, SizeValueType bandHeight = BandHeight)
{
  return (rows + bandHeight - 1) / bandHeight;
}
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkParallelFor_h
