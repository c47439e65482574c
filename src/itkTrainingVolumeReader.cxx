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

#include "itkTrainingVolumeReader.h"

#include "itkSliceStackPreprocessing.h"

#include "itkImageFileReader.h"
#include "itkImageIOFactory.h"
#include "itkImageSeriesReader.h"
#include "itkMetaDataObject.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace itk
{
namespace
{
using Image3DType = Image<float, 3>;
using Image4DType = Image<float, 4>;

/** Turn ITK's messages about reading, which name sources and lines, into one that names the file. */
template <typename TFunction>
auto
Reading(const std::string & fileName, TFunction && function) -> decltype(function())
{
  try
  {
    return function();
  }
  catch (const ExceptionObject & error)
  {
    std::string       text = error.GetDescription();
    const std::string prefix = "ITK ERROR: ";
    if (text.compare(0, prefix.size(), prefix) == 0)
    {
      text.erase(0, prefix.size());
    }
    itkGenericExceptionMacro("Can't train on '" << fileName << "': " << text);
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("Can't train on '" << fileName << "': " << error.what());
  }
}

/** The slice files of a folder, in the order in which they lie along their common normal. That is all that a series of
 * DICOM needs, and ITK's image IOs know it of every file. */
std::vector<std::string>
ListSeries(const std::string & folder)
{
  struct Place
  {
    double      position;
    std::string name;
  };
  std::vector<Place>         places;
  Image3DType::DirectionType direction;
  std::string                series;
  for (const auto & entry : std::filesystem::directory_iterator(folder))
  {
    const std::string name = entry.path().string();
    if (!entry.is_regular_file() || entry.path().filename().string().front() == '.' ||
        !ImageIOFactory::CreateImageIO(name.c_str(), IOFileModeEnum::ReadMode))
    {
      continue;
    }
    auto reader = ImageFileReader<Image3DType>::New();
    reader->SetFileName(name);
    reader->UpdateOutputInformation();
    const auto * image = reader->GetOutput();
    std::string  identifier;
    ExposeMetaData(reader->GetImageIO()->GetMetaDataDictionary(), "0020|000e", identifier);
    if (places.empty())
    {
      direction = image->GetDirection();
      series = identifier;
    }
    if (identifier != series)
    {
      itkGenericExceptionMacro("the folder has files of more than one DICOM series");
    }
    double position = 0.0;
    for (unsigned int d = 0; d < 3; ++d)
    {
      position += direction[d][2] * image->GetOrigin()[d];
    }
    places.push_back({ position, name });
  }
  if (places.empty())
  {
    itkGenericExceptionMacro("the folder has no images");
  }
  std::sort(places.begin(), places.end(), [](const Place & a, const Place & b) {
    return std::tie(a.position, a.name) < std::tie(b.position, b.name);
  });
  std::vector<std::string> names;
  for (const auto & place : places)
  {
    names.push_back(place.name);
  }
  return names;
}

template <typename TReader>
typename TReader::Pointer
MakeReader(const std::string & fileName, const std::vector<std::string> & series)
{
  auto reader = TReader::New();
  if constexpr (std::is_same<TReader, ImageSeriesReader<Image3DType>>::value)
  {
    reader->SetFileNames(series);
  }
  else
  {
    reader->SetFileName(fileName);
  }
  return reader;
}

template <typename TImage>
TrainingVolumeGeometry
MakeGeometry(const TImage * image, int sliceAxis, unsigned int & axis)
{
  axis = SliceStackPreprocessing::ResolveSliceAxis(image, sliceAxis);
  const auto                   region = image->GetLargestPossibleRegion();
  const TrainingVolumeGeometry geometry = MakeTrainingVolumeGeometry(image, region, axis);
  if (geometry.slices * geometry.rows * geometry.columns == 0)
  {
    itkGenericExceptionMacro("it is empty: its size is " << region.GetSize());
  }
  return geometry;
}
} // namespace

TrainingVolumeReader::TrainingVolumeReader(const std::string & fileName, int sliceAxis)
  : m_FileName(fileName)
{
  Reading(fileName, [&] {
    std::error_code error;
    if (!std::filesystem::exists(fileName, error))
    {
      itkGenericExceptionMacro("there is no such file");
    }
    if (std::filesystem::is_directory(fileName, error))
    {
      m_Series = ListSeries(fileName);
      const auto reader = MakeReader<ImageSeriesReader<Image3DType>>(fileName, m_Series);
      reader->UpdateOutputInformation();
      m_Geometry = MakeGeometry(reader->GetOutput(), sliceAxis, m_SliceAxis);
    }
    else
    {
      const auto reader = MakeReader<ImageFileReader<Image4DType>>(fileName, m_Series);
      reader->UpdateOutputInformation();
      if (reader->GetImageIO()->GetNumberOfDimensions() < 3 || reader->GetImageIO()->GetNumberOfDimensions() > 4)
      {
        itkGenericExceptionMacro("it is " << reader->GetImageIO()->GetNumberOfDimensions()
                                          << "D, but has to be 3D or 4D");
      }
      m_Geometry = MakeGeometry(reader->GetOutput(), sliceAxis, m_SliceAxis);
      m_NumberOfVolumes = reader->GetOutput()->GetLargestPossibleRegion().GetSize(3);
    }
  });
  m_Geometry.name = "'" + fileName + "'";
}

TrainingVolume
TrainingVolumeReader::Read(SizeValueType frame, unsigned int numberOfThreads) const
{
  TrainingVolume volume;
  static_cast<TrainingVolumeGeometry &>(volume) = m_Geometry;
  Reading(m_FileName, [&] {
    if (!m_Series.empty())
    {
      const auto reader = MakeReader<ImageSeriesReader<Image3DType>>(m_FileName, m_Series);
      reader->Update();
      volume.pixels = SliceStackPreprocessing::CopySlices(
        reader->GetOutput(), reader->GetOutput()->GetLargestPossibleRegion(), m_SliceAxis, numberOfThreads);
      return;
    }
    // Formats that can be read in parts are: of a 4D file, one frame then.
    const auto reader = MakeReader<ImageFileReader<Image4DType>>(m_FileName, m_Series);
    reader->UpdateOutputInformation();
    auto region = reader->GetOutput()->GetLargestPossibleRegion();
    region.SetIndex(3, region.GetIndex(3) + static_cast<IndexValueType>(frame));
    region.SetSize(3, 1);
    reader->GetOutput()->SetRequestedRegion(region);
    reader->Update();
    volume.pixels = SliceStackPreprocessing::CopySlices(
      static_cast<const Image4DType *>(reader->GetOutput()), region, m_SliceAxis, numberOfThreads);
  });
  if (volume.pixels.size() != volume.slices * volume.rows * volume.columns)
  {
    itkGenericExceptionMacro("Can't train on '" << m_FileName << "': its size has changed since the training began.");
  }
  return volume;
}
} // end namespace itk
