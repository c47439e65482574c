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

#include "itkLatentSpaceSuperResolutionTestHelpers.h"
#include "itkShapeBasedLabelInterpolationTestHelpers.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

using namespace itk::ShapeBasedLabelInterpolationTest;
using itk::LatentSpaceSuperResolutionTest::MessageOf;

// The grid ------------------------------------------------------------------------------------------------------------

TEST(ShapeBasedLabelInterpolation, KeepsTheGeometry)
{
  const auto image = MakeRandomLabels<ImageType>({ { 6, 5, 4 } }, { 0, 1 }, 1);
  image->SetOrigin(itk::MakePoint(1.0, -2.0, 30.0));
  image->SetRegions(ImageType::RegionType({ { 1, 2, -3 } }, { { 6, 5, 4 } }));
  const auto output = Interpolate<ImageType>(image, 5);
  EXPECT_EQ(output->GetLargestPossibleRegion(), ImageType::RegionType({ { 1, 2, -15 } }, { { 6, 5, 16 } }));
  EXPECT_EQ(output->GetSpacing(), itk::MakeVector(1.0, 1.0, 3.0 / 5.0));
  EXPECT_EQ(output->GetOrigin(), image->GetOrigin());
  EXPECT_EQ(output->GetDirection(), image->GetDirection());
  for (int z = 0; z < 4; ++z)
  {
    EXPECT_EQ(GetSlice(output, 5 * z), GetSlice(image, z));
  }
}

TEST(ShapeBasedLabelInterpolation, AcceptsAnyOutputSliceSpacing)
{
  const auto image = MakeLabels(30, 3, [](int x, int, int z) { return x < 5 + 10 * z ? 1 : 0; });
  const auto filter = FilterType::New();
  filter->SetInput(image);
  filter->SetOutputSliceSpacing(1.6);
  filter->Update();
  ASSERT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(2), 6u);
  for (int z = 0; z < 6; ++z)
  {
    // The edge moves by 2.5 pixels per mm. On a tie it has passed the pixel if the nearer slice says so.
    EXPECT_NEAR(static_cast<double>(CountLabel(filter->GetOutput(), z, 1)) / 30.0, 5.0 + 2.5 * 1.6 * z, 0.5) << z;
  }
  EXPECT_EQ(GetSlice(filter->GetOutput(), 5), GetSlice(image, 2));
}

TEST(ShapeBasedLabelInterpolation, WorksAlongEveryAxis)
{
  const auto image = MakeRandomLabels<ImageType>({ { 11, 9, 4 } }, { 0, 1, 2 }, 4);
  const auto expected = Interpolate<ImageType>(image, 3);
  for (unsigned int axis = 0; axis < 2; ++axis)
  {
    // The in-plane axes keep their order.
    const auto place = [&](int x, int y, int z) {
      return axis == 0 ? itk::Index<3>{ { z, x, y } } : itk::Index<3>{ { x, z, y } };
    };
    const auto turned = ImageType::New();
    turned->SetRegions(axis == 0 ? itk::Size<3>{ { 4, 11, 9 } } : itk::Size<3>{ { 11, 4, 9 } });
    turned->Allocate();
    for (int z = 0; z < 4; ++z)
    {
      for (int y = 0; y < 9; ++y)
      {
        for (int x = 0; x < 11; ++x)
        {
          turned->SetPixel(place(x, y, z), image->GetPixel({ { x, y, z } }));
        }
      }
    }
    turned->SetSpacing(axis == 0 ? itk::MakeVector(3.0, 1.0, 1.0) : itk::MakeVector(1.0, 3.0, 1.0));
    const auto output = Interpolate<ImageType>(turned, 3);
    for (int z = 0; z < 10; ++z)
    {
      for (int y = 0; y < 9; ++y)
      {
        for (int x = 0; x < 11; ++x)
        {
          EXPECT_EQ(output->GetPixel(place(x, y, z)), expected->GetPixel({ { x, y, z } }));
        }
      }
    }
  }
}

