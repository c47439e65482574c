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

#include "itkAutoencoderTrainerBase.h"

#include "itkProcessObjectThreads.h"
#include "itkPythonGlobalInterpreterLockRelease.h"
#include "itkTorchErrors.h"
#include "itkTorchThreadScope.h"
#include "itkTrainingLoop.h"
#include "itkTrainingVolumes.h"

#include <nlohmann/json.hpp>

#include <sstream>

namespace itk
{
AutoencoderTrainerBase::AutoencoderTrainerBase()
{
  this->SetNumberOfRequiredInputs(0);
  this->SetNumberOfRequiredOutputs(1);
  this->SetNthOutput(0, this->MakeOutput(0));
}

AutoencoderTrainerBase::~AutoencoderTrainerBase() = default;

ProcessObject::DataObjectPointer
AutoencoderTrainerBase::MakeOutput(DataObjectPointerArraySizeType)
{
  return AutoencoderModel::New().GetPointer();
}

AutoencoderModel *
AutoencoderTrainerBase::GetOutput()
{
  return itkDynamicCastInDebugMode<AutoencoderModel *>(this->GetPrimaryOutput());
}

const AutoencoderModel *
AutoencoderTrainerBase::GetOutput() const
{
  return itkDynamicCastInDebugMode<const AutoencoderModel *>(this->GetPrimaryOutput());
}

void
AutoencoderTrainerBase::SetParametersToDefault()
{
  AutoencoderTrainingParameters parameters = m_Parameters;
  parameters.SetRecipeToDefault();
  this->SetParameters(parameters);
}

void
AutoencoderTrainerBase::SetParametersToPaper()
{
  AutoencoderTrainingParameters parameters = m_Parameters;
  parameters.SetRecipeToPaper();
  this->SetParameters(parameters);
}

void
AutoencoderTrainerBase::SetParameter(const std::string & name, const std::string & text)
{
  AutoencoderTrainingParameters parameters = m_Parameters;
  parameters.Set(name, text);
  this->SetParameters(parameters);
}

void
AutoencoderTrainerBase::SetParameters(const AutoencoderTrainingParameters & parameters)
{
  if (!parameters.IsSameAs(m_Parameters))
  {
    m_Parameters = parameters;
    this->Modified();
  }
}

void
AutoencoderTrainerBase::SetSliceAxis(unsigned int axis)
{
  this->SetParameterMember(m_Parameters.sliceAxis, std::optional<unsigned int>(axis));
}

void
AutoencoderTrainerBase::SetAutomaticSliceAxis(bool automatic)
{
  this->SetParameterMember(m_Parameters.sliceAxis,
                           automatic ? std::nullopt : std::optional<unsigned int>(this->GetSliceAxis()));
}

void
AutoencoderTrainerBase::VerifyPreconditions() const
{
  Superclass::VerifyPreconditions();
  const auto * model = this->GetInitialModel();
  // The architecture is not known yet if another trainer makes the model. MakeStartingModel() checks it again.
  if (!model || !model->GetSource())
  {
    m_Parameters.CheckPatchSize(model ? model : AutoencoderModel::New().GetPointer());
  }
  m_Parameters.Check();
}

AutoencoderModel::Pointer
AutoencoderTrainerBase::MakeStartingModel() const
{
  auto model = AutoencoderModel::New();
  if (this->GetInitialModel())
  {
    model->Graft(this->GetInitialModel());
  }
  if (!model->HasWeights())
  {
    model->InitializeWeights(m_Parameters.seed);
  }
  m_Parameters.CheckPatchSize(model);
  return model;
}

void
AutoencoderTrainerBase::StopTraining()
{
  m_StopRequested = true;
}

void
AutoencoderTrainerBase::GenerateData()
{
  try
  {
    this->Train();
  }
  catch (...)
  {
    if (m_Progress.stopCondition == StopConditionEnum::Training)
    {
      m_Progress.stopCondition = StopConditionEnum::Failed;
    }
    throw;
  }
}

void
AutoencoderTrainerBase::Train()
{
  m_StopRequested = false;
  m_Progress = AutoencoderTrainingProgress();
  m_Progress.stopCondition = StopConditionEnum::Training;

  auto                                     model = this->MakeStartingModel();
  const PythonGlobalInterpreterLockRelease released;
  SizeValueType                            numberOfVolumes = 0;
  TranslateTorchErrors("training", [&] {
    const TorchThreadScope  oneThread(1); // the lanes of the training are its threads
    const TrainingVolumes   volumes = this->MakeVolumes(RoleEnum::Training);
    TrainingLoop::Callbacks callbacks;
    callbacks.iterated = [this] { this->InvokeEvent(IterationEvent()); };
    callbacks.progressed = [this](double share) { this->UpdateProgress(static_cast<float>(share)); };
    callbacks.isAborted = [this] { return this->GetAbortGenerateData(); };
    callbacks.isStopRequested = [this] { return m_StopRequested.load(); };
    TrainingLoop loop(m_Parameters,
                      volumes,
                      this->MakeVolumes(RoleEnum::Validation),
                      { this->IsFineTuning(), ProcessObjectThreads::GetNumberOfThreads(this) },
                      *model,
                      m_Progress,
                      std::move(callbacks));
    numberOfVolumes = volumes.GetCount();
    loop.Run();
  });

  model->SetProvenance("training", this->DescribeTraining(numberOfVolumes));
  this->GetOutput()->Graft(model);
  if (m_Progress.stopCondition == StopConditionEnum::NonFiniteLoss)
  {
    itkExceptionMacro("The loss or its gradient in iteration "
                      << m_Progress.currentIteration + 1 << " is " << m_Progress.currentLoss
                      << ". The output is the last model whose loss was finite. The learning rate was "
                      << m_Progress.currentLearningRate << ": try a smaller one.");
  }
  if (m_Progress.stopCondition == StopConditionEnum::Aborted)
  {
    ProcessAborted aborted(__FILE__, __LINE__);
    aborted.SetDescription(this->GetStopConditionDescription());
    throw aborted;
  }
}

bool
AutoencoderTrainerBase::IsFineTuning() const
{
  return this->GetInitialModel() != nullptr && this->GetInitialModel()->HasWeights();
}

TrainingVolumes
AutoencoderTrainerBase::MakeVolumes(RoleEnum role) const
{
  TrainingVolumes::Images images;
  images.count = this->GetNumberOfImageVolumes(role);
  images.getGeometry = [this, role](SizeValueType number) { return this->GetImageVolumeGeometry(role, number); };
  images.load = [this, role](SizeValueType number) { return this->LoadImageVolume(role, number); };
  return TrainingVolumes(std::move(images),
                         role == RoleEnum::Training ? m_TrainingFileNames : m_ValidationFileNames,
                         m_Parameters.sliceAxis,
                         this);
}

void
AutoencoderTrainerBase::SetTrainingFileNames(const std::vector<std::string> & names)
{
  if (names != m_TrainingFileNames)
  {
    m_TrainingFileNames = names;
    this->Modified();
  }
}

void
AutoencoderTrainerBase::AddTrainingFileName(const std::string & name)
{
  m_TrainingFileNames.push_back(name);
  this->Modified();
}

void
AutoencoderTrainerBase::SetValidationFileNames(const std::vector<std::string> & names)
{
  if (names != m_ValidationFileNames)
  {
    m_ValidationFileNames = names;
    this->Modified();
  }
}

void
AutoencoderTrainerBase::AddValidationFileName(const std::string & name)
{
  m_ValidationFileNames.push_back(name);
  this->Modified();
}

std::string
AutoencoderTrainerBase::DescribeTraining(SizeValueType numberOfVolumes) const
{
  nlohmann::ordered_json description{
    { "iterations", m_Progress.currentIteration },
    { "volumes", numberOfVolumes },
    { "fine_tuned", this->IsFineTuning() },
  };
  description.update(nlohmann::ordered_json::parse(m_Parameters.DescribeForModel()));
  return description.dump();
}

std::string
AutoencoderTrainerBase::GetStopConditionDescription() const
{
  const std::string after = " after " + std::to_string(m_Progress.currentIteration) + " iterations.";
  switch (m_Progress.stopCondition)
  {
    case StopConditionEnum::NotStarted:
      return "No training has been started.";
    case StopConditionEnum::Training:
      return "The training is under way.";
    case StopConditionEnum::MaximumNumberOfIterations:
      return "All " + std::to_string(m_Progress.currentIteration) + " iterations were done.";
    case StopConditionEnum::TimeBudget:
      return "The time budget was spent" + after;
    case StopConditionEnum::StopRequested:
      return "The training was stopped on request" + after;
    case StopConditionEnum::Aborted:
      return "The training was aborted" + after;
    case StopConditionEnum::Failed:
      return "The training failed" + after;
    case StopConditionEnum::EarlyStopping:
      return "No validation was better than that of iteration " + std::to_string(m_Progress.bestIteration) +
             ": stopped" + after;
    case StopConditionEnum::NonFiniteLoss:
      return "The loss was not finite" + after;
  }
  return "";
}

void
AutoencoderTrainerBase::PrintSelf(std::ostream & os, Indent indent) const
{
  Superclass::PrintSelf(os, indent);
  std::ostringstream margin;
  margin << indent;
  m_Parameters.Print(os, margin.str());
  const std::pair<const char *, const std::vector<std::string> *> lists[] = {
    { "TrainingFileNames", &m_TrainingFileNames }, { "ValidationFileNames", &m_ValidationFileNames }
  };
  for (const auto & [title, names] : lists)
  {
    os << indent << title << ':' << std::endl;
    for (const auto & name : *names)
    {
      os << indent.GetNextIndent() << name << std::endl;
    }
  }
  os << indent << "CurrentIteration: " << m_Progress.currentIteration << std::endl;
  os << indent << "CurrentLoss: " << m_Progress.currentLoss << std::endl;
  os << indent << "CurrentReconstructionLoss: " << m_Progress.currentReconstructionLoss << std::endl;
  os << indent << "CurrentSynthesisLoss: " << m_Progress.currentSynthesisLoss << std::endl;
  os << indent << "CurrentLearningRate: " << m_Progress.currentLearningRate << std::endl;
  os << indent << "ElapsedTime: " << m_Progress.elapsedTime << std::endl;
  os << indent << "ValidationIteration: " << m_Progress.validationIteration << std::endl;
  os << indent << "ValidationPSNR: " << m_Progress.validationPSNR << std::endl;
  os << indent << "ValidationSSIM: " << m_Progress.validationSSIM << std::endl;
  os << indent << "ValidationLoss: " << m_Progress.validationLoss << std::endl;
  os << indent << "LinearValidationPSNR: " << m_Progress.linearValidationPSNR << std::endl;
  os << indent << "LinearValidationSSIM: " << m_Progress.linearValidationSSIM << std::endl;
  os << indent << "BSplineValidationPSNR: " << m_Progress.bsplineValidationPSNR << std::endl;
  os << indent << "BSplineValidationSSIM: " << m_Progress.bsplineValidationSSIM << std::endl;
  os << indent << "BestIteration: " << m_Progress.bestIteration << std::endl;
  os << indent << "ResumedIteration: " << m_Progress.resumedIteration << std::endl;
  os << indent << "StopCondition: " << m_Progress.stopCondition << std::endl;
  os << indent << "StopRequested: " << (m_StopRequested ? "On" : "Off") << std::endl;
}
} // end namespace itk
