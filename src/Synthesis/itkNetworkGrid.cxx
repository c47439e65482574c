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

#include "itkNetworkGrid.h"


namespace itk
{
NetworkGrid::NetworkGrid(const LatentSliceSynthesizer::Stack & stack, const AutoencoderModel & model)
  : m_Rows(static_cast<int64_t>(stack.rows))
  , m_Columns(static_cast<int64_t>(stack.columns))
  , m_NetworkRows(SliceTensors::NetworkLength(m_Rows, stack.rowSpacing, model.GetInPlaneSpacing()))
  , m_NetworkColumns(SliceTensors::NetworkLength(m_Columns, stack.columnSpacing, model.GetInPlaneSpacing()))
  , m_PaddedRows(SliceTensors::PaddedLength(m_NetworkRows, model.GetSliceSizeMultiple()))
  , m_PaddedColumns(SliceTensors::PaddedLength(m_NetworkColumns, model.GetSliceSizeMultiple()))
{}
} // end namespace itk
