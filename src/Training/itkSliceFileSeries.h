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
#ifndef itkSliceFileSeries_h
#define itkSliceFileSeries_h

#include <string>
#include <vector>

namespace itk
{
/** \class SliceFileSeries
 * \brief Finds the slices of one DICOM series in a folder, and makes sure that they are a stack.
 *
 * ITK's series reader takes size, spacing and orientation from the first file alone. A folder is refused here if other
 * files differ from it, or if the slices do not lie one above the other at regular distances: what is read is a regular
 * grid. Files that no registered ImageIO can read, and hidden ones, are passed over.
 */
class SliceFileSeries
{
public:
  /** Direction cosines may differ by so much. */
  static constexpr double DirectionTolerance = 5e-4;
  /** Pixel spacings may differ by this share. */
  static constexpr double SpacingTolerance = 1e-3;
  /** In mm: slices that are closer than this lie at the same position. */
  static constexpr double SamePosition = 1e-3;
  /** In mm: a slice may lie so far from its place in the regular grid, along the normal and in plane. */
  static constexpr double PositionTolerance = 0.05;

  /** The files in the order in which their slices lie along the normal.
   * \exception ExceptionObject that names the file, its value and what is allowed */
  static std::vector<std::string>
  Find(const std::string & folder);
};
} // end namespace itk

#endif // itkSliceFileSeries_h
