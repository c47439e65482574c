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

// Several filters at a time, observers that throw, aborts at any moment, and a pipeline that is released while it runs.

#include "itkAutoencoderTrainer.h"
#include "itkImageQualityMetricsCalculator.h"
#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
std::vector<float>
Pixels(const ImageType * image)
{
  return { image->GetBufferPointer(), image->GetBufferPointer() + image->GetBufferedRegion().GetNumberOfPixels() };
}

FilterType::Pointer
MakeThreadedFilter(const ImageType * image, itk::AutoencoderModel * model, unsigned int threads)
{
  const auto filter = MakeFilter(image);
  filter->SetModel(model);
  filter->SetUpsamplingFactor(3);
  filter->GetMultiThreader()->SetMaximumNumberOfThreads(threads);
  filter->SetNumberOfWorkUnits(threads);
  return filter;
}

itk::AutoencoderTrainer<ImageType>::Pointer
MakeTrainer()
{
  auto trainer = itk::AutoencoderTrainer<ImageType>::New();
  trainer->SetInitialModel(MakeSmallModel());
  trainer->AddTrainingImage(MakeStack<ImageType>({ { 40, 36, 6 } }));
  trainer->SetPatchSize(16);
  trainer->SetBatchSize(4);
  trainer->SetNumberOfIterations(5);
  return trainer;
}

/** Numbers that depend on all weights of the encoder. */
std::vector<float>
Fingerprint(const itk::AutoencoderModel * model)
{
  return model->Encode(MakeStack<itk::AutoencoderModel::StackType>({ { 16, 16, 1 } }))->GetTensorValues(0);
}

std::vector<float>
Upsample(const ImageType * image, itk::AutoencoderModel * model, unsigned int threads)
{
  const auto filter = MakeThreadedFilter(image, model, threads);
  filter->Update();
  return Pixels(filter->GetOutput());
}
} // namespace

TEST(Concurrency, FiltersInFourThreadsThatShareAModelGiveTheSameBits)
{
  const auto model = MakeSmallModel();
  const auto image = MakeStack<ImageType>({ { 64, 56, 5 } });
  const auto expected = Upsample(image, model, 1);
  for (const unsigned int threads : { 1u, 2u })
  {
    std::vector<std::vector<float>> results(4);
    std::vector<std::thread>        callers;
    for (auto & result : results)
    {
      // Every caller has an image of its own: pipelines of ITK are not shared between threads.
      callers.emplace_back([&result, &model, threads] {
        for (int i = 0; i < 3; ++i)
        {
          result = Upsample(MakeStack<ImageType>({ { 64, 56, 5 } }), model, threads);
        }
      });
    }
    for (auto & caller : callers)
    {
      caller.join();
    }
    for (const auto & result : results)
    {
      EXPECT_EQ(result, expected);
    }
  }
}

TEST(Concurrency, AFilterWorksWithTheOutputOfATrainerWhileAnotherTrainerRuns)
{
  const auto first = MakeTrainer();
  first->Update();
  const auto model = first->GetOutput();
  const auto image = MakeStack<ImageType>({ { 48, 40, 4 } });
  const auto expected = Upsample(image, model, 1);
  const auto second = MakeTrainer();
  second->SetInitialModel(model);
  second->SetNumberOfIterations(8);
  std::thread training([&] { second->Update(); });
  bool        isSame = true;
  for (int i = 0; i < 4; ++i)
  {
    isSame = isSame && Upsample(image, model, 2) == expected;
  }
  training.join();
  EXPECT_TRUE(isSame);
  EXPECT_NE(Fingerprint(second->GetOutput()), Fingerprint(model));
}

TEST(Concurrency, AnObserverThatThrowsEndsTheUpdateAndTheFilterCanBeUsedAgain)
{
  const auto model = MakeSmallModel();
  const auto image = MakeStack<ImageType>({ { 64, 56, 5 } });
  for (const unsigned int threads : { 1u, 2u })
  {
    const auto filter = MakeThreadedFilter(image, model, threads);
    const auto tag = filter->AddObserver(itk::ProgressEvent(),
                                         [](const itk::EventObject &) { throw std::runtime_error("the observer"); });
    for (int i = 0; i < 3; ++i)
    {
      filter->Modified();
      EXPECT_THROW(filter->Update(), std::runtime_error);
    }
    filter->RemoveObserver(tag);
    filter->Update();
    EXPECT_EQ(Pixels(filter->GetOutput()), Upsample(image, model, 1));
  }
}

