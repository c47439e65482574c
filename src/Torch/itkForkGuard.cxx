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

#include "itkForkGuard.h"

#include "itkMacro.h"
#include "itkObject.h"

#include <atomic>
#include <cstdio>
#include <cstring>

#if defined(__unix__) || defined(__APPLE__)
#  define LSSR_HAS_FORK
#  include <dirent.h>
#  include <pthread.h>
#endif

namespace itk
{
namespace
{
std::atomic<bool> hadSeveralThreads{ false };
std::atomic<bool> hasLostThreads{ false };
std::atomic<bool> hasWarned{ false };

#ifdef LSSR_HAS_FORK
/** Whether this process has one thread. False if the system provides no list of threads. */
bool
HasOneThread()
{
  DIR * const tasks = opendir("/proc/self/task");
  if (!tasks)
  {
    return false;
  }
  int count = 0;
  while (const dirent * const task = readdir(tasks))
  {
    count += task->d_name[0] != '.' ? 1 : 0;
  }
  closedir(tasks);
  return count == 1;
}

/** Whether the process was created by fork(), without exec(), before this library was loaded. Linux reports that, but
 * not how many threads the parent had. */
bool
WasForkedBeforeLoading()
{
  std::FILE * const file = std::fopen("/proc/self/stat", "r");
  if (!file)
  {
    return false;
  }
  char         text[1024];
  const size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[size] = 0;
  // The name is in parentheses and may contain any character. The flags are the seventh field after it.
  const char * const           nameEnd = std::strrchr(text, ')');
  unsigned long                flags = 0;
  constexpr unsigned long      forkedWithoutExec = 0x40; // PF_FORKNOEXEC of Linux
  constexpr const char * const format = ") %*c %*d %*d %*d %*d %*d %lu";
  return nameEnd && std::sscanf(nameEnd, format, &flags) == 1 && (flags & forkedWithoutExec) != 0;
}

void
PrepareFork()
{
  hadSeveralThreads = !HasOneThread();
}

void
EnterChild()
{
  hasLostThreads = hasLostThreads || hadSeveralThreads;
}

/** Initialized when the library is loaded. */
const bool isRegistered = [] {
  hasLostThreads = WasForkedBeforeLoading();
  return pthread_atfork(PrepareFork, nullptr, EnterChild) == 0;
}();
#endif
} // namespace

bool
ForkGuard::HasLostThreads()
{
  return hasLostThreads;
}

unsigned int
ForkGuard::LimitThreads(unsigned int wanted, bool isExplicit)
{
  if (wanted <= 1 || !HasLostThreads())
  {
    return wanted;
  }
  if (isExplicit && !hasWarned.exchange(true))
  {
    itkGenericOutputMacro("One thread is used instead of "
                          << wanted
                          << ": fork() created this process without the threads of its parent, and LibTorch can't "
                             "start new ones. A spawned process can use several threads.");
  }
  return 1;
}
} // end namespace itk
