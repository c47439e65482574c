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

TEST(ImageQualityMetricsVariants, FramesArePooled)
{
  using Image4D = itk::Image<double, 4>;
  const Image4D::SizeType size{ { 23, 19, 17, 2 } };
  const auto              reference = MakeReference<Image4D>(size);
  const auto              test = MakeTest<Image4D>(size);
  auto                    calculator = MakeCalculator<Image4D>(reference, test, 200.0);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeSSIM3DOn();
  calculator->ComputeNMIOn();
  calculator->ComputeHFENOn();
  calculator->ComputeFourierCorrelationOn();
  calculator->Compute();
  double mean = 0.0;
  for (itk::IndexValueType t = 0; t < 2; ++t)
  {
    const auto frame = [t](const Image4D * image) {
      return MakeImage<Image3D>({ { 23, 19, 17 } }, [=](const auto & index) {
        return image->GetPixel({ { index[0], index[1], index[2], t } });
      });
    };
    auto calculator3D = MakeCalculator<Image3D>(frame(reference), frame(test), 200.0);
    SwitchEverythingOff(calculator3D.GetPointer());
    calculator3D->ComputeSSIM3DOn();
    calculator3D->Compute();
    mean += 0.5 * calculator3D->GetSSIM3D();
  }
  EXPECT_NEAR(calculator->GetSSIM3D(), mean, 1e-12);
  EXPECT_EQ(calculator->GetSliceHFEN().size(), 34u);
  EXPECT_EQ(calculator->GetFourierCorrelation().size(), 8u);
}

TEST(ImageQualityMetricsVariants, SpecialValuesAreAsDocumented)
{
  const Image2D::SizeType size{ { 70, 66 } };
  const auto              constant = MakeConstant<Image2D>(size, 5.0);
  const auto              pattern = MakeReference<Image2D>(size);
  const auto              measure = [](const Image2D * reference, const Image2D * test) {
    auto calculator = MakeCalculator<Image2D>(reference, test);
    calculator->ComputeWaveletVIFOn();
    calculator->ComputeHFENOn();
    calculator->ComputeNMIOn();
    calculator->Compute();
    return calculator;
  };
  EXPECT_EQ(measure(constant, constant)->GetWaveletVIF(), 1.0);
  EXPECT_EQ(measure(constant, constant)->GetHFEN(), 0.0);
  EXPECT_TRUE(std::isnan(measure(constant, constant)->GetNMI()));
  EXPECT_NEAR(measure(pattern, constant)->GetWaveletVIF(), 0.0, 1e-9);
  EXPECT_NEAR(measure(pattern, constant)->GetNMI(), 1.0, 1e-12);
  EXPECT_NEAR(measure(pattern, constant)->GetHFEN(), 1.0, 1e-9);
  EXPECT_TRUE(std::isnan(measure(pattern, constant)->GetPearsonCorrelation()));
}
