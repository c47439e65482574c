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
#ifndef itkAutoencoderTrainingParameters_h
#define itkAutoencoderTrainingParameters_h

#include "itkAutoencoderModel.h"
#include "itkAutoencoderTrainerEnums.h"
#include "itkIntTypes.h"

#include <optional>
#include <string>
#include <vector>

namespace itk
{
/** \class AutoencoderTrainingParameters
 * \brief The parameters of a training: their default values, their names, what is allowed, and how they are written.
 *
 * The setters and getters of AutoencoderTrainerBase document each parameter and read and write its member here. All
 * that lists parameters is fed from this struct: SetParameter() (`latent-sr train --set`), PrintSelf(), the provenance
 * in the model file, and the check whether a checkpoint belongs to a training.
 *
 * A new parameter has a member here, its line in VisitParameters() and its check in Check() (both in
 * src/Training/itkAutoencoderTrainingParameters.cxx), and its setter and getter in AutoencoderTrainerBase.
 *
 * \ingroup LatentSpaceSuperResolution
 */
struct LatentSpaceSuperResolution_EXPORT AutoencoderTrainingParameters
{
  using LearningRateScheduleEnum = AutoencoderTrainerEnums::LearningRateSchedule;
  using PrecisionEnum = AutoencoderModelEnums::Precision;

  unsigned int             seed{ 0 };
  double                   timeBudget{ 0.0 };
  SizeValueType            numberOfIterations{ 3000 };
  PrecisionEnum            precision{ PrecisionEnum::Float32 };
  unsigned int             patchSize{ 96 };
  unsigned int             batchSize{ 12 };
  double                   learningRate{ 1e-3 };
  LearningRateScheduleEnum learningRateSchedule{ LearningRateScheduleEnum::Cosine };
  SizeValueType            numberOfWarmUpIterations{ 100 };
  double                   weightDecay{ 1e-4 };
  double                   gradientClippingNorm{ 1.0 };
  double                   reconstructionWeight{ 0.2 };
  double                   synthesisWeight{ 1.0 };
  double                   ssimWeight{ 0.1 };
  unsigned int             maximumSliceGap{ 3 };
  double                   wideGapShare{ 0.2 };
  bool                     centerPatches{ true };
  bool                     rotationAugmentation{ true };
  bool                     flipAugmentation{ true };
  double                   intensityAugmentation{ 0.7 };
  double                   weightAveraging{ 0.995 };
  bool                     freezeNormalization{ false };

  /** Without a value: of each volume the axis of the largest spacing. */
  std::optional<unsigned int> sliceAxis;
  SizeValueType               cacheSize{ 4096 };
  SizeValueType               volumeInterval{ 5 };

  SizeValueType validationInterval{ 100 };
  SizeValueType maximumNumberOfValidationSlices{ 64 };
  SizeValueType earlyStoppingPatience{ 0 };
  std::string   checkpointFileName;
  SizeValueType checkpointInterval{ 500 };
  double        checkpointTimeInterval{ 600.0 };
  bool          resume{ false };
  std::string   processGroupName;

  /** Set what makes the recipe to the default values, or to those of arXiv:2010.13172; what concerns the data, the
   * validation, the checkpoints, the seed, the precision and the time stays as it is. */
  void
  SetRecipeToDefault();
  void
  SetRecipeToPaper();

  /** Whether all parameters have the same values; NaN is the same as NaN. */
  bool
  IsSameAs(const AutoencoderTrainingParameters & other) const;

  /** Throw an ExceptionObject that names a parameter, its value and what is allowed, unless all are allowed. */
  void
  Check() const;

  /** Throw an ExceptionObject unless a network with so many poolings can halve the patches as often. */
  void
  CheckPatchSize(unsigned int poolings) const;

  /** The names of all parameters: those of the setters. */
  static std::vector<std::string>
  GetNames();

  /** Set the parameter of a name from text. Upper and lower case, hyphens and underscores in the name make no
   * difference. Switches are true or false, a schedule is constant or cosine, a precision float32 or bfloat16, a slice
   * axis 0, 1, 2 or auto.
   * \exception ExceptionObject that names the parameter, the text and what is allowed */
  void
  Set(const std::string & name, const std::string & text);

  /** JSON objects: what the weights follow from, for a model file; and what has to be the same in a training that goes
   * on from a checkpoint. */
  std::string
  DescribeForModel() const;
  std::string
  DescribeForCheckpoint() const;

  /** One line "Name: value" for each parameter. */
  void
  Print(std::ostream & os, const std::string & indent) const;
};
} // end namespace itk

#endif // itkAutoencoderTrainingParameters_h
