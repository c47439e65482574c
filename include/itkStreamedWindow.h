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
 * \brief The window of a filter's input: two percentiles of its largest possible region. The input need not fit in
 * memory.
 *
 * The window is kept until the input, the pipeline before it or the percentages change.
 *
 * \tparam TImage image with scalar pixels
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class StreamedWindow
{
public:
  using RegionType = typename TImage::RegionType;
  using PixelType = typename TImage::PixelType;
  /** Receives the share that is done, 0 to 1, after every part. An exception from it ends the computation. */
  using ProgressFunction = std::function<void(double share)>;

  /** Compute the percentiles, unless those of this input are already known. If the input is not buffered completely, it
   * is read in parts of the requested size. Afterwards the requested region is buffered again.
   * \param percentages lower and upper, each in [0, 100]
   * \param process whose threads are used
   * \return whether the percentiles had to be computed
   * \exception ExceptionObject that names the first pixel that is not a finite single-precision number */
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
  /** The time of the last change of the input. */
  static ModifiedTimeType
  FindTime(const TImage * input);

  /** Count the pixels of the whole input once, part by part. */
  static void
  CountPixels(TImage *                                  input,
              const RegionType &                        requested,
              StreamedPercentileCalculator<PixelType> & calculator,
              const ProcessObject *                     process,
              const ProgressFunction &                  progress);

  /** Move a part to the next location in a region, in all dimensions.
   * \return false after the last location */
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
