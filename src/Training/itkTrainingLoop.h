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
#ifndef itkTrainingLoop_h
#define itkTrainingLoop_h

#include "itkAutoencoderModel.h"
#include "itkAutoencoderTrainingParameters.h"
#include "itkAutoencoderTrainingProgress.h"
#include "itkTrainedNetwork.h"
#include "itkTrainingCheckpoint.h"
#include "itkTrainingValidation.h"
#include "itkTrainingVolumeCache.h"
#include "itkTrainingVolumes.h"

#include <chrono>
#include <functional>
#include <memory>

namespace itk
{
/** One training from its first iteration to its end: the order of its steps, validations and checkpoints. */
class TrainingLoop
{
public:
  /** What the trainer is asked and told between iterations, in its own thread. */
  struct Callbacks
  {
    /** After every iteration. */
    std::function<void()> iterated;
    /** The share that is done, 0 to 1. */
    std::function<void(double)> progressed;
    std::function<bool()>       isAborted;
    std::function<bool()>       isStopRequested;
  };

  /** Load the volumes, and go on from the checkpoint if there is one.
   * \param model the weights to start from; receives the trained ones
   * \param progress is kept up to date */
  TrainingLoop(const AutoencoderTrainingParameters & parameters,
               const TrainingVolumes &               volumes,
               const TrainingVolumes &               validationVolumes,
               AutoencoderModel &                    model,
               AutoencoderTrainingProgress &         progress,
               Callbacks                             callbacks);

  /** Train until there is a reason to stop: progress.stopCondition. */
  void
  Run();

private:
  using StopConditionEnum = AutoencoderTrainerEnums::StopCondition;

  std::unique_ptr<TrainingVolumeCache>
  MakeCache();
  /** A length of slices in pixels of the network, not smaller than a patch. */
  int64_t
  ComputePatchableLength(SizeValueType length, double spacing) const;
  /** Load a volume as the network sees it: (slices, rows, columns) in [0, 1], not smaller than a patch. */
  torch::Tensor
  LoadVolume(SizeValueType number) const;
  void
  PrepareValidation(const TrainingVolumes & volumes);
  /** What has to be the same in a training that goes on. */
  TrainingCheckpoint::Json
  DescribeSettings(const TrainingVolumes & validationVolumes) const;

  bool
  IsFirstProcess() const;
  double
  ComputeElapsedTime() const;
  /** How much of the training is done, in iterations or in time, whichever is more; 0 to 1. */
  double
  ComputeShareDone() const;
  double
  ComputeLearningRate() const;
  void
  Iterate();
  void
  Validate();
  /** \param aborted, stopRequested whether any process was */
  StopConditionEnum
  FindStopCondition(bool aborted, bool stopRequested) const;
  void
  WriteCheckpoint();
  void
  SetResult(const std::shared_ptr<AutoencoderNetwork> & network);

  AutoencoderTrainingParameters         m_Parameters;
  const TrainingVolumes &               m_Volumes;
  AutoencoderModel &                    m_Model;
  AutoencoderTrainingProgress &         m_Progress;
  Callbacks                             m_Callbacks;
  TrainedNetwork                        m_Network;
  TrainingValidation                    m_Validation;
  std::unique_ptr<TrainingVolumeCache>  m_Cache;
  std::unique_ptr<TrainingCheckpoint>   m_Checkpoint;
  std::chrono::steady_clock::time_point m_Start;
  /** Seconds of the training that this one goes on from. */
  double m_ElapsedBefore{ 0.0 };
};
} // end namespace itk

#endif // itkTrainingLoop_h
