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

namespace
{
using namespace itk::ImageQualityMetricsTest;
using Enums = itk::ImageQualityMetricsCalculatorEnums;
} // namespace

TEST(ImageQualityMetricsCalculator, HasDocumentedDefaults)
{
  auto calculator = Calculator3D::New();
  EXPECT_STREQ(calculator->GetNameOfClass(), "ImageQualityMetricsCalculator");
  EXPECT_EQ(calculator->GetReferenceImage(), nullptr);
  EXPECT_EQ(calculator->GetTestImage(), nullptr);
  EXPECT_EQ(calculator->GetMaskImage(), nullptr);
  EXPECT_EQ(calculator->GetDataRange(), 0.0);
  EXPECT_TRUE(calculator->GetAutomaticDataRange());
  EXPECT_EQ(calculator->GetSliceAxis(), 2u);
  EXPECT_EQ(calculator->GetGaussianSigma(), 1.5);
  EXPECT_EQ(calculator->GetSSIMRadius(), 5u);
  EXPECT_EQ(calculator->GetK1(), 0.01);
  EXPECT_EQ(calculator->GetK2(), 0.03);
  EXPECT_TRUE(calculator->GetComputeSSIM());
  EXPECT_TRUE(calculator->GetComputeVIFp());
  EXPECT_EQ(calculator->GetNumberOfWorkUnits(), 1u);
  EXPECT_TRUE(calculator->GetAutomaticNumberOfWorkUnits());
}

