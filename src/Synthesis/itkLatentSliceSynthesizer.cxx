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

#include "itkLatentSliceSynthesizer.h"

#include "itkAutoencoderNetwork.h"
#include "itkForkGuard.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSliceTensors.h"
#include "itkTorchAutocastScope.h"
#include "itkTorchThreadScope.h"

#include "itkMath.h"
#include "itkMultiThreaderBase.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <tuple>

namespace itk
{
namespace
{
using Position = LatentSliceSynthesizer::Position;
using Settings = LatentSliceSynthesizer::Settings;
using Stack = LatentSliceSynthesizer::Stack;

/** Slices of a batch. On a CPU a few are as fast as many, and a batch has to be filled up where only one slice is asked
 * for. */
int64_t
BatchSize(const torch::Device & device, int64_t pixels)
{
  return device.is_cpu() ? std::clamp<int64_t>(140'000 / pixels, 1, 4) : std::clamp<int64_t>(4'000'000 / pixels, 1, 64);
}

torch::Device
MakeDevice(const std::string & name)
{
  torch::Device device(torch::kCPU);
  bool          isKnown = true;
  try
  {
    device = torch::Device(name);
    // LibTorch keeps the number in eight bits: cuda:256 must not become cuda:0.
    isKnown = device.str() == name && (device.is_cpu() || device.is_cuda());
  }
  catch (const c10::Error &)
  {
    isKnown = false;
  }
  if (!isKnown)
  {
    itkGenericExceptionMacro("Device '" << name << "' is not known: it has to be cpu, cuda, cuda:0, ...");
  }
  const auto count =
    device.is_cuda() && torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  if (device.is_cuda() && (count == 0 || device.index() >= count))
  {
    itkGenericExceptionMacro("Device '" << name << "' is not there: this LibTorch sees " << count << " CUDA devices.");
  }
  return device;
}

/** Does the work of Synthesize(): slices in native pixels to latents, latents to slices in native pixels. */
class Engine
{
public:
  using SliceFunction = LatentSliceSynthesizer::SliceFunction;
  using ProgressFunction = LatentSliceSynthesizer::ProgressFunction;

  Engine(const AutoencoderModel * model, const Stack & stack, const Settings & settings)
    : m_Stack(stack)
    , m_Settings(settings)
    , m_Device(MakeDevice(settings.device))
    , m_Model(*model->GetImplementation())
    , m_UsesNetwork(!m_Device.is_cpu() || settings.precision != Settings::PrecisionEnum::Float32)
    , m_Network(m_Model.network)
    , m_Rows(static_cast<int64_t>(stack.rows))
    , m_Columns(static_cast<int64_t>(stack.columns))
    , m_NetworkRows(SliceTensors::NetworkLength(m_Rows, stack.rowSpacing, model->GetInPlaneSpacing()))
    , m_NetworkColumns(SliceTensors::NetworkLength(m_Columns, stack.columnSpacing, model->GetInPlaneSpacing()))
  {
    m_PaddedRows = SliceTensors::PaddedLength(m_NetworkRows, model->GetNumberOfPoolings());
    m_PaddedColumns = SliceTensors::PaddedLength(m_NetworkColumns, model->GetNumberOfPoolings());
    m_BatchSize = static_cast<size_t>(BatchSize(m_Device, m_PaddedRows * m_PaddedColumns));
    if (!m_Device.is_cpu())
    {
      // The model stays where it is: other filters may be using it.
      m_Network = CloneNetwork(*m_Network);
      m_Network->eval();
      m_Network->to(m_Device);
    }
  }

  void
  Run(const std::vector<Position> & positions, const SliceFunction & receive, const ProgressFunction & progress)
  {
    this->Plan(positions);
    m_Progress = [this, &progress, done = size_t{ 0 }](size_t more) mutable {
      done += more;
      progress(static_cast<float>(done) / static_cast<float>(m_Needed.size() + m_Jobs.size()));
    };
    for (size_t begin = 0; begin < m_Jobs.size(); begin += m_BatchSize)
    {
      const std::vector<Job> batch(m_Jobs.begin() + begin,
                                   m_Jobs.begin() + std::min(m_Jobs.size(), begin + m_BatchSize));
      this->EncodeUpTo(LastSlice(batch.back().position) + m_Reach);
      std::vector<torch::Tensor> decoded;
      if (!this->WindowIsEmpty())
      {
        decoded = this->Decode(batch);
        this->KeepCorrections(batch, decoded);
      }
      for (size_t i = 0; i < batch.size(); ++i)
      {
        if (batch[i].isOutput)
        {
          const torch::Tensor slice = this->Finish(batch[i].position, decoded.empty() ? torch::Tensor() : decoded[i])
                                        .to(torch::kCPU)
                                        .contiguous();
          receive(batch[i].number, slice.data_ptr<float>());
        }
      }
      m_Progress(batch.size());
      // Jobs are sorted by the later one of the two slices that they need.
      const SizeValueType last = LastSlice(batch.back().position);
      m_Encoded.erase(m_Encoded.begin(), m_Encoded.lower_bound(last - std::min(last, m_Reach + 1)));
    }
  }

private:
  /** A slice to decode: one that was asked for, or an acquired one that a correction needs. */
  struct Job
  {
    Position      position;
    SizeValueType number{ 0 };
    bool          isOutput{ false };
  };

  /** What is kept of an acquired slice as long as positions around it are computed. Slices are (1, 1, rows, columns).
   */
  struct EncodedSlice
  {
    /** Native intensities, and their extremes. */
    torch::Tensor native;
    torch::Tensor minimum;
    torch::Tensor maximum;
    /** What the network is not shown, in native intensities: excess over the window, and detail finer than its pixels,
     * of which LowPassCorrected takes a share. */
    torch::Tensor unseen;
    /** What it is shown, at its pixels, in [0, 1]. */
    torch::Tensor shown;
    /** One for each orientation. */
    std::vector<AutoencoderNetwork::LatentType> latents;
    /** ResidualCorrected and ProfileCorrected: the decoded slice in [0, 1] at native pixels. LowPassCorrected: the
     * low-pass of what decoding loses and a share of the rest of it, at the network's pixels. */
    torch::Tensor correction;
  };

  static void
  SortUnique(std::vector<SizeValueType> & numbers)
  {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }

  static SizeValueType
  LastSlice(const Position & position)
  {
    return position.slice + (position.alpha > 0.0 ? 1 : 0);
  }

  bool
  WindowIsEmpty() const
  {
    return !(m_Settings.windowMaximum > m_Settings.windowMinimum);
  }

  double
  WindowRange() const
  {
    return m_Settings.windowMaximum - m_Settings.windowMinimum;
  }

  bool
  IsCorrected() const
  {
    return m_Settings.outputMode == Settings::OutputModeEnum::ResidualCorrected ||
           m_Settings.outputMode == Settings::OutputModeEnum::LowPassCorrected ||
           m_Settings.outputMode == Settings::OutputModeEnum::ProfileCorrected;
  }

  /** List what has to be decoded, so that a slice comes when what it needs has been: acquired slices first, then those
   * before them. */
  void
  Plan(const std::vector<Position> & positions)
  {
    for (SizeValueType i = 0; i < positions.size(); ++i)
    {
      m_Jobs.push_back({ positions[i], i, true });
      m_Needed.push_back(positions[i].slice);
      m_Needed.push_back(LastSlice(positions[i]));
    }
    SortUnique(m_Needed);
    m_Shown = m_Needed;
    if (m_Settings.outputMode == Settings::OutputModeEnum::ProfileCorrected)
    {
      m_Reach = LatentSliceSynthesizer::ProfileReach;
      for (const Position & position : positions)
      {
        for (const auto & tap : this->InterpolationWeights(position))
        {
          m_Needed.push_back(tap.first);
        }
      }
      SortUnique(m_Needed);
    }
    if (this->IsCorrected() && !this->WindowIsEmpty())
    {
      for (const SizeValueType slice : m_Shown)
      {
        const auto isThis = [slice](const Position & p) { return p.slice == slice && p.alpha == 0.0; };
        if (std::none_of(positions.begin(), positions.end(), isThis))
        {
          m_Jobs.push_back({ { slice, 0.0 }, 0, false });
        }
      }
    }
    std::stable_sort(m_Jobs.begin(), m_Jobs.end(), [](const Job & a, const Job & b) {
      const auto key = [](const Job & job) {
        return std::make_tuple(LastSlice(job.position), job.position.alpha > 0.0, job.position.alpha);
      };
      return key(a) < key(b);
    });
  }

  void
  EncodeUpTo(SizeValueType slice)
  {
    while (m_NextNeeded < m_Needed.size() && m_Needed[m_NextNeeded] <= slice)
    {
      const auto begin = m_Needed.begin() + static_cast<std::ptrdiff_t>(m_NextNeeded);
      const auto count = std::min(m_BatchSize, m_Needed.size() - m_NextNeeded);
      this->Encode({ begin, begin + static_cast<std::ptrdiff_t>(count) });
      m_NextNeeded += count;
      m_Progress(count);
    }
  }

  /** (N, 1, rows, columns) of a whole batch; a shorter one is filled up with its last slice. */
  torch::Tensor
  MakeBatch(std::vector<torch::Tensor> slices) const
  {
    slices.resize(m_BatchSize, slices.back());
    return slices.size() == 1 ? slices.front() : torch::cat(slices, 0);
  }

  /** Read slices, and show the network those of them that positions lie beside. */
  void
  Encode(const std::vector<SizeValueType> & numbers)
  {
    for (const SizeValueType number : numbers)
    {
      const std::vector<float> pixels = m_Stack.read(number);
      EncodedSlice             encoded;
      encoded.native =
        torch::from_blob(const_cast<float *>(pixels.data()), { 1, 1, m_Rows, m_Columns }).clone().to(m_Device);
      encoded.minimum = encoded.native.min();
      encoded.maximum = encoded.native.max();
      m_Encoded.emplace(number, std::move(encoded));
    }
    if (!this->WindowIsEmpty())
    {
      this->Show(numbers);
    }
  }

  void
  Show(std::vector<SizeValueType> numbers)
  {
    const auto isNotShown = [this](SizeValueType number) {
      return !std::binary_search(m_Shown.begin(), m_Shown.end(), number);
    };
    numbers.erase(std::remove_if(numbers.begin(), numbers.end(), isNotShown), numbers.end());
    if (numbers.empty())
    {
      return;
    }
    std::vector<torch::Tensor> slices;
    for (const SizeValueType number : numbers)
    {
      slices.push_back(m_Encoded.at(number).native);
    }
    const torch::Tensor native = this->MakeBatch(slices);
    const torch::Tensor windowed =
      SliceTensors::ApplyWindow(native, m_Settings.windowMinimum, m_Settings.windowMaximum);
    const torch::Tensor shown = SliceTensors::Resample(windowed, m_NetworkRows, m_NetworkColumns).clamp(0.0, 1.0);
    const torch::Tensor detail = windowed - SliceTensors::Resample(shown, m_Rows, m_Columns);
    const bool          isLowPass = m_Settings.outputMode == Settings::OutputModeEnum::LowPassCorrected;
    const double        gain = isLowPass ? m_Settings.detailGain : 1.0;
    const torch::Tensor unseen = native - m_Settings.windowMinimum + this->WindowRange() * (gain * detail - windowed);
    const torch::Tensor padded = SliceTensors::MirrorPad(shown, m_PaddedRows, m_PaddedColumns);
    std::vector<AutoencoderNetwork::LatentType> latents;
    for (unsigned int orientation = 0; orientation < m_Settings.numberOfOrientations; ++orientation)
    {
      const torch::Tensor oriented = SliceTensors::Orient(padded, orientation);
      latents.push_back(m_UsesNetwork ? m_Network->Encode(oriented.contiguous(torch::MemoryFormat::ChannelsLast))
                                      : m_Model.Encode(oriented, m_Pool));
    }
    for (size_t i = 0; i < numbers.size(); ++i)
    {
      EncodedSlice & encoded = m_Encoded.at(numbers[i]);
      const auto     place = static_cast<int64_t>(i);
      encoded.unseen = unseen.narrow(0, place, 1);
      encoded.shown = shown.narrow(0, place, 1);
      for (const auto & latent : latents)
      {
        encoded.latents.push_back(NarrowLatents(latent, place, 1));
      }
    }
  }

  /** Mixed latents in one orientation, of a whole batch. */
  AutoencoderNetwork::LatentType
  MixBatch(const std::vector<Job> & jobs, unsigned int orientation) const
  {
    const auto latentOf = [&](SizeValueType slice) -> const AutoencoderNetwork::LatentType & {
      return m_Encoded.at(slice).latents[orientation];
    };
    AutoencoderNetwork::LatentType batch(latentOf(jobs.front().position.slice).size());
    for (size_t tensor = 0; tensor < batch.size(); ++tensor)
    {
      std::vector<torch::Tensor> mixed;
      for (const Job & job : jobs)
      {
        const torch::Tensor & first = latentOf(job.position.slice)[tensor];
        mixed.push_back(job.position.alpha > 0.0
                          ? torch::lerp(first, latentOf(job.position.slice + 1)[tensor], job.position.alpha)
                          : first);
      }
      batch[tensor] = this->MakeBatch(std::move(mixed));
    }
    return batch;
  }

  /** Decode to [0, 1] at the network's pixels, a tensor for each job. */
  std::vector<torch::Tensor>
  Decode(const std::vector<Job> & jobs)
  {
    torch::Tensor sum;
    for (unsigned int orientation = 0; orientation < m_Settings.numberOfOrientations; ++orientation)
    {
      const auto          mixed = this->MixBatch(jobs, orientation);
      const torch::Tensor slices =
        m_UsesNetwork ? m_Network->Decode(mixed).to(torch::kFloat) : m_Model.Decode(mixed, m_Pool);
      const torch::Tensor one = SliceTensors::Reorient(slices, orientation);
      sum = sum.defined() ? sum + one : one;
    }
    const torch::Tensor decoded = SliceTensors::CropCenter(sum / static_cast<double>(m_Settings.numberOfOrientations),
                                                           m_NetworkRows,
                                                           m_NetworkColumns)
                                    .clamp(0.0, 1.0)
                                    .contiguous();
    std::vector<torch::Tensor> slices = decoded.split(1);
    slices.resize(jobs.size());
    return slices;
  }

  /** Keep of decoded acquired slices what the correction of those around them needs. */
  void
  KeepCorrections(const std::vector<Job> & jobs, const std::vector<torch::Tensor> & decoded)
  {
    if (!this->IsCorrected())
    {
      return;
    }
    for (size_t i = 0; i < jobs.size(); ++i)
    {
      if (jobs[i].position.alpha > 0.0)
      {
        continue;
      }
      EncodedSlice & slice = m_Encoded.at(jobs[i].position.slice);
      if (m_Settings.outputMode != Settings::OutputModeEnum::LowPassCorrected)
      {
        slice.correction = SliceTensors::Resample(decoded[i], m_Rows, m_Columns);
        continue;
      }
      const torch::Tensor residual = slice.shown - decoded[i];
      slice.correction =
        torch::lerp(SliceTensors::Blur(residual, m_Settings.lowPassSigma), residual, m_Settings.detailGain);
    }
  }

  template <typename TMember>
  torch::Tensor
  Interpolate(const Position & position, TMember EncodedSlice::* member) const
  {
    const torch::Tensor & first = m_Encoded.at(position.slice).*member;
    return position.alpha > 0.0 ? torch::lerp(first, m_Encoded.at(position.slice + 1).*member, position.alpha) : first;
  }

  /** The weights of acquired slices in the interpolation that the network bends. */
  std::map<SizeValueType, double>
  InterpolationWeights(const Position & position) const
  {
    if (m_Settings.outputMode == Settings::OutputModeEnum::ProfileCorrected)
    {
      return LatentSliceSynthesizer::ComputeProfileWeights(position, m_Stack.slices, m_Settings.profileSigma);
    }
    std::map<SizeValueType, double> weights{ { position.slice, 1.0 - position.alpha } };
    if (position.alpha > 0.0)
    {
      weights[position.slice + 1] = position.alpha;
    }
    return weights;
  }

  /** An interpolated slice plus something, all in native intensities. Steep slopes overshoot; an intensity that no
   * slice around has is not plausible. */
  torch::Tensor
  Bend(const Position & position, const torch::Tensor & bend) const
  {
    torch::Tensor slice = bend;
    torch::Tensor minimum;
    torch::Tensor maximum;
    for (const auto & [number, weight] : this->InterpolationWeights(position))
    {
      const EncodedSlice & acquired = m_Encoded.at(number);
      slice = slice.add(acquired.native, weight);
      minimum = minimum.defined() ? torch::minimum(minimum, acquired.minimum) : acquired.minimum;
      maximum = maximum.defined() ? torch::maximum(maximum, acquired.maximum) : acquired.maximum;
    }
    return torch::clamp(slice, minimum, maximum);
  }

  /** A slice in native intensities and pixels from what the network has decoded at its position. */
  torch::Tensor
  Finish(const Position & position, torch::Tensor decoded) const
  {
    if (this->WindowIsEmpty())
    {
      return this->Interpolate(position, &EncodedSlice::native);
    }
    if (m_Settings.outputMode == Settings::OutputModeEnum::ResidualCorrected ||
        m_Settings.outputMode == Settings::OutputModeEnum::ProfileCorrected)
    {
      const torch::Tensor bend =
        SliceTensors::Resample(decoded, m_Rows, m_Columns) - this->Interpolate(position, &EncodedSlice::correction);
      return this->Bend(position, (m_Settings.residualGain * this->WindowRange()) * bend);
    }
    if (m_Settings.outputMode == Settings::OutputModeEnum::LowPassCorrected)
    {
      decoded = (decoded + this->Interpolate(position, &EncodedSlice::correction)).clamp(0.0, 1.0);
    }
    return this->Interpolate(position, &EncodedSlice::unseen) + m_Settings.windowMinimum +
           this->WindowRange() * SliceTensors::Resample(decoded, m_Rows, m_Columns);
  }

  const Stack &                            m_Stack;
  const Settings &                         m_Settings;
  torch::Device                            m_Device;
  const AutoencoderModel::Implementation & m_Model;
  /** Or what the model has for single precision on the CPU. */
  bool                                m_UsesNetwork;
  std::shared_ptr<AutoencoderNetwork> m_Network;
  int64_t                             m_Rows;
  int64_t                             m_Columns;
  int64_t                             m_NetworkRows;
  int64_t                             m_NetworkColumns;
  int64_t                             m_PaddedRows{ 0 };
  int64_t                             m_PaddedColumns{ 0 };
  size_t                              m_BatchSize{ 1 };
  std::vector<Job>                    m_Jobs;
  /** Slices that are read, and those of them that the network is shown; in rising order. */
  std::vector<SizeValueType> m_Needed;
  std::vector<SizeValueType> m_Shown;
  /** Slices that a position needs beyond those around it, on each side. */
  SizeValueType                         m_Reach{ 0 };
  size_t                                m_NextNeeded{ 0 };
  std::function<void(size_t more)>      m_Progress;
  TensorPool                            m_Pool;
  std::map<SizeValueType, EncodedSlice> m_Encoded;
};

void
CheckPositions(const std::vector<Position> & positions, SizeValueType slices)
{
  for (const auto & position : positions)
  {
    if (!(position.alpha >= 0.0 && position.alpha < 1.0) || position.slice >= slices ||
        (position.alpha > 0.0 && position.slice + 1 >= slices))
    {
      itkGenericExceptionMacro("A slice at " << position.slice << " + " << position.alpha
                                             << " was asked for, but there are " << slices << " acquired slices.");
    }
  }
}
} // namespace

double
LatentSliceSynthesizer::ComputeDetailGain(double sliceSpacing)
{
  return std::clamp(1.0 - sliceSpacing / DetailDistance, 0.0, 1.0);
}

std::map<SizeValueType, double>
LatentSliceSynthesizer::ComputeProfileWeights(const Position & position, SizeValueType slices, double profileSigma)
{
  const auto last = static_cast<int64_t>(slices) - 1;
  const auto inStack = [last](int64_t slice) {
    return static_cast<SizeValueType>(std::clamp<int64_t>(slice, 0, last));
  };
  const auto        sinc = [](double x) { return x == 0.0 ? 1.0 : std::sin(Math::pi * x) / (Math::pi * x); };
  constexpr int64_t radius = 3;
  // Lanczos weights of the slices around the position.
  std::map<int64_t, double> lanczos;
  double                    sum = 0.0;
  for (int64_t k = 1 - radius; k <= radius; ++k)
  {
    const double distance = position.alpha - static_cast<double>(k);
    const double weight = sinc(distance) * sinc(distance / radius);
    if (position.alpha > 0.0 || k == 0)
    {
      lanczos[static_cast<int64_t>(position.slice) + k] = weight;
      sum += weight;
    }
  }
  // The profile's blur is 1 + (sigma^2 / 2) d^2/dz^2 to the second order; its inverse 1 - (sigma^2 / 2) d^2/dz^2.
  const double                    sharpening = 0.5 * profileSigma * profileSigma;
  std::map<SizeValueType, double> weights;
  for (const auto & [slice, weight] : lanczos)
  {
    const auto center = static_cast<int64_t>(inStack(slice));
    weights[inStack(center)] += weight / sum * (1.0 + 2.0 * sharpening);
    if (sharpening > 0.0)
    {
      weights[inStack(center - 1)] -= weight / sum * sharpening;
      weights[inStack(center + 1)] -= weight / sum * sharpening;
    }
  }
  return weights;
}

void
LatentSliceSynthesizer::CheckDevice(const std::string & device)
{
  MakeDevice(device);
}

unsigned int
LatentSliceSynthesizer::GetNumberOfThreads(const ProcessObject * process)
{
  const MultiThreaderBase * threader = process->GetMultiThreader();
  return ForkGuard::LimitThreads(std::min(process->GetNumberOfWorkUnits(), threader->GetMaximumNumberOfThreads()),
                                 /*isExplicit=*/process->GetNumberOfWorkUnits() != threader->GetNumberOfWorkUnits());
}

void
LatentSliceSynthesizer::Synthesize(const AutoencoderModel *      model,
                                   const Stack &                 stack,
                                   const std::vector<Position> & positions,
                                   const Settings &              settings,
                                   const SliceFunction &         receive,
                                   const ProgressFunction &      progress)
{
  if (!model || !model->HasWeights())
  {
    itkGenericExceptionMacro("The model has no weights.");
  }
  CheckPositions(positions, stack.slices);

  const PythonGlobalInterpreterLockRelease released;
  TranslateTorchErrors("synthesizing slices", [&] {
    const torch::InferenceMode inference;
    const TorchThreadScope     threads(static_cast<int>(settings.numberOfThreads));
    Engine                     engine(model, stack, settings);
    const TorchAutocastScope   autocast(settings.precision, torch::Device(settings.device).type());
    engine.Run(positions, receive, progress);
  });
}
} // end namespace itk
