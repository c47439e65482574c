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

// Reader, filter, writer. The input is written first, so that the program needs no data.

#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkImageRegionIteratorWithIndex.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"

#include <cmath>
#include <cstdlib>
#include <iostream>

namespace
{
using ImageType = itk::Image<short, 3>;

// Five slices of 64 x 48 pixels with a bright disk that moves from slice to slice.
void
WriteThickSlices(const char * fileName)
{
  auto image = ImageType::New();
  image->SetRegions(ImageType::SizeType{ { 64, 48, 5 } });
  image->SetSpacing(itk::MakeVector(1.4, 1.4, 8.0));
  image->Allocate();
  for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    const auto & index = it.GetIndex();
    const double radius = std::hypot(index[0] - 26.0 - 2.0 * index[2], index[1] - 24.0);
    it.Set(static_cast<short>(100 + 900 / (1.0 + std::exp(radius - 12.0))));
  }
  itk::WriteImage(image, fileName);
}
} // namespace

int
main(int argc, char * argv[])
{
  if (argc != 3)
  {
    std::cerr << "Usage: " << argv[0] << " thick thin" << std::endl;
    return EXIT_FAILURE;
  }
  try
  {
    WriteThickSlices(argv[1]);

    auto reader = itk::ImageFileReader<ImageType>::New();
    reader->SetFileName(argv[1]);
    auto filter = itk::LatentSpaceSuperResolutionImageFilter<ImageType>::New();
    filter->SetInput(reader->GetOutput());
    filter->SetUpsamplingFactor(4);
    auto writer = itk::ImageFileWriter<ImageType>::New();
    writer->SetInput(filter->GetOutput());
    writer->SetFileName(argv[2]);
    writer->Update();

    const auto thin = itk::ReadImage<ImageType>(argv[2]);
    std::cout << "size " << thin->GetLargestPossibleRegion().GetSize() << ", spacing " << thin->GetSpacing()
              << std::endl;
    return thin->GetSpacing()[2] == 2.0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  catch (const itk::ExceptionObject & error)
  {
    std::cerr << error << std::endl;
    return EXIT_FAILURE;
  }
}
