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

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

#include <future>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
// A device without memory: tensors there have shapes, but no values. Every LibTorch has it.
const torch::Device meta(torch::kMeta);
} // namespace

TEST(AutoencoderModelImplementation, GivesTheNetworkItselfOnTheCPU)
{
  const auto   model = MakeSmallModel();
  const auto * implementation = model->GetImplementation();
  EXPECT_EQ(implementation->GetNetworkOn(torch::kCPU), implementation->network);
}

TEST(AutoencoderModelImplementation, UploadsTheNetworkToADeviceOnce)
{
  const auto           model = MakeSmallModel();
  const auto *         implementation = model->GetImplementation();
  torch::InferenceMode inference;
  const auto           first = implementation->GetNetworkOn(meta);
  ASSERT_NE(first, nullptr);
  EXPECT_NE(first, implementation->network);
  EXPECT_FALSE(first->is_training());
  for (const auto & tensor : first->parameters())
  {
    EXPECT_EQ(tensor.device().type(), torch::kMeta);
    // It can be used in any mode.
    EXPECT_FALSE(tensor.is_inference());
  }
  for (const auto & tensor : implementation->network->parameters())
  {
    EXPECT_TRUE(tensor.is_cpu());
  }
  EXPECT_EQ(implementation->GetNetworkOn(meta), first);
  // What shares the weights shares the copy.
  const auto grafted = itk::AutoencoderModel::New();
  grafted->Graft(model);
  EXPECT_EQ(grafted->GetImplementation()->GetNetworkOn(meta), first);
}

TEST(AutoencoderModelImplementation, UploadsTheNetworkOnceForSeveralThreads)
{
  const auto                                                         model = MakeSmallModel();
  std::vector<std::future<std::shared_ptr<itk::AutoencoderNetwork>>> networks;
  for (unsigned int thread = 0; thread < 8; ++thread)
  {
    networks.push_back(
      std::async(std::launch::async, [&model] { return model->GetImplementation()->GetNetworkOn(meta); }));
  }
  const auto expected = model->GetImplementation()->GetNetworkOn(meta);
  for (auto & network : networks)
  {
    EXPECT_EQ(network.get(), expected);
  }
}

TEST(AutoencoderModelImplementation, UploadsOtherWeightsAnew)
{
  const TemporaryFile file(".safetensors");
  const auto          model = MakeSmallModel();
  MakeSmallModel(1)->Write(file.GetName());
  // Kept, so that no other network can have its address.
  const auto before = model->GetImplementation()->GetNetworkOn(meta);
  model->InitializeWeights(1);
  const auto initialized = model->GetImplementation()->GetNetworkOn(meta);
  EXPECT_NE(initialized, before);
  model->Read(file.GetName());
  const auto read = model->GetImplementation()->GetNetworkOn(meta);
  EXPECT_NE(read, initialized);
  model->Graft(MakeSmallModel(2));
  EXPECT_NE(model->GetImplementation()->GetNetworkOn(meta), read);
}

TEST(AutoencoderModelImplementation, KeepsNoCopyLongerThanTheWeights)
{
  const auto                             model = MakeSmallModel();
  std::weak_ptr<itk::AutoencoderNetwork> copy = model->GetImplementation()->GetNetworkOn(meta);
  EXPECT_FALSE(copy.expired());
  model->Initialize();
  EXPECT_TRUE(copy.expired());
}
