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

#include "itkSliceSynthesis.h"

#include "itkSliceTensors.h"
#include "itkTaskLanes.h"
#include "itkTorchAutocastScope.h"
#include "itkTorchThreadScope.h"

#include <algorithm>
#include <utility>

namespace itk
{
namespace
{
/** How many tasks, for each lane, may lie between the oldest unfinished task and the next one. It bounds the acquired
 * slices in memory. A lane that is several times slower than the others does not yet hold them up. */
constexpr size_t TasksAheadOfLane = 8;
} // namespace

SliceSynthesis::SliceSynthesis(const AutoencoderModel & model, const Stack & stack, const Settings & settings)
  : m_Stack(stack)
  , m_Settings(settings)
  , m_Architecture(GetArchitecture(&model))
  , m_Reach(LatentSliceSynthesizer::GetReach(settings.outputMode, &model))
  , m_Grid(stack, model)
  , m_Autoencoder(model, settings, m_Grid.GetNumberOfPaddedPixels())
  , m_Correction(SliceCorrection::Make(settings, m_Grid, stack.slices))
{}

void
SliceSynthesis::Run(const std::vector<Position> &                    positions,
                    const LatentSliceSynthesizer::SliceFunction &    receive,
                    const LatentSliceSynthesizer::ProgressFunction & progress)
{
  const SynthesisPlan plan(positions, *m_Correction, m_Stack.slices, m_Architecture, !this->WindowIsEmpty());
  for (const SizeValueType slice : plan.read)
  {
    m_Acquired[slice];
  }
  this->RunInLanes(ListSynthesisTasks(plan, *m_Correction, m_Autoencoder.GetBatchSize(), m_Reach), receive, progress);
}

void
SliceSynthesis::RunInLanes(const std::vector<SynthesisTask> &               tasks,
                           const LatentSliceSynthesizer::SliceFunction &    receive,
                           const LatentSliceSynthesizer::ProgressFunction & progress)
{
  std::vector<std::vector<size_t>> prerequisites;
  unsigned int                     decodings = 0;
  size_t                           steps = 0;
  for (const SynthesisTask & task : tasks)
  {
    prerequisites.push_back(task.prerequisites);
    decodings += task.jobs.empty() ? 0 : 1;
    steps += task.slices.size() + task.jobs.size();
  }
  // A device has its own parallelism. If there are fewer batches than threads, the threads share batches.
  const auto         threads = static_cast<unsigned int>(at::get_num_threads());
  const unsigned int lanes = m_Autoencoder.GetDevice().is_cpu() ? std::clamp(decodings, 1u, threads) : 1;
  m_Autoencoder.SetThreadsPerBatch(static_cast<int>(threads / lanes));

  std::vector<TensorPool> pools(lanes);
  TaskLanes::Functions    functions;
  functions.enter = [&](const std::function<void()> & work) {
    const torch::InferenceMode inference;
    const TorchThreadScope     scope(1);
    const TorchAutocastScope   autocast(m_Settings.precision, m_Autoencoder.GetDevice().type());
    work();
  };
  functions.run = [&](size_t task, unsigned int lane) { this->RunTask(tasks[task], receive, pools[lane]); };
  functions.release = [&, begin = size_t{ 0 }](size_t oldest) mutable {
    for (; begin < oldest; ++begin)
    {
      for (const SizeValueType slice : tasks[begin].lastUsed)
      {
        m_Acquired.at(slice) = {};
      }
    }
  };
  functions.progress = [&, done = size_t{ 0 }](const std::vector<size_t> & finished) mutable {
    for (const size_t task : finished)
    {
      done += tasks[task].slices.size() + tasks[task].jobs.size();
    }
    progress(static_cast<float>(done) / static_cast<float>(steps));
  };
  TaskLanes(std::move(prerequisites), TasksAheadOfLane * lanes).Run(lanes, functions);
}

void
SliceSynthesis::RunTask(const SynthesisTask &                         task,
                        const LatentSliceSynthesizer::SliceFunction & receive,
                        TensorPool &                                  pool)
{
  this->Read(task.slices);
  if (!this->WindowIsEmpty())
  {
    this->Encode(task.encoded, pool);
    for (const MixedGap & gap : task.corrections)
    {
      this->ComputeMixingCorrections(gap.slice, pool);
    }
  }
  DecodedJobs decoded;
  if (!this->WindowIsEmpty() && !task.jobs.empty())
  {
    decoded = this->Decode(task.jobs, pool);
    for (size_t i = 0; i < task.jobs.size(); ++i)
    {
      if (task.jobs[i].isKept)
      {
        m_Correction->Keep(m_Acquired.at(task.jobs[i].position.slice), decoded.slices[i]);
      }
    }
  }
  for (size_t i = 0; i < task.jobs.size(); ++i)
  {
    if (task.jobs[i].isOutput)
    {
      const torch::Tensor slice = this->ComputeOutputSlice(task.jobs[i], decoded, i).to(torch::kCPU).contiguous();
      const torch::Tensor spread = this->ComputeOutputSpread(decoded, i);
      receive(task.jobs[i].number, slice.data_ptr<float>(), spread.defined() ? spread.data_ptr<float>() : nullptr);
    }
  }
}

void
SliceSynthesis::Read(const std::vector<SizeValueType> & numbers)
{
  for (const SizeValueType number : numbers)
  {
    const std::vector<float> pixels = m_Stack.read(number);
    AcquiredSlice            slice;
    slice.native = torch::from_blob(const_cast<float *>(pixels.data()), { 1, 1, m_Grid.GetRows(), m_Grid.GetColumns() })
                     .clone()
                     .to(m_Autoencoder.GetDevice());
    slice.minimum = slice.native.min();
    slice.maximum = slice.native.max();
    m_Acquired.at(number) = std::move(slice);
  }
}

void
SliceSynthesis::Encode(const std::vector<SizeValueType> & numbers, TensorPool & pool)
{
  if (numbers.empty())
  {
    return;
  }
  std::vector<torch::Tensor> slices;
  slices.reserve(numbers.size());
  for (const SizeValueType number : numbers)
  {
    slices.push_back(m_Acquired.at(number).native);
  }
  const torch::Tensor native = m_Autoencoder.MakeBatch(std::move(slices));
  const torch::Tensor windowed = SliceTensors::ApplyWindow(native, m_Settings.windowMinimum, m_Settings.windowMaximum);
  const torch::Tensor networkInput = m_Grid.ResampleToNetwork(windowed).clamp(0.0, 1.0);
  const torch::Tensor detail = windowed - m_Grid.ResampleToNative(networkInput);
  const double        range = m_Settings.windowMaximum - m_Settings.windowMinimum;
  const torch::Tensor remainder =
    native - m_Settings.windowMinimum + range * (m_Correction->GetDetailGain() * detail - windowed);
  const auto latents = m_Autoencoder.Encode(m_Grid.Pad(networkInput), pool);
  for (size_t i = 0; i < numbers.size(); ++i)
  {
    AcquiredSlice & slice = m_Acquired.at(numbers[i]);
    const auto      place = static_cast<int64_t>(i);
    slice.remainder = remainder.narrow(0, place, 1);
    slice.networkInput = networkInput.narrow(0, place, 1);
    for (const auto & latent : latents)
    {
      slice.latents.push_back(NarrowLatents(latent, place, 1));
    }
  }
}

void
SliceSynthesis::ComputeMixingCorrections(SizeValueType slice, TensorPool & pool)
{
  const auto latentsOf = [&](SizeValueType number) -> const std::vector<LatentTensors> & {
    return m_Acquired.at(number).latents;
  };
  for (size_t orientation = 0; orientation < latentsOf(slice).size(); ++orientation)
  {
    LatentNeighbors neighbors{ latentsOf(slice)[orientation], latentsOf(slice + 1)[orientation], {}, {} };
    if (m_Architecture.mixesWithContext)
    {
      neighbors.before = latentsOf(SynthesisPlan::GetSliceBefore(slice))[orientation];
      neighbors.after = latentsOf(SynthesisPlan::GetSliceAfter(slice + 1, m_Stack.slices))[orientation];
    }
    m_Acquired.at(slice).mixingCorrections.push_back(m_Autoencoder.ComputeMixingCorrection(neighbors, pool));
  }
}

LatentTensors
SliceSynthesis::MixLatentsOfJob(const Job & job, unsigned int orientation) const
{
  LatentTensors sum;
  for (const MixedGap & gap : job.gaps)
  {
    const AcquiredSlice & first = m_Acquired.at(gap.slice);
    LatentTensors         mixed = first.latents[orientation];
    if (gap.alpha > 0.0)
    {
      mixed = MixLatents(mixed,
                         m_Acquired.at(gap.slice + 1).latents[orientation],
                         gap.alpha,
                         m_Architecture.learnsMixing ? first.mixingCorrections[orientation] : LatentTensors{});
    }
    for (size_t i = 0; i < mixed.size() && gap.weight != 1.0; ++i)
    {
      mixed[i] = mixed[i] * gap.weight;
    }
    if (sum.empty())
    {
      sum = mixed;
      continue;
    }
    for (size_t i = 0; i < sum.size(); ++i)
    {
      sum[i] = sum[i] + mixed[i];
    }
  }
  return sum;
}

AutoencoderNetwork::LatentType
SliceSynthesis::MixLatentsOfJobs(const std::vector<Job> & jobs, unsigned int orientation) const
{
  std::vector<std::vector<torch::Tensor>> ofTensors;
  for (const Job & job : jobs)
  {
    const LatentTensors mixed = this->MixLatentsOfJob(job, orientation);
    ofTensors.resize(mixed.size());
    for (size_t i = 0; i < mixed.size(); ++i)
    {
      ofTensors[i].push_back(mixed[i]);
    }
  }
  AutoencoderNetwork::LatentType batch;
  for (auto & tensors : ofTensors)
  {
    batch.push_back(m_Autoencoder.MakeBatch(std::move(tensors)));
  }
  return batch;
}

auto
SliceSynthesis::Decode(const std::vector<Job> & jobs, TensorPool & pool) const -> DecodedJobs
{
  const auto padded =
    m_Autoencoder.Decode([&](unsigned int orientation) { return this->MixLatentsOfJobs(jobs, orientation); }, pool);
  // The slices that only fill up the batch are dropped.
  const auto split = [&](const torch::Tensor & batch) {
    std::vector<torch::Tensor> ofJobs = batch.contiguous().split(1);
    ofJobs.resize(jobs.size());
    return ofJobs;
  };
  DecodedJobs decoded;
  decoded.slices = split(m_Grid.Crop(padded.mean).clamp(0.0, 1.0));
  if (padded.spread.defined())
  {
    decoded.spreads = split(m_Grid.Crop(padded.spread));
  }
  return decoded;
}

torch::Tensor
SliceSynthesis::ComputeOutputSlice(const Job & job, const DecodedJobs & decoded, size_t place) const
{
  return this->WindowIsEmpty() ? InterpolateLinearly(m_Acquired, job.position, &AcquiredSlice::native)
                               : m_Correction->Apply(job.position, m_Acquired, decoded.slices[place]);
}

torch::Tensor
SliceSynthesis::ComputeOutputSpread(const DecodedJobs & decoded, size_t place) const
{
  if (!m_Settings.computeOrientationSpread)
  {
    return {};
  }
  if (this->WindowIsEmpty())
  {
    return torch::zeros({ 1, 1, m_Grid.GetRows(), m_Grid.GetColumns() });
  }
  // The bicubic weights may overshoot below 0.
  const torch::Tensor native = m_Grid.ResampleToNative(decoded.spreads[place]).clamp_min(0.0);
  return (native * (m_Settings.windowMaximum - m_Settings.windowMinimum)).to(torch::kCPU).contiguous();
}
} // end namespace itk
