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

#include "itkImageQualityMetricsTestHelpers.h"

namespace
{
using namespace itk::ImageQualityMetricsTest;
} // namespace

TEST(ImageQualityMetricsCalculator, VIFpOfConstantImagesIsAsDocumented)
{
  const Image2D::SizeType size{ { 50, 41 } };
  const auto              textured = MakeReference<Image2D>(size);
  // 0.1 and 1000.3 are not exact in binary. Rounding errors must not count as information.
  for (const double value : { 0.0, 100.0, 0.1, 1000.3, -1e6 })
  {
    const auto constant = MakeConstant<Image2D>(size, value);
    const auto otherConstant = MakeConstant<Image2D>(size, value + 50.0);
    const auto vifp = [](const Image2D * reference, const Image2D * test) {
      auto calculator = MakeCalculator<Image2D>(reference, test);
      calculator->ComputeSSIMOff();
      calculator->Compute();
      return calculator->GetVIFp();
    };
    EXPECT_EQ(vifp(constant, MakeConstant<Image2D>(size, value)), 1.0) << value;
    EXPECT_TRUE(std::isnan(vifp(constant, otherConstant))) << value;
    EXPECT_TRUE(std::isnan(vifp(constant, textured))) << value;
    EXPECT_EQ(vifp(textured, constant), 0.0) << value;
  }
}

TEST(ImageQualityMetricsCalculator, UndefinedSlicesAreLeftOutOfTheMeanVIFp)
{
  const Image3D::SizeType size{ { 45, 41, 2 } };
  const auto              reference = MakeImage<Image3D>(
    size, [](const auto & index) { return (index[2] == 0) ? 7.0 : ReferencePattern(index[0], index[1]); });
  const auto test = MakeImage<Image3D>(size, [](const auto & index) { return TestPattern(index[0], index[1]); });
  auto       calculator = MakeCalculator<Image3D>(reference, test);
  calculator->Compute();
  const std::vector<double> slices = calculator->GetSliceVIFp();
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_TRUE(std::isnan(slices[0]));
  EXPECT_EQ(calculator->GetVIFp(), slices[1]);
}

TEST(ImageQualityMetricsCalculator, SSIMIsSymmetricAndVIFpIsNot)
{
  const Image2D::SizeType size{ { 45, 52 } };
  const auto              a = MakeReference<Image2D>(size);
  const auto              b = MakeTest<Image2D>(size);
  auto                    forward = MakeCalculator<Image2D>(a, b);
  auto                    backward = MakeCalculator<Image2D>(b, a);
  forward->Compute();
  backward->Compute();
  EXPECT_NEAR(forward->GetSSIM(), backward->GetSSIM(), 1e-13);
  EXPECT_GT(std::abs(forward->GetVIFp() - backward->GetVIFp()), 0.01);
}

TEST(ImageQualityMetricsCalculator, VIFpRewardsContrastAndRejectsInversion)
{
  const Image2D::SizeType size{ { 64, 64 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto enhanced = MakeImage<Image2D>(size, [&](const auto & index) { return 1.5 * reference->GetPixel(index); });
  const auto inverted =
    MakeImage<Image2D>(size, [&](const auto & index) { return 255.0 - reference->GetPixel(index); });
  auto calculator = MakeCalculator<Image2D>(reference, enhanced);
  calculator->Compute();
  EXPECT_GT(calculator->GetVIFp(), 1.05);
  calculator->SetTestImage(inverted);
  calculator->Compute();
  EXPECT_EQ(calculator->GetVIFp(), 0.0);
}
