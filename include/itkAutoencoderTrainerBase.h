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
#include "itkAutoencoderTrainingParameters.h"
#include "itkAutoencoderTrainingProgress.h"
#include "itkProcessObject.h"
#include "itkTrainingVolume.h"

#include <atomic>

namespace itk
{
class TrainingVolumes;

// A parameter lives in AutoencoderTrainingParameters, what a training has reached in AutoencoderTrainingProgress.
#define itkTrainingParameterMacro(name, member, type)     \
  virtual void Set##name(type value)                      \
  {                                                       \
    this->SetParameterMember(m_Parameters.member, value); \
  }                                                       \
  virtual type Get##name() const                          \
  {                                                       \
    return m_Parameters.member;                           \
  }                                                       \
  ITK_MACROEND_NOOP_STATEMENT
#define itkTrainingProgressMacro(name, member, type) \
  virtual type Get##name() const                     \
  {                                                  \
    return m_Progress.member;                        \
  }                                                  \
  ITK_MACROEND_NOOP_STATEMENT

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

  /** The through-plane axis of all volumes, 0 to 2. Setting it turns AutomaticSliceAxis off; 2 while that is on. */
  void
  SetSliceAxis(unsigned int axis);
  unsigned int
  GetSliceAxis() const
  {
    return m_Parameters.sliceAxis.value_or(2);
  }

  /** Whether the slice axis of each volume is that of its largest spacing. Default on. It is turned off by
   * SetSliceAxis(). */
  void
  SetAutomaticSliceAxis(bool automatic);
  bool
  GetAutomaticSliceAxis() const
  {
    return !m_Parameters.sliceAxis.has_value();
  }
  itkBooleanMacro(AutomaticSliceAxis);

  /** Memory for training volumes in MiB, at least 1, default 4096. Two volumes are held at least. */
  itkTrainingParameterMacro(CacheSize, cacheSize, SizeValueType);

  /** Iterations from one volume that comes into the cache to the next, at least 1, default 5. Without effect if all
   * volumes fit. */
  itkTrainingParameterMacro(VolumeInterval, volumeInterval, SizeValueType);

  /** Iterations from one validation to the next, at least 1, default 100; there is one at the end in any case. */
  itkTrainingParameterMacro(ValidationInterval, validationInterval, SizeValueType);

  /** Slices that are synthesized in a validation, at least 1, default 64: evenly chosen of all. */
  itkTrainingParameterMacro(MaximumNumberOfValidationSlices, maximumNumberOfValidationSlices, SizeValueType);

  /** Validations without a better one that end the training; 0 (the default): none do. */
  itkTrainingParameterMacro(EarlyStoppingPatience, earlyStoppingPatience, SizeValueType);

  /** A `.safetensors` file that holds the state of the training; empty (the default): none is written. */
  itkTrainingParameterMacro(CheckpointFileName, checkpointFileName, const std::string &);

  /** Iterations from one checkpoint to the next; default 500; 0: only CheckpointTimeInterval counts. */
  itkTrainingParameterMacro(CheckpointInterval, checkpointInterval, SizeValueType);

  /** Seconds after which there is a checkpoint in any case; default 600; 0: only CheckpointInterval counts. */
  itkTrainingParameterMacro(CheckpointTimeInterval, checkpointTimeInterval, double);

  /** Go on from the checkpoint, if its file exists. What the training depends on, but for its limits, has to be what it
   * was. Default off. */
  itkTrainingParameterMacro(Resume, resume, bool);
  itkBooleanMacro(Resume);

  /** The name of a process group of torch.distributed; empty (the default): this process alone. In Python:
   * `torch.distributed.group.WORLD.group_name`. The BatchSize has to be a multiple of the number of processes. */
  itkTrainingParameterMacro(ProcessGroupName, processGroupName, const std::string &);

  /** Batch normalization uses its running statistics and leaves them as they are, as in a fine-tuning with few volumes.
   * Default off. */
  itkTrainingParameterMacro(FreezeNormalization, freezeNormalization, bool);
  itkBooleanMacro(FreezeNormalization);

  /** Set the parameter of a name from text, and list the names: see AutoencoderTrainingParameters::Set().
   * \exception ExceptionObject that names the parameter, the text and what is allowed */
  void
  SetParameter(const std::string & name, const std::string & text);
  static std::vector<std::string>
  GetParameterNames()
  {
    return AutoencoderTrainingParameters::GetNames();
  }

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
  itkTrainingParameterMacro(PatchSize, patchSize, unsigned int);

  /** Samples per iteration, at least 1, default 12. */
  itkTrainingParameterMacro(BatchSize, batchSize, unsigned int);

  /** At most so many iterations, at least 1, default 3000. */
  itkTrainingParameterMacro(NumberOfIterations, numberOfIterations, SizeValueType);

  /** At most so many seconds; 0 (the default): no limit. A schedule follows whichever limit comes first. */
  itkTrainingParameterMacro(TimeBudget, timeBudget, double);

  /** > 0, default 1e-3. */
  itkTrainingParameterMacro(LearningRate, learningRate, double);

  /** Default Cosine. */
  itkTrainingParameterMacro(LearningRateSchedule, learningRateSchedule, LearningRateScheduleEnum);

  /** Iterations in which the learning rate rises linearly to its full value, default 100. */
  itkTrainingParameterMacro(NumberOfWarmUpIterations, numberOfWarmUpIterations, SizeValueType);

  /** Decoupled weight decay (AdamW), >= 0, default 1e-4; with 0 it is Adam. */
  itkTrainingParameterMacro(WeightDecay, weightDecay, double);

  /** The gradient's largest Euclidean norm; default 1; 0: no limit. */
  itkTrainingParameterMacro(GradientClippingNorm, gradientClippingNorm, double);

