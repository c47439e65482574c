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
#ifndef itkAutoencoderTrainerBase_h
#define itkAutoencoderTrainerBase_h

#include "itkAutoencoderModel.h"
#include "itkProcessObject.h"
#include "itkTrainingVolume.h"

#include <atomic>

namespace itk
{
/** \class AutoencoderTrainerEnums
 * \brief Enumerations of AutoencoderTrainer.
 * \ingroup LatentSpaceSuperResolution
 */
class AutoencoderTrainerEnums
{
public:
  /** \class LearningRateSchedule
   * \ingroup LatentSpaceSuperResolution
   * Constant, or Cosine: a half period of the cosine, from the full learning rate to a thousandth of it at the end of
   * the iterations or of the time budget. */
  enum class LearningRateSchedule : uint8_t
  {
    Constant = 0,
    Cosine
  };

  /** \class StopCondition
   * \ingroup LatentSpaceSuperResolution
   * Why a training ended. */
  enum class StopCondition : uint8_t
  {
    NotStarted = 0,
    Training,
    MaximumNumberOfIterations,
    TimeBudget,
    StopRequested,
    Aborted,
    NonFiniteLoss,
    Failed,
    EarlyStopping
  };
};

/** Print an enumerator by its name. */
extern LatentSpaceSuperResolution_EXPORT std::ostream &
operator<<(std::ostream & out, AutoencoderTrainerEnums::LearningRateSchedule value);
extern LatentSpaceSuperResolution_EXPORT std::ostream &
                                         operator<<(std::ostream & out, AutoencoderTrainerEnums::StopCondition value);

/** \class AutoencoderTrainerBase
 * \brief The part of AutoencoderTrainer that does not depend on the type of images: parameters, loop, events.
 *
 * **Objective.** With samples \f$(x_a, x_t, x_b)\f$ of three slices of one volume, a < t < b, and
 * \f$\alpha = (t-a)/(b-a)\f$,
 * \f[ L = w_r \, \mathrm{MSE}(D(E(x_a)), x_a)
 *       + w_s \left[ \mathrm{MSE}(\hat x, x_t) + w_{ssim} (1 - \mathrm{SSIM}(\hat x, x_t)) \right], \quad
 *     \hat x = D((1-\alpha) E(x_a) + \alpha E(x_b)) . \f]
 * \f$w_r\f$ is ReconstructionWeight, \f$w_s\f$ SynthesisWeight (arXiv:2202.09258; 0 is arXiv:2010.13172),
 * \f$w_{ssim}\f$ SSIMWeight. The reconstruction term is computed on a quarter of the batch when there is a synthesis
 * term, and on all of it otherwise. b - a is 2, or with the probability WideGapShare more, up to MaximumSliceGap.
 * Volumes that have fewer than three slices take part in the reconstruction only.
 *
 * **Volumes** are the training images of AutoencoderTrainer, and those of files, which are read when they are needed.
 * As many as fit in CacheSize are in memory; if that is not all of them, a window moves over a shuffled order of them,
 * one volume every VolumeInterval iterations, which is read by another thread in the meantime.
 *
 * **Validation.** If there are validation volumes, every ValidationInterval iterations the (averaged) weights are
 * measured on slices of them that are synthesized from their neighbors: of each volume every other slice is kept, the
 * window comes from the kept ones, and the central 128 x 128 pixels of dropped slices are compared, at most
 * MaximumNumberOfValidationSlices of them. The output is the model whose \f$\mathrm{MSE} + 0.1 (1 - \mathrm{SSIM})\f$
 * was lowest there, its ResidualGain the best on them, and EarlyStoppingPatience may end the training. How well a
 * network reconstructs says nothing about how well it synthesizes.
 *
 * **Checkpoints.** With a CheckpointFileName, all that the training has come to is written there from time to time, and
 * at its end: the file is whole at any moment. With Resume, a training goes on from it, to the same weights bit for bit
 * as if it had not been interrupted (on the same machine with the same number of threads, and unless its schedule or
 * its end follow a time budget). A loss that is not finite leaves the last checkpoint as it is.
 *
 * **More than one process.** With a ProcessGroupName, the processes of that torch.distributed group train one model
 * together. Each takes its share of every batch, and gradients are added up, in buckets, while the backward pass goes
 * on: the weights are those that one process would get from the whole batch, but for the batch normalization, which
 * normalizes each process's share by its own statistics (FreezeNormalization avoids that). The running statistics are
 * averaged over processes before each validation and checkpoint and at the end. All processes need the same parameters
 * and volumes. Only the first one writes checkpoints. If a process is lost, the others fail.
 *
 * **Events.** StartEvent, IterationEvent after every iteration, ProgressEvent, EndEvent. An observer of IterationEvent
 * may read CurrentIteration, the losses and the learning rate, and may call StopTraining(). AbortGenerateDataOn() ends
 * the training within one iteration, too, but as an abort: Update() throws ProcessAborted. In both cases the output is
 * the model so far. After an abort, or a loss that is not finite, it counts as not generated, so that a filter behind
 * it would train again: DisconnectPipeline() it to use it.
 *
 * The weights are those of the exponential moving average, if WeightAveraging is not 0.
 *
 * The same seed, inputs, parameters, number of threads and machine give the same weights, unless there is a time
 * budget.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT AutoencoderTrainerBase : public ProcessObject
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(AutoencoderTrainerBase);

  using Self = AutoencoderTrainerBase;
  using Superclass = ProcessObject;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkOverrideGetNameOfClassMacro(AutoencoderTrainerBase);

  using LearningRateScheduleEnum = AutoencoderTrainerEnums::LearningRateSchedule;
  using PrecisionEnum = AutoencoderModelEnums::Precision;
  using StopConditionEnum = AutoencoderTrainerEnums::StopCondition;

  /** The trained model. Its architecture and preprocessing are those of the InitialModel. */
  AutoencoderModel *
  GetOutput();
  const AutoencoderModel *
  GetOutput() const;

