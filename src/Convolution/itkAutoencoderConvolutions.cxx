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

#include "itkAutoencoderConvolutions.h"

#include "itkConvolutionLaneScope.h"
#include "itkWinogradConvolution.h"

#include <ATen/autocast_mode.h>

#include <optional>

namespace itk
{
namespace AutoencoderConvolutions
{
namespace
{
/** Along the last axis, convert the three taps of the convolution to the four of the transposed convolution.
 * Up-sampling turns pixel i of x into pixels 2i and 2i + 1. Output 2i depends on the pixels (i - 1, i, i) of x, and
 * output 2i + 1 on (i, i, i + 1). */
torch::Tensor
TransposedTaps(const torch::Tensor & taps)
{
  const std::vector<torch::Tensor> w = taps.unbind(-1);
  return torch::stack({ w[2], w[1] + w[2], w[0] + w[1], w[0] }, -1);
}

/** Convert the weights (out, in, 3, 3) of the convolution to those of the transposed convolution, (in, out, 4, 4). */
torch::Tensor
TransposedWeight(const torch::Tensor & weight)
{
  // Autocast is off, so that weights are added before they are rounded to bfloat16.
  const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
  const torch::Tensor                      columns = TransposedTaps(weight.transpose(0, 1));
  return TransposedTaps(columns.transpose(2, 3)).transpose(2, 3).contiguous();
}
} // namespace

torch::Tensor
ConvolveUpsampled(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias)
{
  return torch::conv_transpose2d(x, TransposedWeight(weight), bias, /*stride=*/2, /*padding=*/1);
}

std::vector<torch::Tensor>
MakeShifts(const torch::Tensor & x)
{
  const torch::Tensor        padded = torch::constant_pad_nd(x, { 1, 1, 1, 1 });
  std::vector<torch::Tensor> shifts;
  for (int64_t row = 0; row < 3; ++row)
  {
    for (int64_t column = 0; column < 3; ++column)
    {
      shifts.push_back(padded.narrow(2, row, x.size(2)).narrow(3, column, x.size(3)));
    }
  }
  return shifts;
}

torch::Tensor
ConvolveSingleChannel(const torch::Tensor & x, const torch::Tensor & weight, const torch::Tensor & bias)
{
  const torch::Tensor nine = torch::cat(MakeShifts(x), 1).contiguous(torch::MemoryFormat::ChannelsLast);
  return torch::conv2d(nine, weight.reshape({ weight.size(0), 9, 1, 1 }), bias);
}

namespace
{
torch::Tensor
ConvolveByLibTorch(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias)
{
  const torch::Tensor & x = features.x;
  if (weight.size(2) == 1)
  {
    return torch::conv2d(x, weight, bias);
  }
  if (!features.isUpsampled)
  {
    const torch::Tensor all = features.skip.defined() ? torch::cat({ x, features.skip }, 1) : x;
    return all.size(1) == 1 && all.is_cpu() ? ConvolveSingleChannel(all, weight, bias)
                                            : torch::conv2d(all, weight, bias, /*stride=*/1, /*padding=*/1);
  }
  if (!features.skip.defined())
  {
    return ConvolveUpsampled(x, weight, bias);
  }
  // The convolution of concatenated channels is the sum of the convolutions of the two parts.
  const torch::Tensor ofX = weight.narrow(1, 0, x.size(1));
  const torch::Tensor ofSkip = weight.narrow(1, x.size(1), features.skip.size(1));
  return torch::conv2d(features.skip, ofSkip, bias, /*stride=*/1, /*padding=*/1)
    .add_(ConvolveUpsampled(x, ofX, torch::Tensor()));
}

/** A convolution whose few channels are filled up with zeros. */
struct FilledConvolution
{
  Features      features;
  torch::Tensor weight;
  torch::Tensor bias;
};

/** Fill up the channels of a slice's pixels, which are few, so that WinogradConvolution can compute the convolution. A
 * convolution that it can't compute even then, or computes in any case, stays as it is. */
FilledConvolution
FillUp(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias)
{
  using WinogradConvolution::FillUpChannels;
  using WinogradConvolution::IsSupported;
  const int64_t out = weight.size(0);
  const int64_t in = features.x.size(1);
  const bool    hasSkip = features.skip.defined();
  const bool    canBeFilled =
    hasSkip ? IsSupported(in) && IsSupported(out) : in > 1 && out > 1 && (IsSupported(in) || IsSupported(out));
  FilledConvolution filled{ features, weight, bias };
  if (!canBeFilled)
  {
    return filled;
  }
  torch::Tensor & few = hasSkip ? filled.features.skip : filled.features.x;
  const int64_t   moreInputs = FillUpChannels(few.size(1)) - few.size(1);
  const int64_t   moreOutputs = FillUpChannels(out) - out;
  if (moreInputs > 0 || moreOutputs > 0)
  {
    few = torch::constant_pad_nd(few, { 0, 0, 0, 0, 0, moreInputs });
    filled.weight = torch::constant_pad_nd(weight, { 0, 0, 0, 0, 0, moreInputs, 0, moreOutputs });
    filled.bias = torch::constant_pad_nd(bias, { 0, moreOutputs });
  }
  return filled;
}

/** Whether WinogradConvolution may compute a convolution: one of 3 x 3 weights in single precision on a CPU. */
bool
MayUseWinograd(const Features & features, const torch::Tensor & weight)
{
  const auto isSingle = [](const torch::Tensor & tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat;
  };
  return WinogradConvolution::IsAvailable() && weight.size(2) == 3 && !at::autocast::is_autocast_enabled(at::kCPU) &&
         isSingle(features.x) && isSingle(weight) && (!features.skip.defined() || isSingle(features.skip));
}

/** Pack some input channels of the weights (out, in, 3, 3), unless another lane has done it. */
torch::Tensor
Pack(const torch::Tensor & weight, int64_t firstChannel, int64_t channels, bool isTransposed)
{
  const auto pack = [weight = weight.detach(), firstChannel, channels, isTransposed](const torch::Tensor & memory) {
    return WinogradConvolution::PackWeight(weight.narrow(1, firstChannel, channels), isTransposed, memory);
  };
  const ConvolutionLaneScope * const scope = ConvolutionLaneScope::Find(weight);
  return scope ? scope->GetPackedWeights().Get(weight, firstChannel, channels, isTransposed, pack) : pack({});
}

/** The collector of weight gradients, if it takes the gradient of this weight, or null. Gradients of one channel are
 * cheap and computed at once. */
WeightGradientCollector *
FindCollector(const torch::Tensor & weight)
{
  const ConvolutionLaneScope * const scope = ConvolutionLaneScope::Find(weight);
  return scope && weight.size(0) > 1 && weight.size(1) > 1 ? &scope->GetCollector() : nullptr;
}

/** WinogradConvolution with its gradients. */
class DifferentiableWinogradConvolution : public torch::autograd::Function<DifferentiableWinogradConvolution>
{
public:
  static torch::Tensor
  forward(torch::autograd::AutogradContext *   context,
          const torch::Tensor &                x,
          const std::optional<torch::Tensor> & skip,
          bool                                 isUpsampled,
          const torch::Tensor &                weight,
          const torch::Tensor &                bias,
          double                               slope)
  {
    TensorPool                    pool;
    WinogradConvolution::Epilogue epilogue;
    epilogue.bias = bias;
    epilogue.slope = static_cast<float>(slope);
    torch::Tensor result = WinogradConvolution::Convolve({ x, isUpsampled, skip.value_or(torch::Tensor()) },
                                                         Pack(weight, 0, weight.size(1), false),
                                                         weight.size(0),
                                                         epilogue,
                                                         pool);
    context->save_for_backward({ x, skip.value_or(torch::Tensor()), weight, slope == 1.0 ? torch::Tensor() : result });
    context->saved_data["isUpsampled"] = isUpsampled;
    context->saved_data["slope"] = slope;
    return result;
  }

