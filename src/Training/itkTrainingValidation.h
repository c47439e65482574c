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
#ifndef itkTrainingValidation_h
#define itkTrainingValidation_h

#include "itkAutoencoderNetwork.h"
#include "itkTrainingLanes.h"
#include "itkTrainingVolume.h"

#include <vector>

namespace itk
{
/** Validates a network in training. It synthesizes slices of validation volumes from their neighbors, at alpha = 1/2,
 * like SliceRecoveryExperiment: every second slice is kept, the window comes from the kept slices, and the central
 * square is compared. All computations are done at the model's in-plane spacing. */
class TrainingValidation
{
public:
  /** Means over the slices of a volume, then over volumes. PSNR is in dB. */
  struct Scores
  {
    double meanSquaredError{ 0.0 };
    double psnr{ 0.0 };
    double ssim{ 0.0 };
  };

  /** Side of the central square in pixels of the network. */
  static constexpr int64_t CropSize = 128;

  /** \param numberOfThreads number of threads of the interpolation */
  TrainingValidation(const AutoencoderModel * model, unsigned int numberOfThreads);

  /** Add the slices of a volume. A volume with fewer than three slices is ignored. The volume itself is not kept. */
  void
  AddVolume(const TrainingVolume & volume);

  /** Choose at most the given number of slices, evenly distributed. It has to be called once, after the last volume. */
  void
  ChooseSlices(SizeValueType maximumNumberOfSlices);

  SizeValueType
  GetNumberOfSlices() const
  {
    return m_Slices.size();
  }

  /** Get the results of linear and of ITK's cubic B-spline interpolation. */
  const Scores &
  GetLinear() const
  {
    return m_Linear;
  }
  const Scores &
  GetBSpline() const
  {
    return m_BSpline;
  }

  /** Measure a network in evaluation mode. Each of several processes measures its share of the slices. The result is
   * the sum of the returned scores. */
  Scores
  Measure(AutoencoderNetwork & network, TrainingLanes & lanes, int64_t rank, int64_t numberOfProcesses) const;

  /** Compute the sums that give the best gain of ResidualCorrected, see SliceRecoveryExperimentBase. */
  std::pair<double, double>
  ComputeResidualGainSums(AutoencoderNetwork & network, TrainingLanes & lanes) const;

private:
  /** (1, 1, rows, columns) each. */
  struct Slice
  {
    torch::Tensor first;
    torch::Tensor truth;
    torch::Tensor second;
    /** The kept slices before `first` and after `second`, which stand in for them at the ends of the stack. */
    torch::Tensor before;
    torch::Tensor after;
    torch::Tensor bspline;
    size_t        volume{ 0 };
    double        weight{ 0.0 };
  };

  /** Encode the slices around a slice, and their context if the network uses it. */
  static LatentNeighbors
  Encode(AutoencoderNetwork & network, const Slice & slice);
  static void
  Add(Scores & scores, double weight, const torch::Tensor & slice, const torch::Tensor & truth);

  const AutoencoderModel * m_Model;
  unsigned int             m_NumberOfThreads;
  std::vector<Slice>       m_Slices;
  size_t                   m_NumberOfVolumes{ 0 };
  Scores                   m_Linear;
  Scores                   m_BSpline;
};
} // end namespace itk

#endif // itkTrainingValidation_h
