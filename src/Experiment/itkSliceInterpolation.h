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
#ifndef itkSliceInterpolation_h
#define itkSliceInterpolation_h

#include "itkImage.h"

#include <string>
#include <vector>

namespace itk
{
/** Interpolates slices with ITK's interpolators. SliceRecoveryExperiment compares models with these methods. */
namespace SliceInterpolation
{
using ImageType = Image<float, 3>;

/** The names of the methods. */
std::vector<std::string>
GetMethods();

/** Interpolate slices between the acquired slices, in ITK's threads. Acquired slices are copied, because every
 * interpolator returns its samples.
 * \param grid an image with the same pixels in plane. Its first and last slices are the first and last acquired slices,
 * and every `keepEvery`-th slice is an acquired one.
 * \exception ExceptionObject that names the known methods if the method is unknown */
ImageType::Pointer
Interpolate(const ImageType *   acquiredSlices,
            const ImageType *   grid,
            unsigned int        sliceAxis,
            unsigned int        keepEvery,
            const std::string & method);
} // namespace SliceInterpolation
} // end namespace itk

#endif // itkSliceInterpolation_h
