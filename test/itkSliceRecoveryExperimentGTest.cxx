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

#include "itkSliceRecoveryExperiment.h"

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;
using ImageType = itk::Image<short, 3>;
using ExperimentType = itk::SliceRecoveryExperiment<ImageType>;
using RealImageType = ExperimentType::RealImageType;

namespace
{
ExperimentType::Pointer
MakeExperiment(const ImageType * image, unsigned int keepEvery = 2)
{
  auto experiment = ExperimentType::New();
  experiment->SetImage(image);
  experiment->SetKeepEvery(keepEvery);
  experiment->Prepare();
  return experiment;
}

/** Intensities that grow linearly along the slice axis and are constant in plane, except for a few extreme pixels. */
ImageType::Pointer
MakeRamp(unsigned int slices)
{
  auto image = MakeStack<ImageType>({ { 12, 10, slices } });
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(static_cast<short>(100 * it.GetIndex()[2]));
  }
  return image;
}
} // namespace

TEST(SliceRecoveryExperiment, RecoversALinearRampExactlyByLinearInterpolation)
{
  const auto   experiment = MakeExperiment(MakeRamp(9));
  const auto   recovered = experiment->RecoverByInterpolation("linear");
  const auto * truth = experiment->GetTruth();
  ASSERT_EQ(recovered->GetLargestPossibleRegion(), truth->GetLargestPossibleRegion());
  for (itk::SizeValueType i = 0; i < truth->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    ASSERT_NEAR(recovered->GetBufferPointer()[i], truth->GetBufferPointer()[i], 1e-5f);
  }
}

TEST(SliceRecoveryExperiment, ReturnsKeptSlicesByEveryInterpolator)
{
  const auto experiment = MakeExperiment(MakeStack<ImageType>({ { 16, 14, 9 } }));
  for (const auto & method : { "nearest", "linear", "bspline", "bspline2", "bspline5", "lanczos", "lanczos4" })
  {
    const auto recovered = experiment->RecoverByInterpolation(method);
    for (itk::IndexValueType z = 0; z < 9; z += 2)
    {
      ASSERT_NEAR(recovered->GetPixel({ { 5, 6, z } }), experiment->GetTruth()->GetPixel({ { 5, 6, z } }), 1e-5f)
        << method;
    }
  }
}

TEST(SliceRecoveryExperiment, BSplinesHaveTheOrdersOfTheirNames)
{
  const auto experiment = MakeExperiment(MakeStack<ImageType>({ { 16, 14, 9 } }));
  const auto pixel = [&](const std::string & method) {
    return experiment->RecoverByInterpolation(method)->GetPixel({ { 5, 6, 3 } });
  };
  EXPECT_EQ(pixel("bspline"), pixel("bspline3"));
  EXPECT_NEAR(pixel("bspline1"), pixel("linear"), 1e-5f);
  EXPECT_NE(pixel("bspline5"), pixel("bspline3"));
  EXPECT_NE(pixel("lanczos4"), pixel("lanczos"));
}

TEST(SliceRecoveryExperiment, BlursKeptSlicesWithAGaussianProfileButNotTheTruth)
{
  // Slice 8 is bright, all others are dark. Slices are 3 mm apart.
  auto image = MakeStack<ImageType>({ { 16, 14, 17 } });
  image->SetSpacing(itk::MakeVector(1.0, 1.0, 3.0));
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(it.GetIndex()[2] == 8 ? 1000 : static_cast<short>(it.GetIndex()[0] % 2));
  }
  auto experiment = ExperimentType::New();
  experiment->SetImage(image);
  experiment->SetSliceThickness(9.0);
  experiment->Prepare();
  const double sigma = 3.0 / (2.0 * std::sqrt(2.0 * std::log(2.0)));
  const auto   kept = experiment->GetKeptSlices();
  const auto   native = [&](itk::IndexValueType slice) {
    return experiment->GetWindowMinimum() +
           kept->GetPixel({ { 4, 4, slice } }) * (experiment->GetWindowMaximum() - experiment->GetWindowMinimum());
  };
  // The kept slices 3 and 4 are the slices 6 and 8. Their quotient is that of the discrete Gaussian of this variance.
  const double variance = sigma * sigma;
  EXPECT_NEAR(native(3) / native(4), std::cyl_bessel_i(2.0, variance) / std::cyl_bessel_i(0.0, variance), 1e-2);
  EXPECT_EQ(experiment->GetTruth()->GetPixel({ { 4, 4, 7 } }), 0.0f);
  EXPECT_EQ(experiment->GetTruth()->GetPixel({ { 4, 4, 8 } }), 1.0f);

  experiment->SetSliceThickness(-1.0);
  EXPECT_THROW(experiment->Prepare(), itk::ExceptionObject);
}

