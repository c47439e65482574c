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
using Enums = itk::ImageQualityMetricsCalculatorEnums;
} // namespace

TEST(ImageQualityMetricsCalculator, ErrorsOfAKnownDifferenceHaveTheirClosedForm)
{
  // The first slice differs by 3, the second by -4, the third is identical.
  const Image3D::SizeType size{ { 12, 11, 3 } };
  const double            differences[] = { 3.0, -4.0, 0.0 };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test =
    MakeImage<Image3D>(size, [&](const auto & index) { return reference->GetPixel(index) + differences[index[2]]; });
  auto calculator = MakeCalculator<Image3D>(reference, test, 100.0);
  calculator->ComputeVIFpOff();
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetMSE(), 25.0 / 3.0);
  EXPECT_DOUBLE_EQ(calculator->GetRMSE(), 5.0 / std::sqrt(3.0));
  EXPECT_DOUBLE_EQ(calculator->GetMAE(), 7.0 / 3.0);
  EXPECT_DOUBLE_EQ(calculator->GetPSNR(), 10.0 * std::log10(10000.0 * 3.0 / 25.0));
  EXPECT_EQ(calculator->GetSliceMSE(), std::vector<double>({ 9.0, 16.0, 0.0 }));
  ExpectListsNear(
    calculator->GetSlicePSNR(), { 20.0 * std::log10(100.0 / 3.0), 20.0 * std::log10(25.0), infinity }, 1e-12);
  EXPECT_EQ(calculator->GetMeanSlicePSNR(), infinity);
}

TEST(ImageQualityMetricsCalculator, MeanOfSlicePSNRsIsNotThePSNROfTheVolume)
{
  const Image3D::SizeType size{ { 12, 11, 2 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeImage<Image3D>(
    size, [&](const auto & index) { return reference->GetPixel(index) + ((index[2] == 0) ? 1.0 : 10.0); });
  auto calculator = MakeCalculator<Image3D>(reference, test, 100.0);
  calculator->ComputeVIFpOff();
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetMeanSlicePSNR(), 30.0);
  EXPECT_DOUBLE_EQ(calculator->GetPSNR(), 10.0 * std::log10(10000.0 / 50.5));
}

TEST(ImageQualityMetricsVariants, ErrorsRelativeToTheReferenceHaveTheirClosedForm)
{
  // The pixels 3 and 4 are compared with 0 and 0: the errors are 3 and 4.
  const auto reference = MakeImage<Image2D>({ { 2, 1 } }, [](const auto & index) { return 3.0 + index[0]; });
  auto       calculator = MakeCalculator<Image2D>(reference, MakeConstant<Image2D>({ { 2, 1 } }, 0.0));
  SwitchEverythingOff(calculator.GetPointer());
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetNRMSE(), 1.0);
  EXPECT_TRUE(std::isnan(calculator->GetPearsonCorrelation()));
  calculator->SetNRMSENormalization(Enums::NRMSENormalization::MinimumMaximum);
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetNRMSE(), std::sqrt(12.5));
  calculator->SetNRMSENormalization(Enums::NRMSENormalization::Mean);
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetNRMSE(), std::sqrt(12.5) / 3.5);
}

TEST(ImageQualityMetricsVariants, PearsonsCoefficientOfALinearMapIsPlusOrMinusOne)
{
  const auto reference = MakeReference<Image2D>({ { 43, 41 } });
  for (const double slope : { 2.0, -0.5 })
  {
    const auto test =
      MakeImage<Image2D>({ { 43, 41 } }, [&](const auto & index) { return 1e6 + slope * reference->GetPixel(index); });
    auto calculator = MakeCalculator<Image2D>(reference, test);
    SwitchEverythingOff(calculator.GetPointer());
    calculator->Compute();
    EXPECT_NEAR(calculator->GetPearsonCorrelation(), slope > 0.0 ? 1.0 : -1.0, 1e-12);
  }
}
