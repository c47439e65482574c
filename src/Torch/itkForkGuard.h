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
#ifndef itkForkGuard_h
#define itkForkGuard_h

namespace itk
{
/** \class ForkGuard
 * \brief Knows whether fork() has taken away the threads that LibTorch counts on.
 *
 * A process that is made by fork() has one thread. LibTorch's OpenMP pool does not notice: its first loop in the new
 * process waits for ever for threads that only the parent has. Such a process has to compute in one thread, which needs
 * no pool. So LibTorch is called within a TorchThreadScope only, and LimitThreads() limits each number of threads.
 */
class ForkGuard
{
public:
  /** Whether this process was made by fork(), without exec(), while its parent had or may have had several threads. */
  static bool
  HasLostThreads();

  /** The number of threads to use where `wanted` are asked for: one if threads were lost. A warning says so, once in a
   * process, if the user has set the number. */
  static unsigned int
  LimitThreads(unsigned int wanted, bool isExplicit);
};
} // end namespace itk

#endif // itkForkGuard_h
