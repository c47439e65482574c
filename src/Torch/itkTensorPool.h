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
#ifndef itkTensorPool_h
#define itkTensorPool_h

#include <torch/torch.h>

#include <vector>

namespace itk
{
/** Reuses the memory of tensors for later tensors. The system clears new memory page by page, which takes as long as a
 * pass of computation. A pool is not thread-safe: each thread needs one. */
class TensorPool
{
public:
  /** Get a channels-last tensor in single precision with undefined values. Its memory is free for reuse as soon as no
   * tensor uses it. */
  torch::Tensor
  Take(int64_t slices, int64_t channels, int64_t rows, int64_t columns)
  {
    const int64_t size = slices * channels * rows * columns;
    return this->TakeMemory(size).narrow(0, 0, size).view({ slices, rows, columns, channels }).permute({ 0, 3, 1, 2 });
  }

private:
  torch::Tensor
  TakeMemory(int64_t size)
  {
    for (const torch::Tensor & memory : m_Memory)
    {
      if (memory.storage().use_count() == 1 && memory.numel() >= size && memory.numel() <= 2 * size)
      {
        return memory;
      }
    }
    m_Memory.push_back(torch::empty({ size }));
    return m_Memory.back();
  }

  std::vector<torch::Tensor> m_Memory;
};
} // end namespace itk

#endif // itkTensorPool_h
