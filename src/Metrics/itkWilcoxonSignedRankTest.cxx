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
#include "itkWilcoxonSignedRankTest.h"

#include "itkAutomaticParameterMacro.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace itk
{
namespace
{
/** Ranks and statistic, doubled so that mean ranks of ties are integers. The ranks are in ascending order. TieSum is
 * the sum of t^3 - t over the groups of ties. */
struct SignedRanks
{
  std::vector<SizeValueType> DoubledRanks;
  SizeValueType              DoubledStatistic{ 0 };
  double                     TieSum{ 0.0 };
};

SignedRanks
RankDifferences(std::vector<double> differences)
{
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });

  SignedRanks         ranks;
  const SizeValueType n = differences.size();
  for (SizeValueType first = 0; first < n;)
  {
    SizeValueType end = first + 1;
    while (end < n && std::abs(differences[end]) == std::abs(differences[first]))
    {
      ++end;
    }
    // The ranks first + 1, ..., end have the mean (first + 1 + end) / 2.
    const SizeValueType doubledRank = first + 1 + end;
    for (SizeValueType i = first; i < end; ++i)
    {
      ranks.DoubledRanks.push_back(doubledRank);
      ranks.DoubledStatistic += (differences[i] > 0.0) ? doubledRank : 0;
    }
    const double t = static_cast<double>(end - first);
    ranks.TieSum += t * t * t - t;
    first = end;
  }
  return ranks;
}

/** For each value of the doubled statistic, count the assignments of signs that give it, out of 2^n. The counts are
 * exact in double precision up to n = 53. For larger n, their relative error is about n * 1e-16, and they do not
 * overflow up to n = 1023. */
std::vector<double>
CountAssignments(const std::vector<SizeValueType> & doubledRanks)
{
  const SizeValueType total = std::accumulate(doubledRanks.begin(), doubledRanks.end(), SizeValueType{ 0 });
  std::vector<double> counts(total + 1, 0.0);
  counts[0] = 1.0;
  SizeValueType largest = 0;
  for (const SizeValueType rank : doubledRanks)
  {
    largest += rank;
    for (SizeValueType w = largest; w >= rank; --w)
    {
      counts[w] += counts[w - rank];
    }
  }
  return counts;
}
} // namespace

void
WilcoxonSignedRankTest::SetDifferences(const std::vector<double> & differences)
{
  if (!std::equal(m_Differences.begin(),
                  m_Differences.end(),
                  differences.begin(),
                  differences.end(),
                  IsSameParameterValue<double>))
  {
    m_Differences = differences;
    this->Modified();
  }
}

void
WilcoxonSignedRankTest::Compute()
{
  m_ResultsMTime = 0;
  if (m_Differences.empty())
  {
    itkExceptionMacro("Differences are not set (got 0 of them); at least one is needed.");
  }
  for (SizeValueType i = 0; i < m_Differences.size(); ++i)
  {
    if (std::isnan(m_Differences[i]))
    {
      itkExceptionMacro("Differences must not be NaN (got " << m_Differences[i] << " at the position " << i << ").");
    }
  }

  std::vector<double> nonZeroDifferences;
  std::copy_if(m_Differences.begin(), m_Differences.end(), std::back_inserter(nonZeroDifferences), [](double d) {
    return d != 0.0;
  });
  const SignedRanks   ranks = RankDifferences(nonZeroDifferences);
  const SizeValueType numberOfRanks = ranks.DoubledRanks.size();

  m_NumberOfNonZeroDifferences = numberOfRanks;
  m_Statistic = static_cast<double>(ranks.DoubledStatistic) / 2.0;
  m_PValuesAreExact = numberOfRanks == 0 || numberOfRanks <= m_MaximumExactSampleSize;
  if (m_PValuesAreExact)
  {
    const std::vector<double> counts = CountAssignments(ranks.DoubledRanks);
    const auto                observed = counts.begin() + ranks.DoubledStatistic;
    const int                 exponent = -static_cast<int>(numberOfRanks);
    m_PValueLess = std::ldexp(std::accumulate(counts.begin(), observed + 1, 0.0), exponent);
    m_PValueGreater = std::ldexp(std::accumulate(observed, counts.end(), 0.0), exponent);
  }
  else
  {
    const double n = static_cast<double>(numberOfRanks);
    const double mean = n * (n + 1.0) / 4.0;
    const double variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ranks.TieSum / 48.0;
    const double z = (m_Statistic - mean) / std::sqrt(variance);
    m_PValueLess = 0.5 * std::erfc(-z / std::sqrt(2.0));
    m_PValueGreater = 0.5 * std::erfc(z / std::sqrt(2.0));
  }
  m_PValueLess = std::min(1.0, m_PValueLess);
  m_PValueGreater = std::min(1.0, m_PValueGreater);
  m_ResultsMTime = this->GetMTime();
}

void
WilcoxonSignedRankTest::VerifyResults(const char * name) const
{
  if (m_ResultsMTime == 0)
  {
    itkExceptionMacro(<< name << " has not been computed: call Compute() before, successfully.");
  }
  if (m_ResultsMTime != this->GetMTime())
  {
    itkExceptionMacro(<< name << " is stale: a parameter has been modified since Compute(). Call it again.");
  }
}

double
WilcoxonSignedRankTest::GetStatistic() const
{
  this->VerifyResults("Statistic");
  return m_Statistic;
}

SizeValueType
WilcoxonSignedRankTest::GetNumberOfNonZeroDifferences() const
{
  this->VerifyResults("NumberOfNonZeroDifferences");
  return m_NumberOfNonZeroDifferences;
}

bool
WilcoxonSignedRankTest::GetPValuesAreExact() const
{
  this->VerifyResults("PValuesAreExact");
  return m_PValuesAreExact;
}

double
WilcoxonSignedRankTest::GetPValueGreater() const
{
  this->VerifyResults("PValueGreater");
  return m_PValueGreater;
}

double
WilcoxonSignedRankTest::GetPValueLess() const
{
  this->VerifyResults("PValueLess");
  return m_PValueLess;
}

double
WilcoxonSignedRankTest::GetPValueTwoSided() const
{
  this->VerifyResults("PValueTwoSided");
  return std::min(1.0, 2.0 * std::min(m_PValueLess, m_PValueGreater));
}

void
WilcoxonSignedRankTest::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);

  os << indent << "Differences: [";
  for (SizeValueType i = 0; i < m_Differences.size(); ++i)
  {
    os << (i > 0 ? ", " : "") << m_Differences[i];
  }
  os << ']' << std::endl;
  os << indent << "MaximumExactSampleSize: " << m_MaximumExactSampleSize << std::endl;
  os << indent << "ResultsMTime: " << m_ResultsMTime << std::endl;
  os << indent << "Statistic: " << m_Statistic << std::endl;
  os << indent << "NumberOfNonZeroDifferences: " << m_NumberOfNonZeroDifferences << std::endl;
  os << indent << "PValuesAreExact: " << (m_PValuesAreExact ? "Yes" : "No") << std::endl;
  os << indent << "PValueGreater: " << m_PValueGreater << std::endl;
  os << indent << "PValueLess: " << m_PValueLess << std::endl;
}
} // end namespace itk
