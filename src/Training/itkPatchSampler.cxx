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

#include "itkMath.h"

#include <algorithm>
#include <cmath>

namespace itk
{
namespace
{
/** The share of patches that are deformed. The others keep the noise of the acquired slices as it is. */
constexpr double DeformedShare = 0.75;

/** Draw a factor between 1/(1 + change) and 1 + change, uniform in its logarithm. */
double
DrawFactor(TrainingRandom & random, double change)
{
  const double range = std::log1p(change);
  return std::exp(random.Uniform(-range, range));
}

/** Interpolate slices (slices, rows, columns) by cubic convolution at points (size, size, 2) in pixels. Beyond their
 * borders, the slices are mirrored. */
torch::Tensor
SampleCubic(const torch::Tensor & slices, const torch::Tensor & points)
{
  constexpr int64_t   cubic = 2;
  constexpr int64_t   mirror = 2;
  const torch::Tensor sides = torch::tensor({ slices.size(2), slices.size(1) }, torch::kFloat);
  const torch::Tensor normalized = (2.0 * points + 1.0) / sides - 1.0;
  return at::grid_sampler(slices.unsqueeze(0), normalized.unsqueeze(0), cubic, mirror, /*align_corners=*/false)
    .squeeze(0);
}
} // namespace

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
  const double scale = DrawFactor(random, m_Settings.largestScaleChange);
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
PatchSampler::DrawDeformedGrid(TrainingRandom & random, const std::array<double, 2> & center, int64_t side) const
{
  const auto   size = m_Settings.patchSize;
  const double length = static_cast<double>(side);
  const double stretch[2]{ DrawFactor(random, m_Settings.deformation), DrawFactor(random, m_Settings.deformation) };
  const double axes = random.Uniform(0.0, Math::pi);
  const double turn = m_Settings.rotate ? random.Uniform(0.0, 2.0 * Math::pi) : 0.0;
  // Rotate to the axes of the stretching, stretch, rotate back and by the angle of the patch.
  const double matrix[2][2]{
    { stretch[0] * std::cos(axes + turn) * std::cos(axes) + stretch[1] * std::sin(axes + turn) * std::sin(axes),
      stretch[0] * std::cos(axes + turn) * std::sin(axes) - stretch[1] * std::sin(axes + turn) * std::cos(axes) },
    { stretch[0] * std::sin(axes + turn) * std::cos(axes) - stretch[1] * std::cos(axes + turn) * std::sin(axes),
      stretch[0] * std::sin(axes + turn) * std::sin(axes) + stretch[1] * std::cos(axes + turn) * std::cos(axes) }
  };
  constexpr int64_t  points = 4;
  std::vector<float> displacements;
  for (int64_t i = 0; i < 2 * points * points; ++i)
  {
    displacements.push_back(static_cast<float>(random.Normal(m_Settings.deformation * length / 8.0)));
  }
  const torch::Tensor bending =
    at::upsample_bicubic2d(torch::tensor(displacements).view({ 1, 2, points, points }), { size, size }, true)
      .squeeze(0)
      .permute({ 1, 2, 0 });
  const torch::Tensor along = ((torch::arange(size) + 0.5) / size - 0.5) * length;
  const torch::Tensor columns = along.view({ 1, size });
  const torch::Tensor rows = along.view({ size, 1 });
  return torch::stack({ matrix[0][0] * columns + matrix[0][1] * rows + center[1],
                        matrix[1][0] * columns + matrix[1][1] * rows + center[0] },
                      2) +
         bending;
}

torch::Tensor
PatchSampler::DrawPatch(TrainingRandom & random, const torch::Tensor & slices) const
{
  const int64_t size = m_Settings.patchSize;
  const int64_t side = this->DrawSide(random, std::min(slices.size(1), slices.size(2)));
  const int64_t row = this->DrawOffset(random, slices.size(1) - side);
  const int64_t column = this->DrawOffset(random, slices.size(2) - side);
  torch::Tensor patch = slices.narrow(1, row, side).narrow(2, column, side);
  if (m_Settings.deformation > 0.0 && random.Uniform() < DeformedShare)
  {
    const double half = 0.5 * static_cast<double>(side - 1);
    const auto   grid =
      this->DrawDeformedGrid(random, { static_cast<double>(row) + half, static_cast<double>(column) + half }, side);
    patch = SampleCubic(slices, grid).clamp(0.0, 1.0);
  }
  else if (side != size)
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
  Triplets            triplets;
  triplets.first = all.narrow(1, 0, 1);
  triplets.between = all.narrow(1, 1, 1);
  triplets.second = all.narrow(1, 2, 1);
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
