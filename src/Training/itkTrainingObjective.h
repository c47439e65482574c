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
#ifndef itkTrainingObjective_h
#define itkTrainingObjective_h

#include "itkAutoencoderNetwork.h"
#include "itkAutoencoderTrainingParameters.h"
#include "itkPatchSampler.h"

#include <vector>

namespace itk
{
/** The loss of a batch: the objective in the documentation of AutoencoderTrainerBase. Each lane of each process
 * computes its share of the batch. The sum of these shares is the loss of the whole batch. */
class TrainingObjective
{
public:
  /** Scalars. `reconstruction` and `synthesis` are not weighted. A term that is not computed is an undefined tensor. */
  struct Terms
  {
    torch::Tensor reconstruction;
    torch::Tensor synthesis;
    torch::Tensor total;
  };

  /** Divide the batch among the processes, and the samples of this process among its lanes.
   * \exception ExceptionObject if the batch can't be divided among the processes */
  TrainingObjective(const AutoencoderTrainingParameters & parameters,
                    const AutoencoderArchitecture &       architecture,
                    int64_t                               rank,
                    int64_t                               numberOfProcesses,
                    unsigned int                          numberOfThreads);

  /** The sampler that draws the patches. Its volumes have to be set before Compute(). */
  PatchSampler &
  GetSampler()
  {
    return m_Sampler;
  }

  /** Number of lanes, and so of shares: at most four for up to four threads, else at most eight. */
  size_t
  GetNumberOfLanes() const
  {
    return m_Shares.size();
  }

  /** Compute the share of a lane.
   * \param run computes the network's sequences */
  Terms
  Compute(AutoencoderNetwork &                    network,
          size_t                                  lane,
          SizeValueType                           iteration,
          const AutoencoderNetwork::RunFunction & run) const;

private:
  using RunFunction = AutoencoderNetwork::RunFunction;

  /** The samples of a batch that a lane computes, and those of them that are reconstructed. */
  struct Share
  {
    std::vector<int64_t> samples;
    std::vector<int64_t> reconstructed;
  };

  /** Slices that are reconstructed in addition to the synthesis of triplets. */
  struct Reconstructed
  {
    torch::Tensor slices;
    /** Indices of their latents in the batch of encoded slices. */
    std::vector<int64_t> places;
    /** Whether they are encoded in addition to the slices of the triplets. */
    bool areExtra{ false };
  };

  Terms
  ComputeReconstruction(AutoencoderNetwork & network,
                        const Share &        share,
                        SizeValueType        iteration,
                        const RunFunction &  run) const;
  Terms
  ComputeSynthesis(AutoencoderNetwork & network,
                   const Share &        share,
                   SizeValueType        iteration,
                   const RunFunction &  run) const;
  Reconstructed
  ChooseReconstructed(const Share & share, const PatchSampler::Triplets & triplets, SizeValueType iteration) const;

  AutoencoderTrainingParameters m_Parameters;
  PatchSampler                  m_Sampler;
  std::vector<Share>            m_Shares;
  /** Number of reconstructed samples of a batch in all processes. */
  SizeValueType m_NumberOfReconstructed{ 0 };
};
} // end namespace itk

#endif // itkTrainingObjective_h
