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

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace
{
using WilcoxonType = itk::WilcoxonSignedRankTest;

WilcoxonType::Pointer
Compute(const std::vector<double> & differences, itk::SizeValueType maximumExactSampleSize = 500)
{
  auto test = WilcoxonType::New();
  test->SetDifferences(differences);
  test->SetMaximumExactSampleSize(maximumExactSampleSize);
  test->Compute();
  return test;
}

// Compute the p-value "greater" by enumerating all assignments of signs.
double
EnumeratePValueGreater(const std::vector<double> & differences)
{
  std::vector<double> nonZero;
  for (const double d : differences)
  {
    if (d != 0.0)
    {
      nonZero.push_back(d);
    }
  }
  std::vector<double> ranks;
  double              observed = 0.0;
  for (const double d : nonZero)
  {
    double rank = 0.5;
    for (const double other : nonZero)
    {
      rank += (std::abs(other) < std::abs(d)) ? 1.0 : (std::abs(other) == std::abs(d)) ? 0.5 : 0.0;
    }
    ranks.push_back(rank);
    observed += (d > 0.0) ? rank : 0.0;
  }
  const unsigned long assignments = 1ul << ranks.size();
  unsigned long       asLarge = 0;
  for (unsigned long signs = 0; signs < assignments; ++signs)
  {
    double statistic = 0.0;
    for (size_t i = 0; i < ranks.size(); ++i)
    {
      statistic += ((signs >> i) & 1ul) ? ranks[i] : 0.0;
    }
    asLarge += (statistic >= observed) ? 1 : 0;
  }
  return static_cast<double>(asLarge) / static_cast<double>(assignments);
}

} // namespace

TEST(WilcoxonSignedRankTest, HasDocumentedDefaults)
{
  auto test = WilcoxonType::New();
  EXPECT_STREQ(test->GetNameOfClass(), "WilcoxonSignedRankTest");
  EXPECT_TRUE(test->GetDifferences().empty());
  EXPECT_EQ(test->GetMaximumExactSampleSize(), 500u);
  test->SetMaximumExactSampleSize(100000);
  EXPECT_EQ(test->GetMaximumExactSampleSize(), 1000u);
}

TEST(WilcoxonSignedRankTest, TwelvePositiveDifferencesHaveTheSmallestPossiblePValue)
{
  const auto test = Compute({ 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12 });
  EXPECT_EQ(test->GetStatistic(), 78.0);
  EXPECT_EQ(test->GetNumberOfNonZeroDifferences(), 12u);
  EXPECT_TRUE(test->GetPValuesAreExact());
  EXPECT_EQ(test->GetPValueGreater(), std::ldexp(1.0, -12));
  EXPECT_EQ(test->GetPValueLess(), 1.0);
  EXPECT_EQ(test->GetPValueTwoSided(), std::ldexp(1.0, -11));
}

TEST(WilcoxonSignedRankTest, AgreesWithSciPyWithoutTies)
{
  // SciPy 1.17.1, wilcoxon(d, alternative, method='exact').
  const auto test = Compute({ 2.164052,
                              0.800157,
                              1.378738,
                              2.640893,
                              2.267558,
                              -0.577278,
                              1.350088,
                              0.248643,
                              0.296781,
                              0.810599,
                              0.544044,
                              1.854274 });
  EXPECT_EQ(test->GetStatistic(), 74.0);
  EXPECT_EQ(test->GetPValueGreater(), 0.001708984375);
  EXPECT_EQ(test->GetPValueLess(), 0.998779296875);
  EXPECT_EQ(test->GetPValueTwoSided(), 0.00341796875);
}

TEST(WilcoxonSignedRankTest, AgreesWithThePermutationTestOfSciPyWithTiesAndZeros)
{
  // SciPy 1.17.1, wilcoxon(d, zero_method='wilcox', alternative, method='auto'): its exact permutation test.
  const auto test = Compute({ 0.0, 0.0, 1.0, 1.0, -1.0, 2.0, 3.0, 3.0, -2.0, 4.0, 5.0, 5.0, 6.0 });
  EXPECT_EQ(test->GetStatistic(), 59.5);
  EXPECT_EQ(test->GetNumberOfNonZeroDifferences(), 11u);
  EXPECT_EQ(test->GetPValueGreater(), 0.0087890625);
  EXPECT_EQ(test->GetPValueLess(), 0.9951171875);
  EXPECT_EQ(test->GetPValueTwoSided(), 0.017578125);
}

