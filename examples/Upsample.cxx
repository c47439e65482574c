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

// Compute a stack of thin slices from a stack of thick slices. The C++ counterpart of `latent-sr upsample`.
//
// The input is one file, which is read by ITK's reader. That reader does not check DICOM, neither a file with several
// frames nor a volume that was assembled from a series before. The order of the slices, their distances, a tilt of the
// gantry, and the slope and intercept of each slice may be wrong. `latent-sr upsample` reads folders of DICOM files and
// checks all of these.

#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

int
main(int argc, char * argv[])
{
  if (argc < 4)
  {
    std::cerr
      << "Usage: " << argv[0]
      << " input output factor "
         "[auto|decoded|preserve-acquired|residual-corrected|low-pass-corrected|profile-corrected] [model.safetensors]"
      << std::endl;
    return 2;
  }
  using ImageType = itk::Image<float, 3>;
  using FilterType = itk::LatentSpaceSuperResolutionImageFilter<ImageType>;
  using OutputModeEnum = FilterType::OutputModeEnum;

  const std::map<std::string, OutputModeEnum> modes{ { "decoded", OutputModeEnum::Decoded },
                                                     { "preserve-acquired", OutputModeEnum::PreserveAcquired },
                                                     { "residual-corrected", OutputModeEnum::ResidualCorrected },
                                                     { "low-pass-corrected", OutputModeEnum::LowPassCorrected },
                                                     { "profile-corrected", OutputModeEnum::ProfileCorrected },
                                                     { "auto", OutputModeEnum::Automatic } };
  const auto                                  mode = modes.find(argc > 4 ? argv[4] : "auto");
  if (mode == modes.end())
  {
    std::cerr << "The mode is '" << argv[4] << "', but must be one of";
    for (const auto & known : modes)
    {
      std::cerr << ' ' << known.first;
    }
    std::cerr << std::endl;
    return 2;
  }

  try
  {
    auto filter = FilterType::New();
    filter->SetInput(itk::ReadImage<ImageType>(argv[1]));
    filter->SetUpsamplingFactor(static_cast<unsigned int>(std::strtoul(argv[3], nullptr, 10)));
    filter->SetOutputMode(mode->second);
    // Without a model file the filter uses the bundled model.
    if (argc > 5)
    {
      filter->SetModelFileName(argv[5]);
    }
    itk::WriteImage(filter->GetOutput(), argv[2], true);
  }
  catch (const itk::ExceptionObject & error)
  {
    std::cerr << error.GetDescription() << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
