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
#ifndef itkSliceSynthesis_h
#define itkSliceSynthesis_h

#include "itkAcquiredSlice.h"
#include "itkAutoencoderModel.h"
#include "itkLatentSliceSynthesizer.h"
#include "itkNetworkGrid.h"
#include "itkSliceAutoencoder.h"
#include "itkSliceCorrection.h"
#include "itkSynthesisTasks.h"
#include "itkTensorPool.h"

#include <memory>
#include <vector>

namespace itk
{
/** One run of LatentSliceSynthesizer. Threads read and encode acquired slices shortly before they are needed, decode
 * slices in batches, correct them, and release acquired slices that are no longer needed. */
class SliceSynthesis
{
public:
  using Position = LatentSliceSynthesizer::Position;
  using Settings = LatentSliceSynthesizer::Settings;
  using Stack = LatentSliceSynthesizer::Stack;

  SliceSynthesis(const AutoencoderModel & model, const Stack & stack, const Settings & settings);

  void
  Run(const std::vector<Position> &                    positions,
      const LatentSliceSynthesizer::SliceFunction &    receive,
      const LatentSliceSynthesizer::ProgressFunction & progress);

private:
  using Job = SynthesisPlan::Job;

  /** The window of a constant volume is empty. Its slices are interpolated without the network. */
  bool
  WindowIsEmpty() const
  {
    return !(m_Settings.windowMaximum > m_Settings.windowMinimum);
  }

  /** Compute the tasks in lanes. */
  void
  RunInLanes(const std::vector<SynthesisTask> &               tasks,
             const LatentSliceSynthesizer::SliceFunction &    receive,
             const LatentSliceSynthesizer::ProgressFunction & progress);
  void
  RunTask(const SynthesisTask & task, const LatentSliceSynthesizer::SliceFunction & receive, TensorPool & pool);
  void
  Read(const std::vector<SizeValueType> & numbers);
  void
  Encode(const std::vector<SizeValueType> & numbers, TensorPool & pool);
  /** What the network makes of jobs: a tensor for each job, at the network's pixels. */
  struct DecodedJobs
  {
    /** Slices in [0, 1]. Empty if the window is empty. */
    std::vector<torch::Tensor> slices;
    /** Their spread over the orientations. Empty unless it is computed. */
    std::vector<torch::Tensor> spreads;
  };

  DecodedJobs
  Decode(const std::vector<Job> & jobs, TensorPool & pool) const;
  /** Compute the corrections of the learned mixing between a slice and the next one. */
  void
  ComputeMixingCorrections(SizeValueType slice, TensorPool & pool);
  /** The latent of a job in one orientation. */
  LatentTensors
  MixLatentsOfJob(const Job & job, unsigned int orientation) const;
  AutoencoderNetwork::LatentType
  MixLatentsOfJobs(const std::vector<Job> & jobs, unsigned int orientation) const;
  /** The output slice of a job, in native intensities and pixels. */
  torch::Tensor
  ComputeOutputSlice(const Job & job, const DecodedJobs & decoded, size_t place) const;
  /** The spread of a job over the orientations, in native intensities and pixels. Not defined unless it is computed. */
  torch::Tensor
  ComputeOutputSpread(const DecodedJobs & decoded, size_t place) const;

  const Stack &                    m_Stack;
  const Settings &                 m_Settings;
  const AutoencoderArchitecture    m_Architecture;
  const SizeValueType              m_Reach;
  NetworkGrid                      m_Grid;
  SliceAutoencoder                 m_Autoencoder;
  std::unique_ptr<SliceCorrection> m_Correction;
  /** An entry for every slice of the plan, which is filled when the slice is read and emptied after its last use. */
  AcquiredSlices m_Acquired;
};
} // end namespace itk

#endif // itkSliceSynthesis_h
