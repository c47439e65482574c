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
#ifndef itkAutoencoderNetwork_h
#define itkAutoencoderNetwork_h

#include "itkAutoencoderConvolutions.h"
#include "itkAutoencoderModel.h"
#include "itkTensorPool.h"

#include <torch/torch.h>

#include <functional>
#include <mutex>

namespace itk
{
/** Everything that determines the shapes of the network's weights: see AutoencoderModel. */
struct AutoencoderArchitecture
{
  int64_t              poolings{ 4 };
  int64_t              baseKernels{ 32 };
  int64_t              latentChannels{ 16 };
  std::vector<int64_t> levels{ 1, 2, 3 };

  /** Channels of encoder block b. */
  int64_t
  Width(int64_t block) const
  {
    return baseKernels << block;
  }
};

/** The encoder and the decoder. Parameters are named `encoder.B.{0,2,4}`, `to_latent.{0,2}`, `from_latent.{0,2}`,
 * `decoder.B.{0,2,4}` (B counts in the order of execution), `to_image.{0,2}`. */
class AutoencoderNetwork : public torch::nn::Module
{
public:
  using LatentType = std::vector<torch::Tensor>;

  explicit AutoencoderNetwork(const AutoencoderArchitecture & architecture);

  /** What computes a sequence of modules. */
  using RunFunction = std::function<AutoencoderConvolutions::Features(torch::nn::SequentialImpl &       sequence,
                                                                      AutoencoderConvolutions::Features features)>;

  /** One module after the other, differentiable. Up-sampling at the end of a sequence is left to the next one. */
  static AutoencoderConvolutions::Features
  Run(torch::nn::SequentialImpl & sequence, AutoencoderConvolutions::Features features);

  /** (N, 1, rows, columns) to the latent's tensors. */
  LatentType
  Encode(torch::Tensor slices, const RunFunction & run = Run);

  /** The latent's tensors to (N, 1, rows, columns). */
  torch::Tensor
  Decode(const LatentType & latent, const RunFunction & run = Run);

  /** All sequences of modules. */
  std::vector<torch::nn::SequentialImpl *>
  GetSequences() const;

  /** Uniform random weights and biases with the bound 1/sqrt(fan in), from a generator of their own. */
  void
  RandomizeWeights(uint64_t seed);

  const AutoencoderArchitecture &
  GetArchitecture() const
  {
    return m_Architecture;
  }

private:
  AutoencoderArchitecture m_Architecture;
  torch::nn::ModuleList   m_Encoder;
  torch::nn::Sequential   m_ToLatent;
  torch::nn::Sequential   m_FromLatent;
  torch::nn::ModuleList   m_Decoder;
  torch::nn::Sequential   m_ToImage;
};

/** (1 - alpha) first + alpha second, tensor by tensor; alpha is a number, or a tensor that broadcasts. */
template <typename TAlpha>
AutoencoderNetwork::LatentType
MixLatents(const AutoencoderNetwork::LatentType & first,
           const AutoencoderNetwork::LatentType & second,
           const TAlpha &                         alpha)
{
  AutoencoderNetwork::LatentType mixed;
  mixed.reserve(first.size());
  for (size_t i = 0; i < first.size(); ++i)
  {
    if constexpr (std::is_same_v<TAlpha, torch::Tensor>)
    {
      mixed.push_back(torch::lerp(first[i], second[i], alpha.to(first[i].scalar_type())));
    }
    else
    {
      mixed.push_back(torch::lerp(first[i], second[i], alpha));
    }
  }
  return mixed;
}

/** The latents of `count` slices of a batch. */
AutoencoderNetwork::LatentType
NarrowLatents(const AutoencoderNetwork::LatentType & latents, int64_t first, int64_t count);

class AutoencoderInference;

struct AutoencoderModel::Implementation
{
  std::shared_ptr<AutoencoderNetwork> network;

  /** In single precision on the CPU, not differentiable, in the fastest way that there is. */
  AutoencoderNetwork::LatentType
  Encode(const torch::Tensor & slices, TensorPool & pool) const;
  torch::Tensor
  Decode(const AutoencoderNetwork::LatentType & latent, TensorPool & pool) const;

private:
  /** Null where it is not possible. Made when it is first asked for: the weights do not change once a model has them.
   */
  const AutoencoderInference *
  GetInference() const;

  mutable std::once_flag                        m_Once;
  mutable std::shared_ptr<AutoencoderInference> m_Inference;
};

struct AutoencoderLatent::Implementation
{
  AutoencoderNetwork::LatentType tensors;
};

/** The architecture that a model is set to. */
AutoencoderArchitecture
GetArchitecture(const AutoencoderModel * model);

/** Copy weights and statistics between networks of the same architecture. */
void
CopyNetwork(AutoencoderNetwork & target, const AutoencoderNetwork & source);

/** A network with a copy of another's weights and statistics. */
std::shared_ptr<AutoencoderNetwork>
CloneNetwork(const AutoencoderNetwork & network);

/** Call a function and turn what it throws into an ExceptionObject that says what was being done; LibTorch's messages
 * without its traces. */
template <typename TFunction>
auto
TranslateTorchErrors(const char * doing, TFunction && function) -> decltype(function())
{
  try
  {
    return function();
  }
  catch (const c10::Error & error)
  {
    itkGenericExceptionMacro("LibTorch failed while " << doing << ": " << error.what_without_backtrace());
  }
  catch (const ExceptionObject &)
  {
    throw;
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("Failed while " << doing << ": " << error.what());
  }
}
} // end namespace itk

#endif // itkAutoencoderNetwork_h
