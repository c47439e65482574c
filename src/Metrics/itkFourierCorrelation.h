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
#ifndef itkFourierCorrelation_h
#define itkFourierCorrelation_h

#include "itkImagePair.h"

#include "LatentSpaceSuperResolutionExport.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** The sums over rings (2D) or shells (3D) of Fourier space from which a Fourier correlation is computed. */
struct FourierShellSums
{
  /** The center radius of each shell, in cycles per unit of the spacing. */
  std::vector<double> radii;
  /** Real part of the cross spectrum, and the two power spectra. */
  std::vector<double> cross;
  std::vector<double> power1;
  std::vector<double> power2;

  /** Add the sums of another frame over the same shells. */
  void
  Add(const FourierShellSums & other);
};

/** Compute the sums over rings or shells (Saxton, Baumeister 1982; van Heel 1987). The width of a shell is the largest
 * frequency step of any axis. The first shell is centered at 0, and the last one ends below the smallest Nyquist
 * frequency of any axis. Exported for its test.
 *
 * \param size, spacing of two or three axes, the fastest first
 * \exception ExceptionObject if there are not two or three axes */
LatentSpaceSuperResolution_EXPORT FourierShellSums
SumFourierShells(const double *                     reference,
                 const double *                     test,
                 const std::vector<SizeValueType> & size,
                 const std::vector<double> &        spacing);

struct FourierCorrelationResult
{
  std::vector<double> frequencies;
  /** NaN where an image has no power. */
  std::vector<double> correlation;
};

/** Compute the Fourier ring correlation of 2D images, or the shell correlation of 3D images. Sums include all frames.
 * Frequencies are in cycles per unit of the spacing, or per pixel without `useSpacing`. */
FourierCorrelationResult
FourierCorrelation(const ImagePair & images, bool useSpacing, ThreadIdType numberOfThreads);

/** The reciprocal of the frequency at which the correlation first falls below the threshold, linearly interpolated
 * between shells. If it stays above the threshold, the reciprocal of the highest frequency. */
double
FourierResolution(const FourierCorrelationResult & result, double threshold);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkFourierCorrelation_h
