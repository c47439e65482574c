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

#include "itkAutoencoderModelTestHelpers.h"

#include <functional>
#include <limits>
#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;
using ModelType = itk::AutoencoderModel;

TEST(AutoencoderModel, CountsTheParametersOfThePapersNetwork)
{
  auto model = ModelType::New();
  model->SetArchitectureToPaper();
  // Computed by hand from the table of layers: 3 x 3 convolutions with bias, and two values per channel of each
  // normalization.
  const auto    convolution = [](unsigned long in, unsigned long out) { return 9 * in * out + out; };
  unsigned long encoder = 0;
  unsigned long in = 1;
  for (const unsigned long out : { 32, 64, 128, 256 })
  {
    encoder += convolution(in, out) + convolution(out, out) + 2 * out;
    in = out;
  }
  encoder += convolution(256, 256) + convolution(256, 16);
  unsigned long decoder = convolution(16, 256) + convolution(256, 256);
  in = 256;
  for (const unsigned long out : { 256, 128, 64, 32 })
  {
    decoder += convolution(in, out) + convolution(out, out) + 2 * out;
    in = out;
  }
  decoder += convolution(32, 32) + convolution(32, 1);
  EXPECT_EQ(model->GetNumberOfParameters(), encoder + decoder);
}

TEST(AutoencoderModel, MakesThePapersLatentOfA128SquareSlice)
{
  auto model = ModelType::New();
  model->SetArchitectureToPaper();
  model->InitializeWeights(0);
  const auto latent = model->Encode(MakeUnitStack(128, 128, 1));
  ASSERT_EQ(latent->GetNumberOfTensors(), 1u);
  EXPECT_EQ(latent->GetTensorShape(0), (std::vector<itk::SizeValueType>{ 1, 16, 8, 8 }));
  EXPECT_EQ(model->Decode(latent)->GetLargestPossibleRegion().GetSize(), (StackType::SizeType{ { 128, 128, 1 } }));
}

TEST(AutoencoderModel, MakesMultiScaleLatentsByDefault)
{
  auto model = ModelType::New();
  model->InitializeWeights(0);
  const auto latent = model->Encode(MakeUnitStack(64, 32, 2));
  ASSERT_EQ(latent->GetNumberOfTensors(), 5u);
  EXPECT_EQ(latent->GetTensorShape(0), (std::vector<itk::SizeValueType>{ 2, 16, 2, 4 }));
  EXPECT_EQ(latent->GetTensorShape(4), (std::vector<itk::SizeValueType>{ 2, 4, 16, 32 }));
  EXPECT_EQ(latent->GetTensorShape(1), (std::vector<itk::SizeValueType>{ 2, 48, 8, 16 }));
  EXPECT_EQ(latent->GetTensorShape(2), (std::vector<itk::SizeValueType>{ 2, 96, 4, 8 }));
  EXPECT_EQ(latent->GetTensorShape(3), (std::vector<itk::SizeValueType>{ 2, 192, 2, 4 }));
  EXPECT_EQ(latent->GetNumberOfSlices(), 2u);
}

TEST(AutoencoderModel, MixesLatentsLinearly)
{
  const auto model = MakeSmallModel();
  const auto latent = model->Encode(MakeUnitStack(16, 16, 2));
  const auto first = latent->Extract(0, 1);
  const auto second = latent->Extract(1, 1);
  const auto mixed = itk::AutoencoderLatent::Mix(first, second, 0.25);
  for (unsigned int t = 0; t < mixed->GetNumberOfTensors(); ++t)
  {
    const auto a = first->GetTensorValues(t);
    const auto b = second->GetTensorValues(t);
    const auto m = mixed->GetTensorValues(t);
    for (size_t i = 0; i < m.size(); ++i)
    {
      ASSERT_NEAR(m[i], 0.75f * a[i] + 0.25f * b[i], 1e-6f);
    }
  }
  ExpectEqualStacks(model->Decode(itk::AutoencoderLatent::Mix(first, second, 0.0)), model->Decode(first));
  ExpectEqualStacks(model->Decode(itk::AutoencoderLatent::Mix(first, second, 1.0)), model->Decode(second));
}

