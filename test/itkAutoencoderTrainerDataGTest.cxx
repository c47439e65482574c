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
#include "itkGDCMImageIO.h"
#include "itkGDCMImageIOFactory.h"
#include "itkImageFileWriter.h"
#include "itkImageRegionIteratorWithIndex.h"
#include "itkMetaDataObject.h"
#include "itkMetaImageIOFactory.h"

#include <gtest/gtest.h>

#include <array>

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

/** The header of a DICOM file with one slice. */
struct DicomSlice
{
  std::array<double, 3> position{ { -20.0, -18.0, 0.0 } };
  std::array<double, 6> directions{ { 1.0, 0.0, 0.0, 0.0, 1.0, 0.0 } };
  std::array<double, 2> spacing{ { 1.0, 1.0 } };
  itk::SizeValueType    columns{ 40 };
  itk::SizeValueType    rows{ 36 };
  itk::SizeValueType    frames{ 1 };
  double                slope{ 1.0 };
  double                intercept{ 0.0 };
  std::string           series{ "1.2.3.4" };
};

/** A DICOM series of slices that are 5 mm apart along the normal. Its folder is removed at the end of the scope. File
 * names are in reverse order of the slices. */
class DicomFolder
{
public:
  explicit DicomFolder(unsigned int slices = 6)
    : m_Folder("-dicom")
    , m_Slices(slices)
  {
    itk::GDCMImageIOFactory::RegisterOneFactory();
    for (unsigned int i = 0; i < slices; ++i)
    {
      m_Slices[i].position[2] = 5.0 * i;
    }
  }
  ~DicomFolder() { std::filesystem::remove_all(m_Folder.GetName()); }

  DicomSlice &
  operator[](size_t i)
  {
    return m_Slices[i];
  }

  std::string
  GetFileName(size_t i) const
  {
    return m_Folder.GetName() + "/" + std::to_string(m_Slices.size() - i) + ".dcm";
  }

  /** Write the slices of MakeStack(). The stored values give its values after rescaling. */
  const std::string &
  Write() const
  {
    std::filesystem::create_directories(m_Folder.GetName());
    for (size_t i = 0; i < m_Slices.size(); ++i)
    {
      const DicomSlice & slice = m_Slices[i];
      const auto         stack = MakeStack<ImageType>({ { slice.columns, slice.rows, m_Slices.size() } });
      auto               image = RealImageType::New();
      image->SetRegions(RealImageType::SizeType{ { slice.columns, slice.rows, slice.frames } });
      image->SetSpacing(itk::MakeVector(slice.spacing[0], slice.spacing[1], 1.0));
      image->Allocate();
      for (itk::ImageRegionIteratorWithIndex<RealImageType> it(image, image->GetLargestPossibleRegion()); !it.IsAtEnd();
           ++it)
      {
        auto index = it.GetIndex();
        index[2] = static_cast<itk::IndexValueType>(i);
        it.Set(stack->GetPixel(index));
      }
      const auto text = [](const auto & values) {
        std::ostringstream stream;
        stream.precision(10);
        const char * separator = "";
        for (const double value : values)
        {
          stream << separator << value;
          separator = "\\";
        }
        return stream.str();
      };
      auto & dictionary = image->GetMetaDataDictionary();
      for (const auto & [tag, value] :
           std::map<std::string, std::string>{ { "0008|0016", "1.2.840.10008.5.1.4.1.1.2" }, // CT
                                               { "0008|0018", "1.2.3.5." + std::to_string(i) },
                                               { "0008|0060", "CT" },
                                               { "0020|000d", "1.2.3.6" },
                                               { "0020|000e", slice.series },
                                               { "0020|0052", "1.2.3.7" },
                                               { "0020|0032", text(slice.position) },
                                               { "0020|0037", text(slice.directions) },
                                               { "0028|0100", "16" }, // stored as unsigned integers
                                               { "0028|0101", "16" },
                                               { "0028|0102", "15" },
                                               { "0028|0103", "0" },
                                               { "0028|1052", text(std::array<double, 1>{ { slice.intercept } }) },
                                               { "0028|1053", text(std::array<double, 1>{ { slice.slope } }) } })
      {
        itk::EncapsulateMetaData<std::string>(dictionary, tag, value);
      }
      auto io = itk::GDCMImageIO::New();
      io->SetKeepOriginalUID(true);
      auto writer = itk::ImageFileWriter<RealImageType>::New();
      writer->SetImageIO(io);
      writer->SetInput(image);
      writer->SetFileName(this->GetFileName(i));
      writer->Update();
    }
    return m_Folder.GetName();
  }

private:
  using RealImageType = itk::Image<float, 3>;

