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

/** Convert a stored tensor to a tensor in single precision.
 * \exception std::runtime_error if its type is not F32, F16 or BF16 */
torch::Tensor
ToTensor(const SafetensorsFile::Tensor & stored);

/** Convert a tensor to its stored form: in half precision if requested and if its values fit, otherwise in single
 * precision. */
SafetensorsFile::Tensor
FromTensor(const torch::Tensor & tensor, bool halfPrecision);

/** The tensors of a network that are stored: parameters and running statistics. The batch counts of the normalizations
 * are left out, because nothing uses them. */
NamedTensors
NetworkTensors(AutoencoderNetwork & network);

/** Copy stored tensors to `targets`. Names in the file begin with `prefix`.
 * \exception std::runtime_error with the name of a tensor that is missing, of another shape, or not finite */
void
Load(const NamedTensors & targets, const SafetensorsFile & file, const std::string & prefix = "");

/** Store tensors. Names in the file begin with `prefix`. */
void
Store(const NamedTensors & tensors,
      SafetensorsFile &    file,
      const std::string &  prefix = "",
      bool                 halfPrecision = false);
} // namespace TensorStorage
} // end namespace itk

#endif // itkTensorStorage_h
