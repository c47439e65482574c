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

#include "itkAutoencoderModel.h"

#include "itkLatentSpaceSuperResolutionTestHelpers.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace itk::LatentSpaceSuperResolutionTest;
using ModelType = itk::AutoencoderModel;
using StackType = ModelType::StackType;

namespace
{
StackType::Pointer
MakeUnitStack(unsigned int columns, unsigned int rows, unsigned int slices)
{
  auto stack = MakeStack<StackType>({ { columns, rows, slices } });
  for (itk::ImageRegionIteratorWithIndex<StackType> it(stack, stack->GetLargestPossibleRegion()); !it.IsAtEnd(); ++it)
  {
    it.Set(it.Get() / 1000.0f);
  }
  return stack;
}

std::string
ReadFile(const std::string & name)
{
  std::ifstream     stream(name, std::ios::binary);
  std::stringstream contents;
  contents << stream.rdbuf();
  return contents.str();
}

void
WriteFile(const std::string & name, const std::string & contents)
{
  std::ofstream(name, std::ios::binary) << contents;
}

void
ExpectEqualStacks(const StackType * a, const StackType * b)
{
  ASSERT_EQ(a->GetLargestPossibleRegion(), b->GetLargestPossibleRegion());
  for (itk::SizeValueType i = 0; i < a->GetLargestPossibleRegion().GetNumberOfPixels(); ++i)
  {
    ASSERT_EQ(a->GetBufferPointer()[i], b->GetBufferPointer()[i]);
  }
}
} // namespace

