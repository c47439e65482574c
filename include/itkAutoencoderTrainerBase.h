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
#include "itkAutomaticParameterMacro.h"
#include "itkProcessObject.h"
#include "itkTrainingVolume.h"

#include <atomic>

namespace itk
{
class TrainingVolumes;

// AutoencoderTrainingParameters holds the parameters, AutoencoderTrainingProgress the results so far.
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
 * \brief The part of AutoencoderTrainer that does not depend on the image type: parameters, loop, events.
 *
 * **Objective.** A sample is three slices \f$(x_a, x_t, x_b)\f$ of one volume, a < t < b. With
 * \f$\alpha = (t-a)/(b-a)\f$, the loss is
 * \f[ L = w_r \, \mathrm{MSE}(D(E(x_a)), x_a)
 *       + w_s \left[ \mathrm{MSE}(\hat x, x_t) + w_{ssim} (1 - \mathrm{SSIM}(\hat x, x_t)) \right], \quad
 *     \hat x = D((1-\alpha) E(x_a) + \alpha E(x_b)) . \f]
 * \f$w_r\f$ is ReconstructionWeight, \f$w_s\f$ is SynthesisWeight (arXiv:2202.09258; 0 is arXiv:2010.13172), and
 * \f$w_{ssim}\f$ is SSIMWeight. The reconstruction term is computed on a quarter of the batch if there is a synthesis
 * term, and on the whole batch otherwise. b - a is 2. With the probability WideGapShare it is larger, up to
 * MaximumSliceGap. Volumes with fewer than three slices are used for the reconstruction term only.
 *
 * **Volumes** are the training images of AutoencoderTrainer and the volumes of files. Files are read when they are
 * needed. Memory holds as many volumes as fit in CacheSize. If some do not fit, a new volume in shuffled order replaces
 * the oldest ones every VolumeInterval iterations. Another thread reads it in advance.
 *
 * **Validation.** If there are validation volumes, the (averaged) weights are validated every ValidationInterval
 * iterations. Every other slice of each volume is kept; the dropped slices are synthesized from their neighbors. The
 * window comes from the kept slices. The central 128 x 128 pixels of at most MaximumNumberOfValidationSlices dropped
 * slices are compared. The output is the model with the lowest \f$\mathrm{MSE} + 0.1 (1 - \mathrm{SSIM})\f$, and its
 * ResidualGain is the best gain on these slices. EarlyStoppingPatience may end the training. Validation uses
 * synthesized slices because the quality of reconstructed slices says nothing about theirs.
 *
 * **Checkpoints.** With a CheckpointFileName, the state of the training is written there at intervals and at the end.
 * The file is complete at any moment. With Resume, a training continues from it. The weights are then the same, bit for
 * bit, as without the interruption, on the same machine with the same number of threads, unless the schedule or the end
 * follows a time budget. After a loss that is not finite, the last checkpoint is kept.
 *
 * **More than one process.** With a ProcessGroupName, the processes of that torch.distributed group train one model
 * together. Each process computes a share of every batch. Gradients are summed in buckets during the backward pass. The
 * weights are those of one process that computes the whole batch, with one exception: batch normalization uses the
 * statistics of each process's share (FreezeNormalization avoids that). The running statistics are averaged over the
 * processes before each validation and checkpoint, and at the end. All processes need the same parameters and volumes.
 * Only the first process writes checkpoints. If a process is lost, the others fail.
 *
 * **Events.** StartEvent, IterationEvent after every iteration, ProgressEvent, EndEvent. An observer of IterationEvent
 * may read CurrentIteration, the losses and the learning rate, and may call StopTraining(). AbortGenerateDataOn() also
 * ends the training within one iteration, but Update() then throws ProcessAborted. In both cases the output is the
 * model so far. After an abort, or a loss that is not finite, ITK takes the output for not generated, and a filter that
 * uses it would train again. Call DisconnectPipeline() on the output before using it.
 *
 * The output has the weights of the exponential moving average, unless WeightAveraging is 0.
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

  /** Get the trained model. Its architecture and preprocessing are those of the InitialModel. */
  AutoencoderModel *
  GetOutput();
  const AutoencoderModel *
  GetOutput() const;

  /** Set/Get the model with the architecture and preprocessing, and with the weights to start from if it has any.
   * Default: none; the training starts with the default architecture and random weights. */
  itkSetInputMacro(InitialModel, AutoencoderModel);
  itkGetInputMacro(InitialModel, AutoencoderModel);