  /** Architecture, preprocessing and, if it has any, weights to start from. Without one (the default), a model with the
   * default architecture and random weights. */
  itkSetInputMacro(InitialModel, AutoencoderModel);
  itkGetInputMacro(InitialModel, AutoencoderModel);

  /** Files to train on, besides images: NIfTI, NRRD, MetaImage, or whatever else the program's ImageIOs read, 3D or 4D
   * (each frame is a volume), or folders with one DICOM series each. They are read when they are needed. A folder whose
   * slices differ in size, spacing or orientation, or are no regular stack, is refused. Default: none. */
  void
  SetTrainingFileNames(const std::vector<std::string> & names);
  const std::vector<std::string> &
  GetTrainingFileNames() const
  {
    return m_TrainingFileNames;
  }
  void
  AddTrainingFileName(const std::string & name);

  /** Files to validate on. Default: none. */
  void
  SetValidationFileNames(const std::vector<std::string> & names);
  const std::vector<std::string> &
  GetValidationFileNames() const
  {
    return m_ValidationFileNames;
  }
  void
  AddValidationFileName(const std::string & name);

  /** The through-plane axis of all volumes, 0 to 2; -1 (the default): of each volume that of the largest spacing. */
  itkSetMacro(SliceAxis, int);
  itkGetConstMacro(SliceAxis, int);

  /** Memory for training volumes in MiB, at least 1, default 4096. Two volumes are held at least. */
  itkSetMacro(CacheSize, SizeValueType);
  itkGetConstMacro(CacheSize, SizeValueType);

  /** Iterations from one volume that comes into the cache to the next, at least 1, default 5. Without effect if all
   * volumes fit. */
  itkSetMacro(VolumeInterval, SizeValueType);
  itkGetConstMacro(VolumeInterval, SizeValueType);

  /** Iterations from one validation to the next, at least 1, default 100; there is one at the end in any case. */
  itkSetMacro(ValidationInterval, SizeValueType);
  itkGetConstMacro(ValidationInterval, SizeValueType);

  /** Slices that are synthesized in a validation, at least 1, default 64: evenly chosen of all. */
  itkSetMacro(MaximumNumberOfValidationSlices, SizeValueType);
  itkGetConstMacro(MaximumNumberOfValidationSlices, SizeValueType);

  /** Validations without a better one that end the training; 0 (the default): none do. */
  itkSetMacro(EarlyStoppingPatience, SizeValueType);
  itkGetConstMacro(EarlyStoppingPatience, SizeValueType);

