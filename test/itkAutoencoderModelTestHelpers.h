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
#ifndef itkAutoencoderModelTestHelpers_h
#define itkAutoencoderModelTestHelpers_h

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

namespace itk
{
namespace LatentSpaceSuperResolutionTest
{
using StackType = AutoencoderModel::StackType;

/** Slices of network inputs, with values between 0 and about 1. */
inline StackType::Pointer
MakeUnitStack(unsigned int columns, unsigned int rows, unsigned int slices)
{
  auto stack = MakeStack<StackType>({ { columns, rows, slices } });
  for (ImageRegionIteratorWithIndex<StackType> it(stack, stack->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(it.Get() / 1000.0f);
  }
  return stack;
}

inline void
ExpectEqualStacks(const StackType * a, const StackType * b)
{
  ASSERT_EQ(a->GetLargestPossibleRegion(), b->GetLargestPossibleRegion());
  for (SizeValueType i = 0; i < a->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    ASSERT_EQ(a->GetBufferPointer()[i], b->GetBufferPointer()[i]);
  }
}
} // namespace LatentSpaceSuperResolutionTest
} // end namespace itk

#endif // itkAutoencoderModelTestHelpers_h
