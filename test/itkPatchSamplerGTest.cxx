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

#include <gtest/gtest.h>

#include <cmath>

namespace
{
constexpr int64_t Size = 32;
constexpr double  Strength = 0.2;

/** Slices of 128 x 128 pixels with intensities in [0, 1]. */
torch::Tensor
MakeRamp(int64_t slices)
{
  const torch::Tensor pixels = torch::arange(128).to(torch::kFloat) / 256.0;
  return (pixels.view({ 1, 128, 1 }) * 0.5 + pixels.view({ 1, 1, 128 }) * 1.5).repeat({ slices, 1, 1 });
}

itk::PatchSampler::Triplets
Draw(const torch::Tensor & volume, double deformation, bool rotate)
{
  itk::PatchSampler::Settings settings;
  settings.patchSize = Size;
  settings.rotate = rotate;
  settings.flip = false;
  settings.intensityProbability = 0.0;
  settings.deformation = deformation;
  itk::PatchSampler sampler(settings);
  sampler.SetVolumes({ { 0, volume } });
  return sampler.DrawTriplets(1, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 });
}

/** The mean length of the gradient of each patch, relative to that of the slices. */
torch::Tensor
RelativeGradients(const torch::Tensor & patches)
{
  const auto difference = [&](int64_t axis) {
    return (patches.narrow(axis, 1, Size - 1) - patches.narrow(axis, 0, Size - 1)).mean({ 1, 2, 3 });
  };
  const torch::Tensor length = torch::hypot(difference(2), difference(3));
  return length / (std::hypot(0.5, 1.5) / 256.0);
}
} // namespace

TEST(PatchSampler, ADeformationOfNoStrengthKeepsThePatch)
{
  const torch::Tensor volume = torch::rand({ 5, 128, 128 });
  const auto          plain = Draw(volume, 0.0, false);
  const auto          deformed = Draw(volume, 1e-9, false);
  EXPECT_TRUE(torch::allclose(deformed.first, plain.first, 0.0, 1e-3));
  EXPECT_TRUE(torch::allclose(deformed.between, plain.between, 0.0, 1e-3));
}

TEST(PatchSampler, DeformsAllSlicesOfASampleInTheSameWay)
{
  const auto triplets = Draw(torch::rand({ 1, 128, 128 }).repeat({ 5, 1, 1 }), Strength, true);
  EXPECT_TRUE(torch::equal(triplets.first, triplets.between));
  EXPECT_TRUE(torch::equal(triplets.first, triplets.second));
}

TEST(PatchSampler, DeformsSamplesDifferentlyAndRepeatably)
{
  const auto first = Draw(MakeRamp(5), Strength, true).between;
  EXPECT_TRUE(torch::equal(first, Draw(MakeRamp(5), Strength, true).between));
  const torch::Tensor gradients = RelativeGradients(first);
  EXPECT_GT((gradients.max() - gradients.min()).item<double>(), 0.1);
}

TEST(PatchSampler, StretchesPatchesByNoMoreThanTheStrength)
{
  // Bending changes the mean gradient of a patch by a few percent more.
  const torch::Tensor gradients = RelativeGradients(Draw(MakeRamp(5), Strength, true).between);
  EXPECT_GT(gradients.min().item<double>(), 1.0 / (1.0 + Strength) - 0.15);
  EXPECT_LT(gradients.max().item<double>(), 1.0 + Strength + 0.15);
}

TEST(PatchSampler, RotatesDeformedPatchesByAnyAngle)
{
  const auto angles = [](bool rotate) {
    const torch::Tensor patches = Draw(MakeRamp(5), 0.01, rotate).between;
    const torch::Tensor down = patches.narrow(2, 1, Size - 1) - patches.narrow(2, 0, Size - 1);
    const torch::Tensor right = patches.narrow(3, 1, Size - 1) - patches.narrow(3, 0, Size - 1);
    // Multiples of 90 degrees are no rotation here.
    return torch::atan2(down.mean({ 1, 2, 3 }), right.mean({ 1, 2, 3 })).remainder(std::acos(0.0));
  };
  EXPECT_LT(angles(false).std().item<double>(), 0.05);
  EXPECT_GT(angles(true).std().item<double>(), 0.2);
}

TEST(PatchSampler, KeepsAConstantVolumeBeyondTheBorders)
{
  itk::PatchSampler::Settings settings;
  settings.patchSize = Size;
  settings.intensityProbability = 0.0;
  settings.largestScaleChange = 0.3;
  settings.deformation = 0.5;
  itk::PatchSampler sampler(settings);
  sampler.SetVolumes({ { 0, torch::full({ 5, Size, Size }, 0.25) } });
  const auto triplets = sampler.DrawTriplets(1, { 0, 1, 2, 3, 4, 5, 6, 7 });
  EXPECT_TRUE(torch::allclose(triplets.between, torch::full_like(triplets.between, 0.25), 0.0, 1e-5));
}
