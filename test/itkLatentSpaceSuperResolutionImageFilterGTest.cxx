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

#include "itkLatentSpaceSuperResolutionImageFilter.h"

#include "itkCommand.h"
#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"
#include "itkPermuteAxesImageFilter.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;

TEST(LatentSpaceSuperResolutionImageFilter, KeepsOriginAndDirectionAndDividesTheSliceSpacing)
{
  auto                     image = MakeStack<ImageType>({ { 12, 10, 4 } });
  ImageType::DirectionType direction;
  // An oblique direction: y and z are flipped, then the image is rotated about z by 0.5 radians.
  direction.Fill(0.0);
  direction[0][0] = std::cos(0.5);
  direction[0][1] = std::sin(0.5);
  direction[1][0] = std::sin(0.5);
  direction[1][1] = -std::cos(0.5);
  direction[2][2] = -1.0;
  image->SetDirection(direction);
  image->SetOrigin(itk::MakePoint(10.0, -20.0, 30.0));

  const auto filter = MakeFilter(image);
  filter->SetUpsamplingFactor(5);
  filter->UpdateOutputInformation();
  const auto * output = filter->GetOutput();
  EXPECT_EQ(output->GetLargestPossibleRegion().GetSize(), (ImageType::SizeType{ { 12, 10, 16 } }));
  EXPECT_DOUBLE_EQ(output->GetSpacing()[0], 1.0);
  EXPECT_DOUBLE_EQ(output->GetSpacing()[2], 1.0);
  EXPECT_EQ(output->GetOrigin(), image->GetOrigin());
  EXPECT_EQ(output->GetDirection(), image->GetDirection());
  for (itk::IndexValueType slice = 0; slice < 4; ++slice)
  {
    ImageType::PointType acquired;
    ImageType::PointType same;
    image->TransformIndexToPhysicalPoint({ { 3, 2, slice } }, acquired);
    output->TransformIndexToPhysicalPoint({ { 3, 2, 5 * slice } }, same);
    EXPECT_LT(acquired.EuclideanDistanceTo(same), 1e-9);
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, KeepsPhysicalPointsOfAnInputWhoseIndexDoesNotStartAtZero)
{
  auto                  image = MakeStack<ImageType>({ { 8, 8, 4 } });
  ImageType::RegionType region = image->GetLargestPossibleRegion();
  region.SetIndex({ { 2, -1, 3 } });
  image->SetRegions(region);
  const auto filter = MakeFilter(image);
  filter->SetUpsamplingFactor(3);
  filter->UpdateOutputInformation();
  ImageType::PointType acquired;
  ImageType::PointType same;
  image->TransformIndexToPhysicalPoint({ { 2, -1, 4 } }, acquired);
  filter->GetOutput()->TransformIndexToPhysicalPoint({ { 2, -1, 12 } }, same);
  EXPECT_LT(acquired.EuclideanDistanceTo(same), 1e-9);
  EXPECT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetIndex(2), 9);
  filter->SetOutputSliceSpacing(2.5);
  filter->UpdateOutputInformation();
  filter->GetOutput()->TransformIndexToPhysicalPoint({ { 2, -1, 2 } }, same);
  EXPECT_LT(acquired.EuclideanDistanceTo(same), 1e-9);
}

TEST(LatentSpaceSuperResolutionImageFilter, EndsAtOrBeforeTheLastSliceAtATargetSpacing)
{
  const auto image = MakeStack<ImageType>({ { 8, 8, 4 } }, 5.0);
  const auto filter = MakeFilter(image);
  for (const auto & [spacing, slices] : std::vector<std::pair<double, itk::SizeValueType>>{
         { 5.0, 4 }, { 1.0, 16 }, { 2.0, 8 }, { 15.0, 2 }, { 15.1, 1 }, { 0.3, 51 } })
  {
    filter->SetOutputSliceSpacing(spacing);
    filter->UpdateOutputInformation();
    EXPECT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(2), slices) << spacing;
    EXPECT_DOUBLE_EQ(filter->GetOutput()->GetSpacing()[2], spacing);
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, GivesTheSameSlicesForAFactorAndForTheEquivalentSpacing)
{
  const auto image = MakeStack<ImageType>({ { 12, 12, 4 } }, 5.0);
  const auto byFactor = MakeFilter(image);
  byFactor->SetUpsamplingFactor(5);
  byFactor->Update();
  const auto bySpacing = MakeFilter(image);
  bySpacing->SetOutputSliceSpacing(1.0);
  bySpacing->Update();
  EXPECT_LT(LargestDifference(byFactor->GetOutput(), bySpacing->GetOutput()), 1e-2);
}

