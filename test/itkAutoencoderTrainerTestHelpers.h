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
#ifndef itkAutoencoderTrainerTestHelpers_h
#define itkAutoencoderTrainerTestHelpers_h

#include "itkAutoencoderTrainer.h"
#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <vector>

namespace itk
{
namespace LatentSpaceSuperResolutionTest
{
using ImageType = Image<short, 3>;
using TrainerType = AutoencoderTrainer<ImageType>;
using StopConditionEnum = TrainerType::StopConditionEnum;

inline AutoencoderModel::Pointer
MakeUntrainedModel()
{
  const auto model = MakeSmallModel();
  model->Initialize(); // drops the weights
  return model;
}

inline TrainerType::Pointer
MakeTrainer()
{
  auto trainer = TrainerType::New();
  trainer->SetInitialModel(MakeUntrainedModel());
  trainer->AddTrainingImage(MakeStack<ImageType>({ { 40, 36, 6 } }));
  trainer->SetPatchSize(16);
  trainer->SetBatchSize(4);
  trainer->SetNumberOfIterations(5);
  return trainer;
}

/** Numbers that depend on all weights. */
inline std::vector<float>
Fingerprint(const AutoencoderModel * model)
{
  auto stack = AutoencoderModel::StackType::New();
  stack->SetRegions(AutoencoderModel::StackType::SizeType{ { 16, 16, 1 } });
  stack->Allocate();
  for (unsigned int i = 0; i < 256; ++i)
  {
    stack->GetBufferPointer()[i] = static_cast<float>(i % 17) / 17.0f;
  }
  const auto decoded = model->Decode(model->Encode(stack));
  return { decoded->GetBufferPointer(), decoded->GetBufferPointer() + 256 };
}
} // namespace LatentSpaceSuperResolutionTest
} // end namespace itk

#endif // itkAutoencoderTrainerTestHelpers_h
