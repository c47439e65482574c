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
/** One training from its first to its last iteration: the order of steps, validations and checkpoints. */
class TrainingLoop
{
public:
  /** Calls to the trainer between iterations, in the trainer's thread. */
  struct Callbacks
  {
    /** Called after every iteration. */
    std::function<void()> iterated;
    /** Receives the share that is done, 0 to 1. */
    std::function<void(double)> progressed;
    std::function<bool()>       isAborted;
    std::function<bool()>       isStopRequested;
  };

  /** What a training depends on in addition to its parameters. */
  struct Circumstances
  {
    bool         isFineTuning{ false };
    unsigned int numberOfThreads{ 1 };
  };

  /** Prepare the training volumes, load the validation volumes, and read the checkpoint if the training resumes.
   * \param model contains the weights to start from, and receives the trained weights
   * \param progress is updated during the training */
  TrainingLoop(const AutoencoderTrainingParameters & parameters,
               const TrainingVolumes &               volumes,
               const TrainingVolumes &               validationVolumes,
               const Circumstances &                 circumstances,
               AutoencoderModel &                    model,
               AutoencoderTrainingProgress &         progress,
               Callbacks                             callbacks);

  /** Train until there is a reason to stop, which is stored in progress.stopCondition. */
  void
  Run();

private:
  using StopConditionEnum = AutoencoderTrainerEnums::StopCondition;

  std::unique_ptr<TrainingVolumeCache>
  MakeCache();
  /** A side of a slice in pixels of the network, at least that of a patch. */
  int64_t
  ComputePatchableLength(SizeValueType length, double spacing) const;
  /** Load a volume as network input: (slices, rows, columns) in [0, 1], not smaller than a patch. */
  torch::Tensor
  LoadVolume(SizeValueType number) const;
  void
  PrepareValidation(const TrainingVolumes & volumes);
  /** What has to be the same in a resumed training. */
  TrainingCheckpoint::Json
  DescribeSettings(const TrainingVolumes & validationVolumes) const;
  /** \exception ExceptionObject that names a process of the group with other settings, and the setting */
  void
  CheckOtherProcesses(const TrainingCheckpoint::Json & settings) const;

  bool
  IsFirstProcess() const;
  double
  ComputeElapsedTime() const;
  /** The share of the training that is done, 0 to 1: the larger one of the shares in iterations and in time. */
  double
  ComputeShareDone() const;
  double
  ComputeLearningRate() const;
  void
  Iterate();
  void
  Validate();
  /** \param aborted whether any process was aborted
   * \param stopRequested whether a stop was requested in any process */
  StopConditionEnum
  FindStopCondition(bool aborted, bool stopRequested) const;
  void
  WriteCheckpoint();
  void
  SetResult(const std::shared_ptr<AutoencoderNetwork> & network);

  AutoencoderTrainingParameters         m_Parameters;
  const TrainingVolumes &               m_Volumes;
  Circumstances                         m_Circumstances;
  AutoencoderModel &                    m_Model;
  AutoencoderTrainingProgress &         m_Progress;
  Callbacks                             m_Callbacks;
  TrainedNetwork                        m_Network;
  TrainingValidation                    m_Validation;
  std::unique_ptr<TrainingVolumeCache>  m_Cache;
  std::unique_ptr<TrainingCheckpoint>   m_Checkpoint;
  std::chrono::steady_clock::time_point m_Start;
  /** Seconds that the training took before it was resumed. */
  double m_ElapsedBefore{ 0.0 };
};
} // end namespace itk

#endif // itkTrainingLoop_h