TEST(LatentSpaceSuperResolutionImageFilter, ReturnsAcquiredSlicesBitForBitInThePreservingModes)
{
  const auto image = MakeStack<ShortImageType>({ { 14, 13, 5 } });
  for (const auto mode : { OutputModeEnum::PreserveAcquired, OutputModeEnum::ResidualCorrected })
  {
    const auto filter = MakeFilter<ShortFilterType>(image);
    filter->SetUpsamplingFactor(4);
    filter->SetOutputMode(mode);
    filter->Update();
    for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
         ++it)
    {
      auto index = it.GetIndex();
      index[2] *= 4;
      ASSERT_EQ(filter->GetOutput()->GetPixel(index), it.Get());
    }
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, PreservesDoublesThatFloatsCanNotHold)
{
  using DoubleImageType = itk::Image<double, 3>;
  auto image = MakeStack<DoubleImageType>({ { 8, 8, 3 } });
  image->SetPixel({ { 1, 1, 1 } }, 123.45678901234567);
  const auto filter = MakeFilter<itk::LatentSpaceSuperResolutionImageFilter<DoubleImageType>>(image);
  filter->SetOutputMode(OutputModeEnum::PreserveAcquired);
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetPixel({ { 1, 1, 2 } }), 123.45678901234567);
}

