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
#ifndef itkWinogradWeightTransform_h
#define itkWinogradWeightTransform_h

namespace itk
{
/** The matrix G of F(4 x 4, 3 x 3). It transforms three weights along an axis to six. The interpolation points are
 * those in itkWinogradKernelTransforms.h. */
namespace WinogradWeightTransform
{
constexpr double R = 0.70710678118654752;
constexpr double S = 1.41421356237309505;
constexpr double G[6][3] = { { 1.0, 0.0, 0.0 },
                             { -2.0 / 3.0, -2.0 / 3.0 * R, -1.0 / 3.0 },
                             { -2.0 / 3.0, 2.0 / 3.0 * R, -1.0 / 3.0 },
                             { 1.0 / 6.0, 1.0 / 6.0 * S, 1.0 / 3.0 },
                             { 1.0 / 6.0, -1.0 / 6.0 * S, 1.0 / 3.0 },
                             { 0.0, 0.0, 1.0 } };
} // namespace WinogradWeightTransform
} // end namespace itk

#endif // itkWinogradWeightTransform_h
