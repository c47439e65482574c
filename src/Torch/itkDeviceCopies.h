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
#ifndef itkDeviceCopies_h
#define itkDeviceCopies_h

#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>
#include <mutex>
#include <unordered_map>

namespace itk
{
/** Copies of an object: one for each device on which it has been requested. Get() is thread-safe. */
template <typename TObject>
class DeviceCopies
{
public:
  /** Get the copy on a device. A device without an index means the current device of its type.
   * \param make returns a new copy; it is called if the device has none yet */
  template <typename TFunction>
  std::shared_ptr<TObject>
  Get(const c10::Device & device, const TFunction & make)
  {
    const c10::Device withIndex = device.has_index() ? device : c10::impl::VirtualGuardImpl(device.type()).getDevice();
    // The lock is held while a copy is made, so that concurrent callers share one copy.
    const std::lock_guard<std::mutex> lock(m_Mutex);
    std::shared_ptr<TObject> &        copy = m_Copies[withIndex];
    if (!copy)
    {
      copy = make();
    }
    return copy;
  }

private:
  std::mutex                                                m_Mutex;
  std::unordered_map<c10::Device, std::shared_ptr<TObject>> m_Copies;
};
} // end namespace itk

#endif // itkDeviceCopies_h
