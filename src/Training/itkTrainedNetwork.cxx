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

#include "itkTrainedNetwork.h"

#include "itkLaneNormalization.h"
#include "itkTensorStorage.h"

#include "itkMath.h"

#include <algorithm>
#include <utility>

namespace itk
{
namespace
{
void
UseChannelsLast(AutoencoderNetwork & network)
{
  const torch::NoGradGuard noGradient;
  for (auto & parameter : network.parameters())
  {
    if (parameter.dim() == 4)
    {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

/** A copy in channels-last layout. Copies between two such networks are plain memory copies. */
std::shared_ptr<AutoencoderNetwork>
CloneInChannelsLast(const AutoencoderNetwork & network)
{
  auto clone = CloneNetwork(network);
  UseChannelsLast(*clone);
  return clone;
}

std::vector<torch::Tensor>
ListTensors(AutoencoderNetwork & network)
{
  std::vector<torch::Tensor> tensors;
  for (const auto & item : TensorStorage::NetworkTensors(network))
  {
    tensors.push_back(item.second.detach());
  }
  return tensors;
}

TensorStorage::NamedTensors
ListParameters(const AutoencoderNetwork & network)
{
  TensorStorage::NamedTensors parameters;
  for (const auto & item : network.named_parameters())
  {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}
} // namespace

TrainedNetwork::TrainedNetwork(const AutoencoderTrainingParameters & parameters,
                               const AutoencoderNetwork &            start,
                               unsigned int                          numberOfThreads)
  : m_Parameters(parameters)
  , m_Network(CloneInChannelsLast(start))
  , m_LastGood(CloneInChannelsLast(*m_Network))
  , m_Optimizer(ListParameters(*m_Network), parameters.weightDecay)
  , m_Reducer(parameters.processGroupName, m_Network->parameters())
  , m_Objective(parameters,
                start.GetArchitecture(),
                m_Reducer.GetRank(),
                m_Reducer.GetNumberOfProcesses(),
                numberOfThreads)
  , m_NetworkTensors(ListTensors(*m_Network))
  , m_LastGoodTensors(ListTensors(*m_LastGood))
{
  m_Network->train(!parameters.freezeNormalization);
  if (parameters.weightAveraging > 0.0)
  {
    m_Average = CloneInChannelsLast(*m_Network);
    m_AverageTensors = ListTensors(*m_Average);
  }
  this->MakeLanes(numberOfThreads);
}

void
TrainedNetwork::MakeLanes(unsigned int numberOfThreads)
{
  m_Lanes = std::make_unique<TrainingLanes>(m_Objective.GetNumberOfLanes(), numberOfThreads);
  m_LaneLosses.resize(m_Lanes->GetCount());
  std::vector<LaneGradients::Parameters> parameters;
  for (size_t lane = 0; lane < m_Lanes->GetCount(); ++lane)
  {
    auto network = std::make_shared<AutoencoderNetwork>(m_Network->GetArchitecture());
    network->train(m_Network->is_training());
    const auto share = [](std::vector<torch::Tensor> own, const std::vector<torch::Tensor> & shared) {
      for (size_t i = 0; i < own.size(); ++i)
      {
        own[i].set_data(shared[i].detach());
      }
    };
    share(network->parameters(), m_Network->parameters());
    share(network->buffers(), m_Network->buffers());
    parameters.push_back(network->parameters());
    m_LaneNetworks.push_back(network);
  }
  m_LaneGradients = std::make_unique<LaneGradients>(
    *m_Lanes, m_Network->parameters(), parameters, [this](size_t parameter) { m_Reducer.MarkReady(parameter); });
}

TrainedNetwork::Losses
TrainedNetwork::ComputeLosses(SizeValueType iteration)
{
  m_PackedWeights.Renew([this](size_t count, const auto & function) { m_Lanes->ForEach(count, function); });
  m_LaneGradients->Begin();
  std::vector<Losses> ofLanes(m_Lanes->GetCount());
  m_Lanes->Run([&](size_t lane) {
    const ConvolutionLaneScope scope(m_PackedWeights, m_LaneGradients->GetCollector(lane));
    const auto                 run =
      AutoencoderNetwork::RunWith([&](torch::nn::BatchNorm2dImpl & normalization, const torch::Tensor & features) {
        return LaneNormalization::Normalize(*m_Lanes, lane, normalization, features);
      });
    const auto terms = m_Objective.Compute(*m_LaneNetworks[lane], lane, iteration, run);
    m_LaneLosses[lane] = terms.total;
    const auto value = [](const torch::Tensor & term) { return term.defined() ? term.item<double>() : 0.0; };
    ofLanes[lane] = { value(terms.reconstruction), value(terms.synthesis), value(terms.total) };
  });
  std::vector<double> sums(3);
  for (const Losses & losses : ofLanes)
  {
    sums[0] += losses.reconstruction;
    sums[1] += losses.synthesis;
    sums[2] += losses.total;
  }
  m_Reducer.Sum(sums);
  return { sums[0], sums[1], sums[2] };
}

void
TrainedNetwork::ComputeGradients()
{
  m_Reducer.Begin();
  m_Lanes->Run([&](size_t lane) {
    const ConvolutionLaneScope scope(m_PackedWeights, m_LaneGradients->GetCollector(lane));
    std::exchange(m_LaneLosses[lane], torch::Tensor()).backward();
  });
  m_LaneGradients->Finish();
  m_Reducer.Finish();
}

TrainedNetwork::Losses
TrainedNetwork::Step(SizeValueType iteration, double learningRate)
{
  Losses losses = this->ComputeLosses(iteration);
  if (!Math::isfinite(losses.total))
  {
    return losses;
  }
  // These weights gave a finite loss. Whether the next weights do is known only in the next step.
  at::_foreach_copy_(m_LastGoodTensors, m_Average ? m_AverageTensors : m_NetworkTensors);
  this->ComputeGradients();
  const double norm = m_Optimizer.ClipGradients(m_Parameters.gradientClippingNorm);
  if (!Math::isfinite(norm))
  {
    losses.total = norm;
    return losses;
  }
  m_Optimizer.Step(learningRate);
  this->UpdateAverage();
  return losses;
}

void
TrainedNetwork::UpdateAverage()
{
  if (!m_Average)
  {
    return;
  }
  const torch::NoGradGuard noGradient;
  const auto               steps = static_cast<double>(m_Optimizer.GetNumberOfSteps());
  // The average forgets quickly at first, so that the random initial weights vanish from it.
  const double decay = std::min(m_Parameters.weightAveraging, (1.0 + steps) / (10.0 + steps));
  at::_foreach_lerp_(m_AverageTensors, m_NetworkTensors, 1.0 - decay);
}

void
TrainedNetwork::SynchronizeStatistics()
{
  if (m_Reducer.GetNumberOfProcesses() == 1)
  {
    return;
  }
  const torch::NoGradGuard noGradient;
  for (AutoencoderNetwork * network : { m_Network.get(), m_Average.get() })
  {
    if (!network)
    {
      continue;
    }
    for (const auto & item : network->named_buffers())
    {
      if (item.value().is_floating_point())
      {
        torch::Tensor sum = item.value().clone();
        m_Reducer.Sum(sum);
        torch::Tensor(item.value()).copy_(sum / static_cast<double>(m_Reducer.GetNumberOfProcesses()));
      }
    }
  }
}

std::shared_ptr<AutoencoderNetwork>
TrainedNetwork::GetCurrent()
{
  if (m_Average)
  {
    m_Average->eval();
    return m_Average;
  }
  auto current = CloneNetwork(*m_Network);
  current->eval();
  return current;
}

void
TrainedNetwork::KeepBest()
{
  m_Best = CloneNetwork(*this->GetCurrent());
}

std::shared_ptr<AutoencoderNetwork>
TrainedNetwork::CopyResult()
{
  auto result = CloneNetwork(m_Best ? *m_Best : *this->GetCurrent());
  result->eval();
  return result;
}

std::shared_ptr<AutoencoderNetwork>
TrainedNetwork::CopyLastGood() const
{
  auto result = CloneNetwork(*m_LastGood);
  result->eval();
  return result;
}

void
TrainedNetwork::Store(SafetensorsFile & file)
{
  TensorStorage::Store(TensorStorage::NetworkTensors(*m_Network), file, "network.");
  if (m_Average)
  {
    TensorStorage::Store(TensorStorage::NetworkTensors(*m_Average), file, "average.");
  }
  if (m_Best)
  {
    TensorStorage::Store(TensorStorage::NetworkTensors(*m_Best), file, "best.");
  }
  m_Optimizer.Store(file);
}

void
TrainedNetwork::Load(const SafetensorsFile & file)
{
  TensorStorage::Load(TensorStorage::NetworkTensors(*m_Network), file, "network.");
  if (m_Average)
  {
    TensorStorage::Load(TensorStorage::NetworkTensors(*m_Average), file, "average.");
  }
  const auto firstBest = file.tensors.lower_bound("best.");
  if (firstBest != file.tensors.end() && firstBest->first.compare(0, 5, "best.") == 0)
  {
    m_Best = CloneNetwork(*m_Network);
    m_Best->eval();
    TensorStorage::Load(TensorStorage::NetworkTensors(*m_Best), file, "best.");
  }
  CopyNetwork(*m_LastGood, m_Average ? *m_Average : *m_Network);
  m_Optimizer.Load(file);
}
} // end namespace itk