TEST(LatentSpaceSuperResolutionImageFilter, ReturnsWhatTheModelDecodes)
{
  // The filter pads 14 x 14 pixels to 16 x 16 by mirroring. Here, this is done by hand.
  const auto image = MakeStack<ImageType>({ { 14, 14, 2 } });
  const auto filter = MakeFilter(image);
  filter->SetWindowMinimum(0.0);
  filter->SetWindowMaximum(1000.0);
  filter->Update();

  auto padded = ImageType::New();
  padded->SetRegions(ImageType::SizeType{ { 16, 16, 2 } });
  padded->Allocate();
  const auto mirror = [](itk::IndexValueType i) { return std::clamp<itk::IndexValueType>(i - 1, 0, 13); };
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(padded, padded->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    const auto index = it.GetIndex();
    it.Set(std::clamp(At(image, mirror(index[0]), mirror(index[1]), index[2]) / 1000.0f, 0.0f, 1.0f));
  }
  const auto model = MakeSmallModel();
  const auto latent = model->Encode(padded);
  const auto mixed = itk::AutoencoderLatent::Mix(latent->Extract(0, 1), latent->Extract(1, 1), 0.5);
  const auto first = model->Decode(latent->Extract(0, 1));
  const auto between = model->Decode(mixed);
  for (itk::IndexValueType y = 0; y < 14; ++y)
  {
    for (itk::IndexValueType x = 0; x < 14; ++x)
    {
      // Only the excess over the window is added to the decoded slice.
      const auto excess = [&](itk::IndexValueType z) { return std::max(0.0f, At(image, x, y, z) - 1000.0f); };
      ASSERT_NEAR(At(filter->GetOutput(), x, y, 0),
                  1000.0f * std::clamp(At(first, x + 1, y + 1, 0), 0.0f, 1.0f) + excess(0),
                  1e-2);
      ASSERT_NEAR(At(filter->GetOutput(), x, y, 1),
                  1000.0f * std::clamp(At(between, x + 1, y + 1, 0), 0.0f, 1.0f) + 0.5f * (excess(0) + excess(1)),
                  1e-2);
    }
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, GivesTheSameSlicesAlongEveryAxis)
{
  const auto image = MakeStack<ImageType>({ { 12, 10, 4 } });
  const auto reference = MakeFilter(image);
  reference->Update();
  // In these orders of axes, columns precede rows, so slices have the same pixels in the same order.
  for (const auto & order : { std::array<unsigned int, 3>{ 2, 0, 1 }, std::array<unsigned int, 3>{ 0, 2, 1 } })
  {
    using PermuteType = itk::PermuteAxesImageFilter<ImageType>;
    auto                               permute = PermuteType::New();
    PermuteType::PermuteOrderArrayType axes;
    PermuteType::PermuteOrderArrayType back;
    for (unsigned int d = 0; d < 3; ++d)
    {
      axes[d] = order[d];
      back[order[d]] = d;
    }
    permute->SetInput(image);
    permute->SetOrder(axes);
    const auto filter = MakeFilter(permute->GetOutput());
    auto       restore = PermuteType::New();
    restore->SetInput(filter->GetOutput());
    restore->SetOrder(back);
    restore->Update();
    EXPECT_EQ(LargestDifference<ImageType>(reference->GetOutput(), restore->GetOutput()), 0.0);
    EXPECT_EQ(filter->GetSliceAxisUsed(), back[2]);
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, SuperResolvesEveryFrameOfA4DImage)
{
  using Image4DType = itk::Image<short, 4>;
  const auto stack = MakeStack<ShortImageType>({ { 10, 8, 3 } });
  auto       series = Image4DType::New();
  series->SetRegions(Image4DType::SizeType{ { 10, 8, 3, 2 } });
  Image4DType::SpacingType spacing;
  spacing.Fill(1.0);
  spacing[2] = 5.0;
  spacing[3] = 40.0;
  series->SetSpacing(spacing);
  series->Allocate();
  for (itk::ImageRegionIteratorWithIndex<Image4DType> it(series, series->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    const auto index = it.GetIndex();
    it.Set(stack->GetPixel({ { index[0], index[1], index[2] } }) + (index[3] == 1 ? 50 : 0));
  }
  const auto filter = MakeFilter<itk::LatentSpaceSuperResolutionImageFilter<Image4DType>>(series);
  filter->SetWindowMinimum(0);
  filter->SetWindowMaximum(1000);
  filter->Update();
  ASSERT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(), (Image4DType::SizeType{ { 10, 8, 5, 2 } }));
  const auto single = MakeFilter<ShortFilterType>(stack);
  single->SetWindowMinimum(0);
  single->SetWindowMaximum(1000);
  single->Update();
  const auto expectFrame = [&](itk::IndexValueType frame) {
    for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(single->GetOutput(),
                                                              single->GetOutput()->GetLargestPossibleRegion());
         !it.IsAtEnd();
         ++it)
    {
      const auto index = it.GetIndex();
      ASSERT_NEAR(filter->GetOutput()->GetPixel({ { index[0], index[1], index[2], frame } }), it.Get(), 1);
    }
  };
  expectFrame(0);
  // The second frame is the first frame plus 50.
  for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(stack, stack->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    it.Set(it.Get() + 50);
  }
  stack->Modified();
  single->Update();
  expectFrame(1);
}

TEST(LatentSpaceSuperResolutionImageFilter, SaturatesIntegerPixelTypesInsteadOfWrappingAround)
{
  using ByteImageType = itk::Image<unsigned char, 3>;
  auto image = MakeStack<ByteImageType>({ { 8, 8, 3 } });
  for (itk::ImageRegionIteratorWithIndex<ByteImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    it.Set((it.GetIndex()[0] + it.GetIndex()[1]) % 2 == 0 ? 0 : 255);
  }
  const auto filter = MakeFilter<itk::LatentSpaceSuperResolutionImageFilter<ByteImageType>>(image);
  filter->SetOutputMode(OutputModeEnum::ResidualCorrected);
  filter->Update();
  for (itk::ImageRegionIteratorWithIndex<ByteImageType> it(filter->GetOutput(),
                                                           filter->GetOutput()->GetLargestPossibleRegion());
       !it.IsAtEnd();
       ++it)
  {
    // The pattern is the same in every slice, so linear interpolation returns it. The correction is too small to invert
    // it.
    const bool dark = (it.GetIndex()[0] + it.GetIndex()[1]) % 2 == 0;
    ASSERT_EQ(it.Get() < 128, dark) << it.GetIndex();
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, InterpolatesAConstantVolumeToItself)
{
  auto image = MakeStack<ShortImageType>({ { 8, 8, 3 } });
  image->FillBuffer(-1000);
  const auto filter = MakeFilter<ShortFilterType>(image);
  filter->Update();
  for (itk::ImageRegionIteratorWithIndex<ShortImageType> it(filter->GetOutput(),
                                                            filter->GetOutput()->GetLargestPossibleRegion());
       !it.IsAtEnd();
       ++it)
  {
    ASSERT_EQ(it.Get(), -1000);
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, AcceptsASingleSliceSlicesOfOneColumnAndFactorOne)
{
  const auto one = MakeFilter(MakeStack<ImageType>({ { 9, 7, 1 } }));
  one->SetUpsamplingFactor(7);
  one->Update();
  EXPECT_EQ(one->GetOutput()->GetLargestPossibleRegion().GetSize(), (ImageType::SizeType{ { 9, 7, 1 } }));
  const auto narrow = MakeFilter(MakeStack<ImageType>({ { 1, 7, 3 } }));
  narrow->Update();
  EXPECT_EQ(narrow->GetOutput()->GetLargestPossibleRegion().GetSize(), (ImageType::SizeType{ { 1, 7, 5 } }));
  const auto image = MakeStack<ImageType>({ { 9, 7, 3 } });
  const auto same = MakeFilter(image);
  same->SetUpsamplingFactor(1);
  same->SetOutputMode(OutputModeEnum::PreserveAcquired);
  same->Update();
  EXPECT_EQ(LargestDifference<ImageType>(image, same->GetOutput()), 0.0);
}

TEST(LatentSpaceSuperResolutionImageFilter, AcceptsSlicesOfAnySize)
{
  for (const auto & [columns, rows] :
       std::vector<std::pair<itk::SizeValueType, itk::SizeValueType>>{ { 1, 1 }, { 33, 2 }, { 17, 65 }, { 1024, 3 } })
  {
    for (const auto mode : AllModes)
    {
      const auto image = MakeStack<ImageType>({ { columns, rows, 3 } });
      const auto filter = MakeFilter(image, mode);
      filter->Update();
      ASSERT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(),
                (ImageType::SizeType{ { columns, rows, 5 } }));
      for (itk::ImageRegionIteratorWithIndex<ImageType> it(filter->GetOutput(),
                                                           filter->GetOutput()->GetLargestPossibleRegion());
           !it.IsAtEnd();
           ++it)
      {
        ASSERT_TRUE(it.Get() > -100.0f && it.Get() < 1100.0f) << it.GetIndex() << ' ' << it.Get();
      }
    }
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, KeepsDetailThatIsFinerThanTheModelsSpacing)
{
  // At half of the model's spacing, a checkerboard of single pixels is missing in the network input. It is added to the
  // decoded slice unchanged, or multiplied by the detail gain in the mode LowPassCorrected.
  const auto smooth = MakeStack<ImageType>({ { 31, 22, 3 } });
  const auto detailed = MakeStack<ImageType>({ { 31, 22, 3 } });
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(detailed, detailed->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    it.Set(it.Get() + ((it.GetIndex()[0] + it.GetIndex()[1]) % 2 == 0 ? 100.0f : -100.0f));
  }
  const auto run = [](const ImageType * image, OutputModeEnum mode) {
    const auto model = MakeSmallModel();
    model->SetInPlaneSpacing(2.0);
    auto filter = FilterType::New();
    filter->SetInput(image);
    filter->SetModel(model);
    filter->SetWindowMinimum(-500.0);
    filter->SetWindowMaximum(1500.0);
    filter->SetOutputMode(mode);
    filter->SetDetailGain(0.5);
    filter->Update();
    return ImageType::Pointer(filter->GetOutput());
  };
  for (const auto & [mode, amplitude] :
       { std::pair(OutputModeEnum::Decoded, 100.0f), std::pair(OutputModeEnum::LowPassCorrected, 50.0f) })
  {
    const auto a = run(smooth, mode);
    const auto b = run(detailed, mode);
    ASSERT_EQ(a->GetLargestPossibleRegion().GetSize(), (ImageType::SizeType{ { 31, 22, 5 } }));
    for (itk::IndexValueType y = 4; y < 18; ++y)
    {
      for (itk::IndexValueType x = 4; x < 27; ++x)
      {
        ASSERT_NEAR(At(b, x, y, 1) - At(a, x, y, 1), (x + y) % 2 == 0 ? amplitude : -amplitude, 10.0f);
      }
    }
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, FindsAcquiredSlicesAtSpacingsOfSinglePrecision)
{
  // A NIfTI file stores 2.1 mm as 2.0999999 mm.
  const auto image = MakeStack<ImageType>({ { 4, 4, 120 } }, static_cast<double>(2.1f));
  const auto filter = MakeFilter(image);
  filter->SetOutputSliceSpacing(0.7);
  filter->SetOutputMode(OutputModeEnum::PreserveAcquired);
  filter->Update();
  ASSERT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(2), 358u);
  for (itk::IndexValueType z = 0; z < 120; ++z)
  {
    ASSERT_EQ(At(filter->GetOutput(), 1, 2, 3 * z), At(image, 1, 2, z)) << z;
  }
}

TEST(LatentSpaceSuperResolutionImageFilter, RoundsAndSaturatesAcquiredSlicesOfAnotherPixelType)
{
  using ByteImageType = itk::Image<unsigned char, 3>;
  const auto image = MakeStack<ImageType>({ { 8, 8, 3 } });
  image->SetPixel({ { 1, 1, 1 } }, 99.6f);
  image->SetPixel({ { 2, 1, 1 } }, 300.0f);
  image->SetPixel({ { 3, 1, 1 } }, -7.0f);
  auto filter = itk::LatentSpaceSuperResolutionImageFilter<ImageType, ByteImageType>::New();
  filter->SetInput(image);
  filter->SetModel(MakeSmallModel());
  filter->SetOutputMode(OutputModeEnum::PreserveAcquired);
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetPixel({ { 1, 1, 2 } }), 100);
  EXPECT_EQ(filter->GetOutput()->GetPixel({ { 2, 1, 2 } }), 255);
  EXPECT_EQ(filter->GetOutput()->GetPixel({ { 3, 1, 2 } }), 0);
}

TEST(LatentSpaceSuperResolutionImageFilter, RefusesAnEmptyImage)
{
  EXPECT_NE(MessageOf([] { MakeFilter(MakeStack<ImageType>({ { 0, 8, 3 } }))->Update(); }).find("[0, 8, 3]"),
            std::string::npos);
}

TEST(LatentSpaceSuperResolutionImageFilter, ExecutesAgainWhenTheModelChanges)
{
  const auto image = MakeStack<ImageType>({ { 12, 12, 3 } });
  const auto model = MakeSmallModel(1);
  auto       filter = FilterType::New();
  filter->SetInput(image);
  filter->SetModel(model);
  filter->Update();
  const float before = At(filter->GetOutput(), 5, 5, 1);
  const auto  time = filter->GetOutput()->GetUpdateMTime();
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetUpdateMTime(), time);
  model->InitializeWeights(2);
  filter->Update();
  EXPECT_NE(At(filter->GetOutput(), 5, 5, 1), before);
}

TEST(LatentSpaceSuperResolutionImageFilter, UsesTheBundledModelWithoutAnySetting)
{
  if (!LATENT_SR_HAS_BUNDLED_MODEL)
  {
    GTEST_SKIP() << "The library was built without a bundled model.";
  }
  auto filter = FilterType::New();
  filter->SetInput(MakeStack<ImageType>({ { 24, 20, 2 } }));
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(2), 3u);
}

