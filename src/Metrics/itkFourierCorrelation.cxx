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

#include "itkFourierCorrelation.h"

#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"

#include "itkMacro.h"

#include <torch/fft.h>

#include <cmath>
#include <functional>

namespace itk
{
namespace ImageQualityMetrics
{
FourierShellSums
SumFourierShells(const double *                     reference,
                 const double *                     test,
                 const std::vector<SizeValueType> & size,
                 const std::vector<double> &        spacing)
{
  if (size.size() < 2 || size.size() > 3 || spacing.size() != size.size())
  {
    itkGenericExceptionMacro("A Fourier ring or shell correlation needs two or three axes with their spacings (got "
                             << size.size() << " and " << spacing.size() << ").");
  }
  double width = 0.0;
  double nyquist = std::numeric_limits<double>::infinity();
  for (size_t axis = 0; axis < size.size(); ++axis)
  {
    width = std::max(width, 1.0 / (static_cast<double>(size[axis]) * spacing[axis]));
    nyquist = std::min(nyquist, 0.5 / spacing[axis]);
  }
  // The small offset keeps rounding errors from removing the last shell.
  const auto       count = std::max<int64_t>(1, std::llround(std::floor(nyquist / width + 1e-9)));
  FourierShellSums shells;
  for (int64_t shell = 0; shell < count; ++shell)
  {
    shells.radii.push_back(static_cast<double>(shell) * width);
  }

  TranslateTorchErrors("computing a Fourier correlation", [&] {
    const torch::InferenceMode inference;
    const std::vector<int64_t> shape(size.rbegin(), size.rend());
    const auto                 options = torch::TensorOptions().dtype(torch::kDouble);
    const auto                 spectrum = [&](const double * image) {
      return torch::fft::rfftn(torch::from_blob(const_cast<double *>(image), shape, options));
    };
    const torch::Tensor spectrum1 = spectrum(reference);
    const torch::Tensor spectrum2 = spectrum(test);

    // The squared radius and the weight of every coefficient. Only half of the spectrum is computed; coefficients that
    // have a mirror image in the other half count twice.
    torch::Tensor squaredRadius = torch::zeros({}, options);
    const auto    dimension = static_cast<int64_t>(shape.size());
    for (int64_t d = 0; d < dimension; ++d)
    {
      const double         step = spacing[dimension - 1 - d];
      const torch::Tensor  frequencies = d + 1 == dimension ? torch::fft::rfftfreq(shape[d], step, options)
                                                            : torch::fft::fftfreq(shape[d], step, options);
      std::vector<int64_t> view(dimension, 1);
      view[d] = frequencies.numel();
      squaredRadius = squaredRadius + frequencies.square().view(view);
    }
    torch::Tensor weight = torch::full({ spectrum1.size(-1) }, 2.0, options);
    weight[0] = 1.0;
    if (shape.back() % 2 == 0)
    {
      weight[-1] = 1.0;
    }
    // A coefficient halfway between two shells belongs to the outer one. The small offset makes this independent of the
    // root's rounding.
    const torch::Tensor shell = (squaredRadius.sqrt() / width + (0.5 + 1e-9))
                                  .floor()
                                  .clamp_max(static_cast<double>(count))
                                  .to(torch::kLong)
                                  .flatten();
    const auto sums = [&](const torch::Tensor & values) {
      const torch::Tensor summed =
        torch::bincount(shell, (values * weight).flatten(), count + 1).narrow(0, 0, count).contiguous();
      return std::vector<double>(summed.data_ptr<double>(), summed.data_ptr<double>() + count);
    };
    const auto power = [](const torch::Tensor & values) {
      return torch::real(values).square() + torch::imag(values).square();
    };
    shells.cross =
      sums(torch::real(spectrum1) * torch::real(spectrum2) + torch::imag(spectrum1) * torch::imag(spectrum2));
    shells.power1 = sums(power(spectrum1));
    shells.power2 = sums(power(spectrum2));
  });
  return shells;
}

void
FourierShellSums::Add(const FourierShellSums & other)
{
  const auto add = [](std::vector<double> & values, const std::vector<double> & more) {
    std::transform(values.begin(), values.end(), more.begin(), values.begin(), std::plus<>());
  };
  add(cross, other.cross);
  add(power1, other.power1);
  add(power2, other.power2);
}

FourierCorrelationResult
FourierCorrelation(const ImagePair & images, bool useSpacing, ThreadIdType numberOfThreads)
{
  const size_t               dimension = std::min<size_t>(3, images.size.size());
  std::vector<SizeValueType> size(dimension);
  std::copy_n(images.size.begin(), dimension, size.begin());
  std::vector<double> spacing(dimension, 1.0);
  if (useSpacing)
  {
    std::copy_n(images.spacing.begin(), dimension, spacing.begin());
  }
  const SizeValueType    frames = images.size.size() > 3 ? images.size[3] : 1;
  const SizeValueType    pixels = images.NumberOfPixels() / frames;
  const TorchThreadScope threadScope(static_cast<int>(numberOfThreads));
  std::vector<double>    reference(pixels);
  std::vector<double>    test(pixels);
  FourierShellSums       sums;
  for (SizeValueType frame = 0; frame < frames; ++frame)
  {
    images.copyReference(frame * pixels, 1, pixels, reference.data());
    images.copyTest(frame * pixels, 1, pixels, test.data());
    FourierShellSums sumsOfFrame = SumFourierShells(reference.data(), test.data(), size, spacing);
    if (frame == 0)
    {
      sums = std::move(sumsOfFrame);
    }
    else
    {
      sums.Add(sumsOfFrame);
    }
  }
  FourierCorrelationResult result;
  result.frequencies = sums.radii;
  for (size_t shell = 0; shell < sums.radii.size(); ++shell)
  {
    const double power = std::sqrt(sums.power1[shell] * sums.power2[shell]);
    result.correlation.push_back(power > 0.0 ? sums.cross[shell] / power : std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

double
FourierResolution(const FourierCorrelationResult & result, double threshold)
{
  const std::vector<double> & frequencies = result.frequencies;
  for (size_t shell = 0; shell < frequencies.size(); ++shell)
  {
    const double here = result.correlation[shell];
    if (!(here < threshold))
    {
      continue;
    }
    if (shell == 0)
    {
      return std::numeric_limits<double>::infinity();
    }
    const double before = result.correlation[shell - 1];
    const double share = std::isnan(before) ? 1.0 : (before - threshold) / (before - here);
    const double width = frequencies[shell] - frequencies[shell - 1];
    return 1.0 / (frequencies[shell - 1] + share * width);
  }
  return 1.0 / frequencies.back();
}
} // namespace ImageQualityMetrics
} // end namespace itk
