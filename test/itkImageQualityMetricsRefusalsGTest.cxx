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

#include "itkFourierCorrelation.h"
#include "itkGradientMagnitudeSimilarity.h"
#include "itkStructuralSimilarity.h"
#include "itkVisualInformationFidelity.h"
#include "itkWaveletVisualInformationFidelity.h"

#include <optional>

namespace
{
using namespace itk::ImageQualityMetricsTest;
namespace Metrics = itk::ImageQualityMetrics;
} // namespace

TEST(ImageQualityMetricsCalculator, RefusesImagesThatAreMissingEmptyPartlyBufferedOrOfDifferentSizes)
{
  const Image2D::SizeType size{ { 43, 42 } };
  const auto              reference = MakeReference<Image2D>(size);
  auto                    calculator = Calculator2D::New();
  const auto              compute = [&] { calculator->Compute(); };
  ExpectThrow(compute, { "ReferenceImage is not set" });
  calculator->SetReferenceImage(reference);
  ExpectThrow(compute, { "TestImage is not set" });
  calculator->SetTestImage(Image2D::New());
  ExpectThrow(compute, { "test image is empty", "[0, 0]" });
  calculator->SetTestImage(MakeReference<Image2D>({ { 42, 43 } }));
  ExpectThrow(compute, { "test image must have the size of the reference", "[43, 42]", "[42, 43]" });
  calculator->SetTestImage(MakeTest<Image2D>(size));
  calculator->SetMaskImage(MakeConstant<Calculator2D::MaskImageType>({ { 43, 41 } }, 1.0));
  ExpectThrow(compute, { "mask image must have the size of the reference", "[43, 42]", "[43, 41]" });
  calculator->SetMaskImage(nullptr);

  auto partlyBuffered = Image2D::New();
  partlyBuffered->SetLargestPossibleRegion(size);
  partlyBuffered->SetBufferedRegion(Image2D::RegionType(Image2D::SizeType{ { 43, 10 } }));
  partlyBuffered->Allocate(true);
  calculator->SetTestImage(partlyBuffered);
  ExpectThrow(compute, { "test image must be buffered completely", "[43, 42]", "[43, 10]" });
}

TEST(ImageQualityMetricsCalculator, RefusesParametersOutOfRange)
{
  const Image3D::SizeType size{ { 43, 42, 41 } };
  const auto              reference = MakeReference<Image3D>(size);
  const auto              test = MakeTest<Image3D>(size);
  const auto              expectRefusal = [&](const std::function<void(Calculator3D *)> & change,
                                 const std::vector<std::string> &            fragments) {
    auto calculator = MakeCalculator<Image3D>(reference, test);
    change(calculator);
    ExpectThrow([&] { calculator->Compute(); }, fragments);
  };
  expectRefusal([](Calculator3D * c) { c->SetDataRange(-3.5); }, { "DataRange", "-3.5" });
  expectRefusal([](Calculator3D * c) { c->SetDataRange(notANumber); }, { "DataRange", "nan" });
  expectRefusal([](Calculator3D * c) { c->SetDataRange(infinity); }, { "DataRange", "inf" });
  expectRefusal([](Calculator3D * c) { c->SetSliceAxis(3); }, { "SliceAxis must be 0, 1 or 2", "3" });
  expectRefusal([](Calculator3D * c) { c->SetGaussianSigma(0.0); }, { "GaussianSigma", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetGaussianSigma(notANumber); }, { "GaussianSigma", "nan" });
  expectRefusal([](Calculator3D * c) { c->SetSSIMRadius(0); }, { "SSIMRadius must be at least 1", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetK1(0.0); }, { "K1", "got 0" });
  expectRefusal([](Calculator3D * c) { c->SetK2(-0.25); }, { "K2", "-0.25" });
  expectRefusal([](Calculator3D * c) { c->SetSSIMRadius(4294967295u); }, { "needs slices of at least 8589934591" });

  // Parameters of SSIM are not checked if it is off.
  auto calculator = MakeCalculator<Image3D>(reference, test);
  calculator->SetK1(0.0);
  calculator->ComputeSSIMOff();
  EXPECT_NO_THROW(calculator->Compute());
}

