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
#ifndef itkWinogradKernelWeights_h
#define itkWinogradKernelWeights_h

#include "itkWinogradKernelProducts.h"
#include "itkWinogradTasks.h"
#include "itkWinogradWeightTransform.h"

namespace itk
{
namespace
{
/** Transform the weights of some pairs of a panel of output channels and an input channel, in double precision. The
 * inner loops are over the channels of the panel, so they become vector instructions. */
void
PackWeights(const WinogradPackingTask & task, int64_t firstPair, int64_t lastPair)
{
  using WinogradWeightTransform::G;
  for (int64_t pair = firstPair; pair < lastPair; ++pair)
  {
    const int64_t panel = pair / task.inputChannels;
    const int64_t input = pair % task.inputChannels;
    const int64_t remaining = task.outputChannels - panel * Panel;
    const int64_t count = remaining < Panel ? remaining : Panel;
    const float * from = task.weight + panel * Panel * task.outputStride + input * task.inputStride;
    double        taps[9][Panel]{};
    for (int64_t o = 0; o < count; ++o)
    {
      for (int64_t tap = 0; tap < 9; ++tap)
      {
        taps[tap][o] = from[o * task.outputStride + tap / 3 * task.rowStride + tap % 3 * task.columnStride];
      }
    }
    double half[6][3][Panel];
    for (int64_t row = 0; row < 6; ++row)
    {
      for (int64_t column = 0; column < 3; ++column)
      {
        for (int64_t o = 0; o < Panel; ++o)
        {
          half[row][column][o] =
            G[row][0] * taps[column][o] + G[row][1] * taps[3 + column][o] + G[row][2] * taps[6 + column][o];
        }
      }
    }
    for (int64_t k = 0; k < 36; ++k)
    {
      const double * g = G[k % 6];
      const auto &   h = half[k / 6];
      float *        to = task.packed + ((panel * 36 + k) * task.inputChannels + input) * Panel;
      for (int64_t o = 0; o < Panel; ++o)
      {
        to[o] = static_cast<float>(h[0][o] * g[0] + h[1][o] * g[1] + h[2][o] * g[2]);
      }
    }
  }
}
} // namespace
} // end namespace itk

#endif // itkWinogradKernelWeights_h
