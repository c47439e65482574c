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
#include "itkLatentSpaceSuperResolutionFilterTestHelpers.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;
using TrainerType = itk::AutoencoderTrainer<ImageType>;

namespace
{
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/** Whether a function changes the time stamp of an object. */
template <typename TObject, typename TFunction>
bool
Changes(TObject * object, TFunction && function)
{
  const auto before = object->GetMTime();
  function();
  return object->GetMTime() != before;
}

/** Set a parameter to a value twice, and to NaN twice. The first and the third call are changes. */
template <typename TObject, typename TSetter>
void
ExpectChangesOnly(TObject * object, double value, TSetter && set)
{
  EXPECT_TRUE(Changes(object, [&] { set(object, value); }));
  EXPECT_FALSE(Changes(object, [&] { set(object, value); }));
  EXPECT_TRUE(Changes(object, [&] { set(object, notANumber); }));
  EXPECT_FALSE(Changes(object, [&] { set(object, notANumber); }));
}
} // namespace

TEST(LatentSpaceSuperResolutionParameters, AreAutomaticUntilTheyAreSet)
{
  const auto filter = FilterType::New();
  EXPECT_TRUE(filter->GetAutomaticSliceAxis());
  EXPECT_TRUE(filter->GetAutomaticOutputSliceSpacing());
  EXPECT_TRUE(filter->GetAutomaticResidualGain());
  EXPECT_TRUE(filter->GetAutomaticDetailGain());
  EXPECT_TRUE(filter->GetAutomaticWindowMinimum());
  EXPECT_TRUE(filter->GetAutomaticWindowMaximum());
  filter->SetSliceAxis(filter->GetSliceAxis());
  filter->SetResidualGain(0.5);
  SetWindow(filter, -10.0, 20.0);
  EXPECT_FALSE(filter->GetAutomaticSliceAxis());
  EXPECT_FALSE(filter->GetAutomaticResidualGain());
  EXPECT_FALSE(filter->GetAutomaticWindowMinimum());
  EXPECT_FALSE(filter->GetAutomaticWindowMaximum());
  EXPECT_TRUE(filter->GetAutomaticDetailGain());
  filter->AutomaticResidualGainOn();
  EXPECT_TRUE(filter->GetAutomaticResidualGain());
  EXPECT_EQ(filter->GetResidualGain(), 0.5);

  const auto trainer = TrainerType::New();
  EXPECT_TRUE(trainer->GetAutomaticSliceAxis());
  trainer->SetSliceAxis(1);
  EXPECT_FALSE(trainer->GetAutomaticSliceAxis());
  EXPECT_EQ(trainer->GetSliceAxis(), 1u);
  trainer->AutomaticSliceAxisOn();
  EXPECT_TRUE(trainer->GetAutomaticSliceAxis());
}

TEST(LatentSpaceSuperResolutionParameters, GiveTheSameResultWhenTheyAreAutomaticAgain)
{
  const auto image = MakeStack<ImageType>({ { 12, 12, 4 } });
  const auto untouched = MakeFilter(image, OutputModeEnum::ResidualCorrected);
  untouched->Update();
  const auto filter = MakeFilter(image, OutputModeEnum::ResidualCorrected);
  filter->SetSliceAxis(0);
  filter->SetOutputSliceSpacing(1.5);
  filter->SetResidualGain(0.1);
  SetWindow(filter, 100.0, 200.0);
  filter->Update();
  filter->AutomaticSliceAxisOn();
  filter->AutomaticOutputSliceSpacingOn();
  filter->AutomaticResidualGainOn();
  filter->AutomaticWindowMinimumOn();
  filter->AutomaticWindowMaximumOn();
  filter->UpdateLargestPossibleRegion();
  EXPECT_EQ(LargestDifference<ImageType>(filter->GetOutput(), untouched->GetOutput()), 0.0);
}

TEST(LatentSpaceSuperResolutionParameters, OfTheFilterCallModifiedOnlyOnAChange)
{
  const auto filter = FilterType::New();
  ExpectChangesOnly(filter.GetPointer(), 2.5, [](FilterType * f, double v) { f->SetOutputSliceSpacing(v); });
  ExpectChangesOnly(filter.GetPointer(), 0.5, [](FilterType * f, double v) { f->SetResidualGain(v); });
  ExpectChangesOnly(filter.GetPointer(), 0.5, [](FilterType * f, double v) { f->SetDetailGain(v); });
  ExpectChangesOnly(filter.GetPointer(), 0.5, [](FilterType * f, double v) { f->SetLowPassSigma(v); });
  ExpectChangesOnly(filter.GetPointer(), 0.5, [](FilterType * f, double v) { f->SetSliceThickness(v); });
  ExpectChangesOnly(filter.GetPointer(), -1.0, [](FilterType * f, double v) { f->SetWindowMinimum(v); });
  ExpectChangesOnly(filter.GetPointer(), 9.0, [](FilterType * f, double v) { f->SetWindowMaximum(v); });
  EXPECT_TRUE(Changes(filter.GetPointer(), [&] { filter->SetSliceAxis(1); }));
  EXPECT_FALSE(Changes(filter.GetPointer(), [&] { filter->SetSliceAxis(1); }));
  EXPECT_FALSE(Changes(filter.GetPointer(), [&] { filter->SetDevice("cpu"); }));
  EXPECT_FALSE(Changes(filter.GetPointer(), [&] { filter->SetModelFileName(""); }));
  EXPECT_FALSE(Changes(filter.GetPointer(), [&] { filter->SetUpsamplingFactor(2); }));
}

