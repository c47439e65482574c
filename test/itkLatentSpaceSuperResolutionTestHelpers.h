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
#ifndef itkLatentSpaceSuperResolutionTestHelpers_h
#define itkLatentSpaceSuperResolutionTestHelpers_h

#include "itkAutoencoderModel.h"
#include "itkImageRegionIteratorWithIndex.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace itk
{
namespace LatentSpaceSuperResolutionTest
{
/** A network that is small enough for tests: 2 poolings, 4 base channels, 3 latent channels, level 0, at the full side
 * and with linear mixing. With this seed, decoded slices of MakeStack() vary within [0, 1], so that clamping hides no
 * difference. Not every seed has this property. */
inline AutoencoderModel::Pointer
MakeSmallModel(unsigned int seed = 58)
{
  auto model = AutoencoderModel::New();
  model->SetNumberOfPoolings(2);
  model->SetBaseChannels(4);
  model->SetLatentChannels(3);
  model->SetLatentLevels({ 0 });
  model->SetPixelUnshuffleFactor(1);
  model->SetLatentPixels(false);
  model->SetMixing(AutoencoderModel::MixingEnum::Linear);
  model->NativeInPlaneSpacingOn();
  model->InitializeWeights(seed);
  return model;
}

/** Smooth blobs that move from slice to slice, with noise. Values are between 0 and about 1000. */
template <typename TImage>
typename TImage::Pointer
MakeStack(typename TImage::SizeType size, double sliceSpacing = 5.0, unsigned int sliceAxis = 2)
{
  auto                         image = TImage::New();
  typename TImage::SpacingType spacing;
  spacing.Fill(1.0);
  spacing[sliceAxis] = sliceSpacing;
  image->SetRegions(size);
  image->SetSpacing(spacing);
  image->Allocate();
  std::mt19937 random(7);
  for (ImageRegionIteratorWithIndex<TImage> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    const auto   index = it.GetIndex();
    const double x = static_cast<double>(index[sliceAxis == 0 ? 1 : 0]);
    const double y = static_cast<double>(index[sliceAxis == 2 ? 1 : 2]);
    const double z = static_cast<double>(index[sliceAxis]);
    const double value = 500.0 + 300.0 * std::sin(0.4 * x + 0.5 * z) * std::cos(0.3 * y - 0.2 * z);
    // Bytes are too small for these values, and the conversion of larger ones is undefined.
    const auto largest = static_cast<double>(NumericTraits<typename TImage::PixelType>::max());
    it.Set(static_cast<typename TImage::PixelType>(std::min(value + random() % 100, largest)));
  }
  return image;
}

/** A file name in the system's temporary folder. The file is removed at the end of the scope. */
class TemporaryFile
{
public:
  explicit TemporaryFile(const std::string & name)
    : m_Name((std::filesystem::temp_directory_path() / (std::to_string(std::random_device{}()) + name)).string())
  {}
  ~TemporaryFile() { std::remove(m_Name.c_str()); }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &
  operator=(const TemporaryFile &) = delete;

  const std::string &
  GetName() const
  {
    return m_Name;
  }

private:
  std::string m_Name;
};

/** The folder of reference values (reference.json, images/), or an empty string if there is none. The names of tests
 * that use it contain the word ReferenceValues, by which scripts/test.sh finds them. */
inline std::string
FindReferenceFolder()
{
  const std::string file = __FILE__;
  const size_t      slash = file.find_last_of("/\\");
  std::string directory = (slash == std::string::npos ? std::string(".") : file.substr(0, slash)) + "/../../shared";
#ifdef LATENT_SR_SHARED
  directory = LATENT_SR_SHARED;
#endif
  if (const char * const fromEnvironment = std::getenv("LATENT_SR_SHARED"))
  {
    directory = fromEnvironment;
  }
  directory += "/metrics";
  return std::ifstream(directory + "/reference.json") ? directory : std::string();
}

/** The message of the exception that a function throws. Empty if it throws none. */
template <typename TFunction>
std::string
MessageOf(TFunction && function)
{
  try
  {
    function();
  }
  catch (const ExceptionObject & error)
  {
    return error.GetDescription();
  }
  return "";
}
} // namespace LatentSpaceSuperResolutionTest
} // end namespace itk

#endif // itkLatentSpaceSuperResolutionTestHelpers_h
