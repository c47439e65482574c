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

#include "itkStreamedPercentileCalculator.h"

#include "itkLatentSpaceSuperResolutionTestHelpers.h"
#include "itkSliceStackPreprocessing.h"

#include <gtest/gtest.h>

#include <limits>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
const std::vector<double> Percentages{ 0.0, 1.0, 33.3, 50.0, 99.0, 100.0 };

template <typename TPixel>
typename itk::Image<TPixel, 3>::Pointer
MakeNoise(double scale, double offset)
{
  auto image = itk::Image<TPixel, 3>::New();
  image->SetRegions(itk::Size<3>{ { 23, 17, 9 } });
  image->Allocate();
  std::mt19937                     random(5);
  std::normal_distribution<double> normal(offset, scale);
  for (itk::SizeValueType i = 0; i < image->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    const double value = std::clamp(normal(random),
                                    static_cast<double>(std::numeric_limits<TPixel>::lowest()),
                                    static_cast<double>(std::numeric_limits<TPixel>::max()));
    image->GetBufferPointer()[i] = static_cast<TPixel>(value);
  }
  return image;
}

/** Count slice by slice, as streaming does. */
template <typename TPixel>
unsigned int
Run(itk::StreamedPercentileCalculator<TPixel> & calculator, const itk::Image<TPixel, 3> * image)
{
  unsigned int passes = 0;
  do
  {
    for (itk::IndexValueType z = 8; z >= 0; --z)
    {
      auto slice = image->GetLargestPossibleRegion();
      slice.SetIndex(2, z);
      slice.SetSize(2, 1);
      calculator.Count(image, slice);
    }
    ++passes;
  } while (!calculator.FinishPass());
  return passes;
}

template <typename TPixel>
void
ExpectExact(const itk::Image<TPixel, 3> * image, unsigned int passes)
{
  itk::StreamedPercentileCalculator<TPixel> calculator(Percentages);
  EXPECT_EQ(Run<TPixel>(calculator, image), passes);
  std::vector<float> values(image->GetBufferPointer(),
                            image->GetBufferPointer() + image->GetLargestPossibleRegion().GetNumberOfPixels());
  for (size_t i = 0; i < Percentages.size(); ++i)
  {
    EXPECT_EQ(calculator.GetPercentile(i), itk::SliceStackPreprocessing::Percentile(values, Percentages[i]))
      << Percentages[i];
  }
}
} // namespace

TEST(StreamedPercentileCalculator, IsExactForIntegersOfSixteenBitsInOnePass)
{
  ExpectExact<unsigned char>(MakeNoise<unsigned char>(60.0, 100.0), 1);
  ExpectExact<short>(MakeNoise<short>(400.0, -600.0), 1);
  ExpectExact<unsigned short>(MakeNoise<unsigned short>(20000.0, 60000.0), 1);
}

TEST(StreamedPercentileCalculator, IsExactForLargerTypesInTwoPasses)
{
  ExpectExact<float>(MakeNoise<float>(1e-3, 0.0), 2);
  ExpectExact<float>(MakeNoise<float>(1e20, -1e20), 2);
  ExpectExact<double>(MakeNoise<double>(1.0, 1000.0), 2);
  ExpectExact<int>(MakeNoise<int>(1e6, -1e5), 2);
}

TEST(StreamedPercentileCalculator, IsExactForAConstantAndForTwoValues)
{
  auto image = MakeNoise<float>(1.0, 0.0);
  image->FillBuffer(-0.25f);
  ExpectExact<float>(image, 2);
  image->SetPixel({ { 3, 4, 5 } }, std::numeric_limits<float>::max());
  ExpectExact<float>(image, 2);
}

TEST(StreamedPercentileCalculator, NamesAPixelThatIsNotFinite)
{
  const auto image = MakeNoise<float>(1.0, 0.0);
  image->SetPixel({ { 1, 2, 3 } }, std::numeric_limits<float>::quiet_NaN());
  itk::StreamedPercentileCalculator<float> calculator(Percentages);
  EXPECT_NE(
    MessageOf([&] { calculator.Count(image.GetPointer(), image->GetLargestPossibleRegion()); }).find("[1, 2, 3]"),
    std::string::npos);
  // A value that is finite in double precision may be infinite in single precision.
  const auto wide = MakeNoise<double>(1.0, 0.0);
  wide->SetPixel({ { 4, 0, 0 } }, 1e300);
  itk::StreamedPercentileCalculator<double> wideCalculator(Percentages);
  EXPECT_NE(
    MessageOf([&] { wideCalculator.Count(wide.GetPointer(), wide->GetLargestPossibleRegion()); }).find("1e+300"),
    std::string::npos);
}

TEST(StreamedPercentileCalculator, RefusesInvalidPercentilesAndMissingValues)
{
  EXPECT_NE(MessageOf([] { itk::StreamedPercentileCalculator<float>({ 101.0 }); }).find("101"), std::string::npos);
  itk::StreamedPercentileCalculator<float> calculator({ 50.0 });
  EXPECT_NE(MessageOf([&] { calculator.FinishPass(); }).find("no values"), std::string::npos);
  EXPECT_NE(MessageOf([&] { calculator.GetPercentile(0); }).find("not known"), std::string::npos);
}
