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

TEST(ImageQualityMetricsVariants, FourierRingsSeparateWavesByFrequency)
{
  // Both images have the same wave of 10 periods along x. A wave of 20 periods has the opposite sign in the test image.
  const auto wave = [](double periods) {
    return [periods](const auto & index) { return std::cos(2.0 * itk::Math::pi * periods * index[0] / 64.0); };
  };
  const auto reference =
    MakeImage<Image2D>({ { 64, 64 } }, [&](const auto & i) { return 1.0 + wave(10.0)(i) + wave(20.0)(i); });
  const auto test =
    MakeImage<Image2D>({ { 64, 64 } }, [&](const auto & i) { return 1.0 + wave(10.0)(i) - 0.5 * wave(20.0)(i); });
  reference->SetSpacing(itk::MakeVector(0.5, 0.5));
  auto calculator = MakeCalculator<Image2D>(reference, test);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeFourierCorrelationOn();
  calculator->Compute();
  const auto correlation = calculator->GetFourierCorrelation();
  ASSERT_EQ(correlation.size(), 32u);
  EXPECT_NEAR(correlation[10], 1.0, 1e-10);
  EXPECT_NEAR(correlation[20], -1.0, 1e-10);
  EXPECT_DOUBLE_EQ(calculator->GetFourierFrequencies()[10], 10.0 / 32.0);
  calculator->UseImageSpacingOff();
  calculator->Compute();
  EXPECT_DOUBLE_EQ(calculator->GetFourierFrequencies()[10], 10.0 / 64.0);
}

TEST(ImageQualityMetricsVariants, FourierResolutionIsInterpolatedBetweenShells)
{
  // A random image, and one in which noise hides the frequencies above a third of the Nyquist frequency.
  auto calculator = MakeCalculator<Image2D>(MakeReference<Image2D>({ { 64, 64 } }), MakeTest<Image2D>({ { 64, 64 } }));
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeFourierCorrelationOn();
  calculator->Compute();
  const auto   correlation = calculator->GetFourierCorrelation();
  const double threshold = 0.95;
  size_t       shell = 0;
  while (shell < correlation.size() && !(correlation[shell] < threshold))
  {
    ++shell;
  }
  ASSERT_GT(shell, 0u);
  ASSERT_LT(shell, correlation.size());
  const double resolution = calculator->GetFourierResolution(threshold);
  EXPECT_LE(resolution, 1.0 / calculator->GetFourierFrequencies()[shell - 1]);
  EXPECT_GE(resolution, 1.0 / calculator->GetFourierFrequencies()[shell]);
}