TEST(LatentSpaceSuperResolutionParameters, OfTheTrainerCallModifiedOnlyOnAChange)
{
  const auto trainer = TrainerType::New();
  ExpectChangesOnly(trainer.GetPointer(), 0.5, [](TrainerType * t, double v) { t->SetLearningRate(v); });
  ExpectChangesOnly(trainer.GetPointer(), 0.5, [](TrainerType * t, double v) { t->SetWeightDecay(v); });
  ExpectChangesOnly(trainer.GetPointer(), 0.5, [](TrainerType * t, double v) { t->SetTimeBudget(v); });
  ExpectChangesOnly(trainer.GetPointer(), 0.5, [](TrainerType * t, double v) { t->SetWeightAveraging(v); });
  EXPECT_FALSE(Changes(TrainerType::New().GetPointer(), [] {}));
  const auto fresh = TrainerType::New();
  EXPECT_FALSE(Changes(fresh.GetPointer(), [&] { fresh->SetParametersToDefault(); }));
  EXPECT_TRUE(Changes(fresh.GetPointer(), [&] { fresh->SetParametersToPaper(); }));
  EXPECT_FALSE(Changes(fresh.GetPointer(), [&] { fresh->SetParametersToPaper(); }));
  EXPECT_FALSE(Changes(fresh.GetPointer(), [&] { fresh->SetParameter("batch-size", "8"); }));
  EXPECT_TRUE(Changes(fresh.GetPointer(), [&] { fresh->SetParameter("batch-size", "9"); }));
  EXPECT_FALSE(Changes(fresh.GetPointer(), [&] { fresh->SetTrainingFileNames({}); }));
}

TEST(LatentSpaceSuperResolutionParameters, OfTheFilterThatAreNotANumberAreRefusedByName)
{
  const std::pair<const char *, std::function<void(FilterType *)>> setters[] = {
    { "OutputSliceSpacing is nan", [](FilterType * f) { f->SetOutputSliceSpacing(notANumber); } },
    { "ResidualGain is nan", [](FilterType * f) { f->SetResidualGain(notANumber); } },
    { "DetailGain is nan", [](FilterType * f) { f->SetDetailGain(notANumber); } },
    { "LowPassSigma is nan", [](FilterType * f) { f->SetLowPassSigma(notANumber); } },
    { "SliceThickness is nan", [](FilterType * f) { f->SetSliceThickness(notANumber); } },
    { "The window is nan to 1", [](FilterType * f) { SetWindow(f, notANumber, 1.0); } },
    { "The window is 0 to nan", [](FilterType * f) { SetWindow(f, 0.0, notANumber); } },
  };
  for (const auto & [message, set] : setters)
  {
    const auto filter = MakeFilter(MakeStack<ImageType>({ { 8, 8, 3 } }));
    set(filter);
    EXPECT_NE(MessageOf([&] { filter->Update(); }).find(message), std::string::npos) << message;
  }
}

TEST(LatentSpaceSuperResolutionParameters, OfTheTrainerThatAreNotANumberAreRefusedByName)
{
  const std::pair<const char *, std::function<void(TrainerType *)>> setters[] = {
    { "LearningRate", [](TrainerType * t) { t->SetLearningRate(notANumber); } },
    { "TimeBudget", [](TrainerType * t) { t->SetTimeBudget(notANumber); } },
    { "WeightDecay", [](TrainerType * t) { t->SetWeightDecay(notANumber); } },
    { "GradientClippingNorm", [](TrainerType * t) { t->SetGradientClippingNorm(notANumber); } },
    { "ReconstructionWeight", [](TrainerType * t) { t->SetReconstructionWeight(notANumber); } },
    { "SynthesisWeight", [](TrainerType * t) { t->SetSynthesisWeight(notANumber); } },
    { "SSIMWeight", [](TrainerType * t) { t->SetSSIMWeight(notANumber); } },
    { "WideGapShare", [](TrainerType * t) { t->SetWideGapShare(notANumber); } },
    { "IntensityAugmentation", [](TrainerType * t) { t->SetIntensityAugmentation(notANumber); } },
    { "ScaleAugmentation", [](TrainerType * t) { t->SetScaleAugmentation(notANumber); } },
    { "DeformationAugmentation", [](TrainerType * t) { t->SetDeformationAugmentation(notANumber); } },
    { "WeightAveraging", [](TrainerType * t) { t->SetWeightAveraging(notANumber); } },
    { "CheckpointTimeInterval", [](TrainerType * t) { t->SetCheckpointTimeInterval(notANumber); } },
  };
  for (const auto & [name, set] : setters)
  {
    const auto trainer = TrainerType::New();
    trainer->AddTrainingImage(MakeStack<ImageType>({ { 16, 16, 4 } }));
    set(trainer);
    EXPECT_NE(MessageOf([&] { trainer->Update(); }).find(std::string(name) + " is nan"), std::string::npos) << name;
  }
}

