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
#ifndef itkLowPassCorrection_h
#define itkLowPassCorrection_h

#include "itkGaussianBlur.h"
#include "itkSliceCorrection.h"

namespace itk
{
/** The mode LowPassCorrected: decoded slices with the large-scale brightness and contrast of the acquired slices, and a
 * share of their detail. */
class LowPassCorrection : public SliceCorrection
{
public:
  LowPassCorrection(const Settings & settings, const NetworkGrid & grid)
    : SliceCorrection(settings, grid)
    , m_Blur(settings.lowPassSigma)
  {}

  bool
  NeedsDecodedAcquiredSlices() const override
  {
    return true;
  }
  double
  GetDetailGain() const override
  {
    return m_Settings.detailGain;
  }
  /** Keeps the difference of the network input and the decoded slice, at the network's pixels: its low-pass, and a
   * share of the rest. */
  void
  Keep(AcquiredSlice & slice, const torch::Tensor & decoded) const override
  {
    const torch::Tensor residual = slice.networkInput - decoded;
    slice.correction = torch::lerp(m_Blur.Apply(residual), residual, m_Settings.detailGain);
  }
  torch::Tensor
  Apply(const Position & position, const AcquiredSlices & slices, const torch::Tensor & decoded) const override
  {
    const torch::Tensor corrected =
      (decoded + InterpolateLinearly(slices, position, &AcquiredSlice::correction)).clamp(0.0, 1.0);
    return this->RestoreNative(position, slices, corrected);
  }

private:
  GaussianBlur m_Blur;
};
} // end namespace itk

#endif // itkLowPassCorrection_h
