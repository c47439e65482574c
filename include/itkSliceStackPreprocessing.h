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
 * \brief What training, super-resolution and evaluation have to do alike to a volume before a network sees it.
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT SliceStackPreprocessing
{
public:
  /** The value below which a given percentage of the values lies, with linear interpolation between order statistics
   * (the default of numpy.percentile), exact. Reorders the values.
   * \exception ExceptionObject if there are no values or the percentage is not in [0, 100]. */
  static double
  Percentile(std::vector<float> & values, double percentage);

  /** \exception ExceptionObject unless a percentage is in [0, 100]. */
  static void
  CheckPercentage(double percentage);

  /** Where a percentile lies among `count` sorted values: the rank of the order statistic at or below it, and the share
   * of the way to the next one, in [0, 1). */
  static std::pair<SizeValueType, double>
  PercentileRank(double percentage, SizeValueType count);

  /** A percentile from the order statistics at its rank and at the next one. */
  static double
  InterpolateOrderStatistics(double percentage, SizeValueType count, double below, double above);

  /** The through-plane axis: the given one, or without one that of the largest spacing among the first three.
   * \exception ExceptionObject that names both axes if two have the largest spacing (to a relative 1e-3), or if the
   * given one is not 0 to 2. */
  template <unsigned int VDimension>
  static unsigned int
  ResolveSliceAxis(const ImageBase<VDimension> * image, std::optional<unsigned int> sliceAxis);

  /** The in-plane axes that belong to a slice axis: that of the columns (the lower one), and that of the rows. */
  static std::array<unsigned int, 2>
  GetInPlaneAxes(unsigned int sliceAxis);

  /** Copy a region of an image to floats in the order slice by slice, row by row, columns fastest; further dimensions
   * vary slowest.
   * \param process whose threader and threads are used; null: the calling thread alone
   * \exception ExceptionObject that names the first pixel that is not finite. */
  template <typename TImage>
  static std::vector<float>
  CopySlices(const TImage *                      image,
             const typename TImage::RegionType & region,
             unsigned int                        sliceAxis,
             const ProcessObject *               process = nullptr);

  /** \exception ExceptionObject that names the first pixel of a region that is no finite single-precision number. */
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
