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
#include "itkSliceStackGeometry.h"

#include <functional>
#include <map>

namespace itk
{
/** \class LatentSliceSynthesizer
 * \brief Computes slices between acquired slices from mixed latents. LatentSpaceSuperResolutionImageFilter calls it
 * with plain buffers, so it does not depend on image types.
 *
 * Input and output slices have native intensities and the native in-plane spacing. The steps between them:
 * 1. The window is mapped linearly to [0, 1], and intensities are clamped. The excess beyond the window (of bright
 *    vessels, for example) is interpolated linearly and added to the result at the end.
 * 2. Slices are resampled in plane to the model's spacing (bicubic, anti-aliased), unless the spacings differ by less
 *    than SpacingTolerance. The detail lost here is interpolated linearly and added to the result at the end. The mode
 *    LowPassCorrected adds a share of it only.
 * 3. Slices are padded by mirroring to the next size that the network can halve once per pooling.
 * 4. Latents of neighboring slices are mixed, and decoded. The correction of a learned mixing is computed once for all
 *    slices between the same two acquired slices.
 * 5. Every acquired slice is read and encoded once. Slices are decoded in batches of one to four slices that all have
 *    the same shape; the last batch is filled up. The last bits of LibTorch's result for a slice may depend on the
 *    batch's shape. With one shape, the pixels of a slice do not depend on the other slices that are requested.
 *
 * Threads: each thread computes a batch from first to last, then takes the next one. No thread waits for the others
 * between the layers of the network. So the time grows only by the lost share if another program takes a processor. If
 * there are fewer batches than threads, the threads share batches, except in LibTorch's convolutions.
 *
 * Memory: some acquired slices with their latents, and what the network needs for one batch per thread.
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT LatentSliceSynthesizer
{
public:
  using Position = SliceStackGeometry::Position;

  /** The acquired slices. */
  struct Stack
  {
    /** Reads the slice with the given number: rows x columns values in native intensities, columns fastest. It is
     * called once for each slice that is needed, by several threads at the same time. An exception from it ends the
     * computation. */
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

    /** Any mode except Automatic. */
    OutputModeEnum outputMode{ OutputModeEnum::Decoded };
    PrecisionEnum  precision{ PrecisionEnum::Float32 };
    std::string    device{ "cpu" };
    /** Number of threads; 0: as many as LibTorch uses in the calling thread. */
    unsigned int numberOfThreads{ 0 };
    /** The window: native intensities mapped to 0 and 1. If they are equal, slices are interpolated linearly. */
    double windowMinimum{ 0.0 };
    double windowMaximum{ 1.0 };
    /** Gain of the network in ResidualCorrected and ProfileCorrected. */
    double residualGain{ 1.0 };
    /** Number of orientations whose decoded slices are averaged: 1, 4 (rotations) or 8 (rotations and flips). */
    unsigned int numberOfOrientations{ 1 };
    /** Whether the spread over the orientations is computed. It needs more than one. */
    bool computeOrientationSpread{ false };
    /** Standard deviation of the Gaussian in LowPassCorrected, in pixels of the network. */
    double lowPassSigma{ 0.0 };
    /** Share, 0 to 1, of the detail that LowPassCorrected adds: of what the Gaussian removes, and of the detail finer
     * than the network's pixels. */
    double detailGain{ 0.0 };
    /** Standard deviation of the slice profile in ProfileCorrected, in slice distances; 0: no sharpening. */
    double profileSigma{ 0.0 };
  };

  /** Receives the slice at positions[index] in native intensities (rows x columns values). Several threads call it at
   * the same time, in another order than that of the positions.
   * \param spread the standard deviation of the decoded slices over the orientations, before the mode's correction, in
   * native intensities; null unless Settings::computeOrientationSpread is on */
  using SliceFunction = std::function<void(SizeValueType index, const float * pixels, const float * spread)>;
  /** Receives the share that is done, 0 to 1, in the calling thread. An exception from it ends the computation. */
  using ProgressFunction = std::function<void(float progress)>;

  /** An in-plane spacing whose ratio to the model's spacing differs from 1 by at most this value is taken for the
   * model's spacing. */
  static constexpr double SpacingTolerance = 0.03;

  /** Slice distance in mm at which neighboring acquired slices no longer share detail finer than the low-pass of
   * LowPassCorrected. It was measured on the training subjects (docs/output-modes.md). */
  static constexpr double DetailDistance = 14.0;

  /** Share of the acquired slices' detail that is also present in a slice half-way between them. It decreases with the
   * distance of the acquired slices in mm: 1 - distance / DetailDistance, at least 0. */
  static double
  ComputeDetailGain(double sliceSpacing);

  /** Whether a mode copies the acquired slices instead of synthesizing slices at their positions. */
  static bool
  CopiesAcquiredSlices(Settings::OutputModeEnum mode);

  /** Number of acquired slices that a mode and a model need on each side beyond the two around a position. A model
   * without weights may get any architecture when it is trained: the number is the largest then. */
  static SizeValueType
  GetReach(Settings::OutputModeEnum mode, const AutoencoderModel * model);

  /** The weights of the acquired slices in the interpolation at a position in the mode ProfileCorrected. Their sum is
   * 1. The first and the last slice are repeated beyond the ends of the stack. */
  static std::map<SizeValueType, double>
  ComputeProfileWeights(const Position & position, SizeValueType slices, double profileSigma);

  /** \exception ExceptionObject if there is no model, the model has no weights, or the spread over one orientation is
   * to be computed */
  LatentSliceSynthesizer(const AutoencoderModel * model, const Settings & settings);

  /** Compute the slices at the given positions.
   * \exception ExceptionObject if a position lies outside of the stack, the device does not exist, or LibTorch fails.
   */
  void
  Synthesize(const Stack &                 stack,
             const std::vector<Position> & positions,
             const SliceFunction &         receive,
             const ProgressFunction &      progress) const;

  /** Check that LibTorch can compute on a device.
   * \exception ExceptionObject that names the device if LibTorch cannot */
  static void
  CheckDevice(const std::string & device);

private:
  AutoencoderModel::ConstPointer m_Model;
  Settings                       m_Settings;
};
} // end namespace itk

#endif // itkLatentSliceSynthesizer_h
