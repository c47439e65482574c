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
#ifndef itkLaneNormalization_h
#define itkLaneNormalization_h

#include "itkTrainingLanes.h"

#include <torch/torch.h>

namespace itk
{
/** Batch normalization of a batch whose samples are in several lanes: the statistics are those of all samples. */
namespace LaneNormalization
{
/** Normalize the features (N, channels, rows, columns) of one lane, differentiably. To be called in every lane. In
 * training mode, the first lane updates the running statistics, as LibTorch's batch normalization does.
 * \param normalization the normalization of the lane's network. Its running statistics are shared by all lanes. */
torch::Tensor
Normalize(TrainingLanes &              lanes,
          size_t                       lane,
          torch::nn::BatchNorm2dImpl & normalization,
          const torch::Tensor &        features);
} // namespace LaneNormalization
} // end namespace itk

#endif // itkLaneNormalization_h
