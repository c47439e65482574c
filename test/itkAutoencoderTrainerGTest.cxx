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

#include "itkAutoencoderTrainer.h"

#include "itkCommand.h"
#include "itkLatentSpaceSuperResolutionImageFilter.h"
#include "itkAutoencoderTrainerTestHelpers.h"

#include <gtest/gtest.h>

#include <cmath>

#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;

TEST(AutoencoderTrainer, LowersBothLosses)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(150);
  trainer->SetNumberOfWarmUpIterations(10);
  trainer->SetLearningRate(5e-3);
  double firstSynthesis = 0.0;
  double firstReconstruction = 0.0;
  double lastSynthesis = 0.0;
  double lastReconstruction = 0.0;
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
    const bool early = trainer->GetCurrentIteration() <= 10;
    const bool late = trainer->GetCurrentIteration() > 140;
    (early ? firstSynthesis : lastSynthesis) += early || late ? trainer->GetCurrentSynthesisLoss() : 0.0;
    (early ? firstReconstruction : lastReconstruction) += early || late ? trainer->GetCurrentReconstructionLoss() : 0.0;
  });
  trainer->Update();
  EXPECT_LT(lastSynthesis, 0.5 * firstSynthesis);
  EXPECT_LT(lastReconstruction, 0.5 * firstReconstruction);
}

TEST(AutoencoderTrainer, GivesTheSameWeightsForTheSameSeedAndOthersForAnother)
{
  const auto train = [](unsigned int seed) {
    const auto trainer = MakeTrainer();
    trainer->SetSeed(seed);
    trainer->Update();
    return Fingerprint(trainer->GetOutput());
  };
  EXPECT_EQ(train(5), train(5));
  EXPECT_NE(train(5), train(6));
}

TEST(AutoencoderTrainer, GivesTheSameWeightsForOneToFourThreads)
{
  const auto train = [](unsigned int threads) {
    const auto trainer = MakeTrainer();
    trainer->SetBatchSize(9);
    trainer->SetNumberOfWorkUnits(threads);
    trainer->Update();
    return Fingerprint(trainer->GetOutput());
  };
  const auto one = train(1);
  EXPECT_EQ(train(2), one);
  EXPECT_EQ(train(3), one);
  EXPECT_EQ(train(4), one);
  // More threads have other shares of the batch.
  EXPECT_EQ(train(5), train(7));
}

TEST(AutoencoderTrainer, InvokesAnEventForEveryIteration)
{
  const auto                      trainer = MakeTrainer();
  std::vector<itk::SizeValueType> iterations;
  std::vector<double>             rates;
  trainer->SetNumberOfWarmUpIterations(2);
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
    iterations.push_back(trainer->GetCurrentIteration());
    rates.push_back(trainer->GetCurrentLearningRate());
    EXPECT_GT(trainer->GetCurrentLoss(), 0.0);
    EXPECT_GT(trainer->GetElapsedTime(), 0.0);
  });
  trainer->Update();
  EXPECT_EQ(iterations, (std::vector<itk::SizeValueType>{ 1, 2, 3, 4, 5 }));
  EXPECT_LT(rates[0], rates[1]); // warm-up
  EXPECT_GT(rates[2], rates[4]); // cosine
  EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::MaximumNumberOfIterations);
  EXPECT_FLOAT_EQ(trainer->GetProgress(), 1.0f);
}

TEST(AutoencoderTrainer, StopsOnRequestWithTheModelSoFar)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(1000);
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
    if (trainer->GetCurrentIteration() == 3)
    {
      trainer->StopTraining();
    }
  });
  trainer->Update();
  EXPECT_EQ(trainer->GetCurrentIteration(), 3u);
  EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::StopRequested);
  EXPECT_TRUE(trainer->GetOutput()->HasWeights());
}

TEST(AutoencoderTrainer, AbortsWithinAnIterationAndKeepsTheModelSoFar)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(1000);
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) { trainer->AbortGenerateDataOn(); });
  EXPECT_THROW(trainer->Update(), itk::ProcessAborted);
  EXPECT_EQ(trainer->GetCurrentIteration(), 1u);
  EXPECT_TRUE(trainer->GetOutput()->HasWeights());
}

TEST(AutoencoderTrainer, EndsWithItsTimeBudget)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(1000000);
  trainer->SetTimeBudget(0.5);
  trainer->Update();
  EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::TimeBudget);
  EXPECT_LT(trainer->GetElapsedTime(), 20.0);
}

