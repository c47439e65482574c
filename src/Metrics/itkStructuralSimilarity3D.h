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
#ifndef itkStructuralSimilarity3D_h
#define itkStructuralSimilarity3D_h

#include "itkImagePair.h"
#include "itkStructuralSimilarity.h"

#include <array>

namespace itk
{
namespace ImageQualityMetrics
{
/** Where a structural similarity in 3D is averaged, and where its map goes. */
struct StructuralSimilarity3DOutput
{
  /** The average is that of all pixels, even those at which the window does not fit. */
  bool averageWholeMap{ false };
  /** If given, receives the similarity at every pixel, in the order of the pixels; borders are mirrored. */
  std::vector<double> * map{ nullptr };
};

/** SSIM with windows of three dimensions, averaged over all frames of a pair of images in 3D or 4D. Of each frame, only
 * as many slices of a band of rows as the window has are kept in memory.
 *
 * \param parameters mirrorBorders has to be on if there is a map or its whole is averaged
 * \param offsets about the means of the two images: what is subtracted from them for the sake of precision
 * \exception ExceptionObject as StructuralSimilarity() */
double
StructuralSimilarity3D(const ImagePair &                      images,
                       const StructuralSimilarityParameters & parameters,
                       const std::array<double, 2> &          offsets,
                       const StructuralSimilarity3DOutput &   output,
                       const ParallelFor &                    parallel);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkStructuralSimilarity3D_h
