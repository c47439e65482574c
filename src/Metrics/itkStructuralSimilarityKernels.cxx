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

#include "itkImageBuffers.h"
#include "itkStructuralSimilarityRows.h"

#include "itkMacro.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <type_traits>

namespace itk
{
namespace
{
using namespace StructuralSimilarityRows;
using SSIMParameters = ImageQualityMetricsKernels::SSIMParameters;
using SSIMResult = ImageQualityMetricsKernels::SSIMResult;

using ImageBuffers::BandHeight;
using ImageBuffers::Mean;
using ImageBuffers::NumberOfBands;

/** Rows of a part in 3D, where a band's slices are kept. */
constexpr SizeValueType BandHeight3D = 32;

/** The usual radii have their own code, as the compiler unrolls and vectorizes a fixed number of taps; 0 stands for the
 * others. */
template <typename TFunction>
auto
ForRadius(unsigned int radius, const TFunction & function)
{
  switch (radius)
  {
    case 5:
      return function(std::integral_constant<unsigned int, 5>());
    case 3:
      return function(std::integral_constant<unsigned int, 3>());
    default:
      return function(std::integral_constant<unsigned int, 0>());
  }
}

void
CheckWindow(const SSIMParameters & parameters, std::initializer_list<SizeValueType> sides)
{
  const SizeValueType taps = 2 * SizeValueType{ parameters.Radius } + 1;
  if (!parameters.MirrorBorders && *std::min_element(sides.begin(), sides.end()) < taps)
  {
    const std::string window = std::to_string(taps) + " x " + std::to_string(taps);
    std::string       size;
    for (const SizeValueType side : sides)
    {
      size += (size.empty() ? "" : " x ") + std::to_string(side);
    }
    const std::string third = sides.size() > 2 ? " x " + std::to_string(taps) : "";
    itkGenericExceptionMacro("SSIM with a window of " << window << third << " pixels needs an image of at least "
                                                      << window << third << " pixels (got " << size << ").");
  }
}

/** A row with its borders mirrored, which takes the place of one without. */
void
MirrorRow(std::vector<double> & row, SizeValueType width, SizeValueType margin)
{
  std::copy_backward(row.begin(), row.begin() + width, row.begin() + width + margin);
  for (SizeValueType x = 0; x < margin; ++x)
  {
    row[x] = row[margin + SeparableWindows::Mirror(
                            static_cast<OffsetValueType>(x) - static_cast<OffsetValueType>(margin), width)];
  }
  for (SizeValueType x = 0; x < margin; ++x)
  {
    row[margin + width + x] = row[margin + SeparableWindows::Mirror(static_cast<OffsetValueType>(width + x), width)];
  }
}

void
Add(SSIMResult & result, const double * similarity, SizeValueType count, const unsigned char * mask)
{
  if (mask == nullptr)
  {
    result.Sum += std::accumulate(similarity, similarity + count, 0.0);
    result.Count += count;
    return;
  }
  double sum = 0.0;
  for (SizeValueType x = 0; x < count; ++x)
  {
    if (mask[x] != 0)
    {
      sum += similarity[x];
      ++result.Count;
    }
  }
  result.Sum += sum;
}

SSIMResult
Total(const std::vector<SSIMResult> & parts)
{
  SSIMResult total;
  for (const SSIMResult & part : parts)
  {
    total.Sum += part.Sum;
    total.Count += part.Count;
  }
  return total;
}

/** Rows of two images, from wherever they come, as rows of maps; mirrored at the borders if that is asked for. */
class MapRows
{
public:
  MapRows(SizeValueType width, SizeValueType margin, const Constants & constants)
    : m_Width(width)
    , m_Margin(margin)
    , m_Constants(constants)
    , m_Row1(width + 2 * margin)
    , m_Row2(width + 2 * margin)
  {}

