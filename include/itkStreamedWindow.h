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
#ifndef itkStreamedWindow_h
#define itkStreamedWindow_h

#include "itkProcessObject.h"
#include "itkStreamedPercentileCalculator.h"

#include <functional>
#include <utility>

namespace itk
{
/** \class StreamedWindow
 * \brief Two percentiles of the largest possible region of a filter's input, which need not be in memory as a whole.
 *
 * The window is remembered until the input, the pipeline in front of it or the percentages change.
 *
 * \tparam TImage of scalar pixels
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class StreamedWindow
{
public:
  using RegionType = typename TImage::RegionType;
  using PixelType = typename TImage::PixelType;
  /** Is told the share that is done, 0 to 1, after every part. What it throws ends the computation. */
  using ProgressFunction = std::function<void(double share)>;

  /** Compute the percentiles, if they are not those of this input already. Reads the input in parts of its requested
   * size where it is not buffered as a whole; then what was requested is buffered again.
   * \param percentages lower and upper, each in [0, 100]
   * \param process whose threads count
   * \return whether there was something to compute
   * \exception ExceptionObject that names the first pixel that is no finite single-precision number */
  bool
  Update(TImage *                          input,
         const std::pair<double, double> & percentages,
         const ProcessObject *             process,
         const ProgressFunction &          progress);

  /** Forget the window. */
  void
  Clear()
  {
    *this = StreamedWindow();
  }

  double
  GetMinimum() const
  {
    return m_Minimum;
  }
  double
  GetMaximum() const
  {
    return m_Maximum;
  }

private:
  /** When the input was changed last. */
  static ModifiedTimeType
  FindTime(const TImage * input);

  /** Count the pixels of the whole input once, part by part. */
  static void
  CountPixels(TImage *                                  input,
              StreamedPercentileCalculator<PixelType> & calculator,
              const ProcessObject *                     process,
              const ProgressFunction &                  progress);

  /** Move a part to the next place of a region, in all dimensions.
   * \return false behind the last one */
  static bool
  MoveToNextPart(RegionType & part, const RegionType & whole);

  /** What the window was computed from. */
  const TImage *            m_Input{ nullptr };
  ModifiedTimeType          m_Time{ 0 };
  std::pair<double, double> m_Percentages{ 0.0, 0.0 };
  double                    m_Minimum{ 0.0 };
  double                    m_Maximum{ 0.0 };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkStreamedWindow.hxx"
#endif

#endif // itkStreamedWindow_h
