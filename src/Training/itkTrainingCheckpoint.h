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
#ifndef itkTrainingCheckpoint_h
#define itkTrainingCheckpoint_h

#include "itkAutoencoderTrainingParameters.h"
#include "itkAutoencoderTrainingProgress.h"
#include "itkTrainedNetwork.h"

#include <nlohmann/json.hpp>

#include <string>

namespace itk
{
/** The checkpoint file of a training: when it is written, its content, and whether it belongs to a training. */
class TrainingCheckpoint
{
public:
  using Json = nlohmann::ordered_json;

  /** \param settings what has to be the same in a resumed training, as a JSON object. The entries TrainingVolumes and
   * ValidationVolumes are fingerprints of volumes. */
  TrainingCheckpoint(const AutoencoderTrainingParameters & parameters, Json settings);

  static constexpr const char * TrainingVolumes = "training_volumes";
  static constexpr const char * ValidationVolumes = "validation_volumes";

  /** Check that a checkpoint can be written. A training calls this at the start, because otherwise it would fail only
   * after hours.
   * \exception ExceptionObject that names the file */
  static void
  CheckIsWritable(const std::string & fileName);

  /** Whether a checkpoint has to be written after an iteration. */
  bool
  IsDue(const AutoencoderTrainingProgress & progress) const;

  /** Start the time interval to the next checkpoint. */
  void
  Restart(double elapsedTime)
  {
    m_LastTime = elapsedTime;
  }

  /** \exception ExceptionObject that names the file */
  void
  Write(TrainedNetwork & network, const AutoencoderTrainingProgress & progress) const;

  /** Whether Resume is on, and the file exists. */
  bool
  CanResume() const;

  /** \exception ExceptionObject that names the file if it is damaged, or belongs to another training */
  void
  Read(TrainedNetwork & network, AutoencoderTrainingProgress & progress) const;

  /** Read the contents of the file. Read() calls this. */
  void
  Parse(const std::string & bytes, TrainedNetwork & network, AutoencoderTrainingProgress & progress) const;

private:
  void
  CheckSettings(const Json & before) const;

  std::string   m_FileName;
  SizeValueType m_Interval;
  double        m_TimeInterval;
  bool          m_Resume;
  Json          m_Settings;
  double        m_LastTime{ 0.0 };
};
} // end namespace itk

#endif // itkTrainingCheckpoint_h