TEST(AutoencoderModel, CountsTheParametersOfThePapersNetwork)
{
  auto model = ModelType::New();
  model->SetArchitectureToPaper();
  // By hand from the table of layers: 3x3 convolutions with bias, two values per channel of each normalization.
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
  ASSERT_EQ(latent->GetNumberOfTensors(), 4u);
  EXPECT_EQ(latent->GetTensorShape(0), (std::vector<itk::SizeValueType>{ 2, 16, 2, 4 }));
  EXPECT_EQ(latent->GetTensorShape(1), (std::vector<itk::SizeValueType>{ 2, 64, 8, 16 }));
  EXPECT_EQ(latent->GetTensorShape(2), (std::vector<itk::SizeValueType>{ 2, 128, 4, 8 }));
  EXPECT_EQ(latent->GetTensorShape(3), (std::vector<itk::SizeValueType>{ 2, 256, 2, 4 }));
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

TEST(AutoencoderModel, RefusesToMixWhatDoesNotFit)
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

TEST(AutoencoderModel, ComesBackFromAFileAsItWas)
{
  const TemporaryFile file("model.safetensors");
  const auto          model = MakeSmallModel();
  model->SetInPlaneSpacing(0.9);
  model->SetWindowPercentiles(0.5, 99.5);
  model->SetTrainingSliceSpacingRange(3.0, 4.0);
  model->SetProvenance("data", "made up");
  model->Write(file.GetName());

  auto copy = ModelType::New();
  copy->Read(file.GetName());
  EXPECT_EQ(copy->GetDescription(), model->GetDescription());
  EXPECT_EQ(copy->GetLatentLevels(), model->GetLatentLevels());
  EXPECT_EQ(copy->GetProvenance("data"), "made up");
  const auto stack = MakeUnitStack(16, 24, 2);
  ExpectEqualStacks(copy->Decode(copy->Encode(stack)), model->Decode(model->Encode(stack)));
}

TEST(AutoencoderModel, LosesLittleAtHalfPrecision)
{
  const TemporaryFile full("full.safetensors");
  const TemporaryFile half("half.safetensors");
  const auto          model = MakeSmallModel();
  model->Write(full.GetName());
  model->Write(half.GetName(), true);
  EXPECT_LT(ReadFile(half.GetName()).size(), ReadFile(full.GetName()).size());
  auto copy = ModelType::New();
  copy->Read(half.GetName());
  const auto stack = MakeUnitStack(16, 16, 1);
  const auto a = model->Decode(model->Encode(stack));
  const auto b = copy->Decode(copy->Encode(stack));
  for (unsigned int i = 0; i < 256; ++i)
  {
    ASSERT_NEAR(a->GetBufferPointer()[i], b->GetBufferPointer()[i], 2e-3f);
  }
}

TEST(AutoencoderModel, RefusesEveryTruncationOfAFile)
{
  const TemporaryFile file("model.safetensors");
  const TemporaryFile truncated("truncated.safetensors");
  MakeSmallModel()->Write(file.GetName());
  const std::string contents = ReadFile(file.GetName());
  for (size_t size = 0; size < contents.size(); size += size < 2000 ? 37 : 997)
  {
    WriteFile(truncated.GetName(), contents.substr(0, size));
    const auto message = MessageOf([&] { ModelType::New()->Read(truncated.GetName()); });
    ASSERT_NE(message.find(truncated.GetName()), std::string::npos) << "cut at " << size << ": " << message;
  }
}

TEST(AutoencoderModel, NeverCrashesOnAFileWithDamagedBytes)
{
  const TemporaryFile file("model.safetensors");
  const TemporaryFile damaged("damaged.safetensors");
  MakeSmallModel()->Write(file.GetName());
  const std::string contents = ReadFile(file.GetName());
  std::mt19937      random(11);
  for (unsigned int trial = 0; trial < 300; ++trial)
  {
    std::string bytes = contents;
    for (unsigned int i = 0; i < 3; ++i)
    {
      bytes[random() % 1500] = static_cast<char>(random());
    }
    WriteFile(damaged.GetName(), bytes);
    auto model = ModelType::New();
    // Either it is refused, with the model as it was, or the damage hit something that does not matter.
    if (!MessageOf([&] { model->Read(damaged.GetName()); }).empty())
    {
      ASSERT_FALSE(model->HasWeights());
      ASSERT_EQ(model->GetNumberOfPoolings(), 4u);
    }
  }
}

TEST(AutoencoderModel, RefusesForeignFilesWithTheirName)
{
  const TemporaryFile foreign("foreign.safetensors");
  const std::string   header = R"({"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::string         bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  WriteFile(foreign.GetName(), bytes + header + std::string(4, '\0'));
  const auto message = MessageOf([&] { ModelType::New()->Read(foreign.GetName()); });
  EXPECT_NE(message.find(foreign.GetName()), std::string::npos) << message;
  EXPECT_NE(message.find("not a model of this module"), std::string::npos) << message;

  const auto missing = MessageOf([] { ModelType::New()->Read("/no/such/model.safetensors"); });
  EXPECT_NE(missing.find("/no/such/model.safetensors"), std::string::npos) << missing;
  EXPECT_NE(MessageOf([] { ModelType::New()->Read("/"); }), "");
}

TEST(AutoencoderModel, RefusesHolesBetweenTensorsAndBytesBehindThem)
{
  const TemporaryFile file("model.safetensors");
  MakeSmallModel()->Write(file.GetName());
  const std::string contents = ReadFile(file.GetName());
  WriteFile(file.GetName(), contents + std::string(8, 'x'));
  const auto behind = MessageOf([&] { ModelType::New()->Read(file.GetName()); });
  EXPECT_NE(behind.find("it has 8 bytes behind its last tensor"), std::string::npos) << behind;
  EXPECT_NE(behind.find(file.GetName()), std::string::npos) << behind;

  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})";
  std::string       bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  WriteFile(file.GetName(), bytes + header + std::string(12, '\0'));
  const auto hole = MessageOf([&] { ModelType::New()->Read(file.GetName()); });
  EXPECT_NE(hole.find("there is a hole of 4 bytes between tensors"), std::string::npos) << hole;
}

TEST(AutoencoderModel, LeavesNoFileWhereItCanNotWrite)
{
  EXPECT_NE(MessageOf([] { MakeSmallModel()->Write("/no/such/folder/model.safetensors"); }).find("/no/such/folder"),
            std::string::npos);
  EXPECT_THROW(ModelType::New()->Write("model.safetensors"), itk::ExceptionObject);
  EXPECT_FALSE(std::filesystem::exists("model.safetensors"));
}

