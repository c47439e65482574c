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

#include "itkSliceFileSeries.h"

#include "itkImageFileReader.h"
#include "itkImageIOFactory.h"
#include "itkMetaDataObject.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace itk
{
namespace
{
using ImageType = Image<float, 3>;

/** The header of a file. */
struct SliceFile
{
  std::string              name;
  std::string              series;
  ImageType::SizeType      size;
  ImageType::SpacingType   spacing;
  ImageType::DirectionType direction;
  ImageType::PointType     origin;
  /** Along the normal of the first file, in mm. */
  double position{ 0.0 };
};

SliceFile
ReadHeader(const std::string & name)
{
  const auto reader = ImageFileReader<ImageType>::New();
  reader->SetFileName(name);
  reader->UpdateOutputInformation();
  const ImageType * image = reader->GetOutput();
  SliceFile         file;
  file.name = name;
  ExposeMetaData(reader->GetImageIO()->GetMetaDataDictionary(), "0020|000e", file.series);
  file.size = image->GetLargestPossibleRegion().GetSize();
  file.spacing = image->GetSpacing();
  file.direction = image->GetDirection();
  file.origin = image->GetOrigin();
  return file;
}

/** Sorted by name, because a folder lists its files in any order. */
std::vector<SliceFile>
ReadHeaders(const std::string & folder)
{
  std::vector<SliceFile> files;
  for (const auto & entry : std::filesystem::directory_iterator(folder))
  {
    const std::string name = entry.path().string();
    if (entry.is_regular_file() && entry.path().filename().string().front() != '.' &&
        ImageIOFactory::CreateImageIO(name.c_str(), IOFileModeEnum::ReadMode))
    {
      files.push_back(ReadHeader(name));
    }
  }
  std::sort(files.begin(), files.end(), [](const SliceFile & a, const SliceFile & b) { return a.name < b.name; });
  return files;
}

std::string
DescribeDirection(const SliceFile & file)
{
  std::ostringstream text;
  for (unsigned int column = 0; column < 2; ++column)
  {
    for (unsigned int row = 0; row < 3; ++row)
    {
      text << (column + row > 0 ? ", " : "") << file.direction[row][column];
    }
  }
  return text.str();
}

double
LargestDifference(const ImageType::DirectionType & a, const ImageType::DirectionType & b)
{
  return (a - b).GetVnlMatrix().absolute_value_max();
}

/** Check that a file is a slice of the same stack as the first file. */
void
CheckAlike(const SliceFile & file, const SliceFile & first)
{
  using Series = SliceFileSeries;
  if (file.series != first.series)
  {
    itkGenericExceptionMacro("'" << file.name << "' is of the DICOM series '" << file.series << "', but '" << first.name
                                 << "' of '" << first.series << "': a folder has to hold one series.");
  }
  if (file.size[2] != 1)
  {
    itkGenericExceptionMacro("'" << file.name << "' has " << file.size[2]
                                 << " slices, but each of several files in a folder has to hold one.");
  }
  if (file.size != first.size)
  {
    itkGenericExceptionMacro("'" << file.name << "' has " << file.size[0] << " x " << file.size[1] << " pixels, but '"
                                 << first.name << "' has " << first.size[0] << " x " << first.size[1]
                                 << ": the slices of a folder have to have the same size.");
  }
  for (unsigned int d = 0; d < 2; ++d)
  {
    if (std::abs(file.spacing[d] - first.spacing[d]) > Series::SpacingTolerance * first.spacing[d])
    {
      itkGenericExceptionMacro("'" << file.name << "' has pixels of " << file.spacing[0] << " x " << file.spacing[1]
                                   << " mm, but '" << first.name << "' of " << first.spacing[0] << " x "
                                   << first.spacing[1] << ": they may differ by " << 100.0 * Series::SpacingTolerance
                                   << " %.");
    }
  }
  if (!(LargestDifference(file.direction, first.direction) <= Series::DirectionTolerance))
  {
    itkGenericExceptionMacro("'" << file.name << "' has the direction cosines " << DescribeDirection(file) << ", but '"
                                 << first.name << "' has " << DescribeDirection(first) << ": they may differ by "
                                 << Series::DirectionTolerance << '.');
  }
}

/** Check that sorted slices lie one above the other at regular distances. */
void
CheckPositions(const std::vector<SliceFile> & files)
{
  using Series = SliceFileSeries;
  const SliceFile & first = files.front();
  const double      step = (files.back().position - first.position) / static_cast<double>(files.size() - 1);
  for (size_t i = 1; i < files.size(); ++i)
  {
    if (!(files[i].position - files[i - 1].position >= Series::SamePosition))
    {
      itkGenericExceptionMacro("'" << files[i - 1].name << "' and '" << files[i].name << "' lie at the same position, "
                                   << files[i].position << " mm along their normal: slices have to be at least "
                                   << Series::SamePosition << " mm apart.");
    }
  }
  const auto placeOf = [&](size_t i) { return first.position + static_cast<double>(i) * step; };
  size_t     worst = 0;
  for (size_t i = 1; i < files.size(); ++i)
  {
    if (std::abs(files[i].position - placeOf(i)) > std::abs(files[worst].position - placeOf(worst)))
    {
      worst = i;
    }
  }
  if (!(std::abs(files[worst].position - placeOf(worst)) <= Series::PositionTolerance))
  {
    itkGenericExceptionMacro("'" << files[worst].name << "' lies at " << files[worst].position
                                 << " mm along the normal, but its place in the regular grid of the " << files.size()
                                 << " slices is at " << placeOf(worst) << " mm: they may differ by "
                                 << Series::PositionTolerance << " mm. Is a slice missing?");
  }
  const Vector<double, 3> normal{ { first.direction[0][2], first.direction[1][2], first.direction[2][2] } };
  for (const SliceFile & file : files)
  {
    const Vector<double, 3> offset = file.origin - first.origin;
    const double            shift = (offset - normal * (offset * normal)).GetNorm();
    if (!(shift <= Series::PositionTolerance))
    {
      itkGenericExceptionMacro("'" << file.name << "' is shifted in plane against '" << first.name << "' by " << shift
                                   << " mm, but " << Series::PositionTolerance
                                   << " mm is allowed: the slices are sheared, as by a tilt of the gantry.");
    }
  }
}
} // namespace

std::vector<std::string>
SliceFileSeries::Find(const std::string & folder)
{
  std::vector<SliceFile> files = ReadHeaders(folder);
  if (files.empty())
  {
    itkGenericExceptionMacro("the folder has no images");
  }
  if (files.size() > 1)
  {
    const SliceFile first = files.front();
    for (SliceFile & file : files)
    {
      CheckAlike(file, first);
      for (unsigned int d = 0; d < 3; ++d)
      {
        file.position += first.direction[d][2] * file.origin[d];
      }
    }
    std::stable_sort(
      files.begin(), files.end(), [](const SliceFile & a, const SliceFile & b) { return a.position < b.position; });
    CheckPositions(files);
  }
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const SliceFile & file : files)
  {
    names.push_back(file.name);
  }
  return names;
}
} // end namespace itk
