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
#ifndef itkLatentSpaceSuperResolutionImageFilter_h
#define itkLatentSpaceSuperResolutionImageFilter_h

#include "itkImageToImageFilter.h"
#include "itkAutomaticParameterMacro.h"
#include "itkConceptChecking.h"
#include "itkLatentSliceSynthesizer.h"
#include "itkMath.h"
#include "itkProcessObjectThreads.h"
#include "itkStreamedWindow.h"
#include "itkTrainingRangeWarningEvent.h"

#include <cmath>

namespace itk
{
/** \class LatentSpaceSuperResolutionImageFilter
 * \brief Turns a stack of thick slices into one of thin slices, decoded from mixed latents of an autoencoder.
 *
 * A slice at the fraction \f$\alpha\f$ of the way from the acquired slice \f$x_n\f$ to the next is decoded from
 * \f$z_\alpha = (1-\alpha) z_n + \alpha z_{n+1}\f$, where \f$z_n\f$ is the latent of \f$x_n\f$ (arXiv:2010.13172,
 * Section 3). The OutputMode says what becomes of acquired slices and how much of the linear interpolation is kept.
 *
 * **Geometry.** Along the slice axis, n slices become \f$(n-1) f + 1\f$ with an integer UpsamplingFactor f: the spacing
 * is divided by f, index and physical point of the first acquired slice stay what they are (index times f), and every
 * f-th slice lies exactly where an acquired one does. With an OutputSliceSpacing s instead, slices lie at multiples of
 * s from the first acquired one as far as the last one reaches. Origin and direction are kept; nothing is extrapolated;
 * the other axes stay as they are.
 *
 * **Model.** An AutoencoderModel given as input (it may be the output of a trainer), a ModelFileName, or, with neither,
 * the bundled model.
 *
 * **Intensities.** The network sees the volume with a window mapped to [0, 1]: the model's percentiles of the volume's
 * largest possible region (exact, see StreamedWindow), or the window set by WindowMinimum and
 * WindowMaximum. Results are mapped back to native intensities, and for integer pixel types rounded and saturated. What
 * lies outside of the window is interpolated linearly. A volume whose window is empty (a constant one) is interpolated
 * linearly altogether.
 *
 * **In plane**, size and spacing stay what they are. If the spacing differs from the model's by more than 3 %, the
 * network sees slices that are resampled to its own; detail finer than that is interpolated linearly and added (in the
 * mode LowPassCorrected a share of it, see DetailGain).
 *
 * **Streaming.** Output regions may be requested slab by slab along the slice axis (and, of 4D images, frame by frame);
 * in plane, whole slices are computed. A slab asks for the acquired slices around it (in the mode ProfileCorrected
 * three more on each side) and nothing else, and gets the same pixels as the whole volume, bit for bit on a CPU.
 * Percentiles need to have seen the whole volume: if less than that is asked for, the input is read once (for pixel
 * types of more than 16 bits, twice) in slabs of the size of the first requested one before that is computed. The slabs
 * that follow in the same update know the percentiles.
 *
 * **Memory.** Besides input and output: a few slices with their latents and what the network needs for a batch of one
 * to four slices, whatever the number of slices and the factor.
 *
 * **Threads.** With a NumberOfWorkUnits of 1 no thread is started, and reading a model never starts one. A process that
 * is made by fork(), as the workers of a data loader are, lacks the threads of its parent, and LibTorch would wait for
 * them for ever: there the filter computes in one thread, with the pixels that one thread gives anywhere, and a warning
 * says so once if more were asked for. The same holds for trainers and metrics. Spawned processes have no such limit.
 *
 * **Warning.** If the slice spacing, the in-plane spacing or their ratio lies outside of what the model was trained on
 * by more than 5 %, a TrainingRangeWarningEvent is invoked, once for an input and a model, GetTrainingRangeWarning()
 * says how, and the text is printed as ITK's warnings are.
 *
 * **Defined special cases.** One slice gives one slice, and two slices or a side of one pixel need no special
 * treatment. An empty image is refused, and so is a pixel that is not finite, with its index. All refusals:
 * docs/refusals.md.
 *
 * \tparam TInputImage 3D, or 4D (every frame is super-resolved on its own, with one window for all), of scalar pixels
 * \tparam TOutputImage of the same dimension
 *
 * \sa AutoencoderModel, AutoencoderTrainer, ImageQualityMetricsCalculator
 * \ingroup LatentSpaceSuperResolution
 */
template <typename TInputImage, typename TOutputImage = TInputImage>
class ITK_TEMPLATE_EXPORT LatentSpaceSuperResolutionImageFilter : public ImageToImageFilter<TInputImage, TOutputImage>
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(LatentSpaceSuperResolutionImageFilter);

  using Self = LatentSpaceSuperResolutionImageFilter;
  using Superclass = ImageToImageFilter<TInputImage, TOutputImage>;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(LatentSpaceSuperResolutionImageFilter);

  using typename Superclass::InputImageType;
  using typename Superclass::OutputImageType;
  using typename Superclass::InputImageRegionType;
  using typename Superclass::OutputImageRegionType;
  using InputPixelType = typename InputImageType::PixelType;
  using OutputPixelType = typename OutputImageType::PixelType;
  using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;
  using PrecisionEnum = AutoencoderModelEnums::Precision;

