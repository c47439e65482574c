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
#ifndef itkShapeBasedLabelInterpolator_h
#define itkShapeBasedLabelInterpolator_h

#include "itkIntTypes.h"
#include "LatentSpaceSuperResolutionExport.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace itk
{
/** \class ShapeBasedLabelInterpolator
 * \brief Computes slices of labels between two acquired slices. ShapeBasedLabelInterpolationImageFilter, which
 * describes the method, calls it with plain buffers, so it does not depend on image types.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT ShapeBasedLabelInterpolator
{
public:
  /** A label: a number that has the same order as the labels of the image. */
  using Code = std::uint32_t;

  struct Grid
  {
    SizeValueType columns{ 0 };
    SizeValueType rows{ 0 };
    /** In mm. */
    double columnSpacing{ 1.0 };
    /** In mm. */
    double rowSpacing{ 1.0 };
    /** Distance of the two slices in mm. */
    double sliceDistance{ 1.0 };
  };

  /** Receives the slice for alphas[index], row by row. */
  using SliceFunction = std::function<void(SizeValueType index, const std::vector<Code> & labels)>;

  /** Compute the slices at shares of the way from the first to the second slice.
   * \param first, second the acquired slices: rows x columns labels, columns fastest
   * \param alphas in (0, 1)
   * \exception ExceptionObject if a slice has 2^32 pixels or more */
  static void
  Interpolate(const Grid &                grid,
              const std::vector<Code> &   first,
              const std::vector<Code> &   second,
              const std::vector<double> & alphas,
              const SliceFunction &       receive);
};
} // end namespace itk

#endif // itkShapeBasedLabelInterpolator_h