  /** Set/Get the files to train on, in addition to images. Default: none. A file may be NIfTI, NRRD, MetaImage, or
   * another format with a registered ImageIO, in 3D or 4D (each phase is a volume). A folder with one DICOM series may
   * be given as well. It is refused if its slices differ in size, spacing or orientation, or are not a regular stack.
   * Files are read when they are needed. */
  void
  SetTrainingFileNames(const std::vector<std::string> & names);
  const std::vector<std::string> &
  GetTrainingFileNames() const
  {
    return m_TrainingFileNames;
  }
  void
  AddTrainingFileName(const std::string & name);

  /** Set/Get the files to validate on. Default: none. */
  void
  SetValidationFileNames(const std::vector<std::string> & names);
  const std::vector<std::string> &
  GetValidationFileNames() const
  {
    return m_ValidationFileNames;
  }
  void
  AddValidationFileName(const std::string & name);

  /** Set/Get the through-plane axis of all volumes, 0 to 2. Setting it turns AutomaticSliceAxis off. While that is on,
   * as by default, GetSliceAxis() returns 2. */
  void
  SetSliceAxis(unsigned int axis);
  unsigned int
  GetSliceAxis() const
  {
    return m_Parameters.sliceAxis.value_or(2);
  }

  /** Set/Get whether the slice axis of each volume is the axis of its largest spacing. Default on. SetSliceAxis() turns
   * it off. */
  void
  SetAutomaticSliceAxis(bool automatic);
  bool
  GetAutomaticSliceAxis() const
  {
    return !m_Parameters.sliceAxis.has_value();
  }
  itkBooleanMacro(AutomaticSliceAxis);

  /** Set/Get the memory for training volumes in MiB, at least 1, default 4096. At least two volumes are held. */
  itkTrainingParameterMacro(CacheSize, cacheSize, SizeValueType);

  /** Set/Get the number of iterations after which the next volume enters the cache, at least 1, default 5. It has no
   * effect if all volumes fit. */
  itkTrainingParameterMacro(VolumeInterval, volumeInterval, SizeValueType);

  /** Set/Get the number of iterations between validations, at least 1, default 100. A training also ends with one. */
  itkTrainingParameterMacro(ValidationInterval, validationInterval, SizeValueType);

  /** Set/Get the maximum number of slices that a validation synthesizes, at least 1, default 64. They are evenly
   * distributed over all dropped slices. */
  itkTrainingParameterMacro(MaximumNumberOfValidationSlices, maximumNumberOfValidationSlices, SizeValueType);

  /** Set/Get the number of successive validations without improvement that ends the training. Default 0: no early
   * stopping. */
  itkTrainingParameterMacro(EarlyStoppingPatience, earlyStoppingPatience, SizeValueType);

  /** Set/Get the name of a `.safetensors` file for the state of the training. Default empty: none is written. */
  itkTrainingParameterMacro(CheckpointFileName, checkpointFileName, const std::string &);

  /** Set/Get the number of iterations between checkpoints, default 500. With 0, only CheckpointTimeInterval counts. */
  itkTrainingParameterMacro(CheckpointInterval, checkpointInterval, SizeValueType);

  /** Set/Get the longest time between checkpoints in seconds, default 600. With 0, only CheckpointInterval counts. */
  itkTrainingParameterMacro(CheckpointTimeInterval, checkpointTimeInterval, double);

  /** Set/Get whether the training continues from the checkpoint, if its file exists. Default off. All that the weights
   * depend on has to be the same as before. The limits of the training may differ. */
  itkTrainingParameterMacro(Resume, resume, bool);
  itkBooleanMacro(Resume);

  /** Set/Get the name of a process group of torch.distributed. Default empty: this process trains alone. In Python the
   * name is `torch.distributed.group.WORLD.group_name`. BatchSize has to be a multiple of the number of processes. */
  itkTrainingParameterMacro(ProcessGroupName, processGroupName, const std::string &);

  /** Set/Get whether batch normalization uses its running statistics and does not change them. This suits fine-tuning
   * with a small number of volumes. Default off. */
  itkTrainingParameterMacro(FreezeNormalization, freezeNormalization, bool);
  itkBooleanMacro(FreezeNormalization);

  /** Set the parameter with the given name from text. See AutoencoderTrainingParameters::Set().
   * \exception ExceptionObject that names the parameter, the text and what is allowed */
  void
  SetParameter(const std::string & name, const std::string & text);
  static std::vector<std::string>
  GetParameterNames()
  {
    return AutoencoderTrainingParameters::GetNames();
  }

