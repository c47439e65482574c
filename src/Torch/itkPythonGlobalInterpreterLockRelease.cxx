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

#include "itkPythonGlobalInterpreterLockRelease.h"

// Without dlsym(), for example on Windows, Python's functions can't be found, and the lock is not released.
#if __has_include(<dlfcn.h>)
#  include <dlfcn.h>
#  define LSSR_HAS_DLSYM
#endif

namespace itk
{
namespace
{
/** Functions of Python's stable C API. They are null in a process without Python. */
struct PythonFunctions
{
  int (*isInitialized)(){ nullptr };
  int (*checkLock)(){ nullptr };
  void * (*saveThread)(){ nullptr };
  void (*restoreThread)(void *){ nullptr };

  PythonFunctions()
  {
    Find(isInitialized, "Py_IsInitialized");
    Find(checkLock, "PyGILState_Check");
    Find(saveThread, "PyEval_SaveThread");
    Find(restoreThread, "PyEval_RestoreThread");
  }

  template <typename TFunction>
  static void
  Find(TFunction & function, const char * name)
  {
#ifdef LSSR_HAS_DLSYM
    function = reinterpret_cast<TFunction>(dlsym(RTLD_DEFAULT, name));
#else
    static_cast<void>(function);
    static_cast<void>(name);
#endif
  }

  bool
  LockIsHeld() const
  {
    return isInitialized && checkLock && saveThread && restoreThread && isInitialized() && checkLock();
  }
};

const PythonFunctions &
GetPythonFunctions()
{
  static const PythonFunctions functions;
  return functions;
}
} // namespace

PythonGlobalInterpreterLockRelease::PythonGlobalInterpreterLockRelease()
{
  if (GetPythonFunctions().LockIsHeld())
  {
    m_ThreadState = GetPythonFunctions().saveThread();
  }
}

PythonGlobalInterpreterLockRelease::~PythonGlobalInterpreterLockRelease()
{
  if (m_ThreadState)
  {
    GetPythonFunctions().restoreThread(m_ThreadState);
  }
}
} // end namespace itk
