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

#include "itkStructuralSimilarity.h"

namespace
{
using namespace itk::ImageQualityMetricsTest;
namespace Metrics = itk::ImageQualityMetrics;
} // namespace

TEST(ImageQualityMetricsCalculator, MaskSelectsThePixelsOfErrorsAndOfTheSimilarityMap)
{
  const Image3D::SizeType size{ { 30, 25, 3 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  // In slice 1, no pixel is selected. In slice 2, only a pixel is selected at which the window does not fit.
  const auto mask = MakeImage<Calculator3D::MaskImageType>(size, [](const auto & index) {
    switch (index[2])
    {
      case 0:
        return (index[0] > 7 && index[1] < 15) ? 200.0 : 0.0;
      case 1:
        return 0.0;
      default:
        return (index[0] == 4 && index[1] == 12) ? 1.0 : 0.0;
    }
  });
  auto       calculator = MakeCalculator<Image3D>(reference, test);
  calculator->SetMaskImage(mask);
  calculator->ComputeVIFpOff();
  calculator->Compute();

  std::vector<double> map((size[0] - 10) * (size[1] - 10));
  Metrics::StructuralSimilarity(
    { reference->GetBufferPointer(), test->GetBufferPointer(), size[0], size[1] }, {}, nullptr, map.data());
  double similarity = 0.0;
  int    similarityCount = 0;
  double squaredErrors = 0.0;
  double absoluteErrors = 0.0;
  int    count = 0;
  for (itk::IndexValueType y = 0; y < 15; ++y)
  {
    for (itk::IndexValueType x = 8; x < 30; ++x)
    {
      const double difference = reference->GetPixel({ { x, y, 0 } }) - test->GetPixel({ { x, y, 0 } });
      squaredErrors += difference * difference;
      absoluteErrors += std::abs(difference);
      ++count;
      if (y >= 5 && x < 25)
      {
        similarity += map[(y - 5) * 20 + (x - 5)];
        ++similarityCount;
      }
    }
  }
  const double lastDifference = reference->GetPixel({ { 4, 12, 2 } }) - test->GetPixel({ { 4, 12, 2 } });
  const double lastSquare = lastDifference * lastDifference;

  EXPECT_NEAR(calculator->GetMSE(), (squaredErrors + lastSquare) / (count + 1), 1e-11);
  EXPECT_NEAR(calculator->GetMAE(), (absoluteErrors + std::abs(lastDifference)) / (count + 1), 1e-12);
  ExpectListsNear(calculator->GetSliceMSE(), { squaredErrors / count, notANumber, lastSquare }, 1e-11);
  ExpectListsNear(calculator->GetSliceSSIM(), { similarity / similarityCount, notANumber, notANumber }, 1e-13);
  EXPECT_NEAR(calculator->GetSSIM(), similarity / similarityCount, 1e-13);
  EXPECT_TRUE(std::isnan(calculator->GetSlicePSNR()[1]));
  EXPECT_NEAR(
    calculator->GetMeanSlicePSNR(), (calculator->GetSlicePSNR()[0] + calculator->GetSlicePSNR()[2]) / 2.0, 1e-12);
}

TEST(ImageQualityMetricsCalculator, MaskWeighsSlicesEquallyInTheMeanAndByPixelsInThePooledSSIM)
{
  const Image3D::SizeType size{ { 30, 25, 2 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeImage<Image3D>(
    size, [&](const auto & index) { return reference->GetPixel(index) * ((index[2] == 0) ? 1.0 : 0.5); });
  const auto mask = MakeImage<Calculator3D::MaskImageType>(
    size, [](const auto & index) { return (index[0] >= 10 && index[0] < (index[2] == 0 ? 13 : 11)) ? 1.0 : 0.0; });
  auto calculator = MakeCalculator<Image3D>(reference, test);
  calculator->SetMaskImage(mask);
  calculator->ComputeVIFpOff();
  calculator->Compute();
  const std::vector<double> slices = calculator->GetSliceSSIM();
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0], 1.0);
  EXPECT_LT(slices[1], 0.9);
  EXPECT_NEAR(calculator->GetSSIM(), (slices[0] + slices[1]) / 2.0, 1e-14);
  EXPECT_NEAR(calculator->GetPooledSSIM(), (3.0 * slices[0] + slices[1]) / 4.0, 1e-14);
}

TEST(ImageQualityMetricsCalculator, FullMaskChangesNothing)
{
  const Image3D::SizeType size{ { 45, 42, 2 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  auto                    plain = MakeCalculator<Image3D>(reference, test, std::nullopt);
  plain->Compute();
  auto masked = MakeCalculator<Image3D>(reference, test, std::nullopt);
  masked->SetMaskImage(MakeConstant<Calculator3D::MaskImageType>(size, 1.0));
  masked->Compute();
  EXPECT_EQ(masked->GetMSE(), plain->GetMSE());
  EXPECT_EQ(masked->GetSliceMSE(), plain->GetSliceMSE());
  ExpectListsNear(masked->GetSliceSSIM(), plain->GetSliceSSIM(), 1e-14);
  EXPECT_EQ(masked->GetSliceVIFp(), plain->GetSliceVIFp());
}

TEST(ImageQualityMetricsCalculator, RefusesAMaskThatSelectsNothing)
{
  const Image2D::SizeType size{ { 43, 42 } };
  auto                    calculator = MakeCalculator<Image2D>(MakeReference<Image2D>(size), MakeTest<Image2D>(size));
  calculator->SetMaskImage(MakeConstant<Calculator2D::MaskImageType>(size, 0.0));
  ExpectThrow([&] { calculator->Compute(); }, { "mask image selects no pixel", "0 of 1806" });
  calculator->SetMaskImage(
    MakeImage<Calculator2D::MaskImageType>(size, [](const auto & index) { return (index[0] < 5) ? 1.0 : 0.0; }));
  ExpectThrow([&] { calculator->Compute(); }, { "None of the 210 pixels", "SSIMRadius = 5" });
  calculator->ComputeSSIMOff();
  EXPECT_NO_THROW(calculator->Compute());
}
