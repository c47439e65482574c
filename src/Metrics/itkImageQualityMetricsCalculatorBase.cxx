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

#include "itkImageQualityMetricsCalculatorBase.h"

#include "itkForkGuard.h"
#include "itkImageBuffers.h"
#include "itkSeparableWindows.h"
#include "itkTorchThreadScope.h"

#include "itkMath.h"
#include "itkMultiThreaderBase.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <sstream>

namespace itk
{
namespace
{
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

double
PSNROf(double meanSquaredError, double dataRange)
{
  return (meanSquaredError == 0.0) ? std::numeric_limits<double>::infinity()
                                   : 10.0 * std::log10(dataRange * dataRange / meanSquaredError);
}

/** The mean of the values that are not NaN. */
double
MeanOfDefined(const std::vector<double> & values)
{
  double        sum = 0.0;
  SizeValueType count = 0;
  for (const double value : values)
  {
    if (!std::isnan(value))
    {
      sum += value;
      ++count;
    }
  }
  return (count > 0) ? sum / static_cast<double>(count) : notANumber;
}

SizeValueType
Product(const std::vector<SizeValueType> & sides)
{
  return std::accumulate(sides.begin(), sides.end(), SizeValueType{ 1 }, std::multiplies<>());
}

/** That of work units, or ITK's default for 0. */
ThreadIdType
NumberOfThreads(ThreadIdType workUnits)
{
  const bool isExplicit = workUnits > 0;
  return ForkGuard::LimitThreads(isExplicit ? workUnits : MultiThreaderBase::GetGlobalDefaultNumberOfThreads(),
                                 isExplicit);
}

double
HFENOf(const std::array<double, 2> & sums)
{
  return sums[0] == 0.0 ? 0.0 : sums[1] > 0.0 ? std::sqrt(sums[0] / sums[1]) : notANumber;
}

/** Sums over a row, and whether all of it is finite. */
struct RowSums
{
  double squaredErrors{ 0.0 };
  double absoluteErrors{ 0.0 };
  double x{ 0.0 };
  double y{ 0.0 };
  double xx{ 0.0 };
  double yy{ 0.0 };
  double xy{ 0.0 };
};

/** Four sums of everything, which the compiler computes side by side. */
LSSR_FOR_EACH_PROCESSOR void
SumRow(const double * x, const double * y, SizeValueType count, double originX, double originY, RowSums & sums)
{
  constexpr SizeValueType lanes = 4;
  double                  se[lanes]{}, ae[lanes]{}, sx[lanes]{}, sy[lanes]{}, sxx[lanes]{}, syy[lanes]{}, sxy[lanes]{};
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      const double difference = x[i + lane] - y[i + lane];
      const double a = x[i + lane] - originX;
      const double b = y[i + lane] - originY;
      se[lane] += difference * difference;
      ae[lane] += std::abs(difference);
      sx[lane] += a;
      sy[lane] += b;
      sxx[lane] += a * a;
      syy[lane] += b * b;
      sxy[lane] += a * b;
    }
  }
  const auto total = [](const double * values) { return (values[0] + values[1]) + (values[2] + values[3]); };
  sums = { total(se), total(ae), total(sx), total(sy), total(sxx), total(syy), total(sxy) };
  for (; i < count; ++i)
  {
    const double difference = x[i] - y[i];
    const double a = x[i] - originX;
    const double b = y[i] - originY;
    sums.squaredErrors += difference * difference;
    sums.absoluteErrors += std::abs(difference);
    sums.x += a;
    sums.y += b;
    sums.xx += a * a;
    sums.yy += b * b;
    sums.xy += a * b;
  }
}

LSSR_FOR_EACH_PROCESSOR double
SumOfMagnitudes(const double * values, SizeValueType count)
{
  constexpr SizeValueType lanes = 4;
  double                  sums[lanes]{};
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      sums[lane] += std::abs(values[i + lane]);
    }
  }
  double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (; i < count; ++i)
  {
    sum += std::abs(values[i]);
  }
  return sum;
}

LSSR_FOR_EACH_PROCESSOR void
FindExtremes(const double * values, SizeValueType count, double & minimum, double & maximum)
{
  constexpr SizeValueType lanes = 4;
  double                  low[lanes] = { minimum, minimum, minimum, minimum };
  double                  high[lanes] = { maximum, maximum, maximum, maximum };
  SizeValueType           i = 0;
  for (; i + lanes <= count; i += lanes)
  {
    for (SizeValueType lane = 0; lane < lanes; ++lane)
    {
      low[lane] = values[i + lane] < low[lane] ? values[i + lane] : low[lane];
      high[lane] = values[i + lane] > high[lane] ? values[i + lane] : high[lane];
    }
  }
  minimum = std::min(std::min(low[0], low[1]), std::min(low[2], low[3]));
  maximum = std::max(std::max(high[0], high[1]), std::max(high[2], high[3]));
  for (; i < count; ++i)
  {
    minimum = std::min(minimum, values[i]);
    maximum = std::max(maximum, values[i]);
  }
}

/** Selected values, one after the other. */
SizeValueType
Select(const double * values, const unsigned char * mask, SizeValueType count, std::vector<double> & selected)
{
  selected.clear();
  for (SizeValueType i = 0; i < count; ++i)
  {
    if (mask[i] != 0)
    {
      selected.push_back(values[i]);
    }
  }
  return selected.size();
}
} // namespace

/** What the work on slices needs, beside the slice. */
struct ImageQualityMetricsCalculatorBase::Workspace
{
  bool                                       errors{ false };
  bool                                       structure{ false };
  bool                                       hasMask{ false };
  double                                     originX{ 0.0 };
  double                                     originY{ 0.0 };
  ImageQualityMetricsKernels::SSIMParameters ssim;
  /** Within a slice. */
  ParallelType parallel;
  /** Of the slice. */
  std::vector<double>        x;
  std::vector<double>        y;
  std::vector<unsigned char> mask;
};

