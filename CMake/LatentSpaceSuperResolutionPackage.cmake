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
# Install what find_package(LatentSpaceSuperResolution) reads.
include(CMakePackageConfigHelpers)

if(LatentSpaceSuperResolution_IS_ITK_MODULE)
  # Beside the folder of ITK's package.
  get_filename_component(_package_folder "${ITK_INSTALL_PACKAGE_DIR}" DIRECTORY)
  set(_package_folder "${_package_folder}/LatentSpaceSuperResolution")
  set(_itk_folder "${ITK_INSTALL_PACKAGE_DIR}")
  set(LatentSpaceSuperResolution_ITK_MODULES LatentSpaceSuperResolution)
else()
  set(_package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/LatentSpaceSuperResolution")
  set(_itk_folder "${ITK_DIR}")
  set(LatentSpaceSuperResolution_ITK_MODULES ${_module_DEPENDS} ${_module_PRIVATE_DEPENDS})
endif()

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/LatentSpaceSuperResolutionConfig.cmake.in
  ${PROJECT_BINARY_DIR}/CMakeFiles/LatentSpaceSuperResolutionConfig.cmake
  INSTALL_DESTINATION ${_package_folder}
  PATH_VARS _itk_folder
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/CMakeFiles/LatentSpaceSuperResolutionConfigVersion.cmake
  VERSION ${PROJECT_VERSION}
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/CMakeFiles/LatentSpaceSuperResolutionConfig.cmake
        ${PROJECT_BINARY_DIR}/CMakeFiles/LatentSpaceSuperResolutionConfigVersion.cmake
  DESTINATION ${_package_folder}
  COMPONENT Development)
