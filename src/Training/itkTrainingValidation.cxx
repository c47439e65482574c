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

#include "itkTrainingValidation.h"

#include "itkSliceTensors.h"
#include "itkTrainingLosses.h"
#include "itkTrainingSlices.h"

#include "itkBSplineInterpolateImageFunction.h"
#include "itkResampleImageFilter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace itk
{
namespace
{
/** Interpolate the slices half-way between the given slices by ITK's cubic B-spline: (slices - 1, rows, columns). */
torch::Tensor
InterpolateByBSpline(const torch::Tensor & kept, unsigned int numberOfThreads)
{
  using VolumeType = Image<float, 3>;
  auto                 image = VolumeType::New();
  VolumeType::SizeType size;
  size[0] = static_cast<SizeValueType>(kept.size(2));
  size[1] = static_cast<SizeValueType>(kept.size(1));
  size[2] = static_cast<SizeValueType>(kept.size(0));
  image->SetRegions(size);
  image->Allocate();
  const torch::Tensor pixels = kept.contiguous();
  std::memcpy(image->GetBufferPointer(), pixels.data_ptr<float>(), pixels.nbytes());

  auto interpolator = BSplineInterpolateImageFunction<VolumeType, double, double>::New();
  interpolator->SetSplineOrder(3);
  auto resample = ResampleImageFilter<VolumeType, VolumeType, double>::New();
  resample->SetInput(image);
  resample->SetInterpolator(interpolator);
  resample->SetOutputParametersFromImage(image);
  --size[2];
  resample->SetSize(size);
  VolumeType::PointType origin = image->GetOrigin();
  origin[2] += 0.5;
  resample->SetOutputOrigin(origin);
  resample->SetNumberOfWorkUnits(numberOfThreads);
  resample->Update();
  torch::Tensor result = torch::empty({ kept.size(0) - 1, kept.size(1), kept.size(2) });
  std::memcpy(result.data_ptr<float>(), resample->GetOutput()->GetBufferPointer(), result.nbytes());
  return result.clamp(0.0, 1.0);
}
} // namespace

TrainingValidation::TrainingValidation(const AutoencoderModel * model, unsigned int numberOfThreads)
  : m_Model(model)
  , m_NumberOfThreads(numberOfThreads)
{}

void
TrainingValidation::AddVolume(const TrainingVolume & volume)
{
  if (volume.slices < 3)
  {
    return;
  }
  const auto          rows = static_cast<int64_t>(volume.rows);
  const auto          columns = static_cast<int64_t>(volume.columns);
  const auto          slices = static_cast<int64_t>((volume.slices - 1) / 2 * 2 + 1);
  const torch::Tensor native =
    torch::from_blob(const_cast<float *>(volume.pixels.data()), { slices, 1, rows, columns }).clone();
  const torch::Tensor keptNative = native.slice(0, 0, slices, 2).contiguous();
  std::vector<float>  values(keptNative.data_ptr<float>(), keptNative.data_ptr<float>() + keptNative.numel());
  torch::Tensor       windowed = PrepareTrainingSlices(native, std::move(values), "Validation", volume, m_Model);
  windowed =
    SliceTensors::CropCenter(windowed, std::min(CropSize, windowed.size(2)), std::min(CropSize, windowed.size(3)))
      .contiguous();
  const torch::Tensor bspline = InterpolateByBSpline(windowed.slice(0, 0, slices, 2).squeeze(1), m_NumberOfThreads);
  for (int64_t i = 1; i < slices; i += 2)
  {
    Slice slice;
    slice.first = windowed.narrow(0, i - 1, 1);
    slice.truth = windowed.narrow(0, i, 1);
    slice.second = windowed.narrow(0, i + 1, 1);
    slice.before = windowed.narrow(0, std::max<int64_t>(i - 3, 0), 1);
    slice.after = windowed.narrow(0, std::min(i + 3, slices - 1), 1);
    slice.bspline = bspline.narrow(0, (i - 1) / 2, 1).unsqueeze(1);
    slice.volume = m_NumberOfVolumes;
    m_Slices.push_back(slice);
  }
  ++m_NumberOfVolumes;
}

void
TrainingValidation::ChooseSlices(SizeValueType maximumNumberOfSlices)
{
  if (m_Slices.size() > maximumNumberOfSlices)
  {
    std::vector<Slice> chosen;
    for (SizeValueType i = 0; i < maximumNumberOfSlices; ++i)
    {
      chosen.push_back(m_Slices[(2 * i + 1) * m_Slices.size() / (2 * maximumNumberOfSlices)]);
    }
    m_Slices = std::move(chosen);
  }
  std::map<size_t, double> slicesOfVolume;
  for (auto & slice : m_Slices)
  {
    slicesOfVolume[slice.volume] += 1.0;
    // Slices are views of larger tensors. Without the copies, the larger tensors would stay in memory.
    for (torch::Tensor * tensor :
         { &slice.first, &slice.truth, &slice.second, &slice.before, &slice.after, &slice.bspline })
    {
      *tensor = tensor->clone();
    }
  }
  for (auto & slice : m_Slices)
  {
    slice.weight = 1.0 / (slicesOfVolume[slice.volume] * static_cast<double>(slicesOfVolume.size()));
    Add(m_Linear, slice.weight, torch::lerp(slice.first, slice.second, 0.5), slice.truth);
    Add(m_BSpline, slice.weight, slice.bspline, slice.truth);
  }
}

void
TrainingValidation::Add(Scores & scores, double weight, const torch::Tensor & slice, const torch::Tensor & truth)
{
  const double error = std::max(1e-10, torch::mse_loss(slice, truth).item<double>());
  scores.meanSquaredError += weight * error;
  scores.psnr -= weight * 10.0 * std::log10(error);
  // SSIM is not defined for slices that are smaller than its window.
  if (truth.size(2) >= 11 && truth.size(3) >= 11)
  {
    scores.ssim += weight * TrainingLosses::SSIM(slice, truth).item<double>();
  }
}

namespace
{
torch::Tensor
ForNetwork(const torch::Tensor & slice, const AutoencoderNetwork & network)
{
  const int64_t multiple = network.GetArchitecture().GetSliceMultiple();
  return SliceTensors::MirrorPad(slice,
                                 SliceTensors::PaddedLength(slice.size(2), multiple),
                                 SliceTensors::PaddedLength(slice.size(3), multiple))
    .contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor
Decode(AutoencoderNetwork & network, const AutoencoderNetwork::LatentType & latent, const torch::Tensor & slice)
{
  return SliceTensors::CropCenter(network.Decode(latent).to(torch::kFloat), slice.size(2), slice.size(3))
    .clamp(0.0, 1.0)
    .contiguous();
}
} // namespace

LatentNeighbors
TrainingValidation::Encode(AutoencoderNetwork & network, const Slice & slice)
{
  // All slices have the same size and fit in one batch.
  const bool                 mixesWithContext = network.GetArchitecture().mixesWithContext;
  std::vector<torch::Tensor> slices{ slice.first, slice.second };
  if (mixesWithContext)
  {
    slices.push_back(slice.before);
    slices.push_back(slice.after);
  }
  const auto      latent = network.Encode(ForNetwork(torch::cat(slices, 0), network));
  LatentNeighbors neighbors{ NarrowLatents(latent, 0, 1), NarrowLatents(latent, 1, 1), {}, {} };
  if (mixesWithContext)
  {
    neighbors.before = NarrowLatents(latent, 2, 1);
    neighbors.after = NarrowLatents(latent, 3, 1);
  }
  return neighbors;
}

TrainingValidation::Scores
TrainingValidation::Measure(AutoencoderNetwork & network,
                            TrainingLanes &      lanes,
                            int64_t              rank,
                            int64_t              numberOfProcesses) const
{
  const auto          first = static_cast<size_t>(rank);
  const auto          step = static_cast<size_t>(numberOfProcesses);
  const size_t        count = first < m_Slices.size() ? (m_Slices.size() - first + step - 1) / step : 0;
  std::vector<Scores> ofSlices(count);
  lanes.ForEach(count, [&](size_t i) {
    const torch::NoGradGuard noGradient;
    const Slice &            slice = m_Slices[first + i * step];
    const auto               mixed = network.Mix(Encode(network, slice), 0.5);
    Add(ofSlices[i], slice.weight, Decode(network, mixed, slice.truth), slice.truth);
  });
  Scores sum;
  for (const Scores & scores : ofSlices)
  {
    sum.meanSquaredError += scores.meanSquaredError;
    sum.psnr += scores.psnr;
    sum.ssim += scores.ssim;
  }
  return sum;
}

std::pair<double, double>
TrainingValidation::ComputeResidualGainSums(AutoencoderNetwork & network, TrainingLanes & lanes) const
{
  std::vector<std::pair<double, double>> ofSlices(m_Slices.size());
  lanes.ForEach(m_Slices.size(), [&](size_t index) {
    const torch::NoGradGuard noGradient;
    const Slice &            slice = m_Slices[index];
    const auto               neighbors = Encode(network, slice);
    auto                     all = network.Mix(neighbors, 0.5);
    for (size_t i = 0; i < all.size(); ++i)
    {
      all[i] = torch::cat({ neighbors.first[i], neighbors.second[i], all[i] }, 0);
    }
    const torch::Tensor decoded = Decode(network, all, slice.truth);
    const torch::Tensor correction =
      decoded.narrow(0, 2, 1) - 0.5 * (decoded.narrow(0, 0, 1) + decoded.narrow(0, 1, 1));
    const torch::Tensor error = slice.truth - torch::lerp(slice.first, slice.second, 0.5);
    ofSlices[index] = { (correction * error).sum().item<double>(), (correction * correction).sum().item<double>() };
  });
  std::pair<double, double> sums{ 0.0, 0.0 };
  for (const auto & [correctionTimesError, correctionSquared] : ofSlices)
  {
    sums.first += correctionTimesError;
    sums.second += correctionSquared;
  }
  return sums;
}
} // end namespace itk