TEST(ImageQualityMetricsCalculator, PrintsAllMembers)
{
  const auto reference = MakeReference<Image3D>({ { 41, 43, 2 } });
  auto       calculator = MakeCalculator<Image3D>(reference, reference);
  calculator->Compute();
  std::ostringstream stream;
  calculator->Print(stream);
  for (const char * name : { "ReferenceImage:", "TestImage:",         "MaskImage:",      "DataRange: 255",
                             "SliceAxis: 2",    "GaussianSigma: 1.5", "SSIMRadius: 5",   "K1: 0.01",
                             "K2: 0.03",        "ComputeSSIM: On",    "ComputeVIFp: On", "NumberOfWorkUnits: 1",
                             "ResultsMTime: ",  "DataRangeUsed: 255", "MSE: 0",          "MAE: 0",
                             "PooledSSIM: 1",   "SliceMSE: [0, 0]",   "SlicePSNR: [inf", "SliceSSIM: [1, 1]",
                             "SliceVIFp: [" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}

TEST(ImageQualityMetricsVariants, AreOffByDefault)
{
  const auto calculator = Calculator2D::New();
  EXPECT_FALSE(calculator->GetComputeSSIM3D());
  EXPECT_FALSE(calculator->GetComputeMultiScaleSSIM());
  EXPECT_FALSE(calculator->GetComputeWaveletVIF());
  EXPECT_FALSE(calculator->GetComputeGMSD());
  EXPECT_FALSE(calculator->GetComputeHFEN());
  EXPECT_FALSE(calculator->GetComputeGradientError());
  EXPECT_FALSE(calculator->GetComputeFourierCorrelation());
  EXPECT_FALSE(calculator->GetComputeNMI());
  EXPECT_FALSE(calculator->GetKeepSSIMMaps());
  EXPECT_FALSE(calculator->GetAverageWholeMap());
  EXPECT_FALSE(calculator->GetUseSampleCovariance());
  EXPECT_TRUE(calculator->GetUseImageSpacing());
  EXPECT_EQ(calculator->GetNumberOfHistogramBins(), 100u);
  EXPECT_EQ(calculator->GetDataRangeSource(), Enums::DataRangeSource::ReferenceMinimumMaximum);
  EXPECT_EQ(calculator->GetSSIMWindow(), Enums::SSIMWindow::Gaussian);
  EXPECT_EQ(calculator->GetNRMSENormalization(), Enums::NRMSENormalization::Euclidean);
}

TEST(ImageQualityMetricsCalculator, EveryGetterOfAResultOfANewObjectThrows)
{
  const auto                  calculator = Calculator3D::New();
  const std::function<void()> getters[] = {
    [&] { calculator->GetDataRangeUsed(); },
    [&] { calculator->GetNumberOfSlices(); },
    [&] { calculator->GetMSE(); },
    [&] { calculator->GetRMSE(); },
    [&] { calculator->GetNRMSE(); },
    [&] { calculator->GetMAE(); },
    [&] { calculator->GetPSNR(); },
    [&] { calculator->GetMeanSlicePSNR(); },
    [&] { calculator->GetPearsonCorrelation(); },
    [&] { calculator->GetSSIM(); },
    [&] { calculator->GetPooledSSIM(); },
    [&] { calculator->GetSSIM3D(); },
    [&] { calculator->GetMultiScaleSSIM(); },
    [&] { calculator->GetVIFp(); },
    [&] { calculator->GetWaveletVIF(); },
    [&] { calculator->GetGMSD(); },
    [&] { calculator->GetHFEN(); },
    [&] { calculator->GetGradientError(); },
    [&] { calculator->GetNMI(); },
    [&] { calculator->GetFourierCorrelation(); },
    [&] { calculator->GetFourierFrequencies(); },
    [&] { calculator->GetFourierResolution(); },
    [&] { calculator->GetSliceMSE(); },
    [&] { calculator->GetSlicePSNR(); },
    [&] { calculator->GetSliceSSIM(); },
    [&] { calculator->GetSliceMultiScaleSSIM(); },
    [&] { calculator->GetSliceVIFp(); },
    [&] { calculator->GetSliceWaveletVIF(); },
    [&] { calculator->GetSliceGMSD(); },
    [&] { calculator->GetSliceHFEN(); },
    [&] { calculator->GetSliceGradientError(); },
    [&] { calculator->GetSSIMMap(); },
    [&] { calculator->GetSSIM3DMap(); },
  };
  for (const auto & getter : getters)
  {
    ExpectThrow(getter, { "has not been computed", "Compute()" });
  }
  std::ostringstream stream;
  EXPECT_NO_THROW(calculator->Print(stream));
}

TEST(ImageQualityMetricsCalculator, SettersCallModifiedOnlyOnAChange)
{
  const auto calculator = Calculator2D::New();
  using SetFunction = std::function<void(double)>;
  const std::pair<const char *, SetFunction> setters[] = {
    { "DataRange", [&](double value) { calculator->SetDataRange(value); } },
    { "GaussianSigma", [&](double value) { calculator->SetGaussianSigma(value); } },
    { "K1", [&](double value) { calculator->SetK1(value); } },
    { "K2", [&](double value) { calculator->SetK2(value); } },
  };
  for (const auto & [name, set] : setters)
  {
    for (const double value : { 7.0, notANumber, infinity })
    {
      const auto before = calculator->GetMTime();
      set(value);
      const auto after = calculator->GetMTime();
      EXPECT_GT(after, before) << name << ' ' << value;
      set(value);
      EXPECT_EQ(calculator->GetMTime(), after) << name << ' ' << value;
    }
  }
  const auto before = calculator->GetMTime();
  calculator->SetGaussianSigma(calculator->GetGaussianSigma());
  calculator->SetNumberOfHistogramBins(100);
  calculator->SetSSIMRadius(5);
  calculator->SetSliceAxis(2);
  calculator->ComputeSSIMOn();
  calculator->AutomaticDataRangeOff();
  calculator->AutomaticNumberOfWorkUnitsOn();
  calculator->SetReferenceImage(nullptr);
  EXPECT_EQ(calculator->GetMTime(), before);
}

TEST(ImageQualityMetricsCalculator, SettingANumberOfWorkUnitsSwitchesTheAutomaticNumberOff)
{
  const auto image = MakeReference<Image2D>({ { 12, 12 } });
  auto       calculator = MakeCalculator<Image2D>(image, image);
  calculator->ComputeVIFpOff();
  calculator->SetNumberOfWorkUnits(1);
  EXPECT_FALSE(calculator->GetAutomaticNumberOfWorkUnits());
  EXPECT_NO_THROW(calculator->Compute());
  calculator->SetNumberOfWorkUnits(0);
  ExpectThrow([&] { calculator->Compute(); }, { "NumberOfWorkUnits must be at least 1", "got 0" });
  calculator->AutomaticNumberOfWorkUnitsOn();
  EXPECT_NO_THROW(calculator->Compute());
}