TEST(AutoencoderModel, RefusesToMixLatentsThatDoNotMatch)
{
  const auto model = MakeSmallModel();
  const auto small = model->Encode(MakeUnitStack(16, 16, 1));
  const auto large = model->Encode(MakeUnitStack(32, 16, 1));
  EXPECT_NE(MessageOf([&] { itk::AutoencoderLatent::Mix(small, large, 0.5); }).find("different shapes"),
            std::string::npos);
  EXPECT_NE(MessageOf([&] { itk::AutoencoderLatent::Mix(small, small, 1.5); }).find("1.5"), std::string::npos);
  EXPECT_THROW(itk::AutoencoderLatent::Mix(small, nullptr, 0.5), itk::ExceptionObject);
  EXPECT_THROW(small->Extract(1, 1), itk::ExceptionObject);
  EXPECT_THROW(small->GetTensorShape(2), itk::ExceptionObject);
}

TEST(AutoencoderModel, GivesTheSameWeightsForTheSameSeed)
{
  const auto stack = MakeUnitStack(16, 16, 1);
  const auto reconstruct = [&](unsigned int seed) {
    const auto model = MakeSmallModel(seed);
    return model->Decode(model->Encode(stack));
  };
  ExpectEqualStacks(reconstruct(3), reconstruct(3));
  EXPECT_NE(reconstruct(3)->GetBufferPointer()[0], reconstruct(4)->GetBufferPointer()[0]);
}

TEST(AutoencoderModel, RefusesNetworksThatAreTooLarge)
{
  auto model = ModelType::New();
  model->SetBaseChannels(1024);
  model->SetNumberOfPoolings(8);
  const auto message = MessageOf([&] { model->InitializeWeights(0); });
  EXPECT_NE(message.find("parameters, but at most 134217728 are allowed"), std::string::npos) << message;
  EXPECT_FALSE(model->HasWeights());
}

TEST(AutoencoderModel, CountsNoParametersForLevelsThatDoNotExist)
{
  auto model = ModelType::New();
  model->SetLatentLevels({});
  const auto without = model->GetNumberOfParameters();
  model->SetLatentLevels({ 70, 4000000000u });
  EXPECT_EQ(model->GetNumberOfParameters(), without);
}

TEST(AutoencoderModel, RefusesSettingsOutOfRangeAndNamesThem)
{
  auto model = ModelType::New();
  EXPECT_NE(MessageOf([&] { model->SetNumberOfPoolings(0); }).find("NumberOfPoolings is 0"), std::string::npos);
  EXPECT_NE(MessageOf([&] { model->SetBaseChannels(2000); }).find("2000"), std::string::npos);
  EXPECT_THROW(model->SetLatentChannels(0), itk::ExceptionObject);
  EXPECT_THROW(model->SetLatentLevels({ 2, 1 }), itk::ExceptionObject);
  EXPECT_THROW(model->SetInPlaneSpacing(-1.0), itk::ExceptionObject);
  EXPECT_THROW(model->SetWindowPercentiles(99.0, 1.0), itk::ExceptionObject);
  EXPECT_THROW(model->SetTrainingSliceSpacingRange(4.0, 3.0), itk::ExceptionObject);
  model->SetLatentLevels({ 1, 4 });
  EXPECT_NE(MessageOf([&] { model->InitializeWeights(0); }).find("level 4"), std::string::npos);
}

TEST(AutoencoderModel, RefusesToWorkWithoutWeightsOrWithWrongSizes)
{
  auto empty = ModelType::New();
  EXPECT_NE(MessageOf([&] { empty->Encode(MakeUnitStack(16, 16, 1)); }).find("no weights"), std::string::npos);
  const auto model = MakeSmallModel();
  EXPECT_NE(MessageOf([&] { model->Encode(MakeUnitStack(18, 16, 1)); }).find("multiples of 4"), std::string::npos);
  EXPECT_THROW(model->Encode(nullptr), itk::ExceptionObject);
  EXPECT_THROW(model->Decode(nullptr), itk::ExceptionObject);
  auto other = ModelType::New();
  other->InitializeWeights(0);
  EXPECT_NE(MessageOf([&] { model->Decode(other->Encode(MakeUnitStack(16, 16, 1))); }).find("architecture"),
            std::string::npos);
}

