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
#ifndef itkNoCorrection_h
#define itkNoCorrection_h

#include "itkSliceCorrection.h"

namespace itk
{
/** The modes Decoded and PreserveAcquired: decoded slices without a correction. */
class NoCorrection : public SliceCorrection
{
public:
  NoCorrection(const Settings & settings, const NetworkGrid & grid)
    : SliceCorrection(settings, grid)
  {}

  bool
  NeedsDecodedAcquiredSlices() const override
  {
    return false;
  }
  void
  Keep(AcquiredSlice &, const torch::Tensor &) const override
  {}
  torch::Tensor
  Apply(const Position & position, const AcquiredSlices & slices, const torch::Tensor & decoded) const override
  {
    return this->RestoreNative(position, slices, decoded);
  }
};
} // end namespace itk

#endif // itkNoCorrection_h
