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

#include "itkAutoencoderModelImplementation.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include "itkExtractImageFilter.h"

#include <gtest/gtest.h>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
using ModelType = itk::AutoencoderModel;
using ImageType = itk::Image<float, 3>;
using FilterType = itk::LatentSpaceSuperResolutionImageFilter<ImageType, ImageType>;

/** A model with learned mixing whose corrections are not 0. */
ModelType::Pointer
MakeMixingModel(unsigned int baseChannels = 4, unsigned int latentChannels = 3, bool context = true)
{
  auto model = ModelType::New();
  model->SetNumberOfPoolings(2);
  model->SetBaseChannels(baseChannels);
  model->SetLatentChannels(latentChannels);
  model->SetLatentLevels({ 0, 1 });
  model->SetPixelUnshuffleFactor(2);
  model->SetLatentPixels(true);
  model->SetMixing(ModelType::MixingEnum::Learned);
  model->SetMixingContext(context);
  model->NativeInPlaneSpacingOn();
  model->InitializeWeights(58);
  const torch::NoGradGuard noGradient;
  auto                     generator = at::make_generator<at::CPUGeneratorImpl>(3);
  for (auto & item : model->GetImplementation()->network->named_parameters())
  {
    if (item.key().find("mixing.") == 0)
    {
      item.value().uniform_(-0.3, 0.3, generator);
    }
  }
  return model;
}

itk::LatentTensors
MakeLatent(const ModelType * model, uint64_t seed, int64_t slices = 1)
{
  const auto         architecture = itk::GetArchitecture(model);
  auto               generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  itk::LatentTensors latent;
  const auto         channels = architecture.GetLatentTensorChannels();
  for (size_t i = 0; i < channels.size(); ++i)
  {
    const bool    isPixels = i == architecture.levels.size() + 1;
    const int64_t side = i == 0 ? 6 : 6 << (isPixels ? 2 : architecture.poolings - 1 - architecture.levels[i - 1]);
    latent.push_back(torch::randn({ slices, channels[i], side, side }, generator));
  }
  return latent;
}

void
ExpectNear(const itk::LatentTensors & a, const itk::LatentTensors & b, double tolerance)
{
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
  {
    EXPECT_LE((a[i] - b[i]).abs().max().item<double>(), tolerance);
  }
}

/** g by LibTorch's own convolutions. */
torch::Tensor
ComputeG(const itk::AutoencoderNetwork & network, size_t tensor, const std::vector<torch::Tensor> & inputs)
{
  const auto parameters = network.named_parameters();
  const auto convolve = [&](const torch::Tensor & x, const std::string & layer, int64_t padding) {
    const std::string name = "mixing." + std::to_string(tensor) + "." + layer;
    return torch::conv2d(x, parameters[name + ".weight"], parameters[name + ".bias"], 1, padding);
  };
  const auto activate = [](const torch::Tensor & x) { return torch::where(x < 0, 0.01 * x, x); };
  return convolve(activate(convolve(activate(convolve(torch::cat(inputs, 1), "0", 0)), "2", 1)), "4", 0);
}

/** The network's input of a stack, with the window of Upsample(). */
ModelType::StackType::Pointer
Scale(const ImageType * stack)
{
  auto scaled = ModelType::StackType::New();
  scaled->SetRegions(stack->GetLargestPossibleRegion());
  scaled->Allocate();
  for (size_t i = 0; i < stack->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    scaled->GetBufferPointer()[i] = std::clamp(stack->GetBufferPointer()[i] / 1000.0f, 0.0f, 1.0f);
  }
  return scaled;
}

/** Compare a slice of the output of Upsample() with a decoded slice. */
void
ExpectSlice(const ImageType * output, itk::IndexValueType slice, const ModelType::StackType * decoded)
{
  for (itk::IndexValueType y = 0; y < 16; ++y)
  {
    for (itk::IndexValueType x = 0; x < 16; ++x)
    {
      const float expected = std::clamp(decoded->GetPixel({ { x, y, 0 } }), 0.0f, 1.0f) * 1000.0f;
      ASSERT_NEAR(output->GetPixel({ { x, y, slice } }), expected, 0.1f) << "slice " << slice;
    }
  }
}

