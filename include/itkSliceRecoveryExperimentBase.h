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
#ifndef itkSliceRecoveryExperimentBase_h
#define itkSliceRecoveryExperimentBase_h

#include "itkAutoencoderModel.h"
#include "itkAutomaticParameterMacro.h"
#include "itkImage.h"
#include "itkLatentSpaceSuperResolutionImageFilterEnums.h"
#include "itkObject.h"
#include "LatentSpaceSuperResolutionExport.h"

#include <optional>
#include <string>
#include <vector>

namespace itk
{
/** \class SliceRecoveryExperimentBase
 * \brief Parameters, methods and results of SliceRecoveryExperiment, for images of any type.
 *
 * What is computed here works on Image<float, 3>. The subclass holds the image.
 *
 * \sa SliceRecoveryExperiment
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT SliceRecoveryExperimentBase : public Object
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(SliceRecoveryExperimentBase);

  using Self = SliceRecoveryExperimentBase;
  using Superclass = Object;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkOverrideGetNameOfClassMacro(SliceRecoveryExperimentBase);

  /** Truth and recovered volumes: intensities in [0, 1]. */
  using RealImageType = Image<float, 3>;
  using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;
  using PrecisionEnum = AutoencoderModelEnums::Precision;

  /** Set/Get that every k-th slice is kept, k at least 2, default 2. */
  itkSetMacro(KeepEvery, unsigned int);
  itkGetConstMacro(KeepEvery, unsigned int);

  /** Set/Get the side in pixels of the central square that is kept in plane. A smaller slice is kept whole. Default 0:
   * no crop. */
  itkSetMacro(CropSize, SizeValueType);
  itkGetConstMacro(CropSize, SizeValueType);

  /** Set/Get the simulated thickness of the slices in mm, the full width at half maximum of a Gaussian profile. Default
   * 0: the slices are those of the image. */
  itkSetMacro(SliceThickness, double);
  itkGetConstMacro(SliceThickness, double);

  /** Set/Get the through-plane axis, 0 to 2. Default: AutomaticSliceAxis is on, and it is the axis of the largest
   * spacing. */
  itkSetAutomaticParameterMacro(SliceAxis, unsigned int);

  /** Set/Get the arithmetic of the network, default Float32, and its device, default "cpu", as in
   * LatentSpaceSuperResolutionImageFilter. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);
  itkSetStringMacro(Device);
  itkGetStringMacro(Device);

  /** Set/Get the number of orientations that the network's results are averaged over, as in
   * LatentSpaceSuperResolutionImageFilter. Default 1. */
  itkSetMacro(NumberOfOrientations, unsigned int);
  itkGetConstMacro(NumberOfOrientations, unsigned int);

  /** Drop the slices and prepare the truth. The result holds until the image, KeepEvery, CropSize, SliceThickness or
   * the slice axis changes. What follows throws an ExceptionObject before Prepare() and after such a change. Note that
   * writing pixels does not mark an image as modified unless its Modified() is called.
   * \exception ExceptionObject without an image, for wrong parameters, or if fewer than KeepEvery + 1 slices are there.
   */
  void
  Prepare();

  /** The slice axis that Prepare() used. */
  unsigned int
  GetSliceAxisUsed() const;

  /** Native intensities that were mapped to 0 and 1. */
  double
  GetWindowMinimum() const;
  double
  GetWindowMaximum() const;

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
   * \exception ExceptionObject for an unknown method, naming the known ones */
  RealImageType::Pointer
  RecoverByInterpolation(const std::string & method) const;

  /** The same, recovered by a model. Null is the bundled model. */
  RealImageType::Pointer
  RecoverByModel(const AutoencoderModel * model, OutputModeEnum mode) const;

  /** What the best gain of a model's ResidualCorrected mode follows from in closed form: with the mode's correction c
   * at gain 1 and the error e of the linear interpolation, over all pixels of the dropped slices, the sums of c e and
   * of c c, in this order. The gain that minimizes the mean squared error over several volumes is the quotient of the
   * sums over all of them; with it, the mode is at least as good as linear interpolation on these volumes. Volumes that
   * the model was trained on give too large a gain. */
  std::vector<double>
  ComputeResidualGainSums(const AutoencoderModel * model) const;

  /** The dropped slices alone of a volume on the truth's grid, as a volume with the slice axis last. */
  RealImageType::Pointer
  ExtractDroppedSlices(const RealImageType * volume) const;

  /** The names that RecoverByInterpolation() knows. */
  static std::vector<std::string>
  GetInterpolationMethods();

protected:
  SliceRecoveryExperimentBase() = default;
  ~SliceRecoveryExperimentBase() override = default;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

  using ImageBaseType = ImageBase<3>;
  using RegionType = ImageRegion<3>;
  /** Double precision holds the pixels of every image exactly, but for integers of more than 53 bits. */
  using DoubleImageType = Image<double, 3>;

  /** The image without its pixels, null if there is none. */
  virtual const ImageBaseType *
  GetImageBase() const = 0;

  /** When the image or its pixels were modified last. */
  virtual ModifiedTimeType
  GetImageMTime() const = 0;

  /** A copy of a region of the image: its pixels, and nothing else of it. */
  virtual DoubleImageType::Pointer
  CopyRegion(const RegionType & region) const = 0;

private:
  /** What a preparation depends on: it has to be made again when this changes. */
  struct PreparationKey
  {
    const ImageBaseType * image{ nullptr };
    ModifiedTimeType      imageTime{ 0 };
    unsigned int          keepEvery{ 0 };
    SizeValueType         cropSize{ 0 };
    double                sliceThickness{ 0.0 };
    bool                  automaticSliceAxis{ true };
    unsigned int          sliceAxis{ 0 };
  };

  PreparationKey
  MakePreparationKey() const;

  void
  CheckPrepared() const;

  void
  CheckParameters() const;

  /** A region of one slice as it is acquired: as the image holds it, or as slices of the SliceThickness show it. */
  DoubleImageType::Pointer
  AcquireSlice(const RegionType & slice, unsigned int axis) const;

  RealImageType::Pointer
  RunModel(const AutoencoderModel * model, OutputModeEnum mode, std::optional<double> residualGain) const;

  unsigned int  m_KeepEvery{ 2 };
  SizeValueType m_CropSize{ 0 };
  double        m_SliceThickness{ 0.0 };
  unsigned int  m_SliceAxis{ 0 };
  bool          m_AutomaticSliceAxis{ true };
  PrecisionEnum m_Precision{ PrecisionEnum::Float32 };
  std::string   m_Device{ "cpu" };
  unsigned int  m_NumberOfOrientations{ 1 };

  PreparationKey         m_PreparationKey;
  unsigned int           m_SliceAxisUsed{ 0 };
  double                 m_WindowMinimum{ 0.0 };
  double                 m_WindowMaximum{ 0.0 };
  RealImageType::Pointer m_Truth;
  RealImageType::Pointer m_KeptSlices;
};
} // end namespace itk

#endif // itkSliceRecoveryExperimentBase_h
