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
#ifndef itkShapeBasedLabelInterpolationImageFilter_h
#define itkShapeBasedLabelInterpolationImageFilter_h

#include "itkImageToImageFilter.h"
#include "itkAutomaticParameterMacro.h"
#include "itkShapeBasedLabelInterpolator.h"
#include "itkSliceStackGeometry.h"

#include <type_traits>

namespace itk
{
/** \class ShapeBasedLabelInterpolationImageFilter
 * \brief Turns a stack of thick slices of labels into a stack of thin slices, by interpolation of the labels' shapes.
 *
 * The filter makes the label map that belongs to the output of LatentSpaceSuperResolutionImageFilter: the same
 * UpsamplingFactor or OutputSliceSpacing, and the same SliceAxis, give the same grid (SliceStackGeometry). Every label
 * of the output is a label of one of the two acquired slices around it. Output slices at acquired slices are exact
 * copies. All labels are treated alike. The background is a label, too.
 *
 * **Shapes.** Each label has a distance to its boundary in both acquired slices, in mm and positive inside. It is
 * interpolated linearly, and each pixel gets the label with the largest distance (Raya and Udupa, Shape-based
 * interpolation of multidimensional objects, IEEE Trans Med Imaging 9, 1990; Herman, Zheng and Bucholtz, Shape-based
 * interpolation, IEEE Comput Graph Appl 12, 1992). If distances are equal to a thousandth of a pixel, a pixel gets the
 * label that it has in the nearer acquired slice if that is one of them, otherwise the smallest label. A label stays
 * within the smallest rectangle around its pixels of both slices.
 *
 * **Parts.** A slice's parts are the connected components of its labels (pixels that share a side or a corner). The
 * above applies to parts that overlap a part of the same label in the other slice. It would lose other parts, such as
 * the cross sections of thin oblique vessels. They are left out at first, their pixels get the label next to them, and
 * they are drawn over the result:
 * - Two parts that are likely to be the same thin structure move. They are put over each other, their distances are
 *   interpolated, and the shape is put where the line between their centers passes the output slice, to whole pixels.
 *   Pixels with the next largest distances are added until the area is between the areas of the two parts. If the
 *   interpolated shape has less than half of that area, the shape of the nearer part is taken instead, in the middle
 *   that of the first slice. Parts are taken for the same structure if they overlap each other by less than half of the
 *   smaller one, and overlap no other part of their label; or if they overlap none, and each is nearest to the other.
 *   Their areas may differ by a factor of 4, and their centers by twice the slice distance. Higgins, Morice and Ritman
 *   (Shape-based interpolation of tree-like structures, IEEE Trans Med Imaging 12, 1993) move parts in a similar way.
 * - Any other part ends. It shrinks as if its distance in the other slice were everywhere minus its largest distance. A
 *   disc of radius r has the radius \f$r (1 - 2 \alpha) / (1 - \alpha)\f$ at the share \f$\alpha\f$ of the way. In the
 *   middle between the slices, its innermost pixels are left, and beyond it nothing. A structure of one or two pixels
 *   keeps its width up to the middle, as with nearest-neighbor interpolation. Where a part ends and another one begins,
 *   pixels get the label of the nearer slice, and in the middle the smaller label.
 *
 * **Streaming.** The output may be requested slab by slab along the slice axis, and 4D images phase by phase. A slab
 * requests only the acquired slices around it. Its pixels are the same as in the whole volume.
 *
 * **Threads.** Gaps between acquired slices are computed in parallel. The result does not depend on the number of
 * threads. With a NumberOfWorkUnits of 1 the filter starts no thread.
 *
 * **Memory.** Besides input and output, about 100 bytes per pixel of a slice for each thread, and 8 more per output
 * slice in a gap, for at most 16 of them.
 *
 * **Defined special cases.** One slice gives one slice. An empty image is refused.
 *
 * \tparam TLabelImage 3D or 4D image with integer pixels; the phases of a 4D image are processed separately
 *
 * \sa LatentSpaceSuperResolutionImageFilter
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TLabelImage>
class ITK_TEMPLATE_EXPORT ShapeBasedLabelInterpolationImageFilter : public ImageToImageFilter<TLabelImage, TLabelImage>
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(ShapeBasedLabelInterpolationImageFilter);

  using Self = ShapeBasedLabelInterpolationImageFilter;
  using Superclass = ImageToImageFilter<TLabelImage, TLabelImage>;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(ShapeBasedLabelInterpolationImageFilter);

  using LabelImageType = TLabelImage;
  using RegionType = typename LabelImageType::RegionType;
  using LabelType = typename LabelImageType::PixelType;

  static constexpr unsigned int ImageDimension = LabelImageType::ImageDimension;
  static_assert(ImageDimension == 3 || ImageDimension == 4,
                "Images have to be stacks of slices: 3D, or 4D (3D + time).");
  static_assert(std::is_integral<LabelType>::value, "Labels have to be integers.");

  /** Set/Get the number of output slice distances per input slice distance, at least 1. Default 2. It has no effect if
   * an OutputSliceSpacing is set. */
  itkSetMacro(UpsamplingFactor, unsigned int);
  itkGetConstMacro(UpsamplingFactor, unsigned int);

  /** Set/Get the slice spacing of the output in mm, > 0, default 1. Its ratio to the input's spacing may be any number.
   * Setting it turns AutomaticOutputSliceSpacing off. While that is on, as by default, the spacing is the input's
   * spacing divided by the UpsamplingFactor. */
  itkSetAutomaticParameterMacro(OutputSliceSpacing, double);

  /** Set/Get the through-plane axis, 0 to 2, default 2. Setting it turns AutomaticSliceAxis off. While that is on, as
   * by default, it is the axis of the largest spacing. */
  itkSetAutomaticParameterMacro(SliceAxis, unsigned int);

  /** Get the slice axis of the current input: the one that was set, or the axis of the largest spacing.
   * \exception ExceptionObject if there is no input, or two axes have the largest spacing. */
  unsigned int
  GetSliceAxisUsed() const;

protected:
  ShapeBasedLabelInterpolationImageFilter();
  ~ShapeBasedLabelInterpolationImageFilter() override = default;

  void
  VerifyPreconditions() const override;
  void
  GenerateOutputInformation() override;
  void
  EnlargeOutputRequestedRegion(DataObject * output) override;
  void
  GenerateInputRequestedRegion() override;
  void
  GenerateData() override;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  using Code = ShapeBasedLabelInterpolator::Code;

  /** The requested slices of a phase at an acquired slice, and between it and the next one. */
  struct Task
  {
    /** Of the input, at the acquired slice. */
    RegionType inputSlice;
    /** Of the output. The index along the slice axis is that of a slice that follows. */
    RegionType                  outputSlice;
    std::vector<IndexValueType> copied;
    std::vector<IndexValueType> synthesized;
    std::vector<double>         alphas;
  };

  SliceStackGeometry
  MakeGeometry() const;

  std::vector<Task>
  ListTasks() const;

  void
  Perform(const Task & task);

  unsigned int m_UpsamplingFactor{ 2 };
  double       m_OutputSliceSpacing{ 1.0 };
  bool         m_AutomaticOutputSliceSpacing{ true };
  unsigned int m_SliceAxis{ 2 };
  bool         m_AutomaticSliceAxis{ true };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkShapeBasedLabelInterpolationImageFilter.hxx"
#endif

#endif // itkShapeBasedLabelInterpolationImageFilter_h
