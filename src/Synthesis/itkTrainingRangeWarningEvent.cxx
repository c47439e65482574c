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

#include "itkTrainingRangeWarningEvent.h"

namespace itk
{
TrainingRangeWarningEvent::~TrainingRangeWarningEvent() = default;

const char *
TrainingRangeWarningEvent::GetEventName() const
{
  return "TrainingRangeWarningEvent";
}

bool
TrainingRangeWarningEvent::CheckEvent(const EventObject * event) const
{
  return dynamic_cast<const Self *>(event) != nullptr;
}

EventObject *
TrainingRangeWarningEvent::MakeObject() const
{
  return new Self;
}
} // end namespace itk