  static torch::autograd::variable_list
  backward(torch::autograd::AutogradContext * context, torch::autograd::variable_list gradients)
  {
    const auto    saved = context->get_saved_variables();
    const auto &  x = saved[0];
    const auto &  skip = saved[1];
    const auto &  weight = saved[2];
    const bool    isUpsampled = context->saved_data["isUpsampled"].toBool();
    const double  slope = context->saved_data["slope"].toDouble();
    torch::Tensor gradient = gradients[0];
    if (slope != 1.0)
    {
      gradient = at::leaky_relu_backward(gradient, saved[3], slope, /*self_is_result=*/true);
    }
    TensorPool pool;
    const auto ofSource = [&](int64_t firstChannel, int64_t channels, bool isSummed) {
      WinogradConvolution::Epilogue epilogue;
      epilogue.pooling = isSummed ? WinogradConvolutionTask::Pooling::Sum : WinogradConvolutionTask::Pooling::None;
      return WinogradConvolution::Convolve(
        { gradient }, Pack(weight, firstChannel, channels, /*isTransposed=*/true), channels, epilogue, pool);
    };
    torch::autograd::variable_list result(6);
    // LibTorch numbers the gradients by the arguments that are defined tensors.
    const size_t edgeOfWeight = skip.defined() ? 2 : 1;
    if (context->needs_input_grad(0))
    {
      result[0] = ofSource(0, x.size(1), isUpsampled);
    }
    if (skip.defined() && context->needs_input_grad(1))
    {
      result[1] = ofSource(x.size(1), skip.size(1), false);
    }
    if (context->needs_input_grad(edgeOfWeight))
    {
      if (WeightGradientCollector * const collector = FindCollector(weight))
      {
        collector->Take(weight, { x, isUpsampled, skip }, gradient);
      }
      else
      {
        result[3] = WinogradConvolution::ComputeWeightGradient({ x, isUpsampled, skip }, gradient);
      }
    }
    if (context->needs_input_grad(edgeOfWeight + 1))
    {
      result[4] = gradient.sum({ 0, 2, 3 });
    }
    return result;
  }
};
} // namespace

torch::Tensor
Convolve(const Features & features, const torch::Tensor & weight, const torch::Tensor & bias, double slope)
{
  if (MayUseWinograd(features, weight))
  {
    const FilledConvolution filled = FillUp(features, weight, bias);
    if (WinogradConvolution::IsSupported(filled.features, filled.weight.size(0)))
    {
      const torch::Tensor &              addition = filled.features.skip;
      const std::optional<torch::Tensor> skip = addition.defined() ? std::make_optional(addition) : std::nullopt;
      if (WeightGradientCollector * const collector = FindCollector(filled.weight);
          collector && at::GradMode::is_enabled())
      {
        collector->Expect(filled.weight);
      }
      const torch::Tensor result = DifferentiableWinogradConvolution::apply(
        filled.features.x, skip, features.isUpsampled, filled.weight, filled.bias, slope);
      return result.size(1) == weight.size(0) ? result : result.narrow(1, 0, weight.size(0));
    }
  }
  torch::Tensor result = ConvolveByLibTorch(features, weight, bias);
  // In place: nothing else uses this tensor, and the gradient of LeakyReLU needs only its result.
  return slope == 1.0 ? result : torch::leaky_relu_(result, slope);
}
} // namespace AutoencoderConvolutions
} // end namespace itk
