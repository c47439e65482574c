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

#include <algorithm>
#include <fstream>
#include <sstream>

#if defined(__unix__) || defined(__APPLE__)
#  include <csignal>
#  include <sys/resource.h>
#  include <sys/wait.h>
#  include <unistd.h>
#  define LSSR_TEST_HAS_FORK
#endif

using namespace itk::LatentSpaceSuperResolutionTest;
using ModelType = itk::AutoencoderModel;

namespace
{
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

/** The contents of a .safetensors file with a replaced text in its header. */
std::string
ReplaceInHeader(const std::string & contents, const std::string & before, const std::string & after)
{
  size_t length = 0;
  for (int i = 7; i >= 0; --i)
  {
    length = length << 8 | static_cast<unsigned char>(contents[i]);
  }
  std::string header = contents.substr(8, length);
  const auto  found = header.find(before);
  EXPECT_NE(found, std::string::npos) << before;
  header.replace(found, before.size(), after);
  std::string replaced;
  for (int i = 0; i < 8; ++i)
  {
    replaced += static_cast<char>(header.size() >> (8 * i) & 0xff);
  }
  return replaced + header + contents.substr(8 + length);
}
} // namespace

TEST(AutoencoderModelFile, PreservesEverythingThroughAFile)
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

TEST(AutoencoderModelFile, LosesLittleAtHalfPrecision)
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

TEST(AutoencoderModelFile, RefusesEveryTruncationOfAFile)
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

TEST(AutoencoderModelFile, NeverCrashesOnAFileWithDamagedBytes)
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
    // Either the file is refused and the model is unchanged, or the damage is harmless.
    const auto message = MessageOf([&] { model->Read(damaged.GetName()); });
    if (!message.empty())
    {
      ASSERT_NE(message.find(damaged.GetName()), std::string::npos) << message;
      ASSERT_FALSE(model->HasWeights());
      ASSERT_EQ(model->GetNumberOfPoolings(), 3u);
    }
  }
}

TEST(AutoencoderModelFile, NamesForeignFilesThatItRefuses)
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

TEST(AutoencoderModelFile, RefusesHolesBetweenTensorsAndBytesAfterThem)
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

TEST(AutoencoderModelFile, RefusesNumbersThatDoNotFit)
{
  const TemporaryFile file("model.safetensors");
  const auto          model = MakeSmallModel();
  model->Write(file.GetName());
  const std::string good = ReadFile(file.GetName());
  const std::string poolings = "\\\"poolings\\\":" + std::to_string(model->GetNumberOfPoolings());
  for (const std::string number : { "1e300", "-1", "1.5", "4294967297", "null", "[1]", "\\\"1\\\"", "1e999" })
  {
    WriteFile(file.GetName(), ReplaceInHeader(good, poolings, "\\\"poolings\\\":" + number));
    const auto message = MessageOf([&] { ModelType::New()->Read(file.GetName()); });
    EXPECT_NE(message.find("not a valid model"), std::string::npos) << number << ": " << message;
  }
  WriteFile(file.GetName(), ReplaceInHeader(good, "\\\"levels\\\":[", "\\\"levels\\\":[1e300,"));
  EXPECT_NE(MessageOf([&] { ModelType::New()->Read(file.GetName()); }).find("levels is 1e+300"), std::string::npos);
}

TEST(AutoencoderModelFile, RefusesANetworkThatIsLargerThanTheFile)
{
  const TemporaryFile file("model.safetensors");
  const auto          model = MakeSmallModel();
  model->Write(file.GetName());
  const std::string kernels = "\\\"base_kernels\\\":";
  WriteFile(
    file.GetName(),
    ReplaceInHeader(ReadFile(file.GetName()), kernels + std::to_string(model->GetBaseChannels()), kernels + "1024"));
  const auto message = MessageOf([&] { ModelType::New()->Read(file.GetName()); });
  EXPECT_NE(message.find("parameters, more than the file can hold"), std::string::npos) << message;
}

TEST(AutoencoderModelFile, RefusesAHeaderOfMoreThanFourMebibytes)
{
  const TemporaryFile file("model.safetensors");
  MakeSmallModel()->Write(file.GetName());
  WriteFile(file.GetName(), ReplaceInHeader(ReadFile(file.GetName()), "{", "{" + std::string(1 << 22, ' ')));
  const auto message = MessageOf([&] { ModelType::New()->Read(file.GetName()); });
  EXPECT_NE(message.find("but at most 4194304 are allowed"), std::string::npos) << message;
}

TEST(AutoencoderModelFile, SurvivesADeeplyNestedHeader)
{
  const TemporaryFile file("model.safetensors");
  MakeSmallModel()->Write(file.GetName());
  const std::string nested = std::string(1 << 20, '[') + std::string(1 << 20, ']');
  WriteFile(file.GetName(), ReplaceInHeader(ReadFile(file.GetName()), "{", "{\"a\":" + nested + ","));
  EXPECT_NE(MessageOf([&] { ModelType::New()->Read(file.GetName()); }), "");
}

TEST(AutoencoderModelFile, LeavesNoFileWhereItCanNotWrite)
{
  EXPECT_NE(MessageOf([] { MakeSmallModel()->Write("/no/such/folder/model.safetensors"); }).find("/no/such/folder"),
            std::string::npos);
  EXPECT_THROW(ModelType::New()->Write("model.safetensors"), itk::ExceptionObject);
  EXPECT_FALSE(std::filesystem::exists("model.safetensors"));
}

