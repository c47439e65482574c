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
#ifndef itkSliceAutoencoder_h
#define itkSliceAutoencoder_h

#include "itkAutoencoderModel.h"
#include "itkAutoencoderModelImplementation.h"
#include "itkLatentSliceSynthesizer.h"
#include "itkTensorPool.h"

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

namespace itk
{
/** Encodes and decodes batches of slices in several orientations, on a device and in a precision. All batches have the
 * same size: a shorter batch is filled up with copies of its last slice. Several threads may call the functions, each
 * with its own pool. */
class SliceAutoencoder
{
public:
  using LatentType = AutoencoderNetwork::LatentType;
  using Settings = LatentSliceSynthesizer::Settings;

  /** \param paddedPixels number of pixels of a padded slice; it determines the number of slices in a batch */
  SliceAutoencoder(const AutoencoderModel & model, const Settings & settings, int64_t paddedPixels);

  const torch::Device &
  GetDevice() const
  {
    return m_Device;
  }
  size_t
  GetBatchSize() const
  {
    return m_BatchSize;
  }

  /** Set the number of threads that compute one batch. Default 1. Only the module's own convolutions use more than one,
   * because their results do not depend on the number. */
  void
  SetThreadsPerBatch(int threads)
  {
    m_ThreadsPerBatch = !m_Network && m_Model->UsesOwnConvolutions() ? threads : 1;
  }

  /** Join tensors to one tensor with the size of a batch. */
  torch::Tensor
  MakeBatch(std::vector<torch::Tensor> slices) const;

  /** Encode a batch of padded slices.
   * \return a latent per orientation */
  std::vector<LatentType>
  Encode(const torch::Tensor & slices, TensorPool & pool) const;

  /** Compute the correction of the learned mixing in one orientation. It is empty in linear mixing. */
  LatentType
  ComputeMixingCorrection(const LatentNeighbors & neighbors, TensorPool & pool) const;

  /** Padded slices. */
  struct DecodedBatch
  {
    /** The mean over the orientations. */
    torch::Tensor mean;
    /** The standard deviation of the slices of the orientations, clamped to [0, 1]. It is not defined unless
     * Settings::computeOrientationSpread is on. */
    torch::Tensor spread;
  };

  /** Decode a batch.
   * \param mixLatents makes the batch of mixed latents of an orientation */
  DecodedBatch
  Decode(const std::function<LatentType(unsigned int orientation)> & mixLatents, TensorPool & pool) const;

private:
  std::shared_ptr<const AutoencoderModel::Implementation> m_Model;
  torch::Device                                           m_Device;
  unsigned int                                            m_NumberOfOrientations;
  bool                                                    m_ComputeSpread;
  /** The network on the device. It is null in single precision on a CPU, where the module's convolutions are used. */
  std::shared_ptr<AutoencoderNetwork> m_Network;
  size_t                              m_BatchSize;
  int                                 m_ThreadsPerBatch{ 1 };
};
} // end namespace itk

#endif // itkSliceAutoencoder_h
