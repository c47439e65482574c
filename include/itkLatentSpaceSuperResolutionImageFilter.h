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
 * \brief Turns a stack of thick slices into a stack of thin slices, decoded from mixed latents of an autoencoder.
 *
 * A slice at the fraction \f$\alpha\f$ of the way from the acquired slice \f$x_n\f$ to the next one is decoded from
 * \f$z_\alpha = (1-\alpha) z_n + \alpha z_{n+1}\f$, where \f$z_n\f$ is the latent of \f$x_n\f$ (arXiv:2010.13172,
 * Section 3). The OutputMode determines whether acquired slices are copied, and which correction is added to decoded
 * slices.
 *
 * **Geometry.** With an integer UpsamplingFactor f, n slices become \f$(n-1) f + 1\f$ slices along the slice axis. The
 * spacing is divided by f, and the start index is multiplied by f. The origin and the physical point of the first slice
 * do not change, and every f-th slice lies exactly at an acquired slice. With an OutputSliceSpacing s instead, slices
 * lie at multiples of s from the first acquired slice, up to the last acquired slice. The first output slice then has
 * index 0. The direction and the other axes do not change in either case. Nothing is extrapolated.
 *
 * **Model.** The filter uses the AutoencoderModel that is set as input (it may be the output of a trainer). Without one
 * it reads ModelFileName. Without either it uses the bundled model.
 *
 * **Intensities.** In the network input, the window is mapped to [0, 1]. The window is given by WindowMinimum and
 * WindowMaximum, or by the model's percentiles of the volume's largest possible region (exact, see StreamedWindow).
 * Results are mapped back to native intensities. For integer pixel types they are rounded and saturated. The excess
 * beyond the window is interpolated linearly. If the window is empty, as that of a constant volume, the whole volume is
 * interpolated linearly.
 *
 * **In plane**, size and spacing do not change. If the spacing differs from the model's by more than 3 %, the network
 * input is resampled to the model's spacing. Detail finer than that spacing is interpolated linearly and added. The
 * mode LowPassCorrected adds a share of it only, see DetailGain.
 *
 * **Streaming.** The output may be requested slab by slab along the slice axis, and 4D images phase by phase. In plane,
 * whole slices are computed. A slab requests only the acquired slices around it, and in the mode ProfileCorrected three
 * more on each side. Its pixels are the same as in the whole volume, bit for bit on a CPU. The percentiles depend on
 * the whole volume. If less than that is requested, the input is first read once (twice for pixel types of more than 16
 * bits) in slabs of the requested size. The percentiles are kept until
 * the input, its pipeline or the percentages change.
 *
 * **Memory.** Besides input and output, the filter holds some slices with their latents, and what the network needs for
 * a batch of one to four slices. This does not depend on the number of slices or the factor.
 *
 * **Threads.** With a NumberOfWorkUnits of 1 the filter starts no thread. Reading a model never starts one. A process
 * made by fork(), such as a worker of a data loader, lacks the threads of its parent, and LibTorch would wait for them
 * forever. In such a process the filter uses one thread, and warns once if more were requested. The pixels are those of
 * one thread in any process. The same holds for trainers and metrics. Spawned processes have no such limit.
 *
 * **Warning.** The filter warns if the slice spacing, the in-plane spacing or their ratio lies outside of the model's
 * training range by more than 5 %. It then invokes a TrainingRangeWarningEvent and prints the text of
 * GetTrainingRangeWarning() as an ITK warning, once for an input and a model.
 *
 * **Defined special cases.** One slice gives one slice. Two slices, or a side of one pixel, need no special treatment.
 * An empty image is refused. A pixel that is not finite is refused with its index. docs/refusals.md lists all refusals.
 *
 * \tparam TInputImage 3D or 4D image with scalar pixels; the phases of a 4D image are processed separately, with the
 * same window
 * \tparam TOutputImage image of the same dimension
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
  using SpreadImageType = Image<float, ImageDimension>;
  static_assert(ImageDimension == 3 || ImageDimension == 4,
                "Images have to be stacks of slices: 3D, or 4D (3D + time).");
  itkConceptMacro(SameDimensionCheck, (Concept::SameDimension<ImageDimension, OutputImageType::ImageDimension>));
  itkConceptMacro(InputConvertibleToDoubleCheck, (Concept::Convertible<InputPixelType, double>));
  itkConceptMacro(DoubleConvertibleToOutputCheck, (Concept::Convertible<double, OutputPixelType>));

  /** Set/Get the model, an input of the pipeline. Default: none; ModelFileName is used. */
  itkSetInputMacro(Model, AutoencoderModel);
  itkGetInputMacro(Model, AutoencoderModel);

  /** Set/Get the name of a model file, which is used if no Model is set. Default empty: the bundled model. */
  itkSetStringMacro(ModelFileName);
  itkGetStringMacro(ModelFileName);

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

  /** Set/Get how output slices are made. Default Automatic: ProfileCorrected if the slice distance is at most 7 mm and
   * the SliceThickness at least .8 times that; otherwise LowPassCorrected below 9 mm, and Decoded from there on. These
   * had the best measured quality on held-out volumes (docs/output-modes.md). Decoded is the paper's mode. */
  itkSetEnumMacro(OutputMode, OutputModeEnum);
  itkGetEnumMacro(OutputMode, OutputModeEnum);

  /** Set/Get the thickness of the acquired slices in mm: the full width at half maximum of their profile, >= 0. Default
   * 0: infinitely thin. Use 0 if the thickness is unknown. Only the modes Automatic and ProfileCorrected use it. */
  itkSetParameterMacro(SliceThickness, double);
  itkGetConstMacro(SliceThickness, double);

  /** Get the mode that is used for the current input. It is never Automatic.
   * \exception ExceptionObject if there is no input, or two axes have the largest spacing. */
  OutputModeEnum
  GetOutputModeUsed() const;

  /** Set/Get the arithmetic of the network. Default Float32. On a CUDA device, LibTorch's setting determines whether
   * Float32 may be computed as TF32. */
  itkSetEnumMacro(Precision, PrecisionEnum);
  itkGetEnumMacro(Precision, PrecisionEnum);

  /** Set/Get the gain of the network in the modes ResidualCorrected and ProfileCorrected, >= 0, default 1. With 0,
   * slices are only interpolated. Setting it turns AutomaticResidualGain off. While that is on, as by default, it is
   * the model's ResidualGain, and half of it in ProfileCorrected. */
  itkSetAutomaticParameterMacro(ResidualGain, double);

  /** Set/Get the number of orientations in which slices are encoded and decoded: 1 (the default), 4 (rotations by
   * multiples of 90 degrees) or 8 (rotations and flips). The results are averaged. More orientations take
   * proportionally more time, and give slightly better results. */
  itkSetMacro(NumberOfOrientations, unsigned int);
  itkGetConstMacro(NumberOfOrientations, unsigned int);

  /** Set/Get whether the output OrientationSpread is computed. Default off. It needs a NumberOfOrientations of
   * 4 or 8, and then takes almost no time. */
  void
  SetComputeOrientationSpread(bool compute);
  itkGetConstMacro(ComputeOrientationSpread, bool);
  itkBooleanMacro(ComputeOrientationSpread);

  /** Get the standard deviation of the decoded slices over the orientations, in native intensities, on the grid of the
   * output. A network that is certain of a slice makes the same of it in every orientation. So the spread is larger
   * where the network is less certain. The correction of the OutputMode is not a part of it. It is 0 at copied slices,
   * and everywhere if the window is empty. SuperResolutionErrorImageFilter makes an expected error of it.
   * \return null unless ComputeOrientationSpread is on */
  SpreadImageType *
  GetOrientationSpread();

  /** Set/Get the standard deviation of the Gaussian in the mode LowPassCorrected, in pixels of the network (at the
   * model's in-plane spacing), 0 to 1000, default 3. With a smaller value the result is closer to the acquired slices,
   * including their noise. */
  itkSetParameterMacro(LowPassSigma, double);
  itkGetConstMacro(LowPassSigma, double);

  /** Set/Get the share, 0 to 1, of the acquired slices' detail that the mode LowPassCorrected interpolates linearly and
   * adds. Detail is what the Gaussian removes, and what is finer than the network's pixels. A larger share adds more of
   * the slices' noise. Default 0. Setting it turns AutomaticDetailGain off. While that is on, as by default, the share
   * is larger for closer slices, see LatentSliceSynthesizer::ComputeDetailGain() and docs/output-modes.md. */
  itkSetAutomaticParameterMacro(DetailGain, double);

  /** Set/Get the device on which LibTorch computes: "cpu" (the default), "cuda", "cuda:1", ... A device that does not
   * exist is refused. */
  itkSetStringMacro(Device);
  itkGetStringMacro(Device);

  /** Set/Get the window: the native intensities that are mapped to 0 and 1. Defaults 0 and 1. Setting them turns
   * AutomaticWindowMinimum and AutomaticWindowMaximum off. While these are on, as by default, the window is given by
   * the model's percentiles of the volume. Both or neither have to be set. The excess beyond the window is interpolated
   * linearly. */
  itkSetAutomaticParameterMacro(WindowMinimum, double);
  itkSetAutomaticParameterMacro(WindowMaximum, double);

  /** Get the window of the last update: the one that was set, or the computed percentiles. */
  itkGetConstMacro(WindowMinimumUsed, double);
  itkGetConstMacro(WindowMaximumUsed, double);

  /** Get the text that says how the spacing in the last update lies outside of the model's training range. It is empty
   * if the spacing lies inside. */
  itkGetStringMacro(TrainingRangeWarning);

  /** Get the slice axis of the current input: the one that was set, or the axis of the largest spacing.
   * \exception ExceptionObject if there is no input, or two axes have the largest spacing. */
  unsigned int
  GetSliceAxisUsed() const;

