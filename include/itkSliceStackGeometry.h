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
#ifndef itkSliceStackGeometry_h
#define itkSliceStackGeometry_h

#include "itkImageBase.h"
#include "LatentSpaceSuperResolutionExport.h"

#include <optional>

namespace itk
{
/** \class SliceStackGeometry
 * \brief The grid of a stack of thin slices that is made from a stack of thick slices. All filters that make slices
 * between acquired slices have the same grid.
 *
 * With an integer factor f, n slices become \f$(n-1) f + 1\f$ slices along the slice axis. The spacing is divided by f,
 * and the start index is multiplied by f. The origin does not change, and every f-th slice lies exactly at an acquired
 * slice. With an output slice spacing s instead, slices lie at multiples of s from the first acquired slice, up to the
 * last acquired slice. The first output slice then has index 0. The direction and the other axes do not change in
 * either case. Nothing is extrapolated.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT SliceStackGeometry
{
public:
  /** A position in the stack of acquired slices: `slice` + `alpha` in units of the slice spacing. */
  struct Position
  {
    SizeValueType slice{ 0 };
    /** Share of the way to the next slice, in [0, 1). */
    double alpha{ 0.0 };
  };

  /** Deviation from an acquired slice, as a share of the slice distance, that is taken for rounding. Files often hold
   * spacings in single precision. */
  static constexpr double PositionTolerance = 1e-3;

  /** \param upsamplingFactor has no effect with an outputSliceSpacing
   * \param outputSliceSpacing in mm; none: the input's spacing divided by the factor
   * \param sliceAxis none: the axis of the largest spacing */
  SliceStackGeometry(unsigned int                upsamplingFactor,
                     std::optional<double>       outputSliceSpacing,
                     std::optional<unsigned int> sliceAxis)
    : m_UpsamplingFactor(upsamplingFactor)
    , m_OutputSliceSpacing(outputSliceSpacing)
    , m_SliceAxis(sliceAxis)
  {}

  /** \exception ExceptionObject that names the parameter that is wrong, its value and what is allowed */
  void
  Check() const;

  /** The slice axis of an input.
   * \exception ExceptionObject if two axes have the largest spacing */
  template <unsigned int VDimension>
  unsigned int
  GetSliceAxis(const ImageBase<VDimension> * input) const;

  /** Set the spacing, the origin and the largest possible region of an output that has those of the input.
   * \exception ExceptionObject if the input is empty, or there would be more than a million slices */
  template <unsigned int VDimension>
  void
  SetOutputInformation(const ImageBase<VDimension> * input, ImageBase<VDimension> * output) const;

  /** The position of the output slice with the given index along the slice axis. */
  template <unsigned int VDimension>
  Position
  ComputePosition(const ImageBase<VDimension> * input,
                  const ImageBase<VDimension> * output,
                  IndexValueType                outputIndex) const;

  /** Extend the requested region of an output to whole slices. */
  template <unsigned int VDimension>
  void
  RequestWholeSlices(const ImageBase<VDimension> * input, ImageBase<VDimension> * output) const;

  /** The input region that the output's requested region needs.
   * \param reach number of acquired slices on each side, beyond the two around a position */
  template <unsigned int VDimension>
  ImageRegion<VDimension>
  ComputeInputRegion(const ImageBase<VDimension> * input,
                     const ImageBase<VDimension> * output,
                     SizeValueType                 reach) const;

private:
  /** The number of output slices with an output slice spacing. */
  static SizeValueType
  CountSlices(SizeValueType inputSlices, double inputSpacing, double outputSpacing);

  Position
  ComputePosition(SizeValueType step, SizeValueType inputSlices, double inputSpacing) const;

  unsigned int                m_UpsamplingFactor;
  std::optional<double>       m_OutputSliceSpacing;
  std::optional<unsigned int> m_SliceAxis;
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkSliceStackGeometry.hxx"
#endif

#endif // itkSliceStackGeometry_h
