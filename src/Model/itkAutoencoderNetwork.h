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

#include "itkAutoencoderArchitecture.h"
#include "itkAutoencoderConvolutions.h"
#include "itkLatentTensors.h"

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

namespace itk
{
/** The encoder, the decoder and the learned mixing as a LibTorch module. Parameters are named `encoder.B.{0,2,4}`,
 * `to_latent.{0,2}`, `from_latent.{0,2}`, `decoder.B.{0,2,4}`, `to_image.{0,2}` and `mixing.T.{0,2,4}`. B counts blocks
 * in the order of execution, T the tensors of the latent. */
class AutoencoderNetwork : public torch::nn::Module
{
public:
  using LatentType = LatentTensors;

  explicit AutoencoderNetwork(const AutoencoderArchitecture & architecture);

  /** A function that computes a sequence of modules. */
  using RunFunction = std::function<AutoencoderConvolutions::Features(torch::nn::SequentialImpl &       sequence,
                                                                      AutoencoderConvolutions::Features features)>;

  /** Compute the modules one after the other, differentiably. Up-sampling at the end of a sequence is left to the next
   * sequence, whose first convolution includes it. */
  static AutoencoderConvolutions::Features
  Run(torch::nn::SequentialImpl & sequence, AutoencoderConvolutions::Features features);

  /** A function that computes a batch normalization. */
  using NormalizeFunction =
    std::function<torch::Tensor(torch::nn::BatchNorm2dImpl & normalization, const torch::Tensor & features)>;

  /** Make a function like Run() that leaves batch normalizations to another function. */
  static RunFunction
  RunWith(NormalizeFunction normalize);

  /** Encode slices (N, 1, rows, columns) to the tensors of a latent. */
  LatentType
  Encode(const torch::Tensor & slices, const RunFunction & run = Run);

  /** Decode the tensors of a latent to slices (N, 1, rows, columns). */
  torch::Tensor
  Decode(const LatentType & latent, const RunFunction & run = Run);

  /** Compute the correction g of the learned mixing, see AutoencoderModel. It does not depend on alpha: all slices
   * between two acquired slices share it. The result is empty in linear mixing. */
  LatentType
  ComputeMixingCorrection(const LatentNeighbors & neighbors, const RunFunction & run = Run);

  /** Mix the latents of neighbors. `alpha` is a number, or a tensor that broadcasts. */
  template <typename TAlpha>
  LatentType
  Mix(const LatentNeighbors & neighbors, const TAlpha & alpha)
  {
    return MixLatents(neighbors.first, neighbors.second, alpha, this->ComputeMixingCorrection(neighbors));
  }

  /** All sequences of modules. */
  std::vector<torch::nn::SequentialImpl *>
  GetSequences() const;

  /** Draw weights and biases from a uniform distribution with the bound 1/sqrt(fan in). A separate generator is used,
   * not that of the process. The last convolutions of the learned mixing are set to 0, so that it begins as linear
   * mixing. */
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
  /** One sequence for each tensor of the latent. Null in linear mixing. */
  torch::nn::ModuleList m_Mixing{ nullptr };
};

/** Copy weights and statistics between networks of the same architecture. */
void
CopyNetwork(AutoencoderNetwork & target, const AutoencoderNetwork & source);

/** Make a network on the CPU with a copy of the weights and statistics of another network. */
std::shared_ptr<AutoencoderNetwork>
CloneNetwork(const AutoencoderNetwork & network);
} // end namespace itk

#endif // itkAutoencoderNetwork_h
