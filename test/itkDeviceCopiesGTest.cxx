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

#include "itkDeviceCopies.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace
{
const c10::Device first("cuda:0");
const c10::Device second("cuda:1");
} // namespace

TEST(DeviceCopies, MakesOneCopyForEachDevice)
{
  itk::DeviceCopies<int> copies;
  int                    made = 0;
  const auto             make = [&made] { return std::make_shared<int>(++made); };
  EXPECT_EQ(*copies.Get(first, make), 1);
  EXPECT_EQ(*copies.Get(second, make), 2);
  EXPECT_EQ(*copies.Get(first, make), 1);
  // The device "meta" never has an index.
  EXPECT_EQ(*copies.Get(c10::Device("meta"), make), 3);
  EXPECT_EQ(*copies.Get(c10::Device("meta"), make), 3);
}

TEST(DeviceCopies, MakesOneCopyForSeveralThreads)
{
  itk::DeviceCopies<int>                         copies;
  std::atomic<int>                               made{ 0 };
  std::vector<std::future<std::shared_ptr<int>>> futures;
  for (unsigned int thread = 0; thread < 8; ++thread)
  {
    futures.push_back(std::async(std::launch::async,
                                 [&] { return copies.Get(first, [&made] { return std::make_shared<int>(++made); }); }));
  }
  for (auto & future : futures)
  {
    EXPECT_EQ(*future.get(), 1);
  }
}

TEST(DeviceCopies, TriesAgainAfterAFailure)
{
  itk::DeviceCopies<int> copies;
  EXPECT_THROW(copies.Get(first, []() -> std::shared_ptr<int> { throw std::runtime_error("no memory"); }),
               std::runtime_error);
  EXPECT_EQ(*copies.Get(first, [] { return std::make_shared<int>(5); }), 5);
}
