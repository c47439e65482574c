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
#ifndef itkVectorLoops_h
#define itkVectorLoops_h

// Macros that help the compiler to vectorize loops.

#if defined(_MSC_VER)
#  define LSSR_RESTRICT __restrict
#else
#  define LSSR_RESTRICT __restrict__
#endif

// The library has several versions of a function. The loader chooses the one for the processor it runs on.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#  define LSSR_FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#  define LSSR_FOR_EACH_PROCESSOR
#endif

#endif // itkVectorLoops_h
