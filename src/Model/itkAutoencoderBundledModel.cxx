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

#include "itkAutoencoderBundledModel.h"

#ifdef LatentSpaceSuperResolution_BUNDLED_MODEL
// The assembler includes the file. As a C++ array, ten megabytes would take minutes to compile.
#  if defined(__APPLE__)
#    define LSSR_BUNDLED_MODEL_SYMBOL(name) "_" name
#    define LSSR_BUNDLED_MODEL_SECTION ".const_data\n"
#    define LSSR_BUNDLED_MODEL_PREVIOUS ".text\n"
#  elif defined(__ELF__)
#    define LSSR_BUNDLED_MODEL_SYMBOL(name) name
#    define LSSR_BUNDLED_MODEL_SECTION ".pushsection .rodata\n"
#    define LSSR_BUNDLED_MODEL_PREVIOUS ".popsection\n"
#  else
#    error "Bundling a model needs an ELF or Mach-O assembler: set LatentSpaceSuperResolution_BUNDLED_MODEL to nothing."
#  endif
__asm__(LSSR_BUNDLED_MODEL_SECTION ".balign 16\n" LSSR_BUNDLED_MODEL_SYMBOL(
  "itkAutoencoderBundledModelBegin") ":\n"
                                     ".incbin \"" LatentSpaceSuperResolution_BUNDLED_MODEL
                                     "\"\n" LSSR_BUNDLED_MODEL_SYMBOL(
                                       "itkAutoencoderBundledModelEnd") ":\n"
                                                                        ".byte 0\n"
                                                                        ".balign 16\n" LSSR_BUNDLED_MODEL_PREVIOUS);

extern "C"
{
  // These symbols are hidden, because only this file uses them.
  extern const char itkAutoencoderBundledModelBegin[] __attribute__((visibility("hidden")));
  extern const char itkAutoencoderBundledModelEnd[] __attribute__((visibility("hidden")));
}
#endif

namespace itk
{
AutoencoderBundledModel
GetAutoencoderBundledModel()
{
#ifdef LatentSpaceSuperResolution_BUNDLED_MODEL
  return { itkAutoencoderBundledModelBegin,
           static_cast<SizeValueType>(itkAutoencoderBundledModelEnd - itkAutoencoderBundledModelBegin) };
#else
  return { nullptr, 0 };
#endif
}
} // end namespace itk
