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

#include "itkGaussianWindow.h"
#include "itkStructuralSimilarity.h"

namespace
{
using namespace itk::ImageQualityMetricsTest;
using Enums = itk::ImageQualityMetricsCalculatorEnums;
namespace Metrics = itk::ImageQualityMetrics;

class ImageQualityMetricsReferenceValues : public ReferenceValues
{};

class ImageQualityMetricsVariantsReferenceValues : public ReferenceValues
{};
} // namespace

TEST(ImageQualityMetricsCalculator, AgreesWithScikitImageAndSewarOnIntegerPatterns)
{
  // MSE and MAE by NumPy 2.4.6; SSIM by scikit-image 0.26.0 (structural_similarity with gaussian_weights,
  // use_sample_covariance=False, mean over the valid region); VIFp by sewar 0.4.10.
  const struct
  {
    Image2D::SizeType Size;
    double            MSE;
    double            MAE;
    double            SSIM;
    double            WideSSIM;
    double            VIFp;
  } expectations[] = {
    { { { 61, 47 } },
      77.15137774677363,
      7.182769445413324,
      0.9637279269399632,
      0.9772074903182808,
      0.6010599265021962 },
    { { { 42, 41 } },
      78.06387921022068,
      7.2264808362369335,
      0.9540789731382937,
      0.9722052246863944,
      0.5860163376388886 },
    { { { 64, 43 } }, 77.36736918604652, 7.193677325581396, 0.9633114385350627, 0.9770893137846831, 0.5979591711705159 }
  };
  for (const auto & expected : expectations)
  {
    const auto reference = MakeReference<Image2D>(expected.Size);
    const auto test = MakeTest<Image2D>(expected.Size);
    auto       calculator = MakeCalculator<Image2D>(reference, test);
    calculator->Compute();
    EXPECT_NEAR(calculator->GetMSE(), expected.MSE, 1e-12);
    EXPECT_NEAR(calculator->GetMAE(), expected.MAE, 1e-12);
    EXPECT_NEAR(calculator->GetSSIM(), expected.SSIM, similarityTolerance);
    EXPECT_NEAR(calculator->GetVIFp(), expected.VIFp, informationTolerance);

    calculator->SetGaussianSigma(2.0);
    calculator->SetSSIMRadius(7); // the radius that scikit-image uses for a sigma of 2
    calculator->Compute();
    EXPECT_NEAR(calculator->GetSSIM(), expected.WideSSIM, similarityTolerance);
  }
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetOnAllPairsOf2DImages)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_yx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto reference = this->ReadImage<Image2D>(pair["ref"]);
    const auto test = this->ReadImage<Image2D>(pair["dist"]);
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image2D>(reference, test, pair["data_range"]);
    calculator->Compute();
    ExpectClose(calculator->GetMSE(), metrics["own/mse"], 1e-10, name);
    ExpectClose(calculator->GetRMSE(), metrics["own/rmse"], 1e-11, name);
    ExpectClose(calculator->GetMAE(), metrics["own/mae"], 1e-11, name);
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[data_range]"], 1e-10, name);
    ExpectClose(calculator->GetPSNR(), metrics["lib/skimage.psnr"], 1e-10, name);
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[gauss,pop,crop]"], similarityTolerance, name);
    ExpectClose(calculator->GetSSIM(), metrics["own/ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["own/vifp[0-255,sigma_nsq=2]"], informationTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["lib/sewar.vifp"], informationTolerance, name);

    calculator->AutomaticDataRangeOn();
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_minmax]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 9);
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetOnAllPairsOfVolumes)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_zyx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto reference = this->ReadImage<Image3D>(pair["ref"]);
    const auto test = this->ReadImage<Image3D>(pair["dist"]);
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image3D>(reference, test, pair["data_range"]);
    calculator->Compute();
    ExpectClose(calculator->GetMSE(), metrics["own/mse"], 1e-14, name);
    ExpectClose(calculator->GetRMSE(), metrics["own/rmse"], 1e-14, name);
    ExpectClose(calculator->GetMAE(), metrics["own/mae"], 1e-14, name);
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[data_range]"], 1e-10, name);
    const auto slices = metrics["own/per_slice"];
    SCOPED_TRACE(name);
    ExpectListsNear(calculator->GetSlicePSNR(), ToList(slices["psnr"]), 1e-10);
    ExpectListsNear(calculator->GetSliceSSIM(), ToList(slices["ssim[gauss,pop,valid]"]), similarityTolerance);
    ExpectListsNear(calculator->GetSliceVIFp(), ToList(slices["vifp[x255]"]), informationTolerance);
    ExpectClose(calculator->GetMeanSlicePSNR(), metrics["own/slice_mean.psnr"], 1e-10, name);
    ExpectClose(calculator->GetSSIM(), metrics["own/slice_mean.ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetVIFp(), metrics["own/slice_mean.vifp[x255]"], informationTolerance, name);

    calculator->AutomaticDataRangeOn();
    calculator->ComputeSSIMOff();
    calculator->ComputeVIFpOff();
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_minmax]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 5);
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetWithAMask)
{
  const auto masked = m_Reference["masked"];
  const auto reference = this->ReadImage<Image2D>(masked["ref"]);
  const auto test = this->ReadImage<Image2D>(masked["dist"]);
  auto       calculator = MakeCalculator<Image2D>(reference, test);
  calculator->SetMaskImage(this->ReadImage<Calculator2D::MaskImageType>(masked["mask"]));
  calculator->Compute();
  ExpectClose(calculator->GetSSIM(),
              masked["ssim: map on full images, mean over mask (valid 11x11 centre)"],
              similarityTolerance,
              "ssim");
  EXPECT_EQ(calculator->GetPooledSSIM(), calculator->GetSSIM());
  ExpectClose(calculator->GetMSE(), masked["mse over mask"], 1e-10, "mse");
  ExpectClose(calculator->GetPSNR(), masked["psnr over mask"], 1e-10, "psnr");

  const auto          size = reference->GetBufferedRegion().GetSize();
  std::vector<double> map((size[0] - 10) * (size[1] - 10));
  Metrics::StructuralSimilarity(
    { reference->GetBufferPointer(), test->GetBufferPointer(), size[0], size[1] }, {}, nullptr, map.data());
  for (const auto & [position, value] : masked["ssim map samples [y,x of full image]"].items())
  {
    const size_t y = std::stoul(position);
    const size_t x = std::stoul(position.substr(position.find(',') + 1));
    ExpectClose(map[(y - 5) * (size[0] - 10) + (x - 5)], value, similarityTolerance, position);
  }
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetByConstantImages)
{
  const auto              constant = m_Reference["constant"];
  const Image2D::SizeType size{ { 64, 64 } };
  auto calculator = MakeCalculator<Image2D>(MakeConstant<Image2D>(size, 100.0), MakeConstant<Image2D>(size, 150.0));
  calculator->Compute();
  ExpectClose(calculator->GetSSIM(), constant["analytic ssim(100,150)"], similarityTolerance, "analytic");
  ExpectClose(calculator->GetSSIM(), constant["ssim(100,150)"], similarityTolerance, "scikit-image");
  EXPECT_EQ(std::isnan(calculator->GetVIFp()), std::isnan(ToDouble(constant["vifp ref=const, dist=const"])));
  calculator->SetTestImage(MakeTest<Image2D>(size));
  calculator->Compute();
  EXPECT_EQ(std::isnan(calculator->GetVIFp()), std::isnan(ToDouble(constant["vifp ref=const, dist=random"])));
  calculator->SetReferenceImage(MakeReference<Image2D>(size));
  calculator->SetTestImage(MakeConstant<Image2D>(size, 150.0));
  calculator->Compute();
  ExpectClose(calculator->GetVIFp(), constant["vifp ref=random, dist=const"], informationTolerance, "random, const");
}