TEST(ShapeBasedLabelInterpolation, TreatsEachPhaseAsAVolume)
{
  using Image4DType = itk::Image<unsigned char, 4>;
  using Image3DType = itk::Image<unsigned char, 3>;
  const auto image = MakeRandomLabels<Image4DType>({ { 12, 10, 4, 3 } }, { 0, 1, 2 }, 6);
  const auto output = Interpolate<Image4DType>(image, 3);
  EXPECT_EQ(output->GetLargestPossibleRegion().GetSize(), (itk::Size<4>{ { 12, 10, 10, 3 } }));
  const auto pixels = GetPixels<Image4DType>(image);
  const auto all = GetPixels<Image4DType>(output);
  for (std::ptrdiff_t phase = 0; phase < 3; ++phase)
  {
    const auto volume = Image3DType::New();
    volume->SetRegions(Image3DType::SizeType{ { 12, 10, 4 } });
    volume->SetSpacing(itk::MakeVector(1.0, 1.0, 3.0));
    volume->Allocate();
    std::copy_n(pixels.begin() + phase * 480, 480, volume->GetBufferPointer());
    const auto expected = GetPixels<Image3DType>(Interpolate<Image3DType>(volume, 3));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), all.begin() + phase * 1200)) << phase;
  }
}

TEST(ShapeBasedLabelInterpolation, StreamsSlabBySlab)
{
  const auto image = MakeRandomLabels<ImageType>({ { 20, 20, 6 } }, { 0, 1, 2 }, 2);
  const auto whole = Interpolate<ImageType>(image, 3);
  const auto filter = FilterType::New();
  filter->SetInput(image);
  filter->SetUpsamplingFactor(3);
  for (int begin = 0; begin < 16; begin += 5)
  {
    filter->UpdateOutputInformation();
    auto region = filter->GetOutput()->GetLargestPossibleRegion();
    region.SetIndex(2, begin);
    region.SetSize(2, static_cast<itk::SizeValueType>(std::min(5, 16 - begin)));
    filter->GetOutput()->SetRequestedRegion(region);
    filter->Update();
    // A slab of 5 slices touches 3 acquired slices at most.
    EXPECT_LE(image->GetRequestedRegion().GetSize(2), 3u);
    for (itk::ImageRegionConstIteratorWithIndex<ImageType> it(filter->GetOutput(), region); !it.IsAtEnd(); ++it)
    {
      ASSERT_EQ(it.Get(), whole->GetPixel(it.GetIndex())) << it.GetIndex();
    }
  }
}

TEST(ShapeBasedLabelInterpolation, OfDefinedSpecialCases)
{
  const auto one = MakeRandomLabels<ImageType>({ { 7, 5, 1 } }, { 0, 1, 2 }, 3);
  EXPECT_EQ(GetPixels<ImageType>(Interpolate<ImageType>(one, 4)), GetPixels<ImageType>(one));
  const auto many = MakeRandomLabels<ImageType>({ { 7, 5, 3 } }, { 0, 1, 2 }, 3);
  EXPECT_EQ(GetPixels<ImageType>(Interpolate<ImageType>(many, 1)), GetPixels<ImageType>(many));
  const auto constant = MakeRandomLabels<ImageType>({ { 7, 5, 3 } }, { 6 }, 3);
  EXPECT_EQ(GetPixels<ImageType>(Interpolate<ImageType>(constant, 4)), std::vector<short>(7 * 5 * 9, 6));
  const auto line = MakeRandomLabels<ImageType>({ { 1, 1, 3 } }, { 0, 1, 2 }, 3);
  EXPECT_EQ(Interpolate<ImageType>(line, 2)->GetLargestPossibleRegion().GetSize(2), 5u);
  // Whole slices of one label have no boundary.
  const auto whole = MakeLabels(5, 2, [](int, int, int z) { return z; });
  const auto output = Interpolate<ImageType>(whole, 4);
  EXPECT_EQ(CountLabel(output, 1, 0), 25);
  EXPECT_EQ(CountLabel(output, 2, 0), 25);
  EXPECT_EQ(CountLabel(output, 3, 1), 25);
}

// The pipeline --------------------------------------------------------------------------------------------------------

TEST(ShapeBasedLabelInterpolation, DoesNotDependOnTheNumberOfThreads)
{
  const auto image = MakeRandomLabels<ImageType>({ { 40, 30, 9 } }, { 0, 1, 2, 3, 4 }, 8);
  const auto expected = GetPixels<ImageType>(Interpolate<ImageType>(image, 4, 1));
  for (const unsigned int threads : { 0u, 2u, 3u, 7u })
  {
    EXPECT_EQ(GetPixels<ImageType>(Interpolate<ImageType>(image, 4, threads)), expected) << threads;
  }
}

