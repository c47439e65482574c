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
#ifndef itkPatchSampler_h
#define itkPatchSampler_h

#include "itkIntTypes.h"
#include "itkTrainingRandom.h"

#include <torch/torch.h>

#include <array>
#include <map>
#include <vector>

namespace itk
{
/** Draws the random patches of a training from preprocessed volumes, with augmentation. A sample depends only on the
 * volumes in the cache, the seed, the iteration and its index in the batch. */
class PatchSampler
{
public:
  struct Settings
  {
    int64_t  patchSize{ 96 };
    int64_t  maximumSliceGap{ 3 };
    double   wideGapShare{ 0.2 };
    bool     context{ false };
    bool     center{ true };
    bool     rotate{ true };
    bool     flip{ true };
    double   intensityProbability{ 0.7 };
    double   largestScaleChange{ 0.0 };
    double   deformation{ 0.0 };
    uint64_t seed{ 0 };
  };

  /** Samples of three slices, and of their context. */
  struct Triplets
  {
    /** (N, 1, size, size) each: the encoded slices, and the slice between them. */
    torch::Tensor first;
    torch::Tensor between;
    torch::Tensor second;
    /** The slices at the same distance before `first` and after `second`, which stand in for them beyond the ends of
     * the stack. They are not drawn unless Settings::context is on. */
    torch::Tensor before;
    torch::Tensor after;
    /** (N, 1, 1, 1): the position of `between`, as the share of the way from `first` to `second`. */
    torch::Tensor alpha;
  };

  using VolumesType = std::map<SizeValueType, torch::Tensor>;

  explicit PatchSampler(const Settings & settings)
    : m_Settings(settings)
  {}

  /** Set the volumes to draw from: (slices, rows, columns) each, intensities in [0, 1], not smaller than a patch. */
  void
  SetVolumes(const VolumesType & volumes);

  /** Whether there is a volume with at least three slices. */
  bool
  HasTriplets() const
  {
    return !m_VolumesWithTriplets.empty();
  }

  /** Whether there is a volume with fewer than three slices. */
  bool
  HasVolumesWithoutTriplets() const
  {
    return m_VolumesWithTriplets.size() < m_Volumes.size();
  }

  /** Draw samples of three slices. `samples` are their indices in the batch. */
  Triplets
  DrawTriplets(SizeValueType iteration, const std::vector<int64_t> & samples) const;

  /** Draw samples of single slices, (count, 1, size, size). */
  torch::Tensor
  DrawSlices(SizeValueType iteration, const std::vector<int64_t> & samples) const;

private:
  /** Draw the side of the region that becomes a patch, at most `largest`. */
  int64_t
  DrawSide(TrainingRandom & random, int64_t largest) const;
  int64_t
  DrawOffset(TrainingRandom & random, int64_t free) const;

  /** Draw the points of the slices, in pixels, that become the pixels of a deformed patch: (size, size, 2), the column
   * before the row.
   * \param center row and column of the middle of the patch
   * \param side side of the region that becomes the patch, before it is deformed */
  torch::Tensor
  DrawDeformedGrid(TrainingRandom & random, const std::array<double, 2> & center, int64_t side) const;

  /** Draw one patch from several slices, with the same augmentation for all: (slices, size, size). */
  torch::Tensor
  DrawPatch(TrainingRandom & random, const torch::Tensor & slices) const;

  Settings                   m_Settings;
  std::vector<torch::Tensor> m_Volumes;
  std::vector<torch::Tensor> m_VolumesWithTriplets;
};
} // end namespace itk

#endif // itkPatchSampler_h
