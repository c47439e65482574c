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
#ifndef itkTensorStorage_h
#define itkTensorStorage_h

#include "itkAutoencoderNetwork.h"
#include "itkSafetensorsFile.h"

#include <string>
#include <utility>
#include <vector>

namespace itk
{
/** Conversion between LibTorch's tensors and those of a file. */
namespace TensorStorage
{
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/** A stored tensor in single precision.
 * \exception std::runtime_error if it is not of a floating point type */
torch::Tensor
ToTensor(const SafetensorsFile::Tensor & stored);

/** A tensor as it is stored: in single precision, or in half precision where its values fit. */
SafetensorsFile::Tensor
FromTensor(const torch::Tensor & tensor, bool halfPrecision);

/** The tensors of a network that a file has: parameters and running statistics. The normalizations' counts of batches
 * are left out, because nothing uses them. */
NamedTensors
NetworkTensors(AutoencoderNetwork & network);

/** Copy stored tensors to `targets`. A target's name in the file has a prefix.
 * \exception std::runtime_error that names a tensor that is missing, of another shape, or not finite */
void
Load(const NamedTensors & targets, const SafetensorsFile & file, const std::string & prefix = "");

/** Store tensors. A tensor's name in the file has a prefix. */
void
Store(const NamedTensors & tensors,
      SafetensorsFile &    file,
      const std::string &  prefix = "",
      bool                 halfPrecision = false);
} // namespace TensorStorage
} // end namespace itk

#endif // itkTensorStorage_h
