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

#include "itkAutoencoderLatent.h"

#include "itkLatentTensors.h"
#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"

namespace itk
{
AutoencoderLatent::AutoencoderLatent()
  : m_Implementation(std::make_shared<Implementation>())
{}

AutoencoderLatent::~AutoencoderLatent() = default;

AutoencoderLatent::Pointer
AutoencoderLatent::Mix(const Self * first, const Self * second, double alpha)
{
  if (!first || !second || first->GetNumberOfSlices() == 0 || second->GetNumberOfSlices() == 0)
  {
    itkGenericExceptionMacro("AutoencoderLatent::Mix needs two latents that hold slices.");
  }
  if (!(alpha >= 0.0 && alpha <= 1.0))
  {
    itkGenericExceptionMacro("AutoencoderLatent::Mix: alpha is " << alpha << ", but has to be in [0, 1].");
  }
  const auto & a = first->m_Implementation->tensors;
  const auto & b = second->m_Implementation->tensors;
  bool         equal = a.size() == b.size();
  for (size_t i = 0; equal && i < a.size(); ++i)
  {
    equal = a[i].sizes() == b[i].sizes();
  }
  if (!equal)
  {
    itkGenericExceptionMacro("AutoencoderLatent::Mix: the latents have different shapes.");
  }
  auto mixed = Self::New();
  TranslateTorchErrors("mixing latents", [&] {
    const TorchThreadScope threads(0);
    mixed->m_Implementation->tensors = MixLatents(a, b, alpha);
  });
  return mixed;
}

AutoencoderLatent::Pointer
AutoencoderLatent::Extract(SizeValueType first, SizeValueType count) const
{
  const SizeValueType slices = this->GetNumberOfSlices();
  if (count == 0 || first >= slices || count > slices - first)
  {
    itkExceptionMacro("Slices " << first << " to " << first << " + " << count << " were requested, but the latent has "
                                << slices << '.');
  }
  auto extracted = Self::New();
  TranslateTorchErrors("extracting slices of a latent", [&] {
    const TorchThreadScope threads(0);
    for (const auto & tensor : m_Implementation->tensors)
    {
      extracted->m_Implementation->tensors.push_back(
        tensor.narrow(0, static_cast<int64_t>(first), static_cast<int64_t>(count)).clone());
    }
  });
  return extracted;
}

SizeValueType
AutoencoderLatent::GetNumberOfSlices() const
{
  return m_Implementation->tensors.empty() ? 0 : m_Implementation->tensors.front().size(0);
}

unsigned int
AutoencoderLatent::GetNumberOfTensors() const
{
  return static_cast<unsigned int>(m_Implementation->tensors.size());
}

void
AutoencoderLatent::CheckTensorNumber(unsigned int tensor) const
{
  if (tensor >= m_Implementation->tensors.size())
  {
    itkExceptionMacro("Tensor " << tensor << " was requested, but the latent has " << m_Implementation->tensors.size()
                                << '.');
  }
}

std::vector<SizeValueType>
AutoencoderLatent::GetTensorShape(unsigned int tensor) const
{
  this->CheckTensorNumber(tensor);
  const auto sizes = m_Implementation->tensors[tensor].sizes();
  return { sizes.begin(), sizes.end() };
}

std::vector<float>
AutoencoderLatent::GetTensorValues(unsigned int tensor) const
{
  this->CheckTensorNumber(tensor);
  const TorchThreadScope threads(0);
  const auto             values = m_Implementation->tensors[tensor].to(torch::kFloat).contiguous();
  const float *          data = values.data_ptr<float>();
  return { data, data + values.numel() };
}

void
AutoencoderLatent::Initialize()
{
  Superclass::Initialize();
  m_Implementation = std::make_shared<Implementation>();
}

void
AutoencoderLatent::Graft(const DataObject * data)
{
  const auto * latent = dynamic_cast<const Self *>(data);
  if (!latent)
  {
    itkExceptionMacro("Only an AutoencoderLatent can be grafted.");
  }
  m_Implementation = latent->m_Implementation;
  this->Modified();
}

void
AutoencoderLatent::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  os << indent << "Tensors: " << m_Implementation->tensors.size() << std::endl;
  for (const auto & tensor : m_Implementation->tensors)
  {
    os << indent.GetNextIndent() << tensor.sizes() << std::endl;
  }
}
} // end namespace itk
