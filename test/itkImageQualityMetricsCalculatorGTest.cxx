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

TEST(ImageQualityMetricsCalculator, TheSameValuesOfAnyPixelTypeGiveTheSameResults)
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
  auto                    expected = MakeCalculator<Image3D>(reference, test, std::nullopt);
  expected->Compute();
  for (const itk::ThreadIdType n : { 1u, 2u, 5u })
  {
    auto calculator = MakeCalculator<Image3D>(reference, test, std::nullopt);
    calculator->SetNumberOfWorkUnits(n);
    calculator->Compute();
    EXPECT_EQ(calculator->GetMSE(), expected->GetMSE());
    EXPECT_EQ(calculator->GetSliceSSIM(), expected->GetSliceSSIM());
    EXPECT_EQ(calculator->GetSliceVIFp(), expected->GetSliceVIFp());
  }
}

TEST(ImageQualityMetricsCalculator, RefusesResultsThatAreMissingOrStale)
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
  calculator->SetDataRange(100.0); // This is no change.
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

  // After a failed Compute(), there are no results.
  calculator->SetK1(-1.0);
  ExpectThrow([&] { calculator->Compute(); }, { "K1", "-1" });
  calculator->SetK1(0.01);
  ExpectThrow(getters[2], { "has not been computed" });
}

TEST(ImageQualityMetricsVariants, IdenticalImagesArePerfect)
{
  const auto image = MakeReference<Image2D>({ { 171, 163 } });
  auto       calculator = MakeCalculator<Image2D>(image, image);
  SwitchEverythingOn(calculator.GetPointer());
  calculator->Compute();
  EXPECT_EQ(calculator->GetNRMSE(), 0.0);
  EXPECT_NEAR(calculator->GetPearsonCorrelation(), 1.0, 1e-14);
  EXPECT_NEAR(calculator->GetMultiScaleSSIM(), 1.0, 1e-14);
  EXPECT_NEAR(calculator->GetWaveletVIF(), 1.0, 1e-9);
  EXPECT_EQ(calculator->GetGMSD(), 0.0);
  EXPECT_EQ(calculator->GetHFEN(), 0.0);
  EXPECT_EQ(calculator->GetGradientError(), 0.0);
  EXPECT_NEAR(calculator->GetNMI(), 2.0, 1e-12);
  for (const double correlation : calculator->GetFourierCorrelation())
  {
    EXPECT_NEAR(correlation, 1.0, 1e-12);
  }
  // The correlation stays above the threshold: the resolution is that of the highest frequency.
  EXPECT_DOUBLE_EQ(calculator->GetFourierResolution(), 1.0 / calculator->GetFourierFrequencies().back());
}

TEST(ImageQualityMetricsVariants, NumberOfWorkUnitsDoesNotChangeTheResults)
{
  // One slice is processed in parts. Many slices are processed concurrently.
  const auto check = [](auto * image, auto size) {
    using ImageType = std::remove_pointer_t<decltype(image)>;
    const auto reference = MakeReference<ImageType>(size);
    const auto test = MakeTest<ImageType>(size);
    auto       expected = MakeCalculator<ImageType>(reference, test);
    SwitchEverythingOn(expected.GetPointer());
    expected->SetComputeSSIM3D(ImageType::ImageDimension > 2);
    expected->SetNumberOfWorkUnits(1);
    expected->Compute();
    for (const unsigned int n : { 2u, 5u })
    {
      auto calculator = MakeCalculator<ImageType>(reference, test);
      SwitchEverythingOn(calculator.GetPointer());
      calculator->SetComputeSSIM3D(ImageType::ImageDimension > 2);
      calculator->SetNumberOfWorkUnits(n);
      calculator->Compute();
      EXPECT_EQ(calculator->GetMSE(), expected->GetMSE());
      EXPECT_EQ(calculator->GetSliceSSIM(), expected->GetSliceSSIM());
      EXPECT_EQ(calculator->GetSliceMultiScaleSSIM(), expected->GetSliceMultiScaleSSIM());
      EXPECT_EQ(calculator->GetSliceVIFp(), expected->GetSliceVIFp());
      EXPECT_EQ(calculator->GetSliceWaveletVIF(), expected->GetSliceWaveletVIF());
      EXPECT_EQ(calculator->GetSliceGMSD(), expected->GetSliceGMSD());
      EXPECT_EQ(calculator->GetSliceHFEN(), expected->GetSliceHFEN());
      EXPECT_EQ(calculator->GetSliceGradientError(), expected->GetSliceGradientError());
      EXPECT_EQ(calculator->GetNMI(), expected->GetNMI());
      if (ImageType::ImageDimension > 2)
      {
        EXPECT_EQ(calculator->GetSSIM3D(), expected->GetSSIM3D());
      }
    }
  };
  check(static_cast<Image2D *>(nullptr), Image2D::SizeType{ { 173, 201 } });
  check(static_cast<Image3D *>(nullptr), Image3D::SizeType{ { 163, 161, 11 } });
}
