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
#ifndef itkPartialFile_h
#define itkPartialFile_h

#include <string>

namespace itk
{
/** The temporary file beside a file that is being written. It is renamed when it is complete. Its name contains the
 * number of the process that writes it, so that a later process can detect that it was abandoned. */
namespace PartialFile
{
/** Make a name that no other writer uses: `<fileName>.part-<process>-<random>-<host>`. The last two parts are
 * hexadecimal numbers. */
std::string
MakeName(const std::string & fileName);

/** Remove the partial files of a file that killed processes of this host have left behind. A partial file is removed
 * only if its name has exactly the form of MakeName() and its process is no longer running. Failures are ignored,
 * because abandoned files do no harm. */
void
RemoveAbandoned(const std::string & fileName);
} // namespace PartialFile
} // end namespace itk

#endif // itkPartialFile_h
