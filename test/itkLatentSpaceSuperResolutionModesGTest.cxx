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

#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"

#include "itkImageRegionConstIteratorWithIndex.h"

#include <fstream>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
double
Mean(const ImageType * image, itk::IndexValueType slice)
{
  auto region = image->GetLargestPossibleRegion();
  region.SetIndex(2, slice);
  region.SetSize(2, 1);
  double sum = 0.0;
  for (itk::ImageRegionConstIteratorWithIndex<ImageType> it(image, region); !it.IsAtEnd(); ++it)
  {
    sum += static_cast<double>(it.Get());
  }
  return sum / static_cast<double>(region.GetNumberOfPixels());
}

/** The minimum and the maximum of the acquired slices n and n + 1. */
std::pair<float, float>
RangeAround(const ImageType * image, itk::IndexValueType n)
{
  auto region = image->GetLargestPossibleRegion();
  region.SetIndex(2, n);
  region.SetSize(2, 2);
  std::pair<float, float> range{ At(image, 0, 0, n), At(image, 0, 0, n) };
  for (itk::ImageRegionConstIteratorWithIndex<ImageType> it(image, region); !it.IsAtEnd(); ++it)
  {
    range = { std::min(range.first, it.Get()), std::max(range.second, it.Get()) };
  }
  return range;
}

} // namespace

TEST(LatentSpaceSuperResolutionModes, ResidualCorrectedAddsACorrectionToTheLinearInterpolation)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto d = Upsample(image, OutputModeEnum::Decoded);
  const auto corrected = Upsample(image, OutputModeEnum::ResidualCorrected);
  const auto range = RangeAround(image, 0);
  // y = lerp(x) + [D(z) - lerp(D)]. Outside of the window, D includes the excess linearly, so the excess cancels.
  ForEachPixel(image, [&](auto x, auto y) {
    const float expected =
      0.5f * (At(image, x, y, 0) + At(image, x, y, 1)) + At(d, x, y, 1) - 0.5f * (At(d, x, y, 0) + At(d, x, y, 2));
    ASSERT_NEAR(At(corrected, x, y, 1), std::clamp(expected, range.first, range.second), 1e-2);
  });
}

TEST(LatentSpaceSuperResolutionModes, ResidualGainScalesTheCorrection)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto withGain = [&](double gain) {
    return Upsample(image, OutputModeEnum::ResidualCorrected, [gain](FilterType * f) { f->SetResidualGain(gain); });
  };
  const auto none = withGain(0.0);
  const auto half = withGain(0.5);
  const auto full = withGain(1.0);
  const auto range = RangeAround(image, 0);
  double     correction = 0.0;
  ForEachPixel(image, [&](auto x, auto y) {
    ASSERT_FLOAT_EQ(At(none, x, y, 1), 0.5f * (At(image, x, y, 0) + At(image, x, y, 1)));
    if (At(full, x, y, 1) > range.first && At(full, x, y, 1) < range.second)
    {
      ASSERT_NEAR(At(half, x, y, 1), 0.5f * (At(none, x, y, 1) + At(full, x, y, 1)), 1e-2);
      correction += std::abs(At(full, x, y, 1) - At(none, x, y, 1));
    }
  });
  EXPECT_GT(correction, 0.1);
}

TEST(LatentSpaceSuperResolutionModes, ResidualGainIsThatOfTheModelUnlessItIsSet)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto model = MakeSmallModel();
  model->SetResidualGain(0.25);
  const auto fromModel =
    Upsample(image, OutputModeEnum::ResidualCorrected, [&](FilterType * f) { f->SetModel(model); });
  const auto set = Upsample(image, OutputModeEnum::ResidualCorrected, [](FilterType * f) { f->SetResidualGain(0.25); });
  const auto one = Upsample(image, OutputModeEnum::ResidualCorrected);
  EXPECT_EQ(LargestDifference<ImageType>(fromModel, set), 0.0);
  EXPECT_GT(LargestDifference<ImageType>(fromModel, one), 0.0);
}

