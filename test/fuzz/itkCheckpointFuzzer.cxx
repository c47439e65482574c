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

#include "itkMacro.h"

/** Reads the input as the header of a checkpoint whose tensors are zero, in a resumed training. Anything but an
 * ExceptionObject is a finding. */
extern "C" int
LLVMFuzzerTestOneInput(const uint8_t * input, size_t size)
{
  static itk::Fuzzing::Training    training("checkpoint");
  itk::AutoencoderTrainingProgress progress;
  const std::string                file = itk::Fuzzing::MakeFile(input, size);
  try
  {
    training.checkpoint->Parse(file, *training.network, progress);
  }
  catch (const itk::ExceptionObject &)
  {}
  return 0;
}
