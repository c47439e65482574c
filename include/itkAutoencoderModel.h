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
#ifndef itkAutoencoderModel_h
#define itkAutoencoderModel_h

#include "itkAutoencoderLatent.h"
#include "itkImage.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace itk
{
/** \class AutoencoderModelEnums
 * \brief Enumerations of AutoencoderModel.
 * \ingroup LatentSpaceSuperResolution
 */
class AutoencoderModelEnums
{
public:
  /** \class Precision
   * \ingroup LatentSpaceSuperResolution
   * The arithmetic of the network's convolutions: Float32 or BFloat16. BFloat16 takes about the same time on processors
   * with the flag avx512_bf16, may be faster with amx_bf16, and is much slower on others. */
  enum class Precision : uint8_t
  {
    Float32 = 0,
    BFloat16
  };

  /** \class Mixing
   * \ingroup LatentSpaceSuperResolution
   * How the latents of two neighboring slices are mixed: Linear, as in the paper, or Learned. AutoencoderModel has the
   * equations. */
  enum class Mixing : uint8_t
  {
    Linear = 0,
    Learned
  };
};

/** Print an enumerator by its name. */
extern LatentSpaceSuperResolution_EXPORT std::ostream &
                                         operator<<(std::ostream & out, AutoencoderModelEnums::Precision value);
extern LatentSpaceSuperResolution_EXPORT std::ostream &
                                         operator<<(std::ostream & out, AutoencoderModelEnums::Mixing value);

/** \class AutoencoderModel
 * \brief A 2D convolutional autoencoder: architecture, weights, preprocessing and provenance.
 *
 * The network encodes slices into latents that can be mixed, and decodes latents into slices.
 *
 * **Architecture.** Every convolution is 3x3 with zero padding 1; the non-linearity is LeakyReLU. With P poolings and
 * base channels K the encoder has blocks b = 0..P-1 of two convolutions into \f$K 2^b\f$ channels, each followed by the
 * non-linearity, then batch normalization and 2x2 average pooling. Two more convolutions (the first with non-linearity)
 * make the latent of L channels at \f$1/2^P\f$ of the slice's side. The decoder is the reverse. It has two convolutions
 * into \f$K 2^{P-1}\f$ channels, then blocks b = P-1..0 of two convolutions into \f$K 2^b\f$ channels with
 * non-linearities, batch normalization and 2x2 nearest-neighbor up-sampling. At the end are a convolution that keeps
 * the K channels, with non-linearity, and a convolution to a single channel, without.
 *
 * The *paper's* network (arXiv:2010.13172, Section 4) is P = 4, K = 32, L = 16 and no latent levels. The paper's text
 * leaves some choices open. The negative slope of LeakyReLU is 0.01, PyTorch's default, because the authors used
 * PyTorch and name no other slope. The order inside a decoder block follows the text: convolutions, normalization,
 * up-sampling. The last two convolutions mirror the encoder's first two: K to K to 1 channels.
 *
 * *Multi-scale latents*: the pooled features of the encoder blocks listed in LatentLevels also belong to
 * the latent. They are concatenated to the input of the decoder block that works at their size. Level l has \f$K 2^l\f$
 * channels at \f$1/2^{l+1}\f$ of the side.
 *
 * *Half the side*: with the pixel unshuffle factor r = 2, blocks of 2x2 pixels become 4 channels before the first
 * convolution (PyTorch's PixelUnshuffle), and the last convolution has 4 channels that become 2x2 pixels
 * (PixelShuffle). All sides given above are then relative to half the slice's side. No convolution works at the full
 * side, which is where most of the time is spent with r = 1.
 *
 * *Latent pixels*: the pixels of the slice, as \f$r^2\f$ channels at 1/r of the side, may belong to the latent, too.
 * They are mixed like the other tensors and concatenated to the input of the last two convolutions. The decoder then
 * sees the interpolated slice beside the decoded features.
 *
 * The *default network* is P = 3, K = 48, L = 16, levels 0, 1, 2, latent pixels, r = 2 and learned mixing with
 * context (below).
 *
 * **Mixing.** Each tensor z of the latent is mixed. Linear mixing is the paper's (Section 3):
 * \f$z_\alpha = (1-\alpha) z_n + \alpha z_{n+1}\f$. Between slices, structures move, appear and vanish. A convex
 * combination only blends two positions. Learned mixing adds a correction by a small network g of its own for each
 * tensor:
 *
 * \f[ z_\alpha = (1-\alpha) z_n + \alpha z_{n+1}
 *      + 4\alpha(1-\alpha)\, g(z_n + z_{n+1}, |z_n - z_{n+1}|, z_{n-1} + z_{n+2}) \f]
 *
 * The third input of g is there if MixingContext is on. At the ends of a stack, the last slice stands in for the
 * missing one. g is a 1x1 convolution into W = min(C, max(32, C/2)) channels, where C is the number of channels of z, a
 * 3x3 convolution, both with LeakyReLU, and a 1x1 convolution back to C channels, which starts with zeros. The mix
 * stays the same if the slices are swapped and \f$\alpha\f$ becomes \f$1-\alpha\f$. At acquired slices it equals linear
 * mixing, and everywhere if g = 0.
 *
 * **Preprocessing** belongs to the weights: the in-plane spacing of the training slices, and the percentiles of a
 * volume that are mapped to 0 and 1.
 *
 * **File.** One `.safetensors` file: the weights as tensors, everything else as string metadata under the keys
 * `latent_sr.format`, `latent_sr.architecture`, `latent_sr.preprocessing`, `latent_sr.training` (each JSON) and
 * `provenance.*`. The format is `latent-sr/model/2` if the mixing is learned, r is not 1, or there are latent
 * pixels, and `latent-sr/model/1` otherwise, which earlier versions of this module read, too.
 *
 * A model is a DataObject: the output of AutoencoderTrainer and an input of LatentSpaceSuperResolutionImageFilter.
 * Training it again makes the filter execute again.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT AutoencoderModel : public DataObject
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(AutoencoderModel);

  using Self = AutoencoderModel;
  using Superclass = DataObject;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(AutoencoderModel);

  /** Slices to encode, or decoded slices. The last dimension counts the slices. */
  using StackType = Image<float, 3>;
  using LevelsType = std::vector<unsigned int>;
  using MixingEnum = AutoencoderModelEnums::Mixing;

  /** The weights and what is derived from them. The type is declared in src/Model/itkAutoencoderModelImplementation.h,
   * because public headers do not include LibTorch. */
  struct Implementation;

  /** The number of parameters of the largest network, 2^27. A model file that asks for more is refused. */
  static constexpr SizeValueType LargestNumberOfParameters = SizeValueType{ 1 } << 27;

  /** Set/Get the number of 2x2 poolings P, 1 to 8, default 3. Setting another number drops the weights. */
  void
  SetNumberOfPoolings(unsigned int poolings);
  itkGetConstMacro(NumberOfPoolings, unsigned int);

  /** Set/Get the number of channels K of the first block, 1 to 1024, default 48. Setting another number drops the
   * weights. */
  void
  SetBaseChannels(unsigned int channels);
  itkGetConstMacro(BaseChannels, unsigned int);

  /** Set/Get the number of latent channels L, 1 to 4096, default 16. Setting another number drops the weights. */
  void
  SetLatentChannels(unsigned int channels);
  itkGetConstMacro(LatentChannels, unsigned int);

  /** Set/Get the encoder levels whose features belong to the latent, in rising order, each below P. Default {0, 1, 2};
   * empty for the paper's network. Setting other levels drops the weights. */
  void
  SetLatentLevels(const LevelsType & levels);
  const LevelsType &
  GetLatentLevels() const
  {
    return m_LatentLevels;
  }

  /** Set/Get the pixel unshuffle factor r, 1 or 2, default 2. With 2, the network works at half the side of the slices.
   * Setting another factor drops the weights. */
  void
  SetPixelUnshuffleFactor(unsigned int factor);
  itkGetConstMacro(PixelUnshuffleFactor, unsigned int);

  /** Set/Get whether the pixels of the slice belong to the latent, default on. Changing it drops the weights. */
  void
  SetLatentPixels(bool pixels);
  itkGetConstMacro(LatentPixels, bool);
  itkBooleanMacro(LatentPixels);

  /** Set/Get how latents are mixed, default Learned. Setting another mixing drops the weights. */
  void
  SetMixing(MixingEnum mixing);
  itkGetEnumMacro(Mixing, MixingEnum);

  /** Set/Get whether learned mixing uses the slices beyond the two that are mixed, default on. It has no meaning in
   * linear mixing. Changing it drops the weights if the mixing is learned. */
  void
  SetMixingContext(bool context);
  itkGetConstMacro(MixingContext, bool);
  itkBooleanMacro(MixingContext);

  /** Get the number that the rows and columns of the slices for Encode() have to be multiples of: \f$r 2^P\f$. */
  unsigned int
  GetSliceSizeMultiple() const
  {
    return m_PixelUnshuffleFactor << m_NumberOfPoolings;
  }

  /** Set the network of arXiv:2010.13172: P = 4, K = 32, L = 16, no levels, no latent pixels, r = 1, linear mixing.
   * Weights of another architecture are dropped. */
  void
  SetArchitectureToPaper();

  /** Set the default network: P = 3, K = 48, L = 16, levels 0, 1, 2, latent pixels, r = 2, learned mixing with
   * context. Weights of another architecture are dropped. */
  void
  SetArchitectureToMultiScale();

  /** Set the in-plane spacing of the network input in mm, > 0. Default 1.4 (the paper's). Setting it turns
   * NativeInPlaneSpacing off.
   * \exception ExceptionObject unless it is greater than 0. */
  void
  SetInPlaneSpacing(double spacing);
  /** Get the in-plane spacing of the network input in mm. It is 0 while NativeInPlaneSpacing is on. */
  double
  GetInPlaneSpacing() const;

  /** Set/Get whether the network input keeps the native in-plane spacing of the slices, without resampling. Default
   * off. */
  itkSetMacro(NativeInPlaneSpacing, bool);
  itkGetConstMacro(NativeInPlaneSpacing, bool);
  itkBooleanMacro(NativeInPlaneSpacing);

  /** Set/Get the percentiles of a volume, 0 to 100, that are mapped to 0 and 1. Defaults 1 and 99 (the paper's).
   * \exception ExceptionObject unless 0 <= lower < upper <= 100. */
  void
  SetWindowPercentiles(double lower, double upper);
  itkGetConstMacro(LowerWindowPercentile, double);
  itkGetConstMacro(UpperWindowPercentile, double);

  /** Set/Get the smallest and the largest slice spacing of the training volumes in mm, 0 <= smallest <= largest.
   * Default 0 and 0: the range is unknown, and HasTrainingSliceSpacingRange() is false.
   * \exception ExceptionObject unless they are finite, in order and not negative. */
  void
  SetTrainingSliceSpacingRange(double smallest, double largest);
  itkGetConstMacro(SmallestTrainingSliceSpacing, double);
  itkGetConstMacro(LargestTrainingSliceSpacing, double);
  bool
  HasTrainingSliceSpacingRange() const
  {
    return m_LargestTrainingSliceSpacing > 0.0;
  }

  /** Set/Get the same range for the in-plane spacing in mm. */
  void
  SetTrainingInPlaneSpacingRange(double smallest, double largest);
  itkGetConstMacro(SmallestTrainingInPlaneSpacing, double);
  itkGetConstMacro(LargestTrainingInPlaneSpacing, double);
  bool
  HasTrainingInPlaneSpacingRange() const
  {
    return m_LargestTrainingInPlaneSpacing > 0.0;
  }

  /** Set/Get the same range for the ratio of the slice spacing to the in-plane spacing of the network input: the number
   * of the network's pixels between two slices. */
  void
  SetTrainingSpacingRatioRange(double smallest, double largest);
  itkGetConstMacro(SmallestTrainingSpacingRatio, double);
  itkGetConstMacro(LargestTrainingSpacingRatio, double);
  bool
  HasTrainingSpacingRatioRange() const
  {
    return m_LargestTrainingSpacingRatio > 0.0;
  }

  /** Extend the three ranges so that they contain a volume with these spacings in mm.
   * \exception ExceptionObject unless both spacings are greater than 0. The ranges then stay as they were. */
  void
  ExtendTrainingRanges(double sliceSpacing, double inPlaneSpacing);

  /** Get a sentence that says how a volume's spacings in mm lie outside of the training ranges. Volumes of one protocol
   * differ by up to 5 %, so the text is empty within that tolerance. It is also empty if the ranges are unknown. */
  std::string
  DescribeDeviationFromTraining(double sliceSpacing, double inPlaneSpacing) const;

  /** Set/Get the gain of the network in the output modes ResidualCorrected and ProfileCorrected, finite and >= 0.
   * Default 1. SliceRecoveryExperiment::ComputeResidualGainSums() gives the gain with the least mean squared error on
   * validation volumes. */
  void
  SetResidualGain(double gain);
  itkGetConstMacro(ResidualGain, double);

  /** Set the calibration of the expected error, see SuperResolutionErrorImageFilter: the two coefficients, and the 90 %
   * quantile of the ratio of absolute to expected error. All are finite and >= 0; three zeros, the default, stand for a
   * model that is not calibrated. */
  void
  SetErrorCalibration(double differenceCoefficient, double gapCoefficient, double quantile90);
  /** Set the calibration for use with the spread over orientations. It is separate, because averages over orientations
   * have smaller errors. */
  void
  SetErrorCalibrationWithSpread(double differenceCoefficient,
                                double gapCoefficient,
                                double spreadCoefficient,
                                double quantile90);
  /** Get one of both calibrations. */
  double
  GetErrorDifferenceCoefficient(bool withSpread = false) const
  {
    return this->GetErrorCalibration(withSpread).difference;
  }
  double
  GetErrorGapCoefficient(bool withSpread = false) const
  {
    return this->GetErrorCalibration(withSpread).gap;
  }
  double
  GetErrorSpreadCoefficient() const
  {
    return m_ErrorCalibrationWithSpread.spread;
  }
  double
  GetErrorQuantile90(bool withSpread = false) const
  {
    return this->GetErrorCalibration(withSpread).quantile90;
  }
  bool
  HasErrorCalibration(bool withSpread = false) const
  {
    return this->GetErrorQuantile90(withSpread) > 0.0;
  }

  /** Set an entry of the provenance, which tells how the model was made. Names are, for example, `data`, `license`,
   * `command` and `date`. Setting an empty text removes the entry. */
  void
  SetProvenance(const std::string & name, const std::string & text);
  /** Get the text of an entry. It is empty if there is no such entry. */
  std::string
  GetProvenance(const std::string & name) const;
  /** Get the names of all entries, sorted. */
  std::vector<std::string>
  GetProvenanceNames() const;

  /** Make a network with random weights from a seed. The distribution is that of PyTorch's default initialization of
   * convolutions: uniform with bound 1/sqrt(fan in). The random numbers come from a separate generator, not from
   * LibTorch's.
   * \exception ExceptionObject if LatentLevels has a level that is not below NumberOfPoolings, or the network has more
   * than LargestNumberOfParameters. */
  void
  InitializeWeights(unsigned int seed);

  /** Whether the model has weights, so that it can encode and decode. */
  bool
  HasWeights() const;

  /** Get the number of trainable parameters of the architecture, whether the model has weights or not. The running
   * statistics of the batch normalizations are not counted. */
  SizeValueType
  GetNumberOfParameters() const;

  /** Encode each slice of a stack. The network was trained on values in [0, 1].
   * \exception ExceptionObject if the model has no weights, the stack is empty, or its size is not a multiple of
   * GetSliceSizeMultiple(). */
  AutoencoderLatent::Pointer
  Encode(const StackType * slices) const;

  /** Mix the latents of slices n and n + 1 by this model's mixing. They may be latents of several slices, which are
   * mixed in pairs.
   * \param alpha the position between them, 0 (n) to 1 (n + 1)
   * \param before,after the latents of slices n - 1 and n + 2 for learned mixing with context; without them, `first`
   * and `second` stand in. They are not used otherwise.
   * \exception ExceptionObject if the model has no weights, alpha is outside of [0, 1], or a latent is empty, of
   * another architecture or of another shape. */
  AutoencoderLatent::Pointer
  Mix(const AutoencoderLatent * first,
      const AutoencoderLatent * second,
      double                    alpha,
      const AutoencoderLatent * before = nullptr,
      const AutoencoderLatent * after = nullptr) const;

  /** Decode a latent. The values are not clamped.
   * \exception ExceptionObject if the model has no weights, or the latent is of another architecture. */
  StackType::Pointer
  Decode(const AutoencoderLatent * latent) const;

  /** Whether this processor has instructions for products of matrices in bfloat16 (AMX). Without, BFloat16 is not
   * faster than Float32, which uses the module's own convolutions. */
  static bool
  HasBFloat16MatrixInstructions();

  /** Read the architecture, weights, preprocessing and provenance from a model file. On failure the model does not
   * change.
   * \exception ExceptionObject that names the file and the error. */
  void
  Read(const std::string & fileName);

  /** Read the model that is bundled with the library.
   * \exception ExceptionObject if the library was built without one. */
  void
  ReadBundled();

  /** Write a model file. The bytes go to a temporary file beside it, which is then renamed, so there is never a partial
   * file.
   * \param fileName usually has the extension `.safetensors`
   * \param halfPrecision store the weights as 16-bit floating point numbers
   * \exception ExceptionObject if the model has no weights, or the file can't be written. */
  void
  Write(const std::string & fileName, bool halfPrecision = false) const;

  /** Get everything except the weights as JSON text, as `latent-sr info` shows it. */
  std::string
  GetDescription() const;

  /** Drop the weights and the provenance. The architecture and the preprocessing are kept. */
  void
  Initialize() override;

  /** Share another model's weights and copy the rest.
   * \exception ExceptionObject if the data object is not a model. */
  void
  Graft(const DataObject * data) override;

#ifndef ITK_WRAPPING_PARSER
  /** The weights, or null if there are none; for use within the module only. */
  const Implementation *
  GetImplementation() const
  {
    return m_Implementation.get();
  }
  /** The same, kept alive for the caller: the model may get other weights meanwhile. */
  std::shared_ptr<const Implementation>
  ShareImplementation() const
  {
    return m_Implementation;
  }
  /** Set weights of this architecture; for use within the module only. */
  void
  SetImplementation(std::shared_ptr<Implementation> implementation);
#endif

protected:
  AutoencoderModel();
  ~AutoencoderModel() override;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  struct ErrorCalibration
  {
    double difference{ 0.0 };
    double gap{ 0.0 };
    double spread{ 0.0 };
    double quantile90{ 0.0 };
  };

  const ErrorCalibration &
  GetErrorCalibration(bool withSpread) const
  {
    return withSpread ? m_ErrorCalibrationWithSpread : m_ErrorCalibration;
  }
  /** Check the values of a calibration, and store it in one of both. */
  void
  StoreErrorCalibration(const ErrorCalibration & calibration, ErrorCalibration & stored);
  void
  DropWeights();
  void
  SetRange(const char * name, double smallest, double largest, double & smallestMember, double & largestMember);
  void
  CheckHasWeights() const;
  void
  CheckIsLatent(const AutoencoderLatent * latent) const;

  unsigned int                       m_NumberOfPoolings{ 3 };
  unsigned int                       m_BaseChannels{ 48 };
  unsigned int                       m_LatentChannels{ 16 };
  LevelsType                         m_LatentLevels{ 0, 1, 2 };
  unsigned int                       m_PixelUnshuffleFactor{ 2 };
  bool                               m_LatentPixels{ true };
  MixingEnum                         m_Mixing{ MixingEnum::Learned };
  bool                               m_MixingContext{ true };
  double                             m_InPlaneSpacing{ 1.4 };
  bool                               m_NativeInPlaneSpacing{ false };
  double                             m_LowerWindowPercentile{ 1.0 };
  double                             m_UpperWindowPercentile{ 99.0 };
  double                             m_SmallestTrainingSliceSpacing{ 0.0 };
  double                             m_LargestTrainingSliceSpacing{ 0.0 };
  double                             m_SmallestTrainingInPlaneSpacing{ 0.0 };
  double                             m_LargestTrainingInPlaneSpacing{ 0.0 };
  double                             m_SmallestTrainingSpacingRatio{ 0.0 };
  double                             m_LargestTrainingSpacingRatio{ 0.0 };
  double                             m_ResidualGain{ 1.0 };
  ErrorCalibration                   m_ErrorCalibration;
  ErrorCalibration                   m_ErrorCalibrationWithSpread;
  std::map<std::string, std::string> m_Provenance;
  std::shared_ptr<Implementation>    m_Implementation;
};
} // end namespace itk

#endif // itkAutoencoderModel_h
