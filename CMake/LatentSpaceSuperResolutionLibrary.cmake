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
# The module as a library of its own, built with an installed ITK, such as a distribution's package. An installed ITK does
# not have ITK's macros for modules. The macros below do what itk-module.cmake, src and test need of them.
include(GenerateExportHeader)
include(GNUInstallDirs)
include(CTest)

if(NOT DEFINED CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 17)
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
endif()
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE
      Release
      CACHE STRING "The type of the build" FORCE)
endif()
option(BUILD_SHARED_LIBS "Build a shared library" ${ITK_BUILD_SHARED})
option(BUILD_EXAMPLES "Build the examples" OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

macro(itk_module _name)
  cmake_parse_arguments(_module "EXCLUDE_FROM_DEFAULT;ENABLE_SHARED" "DESCRIPTION" "DEPENDS;PRIVATE_DEPENDS;TEST_DEPENDS"
                        ${ARGN})
endmacro()
include(${CMAKE_CURRENT_SOURCE_DIR}/itk-module.cmake)
itk_module_config(_public ${_module_DEPENDS})
itk_module_config(_private ${_module_PRIVATE_DEPENDS})

macro(itk_module_add_library _name)
  add_library(${_name} ${ARGN})
  add_library(LatentSpaceSuperResolution::${_name} ALIAS ${_name})
  generate_export_header(
    ${_name}
    EXPORT_FILE_NAME
    ${PROJECT_BINARY_DIR}/include/${_name}Export.h
    EXPORT_MACRO_NAME
    ${_name}_EXPORT
    NO_EXPORT_MACRO_NAME
    ${_name}_HIDDEN)
  set_target_properties(${_name} PROPERTIES OUTPUT_NAME itk${_name} VERSION ${PROJECT_VERSION} SOVERSION 0)
  if(NOT BUILD_SHARED_LIBS)
    target_compile_definitions(${_name} PUBLIC LATENTSPACESUPERRESOLUTION_STATIC_DEFINE)
  endif()
  target_compile_features(${_name} PUBLIC cxx_std_17)
  # The package configuration file adds the folders of the ITK that the user's project finds.
  target_include_directories(
    ${_name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/LatentSpaceSuperResolution>)
  target_include_directories(${_name} SYSTEM PUBLIC "$<BUILD_INTERFACE:${_public_INCLUDE_DIRS}>")
  target_include_directories(${_name} SYSTEM PRIVATE ${_private_INCLUDE_DIRS})
  target_link_libraries(${_name} PUBLIC ${_public_LIBRARIES})
  target_link_libraries(${_name} PRIVATE ${_private_LIBRARIES})
  install(
    TARGETS ${_name}
    EXPORT LatentSpaceSuperResolutionTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endmacro()

# ITKTestKernel and ITKGoogleTest are parts of ITK's own tests. They are not installed. The tests need a header of the
# former: an installed ITK has it among its other headers, a build tree of ITK in a folder of its own.
macro(itk_module_test)
  find_package(GTest REQUIRED)
  if("ITKTestKernel" IN_LIST ITK_MODULES_ENABLED)
    itk_module_config(_kernel ITKTestKernel)
    include_directories(SYSTEM ${_kernel_INCLUDE_DIRS})
  endif()
  list(REMOVE_ITEM _module_TEST_DEPENDS ITKTestKernel ITKGoogleTest)
  find_package(ITK REQUIRED COMPONENTS ${_module_TEST_DEPENDS})
  include(${ITK_USE_FILE})
  set(LatentSpaceSuperResolution-Test_LIBRARIES LatentSpaceSuperResolution ${ITK_LIBRARIES})
endmacro()

function(creategoogletestdriver _name _libraries _sources)
  include(GoogleTest)
  add_executable(${_name}GTestDriver ${_sources})
  target_link_libraries(${_name}GTestDriver ${_libraries} GTest::GTest GTest::Main)
  gtest_discover_tests(${_name}GTestDriver DISCOVERY_TIMEOUT 120)
endfunction()

add_subdirectory(src)
install(
  DIRECTORY include/ ${PROJECT_BINARY_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/LatentSpaceSuperResolution
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "*.hxx")
install(
  EXPORT LatentSpaceSuperResolutionTargets
  NAMESPACE LatentSpaceSuperResolution::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/LatentSpaceSuperResolution)

if(BUILD_TESTING)
  add_subdirectory(test)
endif()
option(LatentSpaceSuperResolution_FUZZING "Build the fuzz tests, which need Clang" OFF)
if(LatentSpaceSuperResolution_FUZZING)
  add_subdirectory(test/fuzz)
endif()
if(BUILD_EXAMPLES)
  add_subdirectory(examples)
endif()
