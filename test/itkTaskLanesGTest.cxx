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

#include "itkTaskLanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace
{
using Functions = itk::TaskLanes::Functions;

/** Functions that do nothing. */
Functions
MakeFunctions()
{
  Functions functions;
  functions.run = [](size_t, unsigned int) {};
  functions.enter = [](const std::function<void()> & work) { work(); };
  functions.release = [](size_t) {};
  functions.progress = [](const std::vector<size_t> &) {};
  return functions;
}

/** Each task needs the one before it. */
std::vector<std::vector<size_t>>
MakeChain(size_t tasks)
{
  std::vector<std::vector<size_t>> prerequisites(tasks);
  for (size_t task = 1; task < tasks; ++task)
  {
    prerequisites[task] = { task - 1 };
  }
  return prerequisites;
}
} // namespace

TEST(TaskLanes, RunEveryTaskOnceAndReportItInTheCallingThread)
{
  std::vector<std::atomic<int>> runs(100);
  std::vector<size_t>           reported;
  const auto                    caller = std::this_thread::get_id();
  Functions                     functions = MakeFunctions();
  functions.run = [&](size_t task, unsigned int) { ++runs[task]; };
  functions.progress = [&](const std::vector<size_t> & tasks) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    reported.insert(reported.end(), tasks.begin(), tasks.end());
  };
  itk::TaskLanes(std::vector<std::vector<size_t>>(runs.size()), 8).Run(3, functions);
  for (const auto & count : runs)
  {
    EXPECT_EQ(count, 1);
  }
  std::sort(reported.begin(), reported.end());
  std::vector<size_t> all(runs.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(reported, all);
}

TEST(TaskLanes, BeginATaskAfterItsPrerequisites)
{
  size_t    last = 0;
  Functions functions = MakeFunctions();
  functions.run = [&](size_t task, unsigned int) {
    // Without the order this would be a data race.
    EXPECT_EQ(last, task);
    last = task + 1;
  };
  itk::TaskLanes(MakeChain(200), 8).Run(4, functions);
  EXPECT_EQ(last, 200u);
}

TEST(TaskLanes, DoNotWaitForASlowLaneUntilItIsFarBehind)
{
  // The first task ends when the others that may begin meanwhile have ended: all but the last.
  constexpr size_t   lookahead = 6;
  std::promise<void> othersAreDone;
  std::atomic<int>   others{ 0 };
  Functions          functions = MakeFunctions();
  functions.run = [&](size_t task, unsigned int) {
    if (task == 0)
    {
      EXPECT_EQ(othersAreDone.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
      EXPECT_EQ(others, 5);
    }
    else if (++others == 5)
    {
      othersAreDone.set_value();
    }
  };
  itk::TaskLanes(std::vector<std::vector<size_t>>(7), lookahead).Run(2, functions);
  EXPECT_EQ(others, 6);
}

TEST(TaskLanes, TellOnceThatEarlierTasksAreDone)
{
  std::vector<size_t> oldest;
  Functions           functions = MakeFunctions();
  functions.release = [&](size_t number) { oldest.push_back(number); };
  itk::TaskLanes(std::vector<std::vector<size_t>>(50), 4).Run(3, functions);
  EXPECT_TRUE(std::is_sorted(oldest.begin(), oldest.end()));
  ASSERT_FALSE(oldest.empty());
  EXPECT_EQ(oldest.back(), 50u);
}

TEST(TaskLanes, PassOnTheFirstExceptionAndBeginNoFurtherTask)
{
  for (const unsigned int lanes : { 1, 2, 4 })
  {
    for (const bool isOfProgress : { false, true })
    {
      std::atomic<int> runs{ 0 };
      Functions        functions = MakeFunctions();
      functions.run = [&](size_t task, unsigned int) {
        ++runs;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        if (task == 3 && !isOfProgress)
        {
          throw std::runtime_error("task 3");
        }
      };
      functions.progress = [&](const std::vector<size_t> &) {
        if (isOfProgress)
        {
          throw std::runtime_error("progress");
        }
      };
      EXPECT_THROW(itk::TaskLanes(MakeChain(1000), 8).Run(lanes, functions), std::runtime_error);
      EXPECT_LT(runs, 1000);
    }
  }
}

TEST(TaskLanes, EnterEveryLane)
{
  std::atomic<int> lanes{ 0 };
  Functions        functions = MakeFunctions();
  functions.enter = [&](const std::function<void()> & work) {
    ++lanes;
    work();
  };
  itk::TaskLanes({}, 8).Run(3, functions);
  EXPECT_EQ(lanes, 3);
}