  /** A `.safetensors` file that holds the state of the training; empty (the default): none is written. */
  itkSetStringMacro(CheckpointFileName);
  itkGetStringMacro(CheckpointFileName);

  /** Iterations from one checkpoint to the next; default 500; 0: only CheckpointTimeInterval counts. */
  itkSetMacro(CheckpointInterval, SizeValueType);
  itkGetConstMacro(CheckpointInterval, SizeValueType);

  /** Seconds after which there is a checkpoint in any case; default 600; 0: only CheckpointInterval counts. */
  itkSetMacro(CheckpointTimeInterval, double);
  itkGetConstMacro(CheckpointTimeInterval, double);

  /** Go on from the checkpoint, if its file exists. What the training depends on, but for its limits, has to be what it
   * was. Default off. */
  itkSetMacro(Resume, bool);
  itkGetConstMacro(Resume, bool);
  itkBooleanMacro(Resume);

  /** The name of a process group of torch.distributed; empty (the default): this process alone. In Python:
   * `torch.distributed.group.WORLD.group_name`. The BatchSize has to be a multiple of the number of processes. */
  itkSetStringMacro(ProcessGroupName);
  itkGetStringMacro(ProcessGroupName);

  /** Batch normalization uses its running statistics and leaves them as they are, as in a fine-tuning with few volumes.
   * Default off. */
  itkSetMacro(FreezeNormalization, bool);
  itkGetConstMacro(FreezeNormalization, bool);
  itkBooleanMacro(FreezeNormalization);

  /** The paper's training: patches of 128x128 at random places, Adam with the constant learning rate 1e-5, mean squared
   * error of the reconstruction, random multiples of 90 degrees and random intensity changes; a million iterations with
   * batches of 8, about what this learning rate needs (the paper names neither number). The paper's network is chosen
   * through InitialModel. */
  void
  SetParametersToPaper();

  /** The default training, which is what a new object is set to: patches of 96x96 near the center, batches of 12, AdamW
   * with 1e-3, warm-up and cosine schedule, synthesis loss with SSIM term, weight averaging; 3000 iterations. */
  void
  SetParametersToDefault();

  /** Side of the square patches in pixels at the model's in-plane spacing, a multiple of 2^poolings; default 96. Slices
   * that are smaller are mirrored at their borders. */
  itkSetMacro(PatchSize, unsigned int);
  itkGetConstMacro(PatchSize, unsigned int);

  /** Samples per iteration, at least 1, default 12. */
  itkSetMacro(BatchSize, unsigned int);
  itkGetConstMacro(BatchSize, unsigned int);

  /** At most so many iterations, at least 1, default 3000. */
  itkSetMacro(NumberOfIterations, SizeValueType);
  itkGetConstMacro(NumberOfIterations, SizeValueType);

  /** At most so many seconds; 0 (the default): no limit. A schedule follows whichever limit comes first. */
  itkSetMacro(TimeBudget, double);
  itkGetConstMacro(TimeBudget, double);

  /** > 0, default 1e-3. */
  itkSetMacro(LearningRate, double);
  itkGetConstMacro(LearningRate, double);

  /** Default Cosine. */
  itkSetEnumMacro(LearningRateSchedule, LearningRateScheduleEnum);
  itkGetEnumMacro(LearningRateSchedule, LearningRateScheduleEnum);

  /** Iterations in which the learning rate rises linearly to its full value, default 100. */
  itkSetMacro(NumberOfWarmUpIterations, SizeValueType);
  itkGetConstMacro(NumberOfWarmUpIterations, SizeValueType);

  /** Decoupled weight decay (AdamW), >= 0, default 1e-4; with 0 it is Adam. */
  itkSetMacro(WeightDecay, double);
  itkGetConstMacro(WeightDecay, double);

  /** The gradient's largest Euclidean norm; default 1; 0: no limit. */
  itkSetMacro(GradientClippingNorm, double);
  itkGetConstMacro(GradientClippingNorm, double);

  /** Weight of the mean squared error of reconstructed slices, >= 0, default 0.2. */
  itkSetMacro(ReconstructionWeight, double);
  itkGetConstMacro(ReconstructionWeight, double);

