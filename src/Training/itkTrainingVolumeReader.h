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

/** Reads the volumes of a file, or of a folder with the slices of one DICOM series, when they are needed. It reads all
 * formats with a registered ImageIO. A folder whose slices are not a regular stack is refused, see SliceFileSeries.
 * Each slice is rescaled with its slope and intercept. */
class TrainingVolumeReader
{
public:
  /** Read the headers only.
   * \param sliceAxis 0 to 2; no value: the axis of the largest spacing
   * \exception ExceptionObject that names the file */
  TrainingVolumeReader(const std::string & fileName, std::optional<unsigned int> sliceAxis);

  /** Number of phases of a 4D file; 1 for other files. */
  SizeValueType
  GetNumberOfVolumes() const
  {
    return m_NumberOfVolumes;
  }

  /** The geometry of each volume. */
  const TrainingVolumeGeometry &
  GetGeometry() const
  {
    return m_Geometry;
  }

  /** \exception ExceptionObject that names the file */
  TrainingVolume
  Read(SizeValueType phase, const ProcessObject * process) const;

private:
  std::string              m_FileName;
  std::vector<std::string> m_Series;
  unsigned int             m_SliceAxis{ 2 };
  SizeValueType            m_NumberOfVolumes{ 1 };
  TrainingVolumeGeometry   m_Geometry;
};
} // end namespace itk

#endif // itkTrainingVolumeReader_h
