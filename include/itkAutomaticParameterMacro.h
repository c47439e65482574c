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
#ifndef itkAutomaticParameterMacro_h
#define itkAutomaticParameterMacro_h

#include "itkMath.h"

#include <cmath>
#include <type_traits>

namespace itk
{
/** Whether two values of a parameter are the same. Unlike in `==`, NaN is the same as NaN. */
template <typename TValue>
bool
IsSameParameterValue(const TValue & first, const TValue & second)
{
  if constexpr (std::is_floating_point_v<TValue>)
  {
    return Math::ExactlyEquals(first, second) || (std::isnan(first) && std::isnan(second));
  }
  else
  {
    return first == second;
  }
}
} // end namespace itk

/** SetName() of a parameter with the member m_Name. It calls Modified() only if the value changes. Unlike in
 * itkSetMacro, replacing NaN by NaN is not a change. */
#define itkSetParameterMacro(name, type)                          \
  virtual void Set##name(type _arg)                               \
  {                                                               \
    itkDebugMacro("setting " #name " to " << _arg);               \
    if (!::itk::IsSameParameterValue<type>(this->m_##name, _arg)) \
    {                                                             \
      this->m_##name = _arg;                                      \
      this->Modified();                                           \
    }                                                             \
  }                                                               \
  ITK_MACROEND_NOOP_STATEMENT

/** The methods of a parameter that is chosen automatically unless it is set: SetName(), GetName(), SetAutomaticName(),
 * GetAutomaticName(), AutomaticNameOn() and AutomaticNameOff().
 *
 * SetName() turns the automatic choice off. GetName() returns the value that was set last; it is used only while
 * AutomaticName is off. Both setters call Modified() only if a value changes. The class declares the members `type
 * m_Name` and `bool m_AutomaticName`, with their defaults. */
#define itkSetAutomaticParameterMacro(name, type)                                            \
  virtual void Set##name(type _arg)                                                          \
  {                                                                                          \
    itkDebugMacro("setting " #name " to " << _arg);                                          \
    if (this->m_Automatic##name || !::itk::IsSameParameterValue<type>(this->m_##name, _arg)) \
    {                                                                                        \
      this->m_##name = _arg;                                                                 \
      this->m_Automatic##name = false;                                                       \
      this->Modified();                                                                      \
    }                                                                                        \
  }                                                                                          \
  itkGetConstMacro(name, type);                                                              \
  itkSetMacro(Automatic##name, bool);                                                        \
  itkGetConstMacro(Automatic##name, bool);                                                   \
  itkBooleanMacro(Automatic##name)

/** The lines of PrintSelf() for such a parameter. */
#define itkPrintAutomaticParameterMacro(name)                   \
  os << indent << #name << ": " << this->m_##name << std::endl; \
  os << indent << "Automatic" #name << ": " << (this->m_Automatic##name ? "On" : "Off") << std::endl

#endif // itkAutomaticParameterMacro_h
