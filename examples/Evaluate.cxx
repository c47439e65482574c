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

// Drop slices of volumes, recover them with every method, and print the scores. The C++ counterpart of `latent-sr
// evaluate`.

#include "itkImageFileReader.h"
#include "itkImageQualityMetricsCalculator.h"
#include "itkSliceRecoveryExperiment.h"

#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace
{
using ImageType = itk::Image<float, 3>;
using ExperimentType = itk::SliceRecoveryExperiment<ImageType>;
using CalculatorType = itk::ImageQualityMetricsCalculator<ImageType>;

struct Scores
{
  double ssim{ 0.0 };
  double psnr{ 0.0 };
  double vifp{ 0.0 };
};

Scores
Measure(const ExperimentType * experiment, const ImageType * recovered)
{
  auto calculator = CalculatorType::New();
  calculator->SetReferenceImage(experiment->ExtractDroppedSlices(experiment->GetTruth()));
  calculator->SetTestImage(experiment->ExtractDroppedSlices(recovered));
  calculator->SetDataRange(1.0);
  calculator->Compute();
  return { calculator->GetSSIM(), calculator->GetMeanSlicePSNR(), calculator->GetVIFp() };
}
} // namespace

int
main(int argc, char * argv[])
{
  if (argc < 4)
  {
    std::cerr << "Usage: " << argv[0]
              << " model.safetensors|bundled crop volume...      (crop: side in pixels, 0 for none)" << std::endl;
    return 2;
  }
  try
  {
    auto model = itk::AutoencoderModel::New();
    if (std::string(argv[1]) == "bundled")
    {
      model->ReadBundled();
    }
    else
    {
      model->Read(argv[1]);
    }

    // Scores are averaged over the slices of each volume first, then over the volumes.
    std::map<std::string, Scores>  sums;
    const std::vector<std::string> interpolations{ "linear", "bspline", "lanczos", "linear-blur" };
    for (int i = 3; i < argc; ++i)
    {
      auto experiment = ExperimentType::New();
      experiment->SetImage(itk::ReadImage<ImageType>(argv[i]));
      experiment->SetCropSize(std::strtoul(argv[2], nullptr, 10));
      experiment->Prepare();
      const auto add = [&](const std::string & method, const ImageType * recovered) {
        const Scores scores = Measure(experiment, recovered);
        sums[method].ssim += scores.ssim;
        sums[method].psnr += scores.psnr;
        sums[method].vifp += scores.vifp;
      };
      for (const auto & method : interpolations)
      {
        add(method, experiment->RecoverByInterpolation(method));
      }
      add("latent", experiment->RecoverByModel(model, ExperimentType::OutputModeEnum::Decoded));
    }

    const double volumes = argc - 3;
    std::cout << std::left << std::setw(14) << "method" << std::right << std::setw(10) << "SSIM" << std::setw(10)
              << "PSNR dB" << std::setw(10) << "VIFp" << std::endl;
    for (const auto & entry : sums)
    {
      std::cout << std::left << std::setw(14) << entry.first << std::right << std::fixed << std::setw(10)
                << std::setprecision(4) << entry.second.ssim / volumes << std::setw(10) << std::setprecision(2)
                << entry.second.psnr / volumes << std::setw(10) << std::setprecision(4) << entry.second.vifp / volumes
                << std::endl;
    }
  }
  catch (const itk::ExceptionObject & error)
  {
    std::cerr << error.GetDescription() << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
