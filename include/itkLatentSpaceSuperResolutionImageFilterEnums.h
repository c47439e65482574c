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
#ifndef itkLatentSpaceSuperResolutionImageFilterEnums_h
#define itkLatentSpaceSuperResolutionImageFilterEnums_h

#include "LatentSpaceSuperResolutionExport.h"

#include <cstdint>
#include <ostream>

namespace itk
{
/** \class LatentSpaceSuperResolutionImageFilterEnums
 * \brief Enumerations of LatentSpaceSuperResolutionImageFilter.
 * \ingroup LatentSpaceSuperResolution
 */
class LatentSpaceSuperResolutionImageFilterEnums
{
public:
  /** \class OutputMode
   * \ingroup LatentSpaceSuperResolution
   * How the slices of a super-resolved volume are made. With \f$x_n\f$ an acquired slice, \f$E\f$ and \f$D\f$ the
   * encoder and the decoder, \f$z_n = E(x_n)\f$ and \f$z_\alpha = (1-\alpha) z_n + \alpha z_{n+1}\f$:
   * - Decoded: every slice is \f$D(z_\alpha)\f$, also at acquired slices. All slices have the same appearance.
   * - PreserveAcquired: acquired slices are copied bit for bit. The other slices are \f$D(z_\alpha)\f$. If the network
   *   removes noise, the acquired slices stand out.
   * - ResidualCorrected: acquired slices are copied bit for bit. The other slices are \f$(1-\alpha) x_n + \alpha
   *   x_{n+1} + D(z_\alpha) - (1-\alpha) D(z_n) - \alpha D(z_{n+1})\f$: the network corrects the linear interpolation.
   *   The result contains the acquired slices' noise.
   * - LowPassCorrected: every slice is \f$D(z_\alpha) + (\gamma + (1-\gamma) G) * [(1-\alpha) r_n + \alpha r_{n+1}]\f$
   *   with the residual \f$r_n = x_n - D(z_n)\f$, a Gaussian G and a detail gain \f$\gamma\f$. The slice is decoded.
   *   Its large-scale brightness and contrast are those of the acquired slices, because the network's may deviate. A
   *   share of the acquired slices' detail is added; it is larger for closer slices.
   * - ProfileCorrected: every slice is \f$P_\alpha + D(z_\alpha) - (1-\alpha) D(z_n) - \alpha D(z_{n+1})\f$, where
   *   \f$P\f$ is the Lanczos interpolation (radius 3) along the slice axis of the stack
   *   \f$x_n - (\sigma^2/2) (x_{n-1} - 2 x_n + x_{n+1})\f$. That stack is sharpened, to the second order, against the
   *   blur of a Gaussian slice profile with the standard deviation \f$\sigma\f$ in slice distances. This mode is meant
   *   for slices that touch or overlap, because six of them tell more about a slice between them than two. Acquired
   *   slices are sharpened, too, if the thickness is known. The result contains the acquired slices' noise.
   * - Automatic: ProfileCorrected if the slice thickness is known to be at least 0.8 times the slice distance, and the
   *   distance is at most 7 mm; otherwise LowPassCorrected if the distance is less than 9 mm, else Decoded.
   *
   * Models with learned mixing remove more noise between acquired slices than at them. So that acquired slices do not
   * stand out, \f$z_\alpha\f$ is then the linear interpolation of the mixes at -0.1 and 0.1 within a tenth of a slice
   * distance of an acquired slice. The same holds for \f$z_n\f$ in the equations above, but not in the residual
   * \f$r_n\f$ of LowPassCorrected. */
  enum class OutputMode : uint8_t
  {
    Decoded = 0,
    PreserveAcquired,
    ResidualCorrected,
    LowPassCorrected,
    ProfileCorrected,
    Automatic
  };
};

/** Print an enumerator by its name. */
extern LatentSpaceSuperResolution_EXPORT std::ostream &
operator<<(std::ostream & out, LatentSpaceSuperResolutionImageFilterEnums::OutputMode value);
} // end namespace itk

#endif // itkLatentSpaceSuperResolutionImageFilterEnums_h
