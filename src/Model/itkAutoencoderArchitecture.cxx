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

#include "itkAutoencoderArchitecture.h"

#include <algorithm>

namespace itk
{
namespace
{
/** Number of weights and biases of a convolution. */
int64_t
CountConvolution(int64_t inputChannels, int64_t outputChannels, int64_t taps = 9)
{
  return taps * inputChannels * outputChannels + outputChannels;
}
} // namespace

bool
AutoencoderArchitecture::HasLevel(int64_t block) const
{
  return std::find(levels.begin(), levels.end(), block) != levels.end();
}

std::vector<int64_t>
AutoencoderArchitecture::GetLatentTensorChannels() const
{
  std::vector<int64_t> channels{ latentChannels };
  for (const int64_t level : levels)
  {
    // Levels may be set before the number of poolings that they need.
    if (level < poolings)
    {
      channels.push_back(this->GetBlockChannels(level));
    }
  }
  if (hasLatentPixels)
  {
    channels.push_back(this->GetPixelChannels());
  }
  return channels;
}

int64_t
AutoencoderArchitecture::GetMixingWidth(int64_t channels)
{
  constexpr int64_t fewest = 32;
  return std::min(channels, std::max(fewest, channels / 2));
}

int64_t
AutoencoderArchitecture::CountParameters() const
{
  const int64_t top = this->GetBlockChannels(poolings - 1);
  // From the last encoder block to the latent, and from there to the first decoder block.
  int64_t count = CountConvolution(top, top) + CountConvolution(top, latentChannels);
  count += CountConvolution(latentChannels, top) + CountConvolution(top, top);
  int64_t encoderInput = this->GetPixelChannels();
  for (int64_t block = 0; block < poolings; ++block)
  {
    const int64_t channels = this->GetBlockChannels(block);
    const int64_t decoderInput =
      (block + 1 < poolings ? this->GetBlockChannels(block + 1) : top) + (this->HasLevel(block) ? channels : 0);
    // A normalization has a scale and an offset for each channel.
    count += CountConvolution(encoderInput, channels) + CountConvolution(channels, channels) + 2 * channels;
    count += CountConvolution(decoderInput, channels) + CountConvolution(channels, channels) + 2 * channels;
    encoderInput = channels;
  }
  // From the last decoder block to the slice.
  count += CountConvolution(baseChannels + (hasLatentPixels ? this->GetPixelChannels() : 0), baseChannels) +
           CountConvolution(baseChannels, this->GetPixelChannels());
  if (learnsMixing)
  {
    for (const int64_t channels : this->GetLatentTensorChannels())
    {
      const int64_t width = GetMixingWidth(channels);
      count += CountConvolution(this->GetMixingInputChannels(channels), width, 1) + CountConvolution(width, width) +
               CountConvolution(width, channels, 1);
    }
  }
  return count;
}

AutoencoderArchitecture
GetArchitecture(const AutoencoderModel * model)
{
  AutoencoderArchitecture architecture;
  architecture.poolings = model->GetNumberOfPoolings();
  architecture.baseChannels = model->GetBaseChannels();
  architecture.latentChannels = model->GetLatentChannels();
  architecture.levels.assign(model->GetLatentLevels().begin(), model->GetLatentLevels().end());
  architecture.pixelUnshuffleFactor = model->GetPixelUnshuffleFactor();
  architecture.hasLatentPixels = model->GetLatentPixels();
  architecture.learnsMixing = model->GetMixing() == AutoencoderModelEnums::Mixing::Learned;
  architecture.mixesWithContext = architecture.learnsMixing && model->GetMixingContext();
  return architecture;
}
} // end namespace itk