TEST(LatentSpaceSuperResolutionModes, ResidualCorrectedStaysWithinTheRangeOfTheNeighboringSlices)
{
  // An edge that moves from slice to slice: the correction overshoots beside it.
  auto image = MakeStack<ImageType>({ { 24, 24, 4 } });
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(it.GetIndex()[0] < 6 + 4 * it.GetIndex()[2] ? 0.0f : 1000.0f);
  }
  const auto strong = [](FilterType * f) {
    f->SetResidualGain(50.0);
    f->SetUpsamplingFactor(3);
  };
  const auto output = Upsample(image, OutputModeEnum::ResidualCorrected, strong);
  bool       reaches = false;
  for (itk::ImageRegionConstIteratorWithIndex<ImageType> it(output, output->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    ASSERT_GE(it.Get(), 0.0f);
    ASSERT_LE(it.Get(), 1000.0f);
    reaches = reaches || (it.Get() == 0.0f && it.GetIndex()[2] % 3 != 0);
  }
  EXPECT_TRUE(reaches);
}

TEST(LatentSpaceSuperResolutionModes, LowPassCorrectedWithoutBlurEqualsResidualCorrectedWithinTheWindow)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 3 } });
  const auto wide = [](FilterType * f) {
    SetWindow(f, -1000.0, 2000.0);
    f->SetLowPassSigma(0.0);
  };
  const auto lowPass = Upsample(image, OutputModeEnum::LowPassCorrected, wide);
  const auto residual = Upsample(image, OutputModeEnum::ResidualCorrected, wide);
  const auto range = RangeAround(image, 0);
  ForEachPixel(image, [&](auto x, auto y) {
    ASSERT_NEAR(At(lowPass, x, y, 0), At(image, x, y, 0), 1e-2);
    ASSERT_NEAR(At(lowPass, x, y, 2), At(image, x, y, 1), 1e-2);
    if (At(residual, x, y, 1) > range.first && At(residual, x, y, 1) < range.second)
    {
      ASSERT_NEAR(At(lowPass, x, y, 1), At(residual, x, y, 1), 1e-2);
    }
  });
}

TEST(LatentSpaceSuperResolutionModes, TheDetailGainOfLowPassCorrectedFallsFromOneToZeroAt14Millimeters)
{
  EXPECT_DOUBLE_EQ(itk::LatentSliceSynthesizer::ComputeDetailGain(0.0), 1.0);
  EXPECT_DOUBLE_EQ(itk::LatentSliceSynthesizer::ComputeDetailGain(3.5), 0.75);
  EXPECT_DOUBLE_EQ(itk::LatentSliceSynthesizer::ComputeDetailGain(14.0), 0.0);
  EXPECT_DOUBLE_EQ(itk::LatentSliceSynthesizer::ComputeDetailGain(20.0), 0.0);
}

TEST(LatentSpaceSuperResolutionModes, TheDetailGainOfLowPassCorrectedScalesTheDetailThatTheBlurRemoves)
{
  auto image = MakeStack<ImageType>({ { 24, 20, 3 } });
  // A negative gain stands for the automatic gain.
  const auto with = [&](double gain, double sigma) {
    return Upsample(image, OutputModeEnum::LowPassCorrected, [gain, sigma](FilterType * f) {
      SetWindow(f, -1000.0, 2000.0);
      f->SetLowPassSigma(sigma);
      if (gain >= 0.0)
      {
        f->SetDetailGain(gain);
      }
    });
  };
  const auto none = with(0.0, 2.0);
  const auto some = with(0.25, 2.0);
  const auto all = with(1.0, 2.0);
  const auto sharp = with(0.0, 0.0);
  double     difference = 0.0;
  for (itk::IndexValueType z = 0; z < 5; ++z)
  {
    ForEachPixel(image, [&](auto x, auto y) {
      ASSERT_NEAR(At(some, x, y, z), 0.75f * At(none, x, y, z) + 0.25f * At(all, x, y, z), 1e-2);
      ASSERT_NEAR(At(all, x, y, z), At(sharp, x, y, z), 1e-2);
      difference = std::max<double>(difference, std::abs(At(all, x, y, z) - At(none, x, y, z)));
    });
  }
  EXPECT_GT(difference, 10.0);

  auto spacing = image->GetSpacing();
  spacing[2] = 10.5;
  image->SetSpacing(spacing);
  const auto automatic = with(-1.0, 2.0);
  ForEachPixel(image, [&](auto x, auto y) { ASSERT_EQ(At(automatic, x, y, 1), At(some, x, y, 1)); });
}

