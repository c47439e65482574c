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

// Train an autoencoder on stacks of thick slices, and write the model. The C++ counterpart of `latent-sr train`.

#include "itkAutoencoderTrainer.h"
#include "itkCommand.h"
#include "itkImageFileReader.h"

#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <string>

namespace
{
using ImageType = itk::Image<float, 3>;
using TrainerType = itk::AutoencoderTrainer<ImageType>;

/** Print a line for every hundredth iteration. */
void
Report(itk::Object * caller, const itk::EventObject &, void *)
{
  const auto * trainer = static_cast<TrainerType *>(caller);
  if (trainer->GetCurrentIteration() % 100 == 0)
  {
    std::cout << trainer->GetCurrentIteration() << " iterations, " << std::fixed << std::setprecision(0)
              << trainer->GetElapsedTime() << " s, " << std::setprecision(5) << "loss " << trainer->GetCurrentLoss()
              << ", reconstruction " << trainer->GetCurrentReconstructionLoss() << ", synthesis "
              << trainer->GetCurrentSynthesisLoss() << std::endl;
  }
}
} // namespace

int
main(int argc, char * argv[])
{
  if (argc < 5)
  {
    std::cerr << "Usage: " << argv[0] << " model.safetensors default|paper iterations volume..." << std::endl;
    return 2;
  }
  const std::string modelFileName = argv[1];
  const std::string preset = argv[2];
  const auto        iterations = std::strtoull(argv[3], nullptr, 10);
  if (preset != "default" && preset != "paper")
  {
    std::cerr << "The preset is '" << preset << "', but must be default or paper." << std::endl;
    return 2;
  }

  try
  {
    auto trainer = TrainerType::New();
    auto start = itk::AutoencoderModel::New();
    if (preset == "paper")
    {
      start->SetArchitectureToPaper();
      trainer->SetParametersToPaper();
    }
    trainer->SetInitialModel(start);
    trainer->SetNumberOfIterations(iterations);
    for (int i = 4; i < argc; ++i)
    {
      trainer->AddTrainingImage(itk::ReadImage<ImageType>(argv[i]));
    }
    auto report = itk::CStyleCommand::New();
    report->SetCallback(Report);
    trainer->AddObserver(itk::IterationEvent(), report);
    trainer->Update();
    std::cout << trainer->GetStopConditionDescription() << std::endl;
    trainer->GetOutput()->Write(modelFileName);
  }
  catch (const itk::ExceptionObject & error)
  {
    std::cerr << error.GetDescription() << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
