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

using namespace itk::LatentSpaceSuperResolutionTest;

TEST(AutoencoderModelImplementation, GivesTheNetworkItselfOnTheCPU)
{
  const auto   model = MakeSmallModel();
  const auto * implementation = model->GetImplementation();
  EXPECT_EQ(implementation->GetNetworkOn(torch::kCPU), implementation->network);
}

TEST(AutoencoderModelImplementation, UploadsTheNetworkToADeviceOnce)
{
  if (!torch::cuda::is_available())
  {
    GTEST_SKIP() << "LibTorch sees no CUDA device.";
  }
  const auto                             model = MakeSmallModel();
  const auto *                           implementation = model->GetImplementation();
  std::weak_ptr<itk::AutoencoderNetwork> copy;
  {
    const torch::InferenceMode inference;
    const auto                 first = implementation->GetNetworkOn(torch::kCUDA);
    EXPECT_FALSE(first->is_training());
    for (const auto & tensor : first->parameters())
    {
      EXPECT_TRUE(tensor.is_cuda());
      // The copy can be used outside of inference mode.
      EXPECT_FALSE(tensor.is_inference());
    }
    EXPECT_TRUE(implementation->network->parameters().front().is_cpu());
    EXPECT_EQ(implementation->GetNetworkOn(torch::Device("cuda:0")), first);
    copy = first;
  }
  // Grafted models share the weights, and with them the copy.
  const auto grafted = itk::AutoencoderModel::New();
  grafted->Graft(model);
  EXPECT_EQ(grafted->GetImplementation()->GetNetworkOn(torch::kCUDA), copy.lock());
  grafted->Initialize();
  EXPECT_FALSE(copy.expired());
  model->InitializeWeights(1);
  EXPECT_TRUE(copy.expired());
}

// Objects that are derived from weights must not outlive them.
TEST(AutoencoderModelImplementation, IsReplacedWhenTheWeightsAreReplaced)
{
  const TemporaryFile file(".safetensors");
  MakeSmallModel(1)->Write(file.GetName());
  const auto                             model = MakeSmallModel();
  std::weak_ptr<itk::AutoencoderNetwork> network = model->GetImplementation()->GetNetworkOn(torch::kCPU);
  const auto                             change = [&](const auto & function) {
    EXPECT_FALSE(network.expired());
    function();
    EXPECT_TRUE(network.expired());
    network = model->GetImplementation()->GetNetworkOn(torch::kCPU);
  };
  change([&] { model->InitializeWeights(1); });
  change([&] { model->Read(file.GetName()); });
  change([&] { model->Graft(MakeSmallModel(2)); });
  model->Initialize();
  EXPECT_TRUE(network.expired());
}