TEST(WilcoxonSignedRankTest, AgreesWithTheEnumerationOfAllSigns)
{
  unsigned int state = 12345;
  for (int repetition = 0; repetition < 40; ++repetition)
  {
    std::vector<double> differences;
    for (int i = 0; i < 1 + repetition % 12; ++i)
    {
      state = state * 1664525u + 1013904223u;
      differences.push_back(static_cast<double>((state >> 16) % 15) - 6.0); // many ties and some zeros
    }
    std::vector<double> negated;
    for (const double d : differences)
    {
      negated.push_back(-d);
    }
    const auto test = Compute(differences);
    EXPECT_EQ(test->GetPValueGreater(), EnumeratePValueGreater(differences)) << repetition;
    EXPECT_EQ(test->GetPValueLess(), EnumeratePValueGreater(negated)) << repetition;
    EXPECT_EQ(Compute(negated)->GetPValueGreater(), test->GetPValueLess()) << repetition;
    EXPECT_EQ(Compute(negated)->GetPValueTwoSided(), test->GetPValueTwoSided()) << repetition;
  }
}

TEST(WilcoxonSignedRankTest, OrderAndScaleOfTheDifferencesDoNotMatter)
{
  const auto test = Compute({ 3.0, -1.0, 2.0, 2.0, -5.0, 7.0 });
  const auto other = Compute({ 14.0, 4.0, -2.0, 6.0, -10.0, 4.0 });
  EXPECT_EQ(test->GetStatistic(), other->GetStatistic());
  EXPECT_EQ(test->GetPValueGreater(), other->GetPValueGreater());
}

TEST(WilcoxonSignedRankTest, DifferencesOfZeroGivePValuesOfOne)
{
  for (const itk::SizeValueType limit : { 500u, 0u })
  {
    const auto test = Compute({ 0.0, -0.0, 0.0 }, limit);
    EXPECT_EQ(test->GetStatistic(), 0.0);
    EXPECT_EQ(test->GetNumberOfNonZeroDifferences(), 0u);
    EXPECT_EQ(test->GetPValueGreater(), 1.0);
    EXPECT_EQ(test->GetPValueLess(), 1.0);
    EXPECT_EQ(test->GetPValueTwoSided(), 1.0);
  }
}

TEST(WilcoxonSignedRankTest, InfiniteDifferencesHaveTheLargestRanks)
{
  const double infinity = std::numeric_limits<double>::infinity();
  const auto   test = Compute({ infinity, 1.0, -infinity, 2.0 });
  EXPECT_EQ(test->GetStatistic(), 1.0 + 2.0 + 3.5);
}

TEST(WilcoxonSignedRankTest, NormalApproximationIsUsedForLargeSamplesAndIsCloseToTheExactDistribution)
{
  std::vector<double> differences;
  for (int i = 0; i < 500; ++i)
  {
    differences.push_back(static_cast<double>((i * 37) % 101) - 46.0);
  }
  const auto exact = Compute(differences);
  EXPECT_TRUE(exact->GetPValuesAreExact());
  const auto approximate = Compute(differences, 100);
  EXPECT_FALSE(approximate->GetPValuesAreExact());
  EXPECT_EQ(exact->GetStatistic(), approximate->GetStatistic());
  EXPECT_NEAR(exact->GetPValueGreater(), approximate->GetPValueGreater(), 1e-3);
  EXPECT_NEAR(exact->GetPValueLess(), approximate->GetPValueLess(), 1e-3);

  for (int i = 0; i < 20; ++i)
  {
    differences.push_back(1000.0 + i);
  }
  EXPECT_FALSE(Compute(differences)->GetPValuesAreExact());
}

TEST(WilcoxonSignedRankTest, ExactDistributionNeitherOverflowsNorUnderflowsAtTheLargestSampleSize)
{
  const auto test = Compute(std::vector<double>(1000, 1.0), 1000);
  EXPECT_TRUE(test->GetPValuesAreExact());
  EXPECT_EQ(test->GetPValueLess(), 1.0);
  EXPECT_DOUBLE_EQ(test->GetPValueGreater(), std::ldexp(1.0, -1000));
}

