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

#include "itkAutoencoderTrainerTestHelpers.h"
#include "itkCommand.h"
#include "itkSliceRecoveryExperiment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
TrainerType::Pointer
MakeCheckpointedTrainer(const std::string & checkpoint)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(12);
  trainer->AddValidationImage(MakeStack<ImageType>({ { 30, 30, 7 } }));
  trainer->SetValidationInterval(4);
  trainer->SetCheckpointFileName(checkpoint);
  trainer->SetCheckpointInterval(1);
  trainer->ResumeOn();
  return trainer;
}

void
StopAt(TrainerType * trainer, itk::SizeValueType iteration)
{
  trainer->AddObserver(itk::IterationEvent(), [trainer, iteration](const itk::EventObject &) {
    if (trainer->GetCurrentIteration() == iteration)
    {
      trainer->StopTraining();
    }
  });
}
} // namespace

TEST(AutoencoderTrainerCheckpoint, ResumesToTheSameWeightsBitForBit)
{
  const TemporaryFile whole("-whole.safetensors");
  const auto          undisturbed = MakeCheckpointedTrainer(whole.GetName());
  undisturbed->Update();
  EXPECT_EQ(undisturbed->GetResumedIteration(), 0u);

  const TemporaryFile parts("-parts.safetensors");
  for (const itk::SizeValueType stop : { 1u, 6u, 9u, 100u })
  {
    const auto trainer = MakeCheckpointedTrainer(parts.GetName());
    StopAt(trainer, stop);
    trainer->Update();
    if (stop == 100)
    {
      EXPECT_EQ(trainer->GetResumedIteration(), 9u);
      EXPECT_EQ(Fingerprint(trainer->GetOutput()), Fingerprint(undisturbed->GetOutput()));
      EXPECT_EQ(trainer->GetBestIteration(), undisturbed->GetBestIteration());
      EXPECT_EQ(trainer->GetValidationLoss(), undisturbed->GetValidationLoss());
      EXPECT_EQ(trainer->GetOutput()->GetResidualGain(), undisturbed->GetOutput()->GetResidualGain());
    }
  }
  // A finished training is not continued.
  const auto again = MakeCheckpointedTrainer(parts.GetName());
  unsigned   iterations = 0;
  again->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) { ++iterations; });
  again->Update();
  EXPECT_EQ(iterations, 0u);
  EXPECT_EQ(Fingerprint(again->GetOutput()), Fingerprint(undisturbed->GetOutput()));
}

TEST(AutoencoderTrainerCheckpoint, StartsOverWithoutResumeAndAllowsMoreIterationsWithIt)
{
  const TemporaryFile file("-longer.safetensors");
  const auto          first = MakeCheckpointedTrainer(file.GetName());
  first->Update();
  const auto anew = MakeCheckpointedTrainer(file.GetName());
  anew->ResumeOff();
  anew->Update();
  EXPECT_EQ(anew->GetResumedIteration(), 0u);
  const auto longer = MakeCheckpointedTrainer(file.GetName());
  longer->SetNumberOfIterations(15);
  longer->Update();
  EXPECT_EQ(longer->GetResumedIteration(), 12u);
  EXPECT_EQ(longer->GetCurrentIteration(), 15u);
}

TEST(AutoencoderTrainerCheckpoint, RefusesAnotherTrainingsCheckpointAndSaysWhatIsDifferent)
{
  const TemporaryFile file("-other.safetensors");
  MakeCheckpointedTrainer(file.GetName())->Update();
  const auto refusal = [&](auto && set) {
    const auto trainer = MakeCheckpointedTrainer(file.GetName());
    set(trainer.GetPointer());
    return MessageOf([&] { trainer->Update(); });
  };
  EXPECT_NE(refusal([](TrainerType * t) { t->SetLearningRate(0.5); }).find("learning_rate was 0.001, and is 0.5"),
            std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetSeed(7); }).find("seed was 0, and is 7"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) {
              t->AddTrainingImage(MakeStack<ImageType>({ { 40, 36, 6 } }));
            }).find("volumes was 1, and is 2"),
            std::string::npos);

  MakeSmallModel()->Write(file.GetName());
  EXPECT_NE(refusal([](TrainerType *) {}).find("is not a checkpoint"), std::string::npos);
  std::ofstream(file.GetName()) << "damaged";
  EXPECT_NE(refusal([](TrainerType *) {}).find(file.GetName()), std::string::npos);
}

