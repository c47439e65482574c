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
#ifndef itkSignedPixelDistances_h
#define itkSignedPixelDistances_h

#include "itkLabelSliceGrid.h"

#include <vector>

namespace itk
{
namespace LabelSlices
{
/** Signed Euclidean distances from the centers of pixels to the boundary of a shape, positive inside.
 *
 * Pixels are rectangles, and the boundary runs along their sides. So a shape and its complement have the same distances
 * with opposite signs, half a pixel on each side of the boundary. ITK's SignedMaurerDistanceMapImageFilter measures to
 * the centers of the shape's outermost pixels instead, which biases the distances by half a pixel to one side. The
 * time is linear in the number of pixels.
 *
 * \param isInside a value for each pixel, row by row; not 0: inside
 * \param columns number of columns
 * \param spacing of columns and rows
 * \return without a boundary, plus or minus infinity */
std::vector<float>
ComputeSignedPixelDistances(const std::vector<unsigned char> & isInside,
                            SizeValueType                      columns,
                            const double (&spacing)[2]);
} // namespace LabelSlices
} // end namespace itk

#endif // itkSignedPixelDistances_h
