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

#include "itkAutoencoderModelImplementation.h"

#include <algorithm>

namespace itk
{
namespace Fuzzing
{
namespace
{
constexpr size_t PrefixSize = 3;
constexpr size_t LengthSize = 8;
} // namespace

AutoencoderModel::Pointer
MakeModel(unsigned int poolings, unsigned int unshuffleFactor, bool learnsMixing)
{
  auto model = AutoencoderModel::New();
  model->SetNumberOfPoolings(poolings);
  model->SetBaseChannels(1);
  model->SetLatentChannels(1);
  model->SetLatentLevels({ 0 });
  model->SetPixelUnshuffleFactor(unshuffleFactor);
  model->SetLatentPixels(learnsMixing);
  model->SetMixing(learnsMixing ? AutoencoderModel::MixingEnum::Learned : AutoencoderModel::MixingEnum::Linear);
  model->SetMixingContext(learnsMixing);
  model->InitializeWeights(1);
  model->SetProvenance("data", "none");
  return model;
}

Training::Training(const std::string & checkpointFileName)
  : model(MakeModel(1, 1, false))
{
  parameters.checkpointFileName = checkpointFileName;
  parameters.resume = true;
  network = std::make_unique<TrainedNetwork>(parameters, *model->GetImplementation()->network, 1);
  checkpoint = std::make_unique<TrainingCheckpoint>(
    parameters, TrainingCheckpoint::Json::parse(parameters.DescribeForCheckpoint()));
}

std::string
MakeFile(const uint8_t * input, size_t size)
{
  size_t zeros = 0;
  for (size_t i = 0; i < std::min(size, PrefixSize); ++i)
  {
    zeros |= static_cast<size_t>(input[i]) << (8 * i);
  }
  const std::string header(input + std::min(size, PrefixSize), input + size);
  std::string       file;
  for (size_t i = 0; i < LengthSize; ++i)
  {
    file.push_back(static_cast<char>((header.size() >> (8 * i)) & 0xff));
  }
  return file + header + std::string(zeros, '\0');
}

std::string
MakeInput(const std::string & file)
{
  size_t headerSize = 0;
  for (size_t i = 0; i < LengthSize; ++i)
  {
    headerSize |= static_cast<size_t>(static_cast<unsigned char>(file.at(i))) << (8 * i);
  }
  const size_t zeros = file.size() - LengthSize - headerSize;
  std::string  input;
  for (size_t i = 0; i < PrefixSize; ++i)
  {
    input.push_back(static_cast<char>((zeros >> (8 * i)) & 0xff));
  }
  return input + file.substr(LengthSize, headerSize);
}
} // namespace Fuzzing
} // end namespace itk