void
ImageQualityMetricsCalculatorBase::PixelSums::AddRow(const double *        x,
                                                     const double *        y,
                                                     const unsigned char * mask,
                                                     SizeValueType         count,
                                                     double                originX,
                                                     double                originY)
{
  // What is not finite makes the sum so; of finite values, only huge ones do.
  double sum = 0.0;
  for (const double * row : { x, y })
  {
    sum += SumOfMagnitudes(row, count);
  }
  const auto isFinite = [](double value) { return std::isfinite(value); };
  IsFinite =
    IsFinite && (std::isfinite(sum) || (std::all_of(x, x + count, isFinite) && std::all_of(y, y + count, isFinite)));
  FindExtremes(x, count, ReferenceMinimum, ReferenceMaximum);
  std::vector<double> selectedX;
  std::vector<double> selectedY;
  if (mask != nullptr)
  {
    Select(y, mask, count, selectedY);
    count = Select(x, mask, count, selectedX);
    x = selectedX.data();
    y = selectedY.data();
  }
  RowSums sums;
  SumRow(x, y, count, originX, originY, sums);
  if (mask == nullptr)
  {
    MinimumX = ReferenceMinimum;
    MaximumX = ReferenceMaximum;
  }
  else
  {
    FindExtremes(x, count, MinimumX, MaximumX);
  }
  FindExtremes(y, count, MinimumY, MaximumY);
  SquaredErrors += sums.squaredErrors;
  AbsoluteErrors += sums.absoluteErrors;
  X += sums.x;
  Y += sums.y;
  XX += sums.xx;
  YY += sums.yy;
  XY += sums.xy;
  Count += count;
}

void
ImageQualityMetricsCalculatorBase::PixelSums::Add(const PixelSums & other)
{
  SquaredErrors += other.SquaredErrors;
  AbsoluteErrors += other.AbsoluteErrors;
  X += other.X;
  Y += other.Y;
  XX += other.XX;
  YY += other.YY;
  XY += other.XY;
  Count += other.Count;
  MinimumX = std::min(MinimumX, other.MinimumX);
  MaximumX = std::max(MaximumX, other.MaximumX);
  MinimumY = std::min(MinimumY, other.MinimumY);
  MaximumY = std::max(MaximumY, other.MaximumY);
  ReferenceMinimum = std::min(ReferenceMinimum, other.ReferenceMinimum);
  ReferenceMaximum = std::max(ReferenceMaximum, other.ReferenceMaximum);
  IsFinite = IsFinite && other.IsFinite;
}

auto
ImageQualityMetricsCalculatorBase::MakeParallel() const -> ParallelType
{
  if (NumberOfThreads(m_NumberOfWorkUnits) == 1)
  {
    return ImageQualityMetricsKernels::Serially;
  }
  MultiThreaderBase::Pointer multiThreader = MultiThreaderBase::New();
  if (m_NumberOfWorkUnits > 0)
  {
    multiThreader->SetMaximumNumberOfThreads(m_NumberOfWorkUnits);
    multiThreader->SetNumberOfWorkUnits(m_NumberOfWorkUnits);
  }
  return [multiThreader](SizeValueType count, const std::function<void(SizeValueType)> & function) {
    // Not every threader hands on an exception of its threads.
    std::exception_ptr exception;
    std::mutex         mutex;
    multiThreader->ParallelizeArray(
      0,
      count,
      [&](SizeValueType i) {
        try
        {
          function(i);
        }
        catch (...)
        {
          const std::lock_guard<std::mutex> lock(mutex);
          exception = std::current_exception();
        }
      },
      nullptr);
    if (exception)
    {
      std::rethrow_exception(exception);
    }
  };
}

void
ImageQualityMetricsCalculatorBase::Compute()
{
  m_ResultsMTime = 0;
  this->VerifyImages();
  const SliceLayout layout = this->MakeLayout();
  this->VerifyParameters(layout);

  const ModifiedTimeType   inputMTime = this->GetInputMTime();
  std::vector<SliceResult> slices(layout.NumberOfSlices);
  const ImageProperties    image = this->GetImageProperties();
  m_SSIMMap.clear();
  m_SSIM3DMap.clear();
  if (m_KeepSSIMMaps)
  {
    const SizeValueType pixels = Product(image.Size);
    m_SSIMMap.resize(m_ComputeSSIM ? pixels : 0);
    m_SSIM3DMap.resize(m_ComputeSSIM3D ? pixels : 0);
  }

  // One pass over the images, or two if the data range has to be found first.
  const bool isDataRangeKnown = m_DataRange > 0.0 || m_DataRangeSource == DataRangeSourceEnum::PixelType;
  m_DataRangeUsed = isDataRangeKnown ? this->FindDataRange({}) : 0.0;
  this->ProcessSlices(layout, true, this->HasSliceMetrics() && isDataRangeKnown, slices);
  PixelSums total;
  for (const SliceResult & slice : slices)
  {
    total.Add(slice.Sums);
  }
  this->VerifyPixels(layout, slices, total);
  if (!isDataRangeKnown)
  {
    m_DataRangeUsed = this->FindDataRange(total);
    if (this->HasSliceMetrics())
    {
      this->ProcessSlices(layout, false, true, slices);
    }
  }
  this->StoreResults(slices, total);
  if (m_ComputeSSIM3D)
  {
    this->ComputeVolumeSSIM(layout, total);
  }
  if (m_ComputeNMI)
  {
    this->ComputeJointHistogram(layout, total);
  }
  if (m_ComputeFourierCorrelation)
  {
    this->ComputeFourierShells();
  }
  m_ResultsMTime = inputMTime;
}

double
ImageQualityMetricsCalculatorBase::FindDataRange(const PixelSums & total) const
{
  if (m_DataRange > 0.0)
  {
    return m_DataRange;
  }
  switch (m_DataRangeSource)
  {
    case DataRangeSourceEnum::PixelType:
      return this->GetImageProperties().PixelTypeRange;
    case DataRangeSourceEnum::ReferenceMaximum:
      return total.ReferenceMaximum;
    default:
      return total.ReferenceMaximum - total.ReferenceMinimum;
  }
}

bool
ImageQualityMetricsCalculatorBase::HasSliceMetrics() const
{
  return m_ComputeSSIM || m_ComputeMultiScaleSSIM || m_ComputeVIFp || m_ComputeWaveletVIF || m_ComputeGMSD ||
         m_ComputeHFEN;
}

