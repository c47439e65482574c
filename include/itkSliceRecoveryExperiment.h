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
#ifndef itkSliceRecoveryExperiment_h
#define itkSliceRecoveryExperiment_h

#include "itkAutoencoderModel.h"
#include "itkLatentSpaceSuperResolutionImageFilterEnums.h"
#include "itkImage.h"
#include "itkObject.h"
#include "itkObjectFactory.h"

namespace itk
{
/** \class SliceRecoveryExperiment
 * \brief Drops slices of a volume and recovers them with every method: the comparison of arXiv:2010.13172, made fair.
 *
 * Of the volume's slices every KeepEvery-th is kept, from the first on, as far as a dropped slice has kept ones on both
 * sides; slices behind the last kept one are left out. Everything that follows knows the kept slices only:
 * 1. the window, the percentiles 1 and 99 of the kept slices, mapped to [0, 1] and clamped;
 * 2. the crop to the central CropSize pixels in plane, if one is set (the paper: 128);
 * 3. the recovery onto the exact grid of the dropped slices, by ITK's own interpolators in ResampleImageFilter, or by
 *    LatentSpaceSuperResolutionImageFilter;
 * 4. clamping to [0, 1].
 *
 * Methods, by name: `nearest`, `linear`, `bspline` (order 3, BSplineInterpolateImageFunction) and `bspline0` to
 * `bspline5`, `lanczos` (radius 3, WindowedSincInterpolateImageFunction) and `lanczos4` (radius 4), and the control
 * `linear-blur`: linear, then in every recovered slice a Gaussian with a standard deviation of 1.5 pixels. It shows
 * what mere smoothing gains. Models are run by RecoverByModel().
 *
 * Of a volume with thin slices, a SliceThickness makes thick ones: what is kept is then the volume after a Gaussian
 * along the slice axis with that full width at half maximum (ITK's discrete one), and what it is compared with remains
 * the volume itself. Models are told the thickness, which scanners know of their slices: it is the filter's
 * SliceThickness.
 *
 * \tparam TImage 3D, of scalar pixels
 *
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TImage>
class ITK_TEMPLATE_EXPORT SliceRecoveryExperiment : public Object
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(SliceRecoveryExperiment);

  using Self = SliceRecoveryExperiment;
  using Superclass = Object;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(SliceRecoveryExperiment);

  using ImageType = TImage;
  static constexpr unsigned int ImageDimension = ImageType::ImageDimension;
  static_assert(ImageDimension == 3, "The experiment is defined for 3D volumes.");
  /** Truth and recovered volumes: intensities in [0, 1]. */
  using RealImageType = Image<float, 3>;
  using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;
  using PrecisionEnum = AutoencoderModelEnums::Precision;

  /** The volume. */
  void
  SetImage(const ImageType * image);
  const ImageType *
  GetImage() const
  {
    return m_Image;
  }

  /** Keep every k-th slice, k at least 2, default 2. */
  itkSetMacro(KeepEvery, unsigned int);
  itkGetConstMacro(KeepEvery, unsigned int);

  /** Side in pixels of the central square that is kept in plane; a smaller slice is kept whole. Default 0: no crop. */
  itkSetMacro(CropSize, SizeValueType);
  itkGetConstMacro(CropSize, SizeValueType);

  /** Simulated thickness of the slices in mm, the full width at half maximum of a Gaussian profile; 0 (the default):
   * the slices are those of the image. */
  itkSetMacro(SliceThickness, double);
  itkGetConstMacro(SliceThickness, double);

  /** The through-plane axis, 0 to 2; -1 (the default): that of the largest spacing. */
  itkSetMacro(SliceAxis, int);
  itkGetConstMacro(SliceAxis, int);

  /** Arithmetic and device of the network, as in LatentSpaceSuperResolutionImageFilter. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);
  itkSetStringMacro(Device);
  itkGetStringMacro(Device);

  /** Orientations that the network's results are averaged over, as in LatentSpaceSuperResolutionImageFilter. Default 1.
   */
  itkSetMacro(NumberOfOrientations, unsigned int);
  itkGetConstMacro(NumberOfOrientations, unsigned int);

  /** Drop the slices and prepare the truth.
   * \exception ExceptionObject without an image, for wrong parameters, or if fewer than KeepEvery + 1 slices are there.
   */
  void
  Prepare();

  /** The slice axis that Prepare() used. */
  itkGetConstMacro(SliceAxisUsed, unsigned int);
  /** Native intensities that were mapped to 0 and 1. */
  itkGetConstMacro(WindowMinimum, double);
  itkGetConstMacro(WindowMaximum, double);

  /** All slices from the first to the last kept one, windowed and cropped. */
  const RealImageType *
  GetTruth() const;
  /** The kept slices, windowed and cropped. */
  const RealImageType *
  GetKeptSlices() const;
  /** Slice numbers of the dropped slices, along the slice axis of the truth from 0. */
  std::vector<SizeValueType>
  GetDroppedSliceNumbers() const;

  /** The volume on the truth's grid, recovered by an interpolation method.
   * \exception ExceptionObject for an unknown method, naming the known ones, or before Prepare(). */
  RealImageType::Pointer
  RecoverByInterpolation(const std::string & method) const;

  /** The same, recovered by a model. */
  RealImageType::Pointer
  RecoverByModel(const AutoencoderModel * model, OutputModeEnum mode) const;

  /** What the best gain of a model's ResidualCorrected mode follows from in closed form: with the mode's bend b at gain
   * 1 and the error e of the linear interpolation, over all pixels of the dropped slices, the sums of b e and of b b,
   * in this order. The gain that minimizes the mean squared error over several volumes is the quotient of the sums over
   * all of them; with it, the mode is at least as good as linear interpolation on these volumes. Volumes that the model
   * was trained on give too large a gain. */
  std::vector<double>
  ComputeResidualGainSums(const AutoencoderModel * model) const;

  /** The dropped slices alone of a volume on the truth's grid, as a volume with the slice axis last. */
  RealImageType::Pointer
  ExtractDroppedSlices(const RealImageType * volume) const;

  /** The names that RecoverByInterpolation() knows. */
  static std::vector<std::string>
  GetInterpolationMethods();

protected:
  SliceRecoveryExperiment() = default;
  ~SliceRecoveryExperiment() override = default;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  /** The image as slices of the SliceThickness show it. */
  RealImageType::Pointer
  SimulateThickSlices(unsigned int axis) const;

  void
  CheckPrepared() const;

  RealImageType::Pointer
  RunModel(const AutoencoderModel * model, OutputModeEnum mode, double residualGain) const;

  /** Intensities outside of [0, 1] become 0 and 1. */
  static void
  ClampToWindow(RealImageType * volume);

  typename ImageType::ConstPointer m_Image;
  unsigned int                     m_KeepEvery{ 2 };
  SizeValueType                    m_CropSize{ 0 };
  double                           m_SliceThickness{ 0.0 };
  unsigned int                     m_NumberOfOrientations{ 1 };
  int                              m_SliceAxis{ -1 };
  PrecisionEnum                    m_Precision{ PrecisionEnum::Float32 };
  std::string                      m_Device{ "cpu" };
  unsigned int                     m_SliceAxisUsed{ 0 };
  double                           m_WindowMinimum{ 0.0 };
  double                           m_WindowMaximum{ 0.0 };
  RealImageType::Pointer           m_Truth;
  RealImageType::Pointer           m_KeptSlices;
  ModifiedTimeType                 m_PreparedMTime{ 0 };
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkSliceRecoveryExperiment.hxx"
#endif

#endif // itkSliceRecoveryExperiment_h
