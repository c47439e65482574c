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
#ifndef itkTrainingVolumeReader_h
#define itkTrainingVolumeReader_h

#include "itkTrainingVolume.h"

#include <optional>
#include <string>
#include <vector>

namespace itk
{
class ProcessObject;

/** Reads the volumes of a file, or of a folder with the slices of one DICOM series, when they are needed. Formats are
 * those whose ImageIO is registered in the program. A folder whose slices are no regular stack is refused, see
 * SliceFileSeries; each slice is rescaled by its own slope and intercept. */
class TrainingVolumeReader
{
public:
  /** Read what is needed to know the size.
   * \param sliceAxis 0 to 2; without a value, that of the largest spacing
   * \exception ExceptionObject that names the file */
  TrainingVolumeReader(const std::string & fileName, std::optional<unsigned int> sliceAxis);

  /** Time frames of a 4D file, 1 of others. */
  SizeValueType
  GetNumberOfVolumes() const
  {
    return m_NumberOfVolumes;
  }

  /** Of each volume. */
  const TrainingVolumeGeometry &
  GetGeometry() const
  {
    return m_Geometry;
  }

  /** \exception ExceptionObject that names the file */
  TrainingVolume
  Read(SizeValueType frame, const ProcessObject * process) const;

private:
  std::string              m_FileName;
  std::vector<std::string> m_Series;
  unsigned int             m_SliceAxis{ 2 };
  SizeValueType            m_NumberOfVolumes{ 1 };
  TrainingVolumeGeometry   m_Geometry;
};
} // end namespace itk

#endif // itkTrainingVolumeReader_h
