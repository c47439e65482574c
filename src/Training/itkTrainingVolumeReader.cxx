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

#include "itkSliceFileSeries.h"
#include "itkSliceStackPreprocessing.h"

#include "itkImageFileReader.h"
#include "itkImageSeriesReader.h"

#include <filesystem>
#include <limits>

namespace itk
{
namespace
{
using Image3DType = Image<float, 3>;
using Image4DType = Image<float, 4>;

/** Replace exceptions about reading, whose texts name source files and lines, by one that names the file. */
template <typename TFunction>
auto
TranslateReadErrors(const std::string & fileName, TFunction && function) -> decltype(function())
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

template <typename TReader>
typename TReader::Pointer
MakeReader(const std::string & fileName, const std::vector<std::string> & series)
{
  auto reader = TReader::New();
  if constexpr (std::is_same<TReader, ImageSeriesReader<Image3DType>>::value)
  {
    reader->SetFileNames(series);
    // The positions of the slices have already been checked.
    reader->SetSpacingWarningRelThreshold(std::numeric_limits<double>::max());
  }
  else
  {
    reader->SetFileName(fileName);
  }
  return reader;
}

template <typename TImage>
TrainingVolumeGeometry
MakeGeometry(const TImage * image, std::optional<unsigned int> sliceAxis, unsigned int & axis)
{
  axis = SliceStackPreprocessing::ResolveSliceAxis(image, sliceAxis);
  const auto             region = image->GetLargestPossibleRegion();
  TrainingVolumeGeometry geometry = MakeTrainingVolumeGeometry(image, region, axis);
  if (geometry.slices * geometry.rows * geometry.columns == 0)
  {
    itkGenericExceptionMacro("it is empty: its size is " << region.GetSize());
  }
  return geometry;
}
} // namespace

TrainingVolumeReader::TrainingVolumeReader(const std::string & fileName, std::optional<unsigned int> sliceAxis)
  : m_FileName(fileName)
{
  TranslateReadErrors(fileName, [&] {
    std::error_code error;
    if (!std::filesystem::exists(fileName, error))
    {
      itkGenericExceptionMacro("there is no such file");
    }
    if (std::filesystem::is_directory(fileName, error))
    {
      m_Series = SliceFileSeries::Find(fileName);
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
TrainingVolumeReader::Read(SizeValueType phase, const ProcessObject * process) const
{
  TrainingVolume volume;
  static_cast<TrainingVolumeGeometry &>(volume) = m_Geometry;
  TranslateReadErrors(m_FileName, [&] {
    if (!m_Series.empty())
    {
      const auto reader = MakeReader<ImageSeriesReader<Image3DType>>(m_FileName, m_Series);
      reader->Update();
      volume.pixels = SliceStackPreprocessing::CopySlices(
        reader->GetOutput(), reader->GetOutput()->GetLargestPossibleRegion(), m_SliceAxis, process);
      return;
    }
    // Only one phase of a 4D file is read, if the format can be streamed.
    const auto reader = MakeReader<ImageFileReader<Image4DType>>(m_FileName, m_Series);
    reader->UpdateOutputInformation();
    auto region = reader->GetOutput()->GetLargestPossibleRegion();
    region.SetIndex(3, region.GetIndex(3) + static_cast<IndexValueType>(phase));
    region.SetSize(3, 1);
    reader->GetOutput()->SetRequestedRegion(region);
    reader->Update();
    volume.pixels = SliceStackPreprocessing::CopySlices(
      static_cast<const Image4DType *>(reader->GetOutput()), region, m_SliceAxis, process);
  });
  if (volume.pixels.size() != volume.slices * volume.rows * volume.columns)
  {
    itkGenericExceptionMacro("Can't train on '" << m_FileName << "': its size has changed since the training began.");
  }
  return volume;
}
} // end namespace itk
