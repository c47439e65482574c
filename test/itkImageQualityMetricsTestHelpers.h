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
#ifndef itkImageQualityMetricsTestHelpers_h
#define itkImageQualityMetricsTestHelpers_h

#include "itkImageQualityMetricsCalculator.h"

#include "itkImageFileReader.h"
#include "itkLatentSpaceSuperResolutionTestHelpers.h"
#include "itkMetaImageIOFactory.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace itk
{
namespace ImageQualityMetricsTest
{
using Image2D = itk::Image<double, 2>;
using Image3D = itk::Image<double, 3>;
using Calculator2D = itk::ImageQualityMetricsCalculator<Image2D>;
using Calculator3D = itk::ImageQualityMetricsCalculator<Image3D>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double similarityTolerance = 1e-10;
constexpr double informationTolerance = 1e-9;

template <typename TImage>
typename TImage::Pointer
MakeImage(const typename TImage::SizeType & size, std::function<double(const typename TImage::IndexType &)> value)
{
  auto image = TImage::New();
  image->SetRegions(size);
  image->Allocate();
  const auto numberOfPixels = static_cast<itk::OffsetValueType>(image->GetBufferedRegion().GetNumberOfPixels());
  for (itk::OffsetValueType i = 0; i < numberOfPixels; ++i)
  {
    image->GetBufferPointer()[i] = static_cast<typename TImage::PixelType>(value(image->ComputeIndex(i)));
  }
  return image;
}

template <typename TImage>
typename TImage::Pointer
MakeConstant(const typename TImage::SizeType & size, double value)
{
  return MakeImage<TImage>(size, [value](const auto &) { return value; });
}

// A pair of patterns of integers from 0 to 201 that can be computed in any language.
inline double
ReferencePattern(itk::IndexValueType x, itk::IndexValueType y)
{
  return static_cast<double>((5 * x + 3 * y + (x * y) / 4) % 200);
}

inline double
TestPattern(itk::IndexValueType x, itk::IndexValueType y)
{
  const auto reference = static_cast<itk::IndexValueType>(ReferencePattern(x, y));
  return static_cast<double>((reference * 9 + 10 * ((7 * x + 11 * y) % 23)) / 10);
}

template <typename TImage>
typename TImage::Pointer
MakeReference(const typename TImage::SizeType & size)
{
  return MakeImage<TImage>(size, [](const auto & index) {
    itk::IndexValueType shift = 0;
    for (unsigned int i = 2; i < TImage::ImageDimension; ++i)
    {
      shift += (i * 6 - 5) * index[i];
    }
    return ReferencePattern(index[0] + shift, index[1] + 2 * shift);
  });
}

template <typename TImage>
typename TImage::Pointer
MakeTest(const typename TImage::SizeType & size)
{
  return MakeImage<TImage>(size, [](const auto & index) {
    itk::IndexValueType shift = 0;
    for (unsigned int i = 2; i < TImage::ImageDimension; ++i)
    {
      shift += (i * 6 - 5) * index[i];
    }
    return TestPattern(index[0] + shift, index[1] + 2 * shift) + 3.0 * static_cast<double>(shift % 3);
  });
}

// Without a data range, the automatic range stays on.
template <typename TImage>
typename itk::ImageQualityMetricsCalculator<TImage>::Pointer
MakeCalculator(const TImage * reference, const TImage * test, std::optional<double> dataRange = 255.0)
{
  auto calculator = itk::ImageQualityMetricsCalculator<TImage>::New();
  calculator->SetReferenceImage(reference);
  calculator->SetTestImage(test);
  if (dataRange.has_value())
  {
    calculator->SetDataRange(*dataRange);
  }
  return calculator;
}

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
  calculator->ComputeGradientErrorOn();
  calculator->ComputeFourierCorrelationOn();
  calculator->ComputeNMIOn();
}

/** Switch all optional metrics off. Only errors are computed. */
template <typename TCalculator>
void
SwitchEverythingOff(TCalculator * calculator)
{
  calculator->ComputeSSIMOff();
  calculator->ComputeVIFpOff();
}

inline Image3D::Pointer
MakeVolume(bool test, const Image3D::SizeType & size = { { 23, 19, 17 } })
{
  return test ? MakeTest<Image3D>(size) : MakeReference<Image3D>(size);
}

inline void
ExpectListsNear(const std::vector<double> & actual, const std::vector<double> & expected, double tolerance)
{
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
  {
    if (std::isfinite(expected[i]))
    {
      EXPECT_NEAR(actual[i], expected[i], tolerance) << "slice " << i;
    }
    else
    {
      EXPECT_EQ(std::isnan(actual[i]), std::isnan(expected[i])) << "slice " << i;
      EXPECT_TRUE(std::isnan(expected[i]) || actual[i] == expected[i]) << "slice " << i;
    }
  }
}

// Runs the function and expects an exception of ITK whose description contains all the fragments.
inline void
ExpectThrow(const std::function<void()> & function, const std::vector<std::string> & fragments)
{
  try
  {
    function();
    ADD_FAILURE() << "no exception, but one with \"" << fragments.front() << "\" was expected";
  }
  catch (const itk::ExceptionObject & exception)
  {
    const std::string description = exception.GetDescription();
    for (const std::string & fragment : fragments)
    {
      EXPECT_NE(description.find(fragment), std::string::npos)
        << '"' << fragment << "\" is missing in: " << description;
    }
  }
}

template <typename TImage>
typename TImage::Pointer
Read(const std::string & fileName)
{
  itk::MetaImageIOFactory::RegisterOneFactory();
  return itk::ReadImage<TImage>(fileName);
}

// Values that JSON can't express are the strings "inf" and "nan".
inline double
ToDouble(const nlohmann::json & value)
{
  if (value.is_string())
  {
    return (value == "inf") ? infinity : notANumber;
  }
  return value.get<double>();
}

inline std::vector<double>
ToList(const nlohmann::json & values)
{
  std::vector<double> list;
  for (const auto & value : values)
  {
    list.push_back(ToDouble(value));
  }
  return list;
}

// Expects finite values within the tolerance, and infinite ones exactly.
inline void
ExpectClose(double actual, const nlohmann::json & expected, double tolerance, const std::string & name)
{
  const double value = ToDouble(expected);
  if (std::isfinite(value))
  {
    EXPECT_NEAR(actual, value, tolerance) << name;
  }
  else
  {
    EXPECT_TRUE(actual == value || (std::isnan(actual) && std::isnan(value)))
      << name << ": " << actual << " instead of " << value;
  }
}

/** Reads the reference values. Without them, the test is skipped. */
class ReferenceValues : public ::testing::Test
{
protected:
  void
  SetUp() override
  {
    m_Directory = itk::LatentSpaceSuperResolutionTest::FindReferenceFolder();
    if (m_Directory.empty())
    {
      GTEST_SKIP()
        << "There are no reference values: set the environment variable LATENT_SR_SHARED to the directory that "
           "contains metrics/reference.json.";
    }
    std::ifstream(m_Directory + "/reference.json") >> m_Reference;
  }

  template <typename TImage>
  typename TImage::Pointer
  ReadImage(const nlohmann::json & name) const
  {
    return Read<TImage>(m_Directory + "/images/" + name.get<std::string>());
  }

  std::string    m_Directory;
  nlohmann::json m_Reference;
};
} // namespace ImageQualityMetricsTest
} // end namespace itk

#endif // itkImageQualityMetricsTestHelpers_h