  /** Weight of the loss of synthesized slices, >= 0, default 1. */
  itkSetMacro(SynthesisWeight, double);
  itkGetConstMacro(SynthesisWeight, double);

  /** Weight of 1 - SSIM within the loss of synthesized slices, >= 0, default 0.1. */
  itkSetMacro(SSIMWeight, double);
  itkGetConstMacro(SSIMWeight, double);

  /** Largest distance of the two encoded slices, in slices; at least 2, default 3. */
  itkSetMacro(MaximumSliceGap, unsigned int);
  itkGetConstMacro(MaximumSliceGap, unsigned int);

  /** Probability of a distance greater than 2, in [0, 1], default 0.2. */
  itkSetMacro(WideGapShare, double);
  itkGetConstMacro(WideGapShare, double);

  /** Patches are drawn near the center of the slices, with a normal distribution whose standard deviation is a sixth of
   * the free play, instead of uniformly. Default on. */
  itkSetMacro(CenterPatches, bool);
  itkGetConstMacro(CenterPatches, bool);
  itkBooleanMacro(CenterPatches);

  /** Random rotations by multiples of 90 degrees, default on. */
  itkSetMacro(RotationAugmentation, bool);
  itkGetConstMacro(RotationAugmentation, bool);
  itkBooleanMacro(RotationAugmentation);

  /** Random mirroring in plane and of the order of slices, default on. */
  itkSetMacro(FlipAugmentation, bool);
  itkGetConstMacro(FlipAugmentation, bool);
  itkBooleanMacro(FlipAugmentation);

  /** Probability of a random change of intensities (gamma, gain, offset; the same for the slices of a sample), in [0,
   * 1], default 0.7. */
  itkSetMacro(IntensityAugmentation, double);
  itkGetConstMacro(IntensityAugmentation, double);

  /** Decay of the exponential moving average of the weights, in [0, 1), default 0.995; 0: no averaging. */
  itkSetMacro(WeightAveraging, double);
  itkGetConstMacro(WeightAveraging, double);

  /** Arithmetic of the convolutions, default Float32. With BFloat16, weights and losses stay in single precision. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);

  /** Seed of the initial weights and of everything random in the training, default 0. */
  itkSetMacro(Seed, unsigned int);
  itkGetConstMacro(Seed, unsigned int);

  /** Iterations done. */
  itkGetConstMacro(CurrentIteration, SizeValueType);
  /** Loss of the last iteration, and its parts before weighting; a part that was not computed is 0. */
  itkGetConstMacro(CurrentLoss, double);
  itkGetConstMacro(CurrentReconstructionLoss, double);
  itkGetConstMacro(CurrentSynthesisLoss, double);
  /** Learning rate of the last iteration. */
  itkGetConstMacro(CurrentLearningRate, double);
  /** Seconds since the first iteration began. */
  itkGetConstMacro(ElapsedTime, double);

  /** The iteration after which the last validation was, 0 before the first. */
  itkGetConstMacro(ValidationIteration, SizeValueType);
  /** What it found: mean PSNR in dB, mean SSIM, and the loss that models are chosen by. */
  itkGetConstMacro(ValidationPSNR, double);
  itkGetConstMacro(ValidationSSIM, double);
  itkGetConstMacro(ValidationLoss, double);
  /** What linear and cubic B-spline interpolation reach on the same slices. */
  itkGetConstMacro(LinearValidationPSNR, double);
  itkGetConstMacro(LinearValidationSSIM, double);
  itkGetConstMacro(BSplineValidationPSNR, double);
  itkGetConstMacro(BSplineValidationSSIM, double);
  /** The iteration of the best validation, 0 before the first. */
  itkGetConstMacro(BestIteration, SizeValueType);
  /** The iteration that the training went on from; 0 if it began anew. */
  itkGetConstMacro(ResumedIteration, SizeValueType);

  /** Why the last training ended. */
  itkGetConstMacro(StopCondition, StopConditionEnum);
  /** The same in a sentence. */
  std::string
  GetStopConditionDescription() const;

  /** End the training after the current iteration, with the model so far. May be called by an observer, or from another
   * thread. */
  void
  StopTraining();

protected:
  AutoencoderTrainerBase();
  ~AutoencoderTrainerBase() override;

