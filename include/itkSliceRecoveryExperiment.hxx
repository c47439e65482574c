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
#ifndef itkSliceRecoveryExperiment_hxx
#define itkSliceRecoveryExperiment_hxx

#include "itkImageRegionConstIterator.h"
#include "itkImageRegionIterator.h"

#include <algorithm>

namespace itk
{
template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::GetImageBase() const -> const ImageBaseType *
{
  return m_Image;
}

template <typename TImage>
ModifiedTimeType
SliceRecoveryExperiment<TImage>::GetImageMTime() const
{
  return m_Image ? std::max(m_Image->GetMTime(), m_Image->GetPixelContainer()->GetMTime()) : 0;
}

template <typename TImage>
auto
SliceRecoveryExperiment<TImage>::CopyRegion(const RegionType & region) const -> DoubleImageType::Pointer
{
  auto copy = DoubleImageType::New();
  copy->SetRegions(region);
  copy->Allocate();
  ImageRegionConstIterator<ImageType> in(m_Image, region);
  for (ImageRegionIterator<DoubleImageType> out(copy, region); !out.IsAtEnd(); ++in, ++out)
  {
    out.Set(static_cast<double>(in.Get()));
  }
  return copy;
}

template <typename TImage>
void
SliceRecoveryExperiment<TImage>::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  itkPrintSelfObjectMacro(Image);
}
} // end namespace itk

#endif // itkSliceRecoveryExperiment_hxx
