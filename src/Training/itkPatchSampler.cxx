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

#include "itkPatchSampler.h"

#include "itkSliceTensors.h"

#include <algorithm>
#include <cmath>

namespace itk
{
void
PatchSampler::SetVolumes(const VolumesType & volumes)
{
  m_Volumes.clear();
  m_VolumesWithTriplets.clear();
  for (const auto & item : volumes)
  {
    m_Volumes.push_back(item.second);
    if (item.second.size(0) >= 3)
    {
      m_VolumesWithTriplets.push_back(item.second);
    }
  }
}

int64_t
PatchSampler::DrawSide(TrainingRandom & random, int64_t largest) const
{
  if (m_Settings.largestScaleChange == 0.0)
  {
    return m_Settings.patchSize;
  }
  const double range = std::log1p(m_Settings.largestScaleChange);
  const double scale = std::exp(random.Uniform(-range, range));
  return std::clamp<int64_t>(std::llround(scale * static_cast<double>(m_Settings.patchSize)), 1, largest);
}

int64_t
PatchSampler::DrawOffset(TrainingRandom & random, int64_t free) const
{
  if (!m_Settings.center)
  {
    return random.Integer(free + 1);
  }
  const double offset = 0.5 * static_cast<double>(free) + random.Normal(static_cast<double>(free) / 6.0);
  return std::clamp<int64_t>(std::llround(offset), 0, free);
}

torch::Tensor
PatchSampler::DrawPatch(TrainingRandom & random, const torch::Tensor & slices) const
{
  const int64_t size = m_Settings.patchSize;
  const int64_t side = this->DrawSide(random, std::min(slices.size(1), slices.size(2)));
  const int64_t row = this->DrawOffset(random, slices.size(1) - side);
  const int64_t column = this->DrawOffset(random, slices.size(2) - side);
  torch::Tensor patch = slices.narrow(1, row, side).narrow(2, column, side);
  if (side != size)
  {
    patch = SliceTensors::Resample(patch.unsqueeze(1), size, size).squeeze(1).clamp(0.0, 1.0);
  }
  if (m_Settings.rotate)
  {
    patch = torch::rot90(patch, random.Integer(4), { 1, 2 });
  }
  if (m_Settings.flip && random.Integer(2) == 1)
  {
    patch = patch.flip({ 2 });
  }
  if (random.Uniform() < m_Settings.intensityProbability)
  {
    const double gamma = std::exp(random.Normal(0.2));
    const double gain = random.Uniform(0.85, 1.15);
    const double offset = random.Uniform(-0.05, 0.05);
    patch = (patch.pow(gamma) * gain + offset).clamp(0.0, 1.0);
  }
  return patch;
}

PatchSampler::Triplets
PatchSampler::DrawTriplets(SizeValueType iteration, const std::vector<int64_t> & samples) const
{
  std::vector<torch::Tensor> patches;
  std::vector<float>         alphas;
  for (const int64_t sample : samples)
  {
    TrainingRandom        random(m_Settings.seed, iteration, static_cast<uint64_t>(sample));
    const torch::Tensor & volume =
      m_VolumesWithTriplets[random.Integer(static_cast<int64_t>(m_VolumesWithTriplets.size()))];
    const int64_t widest = std::min(m_Settings.maximumSliceGap, volume.size(0) - 1);
    int64_t       gap = 2;
    if (widest > 2 && random.Uniform() < m_Settings.wideGapShare)
    {
      gap = 3 + random.Integer(widest - 2);
    }
    int64_t       first = random.Integer(volume.size(0) - gap);
    const int64_t between = first + 1 + random.Integer(gap - 1);
    int64_t       second = first + gap;
    int64_t       before = first < gap ? first : first - gap;
    int64_t       after = second + gap < volume.size(0) ? second + gap : second;
    if (m_Settings.flip && random.Integer(2) == 1)
    {
      std::swap(first, second);
      std::swap(before, after);
    }
    alphas.push_back(static_cast<float>(between - first) / static_cast<float>(second - first));
    std::vector<torch::Tensor> slices{ volume[first], volume[between], volume[second] };
    if (m_Settings.context)
    {
      slices.push_back(volume[before]);
      slices.push_back(volume[after]);
    }
    patches.push_back(this->DrawPatch(random, torch::stack(slices)));
  }
  const torch::Tensor all = torch::stack(patches);
  Triplets            triplets{ all.narrow(1, 0, 1), all.narrow(1, 1, 1), all.narrow(1, 2, 1) };
  if (m_Settings.context)
  {
    triplets.before = all.narrow(1, 3, 1);
    triplets.after = all.narrow(1, 4, 1);
  }
  triplets.alpha = torch::tensor(alphas).view({ -1, 1, 1, 1 });
  return triplets;
}

torch::Tensor
PatchSampler::DrawSlices(SizeValueType iteration, const std::vector<int64_t> & samples) const
{
  std::vector<torch::Tensor> patches;
  for (const int64_t sample : samples)
  {
    TrainingRandom        random(m_Settings.seed, iteration, static_cast<uint64_t>(sample));
    const torch::Tensor & volume = m_Volumes[random.Integer(static_cast<int64_t>(m_Volumes.size()))];
    patches.push_back(this->DrawPatch(random, volume.narrow(0, random.Integer(volume.size(0)), 1)));
  }
  return torch::stack(patches);
}
} // end namespace itk
