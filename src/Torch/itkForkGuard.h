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
 * \brief Detects that fork() has removed the threads of LibTorch's thread pool.
 *
 * A process that is created by fork() has one thread. LibTorch's OpenMP pool does not notice this: its first loop in
 * the new process waits forever for threads that exist only in the parent. Such a process must compute in one thread,
 * which needs no pool. Therefore every call of LibTorch is within a TorchThreadScope, and LimitThreads() limits every
 * number of threads.
 */
class ForkGuard
{
public:
  /** Whether this process was created by fork(), without exec(), and its parent had or may have had several threads. */
  static bool
  HasLostThreads();

  /** The number of threads to use: `wanted`, or one if threads were lost.
   * \param isExplicit whether the user has set `wanted`. If so, the limit causes a warning, once in a process. */
  static unsigned int
  LimitThreads(unsigned int wanted, bool isExplicit);
};
} // end namespace itk

#endif // itkForkGuard_h
