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

#include "itkCommand.h"
#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"
#include "itkPermuteAxesImageFilter.h"
#include "itkPipelineMonitorImageFilter.h"
#include "itkStreamingImageFilter.h"
#include "itkUnaryGeneratorImageFilter.h"

#include <gtest/gtest.h>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
/** A source that produces only the requested region, and a filter that records the regions. */
template <typename TImage>
class Monitor
{
public:
  explicit Monitor(const TImage * image)
  {
    using PixelType = typename TImage::PixelType;
    m_Source->SetFunctor([](const PixelType & value) { return value; });
    m_Source->InPlaceOff();
    m_Source->SetInput(image);
    m_Monitor->SetInput(m_Source->GetOutput());
    // Keep the records from one update to the next.
    m_Monitor->ClearPipelineOnGenerateOutputInformationOff();
  }

  itk::PipelineMonitorImageFilter<TImage> *
  operator->() const
  {
    return m_Monitor;
  }

private:
  typename itk::UnaryGeneratorImageFilter<TImage, TImage>::Pointer m_Source =
    itk::UnaryGeneratorImageFilter<TImage, TImage>::New();
  typename itk::PipelineMonitorImageFilter<TImage>::Pointer m_Monitor = itk::PipelineMonitorImageFilter<TImage>::New();
};

template <typename TFilter>
typename TFilter::OutputImageType::Pointer
Stream(TFilter * filter, unsigned int slabs)
{
  using OutputType = typename TFilter::OutputImageType;
  auto streamer = itk::StreamingImageFilter<OutputType, OutputType>::New();
  streamer->SetInput(filter->GetOutput());
  streamer->SetNumberOfStreamDivisions(slabs);
  streamer->Update();
  typename OutputType::Pointer output = streamer->GetOutput();
  output->DisconnectPipeline();
  return output;
}

ImageType::Pointer
UpdateSlices(FilterType * filter, itk::IndexValueType first, itk::SizeValueType count)
{
  filter->UpdateOutputInformation();
  auto region = filter->GetOutput()->GetLargestPossibleRegion();
  region.SetIndex(2, first);
  region.SetSize(2, count);
  filter->GetOutput()->SetRequestedRegion(region);
  filter->Update();
  return filter->GetOutput();
}
} // namespace

TEST(LatentSpaceSuperResolutionStreaming, GivesTheSameBitsInOneThreeAndNSlabsInEveryMode)
{
  const auto image = MakeStack<ImageType>({ { 33, 27, 6 } });
  for (const auto mode : AllModes)
  {
    const auto whole = MakeFilter(image, mode);
    whole->SetUpsamplingFactor(3);
    whole->Update();
    for (const unsigned int slabs : { 1u, 3u, 16u })
    {
      const auto filter = MakeFilter(image, mode);
      filter->SetUpsamplingFactor(3);
      EXPECT_EQ(LargestDifference<ImageType>(whole->GetOutput(), Stream(filter.GetPointer(), slabs)), 0.0)
        << mode << ", " << slabs << " slabs";
    }
  }
}

TEST(LatentSpaceSuperResolutionStreaming, GivesTheSameSpreadInSlabsFromEitherOutput)
{
  const auto makeFilter = [](const ImageType * image) {
    const auto filter = MakeFilter(image, OutputModeEnum::LowPassCorrected);
    filter->SetNumberOfOrientations(4);
    filter->ComputeOrientationSpreadOn();
    return filter;
  };
  const auto image = MakeStack<ImageType>({ { 33, 27, 4 } });
  const auto whole = makeFilter(image);
  whole->Update();
  const auto slab = makeFilter(image);
  UpdateSlices(slab, 2, 3);
  EXPECT_EQ(slab->GetOrientationSpread()->GetBufferedRegion(), slab->GetOutput()->GetBufferedRegion());
  const auto streamed = makeFilter(image);
  auto       streamer = itk::StreamingImageFilter<ImageType, ImageType>::New();
  streamer->SetInput(streamed->GetOrientationSpread());
  streamer->SetNumberOfStreamDivisions(3);
  streamer->Update();
  EXPECT_EQ(LargestDifference<ImageType>(whole->GetOrientationSpread(), streamer->GetOutput()), 0.0);
}

TEST(LatentSpaceSuperResolutionStreaming, GivesTheSameBitsInSlabsWithTheBundledModelAtItsSpacing)
{
  if (!LATENT_SR_HAS_BUNDLED_MODEL)
  {
    GTEST_SKIP() << "The library was built without a bundled model.";
  }
  const auto                  image = MakeStack<ShortImageType>({ { 70, 61, 4 } }, 8.0);
  ShortImageType::SpacingType spacing = image->GetSpacing();
  spacing[0] = spacing[1] = 0.9;
  image->SetSpacing(spacing);
  const auto make = [&] {
    auto filter = ShortFilterType::New();
    filter->SetInput(image);
    filter->SetOutputSliceSpacing(3.1);
    return filter;
  };
  const auto whole = make();
  whole->Update();
  ASSERT_EQ(whole->GetOutput()->GetLargestPossibleRegion().GetSize(2), 8u);
  EXPECT_EQ(LargestDifference<ShortImageType>(whole->GetOutput(), Stream(make().GetPointer(), 8)), 0.0);
}

