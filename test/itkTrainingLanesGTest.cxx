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
#include "itkLaneNormalization.h"
#include "itkTrainingLanes.h"

#include "itkWinogradConvolution.h"

#include <ATen/CPUGeneratorImpl.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

namespace
{
using itk::TrainingLanes;

std::vector<double>
AddFirst(const TrainingLanes::Contributions & contributions)
{
  double sum = 0.0;
  for (const auto & contribution : contributions)
  {
    sum += contribution.front();
  }
  return { sum };
}

torch::Tensor
MakeRandom(std::vector<int64_t> sizes, uint64_t seed)
{
  return torch::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed))
    .contiguous(sizes.size() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous);
}

double
LargestDifference(const torch::Tensor & x, const torch::Tensor & y)
{
  return (x - y).abs().max().item<double>();
}
} // namespace

TEST(TrainingLanes, RunTheFunctionOnceInEachLaneAndInTheSameThreadEveryTime)
{
  TrainingLanes                lanes(5, 2);
  std::vector<std::thread::id> first(5);
  std::vector<std::thread::id> second(5);
  lanes.Run([&](size_t lane) { first[lane] = std::this_thread::get_id(); });
  lanes.Run([&](size_t lane) { second[lane] = std::this_thread::get_id(); });
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::set<std::thread::id>(first.begin(), first.end()).size(), 5U);
}

TEST(TrainingLanes, ComputeNoMoreLanesAtATimeThanAllowed)
{
  TrainingLanes    lanes(8, 2);
  std::atomic<int> computing{ 0 };
  std::atomic<int> most{ 0 };
  const auto       compute = [&] {
    const int now = ++computing;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);)
    {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --computing;
  };
  lanes.Run([&](size_t lane) {
    for (int i = 0; i < 3; ++i)
    {
      compute();
      lanes.Defer(compute);
      lanes.Combine(lane, { 1.0 }, AddFirst);
    }
  });
  EXPECT_EQ(most, 2);
}

TEST(TrainingLanes, CombineContributionsInTheOrderOfTheLanes)
{
  TrainingLanes    lanes(7, 3);
  std::atomic<int> combinations{ 0 };
  lanes.Run([&](size_t lane) {
    for (int round = 0; round < 50; ++round)
    {
      const auto combined =
        lanes.Combine(lane, { static_cast<double>(lane), 1.0 * round }, [&](const auto & contributions) {
          ++combinations;
          std::vector<double> result;
          for (const auto & contribution : contributions)
          {
            result.insert(result.end(), contribution.begin(), contribution.end());
          }
          return result;
        });
      for (size_t other = 0; other < 7; ++other)
      {
        EXPECT_EQ(combined[2 * other], static_cast<double>(other));
        EXPECT_EQ(combined[2 * other + 1], round);
      }
    }
  });
  EXPECT_EQ(combinations, 50);
}

TEST(TrainingLanes, EndDeferredTasksBeforeRunReturns)
{
  TrainingLanes    lanes(3, 2);
  std::atomic<int> tasks{ 0 };
  lanes.Run([&](size_t) {
    for (int i = 0; i < 20; ++i)
    {
      lanes.Defer([&] {
        ++tasks;
        lanes.Defer([&] { ++tasks; });
      });
    }
  });
  EXPECT_EQ(tasks, 120);
}

TEST(TrainingLanes, VisitEveryIndexOnce)
{
  TrainingLanes                 lanes(4, 4);
  std::vector<std::atomic<int>> visits(1000);
  lanes.ForEach(visits.size(), [&](size_t index) { ++visits[index]; });
  for (const auto & count : visits)
  {
    EXPECT_EQ(count, 1);
  }
}