  static constexpr unsigned int ImageDimension = InputImageType::ImageDimension;
  static_assert(ImageDimension == 3 || ImageDimension == 4,
                "Images have to be stacks of slices: 3D, or 4D (3D + time).");
  itkConceptMacro(SameDimensionCheck, (Concept::SameDimension<ImageDimension, OutputImageType::ImageDimension>));
  itkConceptMacro(InputConvertibleToDoubleCheck, (Concept::Convertible<InputPixelType, double>));
  itkConceptMacro(DoubleConvertibleToOutputCheck, (Concept::Convertible<double, OutputPixelType>));

  /** The model, an input of the pipeline. Default: none, see ModelFileName. */
  itkSetInputMacro(Model, AutoencoderModel);
  itkGetInputMacro(Model, AutoencoderModel);

  /** A model file, used if no Model is set. Default: empty, the bundled model. */
  itkSetStringMacro(ModelFileName);
  itkGetStringMacro(ModelFileName);

  /** The output has this many slice distances for each one of the input, at least 1; default 2. Without effect if an
   * OutputSliceSpacing is set. */
  itkSetMacro(UpsamplingFactor, unsigned int);
  itkGetConstMacro(UpsamplingFactor, unsigned int);

  /** Slice spacing of the output in mm, > 0 and of any ratio to the input's; default 1. Setting it turns
   * AutomaticOutputSliceSpacing off, which is on by default: the input's spacing divided by the UpsamplingFactor. */
  itkSetAutomaticParameterMacro(OutputSliceSpacing, double);

  /** The through-plane axis, 0 to 2; default 2. Setting it turns AutomaticSliceAxis off, which is on by default: the
   * axis of the largest spacing. */
  itkSetAutomaticParameterMacro(SliceAxis, unsigned int);

  /** What the output's slices are made of. Default Automatic: ProfileCorrected or LowPassCorrected, depending on the
   * SliceThickness, which measure best on held-out volumes (docs/output-modes.md); Decoded is the paper's. */
  itkSetEnumMacro(OutputMode, OutputModeEnum);
  itkGetEnumMacro(OutputMode, OutputModeEnum);

  /** Thickness of the acquired slices in mm, the full width at half maximum of their profile, >= 0. Default 0:
   * infinitely thin, which is what slices of an unknown thickness are taken for. Only the modes Automatic and
   * ProfileCorrected look at it. */
  itkSetParameterMacro(SliceThickness, double);
  itkGetConstMacro(SliceThickness, double);

  /** The mode that is used for the current input: never Automatic.
   * \exception ExceptionObject if there is no input, or two axes have the largest spacing. */
  OutputModeEnum
  GetOutputModeUsed() const;

  /** Arithmetic of the network. Default Float32. On a CUDA device, whether that may be TF32 is LibTorch's setting. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);

  /** Gain of the network's share in the modes ResidualCorrected and ProfileCorrected, >= 0; 0 is interpolation alone.
   * Default 1. Setting it turns AutomaticResidualGain off, which is on by default: the model's ResidualGain. */
  itkSetAutomaticParameterMacro(ResidualGain, double);

  /** Slices are encoded and decoded in so many orientations, and the results averaged: 1 (the default), 4 (rotations by
   * multiples of 90 degrees) or 8 (flips, too). It takes so many times the time, and is a little better. */
  itkSetMacro(NumberOfOrientations, unsigned int);
  itkGetConstMacro(NumberOfOrientations, unsigned int);

  /** Standard deviation of the Gaussian in the mode LowPassCorrected, in pixels of the network (of the model's in-plane
   * spacing), >= 0, default 3. The smaller it is, the closer the result is to the acquired slices, with their noise. */
  itkSetParameterMacro(LowPassSigma, double);
  itkGetConstMacro(LowPassSigma, double);

  /** Share, 0 to 1, of the acquired slices' detail that the mode LowPassCorrected interpolates linearly and adds: of
   * what the Gaussian takes away, and of what is finer than the network's pixels. The larger it is, the more of their
   * noise comes along. Default 0. Setting it turns AutomaticDetailGain off, which is on by default: the closer the
   * slices, the larger, see LatentSliceSynthesizer::ComputeDetailGain() and docs/output-modes.md. */
  itkSetAutomaticParameterMacro(DetailGain, double);

  /** Where LibTorch computes: "cpu" (the default), "cuda", "cuda:1", ... A device that is not there is refused. */
  itkSetStringMacro(Device);
  itkGetStringMacro(Device);

  /** Native intensities that are mapped to 0 and 1: the window. Defaults 0 and 1. Setting them turns
   * AutomaticWindowMinimum and AutomaticWindowMaximum off, which are on by default: the model's percentiles of the
   * volume. Both or neither have to be set. What lies outside of the window is interpolated linearly. */
  itkSetAutomaticParameterMacro(WindowMinimum, double);
  itkSetAutomaticParameterMacro(WindowMaximum, double);

