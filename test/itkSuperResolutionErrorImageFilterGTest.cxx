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

#include "itkSuperResolutionErrorImageFilter.h"

#include "itkImageRegionIteratorWithIndex.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

namespace
{
using ImageType = itk::Image<float, 3>;
using FilterType = itk::SuperResolutionErrorImageFilter<ImageType>;
using IndexType = ImageType::IndexType;

template <typename TImage>
typename TImage::Pointer
MakeImage(typename TImage::SizeType                                         size,
          unsigned int                                                      axis,
          double                                                            spacing,
          const std::function<double(const typename TImage::IndexType &)> & value)
{
  auto image = TImage::New();
  image->SetRegions(size);
  auto spacings = itk::MakeFilled<typename TImage::SpacingType>(1.0);
  spacings[axis] = spacing;
  image->SetSpacing(spacings);
  image->Allocate();
  for (itk::ImageRegionIteratorWithIndex<TImage> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(static_cast<typename TImage::PixelType>(value(it.GetIndex())));
  }
  return image;
}

ImageType::Pointer
MakeStack(itk::SizeValueType slices, double spacing, const std::function<double(const IndexType &)> & value)
{
  return MakeImage<ImageType>({ { 9, 8, slices } }, 2, spacing, value);
}

FilterType::Pointer
MakeFilter(const ImageType * acquired, const ImageType * upsampled)
{
  auto filter = FilterType::New();
  filter->SetInput(acquired);
  filter->SetUpsampledImage(upsampled);
  filter->SetDifferenceCoefficient(0.5);
  filter->SetGapCoefficient(0.25);
  return filter;
}

std::string
RefusalOf(FilterType * filter)
{
  try
  {
    filter->Update();
  }
  catch (const itk::ExceptionObject & error)
  {
    return error.GetDescription();
  }
  return "";
}

// Two acquired slices of constant intensities 0 and 10.
ImageType::Pointer
TwoSlices()
{
  return MakeStack(2, 4.0, [](const IndexType & index) { return 10.0 * index[2]; });
}
} // namespace

TEST(SuperResolutionErrorImageFilter, IsTheSumOfBothTermsOnConstantSlices)
{
  // The up-sampled slices are the linear interpolation plus 3.
  const auto upsampled = MakeStack(5, 1.0, [](const IndexType & index) { return 2.5 * index[2] + 3.0; });
  const auto filter = MakeFilter(TwoSlices(), upsampled);
  filter->Update();
  const double weights[5] = { 0.0, std::sqrt(0.75), 1.0, std::sqrt(0.75), 0.0 };
  for (itk::ImageRegionIteratorWithIndex<itk::Image<float, 3>> it(filter->GetOutput(),
                                                                  filter->GetOutput()->GetLargestPossibleRegion());
       !it.IsAtEnd();
       ++it)
  {
    EXPECT_NEAR(it.Get(), 0.5 * 3.0 + 0.25 * weights[it.GetIndex()[2]] * 10.0, 1e-5);
  }
}

TEST(SuperResolutionErrorImageFilter, AddsTheBlurredSpreadOverOrientations)
{
  const auto value = [](const IndexType & index) { return std::sin(index[0] + 2.0 * index[1] + 5.0 * index[2]); };
  const auto upsampled = MakeStack(5, 1.0, value);
  const auto spread = MakeStack(5, 1.0, [](const IndexType & index) { return index[0] == 4 ? 1.0 : 0.0; });
  const auto without = MakeFilter(TwoSlices(), upsampled);
  without->Update();
  const auto filter = MakeFilter(TwoSlices(), upsampled);
  filter->SetOrientationSpread(spread);
  filter->SetSpreadCoefficient(0.5);
  filter->Update();
  const double weights[9] = { 0.0, 0.0, 1.0, 4.0, 6.0, 4.0, 1.0, 0.0, 0.0 };
  for (itk::ImageRegionIteratorWithIndex<itk::Image<float, 3>> it(filter->GetOutput(),
                                                                  filter->GetOutput()->GetLargestPossibleRegion());
       !it.IsAtEnd();
       ++it)
  {
    const double added = 0.5 * weights[it.GetIndex()[0]] / 16.0;
    EXPECT_NEAR(it.Get(), without->GetOutput()->GetPixel(it.GetIndex()) + added, 1e-5);
  }
}

TEST(SuperResolutionErrorImageFilter, IsZeroAtAcquiredSlicesThatAreKept)
{
  const auto value = [](const IndexType & index) { return 0.1 + std::sin(index[0] + 2.0 * index[1] + 5.0 * index[2]); };
  const auto acquired = MakeStack(4, 4.0, value);
  const auto upsampled = MakeStack(10, 4.0 / 3.0, [&](const IndexType & index) {
    return index[2] % 3 == 0 ? value({ { index[0], index[1], index[2] / 3 } }) : 0.0;
  });
  const auto filter = MakeFilter(acquired, upsampled);
  filter->Update();
  for (itk::IndexValueType z = 0; z < 10; ++z)
  {
    const float error = filter->GetOutput()->GetPixel({ { 4, 4, z } });
    EXPECT_EQ(error == 0.0f, z % 3 == 0) << z;
  }
}

