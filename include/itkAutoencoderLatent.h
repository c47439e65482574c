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
#ifndef itkAutoencoderLatent_h
#define itkAutoencoderLatent_h

#include "itkDataObject.h"
#include "itkObjectFactory.h"
#include "LatentSpaceSuperResolutionExport.h"

#include <memory>
#include <vector>

namespace itk
{
/** \class AutoencoderLatent
 * \brief The latent of a stack of slices, made by AutoencoderModel::Encode(): one or more tensors per slice, which can
 * be mixed and decoded.
 *
 * The first tensor is the encoder's output (for the paper's network 16 channels at 1/16 of the slice's side). A
 * multi-scale latent has further tensors: the pooled features of encoder levels. Every tensor has the shape (slices,
 * channels, rows, columns).
 *
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolution_EXPORT AutoencoderLatent : public DataObject
{
public:
  ITK_DISALLOW_COPY_AND_MOVE(AutoencoderLatent);

  using Self = AutoencoderLatent;
  using Superclass = DataObject;
  using Pointer = SmartPointer<Self>;
  using ConstPointer = SmartPointer<const Self>;

  itkNewMacro(Self);
  itkOverrideGetNameOfClassMacro(AutoencoderLatent);

  /** The tensors. The type is opaque because public headers do not include LibTorch. */
  struct Implementation;

  /** Mix two latents with the same number of slices, tensor by tensor: the convex combination \f$z_\alpha = (1-\alpha)
   * z_0 + \alpha z_1\f$ (arXiv:2010.13172, Section 3).
   * \exception ExceptionObject if \f$\alpha\f$ is not in [0, 1], or the latents are empty or differ in shape. */
  static Pointer
  Mix(const Self * first, const Self * second, double alpha);

  /** The latent of `count` slices, starting with slice `first`.
   * \exception ExceptionObject if there are no such slices. */
  Pointer
  Extract(SizeValueType first, SizeValueType count) const;

  /** Number of encoded slices; 0 for an empty latent. */
  SizeValueType
  GetNumberOfSlices() const;

  /** Number of tensors: 1, or for a multi-scale latent 1 plus the number of levels. */
  unsigned int
  GetNumberOfTensors() const;

  /** Shape (slices, channels, rows, columns) of a tensor.
   * \exception ExceptionObject if there is no such tensor. */
  std::vector<SizeValueType>
  GetTensorShape(unsigned int tensor) const;

  /** Values of a tensor, the last dimension (columns) fastest.
   * \exception ExceptionObject if there is no such tensor. */
  std::vector<float>
  GetTensorValues(unsigned int tensor) const;

  void
  Initialize() override;

  void
  Graft(const DataObject * data) override;

#ifndef ITK_WRAPPING_PARSER
  /** The tensors, for use within the module only. */
  const Implementation *
  GetImplementation() const
  {
    return m_Implementation.get();
  }
#endif

protected:
  AutoencoderLatent();
  ~AutoencoderLatent() override;

  void
  PrintSelf(std::ostream & os, Indent indent) const override;

private:
  friend class AutoencoderModel;

  void
  CheckTensorNumber(unsigned int tensor) const;

  std::shared_ptr<Implementation> m_Implementation;
};
} // end namespace itk

#endif // itkAutoencoderLatent_h
