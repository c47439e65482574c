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
#ifndef itkLaneGradients_h
#define itkLaneGradients_h

#include "itkConvolutionLaneScope.h"
#include "itkTrainingLanes.h"

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace itk
{
/** Sums the gradients of the lanes. Each lane has parameters of its own, which share the memory of the network's
 * parameters but not their gradients. Sums are added in the order of the lanes, so their bits do not depend on which
 * lane is faster.
 *
 * The gradients of large convolutions are not computed by the lanes. Each would need memory of four times the size of
 * the weights, and time to clear and to convert it. They are computed from the samples of several lanes at once, in
 * tasks that TrainingLanes runs where a lane would wait. */
class LaneGradients
{
public:
  using Parameters = std::vector<torch::Tensor>;
  using ReadyFunction = std::function<void(size_t parameter)>;

  /** \param parameters the network's parameters, which get the sums
   * \param ofLanes the parameters of the lanes, in the same order
   * \param ready called in one of the lanes as soon as the sum of a parameter is complete */
  LaneGradients(TrainingLanes &                 lanes,
                const Parameters &              parameters,
                const std::vector<Parameters> & ofLanes,
                ReadyFunction                   ready);
  ~LaneGradients();

  LaneGradients(const LaneGradients &) = delete;
  LaneGradients &
  operator=(const LaneGradients &) = delete;

  /** Forget the previous gradients. To be called before the forward pass. */
  void
  Begin();
  /** To be called after the backward passes of all lanes, which begin after the forward passes of all lanes. Parameters
   * that have no part in the loss get zeros. */
  void
  Finish();

  WeightGradientCollector &
  GetCollector(size_t lane);

private:
  class Collector;

  /** One use of a convolution in a lane. */
  struct Use
  {
    AutoencoderConvolutions::Features features;
    torch::Tensor                     gradient;
  };
  /** Consecutive lanes, whose uses are added one after the other. */
  struct Chunk
  {
    size_t        firstLane;
    size_t        endLane;
    size_t        missing{ 0 };
    torch::Tensor sum;
  };
  struct Sum
  {
    torch::Tensor                 parameter;
    std::vector<torch::Tensor>    ofLanes;
    std::vector<std::vector<Use>> uses;
    std::vector<Chunk>            chunks;
    size_t                        missingChunks{ 0 };
    size_t                        missingLanes{ 0 };
    bool                          isReady{ false };
  };

  void
  Expect(size_t lane, const torch::Tensor & weight);
  void
  Take(size_t lane, const torch::Tensor & weight, Use use);
  void
  Accumulate(size_t parameter, Chunk & chunk);
  void
  AddLanes(size_t parameter);
  void
  SetGradient(size_t parameter, const torch::Tensor & gradient);

  TrainingLanes &                         m_Lanes;
  ReadyFunction                           m_Ready;
  std::vector<Sum>                        m_Sums;
  std::vector<std::unique_ptr<Collector>> m_Collectors;
  /** Parameters by the address of their elements. */
  std::map<const void *, size_t> m_Numbers;
  std::mutex                     m_Mutex;
};
} // end namespace itk

#endif // itkLaneGradients_h
