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
#ifndef itkSliceStackPreprocessing_h
#define itkSliceStackPreprocessing_h

#include "itkImageBase.h"
#include "LatentSpaceSuperResolutionExport.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace itk
{
class ProcessObject;

/** \class SliceStackPreprocessing
 * \brief Preprocessing of a volume that training, super-resolution and evaluation have in common.
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT SliceStackPreprocessing
{
public:
  /** The exact percentile of values, with linear interpolation between order statistics (the default of
   * numpy.percentile). The values are reordered.
   * \exception ExceptionObject if there are no values or the percentage is not in [0, 100]. */
  static double
  Percentile(std::vector<float> & values, double percentage);

  /** \exception ExceptionObject if a percentage is not in [0, 100]. */
  static void
  CheckPercentage(double percentage);

  /** The location of a percentile among `count` sorted values: the rank of the order statistic at or below it, and the
   * share of the way to the next one, in [0, 1). */
  static std::pair<SizeValueType, double>
  PercentileRank(double percentage, SizeValueType count);

  /** A percentile, interpolated between the order statistics at its rank and at the next rank. */
  static double
  InterpolateOrderStatistics(double percentage, SizeValueType count, double below, double above);

  /** The through-plane axis: the given axis, or if none is given the axis of the largest spacing among the first three.
   * \exception ExceptionObject if the given axis is not 0 to 2, or two axes have the largest spacing (to a relative
   * 1e-3); it then names both axes. */
  template <unsigned int VDimension>
  static unsigned int
  ResolveSliceAxis(const ImageBase<VDimension> * image, std::optional<unsigned int> sliceAxis);

  /** The in-plane axes for a slice axis: first the lower axis, which counts the columns, then the axis that counts the
   * rows. */
  static std::array<unsigned int, 2>
  GetInPlaneAxes(unsigned int sliceAxis);

  /** Copy a region of an image to floats, slice by slice and row by row. Columns vary fastest, dimensions beyond the
   * third slowest.
   * \param process whose threader and threads are used; null: the calling thread alone
   * \exception ExceptionObject that names the first pixel that is not finite. */
  template <typename TImage>
  static std::vector<float>
  CopySlices(const TImage *                      image,
             const typename TImage::RegionType & region,
             unsigned int                        sliceAxis,
             const ProcessObject *               process = nullptr);

  /** \exception ExceptionObject that names the first pixel of a region that is not a finite single-precision number. */
  template <typename TImage>
  static void
  ThrowFirstNonFinitePixel(const TImage * image, const typename TImage::RegionType & region);

private:
  static unsigned int
  FindSliceAxis(const std::array<double, 3> & spacing);
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkSliceStackPreprocessing.hxx"
#endif

#endif // itkSliceStackPreprocessing_h
