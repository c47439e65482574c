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

#include "itkSliceInterpolation.h"

#include "itkDirectionalGaussian.h"

#include "itkBSplineInterpolateImageFunction.h"
#include "itkImageRegionIteratorWithIndex.h"
#include "itkLinearInterpolateImageFunction.h"
#include "itkMultiThreaderBase.h"
#include "itkNearestNeighborInterpolateImageFunction.h"
#include "itkSliceStackPreprocessing.h"
#include "itkWindowedSincInterpolateImageFunction.h"

#include <algorithm>
#include <array>

namespace itk
{
namespace
{
using ImageType = SliceInterpolation::ImageType;
using InterpolatorType = InterpolateImageFunction<ImageType, double>;
using LinearType = LinearInterpolateImageFunction<ImageType, double>;
using NearestType = NearestNeighborInterpolateImageFunction<ImageType, double>;
template <unsigned int VRadius>
using LanczosType = WindowedSincInterpolateImageFunction<ImageType, VRadius, Function::LanczosWindowFunction<VRadius>>;

template <typename TInterpolator>
InterpolatorType::Pointer
MakeInterpolator()
{
  return TInterpolator::New().GetPointer();
}

template <unsigned int VOrder>
InterpolatorType::Pointer
MakeBSpline()
{
  auto interpolator = BSplineInterpolateImageFunction<ImageType, double, double>::New();
  interpolator->SetSplineOrder(VOrder);
  return interpolator.GetPointer();
}

struct Method
{
  const char * name;
  InterpolatorType::Pointer (*makeInterpolator)();
  /** Standard deviation in pixels of a Gaussian that blurs every interpolated slice; 0: no blur. */
  double sigma{ 0.0 };
};

constexpr std::array<Method, 12> methods{ { { "nearest", MakeInterpolator<NearestType> },
                                            { "linear", MakeInterpolator<LinearType> },
                                            { "bspline", MakeBSpline<3> },
                                            { "bspline0", MakeBSpline<0> },
                                            { "bspline1", MakeBSpline<1> },
                                            { "bspline2", MakeBSpline<2> },
                                            { "bspline3", MakeBSpline<3> },
                                            { "bspline4", MakeBSpline<4> },
                                            { "bspline5", MakeBSpline<5> },
                                            { "lanczos", MakeInterpolator<LanczosType<3>> },
                                            { "lanczos4", MakeInterpolator<LanczosType<4>> },
                                            { "linear-blur", MakeInterpolator<LinearType>, 1.5 } } };

const Method &
FindMethod(const std::string & name)
{
  const auto found =
    std::find_if(methods.begin(), methods.end(), [&](const Method & method) { return method.name == name; });
  if (found == methods.end())
  {
    std::string known;
    for (const Method & method : methods)
    {
      known += (known.empty() ? "" : ", ") + std::string(method.name);
    }
    itkGenericExceptionMacro("There is no interpolation method '" << name << "': it has to be one of " << known << '.');
  }
  return *found;
}
} // namespace

std::vector<std::string>
SliceInterpolation::GetMethods()
{
  std::vector<std::string> names;
  names.reserve(std::size(methods));
  for (const Method & method : methods)
  {
    names.emplace_back(method.name);
  }
  return names;
}

auto
SliceInterpolation::Interpolate(const ImageType *   acquiredSlices,
                                const ImageType *   grid,
                                unsigned int        sliceAxis,
                                unsigned int        keepEvery,
                                const std::string & method) -> ImageType::Pointer
{
  const Method & found = FindMethod(method);
  const auto     interpolator = found.makeInterpolator();
  interpolator->SetInputImage(acquiredSlices);
  auto volume = ImageType::New();
  volume->CopyInformation(grid);
  volume->SetRegions(grid->GetLargestPossibleRegion());
  volume->Allocate();
  const auto interpolate = [&](const ImageType::RegionType & region) {
    for (ImageRegionIteratorWithIndex<ImageType> it(volume, region); !it.IsAtEnd(); ++it)
    {
      const auto number = static_cast<SizeValueType>(it.GetIndex()[sliceAxis]);
      if (number % keepEvery == 0)
      {
        auto index = it.GetIndex();
        index[sliceAxis] = static_cast<IndexValueType>(number / keepEvery);
        it.Set(acquiredSlices->GetPixel(index));
        continue;
      }
      InterpolatorType::ContinuousIndexType position = it.GetIndex();
      position[sliceAxis] = static_cast<double>(number) / keepEvery;
      it.Set(static_cast<float>(interpolator->EvaluateAtContinuousIndex(position)));
    }
  };
  MultiThreaderBase::New()->ParallelizeImageRegion<3>(volume->GetLargestPossibleRegion(), interpolate, nullptr);
  if (found.sigma > 0.0)
  {
    for (const unsigned int axis : SliceStackPreprocessing::GetInPlaneAxes(sliceAxis))
    {
      const auto gaussian = DirectionalGaussian::MakeOperator(axis, found.sigma);
      volume = DirectionalGaussian::BlurRegion(volume.GetPointer(), gaussian, volume->GetLargestPossibleRegion());
    }
  }
  return volume;
}
} // end namespace itk
