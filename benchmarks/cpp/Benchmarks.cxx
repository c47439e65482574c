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

// Benchmarks of the module's C++ classes, with Google Benchmark. Build and run from the repository, after
// scripts/setup.sh:
//
//   apt-get install libbenchmark-dev
//   cmake -S benchmarks/cpp -B build/benchmarks -DITK_DIR=$PWD/build/itk -DCMAKE_BUILD_TYPE=Release
//   cmake --build build/benchmarks && build/benchmarks/Benchmarks
//
// The argument of a benchmark is the number of threads, or the side of the slices in pixels. The rate `pixels/s` counts
// the pixels of the slices that are encoded, decoded or output, of the images that are compared, or of the volume.

#include "itkAutoencoderModel.h"
#include "itkAutoencoderTrainer.h"
#include "itkImage.h"
#include "itkImageQualityMetricsCalculator.h"
#include "itkImageRegionIteratorWithIndex.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkStreamedPercentileCalculator.h"

#include <benchmark/benchmark.h>

#include <cmath>

namespace
{
using ImageType = itk::Image<float, 3>;
using SliceType = itk::Image<float, 2>;

/** Make an image of waves and reproducible noise. */
template <typename TImage>
typename TImage::Pointer
MakeImage(const typename TImage::SizeType & size)
{
  auto image = TImage::New();
  image->SetRegions(size);
  image->Allocate();
  unsigned int state = 1;
  for (itk::ImageRegionIteratorWithIndex<TImage> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    state = state * 1664525u + 1013904223u;
    const double noise = state / 4294967296.0 - 0.5;
    const auto   index = it.GetIndex();
    it.Set(static_cast<float>(500.0 + 300.0 * std::sin(0.1 * index[0]) * std::cos(0.07 * index[1]) + 100.0 * noise));
  }
  return image;
}

ImageType::Pointer
MakeStack(itk::SizeValueType side, itk::SizeValueType slices, double spacing)
{
  const auto   image = MakeImage<ImageType>({ { side, side, slices } });
  const double spacings[3] = { spacing, spacing, 8.0 };
  image->SetSpacing(spacings);
  return image;
}

const itk::AutoencoderModel *
GetModel()
{
  static const auto model = [] {
    auto bundled = itk::AutoencoderModel::New();
    bundled->ReadBundled();
    return bundled;
  }();
  return model;
}

void
CountPixels(benchmark::State & state, double pixels)
{
  state.counters["pixels/s"] = benchmark::Counter(pixels, benchmark::Counter::kIsIterationInvariantRate);
}

void
Encode(benchmark::State & state)
{
  const auto side = static_cast<itk::SizeValueType>(state.range(0));
  const auto slices = MakeStack(side, 1, 1.0);
  for (auto _ : state)
  {
    benchmark::DoNotOptimize(GetModel()->Encode(slices));
  }
  CountPixels(state, static_cast<double>(side * side));
}
BENCHMARK(Encode)->Arg(128)->Arg(256)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

void
Decode(benchmark::State & state)
{
  const auto side = static_cast<itk::SizeValueType>(state.range(0));
  const auto latent = GetModel()->Encode(MakeStack(side, 1, 1.0));
  for (auto _ : state)
  {
    benchmark::DoNotOptimize(GetModel()->Decode(latent));
  }
  CountPixels(state, static_cast<double>(side * side));
}
BENCHMARK(Decode)->Arg(128)->Arg(256)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

void
Filter(benchmark::State & state)
{
  constexpr itk::SizeValueType side = 256;
  constexpr itk::SizeValueType slices = 6;
  using FilterType = itk::LatentSpaceSuperResolutionImageFilter<ImageType>;
  const auto filter = FilterType::New();
  filter->SetInput(MakeStack(side, slices, 1.0));
  filter->SetModel(GetModel());
  filter->SetUpsamplingFactor(5);
  filter->SetNumberOfWorkUnits(static_cast<unsigned int>(state.range(0)));
  for (auto _ : state)
  {
    filter->Modified();
    filter->Update();
  }
  CountPixels(state, static_cast<double>(side * side * ((slices - 1) * 5 + 1)));
}
BENCHMARK(Filter)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void
TrainingIteration(benchmark::State & state)
{
  using TrainerType = itk::AutoencoderTrainer<ImageType>;
  constexpr unsigned int iterations = 5;
  const auto             image = MakeStack(200, 12, 1.4);
  double                 seconds = 0.0;
  for (auto _ : state)
  {
    const auto trainer = TrainerType::New();
    trainer->AddTrainingImage(image);
    trainer->SetNumberOfIterations(iterations);
    trainer->SetNumberOfWorkUnits(static_cast<unsigned int>(state.range(0)));
    trainer->Update();
    seconds += trainer->GetElapsedTime();
  }
  state.counters["s/iteration"] = seconds / static_cast<double>(state.iterations() * iterations);
}
BENCHMARK(TrainingIteration)->Arg(1)->Arg(2)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

template <typename TSet>
void
Metric(benchmark::State & state, TSet && set)
{
  constexpr itk::SizeValueType side = 512;
  using CalculatorType = itk::ImageQualityMetricsCalculator<SliceType>;
  const auto calculator = CalculatorType::New();
  const auto reference = MakeImage<SliceType>({ { side, side } });
  const auto test = MakeImage<SliceType>({ { side, side } });
  for (itk::ImageRegionIteratorWithIndex<SliceType> it(test, test->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(it.Get() + static_cast<float>(20.0 * std::sin(static_cast<double>(it.GetIndex()[0] * it.GetIndex()[1]))));
  }
  calculator->SetReferenceImage(reference);
  calculator->SetTestImage(test);
  calculator->SetDataRange(1000.0);
  calculator->SetNumberOfWorkUnits(static_cast<unsigned int>(state.range(0)));
  calculator->SetComputeSSIM(false);
  calculator->SetComputeVIFp(false);
  set(calculator.GetPointer());
  for (auto _ : state)
  {
    calculator->Compute();
  }
  CountPixels(state, static_cast<double>(side * side));
}

void
StructuralSimilarity(benchmark::State & state)
{
  Metric(state, [](auto * calculator) { calculator->SetComputeSSIM(true); });
}
BENCHMARK(StructuralSimilarity)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void
VisualInformationFidelity(benchmark::State & state)
{
  Metric(state, [](auto * calculator) { calculator->SetComputeVIFp(true); });
}
BENCHMARK(VisualInformationFidelity)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void
Percentiles(benchmark::State & state)
{
  const auto image = MakeStack(256, 16, 1.0);
  for (auto _ : state)
  {
    itk::StreamedPercentileCalculator<float> calculator({ 1.0, 99.0 });
    do
    {
      calculator.Count(image.GetPointer(), image->GetLargestPossibleRegion());
    } while (!calculator.FinishPass());
    benchmark::DoNotOptimize(calculator.GetPercentile(0));
  }
  CountPixels(state, 256.0 * 256.0 * 16.0);
}
BENCHMARK(Percentiles)->Unit(benchmark::kMillisecond)->UseRealTime();

void
ReadModel(benchmark::State & state)
{
  for (auto _ : state)
  {
    auto model = itk::AutoencoderModel::New();
    model->ReadBundled();
    benchmark::DoNotOptimize(model->HasWeights());
  }
}
BENCHMARK(ReadModel)->Unit(benchmark::kMillisecond)->UseRealTime();
} // namespace

BENCHMARK_MAIN();