auto
ImageQualityMetricsCalculatorBase::MakeSSIMParameters() const -> ImageQualityMetricsKernels::SSIMParameters
{
  ImageQualityMetricsKernels::SSIMParameters parameters;
  parameters.GaussianSigma = m_GaussianSigma;
  parameters.Radius = m_SSIMRadius;
  parameters.K1 = m_K1;
  parameters.K2 = m_K2;
  parameters.DynamicRange = m_DataRangeUsed;
  parameters.UniformWindow = m_SSIMWindow == SSIMWindowEnum::Uniform;
  parameters.UseSampleCovariance = m_UseSampleCovariance;
  // A map is whole in any case, and averaged over the part that counts.
  parameters.MirrorBorders = m_AverageWholeMap || m_KeepSSIMMaps;
  return parameters;
}

void
ImageQualityMetricsCalculatorBase::VerifyParameters(const SliceLayout & layout) const
{
  const ImageProperties image = this->GetImageProperties();
  if (!(m_DataRange >= 0.0) || std::isinf(m_DataRange))
  {
    itkExceptionMacro("DataRange must be positive and finite, or 0 for that of the reference image (got " << m_DataRange
                                                                                                          << ").");
  }
  if (m_DataRange == 0.0 && m_DataRangeSource == DataRangeSourceEnum::PixelType && image.HasFloatingPointPixels)
  {
    itkExceptionMacro("DataRange must be set (got 0), because the pixel type is a floating-point type, whose range is "
                      "no data range; or choose another DataRangeSource (got "
                      << m_DataRangeSource << ").");
  }
  if (image.Size.size() > 2 && m_SliceAxis > 2)
  {
    itkExceptionMacro("SliceAxis must be 0, 1 or 2 (got " << m_SliceAxis << ").");
  }
  if (m_NumberOfHistogramBins < 2)
  {
    itkExceptionMacro("NumberOfHistogramBins must be at least 2 (got " << m_NumberOfHistogramBins << ").");
  }
  if (m_ComputeSSIM3D && image.Size.size() < 3)
  {
    itkExceptionMacro("ComputeSSIM3D needs an image of at least 3 dimensions (got " << image.Size.size() << ").");
  }

  std::ostringstream slices;
  slices << "the slices have " << layout.Width << " x " << layout.Height << " pixels (axes " << layout.AxisX << " and "
         << layout.AxisY << ')';
  const SizeValueType side = std::min(layout.Width, layout.Height);
  if (m_ComputeSSIM || m_ComputeSSIM3D || m_ComputeMultiScaleSSIM)
  {
    if (!(m_GaussianSigma > 0.0) || std::isinf(m_GaussianSigma))
    {
      itkExceptionMacro("GaussianSigma must be strictly positive and finite (got " << m_GaussianSigma << ").");
    }
    if (m_SSIMRadius < 1)
    {
      itkExceptionMacro("SSIMRadius must be at least 1 (got " << m_SSIMRadius << ").");
    }
    if (!(m_K1 > 0.0) || std::isinf(m_K1))
    {
      itkExceptionMacro("K1 must be strictly positive and finite (got " << m_K1 << ").");
    }
    if (!(m_K2 > 0.0) || std::isinf(m_K2))
    {
      itkExceptionMacro("K2 must be strictly positive and finite (got " << m_K2 << ").");
    }
    const SizeValueType smallest = 2 * SizeValueType{ m_SSIMRadius } + 1;
    if (m_ComputeSSIM && side < smallest)
    {
      itkExceptionMacro("SSIM with SSIMRadius " << m_SSIMRadius << " needs slices of at least " << smallest << " x "
                                                << smallest << " pixels, but " << slices.str()
                                                << ". Switch ComputeSSIM off or choose a smaller SSIMRadius.");
    }
    if (m_ComputeSSIM3D && std::min(side, layout.SlicesPerFrame) < smallest)
    {
      itkExceptionMacro("SSIM3D with SSIMRadius "
                        << m_SSIMRadius << " needs volumes of at least " << smallest << " pixels along each axis, but "
                        << slices.str() << " and there are " << layout.SlicesPerFrame
                        << " of them. Switch ComputeSSIM3D off or choose a smaller SSIMRadius.");
    }
  }
  const auto verifySide = [&](bool isOn, const char * name, SizeValueType smallest) {
    if (isOn && side < smallest)
    {
      itkExceptionMacro(<< name << " needs slices of at least " << smallest << " x " << smallest << " pixels, but "
                        << slices.str() << ". Switch Compute" << name << " off.");
    }
  };
  verifySide(m_ComputeMultiScaleSSIM,
             "MultiScaleSSIM",
             ImageQualityMetricsKernels::MultiScaleSSIMMinimumSize(this->MakeSSIMParameters()));
  verifySide(m_ComputeVIFp, "VIFp", ImageQualityMetricsKernels::VIFpMinimumSize);
  verifySide(m_ComputeWaveletVIF, "WaveletVIF", ImageQualityMetricsKernels::WaveletVIFMinimumSize);
  verifySide(m_ComputeGMSD, "GMSD", ImageQualityMetricsKernels::GMSDMinimumSize);
}

void
ImageQualityMetricsCalculatorBase::VerifyPixels(const SliceLayout &              layout,
                                                const std::vector<SliceResult> & slices,
                                                const PixelSums &                total) const
{
  if (!total.IsFinite)
  {
    itkExceptionMacro("All pixels must be finite, but " << this->DescribeNonFinitePixel() << '.');
  }
  if (m_DataRange == 0.0)
  {
    const double range = this->FindDataRange(total);
    if (!(range > 0.0) || std::isinf(range))
    {
      itkExceptionMacro(
        "DataRange must be set, because "
        << (m_DataRangeSource == DataRangeSourceEnum::ReferenceMaximum ? "the maximum" : "maximum minus minimum")
        << " of the reference image is " << range << " (all of its pixels are between " << total.ReferenceMinimum
        << " and " << total.ReferenceMaximum << "), and the range must be strictly positive.");
    }
  }
  const ImageProperties image = this->GetImageProperties();
  if (!image.HasMask)
  {
    return;
  }
  if (total.Count == 0)
  {
    const SizeValueType pixels = Product(image.Size);
    itkExceptionMacro("The mask image selects no pixel: 0 of " << pixels << " are nonzero; at least one is needed.");
  }
  if (!m_ComputeSSIM || m_AverageWholeMap)
  {
    return;
  }
  const SizeValueType        radius = m_SSIMRadius;
  std::vector<unsigned char> row(layout.Width);
  for (SizeValueType s = 0; s < layout.NumberOfSlices; ++s)
  {
    for (SizeValueType y = radius; y + radius < layout.Height && slices[s].Sums.Count > 0; ++y)
    {
      this->CopyMaskPixels(layout.GetOffset(s) + y * layout.StrideY, layout.StrideX, layout.Width, row.data());
      if (std::any_of(row.begin() + radius, row.end() - radius, [](unsigned char value) { return value != 0; }))
      {
        return;
      }
    }
  }
  itkExceptionMacro("None of the " << total.Count
                                   << " pixels that the mask image selects is at least SSIMRadius = " << m_SSIMRadius
                                   << " pixels away from the slices' border; SSIM needs one. Switch ComputeSSIM off or "
                                      "choose a smaller SSIMRadius.");
}

