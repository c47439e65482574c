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
/** Operations on slices before and after the network. Slices are tensors of the shape (N, 1, rows, columns). */
namespace SliceTensors
{
/** Pixels of the longest side to which a slice is resampled. A wrong spacing, of the image or of a model file, would
 * otherwise make slices that no memory holds. */
constexpr int64_t LargestNetworkLength = 16384;

/** Number of pixels of a side of the network input. The side does not change if the model has no spacing, or the
 * spacings agree within LatentSliceSynthesizer::SpacingTolerance. Otherwise the extent is kept at the model's spacing,
 * rounded to whole pixels, at least 1.
 * \exception ExceptionObject if it would be longer than LargestNetworkLength */
int64_t
NetworkLength(int64_t length, double spacing, double modelSpacing);

/** Number of pixels of a side after padding: the next multiple of a number. */
int64_t
PaddedLength(int64_t length, int64_t multiple);

/** Resample in plane to another size with the same extent: bicubic, with anti-aliasing for a smaller size. */
torch::Tensor
Resample(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** The pixel that an index outside of a side mirrors. The side is mirrored at the outer edges of its border pixels,
 * repeatedly if necessary. */
int64_t
MirrorIndex(int64_t index, int64_t length);

/** Slices whose side along an axis has `count` pixels, the first `before` of which lie before it, see MirrorIndex(). */
torch::Tensor
MirrorSide(const torch::Tensor & slices, int64_t axis, int64_t before, int64_t count);

/** Pad to `rows` and `columns` by mirroring, see MirrorIndex(). The slice is in the middle. */
torch::Tensor
MirrorPad(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** Crop to the middle: the inverse of MirrorPad(). */
torch::Tensor
CropCenter(const torch::Tensor & slices, int64_t rows, int64_t columns);

/** Bring slices into one of eight orientations: a rotation by `orientation` times 90 degrees. From 4 on, the columns
 * are flipped before. */
torch::Tensor
Orient(const torch::Tensor & slices, unsigned int orientation);

/** The inverse of Orient(). */
torch::Tensor
Reorient(const torch::Tensor & slices, unsigned int orientation);

/** Map the window to [0, 1] and clamp. */
torch::Tensor
ApplyWindow(const torch::Tensor & slices, double minimum, double maximum);
} // namespace SliceTensors
} // end namespace itk

#endif // itkSliceTensors_h
