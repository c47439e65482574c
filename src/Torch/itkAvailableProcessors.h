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
#ifndef itkAvailableProcessors_h
#define itkAvailableProcessors_h

#include <string>

namespace itk
{
/** The processors that this process may use. A container often has fewer of them than the machine, and ITK counts those
 * of the machine. */
class AvailableProcessors
{
public:
  /** Lower a number of threads to the available processors, if it is the number of the machine's processors, which ITK
   * takes by itself. Any other number is kept: a user, or ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS, has set it. */
  static unsigned int
  LimitDefault(unsigned int threads);

  /** The processors that the process may run on, or the limit of its control group if that is lower. At least 1. The
   * number is looked up once. */
  static unsigned int
  Count();

  /** The processors that a control group's limit of processor time amounts to, rounded up; 0: no limit.
   * \param limit text of cpu.max (version 2): the time in a period, or "max", and the period */
  static unsigned int
  ParseLimit(const std::string & limit);
};
} // end namespace itk

#endif // itkAvailableProcessors_h
