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
#ifndef itkHighFrequencyErrorNorm_h
#define itkHighFrequencyErrorNorm_h

#include "itkParallelFor.h"
#include "itkSlicePair.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** The sums of squares of high-pass filtered slices from which HFEN is computed. Sums of several slices are added. */
struct HighFrequencyErrorSums
{
  double difference{ 0.0 };
  double reference{ 0.0 };

  void
  Add(const HighFrequencyErrorSums & other)
  {
    difference += other.difference;
    reference += other.reference;
  }

  /** HFEN: the norm of the difference divided by that of the reference. 0 if there is no difference; NaN if the
   * reference has no high frequencies but the test image has. */
  double
  GetNorm() const;
};

/** Compute the sums of the high-frequency error norm (Ravishankar, Bresler, IEEE TMI 30(5), 2011). The Laplacian of
 * Gaussian has 15 x 15 taps and a sigma of 1.5 pixels. Slices are mirrored at the outer edges of border pixels. */
HighFrequencyErrorSums
SumHighFrequencyErrors(const SlicePair & slices, const ParallelFor & parallel);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkHighFrequencyErrorNorm_h
