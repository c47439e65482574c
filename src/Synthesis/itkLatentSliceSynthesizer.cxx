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

#include "itkLatentSliceSynthesizer.h"

#include "itkInterpolationWeights.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSliceSynthesis.h"
#include "itkTorchDevice.h"
#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"

#include <algorithm>

namespace itk
{
namespace
{
void
CheckPositions(const std::vector<LatentSliceSynthesizer::Position> & positions, SizeValueType slices)
{
  for (const auto & position : positions)
  {
    if (!(position.alpha >= 0.0 && position.alpha < 1.0) || position.slice >= slices ||
        (position.alpha > 0.0 && position.slice + 1 >= slices))
    {
      itkGenericExceptionMacro("A slice at " << position.slice << " + " << position.alpha
                                             << " was asked for, but there are " << slices << " acquired slices.");
    }
  }
}
} // namespace

bool
LatentSliceSynthesizer::CopiesAcquiredSlices(Settings::OutputModeEnum mode)
{
  switch (mode)
  {
    case Settings::OutputModeEnum::PreserveAcquired:
    case Settings::OutputModeEnum::ResidualCorrected:
      return true;
    case Settings::OutputModeEnum::Decoded:
    case Settings::OutputModeEnum::LowPassCorrected:
    case Settings::OutputModeEnum::ProfileCorrected:
    case Settings::OutputModeEnum::Automatic:
      return false;
  }
  return false;
}

SizeValueType
LatentSliceSynthesizer::GetReach(Settings::OutputModeEnum mode, const AutoencoderModel * model)
{
  // A position near an acquired slice is mixed from the gaps on both sides of that slice. The context needs one more.
  const AutoencoderArchitecture architecture = GetArchitecture(model);
  SizeValueType                 mixingReach = architecture.learnsMixing ? 1 : 0;
  if (!model->HasWeights() || architecture.mixesWithContext)
  {
    mixingReach = 2;
  }
  // Lanczos interpolation of radius 3 needs two more slices on each side, sharpening needs one more.
  constexpr SizeValueType profileReach = 3;
  switch (mode)
  {
    case Settings::OutputModeEnum::ProfileCorrected:
      return profileReach;
    case Settings::OutputModeEnum::Decoded:
    case Settings::OutputModeEnum::PreserveAcquired:
    case Settings::OutputModeEnum::ResidualCorrected:
    case Settings::OutputModeEnum::LowPassCorrected:
    case Settings::OutputModeEnum::Automatic:
      return mixingReach;
  }
  return mixingReach;
}

double
LatentSliceSynthesizer::ComputeDetailGain(double sliceSpacing)
{
  return std::clamp(1.0 - sliceSpacing / DetailDistance, 0.0, 1.0);
}

std::map<SizeValueType, double>
LatentSliceSynthesizer::ComputeProfileWeights(const Position & position, SizeValueType slices, double profileSigma)
{
  return itk::ComputeProfileWeights(position, slices, profileSigma);
}

void
LatentSliceSynthesizer::CheckDevice(const std::string & device)
{
  MakeTorchDevice(device);
}

LatentSliceSynthesizer::LatentSliceSynthesizer(const AutoencoderModel * model, const Settings & settings)
  : m_Model(model)
  , m_Settings(settings)
{
  if (!model || !model->HasWeights())
  {
    itkGenericExceptionMacro("The model has no weights.");
  }
  if (settings.computeOrientationSpread && settings.numberOfOrientations < 2)
  {
    itkGenericExceptionMacro("The spread over 1 orientation was asked for, but it needs 4 or 8 orientations.");
  }
}

void
LatentSliceSynthesizer::Synthesize(const Stack &                 stack,
                                   const std::vector<Position> & positions,
                                   const SliceFunction &         receive,
                                   const ProgressFunction &      progress) const
{
  CheckPositions(positions, stack.slices);
  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("synthesizing slices", [&] {
    const torch::InferenceMode inference;
    const TorchThreadScope     threads(static_cast<int>(m_Settings.numberOfThreads));
    SliceSynthesis(*m_Model, stack, m_Settings).Run(positions, receive, progress);
  });
}
} // end namespace itk
