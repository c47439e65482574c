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
#ifndef itkAutoencoderArchitecture_h
#define itkAutoencoderArchitecture_h

#include "itkAutoencoderModel.h"

#include <cstdint>
#include <vector>

namespace itk
{
/** The parameters that determine the shapes of the network's weights. AutoencoderModel explains them. */
struct AutoencoderArchitecture
{
  int64_t              poolings{ 0 };
  int64_t              baseChannels{ 0 };
  int64_t              latentChannels{ 0 };
  std::vector<int64_t> levels;
  int64_t              pixelUnshuffleFactor{ 1 };
  bool                 hasLatentPixels{ false };
  bool                 learnsMixing{ false };
  bool                 mixesWithContext{ false };

  /** Number of output channels of an encoder block, and of the decoder block of the same size. */
  int64_t
  GetBlockChannels(int64_t block) const
  {
    return baseChannels << block;
  }

  /** Number of channels of the first convolution's input and of the last convolution's output. */
  int64_t
  GetPixelChannels() const
  {
    return pixelUnshuffleFactor * pixelUnshuffleFactor;
  }

  /** The rows and the columns of a slice have to be multiples of this number. */
  int64_t
  GetSliceMultiple() const
  {
    return pixelUnshuffleFactor << poolings;
  }

  /** Number of channels of each tensor of the latent. */
  std::vector<int64_t>
  GetLatentTensorChannels() const;

  /** Number of channels inside the learned mixing of a tensor with the given number of channels, and of its input. */
  static int64_t
  GetMixingWidth(int64_t channels);
  int64_t
  GetMixingInputChannels(int64_t channels) const
  {
    return channels * (mixesWithContext ? 3 : 2);
  }

  /** Whether the features of an encoder block belong to the latent. */
  bool
  HasLevel(int64_t block) const;

  /** Number of trainable parameters. The running statistics of the normalizations do not count. */
  int64_t
  CountParameters() const;
};

/** The architecture that a model is set to. */
AutoencoderArchitecture
GetArchitecture(const AutoencoderModel * model);
} // end namespace itk

#endif // itkAutoencoderArchitecture_h
