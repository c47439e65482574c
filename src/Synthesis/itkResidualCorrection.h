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
#ifndef itkResidualCorrection_h
#define itkResidualCorrection_h

#include "itkSliceCorrection.h"

namespace itk
{
/** The mode ResidualCorrected: an interpolation of the acquired slices plus a correction. The correction is the
 * difference of the decoded slice and the interpolation of the decoded acquired slices. */
class ResidualCorrection : public SliceCorrection
{
public:
  ResidualCorrection(const Settings & settings, const NetworkGrid & grid)
    : SliceCorrection(settings, grid)
  {}

  bool
  NeedsDecodedAcquiredSlices() const override
  {
    return true;
  }
  /** The acquired slices are part of the output. If the network removed noise between them, they would stand out. So
   * only the change from an acquired slice's look to that of a slice between them is added. */
  bool
  NeedsExactAcquiredSlices() const override
  {
    return false;
  }

  /** Keeps the decoded slice in [0, 1], at native pixels. */
  void
  Keep(AcquiredSlice & slice, const torch::Tensor & decoded) const override;
  torch::Tensor
  Apply(const Position & position, const AcquiredSlices & slices, const torch::Tensor & decoded) const override;
};
} // end namespace itk

#endif // itkResidualCorrection_h
