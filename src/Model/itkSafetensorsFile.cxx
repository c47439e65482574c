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

#include "itkSafetensorsFile.h"

#include "itkPartialFile.h"

#include "itkMacro.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <sstream>
#include <stdexcept>

#if __has_include(<fcntl.h>) && __has_include(<unistd.h>)
#  include <fcntl.h>
#  include <unistd.h>
#  define LSSR_HAS_FSYNC
#endif

namespace itk
{
namespace
{
using Json = nlohmann::json;

constexpr SizeValueType LengthBytes = 8;
/** A header of the largest network has less than 100 kB. The memory for one is a multiple of its size. */
constexpr SizeValueType LargestHeader = SizeValueType{ 1 } << 22;
/** The checkpoint of a network with AutoencoderModel::LargestNumberOfParameters holds them five times. */
constexpr SizeValueType LargestFile = SizeValueType{ 1 } << 32;

/** Throw an exception that says what is wrong with a file. Parse() adds the file's name. */
[[noreturn]] void
Fail(const std::ostream & message)
{
  throw std::runtime_error(static_cast<const std::ostringstream &>(message).str());
}

/** Number of bytes of an element. 0 for an unknown type. */
SizeValueType
ElementSize(const std::string & type)
{
  static const std::map<std::string, SizeValueType> sizes{ { "BOOL", 1 }, { "U8", 1 },  { "I8", 1 },   { "U16", 2 },
                                                           { "I16", 2 },  { "F16", 2 }, { "BF16", 2 }, { "U32", 4 },
                                                           { "I32", 4 },  { "F32", 4 }, { "U64", 8 },  { "I64", 8 },
                                                           { "F64", 8 } };
  const auto                                        found = sizes.find(type);
  return found == sizes.end() ? 0 : found->second;
}

SizeValueType
ReadLength(const char * bytes)
{
  SizeValueType length = 0;
  for (unsigned int i = 0; i < LengthBytes; ++i)
  {
    length |= static_cast<SizeValueType>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

/** Check that a tensor's data offsets agree with its type and shape and lie within the file. */
void
CheckTensor(const std::string & key, const Json & entry, SizeValueType dataSize)
{
  const auto    type = entry.at("dtype").get<std::string>();
  SizeValueType size = ElementSize(type);
  if (size == 0)
  {
    Fail(std::ostringstream{} << "tensor '" << key << "' has the unknown type '" << type << '\'');
  }
  for (const Json & extent : entry.at("shape"))
  {
    if (!extent.is_number_unsigned())
    {
      Fail(std::ostringstream{} << "tensor '" << key << "' has a shape that is not made of whole numbers");
    }
    const auto length = extent.get<SizeValueType>();
    if (length != 0 && size > std::numeric_limits<SizeValueType>::max() / length)
    {
      Fail(std::ostringstream{} << "tensor '" << key << "' has a shape that is too large");
    }
    size *= length;
  }
  const Json & offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
  {
    Fail(std::ostringstream{} << "tensor '" << key << "' does not have two data offsets");
  }
  const auto begin = offsets[0].get<SizeValueType>();
  const auto end = offsets[1].get<SizeValueType>();
  if (begin > end || end > dataSize || end - begin != size)
  {
    Fail(std::ostringstream{} << "tensor '" << key << "' needs " << size << " bytes, but its data offsets are " << begin
                              << " and " << end << " of " << dataSize << " bytes; the file is damaged or truncated");
  }
}

/** Copy a tensor that has been checked. */
SafetensorsFile::Tensor
ReadTensor(const Json & entry, const char * data)
{
  SafetensorsFile::Tensor tensor;
  tensor.type = entry.at("dtype").get<std::string>();
  tensor.shape = entry.at("shape").get<std::vector<SizeValueType>>();
  const Json & offsets = entry.at("data_offsets");
  const auto   begin = offsets.at(0).get<SizeValueType>();
  tensor.bytes.assign(data + begin, offsets.at(1).get<SizeValueType>() - begin);
  return tensor;
}

/** Check that tensors neither overlap nor leave holes: the format allows neither. Overlapping tensors could take many
 * times the file's size in memory, and holes could hide other data. */
void
CheckPlaces(const Json & header, SizeValueType dataSize)
{
  std::vector<std::pair<SizeValueType, SizeValueType>> places;
  for (const auto & [key, entry] : header.items())
  {
    if (key != "__metadata__")
    {
      const Json & offsets = entry.at("data_offsets");
      places.emplace_back(offsets.at(0).get<SizeValueType>(), offsets.at(1).get<SizeValueType>());
    }
  }
  std::sort(places.begin(), places.end());
  SizeValueType end = 0;
  for (const auto & place : places)
  {
    if (place.first < end)
    {
      Fail(std::ostringstream{} << "tensors overlap");
    }
    if (place.first > end)
    {
      Fail(std::ostringstream{} << "there is a hole of " << place.first - end << " bytes between tensors");
    }
    end = std::max(end, place.second);
  }
  if (end < dataSize)
  {
    Fail(std::ostringstream{} << "it has " << dataSize - end << " bytes behind its last tensor");
  }
}

SafetensorsFile
ParseContents(const char * bytes, SizeValueType size)
{
  if (size < LengthBytes)
  {
    Fail(std::ostringstream{} << "it has only " << size << " bytes");
  }
  const SizeValueType headerSize = ReadLength(bytes);
  if (headerSize < 2 || headerSize > size - LengthBytes)
  {
    Fail(std::ostringstream{} << "it says that its header has " << headerSize << " bytes, but it has "
                              << size - LengthBytes << " bytes behind the length");
  }
  if (headerSize > LargestHeader)
  {
    Fail(std::ostringstream{} << "it says that its header has " << headerSize << " bytes, but at most " << LargestHeader
                              << " are allowed");
  }
  const Json header =
    Json::parse(bytes + LengthBytes, bytes + LengthBytes + headerSize, nullptr, /*allow_exceptions=*/false);
  if (header.is_discarded())
  {
    Fail(std::ostringstream{} << "its header is not JSON; it is damaged, or a file of another kind");
  }
  if (!header.is_object())
  {
    Fail(std::ostringstream{} << "its header is not a JSON object");
  }
  const char *        data = bytes + LengthBytes + headerSize;
  const SizeValueType dataSize = size - LengthBytes - headerSize;

  SafetensorsFile file;
  for (const auto & [key, entry] : header.items())
  {
    if (key == "__metadata__")
    {
      file.metadata = entry.get<std::map<std::string, std::string>>();
    }
    else
    {
      // All tensors are checked before memory is allocated for any of them.
      CheckTensor(key, entry, dataSize);
    }
  }
  CheckPlaces(header, dataSize);
  for (const auto & [key, entry] : header.items())
  {
    if (key != "__metadata__")
    {
      file.tensors.emplace(key, ReadTensor(entry, data));
    }
  }
  return file;
}

/** Wait until the contents of a file, or the names in a folder, are on disk. Without fsync(), this does nothing and
 * returns true. */
bool
Synchronize(const std::string & fileName)
{
#ifdef LSSR_HAS_FSYNC
  const int file = ::open(fileName.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
  {
    return false;
  }
  const bool done = ::fsync(file) == 0;
  ::close(file);
  return done;
#else
  static_cast<void>(fileName);
  return true;
#endif
}
} // namespace

SafetensorsFile
SafetensorsFile::Parse(const char * bytes, SizeValueType size, const std::string & name)
{
  try
  {
    return ParseContents(bytes, size);
  }
  catch (const std::bad_alloc &)
  {
    itkGenericExceptionMacro("There is not enough memory for the model file '" << name << "'.");
  }
  catch (const std::exception & error)
  {
    itkGenericExceptionMacro("The model file '" << name << "' is not a valid .safetensors file: " << error.what());
  }
}

std::string
SafetensorsFile::ReadBytes(const std::string & fileName)
{
  std::error_code error;
  if (!std::filesystem::is_regular_file(fileName, error))
  {
    itkGenericExceptionMacro("Can't read the model file '"
                             << fileName << "': "
                             << (std::filesystem::exists(fileName, error) ? "it is not a file"
                                                                          : "there is no such file"));
  }
  std::ifstream stream(fileName, std::ios::binary);
  std::string   bytes;
  try
  {
    const auto size = std::filesystem::file_size(fileName);
    if (size > LargestFile)
    {
      throw std::runtime_error("it has " + std::to_string(size) + " bytes, but at most " + std::to_string(LargestFile) +
                               " are allowed");
    }
    bytes.resize(size);
  }
  catch (const std::exception & failure)
  {
    itkGenericExceptionMacro("Can't read the model file '" << fileName << "': " << failure.what());
  }
  if (!stream || !stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
  {
    itkGenericExceptionMacro("Can't read the model file '" << fileName << "': " << std::strerror(errno));
  }
  return bytes;
}

void
SafetensorsFile::Write(const std::string & fileName) const
{
  Json          header = Json::object();
  SizeValueType offset = 0;
  for (const auto & [key, tensor] : tensors)
  {
    header[key] = { { "dtype", tensor.type },
                    { "shape", tensor.shape },
                    { "data_offsets", { offset, offset + tensor.bytes.size() } } };
    offset += tensor.bytes.size();
  }
  if (!metadata.empty())
  {
    header["__metadata__"] = metadata;
  }
  // JSON is UTF-8. Invalid bytes are replaced.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  // The tensors begin at a multiple of 8 bytes, as the format recommends.
  text.append((LengthBytes - text.size() % LengthBytes) % LengthBytes, ' ');

  PartialFile::RemoveAbandoned(fileName);
  const std::string temporary = PartialFile::MakeName(fileName);
  try
  {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    for (unsigned int i = 0; i < LengthBytes; ++i)
    {
      stream.put(static_cast<char>((static_cast<SizeValueType>(text.size()) >> (8 * i)) & 0xff));
    }
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const auto & [key, tensor] : tensors)
    {
      stream.write(tensor.bytes.data(), static_cast<std::streamsize>(tensor.bytes.size()));
    }
    stream.close();
    // The contents must be on disk before the file is renamed. Otherwise a power failure could leave an empty file of
    // that name.
    if (!stream || !Synchronize(temporary))
    {
      itkGenericExceptionMacro("Can't write the model file '" << fileName << "': " << std::strerror(errno));
    }
    std::filesystem::rename(temporary, fileName);
    // A file system that can't synchronize its folders has no stronger promise to give.
    const auto folder = std::filesystem::path(fileName).parent_path();
    Synchronize(folder.empty() ? "." : folder.string());
  }
  catch (const std::filesystem::filesystem_error & error)
  {
    std::remove(temporary.c_str());
    itkGenericExceptionMacro("Can't write the model file '" << fileName << "': " << error.code().message());
  }
  catch (...)
  {
    std::remove(temporary.c_str());
    throw;
  }
}
} // end namespace itk