  /** Set the paper's training: patches of 128x128 at random positions, Adam with the constant learning rate 1e-5, the
   * mean squared error of the reconstruction, random rotations by multiples of 90 degrees and random intensity changes.
   * The paper names neither the number of iterations nor the batch size. A million iterations with batches of 8 is
   * about what this learning rate needs. To train the paper's network, set it as InitialModel. */
  void
  SetParametersToPaper();

  /** Set the default training, as in a new object: patches of 96x96 near the center, batches of 12, AdamW with the
   * learning rate 1e-3, warm-up and cosine schedule, a synthesis loss with SSIM term, weight averaging, and 3000
   * iterations. */
  void
  SetParametersToDefault();

  /** Set/Get the side of the square patches in pixels at the model's in-plane spacing: a multiple of 2^poolings,
   * default 96. Smaller slices are mirrored at their borders. */
  itkTrainingParameterMacro(PatchSize, patchSize, unsigned int);

  /** Set/Get the number of samples per iteration, at least 1, default 12. */
  itkTrainingParameterMacro(BatchSize, batchSize, unsigned int);

  /** Set/Get the maximum number of iterations, at least 1, default 3000. */
  itkTrainingParameterMacro(NumberOfIterations, numberOfIterations, SizeValueType);

  /** Set/Get the maximum time in seconds. Default 0: no limit. A schedule follows the limit that is reached first. */
  itkTrainingParameterMacro(TimeBudget, timeBudget, double);

  /** Set/Get the learning rate, > 0, default 1e-3. */
  itkTrainingParameterMacro(LearningRate, learningRate, double);

  /** Set/Get the schedule of the learning rate. Default Cosine. */
  itkTrainingParameterMacro(LearningRateSchedule, learningRateSchedule, LearningRateScheduleEnum);

  /** Set/Get the number of iterations in which the learning rate rises linearly to its full value, default 100. */
  itkTrainingParameterMacro(NumberOfWarmUpIterations, numberOfWarmUpIterations, SizeValueType);

  /** Set/Get the decoupled weight decay of AdamW, >= 0, default 1e-4. With 0 the optimizer is Adam. */
  itkTrainingParameterMacro(WeightDecay, weightDecay, double);

  /** Set/Get the maximum Euclidean norm of the gradient, >= 0, default 1. With 0 there is no limit. */
  itkTrainingParameterMacro(GradientClippingNorm, gradientClippingNorm, double);

  /** Set/Get the weight of the mean squared error of reconstructed slices, >= 0, default 0.2. */
  itkTrainingParameterMacro(ReconstructionWeight, reconstructionWeight, double);

  /** Set/Get the weight of the loss of synthesized slices, >= 0, default 1. */
  itkTrainingParameterMacro(SynthesisWeight, synthesisWeight, double);

  /** Set/Get the weight of 1 - SSIM within the loss of synthesized slices, >= 0, default 0.1. */
  itkTrainingParameterMacro(SSIMWeight, ssimWeight, double);

  /** Set/Get the maximum distance of the two encoded slices in slice distances, at least 2, default 4. */
  itkTrainingParameterMacro(MaximumSliceGap, maximumSliceGap, unsigned int);

  /** Set/Get the probability of a distance greater than 2, in [0, 1], default 0.35. */
  itkTrainingParameterMacro(WideGapShare, wideGapShare, double);

  /** Set/Get whether patches are drawn near the center of the slices instead of uniformly. Default on. The offset then
   * has a normal distribution; its standard deviation is a sixth of the range of possible offsets. */
  itkTrainingParameterMacro(CenterPatches, centerPatches, bool);
  itkBooleanMacro(CenterPatches);

  /** Set/Get whether patches are rotated by random multiples of 90 degrees. Default on. */
  itkTrainingParameterMacro(RotationAugmentation, rotationAugmentation, bool);
  itkBooleanMacro(RotationAugmentation);

  /** Set/Get whether patches and the order of their slices are mirrored at random. Default on. */
  itkTrainingParameterMacro(FlipAugmentation, flipAugmentation, bool);
  itkBooleanMacro(FlipAugmentation);

  /** Set/Get the probability of a random change of intensities, in [0, 1], default 0.7. Gamma, gain and offset change,
   * in the same way for all slices of a sample. */
  itkTrainingParameterMacro(IntensityAugmentation, intensityAugmentation, double);

  /** Set/Get the largest relative change of the in-plane scale, in [0, 1), default 0.2: the region that becomes a
   * patch has a side between 1/1.2 and 1.2 times the patch size, uniform in its logarithm. */
  itkTrainingParameterMacro(ScaleAugmentation, scaleAugmentation, double);

