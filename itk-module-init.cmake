#==========================================================================
#
#   Copyright NumFOCUS
#
#   Licensed under the Apache License, Version 2.0 (the "License");
#   you may not use this file except in compliance with the License.
#   You may obtain a copy of the License at
#
#          https://www.apache.org/licenses/LICENSE-2.0.txt
#
#   Unless required by applicable law or agreed to in writing, software
#   distributed under the License is distributed on an "AS IS" BASIS,
#   WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
#   See the License for the specific language governing permissions and
#   limitations under the License.
#
# LibTorch 2.6 to 2.13, from the PyPI package torch, from a LibTorch archive, or from Debian's package libtorch-dev. It is
# found by its files rather than by TorchConfig.cmake: with CUDA, TorchConfig.cmake requires the CUDA toolkit, which only
# code with CUDA kernels needs. The usual hints work: Torch_DIR, and CMAKE_PREFIX_PATH with torch.utils.cmake_prefix_path
# or the archive's folder.
set(_torch_hints)
if(Torch_DIR)
  list(APPEND _torch_hints "${Torch_DIR}/../../..")
endif()
foreach(_prefix ${CMAKE_PREFIX_PATH})
  list(APPEND _torch_hints "${_prefix}" "${_prefix}/../..")
endforeach()
find_path(
  LibTorch_INCLUDE_DIR
  NAMES torch/headeronly/version.h torch/csrc/api/include/torch/version.h
  HINTS ${_torch_hints}
  PATH_SUFFIXES include
  DOC "The folder include of LibTorch")
set(LibTorch_LIBRARIES)
foreach(_library torch torch_cpu c10)
  find_library(
    LibTorch_${_library}_LIBRARY
    NAMES ${_library}
    HINTS "${LibTorch_INCLUDE_DIR}/.." ${_torch_hints}
    PATH_SUFFIXES lib
    DOC "A library of LibTorch")
  list(APPEND LibTorch_LIBRARIES "${LibTorch_${_library}_LIBRARY}")
endforeach()
if(NOT LibTorch_INCLUDE_DIR OR LibTorch_LIBRARIES MATCHES "NOTFOUND")
  message(
    FATAL_ERROR
      "LibTorch was not found. Install it (Debian: libtorch-dev, PyPI: torch==2.13.0). For PyPI's, set Torch_DIR to its "
      "folder share/cmake/Torch: python -c 'import torch; print(torch.utils.cmake_prefix_path)' prints the folder that "
      "holds it.")
endif()

# Since LibTorch 2.9, torch/version.h includes the file that has the version.
set(_torch_version_file "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
if(NOT EXISTS "${_torch_version_file}")
  set(_torch_version_file "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h")
endif()
file(STRINGS "${_torch_version_file}" _torch_version REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
string(REGEX REPLACE "[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2" _torch_version "${_torch_version}")
if(_torch_version VERSION_LESS 2.6 OR _torch_version VERSION_GREATER 2.13)
  message(FATAL_ERROR "LibTorch 2.6 to 2.13 is needed, but ${LibTorch_INCLUDE_DIR} has ${_torch_version}.")
endif()
set(LibTorch_VERSION "${_torch_version}" CACHE INTERNAL "Major and minor version of LibTorch")
# The binary interface changes with the minor version, and the wheel requires this one.
if(SKBUILD AND NOT _torch_version VERSION_EQUAL 2.13)
  message(FATAL_ERROR "The wheel needs LibTorch 2.13, but ${LibTorch_INCLUDE_DIR} has ${_torch_version}.")
endif()

# JSON for Modern C++ (header-only): from Debian's nlohmann-json3-dev, or the PyPI package nlohmann-json.
find_path(
  nlohmann_json_INCLUDE_DIR
  NAMES nlohmann/json.hpp
  DOC "The folder that holds nlohmann/json.hpp")
if(NOT nlohmann_json_INCLUDE_DIR)
  message(
    FATAL_ERROR
      "nlohmann/json.hpp was not found. Install JSON for Modern C++ (Debian: nlohmann-json3-dev, PyPI: nlohmann-json) "
      "and set nlohmann_json_INCLUDE_DIR to the folder that holds nlohmann/json.hpp.")
endif()
