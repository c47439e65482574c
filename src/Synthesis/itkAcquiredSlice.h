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
#ifndef itkAcquiredSlice_h
#define itkAcquiredSlice_h

#include "itkAutoencoderNetwork.h"
#include "itkLatentSliceSynthesizer.h"

#include <torch/torch.h>

#include <map>
#include <vector>

namespace itk
{
/** The data of an acquired slice while slices around it are synthesized. Slices are (1, 1, rows, columns). */
struct AcquiredSlice
{
  /** Native intensities, and their minimum and maximum. */
  torch::Tensor native;
  torch::Tensor minimum;
  torch::Tensor maximum;
  /** The part of the native slice that is not in the network input, in native intensities: the excess beyond the
   * window, and a share of the detail finer than the network's pixels. */
  torch::Tensor remainder;
  /** In [0, 1], at the model's in-plane spacing, without padding. */
  torch::Tensor networkInput;
  /** One latent per orientation. */
  std::vector<AutoencoderNetwork::LatentType> latents;
  /** The corrections of the learned mixing with the next slice, one per orientation. Empty until they are needed. */
  std::vector<LatentTensors> mixingCorrections;
  /** What the output mode's correction needs of the decoded slice, see SliceCorrection::Keep(). */
  torch::Tensor correction;
};

/** The acquired slices in memory, by their indices in the stack. */
using AcquiredSlices = std::map<SizeValueType, AcquiredSlice>;

/** Interpolate a member of acquired slices linearly at a position. */
inline torch::Tensor
InterpolateLinearly(const AcquiredSlices &                   slices,
                    const LatentSliceSynthesizer::Position & position,
                    torch::Tensor AcquiredSlice::* member)
{
  const torch::Tensor & first = slices.at(position.slice).*member;
  return position.alpha > 0.0 ? torch::lerp(first, slices.at(position.slice + 1).*member, position.alpha) : first;
}
} // end namespace itk

#endif // itkAcquiredSlice_h