ImageType::Pointer
Upsample(const ModelType * model, const ImageType * stack, unsigned int factor)
{
  auto filter = FilterType::New();
  filter->SetInput(stack);
  filter->SetModel(model);
  filter->SetUpsamplingFactor(factor);
  filter->SetOutputMode(FilterType::OutputModeEnum::Decoded);
  filter->SetWindowMinimum(0.0);
  filter->SetWindowMaximum(1000.0);
  filter->Update();
  return filter->GetOutput();
}
} // namespace

TEST(LatentMixing, AddsTheCorrectionToTheConvexCombination)
{
  const torch::NoGradGuard noGradient;
  for (const bool context : { false, true })
  {
    const auto                 model = MakeMixingModel(4, 3, context);
    auto &                     network = *model->GetImplementation()->network;
    const itk::LatentNeighbors z{
      MakeLatent(model, 1), MakeLatent(model, 2), MakeLatent(model, 3), MakeLatent(model, 4)
    };
    const double alpha = 0.3;
    const auto   mixed = network.Mix(z, alpha);
    for (size_t i = 0; i < mixed.size(); ++i)
    {
      std::vector<torch::Tensor> inputs{ z.first[i] + z.second[i], (z.first[i] - z.second[i]).abs() };
      if (context)
      {
        inputs.push_back(z.before[i] + z.after[i]);
      }
      const torch::Tensor g = ComputeG(network, i, inputs);
      EXPECT_GT(g.abs().max().item<double>(), 0.1);
      const torch::Tensor expected = (1.0 - alpha) * z.first[i] + alpha * z.second[i] + 4.0 * alpha * (1.0 - alpha) * g;
      EXPECT_LE((mixed[i] - expected).abs().max().item<double>(), 1e-5);
    }
    // Each sample of a batch may have its own position.
    const auto byTensor = network.Mix(z, torch::full({ 1, 1, 1, 1 }, alpha));
    ExpectNear(byTensor, mixed, 1e-5);
  }
}

TEST(LatentMixing, IsTheSameForSwappedSlicesAndPositions)
{
  const torch::NoGradGuard noGradient;
  const auto               model = MakeMixingModel();
  auto &                   network = *model->GetImplementation()->network;
  const auto               a = MakeLatent(model, 1);
  const auto               b = MakeLatent(model, 2);
  const auto               before = MakeLatent(model, 3);
  const auto               after = MakeLatent(model, 4);
  for (const double alpha : { 0.0, 0.2, 0.25, 0.5, 0.9 })
  {
    ExpectNear(network.Mix({ a, b, before, after }, alpha), network.Mix({ b, a, after, before }, 1.0 - alpha), 1e-5);
  }
}

TEST(LatentMixing, KeepsTheLatentsOfAcquiredSlices)
{
  const torch::NoGradGuard noGradient;
  const auto               model = MakeMixingModel();
  auto &                   network = *model->GetImplementation()->network;
  const auto               a = MakeLatent(model, 1);
  const auto               b = MakeLatent(model, 2);
  ExpectNear(network.Mix({ a, b, a, b }, 0.0), a, 0.0);
  ExpectNear(network.Mix({ a, b, a, b }, 1.0), b, 0.0);
}

TEST(LatentMixing, BeginsAsThePapersMixing)
{
  const torch::NoGradGuard noGradient;
  const auto               model = MakeMixingModel();
  model->InitializeWeights(5);
  auto &     network = *model->GetImplementation()->network;
  const auto a = MakeLatent(model, 1);
  const auto b = MakeLatent(model, 2);
  const auto mixed = network.Mix({ a, b, a, b }, 0.4);
  for (size_t i = 0; i < a.size(); ++i)
  {
    EXPECT_LE((mixed[i] - (0.6 * a[i] + 0.4 * b[i])).abs().max().item<double>(), 1e-6);
  }
  // The other weights are those of the same network with linear mixing.
  const auto linear = MakeMixingModel();
  linear->SetMixing(ModelType::MixingEnum::Linear);
  linear->InitializeWeights(5);
  const auto parameters = network.named_parameters();
  for (const auto & item : linear->GetImplementation()->network->named_parameters())
  {
    EXPECT_TRUE(torch::equal(item.value(), parameters[item.key()])) << item.key();
  }
  EXPECT_TRUE(linear->GetImplementation()->network->ComputeMixingCorrection({ a, b, a, b }).empty());
}

