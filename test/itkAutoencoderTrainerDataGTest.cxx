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
#include "itkImageFileWriter.h"
#include "itkImageRegionIteratorWithIndex.h"
#include "itkMetaImageIOFactory.h"

#include <gtest/gtest.h>

using namespace itk::LatentSpaceSuperResolutionTest;

namespace
{
/** Volumes of different sizes in files. */
class Files
{
public:
  explicit Files(unsigned int count, itk::SizeValueType side = 40)
  {
    itk::MetaImageIOFactory::RegisterOneFactory();
    for (unsigned int i = 0; i < count; ++i)
    {
      const auto image = MakeStack<ImageType>({ { side, side - 4, 5 + i % 3 } });
      for (itk::ImageRegionIteratorWithIndex<ImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
           ++it)
      {
        it.Set(static_cast<short>(it.Get() + 3 * i * (it.GetIndex()[0] % 7)));
      }
      m_Images.push_back(image);
      m_Files.push_back(std::make_unique<TemporaryFile>("-" + std::to_string(i) + ".mha"));
      itk::WriteImage(image, m_Files.back()->GetName());
    }
  }

  const std::vector<ImageType::Pointer> &
  GetImages() const
  {
    return m_Images;
  }

  std::vector<std::string>
  GetNames() const
  {
    std::vector<std::string> names;
    for (const auto & file : m_Files)
    {
      names.push_back(file->GetName());
    }
    return names;
  }

private:
  std::vector<ImageType::Pointer>             m_Images;
  std::vector<std::unique_ptr<TemporaryFile>> m_Files;
};

TrainerType::Pointer
MakeEmptyTrainer()
{
  auto trainer = TrainerType::New();
  trainer->SetInitialModel(MakeUntrainedModel());
  trainer->SetPatchSize(16);
  trainer->SetBatchSize(4);
  trainer->SetNumberOfIterations(8);
  return trainer;
}
} // namespace

TEST(AutoencoderTrainerData, TrainsOnFilesAsOnImages)
{
  const Files files(3);
  const auto  onFiles = MakeEmptyTrainer();
  onFiles->SetTrainingFileNames(files.GetNames());
  onFiles->Update();
  const auto onImages = MakeEmptyTrainer();
  for (const auto & image : files.GetImages())
  {
    onImages->AddTrainingImage(image);
  }
  onImages->Update();
  EXPECT_EQ(Fingerprint(onFiles->GetOutput()), Fingerprint(onImages->GetOutput()));
  EXPECT_EQ(onFiles->GetOutput()->GetLargestTrainingSliceSpacing(), 5.0);
  EXPECT_NE(onFiles->GetOutput()->GetProvenance("training").find("\"volumes\":3"), std::string::npos);
}

TEST(AutoencoderTrainerData, TrainsOnImagesAndFilesTogether)
{
  const Files files(2);
  const auto  trainer = MakeEmptyTrainer();
  trainer->AddTrainingImage(files.GetImages()[0]);
  trainer->AddTrainingFileName(files.GetNames()[1]);
  trainer->Update();
  EXPECT_NE(trainer->GetOutput()->GetProvenance("training").find("\"volumes\":2"), std::string::npos);
}

TEST(AutoencoderTrainerData, TakesEveryFrameOfA4DFileAsAVolume)
{
  using Image4DType = itk::Image<short, 4>;
  itk::MetaImageIOFactory::RegisterOneFactory();
  const auto stack = MakeStack<ImageType>({ { 30, 30, 4 } });
  auto       series = Image4DType::New();
  series->SetRegions(Image4DType::SizeType{ { 30, 30, 4, 3 } });
  Image4DType::SpacingType spacing;
  spacing.Fill(1.0);
  spacing[2] = 6.0;
  series->SetSpacing(spacing);
  series->Allocate();
  for (itk::ImageRegionIteratorWithIndex<Image4DType> it(series, series->GetLargestPossibleRegion()); !it.IsAtEnd();
       ++it)
  {
    const auto index = it.GetIndex();
    it.Set(static_cast<short>(stack->GetPixel({ { index[0], index[1], index[2] } }) + 10 * index[3]));
  }
  const TemporaryFile file("-4d.mha");
  itk::WriteImage(series, file.GetName());
  const auto trainer = MakeEmptyTrainer();
  trainer->AddTrainingFileName(file.GetName());
  trainer->Update();
  EXPECT_NE(trainer->GetOutput()->GetProvenance("training").find("\"volumes\":3"), std::string::npos);
  EXPECT_EQ(trainer->GetOutput()->GetLargestTrainingSliceSpacing(), 6.0);
}

