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

#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <vector>

using namespace itk::LatentSpaceSuperResolutionTest;

TEST(LatentSpaceSuperResolutionOrientations, TheAverageOverAllOrientationsTurnsWithTheImage)
{
  // The slices are not square, so that a rotated slice has another shape.
  const ImageType::SizeType size{ { 24, 16, 3 } };
  const auto                image = MakeStack<ImageType>(size);
  const auto                turned = MakeStack<ImageType>({ { size[1], size[0], size[2] } });
  const auto                last = static_cast<itk::IndexValueType>(size[1] - 1);
  for (itk::IndexValueType z = 0; z < 3; ++z)
  {
    ForEachPixel(image, [&](auto x, auto y) { turned->SetPixel({ { last - y, x, z } }, At(image, x, y, z)); });
  }
  for (const unsigned int orientations : { 4u, 8u })
  {
    const auto set = [orientations](FilterType * f) { f->SetNumberOfOrientations(orientations); };
    const auto one = Upsample(image, OutputModeEnum::Decoded, set);
    const auto other = Upsample(turned, OutputModeEnum::Decoded, set);
    ForEachPixel(image, [&](auto x, auto y) { ASSERT_NEAR(At(other, last - y, x, 1), At(one, x, y, 1), 1e-3); });
    // The average differs from a single orientation.
    const auto single = Upsample(image, OutputModeEnum::Decoded, [](FilterType *) {});
    double     difference = 0.0;
    ForEachPixel(
      image, [&](auto x, auto y) { difference += std::abs(double(At(single, x, y, 1)) - double(At(one, x, y, 1))); });
    EXPECT_GT(difference, 1e-3);
  }
}

TEST(LatentSpaceSuperResolutionOrientations, TheSpreadIsTheStandardDeviationOfTheOrientations)
{
  // The slices are not square. Turned images have the same window.
  const ImageType::SizeType       size{ { 24, 16, 3 } };
  const auto                      image = MakeStack<ImageType>(size);
  std::vector<ImageType::Pointer> turned{ image };
  for (unsigned int turns = 1; turns < 4; ++turns)
  {
    const auto & before = turned.back();
    const auto   sizeBefore = before->GetLargestPossibleRegion().GetSize();
    const auto   last = static_cast<itk::IndexValueType>(sizeBefore[1] - 1);
    auto         next = MakeStack<ImageType>({ { sizeBefore[1], sizeBefore[0], size[2] } });
    for (itk::IndexValueType z = 0; z < 3; ++z)
    {
      ForEachPixel(before, [&](auto x, auto y) { next->SetPixel({ { last - y, x, z } }, At(before, x, y, z)); });
    }
    turned.push_back(next);
  }
  std::vector<ImageType::Pointer> decoded;
  for (const auto & input : turned)
  {
    decoded.push_back(Upsample(input, OutputModeEnum::Decoded));
  }
  const auto filter = MakeFilter(image, OutputModeEnum::Decoded);
  EXPECT_EQ(filter->GetOrientationSpread(), nullptr);
  filter->SetNumberOfOrientations(4);
  filter->ComputeOrientationSpreadOn();
  filter->Update();
  const ImageType * const spread = filter->GetOrientationSpread();
  ASSERT_EQ(spread->GetBufferedRegion(), filter->GetOutput()->GetBufferedRegion());
  EXPECT_EQ(spread->GetSpacing(), filter->GetOutput()->GetSpacing());
  double largest = 0.0;
  ForEachPixel(image, [&](auto x, auto y) {
    const auto                 lastX = static_cast<itk::IndexValueType>(size[0]) - 1;
    const auto                 lastY = static_cast<itk::IndexValueType>(size[1]) - 1;
    const std::array<float, 4> values{ At(decoded[0], x, y, 1),
                                       At(decoded[1], lastY - y, x, 1),
                                       At(decoded[2], lastX - x, lastY - y, 1),
                                       At(decoded[3], y, lastX - x, 1) };
    const double               mean = (values[0] + values[1] + values[2] + values[3]) / 4.0;
    double                     squares = 0.0;
    for (const float value : values)
    {
      squares += (value - mean) * (value - mean);
    }
    ASSERT_NEAR(At(spread, x, y, 1), std::sqrt(squares / 3.0), 1e-2);
    largest = std::max(largest, static_cast<double>(At(spread, x, y, 1)));
  });
  EXPECT_GT(largest, 1.0);

  // The first output does not change, and without the spread there is one output.
  const auto mean = Upsample(image, OutputModeEnum::Decoded, [](FilterType * f) { f->SetNumberOfOrientations(4); });
  EXPECT_EQ(LargestDifference(mean.GetPointer(), filter->GetOutput()), 0.0);
  filter->ComputeOrientationSpreadOff();
  EXPECT_EQ(filter->GetNumberOfOutputs(), 1u);
  EXPECT_EQ(filter->GetOrientationSpread(), nullptr);
}

TEST(LatentSpaceSuperResolutionOrientations, TheSpreadIsZeroWhereTheNetworkIsNotUsed)
{
  const auto spreadOf = [](const ImageType * image, OutputModeEnum mode) {
    const auto filter = MakeFilter(image, mode);
    filter->SetNumberOfOrientations(8);
    filter->ComputeOrientationSpreadOn();
    filter->Update();
    const ImageType::Pointer spread = filter->GetOrientationSpread();
    spread->DisconnectPipeline();
    return spread;
  };
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto kept = spreadOf(image, OutputModeEnum::PreserveAcquired);
  double     between = 0.0;
  ForEachPixel(image, [&](auto x, auto y) {
    ASSERT_EQ(At(kept, x, y, 2), 0.0f);
    between = std::max(between, static_cast<double>(At(kept, x, y, 1)));
  });
  EXPECT_GT(between, 0.0);
  const auto constant = MakeStack<ImageType>({ { 16, 16, 3 } });
  constant->FillBuffer(7.0f);
  const auto none = spreadOf(constant, OutputModeEnum::Decoded);
  ForEachPixel(constant, [&](auto x, auto y) { ASSERT_EQ(At(none, x, y, 1), 0.0f); });
}

TEST(LatentSpaceSuperResolutionOrientations, ASpreadOverOneOrientationIsRefused)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto filter = MakeFilter(image, OutputModeEnum::Decoded);
  filter->ComputeOrientationSpreadOn();
  EXPECT_THROW(filter->Update(), itk::ExceptionObject);
}
