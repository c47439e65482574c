#!/usr/bin/env bash
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
#==========================================================================
# Build this module within the source tree of ITK 5.4.7, run its tests, install ITK, and use the installed module.
#
#   scripts/test-in-itk.sh FOLDER [shared] [static] [python]
#
#   shared, static   1. ITK with the module, without what ITK 6 removes: the module's library, tests and examples are
#                       built without a warning, the tests are run, and ITK is installed. The project test/consumer finds
#                       the installed module in two ways: as a component of ITK, and by its own package.
#                    2. The same ITK without the module. The module is built outside of it, with ITKModuleExternal, and
#                       both are installed. The same project is built and run in the same two ways.
#   python           ITK with Python wrapping of the modules that this module needs, for float images in 3D. Python
#                    imports it, and up-samples an image.
#
# The default is shared and static. FOLDER gets ITK's source, and build and install folders of several GB. A later call
# continues.
#
# Environment:
#   ITK_SOURCE_DIR, DEBIAN_SUITE  where the source of ITK comes from (scripts/itk-source.sh). It is copied
#   Torch_DIR                     LibTorch's folder share/cmake/Torch. Default: that of .venv
#   nlohmann_json_INCLUDE_DIR     the folder that holds nlohmann/json.hpp. Default: that of .venv-build
#   LATENT_SR_SHARED              real data and reference values. Tests that need them are skipped without
#   CMAKE_BUILD_PARALLEL_LEVEL    the number of jobs
# The tools cmake and ninja, and for python also swig 4.3.0 and castxml, are those of .venv-build, or in the PATH.
# scripts/setup.sh makes .venv and .venv-build.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/itk-source.sh
source "$(dirname "${BASH_SOURCE[0]}")/itk-source.sh"

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [shared] [static] [python]" >&2; exit 2; }
use_folder "$1"
shift
[ $# -gt 0 ] || set -- shared static
PATH=$root/.venv-build/bin:$PATH
for tool in cmake ninja; do command -v $tool > /dev/null || die "there is no $tool: run scripts/setup.sh first"; done
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
Torch_DIR=${Torch_DIR:-$(echo "$root"/.venv/lib/python3.*/site-packages/torch/share/cmake/Torch)}
nlohmann_json_INCLUDE_DIR=${nlohmann_json_INCLUDE_DIR:-$(echo "$root"/.venv-build/lib/python3.*/site-packages/nlohmann_json/include)}
[ -d "$Torch_DIR" ] || die "LibTorch was not found: set Torch_DIR, or run scripts/setup.sh first"
module=LatentSpaceSuperResolution
third_party=("-DTorch_DIR=$Torch_DIR" "-Dnlohmann_json_INCLUDE_DIR=$nlohmann_json_INCLUDE_DIR")
# Of ITK's modules: what this module needs, and the readers and writers of its tests and of the examples.
needed_modules=(Common Eigen3 IOImageBase ImageFilterBase ImageFunction ImageGrid Transform IOGDCM IOMeta IONIFTI IONRRD)

# A copy rather than a link: ITK writes nothing into it, but the checkout may have build folders of its own.
copy_module() {
  local target=$folder/source/Modules/Remote
  mkdir -p "$target/$module" &&
    tar -C "$root" -cf - CMake CMakeLists.txt CTestConfig.cmake LICENSE README.md itk-module.cmake itk-module-init.cmake \
      include src test wrapping models examples | tar -C "$target/$module" -xf - &&
    cp -p "$root/$module.remote.cmake" "$target/"
}

copy_source() {
  [ -d "$folder/source" ] && return
  if [ -n "${ITK_SOURCE_DIR:-}" ]; then
    rm -rf "$folder/source.part" && cp -a "$ITK_SOURCE_DIR" "$folder/source.part" && mv "$folder/source.part" "$folder/source"
  else
    fetch_itk_source "$folder/source"
  fi
}

# configure_itk BUILD-FOLDER INSTALL-FOLDER ON|OFF CMAKE-ARGUMENTS…: with ITK's defaults for warnings, and without legacy
# code. The install folder is fixed here, because ITK installs its Eigen to no other. An installed shared library of ITK
# finds the others only by such an RPATH, or by LD_LIBRARY_PATH.
configure_itk() {
  local build=$1 installed=$2 shared=$3
  shift 3
  cmake -G Ninja -S "$folder/source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 \
    -DCMAKE_INSTALL_PREFIX="$installed" -DCMAKE_INSTALL_RPATH="\$ORIGIN" -DBUILD_SHARED_LIBS="$shared" -DBUILD_EXAMPLES=OFF -DITK_FORBID_DOWNLOADS=ON -DITK_USE_KWSTYLE=OFF \
    -DITK_LEGACY_REMOVE=ON -DITK_FUTURE_LEGACY_REMOVE=ON -DITK_BUILD_DEFAULT_MODULES=OFF -DITKGroup_Core=OFF \
    "${third_party[@]}" "$@"
}

run_tests() {
  ctest --test-dir "$1" --output-on-failure --no-tests=error --parallel "$jobs"
}

build_examples() {
  cmake -G Ninja -S "$root/examples" -B "$1" -DITK_DIR="$2" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 && cmake --build "$1"
}

# consume VARIANT PREFIX: build and run the outside project in two ways.
consume() {
  local variant=$1 prefix=$2 component title
  for component in ON OFF; do
    title="$variant: the outside project finds $([ $component = ON ] && echo "the component of ITK" || echo "the package")"
    phase "$title" consume_once "$folder/$variant-consumer-$component" "$prefix" $component
  done
}

# shellcheck disable=SC2329 # called by phase
consume_once() {
  rm -rf "$1" && cmake -G Ninja -S "$root/test/consumer" -B "$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$2" \
    -DCONSUMER_FINDS_MODULE_OF_ITK="$3" && cmake --build "$1" && ctest --test-dir "$1" --verbose --no-tests=error
}

build_rest() {
  cmake -DBUILD_TESTING=OFF "$1" && ninja -C "$1" -j "$jobs"
}

install_itk() {
  rm -rf "$2" && cmake --install "$1"
}

# inside VARIANT: ITK with the module.
inside() {
  local variant=$1 build=$folder/$1 shared=OFF
  [ "$variant" = static ] || shared=ON
  phase "$variant: configuring ITK with the module" configure_itk "$build" "$folder/$variant-installed" $shared \
    -DBUILD_TESTING=ON "-DModule_$module=ON"
  phase "$variant: building the module and its tests" ninja -C "$build" -j "$jobs" "$module-all"
  no_warnings "$logs/$variant-building-the-module-and-its-tests.log" "/$module/" || die "$variant: the module has warnings"
  phase "$variant: the module's tests" run_tests "$build/Modules/Remote/$module/test"
  ctest_said "$logs/$variant-the-module-s-tests.log"
  phase "$variant: building the examples" build_examples "$folder/$variant-examples" "$build"
  # Without the tests of ITK's own headers.
  phase "$variant: building the rest of this ITK" build_rest "$build"
  phase "$variant: installing ITK" install_itk "$build" "$folder/$variant-installed"
  consume "$variant" "$folder/$variant-installed"
}

# The same build folder, without the module.
remove_module_from_itk() {
  local build=$1 flags=() m
  shift
  for m in "${needed_modules[@]}"; do flags+=("-DModule_ITK$m=ON"); done
  configure_itk "$build" "$@" -DBUILD_TESTING=OFF "-DModule_$module=OFF" "${flags[@]}" && ninja -C "$build" -j "$jobs" &&
    find "$build" -name "*$module*" -prune -exec rm -rf {} +
}

# outside VARIANT: the module outside of an ITK that does not have it.
outside() {
  local variant=$1 build=$folder/$1 shared=OFF title="$1, outside of ITK"
  [ "$variant" = static ] || shared=ON
  phase "$title: building ITK without the module" remove_module_from_itk "$build" \
    "$folder/$variant-outside-installed" $shared
  phase "$title: installing ITK" install_itk "$build" "$folder/$variant-outside-installed"
  phase "$title: configuring the module" cmake -G Ninja -S "$folder/source/Modules/Remote/$module" -B "$folder/$variant-outside" \
    -DITK_DIR="$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 -DBUILD_TESTING=OFF -DITK_USE_KWSTYLE=OFF "${third_party[@]}"
  phase "$title: building the module" ninja -C "$folder/$variant-outside" -j "$jobs"
  no_warnings "$logs/$variant-outside-of-itk-building-the-module.log" "/$module/" || die "$title: the module has warnings"
  phase "$title: installing the module" cmake --install "$folder/$variant-outside" --prefix "$folder/$variant-outside-installed"
  consume "$variant-outside" "$folder/$variant-outside-installed"
}

wrapped() {
  local build=$folder/python
  phase "python: configuring ITK with the module" configure_itk "$build" "$folder/python-installed" OFF -DBUILD_TESTING=OFF "-DModule_$module=ON" \
    -DITK_WRAP_PYTHON=ON -DITK_WRAP_DOC=OFF -DITK_USE_SYSTEM_SWIG=ON -DITK_USE_SYSTEM_CASTXML=ON \
    -DPython3_EXECUTABLE="$(command -v python3)" -DITK_WRAP_IMAGE_DIMS="3" -DITK_WRAP_rgb_unsigned_char=OFF \
    -DITK_WRAP_rgba_unsigned_char=OFF -DITK_WRAP_complex_float=OFF -DITK_WRAP_unsigned_char=OFF \
    -DModule_ITKBridgeNumPy=ON -DModule_ITKMesh=ON # whose headers the wrapping of ITKCommon includes
  # Of ITK's Python modules, those that Python loads with this one (wrapping/CMakeLists.txt).
  phase "python: building the wrapping" ninja -C "$build" -j "$jobs" ITK{PyBase,PyUtils,Common,IOImageBase}Python ${module}Python
  phase "python: importing the module" env PYTHONPATH="$build/Wrapping/Generators/Python" python3 -c '
import itk
model = itk.AutoencoderModel.New()
model.ReadBundled()
print(model)
image = itk.Image[itk.F, 3].New(Regions=[16, 16, 4], Spacing=[1.0, 1.0, 5.0])
image.Allocate(True)
image.SetPixel([8, 8, 2], 100.0)
thin = itk.latent_space_super_resolution_image_filter(image, model=model, upsampling_factor=3)
print(thin.GetLargestPossibleRegion().GetSize())
assert list(thin.GetLargestPossibleRegion().GetSize()) == [16, 16, 10]'
}

check_itk_source_dir
phase "Copying or fetching the source of ITK $itk_version" copy_source
phase "Copying the module into it" copy_module
for variant in "$@"; do
  case $variant in
    shared | static)
      inside "$variant"
      outside "$variant"
      ;;
    python) wrapped ;;
    *) die "not shared, static or python: $variant" ;;
  esac
done
