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
#ifndef itkAutoencoderTrainingProgress_h
#define itkAutoencoderTrainingProgress_h

#include "itkAutoencoderTrainerEnums.h"
#include "itkIntTypes.h"

namespace itk
{
/** \class AutoencoderTrainingProgress
 * \brief The progress and the results of a training. The getters of AutoencoderTrainerBase document most members.
 * bestValidationLoss is the loss of the best validation, validationsSinceBest the number of validations after it.
 * \ingroup LatentSpaceSuperResolution
 */
struct AutoencoderTrainingProgress
{
  using StopConditionEnum = AutoencoderTrainerEnums::StopCondition;

  SizeValueType     currentIteration{ 0 };
  double            currentLoss{ 0.0 };
  double            currentReconstructionLoss{ 0.0 };
  double            currentSynthesisLoss{ 0.0 };
  double            currentLearningRate{ 0.0 };
  double            elapsedTime{ 0.0 };
  SizeValueType     validationIteration{ 0 };
  double            validationPSNR{ 0.0 };
  double            validationSSIM{ 0.0 };
  double            validationLoss{ 0.0 };
  double            linearValidationPSNR{ 0.0 };
  double            linearValidationSSIM{ 0.0 };
  double            bsplineValidationPSNR{ 0.0 };
  double            bsplineValidationSSIM{ 0.0 };
  SizeValueType     bestIteration{ 0 };
  double            bestValidationLoss{ 0.0 };
  SizeValueType     validationsSinceBest{ 0 };
  SizeValueType     resumedIteration{ 0 };
  StopConditionEnum stopCondition{ StopConditionEnum::NotStarted };
};
} // end namespace itk

#endif // itkAutoencoderTrainingProgress_h