TEST(AutoencoderModel, DropsWeightsWhenTheArchitectureChanges)
{
  const auto model = MakeSmallModel();
  const auto before = model->GetMTime();
  model->SetBaseChannels(model->GetBaseChannels());
  EXPECT_TRUE(model->HasWeights());
  EXPECT_EQ(model->GetMTime(), before);
  model->SetBaseChannels(8);
  EXPECT_FALSE(model->HasWeights());
  EXPECT_GT(model->GetMTime(), before);
}

TEST(AutoencoderModel, IsBundledWithTheLibrary)
{
  if (!LATENT_SR_HAS_BUNDLED_MODEL)
  {
    GTEST_SKIP() << "The library was built without a bundled model.";
  }
  auto model = ModelType::New();
  model->ReadBundled();
  EXPECT_TRUE(model->HasWeights());
  EXPECT_FALSE(model->GetProvenance("data").empty());
  EXPECT_FALSE(model->GetProvenance("license").empty());
}

TEST(AutoencoderModel, PrintsItself)
{
  std::ostringstream stream;
  const auto         model = MakeSmallModel();
  model->SetProvenance("data", "made up");
  model->Print(stream);
  for (const char * name : { "NumberOfPoolings: 2",
                             "BaseChannels: 4",
                             "LatentLevels: 0",
                             "PixelUnshuffleFactor: 1",
                             "Mixing: itk::AutoencoderModelEnums::Mixing::Linear",
                             "data: made up",
                             "HasWeights: yes" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}

TEST(AutoencoderModel, DescribesHowAVolumeDeviatesFromTheTraining)
{
  auto model = itk::AutoencoderModel::New();
  // The training ranges are unknown.
  EXPECT_EQ(model->DescribeDeviationFromTraining(50.0, 7.0), "");
  model->ExtendTrainingRanges(8.0, 1.3);
  model->ExtendTrainingRanges(10.0, 1.2);
  EXPECT_EQ(model->GetSmallestTrainingSliceSpacing(), 8.0);
  EXPECT_EQ(model->GetLargestTrainingSliceSpacing(), 10.0);
  EXPECT_EQ(model->GetSmallestTrainingInPlaneSpacing(), 1.2);
  EXPECT_EQ(model->GetLargestTrainingInPlaneSpacing(), 1.3);
  // The network input has pixels of 1.4 mm.
  EXPECT_DOUBLE_EQ(model->GetSmallestTrainingSpacingRatio(), 8.0 / 1.4);
  EXPECT_EQ(model->DescribeDeviationFromTraining(8.0, 1.3), "");
  EXPECT_EQ(model->DescribeDeviationFromTraining(7.7, 0.5), ""); // within 5 %; finer pixels are resampled
  EXPECT_NE(
    model->DescribeDeviationFromTraining(7.5, 1.3).find("slices are 7.5 mm apart, but the model was trained on 8 "
                                                        "to 10 mm"),
    std::string::npos);
  EXPECT_NE(model->DescribeDeviationFromTraining(9.0, 2.5).find("pixels are 2.5 mm wide"), std::string::npos);
  const auto both = model->DescribeDeviationFromTraining(3.0, 2.5);
  EXPECT_NE(both.find("slices are 3 mm apart"), std::string::npos);
  EXPECT_NE(both.find(", and pixels are 2.5 mm wide"), std::string::npos);

  // For a model with the native spacing, the number of native pixels between slices matters.
  auto native = itk::AutoencoderModel::New();
  native->NativeInPlaneSpacingOn();
  native->ExtendTrainingRanges(8.0, 2.0);
  native->ExtendTrainingRanges(4.0, 0.5);
  EXPECT_EQ(native->DescribeDeviationFromTraining(4.0, 1.0), "");
  EXPECT_NE(native->DescribeDeviationFromTraining(4.0, 2.0).find("slices are 2 pixels apart, but the model was trained "
                                                                 "on 4 to 8 pixels"),
            std::string::npos);
}

TEST(AutoencoderModel, ReturnsOrThrowsFromEveryGetterWhenItIsNew)
{
  const auto model = ModelType::New();
  EXPECT_EQ(model->GetNumberOfPoolings(), 3u);
  EXPECT_EQ(model->GetBaseChannels(), 48u);
  EXPECT_EQ(model->GetLatentChannels(), 16u);
  EXPECT_EQ(model->GetLatentLevels(), (ModelType::LevelsType{ 0, 1, 2 }));
  EXPECT_EQ(model->GetPixelUnshuffleFactor(), 2u);
  EXPECT_TRUE(model->GetLatentPixels());
  EXPECT_EQ(model->GetMixing(), ModelType::MixingEnum::Learned);
  EXPECT_TRUE(model->GetMixingContext());
  EXPECT_EQ(model->GetSliceSizeMultiple(), 16u);
  EXPECT_EQ(model->GetInPlaneSpacing(), 1.4);
  EXPECT_FALSE(model->GetNativeInPlaneSpacing());
  EXPECT_EQ(model->GetLowerWindowPercentile(), 1.0);
  EXPECT_EQ(model->GetUpperWindowPercentile(), 99.0);
  EXPECT_FALSE(model->HasTrainingSliceSpacingRange());
  EXPECT_EQ(model->GetSmallestTrainingSliceSpacing(), 0.0);
  EXPECT_EQ(model->GetLargestTrainingSliceSpacing(), 0.0);
  EXPECT_FALSE(model->HasTrainingInPlaneSpacingRange());
  EXPECT_EQ(model->GetSmallestTrainingInPlaneSpacing(), 0.0);
  EXPECT_EQ(model->GetLargestTrainingInPlaneSpacing(), 0.0);
  EXPECT_FALSE(model->HasTrainingSpacingRatioRange());
  EXPECT_EQ(model->GetSmallestTrainingSpacingRatio(), 0.0);
  EXPECT_EQ(model->GetLargestTrainingSpacingRatio(), 0.0);
  EXPECT_EQ(model->GetResidualGain(), 1.0);
  EXPECT_EQ(model->GetProvenance("data"), "");
  EXPECT_TRUE(model->GetProvenanceNames().empty());
  EXPECT_FALSE(model->HasWeights());
  EXPECT_GT(model->GetNumberOfParameters(), 0u);
  EXPECT_NE(model->GetDescription().find("\"has_weights\": false"), std::string::npos);
  EXPECT_EQ(model->GetImplementation(), nullptr);
  std::ostringstream stream;
  model->Print(stream);
  EXPECT_NE(stream.str().find("HasWeights: no"), std::string::npos);

  const auto latent = itk::AutoencoderLatent::New();
  EXPECT_EQ(latent->GetNumberOfSlices(), 0u);
  EXPECT_EQ(latent->GetNumberOfTensors(), 0u);
  EXPECT_THROW(latent->GetTensorShape(0), itk::ExceptionObject);
  EXPECT_THROW(latent->GetTensorValues(0), itk::ExceptionObject);
  EXPECT_THROW(latent->Extract(0, 1), itk::ExceptionObject);
  EXPECT_THROW(itk::AutoencoderLatent::Mix(latent, latent, 0.5), itk::ExceptionObject);
  latent->Print(stream);
  const auto withWeights = MakeSmallModel();
  EXPECT_THROW(withWeights->Decode(latent), itk::ExceptionObject);
  EXPECT_THROW(withWeights->Encode(StackType::New()), itk::ExceptionObject);
}

TEST(AutoencoderModel, RefusesNaNInEverySetter)
{
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto       model = ModelType::New();
  model->ExtendTrainingRanges(8.0, 1.3);
  const std::string before = model->GetDescription();
  const auto        modified = model->GetMTime();
  for (const double bad : { nan, infinity, -infinity })
  {
    EXPECT_THROW(model->SetInPlaneSpacing(bad), itk::ExceptionObject);
    EXPECT_THROW(model->SetWindowPercentiles(bad, 99.0), itk::ExceptionObject);
    EXPECT_THROW(model->SetWindowPercentiles(1.0, bad), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingSliceSpacingRange(bad, 4.0), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingSliceSpacingRange(3.0, bad), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingInPlaneSpacingRange(bad, 4.0), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingInPlaneSpacingRange(3.0, bad), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingSpacingRatioRange(bad, 4.0), itk::ExceptionObject);
    EXPECT_THROW(model->SetTrainingSpacingRatioRange(3.0, bad), itk::ExceptionObject);
    EXPECT_THROW(model->SetResidualGain(bad), itk::ExceptionObject);
    EXPECT_THROW(model->ExtendTrainingRanges(bad, 1.3), itk::ExceptionObject);
    EXPECT_THROW(model->ExtendTrainingRanges(9.0, bad), itk::ExceptionObject);
  }
  // One valid spacing is not enough.
  EXPECT_THROW(model->ExtendTrainingRanges(9.0, 0.0), itk::ExceptionObject);
  EXPECT_THROW(model->ExtendTrainingRanges(9.0, -1.0), itk::ExceptionObject);
  EXPECT_EQ(model->GetDescription(), before);
  EXPECT_EQ(model->GetMTime(), modified);
}

TEST(AutoencoderModel, IsModifiedOnlyByChanges)
{
  const auto model = MakeSmallModel();
  model->SetProvenance("data", "made up");
  model->SetTrainingSliceSpacingRange(3.0, 4.0);
  const std::vector<std::function<void()>> same{
    [&] { model->SetNumberOfPoolings(2); },
    [&] { model->SetBaseChannels(4); },
    [&] { model->SetLatentChannels(3); },
    [&] { model->SetLatentLevels({ 0 }); },
    [&] { model->NativeInPlaneSpacingOn(); },
    [&] { model->SetWindowPercentiles(1.0, 99.0); },
    [&] { model->SetTrainingSliceSpacingRange(3.0, 4.0); },
    [&] { model->SetTrainingInPlaneSpacingRange(0.0, 0.0); },
    [&] { model->SetTrainingSpacingRatioRange(0.0, 0.0); },
    [&] { model->SetResidualGain(1.0); },
    [&] { model->SetProvenance("data", "made up"); },
    [&] { model->SetProvenance("license", ""); },
  };
  auto modified = model->GetMTime();
  for (size_t i = 0; i < same.size(); ++i)
  {
    same[i]();
    EXPECT_EQ(model->GetMTime(), modified) << i;
  }
  EXPECT_TRUE(model->HasWeights());
  const std::vector<std::function<void()>> different{
    [&] { model->SetInPlaneSpacing(1.4); }, // was native
    [&] { model->SetInPlaneSpacing(1.5); },
    [&] { model->NativeInPlaneSpacingOn(); },
    [&] { model->NativeInPlaneSpacingOff(); },
    [&] { model->SetWindowPercentiles(1.0, 98.0); },
    [&] { model->SetTrainingSliceSpacingRange(2.0, 4.0); },
    [&] { model->SetTrainingInPlaneSpacingRange(1.0, 2.0); },
    [&] { model->SetTrainingSpacingRatioRange(1.0, 2.0); },
    [&] { model->SetResidualGain(0.5); },
    [&] { model->SetProvenance("data", "other"); },
    [&] { model->SetProvenance("data", ""); },
    [&] { model->InitializeWeights(1); },
    [&] { model->SetLatentLevels({}); },
    [&] { model->SetLatentChannels(4); },
    [&] { model->SetBaseChannels(8); },
    [&] { model->SetNumberOfPoolings(3); },
    [&] { model->SetPixelUnshuffleFactor(2); },
    [&] { model->SetLatentPixels(true); },
    [&] { model->SetMixingContext(false); },
    [&] { model->SetMixing(ModelType::MixingEnum::Learned); },
  };
  for (size_t i = 0; i < different.size(); ++i)
  {
    different[i]();
    EXPECT_GT(model->GetMTime(), modified) << i;
    modified = model->GetMTime();
  }
}

TEST(AutoencoderModel, UsesTheSpacingThatIsSetOrTheNativeSpacing)
{
  const auto model = ModelType::New();
  model->NativeInPlaneSpacingOn();
  EXPECT_EQ(model->GetInPlaneSpacing(), 0.0);
  model->NativeInPlaneSpacingOff();
  EXPECT_EQ(model->GetInPlaneSpacing(), 1.4);
  model->NativeInPlaneSpacingOn();
  model->SetInPlaneSpacing(0.9);
  EXPECT_FALSE(model->GetNativeInPlaneSpacing());
  EXPECT_EQ(model->GetInPlaneSpacing(), 0.9);
  const auto message = MessageOf([&] { model->SetInPlaneSpacing(0.0); });
  EXPECT_NE(message.find("InPlaneSpacing is 0 mm"), std::string::npos) << message;
  EXPECT_NE(message.find("NativeInPlaneSpacingOn()"), std::string::npos) << message;
}