TEST(AutoencoderTrainer, StartsFromAGivenModelWithoutChangingIt)
{
  const auto start = MakeSmallModel(9);
  start->SetErrorCalibration(0.5, 0.25, 2.5);
  start->SetErrorCalibrationWithSpread(0.5, 0.25, 0.5, 2.5);
  const auto before = Fingerprint(start);
  const auto trainer = MakeTrainer();
  trainer->SetInitialModel(start);
  trainer->SetWeightAveraging(0.0);
  trainer->SetNumberOfIterations(1);
  trainer->SetLearningRate(1e-9);
  trainer->Update();
  const auto after = Fingerprint(trainer->GetOutput());
  EXPECT_EQ(Fingerprint(start), before);
  // The calibrations of errors belong to the weights.
  EXPECT_TRUE(start->HasErrorCalibration() && start->HasErrorCalibration(true));
  EXPECT_FALSE(trainer->GetOutput()->HasErrorCalibration() || trainer->GetOutput()->HasErrorCalibration(true));
  // One tiny step changes the output little, mostly by the statistics of the normalizations. Random weights would be
  // far away.
  const auto distance = [&before](const std::vector<float> & other) {
    double sum = 0.0;
    for (size_t i = 0; i < other.size(); ++i)
    {
      sum += std::abs(other[i] - before[i]);
    }
    return sum;
  };
  EXPECT_LT(distance(after), 0.2 * distance(Fingerprint(MakeSmallModel(0))));
  EXPECT_EQ(trainer->GetOutput()->GetBaseChannels(), 4u);
}

TEST(AutoencoderTrainer, ReconstructsOnlyWhenTheSynthesisWeightIsZero)
{
  const auto trainer = MakeTrainer();
  trainer->SetSynthesisWeight(0.0);
  trainer->SetReconstructionWeight(1.0);
  trainer->Update();
  EXPECT_EQ(trainer->GetCurrentSynthesisLoss(), 0.0);
  EXPECT_DOUBLE_EQ(trainer->GetCurrentLoss(), trainer->GetCurrentReconstructionLoss());
}

TEST(AutoencoderTrainer, AcceptsVolumesWithTooFewSlicesForASynthesis)
{
  const auto trainer = MakeTrainer();
  trainer->SetTrainingImage(0, MakeStack<ImageType>({ { 20, 20, 2 } }));
  trainer->Update();
  EXPECT_EQ(trainer->GetCurrentSynthesisLoss(), 0.0);
  trainer->AddTrainingImage(MakeStack<ImageType>({ { 20, 20, 3 } }));
  trainer->Update();
  EXPECT_GT(trainer->GetCurrentSynthesisLoss(), 0.0);
}

TEST(AutoencoderTrainer, MirrorsVolumesThatAreSmallerThanAPatch)
{
  const auto trainer = MakeTrainer();
  trainer->SetTrainingImage(0, MakeStack<ImageType>({ { 5, 9, 4 } }));
  EXPECT_NO_THROW(trainer->Update());
}

TEST(AutoencoderTrainer, AcceptsVolumesOfDifferentSizesSpacingsAndAxes)
{
  const auto trainer = MakeTrainer();
  const auto model = MakeUntrainedModel();
  model->SetInPlaneSpacing(1.4);
  trainer->SetInitialModel(model);
  trainer->AddTrainingImage(MakeStack<ImageType>({ { 5, 30, 44 } }, 8.0, 0));
  trainer->Update();
  EXPECT_DOUBLE_EQ(trainer->GetOutput()->GetSmallestTrainingSliceSpacing(), 5.0);
  EXPECT_DOUBLE_EQ(trainer->GetOutput()->GetLargestTrainingSliceSpacing(), 8.0);
  EXPECT_NE(trainer->GetOutput()->GetProvenance("training").find("\"iterations\":5"), std::string::npos);
}

TEST(AutoencoderTrainer, FeedsTheFilterAsAPipeline)
{
  const auto trainer = MakeTrainer();
  auto       filter = itk::LatentSpaceSuperResolutionImageFilter<ImageType>::New();
  filter->SetInput(MakeStack<ImageType>({ { 20, 20, 3 } }));
  filter->SetModel(trainer->GetOutput());
  filter->Update();
  EXPECT_EQ(trainer->GetCurrentIteration(), 5u);
  EXPECT_EQ(filter->GetOutput()->GetLargestPossibleRegion().GetSize(2), 5u);
  unsigned int iterations = 0;
  trainer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) { ++iterations; });
  filter->Update();
  EXPECT_EQ(iterations, 0u);
  trainer->SetNumberOfIterations(6);
  filter->Update();
  EXPECT_EQ(iterations, 6u);
}

TEST(AutoencoderTrainer, SetsThePapersParameters)
{
  auto trainer = TrainerType::New();
  trainer->SetParametersToPaper();
  EXPECT_EQ(trainer->GetPatchSize(), 128u);
  EXPECT_DOUBLE_EQ(trainer->GetLearningRate(), 1e-5);
  EXPECT_EQ(trainer->GetSynthesisWeight(), 0.0);
  EXPECT_EQ(trainer->GetWeightDecay(), 0.0);
  const auto parameters = [](const TrainerType * printed) {
    std::ostringstream stream;
    printed->Print(stream);
    const auto text = stream.str();
    const auto begin = text.find("PatchSize");
    return text.substr(begin, text.find("CurrentIteration") - begin);
  };
  const auto fresh = parameters(TrainerType::New());
  EXPECT_NE(parameters(trainer), fresh);
  trainer->SetParametersToDefault();
  EXPECT_EQ(parameters(trainer), fresh);
}

