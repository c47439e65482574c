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

#include "itkGaussianWindow.h"
#include "itkStructuralSimilarity.h"

namespace
{
using namespace itk::ImageQualityMetricsTest;
namespace Metrics = itk::ImageQualityMetrics;

// Structural similarity with a 2D window, directly from its definition.
double
NaiveSSIM(const Image2D * reference, const Image2D * test, double dataRange, double sigma, int radius)
{
  const auto   size = reference->GetBufferedRegion().GetSize();
  const double c1 = std::pow(0.01 * dataRange, 2);
  const double c2 = std::pow(0.03 * dataRange, 2);
  double       sum = 0.0;
  int          count = 0;
  for (int cy = radius; cy + radius < static_cast<int>(size[1]); ++cy)
  {
    for (int cx = radius; cx + radius < static_cast<int>(size[0]); ++cx)
    {
      const auto average = [&](const std::function<double(double, double)> & term) {
        double weights = 0.0;
        double weighted = 0.0;
        for (int dy = -radius; dy <= radius; ++dy)
        {
          for (int dx = -radius; dx <= radius; ++dx)
          {
            const double        weight = std::exp(-(dx * dx + dy * dy) / (2.0 * sigma * sigma));
            const itk::Index<2> index{ { cx + dx, cy + dy } };
            weights += weight;
            weighted += weight * term(reference->GetPixel(index), test->GetPixel(index));
          }
        }
        return weighted / weights;
      };
      const double m1 = average([](double a, double) { return a; });
      const double m2 = average([](double, double b) { return b; });
      const double v1 = average([m1](double a, double) { return (a - m1) * (a - m1); });
      const double v2 = average([m2](double, double b) { return (b - m2) * (b - m2); });
      const double cov = average([m1, m2](double a, double b) { return (a - m1) * (b - m2); });
      sum += (2 * m1 * m2 + c1) * (2 * cov + c2) / ((m1 * m1 + m2 * m2 + c1) * (v1 + v2 + c2));
      ++count;
    }
  }
  return sum / count;
}

/** Structural similarity with a 3D window at one voxel, directly from its definition. */
double
NaiveSSIM3D(const Image3D * reference, const Image3D * test, const itk::Index<3> & center, double dataRange, int radius)
{
  const double c1 = std::pow(0.01 * dataRange, 2);
  const double c2 = std::pow(0.03 * dataRange, 2);
  const auto   average = [&](const std::function<double(double, double)> & term) {
    double weights = 0.0;
    double sum = 0.0;
    for (int z = -radius; z <= radius; ++z)
    {
      for (int y = -radius; y <= radius; ++y)
      {
        for (int x = -radius; x <= radius; ++x)
        {
          const double        weight = std::exp(-(x * x + y * y + z * z) / (2.0 * 1.5 * 1.5));
          const itk::Index<3> index{ { center[0] + x, center[1] + y, center[2] + z } };
          weights += weight;
          sum += weight * term(reference->GetPixel(index), test->GetPixel(index));
        }
      }
    }
    return sum / weights;
  };
  const double m1 = average([](double a, double) { return a; });
  const double m2 = average([](double, double b) { return b; });
  const double v1 = average([m1](double a, double) { return (a - m1) * (a - m1); });
  const double v2 = average([m2](double, double b) { return (b - m2) * (b - m2); });
  const double covariance = average([m1, m2](double a, double b) { return (a - m1) * (b - m2); });
  return (2 * m1 * m2 + c1) * (2 * covariance + c2) / ((m1 * m1 + m2 * m2 + c1) * (v1 + v2 + c2));
}
} // namespace

TEST(ImageQualityMetricsCalculator, ConstantImagesHaveTheLuminanceTermAsSimilarity)
{
  const Image2D::SizeType size{ { 50, 41 } };
  const auto              reference = MakeConstant<Image2D>(size, 100.0);
  const auto              test = MakeConstant<Image2D>(size, 150.0);
  auto                    calculator = MakeCalculator<Image2D>(reference, test);
  calculator->Compute();
  const double c1 = 2.55 * 2.55;
  EXPECT_NEAR(calculator->GetSSIM(), (2.0 * 15000.0 + c1) / (10000.0 + 22500.0 + c1), 1e-14);
  // The reference values have the closed form. scikit-image 0.26 gives 0.9230923105307928.
  EXPECT_NEAR(calculator->GetSSIM(), 0.923092310530793, similarityTolerance);
}