TEST(LatentMixing, IsTheSameByTheKernelsOfThisProcessor)
{
  const torch::InferenceMode inference;
  // 16 channels are a multiple of every kernel's width, 3 x 16 as well. The mixing of 80 channels has a width of 40,
  // and the slices have 4 channels, which are filled up.
  const auto                 model = MakeMixingModel(80, 16);
  const auto &               implementation = *model->GetImplementation();
  itk::TensorPool            pool;
  const itk::LatentNeighbors neighbors{
    MakeLatent(model, 1, 2), MakeLatent(model, 2, 2), MakeLatent(model, 3, 2), MakeLatent(model, 4, 2)
  };
  ExpectNear(implementation.ComputeMixingCorrection(neighbors, pool),
             implementation.network->ComputeMixingCorrection(neighbors),
             1e-3); // the corrections have values up to 10
  const torch::Tensor slices = torch::rand({ 2, 1, 48, 48 }, at::make_generator<at::CPUGeneratorImpl>(9));
  const auto          latent = implementation.Encode(slices, pool);
  ExpectNear(latent, implementation.network->Encode(slices), 1e-4);
  ExpectNear({ implementation.Decode(latent, pool) }, { implementation.network->Decode(latent) }, 1e-4);
}

TEST(LatentMixing, OfTheFilterUsesTheSlicesBeyondAndTheLastSliceAtTheEnds)
{
  const auto model = MakeMixingModel();
  const auto stack = MakeStack<ImageType>({ { 16, 16, 4 } });
  const auto output = Upsample(model, stack, 4);
  const auto latent = model->Encode(Scale(stack));
  for (unsigned int slice = 0; slice < 3; ++slice)
  {
    const auto first = latent->Extract(slice, 1);
    const auto second = latent->Extract(slice + 1, 1);
    const auto before = latent->Extract(slice > 0 ? slice - 1 : 0, 1);
    const auto after = latent->Extract(std::min(slice + 2, 3u), 1);
    for (const unsigned int step : { 1, 2, 3 })
    {
      const auto mixed = slice == 1   ? model->Mix(first, second, 0.25 * step, before, after)
                         : slice == 0 ? model->Mix(first, second, 0.25 * step, nullptr, after)
                                      : model->Mix(first, second, 0.25 * step, before, nullptr);
      ExpectSlice(output, static_cast<itk::IndexValueType>(4 * slice + step), model->Decode(mixed));
    }
  }
}

// The correction vanishes at acquired slices, and with it the removal of noise. So that they look like the others,
// their latents are interpolated between the mixes on both sides.
TEST(LatentMixing, OfTheFilterIsContinuousAtAcquiredSlices)
{
  const auto model = MakeMixingModel();
  const auto stack = MakeStack<ImageType>({ { 16, 16, 4 } });
  const auto output = Upsample(model, stack, 20);
  const auto latent = model->Encode(Scale(stack));
  const auto part = [&](itk::SizeValueType slice) { return latent->Extract(slice, 1); };
  const auto before = model->Mix(part(1), part(2), 0.9, part(0), part(3));
  const auto after = model->Mix(part(2), part(3), 0.1, part(1), nullptr);
  // Slice 40 of the output is at the acquired slice 2, slice 39 is at 1.95.
  ExpectSlice(output, 40, model->Decode(itk::AutoencoderLatent::Mix(before, after, 0.5)));
  ExpectSlice(output, 39, model->Decode(itk::AutoencoderLatent::Mix(before, after, 0.25)));
  ExpectSlice(output, 38, model->Decode(before));
  // At the ends there is only one side.
  const auto first = model->Decode(model->Mix(part(0), part(1), 0.1, nullptr, part(2)));
  ExpectSlice(output, 0, first);
  ExpectSlice(output, 1, first);
  ExpectSlice(output, 60, model->Decode(model->Mix(part(2), part(3), 0.9, part(1), nullptr)));
}