TEST(LatentSpaceSuperResolutionParameters, OfTheTrainerAreSetByNameFromText)
{
  const auto trainer = TrainerType::New();
  trainer->SetParameter("learning-rate", "3e-4");
  trainer->SetParameter("Flip_Augmentation", "off");
  trainer->SetParameter("LEARNINGRATESCHEDULE", "constant");
  trainer->SetParameter("slice-axis", "1");
  trainer->SetParameter("precision", "bfloat16");
  EXPECT_EQ(trainer->GetLearningRate(), 3e-4);
  EXPECT_FALSE(trainer->GetFlipAugmentation());
  EXPECT_EQ(trainer->GetLearningRateSchedule(), itk::AutoencoderTrainerEnums::LearningRateSchedule::Constant);
  EXPECT_EQ(trainer->GetSliceAxis(), 1u);
  EXPECT_EQ(trainer->GetPrecision(), itk::AutoencoderModelEnums::Precision::BFloat16);
  trainer->SetParameter("slice-axis", "auto");
  EXPECT_TRUE(trainer->GetAutomaticSliceAxis());

  const auto refusal = [&](const char * name, const char * text) {
    return MessageOf([&] { trainer->SetParameter(name, text); });
  };
  for (const auto & [name, text, allowed] : { std::make_tuple("batch-size", "-1", "a whole number"),
                                              std::make_tuple("batch-size", "5000000000", "a whole number"),
                                              std::make_tuple("batch-size", "", "a whole number"),
                                              std::make_tuple("learning-rate", "1e-3x", "a number"),
                                              std::make_tuple("center-patches", "2", "true or false"),
                                              std::make_tuple("slice-axis", "3", "0, 1 or 2, or auto") })
  {
    EXPECT_NE(refusal(name, text).find(std::string("'") + text + "', but has to be " + allowed), std::string::npos)
      << name << ' ' << text << ": " << refusal(name, text);
  }
  EXPECT_NE(refusal("speed", "9").find("no parameter 'speed'"), std::string::npos);
  EXPECT_NE(refusal("speed", "9").find("LearningRateSchedule"), std::string::npos);
}

TEST(LatentSpaceSuperResolutionParameters, OfNewObjectsCanBeReadOrThrow)
{
  const auto filter = FilterType::New();
  EXPECT_EQ(filter->GetModel(), nullptr);
  EXPECT_EQ(filter->GetInput(), nullptr);
  EXPECT_EQ(filter->GetSliceThickness(), 0.0);
  EXPECT_EQ(filter->GetWindowMinimumUsed(), 0.0);
  EXPECT_EQ(filter->GetWindowMaximumUsed(), 0.0);
  EXPECT_STREQ(filter->GetTrainingRangeWarning(), "");
  EXPECT_STREQ(filter->GetModelFileName(), "");
  EXPECT_THROW(filter->GetSliceAxisUsed(), itk::ExceptionObject);
  EXPECT_THROW(filter->GetOutputModeUsed(), itk::ExceptionObject);
  std::ostringstream text;
  filter->Print(text);
  EXPECT_NE(text.str().find("AutomaticResidualGain: On"), std::string::npos);

  const auto trainer = TrainerType::New();
  EXPECT_NE(trainer->GetOutput(), nullptr);
  EXPECT_EQ(trainer->GetInitialModel(), nullptr);
  EXPECT_EQ(trainer->GetNumberOfTrainingImages(), 0u);
  EXPECT_EQ(trainer->GetTrainingImage(0), nullptr);
  EXPECT_EQ(trainer->GetTrainingImage(7), nullptr);
  EXPECT_EQ(trainer->GetValidationImage(7), nullptr);
  EXPECT_TRUE(trainer->GetTrainingFileNames().empty());
  EXPECT_TRUE(trainer->GetCheckpointFileName().empty());
  EXPECT_EQ(trainer->GetStopCondition(), itk::AutoencoderTrainerEnums::StopCondition::NotStarted);
  EXPECT_EQ(trainer->GetStopConditionDescription(), "No training has been started.");
  trainer->Print(text);
  EXPECT_FALSE(trainer->GetOutput()->HasWeights());
}