auto
ImageQualityMetricsCalculatorBase::MakeLayout() const -> SliceLayout
{
  const std::vector<SizeValueType> size = this->GetImageProperties().Size;
  std::vector<SizeValueType>       stride(size.size(), 1);
  for (size_t i = 1; i < size.size(); ++i)
  {
    stride[i] = stride[i - 1] * size[i - 1];
  }
  SliceLayout layout;
  if (size.size() > 2)
  {
    // An axis that does not exist is refused later.
    const unsigned int axis = std::min(m_SliceAxis, 2u);
    layout.AxisX = (axis == 0) ? 1 : 0;
    layout.AxisY = (axis == 2) ? 1 : 2;
    layout.SlicesPerFrame = size[axis];
    layout.StrideSlice = stride[axis];
    layout.NumberOfSlices = layout.SlicesPerFrame;
  }
  if (size.size() > 3)
  {
    layout.StrideFrame = stride[3];
    layout.NumberOfSlices *= size[3];
  }
  layout.Width = size[layout.AxisX];
  layout.Height = size[layout.AxisY];
  layout.StrideX = stride[layout.AxisX];
  layout.StrideY = stride[layout.AxisY];
  return layout;
}

void
ImageQualityMetricsCalculatorBase::ProcessSlices(const SliceLayout &        layout,
                                                 bool                       errors,
                                                 bool                       structure,
                                                 std::vector<SliceResult> & slices)
{
  Workspace workspace;
  workspace.errors = errors;
  workspace.structure = structure;
  workspace.hasMask = this->GetImageProperties().HasMask;
  workspace.ssim = this->MakeSSIMParameters();
  this->CopyPixels(false, 0, 1, 1, &workspace.originX);
  this->CopyPixels(true, 0, 1, 1, &workspace.originY);
  if (!Math::isfinite(workspace.originX) || !Math::isfinite(workspace.originY))
  {
    workspace.originX = 0.0;
    workspace.originY = 0.0;
  }

  const ParallelType parallel = this->MakeParallel();
  const ThreadIdType threads = NumberOfThreads(m_NumberOfWorkUnits);
  // Many slices at a time, or one at a time in parts: the parts are the same in either case.
  if (layout.NumberOfSlices >= 2 * SizeValueType{ threads })
  {
    workspace.parallel = ImageQualityMetricsKernels::Serially;
    parallel(layout.NumberOfSlices,
             [&](SizeValueType slice) { this->ProcessSlice(layout, slice, workspace, slices[slice]); });
    return;
  }
  workspace.parallel = parallel;
  for (SizeValueType slice = 0; slice < layout.NumberOfSlices; ++slice)
  {
    this->ProcessSlice(layout, slice, workspace, slices[slice]);
  }
}

void
ImageQualityMetricsCalculatorBase::ProcessSlice(const SliceLayout & layout,
                                                SizeValueType       slice,
                                                const Workspace &   common,
                                                SliceResult &       result)
{
  using ImageBuffers::BandHeight;
  const SizeValueType pixels = layout.Width * layout.Height;
  Workspace           workspace = common;
  workspace.x.resize(common.structure ? pixels : 0);
  workspace.y.resize(common.structure ? pixels : 0);
  workspace.mask.resize(common.structure && common.hasMask ? pixels : 0);

  std::vector<PixelSums> bands(ImageBuffers::NumberOfBands(layout.Height));
  common.parallel(bands.size(), [&](SizeValueType band) {
    // The structural metrics need whole slices, the errors only one row at a time.
    std::vector<double>        rowX(common.structure ? 0 : layout.Width);
    std::vector<double>        rowY(common.structure ? 0 : layout.Width);
    std::vector<unsigned char> rowMask(common.hasMask && !common.structure ? layout.Width : 0);
    const SizeValueType        end = std::min((band + 1) * BandHeight, layout.Height);
    for (SizeValueType row = band * BandHeight; row < end; ++row)
    {
      const SizeValueType offset = layout.GetOffset(slice) + row * layout.StrideY;
      const SizeValueType start = row * layout.Width;
      double * const      x = common.structure ? workspace.x.data() + start : rowX.data();
      double * const      y = common.structure ? workspace.y.data() + start : rowY.data();
      this->CopyPixels(false, offset, layout.StrideX, layout.Width, x);
      this->CopyPixels(true, offset, layout.StrideX, layout.Width, y);
      unsigned char * mask = nullptr;
      if (common.hasMask)
      {
        mask = common.structure ? workspace.mask.data() + start : rowMask.data();
        this->CopyMaskPixels(offset, layout.StrideX, layout.Width, mask);
      }
      if (common.errors)
      {
        bands[band].AddRow(x, y, mask, layout.Width, common.originX, common.originY);
      }
    }
  });
  if (common.errors)
  {
    for (const PixelSums & band : bands)
    {
      result.Sums.Add(band);
    }
  }
  if (!common.structure || !result.Sums.IsFinite)
  {
    return;
  }

  const auto measure = [&](bool isOn, double & value, const auto & metric) {
    if (isOn)
    {
      value = metric(workspace.x.data(), workspace.y.data(), layout.Width, layout.Height);
    }
  };
  using Kernels = ImageQualityMetricsKernels;
  // A slice without selected pixels has no SSIM, but a map.
  if (m_ComputeSSIM && (result.Sums.Count > 0 || m_KeepSSIMMaps))
  {
    this->ComputeSliceSSIM(layout, slice, workspace, result);
  }
  measure(m_ComputeMultiScaleSSIM, result.MultiScaleSSIM, [&](auto... arguments) {
    return Kernels::MultiScaleSSIM(arguments..., workspace.ssim, workspace.parallel);
  });
  measure(m_ComputeVIFp, result.VIFp, [&](auto... arguments) {
    return Kernels::VIFp(arguments..., m_DataRangeUsed, workspace.parallel);
  });
  measure(m_ComputeWaveletVIF, result.WaveletVIF, [&](auto... arguments) {
    return Kernels::WaveletVIF(arguments..., m_DataRangeUsed, workspace.parallel);
  });
  measure(m_ComputeGMSD, result.GMSD, [&](auto... arguments) { return Kernels::GMSD(arguments..., m_DataRangeUsed); });
  if (m_ComputeHFEN)
  {
    result.HFENSums =
      Kernels::HFENSums(workspace.x.data(), workspace.y.data(), layout.Width, layout.Height, workspace.parallel);
  }
}

