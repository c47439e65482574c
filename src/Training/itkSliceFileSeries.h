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
 * \brief Finds the slices of one DICOM series in a folder, and checks that they are a regular stack.
 *
 * ITK's series reader takes size, spacing and orientation from the first file only. Therefore a folder is refused here
 * if other files differ from the first, or if the slices do not lie one above the other at regular distances. Hidden
 * files, and files that no registered ImageIO can read, are ignored.
 */
class SliceFileSeries
{
public:
  /** Maximum difference of direction cosines. */
  static constexpr double DirectionTolerance = 5e-4;
  /** Maximum relative difference of pixel spacings. */
  static constexpr double SpacingTolerance = 1e-3;
  /** In mm. Slices that are closer than this lie at the same position. */
  static constexpr double SamePosition = 1e-3;
  /** In mm. Maximum distance of a slice from its place in the regular grid, along the normal and in plane. */
  static constexpr double PositionTolerance = 0.05;

  /** Get the files, sorted by the positions of their slices along the normal.
   * \exception ExceptionObject that names the file, its value and what is allowed */
  static std::vector<std::string>
  Find(const std::string & folder);
};
} // end namespace itk

#endif // itkSliceFileSeries_h
