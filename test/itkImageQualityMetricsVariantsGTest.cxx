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
#include <complex>

namespace
{
using namespace itk::ImageQualityMetricsTest;
using Enums = itk::ImageQualityMetricsCalculatorEnums;

class ImageQualityMetricsVariantsReferenceValues : public ReferenceValues
{};

template <typename TCalculator>
void
SwitchEverythingOn(TCalculator * calculator)
{
  calculator->ComputeSSIMOn();
  calculator->ComputeVIFpOn();
  calculator->ComputeMultiScaleSSIMOn();
  calculator->ComputeWaveletVIFOn();
  calculator->ComputeGMSDOn();
  calculator->ComputeHFENOn();
  calculator->ComputeFourierCorrelationOn();
  calculator->ComputeNMIOn();
}

/** Only errors are left. */
template <typename TCalculator>
void
SwitchEverythingOff(TCalculator * calculator)
{
  calculator->ComputeSSIMOff();
  calculator->ComputeVIFpOff();
}

Image3D::Pointer
MakeVolume(bool test, const Image3D::SizeType & size = { { 23, 19, 17 } })
{
  return test ? MakeTest<Image3D>(size) : MakeReference<Image3D>(size);
}

/** Structural similarity of 3D windows straight from its definition, at one voxel. */
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

TEST(ImageQualityMetricsVariants, AreOffByDefault)
{
  const auto calculator = Calculator2D::New();
  EXPECT_FALSE(calculator->GetComputeSSIM3D());
  EXPECT_FALSE(calculator->GetComputeMultiScaleSSIM());
  EXPECT_FALSE(calculator->GetComputeWaveletVIF());
  EXPECT_FALSE(calculator->GetComputeGMSD());
  EXPECT_FALSE(calculator->GetComputeHFEN());
  EXPECT_FALSE(calculator->GetComputeFourierCorrelation());
  EXPECT_FALSE(calculator->GetComputeNMI());
  EXPECT_FALSE(calculator->GetKeepSSIMMaps());
  EXPECT_FALSE(calculator->GetAverageWholeMap());
  EXPECT_FALSE(calculator->GetUseSampleCovariance());
  EXPECT_TRUE(calculator->GetUseImageSpacing());
  EXPECT_EQ(calculator->GetNumberOfHistogramBins(), 100u);
  EXPECT_EQ(calculator->GetDataRangeSource(), Enums::DataRangeSource::ReferenceMinimumMaximum);
  EXPECT_EQ(calculator->GetSSIMWindow(), Enums::SSIMWindow::Gaussian);
  EXPECT_EQ(calculator->GetNRMSENormalization(), Enums::NRMSENormalization::Euclidean);
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
  EXPECT_NEAR(calculator->GetNMI(), 2.0, 1e-12);
  for (const double correlation : calculator->GetFourierCorrelation())
  {
    EXPECT_NEAR(correlation, 1.0, 1e-12);
  }
  // Nothing falls below the threshold: the resolution is that of the highest frequency.
  EXPECT_DOUBLE_EQ(calculator->GetFourierResolution(), 1.0 / calculator->GetFourierFrequencies().back());
}

TEST(ImageQualityMetricsVariants, ErrorsRelativeToTheReferenceHaveTheirClosedForm)
{
  // 3, 4 against 0, 0: errors 3 and 4.
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

TEST(ImageQualityMetricsVariants, PearsonsCoefficientIsThatOfALinearMap)
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

TEST(ImageQualityMetricsVariants, DataRangeIsTakenFromItsSource)
{
  using ByteImage = itk::Image<unsigned char, 2>;
  const auto reference = MakeImage<ByteImage>({ { 12, 12 } }, [](const auto & index) { return 20.0 + index[0]; });
  auto       calculator = MakeCalculator<ByteImage>(reference, reference, 0.0);
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
  auto       refusing = MakeCalculator<Image2D>(real, real, 0.0);
  refusing->ComputeVIFpOff();
  refusing->SetDataRangeSource(Enums::DataRangeSource::PixelType);
  ExpectThrow([&] { refusing->Compute(); }, { "DataRange must be set", "floating-point" });
}

TEST(ImageQualityMetricsVariants, SSIM3DIsThatOfItsDefinition)
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

TEST(ImageQualityMetricsVariants, SSIM3DDoesNotDependOnTheSliceAxisAndAMaskSelects)
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

TEST(ImageQualityMetricsVariants, MapOfSSIMHasTheMeanAndTheGeometryOfTheReference)
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
  // The same as with the last row and column repeated, at the finest scale: there, the sizes are even.
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

TEST(ImageQualityMetricsVariants, FourierRingsKnowTheFrequencyOfAWave)
{
  // A wave along x with 10 periods in 64 mm, which the test image has and its ring's other waves are absent from; and
  // one of 20 periods that is in the reference alone.
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
  // A random image, and one whose frequencies above a third of Nyquist's are lost in noise.
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

TEST(ImageQualityMetricsVariants, NumberOfWorkUnitsDoesNotChangeTheResults)
{
  // One slice, which is worked on in parts, and many, which are worked on at the same time.
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

TEST(ImageQualityMetricsVariants, RefuseWhatCannotBeMeasured)
{
  const auto reference = MakeReference<Image2D>({ { 64, 160 } });
  const auto refuses = [&](const std::function<void(Calculator2D *)> & set,
                           const std::vector<std::string> &            fragments) {
    auto calculator = MakeCalculator<Image2D>(reference, reference);
    set(calculator);
    ExpectThrow([&] { calculator->Compute(); }, fragments);
  };
  refuses([](Calculator2D * c) { c->ComputeMultiScaleSSIMOn(); }, { "MultiScaleSSIM", "161 x 161", "64 x 160" });
  refuses([](Calculator2D * c) { c->ComputeWaveletVIFOn(); }, { "WaveletVIF", "65 x 65", "64 x 160" });
  refuses([](Calculator2D * c) { c->ComputeSSIM3DOn(); }, { "ComputeSSIM3D", "got 2" });
  refuses([](Calculator2D * c) { c->SetNumberOfHistogramBins(1); }, { "NumberOfHistogramBins", "got 1" });

  const auto few = MakeReference<Image3D>({ { 20, 20, 9 } });
  auto       calculator = MakeCalculator<Image3D>(few, few);
  SwitchEverythingOff(calculator.GetPointer());
  calculator->ComputeSSIM3DOn();
  ExpectThrow([&] { calculator->Compute(); }, { "SSIM3D", "at least 11", "9" });
  calculator->ComputeSSIM3DOff();
  calculator->Compute();
  ExpectThrow([&] { calculator->GetNMI(); }, { "ComputeNMI is off" });
  ExpectThrow([&] { calculator->GetFourierResolution(); }, { "ComputeFourierCorrelation is off" });
  const std::vector<double> buffer(4 * 4, 1.0);
  ExpectThrow([&] { Kernels::GMSD(buffer.data(), buffer.data(), 4, 4, 1.0); }, { "5 x 5", "4 x 4" });
  ExpectThrow([&] { Kernels::WaveletVIF(buffer.data(), buffer.data(), 4, 4, 1.0); }, { "65 x 65", "4 x 4" });
  ExpectThrow([&] { Kernels::FourierShellSums(buffer.data(), buffer.data(), { 16 }, { 1.0 }); }, { "two or three" });
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, AreMetOnAllPairsOf2DImages)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_yx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image2D>(
      this->ReadImage<Image2D>(pair["ref"]), this->ReadImage<Image2D>(pair["dist"]), pair["data_range"]);
    SwitchEverythingOn(calculator.GetPointer());
    calculator->Compute();
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[euclidean]"], 1e-10, name);
    ExpectClose(calculator->GetPearsonCorrelation(), metrics["own/pearson_ncc"], 1e-10, name);
    ExpectClose(calculator->GetNMI(), metrics["lib/skimage.nmi[bins=100]"], 1e-10, name);
    ExpectClose(calculator->GetMultiScaleSSIM(), metrics["own/msssim[MATLAB]"], similarityTolerance, name);
    ExpectClose(calculator->GetWaveletVIF(), metrics["own/vif_wavelet[0-255]"], informationTolerance, name);
    ExpectClose(calculator->GetGMSD(), metrics["own/gmsd"], 1e-10, name);
    ExpectClose(calculator->GetHFEN(), metrics["own/hfen_normalised"], 1e-10, name);

    calculator = MakeCalculator<Image2D>(
      this->ReadImage<Image2D>(pair["ref"]), this->ReadImage<Image2D>(pair["dist"]), pair["data_range"]);
    calculator->ComputeVIFpOff();
    calculator->AverageWholeMapOn();
    calculator->SetNRMSENormalization(Enums::NRMSENormalization::MinimumMaximum);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[gauss,pop,full-map mean]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[min-max]"], 1e-10, name);
    calculator->AverageWholeMapOff();
    calculator->SetNRMSENormalization(Enums::NRMSENormalization::Mean);
    calculator->SetSSIMWindow(Enums::SSIMWindow::Uniform);
    calculator->SetSSIMRadius(3);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[uniform7,pop]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[mean]"], 1e-10, name);
    calculator->UseSampleCovarianceOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["own/ssim[uniform7,sample,valid]"], similarityTolerance, name);
    calculator->SetDataRange(0.0);
    calculator->SetDataRangeSource(Enums::DataRangeSource::ReferenceMaximum);
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_max]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 9);
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, AreMetOnAllPairsOfVolumes)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_zyx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image3D>(
      this->ReadImage<Image3D>(pair["ref"]), this->ReadImage<Image3D>(pair["dist"]), pair["data_range"]);
    SwitchEverythingOff(calculator.GetPointer());
    calculator->ComputeSSIM3DOn();
    calculator->ComputeNMIOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["own/ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[euclidean]"], 1e-10, name);
    ExpectClose(calculator->GetPearsonCorrelation(), metrics["own/pearson_ncc"], 1e-10, name);
    ExpectClose(calculator->GetNMI(), metrics["lib/skimage.nmi[bins=100]"], 1e-10, name);
    calculator->AverageWholeMapOn();
    calculator->Compute();
    ExpectClose(
      calculator->GetSSIM3D(), metrics["lib/skimage.ssim[gauss,pop,full-map mean]"], similarityTolerance, name);
    calculator->AverageWholeMapOff();
    calculator->SetSSIMWindow(Enums::SSIMWindow::Uniform);
    calculator->SetSSIMRadius(3);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["lib/skimage.ssim[uniform7,pop]"], similarityTolerance, name);
    calculator->UseSampleCovarianceOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["own/ssim[uniform7,sample,valid]"], similarityTolerance, name);
  }
  EXPECT_GE(numberOfPairs, 5);
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, OfFourierCorrelationsAreMet)
{
  for (const auto & [name, values] : m_Reference["frc"].items())
  {
    SCOPED_TRACE(name);
    auto calculator = MakeCalculator<Image2D>(this->ReadImage<Image2D>("camera256_ref.mha"),
                                              this->ReadImage<Image2D>("camera256_" + name + ".mha"));
    calculator->ComputeFourierCorrelationOn();
    calculator->Compute();
    ExpectListsNear(calculator->GetFourierCorrelation(), ToList(values), 1e-10);
  }
  for (const auto & [name, values] : m_Reference["fsc_volume"].items())
  {
    SCOPED_TRACE(name);
    auto calculator = MakeCalculator<Image3D>(this->ReadImage<Image3D>("vol_ref.mha"),
                                              this->ReadImage<Image3D>("vol_" + name + ".mha"));
    calculator->ComputeFourierCorrelationOn();
    calculator->UseImageSpacingOff();
    calculator->Compute();
    ExpectListsNear(calculator->GetFourierCorrelation(), ToList(values), 1e-10);
  }
}