protected:
  LatentSpaceSuperResolutionImageFilter();
  ~LatentSpaceSuperResolutionImageFilter() override = default;

  using Superclass::MakeOutput;
  DataObject::Pointer
  MakeOutput(const ProcessObject::DataObjectIdentifierType & name) override;
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

  static constexpr const char * SpreadName = "OrientationSpread";

  /** Slice thickness, as a share of the slice distance, from which the mode Automatic takes slices as touching. */
  static constexpr double TouchingThickness = 0.8;

  /** Slice distance in mm up to which ProfileCorrected was measured to be the better mode for touching slices
   * (docs/output-modes.md). */
  static constexpr double LargestProfileDistance = 7.0;

  /** Share of the model's gain that ProfileCorrected takes. Six slices tell a part of what the network tells from two.
   * At .5, all measured volumes of touching slices are better than at 1 (docs/output-modes.md). */
  static constexpr double ProfileGainShare = 0.5;

  /** Slice distance in mm from which Decoded was measured to be at least as good as LowPassCorrected in every metric
   * (docs/output-modes.md). */
  static constexpr double SmallestDecodedDistance = 9.0;

  /** In pixels. A Gaussian that is wider than a slice is practically constant. */
  static constexpr double MaximumLowPassSigma = 1000.0;

  /** Sums and differences of such numbers are finite in single precision. */
  static constexpr double LargestWindowLimit = 1e37;

  /** The share of the progress of an update that is assigned to the computation of percentiles. */
  static constexpr float WindowProgress = 0.1f;

  SliceStackGeometry
  MakeGeometry() const;

  /** The position of the output slice with the given index. */
  PositionType
  ComputePosition(IndexValueType outputIndex) const;

  bool
  WindowIsExplicit() const;

  // Parts of VerifyPreconditions().
  void
  VerifyWindow() const;
  void
  VerifyOrientations() const;
  void
  VerifyModeParameters() const;

  /** The model to use: the input, the model of the file, or the bundled model. The last two are read once. */
  const AutoencoderModel *
  ObtainModel();

  /** Set the window that is used: the explicit window, or the model's percentiles of the largest possible region.
   * \return the share of the progress that this step took; 0 if the window was known */
  float
  UpdateWindow(const AutoencoderModel * model);

  /** Report the share that is done to the observers.
   * \exception ProcessAborted if an observer or another thread has set AbortGenerateData */
  void
  UpdateProgressOrAbort(float progress);

  /** The indices of the requested output slices: those that are synthesized, with their positions, and those that are
   * copied. */
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

  /** Copy the acquired slice at the position of an output slice. The copy is exact if the pixel types are the same. */
  void
  CopyAcquiredSlice(const OutputImageRegionType & outputSlice, unsigned int axis, IndexValueType inputIndex);

  /** Convert a value to the output's pixel type. For integer types it is rounded and saturated. */
  static OutputPixelType
  ConvertPixel(double value);

  /** Convert a computed slice to the output's pixel type. */
  void
  StoreSlice(const OutputImageRegionType & outputSlice, const float * pixels);

  /** Store a slice of OrientationSpread; null stands for zeros. */
  void
  StoreSpread(const OutputImageRegionType & outputSlice, const float * pixels);

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
  bool           m_ComputeOrientationSpread{ false };
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

  AutoencoderModel::Pointer m_LoadedModel;
  std::string               m_LoadedModelFileName;
};
} // end namespace itk

#ifndef ITK_MANUAL_INSTANTIATION
#  include "itkLatentSpaceSuperResolutionImageFilter.hxx"
#endif

#endif // itkLatentSpaceSuperResolutionImageFilter_h
