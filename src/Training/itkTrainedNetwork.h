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
#ifndef itkTrainedNetwork_h
#define itkTrainedNetwork_h

#include "itkAdamWOptimizer.h"
#include "itkAutoencoderNetwork.h"
#include "itkAutoencoderTrainingParameters.h"
#include "itkGradientReducer.h"
#include "itkLaneGradients.h"
#include "itkSafetensorsFile.h"
#include "itkTrainingLanes.h"
#include "itkTrainingObjective.h"

#include <memory>
#include <vector>

namespace itk
{
/** The network in training: its current weights, their moving average, the best and the last good weights, and the step
 * of the optimizer. */
class TrainedNetwork
{
public:
  /** The losses of one step, summed over all processes. The terms are not weighted, and 0 if they were not computed. */
  struct Losses
  {
    double reconstruction{ 0.0 };
    double synthesis{ 0.0 };
    double total{ 0.0 };
  };

  /** \param numberOfThreads number of lanes that compute at a time. The weights do not depend on it. */
  TrainedNetwork(const AutoencoderTrainingParameters & parameters,
                 const AutoencoderNetwork &            start,
                 unsigned int                          numberOfThreads);

  /** Set the volumes to draw patches from, see PatchSampler::SetVolumes(). */
  void
  SetVolumes(const PatchSampler::VolumesType & volumes)
  {
    m_Objective.GetSampler().SetVolumes(volumes);
  }
  const GradientReducer &
  GetReducer() const
  {
    return m_Reducer;
  }

  TrainingLanes &
  GetLanes()
  {
    return *m_Lanes;
  }

  /** Run one step of the optimizer. If the loss or the gradient is not finite, the returned total is not finite, and
   * the weights do not change. */
  Losses
  Step(SizeValueType iteration, double learningRate);

  /** Average the running statistics over the processes. */
  void
  SynchronizeStatistics();

  /** Get the averaged weights, or without averaging the current weights, in evaluation mode. They may be shared with
   * this object, so use them for validation only. */
  std::shared_ptr<AutoencoderNetwork>
  GetCurrent();

  /** Keep a copy of GetCurrent() as the best network so far. */
  void
  KeepBest();

  /** Copy the best network, or GetCurrent() if none was kept, in evaluation mode. */
  std::shared_ptr<AutoencoderNetwork>
  CopyResult();
  /** Copy the last network with a finite loss, in evaluation mode. */
  std::shared_ptr<AutoencoderNetwork>
  CopyLastGood() const;

  /** Store and load everything that the next steps depend on, except the number of the iteration.
   * \exception std::runtime_error if the file does not contain it */
  void
  Store(SafetensorsFile & file);
  void
  Load(const SafetensorsFile & file);

private:
  void
  MakeLanes(unsigned int numberOfThreads);
  Losses
  ComputeLosses(SizeValueType iteration);
  void
  ComputeGradients();
  void
  UpdateAverage();

  AutoencoderTrainingParameters       m_Parameters;
  std::shared_ptr<AutoencoderNetwork> m_Network;
  std::shared_ptr<AutoencoderNetwork> m_Average;
  std::shared_ptr<AutoencoderNetwork> m_LastGood;
  std::shared_ptr<AutoencoderNetwork> m_Best;
  AdamWOptimizer                      m_Optimizer;
  GradientReducer                     m_Reducer;
  TrainingObjective                   m_Objective;
  std::unique_ptr<TrainingLanes>      m_Lanes;
  /** The lanes' networks. They share weights and statistics with m_Network, and have gradients of their own. */
  std::vector<std::shared_ptr<AutoencoderNetwork>> m_LaneNetworks;
  std::unique_ptr<LaneGradients>                   m_LaneGradients;
  PackedWeights                                    m_PackedWeights;
  /** The loss of each lane in the current step. */
  std::vector<torch::Tensor> m_LaneLosses;
  /** All tensors of the networks, in the same order. */
  std::vector<torch::Tensor> m_NetworkTensors;
  std::vector<torch::Tensor> m_AverageTensors;
  std::vector<torch::Tensor> m_LastGoodTensors;
};
} // end namespace itk

#endif // itkTrainedNetwork_h
