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

// Use of threads: no additional threads if one is enough, and no threads that fork() has removed.

#include "itkAutoencoderTrainer.h"
#include "itkImageQualityMetricsCalculator.h"
#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"
#include "itkOutputWindow.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#  include <sys/wait.h>
#  include <unistd.h>

#  include <functional>
#  include <iostream>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
using TrainerType = itk::AutoencoderTrainer<ImageType>;
using CalculatorType = itk::ImageQualityMetricsCalculator<ImageType>;

/** Run a function in a forked child. Returns 0 if the function returned true, -1 if the child did not end within a
 * minute. */
int
RunInChild(const std::function<bool()> & function)
{
  const pid_t child = fork();
  if (child == 0)
  {
    alarm(60);
    bool isGood = false;
    try
    {
      isGood = function();
    }
    catch (const std::exception & error)
    {
      std::cerr << error.what() << std::endl;
    }
    _exit(isGood ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** A model whose layers are computed by LibTorch (with few channels) or by WinogradConvolution. */
itk::AutoencoderModel::Pointer
MakeModel(unsigned int baseChannels)
{
  auto model = itk::AutoencoderModel::New();
  model->SetNumberOfPoolings(2);
  model->SetBaseChannels(baseChannels);
  model->NativeInPlaneSpacingOn();
  model->SetLatentLevels({ 0 });
  model->InitializeWeights(3);
  return model;
}

/** Large enough for LibTorch to use several threads. */
ImageType::Pointer
MakeImage()
{
  return MakeStack<ImageType>({ { 96, 80, 5 } });
}

/** Set the number of threads, even if there is only one processor. */
void
SetThreads(itk::ProcessObject * process, unsigned int threads)
{
  process->GetMultiThreader()->SetMaximumNumberOfThreads(threads);
  process->SetNumberOfWorkUnits(threads);
}

std::vector<float>
Upsample(itk::AutoencoderModel * model, unsigned int threads)
{
  auto filter = FilterType::New();
  filter->SetInput(MakeImage());
  filter->SetModel(model);
  SetThreads(filter, threads);
  filter->Update();
  const auto * output = filter->GetOutput();
  return { output->GetBufferPointer(), output->GetBufferPointer() + output->GetBufferedRegion().GetNumberOfPixels() };
}

std::vector<double>
Measure(unsigned int threads)
{
  const auto reference = MakeImage();
  const auto test = MakeImage();
  test->SetPixel({ { 40, 40, 2 } }, 0.0f);
  auto calculator = CalculatorType::New();
  calculator->SetReferenceImage(reference);
  calculator->SetTestImage(test);
  calculator->SetNumberOfWorkUnits(threads);
  calculator->SetDataRange(1000.0);
  calculator->ComputeSSIMOn();
  calculator->ComputeFourierCorrelationOn();
  calculator->Compute();
  auto values = calculator->GetFourierCorrelation();
  values.push_back(calculator->GetSSIM());
  values.push_back(calculator->GetMSE());
  return values;
}

itk::AutoencoderModel::Pointer
Train(unsigned int threads)
{
  auto trainer = TrainerType::New();
  trainer->AddTrainingImage(MakeImage());
  trainer->AddValidationImage(MakeImage());
  trainer->SetInitialModel(MakeModel(8));
  trainer->SetPatchSize(32);
  trainer->SetBatchSize(4);
  trainer->SetNumberOfIterations(2);
  SetThreads(trainer, threads);
  trainer->Update();
  return trainer->GetOutput();
}

/** Numbers that depend on all weights. */
std::vector<float>
Encode(const itk::AutoencoderModel * model)
{
  return model->Encode(MakeStack<itk::AutoencoderModel::StackType>({ { 16, 16, 1 } }))->GetTensorValues(0);
}

/** Keeps the text that would be displayed. */
class QuietWindow : public itk::OutputWindow
{
public:
  using Self = QuietWindow;
  using Superclass = itk::OutputWindow;
  using Pointer = itk::SmartPointer<Self>;
  itkSimpleNewMacro(Self);
  void
  DisplayText(const char * text) override
  {
    m_Text += text;
    ++m_Count;
  }
  std::string  m_Text;
  unsigned int m_Count{ 0 };
};
} // namespace

TEST(Fork, ChildGivesTheResultOfOneThread)
{
  for (const unsigned int baseChannels : { 4u, 16u })
  {
    SCOPED_TRACE(baseChannels);
    const auto model = MakeModel(baseChannels);
    const auto expected = Upsample(model, 1);
    Upsample(model, 2);
    EXPECT_EQ(RunInChild([&] { return Upsample(model, 2) == expected; }), 0);
    // The same in a child of a child.
    EXPECT_EQ(RunInChild([&] { return RunInChild([&] { return Upsample(model, 2) == expected; }) == 0; }), 0);
  }
}

TEST(Fork, ChildCanDoEverything)
{
  const auto          model = MakeModel(16);
  const auto          measured = Measure(2);
  const auto          trained = Encode(Train(1));
  const auto          stack = MakeStack<itk::AutoencoderModel::StackType>({ { 64, 64, 2 } });
  const TemporaryFile file(".safetensors");
  const auto          describe = [&] {
    auto latent = model->Encode(stack);
    latent = itk::AutoencoderLatent::Mix(latent, latent->Extract(0, 2), 0.5);
    return latent->GetTensorValues(1)[0] + model->Decode(latent)->GetPixel({ { 5, 5, 1 } });
  };
  const auto described = describe();
  Upsample(model, 2);
  EXPECT_EQ(RunInChild([&] { return Measure(2) == measured; }), 0);
  // LibTorch 2.6 refuses to train in a child if its parent has trained.
  EXPECT_EQ(RunInChild([&] { return Encode(Train(2)) == trained; }), LATENT_SR_HAS_OLD_LIBTORCH ? 1 : 0);
  EXPECT_EQ(RunInChild([&] { return describe() == described; }), 0);
  EXPECT_EQ(RunInChild([&] {
              model->Write(file.GetName());
              const auto read = itk::AutoencoderModel::New();
              read->Read(file.GetName());
              return Upsample(read, 1) == Upsample(model, 1);
            }),
            0);
}

TEST(Fork, ChildSaysOnceThatItUsesOneThread)
{
  const auto model = MakeModel(4);
  Upsample(model, 2);
  // A child loses the threads that its parent has at the time. Not every threader of ITK keeps some.
  std::promise<void> end;
  std::thread        other([&] { end.get_future().wait(); });
  EXPECT_EQ(RunInChild([&] {
              const auto window = QuietWindow::New();
              itk::OutputWindow::SetInstance(window);
              // There is no warning if one thread is enough, or if no number was set.
              Upsample(model, 1);
              auto filter = MakeFilter(MakeImage());
              filter->Update();
              if (window->m_Count != 0)
              {
                return false;
              }
              Upsample(model, 2);
              Upsample(model, 2);
              Measure(2);
              return window->m_Count == 1 &&
                     window->m_Text.find("One thread is used instead of 2") != std::string::npos;
            }),
            0);
  end.set_value();
  other.join();
}

#  ifdef __linux__
// LibTorch may have started threads in an earlier test. Their number must not grow.
TEST(Threads, AreNotStartedIfOneIsEnough)
{
  const auto count = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  // Some of ITK's threaders start their threads when a filter is created.
  FilterType::New();
  const auto          before = count();
  const TemporaryFile file(".safetensors");
  const auto          model = MakeModel(16);
  EXPECT_FALSE(model->GetDescription().empty());
  model->Write(file.GetName());
  const auto read = itk::AutoencoderModel::New();
  read->Read(file.GetName());
  EXPECT_EQ(count(), before);
  Upsample(read, 1);
  EXPECT_EQ(count(), before);
  Measure(1);
  EXPECT_EQ(count(), before);
  Train(1);
  // The first training starts a thread of LibTorch 2.6.
  EXPECT_LE(count(), before + (LATENT_SR_HAS_OLD_LIBTORCH ? 1 : 0));
}
#  endif
#endif
