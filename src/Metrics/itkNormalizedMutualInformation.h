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
#ifndef itkNormalizedMutualInformation_h
#define itkNormalizedMutualInformation_h

#include "itkImagePair.h"
#include "itkParallelFor.h"
#include "itkPixelSums.h"
#include "itkSliceLayout.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** NMI, the normalized mutual information (Studholme, Hill, Hawkes, Pattern Recognition 32, 1999) of the selected
 * pixels. The joint histogram has `bins` x `bins` bins between the minimum and the maximum of each image. NaN if both
 * images are constant. */
double
NormalizedMutualInformation(const ImagePair &   images,
                            const SliceLayout & layout,
                            const PixelSums &   total,
                            SizeValueType       bins,
                            const ParallelFor & parallel);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkNormalizedMutualInformation_h
