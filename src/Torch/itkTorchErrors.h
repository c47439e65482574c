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
#ifndef itkTorchErrors_h
#define itkTorchErrors_h

#include "itkMacro.h"

#include <c10/util/Exception.h>

#include <exception>

namespace itk
{
/** Call a function, and turn its exceptions into ExceptionObjects.
 * \param doing what the function does; part of the message. The backtraces of LibTorch's exceptions are left out. */
template <typename TFunction>
auto
TranslateTorchErrors(const char * doing, TFunction && function) -> decltype(function())
{
  try
  {
    return function();
  }
  catch (const c10::Error & error)
  {
    itkGenericExceptionMacro("LibTorch failed while " << doing << ": " << error.what_without_backtrace());
  }
  catch (const ExceptionObject &)
  {
    throw;
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("Failed while " << doing << ": " << error.what());
  }
}
} // end namespace itk

#endif // itkTorchErrors_h
