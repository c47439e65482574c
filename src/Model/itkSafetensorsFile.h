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
#ifndef itkSafetensorsFile_h
#define itkSafetensorsFile_h

#include "itkIntTypes.h"

#include <map>
#include <string>
#include <vector>

namespace itk
{
/** \class SafetensorsFile
 * \brief The contents of a `.safetensors` file: named tensors and string metadata.
 *
 * The format: 8 bytes with the length of a JSON header (little endian), the header, the tensors' bytes. The header
 * gives each tensor's type, shape and place. Under `__metadata__` it holds strings.
 */
class SafetensorsFile
{
public:
  struct Tensor
  {
    /** "F32", "F16", "I64", ...: the format's names. */
    std::string                type;
    std::vector<SizeValueType> shape;
    /** Little endian, the last dimension fastest. */
    std::string bytes;
  };

  std::map<std::string, Tensor>      tensors;
  std::map<std::string, std::string> metadata;

  /** Parse the contents of a file.
   * \param name what the file is called in messages
   * \exception ExceptionObject that names the file and says what is wrong. Damaged files, too, need no more memory than
   * a small multiple of their size. */
  static SafetensorsFile
  Parse(const char * bytes, SizeValueType size, const std::string & name);

  /** Read a whole file into memory.
   * \exception ExceptionObject that names the file. */
  static std::string
  ReadBytes(const std::string & fileName);

  /** Write to a temporary file beside it, which is then renamed: the file appears whole or not at all. Temporary files
   * that killed processes left of this file are removed.
   * \exception ExceptionObject that names the file. */
  void
  Write(const std::string & fileName) const;
};
} // end namespace itk

#endif // itkSafetensorsFile_h
