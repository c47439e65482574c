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

#include "itkForkGuard.h"

#include <ATen/Parallel.h>

namespace itk
{
/** Sets the number of LibTorch's own threads for its own lifetime: it is a setting of the whole process. In a process
 * that has lost its threads the number is one, see ForkGuard: LibTorch is called within such a scope only. */
class TorchThreadScope
{
public:
  /** \param numberOfThreads 0: leave LibTorch's setting alone. With 1, LibTorch starts no thread. */
  explicit TorchThreadScope(int numberOfThreads)
    : m_Previous(at::get_num_threads())
    , m_IsSet(numberOfThreads > 0 || ForkGuard::HasLostThreads())
  {
    if (m_IsSet)
    {
      at::set_num_threads(ForkGuard::HasLostThreads() ? 1 : numberOfThreads);
    }
  }
  ~TorchThreadScope()
  {
    if (m_IsSet)
    {
      at::set_num_threads(m_Previous);
    }
  }

  TorchThreadScope(const TorchThreadScope &) = delete;
  TorchThreadScope &
  operator=(const TorchThreadScope &) = delete;

private:
  int  m_Previous;
  bool m_IsSet;
};
} // end namespace itk

#endif // itkTorchThreadScope_h
