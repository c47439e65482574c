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
#ifndef itkSliceMetrics_h
#define itkSliceMetrics_h

#include "itkHighFrequencyErrorNorm.h"
#include "itkImagePair.h"
#include "itkPixelSums.h"
#include "itkSliceLayout.h"
#include "itkStructuralSimilarity.h"

namespace itk
{
namespace ImageQualityMetrics
{
/** The metrics of slices that are measured, and their parameters. */
struct SliceMetricsParameters
{
  bool                           computeSSIM{ false };
  bool                           computeMultiScaleSSIM{ false };
  bool                           computeVIFp{ false };
  bool                           computeWaveletVIF{ false };
  bool                           computeGMSD{ false };
  bool                           computeHFEN{ false };
  bool                           computeGradientError{ false };
  StructuralSimilarityParameters ssim;
  /** Whether SSIM is the average over all pixels, including those at which the window does not fit. */
  bool averageWholeMap{ false };
  /** If not null, receives the map of SSIM in the order of the pixels. It requires ssim.mirrorBorders. */
  std::vector<double> * ssimMap{ nullptr };
  double                dataRange{ 0.0 };

  /** Whether any metric is on. */
  bool
  IsAnyOn() const
  {
    return computeSSIM || computeMultiScaleSSIM || computeVIFp || computeWaveletVIF || computeGMSD || computeHFEN ||
           computeGradientError;
  }
};

/** The results of one slice. */
struct SliceResult
{
  PixelSums               sums;
  StructuralSimilaritySum ssim;
  double                  multiScaleSSIM{ 0.0 };
  double                  vifp{ 0.0 };
  double                  waveletVIF{ 0.0 };
  double                  gmsd{ 0.0 };
  HighFrequencyErrorSums  hfen;
  double                  gradientError{ 0.0 };
};

/** The quantities that a pass over the slices measures. */
enum class SlicePass
{
  Sums,
  Metrics,
  SumsAndMetrics
};

/** The first pixel of each image, or 0 for both if one of them is not finite. */
PixelOrigin
FindPixelOrigin(const ImagePair & images);

/** Measure all slices. A slice gets no metrics if PixelSums::isFinite is false, because some of its pixels are not
 * finite. */
void
MeasureSlices(const ImagePair &              images,
              const SliceLayout &            layout,
              const SliceMetricsParameters & parameters,
              SlicePass                      pass,
              ThreadIdType                   workUnits,
              std::vector<SliceResult> &     slices);
} // namespace ImageQualityMetrics
} // end namespace itk

#endif // itkSliceMetrics_h