  template <typename TRead>
  void
  Make(const TRead & read, const RowsType & rows)
  {
    read(m_Row1.data(), m_Row2.data());
    if (m_Margin > 0)
    {
      MirrorRow(m_Row1, m_Width, m_Margin);
      MirrorRow(m_Row2, m_Width, m_Margin);
    }
    MakeRows(m_Row1.data(), m_Row2.data(), m_Row1.size(), m_Constants, rows);
  }

private:
  SizeValueType       m_Width;
  SizeValueType       m_Margin;
  Constants           m_Constants;
  std::vector<double> m_Row1;
  std::vector<double> m_Row2;
};

/** The map of a 2D image. Calls receive(y, similarities, contrasts) for every row of it, from several threads. */
template <unsigned int VRadius, typename TReceive>
void
ForEachMapRow(const double *                                   reference,
              const double *                                   test,
              SizeValueType                                    width,
              SizeValueType                                    height,
              const SSIMParameters &                           parameters,
              bool                                             withContrast,
              const ImageQualityMetricsKernels::ParallelType & parallel,
              const TReceive &                                 receive)
{
  const SizeValueType       radius = parameters.Radius;
  const SizeValueType       margin = parameters.MirrorBorders ? radius : 0;
  const std::vector<double> halfKernel = HalfKernel(parameters);
  Constants                 constants = MakeConstants(parameters, 2);
  constants.offset1 = Mean(reference, width, height);
  constants.offset2 = Mean(test, width, height);
  const SizeValueType outputWidth = width + 2 * margin - 2 * radius;
  const SizeValueType outputHeight = height + 2 * margin - 2 * radius;

  parallel(NumberOfBands(outputHeight), [&](SizeValueType band) {
    MapRows             mapRows(width, margin, constants);
    std::vector<double> similarity(outputWidth);
    std::vector<double> contrast(withContrast ? outputWidth : 0);
    const auto          makeRow = [&](SizeValueType y, const RowsType & rows) {
      const SizeValueType from =
        SeparableWindows::Mirror(static_cast<OffsetValueType>(y) - static_cast<OffsetValueType>(margin), height);
      if (margin == 0)
      {
        MakeRows(reference + from * width, test + from * width, width, constants, rows);
        return;
      }
      mapRows.Make(
        [&](double * row1, double * row2) {
          std::copy_n(reference + from * width, width, row1);
          std::copy_n(test + from * width, width, row2);
        },
        rows);
    };
    const auto useRow = [&](SizeValueType y, const RowsType & rows) {
      Similarities(rows, outputWidth, constants, similarity.data(), withContrast ? contrast.data() : nullptr);
      receive(y, similarity, contrast);
    };
    const SizeValueType first = band * BandHeight;
    SeparableWindows::ForEachFilteredRow<VRadius, NumberOfMaps>(
      width + 2 * margin, first, std::min(BandHeight, outputHeight - first), halfKernel, makeRow, useRow);
  });
}

template <unsigned int VRadius>
SSIMResult
ComputeSSIM(const double *                                   reference,
            const double *                                   test,
            SizeValueType                                    width,
            SizeValueType                                    height,
            const SSIMParameters &                           parameters,
            const unsigned char *                            mask,
            double *                                         map,
            const ImageQualityMetricsKernels::ParallelType & parallel)
{
  const SizeValueType     inset = parameters.MirrorBorders ? 0 : parameters.Radius;
  const SizeValueType     outputWidth = width - 2 * inset;
  std::vector<SSIMResult> rows(height - 2 * inset);
  ForEachMapRow<VRadius>(
    reference,
    test,
    width,
    height,
    parameters,
    false,
    parallel,
    [&](SizeValueType y, const std::vector<double> & similarity, const std::vector<double> &) {
      if (map != nullptr)
      {
        std::copy(similarity.begin(), similarity.end(), map + y * outputWidth);
      }
      Add(rows[y], similarity.data(), outputWidth, mask == nullptr ? nullptr : mask + (y + inset) * width + inset);
    });
  return Total(rows);
}

template <unsigned int VRadius>
class VolumeBand
{
public:
  VolumeBand(SizeValueType width, SizeValueType rows, SizeValueType margin, const std::vector<double> & halfKernel)
    : m_HalfKernel(halfKernel)
    , m_Taps(2 * halfKernel.size() - 1)
    , m_Width(width + 2 * margin)
    , m_OutputWidth(m_Width - m_Taps + 1)
    , m_Rows(rows)
    , m_Ring(new double[m_Taps * NumberOfMaps * rows * m_OutputWidth])
    , m_Output(NumberOfMaps * m_OutputWidth)
    , m_Window(m_Taps)
  {
    for (unsigned int m = 0; m < NumberOfMaps; ++m)
    {
      m_OutputRows[m] = m_Output.data() + m * m_OutputWidth;
    }
  }