TEST(LatentSpaceSuperResolutionStreaming, RequestsOnlyTheSlicesAroundASlabIfTheWindowIsSet)
{
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 6 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  filter->SetUpsamplingFactor(4);
  SetWindow(filter, 0.0, 1000.0);
  filter->UpdateOutputInformation();
  auto region = filter->GetOutput()->GetLargestPossibleRegion();
  region.SetIndex({ { 3, 3, 9 } });
  region.SetSize({ { 2, 2, 2 } });
  filter->GetOutput()->SetRequestedRegion(region);
  filter->Update();
  // Slices 9 and 10 lie between the acquired slices 2 and 3. In plane, the network needs all pixels.
  ASSERT_EQ(monitor->GetUpdatedRequestedRegions().size(), 1u);
  const auto requested = monitor->GetUpdatedRequestedRegions().front();
  EXPECT_EQ(requested.GetIndex(), (ImageType::IndexType{ { 0, 0, 2 } }));
  EXPECT_EQ(requested.GetSize(), (ImageType::SizeType{ { 12, 12, 2 } }));
  EXPECT_EQ(monitor->GetUpdatedBufferedRegions().front(), requested);
}

TEST(LatentSpaceSuperResolutionStreaming, RequestsOnlyTheAcquiredSliceIfASlabLiesOnIt)
{
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 6 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  filter->SetUpsamplingFactor(4);
  SetWindow(filter, 0.0, 1000.0);
  UpdateSlices(filter, 8, 1);
  EXPECT_EQ(monitor->GetUpdatedRequestedRegions().back().GetIndex(2), 2);
  EXPECT_EQ(monitor->GetUpdatedRequestedRegions().back().GetSize(2), 1u);
}

TEST(LatentSpaceSuperResolutionStreaming, NeverHoldsMoreThanTheSlicesOfASlabAndCountsPercentilesOnce)
{
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 7 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  filter->SetUpsamplingFactor(2);
  const auto streamed = Stream(filter.GetPointer(), 13);
  // The percentiles take two passes over seven slices, one by one, because the first slab is an acquired slice. Then
  // the slabs need slice 0, slices 0 and 1, 1 and 2, ... Slabs on acquired slices find them in the buffer.
  for (const auto & region : monitor->GetUpdatedBufferedRegions())
  {
    EXPECT_LE(region.GetSize(2), 2u);
  }
  EXPECT_EQ(monitor->GetNumberOfUpdates(), 2u * 7u + 7u);
  const auto whole = MakeFilter(MakeStack<ImageType>({ { 12, 12, 7 } }));
  whole->Update();
  EXPECT_EQ(LargestDifference<ImageType>(whole->GetOutput(), streamed), 0.0);
}

TEST(LatentSpaceSuperResolutionStreaming, ReadsTheInputOnceForTheWholeOutput)
{
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 7 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  filter->Update();
  EXPECT_EQ(monitor->GetNumberOfUpdates(), 1u);
  EXPECT_TRUE(monitor->VerifyInputFilterRequestedLargestRegion());
}

TEST(LatentSpaceSuperResolutionStreaming, ComputesTheWindowAgainWhenTheInputOrTheModelsPercentilesChange)
{
  using ShiftType = itk::UnaryGeneratorImageFilter<ImageType, ImageType>;
  const auto image = MakeStack<ImageType>({ { 12, 12, 5 } });
  auto       shift = ShiftType::New();
  shift->SetInput(image);
  shift->SetFunctor([](const float & value) { return value; });
  const auto filter = MakeFilter(shift->GetOutput());
  UpdateSlices(filter, 3, 2);
  const double minimum = filter->GetWindowMinimumUsed();
  const double maximum = filter->GetWindowMaximumUsed();
  ASSERT_LT(minimum, maximum);

  shift->SetFunctor([](const float & value) { return value + 100.0f; });
  UpdateSlices(filter, 3, 2);
  EXPECT_NEAR(filter->GetWindowMinimumUsed(), minimum + 100.0, 1e-3);

  // The pixels are changed without the pipeline. ITK allows that if Modified() is called.
  image->FillBuffer(7.0f);
  image->Modified();
  UpdateSlices(filter, 3, 2);
  EXPECT_NEAR(filter->GetWindowMinimumUsed(), 107.0, 1e-3);

  const auto model = MakeSmallModel();
  model->SetWindowPercentiles(0.0, 50.0);
  const auto other = MakeStack<ImageType>({ { 12, 12, 5 } });
  filter->SetInput(other);
  filter->Update();
  EXPECT_EQ(filter->GetWindowMaximumUsed(), maximum);
  filter->SetModel(model);
  filter->Update();
  EXPECT_LT(filter->GetWindowMaximumUsed(), maximum);
}