TEST_F(ImageQualityMetricsReferenceValues, AreMetByGaussianWindows)
{
  for (const auto & [name, values] : m_Reference["kernels"].items())
  {
    if (name == "gauss1d(11,1.5)")
    {
      ExpectListsNear(Metrics::GaussianWindow(1.5, 5), ToList(values), 1e-15);
    }
    else if (name.rfind("vifp N=", 0) == 0)
    {
      const unsigned int taps = static_cast<unsigned int>(std::stoul(name.substr(7)));
      ExpectListsNear(Metrics::GaussianWindow(taps / 5.0, taps / 2), ToList(values), 1e-15);
    }
  }
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, AreMetOnAllPairsOf2DImages)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_yx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image2D>(
      this->ReadImage<Image2D>(pair["ref"]), this->ReadImage<Image2D>(pair["dist"]), pair["data_range"]);
    SwitchEverythingOn(calculator.GetPointer());
    calculator->Compute();
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[euclidean]"], 1e-10, name);
    ExpectClose(calculator->GetPearsonCorrelation(), metrics["own/pearson_ncc"], 1e-10, name);
    ExpectClose(calculator->GetNMI(), metrics["lib/skimage.nmi[bins=100]"], 1e-10, name);
    ExpectClose(calculator->GetMultiScaleSSIM(), metrics["own/msssim[MATLAB]"], similarityTolerance, name);
    ExpectClose(calculator->GetWaveletVIF(), metrics["own/vif_wavelet[0-255]"], informationTolerance, name);
    ExpectClose(calculator->GetGMSD(), metrics["own/gmsd"], 1e-10, name);
    ExpectClose(calculator->GetHFEN(), metrics["own/hfen_normalised"], 1e-10, name);

    calculator = MakeCalculator<Image2D>(
      this->ReadImage<Image2D>(pair["ref"]), this->ReadImage<Image2D>(pair["dist"]), pair["data_range"]);
    calculator->ComputeVIFpOff();
    calculator->AverageWholeMapOn();
    calculator->SetNRMSENormalization(Enums::NRMSENormalization::MinimumMaximum);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[gauss,pop,full-map mean]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[min-max]"], 1e-10, name);
    calculator->AverageWholeMapOff();
    calculator->SetNRMSENormalization(Enums::NRMSENormalization::Mean);
    calculator->SetSSIMWindow(Enums::SSIMWindow::Uniform);
    calculator->SetSSIMRadius(3);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["lib/skimage.ssim[uniform7,pop]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[mean]"], 1e-10, name);
    calculator->UseSampleCovarianceOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM(), metrics["own/ssim[uniform7,sample,valid]"], similarityTolerance, name);
    calculator->AutomaticDataRangeOn();
    calculator->SetDataRangeSource(Enums::DataRangeSource::ReferenceMaximum);
    calculator->Compute();
    ExpectClose(calculator->GetPSNR(), metrics["own/psnr[ref_max]"], 1e-10, name);
  }
  EXPECT_GE(numberOfPairs, 9);
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, AreMetOnAllPairsOfVolumes)
{
  int numberOfPairs = 0;
  for (const auto & [name, pair] : m_Reference["cases"].items())
  {
    if (!pair.contains("shape_zyx"))
    {
      continue;
    }
    ++numberOfPairs;
    const auto metrics = pair["metrics"];
    auto       calculator = MakeCalculator<Image3D>(
      this->ReadImage<Image3D>(pair["ref"]), this->ReadImage<Image3D>(pair["dist"]), pair["data_range"]);
    SwitchEverythingOff(calculator.GetPointer());
    calculator->ComputeSSIM3DOn();
    calculator->ComputeNMIOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["own/ssim[gauss,pop,valid]"], similarityTolerance, name);
    ExpectClose(calculator->GetNRMSE(), metrics["lib/skimage.nrmse[euclidean]"], 1e-10, name);
    ExpectClose(calculator->GetPearsonCorrelation(), metrics["own/pearson_ncc"], 1e-10, name);
    ExpectClose(calculator->GetNMI(), metrics["lib/skimage.nmi[bins=100]"], 1e-10, name);
    calculator->AverageWholeMapOn();
    calculator->Compute();
    ExpectClose(
      calculator->GetSSIM3D(), metrics["lib/skimage.ssim[gauss,pop,full-map mean]"], similarityTolerance, name);
    calculator->AverageWholeMapOff();
    calculator->SetSSIMWindow(Enums::SSIMWindow::Uniform);
    calculator->SetSSIMRadius(3);
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["lib/skimage.ssim[uniform7,pop]"], similarityTolerance, name);
    calculator->UseSampleCovarianceOn();
    calculator->Compute();
    ExpectClose(calculator->GetSSIM3D(), metrics["own/ssim[uniform7,sample,valid]"], similarityTolerance, name);
  }
  EXPECT_GE(numberOfPairs, 5);
}

TEST_F(ImageQualityMetricsVariantsReferenceValues, AreMetByFourierCorrelations)
{
  for (const auto & [name, values] : m_Reference["frc"].items())
  {
    SCOPED_TRACE(name);
    auto calculator = MakeCalculator<Image2D>(this->ReadImage<Image2D>("camera256_ref.mha"),
                                              this->ReadImage<Image2D>("camera256_" + name + ".mha"));
    calculator->ComputeFourierCorrelationOn();
    calculator->Compute();
    ExpectListsNear(calculator->GetFourierCorrelation(), ToList(values), 1e-10);
  }
  for (const auto & [name, values] : m_Reference["fsc_volume"].items())
  {
    SCOPED_TRACE(name);
    auto calculator = MakeCalculator<Image3D>(this->ReadImage<Image3D>("vol_ref.mha"),
                                              this->ReadImage<Image3D>("vol_" + name + ".mha"));
    calculator->ComputeFourierCorrelationOn();
    calculator->UseImageSpacingOff();
    calculator->Compute();
    ExpectListsNear(calculator->GetFourierCorrelation(), ToList(values), 1e-10);
  }
}
