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

#include "itkTensorStorage.h"

#include <cstring>
#include <sstream>

namespace itk
{
namespace TensorStorage
{
torch::Tensor
ToTensor(const SafetensorsFile::Tensor & stored)
{
  torch::ScalarType type;
  if (stored.type == "F32")
  {
    type = torch::kFloat;
  }
  else if (stored.type == "F16")
  {
    type = torch::kHalf;
  }
  else if (stored.type == "BF16")
  {
    type = torch::kBFloat16;
  }
  else
  {
    throw std::runtime_error("weights are stored as " + stored.type + ", but have to be F32, F16 or BF16");
  }
  const std::vector<int64_t> shape(stored.shape.begin(), stored.shape.end());
  torch::Tensor              tensor = torch::empty(shape, type);
  std::memcpy(tensor.data_ptr(), stored.bytes.data(), stored.bytes.size());
  return tensor.to(torch::kFloat);
}

SafetensorsFile::Tensor
FromTensor(const torch::Tensor & tensor, bool halfPrecision)
{
  // Half precision can't hold large values, such as the variances of large activations. Tensors with such values stay
  // in single precision.
  constexpr double        largestHalf = 65504.0;
  const torch::Tensor     single = tensor.detach().to(torch::kCPU, torch::kFloat);
  const bool              isHalf = halfPrecision && single.abs().max().item<double>() <= largestHalf;
  const torch::Tensor     values = single.to(isHalf ? torch::kHalf : torch::kFloat).contiguous();
  SafetensorsFile::Tensor stored;
  stored.type = isHalf ? "F16" : "F32";
  stored.shape.assign(values.sizes().begin(), values.sizes().end());
  stored.bytes.assign(static_cast<const char *>(values.data_ptr()), values.nbytes());
  return stored;
}

NamedTensors
NetworkTensors(AutoencoderNetwork & network)
{
  NamedTensors tensors;
  for (const auto & item : network.named_parameters())
  {
    tensors.emplace_back(item.key(), item.value());
  }
  for (const auto & item : network.named_buffers())
  {
    if (item.value().is_floating_point())
    {
      tensors.emplace_back(item.key(), item.value());
    }
  }
  return tensors;
}

void
Load(const NamedTensors & targets, const SafetensorsFile & file, const std::string & prefix)
{
  const torch::NoGradGuard noGradient;
  for (const auto & [name, target] : targets)
  {
    const std::string key = prefix + name;
    const auto        found = file.tensors.find(key);
    if (found == file.tensors.end())
    {
      throw std::runtime_error("tensor '" + key + "' is missing");
    }
    const torch::Tensor values = ToTensor(found->second);
    if (values.sizes() != target.sizes())
    {
      std::ostringstream message;
      message << "tensor '" << key << "' has the shape " << values.sizes() << ", but the architecture needs "
              << target.sizes();
      throw std::runtime_error(message.str());
    }
    if (!torch::isfinite(values).all().item<bool>())
    {
      throw std::runtime_error("tensor '" + key + "' has values that are not finite");
    }
    torch::Tensor(target).copy_(values);
  }
}

void
Store(const NamedTensors & tensors, SafetensorsFile & file, const std::string & prefix, bool halfPrecision)
{
  for (const auto & [name, tensor] : tensors)
  {
    file.tensors[prefix + name] = FromTensor(tensor, halfPrecision);
  }
}
} // namespace TensorStorage
} // end namespace itk