  /** The window of the last update: what was set, or the percentiles that were computed. */
  itkGetConstMacro(WindowMinimumUsed, double);
  itkGetConstMacro(WindowMaximumUsed, double);

  /** How the spacing of the last update's input lies outside of what the model was trained on; empty if it does not. */
  itkGetStringMacro(TrainingRangeWarning);

  /** The slice axis of the current input: what was set, or the one found.
   * \exception ExceptionObject if there is no input, or two axes have the largest spacing. */
  unsigned int
  GetSliceAxisUsed() const;

protected:
  LatentSpaceSuperResolutionImageFilter();
  ~LatentSpaceSuperResolutionImageFilter() override = default;

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
  using PositionType = LatentSliceSynthesizer::Position;

  /** Shares of a slice distance that are taken for rounding: files often hold spacings in single precision. */
  static constexpr double PositionTolerance = 1e-3;

  /** Shares of the distance of the slices from which on the mode Automatic takes them as touching. */
  static constexpr double TouchingThickness = 0.8;

  /** In mm; up to about this distance of the slices ProfileCorrected was measured to be the better mode for touching
   * ones (docs/output-modes.md). */
  static constexpr double LargestProfileDistance = 7.0;

  /** In pixels; a Gaussian that is wider than a slice is as good as a constant. */
  static constexpr double MaximumLowPassSigma = 1000.0;

  /** The share of an update that the computation of percentiles is taken for in its progress. */
  static constexpr float WindowProgress = 0.1f;

  /** Where, in slices from the first acquired one, an output slice of this index lies. */
  PositionType
  ComputePosition(IndexValueType outputIndex, unsigned int axis) const;

  bool
  WindowIsExplicit() const;

  // Parts of VerifyPreconditions().
  void
  VerifyPositions() const;
  void
  VerifyWindow() const;
  void
  VerifyModeParameters() const;

  /** The model to use: the input, or that of the file or the bundled one, which are read once. */
  const AutoencoderModel *
  ObtainModel();

  /** Set the window that is used: the explicit one, or the model's percentiles of the largest possible region.
   * \return the share of the update that this was, 0 if the window was known */
  float
  UpdateWindow(const AutoencoderModel * model);

  /** Tell observers the share that is done.
   * \exception ProcessAborted if one of them, or another thread, has asked for it */
  void
  UpdateProgressOrAbort(float progress);

  /** The output slices of a request: those that are synthesized, with their positions, and those that are copied. */
  struct RequestedSlices
  {
    std::vector<PositionType>   positions;
    std::vector<IndexValueType> synthesized;
    std::vector<IndexValueType> copied;
  };

  RequestedSlices
  ListRequestedSlices(unsigned int axis) const;

  LatentSliceSynthesizer::Settings
  MakeSettings(const AutoencoderModel * model, unsigned int axis) const;

  void
  WarnIfOutsideOfTrainingRange(const AutoencoderModel * model);

  /** Copy the acquired slice that an output slice coincides with, bit for bit if the pixel types are the same. */
  void
  CopyAcquiredSlice(const OutputImageRegionType & outputSlice, unsigned int axis, IndexValueType inputIndex);

  /** A value in the output's pixel type: rounded and saturated if that is an integer. */
  static OutputPixelType
  ConvertPixel(double value);

  /** Convert a computed slice to the output's pixel type. */
  void
  StoreSlice(const OutputImageRegionType & outputSlice, const float * pixels);

  std::string    m_ModelFileName;
  unsigned int   m_UpsamplingFactor{ 2 };
  double         m_OutputSliceSpacing{ 1.0 };
  bool           m_AutomaticOutputSliceSpacing{ true };
  unsigned int   m_SliceAxis{ 2 };
  bool           m_AutomaticSliceAxis{ true };
  OutputModeEnum m_OutputMode{ OutputModeEnum::Automatic };
  double         m_SliceThickness{ 0.0 };
  PrecisionEnum  m_Precision{ PrecisionEnum::Float32 };
  double         m_ResidualGain{ 1.0 };
  bool           m_AutomaticResidualGain{ true };
  unsigned int   m_NumberOfOrientations{ 1 };
  double         m_LowPassSigma{ 3.0 };
  double         m_DetailGain{ 0.0 };
  bool           m_AutomaticDetailGain{ true };
  std::string    m_Device{ "cpu" };
  double         m_WindowMinimum{ 0.0 };
  bool           m_AutomaticWindowMinimum{ true };
  double         m_WindowMaximum{ 1.0 };
  bool           m_AutomaticWindowMaximum{ true };
  double         m_WindowMinimumUsed{ 0.0 };
  double         m_WindowMaximumUsed{ 0.0 };

  std::string m_TrainingRangeWarning{};

  StreamedWindow<InputImageType>                m_PercentileWindow;
  std::pair<ModifiedTimeType, ModifiedTimeType> m_WarnedTimes{ 0, 0 };

  AutoencoderModel::Pointer m_OwnModel;
  std::string               m_OwnModelFileName;
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkLatentSpaceSuperResolutionImageFilter.hxx"
#endif

#endif // itkLatentSpaceSuperResolutionImageFilter_h