TEST(SuperResolutionErrorImageFilter, TakesTheSameSlicesForAcquiredOnesAsTheFilter)
{
  // Three slices of 1.667 mm miss an acquired slice by 0.001 mm of 5 mm, which counts as rounding.
  const auto value = [](const IndexType & index) { return 1.0 + index[0] + 7.0 * index[2]; };
  const auto acquired = MakeStack(3, 5.0, value);
  const auto upsampled =
    MakeStack(4, 1.667, [&](const IndexType & index) { return value({ { index[0], index[1], index[2] / 3 } }); });
  const auto filter = MakeFilter(acquired, upsampled);
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetPixel({ { 4, 4, 3 } }), 0.0f);
  EXPECT_GT(filter->GetOutput()->GetPixel({ { 4, 4, 2 } }), 0.0f);
}

TEST(SuperResolutionErrorImageFilter, BlursInPlaneByBinomialWeightsWithMirroredBorders)
{
  const auto acquired = MakeStack(2, 2.0, [](const IndexType &) { return 0.0; });
  const auto upsampled = MakeStack(3, 1.0, [](const IndexType & index) {
    return (index[0] == 4 && index[1] == 4 && index[2] == 1) || index == IndexType{ { 0, 0, 0 } } ? 256.0 : 0.0;
  });
  const auto filter = MakeFilter(acquired, upsampled);
  filter->SetDifferenceCoefficient(1.0);
  filter->Update();
  const auto * const output = filter->GetOutput();
  EXPECT_NEAR(output->GetPixel({ { 4, 4, 1 } }), 36.0, 1e-4);
  EXPECT_NEAR(output->GetPixel({ { 5, 4, 1 } }), 24.0, 1e-4);
  EXPECT_NEAR(output->GetPixel({ { 6, 6, 1 } }), 1.0, 1e-4);
  EXPECT_NEAR(output->GetPixel({ { 7, 4, 1 } }), 0.0, 1e-4);
  // At the border, the pixel itself is mirrored: weights 6 + 4 and 4 + 1.
  EXPECT_NEAR(output->GetPixel({ { 0, 0, 0 } }), 100.0, 1e-4);
  EXPECT_NEAR(output->GetPixel({ { 1, 0, 0 } }), 50.0, 1e-4);
}

TEST(SuperResolutionErrorImageFilter, WorksAlongEveryAxisAndOnEveryPhase)
{
  using CineType = itk::Image<short, 4>;
  for (unsigned int axis = 0; axis < 3; ++axis)
  {
    CineType::SizeType size{ { 6, 6, 6, 2 } };
    size[axis] = 2;
    const auto acquired = MakeImage<CineType>(
      size, axis, 4.0, [axis](const CineType::IndexType & index) { return 10.0 * index[axis] * (1 + index[3]); });
    size[axis] = 3;
    const auto upsampled =
      MakeImage<CineType>(size, axis, 2.0, [axis](const CineType::IndexType & index) { return 5.0 * index[axis]; });
    const auto filter = itk::SuperResolutionErrorImageFilter<CineType>::New();
    filter->SetInput(acquired);
    filter->SetUpsampledImage(upsampled);
    filter->SetDifferenceCoefficient(0.5);
    filter->SetGapCoefficient(0.25);
    filter->Update();
    CineType::IndexType index{ { 3, 3, 3, 0 } };
    index[axis] = 1;
    EXPECT_NEAR(filter->GetOutput()->GetPixel(index), 0.25 * 10.0, 1e-5) << axis;
    index[3] = 1;
    EXPECT_NEAR(filter->GetOutput()->GetPixel(index), 0.5 * 5.0 + 0.25 * 20.0, 1e-5) << axis;
  }
}

TEST(SuperResolutionErrorImageFilter, DoesNotDependOnTheNumberOfThreads)
{
  const auto acquired = MakeStack(5, 4.0, [](const IndexType & i) { return std::sin(1.0 + i[0] * i[1] + i[2]); });
  const auto upsampled = MakeStack(17, 1.0, [](const IndexType & i) { return std::cos(1.0 + i[0] * i[2] + i[1]); });
  const auto one = MakeFilter(acquired, upsampled);
  one->SetNumberOfWorkUnits(1);
  one->Update();
  const auto three = MakeFilter(acquired, upsampled);
  three->SetNumberOfWorkUnits(3);
  three->Update();
  const auto * const first = one->GetOutput()->GetBufferPointer();
  EXPECT_TRUE(std::equal(first, first + 9 * 8 * 17, three->GetOutput()->GetBufferPointer()));
}

