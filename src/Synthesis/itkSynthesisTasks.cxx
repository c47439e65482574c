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

#include "itkSynthesisTasks.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace itk
{
namespace
{
using Job = SynthesisPlan::Job;

/** Makes the tasks, then sorts them, then links them. */
class SynthesisTaskList
{
public:
  SynthesisTaskList(const SynthesisPlan &   plan,
                    const SliceCorrection & correction,
                    size_t                  batchSize,
                    SizeValueType           reach)
    : m_Plan(plan)
    , m_Correction(correction)
    , m_BatchSize(batchSize)
    , m_Ahead(static_cast<int64_t>(reach) + 2)
  {}

  std::vector<SynthesisTask>
  Make()
  {
    this->AddSlices();
    this->AddCorrections();
    this->AddJobs();
    std::stable_sort(m_Tasks.begin(), m_Tasks.end(), [](const auto & a, const auto & b) { return a.first < b.first; });
    return this->Link();
  }

private:
  enum Kind
  {
    ReadSlices,
    CorrectMixing,
    Decode
  };
  /** The acquired slice in whose turn a task is computed, and its kind. */
  using Key = std::pair<int64_t, Kind>;

  void
  AddSlices()
  {
    for (size_t begin = 0; begin < m_Plan.read.size(); begin += m_BatchSize)
    {
      SynthesisTask task;
      const size_t  end = std::min(m_Plan.read.size(), begin + m_BatchSize);
      task.slices.assign(m_Plan.read.begin() + static_cast<std::ptrdiff_t>(begin),
                         m_Plan.read.begin() + static_cast<std::ptrdiff_t>(end));
      std::copy_if(
        task.slices.begin(), task.slices.end(), std::back_inserter(task.encoded), [this](SizeValueType slice) {
          return std::binary_search(m_Plan.encoded.begin(), m_Plan.encoded.end(), slice);
        });
      m_Tasks.emplace_back(Key{ static_cast<int64_t>(task.slices.front()) - m_Ahead, ReadSlices }, std::move(task));
    }
  }

  void
  AddCorrections()
  {
    if (!m_Plan.architecture.learnsMixing)
    {
      return;
    }
    std::map<SizeValueType, MixedGap> gaps;
    for (const Job & job : m_Plan.jobs)
    {
      for (const MixedGap & gap : job.gaps)
      {
        if (gap.alpha > 0.0)
        {
          gaps.emplace(gap.slice, gap);
        }
      }
    }
    for (const auto & [slice, gap] : gaps)
    {
      SynthesisTask task;
      task.corrections.push_back(gap);
      const auto last = static_cast<int64_t>(m_Plan.ListMixedSlices(gap).back());
      m_Tasks.emplace_back(Key{ last - m_Ahead + 1, CorrectMixing }, std::move(task));
    }
  }

  void
  AddJobs()
  {
    const std::vector<Job> & jobs = m_Plan.jobs;
    for (size_t begin = 0; begin < jobs.size(); begin += m_BatchSize)
    {
      SynthesisTask task;
      const size_t  end = std::min(jobs.size(), begin + m_BatchSize);
      task.jobs.assign(jobs.begin() + static_cast<std::ptrdiff_t>(begin),
                       jobs.begin() + static_cast<std::ptrdiff_t>(end));
      m_Tasks.emplace_back(Key{ SynthesisPlan::GetTurn(task.jobs.back()), Decode }, std::move(task));
    }
  }

  /** The acquired slices that a job depends on. */
  std::set<SizeValueType>
  ListUsedSlices(const Job & job) const
  {
    std::set<SizeValueType> used{ job.position.slice, SynthesisPlan::GetLastSlice(job.position) };
    for (const MixedGap & gap : job.gaps)
    {
      used.insert(gap.slice);
      used.insert(gap.slice + (gap.alpha > 0.0 ? 1 : 0));
    }
    if (job.isOutput)
    {
      for (const auto & weight : m_Correction.ComputeWeights(job.position))
      {
        used.insert(weight.first);
      }
    }
    return used;
  }

  /** Find the prerequisites of the sorted tasks, and their last uses of acquired slices. */
  std::vector<SynthesisTask>
  Link()
  {
    std::map<SizeValueType, size_t> readers, correctors, keepers, lastUsers;
    std::vector<SynthesisTask>      tasks;
    for (auto & keyed : m_Tasks)
    {
      const size_t            number = tasks.size();
      SynthesisTask           task = std::move(keyed.second);
      std::set<SizeValueType> used;
      std::set<size_t>        prerequisites;
      for (const SizeValueType slice : task.slices)
      {
        readers[slice] = number;
        lastUsers[slice] = number;
      }
      for (const MixedGap & gap : task.corrections)
      {
        correctors[gap.slice] = number;
        const auto mixed = m_Plan.ListMixedSlices(gap);
        used.insert(mixed.begin(), mixed.end());
      }
      for (const Job & job : task.jobs)
      {
        const auto ofJob = this->ListUsedSlices(job);
        used.insert(ofJob.begin(), ofJob.end());
        for (const MixedGap & gap : job.gaps)
        {
          if (const auto corrector = correctors.find(gap.slice); gap.alpha > 0.0 && corrector != correctors.end())
          {
            prerequisites.insert(corrector->second);
          }
        }
        if (job.isKept)
        {
          keepers[job.position.slice] = number;
        }
      }
      for (const Job & job : task.jobs)
      {
        for (const SizeValueType slice : { job.position.slice, SynthesisPlan::GetLastSlice(job.position) })
        {
          if (const auto keeper = keepers.find(slice); job.isOutput && keeper != keepers.end())
          {
            prerequisites.insert(keeper->second);
          }
        }
      }
      for (const SizeValueType slice : used)
      {
        prerequisites.insert(readers.at(slice));
        lastUsers[slice] = number;
      }
      prerequisites.erase(number);
      task.prerequisites.assign(prerequisites.begin(), prerequisites.end());
      tasks.push_back(std::move(task));
    }
    for (const auto & [slice, number] : lastUsers)
    {
      tasks[number].lastUsed.push_back(slice);
    }
    return tasks;
  }

  const SynthesisPlan &                      m_Plan;
  const SliceCorrection &                    m_Correction;
  size_t                                     m_BatchSize;
  int64_t                                    m_Ahead;
  std::vector<std::pair<Key, SynthesisTask>> m_Tasks;
};
} // namespace

std::vector<SynthesisTask>
ListSynthesisTasks(const SynthesisPlan &   plan,
                   const SliceCorrection & correction,
                   size_t                  batchSize,
                   SizeValueType           reach)
{
  return SynthesisTaskList(plan, correction, batchSize, reach).Make();
}
} // end namespace itk