TEST(AutoencoderTrainerCheckpoint, RefusesACheckpointOfOtherVolumesOfTheSameNumber)
{
  const TemporaryFile file("-volumes.safetensors");
  const auto          make = [&](itk::SizeValueType slices) {
    auto trainer = TrainerType::New();
    trainer->SetInitialModel(MakeUntrainedModel());
    trainer->AddTrainingImage(MakeStack<ImageType>({ { 40, 36, slices } }));
    trainer->SetPatchSize(16);
    trainer->SetBatchSize(4);
    trainer->SetNumberOfIterations(2);
    trainer->SetCheckpointFileName(file.GetName());
    trainer->ResumeOn();
    return trainer;
  };
  make(6)->Update();
  EXPECT_EQ(MessageOf([&] { make(6)->Update(); }), "");
  EXPECT_NE(MessageOf([&] { make(7)->Update(); }).find("training on other volumes"), std::string::npos);
  const auto axis = make(6);
  axis->SetSliceAxis(2);
  EXPECT_NE(MessageOf([&] { axis->Update(); }).find("slice_axis was \"auto\", and is 2"), std::string::npos);
}

TEST(AutoencoderTrainerCheckpoint, RefusesAStartFromOtherWeights)
{
  const TemporaryFile file("-start.safetensors");
  const auto          train = [&](bool startsFromWeights) {
    const auto trainer = MakeTrainer();
    if (startsFromWeights)
    {
      auto model = MakeUntrainedModel();
      model->InitializeWeights(3);
      trainer->SetInitialModel(model);
    }
    trainer->SetNumberOfIterations(2);
    trainer->SetCheckpointFileName(file.GetName());
    trainer->ResumeOn();
    return MessageOf([&] { trainer->Update(); });
  };
  EXPECT_EQ(train(true), "");
  EXPECT_EQ(train(true), "");
  const auto message = train(false);
  EXPECT_NE(message.find("fine_tuned was true, and is false"), std::string::npos) << message;
}

TEST(AutoencoderTrainerCheckpoint, NamesTheFileAndTheEntryThatACheckpointLacks)
{
  const TemporaryFile file("-entries.safetensors");
  MakeCheckpointedTrainer(file.GetName())->Update();
  std::ifstream     stream(file.GetName(), std::ios::binary);
  const std::string contents{ std::istreambuf_iterator<char>(stream), {} };
  for (const std::string key : { "latent_sr.settings", "latent_sr.state", "latent_sr.steps" })
  {
    std::string bytes = contents;
    bytes[bytes.find(key) + key.size() - 1] = 'X';
    std::ofstream(file.GetName(), std::ios::binary) << bytes;
    const auto message = MessageOf([&] { MakeCheckpointedTrainer(file.GetName())->Update(); });
    EXPECT_NE(message.find(file.GetName()), std::string::npos) << message;
    EXPECT_NE(message.find("has no entry '" + key + "'"), std::string::npos) << message;
  }
}

TEST(AutoencoderTrainerCheckpoint, LeavesOtherFilesBesideItUnchanged)
{
  const TemporaryFile file("-beside.safetensors");
  const std::string   beside = file.GetName() + ".trial";
  std::ofstream(beside) << "mine";
  MakeCheckpointedTrainer(file.GetName())->Update();
  std::string text;
  std::ifstream(beside) >> text;
  std::remove(beside.c_str());
  EXPECT_EQ(text, "mine");
}

TEST(AutoencoderTrainerCheckpoint, IsNotOverwrittenAtALossThatIsNotFinite)
{
  const TemporaryFile file("-nan.safetensors");
  const auto          trainer = MakeTrainer();
  trainer->SetNumberOfIterations(200);
  trainer->SetLearningRate(1e30);
  trainer->SetNumberOfWarmUpIterations(0);
  trainer->SetGradientClippingNorm(0.0);
  trainer->SetCheckpointFileName(file.GetName());
  trainer->SetCheckpointInterval(1);
  itk::SizeValueType last = 0;
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) { last = trainer->GetCurrentIteration(); });
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find("loss"), std::string::npos);
  trainer->ResumeOn();
  EXPECT_NE(MessageOf([&] { trainer->Update(); }), "");
  EXPECT_LE(trainer->GetResumedIteration(), last);
  EXPECT_GT(trainer->GetResumedIteration(), 0u);
}

