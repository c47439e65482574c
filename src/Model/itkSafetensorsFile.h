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
 * The file consists of the length of a JSON header (8 bytes, little endian), the header, and the bytes of the tensors.
 * The header gives each tensor's type, shape and place. Its entry `__metadata__` holds strings.
 */
class SafetensorsFile
{
public:
  struct Tensor
  {
    /** The format's name of the type: "F32", "F16", "I64", ... */
    std::string                type;
    std::vector<SizeValueType> shape;
    /** Little endian. The last dimension varies fastest. */
    std::string bytes;
  };

  std::map<std::string, Tensor>      tensors;
  std::map<std::string, std::string> metadata;

  /** Parse the contents of a file.
   * \param name the file's name in messages
   * \exception ExceptionObject with the file's name and what is wrong. Even a damaged file takes no more memory than a
   * small multiple of its size. */
  static SafetensorsFile
  Parse(const char * bytes, SizeValueType size, const std::string & name);

  /** Read a whole file into memory.
   * \exception ExceptionObject that names the file. */
  static std::string
  ReadBytes(const std::string & fileName);

  /** Write the file: first to a temporary file beside it, which is then renamed, so that the file is complete or not
   * written at all. Temporary files of this file that killed processes have left behind are removed.
   * \exception ExceptionObject that names the file. */
  void
  Write(const std::string & fileName) const;
};
} // end namespace itk

#endif // itkSafetensorsFile_h