TEST(LatentSpaceSuperResolutionModes, LowPassCorrectedNeedsNoMoreMemoryForAWideGaussian)
{
  const auto image = MakeStack<ImageType>({ { 256, 256, 2 } });
  const auto run = [&](double sigma) {
    return Upsample(image, OutputModeEnum::LowPassCorrected, [sigma](FilterType * f) { f->SetLowPassSigma(sigma); });
  };
  // The peak memory of the process since the last restart(), in MiB.
  const auto peak = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
    {
      if (line.compare(0, 6, "VmHWM:") == 0)
      {
        return std::stod(line.substr(6)) / 1024.0;
      }
    }
    return 0.0;
  };
  const auto restart = [] { return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << "5" << std::flush); };
  if (peak() == 0.0 || !restart())
  {
    GTEST_SKIP() << "This system does not report the memory of a process.";
  }
  run(3.0);
  restart();
  const double narrow = (run(3.0), peak());
  restart();
  const double wide = (run(400.0), peak());
  EXPECT_LT(wide, narrow + 100.0);
}

TEST(LatentSpaceSuperResolutionModes, LowPassCorrectedMirrorsTheImageRepeatedlyForAWideGaussian)
{
  // A Gaussian as wide as this leaves only the mean of the difference to the decoded slice, so a wider Gaussian gives
  // the same result.
  const auto image = MakeStack<ImageType>({ { 20, 16, 3 } });
  const auto with = [&](double sigma) {
    return Upsample(image, OutputModeEnum::LowPassCorrected, [sigma](FilterType * f) {
      SetWindow(f, -1000.0, 2000.0);
      f->SetDetailGain(0.0);
      f->SetLowPassSigma(sigma);
    });
  };
  EXPECT_LT(LargestDifference<ImageType>(with(100.0), with(1000.0)), 1e-2);
  EXPECT_GT(LargestDifference<ImageType>(with(2.0), with(1000.0)), 1.0);
  // An extremely narrow Gaussian has no effect.
  EXPECT_EQ(LargestDifference<ImageType>(with(1e-200), with(0.0)), 0.0);
}

TEST(LatentSpaceSuperResolutionModes, TheDetailGainOfLowPassCorrectedScalesTheRemainderOfTheNetworkInput)
{
  auto image = MakeStack<ImageType>({ { 24, 20, 3 } });
  auto spacing = image->GetSpacing();
  spacing[0] = spacing[1] = 0.5;
  image->SetSpacing(spacing);
  const auto with = [&](double gain) {
    return Upsample(image, OutputModeEnum::LowPassCorrected, [gain](FilterType * f) {
      SetWindow(f, -1000.0, 2000.0);
      f->SetDetailGain(gain);
    });
  };
  const auto none = with(0.0);
  const auto half = with(0.5);
  const auto all = with(1.0);
  ForEachPixel(image, [&](auto x, auto y) {
    // With a gain of 1, an acquired slice is returned.
    ASSERT_NEAR(At(all, x, y, 0), At(image, x, y, 0), 1e-2);
    ASSERT_NEAR(At(half, x, y, 0), 0.5f * (At(none, x, y, 0) + At(all, x, y, 0)), 1e-2);
  });
}

