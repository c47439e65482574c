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

#include "itkAutoencoderModelImplementation.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"

#include <cstring>

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#  include <cpuid.h>
#endif

namespace itk
{
namespace
{
/** Whether the tensors are a latent of an architecture. The slices may have any size. */
bool
IsLatentOf(const LatentTensors & tensors, const AutoencoderArchitecture & architecture)
{
  const auto & levels = architecture.levels;
  if (tensors.size() != architecture.GetLatentTensorChannels().size() ||
      tensors[0].size(1) != architecture.latentChannels)
  {
    return false;
  }
  if (architecture.hasLatentPixels)
  {
    const torch::Tensor & pixels = tensors.back();
    const int64_t         scale = int64_t{ 1 } << architecture.poolings;
    if (pixels.size(1) != architecture.GetPixelChannels() || pixels.size(2) != tensors[0].size(2) * scale ||
        pixels.size(3) != tensors[0].size(3) * scale)
    {
      return false;
    }
  }
  for (size_t i = 0; i < levels.size(); ++i)
  {
    const torch::Tensor & features = tensors[i + 1];
    const int64_t         scale = int64_t{ 1 } << (architecture.poolings - 1 - levels[i]);
    if (features.size(1) != architecture.GetBlockChannels(levels[i]) ||
        features.size(2) != tensors[0].size(2) * scale || features.size(3) != tensors[0].size(3) * scale)
    {
      return false;
    }
  }
  return true;
}
} // namespace

AutoencoderLatent::Pointer
AutoencoderModel::Encode(const StackType * slices) const
{
  this->CheckHasWeights();
  if (!slices || slices->GetBufferedRegion().GetNumberOfPixels() == 0)
  {
    itkExceptionMacro("There are no slices to encode.");
  }
  const auto         size = slices->GetBufferedRegion().GetSize();
  const unsigned int multiple = this->GetSliceSizeMultiple();
  if (size[0] % multiple != 0 || size[1] % multiple != 0)
  {
    itkExceptionMacro("Slices have " << size[0] << " x " << size[1] << " pixels, but with " << m_NumberOfPoolings
                                     << " poolings and the pixel unshuffle factor " << m_PixelUnshuffleFactor
                                     << " both have to be multiples of " << multiple << '.');
  }
  auto                                     latent = AutoencoderLatent::New();
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("encoding", [&] {
    const TorchThreadScope threads(0);
    torch::InferenceMode   inference;
    TensorPool             pool;
    const auto             input = torch::from_blob(
      const_cast<float *>(slices->GetBufferPointer()),
      { static_cast<int64_t>(size[2]), 1, static_cast<int64_t>(size[1]), static_cast<int64_t>(size[0]) });
    latent->m_Implementation->tensors = m_Implementation->Encode(input, pool);
  });
  return latent;
}

void
AutoencoderModel::CheckIsLatent(const AutoencoderLatent * latent) const
{
  if (!latent || latent->GetNumberOfSlices() == 0)
  {
    itkExceptionMacro("There is no latent to decode or to mix.");
  }
  if (!IsLatentOf(latent->GetImplementation()->tensors, GetArchitecture(this)))
  {
    itkExceptionMacro("The latent was not made by a model of this architecture.");
  }
}

AutoencoderLatent::Pointer
AutoencoderModel::Mix(const AutoencoderLatent * first,
                      const AutoencoderLatent * second,
                      double                    alpha,
                      const AutoencoderLatent * before,
                      const AutoencoderLatent * after) const
{
  this->CheckHasWeights();
  LatentNeighbors neighbors;
  const auto      get = [&](const AutoencoderLatent * latent, LatentTensors & tensors) {
    this->CheckIsLatent(latent);
    tensors = latent->GetImplementation()->tensors;
    if (tensors.front().sizes() != neighbors.first.front().sizes())
    {
      itkExceptionMacro("The latents have different shapes.");
    }
  };
  this->CheckIsLatent(first);
  neighbors.first = first->GetImplementation()->tensors;
  get(second, neighbors.second);
  get(before ? before : first, neighbors.before);
  get(after ? after : second, neighbors.after);
  if (!(alpha >= 0.0 && alpha <= 1.0))
  {
    itkExceptionMacro("alpha is " << alpha << ", but has to be in [0, 1].");
  }
  auto                                     mixed = AutoencoderLatent::New();
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("mixing latents", [&] {
    const TorchThreadScope threads(0);
    torch::InferenceMode   inference;
    TensorPool             pool;
    mixed->m_Implementation->tensors =
      MixLatents(neighbors.first, neighbors.second, alpha, m_Implementation->ComputeMixingCorrection(neighbors, pool));
  });
  return mixed;
}

AutoencoderModel::StackType::Pointer
AutoencoderModel::Decode(const AutoencoderLatent * latent) const
{
  this->CheckHasWeights();
  this->CheckIsLatent(latent);
  const LatentTensors &                    tensors = latent->GetImplementation()->tensors;
  auto                                     slices = StackType::New();
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("decoding", [&] {
    const TorchThreadScope threads(0);
    torch::InferenceMode   inference;
    TensorPool             pool;
    const auto             output = m_Implementation->Decode(tensors, pool).contiguous();
    StackType::SizeType    size;
    size[0] = output.size(3);
    size[1] = output.size(2);
    size[2] = output.size(0);
    slices->SetRegions(size);
    slices->Allocate();
    std::memcpy(slices->GetBufferPointer(), output.data_ptr<float>(), output.nbytes());
  });
  return slices;
}

bool
AutoencoderModel::HasBFloat16MatrixInstructions()
{
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
  // Leaf 7 of cpuid has the flag AMX-BF16 in bit 22 of EDX. Not all compilers know it in __builtin_cpu_supports().
  unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && ((edx >> 22) & 1u) != 0;
#else
  return false;
#endif
}
} // end namespace itk