TEST(Concurrency, AnObserverOfATrainerThatThrowsEndsTheTraining)
{
  const auto trainer = MakeTrainer();
  const auto tag = trainer->AddObserver(itk::IterationEvent(),
                                        [](const itk::EventObject &) { throw std::runtime_error("the observer"); });
  const auto message = MessageOf([&] { trainer->Update(); });
  EXPECT_NE(message.find("the observer"), std::string::npos) << message;
  trainer->RemoveObserver(tag);
  trainer->Modified();
  trainer->Update();
  const auto other = MakeTrainer();
  other->Update();
  EXPECT_EQ(Fingerprint(trainer->GetOutput()), Fingerprint(other->GetOutput()));
}

TEST(Concurrency, AnAbortFromAnotherThreadAtAnyMomentEndsTheUpdateOrComesTooLate)
{
  const auto model = MakeSmallModel();
  const auto image = MakeStack<ImageType>({ { 64, 56, 5 } });
  const auto begin = std::chrono::steady_clock::now();
  const auto expected = Upsample(image, model, 2);
  const auto duration = std::chrono::steady_clock::now() - begin;
  const auto filter = MakeThreadedFilter(image, model, 2);

  std::mt19937                           random(7);
  std::uniform_real_distribution<double> share(0.0, 1.2);
  constexpr unsigned int                 times = 200;
  unsigned int                           aborted = 0;
  for (unsigned int i = 0; i < times; ++i)
  {
    const auto  delay = std::chrono::duration_cast<std::chrono::microseconds>(share(random) * duration);
    std::thread other([&] {
      std::this_thread::sleep_for(delay);
      filter->AbortGenerateDataOn();
    });
    filter->Modified();
    try
    {
      filter->Update();
    }
    catch (const itk::ProcessAborted &)
    {
      ++aborted;
    }
    other.join();
  }
  EXPECT_GT(aborted, 0u);
  filter->AbortGenerateDataOff();
  filter->Modified();
  filter->Update();
  EXPECT_EQ(Pixels(filter->GetOutput()), expected);
}

TEST(Concurrency, AFilterThatIsReleasedInItsObserverEndsItsUpdate)
{
  const auto          model = MakeSmallModel();
  FilterType::Pointer filter = MakeThreadedFilter(MakeStack<ImageType>({ { 64, 56, 5 } }), model, 2);
  ImageType::Pointer  output = filter->GetOutput();
  filter->AddObserver(itk::ProgressEvent(), [&](const itk::EventObject &) { filter = nullptr; });
  // As in every pipeline, whoever calls Update() holds the filter.
  const FilterType::Pointer held = filter;
  held->Update();
  EXPECT_EQ(filter, nullptr);
  EXPECT_EQ(output->GetBufferedRegion().GetSize(2), 13u);
}

TEST(Concurrency, MetricsInFourThreadsGiveTheSameValues)
{
  const auto measure = [] {
    const auto calculator = itk::ImageQualityMetricsCalculator<ImageType>::New();
    const auto reference = MakeStack<ImageType>({ { 64, 56, 5 } });
    const auto test = MakeStack<ImageType>({ { 64, 56, 5 } });
    test->SetPixel({ { 30, 30, 2 } }, 0.0f);
    calculator->SetReferenceImage(reference);
    calculator->SetTestImage(test);
    calculator->SetNumberOfWorkUnits(2);
    calculator->ComputeSSIMOn();
    calculator->Compute();
    return std::make_pair(calculator->GetSSIM(), calculator->GetMSE());
  };
  const auto               expected = measure();
  std::atomic<bool>        isSame{ true };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
  {
    callers.emplace_back([&] {
      for (int repetition = 0; repetition < 5; ++repetition)
      {
        if (measure() != expected)
        {
          isSame = false;
        }
      }
    });
  }
  for (auto & caller : callers)
  {
    caller.join();
  }
  EXPECT_TRUE(isSame);
}
