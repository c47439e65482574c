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

#include "itkGaussianWindow.h"

#include "itkIntTypes.h"
#include "itkMacro.h"

#include <cmath>
#include <numeric>

namespace itk
{
namespace ImageQualityMetrics
{
std::vector<double>
GaussianWindow(double sigma, unsigned int radius)
{
  if (!(sigma > 0.0))
  {
    itkGenericExceptionMacro("The sigma of a Gaussian window must be strictly positive (got " << sigma << ").");
  }
  std::vector<double> window(2 * SizeValueType{ radius } + 1);
  for (SizeValueType i = 0; i < window.size(); ++i)
  {
    const double x = (static_cast<double>(i) - radius) / sigma;
    window[i] = std::exp(-0.5 * x * x);
  }
  const double sum = std::accumulate(window.begin(), window.end(), 0.0);
  for (double & tap : window)
  {
    tap /= sum;
  }
  return window;
}

std::vector<double>
HalfGaussianWindow(double sigma, unsigned int radius)
{
  const std::vector<double> window = GaussianWindow(sigma, radius);
  return { window.begin() + radius, window.end() };
}
} // namespace ImageQualityMetrics
} // end namespace itk
