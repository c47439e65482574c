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

#include "itkLaneGradients.h"

#include "itkWinogradConvolution.h"

#include <torch/csrc/autograd/function_hook.h>

#include <algorithm>
#include <utility>

namespace itk
{
namespace
{
/** Calls a function after the gradient of a parameter has been accumulated. */
class GradientHook : public torch::autograd::PostAccumulateGradHook
{
public:
  explicit GradientHook(std::function<void()> function)
    : m_Function(std::move(function))
  {}
  void
  operator()(const torch::autograd::Variable &) override
  {
    m_Function();
  }

private:
  std::function<void()> m_Function;
};

/** Number of chunks of a weight. More chunks can be computed at the same time. Each needs a sum of 36 numbers for each
 * pair of channels, so weights of many channels have fewer. */
size_t
ChooseNumberOfChunks(const torch::Tensor & weight, size_t lanes)
{
  constexpr int64_t elements = 256 * 1024;
  const int64_t     chunks = elements / (36 * weight.size(0) * weight.size(1));
  return std::min(static_cast<size_t>(std::max<int64_t>(chunks, 2)), lanes);
}
} // namespace

class LaneGradients::Collector : public WeightGradientCollector
{
public:
  Collector(LaneGradients & gradients, size_t lane)
    : m_Gradients(gradients)
    , m_Lane(lane)
  {}
  void
  Expect(const torch::Tensor & weight) override
  {
    m_Gradients.Expect(m_Lane, weight);
  }
  void
  Take(const torch::Tensor &                     weight,
       const AutoencoderConvolutions::Features & features,
       const torch::Tensor &                     gradient) override
  {
    m_Gradients.Take(m_Lane, weight, { features, gradient });
  }

private:
  LaneGradients & m_Gradients;
  size_t          m_Lane;
};

LaneGradients::LaneGradients(TrainingLanes &                 lanes,
                             const Parameters &              parameters,
                             const std::vector<Parameters> & ofLanes,
                             ReadyFunction                   ready)
  : m_Lanes(lanes)
  , m_Ready(std::move(ready))
{
  for (size_t lane = 0; lane < lanes.GetCount(); ++lane)
  {
    m_Collectors.push_back(std::make_unique<Collector>(*this, lane));
  }
  for (size_t number = 0; number < parameters.size(); ++number)
  {
    Sum sum;
    sum.parameter = parameters[number];
    sum.uses.resize(lanes.GetCount());
    for (const Parameters & ofLane : ofLanes)
    {
      sum.ofLanes.push_back(ofLane[number]);
      torch::autograd::impl::set_post_acc_grad_hooks(ofLane[number], std::make_unique<GradientHook>([this, number] {
                                                       bool isLast = false;
                                                       {
                                                         const std::lock_guard<std::mutex> lock(m_Mutex);
                                                         isLast = --m_Sums[number].missingLanes == 0;
                                                       }
                                                       if (isLast)
                                                       {
                                                         this->AddLanes(number);
                                                       }
                                                     }));
    }
    if (sum.parameter.dim() == 4)
    {
      const size_t chunks = ChooseNumberOfChunks(sum.parameter, lanes.GetCount());
      for (size_t chunk = 0; chunk < chunks; ++chunk)
      {
        sum.chunks.push_back({ lanes.GetCount() * chunk / chunks, lanes.GetCount() * (chunk + 1) / chunks, 0, {} });
      }
    }
    m_Numbers[sum.parameter.const_data_ptr()] = number;
    m_Sums.push_back(std::move(sum));
  }
}

LaneGradients::~LaneGradients()
{
  for (const Sum & sum : m_Sums)
  {
    for (const torch::Tensor & ofLane : sum.ofLanes)
    {
      torch::autograd::impl::set_post_acc_grad_hooks(ofLane, nullptr);
    }
  }
}

void
LaneGradients::Begin()
{
  for (Sum & sum : m_Sums)
  {
    sum.missingLanes = m_Lanes.GetCount();
    sum.missingChunks = 0;
    sum.isReady = false;
    for (Chunk & chunk : sum.chunks)
    {
      chunk.missing = 0;
    }
  }
}

WeightGradientCollector &
LaneGradients::GetCollector(size_t lane)
{
  return *m_Collectors[lane];
}

void
LaneGradients::Expect(size_t lane, const torch::Tensor & weight)
{
  const std::lock_guard<std::mutex> lock(m_Mutex);
  Sum &                             sum = m_Sums[m_Numbers.at(weight.const_data_ptr())];
  for (Chunk & chunk : sum.chunks)
  {
    if (lane >= chunk.firstLane && lane < chunk.endLane)
    {
      sum.missingChunks += chunk.missing++ == 0 ? 1 : 0;
    }
  }
}

void
LaneGradients::Take(size_t lane, const torch::Tensor & weight, Use use)
{
  const size_t number = m_Numbers.at(weight.const_data_ptr());
  Sum &        sum = m_Sums[number];
  const auto   chunk = std::find_if(
    sum.chunks.begin(), sum.chunks.end(), [lane](const Chunk & candidate) { return lane < candidate.endLane; });
  {
    const std::lock_guard<std::mutex> lock(m_Mutex);
    sum.uses[lane].push_back(std::move(use));
    if (--chunk->missing > 0)
    {
      return;
    }
  }
  m_Lanes.Defer([this, number, &chunk = *chunk] { this->Accumulate(number, chunk); });
}

void
LaneGradients::Accumulate(size_t parameter, Chunk & chunk)
{
  const torch::NoGradGuard noGradient;
  Sum &                    sum = m_Sums[parameter];
  chunk.sum = WinogradConvolution::MakeWeightGradientSum(sum.parameter.size(1), sum.parameter.size(0));
  for (size_t lane = chunk.firstLane; lane < chunk.endLane; ++lane)
  {
    for (const Use & use : sum.uses[lane])
    {
      WinogradConvolution::AddToWeightGradientSum(use.features, use.gradient, chunk.sum);
    }
    sum.uses[lane].clear();
  }
  {
    const std::lock_guard<std::mutex> lock(m_Mutex);
    if (--sum.missingChunks > 0)
    {
      return;
    }
  }
  torch::Tensor total;
  for (Chunk & part : sum.chunks)
  {
    if (part.sum.defined())
    {
      total = total.defined() ? total.add_(part.sum) : part.sum;
      part.sum.reset();
    }
  }
  this->SetGradient(parameter, WinogradConvolution::FinishWeightGradient(total, sum.parameter.size(0)));
}

void
LaneGradients::AddLanes(size_t parameter)
{
  const torch::NoGradGuard noGradient;
  Sum &                    sum = m_Sums[parameter];
  torch::Tensor            total;
  for (const torch::Tensor & ofLane : sum.ofLanes)
  {
    if (ofLane.grad().defined())
    {
      total = total.defined() ? total.add_(ofLane.grad()) : ofLane.grad().clone();
      ofLane.mutable_grad().reset();
    }
  }
  // LibTorch also calls the hooks of gradients that were left to the collectors.
  if (total.defined())
  {
    this->SetGradient(parameter, total);
  }
}

void
LaneGradients::SetGradient(size_t parameter, const torch::Tensor & gradient)
{
  Sum & sum = m_Sums[parameter];
  // The optimizer needs gradients in the memory format of the parameters.
  sum.parameter.mutable_grad() = gradient.strides() == sum.parameter.strides()
                                   ? gradient
                                   : torch::empty_like(sum.parameter, torch::MemoryFormat::Preserve).copy_(gradient);
  sum.isReady = true;
  m_Ready(parameter);
}

void
LaneGradients::Finish()
{
  const torch::NoGradGuard noGradient;
  for (size_t number = 0; number < m_Sums.size(); ++number)
  {
    if (!m_Sums[number].isReady)
    {
      this->AddLanes(number);
    }
    if (!m_Sums[number].isReady)
    {
      this->SetGradient(number, torch::zeros_like(m_Sums[number].parameter));
    }
  }
}
} // end namespace itk
