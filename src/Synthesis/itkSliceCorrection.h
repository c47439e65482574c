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
#ifndef itkSliceCorrection_h
#define itkSliceCorrection_h

#include "itkAcquiredSlice.h"
#include "itkInterpolationWeights.h"
#include "itkNetworkGrid.h"

#include <memory>

namespace itk
{
/** The correction that an output mode adds to decoded slices. To add a mode, derive a class and return it from Make().
 * LatentSpaceSuperResolutionImageFilterEnums::OutputMode has the equations. */
class SliceCorrection
{
public:
  using Position = LatentSliceSynthesizer::Position;
  using Settings = LatentSliceSynthesizer::Settings;

  /** Make the correction for settings.outputMode.
   * \param slices number of acquired slices
   * \exception ExceptionObject for the mode Automatic, which only chooses another mode */
  static std::unique_ptr<SliceCorrection>
  Make(const Settings & settings, const NetworkGrid & grid, SizeValueType slices);

  virtual ~SliceCorrection() = default;

  /** Whether acquired slices have to be decoded even if only slices between them are requested. */
  virtual bool
  NeedsDecodedAcquiredSlices() const = 0;

  /** Whether these are decoded from their own latents, D(E(x)). Otherwise, and at output positions, learned mixing
   * makes them look like the slices between them, see ListMixedGaps(). */
  virtual bool
  NeedsExactAcquiredSlices() const
  {
    return true;
  }

  /** The acquired slices that are read for a position, and their weights in the interpolation. */
  virtual InterpolationWeights
  ComputeWeights(const Position & position) const
  {
    return ComputeLinearWeights(position);
  }

  /** The share of the detail finer than the network's pixels in AcquiredSlice::remainder. */
  virtual double
  GetDetailGain() const
  {
    return 1.0;
  }

  /** Store in an acquired slice what the correction of the slices around it needs.
   * \param decoded the decoded acquired slice, in [0, 1] at the network's pixels */
  virtual void
  Keep(AcquiredSlice & slice, const torch::Tensor & decoded) const = 0;

  /** Compute the corrected slice at a position, in native intensities and pixels.
   * \param decoded the decoded slice at the position, in [0, 1] at the network's pixels */
  virtual torch::Tensor
  Apply(const Position & position, const AcquiredSlices & slices, const torch::Tensor & decoded) const = 0;

protected:
  SliceCorrection(const Settings & settings, const NetworkGrid & grid)
    : m_Settings(settings)
    , m_Grid(grid)
  {}

  double
  GetWindowRange() const
  {
    return m_Settings.windowMaximum - m_Settings.windowMinimum;
  }

  /** Convert a slice in [0, 1] at the network's pixels to native intensities and pixels, and add the interpolated
   * remainders of the acquired slices. */
  torch::Tensor
  RestoreNative(const Position & position, const AcquiredSlices & slices, const torch::Tensor & slice) const;

  const Settings    m_Settings;
  const NetworkGrid m_Grid;
};
} // end namespace itk

#endif // itkSliceCorrection_h