TEST(ImageQualityMetricsCalculator, AgreesWithTheDefinitionOfSSIMForAnyWindow)
{
  const Image2D::SizeType size{ { 23, 17 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto              test = MakeTest<Image2D>(size);
  auto                    calculator = MakeCalculator<Image2D>(reference, test, 200.0);
  calculator->ComputeVIFpOff();
  for (const unsigned int radius : { 1u, 2u, 3u, 5u, 8u })
  {
    for (const double sigma : { 0.5, 1.5, 20.0 })
    {
      calculator->SetSSIMRadius(radius);
      calculator->SetGaussianSigma(sigma);
      calculator->Compute();
      EXPECT_NEAR(
        calculator->GetSSIM(), NaiveSSIM(reference, test, 200.0, sigma, static_cast<int>(radius)), similarityTolerance)
        << "radius " << radius << ", sigma " << sigma;
    }
  }
}

TEST(ImageQualityMetricsCalculator, ALargeOffsetDoesNotCostPrecision)
{
  // Central local moments do not depend on an offset. An offset that is a power of two keeps the pixels exact.
  const Image2D::SizeType size{ { 48, 45 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto              test = MakeTest<Image2D>(size);
  const double            offset = 16777216.0;
  const auto              shiftedReference =
    MakeImage<Image2D>(size, [&](const auto & index) { return offset + reference->GetPixel(index); });
  const auto shiftedTest = MakeImage<Image2D>(size, [&](const auto & index) { return offset + test->GetPixel(index); });
  auto       original = MakeCalculator<Image2D>(reference, test);
  auto       shifted = MakeCalculator<Image2D>(shiftedReference, shiftedTest);
  original->Compute();
  shifted->Compute();
  EXPECT_EQ(shifted->GetMSE(), original->GetMSE());
  EXPECT_NEAR(shifted->GetVIFp(), original->GetVIFp(), informationTolerance);

  // The luminance term of the shifted images is 1, so only contrast and structure matter.
  std::vector<double> map((size[0] - 10) * (size[1] - 10));
  Metrics::StructuralSimilarity(
    { shiftedReference->GetBufferPointer(), shiftedTest->GetBufferPointer(), size[0], size[1] },
    {},
    nullptr,
    map.data());
  const double expected = NaiveSSIM(shiftedReference, shiftedTest, 255.0, 1.5, 5);
  EXPECT_NEAR(shifted->GetSSIM(), expected, 1e-7); // The plain definition itself is that inaccurate.
  double sum = 0.0;
  for (const double value : map)
  {
    sum += value;
  }
  EXPECT_NEAR(sum / static_cast<double>(map.size()), shifted->GetSSIM(), 1e-13);
}

TEST(ImageQualityMetrics, GaussianWindowIsSampledAndNormalized)
{
  const std::vector<double> window = Metrics::GaussianWindow(1.5, 5);
  ASSERT_EQ(window.size(), 11u);
  // exp(-x^2 / 4.5), normalized, by NumPy 2.4.6.
  EXPECT_NEAR(window[5], 0.26601172486179436, 1e-16);
  EXPECT_NEAR(window[0], 0.00102838008447911, 1e-17);
  EXPECT_EQ(window[0], window[10]);
  EXPECT_EQ(Metrics::GaussianWindow(1e-300, 2), std::vector<double>({ 0.0, 0.0, 1.0, 0.0, 0.0 }));
  ExpectThrow([] { Metrics::GaussianWindow(-1.5, 5); }, { "strictly positive", "-1.5" });
}

TEST(ImageQualityMetricsVariants, SSIM3DAgreesWithItsDefinition)
{
  const auto reference = MakeVolume(false);
  const auto test = MakeVolume(true);
  auto       calculator = MakeCalculator<Image3D>(reference, test, 200.0);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeSSIM3DOn();
  calculator->Compute();
  double sum = 0.0;
  int    count = 0;
  for (itk::IndexValueType z = 5; z < 17 - 5; ++z)
  {
    for (itk::IndexValueType y = 5; y < 19 - 5; ++y)
    {
      for (itk::IndexValueType x = 5; x < 23 - 5; ++x)
      {
        sum += NaiveSSIM3D(reference, test, { { x, y, z } }, 200.0, 5);
        ++count;
      }
    }
  }
  EXPECT_NEAR(calculator->GetSSIM3D(), sum / count, similarityTolerance);

  calculator->KeepSSIMMapsOn();
  calculator->Compute();
  EXPECT_NEAR(calculator->GetSSIM3D(), sum / count, similarityTolerance);
  const auto map = calculator->GetSSIM3DMap();
  EXPECT_EQ(map->GetLargestPossibleRegion(), reference->GetLargestPossibleRegion());
  const itk::Index<3> index{ { 9, 8, 7 } };
  EXPECT_NEAR(map->GetPixel(index), NaiveSSIM3D(reference, test, index, 200.0, 5), 1e-6);
  EXPECT_THROW(calculator->GetSSIMMap(), itk::ExceptionObject);
}

TEST(ImageQualityMetricsVariants, SSIM3DDoesNotDependOnTheSliceAxisAndUsesTheMask)
{
  const auto reference = MakeVolume(false);
  const auto test = MakeVolume(true);
  auto       calculator = MakeCalculator<Image3D>(reference, test, 200.0);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeSSIM3DOn();
  calculator->Compute();
  const double expected = calculator->GetSSIM3D();
  for (const unsigned int axis : { 0u, 1u })
  {
    calculator->SetSliceAxis(axis);
    calculator->Compute();
    EXPECT_EQ(calculator->GetSSIM3D(), expected);
  }
  const itk::Index<3> index{ { 11, 9, 8 } };
  const auto          mask = MakeConstant<Calculator3D::MaskImageType>({ { 23, 19, 17 } }, 0.0);
  mask->SetPixel(index, 1);
  calculator->SetMaskImage(mask);
  calculator->Compute();
  EXPECT_NEAR(calculator->GetSSIM3D(), NaiveSSIM3D(reference, test, index, 200.0, 5), similarityTolerance);
}

TEST(ImageQualityMetricsVariants, MapOfSSIMHasTheRightMeanAndTheGeometryOfTheReference)
{
  const auto reference = MakeVolume(false);
  const auto test = MakeVolume(true);
  reference->SetSpacing(itk::MakeVector(1.5, 2.0, 8.0));
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    auto calculator = MakeCalculator<Image3D>(reference, test, 200.0);
    calculator->ComputeVIFpOff();
    calculator->SetSliceAxis(axis);
    calculator->Compute();
    const double inside = calculator->GetSSIM();
    ExpectThrow([&] { calculator->GetSSIMMap(); }, { "KeepSSIMMaps is off" });
    calculator->KeepSSIMMapsOn();
    calculator->Compute();
    EXPECT_NEAR(calculator->GetSSIM(), inside, 1e-13);
    const auto map = calculator->GetSSIMMap();
    EXPECT_EQ(map->GetSpacing(), reference->GetSpacing());
    double    sum = 0.0;
    const int count = 23 * 19 * 17;
    for (int i = 0; i < count; ++i)
    {
      sum += map->GetBufferPointer()[i];
    }
    calculator->AverageWholeMapOn();
    calculator->KeepSSIMMapsOff();
    calculator->Compute();
    EXPECT_NEAR(calculator->GetSSIM(), sum / count, 1e-6);
    EXPECT_GT(std::abs(calculator->GetSSIM() - inside), 1e-5);
  }
}

TEST(ImageQualityMetricsVariants, MultiScaleSSIMHandlesOddSizesAsDocumented)
{
  const auto reference = MakeReference<Image2D>({ { 163, 161 } });
  const auto test = MakeTest<Image2D>({ { 163, 161 } });
  auto       calculator = MakeCalculator<Image2D>(reference, test);
  calculator->ComputeMultiScaleSSIMOn();
  calculator->Compute();
  // The result is that of images whose last row and column are repeated, so that their sizes are even at the finest
  // scale.
  const auto padded = [](const Image2D * image) {
    return MakeImage<Image2D>({ { 164, 162 } }, [=](const auto & index) {
      return image->GetPixel(
        { { std::min<itk::IndexValueType>(index[0], 162), std::min<itk::IndexValueType>(index[1], 160) } });
    });
  };
  auto even = MakeCalculator<Image2D>(padded(reference), padded(test));
  even->ComputeMultiScaleSSIMOn();
  even->Compute();
  EXPECT_NEAR(calculator->GetMultiScaleSSIM(), even->GetMultiScaleSSIM(), 2e-3);
  EXPECT_LT(calculator->GetMultiScaleSSIM(), 1.0);
}
