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

#include "itkLaneNormalization.h"

#include <algorithm>
#include <vector>

namespace itk
{
namespace LaneNormalization
{
namespace
{
torch::Tensor
InChannelsLast(const torch::Tensor & tensor)
{
  return tensor.to(torch::kFloat).contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor
ToTensor(const double * values, int64_t count)
{
  return torch::from_blob(const_cast<double *>(values), { count }, torch::kDouble).to(torch::kFloat);
}

/** Sum a term over all pixels, for each channel.
 *
 * LibTorch's batch normalization of channels-last features adds the pixels one after the other in single precision,
 * which loses two digits in large slices. Here blocks of pixels are summed in single precision, and blocks in double
 * precision.
 * \param term term(channel, element), where `element` is an index in the memory of the tensor */
template <typename TTerm>
std::vector<double>
SumPixels(const torch::Tensor & x, const TTerm & term)
{
  constexpr size_t    block = 32;
  const auto          channels = static_cast<size_t>(x.size(1));
  const auto          pixels = static_cast<size_t>(x.numel()) / channels;
  std::vector<double> sums(channels);
  std::vector<float>  sumsOfBlock(channels);
  for (size_t first = 0; first < pixels; first += block)
  {
    std::fill(sumsOfBlock.begin(), sumsOfBlock.end(), 0.0F);
    const size_t end = std::min(first + block, pixels);
    for (size_t pixel = first; pixel < end; ++pixel)
    {
      for (size_t channel = 0; channel < channels; ++channel)
      {
        sumsOfBlock[channel] += term(channel, pixel * channels + channel);
      }
    }
    for (size_t channel = 0; channel < channels; ++channel)
    {
      sums[channel] += static_cast<double>(sumsOfBlock[channel]);
    }
  }
  return sums;
}

/** The moments of several samples: their number, the mean of each channel, and the sum of each channel's squared
 * deviations from the mean. They are combined by the formula of Chan, Golub and LeVeque (1979), in which no digits are
 * cancelled. */
std::vector<double>
ComputeMoments(const torch::Tensor & x)
{
  const float *             elements = x.const_data_ptr<float>();
  const auto                channels = static_cast<size_t>(x.size(1));
  const double              count = static_cast<double>(x.numel()) / static_cast<double>(channels);
  const std::vector<double> sums = SumPixels(x, [=](size_t, size_t element) { return elements[element]; });
  std::vector<float>        means;
  means.reserve(sums.size());
  for (const double sum : sums)
  {
    means.push_back(static_cast<float>(sum / count));
  }
  const float *             mean = means.data();
  const std::vector<double> squares = SumPixels(x, [=](size_t channel, size_t element) {
    const float deviation = elements[element] - mean[channel];
    return deviation * deviation;
  });
  std::vector<double>       moments{ count };
  for (size_t i = 0; i < channels; ++i)
  {
    moments.push_back(sums[i] / count);
  }
  for (size_t i = 0; i < channels; ++i)
  {
    // The deviations are those from the rounded mean.
    const double rounding = moments[1 + i] - static_cast<double>(means[i]);
    moments.push_back(squares[i] - count * rounding * rounding);
  }
  return moments;
}

std::vector<double>
CombineMoments(const TrainingLanes::Contributions & contributions)
{
  std::vector<double> all = contributions.front();
  const size_t        channels = (all.size() - 1) / 2;
  for (size_t lane = 1; lane < contributions.size(); ++lane)
  {
    const std::vector<double> & next = contributions[lane];
    const double                count = all[0] + next[0];
    for (size_t i = 1; i <= channels; ++i)
    {
      const double difference = next[i] - all[i];
      all[i] += difference * next[0] / count;
      all[i + channels] += next[i + channels] + difference * difference * all[0] * next[0] / count;
    }
    all[0] = count;
  }
  return all;
}

std::vector<double>
AddSums(const TrainingLanes::Contributions & contributions)
{
  std::vector<double> sums = contributions.front();
  for (size_t lane = 1; lane < contributions.size(); ++lane)
  {
    for (size_t i = 0; i < sums.size(); ++i)
    {
      sums[i] += contributions[lane][i];
    }
  }
  return sums;
}

/** Compute a * x + b * y + c with coefficients for each channel. */
torch::Tensor
CombineLinearly(const torch::Tensor &      x,
                const std::vector<float> & a,
                const torch::Tensor &      y,
                const std::vector<float> & b,
                const std::vector<float> & c)
{
  torch::Tensor result = torch::empty_like(x);
  const float * ofX = x.const_data_ptr<float>();
  const float * ofY = y.const_data_ptr<float>();
  float *       out = result.mutable_data_ptr<float>();
  const size_t  channels = a.size();
  const auto    pixels = static_cast<size_t>(x.numel()) / channels;
  for (size_t pixel = 0; pixel < pixels; ++pixel)
  {
    for (size_t i = 0; i < channels; ++i)
    {
      out[i] = a[i] * ofX[i] + b[i] * ofY[i] + c[i];
    }
    ofX += channels;
    ofY += channels;
    out += channels;
  }
  return result;
}

void
UpdateRunningStatistics(torch::nn::BatchNorm2dImpl & normalization, const std::vector<double> & moments)
{
  const double  count = moments[0];
  const int64_t channels = normalization.options.num_features();
  normalization.num_batches_tracked += 1;
  const double momentum = normalization.options.momentum().value_or(
    1.0 / static_cast<double>(normalization.num_batches_tracked.item<int64_t>()));
  normalization.running_mean.lerp_(ToTensor(&moments[1], channels), momentum);
  normalization.running_var.lerp_(ToTensor(&moments[1 + channels], channels) / std::max(1.0, count - 1.0), momentum);
}

class DifferentiableNormalization : public torch::autograd::Function<DifferentiableNormalization>
{
public:
  static torch::Tensor
  forward(torch::autograd::AutogradContext * context,
          const torch::Tensor &              features,
          const torch::Tensor &              weight,
          const torch::Tensor &              bias,
          TrainingLanes *                    lanes,
          int64_t                            lane,
          torch::nn::BatchNorm2dImpl *       normalization)
  {
    const torch::Tensor       x = InChannelsLast(features);
    const std::vector<double> moments = lanes->Combine(static_cast<size_t>(lane), ComputeMoments(x), CombineMoments);
    if (lane == 0)
    {
      UpdateRunningStatistics(*normalization, moments);
    }
    const double        epsilon = normalization->options.eps();
    const torch::Tensor mean = ToTensor(&moments[1], x.size(1));
    const torch::Tensor variance = ToTensor(&moments[1 + x.size(1)], x.size(1)) / moments[0];
    const torch::Tensor result =
      std::get<0>(at::native_batch_norm(x, weight, bias, mean, variance, /*training=*/false, 0.0, epsilon));
    context->save_for_backward({ features, weight, mean, torch::rsqrt(variance + epsilon) });
    context->saved_data["lanes"] = reinterpret_cast<int64_t>(lanes);
    context->saved_data["lane"] = lane;
    context->saved_data["count"] = moments[0];
    return result.to(features.scalar_type());
  }

  static torch::autograd::variable_list
  backward(torch::autograd::AutogradContext * context, torch::autograd::variable_list gradients)
  {
    const auto            saved = context->get_saved_variables();
    const torch::Tensor   x = InChannelsLast(saved[0]);
    const torch::Tensor   gradient = InChannelsLast(gradients[0]);
    const torch::Tensor & weight = saved[1];
    // Saved data of LibTorch are numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
    auto &                    lanes = *reinterpret_cast<TrainingLanes *>(context->saved_data["lanes"].toInt());
    const auto                lane = static_cast<size_t>(context->saved_data["lane"].toInt());
    const double              count = context->saved_data["count"].toDouble();
    const auto                channels = static_cast<size_t>(x.size(1));
    const float *             elements = x.const_data_ptr<float>();
    const float *             ofResult = gradient.const_data_ptr<float>();
    const float *             mean = saved[2].const_data_ptr<float>();
    const float *             scale = saved[3].const_data_ptr<float>();
    const std::vector<double> ofBias = SumPixels(gradient, [=](size_t, size_t element) { return ofResult[element]; });
    std::vector<double>       own = SumPixels(gradient, [=](size_t channel, size_t element) {
      return ofResult[element] * ((elements[element] - mean[channel]) * scale[channel]);
    });
    own.insert(own.end(), ofBias.begin(), ofBias.end());
    const std::vector<double> sums = lanes.Combine(lane, own, AddSums);

    // The gradient of the features is weight / deviation * (g - mean(g) - normalized * mean(g * normalized)).
    const float *      weights = weight.const_data_ptr<float>();
    std::vector<float> ofGradient(channels);
    std::vector<float> ofFeatures(channels);
    std::vector<float> offset(channels);
    for (size_t i = 0; i < channels; ++i)
    {
      const double factor = static_cast<double>(weights[i]) * static_cast<double>(scale[i]);
      const double slope = -factor * static_cast<double>(scale[i]) * sums[i] / count;
      ofGradient[i] = static_cast<float>(factor);
      ofFeatures[i] = static_cast<float>(slope);
      offset[i] = static_cast<float>(-factor * sums[channels + i] / count - slope * static_cast<double>(mean[i]));
    }
    torch::autograd::variable_list result(6);
    result[0] = CombineLinearly(gradient, ofGradient, x, ofFeatures, offset).to(saved[0].scalar_type());
    result[1] = ToTensor(own.data(), x.size(1));
    result[2] = ToTensor(ofBias.data(), x.size(1));
    return result;
  }
};
} // namespace

torch::Tensor
Normalize(TrainingLanes &              lanes,
          size_t                       lane,
          torch::nn::BatchNorm2dImpl & normalization,
          const torch::Tensor &        features)
{
  if (!normalization.is_training())
  {
    return normalization.forward(features);
  }
  return DifferentiableNormalization::apply(
    features, normalization.weight, normalization.bias, &lanes, static_cast<int64_t>(lane), &normalization);
}
} // namespace LaneNormalization
} // end namespace itk
