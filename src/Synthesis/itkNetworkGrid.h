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
#ifndef itkNetworkGrid_h
#define itkNetworkGrid_h

#include "itkAutoencoderModel.h"
#include "itkLatentSliceSynthesizer.h"
#include "itkSliceTensors.h"

#include <torch/torch.h>

namespace itk
{
/** The in-plane grids of a slice: native, at the model's spacing, and at the model's spacing with padding. All slices
 * are tensors (N, 1, rows, columns). */
class NetworkGrid
{
public:
  NetworkGrid(const LatentSliceSynthesizer::Stack & stack, const AutoencoderModel & model);

  int64_t
  GetRows() const
  {
    return m_Rows;
  }
  int64_t
  GetColumns() const
  {
    return m_Columns;
  }
  int64_t
  GetNumberOfPaddedPixels() const
  {
    return m_PaddedRows * m_PaddedColumns;
  }

  torch::Tensor
  ResampleToNetwork(const torch::Tensor & slices) const
  {
    return SliceTensors::Resample(slices, m_NetworkRows, m_NetworkColumns);
  }
  torch::Tensor
  ResampleToNative(const torch::Tensor & slices) const
  {
    return SliceTensors::Resample(slices, m_Rows, m_Columns);
  }
  torch::Tensor
  Pad(const torch::Tensor & slices) const
  {
    return SliceTensors::MirrorPad(slices, m_PaddedRows, m_PaddedColumns);
  }
  torch::Tensor
  Crop(const torch::Tensor & slices) const
  {
    return SliceTensors::CropCenter(slices, m_NetworkRows, m_NetworkColumns);
  }

private:
  int64_t m_Rows;
  int64_t m_Columns;
  int64_t m_NetworkRows;
  int64_t m_NetworkColumns;
  int64_t m_PaddedRows;
  int64_t m_PaddedColumns;
};
} // end namespace itk

#endif // itkNetworkGrid_h