TEST(SliceRecoveryExperiment, LeavesOutSlicesAfterTheLastKeptSlice)
{
  const auto experiment = MakeExperiment(MakeStack<ImageType>({ { 16, 14, 9 } }), 3);
  EXPECT_EQ(experiment->GetTruth()->GetLargestPossibleRegion().GetSize(2), 7u);
  EXPECT_EQ(experiment->GetKeptSlices()->GetLargestPossibleRegion().GetSize(2), 3u);
  EXPECT_EQ(experiment->GetDroppedSliceNumbers(), (std::vector<itk::SizeValueType>{ 1, 2, 4, 5 }));
  EXPECT_DOUBLE_EQ(experiment->GetKeptSlices()->GetSpacing()[2], 15.0);
}

TEST(SliceRecoveryExperiment, TakesTheWindowFromTheKeptSlicesAlone)
{
  auto         image = MakeStack<ImageType>({ { 16, 14, 9 } });
  const auto   experiment = MakeExperiment(image);
  const double minimum = experiment->GetWindowMinimum();
  const double maximum = experiment->GetWindowMaximum();
  const float  recovered = experiment->RecoverByInterpolation("bspline")->GetPixel({ { 4, 4, 3 } });
  for (itk::IndexValueType y = 0; y < 14; ++y)
  {
    for (itk::IndexValueType x = 0; x < 16; ++x)
    {
      image->SetPixel({ { x, y, 3 } }, 30000); // a dropped slice
    }
  }
  image->Modified();
  experiment->Prepare();
  EXPECT_EQ(experiment->GetWindowMinimum(), minimum);
  EXPECT_EQ(experiment->GetWindowMaximum(), maximum);
  EXPECT_EQ(experiment->RecoverByInterpolation("bspline")->GetPixel({ { 4, 4, 3 } }), recovered);
}

TEST(SliceRecoveryExperiment, NoticesThatItsImageWasModified)
{
  const auto image = MakeRamp(9);
  const auto experiment = MakeExperiment(image);
  EXPECT_EQ(experiment->GetTruth()->GetPixel({ { 4, 4, 1 } }), 0.125f);
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(static_cast<short>(900 - it.Get()));
  }
  image->Modified();
  EXPECT_NE(MessageOf([&] { experiment->GetTruth(); }).find("Prepare()"), std::string::npos);
  experiment->Prepare();
  EXPECT_EQ(experiment->GetTruth()->GetPixel({ { 4, 4, 1 } }), 0.875f);

  // The same if only the pixel container is modified.
  image->GetPixelContainer()->Modified();
  EXPECT_NE(MessageOf([&] { experiment->RecoverByInterpolation("linear"); }).find("Prepare()"), std::string::npos);
}

TEST(SliceRecoveryExperiment, KeepsItsPreparationWhenDeviceOrPrecisionChanges)
{
  const auto experiment = MakeExperiment(MakeRamp(9));
  const auto truth = experiment->GetTruth();
  experiment->SetDevice("cuda");
  experiment->SetPrecision(ExperimentType::PrecisionEnum::BFloat16);
  experiment->SetNumberOfOrientations(4);
  EXPECT_EQ(experiment->GetTruth(), truth);

  // A change of any parameter that the preparation depends on invalidates it. The previous value makes it valid again.
  const auto isPrepared = [&] { return MessageOf([&] { experiment->GetTruth(); }).empty(); };
  experiment->SetKeepEvery(4);
  EXPECT_FALSE(isPrepared());
  experiment->SetKeepEvery(2);
  EXPECT_TRUE(isPrepared());
  experiment->SetCropSize(4);
  EXPECT_FALSE(isPrepared());
  experiment->SetCropSize(0);
  experiment->SetSliceThickness(9.0);
  EXPECT_FALSE(isPrepared());
  experiment->SetSliceThickness(0.0);
  experiment->SetSliceAxis(0);
  EXPECT_FALSE(isPrepared());
  experiment->AutomaticSliceAxisOn();
  EXPECT_TRUE(isPrepared());
  experiment->SetImage(MakeRamp(9));
  EXPECT_FALSE(isPrepared());
}

