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

#include <array>

namespace
{
using namespace itk::ImageQualityMetricsTest;
using Enums = itk::ImageQualityMetricsCalculatorEnums;
} // namespace

TEST(ImageQualityMetricsCalculator, ScalingImagesAndDataRangeTogetherChangesNothing)
{
  const Image2D::SizeType size{ { 48, 45 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto              test = MakeTest<Image2D>(size);
  auto                    original = MakeCalculator<Image2D>(reference, test);
  original->Compute();
  for (const double scale : { 1.0 / 255.0, 1e-6, 3000.0 })
  {
    const auto scaledReference =
      MakeImage<Image2D>(size, [&](const auto & index) { return scale * reference->GetPixel(index); });
    const auto scaledTest = MakeImage<Image2D>(size, [&](const auto & index) { return scale * test->GetPixel(index); });
    auto       scaled = MakeCalculator<Image2D>(scaledReference, scaledTest, scale * 255.0);
    scaled->Compute();
    EXPECT_NEAR(scaled->GetPSNR(), original->GetPSNR(), 1e-10) << scale;
    EXPECT_NEAR(scaled->GetSSIM(), original->GetSSIM(), similarityTolerance) << scale;
    EXPECT_NEAR(scaled->GetVIFp(), original->GetVIFp(), informationTolerance) << scale;
  }
}

TEST(ImageQualityMetricsCalculator, DataRangeDefaultsToTheRangeOfTheReference)
{
  const Image2D::SizeType size{ { 44, 43 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto              test =
    MakeImage<Image2D>(size, [&](const auto & index) { return 2.0 * reference->GetPixel(index) - 7.0; });
  auto automatic = MakeCalculator<Image2D>(reference, test, std::nullopt);
  automatic->Compute();
  EXPECT_EQ(automatic->GetDataRangeUsed(), 199.0);
  auto given = MakeCalculator<Image2D>(reference, test, 199.0);
  given->Compute();
  EXPECT_EQ(given->GetDataRangeUsed(), 199.0);
  EXPECT_EQ(automatic->GetPSNR(), given->GetPSNR());
  EXPECT_EQ(automatic->GetSSIM(), given->GetSSIM());
  EXPECT_EQ(automatic->GetVIFp(), given->GetVIFp());
}

TEST(ImageQualityMetricsCalculator, RefusesTheAutomaticDataRangeOfAConstantReference)
{
  const Image2D::SizeType size{ { 43, 42 } };
  auto                    calculator =
    MakeCalculator<Image2D>(MakeConstant<Image2D>(size, 12.5), MakeReference<Image2D>(size), std::nullopt);
  ExpectThrow([&] { calculator->Compute(); }, { "DataRange must be set", "12.5", "strictly positive" });
  calculator->SetDataRange(1.0);
  EXPECT_NO_THROW(calculator->Compute());
}

TEST(ImageQualityMetricsVariants, DataRangeIsTakenFromItsSource)
{
  using ByteImage = itk::Image<unsigned char, 2>;
  const auto reference = MakeImage<ByteImage>({ { 12, 12 } }, [](const auto & index) { return 20.0 + index[0]; });
  auto       calculator = MakeCalculator<ByteImage>(reference, reference, std::nullopt);
  calculator->ComputeVIFpOff();
  calculator->Compute();
  EXPECT_EQ(calculator->GetDataRangeUsed(), 11.0);
  calculator->SetDataRangeSource(Enums::DataRangeSource::ReferenceMaximum);
  calculator->Compute();
  EXPECT_EQ(calculator->GetDataRangeUsed(), 31.0);
  calculator->SetDataRangeSource(Enums::DataRangeSource::PixelType);
  calculator->Compute();
  EXPECT_EQ(calculator->GetDataRangeUsed(), 255.0);

  const auto real = MakeReference<Image2D>({ { 12, 12 } });
  auto       refusing = MakeCalculator<Image2D>(real, real, std::nullopt);
  refusing->ComputeVIFpOff();
  refusing->SetDataRangeSource(Enums::DataRangeSource::PixelType);
  ExpectThrow([&] { refusing->Compute(); }, { "DataRange must be set", "floating-point" });
}

TEST(ImageQualityMetricsVariants, VIFIsInvariantUnderScalingWithTheDataRange)
{
  const auto reference = MakeReference<Image2D>({ { 97, 83 } });
  const auto test = MakeTest<Image2D>({ { 97, 83 } });
  const auto measure = [&](double scale) {
    const auto scaled = [scale](const Image2D * image) {
      return MakeImage<Image2D>({ { 97, 83 } }, [=](const auto & index) { return scale * image->GetPixel(index); });
    };
    auto calculator = MakeCalculator<Image2D>(scaled(reference), scaled(test), 255.0 * scale);
    calculator->ComputeWaveletVIFOn();
    calculator->ComputeGMSDOn();
    calculator->ComputeHFENOn();
    calculator->ComputeNMIOn();
    calculator->Compute();
    return std::array<double, 4>{
      calculator->GetWaveletVIF(), calculator->GetGMSD(), calculator->GetHFEN(), calculator->GetNMI()
    };
  };
  const auto one = measure(1.0);
  const auto small = measure(1.0 / 4096.0);
  for (size_t i = 0; i < one.size(); ++i)
  {
    EXPECT_NEAR(small[i], one[i], 1e-9) << i;
  }
}

TEST(ImageQualityMetricsCalculator, SettingADataRangeSwitchesTheAutomaticDataRangeOff)
{
  const auto image = MakeReference<Image2D>({ { 12, 12 } });
  auto       calculator = MakeCalculator<Image2D>(image, image, std::nullopt);
  calculator->ComputeVIFpOff();
  calculator->AutomaticDataRangeOff();
  ExpectThrow([&] { calculator->Compute(); }, { "DataRange must be strictly positive and finite", "got 0" });
  calculator->SetDataRange(255.0);
  EXPECT_FALSE(calculator->GetAutomaticDataRange());
  calculator->Compute();
  EXPECT_EQ(calculator->GetDataRangeUsed(), 255.0);
  calculator->AutomaticDataRangeOn();
  EXPECT_EQ(calculator->GetDataRange(), 255.0);
  calculator->Compute();
  EXPECT_LT(calculator->GetDataRangeUsed(), 255.0);
  for (const double refused : { 0.0, -1.0, notANumber, infinity })
  {
    calculator->SetDataRange(refused);
    ExpectThrow([&] { calculator->Compute(); },
                { "DataRange must be strictly positive and finite", "AutomaticDataRange" });
  }
}
