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
#ifndef itkAutoencoderModelImplementation_h
#define itkAutoencoderModelImplementation_h

#include "itkAutoencoderModel.h"
#include "itkAutoencoderNetwork.h"
#include "itkDeviceCopies.h"
#include "itkTensorPool.h"

#include <memory>
#include <mutex>

namespace itk
{
class AutoencoderInference;

/** The weights of a model, and the objects that are derived from them for inference. The weights never change: a model
 * that gets other weights gets another Implementation. So each derived object is made only once, when it is first
 * needed. All functions are thread-safe. */
struct AutoencoderModel::Implementation
{
  /** On the CPU, in evaluation mode. */
  std::shared_ptr<AutoencoderNetwork> network;

  /** Encode in single precision on the CPU, in the fastest way for this processor. Not differentiable. */
  LatentTensors
  Encode(const torch::Tensor & slices, TensorPool & pool) const;
  /** Decode, as Encode() encodes. */
  torch::Tensor
  Decode(const LatentTensors & latent, TensorPool & pool) const;

  /** Compute the correction of the learned mixing, as Encode() encodes. It is empty in linear mixing. */
  LatentTensors
  ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const;

  /** Whether these three functions use the module's own convolutions. Their results do not depend on the number of
   * threads; LibTorch's do, in the last bits. */
  bool
  UsesOwnConvolutions() const
  {
    return this->GetInference() != nullptr;
  }

  /** Get the network on a device, for inference. It must not be changed. On the CPU it is `network`. On any other
   * device it is a copy that is uploaded once and lives as long as this object. A device without an index means the
   * current device of its type. */
  std::shared_ptr<AutoencoderNetwork>
  GetNetworkOn(const torch::Device & device) const;

private:
  /** Null if the processor or the architecture is not supported. */
  const AutoencoderInference *
  GetInference() const;

  mutable std::once_flag                        m_InferenceOnce;
  mutable std::shared_ptr<AutoencoderInference> m_Inference;
  mutable DeviceCopies<AutoencoderNetwork>      m_Copies;
};
} // end namespace itk

#endif // itkAutoencoderModelImplementation_h
