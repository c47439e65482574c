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

#include "itkTrainingSlices.h"

#include "itkSliceStackPreprocessing.h"
#include "itkSliceTensors.h"

namespace itk
{
torch::Tensor
PrepareTrainingSlices(const torch::Tensor &          native,
                      std::vector<float>             windowFrom,
                      const std::string &            role,
                      const TrainingVolumeGeometry & geometry,
                      const AutoencoderModel *       model)
{
  if (windowFrom.empty())
  {
    itkGenericExceptionMacro(<< role << " volume " << geometry.name << " is empty: it has " << geometry.slices
                             << " slices of " << geometry.rows << " x " << geometry.columns << " pixels.");
  }
  const double lower = SliceStackPreprocessing::Percentile(windowFrom, model->GetLowerWindowPercentile());
  const double upper = SliceStackPreprocessing::Percentile(windowFrom, model->GetUpperWindowPercentile());
  if (!(upper > lower))
  {
    itkGenericExceptionMacro(<< role << " volume " << geometry.name << " is constant between its percentiles "
                             << model->GetLowerWindowPercentile() << " and " << model->GetUpperWindowPercentile()
                             << " (both are " << lower << "): there is nothing to learn from it.");
  }
  const double spacing = model->GetInPlaneSpacing();
  return SliceTensors::Resample(SliceTensors::ApplyWindow(native, lower, upper),
                                SliceTensors::NetworkLength(native.size(2), geometry.rowSpacing, spacing),
                                SliceTensors::NetworkLength(native.size(3), geometry.columnSpacing, spacing))
    .clamp(0.0, 1.0);
}
} // end namespace itk