TEST(AutoencoderModel, RefusesSettingsOutOfRangeAndNamesThem)
{
  auto model = ModelType::New();
  EXPECT_NE(MessageOf([&] { model->SetNumberOfPoolings(0); }).find("NumberOfPoolings is 0"), std::string::npos);
  EXPECT_NE(MessageOf([&] { model->SetBaseKernels(2000); }).find("2000"), std::string::npos);
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
  model->SetBaseKernels(model->GetBaseKernels());
  EXPECT_TRUE(model->HasWeights());
  EXPECT_EQ(model->GetMTime(), before);
  model->SetBaseKernels(8);
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

TEST(AutoencoderModel, TakesProvenanceThatIsNotUTF8)
{
  const TemporaryFile file("model.safetensors");
  const auto          model = MakeSmallModel();
  model->SetProvenance("data", "caf\xe9");
  model->Write(file.GetName());
  auto copy = ModelType::New();
  copy->Read(file.GetName());
  EXPECT_EQ(copy->GetProvenance("data").substr(0, 3), "caf");
  EXPECT_NE(copy->GetDescription().find("caf"), std::string::npos);
}

TEST(AutoencoderModel, PrintsItself)
{
  std::ostringstream stream;
  const auto         model = MakeSmallModel();
  model->SetProvenance("data", "made up");
  model->Print(stream);
  for (const char * name :
       { "NumberOfPoolings: 2", "BaseKernels: 4", "LatentLevels: 0", "data: made up", "HasWeights: yes" })
  {
    EXPECT_NE(stream.str().find(name), std::string::npos) << name;
  }
}

TEST(AutoencoderModel, DescribesHowAVolumeDeviatesFromTheTraining)
{
  auto model = itk::AutoencoderModel::New();
  // Nothing is known.
  EXPECT_EQ(model->DescribeDeviationFromTraining(50.0, 7.0), "");
  model->ExtendTrainingRanges(8.0, 1.3);
  model->ExtendTrainingRanges(10.0, 1.2);
  EXPECT_EQ(model->GetSmallestTrainingSliceSpacing(), 8.0);
  EXPECT_EQ(model->GetLargestTrainingSliceSpacing(), 10.0);
  EXPECT_EQ(model->GetSmallestTrainingInPlaneSpacing(), 1.2);
  EXPECT_EQ(model->GetLargestTrainingInPlaneSpacing(), 1.3);
  // The network sees slices at 1.4 mm.
  EXPECT_DOUBLE_EQ(model->GetSmallestTrainingSpacingRatio(), 8.0 / 1.4);
  EXPECT_EQ(model->DescribeDeviationFromTraining(8.0, 1.3), "");
  EXPECT_EQ(model->DescribeDeviationFromTraining(7.7, 0.5), ""); // within 5 %, and finer pixels are resampled
  EXPECT_NE(
    model->DescribeDeviationFromTraining(7.5, 1.3).find("slices are 7.5 mm apart, but the model was trained on 8 "
                                                        "to 10 mm"),
    std::string::npos);
  EXPECT_NE(model->DescribeDeviationFromTraining(9.0, 2.5).find("pixels are 2.5 mm wide"), std::string::npos);
  const auto both = model->DescribeDeviationFromTraining(3.0, 2.5);
  EXPECT_NE(both.find("slices are 3 mm apart"), std::string::npos);
  EXPECT_NE(both.find(", and pixels are 2.5 mm wide"), std::string::npos);

  // A model without a spacing of its own sees the native pixels: their number between slices counts.
  auto native = itk::AutoencoderModel::New();
  native->SetInPlaneSpacing(0.0);
  native->ExtendTrainingRanges(8.0, 2.0);
  native->ExtendTrainingRanges(4.0, 0.5);
  EXPECT_EQ(native->DescribeDeviationFromTraining(4.0, 1.0), "");
  EXPECT_NE(native->DescribeDeviationFromTraining(4.0, 2.0).find("slices are 2 pixels apart, but the model was trained "
                                                                 "on 4 to 8 pixels"),
            std::string::npos);
}

TEST(AutoencoderModel, KeepsTrainingRangesAndResidualGainInItsFile)
{
  const TemporaryFile file("-ranges.safetensors");
  const auto          model = MakeSmallModel();
  model->SetTrainingSliceSpacingRange(3.0, 4.0);
  model->SetTrainingInPlaneSpacingRange(0.5, 0.75);
  model->SetTrainingSpacingRatioRange(5.0, 6.5);
  model->SetResidualGain(0.75);
  model->Write(file.GetName());
  auto read = itk::AutoencoderModel::New();
  read->Read(file.GetName());
  EXPECT_EQ(read->GetSmallestTrainingInPlaneSpacing(), 0.5);
  EXPECT_EQ(read->GetLargestTrainingInPlaneSpacing(), 0.75);
  EXPECT_EQ(read->GetSmallestTrainingSpacingRatio(), 5.0);
  EXPECT_EQ(read->GetLargestTrainingSpacingRatio(), 6.5);
  EXPECT_EQ(read->GetResidualGain(), 0.75);
  EXPECT_NE(MessageOf([&] { read->SetResidualGain(-1.0); }).find("ResidualGain is -1"), std::string::npos);
  EXPECT_NE(MessageOf([&] { read->SetTrainingSpacingRatioRange(3.0, 2.0); }).find("spacing ratios is 3 to 2"),
            std::string::npos);
}
