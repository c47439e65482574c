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
 * All computations here use Image<float, 3>. The subclass holds the image.
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

  /** The type of the truth and of recovered volumes, with intensities in [0, 1]. */
  using RealImageType = Image<float, 3>;
  using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;
  using PrecisionEnum = AutoencoderModelEnums::Precision;

  /** Set/Get the interval of kept slices: every KeepEvery-th slice is kept. At least 2, default 2. */
  itkSetMacro(KeepEvery, unsigned int);
  itkGetConstMacro(KeepEvery, unsigned int);

  /** Set/Get the side in pixels of the central square to which slices are cropped in plane. A smaller slice is not
   * cropped. Default 0: no crop. */
  itkSetMacro(CropSize, SizeValueType);
  itkGetConstMacro(CropSize, SizeValueType);

  /** Set/Get the simulated slice thickness in mm, the full width at half maximum of a Gaussian profile, >= 0. Default
   * 0: no simulation. */
  itkSetMacro(SliceThickness, double);
  itkGetConstMacro(SliceThickness, double);

  /** Set/Get the through-plane axis, 0 to 2, default 0. Setting it turns AutomaticSliceAxis off. While that is on, as
   * by default, it is the axis of the largest spacing. */
  itkSetAutomaticParameterMacro(SliceAxis, unsigned int);

  /** Set/Get the arithmetic of the network (default Float32) and its device (default "cpu"), as in
   * LatentSpaceSuperResolutionImageFilter. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);
  itkSetStringMacro(Device);
  itkGetStringMacro(Device);

  /** Set/Get the number of orientations that the network's results are averaged over, as in
   * LatentSpaceSuperResolutionImageFilter. Default 1. */
  itkSetMacro(NumberOfOrientations, unsigned int);
  itkGetConstMacro(NumberOfOrientations, unsigned int);

  /** Drop the slices and prepare the truth. The preparation is valid until the image, KeepEvery, CropSize,
   * SliceThickness or the slice axis changes. Without a valid preparation, the methods below throw an ExceptionObject.
   * Note that an image with changed pixels counts as changed only after a call of its Modified().
   * \exception ExceptionObject if there is no image, a parameter is wrong, or the image has fewer than KeepEvery + 1
   * slices. */
  void
  Prepare();

  /** Get the slice axis that Prepare() used. */
  unsigned int
  GetSliceAxisUsed() const;

  /** Get the window: the native intensities that were mapped to 0 and 1. */
  double
  GetWindowMinimum() const;
  double
  GetWindowMaximum() const;

  /** Get all slices from the first to the last kept slice, windowed and cropped. */
  const RealImageType *
  GetTruth() const;

  /** Get the kept slices, windowed and cropped. */
  const RealImageType *
  GetKeptSlices() const;

  /** Get the indices of the dropped slices along the slice axis of the truth, from 0. */
  std::vector<SizeValueType>
  GetDroppedSliceNumbers() const;

  /** Recover the volume on the truth's grid by an interpolation method.
   * \exception ExceptionObject that names the known methods if the method is unknown */
  RealImageType::Pointer
  RecoverByInterpolation(const std::string & method) const;

  /** Recover the volume on the truth's grid by a model. Null stands for the bundled model.
   * \param spread becomes the spread over the orientations, if it is not null and NumberOfOrientations is 4 or 8; see
   * LatentSpaceSuperResolutionImageFilter::GetOrientationSpread() */
  RealImageType::Pointer
  RecoverByModel(const AutoencoderModel * model, OutputModeEnum mode, RealImageType * spread = nullptr) const;

  /** Get the mode that RecoverByModel() uses for the kept slices. It is never Automatic. */
  OutputModeEnum
  ResolveOutputMode(OutputModeEnum mode) const;

  /** Compute the two sums that give the best gain of a model in the mode ResidualCorrected. Let c be the mode's
   * correction at gain 1, and e the error of linear interpolation. The result is the sum of c e and the sum of c c, in
   * this order, over all pixels of the dropped slices. To find the gain with the least mean squared error on several
   * volumes, add the sums over all of them, and divide the first by the second. With this gain, the mode is at least as
   * good as linear interpolation on these volumes. Volumes that the model was trained on give too large a gain. */
  std::vector<double>
  ComputeResidualGainSums(const AutoencoderModel * model) const;

  /** Extract the dropped slices from a volume on the truth's grid. In the result, the slice axis is the last axis. */
  RealImageType::Pointer
  ExtractDroppedSlices(const RealImageType * volume) const;

  /** Get the names of the methods for RecoverByInterpolation(). */
  static std::vector<std::string>
  GetInterpolationMethods();

protected:
  SliceRecoveryExperimentBase() = default;
  ~SliceRecoveryExperimentBase() override = default;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

  using ImageBaseType = ImageBase<3>;
  using RegionType = ImageRegion<3>;
  /** Double precision represents all pixel types exactly, except integers of more than 53 bits. */
  using DoubleImageType = Image<double, 3>;

  /** The image without access to its pixels; null if there is none. */
  virtual const ImageBaseType *
  GetImageBase() const = 0;

  /** The time of the last change of the image or its pixels. */
  virtual ModifiedTimeType
  GetImageMTime() const = 0;

  /** A copy of the pixels of a region of the image. The spacing, origin and direction are not copied. */
  virtual DoubleImageType::Pointer
  CopyRegion(const RegionType & region) const = 0;

private:
  /** What a preparation depends on. After a change, Prepare() has to be called again. */
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

  /** A region of one slice as it is acquired: the pixels of the image, blurred if a SliceThickness is simulated. */
  DoubleImageType::Pointer
  AcquireSlice(const RegionType & slice, unsigned int axis) const;

  RealImageType::Pointer
  RunModel(const AutoencoderModel * model,
           OutputModeEnum           mode,
           std::optional<double>    residualGain,
           RealImageType *          spread) const;

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