TEST(ImageQualityMetricsCalculator, RefusesSlicesThatAreTooSmallForAMetricThatIsOn)
{
  const Image3D::SizeType size{ { 43, 42, 10 } };
  auto                    calculator = MakeCalculator<Image3D>(MakeReference<Image3D>(size), MakeTest<Image3D>(size));
  EXPECT_NO_THROW(calculator->Compute());
  calculator->SetSliceAxis(0);
  ExpectThrow([&] { calculator->Compute(); }, { "SSIM", "at least 11 x 11", "42 x 10" });
  calculator->SetSSIMRadius(4);
  ExpectThrow([&] { calculator->Compute(); }, { "VIFp", "at least 41 x 41", "42 x 10" });
  calculator->ComputeVIFpOff();
  EXPECT_NO_THROW(calculator->Compute());
  calculator->SetSSIMRadius(5);
  ExpectThrow([&] { calculator->Compute(); }, { "at least 11 x 11" });
  calculator->ComputeSSIMOff();
  EXPECT_NO_THROW(calculator->Compute());

  auto smallest = MakeCalculator<Image2D>(MakeReference<Image2D>({ { 41, 41 } }), MakeTest<Image2D>({ { 41, 41 } }));
  EXPECT_NO_THROW(smallest->Compute());
  auto tooSmall = MakeCalculator<Image2D>(MakeReference<Image2D>({ { 40, 41 } }), MakeTest<Image2D>({ { 40, 41 } }));
  ExpectThrow([&] { tooSmall->Compute(); }, { "VIFp", "at least 41 x 41", "40 x 41" });
}

TEST(ImageQualityMetricsCalculator, RefusesPixelsThatAreNotFinite)
{
  using FloatImage = itk::Image<float, 3>;
  const FloatImage::SizeType  size{ { 43, 42, 3 } };
  const FloatImage::IndexType index{ { 5, 6, 1 } };
  for (const float value : { std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity() })
  {
    for (const std::optional<double> dataRange : { std::optional<double>(), std::optional<double>(255.0) })
    {
      auto reference = MakeReference<FloatImage>(size);
      auto test = MakeTest<FloatImage>(size);
      auto calculator = MakeCalculator<FloatImage>(reference, test, dataRange);
      test->SetPixel(index, value);
      ExpectThrow([&] { calculator->Compute(); }, { "must be finite", "test image", "[5, 6, 1]" });
      reference->SetPixel(index, value);
      ExpectThrow([&] { calculator->Compute(); },
                  { "must be finite", "reference image", "[5, 6, 1]", std::isnan(value) ? "nan" : "-inf" });
      calculator->ComputeSSIMOff();
      calculator->ComputeVIFpOff();
      ExpectThrow([&] { calculator->Compute(); }, { "must be finite" });
    }
  }
}

TEST(ImageQualityMetrics, RefuseBuffersThatAreTooSmall)
{
  const std::vector<double> buffer(41 * 41, 1.0);
  ExpectThrow([&] { Metrics::StructuralSimilarity({ buffer.data(), buffer.data(), 10, 41 }, {}); },
              { "11 x 11", "10 x 41" });
  ExpectThrow([&] { Metrics::VisualInformationFidelity({ buffer.data(), buffer.data(), 41, 40 }, 255.0); },
              { "41 x 41", "41 x 40" });
  ExpectThrow([&] { Metrics::VisualInformationFidelity({ buffer.data(), buffer.data(), 41, 41 }, 0.0); },
              { "strictly positive", "got 0" });
  EXPECT_TRUE(std::isnan(Metrics::StructuralSimilaritySum().GetMean()));
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
  ExpectThrow([&] { Metrics::GradientMagnitudeSimilarityDeviation({ buffer.data(), buffer.data(), 4, 4 }, 1.0); },
              { "5 x 5", "4 x 4" });
  ExpectThrow([&] { Metrics::WaveletVisualInformationFidelity({ buffer.data(), buffer.data(), 4, 4 }, 1.0); },
              { "65 x 65", "4 x 4" });
  ExpectThrow([&] { Metrics::SumFourierShells(buffer.data(), buffer.data(), { 16 }, { 1.0 }); }, { "two or three" });
}
