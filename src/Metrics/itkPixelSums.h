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
#ifndef itkPixelSums_h
#define itkPixelSums_h

#include "itkIntTypes.h"

#include <limits>

namespace itk
{
namespace ImageQualityMetrics
{
/** Sums over the pixels of the reference, x, and of the test image, y, from which the errors are computed. An origin,
 * the first pixel of each image, is subtracted from the intensities before they are summed, so that large offsets cost
 * no precision. */
struct PixelSums
{
  double        squaredErrors{ 0.0 };
  double        absoluteErrors{ 0.0 };
  double        x{ 0.0 };
  double        y{ 0.0 };
  double        xx{ 0.0 };
  double        yy{ 0.0 };
  double        xy{ 0.0 };
  SizeValueType count{ 0 };
  /** Minimum and maximum of the selected pixels. */
  double minimumX{ std::numeric_limits<double>::infinity() };
  double maximumX{ -std::numeric_limits<double>::infinity() };
  double minimumY{ std::numeric_limits<double>::infinity() };
  double maximumY{ -std::numeric_limits<double>::infinity() };
  /** Minimum and maximum of all pixels of the reference. */
  double referenceMinimum{ std::numeric_limits<double>::infinity() };
  double referenceMaximum{ -std::numeric_limits<double>::infinity() };
  /** Whether all pixels are finite, selected or not. */
  bool isFinite{ true };

  void
  Add(const PixelSums & other);
};

/** The values that are subtracted from the intensities before they are summed. */
struct PixelOrigin
{
  double x{ 0.0 };
  double y{ 0.0 };
};

/** Add a row of both images. Without a mask (nullptr), all pixels are selected. */
void
AddRow(PixelSums &           sums,
       const double *        x,
       const double *        y,
       const unsigned char * mask,
       SizeValueType         count,
       const PixelOrigin &   origin);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkPixelSums_h
