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

#include "itkMersenneTwisterRandomVariateGenerator.h"

#include <torch/torch.h>

#include <vector>

namespace itk
{
/** Draws the random patches of a training from preprocessed volumes, with augmentation. */
class PatchSampler
{
public:
  struct Settings
  {
    int64_t patchSize{ 96 };
    int64_t maximumSliceGap{ 3 };
    double  wideGapShare{ 0.2 };
    bool    center{ true };
    bool    rotate{ true };
    bool    flip{ true };
    double  intensityProbability{ 0.7 };
  };

  /** Samples of three slices. */
  struct Triplets
  {
    /** (N, 1, size, size) each: the encoded slices, and the one between them. */
    torch::Tensor first;
    torch::Tensor between;
    torch::Tensor second;
    /** (N, 1, 1, 1): where between first and second it lies. */
    torch::Tensor alpha;
  };

  /** \param volumes (slices, rows, columns) each, of intensities in [0, 1]; smaller ones than a patch are mirrored */
  PatchSampler(std::vector<torch::Tensor> volumes, const Settings & settings, unsigned int seed);

  /** Whether there is a volume with three slices at least. */
  bool
  HasTriplets() const
  {
    return !m_Deep.empty();
  }

  /** Whether there is a volume with less. */
  bool
  HasShallowVolumes() const
  {
    return m_Deep.size() < m_Volumes.size();
  }

  Triplets
  DrawTriplets(int64_t count);

  /** Single slices, (count, 1, size, size). */
  torch::Tensor
  DrawSlices(int64_t count);

private:
  int64_t
  DrawInteger(int64_t count);
  int64_t
  DrawOffset(int64_t free);
  double
  DrawNormal(double sigma);

  /** A patch of a few slices, augmented alike: (slices, size, size). */
  torch::Tensor
  DrawPatch(const torch::Tensor & slices);

  std::vector<torch::Tensor> m_Volumes;
  std::vector<torch::Tensor> m_Deep;
  Settings                   m_Settings;

  Statistics::MersenneTwisterRandomVariateGenerator::Pointer m_Random;
};
} // end namespace itk

#endif // itkPatchSampler_h
