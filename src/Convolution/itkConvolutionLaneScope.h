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
#ifndef itkConvolutionLaneScope_h
#define itkConvolutionLaneScope_h

#include "itkAutoencoderConvolutions.h"

#include <functional>
#include <map>
#include <mutex>
#include <tuple>

namespace itk
{
/** Packed weights of the network's parameters. All lanes use the same weights, so they are packed once in each step. */
class PackedWeights
{
public:
  /** Packs a weight, in the memory of an earlier result if that is defined. */
  using PackFunction = std::function<torch::Tensor(const torch::Tensor & memory)>;

  /** Get packed channels of a weight.
   * \param pack packs the weight as it is at the time of the call. It is called if the channels are not there, and in
   * each call of Renew(). Meanwhile other lanes wait. */
  torch::Tensor
  Get(const torch::Tensor & weight,
      int64_t               firstChannel,
      int64_t               channels,
      bool                  isTransposed,
      const PackFunction &  pack);

  /** Pack again all that has been packed before. To be called when weights have changed.
   * \param forEach calls a function for each index in [0, count), in any threads */
  void
  Renew(const std::function<void(size_t count, const std::function<void(size_t index)> & function)> & forEach);

private:
  struct Entry
  {
    std::once_flag once;
    PackFunction   pack;
    torch::Tensor  packed;
  };
  using KeyType = std::tuple<const void *, int64_t, int64_t, bool>;

  std::mutex m_Mutex;
  /** A map does not move its elements, so lanes can use them while others are added. */
  std::map<KeyType, Entry> m_Entries;
};

/** Receives what the gradients of weights are computed from, to compute them later, for all lanes together. */
class WeightGradientCollector
{
public:
  virtual ~WeightGradientCollector() = default;
  /** Called in the forward pass for each use of a weight, if Take() will be called in the backward pass. */
  virtual void
  Expect(const torch::Tensor & weight) = 0;
  virtual void
  Take(const torch::Tensor &                     weight,
       const AutoencoderConvolutions::Features & features,
       const torch::Tensor &                     gradient) = 0;
};

/** During its lifetime, the module's convolutions in the calling thread share packed weights with other lanes, and
 * leave the gradients of weights to a collector. This is about parameters of the network only. */
class ConvolutionLaneScope
{
public:
  ConvolutionLaneScope(PackedWeights & packedWeights, WeightGradientCollector & collector);
  ~ConvolutionLaneScope();

  ConvolutionLaneScope(const ConvolutionLaneScope &) = delete;
  ConvolutionLaneScope &
  operator=(const ConvolutionLaneScope &) = delete;

  /** The scope of the calling thread if `weight` is a parameter, or null. */
  static const ConvolutionLaneScope *
  Find(const torch::Tensor & weight);

  PackedWeights &
  GetPackedWeights() const
  {
    return m_PackedWeights;
  }
  WeightGradientCollector &
  GetCollector() const
  {
    return m_Collector;
  }

private:
  PackedWeights &           m_PackedWeights;
  WeightGradientCollector & m_Collector;
};
} // end namespace itk

#endif // itkConvolutionLaneScope_h
