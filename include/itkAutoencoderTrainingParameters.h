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
 * \brief The parameters of a training: their default values, names, allowed values and text forms.
 *
 * The setters and getters of AutoencoderTrainerBase document each parameter, and read and write its member here. All
 * lists of parameters come from this struct: SetParameter() (`latent-sr train --set`), PrintSelf(), the provenance in
 * the model file, and the check whether a checkpoint belongs to a training.
 *
 * To add a parameter, add a member here, a line in VisitParameters() and a check in Check() (both in
 * src/Training/itkAutoencoderTrainingParameters.cxx), and a setter and a getter in AutoencoderTrainerBase.
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
  unsigned int             maximumSliceGap{ 4 };
  double                   wideGapShare{ 0.35 };
  bool                     centerPatches{ true };
  bool                     rotationAugmentation{ true };
  bool                     flipAugmentation{ true };
  double                   intensityAugmentation{ 0.7 };
  double                   scaleAugmentation{ 0.2 };
  double                   deformationAugmentation{ 0.2 };
  double                   weightAveraging{ 0.995 };
  bool                     freezeNormalization{ false };

  /** No value: the axis of the largest spacing of each volume. */
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

  /** Set the recipe to the default values, or to those of arXiv:2010.13172. The parameters of the data, the validation,
   * the checkpoints, the seed, the precision and the time budget do not change. */
  void
  SetRecipeToDefault();
  void
  SetRecipeToPaper();

  /** Whether all parameters have the same values. NaN counts as equal to NaN. */
  bool
  IsSameAs(const AutoencoderTrainingParameters & other) const;

  /** Check the values of all parameters.
   * \exception ExceptionObject that names a parameter, its value and what is allowed */
  void
  Check() const;

  /** Check that patches have a size that the model's network can encode.
   * \exception ExceptionObject if they do not */
  void
  CheckPatchSize(const AutoencoderModel * model) const;

  /** The names of all parameters, as in the names of the setters. */
  static std::vector<std::string>
  GetNames();

  /** Set the parameter with the given name from text. Case, hyphens and underscores in the name are ignored. A switch
   * is true or false, a schedule constant or cosine, a precision float32 or bfloat16, a slice axis 0, 1, 2 or auto.
   * \exception ExceptionObject that names the parameter, the text and what is allowed */
  void
  Set(const std::string & name, const std::string & text);

  /** The parameters that the weights depend on, for a model file, and the parameters that have to be the same in a
   * resumed training, for a checkpoint. Both are JSON objects. */
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
