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
#ifndef itkAutoencoderTrainingSession_h
#define itkAutoencoderTrainingSession_h

#include "itkAutoencoderNetwork.h"
#include "itkAutoencoderTrainerBase.h"
#include "itkGradientReducer.h"
#include "itkPatchSampler.h"
#include "itkSafetensorsFile.h"
#include "itkTensorStorage.h"

#include <memory>

namespace itk
{
/** What a training works on: the network with its optimizer and averages, and how a step changes them. */
class AutoencoderTrainingSession
{
public:
  /** The entry of a checkpoint's metadata with the number of steps of the optimizer. */
  static constexpr const char * StepsKey = "latent_sr.steps";

  AutoencoderTrainingSession(const AutoencoderTrainerBase & trainer, const AutoencoderModel & start);

  PatchSampler &
  GetSampler()
  {
    return m_Sampler;
  }
  const GradientReducer &
  GetReducer() const
  {
    return *m_Reducer;
  }

  /** One step of the optimizer, unless the loss or the gradient is not finite: then the loss says so. */
  void
  Step(SizeValueType iteration, double learningRate);

  /** Of the last step, over all processes; parts before weighting. */
  double reconstructionLoss{ 0.0 };
  double synthesisLoss{ 0.0 };
  double totalLoss{ 0.0 };

  /** Average the running statistics over the processes. */
  void
  SynchronizeStatistics();

  /** The averaged weights, or the last ones, in evaluation mode: shared, to measure them. */
  std::shared_ptr<AutoencoderNetwork>
  GetCurrent();

  /** Keep the current weights as the best so far. */
  void
  KeepBest();

  /** Copies in evaluation mode: the best weights, or if none were kept the current ones; and those before the step that
   * led to a loss or a gradient that is not finite. */
  std::shared_ptr<AutoencoderNetwork>
  TakeResult();
  std::shared_ptr<AutoencoderNetwork>
  TakeLastGood() const;

  /** Everything that the next steps depend on, but for the iteration's number.
   * \exception std::runtime_error if a file does not hold it */
  void
  Store(SafetensorsFile & file);
  void
  Load(const SafetensorsFile & file);

private:
  struct Losses
  {
    torch::Tensor reconstruction;
    torch::Tensor synthesis;
    torch::Tensor total;
  };

  TensorStorage::NamedTensors
  NameMoments(const std::vector<torch::Tensor> & moments) const;

  /** This process's share: the sum over all processes is the loss of the whole batch. */
  Losses
  ComputeLosses(SizeValueType iteration);
  Losses
  ComputeReconstructionLoss(SizeValueType iteration);
  /** The gradients' Euclidean norm, after they were clipped to the trainer's. */
  double
  ClipGradients();
  void
  UpdateWeights(double learningRate);
  void
  UpdateAverage();

  const AutoencoderTrainerBase &      m_Trainer;
  std::shared_ptr<AutoencoderNetwork> m_Network;
  std::shared_ptr<AutoencoderNetwork> m_Average;
  std::shared_ptr<AutoencoderNetwork> m_LastGood;
  std::shared_ptr<AutoencoderNetwork> m_Best;
  std::unique_ptr<GradientReducer>    m_Reducer;
  /** The trained tensors with AdamW's moments of their gradients, and its count of steps for each. */
  std::vector<torch::Tensor> m_Parameters;
  std::vector<torch::Tensor> m_FirstMoments;
  std::vector<torch::Tensor> m_SecondMoments;
  std::vector<torch::Tensor> m_StepCounts;
  /** All tensors of the networks, in the same order. */
  std::vector<torch::Tensor> m_NetworkTensors;
  std::vector<torch::Tensor> m_AverageTensors;
  std::vector<torch::Tensor> m_LastGoodTensors;
  PatchSampler               m_Sampler;
  /** This process's samples of a batch, and those of them that are reconstructed. */
  std::vector<int64_t> m_Samples;
  std::vector<int64_t> m_Reconstructed;
  SizeValueType        m_NumberOfReconstructed{ 0 };
  SizeValueType        m_Steps{ 0 };
};
} // end namespace itk

#endif // itkAutoencoderTrainingSession_h
