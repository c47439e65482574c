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
#ifndef itkStreamedWindow_hxx
#define itkStreamedWindow_hxx

namespace itk
{
template <typename TImage>
ModifiedTimeType
StreamedWindow<TImage>::FindTime(const TImage * input)
{
  // The time stamp of an image with a source changes with every slab. Therefore the time of the pipeline counts, unless
  // the image itself was modified after its last update.
  return input->GetSource() && input->GetMTime() <= input->GetUpdateMTime() ? input->GetPipelineMTime()
                                                                            : input->GetMTime();
}

template <typename TImage>
bool
StreamedWindow<TImage>::Update(TImage *                          input,
                               const std::pair<double, double> & percentages,
                               const ProcessObject *             process,
                               const ProgressFunction &          progress)
{
  if (input == m_Input && FindTime(input) == m_Time && percentages == m_Percentages)
  {
    return false;
  }
  this->Clear();
  const auto requested = input->GetRequestedRegion();

  StreamedPercentileCalculator<PixelType> calculator({ percentages.first, percentages.second });
  const double                            passes = calculator.GetNumberOfPasses();
  double                                  pass = 0.0;
  do
  {
    CountPixels(input, requested, calculator, process, [&](double share) { progress((pass + share) / passes); });
    pass += 1.0;
  } while (!calculator.FinishPass());

  // The filter needs the region that was requested first.
  input->SetRequestedRegion(requested);
  input->PropagateRequestedRegion();
  input->UpdateOutputData();
  m_Minimum = calculator.GetPercentile(0);
  m_Maximum = calculator.GetPercentile(1);
  m_Percentages = percentages;
  m_Time = FindTime(input);
  m_Input = input;
  return true;
}

template <typename TImage>
void
StreamedWindow<TImage>::CountPixels(TImage *                                  input,
                                    const RegionType &                        requested,
                                    StreamedPercentileCalculator<PixelType> & calculator,
                                    const ProcessObject *                     process,
                                    const ProgressFunction &                  progress)
{
  const RegionType largest = input->GetLargestPossibleRegion();
  SizeValueType    counted = 0;
  const auto       count = [&](const RegionType & region) {
    calculator.Count(static_cast<const TImage *>(input), region, process);
    counted += region.GetNumberOfPixels();
    progress(static_cast<double>(counted) / static_cast<double>(largest.GetNumberOfPixels()));
  };
  // Parts of the requested size cover the largest possible region.
  RegionType part = requested;
  part.SetIndex(largest.GetIndex());
  do
  {
    RegionType cropped = part;
    cropped.Crop(largest);
    if (!input->GetBufferedRegion().IsInside(largest))
    {
      input->SetRequestedRegion(cropped);
      input->PropagateRequestedRegion();
      input->UpdateOutputData();
    }
    // A source may give more than the requested region.
    if (counted == 0 && input->GetBufferedRegion().IsInside(largest))
    {
      count(largest);
      return;
    }
    count(cropped);
  } while (MoveToNextPart(part, largest));
}

template <typename TImage>
bool
StreamedWindow<TImage>::MoveToNextPart(RegionType & part, const RegionType & whole)
{
  for (unsigned int d = 0; d < TImage::ImageDimension; ++d)
  {
    part.SetIndex(d, part.GetIndex(d) + static_cast<IndexValueType>(part.GetSize(d)));
    if (part.GetIndex(d) < whole.GetIndex(d) + static_cast<IndexValueType>(whole.GetSize(d)))
    {
      return true;
    }
    part.SetIndex(d, whole.GetIndex(d));
  }
  return false;
}
} // end namespace itk

#endif // itkStreamedWindow_hxx
