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
#ifndef itkTrainingRandom_h
#define itkTrainingRandom_h

#include <cmath>
#include <cstdint>
#include <utility>

namespace itk
{
/** Random numbers that depend only on a seed, an iteration and a sample. Therefore a resumed training, and a training
 * in several processes, draw the same numbers, and checkpoints need no state of the generator. The generator is
 * SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
class TrainingRandom
{
public:
  TrainingRandom(uint64_t seed, uint64_t iteration, uint64_t sample)
    : m_State(Mix(Mix(Mix(seed) + iteration) + sample))
  {}

  uint64_t
  Bits()
  {
    m_State += 0x9e3779b97f4a7c15u;
    return Mix(m_State);
  }

  /** Uniform in [0, 1). */
  double
  Uniform()
  {
    return static_cast<double>(this->Bits() >> 11) * 0x1p-53;
  }

  double
  Uniform(double lower, double upper)
  {
    return lower + (upper - lower) * this->Uniform();
  }

  /** Uniform in {0, ..., count - 1}. */
  int64_t
  Integer(int64_t count)
  {
    return static_cast<int64_t>(this->Uniform() * static_cast<double>(count));
  }

  /** Normal with mean 0 (Box-Muller). */
  double
  Normal(double sigma)
  {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - this->Uniform()));
    return sigma * radius * std::cos(6.283185307179586 * this->Uniform());
  }

  /** Shuffle (Fisher-Yates). */
  template <typename TContainer>
  void
  Shuffle(TContainer & items)
  {
    for (size_t i = items.size(); i > 1; --i)
    {
      std::swap(items[i - 1], items[static_cast<size_t>(this->Integer(static_cast<int64_t>(i)))]);
    }
  }

private:
  static uint64_t
  Mix(uint64_t value)
  {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

  uint64_t m_State;
};
} // end namespace itk

#endif // itkTrainingRandom_h