  TemporaryFile           m_Folder;
  std::vector<DicomSlice> m_Slices;
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

/** The message that refuses a folder. */
std::string
RefusalOf(const DicomFolder & folder)
{
  const auto trainer = MakeEmptyTrainer();
  trainer->AddTrainingFileName(folder.Write());
  return MessageOf([&] { trainer->Update(); });
}

/** Whether a text contains the name of a file and all of the words. */
::testing::AssertionResult
Says(const std::string & text, const std::string & fileName, const std::vector<std::string> & words)
{
  for (const std::string & word : words)
  {
    if (text.find(word) == std::string::npos)
    {
      return ::testing::AssertionFailure() << "'" << word << "' is missing in: " << text;
    }
  }
  return text.find("'" + fileName + "'") != std::string::npos
           ? ::testing::AssertionSuccess()
           : ::testing::AssertionFailure() << fileName << " is missing in: " << text;
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

TEST(AutoencoderTrainerData, UsesEveryFrameOfA4DFileAsAVolume)
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

TEST(AutoencoderTrainerData, TrainsReproduciblyOnMoreVolumesThanTheCacheHolds)
{
  // Twelve volumes of at least a quarter of a megabyte.
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

  // A file is removed during the training.
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

TEST(AutoencoderTrainerData, TrainsOnADicomSeriesAsOnItsImage)
{
  DicomFolder folder;
  // Each slice has its own scale, and positions are rounded.
  for (unsigned int i = 0; i < 6; ++i)
  {
    folder[i].slope = 0.02 + 0.01 * i;
    folder[i].intercept = -100.0 * i;
    folder[i].position[0] += i % 2 == 0 ? 0.01 : -0.01;
    folder[i].position[2] += i == 2 ? 0.03 : 0.0;
  }
  const auto onFolder = MakeEmptyTrainer();
  onFolder->AddTrainingFileName(folder.Write());
  onFolder->Update();

  const auto onImage = MakeEmptyTrainer();
  onImage->AddTrainingImage(MakeStack<ImageType>({ { 40, 36, 6 } }));
  onImage->Update();
  // Stored values are rounded to steps of up to 0.07.
  const auto a = Fingerprint(onFolder->GetOutput());
  const auto b = Fingerprint(onImage->GetOutput());
  for (size_t i = 0; i < a.size(); ++i)
  {
    ASSERT_NEAR(a[i], b[i], 1e-3);
  }
  EXPECT_NEAR(onFolder->GetOutput()->GetLargestTrainingSliceSpacing(), 5.0, 1e-4);
}

TEST(AutoencoderTrainerData, RefusesDicomSlicesThatDoNotMatch)
{
  {
    DicomFolder folder;
    folder[2].directions = { { 0.9999995, 0.001, 0.0, -0.001, 0.9999995, 0.0 } };
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(2), { "direction cosines", "0.001", "differ by 0.0005" }));
    folder[2].directions = { { 0.99999992, 0.0004, 0.0, -0.0004, 0.99999992, 0.0 } };
    EXPECT_EQ(RefusalOf(folder), "");
  }
  {
    DicomFolder folder;
    folder[1].rows = 32;
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(1), { "40 x 32 pixels", "40 x 36", "same size" }));
  }
  {
    DicomFolder folder;
    folder[4].spacing[1] = 1.002;
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(4), { "1 x 1.002 mm", "differ by 0.1 %" }));
    folder[4].spacing[1] = 1.0005;
    EXPECT_EQ(RefusalOf(folder), "");
  }
  {
    DicomFolder folder;
    folder[3].series = "1.2.3.99";
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(3), { "series '1.2.3.99'", "'1.2.3.4'", "one series" }));
  }
  {
    DicomFolder folder;
    folder[3].frames = 4;
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(3), { "4 slices", "each", "hold one" }));
  }
}

TEST(AutoencoderTrainerData, RefusesDicomSlicesThatDoNotFormARegularStack)
{
  {
    DicomFolder folder;
    folder[3].position[2] = 10.0005;
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(3), { "same position", "at least 0.001 mm apart" }));
  }
  {
    // The fourth slice of seven is missing.
    DicomFolder folder;
    for (unsigned int i = 3; i < 6; ++i)
    {
      folder[i].position[2] += 5.0;
    }
    EXPECT_TRUE(
      Says(RefusalOf(folder), folder.GetFileName(2), { "at 10 mm", "at 12 mm", "may differ by 0.05 mm", "missing" }));
  }
  {
    DicomFolder folder;
    folder[2].position[2] += 0.06;
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(2), { "at 10.06 mm", "at 10 mm" }));
  }
  {
    // Slices along an oblique normal, and slices with a tilted gantry.
    DicomFolder folder;
    for (unsigned int i = 0; i < 6; ++i)
    {
      folder[i].directions = { { 1.0, 0.0, 0.0, 0.0, 0.8, 0.6 } };
      folder[i].position = { { -20.0, -18.0 - 3.0 * i, 4.0 * i } };
    }
    EXPECT_EQ(RefusalOf(folder), "");
    for (unsigned int i = 0; i < 6; ++i)
    {
      folder[i].position = { { -20.0, -18.0, 5.0 * i } };
    }
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(1), { "shifted in plane", "3 mm", "0.05 mm", "tilt" }));
  }
  {
    // No slice has a position.
    DicomFolder folder;
    for (unsigned int i = 0; i < 6; ++i)
    {
      folder[i].position = {};
    }
    EXPECT_TRUE(Says(RefusalOf(folder), folder.GetFileName(5), { "same position, 0 mm" }));
  }
}

TEST(AutoencoderTrainerData, DoesNotChangeFrozenStatisticsOfTheNormalizations)
{
  // With a tiny learning rate, only the statistics could change noticeably.
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
