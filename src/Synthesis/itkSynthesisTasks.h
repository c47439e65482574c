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
#ifndef itkSynthesisTasks_h
#define itkSynthesisTasks_h

#include "itkSynthesisPlan.h"

#include <vector>

namespace itk
{
/** A step of the synthesis that one thread computes. */
struct SynthesisTask
{
  /** Acquired slices to read, and those of them to encode. */
  std::vector<SizeValueType> slices;
  std::vector<SizeValueType> encoded;
  /** Gaps whose learned mixing gets its correction. */
  std::vector<MixedGap> corrections;
  /** Slices to decode and to correct. */
  std::vector<SynthesisPlan::Job> jobs;
  /** Numbers of earlier tasks whose results are needed. */
  std::vector<size_t> prerequisites;
  /** Acquired slices that no later task needs. */
  std::vector<SizeValueType> lastUsed;
};

/** Divide a plan into tasks, in an order in which every task comes after its prerequisites. Slices are encoded, and
 * acquired slices decoded, one slice distance earlier than they are needed, so that threads seldom wait.
 * \param batchSize number of slices that are encoded or decoded together
 * \param reach number of acquired slices that are needed beyond the two around a position */
std::vector<SynthesisTask>
ListSynthesisTasks(const SynthesisPlan &   plan,
                   const SliceCorrection & correction,
                   size_t                  batchSize,
                   SizeValueType           reach);
} // end namespace itk

#endif // itkSynthesisTasks_h