TEST(ShapeBasedLabelInterpolation, ReportsProgressAndEndsOnAbort)
{
  for (const unsigned int threads : { 1u, 2u })
  {
    const auto filter = FilterType::New();
    filter->SetInput(MakeRandomLabels<ImageType>({ { 64, 64, 20 } }, { 0, 1, 2 }, 2));
    filter->SetNumberOfWorkUnits(threads);
    std::vector<float> progress;
    const auto         tag = filter->AddObserver(itk::ProgressEvent(),
                                         [&](const itk::EventObject &) { progress.push_back(filter->GetProgress()); });
    filter->Update();
    EXPECT_GT(progress.size(), 2u);
    EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
    EXPECT_FLOAT_EQ(progress.back(), 1.0f);
    filter->RemoveObserver(tag);
    filter->AddObserver(itk::ProgressEvent(), [&](const itk::EventObject &) { filter->AbortGenerateDataOn(); });
    filter->Modified();
    EXPECT_THROW(filter->Update(), itk::ProcessAborted);
  }
}

TEST(ShapeBasedLabelInterpolation, RefusesWrongSettingsAndNamesThem)
{
  const auto refusal = [](const std::function<void(FilterType *)> & set) {
    const auto filter = FilterType::New();
    filter->SetInput(MakeRandomLabels<ImageType>({ { 4, 4, 3 } }, { 0, 1 }, 2));
    set(filter);
    return MessageOf([&] { filter->Update(); });
  };
  EXPECT_NE(
    refusal([](FilterType * f) { f->SetUpsamplingFactor(0); }).find("UpsamplingFactor is 0, but has to be at least 1."),
    std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              f->SetOutputSliceSpacing(-2.0);
            }).find("OutputSliceSpacing is -2 mm, but has to be greater than 0, or automatic."),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              f->SetOutputSliceSpacing(std::numeric_limits<double>::quiet_NaN());
            }).find("OutputSliceSpacing is nan"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetOutputSliceSpacing(1e-6); }).find("at most 1000000"), std::string::npos);
  EXPECT_NE(
    refusal([](FilterType * f) { f->SetSliceAxis(3); }).find("SliceAxis is 3, but has to be 0, 1 or 2, or automatic."),
    std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              const auto image = MakeRandomLabels<ImageType>({ { 4, 4, 3 } }, { 0, 1 }, 2);
              image->SetSpacing(itk::MakeVector(1.0, 3.0, 3.0));
              f->SetInput(image);
            }).find("axes 1 and 2 both have 3 mm"),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) {
              const auto image = ImageType::New();
              image->SetRegions(ImageType::SizeType{ { 4, 0, 3 } });
              image->SetSpacing(itk::MakeVector(1.0, 1.0, 3.0));
              image->Allocate();
              f->SetInput(image);
            }).find("The input is empty: its size is [4, 0, 3]."),
            std::string::npos);
  EXPECT_NE(refusal([](FilterType * f) { f->SetInput(nullptr); }).find("Primary"), std::string::npos);
  EXPECT_NE(MessageOf([] { FilterType::New()->GetSliceAxisUsed(); }).find("no input image"), std::string::npos);
}

TEST(ShapeBasedLabelInterpolation, ComputesAgainOnlyAfterAChange)
{
  const auto filter = FilterType::New();
  filter->SetInput(MakeRandomLabels<ImageType>({ { 4, 4, 3 } }, { 0, 1 }, 2));
  int runs = 0;
  filter->AddObserver(itk::StartEvent(), [&](const itk::EventObject &) { ++runs; });
  filter->Update();
  filter->SetUpsamplingFactor(2);
  filter->AutomaticSliceAxisOn();
  filter->Update();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(filter->GetSliceAxisUsed(), 2u);
  filter->SetSliceAxis(0);
  filter->UpdateLargestPossibleRegion();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(filter->GetSliceAxisUsed(), 0u);
}

TEST(ShapeBasedLabelInterpolation, PrintsItself)
{
  std::ostringstream stream;
  FilterType::New()->Print(stream);
  for (const std::string name :
       { "UpsamplingFactor: 2", "OutputSliceSpacing", "AutomaticOutputSliceSpacing", "SliceAxis" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}
