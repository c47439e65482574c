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

#include "itkConvolutionLaneScope.h"

#include <vector>

namespace itk
{
namespace
{
thread_local const ConvolutionLaneScope * currentScope{ nullptr };
} // namespace

torch::Tensor
PackedWeights::Get(const torch::Tensor & weight,
                   int64_t               firstChannel,
                   int64_t               channels,
                   bool                  isTransposed,
                   const PackFunction &  pack)
{
  Entry * entry;
  {
    const std::lock_guard<std::mutex> lock(m_Mutex);
    entry = &m_Entries[KeyType(weight.const_data_ptr(), firstChannel, channels, isTransposed)];
  }
  std::call_once(entry->once, [&] {
    entry->pack = pack;
    entry->packed = pack({});
  });
  return entry->packed;
}

void
PackedWeights::Renew(
  const std::function<void(size_t count, const std::function<void(size_t index)> & function)> & forEach)
{
  std::vector<Entry *> entries;
  entries.reserve(m_Entries.size());
  for (auto & item : m_Entries)
  {
    entries.push_back(&item.second);
  }
  forEach(entries.size(), [&](size_t index) { entries[index]->packed = entries[index]->pack(entries[index]->packed); });
}

ConvolutionLaneScope::ConvolutionLaneScope(PackedWeights & packedWeights, WeightGradientCollector & collector)
  : m_PackedWeights(packedWeights)
  , m_Collector(collector)
{
  currentScope = this;
}

ConvolutionLaneScope::~ConvolutionLaneScope()
{
  currentScope = nullptr;
}

const ConvolutionLaneScope *
ConvolutionLaneScope::Find(const torch::Tensor & weight)
{
  return weight.is_leaf() && weight.requires_grad() ? currentScope : nullptr;
}
} // end namespace itk
