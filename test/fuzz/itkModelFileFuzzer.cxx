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

#include "itkAutoencoderModelFile.h"
#include "itkFuzzing.h"

#include "itkMacro.h"

/** Reads the input as a model file. Anything but an ExceptionObject is a finding. */
extern "C" int
LLVMFuzzerTestOneInput(const uint8_t * input, size_t size)
{
  try
  {
    const auto model = itk::AutoencoderModelFile::Parse(reinterpret_cast<const char *>(input), size, "input");
    itk::AutoencoderModelFile::Describe(model);
  }
  catch (const itk::ExceptionObject &)
  {}
  return 0;
}
