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

#include "itkTorchDevice.h"

#include "itkMacro.h"

namespace itk
{
torch::Device
MakeTorchDevice(const std::string & name)
{
  torch::Device device(torch::kCPU);
  bool          isKnown = true;
  try
  {
    device = torch::Device(name);
    // LibTorch stores the index in eight bits. cuda:256 must not become cuda:0.
    isKnown = device.str() == name && (device.is_cpu() || device.is_cuda());
  }
  catch (const c10::Error &)
  {
    isKnown = false;
  }
  if (!isKnown)
  {
    itkGenericExceptionMacro("Device '" << name << "' is not known: it has to be cpu, cuda, cuda:0, ...");
  }
  const auto count =
    device.is_cuda() && torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  if (device.is_cuda() && (count == 0 || device.index() >= count))
  {
    itkGenericExceptionMacro("Device '" << name << "' is not there: this LibTorch sees " << count << " CUDA devices.");
  }
  return device;
}
} // end namespace itk