TEST(AutoencoderTrainerValidation, MeasuresLinearAndBSplineInterpolationAsTheExperimentDoes)
{
  const auto image = MakeStack<ImageType>({ { 60, 50, 7 } });
  const auto trainer = MakeTrainer();
  trainer->AddValidationImage(image);
  trainer->SetNumberOfIterations(1);
  trainer->Update();

  auto experiment = itk::SliceRecoveryExperiment<ImageType>::New();
  experiment->SetImage(image);
  experiment->Prepare();
  const auto psnr = [&](const std::string & method) {
    const auto truth = experiment->ExtractDroppedSlices(experiment->GetTruth());
    const auto recovered = experiment->ExtractDroppedSlices(experiment->RecoverByInterpolation(method));
    double     mean = 0.0;
    for (unsigned int slice = 0; slice < 3; ++slice)
    {
      double error = 0.0;
      for (unsigned int i = slice * 3000; i < (slice + 1) * 3000; ++i)
      {
        error += std::pow(recovered->GetBufferPointer()[i] - truth->GetBufferPointer()[i], 2) / 3000.0;
      }
      mean -= 10.0 * std::log10(error) / 3.0;
    }
    return mean;
  };
  EXPECT_NEAR(trainer->GetLinearValidationPSNR(), psnr("linear"), 1e-3);
  EXPECT_NEAR(trainer->GetBSplineValidationPSNR(), psnr("bspline"), 1e-3);
  EXPECT_GT(trainer->GetLinearValidationSSIM(), 0.0);
  EXPECT_EQ(trainer->GetValidationIteration(), 1u);
}

TEST(AutoencoderTrainerValidation, ReturnsTheBestModelAndStopsEarly)
{
  const auto trainer = MakeTrainer();
  trainer->AddValidationImage(MakeStack<ImageType>({ { 30, 30, 7 } }));
  trainer->SetNumberOfIterations(400);
  trainer->SetNumberOfWarmUpIterations(0);
  trainer->SetLearningRateSchedule(itk::AutoencoderTrainerEnums::LearningRateSchedule::Constant);
  // The rate is so large that the loss fluctuates.
  trainer->SetLearningRate(0.1);
  trainer->SetWeightAveraging(0.0);
  trainer->SetValidationInterval(2);
  trainer->SetEarlyStoppingPatience(3);
  double             best = 1e9;
  itk::SizeValueType bestIteration = 0;
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
    if (trainer->GetValidationIteration() == trainer->GetCurrentIteration() && trainer->GetValidationLoss() < best)
    {
      best = trainer->GetValidationLoss();
      bestIteration = trainer->GetCurrentIteration();
    }
  });
  trainer->Update();
  EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::EarlyStopping);
  EXPECT_EQ(trainer->GetBestIteration(), bestIteration);
  EXPECT_EQ(trainer->GetCurrentIteration(), bestIteration + 6);
  EXPECT_NE(trainer->GetStopConditionDescription().find(std::to_string(bestIteration)), std::string::npos);
  // The model is that of the best validation: another validation gives the same result.
  const auto again = MakeTrainer();
  again->SetInitialModel(trainer->GetOutput());
  again->AddValidationImage(MakeStack<ImageType>({ { 30, 30, 7 } }));
  again->SetNumberOfIterations(1);
  again->SetLearningRate(1e-12);
  again->SetWeightDecay(0.0);
  again->SetWeightAveraging(0.0);
  again->FreezeNormalizationOn();
  again->Update();
  EXPECT_NEAR(again->GetValidationLoss(), best, 1e-5);
}

TEST(AutoencoderTrainerValidation, RefusesVolumesOnWhichNothingCanBeMeasured)
{
  const auto trainer = MakeTrainer();
  trainer->AddValidationImage(MakeStack<ImageType>({ { 30, 30, 2 } }));
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find("three slices"), std::string::npos);
  const auto image = MakeStack<ImageType>({ { 30, 30, 5 } });
  image->FillBuffer(7);
  const auto constant = MakeTrainer();
  constant->AddValidationImage(image);
  EXPECT_NE(MessageOf([&] { constant->Update(); }).find("is constant"), std::string::npos);
  const auto gap = MakeTrainer();
  gap->SetValidationImage(1, MakeStack<ImageType>({ { 30, 30, 5 } }));
  EXPECT_NE(MessageOf([&] { gap->Update(); }).find("Validation image 0 of 2 is not set"), std::string::npos);
}
