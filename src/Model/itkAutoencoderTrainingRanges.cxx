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

#include "itkAutoencoderTrainingRanges.h"

#include "itkMath.h"

#include <algorithm>
#include <sstream>

namespace itk
{
namespace AutoencoderTrainingRanges
{
namespace
{
/** Relative difference of spacings that is common among volumes of the same protocol. */
constexpr double Tolerance = 0.05;

struct Range
{
  bool   isKnown;
  double smallest;
  double largest;

  /** The range, extended to include a value. */
  Range
  Extended(double value) const
  {
    return isKnown ? Range{ true, std::min(smallest, value), std::max(largest, value) } : Range{ true, value, value };
  }

  bool
  IsTooSmall(double value) const
  {
    return value < (1.0 - Tolerance) * smallest;
  }

  bool
  IsTooLarge(double value) const
  {
    return isKnown && value > (1.0 + Tolerance) * largest;
  }
};

Range
GetSliceSpacings(const AutoencoderModel * model)
{
  return { model->HasTrainingSliceSpacingRange(),
           model->GetSmallestTrainingSliceSpacing(),
           model->GetLargestTrainingSliceSpacing() };
}

Range
GetInPlaneSpacings(const AutoencoderModel * model)
{
  return { model->HasTrainingInPlaneSpacingRange(),
           model->GetSmallestTrainingInPlaneSpacing(),
           model->GetLargestTrainingInPlaneSpacing() };
}

Range
GetRatios(const AutoencoderModel * model)
{
  return { model->HasTrainingSpacingRatioRange(),
           model->GetSmallestTrainingSpacingRatio(),
           model->GetLargestTrainingSpacingRatio() };
}

/** The slice spacing as a multiple of the pixel spacing of the network input. */
double
ComputeRatio(const AutoencoderModel * model, double sliceSpacing, double inPlaneSpacing)
{
  return sliceSpacing / (model->GetNativeInPlaneSpacing() ? inPlaneSpacing : model->GetInPlaneSpacing());
}
} // namespace

void
Extend(AutoencoderModel * model, double sliceSpacing, double inPlaneSpacing)
{
  const auto isSpacing = [](double spacing) { return spacing > 0.0 && Math::isfinite(spacing); };
  if (!isSpacing(sliceSpacing) || !isSpacing(inPlaneSpacing))
  {
    itkGenericExceptionMacro("A training volume has a slice spacing of "
                             << sliceSpacing << " mm and an in-plane spacing of " << inPlaneSpacing
                             << " mm, but both have to be greater than 0.");
  }
  const Range slices = GetSliceSpacings(model).Extended(sliceSpacing);
  const Range inPlane = GetInPlaneSpacings(model).Extended(inPlaneSpacing);
  const Range ratios = GetRatios(model).Extended(ComputeRatio(model, sliceSpacing, inPlaneSpacing));
  model->SetTrainingSliceSpacingRange(slices.smallest, slices.largest);
  model->SetTrainingInPlaneSpacingRange(inPlane.smallest, inPlane.largest);
  model->SetTrainingSpacingRatioRange(ratios.smallest, ratios.largest);
}

std::string
DescribeDeviation(const AutoencoderModel * model, double sliceSpacing, double inPlaneSpacing)
{
  std::ostringstream text;
  text.precision(4);
  const auto add = [&text](const char * before, double value, const char * unit, const char * after, Range range) {
    text << (text.tellp() > 0 ? ", and " : "") << before << value << unit << after << ", but the model was trained on "
         << range.smallest << " to " << range.largest << unit;
  };

  const Range  slices = GetSliceSpacings(model);
  const Range  ratios = GetRatios(model);
  const double ratio = ComputeRatio(model, sliceSpacing, inPlaneSpacing);
  if (slices.IsTooSmall(sliceSpacing) || slices.IsTooLarge(sliceSpacing))
  {
    add("slices are ", sliceSpacing, " mm", " apart", slices);
  }
  else if (ratios.IsTooSmall(ratio) || ratios.IsTooLarge(ratio))
  {
    add("slices are ", ratio, " pixels", " apart", ratios);
  }
  // With an InPlaneSpacing, all slices are resampled to it. Finer pixels are no deviation. Pixels that are coarser than
  // it and than all those of the training leave slices more blurred than in the training.
  const Range inPlane = GetInPlaneSpacings(model);
  Range       coarsest = inPlane;
  coarsest.largest = std::max(inPlane.largest, model->GetInPlaneSpacing());
  if ((model->GetNativeInPlaneSpacing() && inPlane.IsTooSmall(inPlaneSpacing)) || coarsest.IsTooLarge(inPlaneSpacing))
  {
    add("pixels are ", inPlaneSpacing, " mm", " wide", inPlane);
  }
  return text.tellp() > 0 ? text.str() + ": look at the result, or fine-tune the model on volumes like this one"
                          : std::string{};
}
} // namespace AutoencoderTrainingRanges
} // end namespace itk