  /** What volumes are for. */
  enum class RoleEnum : uint8_t
  {
    Training,
    Validation
  };

  /** The volumes that are given as images. */
  virtual SizeValueType
  GetNumberOfImageVolumes(RoleEnum role) const = 0;
  virtual TrainingVolumeGeometry
  GetImageVolumeGeometry(RoleEnum role, SizeValueType number) const = 0;
  virtual TrainingVolume
  LoadImageVolume(RoleEnum role, SizeValueType number) const = 0;

  void
  VerifyPreconditions() const override;
  void
  GenerateData() override;
  ProcessObject::DataObjectPointer
  MakeOutput(DataObjectPointerArraySizeType idx) override;
  using Superclass::MakeOutput;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  class Volumes;
  class Loop;

  AutoencoderModel::Pointer
  MakeStartingModel() const;
  void
  CheckPatchSize(unsigned int poolings) const;
  void
  Train();

  /** What this class's training was set to, as JSON: an entry of the model's provenance. */
  std::string
  DescribeTraining(SizeValueType numberOfVolumes) const;

  unsigned int             m_PatchSize{ 96 };
  unsigned int             m_BatchSize{ 12 };
  SizeValueType            m_NumberOfIterations{ 3000 };
  double                   m_TimeBudget{ 0.0 };
  double                   m_LearningRate{ 1e-3 };
  LearningRateScheduleEnum m_LearningRateSchedule{ LearningRateScheduleEnum::Cosine };
  SizeValueType            m_NumberOfWarmUpIterations{ 100 };
  double                   m_WeightDecay{ 1e-4 };
  double                   m_GradientClippingNorm{ 1.0 };
  double                   m_ReconstructionWeight{ 0.2 };
  double                   m_SynthesisWeight{ 1.0 };
  double                   m_SSIMWeight{ 0.1 };
  unsigned int             m_MaximumSliceGap{ 3 };
  double                   m_WideGapShare{ 0.2 };
  bool                     m_CenterPatches{ true };
  bool                     m_RotationAugmentation{ true };
  bool                     m_FlipAugmentation{ true };
  double                   m_IntensityAugmentation{ 0.7 };
  double                   m_WeightAveraging{ 0.995 };
  PrecisionEnum            m_Precision{ PrecisionEnum::Float32 };
  unsigned int             m_Seed{ 0 };

  std::vector<std::string> m_TrainingFileNames;
  std::vector<std::string> m_ValidationFileNames;
  int                      m_SliceAxis{ -1 };
  SizeValueType            m_CacheSize{ 4096 };
  SizeValueType            m_VolumeInterval{ 5 };
  SizeValueType            m_ValidationInterval{ 100 };
  SizeValueType            m_MaximumNumberOfValidationSlices{ 64 };
  SizeValueType            m_EarlyStoppingPatience{ 0 };
  std::string              m_CheckpointFileName;
  SizeValueType            m_CheckpointInterval{ 500 };
  double                   m_CheckpointTimeInterval{ 600.0 };
  bool                     m_Resume{ false };
  std::string              m_ProcessGroupName;
  bool                     m_FreezeNormalization{ false };

  SizeValueType     m_CurrentIteration{ 0 };
  double            m_CurrentLoss{ 0.0 };
  double            m_CurrentReconstructionLoss{ 0.0 };
  double            m_CurrentSynthesisLoss{ 0.0 };
  double            m_CurrentLearningRate{ 0.0 };
  double            m_ElapsedTime{ 0.0 };
  SizeValueType     m_ValidationIteration{ 0 };
  double            m_ValidationPSNR{ 0.0 };
  double            m_ValidationSSIM{ 0.0 };
  double            m_ValidationLoss{ 0.0 };
  double            m_LinearValidationPSNR{ 0.0 };
  double            m_LinearValidationSSIM{ 0.0 };
  double            m_BSplineValidationPSNR{ 0.0 };
  double            m_BSplineValidationSSIM{ 0.0 };
  SizeValueType     m_BestIteration{ 0 };
  SizeValueType     m_ResumedIteration{ 0 };
  StopConditionEnum m_StopCondition{ StopConditionEnum::NotStarted };
  std::atomic<bool> m_StopRequested{ false };
};
} // end namespace itk

#endif // itkAutoencoderTrainerBase_h
