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

class ImageQualityMetricsReferenceValues : public ReferenceValues
{};

// Structural similarity straight from its definition, with a 2D window.
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
} // namespace

TEST(ImageQualityMetricsCalculator, HasDocumentedDefaults)
{
  auto calculator = Calculator3D::New();
  EXPECT_STREQ(calculator->GetNameOfClass(), "ImageQualityMetricsCalculator");
  EXPECT_EQ(calculator->GetReferenceImage(), nullptr);
  EXPECT_EQ(calculator->GetTestImage(), nullptr);
  EXPECT_EQ(calculator->GetMaskImage(), nullptr);
  EXPECT_EQ(calculator->GetDataRange(), 0.0);
  EXPECT_EQ(calculator->GetSliceAxis(), 2u);
  EXPECT_EQ(calculator->GetGaussianSigma(), 1.5);
  EXPECT_EQ(calculator->GetSSIMRadius(), 5u);
  EXPECT_EQ(calculator->GetK1(), 0.01);
  EXPECT_EQ(calculator->GetK2(), 0.03);
  EXPECT_TRUE(calculator->GetComputeSSIM());
  EXPECT_TRUE(calculator->GetComputeVIFp());
  EXPECT_EQ(calculator->GetNumberOfWorkUnits(), 0u);
}