  /** Filter a slice in plane. */
  template <typename TMakeRow>
  void
  Push(SizeValueType slice, SizeValueType firstRow, const TMakeRow & makeRow)
  {
    SeparableWindows::ForEachFilteredRow<VRadius, NumberOfMaps>(
      m_Width, firstRow, m_Rows, m_HalfKernel, makeRow, [&](SizeValueType y, const RowsType & rows) {
        for (unsigned int m = 0; m < NumberOfMaps; ++m)
        {
          std::copy_n(rows[m], m_OutputWidth, this->Row(slice, m, y - firstRow));
        }
      });
  }

  /** Filter across the slices that were pushed last, up to `last`. */
  const RowsType &
  Filter(SizeValueType last, SizeValueType row)
  {
    for (unsigned int m = 0; m < NumberOfMaps; ++m)
    {
      for (SizeValueType k = 0; k < m_Taps; ++k)
      {
        m_Window[k] = this->Row(last + 1 + k, m, row);
      }
      SeparableWindows::FilterColumn<VRadius>(
        m_Window.data(), m_HalfKernel.data(), m_HalfKernel.size() - 1, m_OutputWidth, m_OutputRows[m]);
    }
    return m_OutputRows;
  }

private:
  double *
  Row(SizeValueType slice, unsigned int map, SizeValueType row)
  {
    return m_Ring.get() + (((slice % m_Taps) * NumberOfMaps + map) * m_Rows + row) * m_OutputWidth;
  }