TEST(LatentSpaceSuperResolutionModes, TheWeightsOfProfileCorrectedCombineLanczosWithASecondOrderDeblurring)
{
  using Weights = std::map<itk::SizeValueType, double>;
  const auto weights = [](itk::SizeValueType slice, double alpha, itk::SizeValueType slices, double sigma) {
    return itk::LatentSliceSynthesizer::ComputeProfileWeights({ slice, alpha }, slices, sigma);
  };
  EXPECT_EQ(weights(4, 0.0, 10, 0.0), (Weights{ { 4, 1.0 } }));
  EXPECT_EQ(weights(4, 0.0, 10, 1.0), (Weights{ { 3, -0.5 }, { 4, 2.0 }, { 5, -0.5 } }));
  // At the end, the first slice replaces its missing neighbor.
  EXPECT_EQ(weights(0, 0.0, 10, 1.0), (Weights{ { 0, 1.5 }, { 1, -0.5 } }));
  EXPECT_EQ(weights(0, 0.0, 1, 1.0), (Weights{ { 0, 1.0 } }));

  // sinc(d) sinc(d / 3) at d = 0.5, 1.5 and 2.5, each twice, divided by the sum.
  const double lanczos[] = { 0.60792710, -0.13509491, 0.02431708 };
  const double sum = 2.0 * (lanczos[0] + lanczos[1] + lanczos[2]);
  const auto   half = weights(4, 0.5, 10, 0.0);
  ASSERT_EQ(half.size(), 6u);
  for (itk::SizeValueType i = 0; i < 3; ++i)
  {
    EXPECT_NEAR(half.at(4 - i), lanczos[i] / sum, 1e-7);
    EXPECT_NEAR(half.at(5 + i), lanczos[i] / sum, 1e-7);
  }
  for (const auto slices : { 2u, 3u, 5u, 9u })
  {
    double total = 0.0;
    for (const auto & [slice, weight] : weights(slices / 2 - 1, 0.3, slices, 0.5))
    {
      EXPECT_LT(slice, slices);
      total += weight;
    }
    EXPECT_NEAR(total, 1.0, 1e-12);
  }
}

TEST(LatentSpaceSuperResolutionModes, ProfileCorrectedDeblursAWaveAlongTheSliceAxisToSecondOrder)
{
  // A wave along the slice axis, acquired with slices that are 4 mm thick and 4 mm apart. The Gaussian profile
  // multiplies it by exp(-w^2 s^2 / 2). With a gain of 0, there is no correction by the network.
  const auto     image = MakeStack<ImageType>({ { 16, 16, 15 } });
  constexpr auto frequency = 0.5;
  const double   sigma = 1.0 / (2.0 * std::sqrt(2.0 * std::log(2.0)));
  const double   blur = std::exp(-0.5 * frequency * frequency * sigma * sigma);
  const auto     wave = [](double slice) { return 200.0 * std::cos(frequency * slice); };
  auto           spacing = image->GetSpacing();
  spacing[2] = 4.0;
  image->SetSpacing(spacing);
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(
      static_cast<float>(500.0 + blur * wave(static_cast<double>(it.GetIndex()[2])) + 300.0 * (it.GetIndex()[0] % 2)));
  }
  const auto corrected = Upsample(image, OutputModeEnum::ProfileCorrected, [](FilterType * f) {
    f->SetResidualGain(0.0);
    f->SetSliceThickness(4.0);
  });
  const auto plain = Upsample(image, OutputModeEnum::ProfileCorrected, [](FilterType * f) { f->SetResidualGain(0.0); });
  // These slices are far from the ends, and the wave has no extremum there, where results would be clamped.
  for (const itk::IndexValueType z : { 9, 10, 11, 21, 22, 23 })
  {
    const double truth = 500.0 + wave(0.5 * static_cast<double>(z));
    EXPECT_NEAR(At(corrected, 4, 4, z), truth, 1.0) << z;
    EXPECT_GT(std::abs(At(plain, 4, 4, z) - truth), 1.0) << z;
  }
}

