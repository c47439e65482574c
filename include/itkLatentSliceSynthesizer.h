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
#ifndef itkLatentSliceSynthesizer_h
#define itkLatentSliceSynthesizer_h

#include "itkAutoencoderModel.h"
#include "itkLatentSpaceSuperResolutionImageFilterEnums.h"

#include <functional>
#include <map>

namespace itk
{
/** \class LatentSliceSynthesizer
 * \brief Computes slices between acquired ones from mixed latents: what LatentSpaceSuperResolutionImageFilter does to
 * plain buffers, free of image types.
 *
 * Slices go in and come out in native intensities and at their native in-plane spacing. In between
 * 1. intensities are mapped linearly, the window to [0, 1], and clamped. What the clamping cuts off (bright vessels,
 *    say) is interpolated linearly and added to the result in the end;
 * 2. slices are resampled in plane to the model's spacing (bicubic, anti-aliased), unless the spacings differ by less
 *    than SpacingTolerance. The detail that this loses is interpolated linearly and added to the result in the end (in
 *    the mode LowPassCorrected, a share of it);
 * 3. slices are padded by mirroring to the next size that the network can halve as often as it has poolings;
 * 4. every slice is read and encoded once, and slices are decoded in batches. All batches have the same shape, the last
 *    one is filled up: what LibTorch computes for a slice may depend on the shape in the last bits, and so a slice's
 *    pixels are the same whichever others are asked for along with it.
 *
 * Memory: the slices and latents of a few acquired slices, and what the network needs for a batch.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT LatentSliceSynthesizer
{
public:
  /** A place between two acquired slices: `slice` + `alpha` in units of the slice spacing. */
  struct Position
  {
    SizeValueType slice{ 0 };
    /** 0 at the slice, towards 1 at the next one; in [0, 1). */
    double alpha{ 0.0 };
  };

  /** Acquired slices. */
  struct Stack
  {
    /** Reads the slice of a number: rows x columns values in native intensities, columns fastest. Called once for each
     * slice that is needed, in rising order, in the calling thread. What it throws ends the computation. */
    std::function<std::vector<float>(SizeValueType slice)> read;

    SizeValueType slices{ 0 };
    SizeValueType rows{ 0 };
    SizeValueType columns{ 0 };
    /** In mm. */
    double rowSpacing{ 1.0 };
    /** In mm. */
    double columnSpacing{ 1.0 };
  };

  struct Settings
  {
    using OutputModeEnum = LatentSpaceSuperResolutionImageFilterEnums::OutputMode;
    using PrecisionEnum = AutoencoderModelEnums::Precision;

    /** Any but Automatic. */
    OutputModeEnum outputMode{ OutputModeEnum::Decoded };
    PrecisionEnum  precision{ PrecisionEnum::Float32 };
    std::string    device{ "cpu" };
    /** Threads of the network's arithmetic; 0: leave LibTorch's setting alone. */
    unsigned int numberOfThreads{ 0 };
    /** Native intensities that are mapped to 0 and 1. If they are equal, slices are interpolated linearly. */
    double windowMinimum{ 0.0 };
    double windowMaximum{ 1.0 };
    /** Of the network's share in ResidualCorrected and ProfileCorrected. */
    double residualGain{ 1.0 };
    /** 1, 4 (rotations) or 8 (and flips): the mean of what is decoded of the slices in so many orientations. */
    unsigned int numberOfOrientations{ 1 };
    /** Of the Gaussian in LowPassCorrected, in pixels of the network. */
    double lowPassSigma{ 0.0 };
    /** Of what the Gaussian takes away and of detail finer than the network's pixels in LowPassCorrected, 0 to 1. */
    double detailGain{ 0.0 };
    /** Standard deviation of the slices' profile in ProfileCorrected, in slice distances; 0: not corrected for. */
    double profileSigma{ 0.0 };
  };

  /** Receives the slice at positions[index] in native intensities (rows x columns values). The order of calls is not
   * that of the positions. */
  using SliceFunction = std::function<void(SizeValueType index, const float * pixels)>;
  /** Receives the share that is done, 0 to 1, in the calling thread. What it throws ends the computation. */
  using ProgressFunction = std::function<void(float progress)>;

  /** In-plane spacings whose ratio to the model's is within 1 +- this are taken as the model's. */
  static constexpr double SpacingTolerance = 0.03;

  /** In mm: acquired slices this far apart share no detail finer than the low-pass of LowPassCorrected. Measured on the
   * training subjects (docs/output-modes.md). */
  static constexpr double DetailDistance = 14.0;

  /** The share of the acquired slices' detail that tells something of slices half-way between them, which decreases
   * with the distance of the acquired slices in mm: 1 - distance / DetailDistance, at least 0. */
  static double
  ComputeDetailGain(double sliceSpacing);

  /** Whether a mode copies the acquired slices: nothing is synthesized at their positions. */
  static bool
  CopiesAcquiredSlices(Settings::OutputModeEnum mode);

  /** How many acquired slices beyond the two around a position a mode needs on each side. */
  static SizeValueType
  GetReach(Settings::OutputModeEnum mode);

  /** In ProfileCorrected, the weights of acquired slices in what is interpolated at a position; their sum is 1. Beyond
   * the ends of the stack its first and last slice are repeated. */
  static std::map<SizeValueType, double>
  ComputeProfileWeights(const Position & position, SizeValueType slices, double profileSigma);

  /** \exception ExceptionObject if there is no model, or it has no weights */
  LatentSliceSynthesizer(const AutoencoderModel * model, const Settings & settings);

  /** Compute the slices at positions.
   * \exception ExceptionObject if a position lies outside of the stack, the device does not exist, or LibTorch fails.
   */
  void
  Synthesize(const Stack &                 stack,
             const std::vector<Position> & positions,
             const SliceFunction &         receive,
             const ProgressFunction &      progress) const;

  /** Throw an ExceptionObject that names the device unless LibTorch can compute on it. */
  static void
  CheckDevice(const std::string & device);

private:
  AutoencoderModel::ConstPointer m_Model;
  Settings                       m_Settings;
};
} // end namespace itk

#endif // itkLatentSliceSynthesizer_h
