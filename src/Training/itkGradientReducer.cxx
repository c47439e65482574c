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

#include "itkGradientReducer.h"

#include "itkMacro.h"

#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <algorithm>

namespace itk
{
namespace
{
constexpr int64_t BucketElements = 256 * 1024;
} // namespace

struct GradientReducer::Bucket
{
  std::vector<torch::Tensor>     parameters;
  torch::Tensor                  flat;
  size_t                         missing{ 0 };
  c10::intrusive_ptr<c10d::Work> work;
};

GradientReducer::GradientReducer(const std::string & groupName, const std::vector<torch::Tensor> & parameters)
{
  if (groupName.empty())
  {
    return;
  }
  try
  {
    m_Group = c10d::resolve_process_group(groupName);
  }
  catch (const c10::Error &)
  {
    itkGenericExceptionMacro("ProcessGroupName is '"
                             << groupName << "', but torch.distributed knows no process group of that name.");
  }
  m_Rank = m_Group->getRank();
  m_NumberOfProcesses = m_Group->getSize();

  m_BucketOfParameter.resize(parameters.size());
  int64_t elements = 0;
  for (size_t i = parameters.size(); i-- > 0;)
  {
    if (m_Buckets.empty() || elements + parameters[i].numel() > BucketElements)
    {
      m_Buckets.push_back(std::make_unique<Bucket>());
      elements = 0;
    }
    elements += parameters[i].numel();
    m_Buckets.back()->parameters.push_back(parameters[i]);
    m_BucketOfParameter[i] = m_Buckets.back().get();
  }
}

GradientReducer::~GradientReducer() = default;

void
GradientReducer::Begin()
{
  for (auto & bucket : m_Buckets)
  {
    bucket->missing = bucket->parameters.size();
    bucket->work.reset();
  }
}

void
GradientReducer::MarkReady(size_t parameter)
{
  if (!m_Group)
  {
    return;
  }
  const std::lock_guard<std::mutex> lock(m_Mutex);
  --m_BucketOfParameter[parameter]->missing;
  // Buckets are sent in the same order in all processes. Otherwise different buckets would be added.
  for (auto & bucket : m_Buckets)
  {
    if (bucket->missing > 0)
    {
      break;
    }
    if (!bucket->work)
    {
      this->Send(*bucket);
    }
  }
}

void
GradientReducer::Finish()
{
  for (auto & bucket : m_Buckets)
  {
    bucket->work->wait();
    int64_t begin = 0;
    for (auto & parameter : bucket->parameters)
    {
      torch::Tensor & gradient = parameter.mutable_grad();
      gradient.copy_(bucket->flat.narrow(0, begin, gradient.numel()).view(gradient.sizes()));
      begin += gradient.numel();
    }
    bucket->work.reset();
  }
}

void
GradientReducer::Send(Bucket & bucket)
{
  const torch::NoGradGuard   noGradient;
  std::vector<torch::Tensor> parts;
  parts.reserve(bucket.parameters.size());
  for (const auto & parameter : bucket.parameters)
  {
    parts.push_back(parameter.grad().flatten());
  }
  bucket.flat = torch::cat(parts);
  this->SumAsync(bucket.flat, bucket.work);
}

void
GradientReducer::SumAsync(torch::Tensor & tensor, c10::intrusive_ptr<c10d::Work> & work) const
{
  std::vector<torch::Tensor> tensors{ tensor };
  work = m_Group->allreduce(tensors);
}

std::vector<std::vector<int64_t>>
GradientReducer::Gather(const std::vector<int64_t> & numbers) const
{
  const auto    count = static_cast<int64_t>(numbers.size());
  torch::Tensor all = torch::zeros({ m_NumberOfProcesses, count }, torch::kLong);
  std::copy(numbers.begin(), numbers.end(), all.data_ptr<int64_t>() + m_Rank * count);
  this->Sum(all);
  std::vector<std::vector<int64_t>> lists;
  for (int64_t rank = 0; rank < m_NumberOfProcesses; ++rank)
  {
    const int64_t * list = all.data_ptr<int64_t>() + rank * count;
    lists.emplace_back(list, list + count);
  }
  return lists;
}

void
GradientReducer::Sum(torch::Tensor & tensor) const
{
  if (m_Group)
  {
    c10::intrusive_ptr<c10d::Work> work;
    this->SumAsync(tensor, work);
    work->wait();
  }
}

void
GradientReducer::Sum(std::vector<double> & values) const
{
  torch::Tensor tensor = torch::tensor(values, torch::kDouble);
  this->Sum(tensor);
  values.assign(tensor.data_ptr<double>(), tensor.data_ptr<double>() + values.size());
}
} // end namespace itk
