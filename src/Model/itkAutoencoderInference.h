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
#ifndef itkAutoencoderInference_h
#define itkAutoencoderInference_h

#include "itkAutoencoderNetwork.h"
#include "itkTensorPool.h"
#include "itkWinogradConvolution.h"

#include <map>

namespace itk
{
/** A trained network, prepared for inference in single precision on the CPU. Weights are transformed and packed once.
 * Activation, normalization and pooling are computed in the epilogue of the convolution before them. Results differ
 * from those of the network only by rounding. */
class AutoencoderInference
{
public:
  /** Whether there is a kernel for this processor, and it supports the architecture's numbers of channels. */
  static bool
  IsSupported(const AutoencoderArchitecture & architecture);

  /** Prepare the current weights and statistics of the network, which must not change afterwards. */
  explicit AutoencoderInference(std::shared_ptr<AutoencoderNetwork> network);

  /** As in AutoencoderNetwork. Several threads may call these functions, each with its own pool. */
  LatentTensors
  Encode(const torch::Tensor & slices, TensorPool & pool) const;

  torch::Tensor
  Decode(const LatentTensors & latent, TensorPool & pool) const;

  LatentTensors
  ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const;

private:
  /** A convolution and its epilogue: the operations up to the next convolution. The numbers of channels that the
   * kernels do not support are filled up with zeros. */
  struct Layer
  {
    torch::Tensor                 weight;
    int64_t                       inputChannels{ 0 };
    int64_t                       outputChannels{ 0 };
    WinogradConvolution::Epilogue epilogue;
  };
  struct Sequence
  {
    std::vector<Layer> layers;
    bool               isUpsampled{ false };
    /** Number of output channels of the last layer without filling. */
    int64_t outputChannels{ 0 };
  };

  static Layer
  MakeLayer(const torch::nn::Conv2dImpl & convolution);
  static Sequence
  MakeSequence(const torch::nn::SequentialImpl & modules);

  AutoencoderConvolutions::Features
  Run(const torch::nn::SequentialImpl & modules, AutoencoderConvolutions::Features features, TensorPool & pool) const;

  std::shared_ptr<AutoencoderNetwork>                   m_Network;
  std::map<const torch::nn::SequentialImpl *, Sequence> m_Sequences;
};
} // end namespace itk

#endif // itkAutoencoderInference_h