void
ImageQualityMetricsCalculatorBase::ComputeSliceSSIM(const SliceLayout & layout,
                                                    SizeValueType       slice,
                                                    const Workspace &   workspace,
                                                    SliceResult &       result)
{
  const unsigned char * const mask = workspace.mask.empty() ? nullptr : workspace.mask.data();
  std::vector<double>         map(m_KeepSSIMMaps ? layout.Width * layout.Height : 0);
  result.SSIM = ImageQualityMetricsKernels::SSIM(workspace.x.data(),
                                                 workspace.y.data(),
                                                 layout.Width,
                                                 layout.Height,
                                                 workspace.ssim,
                                                 mask,
                                                 m_KeepSSIMMaps ? map.data() : nullptr,
                                                 workspace.parallel);
  if (!m_KeepSSIMMaps)
  {
    return;
  }
  const SizeValueType                    inset = m_AverageWholeMap ? 0 : m_SSIMRadius;
  ImageQualityMetricsKernels::SSIMResult inner;
  for (SizeValueType y = 0; y < layout.Height; ++y)
  {
    for (SizeValueType x = 0; x < layout.Width; ++x)
    {
      const SizeValueType i = y * layout.Width + x;
      m_SSIMMap[layout.GetOffset(slice) + y * layout.StrideY + x * layout.StrideX] = map[i];
      const bool isInside =
        y >= inset && y + inset < layout.Height && x >= inset && x + inset < layout.Width && (!mask || mask[i] != 0);
      inner.Sum += isInside ? map[i] : 0.0;
      inner.Count += isInside ? 1 : 0;
    }
  }
  result.SSIM = inner;
}

void
ImageQualityMetricsCalculatorBase::StoreResults(const std::vector<SliceResult> & slices, const PixelSums & total)
{
  ImageQualityMetricsKernels::SSIMResult pooledSSIM;
  std::array<double, 2>                  hfenSums{};
  for (auto * list : { &m_SliceMSE,
                       &m_SlicePSNR,
                       &m_SliceSSIM,
                       &m_SliceMultiScaleSSIM,
                       &m_SliceVIFp,
                       &m_SliceWaveletVIF,
                       &m_SliceGMSD,
                       &m_SliceHFEN })
  {
    list->clear();
  }
  for (const SliceResult & slice : slices)
  {
    pooledSSIM.Sum += slice.SSIM.Sum;
    pooledSSIM.Count += slice.SSIM.Count;
    hfenSums[0] += slice.HFENSums[0];
    hfenSums[1] += slice.HFENSums[1];
    m_SliceMSE.push_back(slice.Sums.Count > 0 ? slice.Sums.SquaredErrors / static_cast<double>(slice.Sums.Count)
                                              : notANumber);
    m_SlicePSNR.push_back(PSNROf(m_SliceMSE.back(), m_DataRangeUsed));
    m_SliceSSIM.push_back(slice.SSIM.GetMean());
    m_SliceMultiScaleSSIM.push_back(slice.MultiScaleSSIM);
    m_SliceVIFp.push_back(slice.VIFp);
    m_SliceWaveletVIF.push_back(slice.WaveletVIF);
    m_SliceGMSD.push_back(slice.GMSD);
    m_SliceHFEN.push_back(HFENOf(slice.HFENSums));
  }
  const auto n = static_cast<double>(total.Count);
  m_MSE = total.SquaredErrors / n;
  m_MAE = total.AbsoluteErrors / n;
  m_PooledSSIM = pooledSSIM.GetMean();
  m_HFEN = HFENOf(hfenSums);

  const double varianceX = total.XX - total.X * total.X / n;
  const double varianceY = total.YY - total.Y * total.Y / n;
  const double covariance = total.XY - total.X * total.Y / n;
  m_PearsonCorrelation = varianceX > 0.0 && varianceY > 0.0
                           ? std::clamp(covariance / std::sqrt(varianceX * varianceY), -1.0, 1.0)
                           : notANumber;

  double origin = 0.0;
  this->CopyPixels(false, 0, 1, 1, &origin);
  const double mean = origin + total.X / n;
  double       scale = 0.0;
  switch (m_NRMSENormalization)
  {
    case NRMSENormalizationEnum::MinimumMaximum:
      scale = total.MaximumX - total.MinimumX;
      break;
    case NRMSENormalizationEnum::Mean:
      scale = mean;
      break;
    default:
      scale = std::sqrt(std::max(0.0, varianceX / n + mean * mean));
  }
  m_NRMSE = std::sqrt(m_MSE) / scale;
}