TEST(AutoencoderTrainerData, TrainsOnMoreVolumesThanTheCacheHoldsAndGivesTheSameEveryTime)
{
  // Twelve volumes of a quarter of a megabyte and more.
  const Files files(12, 112);
  const auto  train = [&](unsigned int cacheSize, unsigned int seed) {
    const auto trainer = MakeEmptyTrainer();
    trainer->SetTrainingFileNames(files.GetNames());
    trainer->SetCacheSize(cacheSize);
    trainer->SetVolumeInterval(1);
    trainer->SetNumberOfIterations(30);
    trainer->SetSeed(seed);
    trainer->Update();
    return Fingerprint(trainer->GetOutput());
  };
  const auto small = train(1, 3);
  EXPECT_EQ(small, train(1, 3));
  EXPECT_NE(small, train(1, 4));
  EXPECT_NE(small, train(100, 3));
}

TEST(AutoencoderTrainerData, NamesTheFileThatCanNotBeRead)
{
  const Files files(2, 112);
  const auto  trainer = MakeEmptyTrainer();
  trainer->SetTrainingFileNames(files.GetNames());
  std::ofstream(files.GetNames()[1]) << "no volume";
  EXPECT_NE(MessageOf([&] { trainer->Update(); }).find(files.GetNames()[1]), std::string::npos);

  // A file that is lost while the training goes on.
  const Files more(12, 112);
  const auto  longer = MakeEmptyTrainer();
  longer->SetTrainingFileNames(more.GetNames());
  longer->SetCacheSize(1);
  longer->SetVolumeInterval(1);
  longer->SetNumberOfIterations(1000);
  longer->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
    for (const auto & name : more.GetNames())
    {
      std::remove(name.c_str());
    }
  });
  EXPECT_NE(MessageOf([&] { longer->Update(); }).find("Can't train on"), std::string::npos);
  EXPECT_EQ(longer->GetStopCondition(), StopConditionEnum::Failed);

  const TemporaryFile flat("-2d.mha");
  auto                image = itk::Image<short, 2>::New();
  image->SetRegions(itk::Size<2>{ { 20, 20 } });
  image->Allocate();
  itk::WriteImage(image, flat.GetName());
  const auto refused = MakeEmptyTrainer();
  refused->AddTrainingFileName(flat.GetName());
  EXPECT_NE(MessageOf([&] { refused->Update(); }).find("it is 2D"), std::string::npos);
}

TEST(AutoencoderTrainerData, LeavesTheStatisticsOfTheNormalizationAsTheyAreIfTheyAreFrozen)
{
  // With a tiny learning rate nothing but the statistics could change.
  const auto distance = [](bool frozen) {
    const auto start = MakeSmallModel();
    const auto trainer = MakeTrainer();
    trainer->SetInitialModel(start);
    trainer->SetFreezeNormalization(frozen);
    trainer->SetLearningRate(1e-12);
    trainer->SetWeightDecay(0.0);
    trainer->SetWeightAveraging(0.0);
    trainer->Update();
    const auto before = Fingerprint(start);
    const auto after = Fingerprint(trainer->GetOutput());
    double     largest = 0.0;
    for (size_t i = 0; i < before.size(); ++i)
    {
      largest = std::max(largest, std::abs(static_cast<double>(before[i]) - static_cast<double>(after[i])));
    }
    return largest;
  };
  EXPECT_LT(distance(true), 1e-6);
  EXPECT_GT(distance(false), 1e-5);
}
