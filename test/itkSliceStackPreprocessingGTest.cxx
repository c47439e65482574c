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

#include "itkSliceStackPreprocessing.h"

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

#include <limits>

using namespace itk::LatentSpaceSuperResolutionTest;
using itk::SliceStackPreprocessing;
using ImageType = itk::Image<float, 3>;

TEST(SliceStackPreprocessing, InterpolatesPercentilesLikeNumPy)
{
  std::vector<float> values{ 5, 1, 4, 2, 3 };
  EXPECT_DOUBLE_EQ(SliceStackPreprocessing::Percentile(values, 0), 1.0);
  EXPECT_DOUBLE_EQ(SliceStackPreprocessing::Percentile(values, 50), 3.0);
  EXPECT_DOUBLE_EQ(SliceStackPreprocessing::Percentile(values, 100), 5.0);
  // numpy.percentile([1, 2, 3, 4, 5], [1, 10, 99])
  EXPECT_NEAR(SliceStackPreprocessing::Percentile(values, 1), 1.04, 1e-12);
  EXPECT_NEAR(SliceStackPreprocessing::Percentile(values, 10), 1.4, 1e-12);
  EXPECT_NEAR(SliceStackPreprocessing::Percentile(values, 99), 4.96, 1e-12);
  std::vector<float> one{ 7 };
  EXPECT_DOUBLE_EQ(SliceStackPreprocessing::Percentile(one, 99), 7.0);
  std::vector<float> none;
  EXPECT_THROW(SliceStackPreprocessing::Percentile(none, 1), itk::ExceptionObject);
  EXPECT_THROW(SliceStackPreprocessing::Percentile(values, 101), itk::ExceptionObject);
}

TEST(SliceStackPreprocessing, TakesTheLargestSpacingAsTheSliceAxis)
{
  for (int axis = 0; axis < 3; ++axis)
  {
    const auto image = MakeStack<ImageType>({ { 4, 4, 4 } }, 5.0, axis);
    EXPECT_EQ(SliceStackPreprocessing::ResolveSliceAxis(image.GetPointer(), std::nullopt),
              static_cast<unsigned int>(axis));
  }
}

TEST(SliceStackPreprocessing, NamesBothAxesOfATie)
{
  auto       image = MakeStack<ImageType>({ { 4, 4, 4 } }, 1.0);
  const auto message = MessageOf([&] { SliceStackPreprocessing::ResolveSliceAxis(image.GetPointer(), std::nullopt); });
  EXPECT_NE(message.find("axes 0 and 1"), std::string::npos) << message;
  EXPECT_EQ(SliceStackPreprocessing::ResolveSliceAxis(image.GetPointer(), 1), 1u);
  EXPECT_THROW(SliceStackPreprocessing::ResolveSliceAxis(image.GetPointer(), 3), itk::ExceptionObject);
}

TEST(SliceStackPreprocessing, CopiesSliceBySliceAlongAnyAxis)
{
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    const auto image = MakeStack<ImageType>({ { 5, 6, 7 } }, 5.0, axis);
    auto       region = image->GetLargestPossibleRegion();
    region.SetIndex(axis, 1);
    region.SetSize(axis, 3);
    const auto buffer = SliceStackPreprocessing::CopySlices(image.GetPointer(), region, axis);
    const auto inPlane = SliceStackPreprocessing::GetInPlaneAxes(axis);
    size_t     place = 0;
    for (int slice = 1; slice < 4; ++slice)
    {
      for (unsigned int row = 0; row < region.GetSize(inPlane[1]); ++row)
      {
        for (unsigned int column = 0; column < region.GetSize(inPlane[0]); ++column)
        {
          ImageType::IndexType index;
          index[axis] = slice;
          index[inPlane[0]] = column;
          index[inPlane[1]] = row;
          ASSERT_EQ(buffer[place++], image->GetPixel(index));
        }
      }
    }
    EXPECT_EQ(place, buffer.size());
  }
}

TEST(SliceStackPreprocessing, NamesTheFirstPixelThatIsNotFinite)
{
  const auto image = MakeStack<ImageType>({ { 5, 6, 7 } });
  image->SetPixel({ { 2, 3, 4 } }, std::numeric_limits<float>::quiet_NaN());
  const auto message =
    MessageOf([&] { SliceStackPreprocessing::CopySlices(image.GetPointer(), image->GetLargestPossibleRegion(), 2); });
  EXPECT_NE(message.find("[2, 3, 4]"), std::string::npos) << message;
}
