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
#ifndef itkAutoencoderModelFile_h
#define itkAutoencoderModelFile_h

#include "itkAutoencoderModel.h"

#include <string>

namespace itk
{
/** The model file: a `.safetensors` file with the weights as tensors and everything else as string metadata. The keys
 * are `latent_sr.format`, `latent_sr.architecture`, `latent_sr.preprocessing` and `latent_sr.training`, which are JSON,
 * and `provenance.*`. */
namespace AutoencoderModelFile
{
/** Make a model from the contents of a file.
 * \param name the file's name in messages
 * \exception ExceptionObject with the file's name and what is wrong with it */
AutoencoderModel::Pointer
Parse(const char * bytes, SizeValueType size, const std::string & name);

/** Write a model that has weights. The file is complete or not written at all.
 * \exception ExceptionObject with the file's name */
void
Write(const AutoencoderModel * model, const std::string & fileName, bool halfPrecision);

/** All metadata of a model as JSON text, with line breaks. */
std::string
Describe(const AutoencoderModel * model);
} // namespace AutoencoderModelFile
} // end namespace itk

#endif // itkAutoencoderModelFile_h
