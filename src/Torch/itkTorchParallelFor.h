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
#ifndef itkTorchParallelFor_h
#define itkTorchParallelFor_h

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <algorithm>
#include <atomic>

namespace itk
{
/** Call function(begin, end) for parts of [0, count) in LibTorch's threads. Each part has `grain` elements. A thread
 * that has finished a part takes the next one.
 *
 * at::parallel_for() is a template that would use the compiler's OpenMP library. The threads of that library would
 * compete with those of LibTorch's OpenMP library. A loop over the elements of a tensor, by contrast, runs in
 * LibTorch's threads. */
template <typename TFunction>
void
TorchParallelFor(int64_t count, int64_t grain, const TFunction & function)
{
  const int64_t lanes = std::min<int64_t>(at::get_num_threads(), at::divup(count, grain));
  if (lanes <= 1)
  {
    if (count > 0)
    {
      function(int64_t{ 0 }, count);
    }
    return;
  }
  std::atomic<int64_t> next{ 0 };
  at::Tensor           elements = at::empty({ lanes }, at::kByte);
  auto                 iterator = at::TensorIterator::nullary_op(elements);
  iterator.for_each(
    [&](char **, const int64_t *, int64_t) {
      while (true)
      {
        const int64_t begin = next.fetch_add(grain);
        if (begin >= count)
        {
          return;
        }
        function(begin, std::min(begin + grain, count));
      }
    },
    /*grain_size=*/1);
}
} // end namespace itk

#endif // itkTorchParallelFor_h
