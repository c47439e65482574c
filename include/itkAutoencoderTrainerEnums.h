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
#ifndef itkAutoencoderTrainerEnums_h
#define itkAutoencoderTrainerEnums_h

#include "LatentSpaceSuperResolutionExport.h"

#include <cstdint>
#include <ostream>

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
   * Constant, or Cosine. Cosine is a half period of the cosine. It falls from the full learning rate to a thousandth of
   * it at the end of the iterations or of the time budget. */
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
} // end namespace itk

#endif // itkAutoencoderTrainerEnums_h
