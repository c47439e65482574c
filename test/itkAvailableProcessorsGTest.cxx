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

#include "itkAvailableProcessors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

using itk::AvailableProcessors;

TEST(AvailableProcessors, ReadTheLimitOfAControlGroup)
{
  EXPECT_EQ(AvailableProcessors::ParseLimit("200000 100000"), 2u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("150000 100000"), 2u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("1000 100000"), 1u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("max 100000"), 0u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("-1 100000"), 0u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("100000 0"), 0u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("100000"), 0u);
  EXPECT_EQ(AvailableProcessors::ParseLimit(""), 0u);
  EXPECT_EQ(AvailableProcessors::ParseLimit("1e300 1"), 1000000u);
}

TEST(AvailableProcessors, AreAtLeastOneAndAtMostThoseOfTheMachine)
{
  EXPECT_GE(AvailableProcessors::Count(), 1u);
  EXPECT_LE(AvailableProcessors::Count(), std::max(std::thread::hardware_concurrency(), 1u));
}

TEST(AvailableProcessors, KeepANumberThatSomeoneHasSet)
{
  EXPECT_EQ(AvailableProcessors::LimitDefault(1000), 1000u);
  EXPECT_EQ(AvailableProcessors::LimitDefault(std::thread::hardware_concurrency()), AvailableProcessors::Count());
}
