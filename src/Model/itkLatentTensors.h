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
#ifndef itkLatentTensors_h
#define itkLatentTensors_h

#include "itkAutoencoderLatent.h"

#include <torch/torch.h>

#include <type_traits>
#include <vector>

namespace itk
{
/** The tensors of a latent, in the order of AutoencoderLatent. Their first dimension is that of the slices. */
using LatentTensors = std::vector<torch::Tensor>;

/** (1 - alpha) first + alpha second + 4 alpha (1 - alpha) correction, tensor by tensor. `alpha` is a number, or a
 * tensor that broadcasts.
 * \param correction the correction of a learned mixing; empty in linear mixing */
template <typename TAlpha>
LatentTensors
MixLatents(const LatentTensors & first,
           const LatentTensors & second,
           const TAlpha &        alpha,
           const LatentTensors & correction = {})
{
  LatentTensors mixed;
  mixed.reserve(first.size());
  for (size_t i = 0; i < first.size(); ++i)
  {
    if constexpr (std::is_same_v<TAlpha, torch::Tensor>)
    {
      const torch::Tensor weight = alpha.to(first[i].scalar_type());
      mixed.push_back(torch::lerp(first[i], second[i], weight));
      if (!correction.empty())
      {
        mixed[i] = mixed[i] + 4.0 * weight * (1.0 - weight) * correction[i];
      }
    }
    else
    {
      mixed.push_back(torch::lerp(first[i], second[i], alpha));
      if (!correction.empty())
      {
        mixed[i] = mixed[i].add(correction[i], 4.0 * alpha * (1.0 - alpha));
      }
    }
  }
  return mixed;
}

/** The latents around a position between two acquired slices. */
struct LatentNeighbors
{
  /** The latents of the two slices. */
  LatentTensors first;
  LatentTensors second;
  /** The latents of the slices before `first` and after `second`. At the ends of a stack, `first` and `second`
   * themselves stand in for them. They are not used unless the architecture mixes with context. */
  LatentTensors before;
  LatentTensors after;
};

/** The latents of `count` slices, beginning with slice `first`. They share the memory of `latents`. */
LatentTensors
NarrowLatents(const LatentTensors & latents, int64_t first, int64_t count);

/** The members of AutoencoderLatent that need LibTorch. */
struct AutoencoderLatent::Implementation
{
  LatentTensors tensors;
};
} // end namespace itk

#endif // itkLatentTensors_h