TEST(LatentMixing, NeedsMoreAcquiredSlicesOnEachSideOfASlab)
{
  const auto stack = MakeStack<ImageType>({ { 16, 16, 9 } });
  for (const bool context : { false, true })
  {
    const auto model = MakeMixingModel(4, 3, context);
    const auto whole = Upsample(model, stack, 2);
    auto       filter = FilterType::New();
    filter->SetInput(stack);
    filter->SetModel(model);
    filter->SetUpsamplingFactor(2);
    filter->SetOutputMode(FilterType::OutputModeEnum::Decoded);
    filter->SetWindowMinimum(0.0);
    filter->SetWindowMaximum(1000.0);
    filter->UpdateOutputInformation();
    auto slab = filter->GetOutput()->GetLargestPossibleRegion();
    slab.SetIndex(2, 7);
    slab.SetSize(2, 3);
    filter->GetOutput()->SetRequestedRegion(slab);
    filter->Update();
    const auto requested = stack->GetRequestedRegion();
    // The slab is at 3.5, 4 and 4.5. Its middle is mixed from the gaps on both sides of slice 4.
    EXPECT_EQ(requested.GetIndex(2), context ? 1 : 2);
    EXPECT_EQ(requested.GetSize(2), context ? 7u : 5u);
    for (itk::IndexValueType z = 7; z < 10; ++z)
    {
      for (itk::IndexValueType x = 0; x < 16; ++x)
      {
        ASSERT_EQ(filter->GetOutput()->GetPixel({ { x, 5, z } }), whole->GetPixel({ { x, 5, z } }));
      }
    }
  }
}

TEST(LatentMixing, IsStoredInModelFilesOfTheSecondVersion)
{
  const torch::NoGradGuard noGradient;
  const TemporaryFile      file(".safetensors");
  const auto               model = MakeMixingModel();
  model->Write(file.GetName());
  EXPECT_NE(model->GetDescription().find("latent-sr/model/2"), std::string::npos);
  auto again = ModelType::New();
  again->Read(file.GetName());
  EXPECT_EQ(again->GetMixing(), ModelType::MixingEnum::Learned);
  EXPECT_TRUE(again->GetMixingContext());
  EXPECT_TRUE(again->GetLatentPixels());
  EXPECT_EQ(again->GetPixelUnshuffleFactor(), 2u);
  const auto parameters = again->GetImplementation()->network->named_parameters();
  for (const auto & item : model->GetImplementation()->network->named_parameters())
  {
    EXPECT_TRUE(torch::equal(item.value(), parameters[item.key()])) << item.key();
  }
  // The count is checked against the tensors.
  int64_t count = 0;
  for (const auto & item : parameters)
  {
    count += item.value().numel();
  }
  EXPECT_EQ(again->GetNumberOfParameters(), static_cast<itk::SizeValueType>(count));
  // Networks that the first version can hold are still written in it.
  const auto paper = ModelType::New();
  paper->SetArchitectureToPaper();
  EXPECT_NE(paper->GetDescription().find("latent-sr/model/1"), std::string::npos);
}

TEST(LatentMixing, RefusesLatentsThatDoNotMatch)
{
  const auto model = MakeMixingModel();
  const auto small = model->Encode(MakeStack<ImageType>({ { 16, 16, 1 } }));
  const auto large = model->Encode(MakeStack<ImageType>({ { 32, 16, 1 } }));
  EXPECT_NE(MessageOf([&] { model->Mix(small, large, 0.5); }).find("different shapes"), std::string::npos);
  EXPECT_NE(MessageOf([&] { model->Mix(small, small, 0.5, nullptr, large); }).find("different shapes"),
            std::string::npos);
  EXPECT_NE(MessageOf([&] { model->Mix(small, small, 1.5); }).find("1.5"), std::string::npos);
  EXPECT_THROW(model->Mix(small, nullptr, 0.5), itk::ExceptionObject);
  EXPECT_THROW(MakeSmallModel()->Mix(small, small, 0.5), itk::ExceptionObject);
  EXPECT_NE(MessageOf([&] { model->SetPixelUnshuffleFactor(3); }).find("PixelUnshuffleFactor is 3"), std::string::npos);
  // A size that fits the poolings, but not the pixel unshuffling.
  EXPECT_NE(MessageOf([&] { model->Encode(MakeStack<ImageType>({ { 12, 16, 1 } })); }).find("multiples of 8"),
            std::string::npos);
}