TEST(LatentSpaceSuperResolutionImageFilter, ReportsProgressAndEndsOnAbort)
{
  const auto filter = MakeFilter(MakeStack<ImageType>({ { 256, 256, 6 } }));
  filter->SetUpsamplingFactor(4);
  std::vector<float> progress;
  const auto         tag = filter->AddObserver(itk::ProgressEvent(),
                                       [&](const itk::EventObject &) { progress.push_back(filter->GetProgress()); });
  filter->Update();
  EXPECT_GT(progress.size(), 2u);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_FLOAT_EQ(progress.back(), 1.0f);

  // With one thread, an event follows every two slices of this size that are encoded or decoded. With more threads, an
  // event of the calling thread also reports what the others have done. An abort takes as long as two slices.
  filter->SetNumberOfWorkUnits(1);
  progress.clear();
  filter->Update();
  EXPECT_GE(progress.size(), (6u + 21u + 1u) / 2u);
  filter->RemoveObserver(tag);
  unsigned int events = 0;
  filter->AddObserver(itk::ProgressEvent(), [&](const itk::EventObject &) {
    ++events;
    filter->AbortGenerateDataOn();
  });
  filter->Modified();
  EXPECT_THROW(filter->Update(), itk::ProcessAborted);
  EXPECT_EQ(events, 1u);
}