void
ImageQualityMetricsCalculatorBase::ComputeVolumeSSIM(const SliceLayout & layout, const PixelSums & total)
{
  using Kernels = ImageQualityMetricsKernels;
  const ImageProperties image = this->GetImageProperties();
  const auto            n = static_cast<double>(total.Count);
  std::array<double, 2> offsets{ total.X / n, total.Y / n };
  for (const bool test : { false, true })
  {
    double origin = 0.0;
    this->CopyPixels(test, 0, 1, 1, &origin);
    offsets[test ? 1 : 0] += origin;
  }
  const ParallelType  parallel = this->MakeParallel();
  const auto          parameters = this->MakeSSIMParameters();
  const SizeValueType frames = layout.NumberOfSlices / layout.SlicesPerFrame;
  // The volume's own order of axes, whatever the slices are: rows are contiguous.
  const std::array<SizeValueType, 3> size{ image.Size[0], image.Size[1], image.Size[2] };
  Kernels::SSIMResult                pooled;
  for (SizeValueType frame = 0; frame < frames; ++frame)
  {
    const auto offset = [&](SizeValueType slice, SizeValueType row) {
      return frame * layout.StrideFrame + (slice * size[1] + row) * size[0];
    };
    const auto reader = [&](bool test) {
      return [this, offset, test, &size](SizeValueType slice, SizeValueType row, double * values) {
        this->CopyPixels(test, offset(slice, row), 1, size[0], values);
      };
    };
    Kernels::MaskReaderType mask;
    if (image.HasMask)
    {
      mask = [&](SizeValueType slice, SizeValueType row, unsigned char * values) {
        this->CopyMaskPixels(offset(slice, row), 1, size[0], values);
      };
    }
    Kernels::RowWriterType map;
    if (m_KeepSSIMMaps)
    {
      map = [&](SizeValueType slice, SizeValueType row, const double * values) {
        std::copy_n(values, size[0], m_SSIM3DMap.begin() + static_cast<OffsetValueType>(offset(slice, row)));
      };
    }
    const auto result = Kernels::SSIM3D(reader(false), reader(true), size, parameters, offsets, mask, map, parallel);
    pooled.Sum += result.Sum;
    pooled.Count += result.Count;
  }
  m_SSIM3D = pooled.GetMean();
  if (!m_KeepSSIMMaps || m_AverageWholeMap)
  {
    return;
  }
  // The map is whole, but only the part where windows fit is averaged.
  const SizeValueType        radius = m_SSIMRadius;
  std::vector<unsigned char> maskRow(size[0], 1);
  pooled = {};
  for (SizeValueType row = 0; row < frames * size[2] * size[1]; ++row)
  {
    const SizeValueType y = row % size[1];
    const SizeValueType z = (row / size[1]) % size[2];
    if (y < radius || y + radius >= size[1] || z < radius || z + radius >= size[2])
    {
      continue;
    }
    if (image.HasMask)
    {
      this->CopyMaskPixels(row * size[0], 1, size[0], maskRow.data());
    }
    for (SizeValueType x = radius; x + radius < size[0]; ++x)
    {
      pooled.Sum += maskRow[x] != 0 ? m_SSIM3DMap[row * size[0] + x] : 0.0;
      pooled.Count += maskRow[x] != 0 ? 1 : 0;
    }
  }
  m_SSIM3D = pooled.GetMean();
}

