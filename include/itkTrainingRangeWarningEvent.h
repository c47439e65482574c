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
#ifndef itkTrainingRangeWarningEvent_h
#define itkTrainingRangeWarningEvent_h

#include "itkEventObject.h"
#include "LatentSpaceSuperResolutionExport.h"

namespace itk
{
/** \class TrainingRangeWarningEvent
 * \brief LatentSpaceSuperResolutionImageFilter invokes this event if a volume's spacing lies outside of the model's
 * training range. The filter's GetTrainingRangeWarning() gives the details.
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT TrainingRangeWarningEvent : public UserEvent
{
public:
  using Self = TrainingRangeWarningEvent;
  using Superclass = UserEvent;

  TrainingRangeWarningEvent() = default;
  TrainingRangeWarningEvent(const Self &) = default;
  ~TrainingRangeWarningEvent() override;

  const char *
  GetEventName() const override;
  bool
  CheckEvent(const EventObject * event) const override;
  EventObject *
  MakeObject() const override;

private:
  void
  operator=(const Self &) = delete;
};
} // end namespace itk

#endif // itkTrainingRangeWarningEvent_h
