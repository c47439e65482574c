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
#ifndef itkTextHash_h
#define itkTextHash_h

#include <cstdint>
#include <string>

namespace itk
{
/** The FNV-1a hash of a text, which is the same on every machine. */
inline uint64_t
HashText(const std::string & text)
{
  uint64_t hash = 14695981039346656037ull;
  for (const char character : text)
  {
    hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ull;
  }
  return hash;
}
} // end namespace itk

#endif // itkTextHash_h
