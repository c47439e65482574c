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

#include "itkWinogradKernel.h"

#include <ATen/Version.h>

#include <string>

namespace itk
{
// The instruction set is chosen only here. LibTorch's choice is used, so that the environment variable
// ATEN_CPU_CAPABILITY limits these kernels as it limits those of LibTorch.
const WinogradKernel *
GetWinogradKernel()
{
#ifdef LSSR_WINOGRAD_KERNELS
  static const WinogradKernel * const kernel = []() -> const WinogradKernel * {
    const std::string capability = at::get_cpu_capability();
    if (capability == "AVX512")
    {
      return &GetWinogradKernelAVX512();
    }
    return capability == "AVX2" ? &GetWinogradKernelAVX2() : nullptr;
  }();
  return kernel;
#else
  return nullptr;
#endif
}
} // end namespace itk
