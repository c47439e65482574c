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

#include "itkShapeBasedLabelInterpolationTestHelpers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

using namespace itk::ShapeBasedLabelInterpolationTest;

// Shapes --------------------------------------------------------------------------------------------------------------

TEST(ShapeBasedLabelInterpolation, OfADiscThatGrowsHasALinearRadius)
{
  const auto image =
    MakeLabels(81, 2, [](int x, int y, int z) { return IsInDisc(x, y, 40.0, z == 0 ? 10.0 : 30.0) ? 1 : 0; });
  const auto output = Interpolate<ImageType>(image, 8);
  for (int z = 0; z <= 8; ++z)
  {
    const double radius = 10.0 + 20.0 * z / 8.0;
    EXPECT_NEAR(std::sqrt(static_cast<double>(CountLabel(output, z, 1)) / itk::Math::pi), radius, 0.35) << z;
    for (int y = 0; y < 81; ++y)
    {
      for (int x = 0; x < 81; ++x)
      {
        const double distance = std::hypot(x - 40.0, y - 40.0);
        if (std::abs(distance - radius) > 0.75)
        {
          EXPECT_EQ(output->GetPixel({ { x, y, z } }), distance < radius ? 1 : 0) << x << ", " << y << ", " << z;
        }
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, OfAnEdgeThatMovesIsLinear)
{
  const auto image = MakeLabels(30, 2, [](int x, int, int z) { return x < (z == 0 ? 10 : 20) ? 7 : -2; });
  const auto output = Interpolate<ImageType>(image, 5);
  for (int z = 0; z <= 5; ++z)
  {
    for (int x = 0; x < 30; ++x)
    {
      EXPECT_EQ(output->GetPixel({ { x, 3, z } }), x < 10 + 2 * z ? 7 : -2) << x << ", " << z;
    }
  }
}

TEST(ShapeBasedLabelInterpolation, OfASquareThatIsShiftedMovesIt)
{
  for (const int shift : { 6, 8 })
  {
    const auto image = MakeLabels(40, 2, [&](int x, int y, int z) {
      return x >= 5 + z * shift && x < 15 + z * shift && y >= 12 && y < 22 ? 3 : 0;
    });
    const auto output = Interpolate<ImageType>(image, 2);
    for (int y = 0; y < 40; ++y)
    {
      for (int x = 0; x < 40; ++x)
      {
        const bool isInside = x >= 5 + shift / 2 && x < 15 + shift / 2 && y >= 12 && y < 22;
        EXPECT_EQ(output->GetPixel({ { x, y, 1 } }), isInside ? 3 : 0) << shift << ": " << x << ", " << y;
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, MeasuresInMillimeters)
{
  // A vertical edge turns into a horizontal one. Half-way, the distances to both have the same magnitude.
  const auto image = MakeLabels(40, 2, [](int x, int y, int z) { return (z == 0 ? x : y) < 20 ? 1 : 0; });
  image->SetSpacing(itk::MakeVector(1.0, 2.5, 8.0));
  const auto output = Interpolate<ImageType>(image, 2);
  for (int y = 0; y < 40; ++y)
  {
    for (int x = 0; x < 40; ++x)
    {
      const double distance = (19.5 - x) + 2.5 * (19.5 - y);
      EXPECT_EQ(output->GetPixel({ { x, y, 1 } }), distance > 1e-9 ? 1 : 0) << x << ", " << y;
    }
  }
}

TEST(ShapeBasedLabelInterpolation, LeavesNoGapBetweenLabelsThatTouch)
{
  // Two labels side by side on a background, with an edge between them that moves.
  const auto image = MakeLabels(60, 3, [](int x, int y, int z) {
    return !IsInDisc(x, y, 30.0, 20.0 + 2.0 * z) ? 0 : x < 25 + 5 * z ? 1 : 2;
  });
  const auto output = Interpolate<ImageType>(image, 5);
  for (int z = 0; z <= 10; ++z)
  {
    for (int y = 20; y < 40; ++y)
    {
      for (int x = 15; x < 45; ++x)
      {
        EXPECT_EQ(output->GetPixel({ { x, y, z } }), x < 25 + z ? 1 : 2) << x << ", " << y << ", " << z;
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, GivesTiesToTheNearerSliceThenToTheSmallerLabel)
{
  for (const short inside : { 0, 9 })
  {
    const short outside = 5;
    // The edge moves by one pixel. In the middle, the pixel between lies on it.
    const auto one = MakeLabels(20, 2, [&](int x, int, int z) { return x < (z == 0 ? 10 : 11) ? inside : outside; });
    EXPECT_EQ(Interpolate<ImageType>(one, 2)->GetPixel({ { 10, 3, 1 } }), std::min(inside, outside));
    // The edge moves by two pixels. It crosses the center of the first one after a quarter of the way.
    const auto two = MakeLabels(20, 2, [&](int x, int, int z) { return x < (z == 0 ? 10 : 12) ? inside : outside; });
    const auto output = Interpolate<ImageType>(two, 4);
    EXPECT_EQ(output->GetPixel({ { 10, 3, 1 } }), outside);
    EXPECT_EQ(output->GetPixel({ { 11, 3, 3 } }), inside);
  }
}

// Parts ---------------------------------------------------------------------------------------------------------------

TEST(ShapeBasedLabelInterpolation, LetsAPartThatEndsShrinkToTheMiddle)
{
  for (const int last : { 0, 1 })
  {
    const auto image =
      MakeLabels(61, 2, [&](int x, int y, int z) { return z == last && IsInDisc(x, y, 30.0, 20.4) ? 4 : 0; });
    const auto output = Interpolate<ImageType>(image, 10);
    for (int step = 0; step <= 10; ++step)
    {
      const auto area = static_cast<double>(CountLabel(output, last == 0 ? step : 10 - step, 4));
      if (step < 5)
      {
        // The distance to the boundary is mixed with minus the radius.
        const double alpha = step / 10.0;
        EXPECT_NEAR(std::sqrt(area / itk::Math::pi), 20.4 * (1.0 - 2.0 * alpha) / (1.0 - alpha), 0.6) << step;
      }
      else if (step == 5)
      {
        EXPECT_GE(area, 1.0);
        EXPECT_LE(area, 4.0);
      }
      else
      {
        EXPECT_EQ(area, 0.0) << step;
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, LetsAHoleOfTheBackgroundEndLikeAnyOtherPart)
{
  const auto image = MakeLabels(
    41, 2, [](int x, int y, int z) { return IsInDisc(x, y, 20.0, 15.0) && (z == 1 || !IsInDisc(x, y, 20.0, 5.4)); });
  const auto output = Interpolate<ImageType>(image, 10);
  EXPECT_EQ(output->GetPixel({ { 20, 20, 4 } }), 0);
  EXPECT_EQ(output->GetPixel({ { 20, 16, 3 } }), 1);
  EXPECT_EQ(output->GetPixel({ { 20, 20, 6 } }), 1);
  for (int z = 1; z < 10; ++z)
  {
    EXPECT_EQ(CountLabel(output, z, 1) + CountLabel(output, z, 0), 41 * 41);
    EXPECT_GE(CountLabel(output, z, 1), CountLabel(output, z - 1, 1));
  }
}

TEST(ShapeBasedLabelInterpolation, MovesAThinObliqueStructure)
{
  for (const int width : { 1, 2, 3 })
  {
    const auto image = MakeLabels(50, 5, [&](int x, int y, int z) {
      return x >= 5 + 6 * z && x < 5 + 6 * z + width && y >= 30 - 4 * z && y < 30 - 4 * z + width ? 1 : 0;
    });
    const auto output = Interpolate<ImageType>(image, 2);
    for (int z = 0; z < 9; ++z)
    {
      EXPECT_EQ(CountLabel(output, z, 1), width * width);
      EXPECT_EQ(output->GetPixel({ { 5 + 3 * z, 30 - 2 * z, z } }), 1);
      EXPECT_EQ(output->GetPixel({ { 4 + 3 * z + width, 29 - 2 * z + width, z } }), 1);
    }
  }
}

TEST(ShapeBasedLabelInterpolation, KeepsAThinRingThatOverlapsNone)
{
  const auto image = MakeLabels(61, 2, [](int x, int y, int z) {
    const double radius = z == 0 ? 20.0 : 12.0;
    return IsInDisc(x, y, 30.0, radius + 1.0) && !IsInDisc(x, y, 30.0, radius - 1.0) ? 1 : 0;
  });
  const auto output = Interpolate<ImageType>(image, 4);
  for (int z = 0; z <= 4; ++z)
  {
    // The rings have nothing in common, so the nearer one is taken.
    const double radius = z <= 2 ? 20.0 : 12.0;
    for (int degrees = 0; degrees < 360; degrees += 5)
    {
      const double       angle = degrees * itk::Math::pi / 180.0;
      itk::SizeValueType count = 0;
      for (double r = 0.0; r < 29.0; r += 0.5)
      {
        const auto x = std::lround(30.0 + r * std::cos(angle));
        const auto y = std::lround(30.0 + r * std::sin(angle));
        if (output->GetPixel({ { x, y, z } }) == 1)
        {
          ++count;
          EXPECT_NEAR(std::hypot(x - 30.0, y - 30.0), radius, 1.5) << degrees << ", " << z;
        }
      }
      EXPECT_GT(count, 0u) << degrees << ", " << z;
    }
  }
}

TEST(ShapeBasedLabelInterpolation, DoesNotLoseThinStructuresThatNearestNeighborKeeps)
{
  // Single pixels in random places. None of the slices between has fewer of them than the sparser acquired slice, less
  // the ones that may hide each other.
  std::mt19937   random(11);
  std::set<long> places[2];
  for (int i = 0; i < 40; ++i)
  {
    places[i % 2].insert(static_cast<long>(random() % (64 * 64)));
  }
  const auto image = MakeLabels(64, 2, [&](int x, int y, int z) { return places[z].count(y * 64 + x) > 0 ? 1 : 0; });
  const auto output = Interpolate<ImageType>(image, 6);
  const auto least = std::min(CountLabel(output, 0, 1), CountLabel(output, 6, 1));
  for (int z = 1; z < 6; ++z)
  {
    EXPECT_GE(CountLabel(output, z, 1), least - 2) << z;
  }
}

TEST(ShapeBasedLabelInterpolation, ChangesALabelThatFollowsAnotherInTheMiddle)
{
  const auto image =
    MakeLabels(30, 2, [](int x, int y, int z) { return IsInDisc(x, y, 15.0, 9.0) ? (z == 0 ? 8 : 3) : 0; });
  const auto output = Interpolate<ImageType>(image, 6);
  for (int z = 0; z <= 6; ++z)
  {
    EXPECT_EQ(CountLabel(output, z, z < 3 ? 8 : 3), CountLabel(output, 0, 8)) << z;
  }
}

// Labels --------------------------------------------------------------------------------------------------------------

template <typename TLabel>
class ShapeBasedLabelInterpolationOfType : public testing::Test
{};

using LabelTypes = testing::Types<std::uint8_t,
                                  std::int8_t,
                                  std::uint16_t,
                                  std::int16_t,
                                  std::uint32_t,
                                  std::int32_t,
                                  std::uint64_t,
                                  std::int64_t>;
TYPED_TEST_SUITE(ShapeBasedLabelInterpolationOfType, LabelTypes);

TYPED_TEST(ShapeBasedLabelInterpolationOfType, CopiesAcquiredSlicesAndInventsNoLabel)
{
  using TypedImage = itk::Image<TypeParam, 3>;
  using Limits = std::numeric_limits<TypeParam>;
  const std::vector<TypeParam> labels{
    0, 1, 100, Limits::max(), Limits::min(), static_cast<TypeParam>(Limits::max() - 1)
  };
  for (unsigned int seed = 0; seed < 12; ++seed)
  {
    const auto image = MakeRandomLabels<TypedImage>({ { 17, 13, 4 } }, labels, seed);
    const int  factor = 2 + static_cast<int>(seed % 4);
    const auto output = Interpolate<TypedImage>(image, static_cast<unsigned int>(factor));
    for (int z = 0; z <= 3 * factor; ++z)
    {
      std::set<TypeParam> allowed;
      for (int y = 0; y < 13; ++y)
      {
        for (int x = 0; x < 17; ++x)
        {
          allowed.insert(image->GetPixel({ { x, y, z / factor } }));
          allowed.insert(image->GetPixel({ { x, y, (z + factor - 1) / factor } }));
        }
      }
      for (int y = 0; y < 13; ++y)
      {
        for (int x = 0; x < 17; ++x)
        {
          const TypeParam label = output->GetPixel({ { x, y, z } });
          EXPECT_EQ(allowed.count(label), 1u);
          if (z % factor == 0)
          {
            EXPECT_EQ(label, image->GetPixel({ { x, y, z / factor } }));
          }
        }
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, DependsOnlyOnTheOrderOfLabels)
{
  const auto  image = MakeRandomLabels<ImageType>({ { 24, 24, 4 } }, { 0, 1, 2, 3 }, 5);
  const auto  renamed = MakeRandomLabels<ImageType>({ { 24, 24, 4 } }, { -30000, -1, 7, 32000 }, 5);
  auto        expected = GetPixels<ImageType>(Interpolate<ImageType>(image, 3));
  const short names[] = { -30000, -1, 7, 32000 };
  for (auto & label : expected)
  {
    label = names[label];
  }
  EXPECT_EQ(GetPixels<ImageType>(Interpolate<ImageType>(renamed, 3)), expected);
}

TEST(ShapeBasedLabelInterpolation, OfManyLabelsIsThatOfEachPairOfSlices)
{
  std::vector<short> labels(300);
  for (size_t i = 0; i < labels.size(); ++i)
  {
    labels[i] = static_cast<short>(i);
  }
  const auto image = MakeRandomLabels<ImageType>({ { 32, 32, 5 } }, labels, 9);
  const auto output = Interpolate<ImageType>(image, 4);
  for (int gap = 0; gap < 4; ++gap)
  {
    const auto pair = MakeLabels(32, 2, [&](int x, int y, int z) { return image->GetPixel({ { x, y, gap + z } }); });
    pair->SetSpacing(image->GetSpacing());
    const auto between = Interpolate<ImageType>(pair, 4);
    for (int z = 0; z <= 4; ++z)
    {
      EXPECT_EQ(GetSlice(output, 4 * gap + z), GetSlice(between, z));
    }
  }
}