TEST(AutoencoderModelFile, AcceptsProvenanceThatIsNotUTF8)
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

TEST(AutoencoderModelFile, KeepsTrainingRangesAndResidualGainInItsFile)
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

TEST(AutoencoderModelFile, KeepsBothCalibrationsOfErrorsInItsFile)
{
  const TemporaryFile file("-calibrated.safetensors");
  const auto          model = MakeSmallModel();
  model->SetErrorCalibration(0.75, 0.25, 2.5);
  model->SetErrorCalibrationWithSpread(0.5, 0.125, 0.375, 2.25);
  model->Write(file.GetName());
  auto read = itk::AutoencoderModel::New();
  read->Read(file.GetName());
  EXPECT_TRUE(read->HasErrorCalibration());
  EXPECT_EQ(read->GetErrorDifferenceCoefficient(), 0.75);
  EXPECT_EQ(read->GetErrorGapCoefficient(), 0.25);
  EXPECT_EQ(read->GetErrorQuantile90(), 2.5);
  EXPECT_TRUE(read->HasErrorCalibration(true));
  EXPECT_EQ(read->GetErrorDifferenceCoefficient(true), 0.5);
  EXPECT_EQ(read->GetErrorGapCoefficient(true), 0.125);
  EXPECT_EQ(read->GetErrorSpreadCoefficient(), 0.375);
  EXPECT_EQ(read->GetErrorQuantile90(true), 2.25);
  EXPECT_NE(MessageOf([&] { read->SetErrorCalibrationWithSpread(0.5, 0.1, -1.0, 2.0); }).find("contains -1"),
            std::string::npos);
  EXPECT_EQ(read->GetErrorSpreadCoefficient(), 0.375);
}

TEST(AutoencoderModelFile, KeepsTheNativeInPlaneSpacing)
{
  const TemporaryFile file(".safetensors");
  const auto          model = MakeSmallModel();
  model->NativeInPlaneSpacingOn();
  model->Write(file.GetName());
  // In the file, 0 stands for the native spacing.
  EXPECT_NE(ReadFile(file.GetName()).find("\\\"in_plane_spacing_mm\\\":0.0"), std::string::npos);
  auto copy = ModelType::New();
  copy->Read(file.GetName());
  EXPECT_TRUE(copy->GetNativeInPlaneSpacing());
  model->SetInPlaneSpacing(0.7);
  model->Write(file.GetName());
  copy->Read(file.GetName());
  EXPECT_FALSE(copy->GetNativeInPlaneSpacing());
  EXPECT_EQ(copy->GetInPlaneSpacing(), 0.7);
}

#ifdef LSSR_TEST_HAS_FORK
namespace
{
/** The sorted names of the files of a folder. */
std::vector<std::string>
ListFiles(const std::filesystem::path & folder)
{
  std::vector<std::string> names;
  for (const auto & entry : std::filesystem::directory_iterator(folder))
  {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/** Write a model in a process that the system kills while it writes. Returns the number of the process. */
pid_t
WriteInKilledProcess(const ModelType * model, const std::string & fileName)
{
  const pid_t child = fork();
  if (child == 0)
  {
    constexpr rlimit noCore{ 0, 0 };
    setrlimit(RLIMIT_CORE, &noCore);
    constexpr rlimit thousandBytes{ 1000, 1000 };
    setrlimit(RLIMIT_FSIZE, &thousandBytes);
    std::signal(SIGXFSZ, SIG_DFL);
    alarm(60);
    model->Write(fileName);
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  return child;
}
} // namespace

TEST(AutoencoderModelFile, RemovesPartialFilesOfKilledProcessesWhenItIsWritten)
{
  const TemporaryFile folder("-folder");
  std::filesystem::create_directory(folder.GetName());
  const std::string fileName = folder.GetName() + "/model.safetensors";
  const auto        model = MakeSmallModel();
  const std::string killed = std::to_string(WriteInKilledProcess(model, fileName));
  const auto        left = ListFiles(folder.GetName());
  ASSERT_EQ(left.size(), 1u);

  // Similar names, of files that belong to others or are still in use.
  const size_t number = left[0].find(killed);
  ASSERT_NE(number, std::string::npos) << left[0];
  auto ofRunning = left[0];
  ofRunning.replace(number, killed.size(), std::to_string(getpid()));
  auto ofOtherHost = left[0];
  ofOtherHost.back() = ofOtherHost.back() == '0' ? '1' : '0';
  std::vector<std::string> kept{ ofRunning,
                                 ofOtherHost,
                                 left[0] + "0",
                                 left[0] + ".bak",
                                 "other-" + left[0],
                                 "model.safetensors.part",
                                 "model.safetensors.part-" + killed,
                                 "model.safetensors.part" + killed };
  for (const std::string & name : kept)
  {
    WriteFile(folder.GetName() + '/' + name, "a user's");
  }
  model->Write(fileName);
  kept.push_back("model.safetensors");
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(ListFiles(folder.GetName()), kept);

  // The same if the name has no folder.
  const auto previous = std::filesystem::current_path();
  std::filesystem::current_path(folder.GetName());
  WriteInKilledProcess(model, "model.safetensors");
  EXPECT_EQ(ListFiles(".").size(), kept.size() + 1);
  model->Write("model.safetensors");
  std::filesystem::current_path(previous);
  EXPECT_EQ(ListFiles(folder.GetName()), kept);
  std::filesystem::remove_all(folder.GetName());
}
#endif
