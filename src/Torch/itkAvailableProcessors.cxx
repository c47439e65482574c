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

#include "itkAvailableProcessors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#ifdef __linux__
#  include <sched.h>
#  include <unistd.h>
#endif

namespace itk
{
namespace
{
unsigned int
CountAllowed()
{
#ifdef __linux__
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof processors, &processors) == 0)
  {
    return static_cast<unsigned int>(CPU_COUNT(&processors));
  }
#endif
  return std::thread::hardware_concurrency();
}

/** Whether a number of threads is that of the processors of the machine, as ITK may count them. */
bool
IsNumberOfMachine(unsigned int threads)
{
#ifdef __linux__
  if (static_cast<long>(threads) == sysconf(_SC_NPROCESSORS_ONLN))
  {
    return true;
  }
#endif
  return threads == std::thread::hardware_concurrency();
}

std::string
ReadLine(const char * name)
{
  std::ifstream file(name);
  std::string   line;
  std::getline(file, line);
  return line;
}

/** The limit of the control group, as in cpu.max. In a container, its own group is the root of the tree. */
std::string
ReadLimit()
{
  std::string limit = ReadLine("/sys/fs/cgroup/cpu.max");
  if (!limit.empty())
  {
    return limit;
  }
  // Version 1. A time of -1 means no limit.
  return ReadLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + ' ' + ReadLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
}
} // namespace

unsigned int
AvailableProcessors::ParseLimit(const std::string & limit)
{
  std::istringstream text(limit);
  double             time = 0.0;
  double             period = 0.0;
  if (!(text >> time >> period) || !(time > 0.0) || !(period > 0.0))
  {
    return 0;
  }
  return static_cast<unsigned int>(std::min(std::ceil(time / period), 1e6));
}

unsigned int
AvailableProcessors::Count()
{
  static const unsigned int count = [] {
    const unsigned int allowed = std::max(CountAllowed(), 1u);
    const unsigned int limit = ParseLimit(ReadLimit());
    return limit > 0 ? std::min(allowed, limit) : allowed;
  }();
  return count;
}

unsigned int
AvailableProcessors::LimitDefault(unsigned int threads)
{
  return IsNumberOfMachine(threads) ? std::min(threads, Count()) : threads;
}
} // end namespace itk
