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

#include "itkStructuralSimilarity3D.h"

#include "itkImageBorders.h"
#include "itkSeparableWindows.h"
#include "itkStructuralSimilarityRows.h"

#include <memory>

namespace itk
{
namespace ImageQualityMetrics
{
namespace
{
/** Number of rows in a part of the work. Their filtered slices are kept in memory. */
constexpr SizeValueType BandHeight3D = 32;

/** A frame of the images. The axes are in the order of the buffer, independent of the slice axis, so that rows are
 * contiguous. */
struct Frame
{
  const ImagePair &            images;
  std::array<SizeValueType, 3> size;
  SizeValueType                begin;

  SizeValueType
  GetOffset(SizeValueType slice, SizeValueType row) const
  {
    return begin + (slice * size[1] + row) * size[0];
  }
};

/** Filters a band of rows of the maps with a 3D window, slice by slice. */
template <unsigned int VRadius>
class VolumeBand
{
public:
  VolumeBand(SizeValueType width, SizeValueType rows, SizeValueType margin, const std::vector<double> & halfWindow)
    : m_HalfWindow(halfWindow)
    , m_Taps(2 * halfWindow.size() - 1)
    , m_Width(width + 2 * margin)
    , m_OutputWidth(m_Width - m_Taps + 1)
    , m_Rows(rows)
    , m_Ring(new double[m_Taps * NumberOfSimilarityMaps * rows * m_OutputWidth])
    , m_Output(NumberOfSimilarityMaps * m_OutputWidth)
    , m_Window(m_Taps)
  {
    for (unsigned int m = 0; m < NumberOfSimilarityMaps; ++m)
    {
      m_OutputRows[m] = m_Output.data() + m * m_OutputWidth;
    }
  }

  /** Filter a slice in plane, and keep the result. */
  template <typename TMakeRow>
  void
  Push(SizeValueType slice, SizeValueType firstRow, const TMakeRow & makeRow)
  {
    SeparableWindows::ForEachFilteredRow<VRadius, NumberOfSimilarityMaps>(
      m_Width, firstRow, m_Rows, m_HalfWindow, makeRow, [&](SizeValueType y, const StructuralSimilarityRows & rows) {
        for (unsigned int m = 0; m < NumberOfSimilarityMaps; ++m)
        {
          std::copy_n(rows[m], m_OutputWidth, this->Row(slice, m, y - firstRow));
        }
      });
  }

  /** Filter a row across the most recent slices, of which `last` is the newest. */
  const StructuralSimilarityRows &
  Filter(SizeValueType last, SizeValueType row)
  {
    for (unsigned int m = 0; m < NumberOfSimilarityMaps; ++m)
    {
      for (SizeValueType k = 0; k < m_Taps; ++k)
      {
        m_Window[k] = this->Row(last + 1 + k, m, row);
      }
      SeparableWindows::FilterColumn<VRadius>(
        m_Window.data(), m_HalfWindow.data(), m_HalfWindow.size() - 1, m_OutputWidth, m_OutputRows[m]);
    }
    return m_OutputRows;
  }

private:
  double *
  Row(SizeValueType slice, unsigned int map, SizeValueType row)
  {
    return m_Ring.get() + (((slice % m_Taps) * NumberOfSimilarityMaps + map) * m_Rows + row) * m_OutputWidth;
  }

