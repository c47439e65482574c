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
#ifndef itkFuzzing_h
#define itkFuzzing_h

#include "itkAutoencoderModel.h"
#include "itkTrainedNetwork.h"
#include "itkTrainingCheckpoint.h"

#include <cstdint>
#include <memory>
#include <string>

namespace itk
{
/** What the fuzz tests share. */
namespace Fuzzing
{
/** A model with a network as small as possible. */
AutoencoderModel::Pointer
MakeModel(unsigned int poolings, unsigned int unshuffleFactor, bool learnsMixing);

/** A training of a small network that has a checkpoint file. */
struct Training
{
  explicit Training(const std::string & checkpointFileName);

  AutoencoderModel::Pointer           model;
  AutoencoderTrainingParameters       parameters;
  std::unique_ptr<TrainedNetwork>     network;
  std::unique_ptr<TrainingCheckpoint> checkpoint;
};

/** Make the contents of a .safetensors file of an input: its first three bytes are the number of bytes of the tensors,
 * which are zeros, and the others are the header. Random changes of a whole file would mostly hit weights, or break the
 * length of the header. */
std::string
MakeFile(const uint8_t * input, size_t size);

/** The inverse of MakeFile(). */
std::string
MakeInput(const std::string & file);
} // namespace Fuzzing
} // end namespace itk

#endif // itkFuzzing_h
