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
#ifndef itkTrainingSlices_h
#define itkTrainingSlices_h

#include "itkAutoencoderModel.h"
#include "itkTrainingVolume.h"

#include <torch/torch.h>

#include <string>
#include <vector>

namespace itk
{
/** Convert slices of a volume, (N, 1, rows, columns) in native intensities, to network input without padding. The
 * window is given by the model's percentiles of `windowFrom`.
 * \param role purpose of the volume, for messages
 * \exception ExceptionObject if the percentiles are equal */
torch::Tensor
PrepareTrainingSlices(const torch::Tensor &          native,
                      std::vector<float>             windowFrom,
                      const std::string &            role,
                      const TrainingVolumeGeometry & geometry,
                      const AutoencoderModel *       model);
} // end namespace itk

#endif // itkTrainingSlices_h
