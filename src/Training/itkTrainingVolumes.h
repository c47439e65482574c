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
#ifndef itkTrainingVolumes_h
#define itkTrainingVolumes_h

#include "itkTrainingVolume.h"
#include "itkTrainingVolumeReader.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace itk
{
class ProcessObject;

/** The training or the validation volumes: the volumes of images first, then the volumes of files. Files are read when
 * they are needed. */
class TrainingVolumes
{
public:
  /** The volumes of images, which are in memory. */
  struct Images
  {
    SizeValueType                                               count{ 0 };
    std::function<TrainingVolumeGeometry(SizeValueType number)> getGeometry;
    std::function<TrainingVolume(SizeValueType number)>         load;
  };

  /** \param sliceAxis 0 to 2; no value: the axis of the largest spacing of each file
   * \param process whose threads copy the pixels
   * \exception ExceptionObject that names a file that can't be read */
  TrainingVolumes(Images                           images,
                  const std::vector<std::string> & fileNames,
                  std::optional<unsigned int>      sliceAxis,
                  const ProcessObject *            process);

  SizeValueType
  GetCount() const
  {
    return m_Count;
  }
  TrainingVolumeGeometry
  GetGeometry(SizeValueType number) const;
  /** \exception ExceptionObject that names a file that can't be read */
  TrainingVolume
  Load(SizeValueType number) const;

  /** Compute a hash (FNV-1a, 64 bits) of the names of files without their folders, the sizes and the spacings. It shows
   * whether the volumes are the same as in another run. */
  std::string
  ComputeFingerprint() const;

private:
  size_t
  FindReader(SizeValueType number) const;

  Images                            m_Images;
  SizeValueType                     m_Count;
  const ProcessObject *             m_Process;
  std::vector<TrainingVolumeReader> m_Readers;
  /** The number of each reader's first volume. */
  std::vector<SizeValueType> m_Begins;
};
} // end namespace itk

#endif // itkTrainingVolumes_h