  /** Weight of the mean squared error of reconstructed slices, >= 0, default 0.2. */
  itkTrainingParameterMacro(ReconstructionWeight, reconstructionWeight, double);

  /** Weight of the loss of synthesized slices, >= 0, default 1. */
  itkTrainingParameterMacro(SynthesisWeight, synthesisWeight, double);

  /** Weight of 1 - SSIM within the loss of synthesized slices, >= 0, default 0.1. */
  itkTrainingParameterMacro(SSIMWeight, ssimWeight, double);

  /** Largest distance of the two encoded slices, in slices; at least 2, default 3. */
  itkTrainingParameterMacro(MaximumSliceGap, maximumSliceGap, unsigned int);

  /** Probability of a distance greater than 2, in [0, 1], default 0.2. */
  itkTrainingParameterMacro(WideGapShare, wideGapShare, double);

  /** Patches are drawn near the center of the slices, with a normal distribution whose standard deviation is a sixth of
   * the free play, instead of uniformly. Default on. */
  itkTrainingParameterMacro(CenterPatches, centerPatches, bool);
  itkBooleanMacro(CenterPatches);

  /** Random rotations by multiples of 90 degrees, default on. */
  itkTrainingParameterMacro(RotationAugmentation, rotationAugmentation, bool);
  itkBooleanMacro(RotationAugmentation);

  /** Random mirroring in plane and of the order of slices, default on. */
  itkTrainingParameterMacro(FlipAugmentation, flipAugmentation, bool);
  itkBooleanMacro(FlipAugmentation);

  /** Probability of a random change of intensities (gamma, gain, offset; the same for the slices of a sample), in [0,
   * 1], default 0.7. */
  itkTrainingParameterMacro(IntensityAugmentation, intensityAugmentation, double);

  /** Decay of the exponential moving average of the weights, in [0, 1), default 0.995; 0: no averaging. */
  itkTrainingParameterMacro(WeightAveraging, weightAveraging, double);

  /** Arithmetic of the convolutions, default Float32. With BFloat16, weights and losses stay in single precision. */
  itkTrainingParameterMacro(Precision, precision, PrecisionEnum);

  /** Seed of the initial weights and of everything random in the training, default 0. */
  itkTrainingParameterMacro(Seed, seed, unsigned int);

  /** Iterations done. */
  itkTrainingProgressMacro(CurrentIteration, currentIteration, SizeValueType);
  /** Loss of the last iteration, and its parts before weighting; a part that was not computed is 0. */
  itkTrainingProgressMacro(CurrentLoss, currentLoss, double);
  itkTrainingProgressMacro(CurrentReconstructionLoss, currentReconstructionLoss, double);
  itkTrainingProgressMacro(CurrentSynthesisLoss, currentSynthesisLoss, double);
  /** Learning rate of the last iteration. */
  itkTrainingProgressMacro(CurrentLearningRate, currentLearningRate, double);
  /** Seconds since the first iteration began. */
  itkTrainingProgressMacro(ElapsedTime, elapsedTime, double);

  /** The iteration after which the last validation was, 0 before the first. */
  itkTrainingProgressMacro(ValidationIteration, validationIteration, SizeValueType);
  /** What it found: mean PSNR in dB, mean SSIM, and the loss that models are chosen by. */
  itkTrainingProgressMacro(ValidationPSNR, validationPSNR, double);
  itkTrainingProgressMacro(ValidationSSIM, validationSSIM, double);
  itkTrainingProgressMacro(ValidationLoss, validationLoss, double);
  /** What linear and cubic B-spline interpolation reach on the same slices. */
  itkTrainingProgressMacro(LinearValidationPSNR, linearValidationPSNR, double);
  itkTrainingProgressMacro(LinearValidationSSIM, linearValidationSSIM, double);
  itkTrainingProgressMacro(BSplineValidationPSNR, bsplineValidationPSNR, double);
  itkTrainingProgressMacro(BSplineValidationSSIM, bsplineValidationSSIM, double);
  /** The iteration of the best validation, 0 before the first. */
  itkTrainingProgressMacro(BestIteration, bestIteration, SizeValueType);
  /** The iteration that the training went on from; 0 if it began anew. */
  itkTrainingProgressMacro(ResumedIteration, resumedIteration, SizeValueType);

  /** Why the last training ended. */
  itkTrainingProgressMacro(StopCondition, stopCondition, StopConditionEnum);
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

  /** The slice axis that was set; without a value while it is automatic. */
  std::optional<unsigned int>
  GetChosenSliceAxis() const
  {
    return m_Parameters.sliceAxis;
  }

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
  void
  SetParameters(const AutoencoderTrainingParameters & parameters);
  /** NaN in place of NaN is no change. */
  template <typename T>
  void
  SetParameterMember(T & member, const T & value)
  {
    const bool bothAreNaN = member != member && value != value;
    if (member != value && !bothAreNaN)
    {
      member = value;
      this->Modified();
    }
  }

  AutoencoderModel::Pointer
  MakeStartingModel() const;
  void
  Train();
  /** The volumes of a role: images first, then those of files. */
  TrainingVolumes
  MakeVolumes(RoleEnum role) const;
  /** What the weights follow from, as JSON: an entry of the model's provenance. */
  std::string
  DescribeTraining(SizeValueType numberOfVolumes) const;

  AutoencoderTrainingParameters m_Parameters;
  AutoencoderTrainingProgress   m_Progress;
  std::vector<std::string>      m_TrainingFileNames;
  std::vector<std::string>      m_ValidationFileNames;
  std::atomic<bool>             m_StopRequested{ false };
};
} // end namespace itk

#undef itkTrainingParameterMacro
#undef itkTrainingProgressMacro

#endif // itkAutoencoderTrainerBase_h