TEST(TrainingLanes, ThrowAnExceptionOfALaneAndReleaseTheLanesThatWaitForIt)
{
  TrainingLanes lanes(4, 2);
  for (int repetition = 0; repetition < 20; ++repetition)
  {
    try
    {
      lanes.Run([&](size_t lane) {
        if (lane == 2)
        {
          throw std::runtime_error("lane 2");
        }
        lanes.Combine(lane, { 1.0 }, AddFirst);
      });
      FAIL() << "no exception";
    }
    catch (const std::runtime_error & error)
    {
      EXPECT_STREQ(error.what(), "lane 2");
    }
    EXPECT_THROW(lanes.Run([&](size_t) { lanes.Defer([] { throw std::logic_error("task"); }); }), std::logic_error);
  }
  // The lanes can be used again.
  std::atomic<int> sum{ 0 };
  lanes.Run([&](size_t lane) { sum += static_cast<int>(lanes.Combine(lane, { 1.0 }, AddFirst).front()); });
  EXPECT_EQ(sum, 16);
}

TEST(LaneNormalization, GiveWhatLibTorchGivesForTheWholeBatch)
{
  constexpr int64_t          channels = 24;
  const std::vector<int64_t> firsts{ 0, 1, 3 };
  const torch::Tensor        x = 3.0 * MakeRandom({ 5, channels, 6, 10 }, 1) + 7.0;
  const torch::Tensor        upstream = MakeRandom({ 5, channels, 6, 10 }, 2);
  const auto                 makeNormalization = [&] {
    auto normalization = std::make_shared<torch::nn::BatchNorm2dImpl>(channels);
    normalization->weight.set_data(MakeRandom({ channels }, 3));
    normalization->bias.set_data(MakeRandom({ channels }, 4));
    return normalization;
  };
  auto          expected = makeNormalization();
  torch::Tensor whole = x.clone().requires_grad_();
  torch::Tensor expectedResult = expected->forward(whole);
  (expectedResult * upstream).sum().backward();

  TrainingLanes                                            lanes(firsts.size(), 2);
  std::vector<std::shared_ptr<torch::nn::BatchNorm2dImpl>> normalizations;
  std::vector<torch::Tensor>                               parts;
  std::vector<torch::Tensor>                               results(firsts.size());
  const auto end = [&](size_t lane) { return lane + 1 < firsts.size() ? firsts[lane + 1] : x.size(0); };
  for (size_t lane = 0; lane < firsts.size(); ++lane)
  {
    normalizations.push_back(makeNormalization());
    parts.push_back(x.slice(0, firsts[lane], end(lane)).clone().requires_grad_());
  }
  lanes.Run([&](size_t lane) {
    results[lane] = itk::LaneNormalization::Normalize(lanes, lane, *normalizations[lane], parts[lane]);
    (results[lane] * upstream.slice(0, firsts[lane], end(lane))).sum().backward();
  });

  torch::Tensor ofWeight = torch::zeros(channels);
  torch::Tensor ofBias = torch::zeros(channels);
  for (size_t lane = 0; lane < firsts.size(); ++lane)
  {
    EXPECT_LT(LargestDifference(results[lane], expectedResult.slice(0, firsts[lane], end(lane))), 1e-5);
    EXPECT_LT(LargestDifference(parts[lane].grad(), whole.grad().slice(0, firsts[lane], end(lane))), 1e-5);
    ofWeight += normalizations[lane]->weight.grad();
    ofBias += normalizations[lane]->bias.grad();
  }
  EXPECT_LT(LargestDifference(ofWeight, expected->weight.grad()), 1e-4);
  EXPECT_LT(LargestDifference(ofBias, expected->bias.grad()), 1e-4);
  EXPECT_LT(LargestDifference(normalizations[0]->running_mean, expected->running_mean), 1e-6);
  EXPECT_LT(LargestDifference(normalizations[0]->running_var, expected->running_var), 1e-5);
  EXPECT_EQ(normalizations[0]->num_batches_tracked.item<int64_t>(), 1);
  EXPECT_EQ(normalizations[1]->num_batches_tracked.item<int64_t>(), 0);
}

