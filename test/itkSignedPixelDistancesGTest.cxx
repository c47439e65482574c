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

#include "itkSignedPixelDistances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace
{
/** The distance from the center of a pixel to the nearest rectangle of a pixel on the other side, by trying all. */
double
FindDistance(const std::vector<unsigned char> & isInside, int columns, int pixel, const double (&spacing)[2])
{
  double nearest = std::numeric_limits<double>::infinity();
  for (int other = 0; other < static_cast<int>(isInside.size()); ++other)
  {
    if ((isInside[other] != 0) != (isInside[pixel] != 0))
    {
      const double x = std::max(0.0, std::abs(other % columns - pixel % columns) - 0.5) * spacing[0];
      const double y = std::max(0.0, std::abs(other / columns - pixel / columns) - 0.5) * spacing[1];
      nearest = std::min(nearest, std::hypot(x, y));
    }
  }
  return isInside[pixel] ? nearest : -nearest;
}
} // namespace

TEST(SignedPixelDistances, AreThoseOfAnExhaustiveSearch)
{
  std::mt19937 random(3);
  for (int repetition = 0; repetition < 300; ++repetition)
  {
    const int                  columns = 1 + static_cast<int>(random() % 17);
    const int                  rows = 1 + static_cast<int>(random() % 13);
    const double               spacing[] = { 0.3 + 0.1 * (random() % 20), 0.3 + 0.1 * (random() % 20) };
    const unsigned int         share = 1 + random() % 12;
    std::vector<unsigned char> isInside(static_cast<size_t>(columns * rows));
    for (auto & value : isInside)
    {
      value = random() % share == 0 ? 1 : 0;
    }
    const auto distances =
      itk::LabelSlices::ComputeSignedPixelDistances(isInside, static_cast<itk::SizeValueType>(columns), spacing);
    ASSERT_EQ(distances.size(), isInside.size());
    for (int i = 0; i < columns * rows; ++i)
    {
      const auto expected = static_cast<float>(FindDistance(isInside, columns, i, spacing));
      EXPECT_FLOAT_EQ(distances[static_cast<size_t>(i)], expected) << columns << " x " << rows << ", pixel " << i;
    }
  }
}

TEST(SignedPixelDistances, OfAShapeAndItsComplementDifferInTheSign)
{
  std::vector<unsigned char> shape(20 * 20);
  for (size_t i = 0; i < shape.size(); ++i)
  {
    shape[i] = std::hypot(i % 20 - 9.0, i / 20 - 11.0) < 6.0 ? 1 : 0;
  }
  std::vector<unsigned char> complement(shape.size());
  for (size_t i = 0; i < shape.size(); ++i)
  {
    complement[i] = 1 - shape[i];
  }
  const auto a = itk::LabelSlices::ComputeSignedPixelDistances(shape, 20, { 1.0, 1.5 });
  const auto b = itk::LabelSlices::ComputeSignedPixelDistances(complement, 20, { 1.0, 1.5 });
  for (size_t i = 0; i < shape.size(); ++i)
  {
    EXPECT_EQ(a[i], -b[i]);
  }
}

TEST(SignedPixelDistances, WithoutABoundaryAreInfinite)
{
  const auto inside = itk::LabelSlices::ComputeSignedPixelDistances(std::vector<unsigned char>(6, 1), 3, { 1.0, 1.0 });
  const auto outside = itk::LabelSlices::ComputeSignedPixelDistances(std::vector<unsigned char>(6, 0), 3, { 1.0, 1.0 });
  for (size_t i = 0; i < 6; ++i)
  {
    EXPECT_EQ(inside[i], std::numeric_limits<float>::infinity());
    EXPECT_EQ(outside[i], -std::numeric_limits<float>::infinity());
  }
}
