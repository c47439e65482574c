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
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkSliceTensors.h"
#include "itkTorchAutocastScope.h"
#include "itkTorchThreadScope.h"

#include "itkMultiThreaderBase.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace itk
{
namespace
{
using Position = LatentSliceSynthesizer::Position;
using Settings = LatentSliceSynthesizer::Settings;
using Stack = LatentSliceSynthesizer::Stack;

/** The mirrored margin on each side of a slice, in pixels of the network: zero padding reaches farther, but what it
 * does to the result there is lost in the noise. */
constexpr int64_t Margin = 8;

/** Pixels of the network that go into a batch: memory stays bounded, and the processor's caches are used. */
constexpr int64_t BatchPixels = 4 * 256 * 256;

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

int64_t
RoundUp(int64_t value, int64_t multiple)
{
  return (value + multiple - 1) / multiple * multiple;
}

/** Does the work of Synthesize(): slices in native pixels to latents, latents to slices in native pixels. */
class Engine
{
public:
  Engine(const AutoencoderModel * model, const Stack & stack, const Settings & settings)
    : m_Stack(stack)
    , m_Settings(settings)
    , m_Device(MakeDevice(settings.device))
    , m_Network(model->GetImplementation()->network)
    , m_Rows(static_cast<int64_t>(stack.rows))
    , m_Columns(static_cast<int64_t>(stack.columns))
    , m_NetworkRows(SliceTensors::NetworkLength(m_Rows, stack.rowSpacing, model->GetInPlaneSpacing()))
    , m_NetworkColumns(SliceTensors::NetworkLength(m_Columns, stack.columnSpacing, model->GetInPlaneSpacing()))
  {
    const int64_t multiple = int64_t{ 1 } << model->GetNumberOfPoolings();
    m_PaddedRows = RoundUp(m_NetworkRows + 2 * Margin, multiple);
    m_PaddedColumns = RoundUp(m_NetworkColumns + 2 * Margin, multiple);
    m_BatchSize = std::max<int64_t>(1, BatchPixels / (m_PaddedRows * m_PaddedColumns));
    if (!m_Device.is_cpu())
    {
      // The model stays where it is: other filters may be using it.
      m_Network = CloneNetwork(*m_Network);
      m_Network->eval();
      m_Network->to(m_Device);
    }
  }

  int64_t
  GetBatchSize() const
  {
    return m_BatchSize;
  }

  /** The slices at a few positions, (N, rows, columns) in native intensities on the CPU. */
  torch::Tensor
  Compute(const std::vector<Position> & positions)
  {
    this->Forget(positions.front().slice);
    this->EncodeFor(positions);

    std::vector<torch::Tensor> carried;
    carried.reserve(positions.size());
    for (const auto & position : positions)
    {
      carried.push_back(this->Carry(position));
    }
    torch::Tensor result = torch::cat(carried, 0);
    if (this->WindowIsEmpty())
    {
      return ToHost(result);
    }
    const double range = m_Settings.windowMaximum - m_Settings.windowMinimum;
    result += range * this->DecodeMixed(positions);
    if (m_Settings.outputMode == Settings::OutputModeEnum::Decoded ||
        m_Settings.outputMode == Settings::OutputModeEnum::PreserveAcquired)
    {
      result += m_Settings.windowMinimum;
    }
    return ToHost(result);
  }

private:
  /** What is kept of an acquired slice as long as positions around it are computed. */
  struct EncodedSlice
  {
    /** Native intensities, (1, 1, rows, columns). */
    torch::Tensor native;
    /** What the network is not shown, in native intensities: excess over the window, detail finer than its pixels. */
    torch::Tensor unseen;
    /** (1, channels, rows, columns) each. */
    AutoencoderNetwork::LatentType latent;
    /** The decoded latent at native pixels, made when ResidualCorrected asks for it. */
    torch::Tensor decoded;
  };

  static torch::Tensor
  ToHost(const torch::Tensor & slices)
  {
    return slices.to(torch::kCPU).squeeze(1).contiguous();
  }

  bool
  WindowIsEmpty() const
  {
    return !(m_Settings.windowMaximum > m_Settings.windowMinimum);
  }

  /** Drop slices that no later position needs. */
  void
  Forget(SizeValueType first)
  {
    m_Encoded.erase(m_Encoded.begin(), m_Encoded.lower_bound(first));
  }

  void
  EncodeFor(const std::vector<Position> & positions)
  {
    std::vector<SizeValueType> missing;
    for (const auto & position : positions)
    {
      for (const SizeValueType slice : { position.slice, position.slice + (position.alpha > 0.0 ? 1 : 0) })
      {
        if (m_Encoded.count(slice) == 0 && (missing.empty() || missing.back() < slice))
        {
          missing.push_back(slice);
        }
      }
    }
    for (size_t begin = 0; begin < missing.size(); begin += m_BatchSize)
    {
      const size_t end = std::min(missing.size(), begin + m_BatchSize);
      this->Encode({ missing.begin() + begin, missing.begin() + end });
    }
  }

  void
  Encode(const std::vector<SizeValueType> & numbers)
  {
    std::vector<torch::Tensor> slices;
    slices.reserve(numbers.size());
    for (const SizeValueType number : numbers)
    {
      const float * pixels = m_Stack.pixels + number * m_Stack.rows * m_Stack.columns;
      slices.push_back(torch::from_blob(const_cast<float *>(pixels), { 1, 1, m_Rows, m_Columns }).to(m_Device));
    }
    const torch::Tensor            native = torch::cat(slices, 0);
    torch::Tensor                  unseen;
    AutoencoderNetwork::LatentType latent;
    if (!this->WindowIsEmpty())
    {
      const double        range = m_Settings.windowMaximum - m_Settings.windowMinimum;
      const torch::Tensor windowed =
        SliceTensors::ApplyWindow(native, m_Settings.windowMinimum, m_Settings.windowMaximum);
      const torch::Tensor shown = SliceTensors::Resample(windowed, m_NetworkRows, m_NetworkColumns).clamp(0.0, 1.0);
      unseen = native - m_Settings.windowMinimum - range * SliceTensors::Resample(shown, m_Rows, m_Columns);
      latent = m_Network->Encode(this->ToNetwork(shown));
    }
    for (size_t i = 0; i < numbers.size(); ++i)
    {
      EncodedSlice encoded;
      const auto   n = static_cast<int64_t>(i);
      encoded.native = slices[i];
      if (!this->WindowIsEmpty())
      {
        encoded.unseen = unseen.narrow(0, n, 1);
        for (const auto & tensor : latent)
        {
          encoded.latent.push_back(tensor.narrow(0, n, 1));
        }
      }
      m_Encoded.emplace(numbers[i], std::move(encoded));
    }
  }

  torch::Tensor
  ToNetwork(const torch::Tensor & shown) const
  {
    return SliceTensors::MirrorPad(shown, m_PaddedRows, m_PaddedColumns).contiguous(torch::MemoryFormat::ChannelsLast);
  }

  /** Decode to [0, 1] at native pixels. */
  torch::Tensor
  Decode(const AutoencoderNetwork::LatentType & latent) const
  {
    const torch::Tensor decoded = m_Network->Decode(latent).to(torch::kFloat).contiguous();
    const torch::Tensor cropped =
      SliceTensors::CropCenter(decoded, m_NetworkRows, m_NetworkColumns).clamp(0.0, 1.0).contiguous();
    return SliceTensors::Resample(cropped, m_Rows, m_Columns);
  }

  template <typename TMember>
  torch::Tensor
  Interpolate(const Position & position, TMember EncodedSlice::* member) const
  {
    const torch::Tensor & first = m_Encoded.at(position.slice).*member;
    return position.alpha > 0.0 ? torch::lerp(first, m_Encoded.at(position.slice + 1).*member, position.alpha) : first;
  }

  /** What is interpolated linearly and not decoded. */
  torch::Tensor
  Carry(const Position & position) const
  {
    const bool all = this->WindowIsEmpty() || m_Settings.outputMode == Settings::OutputModeEnum::ResidualCorrected;
    return this->Interpolate(position, all ? &EncodedSlice::native : &EncodedSlice::unseen);
  }

  /** The network's share of the result, in units of the window. */
  torch::Tensor
  DecodeMixed(const std::vector<Position> & positions)
  {
    AutoencoderNetwork::LatentType batch(m_Encoded.at(positions.front().slice).latent.size());
    for (size_t i = 0; i < batch.size(); ++i)
    {
      std::vector<torch::Tensor> mixed;
      mixed.reserve(positions.size());
      for (const auto & position : positions)
      {
        const torch::Tensor & first = m_Encoded.at(position.slice).latent[i];
        mixed.push_back(position.alpha > 0.0
                          ? torch::lerp(first, m_Encoded.at(position.slice + 1).latent[i], position.alpha)
                          : first);
      }
      batch[i] = torch::cat(mixed, 0);
    }
    torch::Tensor decoded = this->Decode(batch);
    if (m_Settings.outputMode == Settings::OutputModeEnum::ResidualCorrected)
    {
      this->DecodeAcquired();
      std::vector<torch::Tensor> straight;
      straight.reserve(positions.size());
      for (const auto & position : positions)
      {
        straight.push_back(this->Interpolate(position, &EncodedSlice::decoded));
      }
      decoded = decoded - torch::cat(straight, 0);
    }
    return decoded;
  }

  /** Decode the latents of all slices at hand that have not been decoded yet. */
  void
  DecodeAcquired()
  {
    std::vector<EncodedSlice *> missing;
    for (auto & item : m_Encoded)
    {
      if (!item.second.decoded.defined())
      {
        missing.push_back(&item.second);
      }
    }
    for (size_t begin = 0; begin < missing.size(); begin += m_BatchSize)
    {
      const size_t                   end = std::min(missing.size(), begin + m_BatchSize);
      AutoencoderNetwork::LatentType batch(missing[begin]->latent.size());
      for (size_t tensor = 0; tensor < batch.size(); ++tensor)
      {
        std::vector<torch::Tensor> parts;
        for (size_t i = begin; i < end; ++i)
        {
          parts.push_back(missing[i]->latent[tensor]);
        }
        batch[tensor] = torch::cat(parts, 0);
      }
      const torch::Tensor decoded = this->Decode(batch);
      for (size_t i = begin; i < end; ++i)
      {
        missing[i]->decoded = decoded.narrow(0, static_cast<int64_t>(i - begin), 1);
      }
    }
  }

  const Stack &                         m_Stack;
  const Settings &                      m_Settings;
  torch::Device                         m_Device;
  std::shared_ptr<AutoencoderNetwork>   m_Network;
  int64_t                               m_Rows;
  int64_t                               m_Columns;
  int64_t                               m_NetworkRows;
  int64_t                               m_NetworkColumns;
  int64_t                               m_PaddedRows{ 0 };
  int64_t                               m_PaddedColumns{ 0 };
  int64_t                               m_BatchSize{ 1 };
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

void
LatentSliceSynthesizer::CheckDevice(const std::string & device)
{
  MakeDevice(device);
}

unsigned int
LatentSliceSynthesizer::GetNumberOfThreads(const ProcessObject * process)
{
  return std::min(process->GetNumberOfWorkUnits(), process->GetMultiThreader()->GetMaximumNumberOfThreads());
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
    const auto                 batchSize = static_cast<size_t>(engine.GetBatchSize());
    for (size_t begin = 0; begin < positions.size(); begin += batchSize)
    {
      const size_t        end = std::min(positions.size(), begin + batchSize);
      const torch::Tensor slices = engine.Compute({ positions.begin() + begin, positions.begin() + end });
      for (size_t i = begin; i < end; ++i)
      {
        receive(i, slices[static_cast<int64_t>(i - begin)].data_ptr<float>());
      }
      progress(static_cast<float>(end) / static_cast<float>(positions.size()));
    }
  });
}
} // end namespace itk
