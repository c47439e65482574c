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

#include "itkAdamWOptimizer.h"

#include <stdexcept>

namespace itk
{
namespace
{
/** Key of the number of steps in the file's metadata. */
constexpr const char * StepsKey = "latent_sr.steps";
} // namespace

AdamWOptimizer::AdamWOptimizer(const TensorStorage::NamedTensors & parameters, double weightDecay)
  : m_WeightDecay(weightDecay)
{
  for (const auto & [name, parameter] : parameters)
  {
    m_Names.push_back(name);
    m_Parameters.push_back(parameter);
    m_FirstMoments.push_back(torch::zeros_like(parameter.detach(), torch::MemoryFormat::Preserve));
    m_SecondMoments.push_back(torch::zeros_like(parameter.detach(), torch::MemoryFormat::Preserve));
    m_StepCounts.push_back(torch::zeros({}, torch::kFloat));
  }
}

double
AdamWOptimizer::ClipGradients(double largest)
{
  const torch::NoGradGuard   noGradient;
  std::vector<torch::Tensor> gradients;
  gradients.reserve(m_Parameters.size());
  for (const torch::Tensor & parameter : m_Parameters)
  {
    gradients.push_back(parameter.grad());
  }
  const double norm = torch::stack(at::_foreach_norm(gradients)).norm().item<double>();
  if (largest > 0.0 && norm > largest)
  {
    at::_foreach_mul_(gradients, largest / norm);
  }
  return norm;
}

void
AdamWOptimizer::Step(double learningRate)
{
  // PyTorch's defaults for AdamW.
  constexpr double           beta1 = 0.9;
  constexpr double           beta2 = 0.999;
  constexpr double           epsilon = 1e-8;
  const torch::NoGradGuard   noGradient;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor & parameter : m_Parameters)
  {
    // The fused kernel runs through memory and ignores strides, so both need the same memory format.
    const torch::Tensor & gradient = parameter.grad();
    gradients.push_back(gradient.strides() == parameter.strides()
                          ? gradient
                          : torch::empty_like(parameter, torch::MemoryFormat::Preserve).copy_(gradient));
  }
  at::_foreach_add_(m_StepCounts, 1.0);
  at::_fused_adamw_(m_Parameters,
                    gradients,
                    m_FirstMoments,
                    m_SecondMoments,
                    /*max_exp_avg_sqs=*/{},
                    m_StepCounts,
                    learningRate,
                    beta1,
                    beta2,
                    m_WeightDecay,
                    epsilon,
                    /*amsgrad=*/false,
                    /*maximize=*/false);
  ++m_NumberOfSteps;
}

void
AdamWOptimizer::Store(SafetensorsFile & file) const
{
  TensorStorage::Store(this->NameMoments(m_FirstMoments), file, "first_moment.");
  TensorStorage::Store(this->NameMoments(m_SecondMoments), file, "second_moment.");
  file.metadata[StepsKey] = std::to_string(m_NumberOfSteps);
}

void
AdamWOptimizer::Load(const SafetensorsFile & file)
{
  const auto steps = file.metadata.find(StepsKey);
  if (steps == file.metadata.end())
  {
    throw std::runtime_error(std::string("it has no entry '") + StepsKey + "'");
  }
  TensorStorage::Load(this->NameMoments(m_FirstMoments), file, "first_moment.");
  TensorStorage::Load(this->NameMoments(m_SecondMoments), file, "second_moment.");
  // 18 digits fit into 64 bits.
  if (steps->second.empty() || steps->second.size() > 18 ||
      steps->second.find_first_not_of("0123456789") != std::string::npos)
  {
    throw std::runtime_error(std::string("its entry '") + StepsKey + "' is no whole number");
  }
  m_NumberOfSteps = std::stoull(steps->second);
  for (torch::Tensor & count : m_StepCounts)
  {
    count.fill_(static_cast<double>(m_NumberOfSteps));
  }
}

TensorStorage::NamedTensors
AdamWOptimizer::NameMoments(const std::vector<torch::Tensor> & moments) const
{
  TensorStorage::NamedTensors named;
  for (size_t i = 0; i < moments.size(); ++i)
  {
    named.emplace_back(m_Names[i], moments[i]);
  }
  return named;
}
} // end namespace itk
