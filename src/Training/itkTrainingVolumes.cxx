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

#include "itkTrainingVolumes.h"

#include "itkTextHash.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

namespace itk
{
TrainingVolumes::TrainingVolumes(Images                           images,
                                 const std::vector<std::string> & fileNames,
                                 std::optional<unsigned int>      sliceAxis,
                                 const ProcessObject *            process)
  : m_Images(std::move(images))
  , m_Count(m_Images.count)
  , m_Process(process)
{
  for (const std::string & name : fileNames)
  {
    m_Readers.emplace_back(name, sliceAxis);
    m_Begins.push_back(m_Count);
    m_Count += m_Readers.back().GetNumberOfVolumes();
  }
}

TrainingVolumeGeometry
TrainingVolumes::GetGeometry(SizeValueType number) const
{
  return number < m_Images.count ? m_Images.getGeometry(number) : m_Readers[this->FindReader(number)].GetGeometry();
}

TrainingVolume
TrainingVolumes::Load(SizeValueType number) const
{
  if (number < m_Images.count)
  {
    return m_Images.load(number);
  }
  const size_t reader = this->FindReader(number);
  return m_Readers[reader].Read(number - m_Begins[reader], m_Process);
}

std::string
TrainingVolumes::ComputeFingerprint() const
{
  std::string description;
  for (SizeValueType i = 0; i < m_Count; ++i)
  {
    const TrainingVolumeGeometry geometry = this->GetGeometry(i);
    std::ostringstream           text;
    text << std::filesystem::path(geometry.name).filename().string() << ' ' << geometry.slices << ' ' << geometry.rows
         << ' ' << geometry.columns << ' ' << geometry.sliceSpacing << ' ' << geometry.rowSpacing << ' '
         << geometry.columnSpacing << '\n';
    description += text.str();
  }
  return std::to_string(HashText(description));
}

size_t
TrainingVolumes::FindReader(SizeValueType number) const
{
  return static_cast<size_t>(std::upper_bound(m_Begins.begin(), m_Begins.end(), number) - m_Begins.begin()) - 1;
}
} // end namespace itk