TEST(LatentSpaceSuperResolutionStreaming, ReadsSlabsOfTheRequestedSizeInBothPassesOfThePercentiles)
{
  // Three slabs of 3, 3 and 1 slices. The short last slab must not set the size in the second pass.
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 7 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  UpdateSlices(filter, 0, 5);
  EXPECT_EQ(monitor->GetNumberOfUpdates(), 3u + 3u + 1u);
  EXPECT_EQ(monitor->GetUpdatedRequestedRegions().back().GetSize(2), 3u);
}

TEST(LatentSpaceSuperResolutionStreaming, ReportsTheProgressOfPercentilesAndEndsOnAbortThere)
{
  const Monitor<ImageType> monitor(MakeStack<ImageType>({ { 12, 12, 7 } }));
  const auto               filter = MakeFilter(monitor->GetOutput());
  std::vector<std::string> events;
  filter->AddObserver(itk::StartEvent(), [&](const itk::EventObject &) { events.push_back("start"); });
  const auto tag = filter->AddObserver(
    itk::ProgressEvent(), [&](const itk::EventObject &) { events.push_back(std::to_string(filter->GetProgress())); });
  UpdateSlices(filter, 0, 1);
  // Two passes over seven slices, before the first slice is encoded.
  ASSERT_GT(events.size(), 15u);
  EXPECT_EQ(events[0], "start");
  EXPECT_EQ(events[1], std::to_string(0.1f / 14.0f));
  EXPECT_EQ(events[14], std::to_string(0.1f));
  EXPECT_TRUE(std::is_sorted(events.begin() + 1, events.end()));
  filter->RemoveObserver(tag);

  const Monitor<ImageType> other(MakeStack<ImageType>({ { 12, 12, 7 } }));
  filter->SetInput(other->GetOutput());
  unsigned int progressEvents = 0;
  const auto   abort = filter->AddObserver(itk::ProgressEvent(), [&](const itk::EventObject &) {
    ++progressEvents;
    filter->AbortGenerateDataOn();
  });
  filter->UpdateOutputInformation();
  auto region = filter->GetOutput()->GetLargestPossibleRegion();
  region.SetSize(2, 1);
  filter->GetOutput()->SetRequestedRegion(region);
  EXPECT_THROW(filter->Update(), itk::ProcessAborted);
  EXPECT_EQ(progressEvents, 1u);
  EXPECT_EQ(other->GetNumberOfUpdates(), 1u);

  // The abort has no lasting effect.
  filter->RemoveObserver(abort);
  filter->Update();
  EXPECT_EQ(filter->GetWindowMaximumUsed(), [] {
    const auto whole = MakeFilter(MakeStack<ImageType>({ { 12, 12, 7 } }));
    whole->Update();
    return whole->GetWindowMaximumUsed();
  }());
}

TEST(LatentSpaceSuperResolutionStreaming, StreamsA4DImageFrameByFrame)
{
  using Image4DType = itk::Image<short, 4>;
  auto series = Image4DType::New();
  series->SetRegions(Image4DType::SizeType{ { 10, 8, 3, 4 } });
  Image4DType::SpacingType spacing;
  spacing.Fill(1.0);
  spacing[2] = 5.0;
  series->SetSpacing(spacing);
  series->Allocate();
  std::mt19937 random(3);
  for (itk::ImageRegionIteratorWithIndex<Image4DType> it(series, series->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    it.Set(static_cast<short>(random() % 1000));
  }
  using Filter4DType = itk::LatentSpaceSuperResolutionImageFilter<Image4DType>;
  const auto whole = MakeFilter<Filter4DType>(series);
  whole->Update();

  const Monitor<Image4DType> monitor(series);
  const auto                 filter = MakeFilter<Filter4DType>(monitor->GetOutput());
  EXPECT_EQ(LargestDifference<Image4DType>(whole->GetOutput(), Stream(filter.GetPointer(), 4)), 0.0);
  // Four frames are read for the percentiles, and four for super-resolution. The frame in the buffer after the first
  // pass is the last one, so none can be reused.
  EXPECT_EQ(monitor->GetNumberOfUpdates(), 8u);
  for (const auto & region : monitor->GetUpdatedBufferedRegions())
  {
    EXPECT_EQ(region.GetSize(3), 1u);
  }
}

TEST(LatentSpaceSuperResolutionStreaming, StreamsAlongTheFirstAxisIfThatIsTheSliceAxis)
{
  const auto image = MakeStack<ImageType>({ { 6, 12, 10 } }, 5.0, 0);
  const auto whole = MakeFilter(image);
  whole->SetUpsamplingFactor(3);
  whole->Update();
  const Monitor<ImageType> monitor(image);
  const auto               filter = MakeFilter(monitor->GetOutput());
  filter->SetUpsamplingFactor(3);
  SetWindow(filter, whole->GetWindowMinimumUsed(), whole->GetWindowMaximumUsed());
  filter->UpdateOutputInformation();
  auto region = filter->GetOutput()->GetLargestPossibleRegion();
  region.SetIndex(0, 4);
  region.SetSize(0, 2);
  filter->GetOutput()->SetRequestedRegion(region);
  filter->Update();
  EXPECT_EQ(monitor->GetUpdatedRequestedRegions().back().GetIndex(0), 1);
  EXPECT_EQ(monitor->GetUpdatedRequestedRegions().back().GetSize(0), 2u);
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(filter->GetOutput(), region); !it.IsAtEnd(); ++it)
  {
    ASSERT_EQ(it.Get(), whole->GetOutput()->GetPixel(it.GetIndex()));
  }
}