TEST(WilcoxonSignedRankTest, RefusesMissingAndUndefinedDifferences)
{
  auto test = WilcoxonType::New();
  EXPECT_THROW(test->Compute(), itk::ExceptionObject);
  test->SetDifferences({ 1.0, std::numeric_limits<double>::quiet_NaN() });
  try
  {
    test->Compute();
    FAIL() << "no exception";
  }
  catch (const itk::ExceptionObject & exception)
  {
    EXPECT_NE(std::string(exception.GetDescription()).find("nan at the position 1"), std::string::npos)
      << exception.GetDescription();
  }
  EXPECT_THROW(test->GetStatistic(), itk::ExceptionObject);
}

TEST(WilcoxonSignedRankTest, RefusesResultsThatAreStale)
{
  auto test = WilcoxonType::New();
  test->SetDifferences({ 1.0, 2.0 });
  EXPECT_THROW(test->GetPValueGreater(), itk::ExceptionObject);
  test->Compute();
  EXPECT_NO_THROW(test->GetPValueGreater());
  test->SetDifferences({ 1.0, 2.0 });
  EXPECT_NO_THROW(test->GetPValueGreater());
  test->SetDifferences({ 1.0, 3.0 });
  EXPECT_THROW(test->GetStatistic(), itk::ExceptionObject);
  EXPECT_THROW(test->GetNumberOfNonZeroDifferences(), itk::ExceptionObject);
  EXPECT_THROW(test->GetPValuesAreExact(), itk::ExceptionObject);
  EXPECT_THROW(test->GetPValueGreater(), itk::ExceptionObject);
  EXPECT_THROW(test->GetPValueLess(), itk::ExceptionObject);
  EXPECT_THROW(test->GetPValueTwoSided(), itk::ExceptionObject);
}

TEST(WilcoxonSignedRankTest, SettersCallModifiedOnlyOnAChange)
{
  auto                      test = itk::WilcoxonSignedRankTest::New();
  const std::vector<double> differences{ 1.0, std::numeric_limits<double>::quiet_NaN() };
  test->SetDifferences(differences);
  const auto modified = test->GetMTime();
  test->SetDifferences(differences);
  EXPECT_EQ(test->GetMTime(), modified);
  test->SetDifferences({ 1.0 });
  EXPECT_GT(test->GetMTime(), modified);
}

TEST(WilcoxonSignedRankTest, PrintsAllMembers)
{
  const auto         test = Compute({ 1.5, -2.5, 3.5 });
  std::ostringstream stream;
  test->Print(stream);
  for (const char * name : { "Differences: [1.5, -2.5, 3.5]",
                             "MaximumExactSampleSize: 500",
                             "ResultsMTime: ",
                             "Statistic: 4",
                             "NumberOfNonZeroDifferences: 3",
                             "PValuesAreExact: Yes",
                             "PValueGreater: 0.375",
                             "PValueLess: 0.75" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name << " is missing in " << stream.str();
  }
}

TEST(WilcoxonSignedRankTest, MeetsAllReferenceValues)
{
  const std::string folder = itk::LatentSpaceSuperResolutionTest::FindReferenceFolder();
  if (folder.empty())
  {
    GTEST_SKIP()
      << "There are no reference values: set the environment variable LATENT_SR_SHARED to the directory that "
         "contains metrics/reference.json.";
  }
  nlohmann::json reference;
  std::ifstream(folder + "/reference.json") >> reference;
  EXPECT_GE(reference["wilcoxon"].size(), 8u);
  for (const auto & [name, sample] : reference["wilcoxon"].items())
  {
    SCOPED_TRACE(name);
    const std::vector<double> differences = sample["d"];
    const auto                expected = sample["own/exact_conditional[wilcox]"];
    const auto                exact = Compute(differences);
    EXPECT_EQ(exact->GetStatistic(), expected["W+"].get<double>());
    EXPECT_EQ(exact->GetNumberOfNonZeroDifferences(), expected["n_used"].get<itk::SizeValueType>());
    EXPECT_NEAR(exact->GetPValueGreater(), expected["p_greater"], 1e-13);
    EXPECT_NEAR(exact->GetPValueLess(), expected["p_less"], 1e-13);
    EXPECT_NEAR(exact->GetPValueTwoSided(), expected["p_two-sided"], 1e-13);

    const auto approximate = Compute(differences, 0);
    EXPECT_NEAR(approximate->GetPValueGreater(), sample["greater|wilcox|approx"]["p"], 1e-13);
    EXPECT_NEAR(approximate->GetPValueLess(), sample["less|wilcox|approx"]["p"], 1e-13);
    EXPECT_NEAR(approximate->GetPValueTwoSided(), sample["two-sided|wilcox|approx"]["p"], 1e-13);
  }
}
