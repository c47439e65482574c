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
#ifndef itkAdamWOptimizer_h
#define itkAdamWOptimizer_h

#include "itkIntTypes.h"
#include "itkSafetensorsFile.h"
#include "itkTensorStorage.h"

#include <string>
#include <vector>

namespace itk
{
/** AdamW (Loshchilov and Hutter, arXiv:1711.05101) with PyTorch's fused kernel. Unlike torch::optim::AdamW, it accepts
 * tensors in any memory format, and stores its moments under the parameters' names. */
class AdamWOptimizer
{
public:
  /** \param parameters named tensors to train; their gradients are read in each step
   * \param weightDecay decoupled weight decay; 0: Adam */
  AdamWOptimizer(const TensorStorage::NamedTensors & parameters, double weightDecay);

  /** Scale the gradients so that their Euclidean norm is at most `largest`; 0: no limit.
   * \return their norm before scaling */
  double
  ClipGradients(double largest);

  void
  Step(double learningRate);

  SizeValueType
  GetNumberOfSteps() const
  {
    return m_NumberOfSteps;
  }

  /** Store and load the moments and the number of steps.
   * \exception std::runtime_error if the file does not contain them */
  void
  Store(SafetensorsFile & file) const;
  void
  Load(const SafetensorsFile & file);

private:
  TensorStorage::NamedTensors
  NameMoments(const std::vector<torch::Tensor> & moments) const;

  std::vector<std::string>   m_Names;
  std::vector<torch::Tensor> m_Parameters;
  std::vector<torch::Tensor> m_FirstMoments;
  std::vector<torch::Tensor> m_SecondMoments;
  /** The kernel needs the number of steps as a tensor for each parameter. */
  std::vector<torch::Tensor> m_StepCounts;
  double                     m_WeightDecay;
  SizeValueType              m_NumberOfSteps{ 0 };
};
} // end namespace itk

#endif // itkAdamWOptimizer_h
