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
#include "itkSafetensorsFile.h"
#include "itkTrainingObjective.h"

#include <memory>
#include <vector>

namespace itk
{
/** The network in training: its weights, their moving average, the best and the last good ones, and the step that
 * changes them. */
class TrainedNetwork
{
public:
  /** Of one step, over all processes; the parts are before weighting, and 0 if they were not computed. */
  struct Losses
  {
    double reconstruction{ 0.0 };
    double synthesis{ 0.0 };
    double total{ 0.0 };
  };

  TrainedNetwork(const AutoencoderTrainingParameters & parameters, const AutoencoderNetwork & start);

  /** The volumes to draw patches from: see PatchSampler::SetVolumes(). */
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

  /** One step of the optimizer. If the loss or the gradient is not finite, the total says so, and the weights stay. */
  Losses
  Step(SizeValueType iteration, double learningRate);

  /** Average the running statistics over the processes. */
  void
  SynchronizeStatistics();

  /** The averaged weights, or the current ones, in evaluation mode: shared, to measure them. */
  std::shared_ptr<AutoencoderNetwork>
  GetCurrent();

  /** Keep the current weights as the best so far. */
  void
  KeepBest();

  /** A copy in evaluation mode: the best weights, or if none were kept the current ones. */
  std::shared_ptr<AutoencoderNetwork>
  CopyResult();
  /** A copy in evaluation mode of those before the step that led to a loss or a gradient that is not finite. */
  std::shared_ptr<AutoencoderNetwork>
  CopyLastGood() const;

  /** Everything that the next steps depend on, but for the iteration's number.
   * \exception std::runtime_error if a file does not hold it */
  void
  Store(SafetensorsFile & file);
  void
  Load(const SafetensorsFile & file);

private:
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
  /** All tensors of the networks, in the same order. */
  std::vector<torch::Tensor> m_NetworkTensors;
  std::vector<torch::Tensor> m_AverageTensors;
  std::vector<torch::Tensor> m_LastGoodTensors;
};
} // end namespace itk

#endif // itkTrainedNetwork_h