TEST(SuperResolutionErrorImageFilter, HasTheGridOfTheUpsampledImage)
{
  const auto upsampled = MakeStack(5, 1.0, [](const IndexType &) { return 0.0; });
  upsampled->SetOrigin(itk::MakePoint(0.0, 0.0, 0.0));
  const auto filter = MakeFilter(TwoSlices(), upsampled);
  filter->Update();
  EXPECT_EQ(filter->GetOutput()->GetLargestPossibleRegion(), upsampled->GetLargestPossibleRegion());
  EXPECT_EQ(filter->GetOutput()->GetSpacing(), upsampled->GetSpacing());
}

TEST(SuperResolutionErrorImageFilter, TakesTheCoefficientsOfACalibratedModel)
{
  const auto model = itk::AutoencoderModel::New();
  const auto filter = FilterType::New();
  EXPECT_THROW(filter->SetModel(model), itk::ExceptionObject);
  EXPECT_THROW(filter->SetModel(nullptr), itk::ExceptionObject);
  model->SetErrorCalibration(0.6, 0.3, 2.5);
  filter->SetModel(model);
  EXPECT_EQ(filter->GetDifferenceCoefficient(), 0.6);
  EXPECT_EQ(filter->GetGapCoefficient(), 0.3);
  EXPECT_EQ(filter->GetSpreadCoefficient(), 0.0);

  EXPECT_THROW(filter->SetModel(model, true), itk::ExceptionObject);
  model->SetErrorCalibrationWithSpread(0.4, 0.2, 0.8, 2.25);
  filter->SetModel(model, true);
  EXPECT_EQ(filter->GetDifferenceCoefficient(), 0.4);
  EXPECT_EQ(filter->GetGapCoefficient(), 0.2);
  EXPECT_EQ(filter->GetSpreadCoefficient(), 0.8);
  filter->SetModel(model);
  EXPECT_EQ(filter->GetDifferenceCoefficient(), 0.6);
  EXPECT_EQ(filter->GetSpreadCoefficient(), 0.0);
}

TEST(SuperResolutionErrorImageFilter, RefusesWhatDoesNotFitByName)
{
  const auto acquired = TwoSlices();
  const auto upsampled = MakeStack(5, 1.0, [](const IndexType &) { return 0.0; });
  const auto missing = FilterType::New();
  missing->SetInput(acquired);
  EXPECT_NE(RefusalOf(missing).find("UpsampledImage"), std::string::npos);
  const auto negative = MakeFilter(acquired, upsampled);
  negative->SetGapCoefficient(-1.0);
  EXPECT_NE(RefusalOf(negative).find("GapCoefficient is -1"), std::string::npos);
  const auto axis = MakeFilter(acquired, upsampled);
  axis->SetSliceAxis(3);
  EXPECT_NE(RefusalOf(axis).find("SliceAxis is 3"), std::string::npos);
  const auto other = MakeFilter(acquired, upsampled);
  other->SetSliceAxis(1);
  EXPECT_NE(RefusalOf(other).find("along axis 2"), std::string::npos);
  EXPECT_NE(RefusalOf(MakeFilter(acquired, acquired)).find("SliceAxis"), std::string::npos);
  const auto spread = MakeFilter(acquired, upsampled);
  spread->SetSpreadCoefficient(0.5);
  EXPECT_NE(RefusalOf(spread).find("there is no OrientationSpread"), std::string::npos);
  spread->SetOrientationSpread(acquired);
  EXPECT_NE(RefusalOf(spread).find("OrientationSpread has [9, 8, 2] pixels"), std::string::npos);
  spread->SetOrientationSpread(MakeStack(5, 2.0, [](const IndexType &) { return 0.0; }));
  EXPECT_NE(RefusalOf(spread).find("OrientationSpread has another origin"), std::string::npos);
}

TEST(SuperResolutionErrorImageFilter, RefusesImagesOfAnotherPlace)
{
  const auto acquired = TwoSlices();
  const auto move = [&](double x, double z) {
    const auto upsampled = MakeStack(5, 1.0, [](const IndexType &) { return 0.0; });
    upsampled->SetOrigin(itk::MakePoint(x, 0.0, z));
    return RefusalOf(MakeFilter(acquired, upsampled));
  };
  EXPECT_EQ(move(0.0, 0.0), "");
  EXPECT_EQ(move(0.01, 0.01), "");
  EXPECT_NE(move(97.0, 0.0).find("along axis 0 between 0 and 0"), std::string::npos);
  EXPECT_NE(move(0.0, 1000.0).find("along axis 2 between 0 and 1"), std::string::npos);
  const auto turned = MakeStack(5, 1.0, [](const IndexType &) { return 0.0; });
  auto       direction = turned->GetDirection();
  direction[2][2] = -1.0;
  turned->SetDirection(direction);
  EXPECT_NE(RefusalOf(MakeFilter(acquired, turned)).find("lies at"), std::string::npos);
}