TEST(SliceRecoveryExperiment, FindsTheSliceAxisUnlessItIsSet)
{
  auto experiment = ExperimentType::New();
  EXPECT_TRUE(experiment->GetAutomaticSliceAxis());
  experiment->SetImage(MakeStack<ImageType>({ { 9, 9, 9 } }, 5.0, 1));
  experiment->Prepare();
  EXPECT_EQ(experiment->GetSliceAxisUsed(), 1u);

  // The default value 0 can be set explicitly.
  experiment->SetSliceAxis(0);
  EXPECT_FALSE(experiment->GetAutomaticSliceAxis());
  experiment->Prepare();
  EXPECT_EQ(experiment->GetSliceAxisUsed(), 0u);
  const auto time = experiment->GetMTime();
  experiment->SetSliceAxis(0);
  experiment->AutomaticSliceAxisOff();
  EXPECT_EQ(experiment->GetMTime(), time);

  experiment->AutomaticSliceAxisOn();
  experiment->Prepare();
  EXPECT_EQ(experiment->GetSliceAxisUsed(), 1u);

  for (const unsigned int axis : { 3u, std::numeric_limits<unsigned int>::max() })
  {
    experiment->SetSliceAxis(axis);
    EXPECT_NE(MessageOf([&] { experiment->Prepare(); }).find("SliceAxis is " + std::to_string(axis)),
              std::string::npos);
  }
}

TEST(SliceRecoveryExperiment, ReturnsOrThrowsFromEveryGetterWithoutAnImage)
{
  const auto empty = ExperimentType::New();
  EXPECT_EQ(empty->GetImage(), nullptr);
  EXPECT_EQ(empty->GetKeepEvery(), 2u);
  EXPECT_EQ(empty->GetCropSize(), 0u);
  EXPECT_EQ(empty->GetSliceThickness(), 0.0);
  EXPECT_EQ(empty->GetPrecision(), ExperimentType::PrecisionEnum::Float32);
  EXPECT_STREQ(empty->GetDevice(), "cpu");
  EXPECT_EQ(empty->GetNumberOfOrientations(), 1u);
  EXPECT_EQ(ExperimentType::GetInterpolationMethods().size(), 12u);
  const auto model = MakeSmallModel();
  EXPECT_THROW(empty->GetSliceAxisUsed(), itk::ExceptionObject);
  EXPECT_THROW(empty->GetWindowMinimum(), itk::ExceptionObject);
  EXPECT_THROW(empty->GetWindowMaximum(), itk::ExceptionObject);
  EXPECT_THROW(empty->GetTruth(), itk::ExceptionObject);
  EXPECT_THROW(empty->GetKeptSlices(), itk::ExceptionObject);
  EXPECT_THROW(empty->GetDroppedSliceNumbers(), itk::ExceptionObject);
  EXPECT_THROW(empty->RecoverByInterpolation("linear"), itk::ExceptionObject);
  EXPECT_THROW(empty->RecoverByModel(model, ExperimentType::OutputModeEnum::Decoded), itk::ExceptionObject);
  EXPECT_THROW(empty->ComputeResidualGainSums(model), itk::ExceptionObject);
  EXPECT_THROW(empty->ExtractDroppedSlices(RealImageType::New()), itk::ExceptionObject);
  std::ostringstream printed;
  empty->Print(printed);
  EXPECT_NE(printed.str().find("AutomaticSliceAxis: On"), std::string::npos);
}