TEST(LatentSpaceSuperResolutionImageFilter, RefusesWrongSettingsAndNamesThem)
{
  const auto refusal = [](auto && set) {
    const auto filter = MakeFilter(MakeStack<ImageType>({ { 8, 8, 3 } }));
    set(filter.GetPointer());
    return MessageOf([&] { filter->Update(); });
  };
  EXPECT_NE(refusal([](FilterType * f) { f->SetUpsamplingFactor(0); }).find("UpsamplingFactor is 0"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetOutputSliceSpacing(-2.0); }).find("-2"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetSliceAxis(3); }).find("SliceAxis is 3"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetWindowMinimum(1.0); }).find("both or neither"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              f->SetWindowMinimum(1.0);
              f->SetWindowMaximum(1.0);
            }).find("rising order"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetResidualGain(-0.5); }).find("ResidualGain is -0.5"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetLowPassSigma(-1.0); }).find("LowPassSigma is -1"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetSliceThickness(-1.0); }).find("SliceThickness is -1"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetDetailGain(1.5); }).find("DetailGain is 1.5"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetDetailGain(-0.5); }).find("DetailGain is -0.5"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetLowPassSigma(1e6); }).find("0 to 1000"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetDevice("cuda:99"); }).find("cuda:99"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetDevice("abacus"); }).find("abacus"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetDevice("cuda:256"); }).find("cuda:256"), std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              f->SetModel(nullptr);
              f->SetModelFileName("no-such.safetensors");
            }).find("no-such.safetensors"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetModel(itk::AutoencoderModel::New()); }).find("no weights"),
            std::string::npos);
}

TEST(LatentSpaceSuperResolutionImageFilter, RefusesPixelsThatAreNotFinite)
{
  const auto image = MakeStack<ImageType>({ { 8, 8, 3 } });
  image->SetPixel({ { 1, 2, 1 } }, std::numeric_limits<float>::infinity());
  EXPECT_NE(MessageOf([&] { MakeFilter(image)->Update(); }).find("[1, 2, 1]"), std::string::npos);
}

TEST(LatentSpaceSuperResolutionImageFilter, PrintsItself)
{
  std::ostringstream stream;
  MakeFilter(MakeStack<ImageType>({ { 8, 8, 3 } }))->Print(stream);
  for (const char * name :
       { "UpsamplingFactor: 2", "OutputMode: itk::", "Precision: itk::", "Device: cpu", "AutomaticWindowMinimum: On" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}