TEST(ImageQualityMetricsCalculator, PrintsAllMembers)
{
  const auto reference = MakeReference<Image3D>({ { 41, 43, 2 } });
  auto       calculator = MakeCalculator<Image3D>(reference, reference);
  calculator->Compute();
  std::ostringstream stream;
  calculator->Print(stream);
  for (const char * name : { "ReferenceImage:", "TestImage:",         "MaskImage:",      "DataRange: 255",
                             "SliceAxis: 2",    "GaussianSigma: 1.5", "SSIMRadius: 5",   "K1: 0.01",
                             "K2: 0.03",        "ComputeSSIM: On",    "ComputeVIFp: On", "NumberOfWorkUnits: 0",
                             "ResultsMTime: ",  "DataRangeUsed: 255", "MSE: 0",          "MAE: 0",
                             "PooledSSIM: 1",   "SliceMSE: [0, 0]",   "SlicePSNR: [inf", "SliceSSIM: [1, 1]",
                             "SliceVIFp: [" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}

TEST(ImageQualityMetricsCalculator, IdenticalImagesArePerfect)
{
  const auto reference = MakeReference<Image3D>({ { 47, 44, 3 } });
  const auto test = MakeReference<Image3D>({ { 47, 44, 3 } });
  auto       calculator = MakeCalculator<Image3D>(reference, test);
  calculator->Compute();
  EXPECT_EQ(calculator->GetNumberOfSlices(), 3u);
  EXPECT_EQ(calculator->GetMSE(), 0.0);
  EXPECT_EQ(calculator->GetRMSE(), 0.0);
  EXPECT_EQ(calculator->GetMAE(), 0.0);
  EXPECT_EQ(calculator->GetPSNR(), infinity);
  EXPECT_EQ(calculator->GetMeanSlicePSNR(), infinity);
  EXPECT_EQ(calculator->GetSSIM(), 1.0);
  EXPECT_EQ(calculator->GetPooledSSIM(), 1.0);
  EXPECT_NEAR(calculator->GetVIFp(), 1.0, 1e-9);
}

TEST(ImageQualityMetricsCalculator, ErrorsOfAKnownDifferenceHaveTheirClosedForm)
{
  // The first slice differs by 3, the second one by -4, the third one not at all.
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

TEST(ImageQualityMetricsCalculator, ConstantImagesHaveTheLuminanceTermAsSimilarity)
{
  const Image2D::SizeType size{ { 50, 41 } };
  const auto              reference = MakeConstant<Image2D>(size, 100.0);
  const auto              test = MakeConstant<Image2D>(size, 150.0);
  auto                    calculator = MakeCalculator<Image2D>(reference, test);
  calculator->Compute();
  const double c1 = 2.55 * 2.55;
  EXPECT_NEAR(calculator->GetSSIM(), (2.0 * 15000.0 + c1) / (10000.0 + 22500.0 + c1), 1e-14);
  // Closed form in the reference values, and scikit-image 0.26: 0.9230923105307928.
  EXPECT_NEAR(calculator->GetSSIM(), 0.923092310530793, similarityTolerance);
}

TEST(ImageQualityMetricsCalculator, VIFpOfConstantImagesIsAsDocumented)
{
  const Image2D::SizeType size{ { 50, 41 } };
  const auto              textured = MakeReference<Image2D>(size);
  // 0.1 and 1000.3 are not exact in binary: rounding must not be taken for information.
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

TEST(ImageQualityMetricsCalculator, AgreesWithScikitImageAndSewarOnIntegerPatterns)
{
  // MSE and MAE by NumPy 2.4.6; SSIM by scikit-image 0.26.0 (structural_similarity with gaussian_weights,
  // use_sample_covariance=False, mean over the valid region); VIFp by sewar 0.4.10.
  const struct
  {
    Image2D::SizeType Size;
    double            MSE;
    double            MAE;
    double            SSIM;
    double            WideSSIM;
    double            VIFp;
  } expectations[] = {
    { { { 61, 47 } },
      77.15137774677363,
      7.182769445413324,
      0.9637279269399632,
      0.9772074903182808,
      0.6010599265021962 },
    { { { 42, 41 } },
      78.06387921022068,
      7.2264808362369335,
      0.9540789731382937,
      0.9722052246863944,
      0.5860163376388886 },
    { { { 64, 43 } }, 77.36736918604652, 7.193677325581396, 0.9633114385350627, 0.9770893137846831, 0.5979591711705159 }
  };
  for (const auto & expected : expectations)
  {
    const auto reference = MakeReference<Image2D>(expected.Size);
    const auto test = MakeTest<Image2D>(expected.Size);
    auto       calculator = MakeCalculator<Image2D>(reference, test);
    calculator->Compute();
    EXPECT_NEAR(calculator->GetMSE(), expected.MSE, 1e-12);
    EXPECT_NEAR(calculator->GetMAE(), expected.MAE, 1e-12);
    EXPECT_NEAR(calculator->GetSSIM(), expected.SSIM, similarityTolerance);
    EXPECT_NEAR(calculator->GetVIFp(), expected.VIFp, informationTolerance);

    calculator->SetGaussianSigma(2.0);
    calculator->SetSSIMRadius(7); // scikit-image's for a sigma of 2
    calculator->Compute();
    EXPECT_NEAR(calculator->GetSSIM(), expected.WideSSIM, similarityTolerance);
  }
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

TEST(ImageQualityMetricsCalculator, ALargeOffsetDoesNotCostPrecision)
{
  // The local moments don't depend on an offset, and powers of two keep the pixels exact.
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

  // The luminance term of the shifted images is 1, so that contrast and structure are left.
  std::vector<double> map((size[0] - 10) * (size[1] - 10));
  Kernels::SSIM(
    shiftedReference->GetBufferPointer(), shiftedTest->GetBufferPointer(), size[0], size[1], {}, nullptr, map.data());
  const double expected = NaiveSSIM(shiftedReference, shiftedTest, 255.0, 1.5, 5);
  EXPECT_NEAR(shifted->GetSSIM(), expected, 1e-7); // The plain definition itself is that inaccurate.
  double sum = 0.0;
  for (const double value : map)
  {
    sum += value;
  }
  EXPECT_NEAR(sum / static_cast<double>(map.size()), shifted->GetSSIM(), 1e-13);
}

TEST(ImageQualityMetricsCalculator, DataRangeDefaultsToTheRangeOfTheReference)
{
  const Image2D::SizeType size{ { 44, 43 } };
  const auto              reference = MakeReference<Image2D>(size);
  const auto              test =
    MakeImage<Image2D>(size, [&](const auto & index) { return 2.0 * reference->GetPixel(index) - 7.0; });
  auto automatic = MakeCalculator<Image2D>(reference, test, 0.0);
  automatic->Compute();
  EXPECT_EQ(automatic->GetDataRangeUsed(), 199.0);
  auto given = MakeCalculator<Image2D>(reference, test, 199.0);
  given->Compute();
  EXPECT_EQ(given->GetDataRangeUsed(), 199.0);
  EXPECT_EQ(automatic->GetPSNR(), given->GetPSNR());
  EXPECT_EQ(automatic->GetSSIM(), given->GetSSIM());
  EXPECT_EQ(automatic->GetVIFp(), given->GetVIFp());
}

TEST(ImageQualityMetricsCalculator, SlicesAlongAnyAxisAgreeWith2DImages)
{
  const Image3D::SizeType size{ { 44, 41, 47 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    auto calculator = MakeCalculator<Image3D>(reference, test);
    calculator->SetSliceAxis(axis);
    calculator->Compute();
    ASSERT_EQ(calculator->GetNumberOfSlices(), size[axis]);

    const unsigned int  axisX = (axis == 0) ? 1 : 0;
    const unsigned int  axisY = (axis == 2) ? 1 : 2;
    std::vector<double> mse;
    std::vector<double> psnr;
    std::vector<double> ssim;
    std::vector<double> vifp;
    for (itk::IndexValueType s = 0; s < static_cast<itk::IndexValueType>(size[axis]); ++s)
    {
      const auto extract = [&](const Image3D * image) {
        return MakeImage<Image2D>({ { size[axisX], size[axisY] } }, [&](const auto & index) {
          Image3D::IndexType index3D;
          index3D[axis] = s;
          index3D[axisX] = index[0];
          index3D[axisY] = index[1];
          return image->GetPixel(index3D);
        });
      };
      const auto referenceSlice = extract(reference);
      const auto testSlice = extract(test);
      auto       calculator2D = MakeCalculator<Image2D>(referenceSlice, testSlice);
      calculator2D->Compute();
      mse.push_back(calculator2D->GetMSE());
      psnr.push_back(calculator2D->GetPSNR());
      ssim.push_back(calculator2D->GetSSIM());
      vifp.push_back(calculator2D->GetVIFp());
    }
    EXPECT_EQ(calculator->GetSliceMSE(), mse);
    EXPECT_EQ(calculator->GetSlicePSNR(), psnr);
    EXPECT_EQ(calculator->GetSliceSSIM(), ssim);
    EXPECT_EQ(calculator->GetSliceVIFp(), vifp);
    const auto mean = [](const std::vector<double> & list) {
      double sum = 0.0;
      for (const double value : list)
      {
        sum += value;
      }
      return sum / static_cast<double>(list.size());
    };
    EXPECT_NEAR(calculator->GetMSE(), mean(mse), 1e-10);
    EXPECT_NEAR(calculator->GetMeanSlicePSNR(), mean(psnr), 1e-12);
    EXPECT_NEAR(calculator->GetSSIM(), mean(ssim), 1e-13);
    EXPECT_NEAR(calculator->GetPooledSSIM(), mean(ssim), 1e-13);
    EXPECT_NEAR(calculator->GetVIFp(), mean(vifp), 1e-13);
  }
}

TEST(ImageQualityMetricsCalculator, PermutedImagesHaveTheSameSlicesAlongThePermutedAxis)
{
  const Image3D::SizeType size{ { 43, 42, 41 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  const unsigned int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
  for (const auto & order : orders)
  {
    // Axis i of the permuted image is axis order[i] of the original one.
    const auto permute = [&](const Image3D * image) {
      return MakeImage<Image3D>({ { size[order[0]], size[order[1]], size[order[2]] } }, [&](const auto & index) {
        Image3D::IndexType original;
        for (unsigned int i = 0; i < 3; ++i)
        {
          original[order[i]] = index[i];
        }
        return image->GetPixel(original);
      });
    };
    const auto permutedReference = permute(reference);
    const auto permutedTest = permute(test);
    for (unsigned int axis = 0; axis < 3; ++axis)
    {
      auto original = MakeCalculator<Image3D>(reference, test);
      original->SetSliceAxis(order[axis]);
      original->Compute();
      auto permuted = MakeCalculator<Image3D>(permutedReference, permutedTest);
      permuted->SetSliceAxis(axis);
      permuted->Compute();
      ExpectListsNear(permuted->GetSliceMSE(), original->GetSliceMSE(), 1e-10);
      ExpectListsNear(permuted->GetSlicePSNR(), original->GetSlicePSNR(), 1e-10);
      ExpectListsNear(permuted->GetSliceSSIM(), original->GetSliceSSIM(), similarityTolerance);
      ExpectListsNear(permuted->GetSliceVIFp(), original->GetSliceVIFp(), informationTolerance);
    }
  }
}

TEST(ImageQualityMetricsCalculator, EveryFrameOfA4DImageIsCutIntoSlices)
{
  using Image4D = itk::Image<short, 4>;
  using Image3DOfShort = itk::Image<short, 3>;
  const Image4D::SizeType size{ { 44, 41, 42, 3 } };
  const auto              reference = MakeReference<Image4D>(size);
  const auto              test = MakeTest<Image4D>(size);
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    std::vector<double> mse;
    std::vector<double> ssim;
    std::vector<double> vifp;
    for (itk::IndexValueType t = 0; t < 3; ++t)
    {
      const auto extract = [&](const Image4D * image) {
        return MakeImage<Image3DOfShort>({ { size[0], size[1], size[2] } }, [&](const auto & index) {
          return static_cast<double>(image->GetPixel({ { index[0], index[1], index[2], t } }));
        });
      };
      const auto referenceFrame = extract(reference);
      const auto testFrame = extract(test);
      auto       calculator3D = MakeCalculator<Image3DOfShort>(referenceFrame, testFrame);
      calculator3D->SetSliceAxis(axis);
      calculator3D->Compute();
      const auto append = [](std::vector<double> & list, const std::vector<double> & more) {
        list.insert(list.end(), more.begin(), more.end());
      };
      append(mse, calculator3D->GetSliceMSE());
      append(ssim, calculator3D->GetSliceSSIM());
      append(vifp, calculator3D->GetSliceVIFp());
    }
    auto calculator = MakeCalculator<Image4D>(reference, test);
    calculator->SetSliceAxis(axis);
    calculator->Compute();
    EXPECT_EQ(calculator->GetNumberOfSlices(), 3 * size[axis]);
    EXPECT_EQ(calculator->GetSliceMSE(), mse);
    EXPECT_EQ(calculator->GetSliceSSIM(), ssim);
    EXPECT_EQ(calculator->GetSliceVIFp(), vifp);
  }
}

TEST(ImageQualityMetricsCalculator, PixelTypesOfTheSameValuesGiveTheSameResults)
{
  const Image2D::SizeType size{ { 42, 45 } };
  auto                    expected = MakeCalculator<Image2D>(MakeReference<Image2D>(size), MakeTest<Image2D>(size));
  expected->Compute();
  const auto compare = [&](auto pixel) {
    using ImageType = itk::Image<decltype(pixel), 2>;
    auto calculator = MakeCalculator<ImageType>(MakeReference<ImageType>(size), MakeTest<ImageType>(size));
    calculator->Compute();
    EXPECT_EQ(calculator->GetMSE(), expected->GetMSE());
    EXPECT_EQ(calculator->GetSSIM(), expected->GetSSIM());
    EXPECT_EQ(calculator->GetVIFp(), expected->GetVIFp());
  };
  // Unsigned differences must not wrap around.
  compare(static_cast<unsigned char>(0));
  compare(static_cast<short>(0));
  compare(0u);
  compare(0.0f);
}

TEST(ImageQualityMetricsCalculator, IndexOfTheRegionDoesNotMatter)
{
  const Image2D::SizeType size{ { 42, 45 } };
  const auto              reference = MakeReference<Image2D>(size);
  auto                    test = MakeTest<Image2D>(size);
  auto                    expected = MakeCalculator<Image2D>(reference, test);
  expected->Compute();
  auto                      shifted = Image2D::New();
  const Image2D::RegionType region({ { -5, 7 } }, size);
  shifted->SetRegions(region);
  shifted->Allocate();
  std::copy_n(test->GetBufferPointer(), region.GetNumberOfPixels(), shifted->GetBufferPointer());
  auto calculator = MakeCalculator<Image2D>(reference, shifted);
  calculator->Compute();
  EXPECT_EQ(calculator->GetMSE(), expected->GetMSE());
  EXPECT_EQ(calculator->GetSSIM(), expected->GetSSIM());
}

TEST(ImageQualityMetricsCalculator, NumberOfWorkUnitsDoesNotChangeTheResults)
{
  const Image3D::SizeType size{ { 44, 41, 9 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  auto                    expected = MakeCalculator<Image3D>(reference, test, 0.0);
  expected->Compute();
  for (const itk::ThreadIdType n : { 1u, 2u, 5u })
  {
    auto calculator = MakeCalculator<Image3D>(reference, test, 0.0);
    calculator->SetNumberOfWorkUnits(n);
    calculator->Compute();
    EXPECT_EQ(calculator->GetMSE(), expected->GetMSE());
    EXPECT_EQ(calculator->GetSliceSSIM(), expected->GetSliceSSIM());
    EXPECT_EQ(calculator->GetSliceVIFp(), expected->GetSliceVIFp());
  }
}

TEST(ImageQualityMetricsCalculator, MaskSelectsThePixelsOfErrorsAndOfTheSimilarityMap)
{
  const Image3D::SizeType size{ { 30, 25, 3 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  // Nothing is selected in slice 1, and only a pixel without a whole window in slice 2.
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
  Kernels::SSIM(reference->GetBufferPointer(), test->GetBufferPointer(), size[0], size[1], {}, nullptr, map.data());
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
  auto                    plain = MakeCalculator<Image3D>(reference, test, 0.0);
  plain->Compute();
  auto masked = MakeCalculator<Image3D>(reference, test, 0.0);
  masked->SetMaskImage(MakeConstant<Calculator3D::MaskImageType>(size, 1.0));
  masked->Compute();
  EXPECT_EQ(masked->GetMSE(), plain->GetMSE());
  EXPECT_EQ(masked->GetSliceMSE(), plain->GetSliceMSE());
  ExpectListsNear(masked->GetSliceSSIM(), plain->GetSliceSSIM(), 1e-14);
  EXPECT_EQ(masked->GetSliceVIFp(), plain->GetSliceVIFp());
}

TEST(ImageQualityMetricsCalculator, RefusesToGiveWhatIsNotComputedOrStale)
{
  const Image2D::SizeType size{ { 43, 42 } };
  const auto              reference = MakeReference<Image2D>(size);
  auto                    test = MakeTest<Image2D>(size);
  auto                    calculator = MakeCalculator<Image2D>(reference, test);

  const std::function<void()> getters[] = {
    [&] { calculator->GetDataRangeUsed(); }, [&] { calculator->GetNumberOfSlices(); },
    [&] { calculator->GetMSE(); },           [&] { calculator->GetRMSE(); },
    [&] { calculator->GetMAE(); },           [&] { calculator->GetPSNR(); },
    [&] { calculator->GetMeanSlicePSNR(); }, [&] { calculator->GetSSIM(); },
    [&] { calculator->GetPooledSSIM(); },    [&] { calculator->GetVIFp(); },
    [&] { calculator->GetSliceMSE(); },      [&] { calculator->GetSlicePSNR(); },
    [&] { calculator->GetSliceSSIM(); },     [&] { calculator->GetSliceVIFp(); },
  };
  for (const auto & getter : getters)
  {
    ExpectThrow(getter, { "has not been computed", "Compute()" });
  }
  calculator->Compute();
  for (const auto & getter : getters)
  {
    EXPECT_NO_THROW(getter());
  }
  calculator->SetDataRange(100.0);
  for (const auto & getter : getters)
  {
    ExpectThrow(getter, { "stale" });
  }
  calculator->Compute();
  calculator->SetDataRange(100.0); // Nothing changes.
  EXPECT_NO_THROW(calculator->GetMSE());
  test->Modified();
  ExpectThrow(getters[2], { "MSE is stale" });
  calculator->Compute();
  test->Allocate();
  ExpectThrow(getters[2], { "MSE is stale" });
  test->FillBuffer(1.0);
  calculator->Compute();
  calculator->SetMaskImage(MakeConstant<Calculator2D::MaskImageType>(size, 1.0));
  ExpectThrow(getters[2], { "MSE is stale" });
  calculator->Compute();

  calculator->ComputeSSIMOff();
  calculator->Compute();
  EXPECT_NO_THROW(calculator->GetVIFp());
  ExpectThrow(getters[7], { "SSIM has not been computed", "ComputeSSIM is off" });
  ExpectThrow(getters[8], { "ComputeSSIM is off" });
  ExpectThrow(getters[12], { "ComputeSSIM is off" });
  calculator->ComputeSSIMOn();
  calculator->ComputeVIFpOff();
  calculator->Compute();
  EXPECT_NO_THROW(calculator->GetSSIM());
  ExpectThrow(getters[9], { "VIFp has not been computed", "ComputeVIFp is off" });
  ExpectThrow(getters[13], { "ComputeVIFp is off" });

  // A Compute() that fails leaves nothing behind.
  calculator->SetK1(-1.0);
  ExpectThrow([&] { calculator->Compute(); }, { "K1", "-1" });
  calculator->SetK1(0.01);
  ExpectThrow(getters[2], { "has not been computed" });
}

TEST(ImageQualityMetricsCalculator, RefusesImagesThatAreMissingEmptyPartlyBufferedOrOfDifferentSizes)
{
  const Image2D::SizeType size{ { 43, 42 } };
  const auto              reference = MakeReference<Image2D>(size);
  auto                    calculator = Calculator2D::New();
  const auto              compute = [&] { calculator->Compute(); };
  ExpectThrow(compute, { "ReferenceImage is not set" });
  calculator->SetReferenceImage(reference);
  ExpectThrow(compute, { "TestImage is not set" });
  calculator->SetTestImage(Image2D::New());
  ExpectThrow(compute, { "test image is empty", "[0, 0]" });
  calculator->SetTestImage(MakeReference<Image2D>({ { 42, 43 } }));
  ExpectThrow(compute, { "test image must have the size of the reference", "[43, 42]", "[42, 43]" });
  calculator->SetTestImage(MakeTest<Image2D>(size));
  calculator->SetMaskImage(MakeConstant<Calculator2D::MaskImageType>({ { 43, 41 } }, 1.0));
  ExpectThrow(compute, { "mask image must have the size of the reference", "[43, 42]", "[43, 41]" });
  calculator->SetMaskImage(nullptr);

  auto partlyBuffered = Image2D::New();
  partlyBuffered->SetLargestPossibleRegion(size);
  partlyBuffered->SetBufferedRegion(Image2D::RegionType(Image2D::SizeType{ { 43, 10 } }));
  partlyBuffered->Allocate(true);
  calculator->SetTestImage(partlyBuffered);
  ExpectThrow(compute, { "test image must be buffered completely", "[43, 42]", "[43, 10]" });
}

TEST(ImageQualityMetricsCalculator, RefusesParametersOutOfRange)
{
  const Image3D::SizeType size{ { 43, 42, 41 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  const auto              expectRefusal = [&](const std::function<void(Calculator3D *)> & change,
                                 const std::vector<std::string> &            fragments) {
    auto calculator = MakeCalculator<Image3D>(reference, test);
    change(calculator);
    ExpectThrow([&] { calculator->Compute(); }, fragments);
  };
  expectRefusal([](Calculator3D * c) { c->SetDataRange(-3.5); }, { "DataRange", "-3.5" });
  expectRefusal([](Calculator3D * c) { c->SetDataRange(notANumber); }, { "DataRange", "nan" });
  expectRefusal([](Calculator3D * c) { c->SetDataRange(infinity); }, { "DataRange", "inf" });
  expectRefusal([](Calculator3D * c) { c->SetSliceAxis(3); }, { "SliceAxis must be 0, 1 or 2", "3" });
  expectRefusal([](Calculator3D * c) { c->SetGaussianSigma(0.0); }, { "GaussianSigma", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetGaussianSigma(notANumber); }, { "GaussianSigma", "nan" });
  expectRefusal([](Calculator3D * c) { c->SetSSIMRadius(0); }, { "SSIMRadius must be at least 1", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetK1(0.0); }, { "K1", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetK2(-0.25); }, { "K2", "-0.25" });
  expectRefusal([](Calculator3D * c) { c->SetSSIMRadius(4294967295u); }, { "needs slices of at least 8589934591" });

  // Parameters of SSIM don't matter if it is off.
  auto calculator = MakeCalculator<Image3D>(reference, test);
  calculator->SetK1(0.0);
  calculator->ComputeSSIMOff();
  EXPECT_NO_THROW(calculator->Compute());
}

TEST(ImageQualityMetricsCalculator, RefusesSlicesThatAreTooSmallForAMetricThatIsOn)
{
  const Image3D::SizeType size{ { 43, 42, 10 } };
  auto                    calculator = MakeCalculator<Image3D>(MakeReference<Image3D>(size), MakeTest<Image3D>(size));
  EXPECT_NO_THROW(calculator->Compute());
  calculator->SetSliceAxis(0);
  ExpectThrow([&] { calculator->Compute(); }, { "SSIM", "at least 11 x 11", "42 x 10" });
  calculator->SetSSIMRadius(4);
  ExpectThrow([&] { calculator->Compute(); }, { "VIFp", "at least 41 x 41", "42 x 10" });
  calculator->ComputeVIFpOff();
  EXPECT_NO_THROW(calculator->Compute());
  calculator->SetSSIMRadius(5);
  ExpectThrow([&] { calculator->Compute(); }, { "at least 11 x 11" });
  calculator->ComputeSSIMOff();
  EXPECT_NO_THROW(calculator->Compute());

  auto smallest = MakeCalculator<Image2D>(MakeReference<Image2D>({ { 41, 41 } }), MakeTest<Image2D>({ { 41, 41 } }));
  EXPECT_NO_THROW(smallest->Compute());
  auto tooSmall = MakeCalculator<Image2D>(MakeReference<Image2D>({ { 40, 41 } }), MakeTest<Image2D>({ { 40, 41 } }));
  ExpectThrow([&] { tooSmall->Compute(); }, { "VIFp", "at least 41 x 41", "40 x 41" });
}

TEST(ImageQualityMetricsCalculator, RefusesPixelsThatAreNotFinite)
{
  using FloatImage = itk::Image<float, 3>;
  const FloatImage::SizeType  size{ { 43, 42, 3 } };
  const FloatImage::IndexType index{ { 5, 6, 1 } };
  for (const float value : { std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity() })
  {
    for (const double dataRange : { 0.0, 255.0 })
    {
      auto reference = MakeReference<FloatImage>(size);
      auto test = MakeTest<FloatImage>(size);
      auto calculator = MakeCalculator<FloatImage>(reference, test, dataRange);
      test->SetPixel(index, value);
      ExpectThrow([&] { calculator->Compute(); }, { "must be finite", "test image", "[5, 6, 1]" });
      reference->SetPixel(index, value);
      ExpectThrow([&] { calculator->Compute(); },
                  { "must be finite", "reference image", "[5, 6, 1]", std::isnan(value) ? "nan" : "-inf" });
      calculator->ComputeSSIMOff();
      calculator->ComputeVIFpOff();
      ExpectThrow([&] { calculator->Compute(); }, { "must be finite" });
    }
  }
}

TEST(ImageQualityMetricsCalculator, RefusesTheAutomaticDataRangeOfAConstantReference)
{
  const Image2D::SizeType size{ { 43, 42 } };
  auto calculator = MakeCalculator<Image2D>(MakeConstant<Image2D>(size, 12.5), MakeReference<Image2D>(size), 0.0);
  ExpectThrow([&] { calculator->Compute(); }, { "DataRange must be set", "12.5", "strictly positive" });
  calculator->SetDataRange(1.0);
  EXPECT_NO_THROW(calculator->Compute());
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

TEST(ImageQualityMetricsKernels, GaussianKernelIsSampledAndNormalized)
{
  const std::vector<double> kernel = Kernels::GaussianKernel(1.5, 5);
  ASSERT_EQ(kernel.size(), 11u);
  // exp(-x^2 / 4.5), normalized, by NumPy 2.4.6.
  EXPECT_NEAR(kernel[5], 0.26601172486179436, 1e-16);
  EXPECT_NEAR(kernel[0], 0.00102838008447911, 1e-17);
  EXPECT_EQ(kernel[0], kernel[10]);
  EXPECT_EQ(Kernels::GaussianKernel(1e-300, 2), std::vector<double>({ 0.0, 0.0, 1.0, 0.0, 0.0 }));
  ExpectThrow([] { Kernels::GaussianKernel(-1.5, 5); }, { "strictly positive", "-1.5" });
}

TEST(ImageQualityMetricsKernels, RefuseBuffersThatAreTooSmall)
{
  const std::vector<double> buffer(41 * 41, 1.0);
  ExpectThrow([&] { Kernels::SSIM(buffer.data(), buffer.data(), 10, 41, {}); }, { "11 x 11", "10 x 41" });
  ExpectThrow([&] { Kernels::VIFp(buffer.data(), buffer.data(), 41, 40, 255.0); }, { "41 x 41", "41 x 40" });
  ExpectThrow([&] { Kernels::VIFp(buffer.data(), buffer.data(), 41, 41, 0.0); }, { "strictly positive", "got 0" });
  EXPECT_TRUE(std::isnan(Kernels::SSIMResult().GetMean()));
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetOnAllPairsOf2DImages)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_yx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto reference = this->ReadImage<Image2D>(pair["ref"]);
    const auto test = this->ReadImage<Image2D>(pair["dist"]);
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image2D>(reference, test, pair["data_range"]);
    calculator->Compute();
    ExpectClose(calculator->GetMSE(), metrics["own/mse"], 1e-10, name);
    ExpectClose(calculator->GetRMSE(), metrics["own/rmse"], 1e-11, name);
    ExpectClose(calculator->GetMAE(), metrics["own/mae"], 1e-11, name);
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[data_range]"], 1e-10, name);
    ExpectClose(calculator->GetPSNR(), metrics["lib/skimage.psnr"], 1e-10, name);
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[gauss,pop,crop]"], similarityTolerance, name);
    ExpectClose(calculator->GetSSIM(), metrics["own/ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["own/vifp[0-255,sigma_nsq=2]"], informationTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["lib/sewar.vifp"], informationTolerance, name);

    calculator->SetDataRange(0.0);
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_minmax]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 9);
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetOnAllPairsOfVolumes)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_zyx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto reference = this->ReadImage<Image3D>(pair["ref"]);
    const auto test = this->ReadImage<Image3D>(pair["dist"]);
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image3D>(reference, test, pair["data_range"]);
    calculator->Compute();
    ExpectClose(calculator->GetMSE(), metrics["own/mse"], 1e-14, name);
    ExpectClose(calculator->GetRMSE(), metrics["own/rmse"], 1e-14, name);
    ExpectClose(calculator->GetMAE(), metrics["own/mae"], 1e-14, name);
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[data_range]"], 1e-10, name);
    const auto slices = metrics["own/per_slice"];
    SCOPED_TRACE(name);
    ExpectListsNear(calculator->GetSlicePSNR(), ToList(slices["psnr"]), 1e-10);
    ExpectListsNear(calculator->GetSliceSSIM(), ToList(slices["ssim[gauss,pop,valid]"]), similarityTolerance);
    ExpectListsNear(calculator->GetSliceVIFp(), ToList(slices["vifp[x255]"]), informationTolerance);
    ExpectClose(calculator->GetMeanSlicePSNR(), metrics["own/slice_mean.psnr"], 1e-10, name);
    ExpectClose(calculator->GetSSIM(), metrics["own/slice_mean.ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["own/slice_mean.vifp[x255]"], informationTolerance, name);

    calculator->SetDataRange(0.0);
    calculator->ComputeSSIMOff();
    calculator->ComputeVIFpOff();
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_minmax]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 5);
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetWithAMask)
{
  const auto masked = m_Reference["masked"];
  const auto reference = this->ReadImage<Image2D>(masked["ref"]);
  const auto test = this->ReadImage<Image2D>(masked["dist"]);
  auto       calculator = MakeCalculator<Image2D>(reference, test);
  calculator->SetMaskImage(this->ReadImage<Calculator2D::MaskImageType>(masked["mask"]));
  calculator->Compute();
  ExpectClose(calculator->GetSSIM(),
              masked["ssim: map on full images, mean over mask (valid 11x11 centre)"],
              similarityTolerance,
              "ssim");
  EXPECT_EQ(calculator->GetPooledSSIM(), calculator->GetSSIM());
  ExpectClose(calculator->GetMSE(), masked["mse over mask"], 1e-10, "mse");
  ExpectClose(calculator->GetPSNR(), masked["psnr over mask"], 1e-10, "psnr");

  const auto          size = reference->GetBufferedRegion().GetSize();
  std::vector<double> map((size[0] - 10) * (size[1] - 10));
  Kernels::SSIM(reference->GetBufferPointer(), test->GetBufferPointer(), size[0], size[1], {}, nullptr, map.data());
  for (const auto & [position, value] : masked["ssim map samples [y,x of full image]"].items())
  {
    const size_t y = std::stoul(position);
    const size_t x = std::stoul(position.substr(position.find(',') + 1));
    ExpectClose(map[(y - 5) * (size[0] - 10) + (x - 5)], value, similarityTolerance, position);
  }
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetByConstantImages)
{
  const auto              constant = m_Reference["constant"];
  const Image2D::SizeType size{ { 64, 64 } };
  auto calculator = MakeCalculator<Image2D>(MakeConstant<Image2D>(size, 100.0), MakeConstant<Image2D>(size, 150.0));
  calculator->Compute();
  ExpectClose(calculator->GetSSIM(), constant["analytic ssim(100,150)"], similarityTolerance, "analytic");
  ExpectClose(calculator->GetSSIM(), constant["ssim(100,150)"], similarityTolerance, "scikit-image");
  EXPECT_EQ(std::isnan(calculator->GetVIFp()), std::isnan(ToDouble(constant["vifp ref=const, dist=const"])));
  calculator->SetTestImage(MakeTest<Image2D>(size));
  calculator->Compute();
  EXPECT_EQ(std::isnan(calculator->GetVIFp()), std::isnan(ToDouble(constant["vifp ref=const, dist=random"])));
  calculator->SetReferenceImage(MakeReference<Image2D>(size));
  calculator->SetTestImage(MakeConstant<Image2D>(size, 150.0));
  calculator->Compute();
  ExpectClose(calculator->GetVIFp(), constant["vifp ref=random, dist=const"], informationTolerance, "random, const");
}

TEST_F(ImageQualityMetricsReferenceValues, OfTheGaussianKernelsAreMet)
{
  for (const auto & [name, values] : m_Reference["kernels"].items())
  {
    if (name == "gauss1d(11,1.5)")
    {
      ExpectListsNear(Kernels::GaussianKernel(1.5, 5), ToList(values), 1e-15);
    }
    else if (name.rfind("vifp N=", 0) == 0)
    {
      const unsigned int taps = static_cast<unsigned int>(std::stoul(name.substr(7)));
      ExpectListsNear(Kernels::GaussianKernel(taps / 5.0, taps / 2), ToList(values), 1e-15);
    }
  }
}