TEST(SliceRecoveryExperiment, TheSameValuesOfAnyPixelTypeGiveTheSameBits)
{
  const auto keptPixels = [](auto pixel, double thickness) {
    using OtherImageType = itk::Image<decltype(pixel), 3>;
    auto experiment = itk::SliceRecoveryExperiment<OtherImageType>::New();
    experiment->SetImage(MakeStack<OtherImageType>({ { 16, 14, 9 } }, 5.0, 2));
    experiment->SetSliceThickness(thickness);
    experiment->SetCropSize(11);
    experiment->Prepare();
    const auto * kept = experiment->GetKeptSlices();
    return std::vector<float>(kept->GetBufferPointer(),
                              kept->GetBufferPointer() + kept->GetBufferedRegion().GetNumberOfPixels());
  };
  for (const double thickness : { 0.0, 6.0 })
  {
    EXPECT_EQ(keptPixels(short{}, thickness), keptPixels(int{}, thickness));
    EXPECT_EQ(keptPixels(short{}, thickness), keptPixels(uint16_t{}, thickness));
  }
}

TEST(SliceRecoveryExperiment, CropsTheCenterAndKeepsItsPhysicalPosition)
{
  const auto image = MakeStack<ImageType>({ { 20, 16, 5 } });
  auto       experiment = ExperimentType::New();
  experiment->SetImage(image);
  experiment->SetCropSize(10);
  experiment->Prepare();
  EXPECT_EQ(experiment->GetTruth()->GetLargestPossibleRegion().GetSize(), (RealImageType::SizeType{ { 10, 10, 5 } }));
  ImageType::PointType     corner;
  RealImageType::PointType same;
  image->TransformIndexToPhysicalPoint({ { 5, 3, 2 } }, corner);
  experiment->GetTruth()->TransformIndexToPhysicalPoint({ { 0, 0, 2 } }, same);
  EXPECT_LT(corner.EuclideanDistanceTo(same), 1e-9);
}

TEST(SliceRecoveryExperiment, BlursInPlaneOnly)
{
  // The ramp is constant in plane, so the blur must not change it.
  const auto experiment = MakeExperiment(MakeRamp(9));
  const auto linear = experiment->RecoverByInterpolation("linear");
  const auto blurred = experiment->RecoverByInterpolation("linear-blur");
  for (itk::SizeValueType i = 0; i < linear->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    ASSERT_NEAR(linear->GetBufferPointer()[i], blurred->GetBufferPointer()[i], 1e-4f);
  }
  const auto noisy = MakeExperiment(MakeStack<ImageType>({ { 32, 32, 5 } }));
  EXPECT_GT(std::abs(noisy->RecoverByInterpolation("linear")->GetPixel({ { 9, 9, 1 } }) -
                     noisy->RecoverByInterpolation("linear-blur")->GetPixel({ { 9, 9, 1 } })),
            1e-4f);
}

TEST(SliceRecoveryExperiment, RecoversByAModelAlongAnyAxis)
{
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    ImageType::SizeType size{ { 14, 14, 14 } };
    size[axis] = 7;
    const auto experiment = MakeExperiment(MakeStack<ImageType>(size, 5.0, axis));
    const auto recovered =
      experiment->RecoverByModel(MakeSmallModel(), ExperimentType::OutputModeEnum::PreserveAcquired);
    EXPECT_EQ(recovered->GetLargestPossibleRegion(), experiment->GetTruth()->GetLargestPossibleRegion());
    const auto dropped = experiment->ExtractDroppedSlices(recovered);
    EXPECT_EQ(dropped->GetLargestPossibleRegion().GetSize(), (RealImageType::SizeType{ { 14, 14, 3 } }));
    ImageType::IndexType index{ { 2, 2, 2 } };
    EXPECT_EQ(recovered->GetPixel(index), experiment->GetTruth()->GetPixel(index));
  }
}

