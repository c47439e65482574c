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
/** The output of a structural similarity in 3D. */
struct StructuralSimilarity3DOutput
{
  /** Whether the average is over all pixels, including those at which the window does not fit. */
  bool averageWholeMap{ false };
  /** If not null, receives the similarity at every pixel, in the order of the pixels. Borders are mirrored. */
  std::vector<double> * map{ nullptr };
};

/** SSIM with 3D windows, averaged over all frames of a pair of 3D or 4D images. For each band of rows, only the slices
 * within the window are kept in memory.
 *
 * \param parameters mirrorBorders must be on if there is a map or if averageWholeMap is on
 * \param offsets approximate means of the two images, which are subtracted to keep precision
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
