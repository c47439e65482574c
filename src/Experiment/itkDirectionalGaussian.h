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
#ifndef itkDirectionalGaussian_h
#define itkDirectionalGaussian_h

#include "itkGaussianOperator.h"
#include "itkImage.h"
#include "itkNeighborhoodOperatorImageFilter.h"

#include <cmath>

namespace itk
{
/** Blurs along one axis with ITK's discrete Gaussian. */
namespace DirectionalGaussian
{
using OperatorType = GaussianOperator<double, 3>;

/** Make a Gaussian from its standard deviation in pixels. Its area is exact to a thousandth. */
inline OperatorType
MakeOperator(unsigned int axis, double sigma)
{
  OperatorType gaussian;
  gaussian.SetDirection(axis);
  gaussian.SetVariance(sigma * sigma);
  gaussian.SetMaximumError(0.001);
  // This width is never reached, so the maximum error alone determines the kernel.
  gaussian.SetMaximumKernelWidth(static_cast<unsigned int>(std::ceil(10.0 * sigma)) + 3);
  gaussian.CreateDirectional();
  return gaussian;
}

/** Apply the operator to a region of an image. The border pixels of the image are repeated outside of it. */
template <typename TImage>
Image<float, 3>::Pointer
BlurRegion(const TImage * image, const OperatorType & gaussian, const ImageRegion<3> & region)
{
  auto filter = NeighborhoodOperatorImageFilter<TImage, Image<float, 3>, double>::New();
  filter->SetOperator(gaussian);
  filter->SetInput(image);
  filter->GetOutput()->SetRequestedRegion(region);
  filter->Update();
  Image<float, 3>::Pointer blurred = filter->GetOutput();
  blurred->DisconnectPipeline();
  return blurred;
}
} // namespace DirectionalGaussian
} // end namespace itk

#endif // itkDirectionalGaussian_h
