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
#ifndef itkWilcoxonSignedRankTest_h
#define itkWilcoxonSignedRankTest_h

#include "LatentSpaceSuperResolutionExport.h"

#include "itkIntTypes.h"
#include "itkObject.h"
#include "itkObjectFactory.h"

#include <vector>

namespace itk
{
/** \class WilcoxonSignedRankTest
 *  \brief Wilcoxon's signed-rank test for paired samples, exact even with ties.
 *
 * The input is the differences \f$d_i = a_i - b_i\f$ of paired scores, for example of two methods on the same subjects.
 * The null hypothesis is that the differences are distributed symmetrically about zero (F. Wilcoxon, Biometrics
 * Bulletin 1(6), 1945).
 *
 * Differences of zero are dropped. The absolute values of the other \f$n\f$ are ranked, ties get their mean rank, and
 * the statistic \f$W^+\f$ is the sum of the ranks of the positive differences. For up to MaximumExactSampleSize
 * differences, the p-values are exact, conditional on the ties: under the null hypothesis, each of the \f$2^n\f$
 * assignments of signs to the ranks is equally likely, and the assignments are counted for each value of \f$W^+\f$. For
 * more differences, the p-values come from the normal distribution with the same mean \f$n(n+1)/4\f$ and variance
 * \f$n(n+1)(2n+1)/24 - \sum_j (t_j^3 - t_j)/48\f$, where \f$t_j\f$ are the sizes of the groups of ties. There is no
 * continuity correction.
 *
 * The differences must be independent, so average the slices or frames of a subject before comparing subjects. The
 * smallest possible one-sided p-value of \f$n\f$ differences is \f$2^{-n}\f$. If all differences are zero, all p-values
 * are 1.
 *
 * Compute() throws an ExceptionObject if there are no differences, or if one of them is NaN; infinite differences are
 * allowed. A getter of a result throws an ExceptionObject if the result has not been computed, or if a parameter has
 * been modified since.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT WilcoxonSignedRankTest : public Object
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(WilcoxonSignedRankTest);

  /** Standard class type aliases. */
  using Self = WilcoxonSignedRankTest;
  using Superclass = Object;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  /** Method for creation through the object factory. */
  itkNewMacro(Self);

  /** \see LightObject::GetNameOfClass() */
  itkOverrideGetNameOfClassMacro(WilcoxonSignedRankTest);

  /** Set/Get the differences of the paired scores. Required, empty by default. */
  void
  SetDifferences(const std::vector<double> & differences);
  itkGetConstReferenceMacro(Differences, std::vector<double>);

  /** Set/Get the largest number of nonzero differences for which the p-values are exact. 0 (never) to 1000, default
   * 500. The time for an exact distribution grows with the third power of the number; for 500 it is a fraction of a
   * second. */
  itkSetClampMacro(MaximumExactSampleSize, SizeValueType, 0, 1000);
  itkGetConstMacro(MaximumExactSampleSize, SizeValueType);

  /** Compute the statistic and the p-values.
   * \exception ExceptionObject if there are no differences, or if one of them is NaN. */
  void
  Compute();

  /** The sum of the ranks of the positive differences. */
  double
  GetStatistic() const;

  /** The number n of differences that are not zero. */
  SizeValueType
  GetNumberOfNonZeroDifferences() const;

  /** Whether the p-values are exact, rather than those of the normal approximation. */
  bool
  GetPValuesAreExact() const;

  /** The p-value against the alternative that the differences tend to be greater than zero: the probability of a
   * statistic at least as large as the observed one. */
  double
  GetPValueGreater() const;

  /** The p-value against the alternative that the differences tend to be less than zero: the probability of a statistic
   * at most as large as the observed one. */
  double
  GetPValueLess() const;

  /** The two-sided p-value: twice the smaller one-sided p-value, at most 1. */
  double
  GetPValueTwoSided() const;

protected:
  WilcoxonSignedRankTest() = default;
  ~WilcoxonSignedRankTest() override = default;
  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  /** Throw if results are missing or stale. */
  void
  VerifyResults(const char * name) const;

  std::vector<double> m_Differences{};
  SizeValueType       m_MaximumExactSampleSize{ 500 };

  /** Modification time of the parameters that the results belong to; 0 without results. */
  ModifiedTimeType m_ResultsMTime{ 0 };

  double        m_Statistic{ 0.0 };
  SizeValueType m_NumberOfNonZeroDifferences{ 0 };
  bool          m_PValuesAreExact{ true };
  double        m_PValueGreater{ 1.0 };
  double        m_PValueLess{ 1.0 };
};
} // end namespace itk

#endif // itkWilcoxonSignedRankTest_h