TEST(SliceRecoveryExperiment, SaysWhichModeAutomaticIsForTheKeptSlices)
{
  // Kept slices are twice the slice distance of 5 mm or 3 mm apart.
  const auto wide = MakeExperiment(MakeStack<ImageType>({ { 14, 14, 7 } }, 5.0));
  const auto close = MakeExperiment(MakeStack<ImageType>({ { 14, 14, 7 } }, 3.0));
  using ModeEnum = ExperimentType::OutputModeEnum;
  EXPECT_EQ(wide->ResolveOutputMode(ModeEnum::Automatic), ModeEnum::Decoded);
  EXPECT_EQ(close->ResolveOutputMode(ModeEnum::Automatic), ModeEnum::LowPassCorrected);
  EXPECT_EQ(close->ResolveOutputMode(ModeEnum::PreserveAcquired), ModeEnum::PreserveAcquired);
  close->SetSliceThickness(6.0);
  close->Prepare();
  EXPECT_EQ(close->ResolveOutputMode(ModeEnum::Automatic), ModeEnum::ProfileCorrected);
}

TEST(SliceRecoveryExperiment, GivesTheSpreadOverSeveralOrientations)
{
  const auto experiment = MakeExperiment(MakeStack<ImageType>({ { 16, 16, 5 } }));
  const auto mode = ExperimentType::OutputModeEnum::Decoded;
  const auto spread = RealImageType::New();
  experiment->RecoverByModel(MakeSmallModel(), mode, spread);
  EXPECT_EQ(spread->GetLargestPossibleRegion().GetNumberOfPixels(), 0u);
  experiment->SetNumberOfOrientations(4);
  const auto recovered = experiment->RecoverByModel(MakeSmallModel(), mode, spread);
  ASSERT_EQ(spread->GetBufferedRegion(), recovered->GetBufferedRegion());
  EXPECT_GT(*std::max_element(spread->GetBufferPointer(), spread->GetBufferPointer() + 16 * 16 * 5), 0.0f);
}

TEST(SliceRecoveryExperiment, RefusesWhatItCanNotDoAndSaysWhy)
{
  auto empty = ExperimentType::New();
  EXPECT_NE(MessageOf([&] { empty->Prepare(); }).find("no image"), std::string::npos);
  EXPECT_NE(MessageOf([] { MakeExperiment(MakeRamp(9), 1); }).find("KeepEvery is 1"), std::string::npos);
  EXPECT_NE(MessageOf([] { MakeExperiment(MakeRamp(2)); }).find("2 slices"), std::string::npos);
  const auto experiment = MakeExperiment(MakeRamp(9));
  EXPECT_NE(MessageOf([&] { experiment->RecoverByInterpolation("cubic"); }).find("bspline"), std::string::npos);
  experiment->SetCropSize(4);
  EXPECT_NE(MessageOf([&] { experiment->GetTruth(); }).find("Prepare()"), std::string::npos);
  const auto flat = MakeRamp(9);
  flat->FillBuffer(1);
  EXPECT_NE(MessageOf([&] { MakeExperiment(flat); }).find("constant"), std::string::npos);
}

TEST(SliceRecoveryExperiment, FindsTheResidualGainWithTheSmallestMeanSquaredError)
{
  const auto experiment = MakeExperiment(MakeStack<ImageType>({ { 32, 32, 9 } }));
  const auto model = MakeSmallModel();
  const auto sums = experiment->ComputeResidualGainSums(model);
  ASSERT_EQ(sums.size(), 2u);
  ASSERT_GT(sums[1], 0.0);
  const double best = std::max(0.0, sums[0] / sums[1]);
  const auto   error = [&](double gain) {
    model->SetResidualGain(gain);
    const auto recovered = experiment->ExtractDroppedSlices(experiment->RecoverByModel(
      model, itk::LatentSpaceSuperResolutionImageFilterEnums::OutputMode::ResidualCorrected));
    const auto truth = experiment->ExtractDroppedSlices(experiment->GetTruth());
    double     sum = 0.0;
    for (itk::SizeValueType i = 0; i < truth->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
    {
      const double difference = recovered->GetBufferPointer()[i] - truth->GetBufferPointer()[i];
      sum += difference * difference;
    }
    return sum;
  };
  EXPECT_LE(error(best), error(0.0));
  EXPECT_LT(error(best), error(best + 2.0));
  // The sums do not depend on the gain of the model.
  EXPECT_EQ(experiment->ComputeResidualGainSums(model), sums);
}
