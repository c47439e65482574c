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
/** The loss of a batch: the objective in the documentation of AutoencoderTrainerBase. Each of several processes
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

  /** \exception ExceptionObject if the batch can't be divided among the processes */
  TrainingObjective(const AutoencoderTrainingParameters & parameters,
                    const AutoencoderArchitecture &       architecture,
                    int64_t                               rank,
                    int64_t                               numberOfProcesses);

  /** The sampler that draws the patches. Its volumes have to be set before Compute(). */
  PatchSampler &
  GetSampler()
  {
    return m_Sampler;
  }

  Terms
  Compute(AutoencoderNetwork & network, SizeValueType iteration) const;

private:
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
  ComputeReconstruction(AutoencoderNetwork & network, SizeValueType iteration) const;
  Terms
  ComputeSynthesis(AutoencoderNetwork & network, SizeValueType iteration) const;
  Reconstructed
  ChooseReconstructed(const PatchSampler::Triplets & triplets, SizeValueType iteration) const;

  AutoencoderTrainingParameters m_Parameters;
  PatchSampler                  m_Sampler;
  int64_t                       m_NumberOfProcesses;
  /** The samples of a batch that this process computes, and those of them that are reconstructed. */
  std::vector<int64_t> m_Samples;
  std::vector<int64_t> m_ReconstructedSamples;
  /** Number of reconstructed samples of a batch in all processes. */
  SizeValueType m_NumberOfReconstructed{ 0 };
};
} // end namespace itk

#endif // itkTrainingObjective_h