TEST(LatentSpaceSuperResolutionModes, AutomaticDependsOnTheSliceDistanceAndOnWhetherSlicesAreKnownToTouch)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 5 } });
  auto       spacing = image->GetSpacing();
  const auto used = [&](double distance, double thickness) {
    spacing[2] = distance;
    image->SetSpacing(spacing);
    const auto filter = MakeFilter(image, OutputModeEnum::Automatic);
    filter->SetSliceThickness(thickness);
    return filter->GetOutputModeUsed();
  };
  EXPECT_EQ(used(5.0, 0.0), OutputModeEnum::LowPassCorrected);
  EXPECT_EQ(used(5.0, 3.9), OutputModeEnum::LowPassCorrected);
  EXPECT_EQ(used(5.0, 4.1), OutputModeEnum::ProfileCorrected);
  EXPECT_EQ(used(5.0, 10.0), OutputModeEnum::ProfileCorrected);
  EXPECT_EQ(used(7.0, 7.0), OutputModeEnum::ProfileCorrected);
  EXPECT_EQ(used(7.1, 7.1), OutputModeEnum::LowPassCorrected);
  EXPECT_EQ(used(8.9, 0.0), OutputModeEnum::LowPassCorrected);
  EXPECT_EQ(used(9.0, 0.0), OutputModeEnum::Decoded);
  EXPECT_EQ(used(9.0, 9.0), OutputModeEnum::Decoded);
  EXPECT_EQ(used(20.0, 0.0), OutputModeEnum::Decoded);
  EXPECT_EQ(MakeFilter(image, OutputModeEnum::Decoded)->GetOutputModeUsed(), OutputModeEnum::Decoded);
  EXPECT_EQ(FilterType::New()->GetOutputMode(), OutputModeEnum::Automatic);

  spacing[2] = 5.0;
  image->SetSpacing(spacing);
  const auto automatic = Upsample(image, OutputModeEnum::Automatic);
  const auto lowPass = Upsample(image, OutputModeEnum::LowPassCorrected);
  ForEachPixel(image, [&](auto x, auto y) { ASSERT_EQ(At(automatic, x, y, 1), At(lowPass, x, y, 1)); });
}

TEST(LatentSpaceSuperResolutionModes, TheAutomaticModeCanNotBeDeterminedWithoutAnImage)
{
  const auto filter = FilterType::New();
  EXPECT_THROW(filter->GetOutputModeUsed(), itk::ExceptionObject);
  EXPECT_THROW(filter->GetSliceAxisUsed(), itk::ExceptionObject);
  filter->SetOutputMode(OutputModeEnum::Decoded);
  EXPECT_EQ(filter->GetOutputModeUsed(), OutputModeEnum::Decoded);
}

TEST(LatentSpaceSuperResolutionModes, ProfileCorrectedAddsHalfOfTheCorrectionOfResidualCorrected)
{
  const auto image = MakeStack<ImageType>({ { 16, 16, 7 } });
  const auto wide = [](FilterType * f) { SetWindow(f, -1000.0, 2000.0); };
  const auto corrected = Upsample(image, OutputModeEnum::ProfileCorrected, wide);
  const auto interpolated = Upsample(image, OutputModeEnum::ProfileCorrected, [&](FilterType * f) {
    wide(f);
    f->SetResidualGain(0.0);
  });
  const auto d = Upsample(image, OutputModeEnum::Decoded, wide);
  // Results are clamped to the range of the six surrounding slices.
  std::pair<float, float> range = RangeAround(image, 1);
  for (const itk::IndexValueType n : { 3, 5 })
  {
    const auto more = RangeAround(image, n);
    range = { std::min(range.first, more.first), std::max(range.second, more.second) };
  }
  ForEachPixel(image, [&](auto x, auto y) {
    ASSERT_NEAR(At(corrected, x, y, 6), At(image, x, y, 3), 1e-2);
    const float correction = At(d, x, y, 7) - 0.5f * (At(d, x, y, 6) + At(d, x, y, 8));
    const float expected = At(interpolated, x, y, 7) + 0.5f * correction;
    if (At(interpolated, x, y, 7) > range.first && At(interpolated, x, y, 7) < range.second)
    {
      ASSERT_NEAR(At(corrected, x, y, 7), std::clamp(expected, range.first, range.second), 1e-2);
    }
  });
}

