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

#include "itkGradientAbsoluteError.h"

namespace
{
using namespace itk::ImageQualityMetricsTest;

/** A calculator that computes MAEG beside errors, and nothing else. */
template <typename TImage>
typename itk::ImageQualityMetricsCalculator<TImage>::Pointer
MakeGradientErrorCalculator(const TImage * reference, const TImage * test, std::optional<double> dataRange = 255.0)
{
  auto calculator = MakeCalculator<TImage>(reference, test, dataRange);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeGradientErrorOn();
  return calculator;
}

double
Measure(const Image2D * reference, const Image2D * test)
{
  const auto calculator = MakeGradientErrorCalculator<Image2D>(reference, test);
  calculator->Compute();
  return calculator->GetGradientError();
}

Image2D::Pointer
MakeRamp(const Image2D::SizeType & size, double alongX, double alongY)
{
  return MakeImage<Image2D>(size, [=](const auto & index) { return alongX * index[0] + alongY * index[1]; });
}
} // namespace

TEST(ImageQualityMetricsGradientError, RampsHaveTheDifferenceOfTheirSlopesUpToTheBorders)
{
  for (const Image2D::SizeType size : { Image2D::SizeType{ { 2, 2 } }, { { 2, 7 } }, { { 9, 2 } }, { { 30, 130 } } })
  {
    EXPECT_DOUBLE_EQ(Measure(MakeRamp(size, 3.0, 4.0), MakeRamp(size, 5.0, -12.0)), 8.0) << size;
    EXPECT_DOUBLE_EQ(Measure(MakeRamp(size, 0.0, 0.0), MakeRamp(size, 0.0, -2.5)), 2.5) << size;
  }
}

TEST(ImageQualityMetricsGradientError, AParabolaHasCentralDifferencesInsideAndOneSidedOnesAtTheBorders)
{
  // 1, then 2 x, then 2 w - 3: the sum over a row is w (w - 1).
  const Image2D::SizeType size{ { 11, 6 } };
  const auto parabola = MakeImage<Image2D>(size, [](const auto & index) { return double(index[0] * index[0]); });
  const auto flipped =
    MakeImage<Image2D>({ { 6, 11 } }, [](const auto & index) { return double(index[1] * index[1]); });
  EXPECT_DOUBLE_EQ(Measure(parabola, MakeConstant<Image2D>(size, 3.0)), 10.0);
  EXPECT_DOUBLE_EQ(Measure(flipped, MakeConstant<Image2D>({ { 6, 11 } }, 3.0)), 10.0);
}

TEST(ImageQualityMetricsGradientError, ASinglePixelIsSeenByItsFourNeighbors)
{
  const Image2D::SizeType size{ { 10, 8 } };
  const auto              constant = MakeConstant<Image2D>(size, 1.0);
  const auto              withPixel = [&](const Image2D::IndexType & place) {
    auto image = MakeConstant<Image2D>(size, 1.0);
    image->SetPixel(place, 7.0);
    return image;
  };
  EXPECT_DOUBLE_EQ(Measure(constant, withPixel({ { 4, 5 } })), 4 * 3.0 / 80);
  // In the corner: the pixel itself has both differences, its two neighbors have half of one.
  EXPECT_DOUBLE_EQ(Measure(constant, withPixel({ { 0, 0 } })), (6.0 * std::sqrt(2.0) + 2 * 3.0) / 80);
}

TEST(ImageQualityMetricsGradientError, BrightnessAndSignDoNotMatter)
{
  const Image2D::SizeType size{ { 43, 141 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto test = MakeImage<Image2D>(size, [&](const auto & index) { return 1000.0 - reference->GetPixel(index); });
  EXPECT_EQ(Measure(reference, reference), 0.0);
  EXPECT_EQ(Measure(reference, test), 0.0);
  EXPECT_EQ(Measure(reference, MakeTest<Image2D>(size)), Measure(MakeTest<Image2D>(size), reference));
}

TEST(ImageQualityMetricsGradientError, SlicesAreMeasuredInPlaneAndAveraged)
{
  // Slice s of the test image is steeper by s; what is between slices does not count.
  const Image3D::SizeType size{ { 5, 6, 7 } };
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    const unsigned int axisX = (axis == 0) ? 1 : 0;
    const auto         reference = MakeConstant<Image3D>(size, 0.0);
    const auto         test = MakeImage<Image3D>(
      size, [=](const auto & index) { return static_cast<double>(index[axis] * index[axisX] + 100 * index[axis]); });
    // Without a data range, slices are visited twice.
    const auto calculator = MakeGradientErrorCalculator<Image3D>(test, reference, std::nullopt);
    calculator->SetSliceAxis(axis);
    calculator->Compute();
    std::vector<double> expected;
    for (itk::SizeValueType s = 0; s < size[axis]; ++s)
    {
      expected.push_back(static_cast<double>(s));
    }
    ExpectListsNear(calculator->GetSliceGradientError(), expected, 1e-12);
    EXPECT_DOUBLE_EQ(calculator->GetGradientError(), (static_cast<double>(size[axis]) - 1.0) / 2.0);

    calculator->Modified();
    calculator->Compute();
    EXPECT_EQ(calculator->GetSliceGradientError().size(), size[axis]);
  }
}

TEST(ImageQualityMetricsGradientError, AMaskDoesNotMatter)
{
  const Image2D::SizeType size{ { 20, 21 } };
  const auto calculator = MakeGradientErrorCalculator<Image2D>(MakeReference<Image2D>(size), MakeTest<Image2D>(size));
  calculator->Compute();
  const double whole = calculator->GetGradientError();
  auto         mask = MakeConstant<Calculator2D::MaskImageType>(size, 0.0);
  mask->SetPixel({ { 3, 4 } }, 1);
  calculator->SetMaskImage(mask);
  calculator->Compute();
  EXPECT_EQ(calculator->GetGradientError(), whole);
}

TEST(ImageQualityMetricsGradientError, RefusesSlicesWithoutANeighbor)
{
  const Image2D::SizeType size{ { 1, 5 } };
  const auto calculator = MakeGradientErrorCalculator<Image2D>(MakeReference<Image2D>(size), MakeTest<Image2D>(size));
  ExpectThrow([&] { calculator->Compute(); }, { "GradientError", "at least 2 x 2", "1 x 5", "ComputeGradientError" });
  const std::vector<double> buffer(5, 1.0);
  ExpectThrow([&] { itk::ImageQualityMetrics::GradientAbsoluteError({ buffer.data(), buffer.data(), 5, 1 }); },
              { "MAEG", "2 x 2", "5 x 1" });
}

TEST(ImageQualityMetricsGradientError, IsRefusedUnlessItIsSwitchedOn)
{
  const auto image = MakeReference<Image2D>({ { 12, 12 } });
  const auto calculator = MakeGradientErrorCalculator<Image2D>(image, image);
  calculator->ComputeGradientErrorOff();
  calculator->Compute();
  ExpectThrow([&] { calculator->GetGradientError(); }, { "GradientError", "ComputeGradientError is off" });
  ExpectThrow([&] { calculator->GetSliceGradientError(); }, { "GradientError", "ComputeGradientError is off" });
}
