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

#include "itkWinogradConvolution.h"

#include "itkTorchParallelFor.h"
#include "itkWinogradKernel.h"
#include "itkWinogradWeightTransform.h"

#include <algorithm>
#include <vector>

namespace itk
{
namespace WinogradConvolution
{
namespace
{
using AutoencoderConvolutions::Features;
using WinogradWeightTransform::G;

/** Get memory that the calling thread keeps. New memory would cost time, because the system clears it page by page. */
float *
GetScratch(int64_t size)
{
  thread_local std::vector<float> scratch;
  if (static_cast<int64_t>(scratch.size()) < size)
  {
    scratch = std::vector<float>(static_cast<size_t>(size));
  }
  return scratch.data();
}

torch::Tensor
ChannelsLast(const torch::Tensor & tensor)
{
  // A dense tensor of one channel has both memory formats, but LibTorch may not report it as channels-last.
  return tensor.size(1) == 1 ? tensor.contiguous() : tensor.contiguous(torch::MemoryFormat::ChannelsLast);
}

WinogradConvolutionTask::Source
MakeSource(const torch::Tensor & tensor, bool isUpsampled)
{
  return { tensor.const_data_ptr<float>(), tensor.size(1), isUpsampled };
}

/** Bring features into the memory format of the kernels. */
Features
Prepare(const Features & features)
{
  Features prepared{ ChannelsLast(features.x), features.isUpsampled };
  if (features.skip.defined())
  {
    prepared.skip = ChannelsLast(features.skip);
  }
  return prepared;
}

/** Make a task, and set its slices, rows, columns and sources. */
template <typename TTask>
TTask
MakeTask(const Features & prepared)
{
  const int64_t scale = prepared.isUpsampled ? 2 : 1;
  TTask         task;
  task.slices = prepared.x.size(0);
  task.rows = prepared.x.size(2) * scale;
  task.columns = prepared.x.size(3) * scale;
  task.sources[0] = MakeSource(prepared.x, prepared.isUpsampled);
  if (prepared.skip.defined())
  {
    task.sources[1] = MakeSource(prepared.skip, false);
  }
  return task;
}

/** Number of parts into which the output channels are divided. Each part transforms the input again, so it is the
 * smallest number that keeps all threads busy. */
int64_t
NumberOfParts(int64_t blocks, int64_t outputChannels, int64_t panel)
{
  const int64_t threads = at::get_num_threads();
  const int64_t most = at::divup(outputChannels, panel);
  int64_t       parts = 1;
  while (parts < most && blocks * parts < 8 * threads && blocks * parts % threads != 0)
  {
    ++parts;
  }
  return parts;
}

void
RunKernel(const WinogradKernel & kernel, const WinogradConvolutionTask & task)
{
  const int64_t blocks = kernel.countBlocks(task.slices, task.rows, task.columns);
  const int64_t parts = NumberOfParts(blocks, task.outputChannels, kernel.panel);
  const int64_t panels = at::divup(task.outputChannels, kernel.panel);
  const auto    firstChannel = [&](int64_t part) {
    return std::min(panels * part / parts * kernel.panel, task.outputChannels);
  };
  // Each thread gets several shares, because threads are not equally fast.
  const int64_t grain = std::max<int64_t>(blocks * parts / (8 * at::get_num_threads()), 1);
  TorchParallelFor(blocks * parts, grain, [&](int64_t begin, int64_t end) {
    float * scratch = GetScratch(kernel.convolutionScratchSize(task));
    for (int64_t part = begin / blocks; part * blocks < end; ++part)
    {
      kernel.convolve(task,
                      std::max<int64_t>(begin - part * blocks, 0),
                      std::min(end - part * blocks, blocks),
                      firstChannel(part),
                      firstChannel(part + 1),
                      scratch);
    }
  });
}

/** The nine shifts of images of one channel, as rows of a matrix. They are in the order of a convolution's taps, or in
 * the opposite order if `isReversed`. */
torch::Tensor
Shifts(const torch::Tensor & images, bool isReversed)
{
  std::vector<torch::Tensor> rows = AutoencoderConvolutions::MakeShifts(images);
  for (torch::Tensor & row : rows)
  {
    row = row.reshape({ 1, -1 });
  }
  if (isReversed)
  {
    std::reverse(rows.begin(), rows.end());
  }
  return torch::cat(rows, 0);
}

/** The images as a matrix of pixels x channels. */
torch::Tensor
Pixels(const torch::Tensor & images)
{
  return ChannelsLast(images).permute({ 0, 2, 3, 1 }).reshape({ -1, images.size(1) });
}
} // namespace

bool
IsAvailable()
{
  return GetWinogradKernel() != nullptr;
}

bool
IsSupported(int64_t channels)
{
  return GetWinogradKernel() && channels % GetWinogradKernel()->width == 0;
}

int64_t
FillUpChannels(int64_t channels)
{
  const int64_t width = GetWinogradKernel()->width;
  return at::divup(channels, width) * width;
}

bool
IsSupported(const Features & features, int64_t outputChannels)
{
  const int64_t inputChannels = features.x.size(1);
  if (inputChannels == 1 || outputChannels == 1)
  {
    return !features.isUpsampled && !features.skip.defined() && IsSupported(inputChannels * outputChannels);
  }
  return IsSupported(inputChannels) && IsSupported(outputChannels) &&
         (!features.skip.defined() || IsSupported(features.skip.size(1)));
}

torch::Tensor
PackWeight(const torch::Tensor & weight, bool isTransposed, const torch::Tensor & memory)
{
  const torch::Tensor used = isTransposed ? weight.detach().flip({ 2, 3 }).transpose(0, 1) : weight.detach();
  const int64_t       out = used.size(0);
  const int64_t       in = used.size(1);
  if (in == 1 || out == 1)
  {
    // Nine taps per channel, as convolveSingleChannel() and convolveToSingleChannel() need them.
    return used.reshape({ -1, 9 }).t().contiguous();
  }
  const int64_t       panel = GetWinogradKernel()->panel;
  const int64_t       panels = at::divup(out, panel);
  torch::Tensor       packed = memory.defined() ? memory : torch::empty({ panels, 36, in, panel });
  WinogradPackingTask task;
  task.weight = used.const_data_ptr<float>();
  task.outputChannels = out;
  task.inputChannels = in;
  task.outputStride = used.stride(0);
  task.inputStride = used.stride(1);
  task.rowStride = used.stride(2);
  task.columnStride = used.stride(3);
  task.packed = packed.mutable_data_ptr<float>();
  TorchParallelFor(
    panels * in, in, [&](int64_t begin, int64_t end) { GetWinogradKernel()->packWeights(task, begin, end); });
  return packed;
}

torch::Tensor
Convolve(const Features &      features,
         const torch::Tensor & packedWeight,
         int64_t               outputChannels,
         const Epilogue &      epilogue,
         TensorPool &          pool)
{
  const WinogradKernel & kernel = *GetWinogradKernel();
  const Features         prepared = Prepare(features);
  auto                   task = MakeTask<WinogradConvolutionTask>(prepared);
  const auto             dataOrNull = [](const torch::Tensor & tensor) {
    return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
  };
  task.weight = packedWeight.const_data_ptr<float>();
  task.outputChannels = outputChannels;
  task.bias = dataOrNull(epilogue.bias);
  task.slope = epilogue.slope;
  task.pooling = epilogue.pooling;
  task.scale = dataOrNull(epilogue.scale);
  task.shift = dataOrNull(epilogue.shift);
  const int64_t shrink = task.pooling == WinogradConvolutionTask::Pooling::None ? 1 : 2;
  torch::Tensor output = pool.Take(task.slices, outputChannels, task.rows / shrink, task.columns / shrink);
  task.output = output.mutable_data_ptr<float>();

  constexpr int64_t rowsAtOnce = 8;
  if (prepared.x.size(1) == 1)
  {
    TorchParallelFor(task.slices * task.rows, rowsAtOnce, [&](int64_t begin, int64_t end) {
      kernel.convolveSingleChannel(task, begin, end, GetScratch(kernel.singleChannelScratchSize(task)));
    });
  }
  else if (outputChannels == 1)
  {
    TorchParallelFor(task.slices * task.rows, rowsAtOnce, [&](int64_t begin, int64_t end) {
      kernel.convolveToSingleChannel(task, begin, end);
    });
  }
  else
  {
    RunKernel(kernel, task);
  }
  return output;
}

torch::Tensor
MakeWeightGradientSum(int64_t inputChannels, int64_t outputChannels)
{
  const int64_t panel = GetWinogradKernel()->panel;
  return torch::zeros({ 36, inputChannels, at::divup(outputChannels, panel) * panel });
}

void
AddToWeightGradientSum(const Features & features, const torch::Tensor & gradient, torch::Tensor & sum)
{
  const WinogradKernel & kernel = *GetWinogradKernel();
  const Features         prepared = Prepare(features);
  const torch::Tensor    result = ChannelsLast(gradient);
  auto                   task = MakeTask<WinogradWeightGradientTask>(prepared);
  task.gradient = result.const_data_ptr<float>();
  task.outputChannels = result.size(1);
  task.sum = sum.mutable_data_ptr<float>();
  kernel.addWeightGradient(task,
                           0,
                           kernel.countBlocks(task.slices, task.rows, task.columns),
                           GetScratch(kernel.weightGradientScratchSize(task)));
}

torch::Tensor
FinishWeightGradient(const torch::Tensor & sum, int64_t outputChannels)
{
  // Apply G^T along both axes.
  const torch::Tensor g = torch::from_blob(const_cast<double *>(&G[0][0]), { 6, 3 }, torch::kDouble).to(torch::kFloat);
  const int64_t       depth = sum.size(1);
  const int64_t       width = sum.size(2);
  return torch::matmul(torch::kron(g, g).t(), sum.view({ 36, depth * width }))
    .view({ 3, 3, depth, width })
    .narrow(3, 0, outputChannels)
    .permute({ 3, 2, 0, 1 });
}

torch::Tensor
ComputeWeightGradient(const Features & features, const torch::Tensor & gradient)
{
  if (features.x.size(1) == 1)
  {
    return torch::matmul(Shifts(features.x, false), Pixels(gradient)).t().reshape({ gradient.size(1), 1, 3, 3 });
  }
  if (gradient.size(1) == 1)
  {
    return torch::matmul(Shifts(gradient, true), Pixels(features.x)).t().reshape({ 1, features.x.size(1), 3, 3 });
  }
  const int64_t skipChannels = features.skip.defined() ? features.skip.size(1) : 0;
  torch::Tensor sum = MakeWeightGradientSum(features.x.size(1) + skipChannels, gradient.size(1));
  AddToWeightGradientSum(features, gradient, sum);
  return FinishWeightGradient(sum, gradient.size(1));
}
} // namespace WinogradConvolution
} // end namespace itk
