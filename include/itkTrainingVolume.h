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
#ifndef itkTrainingVolume_h
#define itkTrainingVolume_h

#include "itkIntTypes.h"

#include <string>
#include <vector>

namespace itk
{
/** \class TrainingVolumeGeometry
 * \brief Size and spacings (in mm) of a volume to train on, and what to call it in messages.
 * \ingroup LatentSpaceSuperResolution
 */
struct TrainingVolumeGeometry
{
  SizeValueType slices{ 0 };
  SizeValueType rows{ 0 };
  SizeValueType columns{ 0 };
  double        rowSpacing{ 1.0 };
  double        columnSpacing{ 1.0 };
  double        sliceSpacing{ 1.0 };
  std::string   name;
};

/** \class TrainingVolume
 * \brief A volume to train on in native intensities: slices one after the other, columns fastest.
 * \ingroup LatentSpaceSuperResolution
 */
struct TrainingVolume : TrainingVolumeGeometry
{
  std::vector<float> pixels;
};
} // end namespace itk

#endif // itkTrainingVolume_h