TEST(LatentSpaceSuperResolutionModes, LowPassCorrectedKeepsTheMeanOfAcquiredSlicesForAnyNetwork)
{
  const auto image = MakeStack<ImageType>({ { 32, 32, 3 } });
  const auto wide = [](FilterType * f) {
    SetWindow(f, -1000.0, 2000.0);
    f->SetLowPassSigma(4.0);
  };
  const auto decoded = Upsample(image, OutputModeEnum::Decoded, wide);
  const auto lowPass = Upsample(image, OutputModeEnum::LowPassCorrected, wide);
  // With mirrored borders, the mean of a blurred image is near that of the image.
  EXPECT_GT(std::abs(Mean(decoded, 2) - Mean(image, 1)), 50.0);
  EXPECT_NEAR(Mean(lowPass, 2), Mean(image, 1), 2.0);
  EXPECT_NEAR(Mean(lowPass, 1),
              0.5 * (Mean(image, 0) + Mean(image, 1)) + Mean(decoded, 1) - 0.5 * (Mean(decoded, 0) + Mean(decoded, 2)),
              2.0);
}

TEST(LatentSpaceSuperResolutionModes, PreservingModesReturnHounsfieldUnitsBitForBitAndOthersKeepTheirSign)
{
  const auto image = MakeStack<ShortImageType>({ { 20, 18, 4 } });
  for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    it.Set(static_cast<short>(it.GetIndex()[0] < 8 ? -1000 + it.Get() / 50 : it.Get() - 400));
  }
  for (const auto mode : AllModes)
  {
    const auto filter = MakeFilter<ShortFilterType>(image, mode);
    filter->SetUpsamplingFactor(3);
    filter->Update();
    EXPECT_LT(filter->GetWindowMinimumUsed(), -980.0);
    for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
         ++it)
    {
      auto index = it.GetIndex();
      index[2] *= 3;
      if (mode == OutputModeEnum::PreserveAcquired || mode == OutputModeEnum::ResidualCorrected)
      {
        ASSERT_EQ(filter->GetOutput()->GetPixel(index), it.Get()) << mode;
      }
      ASSERT_GE(filter->GetOutput()->GetPixel(index), -1024) << mode;
    }
  }
}

TEST(LatentSpaceSuperResolutionModes, InterpolateLinearlyWhereTheWindowIsEmpty)
{
  auto image = MakeStack<ImageType>({ { 12, 12, 3 } });
  // More than 99 % of the pixels are equal, so both percentiles are equal.
  image->FillBuffer(40.0f);
  image->SetPixel({ { 5, 5, 1 } }, 80.0f);
  for (const auto mode : AllModes)
  {
    const auto output = Upsample(image, mode);
    EXPECT_EQ(At(output, 5, 5, 1), 60.0f) << mode;
    EXPECT_EQ(At(output, 5, 5, 2), 80.0f) << mode;
    EXPECT_EQ(At(output, 4, 5, 1), 40.0f) << mode;
  }
}

TEST(LatentSpaceSuperResolutionModes, GiveTheSameInBFloat16WithinItsPrecision)
{
  const auto image = MakeStack<ImageType>({ { 24, 24, 3 } });
  for (const auto mode : AllModes)
  {
    const auto single = Upsample(image, mode);
    const auto half =
      Upsample(image, mode, [](FilterType * f) { f->SetPrecision(itk::AutoencoderModelEnums::Precision::BFloat16); });
    const double difference = LargestDifference<ImageType>(single, half);
    EXPECT_GT(difference, 0.0) << mode;
    EXPECT_LT(difference, 20.0) << mode; // of a window of about 700: bfloat16 has three digits
  }
}

TEST(LatentSpaceSuperResolutionModes, GiveTheSameWithOneThreadAndWithTwo)
{
  const auto image = MakeStack<ImageType>({ { 40, 40, 3 } });
  for (const auto mode : AllModes)
  {
    const auto one = Upsample(image, mode, [](FilterType * f) { f->SetNumberOfWorkUnits(1); });
    const auto two = Upsample(image, mode, [](FilterType * f) { f->SetNumberOfWorkUnits(2); });
    EXPECT_LT(LargestDifference<ImageType>(one, two), 1e-2) << mode;
  }
}
