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
#ifndef itkSliceTensors_h
#define itkSliceTensors_h

#include <torch/torch.h>

namespace itk
{
/** What slices as tensors of the shape (N, 1, rows, columns) go through before and after the network. */
namespace SliceTensors
{
/** The number of pixels that a side of a slice has for the network: the same if the model has no spacing, or one that
 * is within LatentSliceSynthesizer::SpacingTolerance; else what it takes to keep the extent at the model's spacing,
 * rounded to whole pixels, at least 1. */
int64_t
NetworkLength(int64_t length, double spacing, double modelSpacing);

/** The side that a side of so many pixels is padded to: the next one that is divisible by the poolings. */
int64_t
PaddedLength(int64_t length, int64_t poolings);

/** Resample in plane to another size with the same extent: bicubic, anti-aliased where the size falls. */
torch::Tensor
Resample(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** The pixel of a side that an index outside of it mirrors: at the border pixels' outer edges, as often as it takes. */
int64_t
MirrorIndex(int64_t index, int64_t length);

/** Pad by mirroring at the border pixels' outer edges, as often as it takes, so that the sides become `rows` and
 * `columns`, with the slice in the middle. */
torch::Tensor
MirrorPad(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** Cut the middle out again: the inverse of MirrorPad. */
torch::Tensor
CropCenter(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** One of eight orientations: a rotation by `orientation` times 90 degrees, from 4 on after a flip of the columns. */
torch::Tensor
Orient(const torch::Tensor & slices, unsigned int orientation);

/** The inverse of Orient. */
torch::Tensor
Reorient(const torch::Tensor & slices, unsigned int orientation);

/** Map the window to [0, 1] and clamp. */
torch::Tensor
ApplyWindow(const torch::Tensor & slices, double minimum, double maximum);
} // namespace SliceTensors
} // end namespace itk

#endif // itkSliceTensors_h
