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

#include "itkAutomaticParameterMacro.h"
#include "itkObject.h"
#include "itkObjectFactory.h"

#include <gtest/gtest.h>

#include <limits>

namespace
{
class Parameters : public itk::Object
{
public:
  using Self = Parameters;
  using Superclass = itk::Object;
  using Pointer = itk::SmartPointer<Self>;
  itkNewMacro(Self);
  itkSetAutomaticParameterMacro(Axis, unsigned int);
  itkSetAutomaticParameterMacro(Gain, double);

private:
  unsigned int m_Axis{ 0 };
  bool         m_AutomaticAxis{ true };
  double       m_Gain{ 1.0 };
  bool         m_AutomaticGain{ true };
};
} // namespace

TEST(AutomaticParameterMacro, SettingTheParameterTurnsTheAutomaticChoiceOff)
{
  const auto parameters = Parameters::New();
  EXPECT_TRUE(parameters->GetAutomaticAxis());
  // This applies even if the value does not change.
  parameters->SetAxis(0);
  EXPECT_FALSE(parameters->GetAutomaticAxis());
  EXPECT_TRUE(parameters->GetAutomaticGain());
  parameters->SetAxis(2);
  parameters->AutomaticAxisOn();
  EXPECT_TRUE(parameters->GetAutomaticAxis());
  EXPECT_EQ(parameters->GetAxis(), 2u);
}

TEST(AutomaticParameterMacro, OnlyAChangeModifies)
{
  const auto   parameters = Parameters::New();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto   modifies = [&](auto && change) {
    const itk::ModifiedTimeType before = parameters->GetMTime();
    change();
    return parameters->GetMTime() > before;
  };
  EXPECT_FALSE(modifies([&] { parameters->AutomaticGainOn(); }));
  EXPECT_TRUE(modifies([&] { parameters->SetGain(1.0); }));
  EXPECT_FALSE(modifies([&] { parameters->SetGain(1.0); }));
  EXPECT_FALSE(modifies([&] { parameters->AutomaticGainOff(); }));
  EXPECT_TRUE(modifies([&] { parameters->SetGain(nan); }));
  EXPECT_FALSE(modifies([&] { parameters->SetGain(nan); }));
  EXPECT_TRUE(modifies([&] { parameters->SetGain(0.0); }));
  EXPECT_TRUE(modifies([&] { parameters->AutomaticGainOn(); }));
}