  const std::vector<double> & m_HalfKernel;
  SizeValueType               m_Taps;
  SizeValueType               m_Width;
  SizeValueType               m_OutputWidth;
  SizeValueType               m_Rows;
  std::unique_ptr<double[]>   m_Ring;
  std::vector<double>         m_Output;
  std::vector<const double *> m_Window;
  RowsType                    m_OutputRows{};
};

template <unsigned int VRadius>
SSIMResult
ComputeSSIM3D(const ImageQualityMetricsKernels::RowReaderType &  reference,
              const ImageQualityMetricsKernels::RowReaderType &  test,
              const std::array<SizeValueType, 3> &               size,
              const SSIMParameters &                             parameters,
              const std::array<double, 2> &                      offsets,
              const ImageQualityMetricsKernels::MaskReaderType & mask,
              const ImageQualityMetricsKernels::RowWriterType &  map,
              const ImageQualityMetricsKernels::ParallelType &   parallel)
{
  const SizeValueType       radius = parameters.Radius;
  const SizeValueType       margin = parameters.MirrorBorders ? radius : 0;
  const SizeValueType       inset = radius - margin;
  const std::vector<double> halfKernel = HalfKernel(parameters);
  Constants                 constants = MakeConstants(parameters, 3);
  constants.offset1 = offsets[0];
  constants.offset2 = offsets[1];
  const SizeValueType outputWidth = size[0] - 2 * inset;
  const SizeValueType outputHeight = size[1] - 2 * inset;
  const SizeValueType outputDepth = size[2] - 2 * inset;
  const auto          source = [margin](SizeValueType position, SizeValueType length) {
    return SeparableWindows::Mirror(static_cast<OffsetValueType>(position) - static_cast<OffsetValueType>(margin),
                                    length);
  };

  std::vector<SSIMResult> bands(NumberOfBands(outputHeight, BandHeight3D));
  parallel(bands.size(), [&](SizeValueType band) {
    const SizeValueType        firstRow = band * BandHeight3D;
    const SizeValueType        rows = std::min(BandHeight3D, outputHeight - firstRow);
    VolumeBand<VRadius>        volumeBand(size[0], rows, margin, halfKernel);
    MapRows                    mapRows(size[0], margin, constants);
    std::vector<double>        similarity(outputWidth);
    std::vector<unsigned char> maskRow(mask ? size[0] : 0);
    for (SizeValueType z = 0; z < outputDepth + 2 * radius; ++z)
    {
      volumeBand.Push(z, firstRow, [&](SizeValueType y, const RowsType & maps) {
        mapRows.Make(
          [&](double * row1, double * row2) {
            reference(source(z, size[2]), source(y, size[1]), row1);
            test(source(z, size[2]), source(y, size[1]), row2);
          },
          maps);
      });
      if (z < 2 * radius)
      {
        continue;
      }
      for (SizeValueType row = 0; row < rows; ++row)
      {
        Similarities(volumeBand.Filter(z, row), outputWidth, constants, similarity.data(), nullptr);
        const SizeValueType y = firstRow + row;
        if (map)
        {
          map(z - 2 * radius, y, similarity.data());
        }
        if (mask)
        {
          mask(z - 2 * radius + inset, y + inset, maskRow.data());
        }
        Add(bands[band], similarity.data(), outputWidth, mask ? maskRow.data() + inset : nullptr);
      }
    }
  });
  return Total(bands);
}

/** Means of 2 x 2 pixels, the last row or column twice where there is an odd number. */
std::vector<double>
Halve(const std::vector<double> & image, SizeValueType width, SizeValueType height)
{
  const SizeValueType halfWidth = (width + 1) / 2;
  const SizeValueType halfHeight = (height + 1) / 2;
  std::vector<double> half(halfWidth * halfHeight);
  for (SizeValueType y = 0; y < halfHeight; ++y)
  {
    const double * const upper = image.data() + 2 * y * width;
    const double * const lower = image.data() + std::min(2 * y + 1, height - 1) * width;
    for (SizeValueType x = 0; x < halfWidth; ++x)
    {
      const SizeValueType right = std::min(2 * x + 1, width - 1);
      half[y * halfWidth + x] = 0.25 * ((upper[2 * x] + upper[right]) + (lower[2 * x] + lower[right]));
    }
  }
  return half;
}
} // namespace

ImageQualityMetricsKernels::SSIMResult
ImageQualityMetricsKernels::SSIM(const double *         reference,
                                 const double *         test,
                                 SizeValueType          width,
                                 SizeValueType          height,
                                 const SSIMParameters & parameters,
                                 const unsigned char *  mask,
                                 double *               map,
                                 const ParallelType &   parallel)
{
  CheckWindow(parameters, { width, height });
  return ForRadius(parameters.Radius, [&](auto radius) {
    return ComputeSSIM<radius()>(reference, test, width, height, parameters, mask, map, parallel);
  });
}

ImageQualityMetricsKernels::SSIMResult
ImageQualityMetricsKernels::SSIM3D(const RowReaderType &                reference,
                                   const RowReaderType &                test,
                                   const std::array<SizeValueType, 3> & size,
                                   const SSIMParameters &               parameters,
                                   const std::array<double, 2> &        offsets,
                                   const MaskReaderType &               mask,
                                   const RowWriterType &                map,
                                   const ParallelType &                 parallel)
{
  CheckWindow(parameters, { size[0], size[1], size[2] });
  return ForRadius(parameters.Radius, [&](auto radius) {
    return ComputeSSIM3D<radius()>(reference, test, size, parameters, offsets, mask, map, parallel);
  });
}

SizeValueType
ImageQualityMetricsKernels::MultiScaleSSIMMinimumSize(const SSIMParameters & parameters)
{
  // Four times halved, rounded up, the window still fits.
  return 16 * 2 * SizeValueType{ parameters.Radius } + 1;
}

double
ImageQualityMetricsKernels::MultiScaleSSIM(const double *         reference,
                                           const double *         test,
                                           SizeValueType          width,
                                           SizeValueType          height,
                                           const SSIMParameters & parameters,
                                           const ParallelType &   parallel)
{
  constexpr std::array<double, 5> weights{ 0.0448, 0.2856, 0.3001, 0.2363, 0.1333 };
  const SizeValueType             smallest = MultiScaleSSIMMinimumSize(parameters);
  ImageBuffers::VerifySize("The multi-scale SSIM", smallest, width, height);
  SSIMParameters inside = parameters;
  inside.MirrorBorders = false;
  std::vector<double> image1(reference, reference + width * height);
  std::vector<double> image2(test, test + width * height);
  double              product = 1.0;
  for (SizeValueType scale = 0; scale < weights.size(); ++scale)
  {
    const bool              isLast = scale + 1 == weights.size();
    std::vector<SSIMResult> rows(height - 2 * SizeValueType{ parameters.Radius });
    const auto              receive =
      [&](SizeValueType y, const std::vector<double> & similarity, const std::vector<double> & contrast) {
        Add(rows[y], isLast ? similarity.data() : contrast.data(), similarity.size(), nullptr);
      };
    ForRadius(parameters.Radius, [&](auto radius) {
      ForEachMapRow<radius()>(image1.data(), image2.data(), width, height, inside, !isLast, parallel, receive);
    });
    // Of a negative number, this is not defined.
    product *= std::pow(Total(rows).GetMean(), weights[scale]);
    if (!isLast)
    {
      image1 = Halve(image1, width, height);
      image2 = Halve(image2, width, height);
      width = (width + 1) / 2;
      height = (height + 1) / 2;
    }
  }
  return product;
}
} // end namespace itk
