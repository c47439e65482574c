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

#include "itkPartialFile.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#if defined(__unix__) || defined(__APPLE__)
#  include <csignal>
#  include <unistd.h>
#  define LSSR_HAS_PROCESS_NUMBERS
#endif

namespace itk
{
namespace PartialFile
{
namespace
{
unsigned long
GetProcess()
{
#ifdef LSSR_HAS_PROCESS_NUMBERS
  return static_cast<unsigned long>(::getpid());
#else
  return 0;
#endif
}

/** Whether a process of this host is running. True if that can't be determined. */
bool
MayRun(unsigned long process)
{
#ifdef LSSR_HAS_PROCESS_NUMBERS
  const auto number = static_cast<pid_t>(process);
  return number <= 0 || static_cast<unsigned long>(number) != process || ::kill(number, 0) == 0 || errno != ESRCH;
#else
  static_cast<void>(process);
  return true;
#endif
}

/** The FNV-1a hash of this host's name. It is needed because hosts may share folders, but not process numbers. */
uint32_t
GetHost()
{
  uint32_t hash = 2166136261u;
#ifdef LSSR_HAS_PROCESS_NUMBERS
  char name[256]{};
  ::gethostname(name, sizeof name - 1);
  for (const char * character = name; *character != 0; ++character)
  {
    hash = (hash ^ static_cast<unsigned char>(*character)) * 16777619u;
  }
  // Containers with the same host name have other process numbers.
  char       space[64]{};
  const auto length = ::readlink("/proc/self/ns/pid", space, sizeof space - 1);
  for (int i = 0; i < length; ++i)
  {
    hash = (hash ^ static_cast<unsigned char>(space[i])) * 16777619u;
  }
#endif
  return hash;
}

/** The suffix that MakeName() appends to the name of the file. */
std::string
MakeSuffix(unsigned long process, uint32_t random)
{
  char text[64];
  std::snprintf(text, sizeof text, ".part-%lu-%08x-%08x", process, random, GetHost());
  return text;
}

/** Whether a suffix was made by MakeSuffix() on this host, in a process that is no longer running. */
bool
IsAbandoned(const std::string & suffix)
{
  unsigned long process = 0;
  unsigned int  random = 0;
  // Numbers that do not fit give another suffix. NOLINTNEXTLINE(cert-err34-c)
  return std::sscanf(suffix.c_str(), ".part-%lu-%8x", &process, &random) == 2 &&
         suffix == MakeSuffix(process, random) && !MayRun(process);
}
} // namespace

std::string
MakeName(const std::string & fileName)
{
  return fileName + MakeSuffix(GetProcess(), std::random_device{}());
}

void
RemoveAbandoned(const std::string & fileName)
{
  const std::filesystem::path path(fileName);
  const std::string           name = path.filename().string();
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code             error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
  {
    const std::string other = entry->path().filename().string();
    std::error_code   ignored;
    if (other.compare(0, name.size(), name) == 0 && IsAbandoned(other.substr(name.size())) &&
        entry->symlink_status(ignored).type() == std::filesystem::file_type::regular)
    {
      std::filesystem::remove(entry->path(), ignored);
    }
  }
}
} // namespace PartialFile
} // end namespace itk