void
ImageQualityMetricsCalculatorBase::ComputeJointHistogram(const SliceLayout & layout, const PixelSums & total)
{
  const SizeValueType bins = m_NumberOfHistogramBins;
  const bool          hasMask = this->GetImageProperties().HasMask;
  // Edges as those of NumPy, so that the same pixels fall into the same bins.
  const auto makeEdges = [bins](double minimum, double maximum) {
    // All values in one bin.
    if (!(maximum > minimum))
    {
      minimum -= 0.5;
      maximum += 0.5;
    }
    const double        step = (maximum - minimum) / static_cast<double>(bins);
    std::vector<double> edges;
    for (SizeValueType i = 0; i < bins; ++i)
    {
      edges.push_back(static_cast<double>(i) * step + minimum);
    }
    edges.push_back(maximum);
    return edges;
  };
  const auto edgesX = makeEdges(total.MinimumX, total.MaximumX);
  const auto edgesY = makeEdges(total.MinimumY, total.MaximumY);
  const auto find = [bins](const std::vector<double> & edges, double value) {
    const double  position = (value - edges.front()) / (edges.back() - edges.front()) * static_cast<double>(bins);
    SizeValueType bin = std::min(static_cast<SizeValueType>(position), bins - 1);
    if (value < edges[bin])
    {
      --bin;
    }
    else if (bin + 1 < bins && value >= edges[bin + 1])
    {
      ++bin;
    }
    return bin;
  };

  std::vector<SizeValueType> histogram(bins * bins);
  std::mutex                 mutex;
  this->MakeParallel()(layout.NumberOfSlices, [&](SizeValueType slice) {
    std::vector<SizeValueType> part(bins * bins);
    std::vector<double>        x(layout.Width);
    std::vector<double>        y(layout.Width);
    std::vector<unsigned char> mask(layout.Width, 1);
    for (SizeValueType row = 0; row < layout.Height; ++row)
    {
      const SizeValueType offset = layout.GetOffset(slice) + row * layout.StrideY;
      this->CopyPixels(false, offset, layout.StrideX, layout.Width, x.data());
      this->CopyPixels(true, offset, layout.StrideX, layout.Width, y.data());
      if (hasMask)
      {
        this->CopyMaskPixels(offset, layout.StrideX, layout.Width, mask.data());
      }
      for (SizeValueType i = 0; i < layout.Width; ++i)
      {
        if (mask[i] != 0)
        {
          ++part[find(edgesX, x[i]) * bins + find(edgesY, y[i])];
        }
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    std::transform(part.begin(), part.end(), histogram.begin(), histogram.begin(), std::plus<>());
  });

  std::vector<SizeValueType> histogramX(bins);
  std::vector<SizeValueType> histogramY(bins);
  for (SizeValueType i = 0; i < bins * bins; ++i)
  {
    histogramX[i / bins] += histogram[i];
    histogramY[i % bins] += histogram[i];
  }
  const auto n = static_cast<double>(total.Count);
  const auto entropy = [n](const std::vector<SizeValueType> & counts) {
    double sum = 0.0;
    for (const SizeValueType count : counts)
    {
      const double p = static_cast<double>(count) / n;
      sum -= count > 0 ? p * std::log(p) : 0.0;
    }
    return sum;
  };
  const double joint = entropy(histogram);
  m_NMI = joint > 0.0 ? (entropy(histogramX) + entropy(histogramY)) / joint : notANumber;
}

void
ImageQualityMetricsCalculatorBase::ComputeFourierShells()
{
  using Kernels = ImageQualityMetricsKernels;
  const ImageProperties      image = this->GetImageProperties();
  const size_t               dimension = std::min<size_t>(3, image.Size.size());
  std::vector<SizeValueType> size(image.Size.begin(), image.Size.begin() + static_cast<OffsetValueType>(dimension));
  std::vector<double>        spacing(dimension, 1.0);
  if (m_UseImageSpacing)
  {
    std::copy_n(image.Spacing.begin(), dimension, spacing.begin());
  }
  const SizeValueType    pixels = Product(size);
  const ThreadIdType     threads = NumberOfThreads(m_NumberOfWorkUnits);
  const TorchThreadScope threadScope(static_cast<int>(threads));
  Kernels::FourierShells sums;
  for (SizeValueType frame = 0; frame < (image.Size.size() > 3 ? image.Size[3] : 1); ++frame)
  {
    std::vector<double> x(pixels);
    std::vector<double> y(pixels);
    this->CopyPixels(false, frame * pixels, 1, pixels, x.data());
    this->CopyPixels(true, frame * pixels, 1, pixels, y.data());
    const Kernels::FourierShells more = Kernels::FourierShellSums(x.data(), y.data(), size, spacing);
    if (sums.Radii.empty())
    {
      sums = more;
      continue;
    }
    for (size_t shell = 0; shell < sums.Radii.size(); ++shell)
    {
      sums.Cross[shell] += more.Cross[shell];
      sums.Power1[shell] += more.Power1[shell];
      sums.Power2[shell] += more.Power2[shell];
    }
  }
  m_FourierFrequencies = sums.Radii;
  m_FourierCorrelation.clear();
  for (size_t shell = 0; shell < sums.Radii.size(); ++shell)
  {
    const double power = std::sqrt(sums.Power1[shell] * sums.Power2[shell]);
    m_FourierCorrelation.push_back(power > 0.0 ? sums.Cross[shell] / power : notANumber);
  }
}

double
ImageQualityMetricsCalculatorBase::GetFourierResolution(double threshold) const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  for (size_t shell = 0; shell < m_FourierCorrelation.size(); ++shell)
  {
    const double here = m_FourierCorrelation[shell];
    if (!(here < threshold))
    {
      continue;
    }
    if (shell == 0)
    {
      return std::numeric_limits<double>::infinity();
    }
    const double before = m_FourierCorrelation[shell - 1];
    const double share = std::isnan(before) ? 1.0 : (before - threshold) / (before - here);
    const double width = m_FourierFrequencies[shell] - m_FourierFrequencies[shell - 1];
    return 1.0 / (m_FourierFrequencies[shell - 1] + share * width);
  }
  return 1.0 / m_FourierFrequencies.back();
}

void
ImageQualityMetricsCalculatorBase::VerifyResults(const char * name, bool isComputed) const
{
  if (m_ResultsMTime == 0)
  {
    itkExceptionMacro(<< name << " has not been computed: call Compute() before, successfully.");
  }
  if (m_ResultsMTime != this->GetInputMTime())
  {
    itkExceptionMacro(<< name
                      << " is stale: a parameter or an image has been modified since Compute(). Call it again.");
  }
  if (!isComputed)
  {
    itkExceptionMacro(<< name << " has not been computed: Compute" << name
                      << " is off. Switch it on, and call Compute().");
  }
}

const std::vector<double> &
ImageQualityMetricsCalculatorBase::GetMap(bool is3D) const
{
  this->VerifyResults(is3D ? "SSIM3D" : "SSIM", is3D ? m_ComputeSSIM3D : m_ComputeSSIM);
  if (!m_KeepSSIMMaps)
  {
    itkExceptionMacro("The map has not been kept: KeepSSIMMaps is off. Switch it on, and call Compute().");
  }
  return is3D ? m_SSIM3DMap : m_SSIMMap;
}

double
ImageQualityMetricsCalculatorBase::GetDataRangeUsed() const
{
  this->VerifyResults("DataRangeUsed");
  return m_DataRangeUsed;
}

SizeValueType
ImageQualityMetricsCalculatorBase::GetNumberOfSlices() const
{
  this->VerifyResults("NumberOfSlices");
  return m_SliceMSE.size();
}

double
ImageQualityMetricsCalculatorBase::GetMSE() const
{
  this->VerifyResults("MSE");
  return m_MSE;
}

double
ImageQualityMetricsCalculatorBase::GetRMSE() const
{
  this->VerifyResults("RMSE");
  return std::sqrt(m_MSE);
}

double
ImageQualityMetricsCalculatorBase::GetNRMSE() const
{
  this->VerifyResults("NRMSE");
  return m_NRMSE;
}

double
ImageQualityMetricsCalculatorBase::GetMAE() const
{
  this->VerifyResults("MAE");
  return m_MAE;
}

double
ImageQualityMetricsCalculatorBase::GetPSNR() const
{
  this->VerifyResults("PSNR");
  return PSNROf(m_MSE, m_DataRangeUsed);
}

double
ImageQualityMetricsCalculatorBase::GetMeanSlicePSNR() const
{
  this->VerifyResults("MeanSlicePSNR");
  return MeanOfDefined(m_SlicePSNR);
}

double
ImageQualityMetricsCalculatorBase::GetPearsonCorrelation() const
{
  this->VerifyResults("PearsonCorrelation");
  return m_PearsonCorrelation;
}

double
ImageQualityMetricsCalculatorBase::GetSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return MeanOfDefined(m_SliceSSIM);
}

double
ImageQualityMetricsCalculatorBase::GetPooledSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_PooledSSIM;
}

double
ImageQualityMetricsCalculatorBase::GetSSIM3D() const
{
  this->VerifyResults("SSIM3D", m_ComputeSSIM3D);
  return m_SSIM3D;
}

double
ImageQualityMetricsCalculatorBase::GetHFEN() const
{
  this->VerifyResults("HFEN", m_ComputeHFEN);
  return m_HFEN;
}

double
ImageQualityMetricsCalculatorBase::GetNMI() const
{
  this->VerifyResults("NMI", m_ComputeNMI);
  return m_NMI;
}

double
ImageQualityMetricsCalculatorBase::GetMultiScaleSSIM() const
{
  this->VerifyResults("MultiScaleSSIM", m_ComputeMultiScaleSSIM);
  return MeanOfDefined(m_SliceMultiScaleSSIM);
}

double
ImageQualityMetricsCalculatorBase::GetVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return MeanOfDefined(m_SliceVIFp);
}

double
ImageQualityMetricsCalculatorBase::GetWaveletVIF() const
{
  this->VerifyResults("WaveletVIF", m_ComputeWaveletVIF);
  return MeanOfDefined(m_SliceWaveletVIF);
}

