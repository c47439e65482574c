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
#ifndef itkTrainingVolume_h
#define itkTrainingVolume_h

#include "itkIntTypes.h"
#include "itkSliceStackPreprocessing.h"

#include <string>
#include <vector>

namespace itk
{
/** \class TrainingVolumeGeometry
 * \brief Size and spacings (in mm) of a training volume, and its name in messages.
 * \ingroup LatentSpaceSuperResolution
 */
struct TrainingVolumeGeometry
{
  SizeValueType slices{ 0 };
  SizeValueType rows{ 0 };
  SizeValueType columns{ 0 };
  double        rowSpacing{ 1.0 };
  double        columnSpacing{ 1.0 };
  double        sliceSpacing{ 1.0 };
  std::string   name;
};

/** Make the geometry, without a name, of one volume of a region with slices along an axis. */
template <typename TImage>
TrainingVolumeGeometry
MakeTrainingVolumeGeometry(const TImage * image, const typename TImage::RegionType & region, unsigned int sliceAxis)
{
  const auto             inPlane = SliceStackPreprocessing::GetInPlaneAxes(sliceAxis);
  TrainingVolumeGeometry geometry;
  geometry.slices = region.GetSize(sliceAxis);
  geometry.columns = region.GetSize(inPlane[0]);
  geometry.rows = region.GetSize(inPlane[1]);
  geometry.sliceSpacing = image->GetSpacing()[sliceAxis];
  geometry.columnSpacing = image->GetSpacing()[inPlane[0]];
  geometry.rowSpacing = image->GetSpacing()[inPlane[1]];
  return geometry;
}

/** \class TrainingVolume
 * \brief A training volume in native intensities: slice by slice, columns fastest.
 * \ingroup LatentSpaceSuperResolution
 */
struct TrainingVolume : TrainingVolumeGeometry
{
  std::vector<float> pixels;
};
} // end namespace itk

#endif // itkTrainingVolume_h
