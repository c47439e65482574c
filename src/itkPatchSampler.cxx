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
PatchSampler::PatchSampler(std::vector<torch::Tensor> volumes, const Settings & settings, unsigned int seed)
  : m_Settings(settings)
  , m_Random(Statistics::MersenneTwisterRandomVariateGenerator::New())
{
  m_Random->SetSeed(seed);
  for (const auto & volume : volumes)
  {
    const int64_t rows = std::max(volume.size(1), settings.patchSize);
    const int64_t columns = std::max(volume.size(2), settings.patchSize);
    m_Volumes.push_back(SliceTensors::MirrorPad(volume.unsqueeze(1), rows, columns).squeeze(1).contiguous());
    if (m_Volumes.back().size(0) >= 3)
    {
      m_Deep.push_back(m_Volumes.back());
    }
  }
}

int64_t
PatchSampler::DrawInteger(int64_t count)
{
  return static_cast<int64_t>(m_Random->GetIntegerVariate(static_cast<uint32_t>(count - 1)));
}

double
PatchSampler::DrawNormal(double sigma)
{
  return m_Random->GetNormalVariate(0.0, sigma * sigma);
}

int64_t
PatchSampler::DrawOffset(int64_t free)
{
  if (!m_Settings.center)
  {
    return this->DrawInteger(free + 1);
  }
  const double offset = 0.5 * static_cast<double>(free) + this->DrawNormal(static_cast<double>(free) / 6.0);
  return std::clamp<int64_t>(std::llround(offset), 0, free);
}

torch::Tensor
PatchSampler::DrawPatch(const torch::Tensor & slices)
{
  const int64_t size = m_Settings.patchSize;
  const int64_t row = this->DrawOffset(slices.size(1) - size);
  const int64_t column = this->DrawOffset(slices.size(2) - size);
  torch::Tensor patch = slices.narrow(1, row, size).narrow(2, column, size);
  if (m_Settings.rotate)
  {
    patch = torch::rot90(patch, this->DrawInteger(4), { 1, 2 });
  }
  if (m_Settings.flip && this->DrawInteger(2) == 1)
  {
    patch = patch.flip({ 2 });
  }
  if (m_Random->GetVariateWithClosedRange() < m_Settings.intensityProbability)
  {
    const double gamma = std::exp(this->DrawNormal(0.2));
    const double gain = m_Random->GetUniformVariate(0.85, 1.15);
    const double offset = m_Random->GetUniformVariate(-0.05, 0.05);
    patch = (patch.pow(gamma) * gain + offset).clamp(0.0, 1.0);
  }
  return patch;
}

PatchSampler::Triplets
PatchSampler::DrawTriplets(int64_t count)
{
  std::vector<torch::Tensor> patches;
  std::vector<float>         alphas;
  for (int64_t i = 0; i < count; ++i)
  {
    const torch::Tensor & volume = m_Deep[this->DrawInteger(static_cast<int64_t>(m_Deep.size()))];
    const int64_t         widest = std::min(m_Settings.maximumSliceGap, volume.size(0) - 1);
    int64_t               gap = 2;
    if (widest > 2 && m_Random->GetVariateWithClosedRange() < m_Settings.wideGapShare)
    {
      gap = 3 + this->DrawInteger(widest - 2);
    }
    int64_t       first = this->DrawInteger(volume.size(0) - gap);
    const int64_t between = first + 1 + this->DrawInteger(gap - 1);
    int64_t       second = first + gap;
    if (m_Settings.flip && this->DrawInteger(2) == 1)
    {
      std::swap(first, second);
    }
    alphas.push_back(static_cast<float>(between - first) / static_cast<float>(second - first));
    patches.push_back(this->DrawPatch(torch::stack({ volume[first], volume[between], volume[second] })));
  }
  const torch::Tensor all = torch::stack(patches);
  return { all.narrow(1, 0, 1), all.narrow(1, 1, 1), all.narrow(1, 2, 1), torch::tensor(alphas).view({ -1, 1, 1, 1 }) };
}

torch::Tensor
PatchSampler::DrawSlices(int64_t count)
{
  std::vector<torch::Tensor> patches;
  for (int64_t i = 0; i < count; ++i)
  {
    const torch::Tensor & volume = m_Volumes[this->DrawInteger(static_cast<int64_t>(m_Volumes.size()))];
    patches.push_back(this->DrawPatch(volume.narrow(0, this->DrawInteger(volume.size(0)), 1)));
  }
  return torch::stack(patches);
}
} // end namespace itk
