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

#include "itkInterpolationWeights.h"

#include "itkMath.h"

#include <algorithm>
#include <cmath>

namespace itk
{
InterpolationWeights
ComputeLinearWeights(const LatentSliceSynthesizer::Position & position)
{
  InterpolationWeights weights{ { position.slice, 1.0 - position.alpha } };
  if (position.alpha > 0.0)
  {
    weights[position.slice + 1] = position.alpha;
  }
  return weights;
}

InterpolationWeights
ComputeProfileWeights(const LatentSliceSynthesizer::Position & position, SizeValueType slices, double profileSigma)
{
  const auto last = static_cast<int64_t>(slices) - 1;
  const auto inStack = [last](int64_t slice) {
    return static_cast<SizeValueType>(std::clamp<int64_t>(slice, 0, last));
  };
  const auto        sinc = [](double x) { return x == 0.0 ? 1.0 : std::sin(Math::pi * x) / (Math::pi * x); };
  constexpr int64_t radius = 3;
  // Lanczos weights of the slices around the position.
  std::map<int64_t, double> lanczos;
  double                    sum = 0.0;
  for (int64_t k = 1 - radius; k <= radius; ++k)
  {
    const double distance = position.alpha - static_cast<double>(k);
    const double weight = sinc(distance) * sinc(distance / radius);
    if (position.alpha > 0.0 || k == 0)
    {
      lanczos[static_cast<int64_t>(position.slice) + k] = weight;
      sum += weight;
    }
  }
  // To the second order, the blur by the profile is 1 + (sigma^2 / 2) d^2/dz^2.
  // Its inverse is 1 - (sigma^2 / 2) d^2/dz^2.
  const double         sharpening = 0.5 * profileSigma * profileSigma;
  InterpolationWeights weights;
  for (const auto & [slice, weight] : lanczos)
  {
    const auto center = static_cast<int64_t>(inStack(slice));
    weights[inStack(center)] += weight / sum * (1.0 + 2.0 * sharpening);
    if (sharpening > 0.0)
    {
      weights[inStack(center - 1)] -= weight / sum * sharpening;
      weights[inStack(center + 1)] -= weight / sum * sharpening;
    }
  }
  return weights;
}
} // end namespace itk
