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

#include "itkFuzzing.h"

#include "itkSafetensorsFile.h"

#include <filesystem>
#include <fstream>
#include <iostream>

/** Write the seeds of the fuzz tests: itkFuzzingSeeds FOLDER. Each test gets a folder with valid inputs. */
int
main(int argc, char ** argv)
{
  if (argc != 2)
  {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  const auto                  prepare = [&folder](const char * name) {
    std::filesystem::create_directories(folder / name);
    return folder / name;
  };
  const auto write = [](const std::filesystem::path & path, const std::string & bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  };
  const auto files = prepare("ModelFile");
  const auto headers = prepare("ModelHeader");
  unsigned   number = 0;
  for (const unsigned int poolings : { 1u, 2u })
  {
    for (const bool learnsMixing : { false, true })
    {
      for (const bool halfPrecision : { false, true })
      {
        const std::string name = std::to_string(number++);
        itk::Fuzzing::MakeModel(poolings, learnsMixing ? 2 : 1, learnsMixing)
          ->Write((files / name).string(), halfPrecision);
        write(headers / name, itk::Fuzzing::MakeInput(itk::SafetensorsFile::ReadBytes((files / name).string())));
      }
    }
  }
  const auto                             checkpoints = prepare("Checkpoint");
  const std::string                      name = (checkpoints / "0").string();
  const itk::Fuzzing::Training           training(name);
  const itk::AutoencoderTrainingProgress progress;
  training.checkpoint->Write(*training.network, progress);
  write(name, itk::Fuzzing::MakeInput(itk::SafetensorsFile::ReadBytes(name)));
  training.network->KeepBest();
  training.checkpoint->Write(*training.network, progress);
  write(name + ".best", itk::Fuzzing::MakeInput(itk::SafetensorsFile::ReadBytes(name)));
  itk::Fuzzing::Training plain(name);
  plain.checkpoint->Write(*plain.network, progress);
  write(name, itk::Fuzzing::MakeInput(itk::SafetensorsFile::ReadBytes(name)));
  return 0;
}