TEST(LatentSpaceSuperResolutionStreaming, NamesAPixelThatIsNotFiniteInASlab)
{
  const auto image = MakeStack<ImageType>({ { 8, 8, 5 } });
  image->SetPixel({ { 1, 2, 4 } }, std::numeric_limits<float>::quiet_NaN());
  const Monitor<ImageType> monitor(image);
  const auto               filter = MakeFilter(monitor->GetOutput());
  // The window depends on all pixels, even if the slab does not.
  EXPECT_NE(MessageOf([&] { UpdateSlices(filter, 0, 2); }).find("[1, 2, 4]"), std::string::npos);
  // If the window is set, slices that are not requested are not read.
  SetWindow(filter, 0.0, 1000.0);
  EXPECT_EQ(MessageOf([&] { UpdateSlices(filter, 0, 2); }), "");
  EXPECT_NE(MessageOf([&] { UpdateSlices(filter, 6, 2); }).find("[1, 2, 4]"), std::string::npos);
}

TEST(LatentSpaceSuperResolutionStreaming, WorksWhenTheInputIsReleasedAfterUse)
{
  const auto image = MakeStack<ImageType>({ { 12, 12, 4 } });
  const auto reference = MakeFilter(image);
  reference->Update();
  const Monitor<ImageType> monitor(image);
  monitor->ReleaseDataFlagOn();
  const auto filter = MakeFilter(monitor->GetOutput());
  filter->Update();
  EXPECT_TRUE(monitor->GetOutput()->GetDataReleased());
  EXPECT_EQ(LargestDifference<ImageType>(reference->GetOutput(), filter->GetOutput()), 0.0);
  // The same in slabs, for which the input must be read again.
  EXPECT_EQ(LargestDifference<ImageType>(reference->GetOutput(), Stream(filter.GetPointer(), 7)), 0.0);
  // The same if the filter's output is released.
  filter->ReleaseDataFlagOn();
  EXPECT_EQ(LargestDifference<ImageType>(reference->GetOutput(), Stream(filter.GetPointer(), 2)), 0.0);
  EXPECT_TRUE(filter->GetOutput()->GetDataReleased());
}

TEST(LatentSpaceSuperResolutionStreaming, WarnsOnceForAnyNumberOfSlabs)
{
  const auto image = MakeStack<ImageType>({ { 12, 12, 4 } }, 5.0);
  const auto filter = MakeFilter(image);
  const auto model = MakeSmallModel();
  model->SetTrainingSliceSpacingRange(8.0, 10.0);
  filter->SetModel(model);
  unsigned int warnings = 0;
  filter->AddObserver(itk::TrainingRangeWarningEvent(), [&](const itk::EventObject & event) {
    ++warnings;
    EXPECT_STREQ(event.GetEventName(), "TrainingRangeWarningEvent");
  });
  itk::Object::GlobalWarningDisplayOff();
  Stream(filter.GetPointer(), 7);
  EXPECT_EQ(warnings, 1u);
  EXPECT_EQ(filter->GetTrainingRangeWarning(),
            std::string("slices are 5 mm apart, but the model was trained on 8 to 10 mm: look at the result, or "
                        "fine-tune the model on volumes like this one"));
  // The model was trained on such volumes.
  model->SetTrainingSliceSpacingRange(4.9, 10.0);
  filter->Update();
  EXPECT_EQ(warnings, 1u);
  EXPECT_STREQ(filter->GetTrainingRangeWarning(), "");
  itk::Object::GlobalWarningDisplayOn();
}
