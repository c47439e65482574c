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
#ifndef itkTorchThreadScope_h
#define itkTorchThreadScope_h

namespace itk
{
/** Sets the number of threads that LibTorch uses when the calling thread calls it, during the lifetime of the scope. In
 * a process that has lost its threads by fork(), the number is one; see ForkGuard. Every call of LibTorch is within
 * such a scope.
 *
 * Scopes of several threads may overlap in any order. Each thread has its own number within its scope and its previous
 * number after it. Threads that begin after the last scope has ended have the number that the process had before the
 * first scope. This needs care, because LibTorch keeps two kinds of numbers. Each thread has one. The process has
 * another, which is the initial number of each thread that uses LibTorch for the first time. at::set_num_threads() sets
 * both. */
class TorchThreadScope
{
public:
  /** \param numberOfThreads the number, or 0 to keep that of the calling thread. With 1, LibTorch starts no threads. */
  explicit TorchThreadScope(int numberOfThreads);
  ~TorchThreadScope();

  TorchThreadScope(const TorchThreadScope &) = delete;
  TorchThreadScope &
  operator=(const TorchThreadScope &) = delete;

private:
  int  m_Previous;
  bool m_IsSet;
};
} // end namespace itk

#endif // itkTorchThreadScope_h