TEST(LaneNormalization, UseTheRunningStatisticsInEvaluationMode)
{
  TrainingLanes              lanes(2, 2);
  torch::nn::BatchNorm2dImpl normalization(8);
  normalization.running_mean.fill_(2.0);
  normalization.eval();
  const torch::Tensor x = MakeRandom({ 1, 8, 4, 4 }, 1);
  EXPECT_TRUE(
    torch::equal(itk::LaneNormalization::Normalize(lanes, 0, normalization, x), normalization.forward(x.clone())));
}

TEST(LaneGradients, AddUpToTheGradientsOfTheWholeBatchWithEqualBitsForAnyNumberOfThreads)
{
  constexpr size_t    count = 5;
  const torch::Tensor x = MakeRandom({ count, 16, 12, 12 }, 1);
  const auto          makeParameters = [] {
    return std::vector<torch::Tensor>{ MakeRandom({ 32, 16, 3, 3 }, 2).requires_grad_(),
                                       MakeRandom({ 32 }, 3).requires_grad_(),
                                       MakeRandom({ 32, 32, 3, 3 }, 4).requires_grad_(),
                                       MakeRandom({ 32 }, 5).requires_grad_(),
                                       MakeRandom({ 7 }, 6).requires_grad_() };
  };
  const auto computeLoss = [](const torch::Tensor & slices, const std::vector<torch::Tensor> & parameters) {
    using itk::AutoencoderConvolutions::Convolve;
    const torch::Tensor first = Convolve({ slices }, parameters[0], parameters[1], 0.01);
    return Convolve({ first }, parameters[2], parameters[3], 0.01).square().sum();
  };
  auto expected = makeParameters();
  computeLoss(x, expected).backward();

  std::vector<std::vector<torch::Tensor>> gradients;
  for (const unsigned int threads : { 1U, 2U, 3U, 7U })
  {
    TrainingLanes                           lanes(count, threads);
    const auto                              parameters = makeParameters();
    std::vector<std::vector<torch::Tensor>> ofLanes(count);
    for (auto & ofLane : ofLanes)
    {
      for (const torch::Tensor & parameter : parameters)
      {
        ofLane.push_back(torch::empty({ 0 }).requires_grad_());
        ofLane.back().set_data(parameter.detach());
      }
    }
    std::vector<std::atomic<int>> ready(parameters.size());
    itk::LaneGradients            sums(lanes, parameters, ofLanes, [&](size_t parameter) { ++ready[parameter]; });
    itk::PackedWeights            packed;
    sums.Begin();
    std::vector<torch::Tensor> losses(count);
    lanes.Run([&](size_t lane) {
      const itk::ConvolutionLaneScope scope(packed, sums.GetCollector(lane));
      losses[lane] = computeLoss(x.narrow(0, static_cast<int64_t>(lane), 1), ofLanes[lane]);
    });
    lanes.Run([&](size_t lane) {
      const itk::ConvolutionLaneScope scope(packed, sums.GetCollector(lane));
      losses[lane].backward();
    });
    sums.Finish();
    gradients.emplace_back();
    for (size_t i = 0; i < parameters.size(); ++i)
    {
      EXPECT_EQ(ready[i], 1);
      gradients.back().push_back(parameters[i].grad());
      EXPECT_EQ(parameters[i].grad().strides(), parameters[i].strides());
    }
  }
  for (size_t i = 0; i < 4; ++i)
  {
    const double largest = expected[i].grad().abs().max().item<double>();
    EXPECT_LT(LargestDifference(gradients[0][i], expected[i].grad()), 1e-5 * largest) << i;
    for (const auto & others : gradients)
    {
      EXPECT_TRUE(torch::equal(others[i], gradients[0][i])) << i;
    }
  }
  // A parameter that is not used has no gradient.
  EXPECT_EQ(gradients[0][4].abs().max().item<double>(), 0.0);
}