  const std::vector<double> & m_HalfWindow;
  SizeValueType               m_Taps;
  SizeValueType               m_Width;
  SizeValueType               m_OutputWidth;
  SizeValueType               m_Rows;
  std::unique_ptr<double[]>   m_Ring;
  std::vector<double>         m_Output;
  std::vector<const double *> m_Window;
  StructuralSimilarityRows    m_OutputRows{};
};

template <unsigned int VRadius>
StructuralSimilaritySum
SumOfFrame(const Frame &                          frame,
           const StructuralSimilarityParameters & parameters,
           const StructuralSimilarityConstants &  constants,
           std::vector<double> *                  map,
           const ParallelFor &                    parallel)
{
  const std::array<SizeValueType, 3> size = frame.size;
  const SizeValueType                radius = parameters.radius;
  const SizeValueType                margin = parameters.mirrorBorders ? radius : 0;
  const SizeValueType                inset = radius - margin;
  const std::vector<double>          halfWindow = HalfWindow(parameters);
  const SizeValueType                outputWidth = size[0] - 2 * inset;
  const SizeValueType                outputHeight = size[1] - 2 * inset;
  const SizeValueType                outputDepth = size[2] - 2 * inset;
  const auto                         source = [margin](SizeValueType position, SizeValueType length) {
    return ImageBorders::SymmetricPosition(
      static_cast<OffsetValueType>(position) - static_cast<OffsetValueType>(margin), length);
  };

  std::vector<StructuralSimilaritySum> bands(NumberOfBands(outputHeight, BandHeight3D));
  parallel(bands.size(), [&](SizeValueType band) {
    const SizeValueType        firstRow = band * BandHeight3D;
    const SizeValueType        rows = std::min(BandHeight3D, outputHeight - firstRow);
    VolumeBand<VRadius>        volumeBand(size[0], rows, margin, halfWindow);
    MirroredRowPair            rowPair(size[0], margin);
    std::vector<double>        similarity(outputWidth);
    std::vector<unsigned char> maskRow(frame.images.HasMask() ? size[0] : 0);
    for (SizeValueType z = 0; z < outputDepth + 2 * radius; ++z)
    {
      volumeBand.Push(z, firstRow, [&](SizeValueType y, const StructuralSimilarityRows & maps) {
        rowPair.Read([&](double * row1, double * row2) {
          const SizeValueType offset = frame.GetOffset(source(z, size[2]), source(y, size[1]));
          frame.images.copyReference(offset, 1, size[0], row1);
          frame.images.copyTest(offset, 1, size[0], row2);
        });
        rowPair.MakeMoments(constants, maps);
      });
      if (z < 2 * radius)
      {
        continue;
      }
      for (SizeValueType row = 0; row < rows; ++row)
      {
        Similarities(volumeBand.Filter(z, row), outputWidth, constants, similarity.data(), nullptr);
        const SizeValueType y = firstRow + row;
        if (map != nullptr)
        {
          const SizeValueType offset = frame.GetOffset(z - 2 * radius, y);
          std::copy(similarity.begin(), similarity.end(), map->begin() + static_cast<OffsetValueType>(offset));
        }
        if (frame.images.HasMask())
        {
          frame.images.copyMask(frame.GetOffset(z - 2 * radius + inset, y + inset), 1, size[0], maskRow.data());
        }
        AddRow(bands[band], similarity.data(), outputWidth, maskRow.empty() ? nullptr : maskRow.data() + inset);
      }
    }
  });
  return Total(bands);
}

/** The mean over the pixels at which the window fits, of a map that covers whole frames. */
double
MeanInside(const ImagePair & images, const std::vector<double> & map, SizeValueType radius)
{
  const std::vector<SizeValueType> & size = images.size;
  std::vector<unsigned char>         maskRow(size[0], 1);
  StructuralSimilaritySum            inside;
  for (SizeValueType row = 0; row < map.size() / size[0]; ++row)
  {
    const SizeValueType y = row % size[1];
    const SizeValueType z = (row / size[1]) % size[2];
    if (y < radius || y + radius >= size[1] || z < radius || z + radius >= size[2])
    {
      continue;
    }
    if (images.HasMask())
    {
      images.copyMask(row * size[0], 1, size[0], maskRow.data());
    }
    for (SizeValueType x = radius; x + radius < size[0]; ++x)
    {
      inside.sum += maskRow[x] != 0 ? map[row * size[0] + x] : 0.0;
      inside.count += maskRow[x] != 0 ? 1 : 0;
    }
  }
  return inside.GetMean();
}
} // namespace

double
StructuralSimilarity3D(const ImagePair &                      images,
                       const StructuralSimilarityParameters & parameters,
                       const std::array<double, 2> &          offsets,
                       const StructuralSimilarity3DOutput &   output,
                       const ParallelFor &                    parallel)
{
  const std::array<SizeValueType, 3> size{ images.size[0], images.size[1], images.size[2] };
  VerifyWindowFits(parameters, { size[0], size[1], size[2] });
  StructuralSimilarityConstants constants = MakeConstants(parameters, 3);
  constants.offset1 = offsets[0];
  constants.offset2 = offsets[1];
  const SizeValueType     pixels = size[0] * size[1] * size[2];
  const SizeValueType     frames = images.NumberOfPixels() / pixels;
  StructuralSimilaritySum total;
  for (SizeValueType frame = 0; frame < frames; ++frame)
  {
    total.Add(ForRadius(parameters.radius, [&](auto radius) {
      return SumOfFrame<radius()>({ images, size, frame * pixels }, parameters, constants, output.map, parallel);
    }));
  }
  return output.map == nullptr || output.averageWholeMap ? total.GetMean()
                                                         : MeanInside(images, *output.map, parameters.radius);
}
} // namespace ImageQualityMetrics
} // end namespace itk
