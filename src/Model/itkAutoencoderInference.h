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
 * Activation, normalization and pooling are done in the pass of the convolution before them. Results equal those of the
 * network but for rounding. */
class AutoencoderInference
{
public:
  /** Whether this processor has the instructions, and the architecture the numbers of channels, that it takes. */
  static bool
  IsSupported(const AutoencoderArchitecture & architecture);

  /** Take the weights and statistics that the network has now: later changes are not seen. */
  explicit AutoencoderInference(std::shared_ptr<AutoencoderNetwork> network);

  /** The same as of AutoencoderNetwork. Several threads may call them, each with a pool of its own. */
  LatentTensors
  Encode(const torch::Tensor & slices, TensorPool & pool) const;

  torch::Tensor
  Decode(const LatentTensors & latent, TensorPool & pool) const;

private:
  /** A convolution and its epilogue: all that follows it up to the next one. */
  struct Layer
  {
    torch::Tensor                 weight;
    int64_t                       outputChannels{ 0 };
    WinogradConvolution::Epilogue epilogue;
  };
  struct Sequence
  {
    std::vector<Layer> layers;
    bool               isUpsampled{ false };
  };

  static Sequence
  MakeSequence(const torch::nn::SequentialImpl & modules);

  AutoencoderConvolutions::Features
  Run(const torch::nn::SequentialImpl & modules, AutoencoderConvolutions::Features features, TensorPool & pool) const;

  std::shared_ptr<AutoencoderNetwork>                   m_Network;
  std::map<const torch::nn::SequentialImpl *, Sequence> m_Sequences;
};
} // end namespace itk

#endif // itkAutoencoderInference_h
