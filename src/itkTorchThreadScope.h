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

#include <ATen/Parallel.h>

namespace itk
{
/** Sets the number of LibTorch's own threads for its own lifetime: it is a setting of the whole process. */
class TorchThreadScope
{
public:
  explicit TorchThreadScope(int numberOfThreads)
    : m_Previous(at::get_num_threads())
  {
    if (numberOfThreads > 0)
    {
      at::set_num_threads(numberOfThreads);
    }
  }
  ~TorchThreadScope() { at::set_num_threads(m_Previous); }

  TorchThreadScope(const TorchThreadScope &) = delete;
  TorchThreadScope &
  operator=(const TorchThreadScope &) = delete;

private:
  int m_Previous;
};
} // end namespace itk

#endif // itkTorchThreadScope_h
