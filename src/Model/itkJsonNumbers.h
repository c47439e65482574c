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
#ifndef itkJsonNumbers_h
#define itkJsonNumbers_h

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace itk
{
/** Numbers in the JSON of files. The library's own conversions turn numbers that do not fit into others, or into
 * undefined behavior. */
namespace JsonNumbers
{
/** Read a number.
 * \param name what it is in messages
 * \exception std::runtime_error if it is not a number, or does not fit: a whole number that is negative or too large */
template <typename T, typename TJson>
T
Read(const TJson & value, const std::string & name)
{
  constexpr size_t longest = 40;
  const bool       fits = [&value] {
    if constexpr (std::is_unsigned_v<T>)
    {
      return value.is_number_unsigned() && value.template get<uint64_t>() <= std::numeric_limits<T>::max();
    }
    else
    {
      static_assert(std::is_same_v<T, double>);
      return value.is_number();
    }
  }();
  if (!fits)
  {
    throw std::runtime_error("its " + name + " is " +
                             value.dump(-1, ' ', false, TJson::error_handler_t::replace).substr(0, longest) +
                             (std::is_unsigned_v<T> ? ", but has to be a whole number" : ", but has to be a number"));
  }
  return value.template get<T>();
}

/** Read the number of an entry of an object, or a default if there is no such entry. */
template <typename T, typename TJson>
T
ReadOr(const TJson & object, const char * name, T otherwise)
{
  const auto found = object.find(name);
  return found == object.end() ? otherwise : Read<T>(*found, name);
}

/** Read a list of numbers. */
template <typename T, typename TJson>
std::vector<T>
ReadList(const TJson & values, const std::string & name)
{
  if (!values.is_array())
  {
    throw std::runtime_error("its " + name + " is not a list");
  }
  std::vector<T> numbers;
  for (const auto & value : values)
  {
    numbers.push_back(Read<T>(value, name));
  }
  return numbers;
}
} // namespace JsonNumbers
} // end namespace itk

#endif // itkJsonNumbers_h
