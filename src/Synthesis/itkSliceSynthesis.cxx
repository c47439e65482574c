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

#include <algorithm>
#include <utility>

namespace itk
{
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
  const CountFunction count = [&plan, &progress, done = size_t{ 0 }](size_t more) mutable {
    done += more;
    progress(static_cast<float>(done) / static_cast<float>(plan.read.size() + plan.jobs.size()));
  };
  const size_t batchSize = m_Autoencoder.GetBatchSize();
  for (size_t begin = 0; begin < plan.jobs.size(); begin += batchSize)
  {
    const std::vector<Job> batch(plan.jobs.begin() + static_cast<std::ptrdiff_t>(begin),
                                 plan.jobs.begin() +
                                   static_cast<std::ptrdiff_t>(std::min(plan.jobs.size(), begin + batchSize)));
    const SizeValueType    last = SynthesisPlan::GetLastSlice(batch.back().position);
    this->ReadUpTo(plan, last + m_Reach, count);
    std::vector<torch::Tensor> decoded;
    if (!this->WindowIsEmpty())
    {
      decoded = this->Decode(batch);
      for (size_t i = 0; i < batch.size(); ++i)
      {
        if (batch[i].isKept)
        {
          m_Correction->Keep(m_Acquired.at(batch[i].position.slice), decoded[i]);
        }
      }
    }
    for (size_t i = 0; i < batch.size(); ++i)
    {
      if (batch[i].isOutput)
      {
        const torch::Tensor slice = this->ComputeOutputSlice(batch[i], decoded, i).to(torch::kCPU).contiguous();
        receive(batch[i].number, slice.data_ptr<float>());
      }
    }
    count(batch.size());
    // Jobs are sorted by the later one of the two slices around a position, so earlier slices are not needed any more.
    m_Acquired.erase(m_Acquired.begin(), m_Acquired.lower_bound(last - std::min(last, m_Reach + 1)));
  }
}

void
SliceSynthesis::ReadUpTo(const SynthesisPlan & plan, SizeValueType slice, const CountFunction & count)
{
  while (m_NumberOfReadSlices < plan.read.size() && plan.read[m_NumberOfReadSlices] <= slice)
  {
    const auto                 begin = plan.read.begin() + static_cast<std::ptrdiff_t>(m_NumberOfReadSlices);
    const auto                 number = std::min(m_Autoencoder.GetBatchSize(), plan.read.size() - m_NumberOfReadSlices);
    std::vector<SizeValueType> slices(begin, begin + static_cast<std::ptrdiff_t>(number));
    this->Read(slices);
    if (!this->WindowIsEmpty())
    {
      slices.erase(std::remove_if(slices.begin(),
                                  slices.end(),
                                  [&plan](SizeValueType candidate) {
                                    return !std::binary_search(plan.encoded.begin(), plan.encoded.end(), candidate);
                                  }),
                   slices.end());
      this->Encode(slices);
    }
    m_NumberOfReadSlices += number;
    count(number);
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
    m_Acquired.emplace(number, std::move(slice));
  }
}

void
SliceSynthesis::Encode(const std::vector<SizeValueType> & numbers)
{
  if (numbers.empty())
  {
    return;
  }
  std::vector<torch::Tensor> slices;
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
  const auto latents = m_Autoencoder.Encode(m_Grid.Pad(networkInput));
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
SliceSynthesis::ComputeMixingCorrections(SizeValueType slice)
{
  auto & corrections = m_Acquired.at(slice).mixingCorrections;
  if (!m_Architecture.learnsMixing || !corrections.empty())
  {
    return;
  }
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
    corrections.push_back(m_Autoencoder.ComputeMixingCorrection(neighbors));
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

std::vector<torch::Tensor>
SliceSynthesis::Decode(const std::vector<Job> & jobs)
{
  for (const Job & job : jobs)
  {
    for (const MixedGap & gap : job.gaps)
    {
      if (gap.alpha > 0.0)
      {
        this->ComputeMixingCorrections(gap.slice);
      }
    }
  }
  const torch::Tensor padded =
    m_Autoencoder.Decode([&](unsigned int orientation) { return this->MixLatentsOfJobs(jobs, orientation); });
  std::vector<torch::Tensor> slices = m_Grid.Crop(padded).clamp(0.0, 1.0).contiguous().split(1);
  // Drop the slices that only fill up the batch.
  slices.resize(jobs.size());
  return slices;
}

torch::Tensor
SliceSynthesis::ComputeOutputSlice(const Job & job, const std::vector<torch::Tensor> & decoded, size_t place) const
{
  return this->WindowIsEmpty() ? InterpolateLinearly(m_Acquired, job.position, &AcquiredSlice::native)
                               : m_Correction->Apply(job.position, m_Acquired, decoded[place]);
}
} // end namespace itk
