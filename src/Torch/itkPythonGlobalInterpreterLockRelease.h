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
#ifndef itkPythonGlobalInterpreterLockRelease_h
#define itkPythonGlobalInterpreterLockRelease_h

namespace itk
{
/** \class PythonGlobalInterpreterLockRelease
 * \brief Releases Python's global interpreter lock during its lifetime, if the calling thread holds it.
 *
 * ITK's wrapping holds the lock during Update(). If libtorch_python is loaded, LibTorch refuses to compute gradients in
 * a thread that holds the lock. This library does not link to Python: it looks up Python's functions in the running
 * process. Observers written in Python acquire the lock themselves (itk::PyCommand).
 */
class PythonGlobalInterpreterLockRelease
{
public:
  PythonGlobalInterpreterLockRelease();
  ~PythonGlobalInterpreterLockRelease();

  PythonGlobalInterpreterLockRelease(const PythonGlobalInterpreterLockRelease &) = delete;
  PythonGlobalInterpreterLockRelease &
  operator=(const PythonGlobalInterpreterLockRelease &) = delete;

private:
  void * m_ThreadState{ nullptr };
};
} // end namespace itk

#endif // itkPythonGlobalInterpreterLockRelease_h