  /** Set/Get the strength d of random smooth deformations, in [0, 1), default 0.2; 0: none. Three of four patches are
   * deformed, in the same way for all slices of a sample: stretched by factors between 1/(1 + d) and 1 + d along two
   * perpendicular axes, rotated by any angle if RotationAugmentation is on, and bent. The bending is a displacement
   * with a standard deviation of d/8 of the side at 4 x 4 points, and cubic interpolation between them. */
  itkTrainingParameterMacro(DeformationAugmentation, deformationAugmentation, double);

  /** Set/Get the decay of the exponential moving average of the weights, in [0, 1), default 0.995. With 0 there is no
   * averaging. */
  itkTrainingParameterMacro(WeightAveraging, weightAveraging, double);

  /** Set/Get the arithmetic of the convolutions, default Float32. With BFloat16, weights and losses stay in single
   * precision. */
  itkTrainingParameterMacro(Precision, precision, PrecisionEnum);

  /** Set/Get the seed of the initial weights and of all random numbers in the training, default 0. */
  itkTrainingParameterMacro(Seed, seed, unsigned int);

  /** Get the number of completed iterations. */
  itkTrainingProgressMacro(CurrentIteration, currentIteration, SizeValueType);
  /** Get the loss of the last iteration, and its terms before weighting. A term that was not computed is 0. */
  itkTrainingProgressMacro(CurrentLoss, currentLoss, double);
  itkTrainingProgressMacro(CurrentReconstructionLoss, currentReconstructionLoss, double);
  itkTrainingProgressMacro(CurrentSynthesisLoss, currentSynthesisLoss, double);
  /** Get the learning rate of the last iteration. */
  itkTrainingProgressMacro(CurrentLearningRate, currentLearningRate, double);
  /** Get the time in seconds since the first iteration began. */
  itkTrainingProgressMacro(ElapsedTime, elapsedTime, double);

  /** Get the iteration of the last validation; 0 before the first one. */
  itkTrainingProgressMacro(ValidationIteration, validationIteration, SizeValueType);
  /** Get the results of the last validation: mean PSNR in dB, mean SSIM, and the loss by which the best model is
   * chosen. */
  itkTrainingProgressMacro(ValidationPSNR, validationPSNR, double);
  itkTrainingProgressMacro(ValidationSSIM, validationSSIM, double);
  itkTrainingProgressMacro(ValidationLoss, validationLoss, double);
  /** Get the results of linear and cubic B-spline interpolation on the same slices. */
  itkTrainingProgressMacro(LinearValidationPSNR, linearValidationPSNR, double);
  itkTrainingProgressMacro(LinearValidationSSIM, linearValidationSSIM, double);
  itkTrainingProgressMacro(BSplineValidationPSNR, bsplineValidationPSNR, double);
  itkTrainingProgressMacro(BSplineValidationSSIM, bsplineValidationSSIM, double);
  /** Get the iteration of the best validation; 0 before the first one. */
  itkTrainingProgressMacro(BestIteration, bestIteration, SizeValueType);
  /** Get the iteration of the checkpoint from which the training continued; 0 if it started from the beginning. */
  itkTrainingProgressMacro(ResumedIteration, resumedIteration, SizeValueType);

  /** Get the reason why the last training ended. */
  itkTrainingProgressMacro(StopCondition, stopCondition, StopConditionEnum);
  /** Get the same reason as a sentence. */
  std::string
  GetStopConditionDescription() const;

  /** End the training after the current iteration, with the model so far. Observers and other threads may call it. */
  void
  StopTraining();

protected:
  AutoencoderTrainerBase();
  ~AutoencoderTrainerBase() override;

  /** The purpose of a volume. */
  enum class RoleEnum : uint8_t
  {
    Training,
    Validation
  };

  /** The slice axis that was set. It has no value while the axis is automatic. */
  std::optional<unsigned int>
  GetChosenSliceAxis() const
  {
    return m_Parameters.sliceAxis;
  }

  /** The volumes that are given as images. A 4D image contains several volumes. */
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
  /** Replacing NaN by NaN is not a change. */
  template <typename T>
  void
  SetParameterMember(T & member, const T & value)
  {
    if (!IsSameParameterValue(member, value))
    {
      member = value;
      this->Modified();
    }
  }

  AutoencoderModel::Pointer
  MakeStartingModel() const;
  /** Whether the training starts from the weights of the InitialModel. */
  bool
  IsFineTuning() const;
  void
  Train();
  /** The training or validation volumes: images first, then the volumes of files. */
  TrainingVolumes
  MakeVolumes(RoleEnum role) const;
  /** What the weights depend on, as JSON for the model's provenance. */
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