double
ImageQualityMetricsCalculatorBase::GetGMSD() const
{
  this->VerifyResults("GMSD", m_ComputeGMSD);
  return MeanOfDefined(m_SliceGMSD);
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetFourierCorrelation() const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  return m_FourierCorrelation;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetFourierFrequencies() const
{
  this->VerifyResults("FourierCorrelation", m_ComputeFourierCorrelation);
  return m_FourierFrequencies;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceMSE() const
{
  this->VerifyResults("SliceMSE");
  return m_SliceMSE;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSlicePSNR() const
{
  this->VerifyResults("SlicePSNR");
  return m_SlicePSNR;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceSSIM() const
{
  this->VerifyResults("SSIM", m_ComputeSSIM);
  return m_SliceSSIM;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceMultiScaleSSIM() const
{
  this->VerifyResults("MultiScaleSSIM", m_ComputeMultiScaleSSIM);
  return m_SliceMultiScaleSSIM;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceVIFp() const
{
  this->VerifyResults("VIFp", m_ComputeVIFp);
  return m_SliceVIFp;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceWaveletVIF() const
{
  this->VerifyResults("WaveletVIF", m_ComputeWaveletVIF);
  return m_SliceWaveletVIF;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceGMSD() const
{
  this->VerifyResults("GMSD", m_ComputeGMSD);
  return m_SliceGMSD;
}

std::vector<double>
ImageQualityMetricsCalculatorBase::GetSliceHFEN() const
{
  this->VerifyResults("HFEN", m_ComputeHFEN);
  return m_SliceHFEN;
}

void
ImageQualityMetricsCalculatorBase::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);

  const auto printList = [&os, indent](const char * name, const std::vector<double> & values) {
    os << indent << name << ": [";
    for (SizeValueType i = 0; i < values.size(); ++i)
    {
      os << (i > 0 ? ", " : "") << values[i];
    }
    os << ']' << std::endl;
  };
  const auto print = [&os, indent](const char * name, const auto & value) {
    os << indent << name << ": " << value << std::endl;
  };
  const auto printSwitch = [&print](const char * name, bool isOn) { print(name, isOn ? "On" : "Off"); };

  print("DataRange", m_DataRange);
  print("DataRangeSource", m_DataRangeSource);
  print("SliceAxis", m_SliceAxis);
  print("NRMSENormalization", m_NRMSENormalization);
  print("SSIMWindow", m_SSIMWindow);
  print("GaussianSigma", m_GaussianSigma);
  print("SSIMRadius", m_SSIMRadius);
  printSwitch("UseSampleCovariance", m_UseSampleCovariance);
  printSwitch("AverageWholeMap", m_AverageWholeMap);
  print("K1", m_K1);
  print("K2", m_K2);
  print("NumberOfHistogramBins", m_NumberOfHistogramBins);
  printSwitch("UseImageSpacing", m_UseImageSpacing);
  printSwitch("ComputeSSIM", m_ComputeSSIM);
  printSwitch("ComputeSSIM3D", m_ComputeSSIM3D);
  printSwitch("ComputeMultiScaleSSIM", m_ComputeMultiScaleSSIM);
  printSwitch("ComputeVIFp", m_ComputeVIFp);
  printSwitch("ComputeWaveletVIF", m_ComputeWaveletVIF);
  printSwitch("ComputeGMSD", m_ComputeGMSD);
  printSwitch("ComputeHFEN", m_ComputeHFEN);
  printSwitch("ComputeFourierCorrelation", m_ComputeFourierCorrelation);
  printSwitch("ComputeNMI", m_ComputeNMI);
  printSwitch("KeepSSIMMaps", m_KeepSSIMMaps);
  print("NumberOfWorkUnits", m_NumberOfWorkUnits);
  print("ResultsMTime", m_ResultsMTime);
  print("DataRangeUsed", m_DataRangeUsed);
  print("MSE", m_MSE);
  print("MAE", m_MAE);
  print("NRMSE", m_NRMSE);
  print("PearsonCorrelation", m_PearsonCorrelation);
  print("PooledSSIM", m_PooledSSIM);
  print("SSIM3D", m_SSIM3D);
  print("HFEN", m_HFEN);
  print("NMI", m_NMI);
  printList("SliceMSE", m_SliceMSE);
  printList("SlicePSNR", m_SlicePSNR);
  printList("SliceSSIM", m_SliceSSIM);
  printList("SliceMultiScaleSSIM", m_SliceMultiScaleSSIM);
  printList("SliceVIFp", m_SliceVIFp);
  printList("SliceWaveletVIF", m_SliceWaveletVIF);
  printList("SliceGMSD", m_SliceGMSD);
  printList("SliceHFEN", m_SliceHFEN);
  printList("FourierCorrelation", m_FourierCorrelation);
  printList("FourierFrequencies", m_FourierFrequencies);
  print("SSIMMap", m_SSIMMap.size());
  print("SSIM3DMap", m_SSIM3DMap.size());
}

std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::DataRangeSource value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMinimumMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMinimumMaximum";
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::ReferenceMaximum";
      case ImageQualityMetricsCalculatorEnums::DataRangeSource::PixelType:
        return "itk::ImageQualityMetricsCalculatorEnums::DataRangeSource::PixelType";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::DataRangeSource";
  }();
}

std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::SSIMWindow value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::SSIMWindow::Gaussian:
        return "itk::ImageQualityMetricsCalculatorEnums::SSIMWindow::Gaussian";
      case ImageQualityMetricsCalculatorEnums::SSIMWindow::Uniform:
        return "itk::ImageQualityMetricsCalculatorEnums::SSIMWindow::Uniform";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::SSIMWindow";
  }();
}

std::ostream &
operator<<(std::ostream & out, const ImageQualityMetricsCalculatorEnums::NRMSENormalization value)
{
  return out << [value] {
    switch (value)
    {
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::Euclidean:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::Euclidean";
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::MinimumMaximum:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::MinimumMaximum";
      case ImageQualityMetricsCalculatorEnums::NRMSENormalization::Mean:
        return "itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization::Mean";
    }
    return "INVALID VALUE FOR itk::ImageQualityMetricsCalculatorEnums::NRMSENormalization";
  }();
}
} // end namespace itk