TEST(AutoencoderTrainer, RefusesWrongSettingsAndNamesThem)
{
  const auto refusal = [](auto && set) {
    const auto trainer = MakeTrainer();
    set(trainer.GetPointer());
    return MessageOf([&] { trainer->Update(); });
  };
  EXPECT_NE(refusal([](TrainerType * t) { t->SetLearningRate(0.0); }).find("LearningRate is 0"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetPatchSize(17); }).find("PatchSize is 17"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetBatchSize(0); }).find("BatchSize"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetNumberOfIterations(0); }).find("NumberOfIterations"),
            std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetMaximumSliceGap(1); }).find("MaximumSliceGap"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetSliceAxis(3); }).find("SliceAxis is 3"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetCacheSize(0); }).find("CacheSize is 0"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetVolumeInterval(0); }).find("VolumeInterval"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetValidationInterval(0); }).find("ValidationInterval"),
            std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetMaximumNumberOfValidationSlices(0); }).find("ValidationSlices is 0"),
            std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->ResumeOn(); }).find("CheckpointFileName"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetProcessGroupName("nobody"); }).find("'nobody'"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) {
              t->SetCheckpointFileName("/no-such-folder/a.safetensors");
            }).find("/no-such-folder/a.safetensors"),
            std::string::npos);
  EXPECT_NE(
    refusal([](TrainerType * t) { t->AddTrainingFileName("none.nii"); }).find("'none.nii': there is no such file"),
    std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetWeightAveraging(1.0); }).find("WeightAveraging"), std::string::npos);
  EXPECT_NE(refusal([](TrainerType * t) { t->SetIntensityAugmentation(2.0); }).find("IntensityAugmentation"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { TrainerType::New()->Update(); }).find("no training images"), std::string::npos);
}

TEST(AutoencoderTrainer, AcceptsTheOutputOfAnotherTrainerThatHasNotRunYet)
{
  const auto first = MakeTrainer();
  first->SetPatchSize(20); // a multiple of 4, but not of 16, which a new model needs
  const auto second = MakeTrainer();
  second->SetPatchSize(20);
  second->SetInitialModel(first->GetOutput());
  second->Update();
  EXPECT_EQ(second->GetOutput()->GetNumberOfPoolings(), 2u);
  second->SetPatchSize(18);
  EXPECT_NE(MessageOf([&] { second->Update(); }).find("PatchSize is 18"), std::string::npos);
}

TEST(AutoencoderTrainer, SaysThatATrainingFailed)
{
  const auto trainer = MakeTrainer();
  trainer->AddObserver(itk::IterationEvent(),
                       [](const itk::EventObject &) { itkGenericExceptionMacro("an observer's mistake"); });
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find("an observer's mistake"), std::string::npos);
  EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::Failed);
}

TEST(AutoencoderTrainer, RefusesToTrainOnNothing)
{
  const auto trainer = MakeTrainer();
  trainer->SetTrainingImage(0, MakeStack<ImageType>({ { 20, 20, 2 } }));
  trainer->SetReconstructionWeight(0.0);
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find("nothing to train on"), std::string::npos);
}

TEST(AutoencoderTrainer, RefusesAConstantVolume)
{
  const auto trainer = MakeTrainer();
  const auto image = MakeStack<ImageType>({ { 20, 20, 3 } });
  image->FillBuffer(3);
  trainer->AddTrainingImage(image);
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find("Training volume 1 is constant"), std::string::npos);
}

TEST(AutoencoderTrainer, StopsAtALossThatIsNotFiniteWithTheLastFiniteModel)
{
  const auto trainer = MakeTrainer();
  trainer->SetNumberOfIterations(200);
  trainer->SetLearningRate(1e30);
  trainer->SetNumberOfWarmUpIterations(0);
  trainer->SetGradientClippingNorm(0.0);
  trainer->SetWeightAveraging(0.0);
  for (const double averaging : { 0.0, 0.9 })
  {
    trainer->SetWeightAveraging(averaging);
    const auto message = MessageOf([&] { trainer->Update(); });
    EXPECT_NE(message.find("loss"), std::string::npos) << message;
    EXPECT_EQ(trainer->GetStopCondition(), StopConditionEnum::NonFiniteLoss);
    for (const float value : Fingerprint(trainer->GetOutput()))
    {
      ASSERT_TRUE(std::isfinite(value));
    }
  }
}

TEST(AutoencoderTrainer, PrintsItself)
{
  std::ostringstream stream;
  MakeTrainer()->Print(stream);
  for (const char * name :
       { "PatchSize: 16", "LearningRateSchedule: itk::", "StopCondition: itk::", "SliceAxis: auto" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}
