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
#include "itkLatentSpaceSuperResolutionTestHelpers.h"
#include "itkShapeBasedLabelInterpolationImageFilter.h"

#include <gtest/gtest.h>

namespace
{
using ImageType = itk::Image<short, 3>;

ImageType::Pointer
MakeObliqueImage()
{
  auto                     image = itk::LatentSpaceSuperResolutionTest::MakeStack<ImageType>({ { 8, 4, 6 } }, 7.0, 1);
  ImageType::DirectionType direction;
  direction.SetIdentity();
  direction[0][0] = direction[1][1] = std::cos(0.4);
  direction[0][1] = -std::sin(0.4);
  direction[1][0] = std::sin(0.4);
  image->SetDirection(direction);
  image->SetOrigin(itk::MakePoint(-3.0, 11.0, 0.5));
  image->SetRegions(ImageType::RegionType({ { 2, -3, 1 } }, image->GetLargestPossibleRegion().GetSize()));
  return image;
}

template <typename TFilter>
itk::ImageBase<3>::Pointer
MakeGrid(const ImageType * image, const std::function<void(TFilter *)> & set)
{
  const auto filter = TFilter::New();
  filter->SetInput(image);
  set(filter);
  filter->UpdateOutputInformation();
  auto grid = itk::ImageBase<3>::New();
  grid->CopyInformation(filter->GetOutput());
  return grid;
}

/** Expect the same grid of images and of label maps. */
template <typename TSetter>
void
ExpectSameGrid(const ImageType * image, TSetter && set)
{
  using LabelFilterType = itk::ShapeBasedLabelInterpolationImageFilter<ImageType>;
  const auto a = MakeGrid<itk::LatentSpaceSuperResolutionImageFilter<ImageType>>(image, set);
  const auto b = MakeGrid<LabelFilterType>(image, set);
  EXPECT_EQ(a->GetLargestPossibleRegion(), b->GetLargestPossibleRegion());
  EXPECT_EQ(a->GetSpacing(), b->GetSpacing());
  EXPECT_EQ(a->GetOrigin(), b->GetOrigin());
  EXPECT_EQ(a->GetDirection(), b->GetDirection());
}
} // namespace

TEST(SliceStackGeometry, IsThatOfImagesAndLabelMaps)
{
  const auto image = MakeObliqueImage();
  ExpectSameGrid(image, [](auto) {});
  ExpectSameGrid(image, [](auto filter) { filter->SetUpsamplingFactor(5); });
  ExpectSameGrid(image, [](auto filter) { filter->SetOutputSliceSpacing(1.9); });
  ExpectSameGrid(image, [](auto filter) { filter->SetSliceAxis(0); });
}

TEST(SliceStackGeometry, WithAFactorKeepsTheAcquiredSlices)
{
  const auto                    image = MakeObliqueImage();
  const itk::SliceStackGeometry geometry(3, std::nullopt, std::nullopt);
  const auto                    output = itk::ImageBase<3>::New();
  output->CopyInformation(image);
  geometry.SetOutputInformation<3>(image, output);
  EXPECT_EQ(geometry.GetSliceAxis<3>(image), 1u);
  EXPECT_EQ(output->GetLargestPossibleRegion().GetSize(), (itk::Size<3>{ { 8, 10, 6 } }));
  EXPECT_EQ(output->GetLargestPossibleRegion().GetIndex(), (itk::Index<3>{ { 2, -9, 1 } }));
  for (int slice = 0; slice < 4; ++slice)
  {
    const auto position = geometry.ComputePosition<3>(image, output, -9 + 3 * slice);
    EXPECT_EQ(position.slice, static_cast<itk::SizeValueType>(slice));
    EXPECT_EQ(position.alpha, 0.0);
    ImageType::PointType acquired;
    ImageType::PointType thin;
    image->TransformIndexToPhysicalPoint(ImageType::IndexType{ { 2, -3 + slice, 1 } }, acquired);
    output->TransformIndexToPhysicalPoint(ImageType::IndexType{ { 2, -9 + 3 * slice, 1 } }, thin);
    EXPECT_LT(acquired.EuclideanDistanceTo(thin), 1e-12);
  }
  EXPECT_DOUBLE_EQ(geometry.ComputePosition<3>(image, output, -8).alpha, 1.0 / 3.0);
}

TEST(SliceStackGeometry, WithASpacingStartsAtTheFirstAcquiredSlice)
{
  const auto                    image = MakeObliqueImage();
  const itk::SliceStackGeometry geometry(1, 2.8, std::nullopt);
  const auto                    output = itk::ImageBase<3>::New();
  output->CopyInformation(image);
  geometry.SetOutputInformation<3>(image, output);
  // 21 mm from the first to the last acquired slice.
  EXPECT_EQ(output->GetLargestPossibleRegion().GetSize(1), 8u);
  EXPECT_EQ(output->GetLargestPossibleRegion().GetIndex(1), 0);
  EXPECT_EQ(output->GetSpacing()[1], 2.8);
  ImageType::PointType acquired;
  ImageType::PointType thin;
  image->TransformIndexToPhysicalPoint(ImageType::IndexType{ { 0, -3, 0 } }, acquired);
  output->TransformIndexToPhysicalPoint(ImageType::IndexType{ { 0, 0, 0 } }, thin);
  EXPECT_LT(acquired.EuclideanDistanceTo(thin), 1e-12);
  // 5 steps of 2.8 mm are 2 slice distances.
  EXPECT_EQ(geometry.ComputePosition<3>(image, output, 5).slice, 2u);
  EXPECT_EQ(geometry.ComputePosition<3>(image, output, 5).alpha, 0.0);
  EXPECT_NEAR(geometry.ComputePosition<3>(image, output, 4).alpha, 0.6, 1e-12);
}
